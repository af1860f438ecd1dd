"""Faults that are planted in right programs are found at their statements."""

import collections

import pytest

from tests.minigrad.program.mutants import mutants


@pytest.mark.parametrize(("name", "least"), [("layers", 1.0), ("lstm_course", 0.85)])
def test_most_faults_are_found_at_exactly_their_statement(name, least):
    counts = collections.Counter(mutant.outcome() for mutant in mutants(name))
    found = counts["exact"] / (counts["exact"] + counts["among"] + counts["missed"])
    assert found >= least, counts
