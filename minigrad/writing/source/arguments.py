"""What a written program is given, and what of it tells how many steps there are."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from minigrad.notation.expression import (
    Apply,
    Expression,
    MovingNumber,
    OverSteps,
    Shape,
    Symbol,
    inputs_of,
)
from minigrad.notation.indices import by_axis
from minigrad.operations.shape import getitem
from minigrad.writing.source.python_text import identifier
from minigrad.writing.source.ties import Ties
from minigrad.writing.steps import plus
from minigrad.writing.structure import Equation, Leaf, Model

Steps: TypeAlias = tuple[int, ...]
# By the name of an array, the indices by which parts of it are read, and the steps of that.
Reads: TypeAlias = Mapping[str, Sequence[tuple[list[Any], Steps]]]


@dataclass(frozen=True)
class Walk:
    """An axis of an array of which every step reads its own part, `length` long, as in X[t-1]."""

    axis: int
    length: int


@dataclass(frozen=True)
class Argument:
    """What the function takes: a leaf, or of one with several states one of these.

    Attributes
    ----------
    steps
        The steps whose values it holds, none of a parameter.
    first
        Where steps are counted from, of an array with a value at each; None of a single value.
    walk
        Its axis with something for each step, if there is one.
    moving
        All axes of which different steps read different parts.
    """

    name: str
    leaf: Leaf
    steps: tuple[int, ...]
    first: int | None = None
    walk: Walk | None = None
    moving: Collection[int] = ()

    @property
    def is_by_step(self) -> bool:
        """Whether it is a mapping from steps, as there are gaps between them."""
        return self.first is not None and len(self.steps) <= self.steps[-1] - self.steps[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sizes, of a mapping those of each value."""
        in_front = () if self.first is None or self.is_by_step else (len(self.steps),)
        return (*in_front, *self.leaf.shape)


def arguments_of(model: Model, ties: Ties) -> list[Argument]:
    """What the leaves are given as: each as one argument, or as one for each of its states."""
    reads = _reads(model.equations)
    of_computed = _walk_along_computed(model, reads)
    arguments: list[Argument] = []
    for leaf in model.leaves:
        name, steps = identifier(leaf.name), leaf.steps
        whole = bool(steps) and len(steps) == steps[-1] - steps[0] + 1
        if computed := model.equations_of(leaf.name):
            last = max(t for e in computed for t in e.steps)
            arguments += [Argument(_state(name, t, last), leaf, (t,)) for t in steps]
        elif len(steps) > 1 or (steps and steps == model.steps):
            first, walk = (steps[0], Walk(0, 1)) if whole else (0, None)
            arguments.append(Argument(name, leaf, steps, first, walk))
        elif steps:
            arguments.append(Argument(name, leaf, steps))
        else:
            walk = _walk_along(leaf.name, leaf.shape, reads) or _tied(leaf, of_computed, ties)
            moving = _moving_axes(leaf, reads)
            arguments.append(Argument(name, leaf, (), None, walk, moving))
    return arguments


def _walk_along_computed(model: Model, reads: Reads) -> tuple[str, Walk] | None:
    """The first array without a step that is computed, and that the steps go along."""
    for e in model.equations:
        walk = _walk_along(e.value.name, e.value.shape, reads) if e.value.t is None else None
        if walk is not None:
            return e.value.name, walk
    return None


def _tied(leaf: Leaf, of_computed: tuple[str, Walk] | None, ties: Ties) -> Walk | None:
    """How the steps go along an axis of a leaf, as long as that of what is computed of it."""
    if of_computed is None:
        return None
    name, walk = of_computed
    along = ties.root((name, walk.axis))
    axes = [i for i in range(len(leaf.shape)) if ties.root((leaf.name, i)) == along]
    return Walk(axes[0], walk.length) if axes else None


def _state(name: str, t: int, last: int) -> str:
    """h0 is the state at step 0, h_end that after the last computed, h_end2 the one after it."""
    return f"{name}{t}" if t < last else f"{name}_end{t - last if t > last + 1 else ''}"


