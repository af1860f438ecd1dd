"""Models whose functions have no name, and are needed again by every derivative."""

from collections.abc import Callable

import minigrad as mg
from tests.minigrad.writing.passes import leaves


def unit_length() -> mg.GradientFlow:
    """A function of an input alone."""
    leaf = leaves()
    x = leaf("x", 4, 1)
    return mg.gradient_flow((x / mg.sqrt((x**2).sum()) * leaf("k", 4, 1)).sum().named("J"))


def gelu() -> mg.GradientFlow:
    leaf = leaves()
    z = leaf("W", 4, 3).T @ leaf("x", 4, 2)
    y = (z / 2 * (1 + mg.tanh(0.8 * (z + 0.04 * z**3)))).named("y")
    return mg.gradient_flow((y**2).sum().named("J"))


def taken_name() -> mg.GradientFlow:
    """A value has the name that a function would get."""
    leaf = leaves()
    x, y = leaf("x", 4), leaf("exp_z", 4)
    return mg.gradient_flow((mg.exp(x * y) * x).named("z").sum().named("J"))


def increments(T: int = 4) -> mg.GradientFlow:
    """h(t) = h(t-1) + tanh(...), of the step before."""
    leaf = leaves()
    W, U, h = leaf("W", 5, 3), leaf("U", 3, 3), leaf("h", 3, 2, t=0)
    for t in range(1, T + 1):
        with mg.step(t):
            h = (h + mg.tanh(W.T @ leaf("x", 5, 2, t=t) + U.T @ h)).named("h")
    return mg.gradient_flow((h**2).sum().named("J"))


def of_read_inputs(T: int = 4) -> mg.GradientFlow:
    """Functions of the row and of the columns that a step reads, and of nothing else with steps."""
    leaf = leaves()
    W, X, Y, J = leaf("W", 4, 3), leaf("X", T, 4, 2), leaf("Y", 3, 2 * T), 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            z = mg.tanh(W.T @ X[t - 1])
            h = (z * mg.exp(Y[:, 2 * t - 2 : 2 * t])).named("h")
        J = J + ((h + mg.tanh(W.T @ X[T - t])) ** 2).sum()  # type: ignore[assignment]
    return mg.gradient_flow(J.named("J"))  # type: ignore[attr-defined]


def nested_increments(T: int = 4) -> mg.GradientFlow:
    """Against time: a function of a function that is needed too, of a weight, of the last state."""
    leaf = leaves()
    W, U, k, h = leaf("W", 5, 3), leaf("U", 3, 3), leaf("k", 3, 1), leaf("h", 3, 2, t=T + 1)
    for t in range(T, 0, -1):
        with mg.step(t):
            m = mg.tanh(W.T @ leaf("x", 5, 2, t=t) + U.T @ h)
            h = (mg.sigmoid(k) * h + mg.exp(m - 2) * m).named("h")
    last = mg.tanh(h)
    return mg.gradient_flow((last**2 + mg.sin(last)).sum().named("J"))


def functions_of_all_states(T: int = 3) -> mg.GradientFlow:
    """Of each by itself, and of all together."""
    leaf = leaves()
    U, h = leaf("U", 3, 3), {0: leaf("h", 3, 1, t=0)}
    for t in range(1, T + 1):
        with mg.step(t):
            h[t] = (h[t - 1] + mg.tanh(U.T @ h[t - 1])).named("h")
    del h[0]
    z = mg.tanh(mg.concatenate(list(h.values())))
    m = mg.softmax(mg.concatenate([mg.tanh(x) for x in h.values()]), axis=0).named("m")
    return mg.gradient_flow(((z**2).sum() + (z**3).sum() + (m**2).sum()).named("J"))


def layer_in_rows(T: int = 4) -> mg.GradientFlow:
    """The input of the function has no name, and a value the name that its gradient would get."""
    leaf = leaves()
    W, U, b, h = leaf("W", 5, 3), leaf("U", 3, 3), leaf("b", 3), leaf("h", 2, 3, t=0)
    J = (leaf("delta_z", 3) ** 2).sum()
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(leaf("x", 2, 5, t=t) @ W + h @ U + b).named("h")
            z = mg.sigmoid(h * b).named("z")
            J = J + (z**2).sum()
    return mg.gradient_flow(J.named("J"))


UNNAMED: dict[str, Callable[[], mg.GradientFlow]] = {
    "unit length": unit_length,
    "gelu": gelu,
    "taken name": taken_name,
    "increments": increments,
    "functions of inputs that are read": of_read_inputs,
    "nested increments": nested_increments,
    "layer in rows": layer_in_rows,
    "functions of all states": functions_of_all_states,
}
