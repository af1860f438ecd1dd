"""NumPy's functions on tensors: the same values as on arrays, as tensors, with gradients."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.protocol import NUMPY
from minigrad.tensor import OPERATIONS
from tests import derivatives

X = np.array([[0.3, 1.2, 2.0], [1.1, 0.4, 0.7]])
Y = np.array([[0.5], [1.5]])

FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: np.add(x, y),
    "subtract": lambda x, y: np.subtract(x, y),
    "multiply": lambda x, y: np.multiply(x, y),
    "divide": lambda x, y: np.divide(x, y),
    "power": lambda x, y: np.power(x, y),
    "negative": lambda x, y: np.negative(x),
    "positive": lambda x, y: np.positive(x),
    "matmul": lambda x, y: np.matmul(x.T, y),
    "dot": lambda x, y: np.dot(x.T, y),
    "exp": lambda x, y: np.exp(x),
    "log": lambda x, y: np.log(x),
    "sqrt": lambda x, y: np.sqrt(x),
    "sin": lambda x, y: np.sin(x),
    "cos": lambda x, y: np.cos(x),
    "tanh": lambda x, y: np.tanh(x),
    "abs": lambda x, y: np.abs(x - 1),
    "maximum": lambda x, y: np.maximum(x, y),
    "minimum": lambda x, y: np.minimum(x, 1.0),
    "where": lambda x, y: np.where(np.array([[True], [False]]), x, y),
    "clip": lambda x, y: np.clip(x, 0.35, 1.15),
    "clip by name": lambda x, y: np.clip(x, a_min=0.35, a_max=None),
    "sum": lambda x, y: np.sum(x, axis=0, keepdims=True),
    "sum by position": lambda x, y: np.sum(x, 1),
    "mean": lambda x, y: np.mean(x, axis=(0, 1)),
    "max": lambda x, y: np.max(x, axis=-1),
    "min": lambda x, y: np.min(x),
    "transpose": lambda x, y: np.transpose(x),
    "reshape": lambda x, y: np.reshape(x, (3, -1)),
    "broadcast_to": lambda x, y: np.broadcast_to(y, (2, 3)) * x,
    "concatenate": lambda x, y: np.concatenate((x, y), axis=1),
    "stack": lambda x, y: np.stack([x, x * y]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_numpys_function(name: str) -> None:
    f = FUNCTIONS[name]
    z = f(mg.tensor(X), mg.tensor(Y))
    assert isinstance(z, mg.Tensor)
    np.testing.assert_array_equal(z.data, f(X, Y))
    derivatives.check(lambda x, y: f(x, y) + 0 * y.sum(), X, Y)


@pytest.mark.parametrize("name", ["add", "divide", "maximum", "matmul", "concatenate", "where"])
def test_a_tensor_among_arrays_is_enough(name: str) -> None:
    f = FUNCTIONS[name]
    for x, y in ((mg.tensor(X), Y), (X, mg.tensor(Y))):
        z = f(x, y)
        assert isinstance(z, mg.Tensor)
        np.testing.assert_array_equal(z.data, f(X, Y))


def test_records_of_numpys_names_answer_for_numpy() -> None:
    """Whatever operation has the name of a function of NumPy is what that function finds."""
    for name, record in OPERATIONS.items():
        # np.matmul takes vectors too; comparisons of tensors give plain arrays
        if hasattr(np, name) and name not in ("astype", "matmul") and record.differentiable:
            assert NUMPY[getattr(np, name)] is record


def test_a_users_record_answers_numpys_function() -> None:
    mg.operation(np.arctan, lambda g, y, x: g / (1 + x * x))
    derivatives.check(np.arctan, X)
    mg.operation(lambda x: np.flip(x), lambda g, y, x: np.flip(g), name="backwards", numpy=np.flip)
    derivatives.check(np.flip, X)
