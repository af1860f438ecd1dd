"""Rows and columns: printed formulas, read as the head of a derivation says, are the gradients."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.derivatives import gradient
from tests.minigrad.notation.by_eye import evaluate

RNG = np.random.default_rng(0)
SIZES = {
    "X": (4, 3),
    "P": (4, 3),
    "A": (3, 5),
    "W": (5, 3),
    "C": (3, 3),
    "c": (4, 1),
    "u": (5,),
    "v": (3,),
    "b": (3,),
}
VALUES = {name: RNG.uniform(0.5, 1.5, size=shape) for name, shape in SIZES.items()}

# Vectors in products and beside matrices, of X, P, A, W, C and v, b.
MODELS: dict[str, Callable[..., Any]] = {
    "squares of sums": lambda m: (m.X.sum(axis=1) ** 2).sum(),
    "distances": lambda m: ((m.X @ m.W.T + (m.W**2).sum(axis=1)) ** 3).sum(),
    "sum times matrix": lambda m: ((m.X.sum(axis=0) @ m.A) ** 2).sum(),
    "matrix times sum": lambda m: ((m.W @ m.X.sum(axis=0)) ** 2).sum(),
    "sum times its matrix": lambda m: ((m.X.sum(axis=1) @ m.X) ** 2).sum(),
    "product beside matrix": lambda m: ((m.A.T @ m.C + m.C @ m.v) ** 2).sum(),
    "dot beside matrix": lambda m: np.tanh(m.X + m.b @ m.v).sum(),
    "row and column": lambda m: np.tanh(m.X.sum(axis=0) + m.A.sum(axis=1) + m.b).sum(),
    "outer": lambda m: np.tanh(m.X.sum(axis=0).reshape(3, 1) @ m.A.sum(axis=0).reshape(1, 5)).sum(),
    "quadratic form": lambda m: m.X.sum(axis=0) @ m.A @ m.W @ m.v,
    "means of columns": lambda m: ((m.X - m.X.mean(axis=0)) ** 3).sum(),
    "means of rows": lambda m: ((m.X - m.X.mean(axis=1).reshape(4, 1)) ** 3).sum(),
    "scaled by sums": lambda m: (m.X / m.X.sum(axis=1).reshape(4, 1) * m.P).sum(),
    "both ways": lambda m: ((m.C.T @ m.v + m.C @ m.v) ** 2).sum(),
    "cosines": lambda m: (
        m.X @ m.v / (np.sqrt((m.X**2).sum(axis=1)) * np.sqrt((m.v**2).sum()))
    ).sum(),
    "cosines of rows": lambda m: (
        (m.X * m.P).sum(axis=1) / np.sqrt((m.X * m.X).sum(axis=1) * (m.P * m.P).sum(axis=1))
    ).sum(),
    "repeated": lambda m: (np.broadcast_to(m.v, (7, 3)).sum(axis=0) * m.b**2).sum(),
    "bias": lambda m: np.tanh(m.X @ m.C + m.b * m.v).sum(),
    "product of sums": lambda m: (m.b.sum() * (m.X @ m.v).sum()) ** 2,
    "ratio of sums": lambda m: (m.X @ m.v).sum() / (m.v * m.v).sum(),
    "mean of products": lambda m: (m.X @ m.v).mean() ** 2,
    "row added to rows": lambda m: (np.tanh(m.X) + m.u @ (m.W * m.b)).sum() ** 2,
    "outer of means": lambda m: (
        ((m.C @ m.v).reshape(3, 1) @ m.W.mean(axis=1).reshape(1, 5)).sum() ** 2
    ),
    "centred twice": lambda m: ((m.X - m.X.sum(axis=1, keepdims=True)) @ m.C).sum() ** 2,
    "means of means": lambda m: (
        ((m.X.mean(axis=0) @ m.A).mean() * m.W.mean(axis=0) * m.v).sum() ** 2
    ),
    "column as row": lambda m: ((m.X @ m.P.T + np.reshape(m.c, (1, 4))) ** 2).sum(),
    "column as row in product": lambda m: ((np.reshape(m.c, (1, 4)) @ m.X) ** 2).sum(),
    "row and column without a matrix": lambda m: (
        np.tanh(m.X.sum(axis=1, keepdims=True) + m.b) * m.v
    ).sum(),
    "centred rows": lambda m: ((m.X - m.X.sum(axis=1, keepdims=True)) * m.v).sum() ** 2,
    "fraction of rows": lambda m: (m.X**2 / np.exp(2 * m.v)).sum(),
    "square sizes": lambda m: (m.C + m.v.reshape(3, 1)).sum(axis=0) @ m.b,
    "scalar product times vector": lambda m: (np.tanh(m.v) * (m.b @ m.v)).sum(),
    "log of sums": lambda m: (m.P.T * np.log((m.X * m.v).sum(axis=1))).sum(),
}


@pytest.mark.parametrize("layout", ["gradient", "numerator"])
@pytest.mark.parametrize("name", MODELS)
def test_formulas_are_the_gradients_as_they_are_read(name: str, layout: str) -> None:
    def J(xs: Sequence[Any]) -> Any:
        return MODELS[name](SimpleNamespace(**dict(zip(VALUES, xs, strict=True))))

    gradients = dict(zip(VALUES, gradient(J, [*VALUES.values()]), strict=True))
    tensors = [mg.tensor(x, requires_grad=True, name=name) for name, x in VALUES.items()]
    loss = J(tensors).named("J")
    values = {**VALUES, "J": loss.data}
    lines = mg.derive(mg.gradient_flow(loss), layout=layout).lines
    for line in lines:
        left, right = str(line).split("  ", 1)[1].split(" = ", 1)
        expected = gradients[left.removeprefix("∂J/∂")]
        expected = expected.T if layout == "numerator" else expected
        got = evaluate(right.rpartition(" = ")[2] or right, values)
        got = got.ravel() if expected.ndim == 1 else got
        np.testing.assert_allclose(np.broadcast_to(got, expected.shape), expected, atol=1e-12)
    assert lines
