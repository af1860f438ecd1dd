"""Kinds of error in what is computed: each on a line whose right form the complex step confirms."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import Derivation, adjoint, value

RNG = np.random.default_rng(3)
C, S, K = RNG.normal(size=(3, 3, 4))


def flow() -> mg.GradientFlow:
    c = mg.tensor(C, requires_grad=True, name="c")
    s = mg.tensor(S, requires_grad=True, name="s")
    a = np.tanh(c).named("a")
    g = mg.sigmoid(s).named("g")
    h = (a * g).named("h")
    p = mg.softmax(h, axis=1).named("p")
    return mg.gradient_flow((p * mg.tensor(K, name="k")).sum().named("J"))


def one_line(claim: str, function: Any) -> mg.Report:
    derivation = Derivation("One line", layout="gradient")
    derivation.line("1", adjoint(claim))(function)
    return derivation.check(flow())


def dc_right(dJ_da: Any = adjoint("a"), a: Any = value("a")) -> Any:
    return dJ_da * (1 - a**2)


def dc_twice(dJ_da: Any = adjoint("a"), a: Any = value("a")) -> Any:
    return dJ_da * (1 - np.tanh(a) ** 2)


def dc_no_square(dJ_da: Any = adjoint("a"), c: Any = value("c")) -> Any:
    return dJ_da * (1 / np.cosh(c))


def dc_function(dJ_da: Any = adjoint("a"), c: Any = value("c")) -> Any:
    return dJ_da * np.tanh(c)


def dc_extra(dJ_da: Any = adjoint("a"), a: Any = value("a")) -> Any:
    return dJ_da * ((1 - a**2) * a)


def ds_complement(dJ_dg: Any = adjoint("g"), g: Any = value("g")) -> Any:
    return dJ_dg * g * g


def dh_axis(dJ_dp: Any = adjoint("p"), p: Any = value("p")) -> Any:
    return p * (dJ_dp - (dJ_dp * p).sum(axis=0, keepdims=True))


def dh_diagonal(dJ_dp: Any = adjoint("p"), p: Any = value("p")) -> Any:
    return dJ_dp * p * (1 - p)


def da_zero(dJ_dh: Any = adjoint("h"), g: Any = value("g")) -> Any:
    return np.zeros_like(dJ_dh) * g


def test_the_right_line_is_right_by_the_complex_step() -> None:
    def J(c: Any) -> Any:
        h = np.tanh(c) / (1 + np.exp(-S))
        e = np.exp(h)
        return (e / e.sum(axis=1, keepdims=True) * K).sum()

    truth = np.zeros(C.shape)
    for i in np.ndindex(C.shape):
        step = np.zeros(C.shape, complex)
        step[i] = 1e-30j
        truth[i] = np.imag(J(C + step)) / 1e-30
    np.testing.assert_allclose(flow().adjoint("c").data, truth, rtol=1e-12)
    assert one_line("c", dc_right).ok


@pytest.mark.parametrize(
    ("claim", "line", "kind", "words"),
    [
        ("c", dc_twice, "extra function", "tanh is applied once too often"),
        ("c", dc_no_square, "missing factor", "is squared"),
        ("c", dc_function, "missing derivative", "the derivative of tanh at c"),
        ("c", dc_extra, "extra factor", "without the factor a"),
        ("s", ds_complement, "complement", "with 1 - g for g"),
        ("h", dh_axis, "wrong axis", "goes along axis 1"),
        ("h", dh_diagonal, "diagonal only", "all of the Jacobian"),
        ("a", da_zero, "all zero", "zero everywhere"),
    ],
)
def test_kinds(claim: str, line: Any, kind: str, words: str) -> None:
    [wrong] = one_line(claim, line).wrong
    assert wrong.diagnosis is not None
    assert wrong.diagnosis.kind == kind, wrong.diagnosis
    assert words in wrong.diagnosis.message
    assert len(wrong.diagnosis.others) <= 2
