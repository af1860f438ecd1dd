"""NumPy functions that take matrices apart, or make them, element by element."""

from typing import Any

import numpy as np

from minigrad.axes import axes_of
from minigrad.operations.shape import scatter
from minigrad.protocol import stands_in_for


@stands_in_for(np.diagonal)
def diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    if a.ndim < 2:
        raise ValueError(f"np.diagonal: expected two axes or more, got shape {a.shape}")
    axes = axes_of((axis1, axis2), a.ndim)
    a = a.transpose((*(i for i in range(a.ndim) if i not in axes), *axes))
    *lead, m, n = a.shape
    length = max(min(m + min(offset, 0), n - max(offset, 0)), 0)
    # With rows one after the other, each element of a diagonal is n + 1 places from the last.
    start = offset if offset > 0 else -offset * n
    return a.reshape((*lead, m * n))[..., start : start + length * (n + 1) : n + 1]


@stands_in_for(np.linalg.diagonal)
def diagonal_of_matrices(x: Any, /, *, offset: int = 0) -> Any:
    return diagonal(x, offset, -2, -1)


@stands_in_for(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    return diagonal(a, offset, axis1, axis2).sum(axis=-1)


@stands_in_for(np.linalg.trace)
def trace_of_matrices(x: Any, /, *, offset: int = 0) -> Any:
    return trace(x, offset, -2, -1)


@stands_in_for(np.diag)
def diag(v: Any, k: int = 0) -> Any:
    if v.ndim == 1:
        return diagflat(v, k)
    if v.ndim == 2:
        return diagonal(v, k)
    raise ValueError(f"np.diag: expected a vector or a matrix, got shape {v.shape}")


@stands_in_for(np.diagflat)
def diagflat(v: Any, k: int = 0) -> Any:
    n = v.size + abs(k)
    start = k if k > 0 else -k * n
    places = slice(start, start + v.size * (n + 1), n + 1)
    return scatter(v.reshape(-1), index=places, shape=(n * n,)).reshape((n, n))


def _below(m: Any, k: int) -> Any:
    """Where an element lies on diagonal k or below it."""
    return np.tri(m.shape[-2:][0], m.shape[-1], k, dtype=bool)


@stands_in_for(np.tril)
def tril(m: Any, k: int = 0) -> Any:
    return np.where(_below(m, k), m, 0)


@stands_in_for(np.triu)
def triu(m: Any, k: int = 0) -> Any:
    return np.where(_below(m, k - 1), 0, m)


@stands_in_for(np.vander)
def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    if x.ndim != 1:
        raise ValueError(f"np.vander: expected a vector, got shape {x.shape}")
    powers = range(len(x) if N is None else N)
    if not powers:
        return x.reshape((-1, 1))[:, :0]
    return np.stack([x**i for i in (powers if increasing else powers[::-1])], axis=1)


@stands_in_for(np.linalg.matrix_transpose)
def matrix_transpose(x: Any, /) -> Any:
    return x.mT
