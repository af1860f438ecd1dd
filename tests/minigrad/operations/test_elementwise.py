"""Values of the operations that act on each element, and what holds at kinks and far out.

The truth is Python's `math` and `decimal`; derivatives are checked in test_table.py.
"""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg

finite = st.floats(-30, 30)
positive = st.floats(1e-3, 1e3)


def sigmoid(x: float) -> float:
    return float(1 / (1 + Decimal(-x).exp()))


def softplus(x: float) -> float:
    return float((1 + Decimal(x).exp()).ln())


UNARY = {
    "exp": (mg.exp, math.exp, finite),
    "log": (mg.log, math.log, positive),
    "sqrt": (mg.sqrt, math.sqrt, positive),
    "sin": (mg.sin, math.sin, finite),
    "cos": (mg.cos, math.cos, finite),
    "tanh": (mg.tanh, math.tanh, finite),
    "negative": (mg.negative, lambda x: -x, finite),
    "abs": (mg.abs, math.fabs, finite),
    "relu": (mg.relu, lambda x: x if x > 0 else 0.0, finite),
    "sigmoid": (mg.sigmoid, sigmoid, finite),
    "softplus": (mg.softplus, softplus, finite),
}

BINARY: dict[str, tuple[Callable[..., mg.Tensor], Callable[[float, float], float]]] = {
    "add": (mg.add, lambda a, b: a + b),
    "subtract": (mg.subtract, lambda a, b: a - b),
    "multiply": (mg.multiply, lambda a, b: a * b),
    "divide": (mg.divide, lambda a, b: a / b),
    "power": (mg.power, lambda a, b: a**b),
    "maximum": (mg.maximum, lambda a, b: max(a, b)),
    "minimum": (mg.minimum, lambda a, b: min(a, b)),
}


@pytest.mark.parametrize("name", UNARY)
@given(data=st.data())
def test_unary_values(name: str, data: Any) -> None:
    f, truth, elements = UNARY[name]
    x = data.draw(hnp.arrays(float, hnp.array_shapes(max_dims=3, max_side=3), elements=elements))
    y = f(x)
    assert y.shape == x.shape
    expected = [truth(float(v)) for v in x.flat]
    np.testing.assert_allclose(y.data.ravel(), expected, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("name", BINARY)
@given(data=st.data())
def test_binary_values_broadcast(name: str, data: Any) -> None:
    f, truth = BINARY[name]
    shapes = data.draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=3))
    a, b = (
        data.draw(hnp.arrays(float, s, elements=st.floats(0.5, 3))) for s in shapes.input_shapes
    )
    y = f(a, b)
    assert y.shape == shapes.result_shape
    pairs = np.broadcast(a, b)
    expected = [truth(float(u), float(v)) for u, v in pairs]
    np.testing.assert_allclose(y.data.ravel(), expected, rtol=1e-14)


