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


def derivative(
    equations: Sequence[Equation],
    given: Mapping[Label, np.ndarray],
    of: Label,
    via: Label | None = None,
) -> np.ndarray:
    """Differentiate the last value by `of`, everywhere or in the equation of `via` alone."""
    h = 1e-30

    def evaluate(step: Any) -> dict[Label, Any]:
        values: dict[Label, Any] = dict(given)
        for label, reads, f in equations:
            disturbed = [
                values[read] + (step if read == of and via in (None, label) else 0)
                for read in reads
            ]
            values[label] = f(*disturbed)
        return values

    shape = np.shape(evaluate(0)[of])
    found = np.zeros(shape)
    last = equations[-1][0]
    for index in np.ndindex(shape):
        step = np.zeros(shape, complex)
        step[index] = 1j * h
        found[index] = np.imag(evaluate(step)[last]) / h
    return found
