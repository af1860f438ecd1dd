"""The sizes and steps that a written program holds for: it refuses arrays of others."""

from collections.abc import Iterator, Sequence

from minigrad.notation.expression import Apply, Expression, Number, inputs_of
from minigrad.operations.elementwise import power
from minigrad.writing.measure import last_step
from minigrad.writing.program import Block, Program
from minigrad.writing.repeated import expressions_of
from minigrad.writing.steps import is_general
from minigrad.writing.structure import Model

# In the module that is written, by the names that are called in it.
REQUIRE = {
    "_require_shape": '''\
def _require_shape(name, array, *shape):
    """Raise unless an array has the sizes of the derivation; None stands for any."""
    found = np.shape(array)
    if len(found) != len(shape) or any(n not in (None, m) for n, m in zip(shape, found)):
        expected = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{name}: expected the shape of the derivation, ({expected}), got {found}; "
            "derive again for other sizes"
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


def requirements(program: Program, blocks: Sequence[Block]) -> Iterator[str]:
    """Statements that refuse arguments of sizes and steps that the program does not hold for.

    An axis of length one always stays so, since a sum along it is not written. So does the number
    of steps where it is small or where what is said of some steps may mean others for another
    number (see `_is_general`), and steps with gaps between them. All other sizes are free, unless
    something in the derivation may depend on them.
    """
    model = program.model
    sizes = {n for argument in program.arguments for n in argument.shape}
    sizes |= {n for equation in model.equations for n in equation.value.shape}
    is_fixed = bool(model.arrays) or any(_may_hold_a_size(e, sizes) for e in _expressions(model))
    has_gaps = any(argument.is_by_step for argument in program.arguments)
    steps_matter = has_gaps or not _is_general(program, blocks)
    for argument in program.arguments:
        name = argument.name
        if argument.is_by_step:
            yield f'_require_steps("{name}", {name}, {", ".join(map(str, argument.steps))})'
            continue
        kept = [
            n if is_fixed or n == 1 or (steps_matter and i == argument.axis_of_steps) else None
            for i, n in enumerate(argument.shape)
        ]
        if is_fixed or any(n is not None for n in kept):
            yield f'_require_shape("{name}", {name}{"".join(f", {n}" for n in kept)})'


def _is_general(program: Program, blocks: Sequence[Block]) -> bool:
    """Whether the program means the same for another number of steps.

    It does if there are enough of them to tell the first, the last and those between apart, if an
    input tells their number, and if no step between is one of its own.
    """
    steps, reach = program.model.steps, program.model.reach
    loops = [block for block in blocks if block.steps is not None]
    return (
        len(steps) > 2 * reach
        and last_step(program.arguments, program.model) is not None
        and all(is_general(sorted(block.steps or ()), steps, reach) for block in loops)
        and all(
            is_general(s.steps, sorted(block.steps or ()), reach)
            for block in loops
            for s in block.statements
        )
        and all(map(program.is_general, program.model.equations))
    )


def _expressions(model: Model) -> Iterator[Expression]:
    for e in expressions_of(model):
        yield from _without_exponents(e)


def _without_exponents(root: Expression) -> Iterator[Expression]:
    """What an expression is made of; the 2 of a square is no size."""
    to_visit = [root]
    while to_visit:
        e = to_visit.pop()
        yield e
        is_power = isinstance(e, Apply) and e.operation is power
        to_visit += inputs_of(e)[:1] if is_power else inputs_of(e)


def _may_hold_a_size(e: Expression, sizes: set[int]) -> bool:
    """Whether it may read differently for other sizes, such as the 1/5 of a mean of five."""
    if isinstance(e, Number):
        return e.shape != () or abs(e.value) not in {0, 1, 2} or (abs(e.value) == 2 and 2 in sizes)
    return isinstance(e, Apply) and not e.parameters.keys() <= {"axis", "axes", "keepdims"}
