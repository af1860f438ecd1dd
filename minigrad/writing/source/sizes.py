"""The sizes and steps that a written program holds for: it refuses arrays of others."""

import math
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from minigrad.notation.expression import (
    Apply,
    Expression,
    MovingNumber,
    Number,
    Shape,
    inputs_of,
    subexpressions,
)
from minigrad.notation.indices import each
from minigrad.notation.irrational import meaning
from minigrad.notation.nodes import as_fraction
from minigrad.notation.printing import Text
from minigrad.notation.shapes import thin_index
from minigrad.operations.elementwise import power
from minigrad.operations.reduction import mean
from minigrad.operations.shape import broadcast_to, getitem, reshape, scatter
from minigrad.writing.source.arguments import (
    Argument,
    clock,
    last_step,
    size_for_steps,
    sizes_along_steps,
)
from minigrad.writing.source.pieces import in_pieces, without_broadcast
from minigrad.writing.source.program import Block, Program
from minigrad.writing.source.ties import Axis
from minigrad.writing.steps import is_general, plus
from minigrad.writing.structure import Model

# Parameters that stay what they are, whatever the sizes.
SIZELESS = {"axis", "axes", "keepdims", "dtype"}

# In the module that is written, by the names that are called in it.
REQUIRE = {
    "_require_floats": '''\
def _require_floats(name, array, *shape, because=""):
    """Raise unless an array can be differentiated by; a gradient of whole numbers would be cut."""
    _require_shape(name, array, *shape, because=because)
    dtype = np.asarray(array).dtype
    if dtype.kind not in "fc":
        raise TypeError(f"{name}: expected floating-point numbers, got {dtype}")''',
    "_require_shape": '''\
def _require_shape(name, array, *shape, because=""):
    """Raise unless an array has the sizes that are expected; None stands for any."""
    if shape and not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got a {type(array).__name__}")
    found = np.shape(array)
    if found == shape:
        return
    if len(found) != len(shape) or any(n not in (None, m) for n, m in zip(shape, found)):
        expected = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{name}: expected the shape ({expected}) of the derivation and the other arguments"
            f"{because and f', because of {because}'}, got {found}; derive again for other sizes"
        )''',
    "_require_time": '''\
def _require_time(name, steps, least):
    """Raise unless there are as many steps as tell the first of them from the last."""
    if steps < least:
        raise ValueError(f"{name}: expected {least} steps or more, got {steps}; derive again")''',
    "_require_distributions": '''\
def _require_distributions(name, array, axis):
    """Raise unless labels add up to one along an axis; the gradient would have another factor."""
    if not np.allclose(np.sum(array, axis=axis), 1):
        raise ValueError(
            f"{name}: expected numbers that add up to 1 along axis {axis}, as in the derivation; "
            "derive again with these"
        )''',
    "_require_steps": '''\
def _require_steps(name, arrays, *steps):
    """Raise unless there is an array for each of the derivation's steps, and for no other."""
    if sorted(arrays) != list(steps):
        raise ValueError(
            f"{name}: expected the steps of the derivation, {steps}, got {sorted(arrays)}; "
            "derive again for other steps"
        )''',
}


def required(body: str) -> list[str]:
    """The functions that a body calls to refuse arguments."""
    called: list[str] = []
    for name, function in REQUIRE.items():  # those that others call come after them
        if any(f"{name}(" in source for source in (body, *called)):
            called.append(function)
    return called


