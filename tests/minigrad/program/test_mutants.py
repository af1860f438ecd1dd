"""Faults that are planted in right programs are found at their statements."""

import collections

import pytest

from tests.minigrad.program.mutants import mutants


@pytest.mark.parametrize("name", ["layers", "mlp"])
def test_all_faults_are_found_at_exactly_their_statement(name):
    counts = collections.Counter(mutant.outcome() for mutant in mutants(name))
    assert counts["exact"] >= 3
    assert not counts["among"] + counts["missed"], counts
