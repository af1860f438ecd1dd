"""Changes in place between forward and backward are found, and nothing else is."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import OPERATIONS

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


# --- memory that several arrays show ------------------------------------------------------------

SHOWN = {
    "a constant": lambda a: mg.tensor(a),
    "a named constant": lambda a: mg.tensor(a, name="x"),
    "a leaf": lambda a: mg.tensor(a, requires_grad=True),
    "a computed value": lambda a: 1.0 * mg.tensor(a, requires_grad=True),
    "a view of an array": lambda a: mg.transpose(np.array(a.T)),
    "a named view of an array": lambda a: mg.transpose(np.array(a.T)).named("x"),
}


def of_the_user(*rules: Any) -> Any:
    return mg.operation(*rules, name=f"operation {len(OPERATIONS)}")


VIEWS = {
    "itself": lambda x: x,
    "T": lambda x: x.T,
    "rows": lambda x: x[:2],
    "a row": lambda x: x[0],
    "columns of T": lambda x: x.T[:, :2],
    "T of columns": lambda x: x[:, :2].T,
    "backwards": lambda x: x[::-1, ::-2],
    "reshape": lambda x: x.reshape(2, 2, -1).T,
    "broadcast": lambda x: np.broadcast_to(x[:2], (5, 2, 3)),
    "an operation of the user's": lambda x: of_the_user(lambda x: x, lambda g, y, x: g)(x),
    "the second input": lambda x: of_the_user(
        lambda a, x: x, lambda g, y, a, x: 0 * g, lambda g, y, a, x: g
    )(np.ones(2), x),
}


def after_use(x: mg.Tensor, use: Any) -> None:
    use()
    x.data[...] = 0


def held_before_use(x: mg.Tensor, use: Any) -> None:
    held = x.data
    use()
    held[...] = 0


def through_a_view_of_the_array(x: mg.Tensor, use: Any) -> None:
    held = x.data[:2].T
    use()
    held[:, 0] = 0


def through_another_view(x: mg.Tensor, use: Any) -> None:
    view = x.T
    use()
    view.data[:, 0] = 0


def through_the_base_of_another_view(x: mg.Tensor, use: Any) -> None:
    use()
    x[0].data.base[...] = 0


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize(
    "change",
    [
        after_use,
        held_before_use,
        through_a_view_of_the_array,
        through_another_view,
        through_the_base_of_another_view,
    ],
)
def test_change_is_found_through_every_array_that_shows_it(
    shown: Any, view: Any, change: Any
) -> None:
    """Also where no gradient goes to what is changed: that of W is what is multiplied by it."""
    array = 1.0 + np.arange(12.0).reshape(4, 3)
    factor = np.array(view(mg.tensor(array)).data)
    W = mg.tensor(np.ones_like(factor), requires_grad=True)
    x = shown(array)
    used: list[mg.Tensor] = []
    change(x, lambda: used.append((view(x) * W).sum()))
    with pytest.raises(ValueError, match="changed in place"):
        mg.gradients(used[0], [W], keep_graph=True)
    y = (view(x) * W).sum()  # what is used after the change is right again
    np.testing.assert_array_equal(mg.gradients(y, [W])[0], view(x).data)


@pytest.mark.parametrize("shown", SHOWN.values(), ids=SHOWN)
@pytest.mark.parametrize("hold", [True, False])
def test_change_of_what_a_view_does_not_show(shown: Any, hold: bool) -> None:
    x = shown(1.0 + np.arange(12.0).reshape(4, 3))
    W = mg.tensor(np.ones((2, 2)), requires_grad=True)
    held = x.data if hold else None
    y = (x[:, :2].T[:, :2] * W).sum()
    (x.data if held is None else held)[2:] = 0
    x.data[:, 2] = 0
    np.testing.assert_array_equal(mg.gradients(y, [W])[0], [[1, 4], [2, 5]])


def test_a_batch_buffer_that_is_filled_again() -> None:
    W = mg.tensor(np.ones((3, 2)), requires_grad=True)
    buffer = np.zeros((6, 4))
    batch = buffer[:, :3]  # a view of an array from outside, and views of it
    for number in (1.0, 2.0):
        buffer[:] = number
        y = (batch[:2] @ W + mg.mean(batch[2:].T, axis=1) @ W).sum()
        buffer[:, 3] = 0  # what is not used
        W.grad = None
        y.backward()
        np.testing.assert_array_equal(W.grad, np.full((3, 2), 2 * number + 2 * number))
    y = (batch[:2] @ W).sum()
    buffer[:] = 3
    with pytest.raises(ValueError, match="changed in place"):
        y.backward()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "change",
    {
        "the sign of one": lambda a: np.negative(a[3:4], out=a[3:4]),
        "all signs": lambda a: np.negative(a, out=a),
        "the signs of two": lambda a: np.negative(a[2:4], out=a[2:4]),
        "the sign of a zero": lambda a: np.negative(a[:1], out=a[:1]),
        "two exchanged": lambda a: a.__setitem__([1, 4], a[[4, 1]]),
        "reversed": lambda a: a.__setitem__(slice(None), a[::-1].copy()),
        "one bit": lambda a: a.__setitem__(5, np.nextafter(a[5], np.inf, dtype=a.dtype)),
        "a NaN for a number": lambda a: a.__setitem__(5, np.nan),
    }.items(),
    ids=lambda item: item[0],
)
def test_every_kind_of_change_is_found(change: Any, dtype: Any) -> None:
    array = np.arange(6, dtype=dtype)
    W = mg.tensor(np.ones(6, dtype), requires_grad=True)
    y = (W * array).sum()
    change[1](array)
    with pytest.raises(ValueError, match="changed in place"):
        y.backward()


def test_only_views_that_are_there_are_known() -> None:
    """Rows that were looked at and are gone leave nothing behind."""
    x = mg.tensor(np.ones((2, 2)), requires_grad=True)
    rows = [x[0] for _ in range(3)]
    for _ in range(100):
        rows.append(x[1])
        rows.pop(0)
    assert len(x._guard._shown_by) == 1 + 3


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


def test_cotangents_are_copied() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    for pulled_back in (
        lambda g: mg.gradients(x * x, [x], create_graph=True, cotangent=g)[0],
        lambda g: mg.vjp(lambda v: v * v, x)[1](g)[0],
    ):
        g = np.array([3.0, 4.0])
        dx = pulled_back(g)  # 2 g x
        g[:] = 9
        np.testing.assert_array_equal(mg.gradients(dx.sum(), [x])[0], [6, 8])


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
