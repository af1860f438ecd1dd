"""The matrix product: NumPy's meaning, and many uses of one value made together."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from tests import derivatives


def numbered(shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
    n = int(np.prod(shape))
    return scale * np.sin(1 + np.arange(n)).reshape(shape)


@given(
    hnp.mutually_broadcastable_shapes(signature="(m?,k),(k,n?)->(m?,n?)", max_dims=2, max_side=3)
)
def test_shapes_and_values_are_numpys(shapes: Any) -> None:
    a, b = (numbered(shape) for shape in shapes.input_shapes)
    y = mg.matmul(a, b)
    assert y.shape == shapes.result_shape
    # Row times column by loops, on stacks of matrices.
    rows = a if a.ndim > 1 else a[None, :]
    columns = b if b.ndim > 1 else b[:, None]
    stack = np.broadcast_shapes(rows.shape[:-2], columns.shape[:-2])
    rows = np.broadcast_to(rows, stack + rows.shape[-2:])
    columns = np.broadcast_to(columns, stack + columns.shape[-2:])
    expected = [
        sum(float(r) * float(c) for r, c in zip(rows[(*s, i)], columns[(*s, ..., j)], strict=True))
        for s in np.ndindex(stack)
        for i in range(rows.shape[-2])
        for j in range(columns.shape[-1])
    ]
    np.testing.assert_allclose(y.data.ravel(), expected, rtol=1e-13, atol=1e-14)
    derivatives.check(lambda a, b: a @ b, a, b)


@pytest.mark.parametrize(("steps", "columns"), [(1, 3), (2, 3), (60, 3), (50, 60)])
def test_a_weight_used_in_many_steps(steps: int, columns: int) -> None:
    """As the left and as the right factor; few small products are joined, many large are not."""
    W = numbered((2, 2), 0.5)
    xs = [numbered((2, columns), 0.1 * t) for t in range(1, steps + 1)]

    def f(W: Any) -> Any:
        return sum((mg.sin(W.T @ x) + mg.cos(W @ x) + x[:, :2].T @ W[:, :1]).sum() for x in xs)

    derivatives.check(f, W)


@given(st.lists(st.sampled_from(["(2,2)", "(3,2,2)", "x@x", "x.T@x", "vector"]), max_size=6))
def test_uses_of_different_kinds_add_up(kinds: list[str]) -> None:
    others = {"(2,2)": numbered((2, 2)), "(3,2,2)": numbered((3, 2, 2)), "vector": numbered((2,))}

    def f(x: Any) -> Any:
        total = x.sum()
        for kind in kinds:
            if kind == "x@x":
                y = x @ x
            elif kind == "x.T@x":
                y = x.T @ x
            else:
                y = x @ others[kind]
            total = total + (y * y).sum()
        return total

    derivatives.check(f, numbered((2, 2)))


@pytest.mark.parametrize("shape", [(3,), (2, 3), (4, 2, 3)])
@pytest.mark.parametrize("other", [(), (3,), (3, 2), (5, 3, 4)])
def test_dot_is_numpys(shape: tuple[int, ...], other: tuple[int, ...]) -> None:
    a, b = numbered(shape), numbered(other)
    np.testing.assert_allclose(np.dot(mg.tensor(a), b).data, np.dot(a, b), rtol=1e-14)
    np.testing.assert_allclose(np.dot(a, mg.tensor(b)).data, np.dot(a, b), rtol=1e-14)
