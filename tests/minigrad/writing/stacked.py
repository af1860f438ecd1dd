"""Models in which arrays hold the values of all steps, made of them or read step by step."""

from typing import Any

import numpy as np

import minigrad as mg
from tests.minigrad.writing.passes import leaves, loss, recurrence, sequence


def states(T: int, **options: Any) -> tuple[Any, list[Any]]:
    leaf = leaves()
    h = recurrence(leaf, sequence(leaf, "x", 4, range(1, T + 1)), 3, **options)
    return leaf, [h[t] for t in range(1, T + 1)]


def stacked(T: int = 4, axis: int = 0) -> mg.GradientFlow:
    """One product with the states of all steps."""
    leaf, h = states(T)
    H = mg.stack(h, axis=axis).named("H")
    Z = (leaf("V", 2, 3) @ H).named("Z") if axis == 0 else mg.tanh(H).named("Z")
    return mg.gradient_flow(((Z - leaf("Y", *Z.shape)) ** 2).sum().named("J"))


def unnamed(T: int = 4) -> mg.GradientFlow:
    """A stack without a name."""
    leaf, h = states(T)
    return mg.gradient_flow(((mg.stack(h) - leaf("Y", T, 3, 3)) ** 2).sum().named("J"))


def side_by_side(T: int = 4) -> mg.GradientFlow:
    """The states of all steps as the columns of one matrix."""
    leaf, h = states(T)
    H = mg.concatenate(h, axis=1).named("H")
    Z = (leaf("V", 3, 2).T @ H).named("Z")
    return mg.gradient_flow(((Z - leaf("Y", *Z.shape)) ** 2).sum().named("J"))


def with_initial_state(T: int = 4) -> mg.GradientFlow:
    """The state that is given is in the stack too, and the stack is used once more."""
    leaf = leaves()
    h = recurrence(leaf, sequence(leaf, "x", 4, range(1, T + 1)), 3)
    H = mg.stack([h[t] for t in range(T + 1)]).named("H")
    s = (leaf("q", 3, 1).T @ H).named("s")
    alpha = mg.softmax(s, axis=0).named("alpha")
    c = (alpha * H).sum(axis=0).named("c")
    return mg.gradient_flow(((c - h[T]) ** 2).sum().named("J"))


def walked(T: int = 4, requires_grad: bool = True) -> mg.GradientFlow:
    """Inputs and targets are arrays with a row at each step."""
    leaf = leaves()
    X, Y = leaf("X", T, 4, 3, requires_grad=requires_grad), leaf("Y", T, 3, 3)
    W, U = leaf("W", 4, 3), leaf("U", 3, 3)
    h, J = leaf("h", 3, 3, t=0), 0
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(W.T @ X[t - 1] + U.T @ h).named("h")
            J = J + ((h - Y[t - 1]) ** 2).sum()
    return mg.gradient_flow(J.named("J"))


def column_by_column(T: int = 4) -> mg.GradientFlow:
    """Each step reads a column of a matrix, and the first step, before which there is no state."""
    leaf = leaves()
    X, W, U = leaf("X", 4, T), leaf("W", 4, 3), leaf("U", 3, 3)
    J: Any = 0
    h: Any = None
    for t in range(T):
        with mg.step(t):
            z = W.T @ X[:, t]
            h = mg.tanh(z if h is None else z + U.T @ h).named("h")
            J = J + (h**2).sum()
    return mg.gradient_flow(J.named("J"))


def columns(T: int = 4) -> mg.GradientFlow:
    """A step reads two columns of a matrix."""
    leaf = leaves()
    X, W, U = leaf("X", 4, 2 * T), leaf("W", 4, 3), leaf("U", 3, 3)
    h, J = leaf("h", 3, 2, t=0), 0
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(W.T @ X[:, 2 * t - 2 : 2 * t] + U.T @ h).named("h")
            J = J + (h**2).sum()
    return mg.gradient_flow(J.named("J"))


def embedded(T: int = 4) -> mg.GradientFlow:
    """The inputs are looked up in a table, by the words of each step."""
    leaf = leaves()
    E, x = leaf("E", 4, 7), {}
    for t in range(1, T + 1):
        with mg.step(t):
            words = mg.tensor(np.array([t % 7, 2, 2]), name="words")
            x[t] = E[:, words].named("x")
    h = recurrence(leaf, x, 3)
    return mg.gradient_flow(loss(leaf, {t: h[t] for t in x}).named("J"))


def weighted(T: int = 4) -> mg.GradientFlow:
    """A weighted sum of the states, with a weight for each."""
    leaf, h = states(T)
    alpha = mg.softmax(leaf("v", T, 1)).named("alpha")
    c = sum((alpha[t] * h[t] for t in range(1, T)), alpha[0] * h[0]).named("c")
    return mg.gradient_flow((c**2).sum().named("J"))


def average(T: int = 4) -> mg.GradientFlow:
    """A value without a step that all steps read, and a sum over the steps in a derivative."""
    leaf, h = states(T)
    v = leaf("v", 3, 1)
    c = sum((v * x for x in h[1:]), v * h[0]).named("c")
    return mg.gradient_flow((c**2).sum().named("J"))


def two_layers(T: int = 4) -> mg.GradientFlow:
    """A second pass reads the stack of the first."""
    leaf, h = states(T)
    H = (leaf("V", 3, 3) @ mg.stack(h).named("H")).named("G")
    k = recurrence(leaf, {t: H[t - 1] for t in range(1, T + 1)}, 2, name="h2")
    return mg.gradient_flow(sum((k[t] ** 2).sum() for t in range(1, T + 1)).named("J"))


STACKED = {
    "stacked": stacked,
    "stacked along axis 1": lambda T=4: stacked(T, axis=1),
    "unnamed stack": unnamed,
    "side by side": side_by_side,
    "with initial state": with_initial_state,
    "walked": walked,
    "walked constants": lambda T=4: walked(T, requires_grad=False),
    "column by column": column_by_column,
    "columns": columns,
    "embedded": embedded,
    "weighted": weighted,
    "average": average,
    "two layers": two_layers,
}
