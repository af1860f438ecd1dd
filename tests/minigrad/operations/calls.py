"""Calls of NumPy's functions, by the function: what each is tested on.

An array of floats in the arguments, or in lists and tuples among them, becomes a tensor; NumPy's
own result is the truth, and derivatives are held against the complex step, or where the function of
complex numbers is none (`kinked`) against central differences.
"""

import importlib
import operator
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minigrad.operations import catalogue


class Call(NamedTuple):
    """What a function is called with."""

    args: tuple[Any, ...]
    options: dict[str, Any]
    kinked: bool
    plain: bool

    def of(self, function: Callable[..., Any], make: Callable[[np.ndarray], Any]) -> Any:
        """Call it, with each array of floats as `make` makes it."""
        return function(*converted(self.args, make), **converted(self.options, make))

    def arrays(self) -> list[np.ndarray]:
        """The arrays of floats."""
        found: list[np.ndarray] = []
        self.of(lambda *args, **options: None, found.append)
        return found


def call(*args: Any, kinked: bool = False, **options: Any) -> Call:
    return Call(args, options, kinked, plain=False)


def plain(*args: Any, **options: Any) -> Call:
    """A call whose result is no smooth function: a plain array, or a number."""
    return Call(args, options, kinked=True, plain=True)


def converted(x: Any, make: Callable[[np.ndarray], Any]) -> Any:
    """A nest with its arrays of floats replaced."""
    if isinstance(x, dict):
        return {key: converted(v, make) for key, v in x.items()}
    if isinstance(x, list | tuple):
        return type(x)(converted(v, make) for v in x)
    return make(x) if isinstance(x, np.ndarray) and x.dtype.kind == "f" else x


def leaves(y: Any) -> list[Any]:
    """What a function gives, one value or several, as a list."""
    return [v for part in y for v in leaves(part)] if isinstance(y, list | tuple) else [y]


def all_calls() -> list[tuple[str, Any, list[Call]]]:
    """For each room its functions, and calls of each."""
    tables = [
        (room, importlib.import_module(f"tests.minigrad.operations.{room}_calls").CALLS)
        for room in (*catalogue.ROOMS, "special", "base")
    ]
    return [(room, function, calls) for room, table in tables for function, calls in table.items()]


# These write files and text, take functions, or change the precision.
NOT_CALLED = {
    *(np.piecewise, np.astype, np.can_cast, np.empty_like),
    *(np.common_type, np.min_scalar_type, np.result_type),
    *(np.save, np.savez, np.savez_compressed, np.savetxt),
    *(np.array2string, np.array_repr, np.array_str),
    operator.getitem,
}

V = np.array([0.3, 1.2, -0.7, 2.1])
U = np.array([1.4, -0.2, 0.9, 0.6])
X = np.array([[0.3, 1.2, -2.0], [1.1, -0.4, 0.7]])
Y = np.array([[0.9, -1.6, 0.2], [0.5, 2.3, -0.1]])
S = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.6], [0.7, -0.2, 1.8]])
P = np.array([[2.0, 0.3, 0.4], [0.3, 1.5, 0.6], [0.4, 0.6, 1.8]])  # symmetric, positive definite
Z = np.linspace(-1.3, 1.9, 24).reshape(2, 3, 4) ** 3
POSITIVE = np.array([[0.3, 1.2, 2.0], [1.1, 0.4, 0.7]])
SMALL = np.array([[0.3, -0.2, 0.9], [-0.6, 0.4, 0.7]])  # between -1 and 1
C = np.array(0.7)
