"""Programs as lists of equations, so that a value can be disturbed where one equation reads it.

That gives, by the complex step, what no backward pass is asked for: the derivative of J by a value
as far as it goes through one later value, the truth for contributions.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import minigrad as mg

Label = tuple[str, int | None]
# What is computed, from what, and how: the function takes the values in that order.
Equation = tuple[Label, Sequence[Label], Callable[..., Any]]


def run(equations: Sequence[Equation], given: Mapping[Label, np.ndarray]) -> dict[Label, mg.Tensor]:
    """Compute all values as named tensors; those given require gradients."""
    values: dict[Label, mg.Tensor] = {}
    for label, data in given.items():
        values[label] = _named(mg.tensor(data, requires_grad=True), label)
    for label, reads, f in equations:
        values[label] = _named(f(*(values[read] for read in reads)), label)
    return values


def _named(x: mg.Tensor, label: Label) -> mg.Tensor:
    name, t = label
    if t is None:
        return x.named(name)
    with mg.step(t):
        return x.named(name)


def slope(
    equations: Sequence[Equation],
    given: Mapping[Label, np.ndarray],
    of: Label,
    direction: np.ndarray,
    via: Label | None = None,
) -> float:
    """Differentiate the last value by `of` along a direction.

    The disturbance is seen everywhere, or in the equation of `via` alone.
    """
    h = 1e-30
    values: dict[Label, Any] = dict(given)
    for label, reads, f in equations:
        seen = [values[read] for read in reads]
        if via in (None, label):
            moved = zip(reads, seen, strict=True)
            seen = [x + 1j * h * direction if read == of else x for read, x in moved]
        values[label] = f(*seen)
    return float(np.imag(values[equations[-1][0]]) / h)


def derivative(
    equations: Sequence[Equation],
    given: Mapping[Label, np.ndarray],
    of: Label,
    shape: tuple[int, ...],
    via: Label | None = None,
) -> np.ndarray:
    """Differentiate the last value by every entry of `of`; see `slope`."""
    units = np.eye(int(np.prod(shape))).reshape(-1, *shape)
    slopes = [slope(equations, given, of, unit, via) for unit in units]
    return np.array(slopes).reshape(shape)
