"""Products multiplied out, where that leaves less to read."""

from minigrad.notation.algebra import like_terms
from minigrad.notation.expression import NONE, Apply, Expression, Symbol, subexpressions
from minigrad.notation.nodes import is_, product
from minigrad.operations.elementwise import add, multiply


def multiplied_out(e: Apply) -> Expression | None:
    """(1 - a) b - a (1 - b) = b - a; a (b - c / a) = a b - c"""
    terms = e.inputs if is_(e, add) else (e,)
    out = [u for x in terms for u in _terms(x)]
    if len(out) == len(terms):
        return None
    plain = Apply(add, tuple(out), e.shape, NONE)
    result = like_terms(plain) or plain
    return result if result.shape == e.shape and letters(result) < letters(e) else None


def _terms(e: Expression) -> list[Expression]:
    """The terms of a product that has one sum among its factors."""
    if not (is_(e, multiply)):
        return [e]
    sums = [x for x in e.inputs if is_(x, add)]
    if len(sums) != 1:
        return [e]
    i = e.inputs.index(sums[0])
    return [product(*e.inputs[:i], term, *e.inputs[i + 1 :]) for term in sums[0].inputs]


def letters(e: Expression) -> int:
    """How many values are written."""
    return sum(isinstance(x, Symbol) for x in subexpressions(e))
