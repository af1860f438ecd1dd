"""Transposes: as few as a person writes, in either layout, and the same number."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.notation.expression import (
    Expression,
    Symbol,
    evaluate,
    subexpressions,
)
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Text
from minigrad.notation.reader import Reader
from minigrad.notation.simplify import simplified
from minigrad.operations.elementwise import greater
from minigrad.writing.layout import laid_out

RNG = np.random.default_rng(0)
SHAPES = {"A": (3, 3), "B": (3, 3), "X": (2, 3, 4), "v": (3,), "g": (3, 3), "G": (2, 3, 4)}
VALUES = {name: RNG.uniform(0.5, 2, size=shape) for name, shape in SHAPES.items()}


def read(f: Any, simplify: Any = simplified) -> Expression:
    """The expression of a function of named tensors, of which g and G are adjoints."""
    tensors = {name: mg.tensor(x, requires_grad=True, name=name) for name, x in VALUES.items()}
    leaves = {
        x: Symbol(name, None, x.shape, "adjoint" if name in "gG" else "value")
        for name, x in tensors.items()
    }
    return Reader(leaves, simplify).read(f(*tensors.values()))  # type: ignore[arg-type]


# In gradient layout and in numerator layout: nothing is torn apart where that only adds transposes.
WRITTEN = [
    (lambda A, B, X, v, g, G: A @ (g * B).T, "A (∂J/∂g ∘ B)ᵀ", "((∂J/∂g)ᵀ ∘ B) Aᵀ"),
    (lambda A, B, X, v, g, G: (g + A).T, "(∂J/∂g + A)ᵀ", "(∂J/∂g)ᵀ + A"),
    (lambda A, B, X, v, g, G: (g.T * A).T, "∂J/∂g ∘ Aᵀ", "∂J/∂g ∘ A"),
    (lambda A, B, X, v, g, G: g * (A * B), "∂J/∂g ∘ A ∘ B", "∂J/∂g ∘ (A ∘ B)ᵀ"),
    (lambda A, B, X, v, g, G: (A.T * B).T, "A ∘ Bᵀ", "Aᵀ ∘ B"),
    (lambda A, B, X, v, g, G: g / A, "∂J/∂g / A", "∂J/∂g / Aᵀ"),
    (lambda A, B, X, v, g, G: A @ g, "A ∂J/∂g", "∂J/∂g Aᵀ"),
    (lambda A, B, X, v, g, G: G @ X.mT, "∂J/∂G Xᵀ", "X ∂J/∂G"),
    (lambda A, B, X, v, g, G: (X.mT @ G).sum(0), "Σ_{axis 0} Xᵀ ∂J/∂G", "Σ_{axis 0} ∂J/∂G X"),
    (lambda A, B, X, v, g, G: g[1:], "(∂J/∂g)[1:]", "(∂J/∂g)[:, 1:]"),
    (lambda A, B, X, v, g, G: G[1], "(∂J/∂G)[1]", "(∂J/∂G)[1]"),
    (lambda A, B, X, v, g, G: G[:, 1], "(∂J/∂G)[:, 1]", "(∂J/∂G)[:, :, 1]ᵀ"),
    (lambda A, B, X, v, g, G: g.sum(1, keepdims=True), "∂J/∂g 𝟏", "𝟏ᵀ ∂J/∂g"),
    (lambda A, B, X, v, g, G: v.reshape(3, 1).T @ g, "vᵀ ∂J/∂g", "∂J/∂g v"),
]


@pytest.mark.parametrize(("f", "gradient", "numerator"), WRITTEN, ids=[w[1] for w in WRITTEN])
def test_is_written_with_few_transposes(f: Any, gradient: str, numerator: str) -> None:
    e = read(f)
    assert Text()(typeset(e)) == gradient
    assert Text()(typeset(laid_out(e, "numerator"))) == numerator


def lookup(s: Symbol) -> Any:
    return VALUES[s.name]


def in_numerator_layout(s: Symbol) -> Any:
    return VALUES[s.name].mT if s.kind == "adjoint" else VALUES[s.name]


@pytest.mark.parametrize(
    "f",
    [
        *(f for f, _, _ in WRITTEN),
        lambda A, B, X, v, g, G: G.transpose(1, 0, 2),
        lambda A, B, X, v, g, G: G.T.transpose(1, 2, 0),
        lambda A, B, X, v, g, G: G.reshape(6, 4),
        lambda A, B, X, v, g, G: np.broadcast_to(G[0], (5, 3, 4)),
        lambda A, B, X, v, g, G: np.broadcast_to(v, (2, 3)),
        lambda A, B, X, v, g, G: (G * X).sum((1, 2), keepdims=True) + X,
        lambda A, B, X, v, g, G: (G * X).mean((0, 1)) + X,
        lambda A, B, X, v, g, G: (G * X).mT[0, ::2, 1:],
        lambda A, B, X, v, g, G: (G * X).T[:, 1],
        lambda A, B, X, v, g, G: np.where(greater(A, B), g.T, (A * g).T).T,
        lambda A, B, X, v, g, G: v.reshape(1, 3).T * g.T,
        lambda A, B, X, v, g, G: g * (A.sum(1, keepdims=True) * B.sum(1, keepdims=True)),
    ],
)
def test_means_the_same_in_either_layout(f: Any) -> None:
    expected = evaluate(read(f, simplify=lambda e: e), lookup)
    e = read(f)
    turned = expected.mT if np.ndim(expected) > 1 else expected
    np.testing.assert_allclose(evaluate(e, lookup), expected, rtol=1e-13)
    numerator = laid_out(e, "numerator")
    np.testing.assert_allclose(evaluate(numerator, in_numerator_layout), turned, rtol=1e-13)
    for x in (e, numerator):
        for part in subexpressions(x):
            lookup_of = lookup if x is e else in_numerator_layout
            assert np.shape(evaluate(part, lookup_of)) == part.shape
