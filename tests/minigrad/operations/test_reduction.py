"""Reductions: NumPy's `axis` and `keepdims`; and the softmax family, also on labels of any kind."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from tests import derivatives

Z = np.array([[1.0, -2.0], [0.5, 3.0], [-1.5, 0.25]])


def logsumexp(x: np.ndarray, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


REDUCTIONS = {
    "sum": (mg.sum, np.sum),
    "mean": (mg.mean, np.mean),
    "max": (mg.max, np.max),
    "min": (mg.min, np.min),
    "logsumexp": (mg.logsumexp, logsumexp),
}


@st.composite
def reductions(draw: Any) -> tuple[tuple[int, ...], Any, bool]:
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, max_side=3))
    axes = st.none() | hnp.valid_tuple_axes(len(shape))
    if shape:
        axes |= st.integers(-len(shape), len(shape) - 1)
    return shape, draw(axes), draw(st.booleans())


@pytest.mark.parametrize("name", REDUCTIONS)
@given(case=reductions())
def test_axis_and_keepdims_are_numpys(name: str, case: Any) -> None:
    f, of_numpy = REDUCTIONS[name]
    shape, axis, keepdims = case
    n = int(np.prod(shape))
    x = np.random.default_rng(n).permutation(n).reshape(shape) / n
    y = f(x, axis=axis, keepdims=keepdims)
    expected = of_numpy(x, axis=axis, keepdims=keepdims)
    assert y.shape == expected.shape
    np.testing.assert_allclose(y.data, expected, rtol=1e-14, atol=1e-15)
    derivatives.check(lambda x: f(x, axis, keepdims), x)
    if name != "logsumexp":
        method = getattr(mg.tensor(x), name)(axis=axis, keepdims=keepdims)
        by_protocol = of_numpy(mg.tensor(x), axis=axis, keepdims=keepdims)
        np.testing.assert_array_equal(method.data, y.data)
        np.testing.assert_array_equal(by_protocol.data, y.data)


def test_equal_largest_elements_share_the_gradient() -> None:
    x = np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])
    np.testing.assert_array_equal(
        mg.grad(lambda x: x.max(axis=1).sum())(x), [[0, 1 / 2, 1 / 2], [1 / 3, 1 / 3, 1 / 3]]
    )
    np.testing.assert_array_equal(mg.grad(mg.max)(x), [[0, 1 / 2, 1 / 2], [0, 0, 0]])


def test_logsumexp_far_out() -> None:
    x = np.array([[1e4, -1e4], [1e4, -1e4], [-np.inf, -1e4]])
    value, pull_back = mg.vjp(lambda x: mg.logsumexp(x, axis=0), x)
    np.testing.assert_allclose(value, [1e4 + math.log(2), -1e4 + math.log(3)], rtol=1e-15)
    np.testing.assert_allclose(
        pull_back(np.ones(2))[0], [[1 / 2, 1 / 3], [1 / 2, 1 / 3], [0, 1 / 3]], rtol=1e-11
    )


def test_logsumexp_of_infinities() -> None:
    x = np.array([[-np.inf, np.inf], [-np.inf, 0.0]])
    with np.errstate(divide="ignore"):
        assert mg.logsumexp(x, axis=0).data.tolist() == [-np.inf, np.inf]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_family_by_loops(axis: int) -> None:
    softmax, log_softmax = mg.softmax(Z, axis=axis).data, mg.log_softmax(Z, axis=axis).data
    for index in np.ndindex(Z.shape):
        line = np.take(Z, index[1 - axis % 2], axis=1 - axis % 2)
        share = math.exp(Z[index]) / math.fsum(math.exp(v) for v in line)
        assert softmax[index] == pytest.approx(share, rel=1e-14)
        assert log_softmax[index] == pytest.approx(math.log(share), rel=1e-13)


def cross_entropy(z: np.ndarray, labels: np.ndarray) -> list[float]:
    """-sum_i y_i log(softmax(z)_i) of each column, by loops."""
    return [
        math.fsum(
            -y * math.log(math.exp(v) / math.fsum(map(math.exp, column)))
            for v, y in zip(column, ys, strict=True)
        )
        for column, ys in zip(z.T.tolist(), labels.T.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    "labels",
    [
        np.eye(3)[[2, 0]].T,
        np.array([[0.2, 0.0], [0.5, 1.0], [0.3, 0.0]]),
        np.array([[0.7, -0.4], [2.0, 0.0], [0.1, 3.0]]),  # do not sum to one
        np.zeros((3, 2)),
    ],
    ids=["one-hot", "soft", "any sum", "zero"],
)
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_cross_entropy(labels: np.ndarray, axis: int) -> None:
    z, p = (Z, labels) if axis == 0 else (Z.T, labels.T)
    loss = mg.softmax_cross_entropy(z, p, axis=axis)
    np.testing.assert_allclose(loss.data, cross_entropy(Z, labels), rtol=1e-13, atol=1e-15)
    derivatives.check(lambda z, p: mg.softmax_cross_entropy(z, p, axis=axis), z, p)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("kind", [np.int64, np.uint8])
def test_cross_entropy_of_class_numbers(axis: int, kind: Any) -> None:
    z = Z if axis == 0 else Z.T
    loss = mg.softmax_cross_entropy(z, np.array([2, 0], kind), axis=axis)
    one_hot = np.eye(3)[[2, 0]].T
    np.testing.assert_allclose(loss.data, cross_entropy(Z, one_hot), rtol=1e-14)
    derivatives.check(lambda z: mg.softmax_cross_entropy(z, np.array([2, 0], kind), axis=axis), z)


@pytest.mark.parametrize("kind", [int, bool])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_of_one_hot_labels_of_another_kind(kind: Any, dtype: Any) -> None:
    one_hot = np.eye(3)[[2, 0]].T
    z = mg.tensor(Z, dtype=dtype, requires_grad=True)
    loss = mg.softmax_cross_entropy(z, one_hot.astype(kind))
    assert loss.dtype == dtype
    np.testing.assert_allclose(loss.data, cross_entropy(Z, one_hot), rtol=1e-6)
    assert mg.gradients(loss.sum(), [z])[0].dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_cross_entropy_of_logits_of_ten_thousand(dtype: Any) -> None:
    """Exact by hand: the largest logit takes everything."""
    z = np.array([[1e4, -1e4], [0.0, 1e4], [-1e4, 1e4]], dtype)
    labels = np.array([[0.5, 2.0], [0.5, 0.0], [0.5, 1.0]], dtype)
    (value, gradient) = mg.value_and_grad(lambda z: mg.softmax_cross_entropy(z, labels).sum())(z)
    # column 1: 0.5 (0 + 1e4 + 2e4); column 2: 2 (2e4 + log 2) + log 2
    assert value == pytest.approx(0.5 * 3e4 + 2 * 2e4 + 3 * math.log(2), rel=1e-6)
    expected = [[1.5 - 0.5, -2.0], [-0.5, 1.5], [-0.5, 0.5]]  # (sum y) softmax(z) - y
    np.testing.assert_allclose(gradient, expected, rtol=1e-6)
    numbers = mg.softmax_cross_entropy(z, np.array([2, 0]))
    np.testing.assert_allclose(numbers.data, [2e4, 2e4 + math.log(2)], rtol=1e-6)
    assert gradient.dtype == numbers.dtype == dtype


# --- infinities ---------------------------------------------------------------------------------

MASKED = np.array([1.0, -np.inf, 0.0])
UNMASKED = np.array([1.0, 0.0])
OF_MASKED = {
    "logsumexp": mg.logsumexp,
    "softmax": lambda z: mg.softmax(z)[0] - 3 * mg.softmax(z)[-1],
    "log_softmax": lambda z: mg.log_softmax(z)[0],
    "cross-entropy of a number": lambda z: mg.softmax_cross_entropy(z, np.array(0)),
    "cross-entropy of a distribution": lambda z: mg.softmax_cross_entropy(
        z, np.array([0.25, 0.0, 0.75] if z.size == 3 else [0.25, 0.75])
    ),
}


@pytest.mark.parametrize("name", OF_MASKED)
def test_a_masked_logit_is_as_if_it_were_not_there(name: str) -> None:
    """Its probability is 0, and so are all derivatives by it."""
    f: Any = OF_MASKED[name]
    assert f(mg.tensor(MASKED)).item() == pytest.approx(f(mg.tensor(UNMASKED)).item(), rel=1e-15)
    left = np.array([0, 2])
    gradient, hessian = np.zeros(3), np.zeros((3, 3))
    gradient[left] = mg.grad(f)(UNMASKED)
    hessian[np.ix_(left, left)] = mg.hessian(f)(UNMASKED)
    np.testing.assert_allclose(mg.grad(f)(MASKED), gradient, rtol=1e-15)
    np.testing.assert_allclose(mg.hessian(f)(MASKED), hessian, rtol=1e-14, atol=1e-16)


def test_cross_entropy_with_a_masked_logit_by_hand() -> None:
    loss = mg.softmax_cross_entropy(MASKED, np.array(0))
    assert loss.item() == pytest.approx(math.log1p(math.exp(-1)), rel=1e-15)


def test_logsumexp_of_nothing_that_can_happen() -> None:
    """log 0; it passes no gradient on, so that it can be left out of a larger sum."""
    z = np.full((2, 3), -np.inf)
    z[0, 0] = z[0, 1] = 0.0

    def f(z: Any) -> Any:
        return mg.logsumexp(mg.logsumexp(z, axis=1))

    assert mg.logsumexp(z, axis=1).data.tolist() == [math.log(2), -np.inf]
    np.testing.assert_allclose(mg.grad(f)(z), [[0.5, 0.5, 0], [0, 0, 0]], rtol=1e-15)
    second = mg.hessian(f)(z)[0, :2, 0, :2]
    np.testing.assert_allclose(second, [[0.25, -0.25], [-0.25, 0.25]], rtol=1e-14)
    assert mg.logsumexp([np.inf, 1000.0]).item() == np.inf


def test_the_largest_alone_gets_an_infinite_gradient() -> None:
    """The root of max(x) at 0: nothing goes to what is not the largest."""
    with np.errstate(divide="ignore"):
        gradient = mg.grad(lambda x: np.sqrt(mg.max(x)))(np.array([0.0, -1.0]))
    assert gradient.tolist() == [np.inf, 0]


# --- float16 ------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [mg.mean, mg.max, mg.min])
def test_float16_gradients_of_many_elements(f: Any) -> None:
    n = 70_000  # more than the largest number of float16
    gradient = mg.grad(f)(np.zeros(n, np.float16))
    assert gradient.dtype == np.float16
    np.testing.assert_allclose(gradient, np.full(n, np.float16(1 / n)))
    second = mg.jvp(mg.grad(lambda x: f(x) ** 2 / 2), np.ones(n, np.float16), gradient)[1]
    assert second.dtype == np.float16


def test_float16_sums_of_many_elements() -> None:
    x = np.ones((5000, 2), np.float16)
    assert np.sum(mg.tensor(x), axis=0).data.tolist() == [5000, 5000]
    assert mg.sum(x, axis=0).dtype == np.float16


def test_mean_of_nothing_has_a_gradient_of_its_shape() -> None:
    x = np.zeros((0, 3))
    assert mg.vjp(lambda x: mg.mean(x, axis=1), x)[1](np.zeros(0))[0].shape == (0, 3)
