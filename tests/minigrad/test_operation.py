"""Records: how they take arguments, and how a user adds one."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import OPERATIONS


def test_parameters_come_by_keyword_or_position() -> None:
    x = mg.tensor([[1.0, 2.0], [3.0, 4.0]])
    for y in (mg.sum(x, 0, True), mg.sum(x, axis=0, keepdims=True), mg.sum(x, 0, keepdims=True)):
        assert y.data.tolist() == [[4, 6]]


def test_inputs_may_be_anything_with_numbers() -> None:
    for x in (2, 2.0, np.float64(2), np.array(2.0), mg.tensor(2.0)):
        assert mg.add(x, mg.tensor(1.5)).item() == 3.5
    assert mg.add([1, 2], (3.0, 4.0)).data.tolist() == [4, 6]


def test_complex_numbers_pass_forward() -> None:
    z = mg.exp(1j * mg.tensor([np.pi / 3]))
    assert z.dtype == np.complex128
    np.testing.assert_allclose(z.data, [0.5 + 0.75**0.5 * 1j], rtol=1e-15)


def test_a_users_operation_works_like_a_built_in_one() -> None:
    hypot = mg.operation(
        np.hypot,
        lambda g, y, a, b: g * a / y,
        lambda g, y, a, b: g * b / y,
        name="length",
        numpy=np.hypot,
        latex=r"\sqrt{{ {0}^2 + {1}^2 }}",
        symbol="hypot",
        domain=(0.5, 2.0),
    )
    assert OPERATIONS["length"] is hypot
    a, b = np.array([[3.0, 5.0]]), np.array([[4.0], [12.0]])
    x = mg.tensor(a, requires_grad=True, name="a")
    y = np.hypot(x, b)  # NumPy's function finds it
    assert repr(y).endswith("operation=length)")
    with pytest.raises(ValueError, match=r"length: expected shapes .* got a \(1, 2\)"):
        hypot(x, np.ones(3))
    # Slopes of triangles 3 4 5 and 5 12 13.
    (g,) = mg.gradients(y[0, 0] + y[1, 1], [x], keep_graph=True)
    np.testing.assert_allclose(g, [[3 / 5, 5 / 13]], rtol=1e-15)
    mg.check_gradients(lambda a, b: hypot(a, b), a, b, order=2)
    with mg.step(2):
        J = y.sum().named("J")
    assert list(mg.gradient_flow(J).contributions("a")) == [("J", 2)]


def test_operation_with_parameters_and_many_inputs() -> None:
    def weighted(*arrays: Any, by: float = 1.0) -> Any:
        return sum(by**i * x for i, x in enumerate(arrays))

    op = mg.operation(
        weighted, each=lambda g, y, arrays, i, by: by**i * g, examples=(((2,), (2,)),)
    )
    xs = [mg.tensor([1.0, 2.0], requires_grad=True) for _ in range(3)]
    y = op(xs, by=10.0)
    assert y.data.tolist() == [111, 222]
    assert [g.tolist() for g in mg.gradients(y.sum(), xs)] == [[1, 1], [10, 10], [100, 100]]


def test_a_sum_of_uses_replaces_single_rules_where_it_applies() -> None:
    calls = []

    def one(g: Any, y: Any, x: Any) -> Any:
        calls.append("one")
        return 2 * g

    def all_at_once(gs: Any, ys: Any, xs: Any) -> Any:
        calls.append(len(gs))
        return None if len(gs) > 3 else 2 * sum(gs)

    double = mg.operation(lambda x: 2 * x, one, name="double", sums=(all_at_once,))
    for uses, expected in ((1, ["one"]), (3, [3]), (4, [4, "one", "one", "one", "one"])):
        calls.clear()
        x = mg.tensor([1.0, 2.0], requires_grad=True)
        mg.stack([i * double(x) for i in range(1, uses + 1)]).sum().backward()
        assert x.grad.tolist() == [uses * (uses + 1)] * 2
        assert calls == expected


def test_input_without_a_rule_gets_no_gradient() -> None:
    scaled = mg.operation(lambda a, b: a * b, lambda g, y, a, b: g * b, None, name="scaled")
    a, b = mg.tensor(2.0, requires_grad=True), mg.tensor(3.0, requires_grad=True)
    scaled(a, b).backward()
    assert a.grad == 3
    assert b.grad is None


def test_record_shows_its_name() -> None:
    assert repr(mg.tanh) == "<operation tanh>"
    assert mg.tanh.name == "tanh"
    assert all(OPERATIONS[name].name == name for name in OPERATIONS)


def test_records_say_what_they_compute() -> None:
    """In their own words: NumPy's tell of options that a record does not take."""
    assert (mg.tanh.__doc__ or "").startswith("tanh(x, /)\n\nCompute tanh(x).\n")
    assert "out" not in (mg.tanh.__doc__ or "")

    def half(x: Any) -> Any:
        """Divide by two."""
        return x / 2

    assert mg.operation(half, lambda g, y, x: g / 2).__doc__ == "Divide by two."
