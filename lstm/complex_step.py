"""Any derivative of section 3 by the complex step, exact to rounding: the independent truth.

J(v + ih e) = J(v) + ih dJ/dv e - O(h^2), and with h = 1e-20 the rest is below rounding: the
derivative is Im J / h, without a difference that could cancel (Squire and Trapp, 1998).
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Values = dict[str, Array]

H = 1e-20

# Equations 1 to 12 once more, as a table, so that a value can be disturbed between two of them.
EQUATIONS: tuple[tuple[str, Callable[[Values], Array]], ...] = (
    ("z_f", lambda v: v["W_fa"].mT @ v["a"] + v["W_fx"].mT @ v["x"] + v["b_f"]),
    ("Gamma_f", lambda v: 1 / (1 + np.exp(-v["z_f"]))),
    ("z_u", lambda v: v["W_ua"].mT @ v["a"] + v["W_ux"].mT @ v["x"] + v["b_u"]),
    ("Gamma_u", lambda v: 1 / (1 + np.exp(-v["z_u"]))),
    ("z_o", lambda v: v["W_oa"].mT @ v["a"] + v["W_ox"].mT @ v["x"] + v["b_o"]),
    ("Gamma_o", lambda v: 1 / (1 + np.exp(-v["z_o"]))),
    ("z_c", lambda v: v["W_ca"].mT @ v["a"] + v["W_cx"].mT @ v["x"] + v["b_c"]),
    ("c_tilde", lambda v: np.tanh(v["z_c"])),
    ("c", lambda v: v["Gamma_u"] * v["c_tilde"] + v["Gamma_f"] * v["c"]),
    ("a", lambda v: np.tanh(v["c"]) * v["Gamma_o"]),
    ("z_y", lambda v: v["W_ya"].mT @ v["a"] + v["b_y"]),
    ("y_hat", lambda v: np.exp(v["z_y"]) / np.exp(v["z_y"]).sum(axis=-2, keepdims=True)),
)


def derivative(
    params: Mapping[str, Array], x: Array, y: Array, name: str, t: int, a0: Array, c0: Array
) -> Array:
    """Differentiate J with respect to one value at one step, in every entry.

    Parameters
    ----------
    params, x, y, a0, c0
        As `lstm.forward` has them.
    name
        A value of `EQUATIONS`, "x", or a parameter, of which step `t` alone gets another copy: this
        gives its share. "a(t-1)" and "c(t-1)" are the states as step `t` uses them, and not as the
        step before does.
    t
        The step, from 1 on.

    Returns
    -------
    ndarray
        In the shape of the value.

    Examples
    --------
    >>> import numpy as np
    >>> import lstm
    >>> from lstm.complex_step import derivative
    >>> x, y, zero = np.ones((4, 3, 6)), np.full((4, 2, 6), 0.5), np.zeros((5, 6))
    >>> derivative(lstm.init_params(3, 5, 2), x, y, "Gamma_f", 2, zero, zero).shape
    (5, 6)
    """
    J: Any = 0
    shape: tuple[int, ...] = ()
    state = {"a": a0, "c": c0}

    def disturbed(value: Array) -> Any:
        """Copies of a value along a new first axis, each with a step in one entry."""
        nonlocal shape
        shape = value.shape
        return value + 1j * H * np.eye(value.size).reshape(-1, *shape)

    for step, (x_t, y_t) in enumerate(zip(x, y, strict=True), start=1):
        values = {**params, "x": x_t, **state}
        given = name.removesuffix("(t-1)")
        if step == t and (given != name or given in params or given == "x"):
            values[given] = disturbed(values[given])
        for result, equation in EQUATIONS:
            values[result] = equation(values)
            if step == t and result == name:
                values[result] = disturbed(values[result])
        J = J - (y_t * np.log(values["y_hat"])).sum(axis=(-2, -1))
        state = {"a": values["a"], "c": values["c"]}
    gradient: Array = J.imag.reshape(shape) / H
    return gradient