def requirements(
    program: Program, blocks: Sequence[Block], results: Collection[str]
) -> Iterator[str]:
    """Statements that refuse arguments that do not fit each other or the program, and set T.

    Parameters
    ----------
    results
        The arguments that have a gradient.
    """
    model = program.model
    told_by = clock(program.arguments, model) if model.steps else None
    fixed, steps_are_fixed = _fixed(program, blocks)
    sizes: dict[Axis, str] = {}
    if told_by is not None and not steps_are_fixed:
        of_steps = program.ties.of_steps.items()
        sizes = {axis: plus("T", n - model.steps[-1]) for axis, n in of_steps}
    for argument in sorted(program.arguments, key=lambda a: a is not told_by):
        name = argument.name
        expected: list[str | None] = [str(n) if n in fixed else None for n in argument.shape]
        for i in _axes_of_steps(argument, steps_are_fixed):
            expected[i] = str(argument.shape[i])
        if argument.walk and argument is not told_by and not steps_are_fixed:
            expected[argument.walk.axis] = size_for_steps(argument, model)
        in_front = len(expected) - len(argument.leaf.shape)
        array = f"{name}[{argument.steps[0]}]" if argument.is_by_step else name
        for i in range(in_front, len(expected)):
            axis = program.ties.root((argument.leaf.name, i - in_front))
            if argument is not told_by:  # before which T is not known
                expected[i] = expected[i] or sizes.get(axis)
            sizes.setdefault(axis, f"{array}.shape[{i}]" if i else f"len({array})")
        reasons = dict.fromkeys(fixed[n] for n in argument.shape if fixed.get(n))
        yield from _required(argument, expected, name in results, reasons)
        if argument is told_by:
            yield f"T = {last_step(argument, model)}"
            if not steps_are_fixed:
                steps = plus("T", 1 - model.steps[0])
                yield f'_require_time("{name}", {steps}, {_least(model)})'
    if model.steps and told_by is None:
        yield f"T = {program.last}"


def _required(
    argument: Argument, sizes: Sequence[str | None], is_float: bool, reasons: Collection[str]
) -> Iterator[str]:
    """The statements that refuse an argument of other sizes, or of whole numbers."""
    name, array, indent = argument.name, argument.name, ""
    if argument.is_by_step:
        yield f'_require_steps("{name}", {name}, {", ".join(map(str, argument.steps))})'
        yield f"for _array in {name}.values():"
        array, indent = "_array", "    "
    because = [f'because="{", ".join(reasons)}"'] if reasons else []
    given = ", ".join([f'"{name}"', array, *map(str, sizes), *because])
    yield f"{indent}_require_{'floats' if is_float else 'shape'}({given})"
    if argument.leaf.adds_up_along is not None:
        axis = argument.leaf.adds_up_along - len(argument.leaf.shape)
        yield f'{indent}_require_distributions("{name}", {array}, {axis})'


def _fixed(program: Program, blocks: Sequence[Block]) -> tuple[dict[int, str], bool]:
    """The sizes that stay those of the derivation, with what fixes them; and whether steps do.

    An axis of length one always stays so, since a sum along it is not written. So does the number
    of steps where it is small, where what is said of some steps may mean others for another number
    (see `_is_general`), or where it or the size of a stack is written, as in a mean over the steps,
    and steps with gaps between them. Of other sizes, those stay that a mean is taken over, or a
    number may stand for that is written (see `_sizes_meant`); for a slice, those equal to its
    bounds, its length and that of the axis. Where the number of steps stays, so do those that an
    array may get its axis from which has something for each step.
    """
    model = program.model
    sizes = {n for argument in program.arguments for n in argument.shape}
    sizes |= {n for equation in model.equations for n in equation.value.shape}
    written = [*_expressions(model)]
    along = {len(model.steps)}.union(*map(sizes_along_steps, written))
    fixed = {1: ""}
    for e in written:
        fixed = dict.fromkeys(_sizes_in(e, sizes | along), _reason(e)) | fixed
    has_gaps = any(argument.is_by_step for argument in program.arguments)
    is_tied = has_gaps or not along.isdisjoint(fixed)
    steps_are_fixed = is_tied or not _is_general(program, blocks)
    if steps_are_fixed:
        fixed = dict.fromkeys(along, "the number of steps") | fixed
    if model.arrays:
        fixed = dict.fromkeys(sizes, f"the array {', '.join(model.arrays)}")
    if model.numbers:  # of sizes, or of anything else
        fixed = dict.fromkeys(sizes, f"{model.numbers[0]:.6g}, which may come from sizes: name it")
    return fixed, steps_are_fixed


