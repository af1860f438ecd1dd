"""Simplification, as a person would: small rewrite rules, each an identity of algebra.

`simplified` is given a node whose inputs are simple already. A difference becomes a sum with a
factor -1, a sum of sums one sum, a product of products one product with its number in front: what
is left to do is then little. Printing turns the factor -1 into a minus sign again.
"""

from minigrad.notation import algebra, expansion, kinks, pieces, shapes, transposes
from minigrad.notation.nodes import RULES, simplified
from minigrad.operations.elementwise import (
    add,
    astype,
    divide,
    equal,
    exp,
    multiply,
    negative,
    positive,
    power,
    sqrt,
    subtract,
    where,
)
from minigrad.operations.linear import matmul
from minigrad.operations.lookup import add_at, put_at
from minigrad.operations.reduction import finite, mean, softmax_cross_entropy
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, getitem, reshape, scatter, transpose

__all__ = ["simplified"]

RULES.update(
    {
        add: (
            algebra.sum_of_sums,
            algebra.without_broadcast,
            algebra.like_terms,
            kinks.joined_selections,
            algebra.common_adjoint,
            expansion.multiplied_out,
        ),
        subtract: (algebra.difference,),
        negative: (algebra.minus,),
        positive: (shapes.same_value,),
        finite: (shapes.same_value,),
        astype: (kinks.bracket,),
        multiply: (
            algebra.without_broadcast,
            algebra.product_of_products,
            algebra.product_of_fractions,
            algebra.square,
            kinks.selected_factor,
            expansion.multiplied_out,
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
        where: (kinks.selection, kinks.selection_in_selection),
        equal: (kinks.number_last,),
        **dict.fromkeys(
            (sum_, mean),
            (
                shapes.sum_of_pieces,
                shapes.sum_of_little,
                shapes.scalars_out,
                shapes.sum_of_sum,
                shapes.sum_of_fractions,
                shapes.sum_of_all,
            ),
        ),
        reshape: (
            shapes.same_shape,
            shapes.reciprocal_out,
            transposes.row_of_column,
            shapes.scalars_out,
            shapes.product_with_vectors,
        ),
        broadcast_to: (shapes.same_shape, shapes.number_repeated, shapes.scalars_out),
        softmax_cross_entropy: (shapes.class_numbers,),
        exp: (shapes.softmax_of_logs,),
        scatter: (shapes.without_new_axes, shapes.number_out),
        add_at: (shapes.number_out,),
        put_at: (shapes.number_out,),
        getitem: (
            shapes.without_new_axes,
            shapes.element_of_number,
            shapes.element_of_repeated,
            shapes.scalars_out,
            transposes.element_of_transpose,
            pieces.element_of_pieces,
            pieces.element_of_elements,
        ),
        transpose: (
            transposes.transpose_of_transpose,
            shapes.scalars_out,
            transposes.transpose_of_thin,
            transposes.transpose_of_product,
            transposes.transpose_of_elements,
            transposes.transpose_of_sum,
            transposes.transpose_of_broadcast,
            pieces.transpose_of_pieces,
            pieces.transpose_of_scatter,
            pieces.transpose_of_lookup,
        ),
    }
)
