"""NumPy functions that join arrays, take them apart, and choose between them."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad.axes import along, axes_of
from minigrad.leaf import operand, stacked
from minigrad.operations.moving import alike, atleast_1d, atleast_2d, atleast_3d, like
from minigrad.protocol import stands_in_for
from minigrad.tensor import Tensor, value_known

# --- joining ------------------------------------------------------------------------------------


@stands_in_for(np.vstack)
def vstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([atleast_2d(x) for x in tup])


@stands_in_for(np.hstack)
def hstack(tup: Sequence[Any]) -> Any:
    arrays = [atleast_1d(x) for x in tup]
    return np.concatenate(arrays, axis=0 if arrays[0].ndim == 1 else 1)


@stands_in_for(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    return np.concatenate([atleast_3d(x) for x in tup], axis=2)


@stands_in_for(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    arrays = [operand(x, "np.column_stack") for x in tup]
    return np.concatenate([x.reshape(-1, 1) if x.ndim < 2 else x for x in arrays], axis=1)


@stands_in_for(np.append)
def append(arr: Any, values: Any, axis: Any = None) -> Any:
    arrays = alike(arr, values)
    if axis is None:
        arrays, axis = [x.reshape(-1) for x in arrays], 0
    return np.concatenate(arrays, axis)


@stands_in_for(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    arr = stacked(arr)
    if axis is None:
        arr, axis = np.ravel(arr), 0
    [axis] = axes_of(axis, arr.ndim)
    # Of all elements that are there afterwards, new ones are found by numbers below zero.
    n = arr.shape[axis]
    obj = np.arange(*obj.indices(n)) if isinstance(obj, slice) else obj
    count = np.insert(np.arange(n), obj, 0).size - n
    places = np.insert(np.arange(n), obj, -1 - np.arange(count) if np.ndim(obj) else [-1] * count)
    return _joined_by(places, arr, _inserted(arr, obj, values, axis, count), axis)


def _inserted(arr: Any, obj: Any, values: Any, axis: int, count: int) -> Any:
    """The new elements along the axis, in the order of `obj`."""
    values = like(values, arr)
    shape = (*arr.shape[:axis], count, *arr.shape[axis + 1 :])
    if np.ndim(obj) == 0:  # NumPy takes the values to lie along the first axis
        values = values.reshape((1,) * (arr.ndim - values.ndim) + values.shape)
        values = np.moveaxis(values, 0, axis)
    return np.broadcast_to(values, shape)


def _joined_by(places: Any, arr: Any, values: Any, axis: int) -> Any:
    n = arr.shape[axis]
    both = np.concatenate((arr, values), axis)
    return both[along(axis, np.where(places < 0, n - 1 - places, places))]


@stands_in_for(np.block)
def block(arrays: Any) -> Any:
    depth = _depth(arrays)
    ndim = max(depth, *(x.ndim for x in _flat(arrays)))
    return _block(arrays, depth, ndim)


def _depth(x: Any) -> int:
    return 1 + max(map(_depth, x)) if isinstance(x, list) else 0


def _flat(x: Any) -> list[Any]:
    return [v for part in x for v in _flat(part)] if isinstance(x, list) else [operand(x, "block")]


def _block(x: Any, depth: int, ndim: int) -> Any:
    if not isinstance(x, list):
        x = operand(x, "np.block")
        return x.reshape((1,) * (ndim - x.ndim) + x.shape)
    return np.concatenate([_block(v, depth - 1, ndim) for v in x], axis=ndim - depth)


# --- taking apart -------------------------------------------------------------------------------


@stands_in_for(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    [axis] = axes_of(axis, ary.ndim)
    parts = np.array_split(np.arange(ary.shape[axis]), indices_or_sections)
    starts = np.cumsum([0, *map(len, parts)]).tolist()
    if np.ndim(indices_or_sections) == 0:
        return [ary[along(axis, slice(a, b))] for a, b in pairwise(starts)]
    ends = [0, *indices_or_sections, ary.shape[axis]]
    return [ary[along(axis, slice(a, b))] for a, b in pairwise(ends)]


@stands_in_for(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    if np.ndim(indices_or_sections) == 0 and ary.shape[axis] % indices_or_sections:
        raise ValueError(
            f"np.split: expected an equal division, got {ary.shape[axis]} elements for "
            f"{indices_or_sections} parts; np.array_split makes unequal ones"
        )
    return array_split(ary, indices_or_sections, axis)


@stands_in_for(np.vsplit)
def vsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 0)


@stands_in_for(np.hsplit)
def hsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)


@stands_in_for(np.dsplit)
def dsplit(ary: Any, indices_or_sections: Any) -> list[Any]:
    return split(ary, indices_or_sections, 2)


# --- choosing -----------------------------------------------------------------------------------


@stands_in_for(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"np.select: expected as many choices as conditions, got {len(choicelist)} "
            f"and {len(condlist)}"
        )
    chosen = default
    for condition, choice in zip(condlist[::-1], choicelist[::-1], strict=True):
        chosen = np.where(condition, stacked(choice), chosen)
    return chosen


@stands_in_for(np.choose)
def choose(a: Any, choices: Sequence[Any], mode: str = "raise") -> Any:
    numbers, n = np.asarray(value_known(a)), len(choices)
    if mode == "raise" and not np.all((numbers >= 0) & (numbers < n)):
        raise ValueError(f"np.choose: expected numbers from 0 to {n - 1}, got {numbers}")
    numbers = numbers % n if mode == "wrap" else np.clip(numbers, 0, n - 1)
    return select([numbers == i for i in range(n)], list(choices))


@stands_in_for(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    conditions = [np.asarray(value_known(c)) for c in _conditions(x, condlist)]
    pieces = [f(x, *args, **kw) if callable(f) else f for f in funclist]
    if len(pieces) == len(conditions) + 1:
        default = pieces.pop()
    elif len(pieces) == len(conditions):
        default = 0
    else:
        raise ValueError(
            f"np.piecewise: expected {len(conditions)} or {len(conditions) + 1} functions, "
            f"got {len(pieces)}"
        )
    # The last condition that holds decides, as in NumPy.
    return select(conditions[::-1], [_spread(p, x) for p in pieces[::-1]], default)


def _conditions(x: Any, condlist: Any) -> Sequence[Any]:
    one = not isinstance(condlist, list | tuple) and np.ndim(condlist) == x.ndim
    return [condlist] if one else condlist


def _spread(piece: Any, x: Any) -> Any:
    return np.broadcast_to(like(piece, x), x.shape)


# --- filled like another ------------------------------------------------------------------------


@stands_in_for(np.full_like)
def full_like(a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> Any:
    shape = np.shape(a) if shape is None else shape
    if type(fill_value) is not Tensor:
        return np.full(shape, fill_value, a.dtype if dtype is None else dtype)
    filled = np.broadcast_to(fill_value, shape)
    return filled.astype(a.dtype if dtype is None else dtype)
