"""A true gradient of zero: of a bias before batch normalisation, which takes every shift away."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Derivation, adjoint, compare


def flow(named, dtype=float):
    """With z named, or dJ/db written in dJ/dn alone."""
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(4, 7)), name="x", dtype=dtype)
    W = mg.tensor(rng.normal(size=(4, 5)), requires_grad=True, name="W", dtype=dtype)
    b = mg.tensor(rng.normal(size=(5, 1)), requires_grad=True, name="b", dtype=dtype)
    y = mg.tensor(rng.normal(size=(5, 7)), name="y", dtype=dtype)
    z = W.T @ x + b
    if named:
        z.named("z")
    d = z - z.mean(axis=1, keepdims=True)
    n = (d / mg.sqrt((d * d).mean(axis=1, keepdims=True))).named("n")
    return mg.gradient_flow(((mg.tanh(n) - y) ** 2).sum())


def report(flow, line):
    derivation = Derivation("", layout="gradient")
    derivation.line("b", adjoint("b"))(line)
    return derivation.check(flow)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("named", [True, False])
def test_zero_is_right_and_what_can_not_be_told_is_said(named, dtype):
    data = flow(named, dtype)
    lines = {
        True: lambda dn=adjoint("n"): np.zeros((5, 1), dn.dtype),
        False: lambda dn=adjoint("n"): np.ones((5, 1), dn.dtype),
    }
    for right, line in lines.items():
        [found] = report(data, line).lines
        assert found.ok == right
        assert right or found.diagnosis.kind == "not zero"
    assert "dJ/db is zero up to rounding: these data cannot tell" in str(report(data, lines[True]))


def test_a_multiple_of_a_sum_that_is_zero_is_not_called_right_without_a_word():
    data = flow(named=True)

    def multiple(dz=adjoint("z")):
        return -7 * dz.sum(axis=1, keepdims=True)

    found = report(data, multiple)
    assert found.ok
    assert found.lines[0].error < found.lines[0].tolerance < 1e-12
    assert "these data cannot tell" in str(found)
    assert "these data cannot tell" in found._repr_html_()

    def one_column(dz=adjoint("z")):
        return dz[:, :1]

    assert not report(data, one_column).ok


def test_a_chain_takes_zero_for_zero():
    derivation = Derivation("", layout="gradient")
    derivation.line("b", adjoint("b"))(lambda dz=adjoint("z"): np.zeros((5, 1)))
    assert derivation.check(flow(named=True), chained=True).lines[0].is_zero


def test_arrays_are_compared_with_zero_by_its_terms():
    data = flow(named=False)
    residue = data.adjoint("b").data
    for array in (np.zeros((5, 1)), residue, -7 * residue):
        assert compare(data, {"b": array}).ok
    assert not compare(data, {"b": np.full((5, 1), 1e-9)}).ok
