"""`check_gradients` finds what is wrong, says where, and lets through what is right."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def tanh_with(rule: Callable[..., Any]) -> mg.Operation:
    return mg.operation(np.tanh, rule, name="tanh_by_hand")


WRONG = {
    "sign": lambda g, y, x: -g * (1 - y * y),
    "factor": lambda g, y, x: 2 * g * (1 - y * y),
    "a small factor": lambda g, y, x: (1 + 1e-9) * g * (1 - y * y),
    "an input for an output": lambda g, y, x: g * (1 - x * x),
    "nothing": lambda g, y, x: 0 * g,
    "an entry": lambda g, y, x: g * (1 - y * y) + (np.arange(6).reshape(2, 3) == 4) * 1e-6,
    "rows": lambda g, y, x: (g * (1 - y * y))[::-1],
    "not a number": lambda g, y, x: g * (1 - y * y) * np.nan,
    "one that is not a number": lambda g, y, x: np.where(x == -0.75, np.nan, g * (1 - y * y)),
    "without the incoming cotangent": lambda g, y, x: 1 - y * y,
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_rule_is_found(name: str) -> None:
    with pytest.raises(mg.GradientMismatchError, match="check_gradients: expected"):
        mg.check_gradients(tanh_with(WRONG[name]), X)


def test_a_right_rule_passes() -> None:
    mg.check_gradients(tanh_with(lambda g, y, x: g * (1 - y * y)), X, order=3)


def test_wrong_second_derivative_is_found_at_order_two_alone() -> None:
    def rule(g: Any, y: Any, x: Any) -> Any:
        constant = y.detach() if isinstance(y, mg.Tensor) else y
        return g * (1 - constant**2)  # right, but a dead end

    op = tanh_with(rule)
    mg.check_gradients(op, X)
    with pytest.raises(mg.GradientMismatchError):
        mg.check_gradients(op, X, order=2)


def test_transposed_gradient_of_a_square_matrix_is_found() -> None:
    """The slip that no shape tells."""
    product = mg.operation(
        np.matmul, lambda g, y, a, b: b @ g.T, lambda g, y, a, b: a.T @ g, name="product"
    )
    with pytest.raises(mg.GradientMismatchError, match="argument 0"):
        mg.check_gradients(product, X[:, :2], X[:, 1:])


def test_message_names_the_entry_and_shows_all_methods() -> None:
    def rule(g: Any, y: Any, x: Any) -> Any:
        return 3 * g + 1000 * (x == 0.25)

    triple = mg.operation(lambda x: 3 * x, rule, name="triple")
    with pytest.raises(mg.GradientMismatchError) as caught:
        mg.check_gradients(lambda n, p: triple(p["W"][0]).sum(), 7, {"W": [X], "b": np.ones(2)})
    message = str(caught.value)
    assert "in the gradient by argument 1['W'][0][1, 1]" in message
    assert "by central differences" in message
    assert "by complex step" in message
    assert "got 10" in message  # 3 + 1000, by a weight


def test_functions_that_are_not_analytic() -> None:
    """The complex step gives nothing, or nonsense: central differences are the truth."""
    absolute = mg.operation(lambda x: np.abs(x), lambda g, y, x: g * np.sign(x), name="absolute")
    mg.check_gradients(absolute, X)
    mg.check_gradients(lambda x: x.astype(np.float64) * x, X)
    modulus = mg.operation(
        lambda x: np.sqrt((x * np.conj(x)).real), lambda g, y, x: g * x / y, name="modulus"
    )
    mg.check_gradients(modulus, X)
    wrong = mg.operation(lambda x: np.abs(x), lambda g, y, x: g, name="wrong_absolute")
    with pytest.raises(mg.GradientMismatchError):
        mg.check_gradients(wrong, X)


def test_float32() -> None:
    x = X.astype(np.float32)
    mg.check_gradients(tanh_with(lambda g, y, x: g * (1 - y * y)), x)
    double = mg.operation(lambda x: 2 * x, lambda g, y, x: np.float32(2.1) * g, name="double")
    with pytest.raises(mg.GradientMismatchError):
        mg.check_gradients(double, x)


def test_nests_in_and_out_and_arguments_passed_on() -> None:
    def f(p: Any, labels: Any, axis: Any, reduction: str, start: Any) -> Any:
        assert reduction == "sum"
        assert start is None
        z = p["layers"][0] @ p["b"]
        return {"loss": mg.softmax_cross_entropy(z, labels, axis=axis), "z": (z, z * z)}

    p = {"layers": [X], "b": np.array([[1.0], [2.0], [-1.0]])}
    mg.check_gradients(f, p, np.array([1]), 0, "sum", None, order=2)


def test_what_is_checked_is_left_alone() -> None:
    x = X.copy()
    mg.check_gradients(lambda x: mg.exp(x).sum(), x, order=2)
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("x", [0.05, 0.003, 1e-6])
@pytest.mark.parametrize(
    "f", [mg.log, lambda x: 1 / x, lambda x: mg.log(abs(x)), lambda x: mg.sqrt(x) ** 3]
)
def test_large_curvature_is_no_error(f: Callable[..., Any], x: float) -> None:
    mg.check_gradients(f, np.array([x, 2.0]))


def test_differences_take_the_best_of_several_steps_where_nothing_is_analytic() -> None:
    def logarithm(slope: Any) -> mg.Operation:
        real = lambda x: np.log(np.sqrt((x * np.conj(x)).real))  # noqa: E731
        return mg.operation(real, lambda g, y, x: slope * g / x, name=f"log_{slope}")

    x = np.array([0.05, 0.003, 2.0])
    mg.check_gradients(logarithm(1.0), x)
    with pytest.raises(mg.GradientMismatchError):
        mg.check_gradients(logarithm(1.00001), x)


def test_each_argument_is_held_to_its_own_gradient() -> None:
    bad = mg.operation(lambda x: 1.0 * x, lambda g, y, x: 33 * g, name="bad")
    with pytest.raises(mg.GradientMismatchError, match="argument 1"):
        mg.check_gradients(
            lambda W, b: (1e9 * W).sum() + (bad(b) * 1e-6).sum(), np.ones((2, 2)), np.ones(3)
        )
    mg.check_gradients(lambda W, b: (1e9 * W).sum() + (b * 1e-6).sum(), np.ones((2, 2)), np.ones(3))


def test_a_gradient_of_zero_is_held_to_the_terms_that_cancel() -> None:
    def normalised(x: Any, b: Any) -> Any:
        d = x + b - (x + b).mean(axis=1, keepdims=True)
        return mg.tanh(d / mg.sqrt((d * d).mean(axis=1, keepdims=True)))

    mg.check_gradients(normalised, X, np.array([[0.3], [-2.0]]))
