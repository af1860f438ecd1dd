"""Norms, of vectors and of matrices; where one has a kink, at 0, its gradient is 0."""

import math
from typing import Any

import numpy as np

from minigrad.axes import axes_of
from minigrad.leaf import operand
from minigrad.protocol import WITHOUT_GRADIENT, stands_in_for
from minigrad.tensor import value_known


def _root(s: Any, degree: float = 2) -> Any:
    """The root of a sum; 0 where nothing was added up, with slope 0."""
    is_zero = s == 0
    s = np.where(is_zero, 1, s)
    return np.where(is_zero, 0, np.sqrt(s) if degree == 2 else s ** (1 / degree))


def _of_vectors(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    if order in (None, 2):
        return _root(np.sum(x * x, axis=axes, keepdims=keepdims))
    size = np.abs(x)
    if order == math.inf:
        return np.max(size, axis=axes, keepdims=keepdims)
    if order == -math.inf:
        return np.min(size, axis=axes, keepdims=keepdims)
    if order == 0:
        return np.sum((x != 0).astype(x.dtype), axis=axes, keepdims=keepdims)
    if order == 1:
        return np.sum(size, axis=axes, keepdims=keepdims)
    if isinstance(order, str):
        raise ValueError(
            f"np.linalg.norm: expected a number as the order for vectors, got {order!r}"
        )
    return _root(np.sum(size**order, axis=axes, keepdims=keepdims), order)


def _of_matrices(x: Any, order: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    row, column = axes
    if row == column:
        raise ValueError(f"np.linalg.norm: expected two axes, got {axes}")
    if order in (None, "fro"):
        return _of_vectors(x, 2, axes, keepdims)
    if order in ("nuc", 2, -2):
        values = np.linalg.svdvals(np.moveaxis(x, axes, (-2, -1)))
        last = (values.ndim - 1,)
        extreme = math.inf if order == 2 else -math.inf
        y = _of_vectors(values, 1 if order == "nuc" else extreme, last, keepdims=False)
        return np.expand_dims(y, axes) if keepdims else y
    if order not in (1, -1, math.inf, -math.inf):
        raise ValueError(f"np.linalg.norm: no matrix has a norm of order {order!r}")
    along, across = (row, column) if abs(order) == 1 else (column, row)
    sums = np.sum(np.abs(x), axis=along, keepdims=True)
    y = _of_vectors(sums, math.copysign(math.inf, order), (across,), keepdims=True)
    return y if keepdims else np.squeeze(y, axes)


@stands_in_for(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    x = operand(x, "np.linalg.norm")
    axes = axes_of(axis, x.ndim)
    if len(axes) == 1 or (axis is None and ord is None):
        return _of_vectors(x, ord, axes, keepdims)
    if len(axes) == 2:
        return _of_matrices(x, ord, axes, keepdims)
    raise ValueError(f"np.linalg.norm: expected one or two axes, got shape {x.shape}, axis={axis}")


@stands_in_for(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return _of_vectors(x, ord, axes_of(axis, x.ndim), keepdims)


@stands_in_for(np.linalg.matrix_norm)
def matrix_norm(x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _of_matrices(x, ord, axes_of((-2, -1), x.ndim), keepdims)


@stands_in_for(np.linalg.cond)
def cond(x: Any, p: Any = None) -> Any:
    if p in (None, 2, -2):
        values = np.linalg.svdvals(x)
        first, last = (-1, 0) if p == -2 else (0, -1)
        return values[..., first] / values[..., last]
    return matrix_norm(x, ord=p) * matrix_norm(np.linalg.inv(x), ord=p)


@stands_in_for(np.linalg.matrix_rank)
def matrix_rank(A: Any, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    return np.linalg.matrix_rank(value_known(A), tol, hermitian, rtol=rtol)


WITHOUT_GRADIENT.add(np.linalg.matrix_rank)
