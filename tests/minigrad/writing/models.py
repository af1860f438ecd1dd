"""Models of other kinds than those of the docs, to be derived."""

from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad as mg


def _leaves(seed: int = 0) -> Callable[..., mg.Tensor]:
    rng = np.random.default_rng(seed)

    def leaf(name: str, *shape: int, requires_grad: bool = True) -> mg.Tensor:
        return mg.tensor(rng.normal(size=shape), requires_grad=requires_grad, name=name)

    return leaf


def convolution() -> mg.GradientFlow:
    """In one dimension, by slices that are stacked."""
    leaf = _leaves()
    x, w, b = leaf("x", 10), leaf("w", 3), leaf("b")
    z = mg.stack([(w * x[i : i + 3]).sum() + b for i in range(8)]).named("z")
    return mg.gradient_flow((mg.relu(z).named("r") ** 2).sum().named("J"))


def gaussian() -> mg.GradientFlow:
    """The negative logarithm of a likelihood, with a mean and a spread that depend on X."""
    leaf = _leaves()
    X, w, v = leaf("X", 6, 3, requires_grad=False), leaf("w", 3, 1), leaf("v", 3, 1)
    y, mu, s = leaf("y", 6, 1, requires_grad=False), (X @ w).named("mu"), (X @ v).named("s")
    return mg.gradient_flow(mg.sum(s + ((y - mu) / mg.exp(s)) ** 2 / 2).named("J"))


def attention_along_columns() -> mg.GradientFlow:
    leaf = _leaves()
    X, Y = leaf("X", 5, 6), leaf("Y", 3, 6, requires_grad=False)
    Q, K, V = ((leaf(f"W_{k}", n, 5) @ X).named(k) for k, n in (("Q", 4), ("K", 4), ("V", 3)))
    P = mg.softmax((K.T @ Q / 2).named("S"), axis=0).named("P")
    return mg.gradient_flow((((V @ P).named("O") - Y) ** 2).sum().named("J"))


def stacked_lstm(T: int = 3) -> mg.GradientFlow:
    """Two layers, named by their scopes."""
    leaf = _leaves()
    layers: dict[str, dict[str, Any]] = {}
    for layer, n in (("layer1", 2), ("layer2", 3)):
        with mg.scope(layer):
            layers[layer] = {f"W_{k}": leaf(f"W_{k}", n + 3, 3) for k in "fuoc"}
            layers[layer] |= {f"b_{k}": leaf(f"b_{k}", 3, 1) for k in "fuoc"}
            with mg.step(0):
                layers[layer] |= {"a": leaf("a", 3, 4), "c": leaf("c", 3, 4)}
    losses = []
    for t in range(1, T + 1):
        with mg.step(t):
            v, y = leaf("x", 2, 4, requires_grad=False), leaf("y", 3, 4, requires_grad=False)
            for layer, p in layers.items():
                with mg.scope(layer):
                    v = _lstm_layer(p, v)
            losses.append(((v - y) ** 2).sum().named("L"))
    return mg.gradient_flow(sum(losses).named("J"))  # type: ignore[union-attr]


def _lstm_layer(p: dict[str, Any], x: mg.Tensor) -> Any:
    v = mg.concatenate([p["a"], x]).named("v")
    z = {k: (p[f"W_{k}"].T @ v + p[f"b_{k}"]).named(f"z_{k}") for k in "fuoc"}
    f, u, o = (mg.sigmoid(z[k]).named(f"Gamma_{k}") for k in "fuo")
    p["c"] = (u * mg.tanh(z["c"]).named("c_tilde") + f * p["c"]).named("c")
    p["a"] = (o * mg.tanh(p["c"])).named("a")
    return p["a"]


def cross_entropy(labels: str) -> mg.GradientFlow:
    leaf = _leaves()
    z = (leaf("W", 3, 4).T @ leaf("x", 3, 2, requires_grad=False) + leaf("b", 4, 1)).named("z")
    given = {"classes": np.array([1, 2]), "weights": np.arange(8.0).reshape(4, 2)}
    y = mg.tensor(given[labels], name="y")
    return mg.gradient_flow(mg.softmax_cross_entropy(z, y).sum().named("J"))


def heads() -> mg.GradientFlow:
    """Attention with two heads as one product of four axes, examples in rows."""
    leaf = _leaves()
    X, W_O = leaf("X", 2, 5, 8), leaf("W_O", 8, 8)

    def split(name: str) -> mg.Tensor:
        product = X @ leaf(f"W_{name}", 8, 8)
        return product.reshape((2, 5, 2, 4)).transpose(0, 2, 1, 3).named(name)

    Q, K, V = map(split, "QKV")
    P = mg.softmax((Q @ K.mT / 2).named("S"), axis=-1).named("P")
    C = (P @ V).transpose(0, 2, 1, 3).reshape((2, 5, 8)).named("C")
    return mg.gradient_flow(((C @ W_O).named("R") ** 2).sum().named("J"))


def likelihood(rows: bool) -> mg.GradientFlow:
    """The log-likelihood of labels, one of each row or column, which some classes are picked by."""
    rng = np.random.default_rng(0)
    X = mg.tensor(rng.normal(size=(5, 3) if rows else (3, 5)), requires_grad=True, name="X")
    W = mg.tensor(rng.normal(size=(3, 4) if rows else (4, 3)), requires_grad=True, name="W")
    y, k = (mg.tensor(rng.integers(0, 4, 5), name=name) for name in "yk")
    L = mg.log_softmax(X @ W if rows else W @ X, axis=int(rows)).named("L")
    n = np.arange(5)
    picked = [L[n, i] if rows else L[i, n] for i in (y, k)]
    return mg.gradient_flow((-(picked[0].sum() + (picked[1] ** 2).sum())).named("J"))


MODELS = {
    "heads": heads,
    "convolution": convolution,
    "gaussian": gaussian,
    "attention along columns": attention_along_columns,
    "stacked lstm": stacked_lstm,
    "labels as classes": lambda: cross_entropy("classes"),
    "labels as weights": lambda: cross_entropy("weights"),
    "likelihood in rows": lambda: likelihood(rows=True),
    "likelihood in columns": lambda: likelihood(rows=False),
}
