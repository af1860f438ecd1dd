from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from minigrad.plan.product import flattened, product_calls, sum_calls


def in_order(rng: np.random.Generator, shape: tuple[int, ...], axes: Any) -> Any:
    """An array whose axes lie in memory in the order given."""
    inside = rng.normal(size=[shape[axis] for axis in axes])
    return inside.transpose(np.argsort(axes))


@given(st.data())
def test_products_in_any_order_in_memory(data: Any) -> None:
    rng = np.random.default_rng(0)
    gates, rounds, m, k, n = (data.draw(st.integers(1, 4)) for _ in range(5))
    orders = [data.draw(st.permutations(range(4))) for _ in range(3)]
    a = in_order(rng, (1, gates, m, k), orders[0])
    b = in_order(rng, (rounds, 1, k, n), orders[1])
    y = in_order(rng, (rounds, gates, m, n), orders[2])
    for function, arrays in product_calls(a, b, y):
        function(*arrays)
    np.testing.assert_allclose(y, a @ b)


@given(st.data())
def test_sums_of_products_in_any_order_in_memory(data: Any) -> None:
    rng = np.random.default_rng(0)
    gates, rounds, m, k, n = (data.draw(st.integers(1, 4)) for _ in range(5))
    a = in_order(rng, (rounds, gates, m, k), data.draw(st.permutations(range(4))))
    b = in_order(rng, (rounds, 1, k, n), data.draw(st.permutations(range(4))))
    y = in_order(rng, (gates, m, n), data.draw(st.permutations(range(3))))
    for function, arrays in product_calls(a, b, y, 0):
        function(*arrays)
    np.testing.assert_allclose(y, np.einsum("tgmk,tkn->gmn", a, b[:, 0]))


def test_all_rounds_are_one_product() -> None:
    x = np.ones((7, 10, 3)).transpose(0, 2, 1)  # of each round the columns lie side by side
    y = np.empty((7, 10, 5)).transpose(0, 2, 1)
    [(function, arrays)] = product_calls(np.ones((5, 3)), x, y)
    assert function is np.matmul
    assert [v.shape for v in arrays] == [(5, 3), (3, 70), (5, 70)]


def test_axes_that_do_not_lie_in_a_row_are_not_flattened() -> None:
    assert flattened(np.ones((2, 3, 4))[:, :2], (0, 1), (2,)) is None


@given(st.data())
def test_sums_as_products_with_ones_in_any_order_in_memory(data: Any) -> None:
    shape = [data.draw(st.integers(1, 4)) for _ in range(4)]
    axes = data.draw(st.lists(st.integers(0, 3), unique=True, min_size=1))
    x = in_order(np.random.default_rng(0), tuple(shape), data.draw(st.permutations(range(4))))
    for keepdims in (False, True):
        expected = x.sum(axis=tuple(axes), keepdims=keepdims)
        y = np.empty(expected.shape)
        found = sum_calls(x, y, axes)
        if found is not None:
            for function, arrays in found:
                function(*arrays)
            np.testing.assert_allclose(y, expected, rtol=1e-13, atol=1e-14)
    rows = np.ones((3, 5))
    assert sum_calls(rows, np.empty(3), [1]) is not None
    assert sum_calls(rows, np.empty(()), [0, 1]) is None
