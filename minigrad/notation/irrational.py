"""Numbers that are no fractions, as people write them: 1/√2, log 2, 2π."""

import math
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from functools import cache

from minigrad.notation.expression import NONE, Apply, Decimal, Expression, Number, Symbol
from minigrad.notation.nodes import as_fraction, is_
from minigrad.notation.written import root
from minigrad.operation import Operation
from minigrad.operations.elementwise import divide, log, multiply, sqrt

ONE, PI = Number(1), Symbol("pi", None, ())


def irrational_numbers(e: Apply) -> Expression | None:
    """0.7071... x = x / √2; 0.6931... = log 2; 1.5707... = π / 2"""
    first, *others = e.inputs
    if is_(e, multiply) and isinstance(first, Number):
        if (meant := meaning(abs(first.value))) is None:
            return None
        above, below = meant.inputs if is_(meant, divide) else (meant, ONE)
        signs = [Number(-1)] if first.value < 0 else []
        factors = [*signs, *([] if above == ONE else [above]), *others]
        result = factors[0] if len(factors) == 1 else replace(e, inputs=tuple(factors))
        return result if below == ONE else Apply(divide, (result, below), e.shape, NONE)
    inputs = tuple(x if x.shape else irrational_number(x) for x in e.inputs)
    return None if inputs == e.inputs else replace(e, inputs=inputs)


def irrational_number(e: Expression) -> Expression:
    """3.1415... = π; an array that holds it everywhere is π times one of ones."""
    if not isinstance(e, Number) or (meant := meaning(abs(e.value))) is None:
        return e
    signs = (Number(-1),) if e.value < 0 else ()
    ones = (Number(1, e.shape),) if e.shape else ()
    factors = (*signs, meant, *ones)
    return meant if len(factors) == 1 else Apply(multiply, factors, e.shape, NONE)


@cache
def meaning(value: float) -> Expression | None:
    """What gives a number of many digits to the last of them."""
    is_typed = len(f"{value:.12g}".replace(".", "").strip("0")) < 9
    if isinstance(value, Decimal) or is_typed or as_fraction(value) or not 0.01 < value < 100:
        return None
    return next(_candidates(value), None)


def _candidates(value: float) -> Iterator[Expression]:
    for power, unit in ((0, 1), (1, math.pi), (-1, 1 / math.pi)):
        largest = 12 if power else 1000
        if power and (n := _near(value / unit, largest)):
            yield _ratio(n, power)
        if n := _near(value**2 / unit, largest):
            yield _root(_ratio(n, power))
        if n := _near(math.exp(value) / unit, largest):
            yield _applied(log, _ratio(n, power))
        if power and (n := _near(math.exp(2 * value) / unit, largest)):
            yield _applied(divide, _applied(log, _ratio(n, power)), Number(2))
        if not power and (n := _near(math.exp(1 / value), largest)):
            yield _applied(divide, ONE, _applied(log, _ratio(n, power)))


def _root(e: Expression) -> Expression:
    """√2, √(2/π); 1/√2 and not √(1/2)"""
    if is_(e, divide) and e.inputs[0] == ONE:
        return _applied(divide, ONE, _root(e.inputs[1]))
    return _applied(root if isinstance(e, Number) else sqrt, e)


def _near(x: float, largest: int) -> Fraction | None:
    """The fraction of whole numbers up to the largest that a number is, but for rounding."""
    near = Fraction(x).limit_denominator(largest)
    is_near = 0 < near.numerator <= largest and math.isclose(x, near, rel_tol=4e-15)
    return near if is_near else None


def _ratio(n: Fraction, power: int) -> Expression:
    """n π, n, or n / π."""
    above, below = (_times_pi(k, power == p) for k, p in ((n.numerator, 1), (n.denominator, -1)))
    return above if below == ONE else _applied(divide, above, below)


def _times_pi(n: int, has_pi: bool) -> Expression:
    if not has_pi:
        return Number(n)
    return PI if n == 1 else _applied(multiply, Number(n), PI)


def _applied(operation: Operation, *inputs: Expression) -> Apply:
    return Apply(operation, inputs, (), NONE)