def _reason(e: Expression) -> str:
    """What fixes sizes, in few words."""
    text = Text()(e)
    return text if len(text) < 30 or not isinstance(e, Apply) else e.operation.name


def _axes_of_steps(argument: Argument, are_fixed: bool) -> set[int]:
    """The axes whose length is bound to the number of steps of the derivation."""
    along = set() if argument.walk is None else {argument.walk.axis}
    return {*argument.moving, *along} if are_fixed else {*argument.moving} - along


def _is_general(program: Program, blocks: Sequence[Block]) -> bool:
    """Whether the program means the same for another number of steps.

    It does if there are enough of them to tell the first, the last and those between apart, if an
    input tells their number, and if no step between is one of its own.
    """
    steps, reach = program.model.steps, program.model.reach
    loops = [block for block in blocks if block.steps is not None]
    return (
        len(steps) > 2 * reach
        and clock(program.arguments, program.model) is not None
        and all(is_general(sorted(block.steps or ()), steps, reach) for block in loops)
        and all(
            is_general(s.steps, sorted(block.steps or ()), reach)
            for block in loops
            for s in block.statements
        )
        and all(map(program.is_general, program.model.equations))
        and all(map(_counts_from_first, _expressions(program.model)))
    )


def _least(model: Model) -> int:
    """How many steps there must be, so that what is otherwise at both ends does not meet."""
    held: dict[object, list[set[int]]] = {}
    for e in model.equations:
        held.setdefault(e.value.name, []).append({*e.steps})
    for part in (part for section in model.sections for item in section for part in item.parts):
        held.setdefault((part.of.name, part.of.t, part.via.name), []).append({*part.steps})
    first, last = model.steps[: model.reach], model.steps[-model.reach :]
    between = model.steps[model.reach]

    def differs(variants: list[set[int]], ends: Sequence[int]) -> bool:
        return any((t in steps) != (between in steps) for steps in variants for t in ends)

    meet = any(differs(variants, first) and differs(variants, last) for variants in held.values())
    return 2 * model.reach if meet else 1


def _counts_from_first(e: Expression) -> bool:
    """Whether a number that moves is one like t or t - 1; 6 - t may be T - t."""
    return not isinstance(e, MovingNumber) or abs(e.offset) <= e.factor


def _expressions(model: Model) -> Iterator[Expression]:
    """Everything that is written, pieces of adjoints too.

    But for the numbers in a contribution to what is as large as all that the next value is made of:
    they are those of its equation, times what rules bring in, such as the 2 of a square.
    """
    for equation in model.equations:
        yield from _without_exponents(equation.expression)
    for section in model.sections:
        for item in section:
            for part in item.parts:
                may_count = math.prod(part.of.shape) < _largest(model, part.via.name)
                for piece, e in in_pieces(part.expression, part.of).items():
                    yield from _without_exponents(piece)
                    for x in _without_exponents(without_broadcast(e)):
                        if may_count or x.shape or not isinstance(x, Number):
                            yield x


def _largest(model: Model, name: str) -> int:
    """The size of the largest array that a value is made of."""
    made_of = [x for e in model.equations_of(name) for x in subexpressions(e.expression)]
    return max((math.prod(x.shape) for x in made_of), default=1)


def _without_exponents(root: Expression) -> Iterator[Expression]:
    """What an expression is made of; the 2 of a square is no size."""
    to_visit = [root]
    while to_visit:
        e = to_visit.pop()
        yield e
        is_power = isinstance(e, Apply) and e.operation is power
        to_visit += inputs_of(e)[:1] if is_power else inputs_of(e)


