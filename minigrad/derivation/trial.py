"""One line at one step: what it was given, what it gave, and how far that is from the truth."""

import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.derivation.derivation import Line
from minigrad.derivation.trace import Expression, copied, expression_of, opaque
from minigrad.rounding import Comparison, compared, largest, repetitions, with_rounding_error
from minigrad.tensor import Array


class Unchanged(Exception):  # noqa: N818, a signal and no error
    """A change has nothing to work on at this step: the line stays as it is there."""


@dataclass(frozen=True)
class Trial:
    """A line at one step.

    Attributes
    ----------
    given
        The arguments.
    expected
        The truth.
    result
        What the line gave; None if that is nothing to compare with the truth.
    failure
        Why not, a kind and a sentence.
    precision, rounding
        Of the numbers; what it comes to in this result and this truth, as an absolute error.
    comparison
        Of the result with the truth; None if they can't be compared.
    disturbed
        What the line gives with random rounding errors.
    is_replayed
        Whether the expression gives what the line gives. One that raises is mended before it runs.
    """

    line: Line
    t: int | None
    expression: Expression
    given: Mapping[str, Any]
    expected: Array
    result: Array | None
    failure: tuple[str, str] | None
    precision: float
    rounding: float
    comparison: Comparison | None
    disturbed: Sequence[Any]
    is_replayed: bool

    @property
    def ok(self) -> bool:
        return self.failure is None and self.comparison is not None and self.comparison.ok

    @property
    def error(self) -> float:
        return np.inf if self.comparison is None else self.comparison.error

    @property
    def tolerance(self) -> float:
        return self.precision if self.comparison is None else self.comparison.tolerance

    def residual(self, x: Array) -> float | None:
        """How far what a changed line gives is from the truth; None if it is wrong.

        A change rounds in its own way, which is not looked into.
        """
        if x.shape != self.expected.shape:
            return None
        found = compared(x, self.expected, 100 * self.precision, self.rounding)
        return found.error if found.ok else None

    def attempt(self, run: Callable[[], Any]) -> Array | None:
        """What a changed line gives; None if that is no array."""
        try:
            x = run()
        except Unchanged:
            raise
        except Exception:  # whatever a change does to the line
            return None
        return np.asarray(x) if is_numeric(x) else None


def attempt(
    line: Line,
    t: int | None,
    expression: Expression,
    given: Mapping[str, Any],
    expected: Array,
    precision: float,
    rounding_of_truth: Callable[[], float],
    disturbed: Sequence[Mapping[str, Any]] = (),
) -> Trial:
    """Run a line at one step, and compare.

    The tolerance follows the conditioning of what the line computes: it is run again with a random
    rounding error in every operation, and the spread says what rounding can do. `disturbed` are the
    arguments to do so with, if not the given ones. What it does to the truth is asked for only
    where that does not explain the error.
    """
    result, failure = _run(line, given, expected)
    exact = expression.values(given)
    noise = functools.partial(_with_rounding_error, np.random.default_rng(0), precision, exact)
    repeated = []
    for arguments in disturbed or [given] * repetitions(expected.size):
        try:
            repeated.append(expression.run(arguments, each=noise))
        except Exception:  # so does the line
            break
    rounding, comparison = 0.0, None
    if result is not None and result.shape == expected.shape:
        rounding = max((largest(x - result) for x in repeated), default=0.0)
        rounding = rounding if np.isfinite(rounding) else 0.0  # at the edge of what a number holds
        comparison = compared(result, expected, precision, rounding)
        if not comparison.ok and failure is None:
            rounding = max(rounding, rounding_of_truth())
            comparison = compared(result, expected, precision, rounding)
    return Trial(
        *(line, t, expression, given, expected, result, failure),
        *(precision, rounding, comparison, repeated),
        result is None or _is_same(result, exact[expression.result]),
    )


def attempts(
    line: Line,
    given: Mapping[int | None, Mapping[str, Any]],
    run: Callable[[int | None, Expression], Trial],
) -> list[Trial]:
    """Run a line at several steps, with the one expression that gives what the line gives at all.

    `given` are the arguments at each step; what is recorded at the last must hold at all.
    """
    *_, last = given.values()
    expression = expression_of(line, last)
    trials = [run(t, expression) for t in given]
    if not all(trial.is_replayed for trial in trials):
        expression = opaque(line, last)
        trials = [run(t, expression) for t in given]
    return trials


def is_numeric(x: Any) -> bool:
    """Whether it is an array of real numbers, or a number."""
    if isinstance(x, bool) or not isinstance(x, np.ndarray | np.generic | float | int):
        return False
    return np.asarray(x).dtype.kind in "fiub"


@contextmanager
def quietly() -> Iterator[None]:
    """Without warnings: what is not finite is found in the results."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _run(
    line: Line, given: Mapping[str, Any], expected: Array
) -> tuple[Array | None, tuple[str, str] | None]:
    """The result of a line, and what makes it unfit to be compared."""
    arguments = copied(given)
    try:
        x = line.function(**arguments)
    except Exception as error:  # whatever the author's function raises
        return None, ("raised", f"It raises {type(error).__name__}: {error}.")
    if not is_numeric(x):
        kind = f"an array of {x.dtype}" if isinstance(x, np.ndarray) else type(x).__name__
        return None, ("wrong type", f"It returns {kind}; expected an array of real numbers.")
    result = np.asarray(x, float) if np.asarray(x).dtype.kind == "b" else np.asarray(x)
    for name, g in given.items():
        if not _unchanged(g, arguments[name]):
            return result, (
                "changed input",
                f"It changes its input {name} in place, so every later line would see another "
                "array; work on a copy.",
            )
    if not np.all(np.isfinite(result)):
        where = ", ".join(map(str, np.argwhere(~np.isfinite(result))[0]))
        return result, (
            "not finite",
            f"{np.sum(~np.isfinite(result))} of {result.size} entries are not finite, the first "
            f"at [{where}]; look for a division by zero, a log of zero or an overflow.",
        )
    if not np.all(np.isfinite(expected)):
        return result, (
            "not finite",
            "The flow's own adjoint is not finite here; choose data that saturates less.",
        )
    if result.shape != expected.shape:
        return result, (
            "shape",
            f"It gives shape {result.shape}, and {line.claim} has shape {expected.shape}.",
        )
    return result, None


def _is_same(x: Array, replayed: Any) -> bool:
    return is_numeric(replayed) and _unchanged(x, replayed)


def _unchanged(before: Any, after: Any) -> bool:
    if isinstance(before, dict):
        return all(_unchanged(x, after.get(step)) for step, x in before.items())
    return np.shape(before) == np.shape(after) and np.array_equal(before, after, equal_nan=True)


def _with_rounding_error(
    rng: np.random.Generator, precision: float, exact: Sequence[Any], i: int, x: Any
) -> Any:
    """A value on the way with a random rounding error.

    What is no number of that kind, such as the mask x == max(x), is taken as the line has it:
    rounding does not change which way it goes.
    """
    if not isinstance(x, np.ndarray | np.floating) or x.dtype.kind != "f":
        return exact[i]
    return with_rounding_error(rng, precision, x)
