"""NumPy functions that move elements, and change none: made of indexing, reshaping and joining."""

from typing import Any

import numpy as np

from minigrad.axes import WHOLE, along, axes_of
from minigrad.complex_step import real_part
from minigrad.leaf import operand, stacked
from minigrad.operations.elementwise import positive
from minigrad.protocol import stands_in_for
from minigrad.tensor import Tensor, value_known

BACKWARDS = slice(None, None, -1)


def like(x: Any, a: Any) -> Any:
    """What was given beside an array or a tensor; numbers and lists take the dtype of `a`."""
    x = stacked(x)
    return x if isinstance(x, Tensor | np.ndarray) else np.asarray(x, a.dtype)


def alike(*xs: Any) -> list[Any]:
    """Operands of which one at least is a tensor; numbers and lists take its dtype."""
    found = [stacked(x) for x in xs]
    first = next(x for x in found if type(x) is Tensor)
    return [like(x, first) for x in found]


@stands_in_for(np.flip)
def flip(m: Any, axis: Any = None) -> Any:
    axes = axes_of(axis, m.ndim)
    return m[tuple(BACKWARDS if i in axes else WHOLE for i in range(m.ndim))]


@stands_in_for(np.flipud)
def flipud(m: Any) -> Any:
    return flip(m, 0)


@stands_in_for(np.fliplr)
def fliplr(m: Any) -> Any:
    return flip(m, 1)


@stands_in_for(np.rot90)
def rot90(m: Any, k: int = 1, axes: Any = (0, 1)) -> Any:
    a, b = axes
    if k % 2 == 0:
        return flip(m, axes) if k % 4 == 2 else positive(m)
    return np.swapaxes(flip(m, b), a, b) if k % 4 == 1 else flip(np.swapaxes(m, a, b), b)


@stands_in_for(np.roll)
def roll(a: Any, shift: Any, axis: Any = None) -> Any:
    if axis is None:
        return roll(a.reshape(-1), shift, 0).reshape(a.shape)
    shifts, axes = np.broadcast_arrays(shift, axis)
    for by, i in zip(shifts.ravel().tolist(), axes.ravel().tolist(), strict=True):
        [i] = axes_of(i, a.ndim)
        start = -by % max(a.shape[i], 1)
        if start:
            a = np.concatenate((a[along(i, slice(start, None))], a[along(i, slice(start))]), i)
    return positive(a)


@stands_in_for(np.rollaxis)
def rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    return a.transpose(np.rollaxis(np.empty(range(a.ndim)), axis, start).shape)


@stands_in_for(np.tile)
def tile(A: Any, reps: Any) -> Any:
    counts = tuple(reps) if np.iterable(reps) else (reps,)
    ndim = max(A.ndim, len(counts))
    lengths = (1,) * (ndim - A.ndim) + A.shape
    counts = (1,) * (ndim - len(counts)) + counts
    pairs = [n for pair in zip(counts, lengths, strict=True) for n in pair]
    single = A.reshape([n for length in lengths for n in (1, length)])
    shape = [k * n for k, n in zip(counts, lengths, strict=True)]
    return np.broadcast_to(single, tuple(pairs)).reshape(shape)


@stands_in_for(np.repeat)
def repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axes_of(axis, a.ndim)[0])
    if type(repeats) is int:
        ones = np.expand_dims(a, axis + 1)
        shape = (*a.shape[: axis + 1], repeats, *a.shape[axis + 1 :])
        return np.broadcast_to(ones, shape).reshape(
            *a.shape[:axis], a.shape[axis] * repeats, *a.shape[axis + 1 :]
        )
    return np.take(a, np.repeat(np.arange(a.shape[axis]), repeats), axis=axis)


def _pairs(given: Any, ndim: int) -> list[list[Any]]:
    """What `np.pad` is given for both ends of each axis."""
    if isinstance(given, dict):
        pairs = [(0, 0)] * ndim
        for axis, pair in given.items():
            pairs[axis] = tuple(np.broadcast_to(pair, 2).tolist())
        return [list(pair) for pair in pairs]
    found: list[list[Any]] = np.broadcast_to(np.asarray(given), (ndim, 2)).tolist()
    return found