def _sizes_in(e: Expression, sizes: set[int]) -> set[int]:
    """The sizes that are written in the root of an expression, or all where nobody knows."""
    if isinstance(e, Number):
        return {*_sizes_meant(abs(e.value), frozenset(sizes)), *e.shape}
    if isinstance(e, Apply) and e.operation is mean:
        [x], axis = e.inputs, e.parameters["axis"]
        return {*x.shape} if axis is None else {x.shape[i] for i in np.atleast_1d(axis)}
    if not isinstance(e, Apply) or e.parameters.keys() <= SIZELESS:
        return set()
    before = e.inputs[0].shape
    if e.operation is getitem:
        return set(_sizes_in_index(e.parameters["index"], before))
    if e.operation is reshape and thin_index(before, e.shape):
        return set()
    if e.operation is reshape and sum(n != 1 for n in e.shape) < 2:
        return set()  # the one long axis is as long as it must be
    if e.operation in (reshape, broadcast_to, scatter):
        return {*before, *e.shape}
    others = [value for name, value in e.parameters.items() if name not in SIZELESS]
    return {abs(k) for k in others} if all(type(k) is int for k in others) else sizes


@cache
def _sizes_meant(value: float, sizes: frozenset[int]) -> set[int]:
    """The sizes that a number may come from.

    It may be n, 2n or n/2, a root or the logarithm of n, or one divided by these, where n is a size
    or the product of two or three; or one less than a size. If not, it is a fraction of others, or
    a multiple of π.
    """
    if value in {0, 1, 2}:
        return {int(value)}
    products = [c for k in (1, 2, 3) for c in combinations_with_replacement(sizes - {0, 1}, k)]
    meant = [(x, c) for c in products for x in _multiples(math.prod(c))]
    meant += [(n - 1, (n,)) for n in sizes if n > 3]
    found = {
        size
        for x, made_of in meant
        if any(math.isclose(x, v, rel_tol=1e-7) for v in (value, 1 / value))
        for size in made_of
    }
    if found:
        return found
    short, meant_by = as_fraction(value), meaning(value)
    parts = {short.numerator, short.denominator} if short else set[float]()
    if meant_by is not None:
        parts |= {x.value for x in subexpressions(meant_by) if isinstance(x, Number)}
    return set().union(*(_sizes_meant(n, sizes) for n in parts - {1, 2, value}))


def _multiples(n: int) -> tuple[float, ...]:
    return n, 2 * n, n / 2, math.sqrt(n), math.log(n)


def _sizes_in_index(index: Any, shape: Shape) -> Iterator[int]:
    """The sizes of axes that are not taken whole, and the numbers that say what is taken."""
    indices = [i for i in each(index) if i is not None]
    left = list(shape)
    for i in indices:
        if i is Ellipsis:
            del left[: len(shape) - sum(map(_axes_taken, indices))]
            continue
        taken, left = left[: _axes_taken(i)], left[_axes_taken(i) :]
        if isinstance(i, slice) and isinstance(i.start, MovingNumber):
            yield i.stop.at(0) - i.start.at(0)  # the axis is as long as there are steps
        elif isinstance(i, slice) and i != slice(None):
            bounds = [abs(k) for k in (i.start, i.stop, i.step) if k is not None]
            yield from (*taken, *bounds, len(range(*i.indices(*taken))))
        elif isinstance(i, MovingNumber):
            yield from () if i.factor == 1 else (*taken, abs(i.factor), abs(i.offset))
        elif not isinstance(i, slice) and not (isinstance(i, int) and i == 0):
            yield from (*taken, *np.shape(i), *([abs(i)] if isinstance(i, int) else []))


def _axes_taken(i: Any) -> int:
    """Over how many axes one index goes; a mask over as many as it has."""
    if isinstance(i, np.ndarray) and i.dtype == bool:
        return i.ndim
    return int(i is not Ellipsis)
