"""Lines that are given the number of a time step, as an index into what holds all steps."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad import NEXT_STEP, THIS_STEP, adjoint, value

T = 4


def flow() -> mg.GradientFlow:
    """h(t) = w h(t-1); H holds h(1) to h(T) as rows, A as columns two for each."""
    rng = np.random.default_rng(0)
    w = mg.tensor(rng.normal(size=(3, 2)), requires_grad=True, name="w")
    with mg.step(0):
        h = mg.tensor(rng.normal(size=(3, 2)), requires_grad=True, name="h")
    states = []
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(w * h).named("h")
        states.append(h)
    H = mg.stack(states).named("H")
    A = mg.concatenate(states, axis=1).named("A")
    return mg.gradient_flow(((H**3).sum() + (A**2).sum()).named("J"))


def derivation(through_H: Any, through_A: Any) -> mg.Derivation:
    by_hand = mg.Derivation("Rows and columns", layout="gradient")
    by_hand.line("1", adjoint("h", via="H"))(through_H)
    by_hand.line("2", adjoint("h", via="A"))(through_A)
    return by_hand


def rows(dH=adjoint("H"), t=THIS_STEP):
    return dH[t - 1]


def columns(dA=adjoint("A"), t=THIS_STEP):
    return dA[:, 2 * t - 2 : 2 * t]


def test_right_lines_are_right() -> None:
    assert derivation(rows, columns).check(flow()).ok


def test_next_step_counts_from_the_step_at_hand() -> None:
    def line(dH=adjoint("H"), t=NEXT_STEP):
        return dH[t - 2]

    assert derivation(line, columns).check(flow()).ok


def test_number_is_an_index_of_all_steps_too() -> None:
    by_hand = mg.Derivation("By number", layout="gradient")

    @by_hand.line("1", adjoint("h", via="H"))
    def _(h=value("h", mg.ALL_STEPS), t=THIS_STEP):
        return 3 * h[t] ** 2

    assert by_hand.check(flow()).ok


@pytest.mark.parametrize(("offset", "mended"), [(0, "t-1"), (-2, "t+1")])
def test_index_that_is_one_off_is_named(offset: int, mended: str) -> None:
    def line(dA=adjoint("A"), t=THIS_STEP):
        k = (t + offset) % T
        return dA[:, 2 * k : 2 * k + 2]

    report = derivation(rows, line).check(flow())
    right, wrong = report.lines
    assert right.ok
    assert wrong.diagnosis is not None
    assert wrong.diagnosis.kind == "wrong index"
    assert f"with {mended} for t." in wrong.diagnosis.message


def test_what_is_no_claim_is_refused() -> None:
    by_hand = mg.Derivation("Nothing", layout="gradient")
    with pytest.raises(TypeError, match=r"line 1: parameter t does not say .*THIS_STEP"):
        by_hand.line("1", adjoint("h"))(lambda t=0: t)
