"""Operations that move elements: NumPy's meaning of every index, shape and axis."""

import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from tests import derivatives


def numbered(shape: tuple[int, ...]) -> np.ndarray:
    return np.arange(float(np.prod(shape))).reshape(shape) + 1


def check_as_numpy(f: Any, *xs: np.ndarray) -> None:
    """One function on tensors and on arrays: the same values, and right derivatives."""
    y, expected = f(*map(mg.tensor, xs)), f(*xs)
    assert y.shape == expected.shape
    np.testing.assert_array_equal(y.data, expected)
    derivatives.check(f, *xs)


@st.composite
def indexed(draw: Any, indices: Any) -> tuple[tuple[int, ...], Any]:
    shape = draw(hnp.array_shapes(max_dims=3, max_side=4))
    return shape, draw(indices(shape))


@given(indexed(lambda shape: hnp.basic_indices(shape, allow_newaxis=True)))
def test_slices_integers_ellipsis_and_none(case: Any) -> None:
    shape, index = case
    check_as_numpy(lambda x: x[index], numbered(shape))


@given(indexed(lambda shape: hnp.integer_array_indices(shape)))
def test_arrays_of_integers(case: Any) -> None:
    shape, index = case
    check_as_numpy(lambda x: x[index], numbered(shape))


@given(indexed(lambda shape: hnp.arrays(bool, shape)))
def test_boolean_arrays(case: Any) -> None:
    shape, index = case
    check_as_numpy(lambda x: x[index], numbered(shape))


@pytest.mark.parametrize(
    "index",
    [
        [0, 0, 2],
        ([0, 0, 2], 1),
        (slice(None), [1, 1]),
        (None, [0, 0], slice(None, None, -1)),
        (0, None, [True, False, True]),
        ([[0], [2]], [0, 2]),
        (np.array([], int),),
        np.int64(-1),
        (..., -1, 0),
        (),
    ],
    ids=repr,
)
def test_mixed_indices(index: Any) -> None:
    check_as_numpy(lambda x: x[index], numbered((3, 3)))


def test_tensors_as_indices() -> None:
    x = mg.tensor([1.0, 2.0, 3.0])
    np.testing.assert_array_equal(x[mg.tensor([2, 0])].data, [3, 1])
    np.testing.assert_array_equal(x[x > 1.5].data, [2, 3])


def test_an_index_that_changes_later_changes_nothing() -> None:
    x = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    index = np.array([0, 1])
    y = (x[index] * np.array([10.0, 20.0])).sum()
    index[:] = 2
    y.backward()
    np.testing.assert_array_equal(x.grad, [10, 20, 0])


@given(st.lists(st.integers(0, 3), max_size=6))
def test_many_pieces_of_one_value(rows: list[int]) -> None:
    def f(x: Any) -> Any:
        return sum((i + 1) * (x[row] ** 2).sum() for i, row in enumerate(rows)) + x.sum()

    derivatives.check(f, numbered((4, 2)) / 8)


def test_iterating_gives_the_rows() -> None:
    x = mg.tensor(numbered((3, 2)))
    assert len(x) == 3
    first, *_, last = x
    np.testing.assert_array_equal(first.data, [1, 2])
    np.testing.assert_array_equal(last.data, [5, 6])


@given(
    hnp.array_shapes(min_dims=0, max_dims=4, max_side=3).flatmap(
        lambda shape: st.tuples(st.just(shape), st.permutations(range(len(shape))))
    )
)
def test_transpose_by_any_permutation(case: Any) -> None:
    shape, axes = case
    x = numbered(shape)
    check_as_numpy(lambda x: x.transpose(axes), x)
    check_as_numpy(lambda x: np.transpose(x, axes), x)
    np.testing.assert_array_equal(mg.tensor(x).transpose(*axes).data, x.transpose(*axes))
    negative = [axis - len(shape) for axis in axes]
    np.testing.assert_array_equal(mg.transpose(x, axes=negative).data, x.transpose(negative))


SAME_BY_NUMPY = {
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "transpose": lambda x: x.transpose(),
    "reshape": lambda x: x.reshape(3, -1),
    "reshape of a tuple": lambda x: x.reshape((4, 6)),
    "ravel": lambda x: x.ravel(),
    "flatten": lambda x: x.flatten(),
    "squeeze": lambda x: x[:1].squeeze(),
    "squeeze an axis": lambda x: x[:, :, :1].squeeze(-1),
    "np.reshape": lambda x: np.reshape(x, (6, 4)),
    "np.ravel": lambda x: np.ravel(x),
    "np.squeeze": lambda x: np.squeeze(x[:1], axis=0),
    "np.expand_dims": lambda x: np.expand_dims(x, (0, -1)),
    "np.swapaxes": lambda x: np.swapaxes(x, 0, 2),
    "np.moveaxis": lambda x: np.moveaxis(x, 0, -1),
    "np.broadcast_to": lambda x: np.broadcast_to(x[:, :1], (5, 2, 3, 4)),
    "np.concatenate": lambda x: np.concatenate([x, 2 * x[:1], x[1:]], axis=0),
    "np.concatenate of the last axis": lambda x: np.concatenate((x, x[..., :1]), axis=-1),
    "np.concatenate of everything": lambda x: np.concatenate((x, x[0]), axis=None),
    "np.stack": lambda x: np.stack([x[0], x[1], x[0]]),
    "np.stack along the last axis": lambda x: np.stack([x[0], x[1], x[0]], axis=-1),
}


@pytest.mark.parametrize("name", SAME_BY_NUMPY)
def test_moving_elements_as_numpy_does(name: str) -> None:
    check_as_numpy(SAME_BY_NUMPY[name], numbered((2, 3, 4)) / 24)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
def test_broadcast_to(shapes: Any) -> None:
    x = numbered(shapes.input_shapes[0])
    check_as_numpy(lambda x: np.broadcast_to(x, shapes.result_shape), x)


@given(st.integers(1, 3), st.integers(-3, 2), st.lists(st.integers(0, 3), min_size=1, max_size=3))
def test_concatenate_and_stack(ndim: int, axis: int, lengths: list[int]) -> None:
    axis %= ndim
    shapes = [(2,) * axis + (n,) + (2,) * (ndim - axis - 1) for n in lengths]
    check_as_numpy(lambda *xs: np.concatenate(xs, axis), *map(numbered, shapes))
    same = [numbered(shapes[0]) for _ in lengths]
    check_as_numpy(lambda *xs: np.stack(xs, axis - ndim - 1), *same)


def test_concatenate_takes_arrays_among_tensors() -> None:
    x = mg.tensor([1.0], requires_grad=True)
    y = mg.concatenate([np.array([5.0, 6.0]), x, [7.0]])
    np.testing.assert_array_equal(y.data, [5, 6, 1, 7])
    np.testing.assert_array_equal(mg.gradients((y * y).sum(), [x])[0], [2])


def test_the_gradient_of_a_long_stack_takes_time_in_proportion() -> None:
    def seconds(n: int) -> float:
        xs = [mg.tensor(1.0, requires_grad=True) for _ in range(n)]
        y = mg.stack(xs).sum()
        start = time.process_time()
        mg.gradients(y, xs)
        return time.process_time() - start

    assert min(seconds(10_000) for _ in range(3)) < 40 * min(seconds(1000) for _ in range(3))
