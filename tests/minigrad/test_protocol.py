"""NumPy's functions on tensors: the same values as on arrays, as tensors, with gradients."""

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.protocol import NUMPY, array_function
from minigrad.tensor import OPERATIONS, value_of
from tests import derivatives
from tests.minigrad.operations.calls import all_calls, leaves

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


# A value for each option that NumPy has somewhere. With the first call of each function, every
# option of every function is met: it means what NumPy means by it, or is refused by its name.
OPTIONS: dict[str, Any] = {
    "axis": 1,
    "axes": (1, 0),
    "keepdims": True,
    "ddof": 1,
    "order": "F",
    "a_min": 1.0,
    "a_max": 1.0,
    "min": 1.0,
    "max": 1.0,
    "dtype": np.float32,
    "out": np.zeros((2, 3)),
    "where": X > 1,
    "initial": 5.0,
    "casting": "unsafe",
    "subok": True,
    "signature": "d->d",
    "correction": 1,
    "mean": np.zeros((1, 1)),
    "mode": "wrap",
    "copy": True,
    "kind": "stable",
    "stable": True,
    "rtol": 0.5,
    "atol": 0.5,
    "equal_nan": True,
    "shape": (4,),
    "device": "cpu",
}
FIRST_CALLS = {function: calls[0] for _, function, calls in all_calls() if callable(function)}
USES = [
    (function, name)
    for function in FIRST_CALLS
    if function in NUMPY
    for name in inspect.signature(function).parameters
]


@pytest.mark.parametrize(("function", "option"), USES)
def test_an_option_means_what_numpy_means_or_is_refused(function: Any, option: str) -> None:
    first = FIRST_CALLS[function]
    case = first._replace(options={k: v for k, v in first.options.items() if k != option})
    with_option = partial(function, **{k: v for k, v in OPTIONS.items() if k == option})
    try:
        got = leaves(case.of(with_option, mg.tensor))
    except Exception as error:
        if f"expected no {option}=" not in str(error):
            with pytest.raises(Exception):  # noqa: B017
                case.of(with_option, np.array)
    else:
        for y, e in zip(got, leaves(case.of(with_option, np.array)), strict=True):
            np.testing.assert_allclose(value_of(y), e, rtol=1e-12)


ARGUMENTS: dict[str, Callable[[Any], Any]] = {
    "ravel": lambda x: np.ravel(x, order="F"),
    "ravel by position": lambda x: np.ravel(x, "F"),
    "reshape": lambda x: np.reshape(x, (3, -1), order="F"),
    "reshape to more axes": lambda x: np.reshape(x, (1, 3, 2), "F"),
    ".ravel": lambda x: x.ravel("F"),
    ".flatten": lambda x: x.flatten(order="F"),
    ".reshape": lambda x: x.reshape(-1, 2, order="F"),
    "transpose of a vector": lambda x: np.transpose(x[0], 0),
    "by keywords": lambda x: np.sum(a=np.moveaxis(a=x, source=0, destination=1), axis=0),
    "sum by position": lambda x: x.sum(0),
    "var": lambda x: np.var(x, 1, ddof=1),
    "std": lambda x: x.std(axis=0, ddof=1, keepdims=True),
    "clip": lambda x: np.clip(x, min=0.35, max=1.15),
    ".clip": lambda x: x.clip(max=1.15),
    "outer": lambda x: np.outer(x, [1.0, 2.0]),
    "outer on the right": lambda x: np.outer([[1.0], [2.0]], x),
    "dot": lambda x: np.dot(2.0, x),
    "nothing": lambda x: x[[]],
    "nothing of the columns": lambda x: x[:, []],
}


@pytest.mark.parametrize("name", ARGUMENTS)
def test_arguments_are_numpys(name: str) -> None:
    f = ARGUMENTS[name]
    y = f(mg.tensor(X))
    assert isinstance(y, mg.Tensor)
    np.testing.assert_allclose(y.data, f(X), rtol=1e-15)
    derivatives.check(f, X)


def test_numbers_take_the_precision_of_what_they_meet() -> None:
    x = mg.tensor(X, dtype=np.float32)
    assert np.dot(2.0, x).dtype == np.dot(x, 2.0).dtype == np.float32


def test_functions_that_look_at_a_shape_take_keywords() -> None:
    x = mg.tensor(X)
    assert np.shape(a=x) == (2, 3)
    assert np.size(a=x, axis=1) == 3
    assert np.zeros_like(a=x, dtype=int).tolist() == [[0, 0, 0], [0, 0, 0]]


@pytest.mark.parametrize("option", ["dtype", "out", "where", "initial"])
def test_methods_refuse_what_they_do_not_take(option: str) -> None:
    with pytest.raises(TypeError, match=rf"np.sum: expected no {option}=.* leave it out"):
        mg.tensor(X).sum(**{option: OPTIONS[option]})


def test_an_option_at_numpys_default_is_as_if_not_given() -> None:
    x = mg.tensor(X)
    assert np.sum(x, None, None, None).item() == x.sum().item()
    assert np.take(x, [0], mode="".join(["ra", "ise"])).data.tolist() == [0.3]


def test_one_value_for_one_argument() -> None:
    with pytest.raises(TypeError, match="expected one value for axis, got 0 and axis="):
        mg.tensor(X).sum(0, axis=1)


def test_an_order_that_memory_decides_is_refused() -> None:
    for order in "AK":
        with pytest.raises(ValueError, match=f"expected order='C' or order='F', got '{order}'"):
            np.ravel(mg.tensor(X), order=order)


def test_numpys_functions_without_a_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in NumPy 2.0, where those in C have none: arguments go through as they are."""
    monkeypatch.setitem(NUMPY, min, lambda *args, **options: (args, options))
    assert array_function(min, (1, 2), {"key": 3}) == ((1, 2), {"key": 3})


def test_bytes_in_the_other_order() -> None:
    other = np.array([1.0, 2.0]).astype(np.dtype(float).newbyteorder("S"))
    x = mg.tensor(other, requires_grad=True)
    assert x.dtype == np.float64
    assert x.dtype.isnative
    assert x.astype(other.dtype).dtype.isnative
    y = (x * other).sum() + x.astype(other.dtype).sum()
    assert mg.gradients(y, [x])[0].tolist() == [2, 3]


def test_records_of_numpys_names_answer_for_numpy() -> None:
    """Whatever operation has the name of a function of NumPy is what that function finds."""
    for name, record in OPERATIONS.items():
        # np.matmul takes vectors too, np.reshape an order; comparisons of tensors give plain arrays
        several = "astype", "einsum", "matmul", "reshape", "transpose"
        if hasattr(np, name) and name not in several and record.differentiable:
            assert NUMPY[getattr(np, name)] is record


def test_a_users_record_answers_numpys_function() -> None:
    mg.operation(np.spacing, lambda g, y, x: 0 * g)
    assert mg.grad(lambda x: np.sum(x + np.spacing(x)))(X).tolist() == np.ones((2, 3)).tolist()
    mg.operation(lambda x: np.flip(x), lambda g, y, x: np.flip(g), name="backwards", numpy=np.flip)
    derivatives.check(np.flip, X)
    with pytest.raises(ValueError, match="operation: expected a new name, got 'arctan'"):
        mg.operation(np.arctan, lambda g, y, x: g / (1 + x * x))