@given(
    condition=hnp.arrays(bool, (2, 3)),
    a=hnp.arrays(float, (3,), elements=finite),
    b=hnp.arrays(float, (2, 1), elements=finite),
)
def test_where_takes_from_either(condition: Any, a: Any, b: Any) -> None:
    y = mg.where(condition, a, b).data
    for i, j in np.ndindex(2, 3):
        assert y[i, j] == (a[j] if condition[i, j] else b[i, 0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_far_out_without_a_warning(dtype: Any) -> None:
    x = np.array([-1e4, -100.0, 0.0, 100.0, 1e4], dtype)
    value, pull_back = mg.vjp(mg.sigmoid, x)
    np.testing.assert_allclose(value, [0, 0, 0.5, 1, 1], atol=1e-30)
    np.testing.assert_allclose(pull_back(np.ones_like(x))[0], [0, 0, 0.25, 0, 0], atol=1e-30)
    value, pull_back = mg.vjp(mg.softplus, x)
    np.testing.assert_allclose(value, [0, 0, math.log(2), 100, 1e4], rtol=1e-6, atol=1e-30)
    np.testing.assert_allclose(pull_back(np.ones_like(x))[0], [0, 0, 0.5, 1, 1], atol=1e-30)


def test_small_sigmoid_keeps_its_digits() -> None:
    expected = [float(1 / (1 + Decimal(-x).exp())) for x in (-700, -300, -36.5)]
    np.testing.assert_allclose(mg.sigmoid([-700.0, -300.0, -36.5]).data, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "slopes"),
    [
        (mg.relu, (0.0,)),
        (mg.abs, (0.0,)),
        (mg.maximum, (0.5, 0.5)),
        (mg.minimum, (0.5, 0.5)),
    ],
)
def test_slope_at_a_kink_is_one_of_those_between(f: Any, slopes: Any) -> None:
    point = (0.0,) * len(slopes)
    assert mg.grad(f, range(len(slopes)))(*point) == slopes


@pytest.mark.parametrize(
    ("n", "x", "derivatives"),
    [
        (2, 0.0, (0.0, 2.0, 0.0)),
        (3, 0.0, (0.0, 0.0, 6.0)),
        (2, -3.0, (-6.0, 2.0, 0.0)),
        (0, 0.0, (0.0, 0.0, 0.0)),
        (-1, 2.0, (-1 / 4, 1 / 4, -3 / 8)),
        (0.5, 4.0, (1 / 4, -1 / 32, 3 / 256)),
    ],
)
def test_derivatives_of_a_power_by_algebra(n: Any, x: float, derivatives: Any) -> None:
    f: Any = lambda x: x**n  # noqa: E731
    for expected in derivatives:
        f = mg.grad(f)
        assert f(x) == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("a", [0.5, 2.0])
@pytest.mark.parametrize("b", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_second_derivatives_of_a_power_by_base_and_exponent(a: float, b: float) -> None:
    log = math.log(a)
    mixed = a ** (b - 1) * (1 + b * log)
    expected = [[b * (b - 1) * a ** (b - 2), mixed], [mixed, a**b * log**2]]
    power: Any = lambda v: v[0] ** v[1]  # noqa: E731
    np.testing.assert_allclose(mg.hessian(power)(np.array([a, b])), expected, rtol=1e-14)
    mg.check_gradients(mg.power, np.array([a, 1.5]), np.array([b, b]), order=2)


@pytest.mark.parametrize(
    ("a", "b", "slopes", "by_base", "mixed"),
    [
        (0.0, 0.0, (0.0, 0.0), 0.0, 0.0),
        (0.0, 2.0, (0.0, 0.0), 2.0, 0.0),
        (0.0, 3.0, (0.0, 0.0), 0.0, 0.0),
        (-2.0, 0.0, (0.0, 0.0), 0.0, -0.5),
        (-2.0, 2.0, (-4.0, 0.0), 2.0, -2.0),
        (-2.0, 3.0, (12.0, 0.0), -12.0, 4.0),
    ],
)
def test_powers_of_zero_and_less(
    a: float, b: float, slopes: Any, by_base: float, mixed: float
) -> None:
    """By algebra: b a^(b-1), b (b-1) a^(b-2), and a^(b-1), since log(a) counts as zero there."""
    assert mg.grad(mg.power, (0, 1))(a, b) == slopes
    assert mg.hessian(lambda a: a**b)(a) == by_base
    assert mg.grad(lambda b: mg.grad(mg.power)(a, b))(b) == mixed


def test_a_constant_exponent_zero_has_no_slope_however_small_the_base() -> None:
    f: Any = lambda x: x**0  # noqa: E731
    for _ in range(3):
        f = mg.grad(f)
        assert f(1e-300) == 0


def test_operators_take_numbers_and_arrays_on_either_side() -> None:
    x = mg.tensor([1.0, 2.0])
    a = np.array([4.0, 8.0])
    for got, expected in [
        (2 + x, [3, 4]),
        (a + x, [5, 10]),
        (x + a, [5, 10]),
        (2 - x, [1, 0]),
        (a - x, [3, 6]),
        (x - 2, [-1, 0]),
        (a * x, [4, 16]),
        (a / x, [4, 4]),
        (x / 2, [0.5, 1]),
        (a**x, [4, 64]),
        (2**x, [2, 4]),
        (x**2, [1, 4]),
        (-x, [-1, -2]),
        (+x, [1, 2]),
        (abs(-x), [1, 2]),
        (a @ x, 20),
        (x @ a, 20),
        ([4.0, 8.0] @ x, 20),
    ]:
        assert isinstance(got, mg.Tensor)
        np.testing.assert_array_equal(got.data, expected)


@pytest.mark.parametrize("number", [2, 2.0, True])
def test_a_number_takes_the_dtype_of_what_it_meets(number: Any) -> None:
    x = mg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    y = (number * x + number) / number - number
    y = mg.maximum(y**number, number)
    assert y.dtype == np.float32
    assert mg.gradients(y.sum(), [x])[0].dtype == np.float32


def test_astype_converts_the_cotangent_back() -> None:
    x = mg.tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    y = x.astype(np.float64) * np.array([3.0, 4.0])
    assert y.dtype == np.float64
    (g,) = mg.gradients(y.sum(), [x])
    assert g.dtype == np.float32
    np.testing.assert_array_equal(g, [3, 4])


def test_astype_to_whole_numbers_needs_no_gradient() -> None:
    """Its derivative is zero, and whole numbers can't have a cotangent."""
    x = mg.tensor([1.5, 2.5], requires_grad=True)
    n = x.astype(int)
    assert n.dtype == int
    assert not n.requires_grad
    np.testing.assert_array_equal(mg.gradients((x * n).sum(), [x])[0], [1, 2])
