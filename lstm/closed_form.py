"""Section 3 of the derivation in plain NumPy, in the seed's notation and numerator layout.

dJ/dv of a column vector is a row: with B columns in a batch, `dJ_dv` has shape (B, n_v). dJ/dW has
the shape of W transposed. Where the text has to be read differently for the numbers to be right, a
comment says "reading", with the number that docs/errata.md gives it.
"""

from collections.abc import Mapping
from functools import reduce
from operator import add
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# What the derivation gives for each step, in its order.
QUANTITIES = {
    "3.1": ("y_hat",),
    "3.2": ("z_y", "W_ya", "b_y"),
    "3.3": ("a",),
    "3.4": ("Gamma_o", "c"),
    "3.5": ("z_o", "W_oa", "W_ox", "b_o"),
    "3.6": ("Gamma_u", "c_tilde", "Gamma_f", "c(t-1)"),
    "3.7": ("z_u", "W_ua", "W_ux", "b_u"),
    "3.8": ("z_f", "W_fa", "W_fx", "b_f"),
    "3.9": ("z_c", "W_ca", "W_cx", "b_c"),
    "3.10": ("x", "a(t-1)"),
}


def sigma(z: Array) -> Array:
    """The logistic function."""
    e = np.exp(-np.abs(z))
    Gamma: Array = np.where(z < 0, e, 1) / (1 + e)
    return Gamma


def softmax(z: Array) -> Array:
    """Along the rows, so that every column sums to one."""
    e = np.exp(z - z.max(axis=0))
    y_hat: Array = e / e.sum(axis=0)
    return y_hat


def propagate_forward(p: SimpleNamespace, x: Array, a: Array, c: Array) -> list[SimpleNamespace]:
    """Section 2: the values of each step, `steps[t - 1]` for step t, with a(t-1) and c(t-1)."""
    steps = []
    for x_t in x:
        v = SimpleNamespace(x=x_t, a_prev=a, c_prev=c)
        v.Gamma_f = sigma(p.W_fa.T @ a + p.W_fx.T @ x_t + p.b_f)  # eq. 1, 2
        v.Gamma_u = sigma(p.W_ua.T @ a + p.W_ux.T @ x_t + p.b_u)  # eq. 3, 4
        v.Gamma_o = sigma(p.W_oa.T @ a + p.W_ox.T @ x_t + p.b_o)  # eq. 5, 6
        v.c_tilde = np.tanh(p.W_ca.T @ a + p.W_cx.T @ x_t + p.b_c)  # eq. 7, 8
        v.c = c = v.Gamma_u * v.c_tilde + v.Gamma_f * c  # eq. 9
        v.tanh_c = np.tanh(c)
        v.a = a = v.tanh_c * v.Gamma_o  # eq. 10
        v.y_hat = softmax(p.W_ya.T @ a + p.b_y)  # eq. 11, 12
        steps.append(v)
    return steps


def section_3(
    p: SimpleNamespace, v: SimpleNamespace, y: Array, dJ_da_next: Any, dJ_dc_next: Any
) -> dict[str, Array]:
    """Sections 3.1 to 3.10 at one step: each derivative by the name of what it belongs to.

    `dJ_da_next` and `dJ_dc_next` are what flows in from step t + 1: Comp-1 of 3.3 and of 3.4. The
    last step has none: it is given 0 (reading 4). For a parameter this gives the share of the step
    (reading 2); for c(t-1) and a(t-1) Comp-1 of step t - 1, not yet the whole (reading 3).
    """
    # 3.1
    dJ_dy_hat = -(y / v.y_hat).T  # reading 1: the minus sign that the text lost
    # 3.2
    weighted = dJ_dy_hat * v.y_hat.T
    dJ_dz_y = weighted - weighted.sum(axis=1, keepdims=True) * v.y_hat.T
    dJ_dW_ya = dJ_dz_y.T @ v.a.T
    dJ_db_y = dJ_dz_y.sum(axis=0, keepdims=True)  # reading 5: J is also the sum over the batch
    # 3.3
    dJ_da = dJ_da_next + dJ_dz_y @ p.W_ya.T
    # 3.4
    dJ_dGamma_o = dJ_da * v.tanh_c.T
    dJ_dc = dJ_dc_next + dJ_da * (v.Gamma_o * (1 - v.tanh_c**2)).T
    # 3.5
    dJ_dz_o = dJ_dGamma_o * (v.Gamma_o * (1 - v.Gamma_o)).T
    dJ_dW_oa, dJ_dW_ox, dJ_db_o = _of_gate(dJ_dz_o, v)
    # 3.6
    dJ_dGamma_u = dJ_dc * v.c_tilde.T
    dJ_dc_tilde = dJ_dc * v.Gamma_u.T
    dJ_dGamma_f = dJ_dc * v.c_prev.T
    dJ_dc_prev = dJ_dc * v.Gamma_f.T
    # 3.7
    dJ_dz_u = dJ_dGamma_u * (v.Gamma_u * (1 - v.Gamma_u)).T
    dJ_dW_ua, dJ_dW_ux, dJ_db_u = _of_gate(dJ_dz_u, v)
    # 3.8
    dJ_dz_f = dJ_dGamma_f * (v.Gamma_f * (1 - v.Gamma_f)).T
    dJ_dW_fa, dJ_dW_fx, dJ_db_f = _of_gate(dJ_dz_f, v)
    # 3.9
    dJ_dz_c = dJ_dc_tilde * (1 - v.c_tilde**2).T
    dJ_dW_ca, dJ_dW_cx, dJ_db_c = _of_gate(dJ_dz_c, v)
    # 3.10
    dJ_da_prev = dJ_dz_o @ p.W_oa.T + dJ_dz_c @ p.W_ca.T + dJ_dz_u @ p.W_ua.T + dJ_dz_f @ p.W_fa.T
    dJ_dx = dJ_dz_o @ p.W_ox.T + dJ_dz_c @ p.W_cx.T + dJ_dz_u @ p.W_ux.T + dJ_dz_f @ p.W_fx.T
    return {
        "y_hat": dJ_dy_hat,
        "z_y": dJ_dz_y,
        "W_ya": dJ_dW_ya,
        "b_y": dJ_db_y,
        "a": dJ_da,
        "Gamma_o": dJ_dGamma_o,
        "c": dJ_dc,
        "z_o": dJ_dz_o,
        "W_oa": dJ_dW_oa,
        "W_ox": dJ_dW_ox,
        "b_o": dJ_db_o,
        "Gamma_u": dJ_dGamma_u,
        "c_tilde": dJ_dc_tilde,
        "Gamma_f": dJ_dGamma_f,
        "c(t-1)": dJ_dc_prev,
        "z_u": dJ_dz_u,
        "W_ua": dJ_dW_ua,
        "W_ux": dJ_dW_ux,
        "b_u": dJ_db_u,
        "z_f": dJ_dz_f,
        "W_fa": dJ_dW_fa,
        "W_fx": dJ_dW_fx,
        "b_f": dJ_db_f,
        "z_c": dJ_dz_c,
        "W_ca": dJ_dW_ca,
        "W_cx": dJ_dW_cx,
        "b_c": dJ_db_c,
        "x": dJ_dx,
        "a(t-1)": dJ_da_prev,
    }


