"""Models that take slices, so that adjoints come in pieces."""

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg
from tests.minigrad.writing.passes import leaves


def lstm_in_columns(T: int = 5, B: int = 3, n: int = 4) -> mg.GradientFlow:
    """All gates from one product, one below the other."""
    leaf = leaves()
    W_x, W_h, b, V = (
        leaf("W_x", 4 * n, 7),
        leaf("W_h", 4 * n, n),
        leaf("b", 4 * n, 1),
        leaf("V", 7, n),
    )
    h, c, J = leaf("h", n, B, t=0), leaf("c", n, B, t=0), 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            g = (W_x @ leaf("x", 7, B, t=t) + W_h @ h + b).named("g")
            i, f = mg.sigmoid(g[0:n]).named("i"), mg.sigmoid(g[n : 2 * n]).named("f")
            k, o = mg.tanh(g[2 * n : 3 * n]).named("k"), mg.sigmoid(g[3 * n : 4 * n]).named("o")
            c = (f * c + i * k).named("c")
            h = (o * mg.tanh(c)).named("h")
            J = J + (((V @ h).named("q") - leaf("y", 7, B, t=t)) ** 2).sum()  # type: ignore[assignment]
    return mg.gradient_flow(J.named("J"))  # type: ignore[attr-defined]


def gru_in_rows(T: int = 5, B: int = 3, n: int = 4) -> mg.GradientFlow:
    """All gates from two products, side by side, and to the end of them."""
    leaf = leaves()
    W_x, W_h, b_x, b_h = (
        leaf("W_x", 7, 3 * n),
        leaf("W_h", n, 3 * n),
        leaf("b_x", 3 * n),
        leaf("b_h", 3 * n),
    )
    h, J = leaf("h", B, n, t=0), 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            g, u = (leaf("x", B, 7, t=t) @ W_x + b_x).named("g"), (h @ W_h + b_h).named("u")
            r = mg.sigmoid(g[:, :n] + u[:, :n]).named("r")
            z = mg.sigmoid(g[:, n : 2 * n] + u[:, n : 2 * n]).named("z")
            m = mg.tanh(g[:, 2 * n :] + r * u[:, 2 * n :]).named("m")
            h = ((1 - z) * m + z * h).named("h")
            J = J + ((h - leaf("y", B, n, t=t)) ** 2).sum()  # type: ignore[assignment]
    return mg.gradient_flow(J.named("J"))  # type: ignore[attr-defined]


def overlapping() -> mg.GradientFlow:
    """Pieces that share elements, with minus signs, of which some are numbers."""
    leaf = leaves()
    x = leaf("x", 6, 3)
    d = (x[1:] - x[:-1]).named("d")
    return mg.gradient_flow(((d**2).sum() - (d * x[2:3]).sum() - 3 * x[0][1]).named("J"))


def of_a_leaf(T: int = 4) -> mg.GradientFlow:
    """A matrix with two weights in it, one of which is transposed, and used once more outside."""
    leaf = leaves()
    W, h, J = leaf("W", 5, 7), leaf("h", 5, 2, t=0), 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(W[:, :5] @ h + W.T[5:].T @ leaf("x", 2, 2, t=t)).named("h")
            J = J + (h**2).sum()  # type: ignore[assignment]
    return mg.gradient_flow((J + (W[1:3] ** 2).sum() + (W[..., -1] ** 3).sum()).named("J"))  # type: ignore[operator]


def picked() -> mg.GradientFlow:
    """By whole numbers, some of them twice, by masks, and by both with slices."""
    leaf = leaves()
    E, x = leaf("E", 6, 3), leaf("x", 4, 3)
    rows = E[np.array([0, 2, 2, 5])].named("rows")
    columns = E[:, np.array([1, 1])].named("columns")
    both = E[np.array([0, 3]), np.array([1, 2])].named("both")
    some = (x[np.array([True, False, True, False])] * E[1]).named("some")
    m = x[3, np.array([True, False, True])].named("m")
    J = (rows**2).sum() + (columns**3).sum() - both.sum() + (some**2).sum() - (m**3).sum()
    return mg.gradient_flow(J.named("J"))


def nested() -> mg.GradientFlow:
    """Slices of slices, of what was picked, with new axes, and inside of products."""
    leaf = leaves()
    x, k = leaf("x", 6, 4), leaf("k", 6, 1)
    a, b = x[1:5][::2, None].named("a"), x[np.array([4, 1, 1])][1:].named("b")
    c, d = (k * x)[2:4].named("c"), x[3][2].named("d")
    return mg.gradient_flow(((a**2).sum() + (b**3).sum() + (c**2).sum() * d).named("J"))


def of_states(T: int = 5) -> mg.GradientFlow:
    """Halves of a state, a step and two steps later, with another loop that reads it after."""
    leaf = leaves()
    U, V = leaf("U", 4, 2), leaf("V", 4, 3)
    h = {t: leaf("h", 4, 3, t=t) for t in (0, 1)}
    for t in range(2, T + 1):
        with mg.step(t):
            h[t] = mg.tanh(U @ h[t - 1][:2] + V @ h[t - 2][1:]).named("h")
    s: Any = leaf("s", 2, 3, t=T + 1)
    for t in range(T, 1, -1):
        with mg.step(t):
            s = (mg.sin(s) * h[t][2:]).named("s")
    return mg.gradient_flow(((s**2).sum() + h[T][0].sum()).named("J"))


def of_states_alone(T: int = 4) -> mg.GradientFlow:
    """A state that acts by pieces of it alone: most of it to the next step, and the last on J."""
    leaf = leaves()
    w, h = leaf("w", 3, 1), leaf("h", 4, 2, t=0)
    for t in range(1, T + 1):
        with mg.step(t):
            r = (w * h[1:]).named("r")
            h = mg.concatenate([mg.sin(h[2:]), r[:2]]).named("h")
    return mg.gradient_flow((h[0] * h[3]).sum().named("J"))


def of_inputs(T: int = 4) -> mg.GradientFlow:
    """Pieces of an input at each step, with the same or others of the step before."""
    leaf = leaves()
    x = {t: leaf("x", 5, 2, t=t) for t in range(1, T + 1)}
    y = {t: leaf("y", 5, 2, t=t) for t in range(1, T + 1)}
    J: Any = 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            z = x[t][:3] * x[t][1:4] - (x[t - 1][2:] if t > 1 else 0) + y[t][:3]
            J = J + (z.named("z") ** 2).sum()
    return mg.gradient_flow(J.named("J"))


def growing(T: int = 3) -> mg.GradientFlow:
    """A value of another shape at each step, of which each step takes the end."""
    leaf = leaves()
    K, J = leaf("K", 2, 3, t=0), 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            K = mg.concatenate([K[:1], mg.sin(K), leaf("x", 1, 3, t=t)]).named("K")
            J = J + (K[-2:] ** 2).sum()  # type: ignore[assignment]
    return mg.gradient_flow(J.named("J"))  # type: ignore[attr-defined]


SLICED: dict[str, Callable[[], mg.GradientFlow]] = {
    "lstm in columns": lstm_in_columns,
    "gru in rows": gru_in_rows,
    "overlapping slices": overlapping,
    "slices of a leaf": of_a_leaf,
    "picked": picked,
    "nested slices": nested,
    "slices of states": of_states,
    "slices of states alone": of_states_alone,
    "slices of inputs": of_inputs,
    "growing": growing,
}
