"""What the uses of an adjoint have in common, as products of the same numbers."""

import numpy as np

from minigrad.notation.expression import Expression, Number, Symbol, evaluate
from minigrad.notation.nodes import matrix_product, product, total, transposed
from minigrad.writing.source.deltas import Delta, in_common, with_delta

G = Symbol("h", 0, (3, 4), "adjoint")
V, X, Z_5 = Symbol("V", None, (5, 3)), Symbol("X", None, (5, 4)), Symbol("Z", None, (5, 4))
Y, Z, W = Symbol("y", 0, (3, 4)), Symbol("z", 0, (3, 4)), Symbol("W", None, (4, 3))


def test_factors_that_every_product_has() -> None:
    uses = [matrix_product(product(G, Y, Z), W), product(Number(2), G, Y)]
    assert in_common(G, uses) == product(G, Y)


def test_factors_of_transposes() -> None:
    uses = [product(G, Y), matrix_product(transposed(product(G, Y)), transposed(W))]
    assert in_common(G, uses) == product(G, Y)


def test_what_some_uses_have_in_common() -> None:
    behind = product(matrix_product(V, G), Z_5)
    uses = [matrix_product(behind, transposed(X)), G, matrix_product(transposed(behind), Z_5)]
    assert in_common(G, uses) == behind
    assert in_common(G, [product(G, Y), product(G, Y), G]) == product(G, Y)


def test_nothing_that_is_used_once_or_only_scaled() -> None:
    assert in_common(G, [product(G, Y)]) is None
    assert in_common(G, [product(Number(2), G), product(Number(2), G, Y)]) is None
    assert in_common(G, [transposed(G), matrix_product(transposed(G), Y)]) is None
    assert in_common(G, [Y, Z]) is None


def test_named_products_are_the_same_numbers() -> None:
    rng = np.random.default_rng(0)
    arrays = {s.name: rng.normal(size=s.shape) for s in (G, Y, Z, W)}
    arrays["delta"] = arrays["h"] * arrays["y"]
    delta = Delta(product(G, Y), Symbol("delta", None, G.shape), ())
    product_of_all = product(Number(-1), G, Z, Y)
    uses: list[Expression] = [
        product(G, Y),
        total(product_of_all, Z),
        matrix_product(transposed(W), transposed(product(G, Y))),
    ]
    for e in uses:
        named = with_delta(e, delta)
        assert "adjoint" not in repr(named)
        expected, found = (evaluate(x, lambda s: arrays[s.name]) for x in (e, named))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)
