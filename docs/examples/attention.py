"""Scaled dot-product attention of one head, and its derivation by hand.

X has a row for each of m positions; J is half the squared distance from a target. Gradient layout.
"""

import numpy as np

import minigrad as mg
from minigrad import adjoint, value


def flow(m=6, d=5, d_k=4, d_v=3, seed=0, dtype=float):
    """The model as a program, and its gradient flow at random values."""
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    X = leaf("X", m, d)
    W_Q, W_K, W_V = leaf("W_Q", d, d_k), leaf("W_K", d, d_k), leaf("W_V", d, d_v)
    Y = mg.tensor(rng.normal(size=(m, d_v)), name="Y", dtype=dtype)

    Q, K, V = X @ W_Q, X @ W_K, X @ W_V
    S = Q @ K.T / d_k**0.5
    P = mg.softmax(S, axis=1)
    O = P @ V  # noqa: E741, the usual name of the output
    J = ((O - Y) ** 2).sum() / 2
    mg.name_tensors(locals())
    return mg.gradient_flow(J)


derivation = mg.Derivation("Scaled dot-product attention", layout="gradient")
line = derivation.line


@line("1", adjoint("O"))
def _(O=value("O"), Y=value("Y")):  # noqa: E741
    return O - Y


@line("2", adjoint("V"))
def _(dO=adjoint("O"), P=value("P")):
    return P.T @ dO


@line("3", adjoint("P"))
def _(dO=adjoint("O"), V=value("V")):
    return dO @ V.T


@line("4", adjoint("S"))
def _(dP=adjoint("P"), P=value("P")):
    return P * (dP - np.sum(dP * P, axis=1, keepdims=True))


@line("5", adjoint("Q"))
def _(dS=adjoint("S"), K=value("K")):
    return dS @ K / np.sqrt(K.shape[1])


@line("6", adjoint("K"))
def _(dS=adjoint("S"), Q=value("Q")):
    return dS.T @ Q / np.sqrt(Q.shape[1])


@line("7", adjoint("W_Q"))
def _(dQ=adjoint("Q"), X=value("X")):
    return X.T @ dQ


@line("8", adjoint("W_K"))
def _(dK=adjoint("K"), X=value("X")):
    return X.T @ dK


@line("9", adjoint("W_V"))
def _(dV=adjoint("V"), X=value("X")):
    return X.T @ dV


@line("10", adjoint("X"))
def _(
    dQ=adjoint("Q"),
    W_Q=value("W_Q"),
    dK=adjoint("K"),
    W_K=value("W_K"),
    dV=adjoint("V"),
    W_V=value("W_V"),
):
    return dQ @ W_Q.T + dK @ W_K.T + dV @ W_V.T
