"""Looking up by numbers that are an input: NumPy's meaning, and what repeated numbers get."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.operations.lookup import add_at
from tests import derivatives

RNG = np.random.default_rng(0)
E = RNG.normal(size=(5, 5, 2))
WORDS = np.array([[4, 1], [1, 0]])


@pytest.mark.parametrize(
    "lookup",
    [
        lambda x, i: x[i],
        lambda x, i: x[:, i],
        lambda x, i: np.take(x, i, axis=1),
        lambda x, i: np.take(x, i, axis=-2),
        lambda x, i: np.take(x, i),
        lambda x, i: x[-1, :, :][i],
        lambda x, i: x[:, i[0, 0]],
    ],
)
def test_is_as_numpy_has_it(lookup: Any) -> None:
    words = mg.tensor(WORDS, name="words")
    y = lookup(mg.tensor(E), words)
    np.testing.assert_array_equal(y.data, lookup(E, WORDS), strict=True)
    derivatives.check(lambda x: lookup(x, words), E)


def test_repeated_numbers_add_up() -> None:
    x, words = mg.tensor(E, requires_grad=True), mg.tensor(WORDS)
    weights = np.array([[1.0, 10.0], [100.0, 1000.0]])[None, :, :, None]
    (weights * x[:, words]).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad[0, :, 0], [1000, 110, 0, 0, 1])


def test_many_lookups_in_one_table_add_up() -> None:
    """One gradient for all lookups is that of a product with one-hot columns."""
    x, J, expected = mg.tensor(E[0], requires_grad=True), 0, np.zeros((5, 2))
    for i in WORDS:
        weights = RNG.normal(size=(2, 2))
        J = J + (weights * x[mg.tensor(i)]).sum()
        expected += np.eye(5)[:, i] @ weights
    assert isinstance(J, mg.Tensor)
    J.backward()
    np.testing.assert_allclose(x.grad, expected, rtol=1e-15)


def test_add_at_is_the_transpose_of_take() -> None:
    """<take(x), g> = <x, add_at(g)>"""
    g = RNG.normal(size=(5, 2, 2, 2))
    left = np.sum(np.take(E, WORDS, axis=1) * g)
    right = np.sum(E * add_at(mg.tensor(g), WORDS, axis=1, n=5).data)
    np.testing.assert_allclose(left, right, rtol=1e-14)


def test_a_plan_takes_other_numbers() -> None:
    def loss(x: Any, words: Any) -> Any:
        return (x[:, words] ** 2).sum()

    gradient = mg.compile(mg.grad(loss))
    for words in (WORDS, WORDS[::-1] * 0, WORDS[:, ::-1] + 0):
        counts = np.bincount(words.ravel(), minlength=5)
        np.testing.assert_allclose(gradient(E, words), 2 * E * counts[None, :, None], rtol=1e-15)


def test_other_indices_stay_parameters() -> None:
    x, words = mg.tensor(E, requires_grad=True), mg.tensor(WORDS)
    found = [x[1, words], x[words, :1], x[mg.tensor(E > 0)], x[None, words]]
    assert {y._operation.name for y in found if y._operation} == {"getitem"}
    expected = [E[1, WORDS], E[WORDS, :1], E[E > 0], E[None, WORDS]]
    for y, array in zip(found, expected, strict=True):
        np.testing.assert_array_equal(y.data, array, strict=True)


def test_numbers_that_are_no_indices_are_refused() -> None:
    x = mg.tensor(E, requires_grad=True, name="E")
    with pytest.raises(IndexError, match=r"take: expected .* count along an axis of it, got E"):
        x[:, mg.tensor([7], name="words")]
    with pytest.raises(TypeError, match="take: expected"):
        np.take(x, mg.tensor([0.5]), axis=0)


# --- one element of each row or column ----------------------------------------------------------

L, LABELS = np.arange(12.0).reshape(3, 4), np.array([2, 0, -1])


@pytest.mark.parametrize("each", [np.arange(3), range(3), mg.tensor([0, 1, 2])])
def test_one_element_of_each_row_or_column(each: Any) -> None:
    """As NumPy has it, recorded with the labels; its gradient is a one at each of them."""
    weights = np.array([1.0, 2.0, 3.0])
    for rows in (True, False):
        x = mg.tensor(L if rows else L.T, requires_grad=True)
        y = mg.tensor(LABELS, name="y")
        picked = x[each, y] if rows else x[y, each]
        assert [i.name for i in picked._inputs or ()] == [None, "y"]
        np.testing.assert_array_equal(picked.data, [2.0, 4.0, 11.0])
        (weights * picked).sum().backward()
        expected = np.array([[0, 0, 1, 0], [2, 0, 0, 0], [0, 0, 0, 3]])
        np.testing.assert_array_equal(x.grad, expected if rows else expected.T)


def test_a_plan_picks_by_other_labels() -> None:
    nll = mg.compile(lambda x, y: -mg.sum(mg.log_softmax(x, axis=1)[np.arange(3), y]))
    p = np.exp(L) / np.exp(L).sum(axis=1, keepdims=True)
    for labels in ([0, 1, 2], [3, 3, 0]):
        expected = -np.log([p[i, k] for i, k in enumerate(labels)]).sum()
        np.testing.assert_allclose(nll(L, np.array(labels)), expected, rtol=1e-12)


@pytest.mark.parametrize(
    "index",
    [
        (np.array([0, 2, 1]), mg.tensor(LABELS)),
        (np.arange(2), mg.tensor(LABELS[:2])),
        (np.arange(3), mg.tensor(LABELS[:1])),
        (mg.tensor(np.arange(3), name="i"), mg.tensor(LABELS)),
    ],
)
def test_other_pairs_of_indices_stay_parameters(index: Any) -> None:
    x = mg.tensor(L, requires_grad=True)
    assert len(x[index]._inputs or ()) == 1
    np.testing.assert_array_equal(x[index].data, L[tuple(map(np.asarray, index))])


def test_one_array_looked_up_along_several_axes() -> None:
    """Square, so that a look-up taken for one along another axis would fit."""
    weights = np.arange(1.0, 10).reshape(3, 3)
    rows, columns, all_of_it = np.array([0, 0, 2]), np.array([1, 1, 1]), np.array([8, 0])

    def J(x: Any) -> Any:
        y = np.take(x, rows, axis=0) + np.take(x, columns, axis=1)
        return np.sum(weights * y) + np.sum(np.take(x, all_of_it) * np.array([100.0, 200.0]))

    expected = np.zeros((3, 3))
    for i in range(3):
        expected[rows[i]] += weights[i]
        expected[:, columns[i]] += weights[:, i]
    expected[2, 2] += 100
    expected[0, 0] += 200
    x = np.ones((3, 3))
    np.testing.assert_array_equal(mg.grad(J)(x), expected)
    np.testing.assert_array_equal(mg.compile(mg.grad(J))(x), expected)
