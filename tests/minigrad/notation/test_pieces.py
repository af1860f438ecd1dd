"""Rules of stacks, of pieces and of indices: the same numbers before and after."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.notation.expression import Expression, Symbol, evaluate
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Text
from minigrad.notation.reader import Reader
from minigrad.notation.simplify import simplified
from minigrad.operations.lookup import add_at
from minigrad.operations.shape import scatter
from minigrad.writing.layout import laid_out

RNG = np.random.default_rng(0)
WORDS = np.array([0, 4, 0])
Program = Callable[[Any], Any]


def read(program: Program, *shape: int) -> tuple[Expression, np.ndarray, np.ndarray]:
    """The expression of a function of one adjoint g, the array of g, and the function's value."""
    array = RNG.normal(size=shape)
    g = mg.tensor(array, requires_grad=True, name="g")
    y = program(g)
    reader = Reader({g: Symbol("g", None, shape, "adjoint")}, simplified)
    return reader.read(y), array, y.data


def assert_numerator_layout_is(written: str, program: Program, *shape: int) -> None:
    """The transpose is written so, and is the transpose, computed from that of g."""
    plain, g, y = read(program, *shape)
    e = laid_out(plain, "numerator")
    assert Text()(e) == written
    g = g.mT if len(shape) > 1 else g
    found = evaluate(e, lambda s: WORDS if s.kind == "constant" else g)
    np.testing.assert_array_equal(found, y.mT if y.ndim > 1 else y, strict=True)


G = "∂J/∂g"


@pytest.mark.parametrize(
    ("written", "index", "shape"),
    [
        (f"({G})[2]", 2, (4, 3, 2)),
        (f"({G})[1:3]", slice(1, 3), (4, 3, 2)),
        (f"({G})[:, 2]", 2, (4, 3)),
        (f"({G})[1]", (slice(None), 1), (4, 3)),
        (f"({G})[1:3]", (slice(None), slice(1, 3)), (4, 3)),
        (f"({G})[0:2, 1:3]", (slice(1, 3), slice(0, 2)), (4, 3)),
        (f"({G})[:, :, 1]ᵀ", (slice(None), 1), (4, 3, 2)),
        (f"({G})[1, :, 2]", (1, 2), (4, 3, 2)),
        (f"({G})[1, 2]", (2, 1), (4, 3)),
    ],
)
def test_pieces_in_numerator_layout(written: str, index: Any, shape: tuple[int, ...]) -> None:
    assert_numerator_layout_is(written, lambda g: g[index], *shape)


@pytest.mark.parametrize(
    ("written", "program"),
    [
        (G, lambda g: mg.stack([0 * g, g])[1]),
        (G, lambda g: mg.concatenate([2 * g, g], axis=1)[:, 2:4]),
        (f"2 ({G})²", lambda g: (2 * mg.stack([g, g]) ** 2)[1]),
        (f"{G} - stack({G}, 3 {G})[0, 1]", lambda g: g - mg.stack([g, 3 * g])[0, 1]),
        (f"concatenate({G}, {G})[1:3]", lambda g: mg.concatenate([g, g])[1:3]),
        (f"-2 ({G})[1]", lambda g: (-2 * g)[1]),
        (f"({G} + tanh({G}))[1]", lambda g: (g + mg.tanh(g))[1]),
    ],
)
def test_elements_of_pieces(written: str, program: Program) -> None:
    e, g, y = read(program, 3, 2)
    assert Text()(e) == written
    np.testing.assert_allclose(evaluate(e, lambda s: g), y, rtol=1e-15)


@pytest.mark.parametrize("index", [np.array([0, 2]), (Ellipsis, 0), (None, 1), (2, None)])
def test_other_indices_stay_as_they_are(index: Any) -> None:
    plain, g, y = read(lambda g: g[index], 4, 3, 2)
    found = evaluate(laid_out(plain, "numerator"), lambda s: g.mT)
    np.testing.assert_array_equal(found, y.mT if y.ndim > 1 else y, strict=True)


@pytest.mark.parametrize(
    ("index", "piece", "shape"),
    [
        ((2,), (3, 2), (4, 3, 2)),
        ((slice(None), slice(1, 3)), (4, 2), (4, 3)),
        ((slice(None), 1), (4,), (4, 3)),
        ((slice(None), 1), (4, 2), (4, 3, 2)),
        (2, (3,), (4, 3)),
    ],
)
def test_what_is_put_among_zeros(
    index: Any, piece: tuple[int, ...], shape: tuple[int, ...]
) -> None:
    plain, g, y = read(lambda g: scatter(g, index=index, shape=shape), *piece)
    found = evaluate(laid_out(plain, "numerator"), lambda s: g.mT if g.ndim > 1 else g)
    np.testing.assert_array_equal(found, y.mT, strict=True)


@pytest.mark.parametrize(
    ("written", "axis", "shape"),
    [
        (f"scatter[:, indices]({G})", 0, (3, 2)),
        (f"scatter[indices]({G})", 1, (2, 3)),
        (f"scatter[indices]({G})", 0, (3, 4, 2)),
    ],
)
def test_lookups(written: str, axis: int, shape: tuple[int, ...]) -> None:
    assert_numerator_layout_is(written, lambda g: add_at(g, WORDS, axis=axis, n=5), *shape)


@pytest.mark.parametrize(
    ("written", "program", "shape"),
    [
        (f"concatenate({G}, {G})", lambda g: mg.concatenate([g, g], axis=1), (3, 2)),
        (f"concatenate({G}, {G})", lambda g: mg.concatenate([g, g], axis=0), (4, 3, 2)),
        (f"stack({G}, {G})", lambda g: mg.stack([g, g]), (3, 2)),
        (f"stack({G}, {G})", lambda g: mg.stack([g, g], axis=-1), (3,)),
        (f"stack_{{axis 2}}(({G})ᵀ, ({G})ᵀ)", lambda g: mg.stack([g, g], axis=1), (3, 2)),
    ],
)
def test_joined_pieces(written: str, program: Program, shape: tuple[int, ...]) -> None:
    assert_numerator_layout_is(written, program, *shape)


@pytest.mark.parametrize("shape", [(3, 2), (1, 3, 2)])
def test_one_of_many_copies_is_what_is_repeated(shape: tuple[int, ...]) -> None:
    e, g, y = read(lambda g: np.broadcast_to(g, (5, 3, 2))[2], *shape)
    assert Text()(typeset(e)) == "∂J/∂g"
    np.testing.assert_array_equal(evaluate(e, lambda s: g), y, strict=True)
