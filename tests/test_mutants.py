"""A sample of the mutants whose full count is in docs/checking.md, and of right derivations."""

import inspect

import numpy as np
import pytest

from tests.mutants import derivations, judged

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
    sizes = [name for name in inspect.signature(flow).parameters if name not in ("seed", "dtype")]
    rng = np.random.default_rng(0)
    for seed in range(4):
        drawn = {name: int(rng.integers(1, 7)) for name in sizes}
        data = flow(**drawn, seed=seed, dtype=(np.float64, np.float32)[seed % 2])
        for chained in (False, True):
            report = derivation.check(data, chained)
            assert report.ok, report
