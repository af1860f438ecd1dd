"""Simplification, as a person would: small rewrite rules, each an identity of algebra.

`simplified` is given a node whose inputs are simple already. A difference becomes a sum with a
factor -1, a sum of sums one sum, a product of products one product with its number in front: what
is left to do is then little. Printing turns the factor -1 into a minus sign again.
"""

from minigrad.notation import algebra, shapes, transposes
from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    OverSteps,
    has_adjoint,
    shifted,
    symbols,
    transform,
)
from minigrad.notation.nodes import RULES, is_, simplified
from minigrad.operations.elementwise import (
    add,
    divide,
    equal,
    multiply,
    negative,
    positive,
    power,
    sqrt,
    subtract,
    where,
)
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import mean, softmax_cross_entropy
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, getitem, reshape, transpose

__all__ = ["gathered", "simplified"]

RULES.update(
    {
        add: (
            algebra.sum_of_sums,
            algebra.without_broadcast,
            algebra.like_terms,
            algebra.common_adjoint,
        ),
        subtract: (algebra.difference,),
        negative: (algebra.minus,),
        positive: (shapes.same_value,),
        multiply: (
            algebra.without_broadcast,
            algebra.product_of_products,
            algebra.product_of_fractions,
            algebra.square,
        ),
        divide: (
            algebra.without_broadcast,
            algebra.fraction_of_fractions,
            algebra.common_factors,
        ),
        sqrt: (algebra.root_of_square,),
        matmul: (
            algebra.scalars_in_front,
            algebra.product_with_scalar,
            algebra.product_of_vectors,
        ),
        power: (algebra.simple_power,),
        where: (algebra.selection,),
        equal: (algebra.number_last,),
        **dict.fromkeys(
            (sum_, mean),
            (shapes.sum_of_pieces, shapes.sum_of_little, shapes.scalars_out, shapes.sum_of_sum),
        ),
        reshape: (shapes.same_shape, shapes.scalars_out, shapes.product_with_vectors),
        broadcast_to: (shapes.same_shape, shapes.scalars_out),
        softmax_cross_entropy: (shapes.class_numbers,),
        getitem: (shapes.element_of_number, transposes.element_of_transpose),
        transpose: (
            transposes.transpose_of_transpose,
            shapes.scalars_out,
            transposes.transpose_of_thin,
            transposes.transpose_of_product,
            transposes.transpose_of_elements,
            transposes.transpose_of_sum,
            transposes.transpose_of_broadcast,
        ),
    }
)


def gathered(e: Expression) -> Expression:
    """Write x(1) + x(2) + ... + x(T) as a sum over the steps, wherever it occurs."""
    return transform(e, _steps_gathered)


def _steps_gathered(e: Expression) -> Expression:
    """x(1) + ... + x(T) is a sum over the steps."""
    if not (isinstance(e, Apply) and is_(e, add)):
        return e
    groups: dict[Expression, list[int]] = {}
    for x in e.inputs:
        steps = [s.t for s in symbols(x) if s.t is not None] if not has_adjoint(x) else []
        t = max(steps, default=0)
        groups.setdefault(shifted(x, -t) if steps else x, []).append(t)
    terms: list[Expression] = []
    for term, found in groups.items():
        if len(found) > 1 and sorted(found) == list(range(min(found), max(found) + 1)):
            terms.append(OverSteps(term, min(found), max(found), term.shape))
        else:
            terms += [shifted(term, t) for t in found]
    return terms[0] if len(terms) == 1 else Apply(add, tuple(terms), e.shape, NONE)
