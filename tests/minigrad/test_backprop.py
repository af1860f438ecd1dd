"""The sweep: right on any graph, however deep, and with nothing kept that need not be."""

import gc
import itertools
import sys
import threading
import tracemalloc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from tests import derivatives

X = np.array([[0.3, -0.8], [1.1, 0.4]])

# --- graphs of all shapes -----------------------------------------------------------------------

GRAPHS = {
    "diamond": lambda x: (mg.sin(h := mg.exp(x))) * mg.cos(h),
    "diamond of diamonds": lambda x: (b := (a := x * x) + mg.sin(a)) * b + a,
    "fan-out": lambda x: mg.sin(x) + mg.cos(x) * mg.exp(x) - mg.tanh(x) / 2,
    "x * x": lambda x: x * x,
    "x @ x": lambda x: x @ x,
    "x.T @ x": lambda x: x.T @ x,
    "x / x.T": lambda x: x / (2 + x.T),
    "x ** x": lambda x: (x * x) ** x,
    "maximum of itself": lambda x: mg.maximum(x, x),
    "stack of itself": lambda x: mg.stack([x, x, 2 * x]),
    "tied weights": lambda x: mg.tanh(x @ mg.tanh(x @ mg.tanh(x @ np.ones((2, 3))))),
    "a part and the whole": lambda x: x[0] * x + x[:, :1],
    "the input itself": lambda x: x,
}


@pytest.mark.parametrize("name", GRAPHS)
def test_graph(name: str) -> None:
    derivatives.check(GRAPHS[name], X)


@given(
    st.lists(
        st.tuples(st.sampled_from("+-*/@st"), st.integers(0, 9), st.integers(0, 9), st.booleans()),
        min_size=1,
        max_size=8,
    )
)
def test_any_program(lines: list[tuple[str, int, int, bool]]) -> None:
    """Every line computes a new value from two that came before."""

    def run(x: Any, y: Any) -> Any:
        values = [x, y]
        for op, i, j, counts in lines:
            a, b = values[i % len(values)], values[j % len(values)]
            match op:
                case "+":
                    v = a + b
                case "-":
                    v = a - b
                case "*":
                    v = a * b / 2
                case "/":
                    v = a / (2 + b * b)
                case "@":
                    v = a @ b / 4
                case "s":
                    v = mg.sin(a)
                case _:
                    v = a.T
            values.append(v)
            if counts:
                values.append(0.5 * v.sum() * x)
        return values[-1] + 0.1 * x + 0.1 * y

    derivatives.check(run, X, X.T - 0.5)


def test_deep_chain() -> None:
    """Far deeper than the interpreter's stack: backward, and freed with and without it."""
    depth = 100_000
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(depth):
        y = y + x
    y.backward(keep_graph=True)
    assert x.grad == depth + 1
    y.backward()
    assert x.grad == 2 * (depth + 1)
    for _ in range(depth):
        y = -y
    del y  # frees a graph that no sweep has passed


def test_wide_fan_out() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    mg.stack([x * i for i in range(2000)]).sum().backward()
    assert x.grad == 2000 * 1999 / 2


# --- what is asked for --------------------------------------------------------------------------


def test_gradients_of_values_on_the_way() -> None:
    x = mg.tensor(2.0, requires_grad=True)
    h = x * x
    y = h * h * x
    found = mg.gradients(y, [h, x, y, h])
    assert [float(g) for g in found] == [2 * 4 * 2, 5 * 2**4, 1, 16]


def test_create_graph_can_be_differentiated_again_and_again() -> None:
    x = mg.tensor(2.0, requires_grad=True)
    y = x**5
    for expected in (5 * 2**4, 20 * 2**3, 60 * 2**2, 120 * 2, 120):
        (y,) = mg.gradients(y, [x], create_graph=True)
        assert y.item() == expected


def test_create_graph_and_backward() -> None:
    """A gradient penalty: the second pass adds to .grad."""
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    (g,) = mg.gradients((x**3).sum(), [x], create_graph=True)
    (g * g).sum().backward()
    np.testing.assert_array_equal(x.grad, [36 * 1**3, 36 * 2**3])  # of 9 x^4


def test_cotangent() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    assert mg.gradients(-x, [x], cotangent=[3, 4])[0].tolist() == [-3, -4]
    x32 = mg.tensor([1.0, 2.0], requires_grad=True, dtype=np.float32)
    assert mg.gradients(-x32, [x32], cotangent=[3.0, 4.0])[0].dtype == np.float32


