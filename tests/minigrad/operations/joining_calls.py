"""Calls of the functions that join, take apart and choose."""

from typing import Any

import numpy as np

from tests.minigrad.operations.calls import C, U, V, X, Y, Z, call

A, B = X[:, :2], Y[:, :2]


def _pieces(x: Any) -> Any:
    return np.piecewise(x, [x < 0, x >= 1], [lambda x: -(x**3), lambda x: x**2, 0.5])


def _pieces_of_one(x: Any) -> Any:
    return np.piecewise(x, x > 0.5, [lambda x: x * x, lambda x: 3 * x])


CALLS = {
    np.vstack: [call([X, Y]), call((V, U)), call([X, V[:3]])],
    np.hstack: [call([X, Y]), call((V, C))],
    np.dstack: [call([X, Y]), call((V, U))],
    np.column_stack: [call((V, U)), call([X, X[:, 0]])],
    np.append: [call(V, 3.0), call(X, Y), call(X, Y, axis=0)],
    np.insert: [
        *(call(V, 1, 9.0), call(V, [1, 3], U[:2]), call(V, [3, 1], U[:2]), call(X, 1, 2.0)),
        *(call(X, 1, Y[:, 0], axis=1), call(X, [0, 2], Y[:, :2], axis=1), call(X, 0, V[:3], 0)),
        *(call(V, -1, C), call(V, slice(1, 3), U[:2])),
    ],
    np.block: [call([[A, B], [B, A]]), call([V, C]), call([[X], [V[:3]]]), call(X)],
    np.split: [call(V, 2), call(X, [1, 2], axis=1), call(V, [1, 1, 6])],
    np.array_split: [call(V, 3), call(X, 2, 1), call(X, [2], axis=-1)],
    np.vsplit: [call(X, 2)],
    np.hsplit: [call(X, 3), call(V, [1])],
    np.dsplit: [call(Z, 2)],
    np.select: [call([X > 1, X > 0], [X**2, Y]), call([X > 0], [Y], C)],
    np.choose: [
        call(np.array([0, 1, 1, 0]), [V, U]),
        call(np.array([3, -1, 0, 1]), (V, U), mode="wrap"),
        call(np.array([3, -1, 0, 1]), (V, U), mode="clip"),
    ],
    _pieces: [call(V), call(X)],
    _pieces_of_one: [call(V)],
    np.full_like: [call(X, C), call(X, V[:3])],
    np.where: [call(X > 0, X, Y)],
}
