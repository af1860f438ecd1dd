"""A residual block with layer normalisation.

Columns are examples; each is normalised to mean 0 and variance 1. J is half the squared distance
from a target.
"""

import numpy as np

import minigrad as mg


def flow(n=4, n_h=5, B=6, seed=0, dtype=float):
    """The model as a program, and its gradient flow at random values."""
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    x = leaf("x", n, B)
    gamma, beta = leaf("gamma", n, 1), leaf("beta", n, 1)
    W_1, b_1 = leaf("W_1", n, n_h), leaf("b_1", n_h, 1)
    W_2, b_2 = leaf("W_2", n_h, n), leaf("b_2", n, 1)
    y = mg.tensor(rng.normal(size=(n, B)), name="y", dtype=dtype)

    mu = x.mean(axis=0, keepdims=True)
    d = x - mu
    v = (d * d).mean(axis=0, keepdims=True)
    s = mg.sqrt(v + 1e-5)
    x_hat = d / s
    h = gamma * x_hat + beta
    z = W_1.T @ h + b_1
    r = mg.relu(z)
    o = x + W_2.T @ r + b_2
    J = ((o - y) ** 2).sum() / 2
    mg.name_tensors(locals())
    return mg.gradient_flow(J)
