"""NumPy's sums, products and differences along axes, and statistics made of them."""

from typing import Any

import numpy as np

from minigrad.axes import along, axes_of
from minigrad.leaf import operand
from minigrad.operation import Operation, operation
from minigrad.operations.elementwise import multiply, positive
from minigrad.operations.lookup import add_at
from minigrad.operations.moving import alike, like
from minigrad.operations.ordering import scan
from minigrad.operations.reduction import count, restored
from minigrad.protocol import stands_in_for
from minigrad.tensor import value_known

# --- sums and products --------------------------------------------------------------------------

cumsum: Operation = operation(
    lambda x, *, axis=None: np.cumsum(x, axis, dtype=x.dtype if x.dtype.kind in "fc" else None),
    lambda g, y, x, axis: np.flip(
        cumsum.on(np.flip(g, axis or 0), axis=axis or 0), axis or 0
    ).reshape(x.shape),
    name="cumsum",
    numpy=np.cumsum,
    shapes="an axis of the value",
    latex=r"\operatorname{{cumsum}}{{axis}}({0})",
    text="cumsum{{axis}}({0})",
    examples=(((2, 3), {"axis": 1}), ((2, 3),), ((4,), {"axis": -1})),
)


def _in_one_row(x: Any, axis: Any) -> tuple[Any, int]:
    """The array, and the axis that a function goes along; by default of all elements in a row."""
    return (x.reshape(-1), 0) if axis is None else (x, axes_of(axis, x.ndim)[0])


@stands_in_for(np.cumprod)
def cumprod(a: Any, axis: Any = None) -> Any:
    a, axis = _in_one_row(a, axis)
    return scan(multiply, positive(a), axis)


def _cumulative(function: Any, one: float, x: Any, axis: Any, include_initial: bool) -> Any:
    if axis is None and x.ndim > 1:
        raise ValueError(f"np.cumulative_...: expected axis= for an array of shape {x.shape}")
    x, axis = _in_one_row(x, axis)
    y = function(x, axis=axis)
    if not include_initial:
        return y
    first = np.full((*x.shape[:axis], 1, *x.shape[axis + 1 :]), one, x.dtype)
    return np.concatenate((first, y), axis)


@stands_in_for(np.cumulative_sum)
def cumulative_sum(x: Any, /, *, axis: Any = None, include_initial: bool = False) -> Any:
    return _cumulative(np.cumsum, 0, x, axis, include_initial)


@stands_in_for(np.cumulative_prod)
def cumulative_prod(x: Any, /, *, axis: Any = None, include_initial: bool = False) -> Any:
    return _cumulative(np.cumprod, 1, x, axis, include_initial)