@stands_in_for(np.pad)
def pad(
    array: Any,
    pad_width: Any,
    mode: str = "constant",
    *,
    constant_values: Any = 0,
    reflect_type: str = "even",
) -> Any:
    widths = _pairs(pad_width, array.ndim)
    if mode in ("edge", "reflect", "symmetric", "wrap") and reflect_type == "even":
        for axis, width in enumerate(widths):
            places = np.pad(np.arange(array.shape[axis]), width, mode)  # type: ignore[call-overload]
            array = array[along(axis, places)] if any(width) else array
        return positive(array)
    if mode != "constant":
        raise TypeError(
            "np.pad: expected mode='constant', 'edge', 'reflect', 'symmetric' or 'wrap' (with "
            f"reflect_type='even'), got mode={mode!r}; join arrays with np.concatenate"
        )
    for axis, (width, value) in enumerate(
        zip(widths, _pairs(constant_values, array.ndim), strict=True)
    ):
        if not any(width):
            continue
        before, after = (
            np.full((*array.shape[:axis], n, *array.shape[axis + 1 :]), v, array.dtype)
            for n, v in zip(width, value, strict=True)
        )
        array = np.concatenate((before, array, after), axis)
    return positive(array)


def _at_least(ndim: int, *arrays: Any) -> Any:
    """Arrays with axes of length 1 where `np.atleast_1d` and its like put them."""
    names = {1: np.atleast_1d, 2: np.atleast_2d, 3: np.atleast_3d}
    found = []
    for x in arrays:
        x = operand(x, f"np.{names[ndim].__name__}")
        shape = names[ndim](np.empty(x.shape)).shape
        found.append(x.reshape(shape) if shape != x.shape else x)
    return found[0] if len(found) == 1 else tuple(found)


@stands_in_for(np.atleast_1d)
def atleast_1d(*arys: Any) -> Any:
    return _at_least(1, *arys)


@stands_in_for(np.atleast_2d)
def atleast_2d(*arys: Any) -> Any:
    return _at_least(2, *arys)


@stands_in_for(np.atleast_3d)
def atleast_3d(*arys: Any) -> Any:
    return _at_least(3, *arys)


@stands_in_for(np.copy)
def copy(a: Any) -> Any:
    return positive(a)


@stands_in_for(np.astype)
def astype(x: Any, dtype: Any, /) -> Any:
    return x.astype(dtype)


@stands_in_for(np.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return x.mT


@stands_in_for(np.broadcast_arrays)
def broadcast_arrays(*args: Any) -> Any:
    arrays = [operand(x, "np.broadcast_arrays") for x in args]
    shape = np.broadcast_shapes(*(x.shape for x in arrays))
    return tuple(np.broadcast_to(x, shape) for x in arrays)


@stands_in_for(np.resize)
def resize(a: Any, new_shape: Any) -> Any:
    shape = tuple(new_shape) if np.iterable(new_shape) else (new_shape,)
    places = np.resize(np.arange(a.size), shape)
    return a.reshape(-1)[places] if a.size else np.zeros(shape, a.dtype)


@stands_in_for(np.unstack)
def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    [i] = axes_of(axis, x.ndim)
    return tuple(x[along(i, k)] for k in range(x.shape[i]))


@stands_in_for(np.take_along_axis)
def take_along_axis(arr: Any, indices: Any, axis: Any = -1) -> Any:
    indices = np.asarray(indices)
    if axis is None:
        return arr.reshape(-1)[indices]
    [i] = axes_of(axis, arr.ndim)
    grid = [
        indices if k == i else np.arange(n).reshape([-1 if j == k else 1 for j in range(arr.ndim)])
        for k, n in enumerate(arr.shape)
    ]
    return arr[tuple(grid)]


@stands_in_for(np.compress)
def compress(condition: Any, a: Any, axis: Any = None) -> Any:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axes_of(axis, a.ndim)[0])
    return a[along(axis, np.flatnonzero(condition))]


@stands_in_for(np.extract)
def extract(condition: Any, arr: Any) -> Any:
    return compress(np.ravel(condition), arr)


@stands_in_for(np.delete)
def delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    arr, axis = (arr.reshape(-1), 0) if axis is None else (arr, axes_of(axis, arr.ndim)[0])
    return arr[along(axis, np.delete(np.arange(arr.shape[axis]), obj))]


@stands_in_for(np.trim_zeros)
def trim_zeros(filt: Any, trim: str = "fb") -> Any:
    filled = np.flatnonzero(real_part(value_known(filt), "np.trim_zeros"))
    if not filled.size:
        return filt[:0]
    start = filled[0] if "f" in trim.lower() else 0
    stop = filled[-1] + 1 if "b" in trim.lower() else len(filt)
    return filt[int(start) : int(stop)]


@stands_in_for(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    flat = ary.reshape(-1)
    given = (to_begin, flat[1:] - flat[:-1], to_end)
    parts = [np.ravel(like(x, ary)) for x in given if x is not None]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]
