"""A value whose gradient is recorded never becomes a plain array or number in silence."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests import derivatives

X = np.array([1.0, 2.0])
A = np.array([[1.0, 2.0], [3.0, 4.0]])


def assigned(x: Any) -> Any:
    c = np.zeros(2)
    c[0] = x[0] * x[0]
    return mg.sum(c * x)


def assigned_slice(x: Any) -> Any:
    c = np.zeros(2)
    c[:] = x * x
    return mg.sum(c * x)


def filled(x: Any) -> Any:
    c = np.zeros(2)
    c.fill(x[0])
    return mg.sum(c * x)


def added(x: Any) -> Any:
    c = np.zeros(2)
    c += x
    return mg.sum(c)


LOSING: dict[str, Callable[[Any], Any]] = {
    "np.array of numbers": lambda x: mg.sum(np.array([x[0] * x[1], x[1]]) * x),
    "np.array": lambda x: mg.sum(np.array(x) * x),
    "np.asarray of a result": lambda x: mg.sum(np.asarray(x * x) * x),
    "an array's method": lambda x: (A.dot(x) * x).sum(),
    "assigned": assigned,
    "assigned to a slice": assigned_slice,
    "filled": filled,
    "added in place": added,
    "np.mean of a list": lambda x: np.mean([x[0], x[1]]) * x[0],
    "np.full": lambda x: mg.sum(np.full(3, x[0])) * x[0],
    "np.r_": lambda x: mg.sum(np.r_[x[0], x[1]] * x),
    "np.c_": lambda x: mg.sum(np.c_[x, x]) * x[0],
    "np.fromiter": lambda x: mg.sum(np.fromiter(iter(x), float)) * x[0],
    "np.float64": lambda x: np.float64(x[0]) * x[0],
    "math": lambda x: math.exp(x[0]) * x[1],
    "float": lambda x: float(x[0]) * x[1],
    "complex": lambda x: complex(x[0]).real * x[1],
    "tensor": lambda x: (mg.tensor(x * x) * x).sum(),
    "tensor of a list": lambda x: (mg.tensor([x[0], x[1]]) * x).sum(),
    "np.vectorize": lambda x: mg.sum(np.vectorize(lambda v: v * v)(x) * x),
}


@pytest.mark.parametrize("name", LOSING)
def test_what_would_lose_the_gradient_is_an_error(name: str) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        mg.grad(LOSING[name])(X)
    # NumPy puts a word of its own before ours where a single number is assigned.
    said = str(caught.value) + str(caught.value.__cause__)
    assert "would be lost" in said or "expected no out=" in said


def test_scipy_takes_no_recorded_value_for_an_array() -> None:
    special = pytest.importorskip("scipy.special")
    sparse = pytest.importorskip("scipy.sparse")
    for f in (special.logsumexp, lambda x: mg.sum(sparse.eye(2) @ x), special.j0):
        with pytest.raises(TypeError, match=r"would be lost|has no rule"):
            mg.grad(f)(X)


def test_the_error_says_what_and_what_to_do() -> None:
    w = mg.tensor(X, requires_grad=True, name="w")
    with pytest.raises(TypeError, match=r"^w was to become a plain array .*mg\.stack.* x\.data"):
        np.asarray(w)
    with pytest.raises(TypeError, match=r"^a result of exp of w was to become a plain number"):
        float(mg.exp(w))


def test_looking_and_comparing_stay_convenient(tmp_path: Any) -> None:
    x = mg.tensor(X, requires_grad=True)
    y = x * x
    assert "1., 4." in repr(y)
    assert f"{y.sum():.1f}" == "5.0"
    assert y.sum().item() == 5
    assert (y > 1).tolist() == [False, True]
    assert np.allclose(y, [1, 4]) and np.array_equal(y, [1, 4])
    np.testing.assert_allclose(y, [1, 4])
    np.testing.assert_array_equal(y, [1, 4])
    np.savez(tmp_path / "y.npz", y=y)
    np.save(tmp_path / "y.npy", y)
    with np.load(tmp_path / "y.npz") as saved:
        assert saved["y"].tolist() == np.load(tmp_path / "y.npy").tolist() == [1, 4]
    with mg.no_grad():
        assert float(y[0]) == 1
        assert np.mean([y[0], y[1]]) == 2.5
        assert math.sqrt(y[1]) == 2
    constant = mg.tensor(X)
    assert A.dot(constant).tolist() == [5, 11]
    assert float(constant[1]) == 2


ROTATION: dict[str, Callable[[Any], Any]] = {
    "lists": lambda a: [[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]],
    "tuples": lambda a: ((np.cos(a), -np.sin(a)), (np.sin(a), np.cos(a))),
    "numbers among them": lambda a: [[np.cos(a), 0.0], [1, np.cos(a)]],
    "a row of numbers": lambda a: [[np.cos(a), np.sin(a)], [0, 1]],
}


@pytest.mark.parametrize("name", ROTATION)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_nest_of_tensors_stacks_itself(name: str, dtype: Any) -> None:
    def f(a: Any) -> Any:
        R: Any = ROTATION[name](a)
        R = R if isinstance(a, mg.Tensor) else np.array(R)
        x = X.astype(dtype)
        u, v = mg.matmul(R, x), mg.multiply(R, 2.0)
        return (u * u * u).sum() + (v[0] * u).sum()

    if dtype == np.float64:
        derivatives.check(f, np.array(0.3))
    assert mg.grad(f)(dtype(0.3)).dtype == dtype


def test_nests_beside_a_tensor_in_operators_and_numpys_functions() -> None:
    def f(x: Any) -> Any:
        nest = [x[0] * x[1], x[1]]
        return (nest * x + np.dot(nest, x) + (nest @ x) * np.outer(x, nest)).sum() + x @ nest

    def plain(x: Any) -> Any:
        nest = np.array([x[0] * x[1], x[1]])
        return (nest * x + nest @ x + (nest @ x) * np.outer(x, nest)).sum() + x @ nest

    expected = [plain(X + 1e-20j * e).imag / 1e-20 for e in np.eye(2)]
    np.testing.assert_allclose(mg.grad(f)(X), expected, rtol=1e-14)


def test_three_axes_of_nested_tensors() -> None:
    x = mg.tensor(2.0, requires_grad=True)
    y = mg.sum([[[x, x * x], [1, x]]], axis=(0, 2))
    assert y.data.tolist() == [6, 3]
    [g] = mg.gradients(y.sum(), [x])
    assert g == 1 + 2 * 2 + 1
