"""Changes in place between forward and backward are found, and nothing else is."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg

# --- what must be found ------------------------------------------------------------------------


def change_leaf(x: Any, c: Any, array: Any) -> Any:
    y = x * x
    x.data[0, 0] = 9
    return y


def change_leaf_held_before(x: Any, c: Any, array: Any) -> Any:
    held = x.data
    y = x * x
    held[0, 0] = 9
    return y


def change_leaf_between_two_uses(x: Any, c: Any, array: Any) -> Any:
    y = x * x
    x.data[0, 0] = 9
    return y + x * x


def replace_leaf(x: Any, c: Any, array: Any) -> Any:
    y = x * x
    x.data = x.data + 1
    return y


def update_leaf(x: Any, c: Any, array: Any) -> Any:
    y = x * x
    x.data -= 0.1
    return y


def change_constant(x: Any, c: Any, array: Any) -> Any:
    y = x * c
    c.data[0, 0] = 9
    return y


def change_constant_behind_a_view(x: Any, c: Any, array: Any) -> Any:
    y = x * c.T
    c.data[0, 0] = 9
    return y


def change_constant_behind_an_index(x: Any, c: Any, array: Any) -> Any:
    y = x * c[0]
    c.data[0, 0] = 9
    return y


def change_intermediate(x: Any, c: Any, array: Any) -> Any:
    h = 2 * x
    y = h * h
    h.data[0, 0] = 9
    return y


def change_intermediate_through_a_view(x: Any, c: Any, array: Any) -> Any:
    h = 2 * x
    y = h * h
    h.T[0].data[0] = 9
    return y


def change_leaf_through_a_view(x: Any, c: Any, array: Any) -> Any:
    y = x * x
    x.T.data[0, 0] = 9
    return y


def change_what_a_view_shows(x: Any, c: Any, array: Any) -> Any:
    h = 2 * x
    y = h.T @ h.T
    h.data[0, 0] = 9
    return y


def change_output(x: Any, c: Any, array: Any) -> Any:
    y = mg.exp(x)  # whose rule uses y
    y.data[0, 0] = 9
    return y


def change_after_replacing(x: Any, c: Any, array: Any) -> Any:
    x.data = x._data + 1  # as an update does that nobody else has a hold of
    y = x * x
    x.data[0, 0] = 9
    return y


def change_array(x: Any, c: Any, array: Any) -> Any:
    y = x * array
    array[0, 0] = 9
    return y


def change_array_on_the_left(x: Any, c: Any, array: Any) -> Any:
    y = array @ x
    array[0, 0] = 9
    return y


def change_vector(x: Any, c: Any, array: Any) -> Any:
    v = np.ones(2, x.dtype)
    y = x @ v
    v[0] = 9
    return y


def change_what_a_view_of_an_array_shows(x: Any, c: Any, array: Any) -> Any:
    y = x * array.T
    array[0, 0] = 9
    return y


def change_among_several(x: Any, c: Any, array: Any) -> Any:
    y = mg.concatenate([x, array]) ** 2 * mg.concatenate([array, x])
    array[0, 0] = 9
    return x * array + y[:2]


CHANGES = [
    f
    for name, f in list(globals().items())
    if name.split("_")[0] in ("change", "replace", "update")
]


@pytest.mark.parametrize("change", CHANGES, ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_change_is_found(change: Any, dtype: Any) -> None:
    x = mg.tensor(np.eye(2) + 1, requires_grad=True, dtype=dtype)
    c = mg.tensor(np.ones((2, 2)), dtype=dtype)
    y = change(x, c, np.ones((2, 2), dtype)).sum()
    with pytest.raises(ValueError, match="changed in place"):
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize(
    "sweep",
    [
        lambda x, y: mg.gradients(y, [x]),
        lambda x, y: mg.gradients(y, [x], create_graph=True),
        lambda x, y: mg.gradient_flow(y),
        lambda x, y: y.backward(keep_graph=True),
    ],
)
def test_change_is_found_by_every_sweep(sweep: Any) -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True, name="x")
    y = (x * x).sum()
    x.data[0] = 5
    with pytest.raises(ValueError, match="x was changed in place after a result of multiply"):
        sweep(x, y)


def test_change_of_the_output_is_found() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    y = mg.exp(x)
    y.data[...] = 9
    with pytest.raises(ValueError, match="a result of exp was changed in place"):
        y.backward()


def test_second_backward_after_an_update() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = (x * x).sum()
    y.backward(keep_graph=True)
    x.data -= 0.1 * x.grad
    with pytest.raises(ValueError, match="changed in place"):
        y.backward()


# --- what must be let through -------------------------------------------------------------------


def test_training_loop() -> None:
    W, b = mg.tensor([[2.0]], requires_grad=True), mg.tensor([0.0], requires_grad=True)
    for _ in range(200):
        ((W.T @ np.array([[1.0, 2.0]]) + b - np.array([3.0, 5.0])) ** 2).sum().backward()
        for p in (W, b):
            p.data -= 0.1 * p.grad
            p.grad = None
    for _ in range(300):
        ((W.T @ np.array([[1.0, 2.0]]) + b - np.array([3.0, 5.0])) ** 2).sum().backward()
        for p in (W, b):
            p.data[...] -= 0.1 * p.grad  # in place all the way
            p.grad[...] = 0
    np.testing.assert_allclose([W.item(), b.item()], [2, 1], rtol=1e-6)


def test_finite_differences_in_place() -> None:
    x = mg.tensor([0.5, 1.5], requires_grad=True)
    h = 2.0**-20
    y = mg.exp(x).sum()
    for i in range(2):
        before = x.data[i]
        x.data[i] = before + h
        above = mg.exp(x).sum().item()
        x.data[i] = before
        assert (above - y.item()) / h == pytest.approx(np.exp(before), rel=1e-5)
    y.backward()  # everything is as it was
    np.testing.assert_allclose(x.grad, np.exp([0.5, 1.5]))


def test_two_graphs_that_share_a_leaf() -> None:
    W = mg.tensor([[1.0, 2.0]], requires_grad=True)
    held = W.data
    one = (W.T @ W).sum()
    other = (W * np.array([3.0, 4.0])).sum()
    one.backward()
    other.backward()
    np.testing.assert_array_equal(W.grad, [[6 + 3, 6 + 4]])  # one is (1 + 2)^2
    held[0, 0] = 5
    (W * W).sum().backward()
    np.testing.assert_array_equal(W.grad, [[9 + 10, 10 + 4]])


def test_changes_before_use_and_after_backward() -> None:
    x, array = mg.tensor([1.0, 2.0], requires_grad=True), np.ones(2)
    x.data[0] = 3
    array[0] = 5
    y = (x * x * array).sum()
    y.backward()
    assert x.grad.tolist() == [30, 4]
    x.data[0] = 7
    array[0] = 1
    (x * array).sum().backward()
    assert x.grad.tolist() == [31, 5]


def test_change_of_what_the_gradient_does_not_need() -> None:
    """An index is copied, and what was detached or copied has memory of its own."""
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    index = np.array([0, 0])
    y = (x[index] * x).sum()
    index[:] = 1
    x.detach().data[:] = 9
    mg.tensor(x.data).data[:] = 9
    data = np.array([1.0, 2.0])
    z = (mg.tensor(data) * x).sum()
    data[:] = 9
    (y + z).backward()
    np.testing.assert_array_equal(x.grad, [2 + 2 + 1, 1 + 2])


def test_looking_is_no_change() -> None:
    x = mg.tensor(np.zeros((0, 3)), requires_grad=True)
    h = x.T * 2
    y = (h * h).sum()
    for tensor in (x, h, y):
        repr(tensor), tensor.data, np.array_equal(tensor, tensor), tensor.shape
        with mg.no_grad():
            np.asarray(tensor)
    y.backward()
    assert x.grad.shape == (0, 3)


def test_arrays_that_numpy_takes_are_copies() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    with mg.no_grad():
        for tensor in (x, y):
            array = np.asarray(tensor)
            assert array.base is None
            array[:] = 9
        with pytest.raises(ValueError, match=r"expected copy=None or True; x\.data is no copy"):
            np.asarray(x, copy=False)
    y.sum().backward()
    assert x.grad.tolist() == [2, 4]


def test_a_transpose_that_is_still_there_is_not_used_again_after_a_change() -> None:
    W = mg.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    before = W.T
    W.data[:] = 5
    y = (W.T * W.T).sum()
    y.backward()
    assert W.grad.tolist() == [[10, 10], [10, 10]]
    assert before.T.shape == (2, 2)
