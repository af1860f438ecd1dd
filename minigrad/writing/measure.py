"""What tells a written program how many steps there are."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from minigrad.notation.expression import (
    Apply,
    Expression,
    MovingIndex,
    OverSteps,
    Symbol,
    inputs_of,
)
from minigrad.operations.shape import getitem
from minigrad.writing.steps import plus
from minigrad.writing.structure import Equation, Leaf, Model

if TYPE_CHECKING:
    from minigrad.writing.program import Argument


def last_step(arguments: Iterable["Argument"], model: Model) -> str | None:
    """The number of the last step in Python, by the size of an argument; None if none tells it.

    It is the first by name of those whose first and last step fit best.
    """
    first, last = model.steps[0], model.steps[-1]
    known = [(model.reach + 1, True, "", 0)]
    for a in arguments:
        if (axis := a.axis_of_steps) is not None:
            apart = abs(a.steps[-1] - last) if a.steps else 0
            length = f"{a.name}.shape[{axis}]" if axis else f"len({a.name})"
            known.append((apart, a.first != first, length, a.shape[axis]))
    apart, _, length, n = min(known)
    return plus(length, last - n) if apart <= model.reach else None


def axis_of_steps(leaf: Leaf, equations: Iterable[Equation]) -> int | None:
    """The axis of an array with an index for every step, as in X[t-1]; None if there is none."""
    reads = [*_reads(leaf.name, equations)]
    for axis, n in enumerate(leaf.shape):
        found: set[int] = set()
        for index, steps in reads:
            if len(index) > axis and index[:axis] == (slice(None),) * axis:
                found |= _indices(index[axis], steps)
        if found == set(range(n)) and any(_moves(index[axis:]) for index, _ in reads):
            return axis
    return None


def _moves(index: tuple[Any, ...]) -> bool:
    return bool(index) and isinstance(index[0], MovingIndex) and index[0].factor == 1


def _indices(i: Any, steps: tuple[int, ...]) -> set[int]:
    """The indices that a read comes to at some steps."""
    if isinstance(i, MovingIndex):
        return {i.at(t) for t in steps}
    return {i} if isinstance(i, int) else set()


def _reads(
    name: str, equations: Iterable[Equation]
) -> Iterator[tuple[tuple[Any, ...], tuple[int, ...]]]:
    """The indices by which an array is read, and the steps at which it is."""
    to_visit: list[tuple[Expression, tuple[int, ...]]] = []
    to_visit += [(e.expression, e.steps) for e in equations]
    while to_visit:
        e, steps = to_visit.pop()
        if isinstance(e, OverSteps):
            steps = tuple(range(e.first, e.last + 1))
        to_visit += [(x, steps) for x in inputs_of(e)]
        if isinstance(e, Apply) and e.operation is getitem:
            [x], index = e.inputs, e.parameters["index"]
            if isinstance(x, Symbol) and x.name == name:
                yield index if isinstance(index, tuple) else (index,), steps
