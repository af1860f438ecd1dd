"""Simple expressions: nodes are simplified as they are made."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import TypeGuard

import numpy as np

from minigrad.notation.expression import NONE, Apply, Decimal, Expression, Number, Parameters, Shape
from minigrad.operation import Operation
from minigrad.operations.elementwise import add, divide, multiply
from minigrad.operations.linear import matmul
from minigrad.operations.shape import transpose

Rule = Callable[[Apply], Expression | None]

# The rules of each operation, in the order in which they are tried; `simplify` lists them.
RULES: dict[Operation, tuple[Rule, ...]] = {}


def simplified(e: Expression) -> Expression:
    """Apply the rules to a node, whose inputs are simple, until none fits."""
    while isinstance(e, Apply):
        for rule in RULES.get(e.operation, ()):
            changed = rule(e)
            if changed is not None and changed != e:
                e = changed
                break
        else:
            return e
    return e


def total(*terms: Expression) -> Expression:
    """The sum, simplified."""
    return simplified(Apply(add, terms, broadcast(terms), NONE))


def product(*factors: Expression) -> Expression:
    """The product element by element, simplified."""
    return simplified(Apply(multiply, factors, broadcast(factors), NONE))


def transposed(e: Expression) -> Expression:
    """The transpose of the last two axes, simplified; a vector or a number stays."""
    n = len(e.shape)
    if n < 2:
        return e
    axes = None if n == 2 else (*range(n - 2), n - 1, n - 2)
    shape = (*e.shape[:-2], e.shape[-1], e.shape[-2])
    return simplified(Apply(transpose, (e,), shape, Parameters(axes=axes)))


def matrix_product(a: Expression, b: Expression) -> Expression:
    """The product of two matrices."""
    shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    return simplified(Apply(matmul, (a, b), (*shape, a.shape[-2], b.shape[-1]), NONE))


def fraction(a: Expression, b: Expression) -> Expression:
    """The quotient element by element, simplified."""
    return simplified(Apply(divide, (a, b), broadcast((a, b)), NONE))


def broadcast(inputs: tuple[Expression, ...]) -> Shape:
    """The shape that the inputs broadcast to."""
    return np.broadcast_shapes(*(x.shape for x in inputs))


def is_(e: Expression | None, operation: Operation) -> TypeGuard[Apply]:
    """Whether it is that operation, applied."""
    return isinstance(e, Apply) and e.operation is operation


def times(number: float, e: Expression) -> Expression:
    """A multiple, simplified."""
    if isinstance(e, Number):
        return Number(number * e.value, e.shape)
    return e if number == 1 else product(Number(number), e)


def split_number(e: Expression) -> tuple[float, Expression | None]:
    """The number in front, and the rest."""
    if isinstance(e, Number):
        return e.value, None
    if isinstance(e, Apply) and e.operation is multiply:
        first, *rest = e.inputs
        if isinstance(first, Number) and not first.shape:
            return first.value, _product_of(tuple(rest), e.shape)
    return 1.0, e


def without_sign(e: Expression) -> Expression | None:
    """The expression times -1, if a minus sign stands in front of it."""
    if isinstance(e, Number):
        return Number(-e.value, e.shape) if e.value < 0 else None
    if isinstance(e, Apply) and e.operation is multiply:
        first, *rest = e.inputs
        if isinstance(first, Number) and first.value < 0:
            left = rest if first.value == -1 else [Number(-first.value), *rest]
            return _product_of(tuple(left), e.shape)
    if isinstance(e, Apply) and e.operation is divide:
        above = without_sign(e.inputs[0])
        return None if above is None else replace(e, inputs=(above, e.inputs[1]))
    return None


def split_scalars(e: Expression) -> tuple[list[Expression], Expression]:
    """The numbers and other factors without axes, and the rest, in the shape that it has then."""
    if isinstance(e, Number) and e.shape and e.value not in (0, 1):
        return [Number(e.value)], Number(1, e.shape)
    if not (isinstance(e, Apply) and e.operation is multiply):
        return [], e
    scalars = [x for x in e.inputs if not x.shape]
    rest = tuple(x for x in e.inputs if x.shape)
    return (scalars, _product_of(rest, broadcast(rest))) if rest else ([], e)


def _product_of(factors: tuple[Expression, ...], shape: Shape) -> Expression:
    return factors[0] if len(factors) == 1 else Apply(multiply, factors, shape, NONE)


def as_fraction(value: float) -> Fraction | None:
    """The fraction that a number is meant as, 1/6; None if it is a decimal, 0.45."""
    if isinstance(value, Decimal):
        return None
    near = Fraction(value).limit_denominator(1000)
    if abs(value - near) > 4e-16 * abs(value):
        return None
    is_short = abs(float(f"{value:.6g}") - value) <= 4e-16 * abs(value)
    is_decimal = is_short and near.denominator > 1
    return near if abs(near.numerator) <= 2 or not is_decimal else None
