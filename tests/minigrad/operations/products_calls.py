"""Calls of products, beginning with all the ways in which `np.einsum` is written."""

import numpy as np

from tests.minigrad.operations.calls import C, S, U, V, X, Y, Z, call

LARGE = np.linspace(-1, 1, 18).reshape(2, 3, 3)
PLANE = np.array([[0.3, 1.2], [0.7, -0.4]])
ROW, COLUMN = X[:1], X[:, :1]

CALLS = {
    np.einsum: [
        *(call("ij,kj->ik", X, Y), call("ij,jk", X, S), call("ji,jk", X, Y)),
        *(call("ii", S), call("ii->i", S), call("ij->ji", X), call("ij->j", X), call("ij->", X)),
        *(call("i,i", V, U), call("i,j->ji", V, U), call(" i j , i j -> i ", X, Y)),
        *(call("...j,jk->...k", Z, np.outer(V, U)), call("...i,...i", Z, V), call("...", X)),
        *(call("i...->...", Z), call("...ij->...ji", Z), call("ij...,jk...->ik...", X, S)),
        *(
            call("ij,jk,kl->il", X, S, S),
            call("ij,ij,j->i", X, Y, X[0]),
            call("iij,j", LARGE.T, U[:2]),
        ),
        *(
            call("bii->b", np.stack([S, S])),
            call("ijj,jk->ik", LARGE, S),
            call("i,i,i->i", V, U, V),
        ),
        *(call("iii->i", np.stack([S, S, S])), call("aab,b->a", np.stack([S, S, S]), X[0])),
        *(
            call(X, [0, 1], S, [1, 2]),
            call(X, [0, 1], S, [1, 2], [2, 0]),
            call(Z, [..., 1], [1, ...]),
        ),
        *(call("ij,jk->ik", X, S, optimize=True), call("ij,jk,kl", X, S, S, optimize="greedy")),
        *(call(",ij->ij", C, X), call("ij,ij->ij", X, ROW), call("ij,jk->ik", COLUMN, S)),
        *(
            call("ij,jk->ik", X, np.ones((3, 3), "int8")),
            call("ij,k->i", X, V),
            call("ij,jk->", X, S),
        ),
    ],
    np.tensordot: [
        *(call(X, S, 1), call(Z, Z, 3), call(X, Y, 0), call(Z, X, ([0, 1], [0, 1]))),
        *(call(Z, X, axes=(1, 1)), call(V, U, 1), call(Z, Z, ((-1, 0), (2, 0)))),
    ],
    np.linalg.tensordot: [call(X, S, axes=1), call(Z, X, axes=([0, 1], [0, 1]))],
    np.dot: [call(X, S), call(X, np.stack([S, S])), call(Z, V), call(V, Z.mT), call(C, X)],
    np.inner: [call(X, Y), call(V, U), call(Z, V), call(C, X), call(X, 2.0)],
    np.vdot: [call(X, Y), call(V, U), call(C, C)],
    np.kron: [call(X, S), call(V, X), call(Z, V), call(C, X), call(X, np.eye(2, dtype="int8"))],
    np.cross: [
        *(call(X, Y), call(S, X[0]), call(S, S.T, 0, 0, 0), call(S, S.T, axisa=0, axisb=1)),
        *(call(S, S.T, axis=0), call(X, np.array([1, 2, 3], "int8"))),
    ],
    np.linalg.cross: [call(X, Y), call(S, S.T, axis=0)],
    np.vecdot: [call(X, Y), call(Z, V), call(Z, Z[:, ::-1], axis=-2), call(X, Y, keepdims=True)],
    np.linalg.vecdot: [call(X, Y), call(S, S.T, axis=0)],
    np.linalg.matmul: [call(X, S), call(Z, Z.mT)],
    np.linalg.outer: [call(V, U)],
    np.linalg.multi_dot: [call([X, S, S, Y.T]), call([V[:3], S, S]), call([X, X.T, X, X[0]])],
    np.linalg.matrix_power: [*(call(S, n) for n in (1, 2, 3, 5)), call(np.stack([S, S.T]), 2)],
}
if hasattr(np, "matvec"):  # since NumPy 2.2
    CALLS |= {
        np.matvec: [call(X, S[0]), call(Z, V), call(Z, Z[:, 0])],
        np.vecmat: [call(S[0], S), call(U[:3], Z)],
    }
