"""Compare generic gradients with the complex step and with central differences."""

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from minigrad.context import no_grad
from minigrad.leaf import tensor
from minigrad.nests import leaves, map_leaves
from minigrad.rounding import compared, largest, rounding_errors
from minigrad.tensor import value_of
from minigrad.transforms import grad, vjp


class GradientMismatchError(AssertionError):
    """A generic gradient differs from a numerical one."""


def check_gradients(f: Callable[..., Any], *args: Any, order: int = 1, seed: int = 0) -> None:
    """Check the gradient of a function in every entry of every argument.

    The truth is the complex step, exact to rounding, where the function passes complex numbers
    on; central differences are the second opinion, and the only one where it does not, with the
    best of several steps. Each argument is held to the largest entry of its own gradient. A result
    that is no scalar is weighted with random numbers and summed.

    Parameters
    ----------
    f
        Takes arrays or nests of them, and gives a tensor, or a nest of them.
    *args
        Where to check it, in float64 (or float32, with tolerances to match). Arguments that hold
        no real floating-point numbers are passed on.
    order
        2 checks the derivatives of the gradient too.
    seed
        Of the weights.

    Raises
    ------
    GradientMismatchError
        It shows the worst entry, and what each of the methods gives there.
    TypeError
        If there is nothing to differentiate with respect to.

    References
    ----------
    Squire and Trapp, "Using complex variables to estimate derivatives of real functions", 1998.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.check_gradients(lambda x, w: mg.tanh(w @ x), np.array([0.5, -1.0]), np.eye(2))
    """
    arrays = [map_leaves(lambda x: np.array(value_of(x)), arg) for arg in args]
    checked = [i for i, arg in enumerate(arrays) if all(x.dtype.kind == "f" for x in leaves(arg))]
    if not checked:
        raise TypeError("check_gradients: expected an argument of real floating-point numbers")
    rng = np.random.default_rng(seed)
    variables = tuple(arrays[i] for i in checked)

    def g(*selected: Any) -> Any:
        given = dict(zip(checked, selected, strict=True))
        return f(*(given.get(i, arg) for i, arg in enumerate(args)))

    y, pull_back = vjp(g, *variables)
    weights = map_leaves(lambda y: rng.normal(size=np.shape(y)).astype(y.dtype), y)
    J = _weighted(g, weights)
    slopes, generic = _Slopes(J, variables), leaves(pull_back(weights))
    for number, path in enumerate(_paths(checked, variables)):
        wrong = _wrong(slopes, number, generic[number])
        if wrong is not None:
            raise GradientMismatchError(f"check_gradients: {wrong[0]}{path}{wrong[1]}")
    if order > 1:
        check_gradients(grad(J, range(len(variables))), *variables, seed=seed + 1, order=order - 1)


class _Slope(NamedTuple):
    """The derivative by one entry, by complex step and by central differences."""

    complex_step: float | None
    central: float
    error: float  # of the central differences; 0 where the complex step decides

    @property
    def truth(self) -> float:
        return self.central if self.complex_step is None or self.error else self.complex_step


class _Slopes:
    """The derivatives of a scalar function by single entries of its arrays, without its graph."""

    def __init__(self, J: Callable[..., Any], variables: tuple[Any, ...]) -> None:
        self.J, self.variables, self.arrays = J, variables, leaves(variables)
        with no_grad():
            self.size = abs(float(value_of(J(*variables))))

    def by(self, number: int, index: tuple[int, ...]) -> _Slope:
        """The derivative by one entry.

        The complex step is right if the function is analytic. Differences contradict it where that
        is not so; but they are not exact, so that their error has to be known for it.
        """

        def moved(by: complex) -> Any:
            """J with the entry moved by a step."""
            y = self.arrays[number].astype(np.result_type(self.arrays[number], by))
            y[index] += by
            count = itertools.count()
            arguments = map_leaves(lambda z: y if next(count) == number else z, self.variables)
            with no_grad():
                return value_of(self.J(*arguments))

        x = self.arrays[number]
        precision = float(np.finfo(x.dtype).eps)
        h = precision ** (1 / 3) * max(1.0, abs(float(x[index])))
        exact, central = _complex_step(moved), _central(moved, h)
        if exact is not None and abs(exact - central) <= 100 * precision ** (2 / 3) * max(
            abs(exact), self.size
        ):
            return _Slope(exact, central, 0.0)
        slopes = _several_central(moved, h, precision * self.size)
        # Relative to the slope, since far from a pole all slopes are small.
        error, central = min(
            slopes,
            key=lambda found: found[0] / (abs(found[1]) or 1.0),
            default=(math.inf, math.nan),
        )
        if exact is not None:
            # Near a pole a short step alone is any good. No step is near to nonsense by chance.
            near = [slope for _, slope in slopes if abs(slope - exact) <= 1e-4 * abs(exact)]
            if near or not abs(exact - central) > 10 * error:
                return _Slope(exact, near[-1] if near else central, 0.0)
        return _Slope(exact, central, error)

    def rounding(self, number: int) -> float:
        """What rounding does to the gradient by one array, as an absolute error."""
        variables = map_leaves(lambda x: tensor(x, requires_grad=True), self.variables)
        gradients = leaves(grad(self.J, range(len(variables)), allow_unused=True)(*variables))
        precision = float(np.finfo(self.arrays[number].dtype).eps)
        return rounding_errors([[gradients[number]]], precision)[0]


