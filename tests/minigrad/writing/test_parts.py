"""What is too long to be written out gets names for its parts."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.notation.expression import inputs_of
from minigrad.writing.parts import LONGEST
from tests.derivatives import complex_step
from tests.minigrad.writing.test_passes import gradients_of

RNG = np.random.default_rng(0)
W, U, X = RNG.normal(size=(3, 4)), 0.3 * RNG.normal(size=(4, 4)), RNG.normal(size=(500, 3, 2))


def recurrent(T: int, W: Any, U: Any, name: Callable[[int], Any] = lambda t: X[t]) -> Any:
    """The loss of a recurrence of which no state has a name."""
    h, J = np.zeros((4, 2)), 0
    for t in range(T):
        h = np.tanh(W.T @ name(t) + U.T @ h)
        J = J + (h**2).sum()
    return J


def parameter(name: str, array: np.ndarray) -> mg.Tensor:
    return mg.tensor(array, requires_grad=True, name=name)


def unnamed_recurrence(T: int) -> mg.Tensor:
    given = [mg.tensor(x, name=f"x_{t}") for t, x in enumerate(X[:T])]
    return recurrent(T, parameter("W", W), parameter("U", U), lambda t: given[t])


def at_steps(T: int) -> mg.Tensor:
    def given(t: int) -> mg.Tensor:
        with mg.step(t + 1):
            return mg.tensor(X[t], name="x")

    return recurrent(T, parameter("W", W), parameter("U", U), given)


def chain(T: int) -> mg.Tensor:
    """Every value is used once."""
    w = parameter("w", np.array([0.5, 1.5]))
    y = w * w
    for _ in range(T):
        y = np.tanh(0.9 * y + w)
    return y.sum()


def doubled(T: int) -> mg.Tensor:
    """Every value is used twice: written out there would be 2^T of them."""
    y = parameter("w", np.array([0.5, 1.5]))
    for _ in range(T):
        y = y * np.sin(y)
    return y.sum()


def of_many_terms(T: int) -> mg.Tensor:
    w = parameter("w", np.array([0.5, 1.5]))
    given = [mg.tensor(x[0], name=f"x_{t}") for t, x in enumerate(X[:T])]
    return sum((np.sin(w * x).sum() for x in given[1:]), (w * given[0]).sum())


DEEP = [unnamed_recurrence, at_steps, chain, doubled, of_many_terms]


@pytest.mark.parametrize("program", DEEP)
def test_formulas_get_more_and_not_longer(program: Callable[[int], mg.Tensor]) -> None:
    small, large = (mg.derive(mg.gradient_flow(program(T))) for T in (10, 20))
    assert depth(large) <= depth(small) <= LONGEST
    assert len(large.text()) < 2.5 * len(small.text())
    assert len(large.numpy_source()) < 2.5 * len(small.numpy_source())


def depth(derivation: Any) -> int:
    """How deep the deepest expression is."""
    parts = [part for line in derivation.lines if (part := line.part) is not None]
    level = [e.expression for e in (*derivation.model.equations, *parts)]
    n = 0
    while level := [x for e in level for x in inputs_of(e)]:
        n += 1
    return n


@pytest.mark.parametrize("program", [at_steps, chain, doubled])
def test_lines_hold(program: Callable[[int], mg.Tensor]) -> None:
    flow = mg.gradient_flow(program(12))
    report = mg.derive(flow).check(flow, chained=True)
    assert report.ok, str(report)


def test_source_computes_the_gradient() -> None:
    T, (dW, dU) = 12, (RNG.normal(size=x.shape) for x in (W, U))
    take = gradients_of(mg.derive(mg.gradient_flow(unnamed_recurrence(T))))
    loss, found = take(W=W, U=U, **{f"x_{t}": x for t, x in enumerate(X[:T])})
    assert loss == pytest.approx(recurrent(T, W, U), rel=1e-13)
    slope = complex_step(lambda xs: recurrent(T, *xs), (W, U), (dW, dU))
    assert np.vdot(found["W"], dW) + np.vdot(found["U"], dU) == pytest.approx(slope, rel=1e-12)


def test_states_without_names_are_those_of_their_steps() -> None:
    flow = mg.gradient_flow(at_steps(8))
    lines = [str(line) for line in mg.derive(flow, layout="gradient").lines]
    assert "3.2  ∂J/∂v⁽ᵗ⁻¹⁾|v⁽ᵗ⁾ = U (∂J/∂v⁽ᵗ⁾ ∘ (1 - (v⁽ᵗ⁾)²))    (t > 1)" in lines
    assert "3.1  ∂J/∂W = Σ(t=1..T) ∂J/∂W|t" in lines


def test_what_is_short_is_written_out() -> None:
    flow = mg.gradient_flow(doubled(3))
    assert mg.derive(flow).flow is flow


def test_names_that_are_taken_stay_with_their_values() -> None:
    u = parameter("u", np.array([0.5, 1.5]))
    y = u
    for _ in range(20):
        y = y * np.sin(y)
    derivation = mg.derive(mg.gradient_flow(y.sum()))
    names = [name for name, _ in derivation.flow.values]
    assert len(names) == len(set(names))
    assert derivation.flow.value("u").requires_grad
    assert derivation.flow.value("u")._operation is None
