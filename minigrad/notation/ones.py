"""Sums and copies along an axis of a matrix, as products with ones: A 1, 1^T A, x 1^T."""

from dataclasses import replace
from functools import reduce
from math import prod

from minigrad.notation.algebra import scalars_in_front
from minigrad.notation.expression import Apply, Expression, Number, Parameters, Shape
from minigrad.notation.nodes import (
    is_,
    matrix_product,
    product,
    simplified,
    split_scalars,
    transposed,
)
from minigrad.notation.shapes import axes_of
from minigrad.notation.written import repeat
from minigrad.operations.elementwise import divide, multiply
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import mean
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, reshape, transpose


def sum_as_product(e: Apply) -> Expression | None:
    """The sum along an axis of a matrix is its product with a vector of ones.

    Of a b, for two columns: the sum of a b is a^T b.
    """
    if e.operation is not sum_ or len(e.inputs[0].shape) != 2:
        return None
    [x], axes = e.inputs, axes_of(e)
    rows, columns = x.shape
    if isinstance(x, Apply) and x.operation is multiply and len(x.inputs) == 2 and columns == 1:
        a, b = x.inputs
        if axes in ((0,), (0, 1)) and a.shape == b.shape == x.shape:
            return matrix_product(transposed(a), b)
    if axes == (0, 1):
        return None
    if axes == (1,):
        result = matrix_product(x, Number(1, (columns, 1)))
    else:
        result = matrix_product(_row_of_ones(rows), x)
    return _reshaped(result, e.shape) if len(e.shape) == 1 else result


def mean_as_product(e: Apply) -> Expression | None:
    """The mean along an axis of a matrix, as its product with ones, over their number."""
    if e.operation is not mean or len(e.inputs[0].shape) != 2 or axes_of(e) == (0, 1):
        return None
    along = sum_as_product(replace(e, operation=sum_))
    return None if along is None else product(Number(1 / e.inputs[0].shape[axes_of(e)[0]]), along)


def sum_of_repeated(e: Apply) -> Expression | None:
    """The sum of what is repeated n times, along the axes of the copies, is n times that."""
    x = e.inputs[0]
    if e.operation is not sum_ or not is_(x, broadcast_to):
        return None
    axes = _axes_of_copies(x)
    if {*axes_of(e)} != {*axes}:
        return None
    return product(Number(prod(x.shape[i] for i in axes)), _reshaped(x.inputs[0], e.shape))


def broadcast_as_product(e: Apply) -> Expression | None:
    """A row repeated is the product of a column of ones with it; so is a column, from the right."""
    if e.operation is not broadcast_to:
        return None
    [x] = e.inputs
    if len(e.shape) != 2:
        return _repeated(e)
    result = _reshaped(x, (1,) * (2 - len(x.shape)) + x.shape)
    if result.shape[0] != e.shape[0]:
        result = matrix_product(Number(1, (e.shape[0], 1)), result)
    if result.shape[1] != e.shape[1]:
        result = matrix_product(result, _row_of_ones(e.shape[1]))
    return result


def _repeated(e: Apply) -> Expression:
    """What is broadcast along the axes that it does not have or has no length along."""
    return replace(
        e, operation=repeat, parameters=Parameters(axis=_axes_of_copies(e), shape=e.shape)
    )


def _axes_of_copies(e: Apply) -> tuple[int, ...]:
    """The axes along which something is broadcast."""
    [x] = e.inputs
    shape = (*[1] * (len(e.shape) - len(x.shape)), *x.shape)
    return tuple(i for i, (n, m) in enumerate(zip(shape, e.shape, strict=True)) if n != m)


def product_with_ones(e: Apply) -> Expression | None:
    """What a product with an array of ones repeats."""
    if e.operation is not multiply or e.inputs[-1] != Number(1, e.shape):
        return None
    rest = product(*e.inputs[:-1])
    if rest.shape in ((), e.shape):
        return None
    return Apply(broadcast_to, (rest,), e.shape, Parameters(shape=e.shape))


def matrix_factors(e: Apply) -> Expression | None:
    """(n A) (1 1^T) is n A 1 1^T, and 1^T 1 the number of ones."""
    if any(len(x.shape) < 2 for x in e.inputs):
        return None
    if any(is_(x, divide) and not x.inputs[1].shape for x in e.inputs):
        return scalars_in_front(e)
    scalars, factors = list[Expression](), list[Expression]()
    for x in e.inputs:
        in_front, rest = split_scalars(x)
        scalars += in_front
        for factor in _factors(_column_times_row(rest)):
            n = factor.shape[0]
            if factors[-1:] == [_row_of_ones(n)] and factor == Number(1, (n, 1)):
                scalars.append(Number(n))
                factors.pop()
            else:
                factors.append(factor)
    whole = reduce(matrix_product, factors or [Number(1, e.shape)])
    if isinstance(whole, Apply) and not e.shape:
        whole = replace(whole, shape=())
    return product(*scalars, whole)


def _factors(e: Expression) -> tuple[Expression, ...]:
    """What an expression is the matrix product of."""
    return tuple(u for x in e.inputs for u in _factors(x)) if is_(e, matmul) else (e,)


def _column_times_row(x: Expression) -> Expression:
    if not (isinstance(x, Number) and x.value == 1 and len(x.shape) == 2 and x.shape[1] > 1):
        return x
    row = _row_of_ones(x.shape[1])
    return row if x.shape[0] == 1 else matrix_product(Number(1, (x.shape[0], 1)), row)


def _row_of_ones(n: int) -> Expression:
    return Apply(transpose, (Number(1, (n, 1)),), (1, n), Parameters(axes=None))


def _reshaped(e: Expression, shape: Shape) -> Expression:
    return simplified(Apply(reshape, (e,), shape, Parameters(shape=shape)))
