"""A sample of the mutants whose full count is in docs/checking.md, and of right derivations."""

import pytest

from tests.mutants import derivations, judged, random_flow

DERIVATIONS = [pytest.param(d, flow, id=d.title) for d, flow in derivations()]


@pytest.mark.parametrize(("derivation", "flow"), DERIVATIONS)
def test_mutants_are_found_at_their_line_and_named(derivation, flow):
    sample = list(judged(derivation, flow(), every=61))
    assert len(sample) > 1
    assert all(wrong == [mutant.index] for mutant, wrong, _ in sample)
    named = [mutant.kind == diagnosis.kind for mutant, _, diagnosis in sample]
    assert sum(named) >= 0.98 * len(named)


@pytest.mark.parametrize(("derivation", "flow"), DERIVATIONS)
def test_right_derivations_raise_no_alarm(derivation, flow):
    for seed in range(4):
        data = random_flow(flow, seed)
        for chained in (False, True):
            report = derivation.check(data, chained)
            assert report.ok, report
