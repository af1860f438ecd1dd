"""What contributions through a value have in common: delta_h = dJ_dh * (1 - h ** 2)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    Number,
    Symbol,
    inputs_of,
    subexpressions,
    symbols,
    transform,
)
from minigrad.notation.nodes import broadcast, is_, transposed
from minigrad.operations.elementwise import multiply
from minigrad.operations.lookup import add_at, pick, put_at
from minigrad.operations.shape import broadcast_to, getitem, reshape, scatter, transpose
from minigrad.writing.source.python_text import identifier
from minigrad.writing.source.repeated import unused
from minigrad.writing.structure import Part

Factors = tuple[Expression, ...]
# Views, which nobody needs to keep, and pieces, which are assigned to.
FREE = (transpose, reshape, getitem, broadcast_to, scatter, add_at, pick, put_at)


@dataclass(frozen=True)
class Delta:
    """What several uses of an adjoint are made of, its name, and the steps of the uses."""

    expression: Expression
    symbol: Symbol
    steps: tuple[int, ...] = ()


def deltas_of(via: Symbol, parts: Sequence[Part], taken: set[str]) -> list[Delta]:
    """What contributions through a value have in common, each in terms of those before it.

    Parameters
    ----------
    taken
        The names that are in use; those of the new ones are added.
    """
    given, contributions = replace(via, kind="adjoint"), [part.expression for part in parts]
    found: list[Delta] = []
    while (e := in_common(given, contributions)) is not None:
        given = Symbol(unused(f"delta_{via.name}", taken), None, e.shape)
        taken.add(identifier(given.name))
        before, delta = contributions, Delta(e, given)
        contributions = [with_delta(x, delta) for x in before]
        using = [p for p, x, y in zip(parts, before, contributions, strict=True) if x != y]
        steps = tuple(sorted({t for part in using for t in part.steps}))
        found.append(replace(delta, steps=steps))
    return found


def in_common(adjoint: Symbol, contributions: Sequence[Expression]) -> Expression | None:
    """What contributions through a value compute more than once, if that is worth a name.

    Examples
    --------
    >>> from minigrad.notation.nodes import matrix_product, product
    >>> from minigrad.notation.printing import Text
    >>> g, y, W = Symbol("h", 0, (3, 4), "adjoint"), Symbol("y", 0, (3, 4)), Symbol("W", 0, (4, 5))
    >>> Text()(in_common(g, [product(g, y), matrix_product(product(g, y), W)]))
    '∂J/∂h⁽ᵗ⁾ ∘ y⁽ᵗ⁾'
    """
    if factors := _common_factors(adjoint, contributions):
        return Apply(multiply, factors, broadcast(factors), NONE)
    return _repeated(adjoint, contributions)


def _common_factors(adjoint: Symbol, contributions: Sequence[Expression]) -> Factors:
    """The factors that an adjoint has wherever it occurs, with it; `()` if that saves nothing."""
    found = [factors for e in contributions for factors in _products(e, adjoint)]
    if not found:
        return ()
    common = tuple(x for x in found[0] if all(x in factors for factors in found))
    saves = len(found) > 1 and sum(not isinstance(x, Number) for x in common) > 1
    return common if saves else ()


def _repeated(adjoint: Symbol, contributions: Sequence[Expression]) -> Expression | None:
    """The expression in an adjoint that saves most: it occurs often, perhaps transposed."""
    counts: Counter[Expression] = Counter()
    for e in contributions:
        for x in subexpressions(e):
            if isinstance(x, Apply) and x.operation not in FREE and adjoint in symbols(x):
                counts.update([x, transposed(x)] if x != transposed(x) else [x])
    saved = {
        x: (n - 1) * len(list(subexpressions(x))) for x, n in counts.items() if n > 1 and _costs(x)
    }
    return max(saved, key=lambda x: saved[x], default=None)


def _costs(e: Expression) -> bool:
    """Whether it is more than a multiple of something, or a view of it."""
    if not isinstance(e, Apply) or e.operation in FREE:
        return False
    return not is_(e, multiply) or sum(not isinstance(x, Number) for x in e.inputs) > 1


def with_delta(e: Expression, delta: Delta) -> Expression:
    """The expression with the name for what it has in common with others, or its transpose."""
    turned = transposed(delta.expression)
    names = ((delta.expression, delta.symbol), (turned, transposed(delta.symbol)))

    def change(x: Expression) -> Expression:
        for known, name in names:
            if x == known:
                return name
            if is_(x, multiply) and is_(known, multiply) and {*known.inputs} < {*x.inputs}:
                first, *others = known.inputs
                left = [name if y == first else y for y in x.inputs if y not in others]
                return replace(x, inputs=tuple(left))
        return x

    return transform(e, change)


def _products(e: Expression, adjoint: Symbol) -> Iterator[Factors]:
    """The factors of each product that an adjoint stands in, as if it were not transposed."""
    turned = transposed(adjoint)
    to_visit = [e]
    while to_visit:
        x = to_visit.pop()
        if x in (adjoint, turned):
            yield (adjoint,)
        elif is_(x, multiply) and adjoint in x.inputs:
            yield x.inputs
        elif is_(x, multiply) and turned in x.inputs:
            yield tuple(map(transposed, x.inputs))
        else:
            to_visit += inputs_of(x)
