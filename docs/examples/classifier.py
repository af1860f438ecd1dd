"""A two-layer softmax classifier, and its derivation by hand.

A batch of B columns; J is the mean cross-entropy. Gradient layout.
"""

import numpy as np

import minigrad as mg
from minigrad import adjoint, value


def flow(n_x=3, n_h=4, n_y=5, B=6, seed=0, dtype=float):
    """The model as a program, and its gradient flow at random values."""
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    x = leaf("x", n_x, B)
    W_1, b_1 = leaf("W_1", n_x, n_h), leaf("b_1", n_h, 1)
    W_2, b_2 = leaf("W_2", n_h, n_y), leaf("b_2", n_y, 1)
    y = mg.tensor(rng.uniform(0.2, 1, size=(n_y, B)), name="y", dtype=dtype)

    z_1 = W_1.T @ x + b_1
    h = mg.tanh(z_1)
    z_2 = W_2.T @ h + b_2
    y_hat = mg.softmax(z_2)
    J = -(y * mg.log(y_hat)).sum() / B
    mg.name_tensors(locals())
    return mg.gradient_flow(J)


derivation = mg.Derivation("A two-layer classifier", layout="gradient")
line = derivation.line


@line("1", adjoint("y_hat"))
def _(y=value("y"), y_hat=value("y_hat")):
    return -y / y_hat / y.shape[1]


@line("2", adjoint("z_2"))
def _(dy_hat=adjoint("y_hat"), y_hat=value("y_hat")):
    return y_hat * (dy_hat - (dy_hat * y_hat).sum(axis=0, keepdims=True))


@line("3", adjoint("W_2"))
def _(dz_2=adjoint("z_2"), h=value("h")):
    return h @ dz_2.T


@line("4", adjoint("b_2"))
def _(dz_2=adjoint("z_2")):
    return dz_2.sum(axis=1, keepdims=True)


@line("5", adjoint("h"))
def _(dz_2=adjoint("z_2"), W_2=value("W_2")):
    return W_2 @ dz_2


@line("6", adjoint("z_1"))
def _(dh=adjoint("h"), h=value("h")):
    return dh * (1 - h**2)


@line("7", adjoint("W_1"))
def _(dz_1=adjoint("z_1"), x=value("x")):
    return x @ dz_1.T


@line("8", adjoint("b_1"))
def _(dz_1=adjoint("z_1")):
    return dz_1.sum(axis=1, keepdims=True)


@line("9", adjoint("x"))
def _(dz_1=adjoint("z_1"), W_1=value("W_1")):
    return W_1 @ dz_1
