"""Rules of kinks, where a derivative jumps: brackets that are 1 on one side and 0 on the other."""

from dataclasses import replace
from itertools import permutations
from typing import TypeGuard

from minigrad.notation.expression import NONE, Apply, Expression, Number, has_adjoint
from minigrad.notation.nodes import broadcast, fraction, is_, product, split_number, total
from minigrad.operations.elementwise import divide, equal, greater, multiply, where


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


def selected_factor(e: Apply) -> Expression | None:
    """where(c, a, 0) x = where(c, a x, 0), and where(c, 0, b) x = where(c, 0, b x)"""
    for i, x in enumerate(e.inputs):
        before, after = e.inputs[:i], e.inputs[i + 1 :]
        if not is_(x, where) or x.shape != e.shape or 0 not in map(_value, x.inputs[1:]):
            continue
        if all(isinstance(u, Number) or has_adjoint(u) for u in (*before, *after)):
            return None
        c, *branches = x.inputs
        parts = [split_number(product(*before, u, *after)) for u in branches]
        inputs = (u or Number(0) for _, u in parts)
        return product(Number(sum(n for n, _ in parts)), replace(x, inputs=(c, *inputs)))
    return None


def joined_selections(e: Apply) -> Expression | None:
    """g where(c, a, 0) + where(c, 0, g b) = g where(c, a, b), where g is an adjoint or nothing"""
    found = [(x, selected) for x in e.inputs if (selected := _selected(x))]
    for (x, (c, g, a, zero)), (y, (d, h, other_zero, b)) in permutations(found, 2):
        if (c, g) == (d, h) and _value(zero) == _value(other_zero) == 0:
            one = Apply(where, (c, a, b), broadcast((c, a, b)), NONE)
            joined = total(product(*g, one), *(u for u in e.inputs if u is not x and u is not y))
            return joined if joined.shape == e.shape else None
    return None


def _selected(e: Expression) -> tuple[Expression, list[Expression], Expression, Expression] | None:
    """The condition, the adjoints in front, and the branches of what is zero in one of them."""
    factors = [*e.inputs] if is_(e, multiply) else [e]
    selections = [x for x in factors if is_(x, where) and 0 in map(_value, x.inputs[1:])]
    if len(selections) != 1:
        return None
    factors.remove(selections[0])
    c, *branches = selections[0].inputs
    for u in branches:
        factors += u.inputs if is_(u, multiply) else [u] if _value(u) != 0 else []
    g = [x for x in factors if has_adjoint(x)]
    rest = product(*(x for x in factors if not has_adjoint(x)), Number(1))
    a, b = (u if _value(u) == 0 else rest for u in branches)
    return c, g, a, b


def _value(e: Expression) -> float | None:
    return e.value if isinstance(e, Number) else None


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