@stands_in_for(np.prod)
def prod(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Multiplies halves, so that a factor of zero needs no division to be left out."""
    axes = axes_of(axis, a.ndim)
    kept = [i for i in range(a.ndim) if i not in axes]
    shape = (count(a.shape, axes), *(a.shape[i] for i in kept))
    x = a.transpose((*axes, *kept)).reshape(shape)
    while len(x) > 1:
        half = len(x) // 2
        rest = x[2 * half :]
        x = x[:half] * x[half : 2 * half]
        x = np.concatenate((x, rest)) if len(rest) else x
    y = x[0] if len(x) else np.ones(x.shape[1:], a.dtype) + np.sum(x, axis=0)
    return restored(y, a, axes) if keepdims else y


# --- differences --------------------------------------------------------------------------------


@stands_in_for(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if n < 0:
        raise ValueError(f"np.diff: expected n=0 or more, got {n}")
    [axis] = axes_of(axis, operand(a, "np.diff").ndim)
    shape = (*a.shape[:axis], 1, *a.shape[axis + 1 :])
    ends = [
        np.broadcast_to(v, shape) if v.ndim == 0 else v
        for v in (like(x, a) for x in (prepend, append) if x is not None)
    ]
    if ends:
        first, last = prepend is not None, append is not None
        a = np.concatenate([*ends[:first], a, *ends[len(ends) - last :]], axis)
    for _ in range(n):
        a = a[along(axis, slice(1, None))] - a[along(axis, slice(-1))]
    return positive(a)


@stands_in_for(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """Central differences, one-sided at the ends; with one distance for each axis."""
    axes = axes_of(axis, f.ndim)
    steps = varargs or (1.0,)
    steps = steps * len(axes) if len(steps) == 1 else steps
    if len(steps) != len(axes) or edge_order != 1 or any(np.ndim(h) for h in steps):
        raise TypeError(
            "np.gradient: expected one distance, or one for each axis, and edge_order=1; for "
            "others write the differences"
        )
    found = [_slope(f, i, h) for i, h in zip(axes, steps, strict=True)]
    return found[0] if len(found) == 1 else tuple(found)


def _slope(f: Any, axis: int, h: Any) -> Any:
    n = f.shape[axis]
    if n < 2:
        raise ValueError(f"np.gradient: expected two elements or more along axis {axis}, got {n}")
    at = [f[along(axis, slice(i, i + 1 or None))] for i in (0, 1, -2, -1)]
    inner = (f[along(axis, slice(2, None))] - f[along(axis, slice(-2))]) / (2 * h)
    return np.concatenate(((at[1] - at[0]) / h, inner, (at[3] - at[2]) / h), axis)


@stands_in_for(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    y = operand(y, "np.trapezoid")
    [axis] = axes_of(axis, y.ndim)
    if x is not None:
        x = operand(x, "np.trapezoid")
        dx = np.diff(x, axis=axis if x.ndim == y.ndim else -1)
        if x.ndim == 1:
            dx = dx.reshape([-1 if i == axis else 1 for i in range(y.ndim)])
    heights = y[along(axis, slice(1, None))] + y[along(axis, slice(-1))]
    return (dx * heights / 2).sum(axis=axis)


# --- averages -----------------------------------------------------------------------------------


@stands_in_for(np.average)
def average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    a = operand(a, "np.average")
    weights = np.ones(a.shape, a.dtype) if weights is None else operand(weights, "np.average")
    if weights.shape != a.shape:
        if weights.ndim != 1 or not isinstance(axis, int):
            raise TypeError(
                f"np.average: expected weights of shape {a.shape}, or of one axis with axis=, got "
                f"{weights.shape} with axis={axis}"
            )
        [i] = axes_of(axis, a.ndim)
        weights = weights.reshape([-1 if k == i else 1 for k in range(a.ndim)])
        weights = np.broadcast_to(weights, a.shape)
    total = np.sum(weights, axis=axis, keepdims=keepdims)
    y = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (y, total) if returned else y


@stands_in_for(np.cov)
def cov(m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None) -> Any:
    x = _variables(m, rowvar)
    if y is not None:
        x = np.concatenate((x, _variables(y, rowvar)))
    n = x.shape[1] - (int(not bias) if ddof is None else ddof)
    centred = x - np.mean(x, axis=1, keepdims=True)
    return np.squeeze(centred @ centred.T / float(n))


def _variables(m: Any, rowvar: bool) -> Any:
    """Variables in rows."""
    x = np.atleast_2d(operand(m, "np.cov"))
    return x.T if not rowvar and x.shape[0] != 1 else x


@stands_in_for(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = cov(x, y, rowvar)
    if not c.ndim:
        return c / c
    scale = np.sqrt(c.reshape(-1)[:: len(c) + 1])
    return c / scale[:, None] / scale


# --- without what is not a number ---------------------------------------------------------------


def _filled(a: Any, value: float) -> Any:
    return np.where(np.isnan(a), value, a)


@stands_in_for(np.nansum)
def nansum(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.sum(_filled(a, 0), axis=axis, keepdims=keepdims)


@stands_in_for(np.nanprod)
def nanprod(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return prod(_filled(a, 1), axis, keepdims)


@stands_in_for(np.nancumsum)
def nancumsum(a: Any, axis: Any = None) -> Any:
    return np.cumsum(_filled(a, 0), axis=axis)


@stands_in_for(np.nancumprod)
def nancumprod(a: Any, axis: Any = None) -> Any:
    return cumprod(_filled(a, 1), axis)


def _present(a: Any, axis: Any, keepdims: bool) -> Any:
    """How many numbers there are."""
    return np.sum(~np.isnan(a), axis=axis, keepdims=keepdims)


@stands_in_for(np.nanmean)
def nanmean(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    n = _present(a, axis, keepdims)
    return nansum(a, axis, keepdims) / np.asarray(n, a.dtype)


@stands_in_for(np.nanvar)
def nanvar(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    n = np.asarray(_present(a, axis, keepdims) - ddof, a.dtype)
    n = np.where(n > 0, n, np.asarray(np.nan, a.dtype))
    centred = np.where(np.isnan(a), 0, a - nanmean(a, axis, keepdims=True))
    return np.sum(centred * centred, axis=axis, keepdims=keepdims) / np.where(
        n > 0, n, np.nan
    ).astype(a.dtype)


@stands_in_for(np.nanstd)
def nanstd(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.sqrt(nanvar(a, axis, ddof, keepdims))


def _nan_extreme(function: Any, a: Any, worst: float, axis: Any, keepdims: bool) -> Any:
    y = function(_filled(a, worst), axis=axis, keepdims=keepdims)
    return np.where(_present(a, axis, keepdims) > 0, y, np.nan)


@stands_in_for(np.nanmax)
def nanmax(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _nan_extreme(np.max, a, -np.inf, axis, keepdims)


@stands_in_for(np.nanmin)
def nanmin(a: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return _nan_extreme(np.min, a, np.inf, axis, keepdims)


@stands_in_for(np.bincount)
def bincount(x: Any, weights: Any = None, minlength: int = 0) -> Any:
    """How many, or how much, there is of each whole number."""
    numbers = np.asarray(value_known(x))
    if weights is None:
        return np.bincount(numbers, minlength=minlength)
    n = np.bincount(numbers, minlength=minlength).size
    return add_at(weights, numbers, axis=0, n=n)


# --- numbers at equal distances -----------------------------------------------------------------


@stands_in_for(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    axis: int = 0,
) -> Any:
    start, stop = alike(start, stop)
    n = num - 1 if endpoint else num
    step = (stop - start) / float(n) if n else stop * np.nan
    ndim = step.ndim
    places = np.arange(num, dtype=step.dtype).reshape(-1, *[1] * ndim)
    y = np.moveaxis(start + places * step if n else start + places, 0, axis)
    return (y, step) if retstep else y


@stands_in_for(np.logspace)
def logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    axis: int = 0,
) -> Any:
    return np.power(base, linspace(start, stop, num, endpoint, axis=axis))


@stands_in_for(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """By Horner's rule; the highest power comes first."""
    y = 0.0
    for coefficient in p:
        y = y * x + coefficient
    return y


@stands_in_for(np.apply_along_axis)
def apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    [axis] = axes_of(axis, arr.ndim)
    lines = np.moveaxis(arr, axis, -1)
    lead = lines.shape[:-1]
    y = np.stack([func1d(lines[i], *args, **kwargs) for i in np.ndindex(*lead)])
    y = y.reshape(lead + y.shape[1:])
    new = range(len(lead), y.ndim)  # axes of a result come where the line was
    return np.moveaxis(y, new, [axis + i for i in range(len(new))])


@stands_in_for(np.meshgrid)
def meshgrid(*xi: Any, sparse: bool = False, indexing: str = "xy", copy: bool = True) -> Any:
    arrays = [np.ravel(operand(x, "np.meshgrid")) for x in xi]
    order = [1, 0, *range(2, len(xi))] if indexing == "xy" and len(xi) > 1 else [*range(len(xi))]
    shape = [arrays[i].size for i in order]
    grids = [
        x.reshape([-1 if axis == order[i] else 1 for axis in range(len(xi))])
        for i, x in enumerate(arrays)
    ]
    return tuple(grids if sparse else (np.broadcast_to(x, tuple(shape)) for x in grids))
