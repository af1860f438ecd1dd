"""Compare generic gradients with the complex step and with central differences."""

import itertools
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from minigrad.context import no_grad
from minigrad.nests import leaves, map_leaves
from minigrad.tensor import value_of
from minigrad.transforms import grad, vjp


class GradientMismatchError(AssertionError):
    """A generic gradient differs from a numerical one."""


def check_gradients(f: Callable[..., Any], *args: Any, order: int = 1, seed: int = 0) -> None:
    """Check the gradient of a function in every entry of every argument.

    The truth is the complex step, exact to rounding, where the function passes complex numbers
    on; central differences are the second opinion, and the only one where it does not. A result
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
    generic = pull_back(weights)

    def J(*selected: Any) -> Any:
        with no_grad():
            pairs = zip(leaves(g(*selected)), leaves(weights), strict=True)
            return sum(np.sum(value_of(y) * w) for y, w in pairs)

    comparisons = list(_comparisons(J, checked, variables, generic))
    scale = max([abs(c.central) for c in comparisons] + [abs(J(*variables)), 1e-300])
    worst = max(comparisons, key=lambda c: c.error(scale), default=None)
    if worst is not None and not worst.error(scale) <= 1:
        raise GradientMismatchError(f"check_gradients: {worst}")
    if order > 1:
        check_gradients(_gradient(g, weights), *variables, seed=seed + 1, order=order - 1)


class _Comparison(NamedTuple):
    """One entry of a gradient by three methods."""

    entry: str
    generic: float
    complex_step: float | None
    central: float
    precision: float

    def error(self, scale: float) -> float:
        """How far it is off, in units of what rounding explains."""
        loose = 100 * self.precision ** (2 / 3) * scale
        # Where the complex step contradicts the differences, the function is not analytic.
        if self.complex_step is None or abs(self.complex_step - self.central) > loose:
            truth, tolerance = self.central, loose
        else:
            truth, tolerance = self.complex_step, 1000 * self.precision * scale
        error = abs(self.generic - truth) / tolerance
        return error if error == error else math.inf

    def __str__(self) -> str:
        return (
            f"expected {self.central:.9g} by central differences"
            + ("" if self.complex_step is None else f", {self.complex_step:.17g} by complex step")
            + f", got {self.generic:.17g} in the gradient by {self.entry}"
        )


def _comparisons(
    J: Callable[..., Any], checked: list[int], variables: tuple[Any, ...], generic: Any
) -> Iterator[_Comparison]:
    """Compare every entry of every array among the variables."""
    xs, gs = leaves(variables), leaves(generic)
    for number, (x, g, path) in enumerate(zip(xs, gs, _paths(checked, variables), strict=True)):
        precision = float(np.finfo(x.dtype).eps)
        for index in np.ndindex(x.shape):

            def moved(by: complex, number: int = number, index: Any = index) -> Any:
                """J with one entry moved by a step."""
                y = xs[number].astype(np.result_type(xs[number], by))
                y[index] += by
                count = itertools.count()
                return J(*map_leaves(lambda z: y if next(count) == number else z, variables))

            h = precision ** (1 / 3) * max(1.0, abs(float(x[index])))
            central = float((moved(h) - moved(-h)) / (2 * h))
            entry = path + (f"[{', '.join(map(str, index))}]" if index else "")
            yield _Comparison(
                entry, float(np.asarray(g)[index]), _complex_step(moved), central, precision
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


def _gradient(f: Callable[..., Any], weights: Any) -> Callable[..., Any]:
    """The gradient of the weighted sum of the results, as a function."""

    def J(*args: Any) -> Any:
        pairs = zip(leaves(f(*args)), leaves(weights), strict=True)
        return sum((y * w).sum() for y, w in pairs)

    return lambda *args: grad(J, range(len(args)))(*args)
