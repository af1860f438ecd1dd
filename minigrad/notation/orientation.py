"""Vectors as rows or columns: NumPy does not tell them apart, the reader of a product does."""

from collections.abc import Callable
from dataclasses import replace

from minigrad.notation.expression import (
    Apply,
    Expression,
    Number,
    Parameters,
    Shape,
    inputs_of,
    subexpressions,
    with_inputs,
)
from minigrad.notation.nodes import broadcast, is_, matrix_product, transposed
from minigrad.notation.shapes import axes_of, is_elementwise
from minigrad.notation.transposes import transposes_in
from minigrad.notation.written import outer
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import mean
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, reshape, transpose


def oriented(e: Expression) -> Expression:
    """Vectors in matrix products and beside matrices as the rows or columns that they are there.

    In a product they are columns: A x, A 1, A^T 1. Beside a matrix they are rows: (A x)^T, (A 1)^T,
    1^T A. By itself a sum of rows is a row, and all else a column.
    """
    if isinstance(e, Apply):
        e = _of_rows_and_columns(e)
    return with_inputs(e, tuple(map(oriented, inputs_of(e))))


def _of_rows_and_columns(e: Apply) -> Expression:
    x, *others = e.inputs
    if is_(e, outer):
        return replace(e, operation=matmul, inputs=(_column(x), _row(*others)))
    if is_(e, matmul) and any(len(u.shape) == 1 for u in e.inputs):
        return _of_shape(e.shape, _product(x, *others))
    if is_(e, reshape) and e.shape == (*x.shape, 1):
        return _column(x)
    if is_(e, reshape) and e.shape == (1, *x.shape):
        return _row(x)
    if (is_(e, broadcast_to) or is_elementwise(e)) and len(e.shape) == 2:
        return replace(e, inputs=tuple(_row(u) if _sides(u) else u for u in e.inputs))
    return _of_shape(e.shape, _column(e)) if len(_sides(e)) == 2 else e


def _product(a: Expression, b: Expression) -> Expression:
    """The product of matrices, or of vectors made matrices."""
    if len(a.shape) == 1 and len(b.shape) == 2:
        return matrix_product(transposed(b), _column(a))
    return matrix_product(
        _row(a) if len(a.shape) == 1 else a, _column(b) if len(b.shape) == 1 else b
    )


def _sides(e: Expression) -> set[str]:
    """Whether a vector is by itself a row or a column, or computed of both."""
    if not isinstance(e, Apply) or len(e.shape) != 1:
        return set()
    if is_(e, matmul):
        return {"column"}
    if e.operation in (sum_, mean) and len(e.inputs[0].shape) == 2:
        return {"row"} if axes_of(e) == (0,) else {"column"}
    return set[str]().union(*map(_sides, e.inputs)) if is_elementwise(e) else set()


def _column(e: Expression) -> Expression:
    """A vector as a column, a matrix of one."""
    shape = (*e.shape, 1)
    if not isinstance(e, Apply) or not _sides(e):
        return _of_shape(shape, e)
    if is_(e, matmul):
        return _product(*e.inputs)
    if is_elementwise(e):
        return _of_each(e, _column)
    [x] = e.inputs
    rows = transposed(x) if axes_of(e) == (0,) else x
    return replace(e, inputs=(rows,), shape=shape, parameters=Parameters(axis=1, keepdims=True))


def _row(e: Expression) -> Expression:
    """A vector as a row, a matrix of one."""
    shape = (1, *e.shape)
    if not isinstance(e, Apply) or not _sides(e):
        return _of_shape(shape, e)
    if _sides(e) == {"row"} and not is_elementwise(e):
        return replace(e, shape=shape, parameters=Parameters(axis=0, keepdims=True))
    turned = Apply(transpose, (_column(e),), shape, Parameters(axes=None))
    alike = _of_each(e, _row) if is_elementwise(e) else transposed(*turned.inputs)
    return min(turned, alike, key=_turned_in)


def _turned_in(e: Expression) -> int:
    """How many transposes are written; a vector that is a row is one."""
    rows = [x for x in subexpressions(e) if is_(x, reshape) and x.shape[:-1] == (1,)]
    return transposes_in(e) + len(rows)


def _of_each(e: Apply, side: Callable[[Expression], Expression]) -> Expression:
    """What is computed element by element, of rows or of columns."""
    inputs = tuple(side(x) if x.shape else x for x in e.inputs)
    return replace(e, inputs=inputs, shape=broadcast(inputs))


def _of_shape(shape: Shape, e: Expression) -> Expression:
    """The same elements; what is written is the same."""
    if isinstance(e, Number) or (isinstance(e, Apply) and not shape):
        return replace(e, shape=shape)
    return e if e.shape == shape else Apply(reshape, (e,), shape, Parameters(shape=shape))
