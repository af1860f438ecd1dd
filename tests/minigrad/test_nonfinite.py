"""Who made the first NaN or infinity: operation, value, step and line."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def value(data: Any, name: str = "x") -> mg.Tensor:
    with mg.step(3):
        return mg.tensor(data, requires_grad=True, name=name)


def message(program: Callable[[], Any]) -> str:
    with pytest.raises(FloatingPointError) as caught, mg.detect_nonfinite():
        program()
    return str(caught.value)


def line(program: Callable[[], Any], text: str) -> str:
    """Where a line of a function stands, as messages write it."""
    lines, first = inspect.getsourcelines(program)
    offset = next(i for i, source in enumerate(lines) if text in source)
    return f"{__file__}:{first + offset}"


def test_forward() -> None:
    def program() -> None:
        x = value([1.0, 0.0, 2.0])
        z = mg.exp(mg.negative(x))
        y = mg.log(x)
        (y + z).sum()

    text = message(program)
    assert "log of x at step 3 first made inf" in text
    assert text.endswith(line(program, "y = mg.log"))


def test_forward_through_an_operator_and_a_numpy_function() -> None:
    def division() -> None:
        value([0.0]) / value([0.0], "w")

    text = message(division)
    assert "divide of x at step 3, w at step 3 first made nan" in text
    assert text.endswith(line(division, "value([0.0]) /"))

    def root() -> None:
        np.sqrt(value([-1.0]))

    assert message(root).endswith(line(root, "np.sqrt"))
    assert "sqrt of x at step 3 first made nan" in message(root)


def test_what_came_in_is_told_from_what_was_made() -> None:
    def program() -> None:
        mg.multiply(value([np.nan]), value([1.0], "w"))

    assert "multiply of x at step 3 (which has it), w at step 3" in message(program)


def backward(x: mg.Tensor, J: mg.Tensor) -> None:
    J.backward()


def gradients(x: mg.Tensor, J: mg.Tensor) -> None:
    mg.gradients(J, [x])


def create_graph(x: mg.Tensor, J: mg.Tensor) -> None:
    mg.gradients(J, [x], create_graph=True)


def gradient_flow(x: mg.Tensor, J: mg.Tensor) -> None:
    mg.gradient_flow(J)


@pytest.mark.parametrize("sweep", [backward, gradients, create_graph, gradient_flow])
def test_backward(sweep: Any) -> None:
    def program() -> None:
        x = value([4.0, 0.0])
        root = mg.sqrt(3 * (1 * x).named("h"))
        sweep(x, (root * root).sum())

    text = message(program)
    # The cotangent of sqrt is 0 / 0, since root * root gives it 2 root g.
    assert "the backward pass of sqrt first made nan" in text
    assert "in the cotangent of a result of multiply" in text
    assert text.endswith(line(program, "root = mg.sqrt"))


def test_backward_names_value_and_step() -> None:
    def program() -> None:
        mg.sqrt(value([0.0])).sum().backward()

    assert "the backward pass of sqrt first made inf, in the cotangent of x at step 3" in message(
        program
    )


def test_backward_of_a_product_that_is_made_together_with_others() -> None:
    def program() -> None:
        W = value(np.full((1, 1), 1e-200), "W")
        xs = [np.full((1, 1), 1e-100), np.full((1, 1), 1e200)]
        with np.errstate(over="ignore"):
            mg.stack([1e200 * (W @ x) for x in xs]).sum().backward()

    text = message(program)
    assert "the backward pass of matmul first made inf, in the cotangent of W at step 3" in text
    assert text.endswith(line(program, "mg.stack"))


def test_second_derivative_names_the_line_it_comes_from() -> None:
    def program() -> None:
        x = value([0.0])
        y = x**1.5
        (g,) = mg.gradients(y.sum(), [x], create_graph=True)
        mg.gradients(g.sum(), [x])

    text = message(program)
    assert "first made inf" in text
    assert text.endswith(line(program, "y = x**1.5"))


def test_finite_programs_run_as_ever() -> None:
    x = value([1.0, 2.0])
    with mg.detect_nonfinite():
        (mg.exp(x) @ np.ones(2)).backward()
    np.testing.assert_array_equal(x.grad, np.exp([1.0, 2.0]))


def test_off_by_default_and_off_again() -> None:
    x = value([0.0])
    with pytest.raises(FloatingPointError), mg.detect_nonfinite():
        mg.log(x)
    with np.errstate(divide="ignore"):
        assert mg.log(x).item() == -np.inf


def test_what_was_computed_before_has_no_line() -> None:
    y = mg.sqrt(value([0.0], "x")).sum()
    with pytest.raises(FloatingPointError) as caught, mg.detect_nonfinite():
        y.backward()
    assert "backward pass of sqrt first made inf, in the cotangent of x" in str(caught.value)
    assert str(caught.value).endswith("at a line that ran before detect_nonfinite()")


def test_it_goes_on_after_an_error_that_was_caught() -> None:
    with mg.detect_nonfinite():
        root = mg.sqrt(value([0.0])).sum()
        with pytest.raises(FloatingPointError, match="backward pass of sqrt"):
            root.backward()
        with pytest.raises(FloatingPointError, match="log of x at step 3 first made"):
            mg.log(value([0.0]))
