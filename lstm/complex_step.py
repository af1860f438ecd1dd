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


def derivatives(
    params: Mapping[str, Array], x: Array, y: Array, a0: Array, c0: Array
) -> Callable[[str, int], Array]:
    """Run the model, so that J can be differentiated by one value after the other.

    What the steps after one give to J is linear in the states that this one leaves, but for O(h^2):
    one step is run again for each value, and its states are taken times these slopes, which the
    complex step through the next step has given.

    Parameters
    ----------
    params, x, y, a0, c0
        As `lstm.forward` has them.

    Returns
    -------
    callable
        Gives the derivative by the value of a name at a step `t`, from 1 on, in the shape of the
        value. The name is one of `EQUATIONS`, "x", or a parameter, of which step `t` alone gets
        another copy: this gives its share. "a(t-1)" and "c(t-1)" are the states as step `t` uses
        them, and not as the step before does.

    Examples
    --------
    >>> import numpy as np
    >>> import lstm
    >>> from lstm.complex_step import derivatives
    >>> x, y, zero = np.ones((4, 3, 6)), np.full((4, 2, 6), 0.5), np.zeros((5, 6))
    >>> derivative = derivatives(lstm.init_params(3, 5, 2), x, y, zero, zero)
    >>> derivative("Gamma_f", 2).shape
    (5, 6)
    """
    states: list[Values] = [{"a": a0, "c": c0}]  # after each step
    for x_t in x:
        values = {**params, "x": x_t, **states[-1]}
        for result, equation in EQUATIONS:
            values[result] = equation(values)
        states.append({"a": values["a"], "c": values["c"]})
    slopes: dict[int, Values] = {len(x): {"a": np.zeros_like(a0), "c": np.zeros_like(c0)}}

    def derivative(name: str, t: int) -> Array:
        given = name.removesuffix("(t-1)")
        values: Values = {**params, "x": x[t - 1], **states[t - 1]}
        is_computed = given == name and name not in params and name != "x"
        shape: tuple[int, ...] = ()
        if not is_computed:
            shape = values[given].shape
            values[given] = _disturbed(values[given])
        for result, equation in EQUATIONS:
            values[result] = equation(values)
            if is_computed and result == name:
                shape = values[name].shape
                values[name] = _disturbed(values[name])
        J = -(y[t - 1] * np.log(values["y_hat"])).sum(axis=(-2, -1))
        for state, slope in slopes[t].items():
            J = J + (slope * values[state]).sum(axis=(-2, -1))
        gradient: Array = J.imag.reshape(shape) / H
        return gradient

    for t in range(len(x), 1, -1):
        slopes[t - 1] = {state: derivative(f"{state}(t-1)", t) for state in ("a", "c")}
    return derivative


def _disturbed(value: Array) -> Array:
    """Copies of a value along a new first axis, each with a step in one entry."""
    copies: Array = value + 1j * H * np.eye(value.size).reshape(-1, *value.shape)
    return copies
