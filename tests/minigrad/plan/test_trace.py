"""What a trace can't follow: gradients that others record, and values that stay somewhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.plan.trace import RecordedOutsideError

W = np.array([2.0, 3.0])
cubes = mg.compile(lambda W: (W**3).sum())


def compiled_inside(W: Any) -> Any:
    return mg.compile(lambda x: (W * x).sum())(np.array([5.0, 7.0]))


def compiled_gradient(W: Any) -> Any:
    return (mg.compile(mg.grad(lambda v: (v**3).sum()))(W) * np.array([1.0, 2.0])).sum()


def within_a_plan(W: Any) -> Any:
    return mg.compile(compiled_inside)(W) + mg.compile(mg.compile(cubes))(W)


def on_a_nest(W: Any) -> Any:
    return mg.compile(lambda p, k: [p["W"][0] * k, p["x"]])({"W": (W,), "x": W}, 3.0)[0].sum()


# What each gives at W, and the gradient, by hand.
FUNCTIONS: list[tuple[Callable[..., Any], float, list[float]]] = [
    (cubes, 35, [12, 27]),
    (lambda W: cubes(W) + (W**2).sum(), 48, [16, 33]),
    (lambda W: cubes(W[::-1]) * 2, 70, [24, 54]),
    (compiled_inside, 31, [5, 7]),
    (compiled_gradient, 66, [12, 36]),
    (within_a_plan, 66, [17, 34]),
    (on_a_nest, 15, [3, 3]),
]


@pytest.mark.parametrize("f, value, gradient", FUNCTIONS)
def test_a_compiled_function_inside_of_a_differentiated_one(
    f: Any, value: float, gradient: Any
) -> None:
    assert f(W) == value
    both = mg.value_and_grad(f)
    for run in (both, mg.compile(both)):
        assert run(W)[0] == value
        np.testing.assert_allclose(run(W)[1], gradient)
    np.testing.assert_allclose(mg.vjp(f, W)[1](1.0)[0], gradient)
    np.testing.assert_allclose(mg.jvp(f, (W,), (np.array([1.0, 0.0]),))[1], gradient[0])


def test_second_derivatives_of_a_compiled_function() -> None:
    np.testing.assert_allclose(mg.hessian(cubes)(W), np.diag(6 * W))


def test_a_compiled_function_of_recorded_tensors_gives_tensors() -> None:
    w = mg.tensor(W, requires_grad=True)
    (cubes(w) * 2).backward()
    np.testing.assert_allclose(w.grad, [24, 54])
    with mg.no_grad():
        assert type(cubes(w)) is np.float64


def test_a_leaf_of_the_closure_is_trained() -> None:
    """Neither is its gradient a value of the trace, nor its value that of the first call."""
    w = mg.tensor([1.0, 2.0], requires_grad=True, name="w")

    def train(x: Any) -> Any:
        J = (w * w * x).sum()
        J.backward()
        return J

    step = mg.compile(train)
    for _ in range(2):
        w.grad = None
        expected = (w.data**2).sum()
        assert step(np.ones(2)).item() == expected
        np.testing.assert_array_equal(w.grad, 2 * w.data)
        w.data = w.data / 2
    with mg.no_grad():
        assert mg.compile(lambda x: w * x)(np.ones(2)).tolist() == [0.25, 0.5]
    with pytest.raises(RecordedOutsideError, match="uses w, whose gradient is recorded"):
        step.plan(np.ones(2))


def test_a_graph_from_outside_has_no_plan() -> None:
    _, pull_back = mg.vjp(lambda x: x**3, W)
    with pytest.raises(TypeError, match="value of a result of multiply is not known"):
        mg.compile(lambda g: pull_back(2 * g)[0])(W)


def test_a_leaf_that_the_function_makes_is_its_own() -> None:
    def f(x: Any) -> Any:
        w = mg.tensor([1.0, 2.0], requires_grad=True)
        (w * w * x).sum().backward()
        return w.grad

    step = mg.compile(f)
    assert step.plan(W) is not None
    np.testing.assert_array_equal(step(W), [4, 12])


def test_a_plan_does_not_depend_on_the_callers_context() -> None:
    step = mg.compile(lambda x: mg.gradients((x**2).sum(), [x])[0])
    with mg.no_grad():
        np.testing.assert_array_equal(step(W), 2 * W)
    with mg.detect_nonfinite(), pytest.raises(FloatingPointError, match="log of"):
        mg.compile(lambda x: mg.log(x - x))(W)


def _kept_in_a_list(kept: list[Any]) -> Callable[[Any], Any]:
    def f(x: Any) -> Any:
        state = mg.tanh(x).named("state")
        kept.append(state)
        return state.sum()

    return f


def test_a_value_that_stays_outside_is_an_error() -> None:
    """A plan would not renew it; so it would be stale from the second call on."""
    kept: list[Any] = []
    with pytest.raises(TypeError, match="keeps state; return it"):
        mg.compile(_kept_in_a_list(kept))(W)


def test_a_cycle_that_the_function_leaves_to_the_collector_is_none() -> None:
    def f(x: Any) -> Any:
        def power(n: int) -> Any:  # refers to itself and to x
            return x if n == 1 else x * power(n - 1)

        return power(3).sum()

    assert mg.compile(f)(W) == 35


@pytest.mark.parametrize("change", [mg.compile, lambda f: f], ids=["compiled", "eager"])
def test_a_function_may_change_the_nest_that_it_is_given(change: Any) -> None:
    mask = np.array([1.0, 0.0])

    def loss(p: Any) -> Any:
        p["W"] = p["W"] * mask
        p["list"].append(p["list"].pop(0) * p["W"])
        return (p["list"][0] * p["W"]).sum()

    p = {"W": W, "list": [np.array([4.0, 5.0])]}
    expected = {"W": [16, 0], "list": [[4, 0]]}  # of 4 W^2 at W = 2, where the mask is 1
    for gradient in (change(mg.grad(loss)), mg.grad(change(loss))):
        for _ in range(2):
            found = gradient(p)
            np.testing.assert_array_equal(found["W"], expected["W"])
            np.testing.assert_array_equal(found["list"], expected["list"])
            assert p["W"] is W
            assert [x.tolist() for x in p["list"]] == [[4, 5]]