def test_backward_adds_up() -> None:
    x = mg.tensor(3.0, requires_grad=True)
    for times in (1, 2, 3):
        (x * x).backward()
        assert x.grad == 6 * times
    x.grad = None
    x.backward()
    assert x.grad == 1


def test_gradients_leaves_grad_alone() -> None:
    x = mg.tensor(3.0, requires_grad=True)
    mg.gradients(x * x, [x])
    assert x.grad is None


def test_leaves_without_requires_grad_get_none() -> None:
    x, c = mg.tensor(3.0, requires_grad=True), mg.tensor(2.0)
    h = x * c
    h.backward()
    assert x.grad == 2
    assert c.grad is None
    assert h.grad is None


def test_what_is_given_out_belongs_to_the_caller() -> None:
    a, b = mg.tensor([1.0, 2.0], requires_grad=True), mg.tensor([3.0, 4.0], requires_grad=True)
    (a + b).sum().backward()
    a.grad *= 10
    assert b.grad.tolist() == [1, 1]
    g, h = mg.gradients((a + b).sum(), [a, b])
    g += 1
    assert h.tolist() == [1, 1]


def test_rules_run_only_for_what_is_asked() -> None:
    def refuse(g: Any, y: Any, a: Any, b: Any) -> Any:
        raise AssertionError("this gradient is not needed")

    left = mg.operation(lambda a, b: a + b, lambda g, y, a, b: g, refuse, name="left")
    a, b = mg.tensor(1.0, requires_grad=True), mg.tensor(2.0, requires_grad=True)
    assert mg.gradients(left(a, b), [a]) == [1]
    left(a, 2.0).backward()
    assert a.grad == 1
    with pytest.raises(AssertionError, match="not needed"):
        left(a, b).backward()


# --- memory -------------------------------------------------------------------------------------


def test_keep_graph() -> None:
    x = mg.tensor(3.0, requires_grad=True)
    y = mg.sin(x) * x
    y.backward(keep_graph=True)
    first = x.grad
    y.backward()
    assert x.grad == 2 * first
    with pytest.raises(RuntimeError, match="given back"):
        y.backward()


def test_two_losses_of_one_graph() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    h = mg.exp(x)
    one, other = h.sum(), (h * h).sum()
    one.backward(keep_graph=True)
    other.backward()
    np.testing.assert_allclose(x.grad, np.exp([1, 2]) + 2 * np.exp([2, 4]), rtol=1e-15)


def test_memory_is_given_back_on_the_way() -> None:
    held: list[int] = []

    def rule(g: Any, y: Any, x: Any) -> Any:
        held.append(tracemalloc.get_traced_memory()[0])
        return g * y

    probe = mg.operation(np.exp, rule, name="probe")
    x = mg.tensor(np.zeros(100_000), requires_grad=True)
    one = x.data.nbytes
    tracemalloc.start()
    try:
        y = x
        for _ in range(10):
            y = mg.sin(probe(y))
        J = y.sum()
        del y
        J.backward()
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held[0] > 20 * one  # every value of the forward pass
    for before, later in itertools.pairwise(held):
        assert before - later > 1.9 * one  # one of sin and one of probe fewer
    assert after < 1.1 * one  # x.grad


def test_no_cycles() -> None:
    """A graph is freed by its last reference, without the garbage collector."""
    gc.disable()
    try:
        x = mg.tensor(X, requires_grad=True)
        h = mg.tanh(x.T @ x)
        J = (h * h).sum()
        alive = weakref.ref(h)
        mg.gradients(J, [x], create_graph=True)
        mg.gradient_flow(J.named("J"))
        J.backward()
        del h, J
        assert alive() is None
    finally:
        gc.enable()


# --- threads ------------------------------------------------------------------------------------


def test_threads_backpropagate_to_shared_leaves() -> None:
    W = mg.tensor(np.ones((100, 100)), requires_grad=True)  # NumPy adds large arrays without lock
    times, failures = 100, []

    def work() -> None:
        try:
            for _ in range(times):
                (W.T @ np.ones((100, 1))).sum().backward()
        except Exception as error:
            failures.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not failures
    np.testing.assert_array_equal(W.grad, np.full((100, 100), 4 * times))
