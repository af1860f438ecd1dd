"""What a source holds for: sizes that numbers may come from, and steps that it can tell apart."""

import math
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.derivatives import gradient
from tests.minigrad.writing.programs import filtered
from tests.minigrad.writing.test_passes import gradients_of

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("number", [2 * math.pi, math.log(2), math.sqrt(2), 1 / 3, 3 / 11])
def test_numbers_of_many_digits_that_come_from_no_size_fix_none(number: float) -> None:
    take = gradients_of(scaled(number))
    J, _ = take(W=np.ones((4, 2)), x=np.zeros((2, 3)))
    assert J == 0


@pytest.mark.parametrize("number", [math.log(5), math.sqrt(7), 5 / 7, 7 / 9, 0.123456789])
def test_numbers_that_may_come_from_a_size_fix_it(number: float) -> None:
    take = gradients_of(scaled(number))
    with pytest.raises(ValueError, match="derive again for other sizes"):
        take(W=np.ones((4, 2)), x=np.zeros((2, 3)))


def scaled(number: float) -> Any:
    W, x = (
        mg.tensor(RNG.normal(size=shape), requires_grad=True, name=name)
        for name, shape in (("W", (5, 7)), ("x", (7, 5)))
    )
    return mg.derive(mg.gradient_flow((number * mg.tanh(W @ x)).sum().named("J")))


def trained_late(T: int) -> mg.GradientFlow:
    """No gradient goes to the first state, which the one parameter takes no part in."""
    U = mg.tensor(RNG.normal(size=(3, 3)), requires_grad=True, name="U")
    h, J = None, 0
    for t in range(1, T + 1):
        with mg.step(t):
            x = mg.tensor(RNG.normal(size=(3, 2)), name="x")
            h = mg.tanh(x if h is None else x + U @ h).named("h")
        J = J + (h * h).sum()
    return mg.gradient_flow(J.named("J"))


def other_at_both_ends(T: int) -> mg.GradientFlow:
    """A loss from the second step on, and another of the last state."""
    U = mg.tensor(RNG.normal(size=(3, 3)), requires_grad=True, name="U")
    with mg.step(0):
        h = mg.tensor(RNG.normal(size=(3, 2)), requires_grad=True, name="h")
    J: Any = 0
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(mg.tensor(RNG.normal(size=(3, 2)), name="x") + U @ h).named("h")
        J = J + (h**2).sum() if t > 1 else J
    return mg.gradient_flow((J + h.sum()).named("J"))


ARGUMENTS = {
    trained_late: lambda T: {"U": (3, 3), "x": (T, 3, 2)},
    other_at_both_ends: lambda T: {"U": (3, 3), "x": (T, 3, 2), "h0": (3, 2)},
    filtered: lambda T: {"phi": (), "mu": (), "y": (T,), "m0": ()},
}


@pytest.mark.parametrize("derived_at", [3, 4, 5, 6])
@pytest.mark.parametrize("flow_of", ARGUMENTS)
def test_another_number_of_steps_is_right_or_refused(flow_of: Any, derived_at: int) -> None:
    take = gradients_of(mg.derive(flow_of(derived_at)))
    taken = 0
    for T in range(1, 8):
        given = {name: RNG.normal(size=shape) for name, shape in ARGUMENTS[flow_of](T).items()}
        try:
            _, found = take(**given)
        except ValueError as error:
            assert derived_at != T
            assert "derive again" in str(error)
            continue
        taken += 1
        wanted = {name: given[name] for name in found}

        def J(xs: Any, wanted: Any = wanted, given: Any = given) -> Any:
            return take(**{**given, **dict(zip(wanted, xs, strict=True))})[0]

        expected = gradient(J, [*wanted.values()])
        for g, e in zip(found.values(), expected, strict=True):
            np.testing.assert_allclose(g, e, rtol=1e-10, atol=1e-12)
    assert taken >= (5 if derived_at >= 5 else 1)