def _central(moved: Callable[[complex], Any], h: float) -> float:
    with np.errstate(all="ignore"):  # a step may leave the domain, as that of a logarithm
        return float((moved(h) - moved(-h)) / (2 * h))


def _several_central(
    moved: Callable[[complex], Any], h: float, noise: float
) -> list[tuple[float, float]]:
    """Central differences of several steps, each after its error.

    A long step has an error by the curvature, a short one by rounding: two neighbours differ least
    between the two. `noise` is what rounding does to the function at least.
    """
    steps = [h * 8.0**k for k in range(3, -5, -1)]
    slopes = [_central(moved, step) for step in steps]
    return [
        (max(abs(slope - longer), noise / step), slope)
        for step, slope, longer in zip(steps[1:], slopes[1:], slopes, strict=False)
        if np.isfinite(slope - longer)
    ]


def _wrong(slopes: _Slopes, number: int, generic: Any) -> tuple[str, str] | None:
    """What is wrong most in the gradient by one array, and the index there; None if it is right.

    The scale is the gradient's own, so that an array of small gradients is held to them.
    """
    x = slopes.arrays[number]
    precision = float(np.finfo(x.dtype).eps)
    indices = list(np.ndindex(x.shape))
    entries = [slopes.by(number, index) for index in indices]
    truth = np.array([entry.truth for entry in entries])
    error = np.array([entry.error for entry in entries])
    got = np.asarray(generic, float).reshape(-1)

    def is_right(rounding: float) -> bool:
        exact = compared(np.where(error == 0, got, truth), truth, 100 * precision, rounding)
        loose = 10 * precision ** (2 / 3)
        rough = compared(np.where(error, got, truth), truth, loose, largest(error) + rounding)
        return exact.ok and rough.ok

    if is_right(0.0) or (
        largest(got - truth) <= precision**0.5 * max(slopes.size, largest(truth))
        and is_right(slopes.rounding(number))
    ):
        return None
    i = int(np.argmax(np.nan_to_num(abs(got - truth), nan=np.inf)))
    entry, index = entries[i], indices[i]
    exact = "" if entry.complex_step is None else f", {entry.complex_step:.17g} by complex step"
    return (
        f"expected {entry.central:.9g} by central differences{exact}, got {got[i]:.17g} in the "
        "gradient by ",
        f"[{', '.join(map(str, index))}]" if index else "",
    )


def _complex_step(moved: Callable[[complex], Any]) -> float | None:
    """The derivative along an imaginary step; None if the function does not pass it on."""
    h = 1e-20
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            J = moved(1j * h)
    except (TypeError, ValueError, Warning):
        return None
    return float(J.imag / h) if np.iscomplexobj(J) else None


def _paths(checked: list[int], variables: tuple[Any, ...]) -> list[str]:
    """What to call each leaf: argument 0, argument 1['W'], ..."""

    def walk(tree: Any, path: str) -> Iterator[str]:
        if isinstance(tree, dict | list | tuple):
            for key, x in tree.items() if isinstance(tree, dict) else enumerate(tree):
                yield from walk(x, f"{path}[{key!r}]")
        else:
            yield path

    pairs = zip(checked, variables, strict=True)
    return [path for i, variable in pairs for path in walk(variable, f"argument {i}")]


def _weighted(f: Callable[..., Any], weights: Any) -> Callable[..., Any]:
    """The weighted sum of the results, as a function."""

    def J(*args: Any) -> Any:
        pairs = zip(leaves(f(*args)), leaves(weights), strict=True)
        return sum((y * w).sum() for y, w in pairs)

    return J
