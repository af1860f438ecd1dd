"""What all contributions through a value have in common: delta_h = dJ_dh * (1 - h ** 2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    Number,
    Symbol,
    inputs_of,
    transform,
)
from minigrad.notation.nodes import transposed
from minigrad.operations.elementwise import multiply

Factors = tuple[Expression, ...]


@dataclass(frozen=True)
class Delta:
    """A product of which every use of an adjoint is made, its name, and the steps of the uses."""

    factors: Factors
    symbol: Symbol
    steps: tuple[int, ...]

    @property
    def expression(self) -> Expression:
        return Apply(multiply, self.factors, self.symbol.shape, NONE)


def common_factors(adjoint: Symbol, contributions: Sequence[Expression]) -> Factors:
    """The factors that an adjoint has wherever it occurs, with it; `()` if that saves nothing.

    Examples
    --------
    >>> from minigrad.notation.nodes import matrix_product, product
    >>> g, y, W = Symbol("h", 0, (3, 4), "adjoint"), Symbol("y", 0, (3, 4)), Symbol("W", 0, (4, 5))
    >>> [x.name for x in common_factors(g, [product(g, y), matrix_product(product(g, y), W)])]
    ['h', 'y']
    """
    found = [factors for e in contributions for factors in _products(e, adjoint)]
    if not found:
        return ()
    common = tuple(x for x in found[0] if all(x in factors for factors in found))
    saves = len(found) > 1 and sum(not isinstance(x, Number) for x in common) > 1
    return common if saves else ()


def with_delta(e: Expression, delta: Delta) -> Expression:
    """The expression with the name for the product, transposed where the factors are."""
    turned = tuple(map(transposed, delta.factors))
    names = ((delta.factors, delta.symbol), (turned, transposed(delta.symbol)))

    def change(x: Expression) -> Expression:
        if isinstance(x, Apply) and x.operation is multiply:
            for known, name in names:
                if set(known) <= set(x.inputs):
                    left = [name if y == known[0] else y for y in x.inputs]
                    left = [y for y in left if y not in known]
                    return left[0] if len(left) == 1 else replace(x, inputs=tuple(left))
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
        elif isinstance(x, Apply) and x.operation is multiply and adjoint in x.inputs:
            yield x.inputs
        elif isinstance(x, Apply) and x.operation is multiply and turned in x.inputs:
            yield tuple(map(transposed, x.inputs))
        else:
            to_visit += inputs_of(x)
