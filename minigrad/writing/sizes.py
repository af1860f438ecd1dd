"""The sizes that a written program holds for: it refuses arrays of other sizes."""

from collections.abc import Iterator, Mapping

from minigrad.notation.expression import Apply, Expression, Number, Shape, inputs_of
from minigrad.operations.elementwise import power
from minigrad.writing.steps import is_general
from minigrad.writing.structure import Model

# In the module that is written.
REQUIRE_SHAPE = '''\
def _require_shape(name, array, *shape):
    """Raise unless an array has the sizes of the derivation; None stands for any."""
    found = np.shape(array)
    if len(found) != len(shape) or any(n not in (None, m) for n, m in zip(shape, found)):
        expected = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{name}: expected the shape of the derivation, ({expected}), got {found}; "
            "derive again for other sizes"
        )'''


def fixed_sizes(model: Model, shapes: Mapping[str, Shape]) -> Iterator[tuple[str, str]]:
    """The arguments whose sizes matter, and their shapes as arguments of `_require_shape`.

    An axis of length one always stays so, since a sum along it is not written. So does the number
    of steps up to two, where the first, the last and those between are not told apart, and where
    any other step is one of its own. All other sizes are free, unless something in the derivation
    may depend on them.

    Parameters
    ----------
    shapes
        Of the arguments; those with a value at each step have the number of steps in front.
    """
    sizes = {n for shape in shapes.values() for n in shape}
    sizes |= {n for equation in model.equations for n in equation.value.shape}
    is_fixed = bool(model.arrays) or any(_may_hold_a_size(e, sizes) for e in _expressions(model))
    steps = len(model.steps)
    steps_matter = steps <= 2 or not all(is_general(s, model.steps) for s in _steps(model))
    for argument, shape in shapes.items():
        of_steps = steps_matter and shape[:1] == (steps,)
        kept = [
            n if is_fixed or n == 1 or (of_steps and not i) else None for i, n in enumerate(shape)
        ]
        if is_fixed or any(n is not None for n in kept):
            yield argument, "".join(f", {n}" for n in kept)


def _steps(model: Model) -> Iterator[tuple[int, ...]]:
    """The steps of everything that holds at some of them."""
    yield from (equation.steps for equation in model.equations)
    parts = (part for section in model.sections for item in section for part in item.parts)
    yield from (part.steps for part in parts)


def _expressions(model: Model) -> Iterator[Expression]:
    for equation in model.equations:
        yield from _without_exponents(equation.expression)
    for section in model.sections:
        for item in section:
            for part in item.parts:
                yield from _without_exponents(part.expression)


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
