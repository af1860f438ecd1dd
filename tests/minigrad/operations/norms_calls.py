"""Calls of norms, by all the orders that there are."""

import numpy as np

from tests.minigrad.operations.calls import POSITIVE, C, P, S, V, X, Y, call, plain

ORDERS = 1, -1, 2, -2, np.inf, -np.inf
Z = np.stack([X, Y, POSITIVE + 0.5]) + 0.05
KINKED = {"nuc", 2, -2}  # by singular values

CALLS = {
    np.linalg.norm: [
        *(call(x) for x in (V, X, Z, C)),
        *(call(V, order) for order in (*ORDERS, 3, 1.5, -3)),
        *(call(X, order, kinked=order in KINKED) for order in (*ORDERS, "fro", "nuc")),
        *(call(Z, axis=1), call(Z, 3, 0), call(Z, axis=-1, keepdims=True), call(Z, keepdims=True)),
        *(call(Z, axis=(0, 2)), call(Z, 1, (2, 0)), call(Z, np.inf, (1, 2), True)),
        *(call(Z, "nuc", (2, 0), kinked=True), call(Z, 2, (0, 1), True, kinked=True)),
        *(plain(V, 0), plain(Z, 0, 1)),
    ],
    np.linalg.vector_norm: [
        *(
            call(X),
            call(Z, axis=(0, 2)),
            call(Z, axis=1, keepdims=True, ord=3),
            call(X, ord=np.inf),
        ),
        call(X, ord=1),
    ],
    np.linalg.matrix_norm: [
        *(call(X), call(Z, keepdims=True), call(Z, ord=1), call(Z, ord="nuc", kinked=True)),
        call(Z, ord=2, keepdims=True, kinked=True),
    ],
    np.linalg.cond: [
        *(call(S, kinked=True), call(X, kinked=True), call(S, -2, kinked=True), call(P, 1)),
        *(call(S, "fro"), call(np.stack([S, S.T]), kinked=True)),
    ],
    np.linalg.matrix_rank: [plain(X), plain(Z)],
}
