"""Tell what is wrong from what rounding does: one rule, for all that compares numbers.

The rounding error of a sum is relative to its terms, and not to what they come to. How large it is
is found by stochastic arithmetic, after Vignes: compute again with a random error in the last place
of everything, and see what changes.
"""

import functools
from collections.abc import Callable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.backprop import by_age, inputs_of
from minigrad.tensor import Array, Tensor, value_of

REPETITIONS = 3  # of a computation with random rounding errors
_MANY = 100  # entries of an array say what they would
_SLACK = 10  # times what they do, for what they happen not to do


@dataclass(frozen=True)
class Comparison:
    """How far an array is from the truth.

    Attributes
    ----------
    error
        The largest deviation, relative to the largest entry of the truth. Of a truth that is zero
        up to rounding, relative to the terms that it is the sum of.
    tolerance
        What rounding explains of it.
    is_zero
        Whether the truth is zero up to rounding, so that a multiple of it would pass too.
    """

    error: float
    tolerance: float
    is_zero: bool

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance


def compared(x: Array, truth: Array, precision: float, rounding: float = 0.0) -> Comparison:
    """Compare an array with the truth.

    Parameters
    ----------
    x, truth
        Of one shape.
    precision
        The relative error of one operation.
    rounding
        What rounding is known to do to either of them, as an absolute error.
    """
    size, error = largest(truth), largest(x - truth)
    tolerance = _SLACK * (precision * size + rounding)
    is_zero = size <= tolerance
    scale = (rounding / precision if is_zero else size) or largest(x) or 1.0
    relative = error / scale if error == error else np.inf
    return Comparison(relative, tolerance / scale or _SLACK * precision, is_zero)


def relative_error(x: Any, truth: Any, tolerance: float = 0.0) -> float:
    """How far an array is from the truth: the largest deviation, relative to the largest entry.

    Where the truth is zero up to rounding, as the gradient by a bias before batch normalisation is,
    the deviation is relative to the terms that the truth is the sum of. These are known of a tensor
    with a graph.

    Parameters
    ----------
    x
        An array.
    truth
        An array or a tensor.
    tolerance
        Up to this error, no terms are looked for: it takes as long as three forward passes.

    Returns
    -------
    float
        Infinite if the shapes differ, or something is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> x = mg.tensor(np.array([0.1, 0.2, 0.3]), requires_grad=True)
    >>> zero = (x - x.mean()).sum()  # but for rounding
    >>> mg.relative_error(np.array(0.0), zero) < 1e-15
    True
    >>> mg.relative_error(np.array([1.0, 2.0]), np.array([1.0, 2.5]))
    0.2
    """
    array, expected = np.asarray(value_of(x)), np.asarray(value_of(truth))
    if array.shape != expected.shape:
        return float("inf")
    precision = float(np.finfo(expected.dtype).eps)
    found = compared(array, expected, precision)
    if not found.error <= tolerance and isinstance(truth, Tensor):
        found = compared(array, expected, precision, rounding_errors([[truth]], precision)[0])
    return found.error


def largest(x: Any) -> float:
    """The largest entry by magnitude; 0 of none."""
    return float(np.max(np.abs(x), initial=0))


def repetitions(size: int) -> int:
    """How often to compute an array of so many entries again; many repeat each other."""
    return 1 if size >= _MANY else REPETITIONS


def with_rounding_error(rng: np.random.Generator, precision: float, x: Any) -> Any:
    """Move every entry by one unit in its last place, up or down."""
    # Random numbers take longer than most operations, so that a part of known ones is used.
    factors = _random_factors(max(2 * x.size, 2**14).bit_length(), precision, x.dtype)
    start = rng.integers(factors.size - x.size)
    return x * factors[start : start + x.size].reshape(x.shape)


@functools.lru_cache(maxsize=4)
def _random_factors(bits: int, precision: float, dtype: np.dtype[Any]) -> Array:
    signs = np.sign(np.random.default_rng(0).random(2**bits) - 0.5)
    factors: Array = (1 + precision * signs).astype(dtype)
    return factors


def rounding_errors(
    sums: Sequence[Sequence[Tensor]], precision: float, given: Set[Tensor] = frozenset()
) -> list[float]:
    """What rounding can do to each sum of tensors, if some tensors are given."""
    outputs = list(dict.fromkeys(x for terms in sums for x in terms))
    rng = np.random.default_rng(0)

    def disturbed(x: Tensor, y: Array) -> Array:
        # Rounding does not change which way a decision goes, such as the mask x == max(x); and
        # numbers such as an exponent are as they are written.
        is_exact = y.dtype.kind != "f" or (x._operation is None and not x.ndim)
        return x._data if is_exact else with_rounding_error(rng, precision, y)

    errors = [0.0] * len(sums)
    for _ in range(max((repetitions(x.size) for x in outputs), default=0)):
        with np.errstate(all="ignore"):
            values = computed_again(outputs, disturbed, given)
        for i, terms in enumerate(sums):
            error = largest(sum(values[x] - x._data for x in terms))
            errors[i] = max(errors[i], error if np.isfinite(error) else 0.0)
    return errors


def computed_again(
    outputs: Sequence[Tensor],
    change: Callable[[Tensor, Array], Array],
    given: Set[Tensor] = frozenset(),
) -> dict[Tensor, Array]:
    """Compute tensors again, from those that are given and from leaves, with changes on the way."""
    values: dict[Tensor, Array] = {}
    for x in sorted(_behind(outputs, given), key=by_age):
        y = x._data
        if x._operation is not None and x not in given:
            operands = (values[operand] for operand in inputs_of(x))
            y = np.asarray(x._operation.forward(*operands, **x._parameters))
        values[x] = change(x, y)
    return values


def _behind(outputs: Sequence[Tensor], given: Set[Tensor]) -> Iterator[Tensor]:
    """The outputs and what they were computed from, as far as what is given."""
    found, to_visit = set(outputs), list(outputs)
    while to_visit:
        x = to_visit.pop()
        yield x
        for operand in inputs_of(x) if x not in given else ():
            if operand not in found:
                found.add(operand)
                to_visit.append(operand)
