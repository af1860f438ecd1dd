"""Numbers that are others at each step, by a rule: t, 1/t, 0.9^t."""

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from minigrad.notation.expression import (
    NONE,
    Apply,
    Decimal,
    Expression,
    MovingNumber,
    Number,
    inputs_of,
    subexpressions,
    transform,
    with_inputs,
)
from minigrad.notation.nodes import as_fraction, simplified
from minigrad.operations.elementwise import add, divide, multiply, power

NOISE = 1e-12


def by_rule(numbers: Mapping[int, float]) -> Expression | None:
    """What gives the numbers at some steps; None if it is none of the rules that people write.

    They are n (t + k), n / (t + k), n r^(t + k), one less one of these, and 1 / (1 - r^t). Two
    numbers follow any of them, and three some by accident: of these, the simplest alone will do.

    Examples
    --------
    >>> from minigrad.notation.numbers import by_rule
    >>> from minigrad.notation.printing import Text
    >>> rules = by_rule({2: 4, 3: 6, 4: 8}), by_rule({2: 1 / 3, 3: 1 / 4, 4: 1 / 5})
    >>> [Text()(e) for e in (*rules, by_rule({2: 0.81, 3: 0.729, 4: 0.6561}))]
    ['2t', '1 / (t+1)', '0.9ᵗ']
    """
    steps, values = list(numbers), list(numbers.values())
    if len(steps) < 3:
        return None
    rule = _simple(steps, values)
    if rule is not None or len(steps) == 3:
        return rule
    if (rule := _simple(steps, [1 - x for x in values])) is not None:
        return _one_less(rule)
    rule = None if 0 in values else _powers(steps, [1 - 1 / x for x in values])
    return None if rule is None else Apply(divide, (Number(1), _one_less(rule)), (), NONE)


def _simple(steps: Sequence[int], values: Sequence[float]) -> Expression | None:
    """n (t + k), n / (t + k), or n r^(t + k)."""
    if (line := _line(steps, values)) is not None:
        n, k = line
        whole = float(n).is_integer()
        return MovingNumber(int(n) * k, int(n)) if whole else _times(n, MovingNumber(k))
    if 0 in values:
        return None
    if (line := _line(steps, [1 / x for x in values])) is not None:
        n, k = line
        return Apply(divide, (Number(_near(1 / n)), MovingNumber(k)), (), NONE)
    return _powers(steps, values)


def _one_less(e: Expression) -> Expression:
    return Apply(add, (Number(1), _times(-1, e)), (), NONE)


def _line(steps: Sequence[int], values: Sequence[float]) -> tuple[float, int] | None:
    """The n and k of n (t + k), where k is a whole number."""
    n = (values[1] - values[0]) / (steps[1] - steps[0])
    if n == 0:
        return None
    k = round(values[0] / n) - steps[0]
    of_rule = [n * (t + k) for t in steps]
    is_one = all(math.isclose(*both, rel_tol=NOISE) for both in zip(values, of_rule, strict=True))
    is_one = is_one and (len(steps) > 3 or abs(k) < 2)
    return (_near(n), k) if is_one else None


def _powers(steps: Sequence[int], values: Sequence[float]) -> Expression | None:
    """n r^(t + k), where n is as short as may be."""
    r = 0 if 0 in values else values[1] / values[0]
    is_one = [math.isclose(y, r * x, rel_tol=NOISE) for x, y in pairwise(values)]
    if steps != list(range(steps[0], steps[-1] + 1)) or r <= 0 or not all(is_one):
        return None
    first = {k: _near(values[0] / r ** (steps[0] + k)) for k in (0, -1, 1)}
    k = min(first, key=lambda k: len(str(first[k])))
    return _times(first[k], Apply(power, (Number(_near(r)), MovingNumber(k)), (), NONE))


def _times(n: float, e: Expression) -> Expression:
    return e if n == 1 else Apply(multiply, (Number(n), e), (), NONE)


def _near(value: float) -> float:
    """A number without the noise of its last digits: a decimal if it is short."""
    short = float(f"{value:.6g}")
    if not math.isclose(value, short, rel_tol=NOISE):
        return value
    return short if as_fraction(short) is not None else Decimal(short)


def moving(at: Mapping[int, Expression]) -> Expression | None:
    """What all are at their steps, if they differ in numbers alone, and these follow rules."""
    (_, first), *_ = at.items()
    found = zip(*(_numbers(e) for e in at.values()), strict=True)
    rules = []
    for numbers in found:
        same = len(set(numbers)) == 1
        rule = Number(numbers[0]) if same else by_rule(dict(zip(at, numbers, strict=True)))
        if rule is None:
            return None
        rules.append(rule)
    left = iter(rules)
    return simplified_again(_with_numbers(first, left))


def at_step(e: Expression, t: int) -> Expression:
    """The expression at a step, where its moving numbers are numbers."""
    return simplified_again(
        transform(e, lambda x: Number(x.at(t)) if isinstance(x, MovingNumber) else x)
    )


def simplified_again(e: Expression) -> Expression:
    """Simplified from the leaves to the root, after leaves have changed."""
    return transform(e, simplified)


def without_numbers(e: Expression) -> Expression:
    """The form of an expression, whatever the numbers in it."""
    return transform(e, lambda x: Number(0) if _is_number(x) else x)


def _is_number(e: Expression) -> bool:
    return isinstance(e, Number) and not e.shape


def _numbers(e: Expression) -> list[float]:
    return [x.value for x in subexpressions(e) if isinstance(x, Number) and not x.shape]


def _with_numbers(e: Expression, rules: Iterator[Expression]) -> Expression:
    """Other numbers in the place of those that are there, from the left to the right."""
    if _is_number(e):
        return next(rules)
    inputs = tuple(_with_numbers(x, rules) for x in inputs_of(e))
    return with_inputs(e, inputs) if inputs else e
