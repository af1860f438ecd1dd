"""NumPy functions that sort, and those that find a value by its place in the order.

Equal elements have no order of their own: the gradient goes to the one that a stable sort puts
there, which is one of the subgradients. Whoever needs an equal share takes `max` or `min`.
"""

from typing import Any

import numpy as np

from minigrad.axes import along, axes_of
from minigrad.operations.moving import take_along_axis
from minigrad.protocol import stands_in_for


@stands_in_for(np.sort)
def sort(a: Any, axis: Any = -1, kind: Any = None) -> Any:
    if axis is None:
        a, axis = a.reshape(-1), 0
    return take_along_axis(a, np.argsort(a, axis=axis, kind=kind or "stable"), axis)


@stands_in_for(np.partition)
def partition(a: Any, kth: Any, axis: Any = -1) -> Any:
    if axis is None:
        a, axis = a.reshape(-1), 0
    return take_along_axis(a, np.argpartition(a, kth, axis=axis), axis)


def _sorted_first(a: Any, axis: Any) -> tuple[Any, tuple[int, ...]]:
    """The elements along some axes, sorted along one in front; and those axes, of length 1."""
    axes = axes_of(axis, a.ndim)
    kept = [i for i in range(a.ndim) if i not in axes]
    flat = a.transpose((*axes, *kept)).reshape((-1, *(a.shape[i] for i in kept)))
    single = tuple(1 if i in axes else n for i, n in enumerate(a.shape))
    return sort(flat, 0), single


_METHODS = "linear", "lower", "higher", "midpoint", "nearest"


def _quantile(a: Any, q: Any, axis: Any, method: str, keepdims: bool, name: str) -> Any:
    if method not in _METHODS:
        raise TypeError(f"{name}: expected method= one of {', '.join(_METHODS)}, got {method!r}")
    q = np.asarray(q, float)
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError(f"{name}: expected a share of the whole, from none to all of it, got {q}")
    ordered, single = _sorted_first(a, axis)
    place = q * (len(ordered) - 1)
    below, above = np.floor(place).astype(int), np.ceil(place).astype(int)
    weight = {
        "linear": place - below,
        "lower": np.zeros_like(place),
        "higher": np.ones_like(place),
        "midpoint": np.where(below == above, 0.0, 0.5),
        "nearest": np.round(place) - below,
    }[method]
    weight = weight.reshape(weight.shape + (1,) * (ordered.ndim - 1)).astype(a.dtype)
    y = ordered[below] * (1 - weight) + ordered[above] * weight
    y = np.where(np.isnan(ordered[-1]), np.nan, y)
    return y.reshape(q.shape + single) if keepdims else y


@stands_in_for(np.quantile)
def quantile(
    a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    return _quantile(a, q, axis, method, keepdims, "np.quantile")


@stands_in_for(np.percentile)
def percentile(
    a: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False
) -> Any:
    return _quantile(a, np.asarray(q) / 100, axis, method, keepdims, "np.percentile")


@stands_in_for(np.median)
def median(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _quantile(a, 0.5, axis, "linear", keepdims, "np.median")


@stands_in_for(np.ptp)
def ptp(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def scan(combine: Any, x: Any, axis: int) -> Any:
    """All partial results of an associative function along an axis, in log2(n) steps."""
    n, step = x.shape[axis], 1
    while step < n:
        start = x[along(axis, slice(step))]
        later = combine(x[along(axis, slice(n - step))], x[along(axis, slice(step, None))])
        x = np.concatenate((start, later), axis)
        step *= 2
    return x
