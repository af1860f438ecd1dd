"""Hold a function's derivatives, to order two, against numbers alone.

The truth is the complex step, and where a function drops imaginary parts central differences: both
only evaluate the function. No rule of minigrad has a part in it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg

Arrays = Sequence[np.ndarray]
Function = Callable[[Arrays], Any]


def complex_step(f: Function, xs: Arrays, vs: Arrays) -> Any:
    """The derivative of `f` along `vs`, exact to rounding, if `f` is analytic."""
    h = 1e-30
    return np.imag(f([x + 1j * h * v for x, v in zip(xs, vs, strict=True)])) / h


def central_difference(f: Function, xs: Arrays, vs: Arrays) -> Any:
    """The derivative of `f` along `vs`, to about ten digits: the error is of fourth order."""
    h = 1e-3

    def moved(by: float) -> Any:
        return f([x + by * v for x, v in zip(xs, vs, strict=True)])

    return (8 * (moved(h) - moved(-h)) - (moved(2 * h) - moved(-2 * h))) / (12 * h)


def gradient(J: Function, xs: Arrays, derivative: Any = complex_step) -> list[np.ndarray]:
    """The gradient of a scalar function, entry by entry."""
    found = [np.zeros(x.shape) for x in xs]
    for i, x in enumerate(xs):
        for index in np.ndindex(x.shape):
            unit = [np.zeros(x.shape) for x in xs]
            unit[i][index] = 1
            found[i][index] = derivative(J, xs, unit)
    return found


def assert_close(got: Sequence[Any], expected: Arrays, tolerance: float = 1e-12) -> None:
    """Compare arrays one by one: shapes, and values relative to the largest entry of all."""
    scale = max([1.0, *(float(abs(e).max()) for e in expected if e.size)])
    for i, (g, e) in enumerate(zip(got, expected, strict=True)):
        assert np.shape(g) == np.shape(e), f"array {i}"
        error = np.max(abs(np.asarray(g) - e), initial=0) / scale
        assert error <= tolerance, f"array {i}: off by {error:.1e}, got\n{g}\nexpected\n{e}"


def check(f: Callable[..., mg.Tensor], *xs: np.ndarray, analytic: bool = True) -> None:
    """Check the gradient of <w, f(x)> by x for random w, and the gradient of that by w and by x."""
    rng = np.random.default_rng(0)
    derivative = complex_step if analytic else central_difference
    tolerance = 1e-12 if analytic else 1e-9

    def values(xs: Arrays) -> np.ndarray:
        return f(*map(mg.tensor, xs)).data

    def J(xs: Arrays) -> Any:
        return np.sum(w * values(xs))

    def gradients(xs: Arrays) -> np.ndarray:
        return np.concatenate([g.ravel() for g in gradient(J, xs, derivative)])

    w = rng.uniform(-1, 1, values(xs).shape)
    vs = [rng.uniform(-1, 1, x.shape) for x in xs]
    truth = gradient(J, xs, derivative)
    leaves = [mg.tensor(x, requires_grad=True) for x in xs]
    assert_close(mg.gradients(f(*leaves), leaves, cotangent=w), truth, tolerance)

    def slope(w: Any, *xs: Any) -> Any:
        """The derivative of <w, f(x)> along vs, by two backward passes in a row."""
        pulled_back = mg.gradients(f(*xs), xs, cotangent=w, create_graph=True)
        assert_close([g.data for g in pulled_back], truth, tolerance)
        return sum((g * v).sum() for g, v in zip(pulled_back, vs, strict=True))

    by_w, *by_xs = mg.grad(slope, range(1 + len(xs)))(w, *xs)
    assert_close([by_w], [derivative(values, xs, vs)], tolerance)
    flat = np.concatenate([g.ravel() for g in by_xs])
    assert_close([flat], [central_difference(gradients, xs, vs)], 1e-7)
