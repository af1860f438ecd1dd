"""Calls of inverses, determinants and what is made of them."""

import numpy as np

from tests.minigrad.operations.calls import P, S, X, Y, call

STACK = np.stack([S, P, S.T])
WEIGHTS = np.linspace(-1, 2, 12).reshape(2, 3, 2)
BLOCKS = np.stack([np.eye(6) + np.outer(S.ravel()[:6], P.ravel()[:6]) / 4]).reshape(2, 3, 3, 2)

CALLS = {
    np.linalg.inv: [call(S), call(STACK)],
    np.linalg.solve: [
        *(call(S, X.T), call(S, X[0]), call(STACK, X.T), call(STACK, X[0]), call(S, STACK)),
    ],
    np.linalg.det: [call(S), call(-S), call(STACK)],
    np.linalg.slogdet: [call(S), call(-S), call(STACK)],
    np.linalg.pinv: [
        *(call(S, kinked=True), call(X, kinked=True), call(X.T, kinked=True)),
        *(call(np.stack([X, Y]), rcond=1e-12, kinked=True), call(X, rtol=1e-6, kinked=True)),
    ],
    np.linalg.lstsq: [
        *(call(X.T, S[0], kinked=True), call(X.T, S, kinked=True), call(X, X[:, 0], kinked=True)),
        call(S, X.T, rcond=None, kinked=True),
    ],
    np.linalg.tensorsolve: [call(BLOCKS, X), call(BLOCKS.transpose(0, 2, 1, 3), X, axes=(1,))],
    np.linalg.tensorinv: [call(BLOCKS), call(BLOCKS.reshape(6, 3, 2), 1)],
}