def clock(arguments: Iterable[Argument], model: Model) -> Argument | None:
    """The argument whose size tells the number of steps; None if none does.

    It is the first by name of those whose first and last step fit best.
    """
    first, last = model.steps[0], model.steps[-1]
    known = []
    for a in arguments:
        apart = abs(a.steps[-1] - last) if a.steps else 0
        if a.walk is not None and apart <= model.reach:
            known.append((apart, a.first != first, a.name, a))
    return min(known, key=lambda known: known[:3])[3] if known else None


def last_step(told_by: Argument, model: Model) -> str:
    """The number of the last step in Python, by the size of the argument that tells it."""
    assert told_by.walk is not None
    axis, length = told_by.walk.axis, told_by.walk.length
    size = f"{told_by.name}.shape[{axis}]" if axis else f"len({told_by.name})"
    size += f" // {length}" if length > 1 else ""
    return plus(size, model.steps[-1] - told_by.shape[axis] // length)


def size_for_steps(argument: Argument, model: Model) -> str:
    """The size of an axis with something for each step, in Python."""
    assert argument.walk is not None
    length = argument.walk.length
    n = argument.shape[argument.walk.axis] // length
    steps = plus("T", n - model.steps[-1])
    return steps if length == 1 else f"{length} * ({steps})" if " " in steps else f"{length} * T"


def _walk_along(name: str, shape: Shape, reads: Reads) -> Walk | None:
    """How the steps of a program go along an array; None if they do not, one after the other."""
    of_array = reads.get(name, ())
    for axis, n in enumerate(shape if of_array else ()):
        parts = {part for index, steps in of_array for part in _parts(index, axis, steps)}
        lengths = {stop - start for start, stop in parts}
        evenly = sorted(parts) == [(i, i + k) for k in lengths for i in range(0, n, k)]
        if evenly and len(lengths) == 1 and any(_moves(index, axis) for index, _ in of_array):
            return Walk(axis, *lengths)
    return None


def _moving_axes(leaf: Leaf, reads: Reads) -> set[int]:
    """The axes of an array of which steps read different parts."""
    of_leaf = reads.get(leaf.name, ())
    return {i for i in range(len(leaf.shape)) for index, _ in of_leaf if _moves(index, i)}


def sizes_along_steps(e: Expression) -> set[int]:
    """The number of steps of a sum, and sizes of axes with something for each step.

    Such are those that things are stacked along, and those of which a step takes a part.
    """
    if isinstance(e, OverSteps):
        stacked = {e.shape[e.parameters["axis"]]} if e.parameters else set()
        return {e.last - e.first + 1, *stacked}
    if not (isinstance(e, Apply) and e.operation is getitem):
        return set()
    [x] = e.inputs
    index = by_axis(e.parameters["index"], len(x.shape))
    return {n for i, n in enumerate(x.shape) if _moves(index, i)}


def _moves(index: list[Any], axis: int) -> bool:
    i = index[axis] if len(index) > axis else None
    return isinstance(i.start if isinstance(i, slice) else i, MovingNumber)


def _parts(index: list[Any], axis: int, steps: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """From where to where an axis is read at some steps, if whole axes come before it."""
    before, i = index[:axis], index[axis] if len(index) > axis else None
    if not ({slice}.issuperset(map(type, before)) and before == [slice(None)] * axis):
        return
    if isinstance(i, slice) and isinstance(i.start, MovingNumber):
        yield from ((i.start.at(t), i.stop.at(t)) for t in steps)
    elif isinstance(i, MovingNumber):
        yield from ((i.at(t), i.at(t) + 1) for t in steps)
    elif isinstance(i, int):
        yield i, i + 1


def _reads(equations: Iterable[Equation]) -> Reads:
    """Where the equations read a part of an array."""
    found: dict[str, list[tuple[list[Any], Steps]]] = {}
    to_visit: list[tuple[Expression, Steps]] = [(e.expression, e.steps) for e in equations]
    while to_visit:
        e, steps = to_visit.pop()
        if isinstance(e, OverSteps):
            steps = tuple(range(e.first, e.last + 1))
        to_visit += [(x, steps) for x in inputs_of(e)]
        if isinstance(e, Apply) and e.operation is getitem:
            [x] = e.inputs
            if isinstance(x, Symbol):
                index = by_axis(e.parameters["index"], len(x.shape))
                found.setdefault(x.name, []).append((index, steps))
    return found
