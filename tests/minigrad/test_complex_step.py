"""Complex numbers: the complex step passes through kinks and gradients, and nothing else does."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.complex_step import real_part

H = 1e-20
X = np.array([-1.5, 0.0, 2.0])
T = np.array([-1.5, 1.0, 1.0])

# Each with its slope by x at X, by hand: in the middle of a kink the mean of both sides.
KINKED: dict[str, tuple[Any, list[float]]] = {
    "abs": (mg.abs, [-1, 0, 1]),
    "relu": (mg.relu, [0, 0, 1]),
    "maximum": (lambda x: mg.maximum(x, T), [0.5, 0, 1]),
    "minimum": (lambda x: mg.minimum(T, x), [0.5, 1, 0]),
    "clip": (lambda x: np.clip(x, -1, 2), [0, 1, 0.5]),
    "where": (lambda x: np.where(x >= 0, 3 * x, x), [1, 3, 3]),
    "max": (lambda x: np.max(np.stack([x, T]), axis=0), [0.5, 0, 1]),
    "min": (lambda x: np.min(np.stack([x, T]), axis=0), [0.5, 1, 0]),
    "sign": (lambda x: np.sign(x) * x, [-1, 0, 1]),
    "floor": (lambda x: np.floor(x) * x, [-2, 0, 2]),
}


@pytest.mark.parametrize("name", KINKED)
def test_the_complex_step_and_the_rules_agree_at_kinks(name: str) -> None:
    f, slopes = KINKED[name]
    for sign in (1, -1):
        y = f(mg.tensor(X + sign * 1j * H)).data
        np.testing.assert_array_equal(y.real, f(mg.tensor(X)).data)
        np.testing.assert_allclose(sign * y.imag / H, slopes, rtol=1e-15)
    np.testing.assert_array_equal(mg.grad(lambda x: f(x).sum())(X), slopes)


@pytest.mark.parametrize("name", KINKED)
def test_the_complex_step_passes_through_gradients_of_kinks(name: str) -> None:
    """The second derivative of exp(f) is exp(f) f'^2, since f is straight on either side."""
    f, slopes = KINKED[name]
    gradient = mg.grad(lambda x: np.exp(f(x)).sum())
    expected = np.exp(f(mg.tensor(X)).data) * np.square(slopes)
    np.testing.assert_allclose(gradient(X + 1j * H).imag / H, expected, rtol=1e-14)


@pytest.mark.parametrize("name", KINKED)
def test_other_complex_numbers_have_no_side(name: str) -> None:
    with pytest.raises(TypeError, match=r"expected real numbers, got .*3.4j\); complex ones"):
        KINKED[name][0](mg.tensor(np.array([1.0, 3 + 4j, 2.0])))


@pytest.mark.parametrize(
    "call",
    [
        lambda: mg.grad(lambda x: x * x)(3 + 4j),
        lambda: mg.vjp(np.exp, np.array([1.0, 1j])),
        lambda: mg.jacobian(lambda x: x * 1j)(X),
        lambda: np.argmax(mg.tensor([1j, 0])),
    ],
)
def test_complex_numbers_have_no_gradient(call: Any) -> None:
    with pytest.raises(TypeError, match=r"expected real numbers, got .*complex step"):
        call()


def test_a_large_value_may_have_a_large_imaginary_part() -> None:
    x = mg.tensor(np.array([80.0, 70.0]) + 1j * H)
    y = mg.relu(np.exp(x) - 1).data
    np.testing.assert_allclose(y.imag / H, np.exp([80.0, 70.0]), rtol=1e-14)


def test_numbers_and_real_arrays_are_their_real_part() -> None:
    assert real_part(2, "f") == 2
    assert real_part(X, "f") is X
