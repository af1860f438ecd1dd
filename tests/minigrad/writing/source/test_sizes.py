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


@pytest.mark.parametrize("number", [2 * math.pi, 1 / math.sqrt(2 * math.pi), 0.9, 0.044715, 3])
def test_numbers_that_come_from_no_size_fix_none(number: float) -> None:
    take = gradients_of(scaled(number))
    J, _ = take(W=np.ones((4, 2)), x=np.zeros((2, 3)))
    assert J == 0


@pytest.mark.parametrize("number", [5, 14, 0.2, 5 * math.pi])
def test_numbers_that_may_come_from_a_size_fix_it(number: float) -> None:
    take = gradients_of(scaled(number))
    with pytest.raises(ValueError, match="derive again for other sizes"):
        take(W=np.ones((4, 2)), x=np.zeros((2, 3)))


@pytest.mark.parametrize("number", [2 / (5 + 7), math.log(5), math.sqrt(2), 1 / 3, 0.123456789])
def test_numbers_that_were_computed_fix_all_sizes_and_say_so(number: float) -> None:
    take = gradients_of(scaled(number))
    reason = rf"because of {number:.6g}, which may come from sizes: name it, got"
    with pytest.raises(ValueError, match=reason):
        take(W=np.ones((5, 2)), x=np.zeros((2, 5)))


def test_a_name_frees_a_number() -> None:
    take = gradients_of(scaled(mg.tensor(2 / (5 + 7), name="s")))
    W, x = np.ones((4, 2)), np.ones((2, 3))
    loss, found = take(W=W, x=x, s=2 / (4 + 2))
    assert loss == pytest.approx(12 * np.tanh(2) / 3)
    np.testing.assert_allclose(found["W"], (1 - np.tanh(2) ** 2) * W, rtol=1e-13)


def test_numbers_that_move_by_a_rule_fix_none() -> None:
    """0.9^t has many digits from some step on."""

    def decayed(T: int) -> mg.GradientFlow:
        w, J = mg.tensor(np.full(3, 0.5), requires_grad=True, name="w"), 0
        for t in range(1, T + 1):
            with mg.step(t):
                x = mg.tensor(np.full(3, float(t)), name="x")
                J = J + 0.9**t * (mg.sin(w * x).named("y") ** 2).sum()  # type: ignore[assignment]
        return mg.gradient_flow(J)  # type: ignore[arg-type]

    take = gradients_of(mg.derive(decayed(10)))
    x = np.ones((12, 4)) * np.arange(1.0, 13)[:, None]
    _, found = take(w=np.full(4, 0.5), x=x)
    expected = (0.9 ** np.arange(1, 13)[:, None] * x * np.sin(x)).sum(axis=0)
    np.testing.assert_allclose(found["w"], expected, rtol=1e-13)


def scaled(number: Any) -> Any:
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
