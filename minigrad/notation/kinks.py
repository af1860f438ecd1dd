"""Rules of kinks, where a derivative jumps: brackets that are 1 on one side and 0 on the other."""

from dataclasses import replace
from typing import TypeGuard

from minigrad.notation.expression import NONE, Apply, Expression, Number
from minigrad.notation.nodes import fraction, is_, product, split_number, total
from minigrad.operations.elementwise import divide, equal, greater, multiply


def is_bracket(e: Expression) -> TypeGuard[Apply]:
    """Whether it is [x > y] or [x = y], the number 1 where that holds and 0 elsewhere."""
    return is_(e, greater) or is_(e, equal)


def bracket(e: Apply) -> Expression | None:
    """A bracket is a number as it is, of whatever type is wanted."""
    return e.inputs[0] if is_bracket(e.inputs[0]) else None


def selection(e: Apply) -> Expression | None:
    """where(c, a, 0) = a [c]; where(c, 0, b) = b (1 - [c]); where(c, a, b [d]) = a [c] + b [d]

    The bracket is 1 where c holds; c and d are never true together.
    """
    condition, a, b = e.inputs
    if not is_bracket(condition):
        return None  # an array that is not zero where it holds may hold any number there
    if isinstance(b, Number) and b.value == 0:
        return Apply(multiply, (a, condition), e.shape, NONE)
    if isinstance(a, Number) and a.value == 0:
        return product(b, total(Number(1), product(Number(-1), condition)))
    if not _excludes(condition, b):
        return None
    share = fraction(b, a)
    rest = split_number(share)[1]
    if rest is not None and is_(rest, divide):
        return total(product(a, condition), b)
    return product(a, total(condition, share))


def _excludes(condition: Expression, e: Expression) -> bool:
    """Whether an expression is zero wherever a > b holds: if it has the factor [a = b]."""
    if not (is_(condition, greater)):
        return False
    factors = e.inputs if is_(e, multiply) else (e,)
    equals = [x for x in factors if is_(x, equal)]
    return any({*x.inputs} == {*condition.inputs} for x in equals)


def number_last(e: Apply) -> Expression | None:
    """[0 = a] = [a = 0]"""
    a, b = e.inputs
    swap = isinstance(a, Number) and not isinstance(b, Number)
    return replace(e, inputs=(b, a)) if swap else None