def _of_gate(dJ_dz: Array, v: SimpleNamespace) -> tuple[Array, Array, Array]:
    """3.5, 3.7, 3.8 and 3.9 alike: the shares of W_*a, W_*x and b_*."""
    return dJ_dz.T @ v.a_prev.T, dJ_dz.T @ v.x.T, dJ_dz.sum(axis=0, keepdims=True)


def derivatives(
    params: Mapping[str, Array],
    x: Array,
    y: Array,
    a0: Array | None = None,
    c0: Array | None = None,
) -> tuple[float, list[dict[str, Array]]]:
    """J, and what sections 3.1 to 3.10 give at each step, in numerator layout.

    Parameters
    ----------
    params, x, y, a0, c0
        As `gradients` has them.

    Returns
    -------
    J : float
    steps : list of dict
        `steps[t - 1][name]` for step t; the names are those of `QUANTITIES`.

    Examples
    --------
    >>> import numpy as np
    >>> import lstm
    >>> x, y = np.ones((4, 3, 6)), np.full((4, 2, 6), 0.5)
    >>> J, steps = lstm.closed_form.derivatives(lstm.init_params(3, 5, 2), x, y)
    >>> steps[1]["W_fx"].shape, steps[1]["c(t-1)"].shape
    ((5, 3), (6, 5))
    """
    p = SimpleNamespace(**params)
    n_a, n_y = p.W_ya.shape
    T, _, B = x.shape
    if y.shape != (T, n_y, B):  # NumPy broadcasts labels of another shape without a word
        raise ValueError(f"y: expected distributions of shape {(T, n_y, B)}, got {y.shape}")
    start = np.zeros((n_a, B), p.W_ya.dtype)
    steps = propagate_forward(p, x, start if a0 is None else a0, start if c0 is None else c0)
    J = -sum(float((y_t * np.log(v.y_hat)).sum()) for v, y_t in zip(steps, y, strict=True))
    results: list[dict[str, Array]] = []
    dJ_da_next: Any = 0  # reading 4: nothing flows in from behind the last step
    dJ_dc_next: Any = 0
    for v, y_t in zip(reversed(steps), reversed(y), strict=True):
        results.append(section_3(p, v, y_t, dJ_da_next, dJ_dc_next))
        dJ_da_next, dJ_dc_next = results[-1]["a(t-1)"], results[-1]["c(t-1)"]
    return J, results[::-1]


def gradients(
    params: Mapping[str, Array],
    x: Array,
    y: Array,
    a0: Array | None = None,
    c0: Array | None = None,
) -> tuple[float, dict[str, Array]]:
    """J and every gradient by section 3, transposed as section 4 says.

    Parameters
    ----------
    params
        The 14 arrays; see `lstm.init_params`.
    x
        The inputs, (T, n_x, B).
    y
        The labels, (T, n_y, B).
    a0, c0
        The initial states, (n_a, B); zero by default.

    Returns
    -------
    J : float
        The sum of the cross-entropies over steps and batch (reading 5).
    gradients : dict
        Of the 14 parameters, "x", "a0" and "c0", each in the shape of what it belongs to.

    Raises
    ------
    ValueError
        If the labels do not have that shape.

    Examples
    --------
    >>> import numpy as np
    >>> import lstm
    >>> x, y = np.ones((4, 3, 6)), np.full((4, 2, 6), 0.5)
    >>> J, gradients = lstm.closed_form.gradients(lstm.init_params(3, 5, 2), x, y)
    >>> gradients["W_fx"].shape, gradients["x"].shape
    ((3, 5), (4, 3, 6))
    """
    J, steps = derivatives(params, x, y, a0, c0)
    # Reading 2: a parameter that all steps share has the sum of the shares. Section 4: transpose.
    result = {name: reduce(add, (step[name] for step in steps)).T for name in params}
    result["x"] = np.stack([step["x"].T for step in steps])
    result["a0"], result["c0"] = steps[0]["a(t-1)"].T, steps[0]["c(t-1)"].T
    return J, result
