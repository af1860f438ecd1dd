"""Calls of the functions that take matrices apart."""

import numpy as np

from tests.minigrad.operations.calls import S, U, V, X, Z, call

EMPTY = np.zeros((0, 3))

CALLS = {
    np.diagonal: [
        *(call(S), call(X, 1), call(X, -1), call(X, offset=5), call(X, -4)),
        *(call(Z, 0, 0, 2), call(Z, 1, axis1=-1, axis2=1), call(EMPTY)),
    ],
    np.linalg.diagonal: [call(Z), call(Z, offset=-1)],
    np.trace: [call(S), call(X, 1), call(Z, 0, 1, 2), call(Z, -1)],
    np.linalg.trace: [call(Z), call(X, offset=1)],
    np.diag: [call(V), call(V, 2), call(V, k=-1), call(S), call(X, 1)],
    np.diagflat: [call(X), call(U, -2)],
    np.tril: [call(S), call(Z, 1), call(X, k=-1), call(V)],
    np.triu: [call(S), call(Z, 1), call(X, k=-1), call(V)],
    np.vander: [call(V), call(V, 3), call(V, 5, increasing=True), call(V, 0), call(V[:0])],
    np.linalg.matrix_transpose: [call(X), call(Z)],
}
