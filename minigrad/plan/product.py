"""Products of stacked matrices as one product of two matrices, wherever memory allows it."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided

from minigrad.plan.graph import Array

LONG = 4096  # terms, from which on it matters in which order they are added


def product_calls(a: Array, b: Array, y: Array, summed: int | None = None) -> list[Any]:
    """The calls that write `a @ b` into `y`.

    Parameters
    ----------
    a, b, y
        Matrices, with leading axes that broadcast.
    summed
        The leading axis of the factors that the product is summed over, if there is one.
    """
    rank = max(a.ndim, b.ndim)
    a, b = (x[(None,) * (rank - x.ndim)] for x in (a, b))
    whole = y if summed is None else np.expand_dims(y, summed)
    rows, columns, inner = [rank - 2], [rank - 1], [rank - 1]
    for axis in reversed(range(rank - 2)):
        n, m = a.shape[axis], b.shape[axis]
        if axis == summed:
            inner.insert(0, axis)
        elif m == 1:
            rows.insert(0, axis)
        elif n == 1:
            columns.insert(0, axis)
        else:
            return _one_by_one(a, b, y, summed)
    inner_of_b = [axis if axis == summed else rank - 2 for axis in inner]
    flat = (
        flattened(a, rows, inner),
        flattened(b, inner_of_b, columns),
        flattened(whole, rows, columns),
    )
    if any(x is None for x in flat):
        return _one_by_one(a, b, y, summed)
    return [(np.matmul, flat)]


def sum_calls(x: Array, y: Array, axes: Sequence[int]) -> list[Any] | None:
    """The calls that write the sum of `x` over some axes into `y`, if it is a product with ones.

    BLAS adds up the rows of a matrix several times as fast as NumPy does. A sum of everything is
    left to NumPy, which adds in pairs and is more accurate.

    Parameters
    ----------
    x, y
        The axes of `y` are those of `x`; what is summed over has length 1 there, or is gone.
    axes
        None of them negative.
    """
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    matrix = flattened(x, kept, axes)
    if matrix is not None and matrix.strides[1] == x.itemsize and matrix.shape[1] > LONG:
        return None  # along a row NumPy adds in pairs, which is more accurate
    total = flattened(y.reshape([1 if i in axes else n for i, n in enumerate(x.shape)]), kept, axes)
    if x.dtype.char not in "fd" or matrix is None or total is None or y.size == 1:
        return None
    return [(np.matmul, (matrix, np.ones((matrix.shape[1], 1), x.dtype), total))]


def flattened(x: Array, *groups: Sequence[int]) -> Array | None:
    """View groups of axes as one axis each; the other axes have length 1. None if it can't be."""
    shape, strides = [], []
    for axes in groups:
        size, stride = 1, 0
        for axis in reversed(axes):
            n = x.shape[axis]
            if n == 1:
                continue
            if size > 1 and x.strides[axis] != size * stride:
                return None
            stride = stride if size > 1 else x.strides[axis]
            size *= n
        shape.append(size)
        strides.append(stride)
    # An axis of length 1 has no stride of its own; BLAS wants one that could be.
    for i in (0, 1):
        if shape[i] == 1:
            strides[i] = max(shape[1 - i] * strides[1 - i], x.itemsize)
    if x.itemsize not in strides:
        return None
    return as_strided(x, shape, strides)


def _one_by_one(a: Array, b: Array, y: Array, summed: int | None) -> list[Any]:
    if summed is None:
        return [(np.matmul, (a, b, y))]
    return [(partial(_summed, summed), (a, b, y))]


def _summed(axis: int, a: Array, b: Array, y: Array) -> None:
    np.add.reduce(np.matmul(a, b), axis=axis, out=y)
