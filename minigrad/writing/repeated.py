"""What a written program computes once, and uses more than once."""

from collections import Counter
from collections.abc import Iterator

from minigrad.notation.expression import (
    Apply,
    Expression,
    Symbol,
    has_adjoint,
    shifted,
    subexpressions,
    symbols,
    transform,
)
from minigrad.operation import FUNCTION
from minigrad.operations.shape import getitem
from minigrad.writing.structure import Model


def repeated(model: Model) -> dict[Expression, Symbol]:
    """Functions of one value that occur more than once, as tanh(c), and the names that they get."""
    counts: Counter[Expression] = Counter()
    elsewhere: set[Expression] = set()
    for e in expressions_of(model):
        for x in set(subexpressions(e)):
            if _is_function(x) and len(symbols(x)) == 1 and not has_adjoint(x):
                t = symbols(x)[0].t or 0
                counts[shifted(x, -t)] += 1
                elsewhere |= {shifted(x, -t)} if t else set()
    computed = {e.value.name for e in model.equations}
    given = {leaf.name for leaf in model.leaves}
    found: dict[Expression, Symbol] = {}
    for x, n in counts.items():
        [s] = symbols(x)
        # Of a state that is given before the first step, it would not be computed.
        is_given = s.name in given and x in elsewhere
        if isinstance(x, Apply) and n > 1 and s.name in computed and not is_given:
            name = f"{x.operation.name}_{s.name}"
            alike = sum(known.name.startswith(name) for known in found.values())
            found[x] = Symbol(f"{name}_{alike + 1}" if alike else name, s.t, x.shape)
    return found


def _is_function(e: Expression) -> bool:
    """Whether it is written like tanh(c), and no part of an array, which costs nothing."""
    is_part = isinstance(e, Apply) and e.operation is getitem
    return isinstance(e, Apply) and e.operation.precedence == FUNCTION and not is_part


def with_names(e: Expression, names: dict[Expression, Symbol]) -> Expression:
    """The expression with names for what is computed once."""

    def named(x: Expression) -> Expression:
        if not isinstance(x, Apply) or len(symbols(x)) != 1:
            return x
        t = symbols(x)[0].t or 0
        known = names.get(shifted(x, -t))
        return x if known is None else shifted(known, t)

    return transform(e, named) if names else e


def expressions_of(model: Model) -> Iterator[Expression]:
    """All expressions of a model."""
    yield from (equation.expression for equation in model.equations)
    for section in model.sections:
        for item in section:
            yield from (part.expression for part in item.parts)
