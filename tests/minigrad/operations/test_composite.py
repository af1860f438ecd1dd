"""NumPy functions that are made of several operations, or that have no gradient."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests import derivatives

X = np.array([[0.3, -1.2, 2.0], [1.1, 0.4, -0.7]])

SMOOTH = {
    "np.square": np.square,
    "np.reciprocal": np.reciprocal,
    "np.var": np.var,
    "np.std": lambda x: np.std(x, axis=0),
    "np.amin": lambda x: np.amin(x, axis=1),
    "np.amax": lambda x: np.amax(x, axis=1),
    "np.var along an axis": lambda x: np.var(x, axis=1, keepdims=True),
    "np.outer": lambda x: np.outer(x[0], x[1]),
    "np.min": lambda x: np.min(x, axis=0),
    "np.clip": lambda x: np.clip(x, -1, 1),
    "np.clip to one side": lambda x: np.clip(x, 0, None),
    "np.clip by arrays": lambda x: np.clip(x, np.array([[0.0], [-0.5]]), np.array([1.0, 0.1, 1.0])),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_means_what_numpy_means(name: str) -> None:
    f: Any = SMOOTH[name]
    y = f(mg.tensor(X))
    assert isinstance(y, mg.Tensor)
    np.testing.assert_allclose(y.data, f(X), rtol=1e-14)
    derivatives.check(f, X)


@pytest.mark.parametrize(
    ("low", "high"), [(None, None), (-1, None), (None, 1), (-1.0, 1.0), (0, X + 0.1)]
)
def test_clip(low: Any, high: Any) -> None:
    expected = [
        min(max(v, -np.inf if low is None else low), np.inf if high is None else h)
        for v, h in np.broadcast(X, 0.0 if high is None else high)
    ]
    np.testing.assert_array_equal(mg.clip(X, low, high).data.ravel(), expected)
    np.testing.assert_array_equal(mg.tensor(X).clip(low, high).data.ravel(), expected)
    derivatives.check(lambda x: mg.clip(x, low, high), X)


def test_hadamard_is_the_product_of_elements() -> None:
    y = mg.hadamard(X, X[:, :1])
    assert [[float(v) for v in row] for row in y.data] == [
        [u * row[0] for u in row] for row in X.tolist()
    ]
    derivatives.check(mg.hadamard, X, X[:, :1])


def test_min_of_equal_elements_shares_the_gradient() -> None:
    np.testing.assert_array_equal(mg.grad(mg.min)(np.array([2.0, 1.0, 1.0])), [0, 0.5, 0.5])


WITHOUT_GRADIENT = {
    "np.greater": lambda x: np.greater(x, 0),
    "np.less_equal": lambda x: np.less_equal(x, x),
    "np.equal": lambda x: np.equal(0.3, x),
    "np.isfinite": np.isfinite,
    "np.sign": np.sign,
    "np.floor": np.floor,
    "np.argmax": lambda x: np.argmax(x, axis=1),
    "np.argsort": np.argsort,
    "np.shape": np.shape,
    "np.ndim": np.ndim,
    "np.size": np.size,
    "np.zeros_like": np.zeros_like,
    "np.ones_like": lambda x: np.ones_like(x, dtype=int),
    "np.allclose": lambda x: np.allclose(x, X),
    "np.array_equal": lambda x: np.array_equal(X, x),
    "==": lambda x: x == X,
    "!=": lambda x: x != 0.3,
    "<": lambda x: x < x,
    "<=": lambda x: x <= X,
    ">": lambda x: x > X,
    ">=": lambda x: x >= 1,
}


@pytest.mark.parametrize("name", WITHOUT_GRADIENT)
def test_what_has_no_gradient_is_no_tensor(name: str) -> None:
    f: Any = WITHOUT_GRADIENT[name]
    y = f(mg.tensor(X, requires_grad=True))
    assert not isinstance(y, mg.Tensor)
    np.testing.assert_array_equal(y, f(X))
