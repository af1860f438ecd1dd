"""Models that are not LSTMs, to compile, and what compares a plan with the eager engine."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

import lstm
import minigrad as mg

Model = tuple[Callable[..., Any], tuple[Any, ...]]


def mlp(rng: np.random.Generator, n: int, batch: int, dtype: Any) -> Model:
    """Three layers, the batch in rows, class numbers as labels."""
    sizes = [n, n + 1, n + 2, 3]
    params = [
        {"W": rng.normal(size=(a, b)).astype(dtype), "b": rng.normal(size=b).astype(dtype)}
        for a, b in pairwise(sizes)
    ]

    def loss(params: Any, x: Any, labels: Any) -> Any:
        for layer in params[:-1]:
            x = mg.relu(x @ layer["W"] + layer["b"])
        z = x @ params[-1]["W"] + params[-1]["b"]
        return mg.softmax_cross_entropy(z, labels, axis=-1).mean()

    return loss, (params, rng.normal(size=(batch, n)).astype(dtype), rng.integers(0, 3, batch))


def gru(rng: np.random.Generator, n: int, batch: int, dtype: Any) -> Model:
    """A gated recurrent unit over five steps, the batch in rows, nothing named."""
    shapes = {f"{kind}{gate}": (n, n) for kind in "WU" for gate in "zrh"}
    params = {k: rng.normal(size=s).astype(dtype) / 2 for k, s in shapes.items()}

    def loss(p: Any, x: Any) -> Any:
        h = np.zeros((batch, n), dtype)
        total = 0.0
        for t in range(len(x)):
            z = mg.sigmoid(x[t] @ p["Wz"] + h @ p["Uz"])
            r = mg.sigmoid(x[t] @ p["Wr"] + h @ p["Ur"])
            new = mg.tanh(x[t] @ p["Wh"] + (r * h) @ p["Uh"])
            h = z * h + (1 - z) * new
            total = total + (h * h).sum()
        return total

    return loss, (params, rng.normal(size=(5, batch, n)).astype(dtype))


def attention(rng: np.random.Generator, n: int, batch: int, dtype: Any) -> Model:
    """Two heads of attention over `n + 1` places, with all products stacked."""
    shapes = {"Q": (2, n, 3), "K": (2, n, 3), "V": (2, n, 3), "O": (6, n)}
    params = {k: rng.normal(size=s).astype(dtype) / 2 for k, s in shapes.items()}

    def loss(p: Any, x: Any) -> Any:
        heads = x[:, None]
        q, k, v = heads @ p["Q"], heads @ p["K"], heads @ p["V"]
        weights = mg.softmax(q @ k.mT / 2, axis=-1)
        joined = (weights @ v).transpose(0, 2, 1, 3).reshape(batch, n + 1, 6)
        return mg.logsumexp(joined @ p["O"], axis=-1).sum()

    return loss, (params, rng.normal(size=(batch, n + 1, n)).astype(dtype))


def seed_lstm(rng: np.random.Generator, n: int, batch: int, dtype: Any) -> Model:
    """The seed's LSTM, as it stands."""
    T, n_y = 4, 3
    x = rng.normal(size=(T, n, batch)).astype(dtype)
    y = np.eye(n_y, dtype=dtype)[rng.integers(0, n_y, (T, batch))].transpose(0, 2, 1)
    return lstm.loss, (lstm.init_params(n, n + 1, n_y, dtype=dtype), x, y)


def residual(rng: np.random.Generator, n: int, batch: int, dtype: Any) -> Model:
    """Three blocks with layer norm, a gate and a way around, the weights shared by all."""
    shapes = {"gain": (n,), "bias": (n,), "W": (n, 2 * n), "V": (2 * n, n)}
    params = {k: rng.normal(size=s).astype(dtype) / 2 for k, s in shapes.items()}

    def loss(p: Any, x: Any) -> Any:
        for _ in range(3):
            centred = x - x.mean(axis=-1, keepdims=True)
            variance = (centred * centred).mean(axis=-1, keepdims=True)
            normal = centred / mg.sqrt(variance + 0.1) * p["gain"] + p["bias"]
            hidden = normal @ p["W"]
            x = x + (hidden * mg.sigmoid(1.7 * hidden)) @ p["V"]
        return mg.logsumexp(x, axis=-1).mean() - mg.clip(x, -1.0, 1.0).sum()

    return loss, (params, rng.normal(size=(batch, n)).astype(dtype))


def two_directions(rng: np.random.Generator, n: int, batch: int, dtype: Any) -> Model:
    """A recurrent network read from both ends, of two loops that need nothing of each other."""
    params = {k: rng.normal(size=(n, n)).astype(dtype) / 2 for k in ("W", "U", "V", "R")}

    def loss(p: Any, x: Any) -> Any:
        def states(inputs: Any, W: Any, U: Any) -> list[Any]:
            a, found = np.zeros((n, batch), dtype), []
            for x_t in inputs:
                a = mg.tanh(W @ a + U @ x_t)
                found.append(a)
            return found

        forth = states(list(x), p["W"], p["U"])
        back = states(list(x)[::-1], p["V"], p["R"])[::-1]
        return (mg.stack(forth) * mg.stack(back)).sum() / len(x)

    return loss, (params, rng.normal(size=(4, n, batch)).astype(dtype))


MODELS = (mlp, gru, attention, seed_lstm, residual, two_directions)


def flat(tree: Any) -> list[Any]:
    """The arrays of a nest, in order."""
    if isinstance(tree, dict):
        return [x for value in tree.values() for x in flat(value)]
    if isinstance(tree, list | tuple):
        return [x for value in tree for x in flat(value)]
    return [tree]


def assert_equal_up_to_rounding(got: Any, expected: Any, ulps: float = 64) -> None:
    """Compare nests of arrays; differences are counted in units of the largest entry."""
    got, expected = flat(got), flat(expected)
    assert len(got) == len(expected)
    for a, b in zip(got, expected, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind in "biu":
            np.testing.assert_array_equal(a, b)
        elif a.size:
            scale = max(np.abs(b).max(), np.finfo(b.dtype).tiny)
            assert np.abs(a - b).max() <= ulps * np.finfo(b.dtype).eps * scale
