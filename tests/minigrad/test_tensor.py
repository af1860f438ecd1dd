"""The tensor itself: what it knows, what it shows, and how it behaves as an array."""

import copy
import gc
import weakref
from pickle import dumps, loads
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def test_attributes() -> None:
    x = mg.tensor([[1.0, 2.0, 3.0]], requires_grad=True, name="x")
    assert (x.shape, x.ndim, x.size, len(x), x.dtype) == ((1, 3), 2, 3, 1, np.float64)
    assert (x.name, x.t, x.requires_grad, x.grad) == ("x", None, True, None)
    assert x.T.shape == (3, 1)
    assert isinstance(x.data, np.ndarray)


def test_requires_grad_spreads() -> None:
    x, c = mg.tensor(1.0, requires_grad=True), mg.tensor(2.0)
    assert (x * c).requires_grad
    assert not (c * c).requires_grad
    assert not mg.exp(3.0).requires_grad


def test_detach_is_a_constant_with_memory_of_its_own() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = mg.exp(x).detach()
    assert not y.requires_grad
    (x * y).sum().backward()
    np.testing.assert_array_equal(x.grad, np.exp([1.0, 2.0]))
    y.data[:] = 0
    np.testing.assert_array_equal(x.data, [1, 2])


def test_assigning_data_copies_and_keeps_the_dtype() -> None:
    x = mg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    new = np.array([3.0, 4.0])
    x.data = new
    new[:] = 0
    assert x.dtype == np.float32
    assert x.data.tolist() == [3, 4]
    (x * x).sum().backward()
    assert x.grad.tolist() == [6, 8]


def test_item_and_numbers() -> None:
    x = mg.tensor([[2.5]])
    assert x.item() == 2.5
    assert type(x.item()) is float
    assert float(x) == 2.5
    assert bool(x)
    assert not mg.tensor(0.0)


def test_numbers_are_formatted() -> None:
    assert f"{mg.tensor([[2.0 / 3.0]]):.3f}" == "0.667"
    assert f"{mg.tensor([1.0, 2.0])}" == "tensor([1., 2.])"
    with pytest.raises(ValueError, match=r"item: expected one number, .* has shape \(2,\)"):
        f"{mg.tensor([1.0, 2.0]):.3f}"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: loads(dumps(x))])
def test_leaves_are_copied(copied: Any) -> None:
    with mg.step(2):
        x = mg.tensor([1.0, 2.0], requires_grad=True, name="x")
    (x * x).sum().backward()
    y = copied(x)
    assert (y.name, y.t, y.requires_grad, y.grad.tolist()) == ("x", 2, True, [2, 4])
    y.data[:] = 0
    assert x.data.tolist() == [1, 2]
    with pytest.raises(TypeError, match="copy: a result of exp of x at step 2 was computed"):
        copied(mg.exp(x))


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        (mg.tensor([1.0, 2.0]), "tensor([1., 2.])"),
        (mg.tensor(1.0, requires_grad=True, name="x"), "tensor(1., name='x', requires_grad=True)"),
        (mg.tensor(1.0, dtype=np.float32), "tensor(1., dtype=float32)"),
        (mg.exp(mg.tensor(0.0, requires_grad=True)), "tensor(1., operation=exp)"),
    ],
)
def test_repr(x: mg.Tensor, expected: str) -> None:
    assert repr(x) == expected


def test_repr_with_a_step() -> None:
    with mg.step(3):
        assert repr(mg.tensor(0.5, name="a")) == "tensor(0.5, name='a', t=3)"


def test_conversion_to_an_array() -> None:
    x = mg.tensor([1.0, 2.0])
    assert np.asarray(x).tolist() == [1, 2]
    assert np.asarray(x, np.float32).dtype == np.float32
    copy = np.array(x)
    copy[0] = 9
    assert x.data.tolist() == [1, 2]


def test_tensors_are_keys() -> None:
    x, y = mg.tensor(1.0), mg.tensor(1.0)
    assert len({x, y, x}) == 2
    assert {x: "x", y: "y"}[y] == "y"


def test_augmented_assignment_makes_a_new_tensor() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = x
    y += 1
    y *= x
    assert y is not x
    np.testing.assert_array_equal(mg.gradients(y.sum(), [x])[0], [3, 5])  # of x^2 + x
    np.testing.assert_array_equal(x.data, [1, 2])


# --- the transpose that steps share -------------------------------------------------------------


def test_transpose_is_shared_while_it_is_used() -> None:
    W = mg.tensor(np.ones((2, 3)), requires_grad=True)
    first = W.T
    assert W.T is first
    gone = weakref.ref(first)
    del first
    assert gone() is None


@pytest.mark.parametrize("first_recorded", [True, False])
def test_transpose_under_no_grad_is_another(first_recorded: bool) -> None:
    W = mg.tensor(np.ones((2, 3)), requires_grad=True)
    held = [W.T] if first_recorded else []
    with mg.no_grad():
        held.append(W.T)
        assert not W.T.requires_grad
    W.T.sum().backward()
    np.testing.assert_array_equal(W.grad, np.ones((2, 3)))


def test_transpose_of_a_leaf_that_comes_to_require_a_gradient() -> None:
    W = mg.tensor(np.ones((2, 3)))
    held = W.T
    W.requires_grad = True
    W.T.sum().backward()
    np.testing.assert_array_equal(W.grad, np.ones((2, 3)))
    assert not held.requires_grad


def test_transpose_follows_the_data() -> None:
    W = mg.tensor([[1.0, 2.0]], requires_grad=True)
    before = W.T
    W.data = W.data + 1
    assert W.T.data.tolist() == [[2], [3]]
    assert before.data.tolist() == [[1], [2]]
    W.data[0, 0] = 7
    assert W.T.data.tolist() == [[7], [3]]


def test_a_named_transpose_keeps_its_name_to_itself() -> None:
    W = mg.tensor(np.ones((2, 3)), requires_grad=True, name="W")
    named = W.T.named("W transposed")
    assert W.T is not named
    assert W.T.name is None


def test_two_graphs_may_share_a_transpose() -> None:
    W = mg.tensor(np.ones((2, 3)), requires_grad=True)
    one, other = (W.T @ np.ones((2, 1))).sum(), (W.T @ np.ones((2, 1))).sum()
    one.backward()
    other.backward()
    np.testing.assert_array_equal(W.grad, 2 * np.ones((2, 3)))


def test_a_graph_without_references_is_gone() -> None:
    gc.disable()
    try:
        x = mg.tensor(np.ones((2, 2)), requires_grad=True)
        y: Any = x.T @ x
        alive = weakref.ref(y)
        del y
        assert alive() is None
    finally:
        gc.enable()
