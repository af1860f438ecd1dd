"""Calls of functions that take a matrix for a product."""

import numpy as np

from tests.minigrad.operations.calls import P, S, X, Y, call

D = np.array([[1.4, 0.2, -0.3], [0.2, 3.0, 0.5], [-0.3, 0.5, 2.1]])
STACK, WIDE = np.stack([P, D]), np.stack([X, Y])

CALLS = {
    np.linalg.cholesky: [call(P), call(STACK), call(P, upper=True), call(S @ S.T)],
    np.linalg.qr: [
        *(call(S), call(X.T), call(X), call(np.stack([S, S.T])), call(X.T, "r"), call(X, mode="r")),
        *(call(S, "complete"), call(X, "complete")),
    ],
    np.linalg.eigh: [
        *(call(P, kinked=True), call(STACK, kinked=True), call(S @ S.T, kinked=True)),
        call(P, UPLO="L", kinked=True),
    ],
    np.linalg.eigvalsh: [call(P, kinked=True), call(STACK, "U", kinked=True)],
    np.linalg.svd: [
        *(call(S, kinked=True), call(X, True, False, kinked=True)),
        *(call(x, full_matrices=False, kinked=True) for x in (X, X.T, S, WIDE)),
        call(X, compute_uv=False, kinked=True),
    ],
    np.linalg.svdvals: [call(X, kinked=True), call(WIDE, kinked=True)],
}
