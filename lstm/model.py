"""The seed's LSTM, equations 1 to 12, built with minigrad."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

import minigrad as mg

Array = NDArray[Any]

PARAMETERS = (
    *("W_fa", "W_fx", "b_f", "W_ua", "W_ux", "b_u", "W_oa", "W_ox", "b_o", "W_ca", "W_cx", "b_c"),
    *("W_ya", "b_y"),
)


def init_params(
    n_x: int, n_a: int, n_y: int, seed: int = 0, dtype: DTypeLike = np.float64
) -> dict[str, Array]:
    """Draw the 14 parameters: weights from N(0, 1/n) for n rows, biases from N(0, 0.01).

    Biases are not zero, so that no derivative is right by accident.

    Parameters
    ----------
    n_x, n_a, n_y
        The sizes of x(t), of a(t) and c(t), and of y(t).
    seed
        Of the random numbers.
    dtype
        float32 or float64.

    Returns
    -------
    dict
        W_*a of shape (n_a, n_a), W_*x (n_x, n_a), b_* (n_a, 1), W_ya (n_a, n_y) and b_y (n_y, 1).

    Examples
    --------
    >>> import lstm
    >>> params = lstm.init_params(3, 5, 2)
    >>> len(params), params["W_fx"].shape
    (14, (3, 5))
    """
    rng = np.random.default_rng(seed)

    def draw(name: str, rows: int, columns: int) -> Array:
        values: Array = rng.normal(size=(rows, columns))
        return (values / np.sqrt(rows) if name.startswith("W") else 0.1 * values).astype(dtype)

    return {name: draw(name, *shape) for name, shape in _shapes(n_x, n_a, n_y).items()}


def _shapes(n_x: int, n_a: int, n_y: int) -> dict[str, tuple[int, int]]:
    """The shape of each parameter."""
    sizes = {"x": n_x, "a": n_a, "y": n_y}

    def shape(name: str) -> tuple[int, int]:
        size = sizes["y" if name[2] == "y" else "a"]
        return (sizes[name[3]], size) if name.startswith("W") else (size, 1)

    return {name: shape(name) for name in PARAMETERS}


class Forward(NamedTuple):
    """What `forward` computes; item t - 1 of each sequence belongs to step t.

    Attributes
    ----------
    loss
        J, a scalar.
    y_hat, a, c
        One tensor for each step, of shapes (n_y, B), (n_a, B) and (n_a, B).
    """

    loss: mg.Tensor
    y_hat: list[mg.Tensor]
    a: list[mg.Tensor]
    c: list[mg.Tensor]


def cell(
    p: SimpleNamespace, x: mg.Tensor, a: mg.Tensor, c: mg.Tensor
) -> tuple[mg.Tensor, mg.Tensor, mg.Tensor]:
    """One step: from x(t), a(t-1) and c(t-1) to z_y(t), a(t) and c(t)."""
    z_f = p.W_fa.T @ a + p.W_fx.T @ x + p.b_f  # eq. 1
    Gamma_f = mg.sigmoid(z_f)  # eq. 2
    z_u = p.W_ua.T @ a + p.W_ux.T @ x + p.b_u  # eq. 3
    Gamma_u = mg.sigmoid(z_u)  # eq. 4
    z_o = p.W_oa.T @ a + p.W_ox.T @ x + p.b_o  # eq. 5
    Gamma_o = mg.sigmoid(z_o)  # eq. 6
    z_c = p.W_ca.T @ a + p.W_cx.T @ x + p.b_c  # eq. 7
    c_tilde = mg.tanh(z_c)  # eq. 8
    c = Gamma_u * c_tilde + Gamma_f * c  # eq. 9
    a = mg.tanh(c) * Gamma_o  # eq. 10
    z_y = p.W_ya.T @ a + p.b_y  # eq. 11
    mg.name_tensors(locals())
    return z_y, a, c


def forward(params: Mapping[str, Any], x: Any, y: Any, a0: Any = None, c0: Any = None) -> Forward:
    """Equations 1 to 12 over a sequence, and J from y_hat, every value named by equation and step.

    Everything but the labels requires a gradient, so that `mg.gradient_flow` of the loss holds
    every derivative of section 3. The labels enter as the seed has them; on a saturated softmax
    `loss` is the stable way.

    Parameters
    ----------
    params
        The 14 parameters, arrays or tensors; see `init_params`.
    x
        The inputs, (T, n_x, B).
    y
        The labels, (T, n_y, B), one-hot or distributions, or (T, B) whole numbers.
    a0, c0
        The initial states, (n_a, B); zero by default.

    Returns
    -------
    Forward
        Its `loss` is J, the sum over steps and batch of -y^T log(y_hat).

    Raises
    ------
    ValueError
        If a parameter is missing or shapes do not fit.

    Examples
    --------
    >>> import numpy as np
    >>> import lstm
    >>> x, y = np.ones((4, 3, 2)), np.full((4, 2, 2), 0.5)
    >>> run = lstm.forward(lstm.init_params(3, 5, 2), x, y)
    >>> run.y_hat[2].name, run.y_hat[2].t, run.y_hat[2].shape
    ('y_hat', 3, (2, 2))
    """
    p, x, y, a, c = _prepared(params, x, y, a0, c0, requires_grad=True)
    if y.ndim == 2:
        one_hot = mg.tensor(np.eye(len(p.b_y), dtype=p.b_y.dtype))
        with mg.no_grad():
            y = np.take(one_hot, y, axis=0).transpose(0, 2, 1)
    losses, y_hats, activations, cells = [], [], [], []
    for t in range(1, len(x) + 1):
        with mg.step(t):
            x_t = _leaf("x", x[t - 1], requires_grad=True)
            y_t = _leaf("y", y[t - 1], requires_grad=False)
            z_y, a, c = cell(p, x_t, a, c)
            y_hat = mg.softmax(z_y).named("y_hat")  # eq. 12
        losses.append(-(y_t * mg.log(y_hat)).sum())
        y_hats.append(y_hat)
        activations.append(a)
        cells.append(c)
    return Forward(mg.stack(losses).sum().named("J"), y_hats, activations, cells)


def loss(
    params: Mapping[str, Any],
    x: Any,
    y: Any,
    a0: Any = None,
    c0: Any = None,
    reduction: str = "sum",
) -> mg.Tensor:
    """J alone, by the fused and stable cross-entropy; see `forward` for the arguments.

    Parameters
    ----------
    params, x, y, a0, c0
        As `forward` has them.
    reduction
        "sum" over steps and batch, or "mean".

    Examples
    --------
    >>> import numpy as np
    >>> import lstm
    >>> import minigrad as mg
    >>> params = lstm.init_params(3, 5, 2)
    >>> x, y = np.ones((4, 3, 6)), np.zeros((4, 6), int)
    >>> J, gradients = mg.value_and_grad(lstm.loss)(params, x, y)
    >>> gradients["W_fa"].shape
    (5, 5)
    """
    if reduction not in ("sum", "mean"):
        raise ValueError(f"loss: expected reduction='sum' or 'mean', got {reduction!r}")
    p, x, y, a, c = _prepared(params, x, y, a0, c0, requires_grad=False)
    losses = []
    for t in range(1, len(x) + 1):
        with mg.step(t):
            x_t = _leaf("x", x[t - 1], requires_grad=False)
            y_t = _leaf("y", y[t - 1], requires_grad=False)
            z_y, a, c = cell(p, x_t, a, c)
        losses.append(mg.softmax_cross_entropy(z_y, y_t))
    total = mg.stack(losses)
    return total.sum() if reduction == "sum" else total.mean()


def _leaf(name: str, value: Any, requires_grad: bool) -> mg.Tensor:
    """Make a named tensor of an array; name a tensor that has no name."""
    if not isinstance(value, mg.Tensor):
        return mg.tensor(value, requires_grad=requires_grad, name=name)
    return value.named(name) if value.name is None else value


def _parameters(params: Mapping[str, Any], requires_grad: bool) -> SimpleNamespace:
    """The 14 parameters, named, if they are there and their shapes fit."""
    if set(params) != set(PARAMETERS):
        raise ValueError(
            f"params: expected the 14 of lstm.init_params, got {', '.join(params) or 'none'}"
        )
    p = SimpleNamespace(**{name: _leaf(name, params[name], requires_grad) for name in PARAMETERS})
    for name in ("W_fx", "W_ya"):
        if getattr(p, name).ndim != 2:
            raise ValueError(f"{name}: expected a matrix, got shape {getattr(p, name).shape}")
    for name, shape in _shapes(p.W_fx.shape[0], *p.W_ya.shape).items():
        if getattr(p, name).shape != shape:
            raise ValueError(
                f"{name}: expected shape {shape} beside W_fx {p.W_fx.shape} and W_ya "
                f"{p.W_ya.shape}, got {getattr(p, name).shape}"
            )
    return p


def _prepared(
    params: Mapping[str, Any], x: Any, y: Any, a0: Any, c0: Any, requires_grad: bool
) -> tuple[SimpleNamespace, Any, Any, mg.Tensor, mg.Tensor]:
    """Check the arguments; name parameters and states; give labels their dtype."""
    p = _parameters(params, requires_grad)
    x, y = (v if isinstance(v, mg.Tensor) else np.asarray(v) for v in (x, y))
    n_a, n_y = p.W_ya.shape
    n_x, _ = p.W_fx.shape
    if x.ndim != 3 or not len(x) or x.shape[1] != n_x:
        raise ValueError(f"x: expected shape (T, {n_x}, B) with T from 1 on, got {x.shape}")
    T, _, B = x.shape
    whole = y.dtype.kind in "iub"
    numbers = whole and y.ndim == 2
    if y.shape != ((T, B) if numbers else (T, n_y, B)):
        raise ValueError(
            f"y: expected shape {(T, n_y, B)} or whole numbers {(T, B)}, got {y.shape}"
        )
    # Of labels that are tensors, softmax_cross_entropy looks at the values.
    if numbers and isinstance(y, np.ndarray) and y.size and not 0 <= y.min() <= y.max() < n_y:
        raise ValueError(f"y: expected labels from 0 to {n_y - 1}, got {y.min()} to {y.max()}")
    if whole:
        y = y.astype(int if numbers else p.W_ya.dtype)
    states = []
    with mg.step(0):
        for name, value in (("a", a0), ("c", c0)):
            state = np.zeros((n_a, B), p.W_ya.dtype) if value is None else value
            states.append(_leaf(name, state, requires_grad))
            if states[-1].shape != (n_a, B):
                raise ValueError(f"{name}0: expected shape {(n_a, B)}, got {states[-1].shape}")
    return p, x, y, states[0], states[1]
