"""Rules of kinks, where a derivative jumps: brackets that are 1 on one side and 0 on the other."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeGuard

from minigrad.notation.expansion import letters
from minigrad.notation.expression import NONE, Apply, Expression, Number, has_adjoint
from minigrad.notation.nodes import (
    broadcast,
    fraction,
    is_,
    product,
    simplified,
    split_number,
    total,
)
from minigrad.operations.elementwise import add, divide, equal, greater, multiply, where


def is_bracket(e: Expression) -> TypeGuard[Apply]:
    """Whether it is [x > y] or [x = y], the number 1 where that holds and 0 elsewhere."""
    return is_(e, greater) or is_(e, equal)


def bracket(e: Apply) -> Expression | None:
    """A number is one as it is, of whatever type is wanted, and so is a bracket."""
    [x] = e.inputs
    return x if is_bracket(x) or isinstance(x, Number) else None


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


def selection_in_selection(e: Apply) -> Expression | None:
    """In the branches of where(c, a, b), where(c, p, q) is p and q."""
    condition, *branches = e.inputs
    inner = [_branch(i, x, condition) for i, x in enumerate(branches, 1)]
    return None if inner == branches else replace(e, inputs=(condition, *inner))


def _branch(i: int, e: Expression, condition: Expression) -> Expression:
    """What is left of an expression where a condition holds, or where it does not."""
    if is_(e, where) and e.inputs[0] == condition:
        chosen = e.inputs[i]
        if isinstance(chosen, Number):
            return Number(chosen.value, e.shape)
        return chosen if chosen.shape == e.shape else e
    if is_(e, multiply) or is_(e, add):
        inputs = tuple(_branch(i, x, condition) for x in e.inputs)
        return e if inputs == e.inputs else simplified(replace(e, inputs=inputs))
    return e


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
    """g where(c, a, b) + where(c, g d, 0) = g where(c, a + d, b), with g an adjoint or nothing"""
    found = [(x, selected) for x in e.inputs if (selected := _selected(x))]
    for (x, (c, g, a, b)), (y, (d, h, p, q)) in combinations(found, 2):
        if (c, g) != (d, h):
            continue
        branches = (total(a, p), total(b, q))
        one = simplified(Apply(where, (c, *branches), broadcast((c, *branches)), NONE))
        joined = total(product(*g, one), *(u for u in e.inputs if u is not x and u is not y))
        if joined.shape == e.shape and letters(joined) < letters(e):
            return joined
    return None


def _selected(e: Expression) -> tuple[Expression, list[Expression], Expression, Expression] | None:
    """The condition, the adjoints in front, and the branches of a selection, with what is left."""
    factors = [*e.inputs] if is_(e, multiply) else [e]
    selections = [x for x in factors if is_(x, where)]
    if len(selections) != 1:
        return None
    factors.remove(selections[0])
    c, *branches = selections[0].inputs
    adjoints, others = _by_adjoint(factors)
    split = [_by_adjoint(u.inputs if is_(u, multiply) else [u]) for u in branches]
    held = [g for (g, _), u in zip(split, branches, strict=True) if _value(u) != 0]
    if held and all(g == held[0] for g in held):
        adjoints += held[0]
        branches = [
            u if _value(u) == 0 else product(*rest, Number(1))
            for (_, rest), u in zip(split, branches, strict=True)
        ]
    a, b = (u if _value(u) == 0 else product(*others, u) for u in branches)
    return c, adjoints, a, b


def _by_adjoint(factors: Sequence[Expression]) -> tuple[list[Expression], list[Expression]]:
    """The factors that have an adjoint in them, and the others."""
    return [x for x in factors if has_adjoint(x)], [x for x in factors if not has_adjoint(x)]


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
