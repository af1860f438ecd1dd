"""Forms that people prefer for reading, though they may cost more to compute."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial, reduce
from math import prod

from minigrad.notation.algebra import scalars_in_front
from minigrad.notation.expression import (
    NONE,
    Apply,
    Decimal,
    Expression,
    Number,
    Parameters,
    Shape,
    has_adjoint,
    inputs_of,
    subexpressions,
    transform,
)
from minigrad.notation.irrational import irrational_numbers
from minigrad.notation.nodes import (
    fraction,
    is_,
    matrix_product,
    product,
    simplified,
    split_number,
    split_scalars,
    transposed,
)
from minigrad.notation.orientation import oriented
from minigrad.notation.shapes import (
    axes_of,
    is_elementwise,
    is_longer_in_front,
    vector_in,
)
from minigrad.notation.transposes import order_of, swaps
from minigrad.notation.written import diag, less, permuted, repeat, reshaped
from minigrad.operations.elementwise import add, divide, greater, log, multiply, power, where
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import log_softmax, mean, softmax_cross_entropy
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, reshape, transpose


def typeset(e: Expression) -> Expression:
    """The form in which people write it: for reading, since it may cost more to compute."""
    return _in_forms(transform(e, partial(_in_form, softmax_jacobian)))


def of_one_column(e: Expression) -> Expression | None:
    """The form for a batch of one column, if people know a shorter one for all of it."""
    if not isinstance(e, Apply) or softmax_jacobian(e):
        return None
    shorter = softmax_jacobian(e, one_column=True)
    return shorter and _in_forms(shorter)


def _in_forms(e: Expression) -> Expression:
    if any(is_(x, broadcast_to) for x in subexpressions(e)):
        e = transform(e, _with_ones)
    e = oriented(transform(e, partial(_in_form, repeated_beside_matrix)))
    for form in FORMS:
        e = transform(e, partial(_in_form, form))
    return e


def _with_ones(e: Expression) -> Expression:
    """A scalar that is repeated is it times an array of ones, which makes other things simpler."""
    if is_(e, broadcast_to) and not e.inputs[0].shape:
        return product(*e.inputs, Number(1, e.shape))
    return simplified(_in_form(sum_of_repeated, _in_form(product_with_ones, simplified(e))))


def _in_form(form: Callable[[Apply], Expression | None], e: Expression) -> Expression:
    return (form(e) if isinstance(e, Apply) else None) or e


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


def broadcast_as_product(e: Apply) -> Expression | None:
    """A row repeated is the product of a column of ones with it; so is a column, from the right."""
    if e.operation is not broadcast_to:
        return None
    [x] = e.inputs
    if len(e.shape) != 2:
        return _repeated(e)
    result = x if len(x.shape) == 2 else _reshaped(x, (1, *x.shape))
    if result.shape[0] != e.shape[0]:
        result = matrix_product(Number(1, (e.shape[0], 1)), result)
    if result.shape[1] != e.shape[1]:
        result = matrix_product(result, _row_of_ones(e.shape[1]))
    return result


def _repeated(e: Apply) -> Expression:
    """What is broadcast along the axes that it does not have or has no length along."""
    [x] = e.inputs
    shape = (*[1] * (len(e.shape) - len(x.shape)), *x.shape)
    axes = tuple(i for i, (n, m) in enumerate(zip(shape, e.shape, strict=True)) if n != m)
    return Apply(repeat, (x,), e.shape, Parameters(axis=axes, shape=e.shape))


def _reshaped(e: Expression, shape: Shape) -> Expression:
    return simplified(Apply(reshape, (e,), shape, Parameters(shape=shape)))


def _row_of_ones(n: int) -> Expression:
    return Apply(transpose, (Number(1, (n, 1)),), (1, n), Parameters(axes=None))


def without_reshape(e: Apply) -> Expression | None:
    """Axes of length one that are put in or taken out, people do not write."""
    if e.operation is not reshape:
        return None
    [x] = e.inputs
    long = [[n for n in shape if n != 1] for shape in (x.shape, e.shape)]
    return x if long[0] == long[1] else None


def repeated_beside_matrix(e: Apply) -> Expression | None:
    """A vector that is a column beside a matrix is repeated, x 1^T; NumPy takes it for a row.

    So is any array with axes of length one put in, but for those in front, which NumPy puts in too;
    and a vector that is a row, 1 x^T, if there is no matrix beside it.
    """
    if not is_elementwise(e):
        return None
    inputs = tuple(
        _broadcast(x, e.shape) if x.shape != e.shape and _is_column(x) else x for x in e.inputs
    )
    has_matrix = any(x.shape == e.shape and not isinstance(x, Number) for x in inputs)
    if len(e.shape) == 2 and not has_matrix:
        inputs = tuple(_broadcast(x, e.shape) if len(x.shape) == 1 else x for x in inputs)
    return None if inputs == e.inputs else replace(e, inputs=inputs)


def _is_column(e: Expression) -> bool:
    """Whether it is a vector made a column, or computed from one element by element."""
    if not isinstance(e, Apply):
        return False
    if e.operation is reshape:
        by_numpy = is_longer_in_front(e.inputs[0].shape, e.shape)
        return without_reshape(e) is not None and not by_numpy
    return is_elementwise(e) and any(map(_is_column, e.inputs))


def _broadcast(e: Expression, shape: Shape) -> Expression:
    result = Apply(broadcast_to, (e,), shape, Parameters(shape=shape))
    return broadcast_as_product(result) or result


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
    return product(*scalars, reduce(matrix_product, factors or [Number(1, e.shape)]))


def _factors(e: Expression) -> tuple[Expression, ...]:
    """What an expression is the matrix product of."""
    return tuple(u for x in e.inputs for u in _factors(x)) if is_(e, matmul) else (e,)


def _column_times_row(x: Expression) -> Expression:
    if not (isinstance(x, Number) and x.value == 1 and len(x.shape) == 2 and x.shape[1] > 1):
        return x
    row = _row_of_ones(x.shape[1])
    return row if x.shape[0] == 1 else matrix_product(Number(1, (x.shape[0], 1)), row)


def vectors_as_rows(e: Apply) -> Expression | None:
    """A vector made a row for a matrix product is written x^T; one made a column, x."""
    if e.operation is not matmul:
        return None
    rows = tuple(_row(v) if (v := vector_in(x, (1, -1))) else x for x in e.inputs)
    return None if rows == e.inputs else replace(e, inputs=rows)


def _row(vector: Expression) -> Expression:
    """A vector as it is written where it is a row; NumPy does not tell."""
    return Apply(transpose, (vector,), vector.shape, Parameters(axes=None))


def cross_entropies(e: Apply) -> Expression | None:
    """Those of several columns are a sum over the classes of each; of one column, y^T log p."""
    if e.operation in (sum_, mean) and e.shape == ():
        return simplified(e)
    if e.operation is not softmax_cross_entropy:
        return None
    (z, y), axis = e.inputs, e.parameters["axis"]
    if z.shape[:1] == z.shape or (z.shape[1:] == (1,) and axis == 0):
        return None
    log_p = Apply(log_softmax, (z,), z.shape, Parameters(axis=axis))
    along = Parameters(axis=axis, keepdims=False)
    return product(Number(-1), Apply(sum_, (product(y, log_p),), e.shape, along))


def permutation(e: Apply) -> Expression | None:
    """The sign of a transpose stands for the last two axes; others are named."""
    if e.operation is not transpose or len(e.shape) < 3 or swaps(e):
        return None
    return Apply(permuted, e.inputs, e.shape, Parameters(axes=tuple(order_of(e))))


def reshape_in_product(e: Apply) -> Expression | None:
    """What is no vector is written in the shape that it has in a product of many matrices."""
    if e.operation is not matmul or len(e.shape) < 3:
        return None
    inputs = tuple(
        replace(x, operation=reshaped) if is_(x, reshape) and len(x.inputs[0].shape) > 1 else x
        for x in e.inputs
    )
    return None if inputs == e.inputs else replace(e, inputs=inputs)


def where_defined(e: Apply) -> Expression | None:
    """What a rule replaces by 1 because a function is not defined there: b - 1 in a^(b - 1)."""
    if e.operation not in (power, log):
        return None
    guarded = e.inputs[-1]
    if not (isinstance(guarded, Apply) and guarded.operation is where):
        return None
    _, a, b = guarded.inputs
    kept = a if b == Number(1) else b if a == Number(1) else None
    return None if kept is None else replace(e, inputs=(*e.inputs[:-1], kept))


def number_on_the_right(e: Apply) -> Expression | None:
    """[1 > x] is [x < 1]."""
    if e.operation is greater and isinstance(e.inputs[0], Number):
        return replace(e, operation=less, inputs=e.inputs[::-1])
    return None


def sum_of_repeated(e: Apply) -> Expression | None:
    """The sum of what is repeated n times, along the axes of the copies, is n times that."""
    x = e.inputs[0]
    if e.operation is not sum_ or not is_(x, broadcast_to):
        return None
    [u] = x.inputs
    copies = prod(x.shape[axis] for axis in axes_of(e))
    if prod(e.shape) != prod(u.shape) or copies * prod(u.shape) != prod(x.shape):
        return None
    return product(Number(copies), _reshaped(u, e.shape))


def scalars_first(e: Apply) -> Expression | None:
    """What is done with n x is n times what is done with x, where a form has written n out."""
    if e.operation is multiply:
        return product(*e.inputs) if any(is_(x, multiply) for x in e.inputs) else None
    if e.operation is matmul:
        return matrix_factors(e)
    if e.operation is divide:
        return fraction(*e.inputs) if any(split_number(x)[0] != 1 for x in e.inputs) else None
    if e.operation is power:
        return _power_of_product(e)
    if e.operation not in (sum_, mean, transpose, reshape):
        return None
    scalars, rest = split_scalars(e.inputs[0])
    done = (
        Number(rest.value, e.shape)
        if isinstance(rest, Number) and e.operation not in (sum_, mean)
        else replace(e, inputs=(rest,))
    )
    return product(*scalars, done) if scalars else None


def _power_of_product(e: Apply) -> Expression | None:
    """(x / 5)^2 = x^2 / 25"""
    base, exponent = e.inputs
    n, rest = split_number(base)
    if rest is None or n == 1 or isinstance(n, Decimal) or exponent != Number(2):
        return None
    return product(Number(n * n), replace(e, inputs=(rest, exponent)))


FORMS = (
    cross_entropies,
    sum_as_product,
    mean_as_product,
    broadcast_as_product,
    scalars_first,
    permutation,
    reshape_in_product,
    where_defined,
    number_on_the_right,
    irrational_numbers,
    vectors_as_rows,
    without_reshape,
)


def softmax_jacobian(e: Apply, one_column: bool = False) -> Expression | None:
    """y (g - y^T g) = (diag(y) - y y^T) g for one column; in numerator layout, for one row."""
    if e.operation is not multiply or len(e.inputs) != 2 or len(e.shape) != 2:
        return None
    inner, y = e.inputs
    if not (isinstance(inner, Apply) and inner.operation is add and len(inner.inputs) == 2):
        return None
    g, subtracted = inner.inputs
    for axis in (0, 1):
        along = Apply(sum_, (product(g, y),), _reduced(e.shape, axis), _along(axis))
        known = (along, replace(along, parameters=_along((axis,))))
        if subtracted in [product(Number(-1), x) for x in known]:
            break
    else:
        return None
    if not one_column and e.shape[1 - axis] != 1:
        return None
    column = y if axis == 0 else transposed(y)
    n = e.shape[axis]
    outer = Apply(matmul, (column, transposed(column)), (n, n), NONE)
    diagonal = Apply(diag, (column,), (n, n), NONE)
    jacobian = Apply(add, (diagonal, product(Number(-1), outer)), (n, n), NONE)
    factors = (jacobian, g) if axis == 0 else (g, jacobian)
    return Apply(matmul, factors, e.shape, NONE)


def beside_fraction(e: Apply) -> Apply:
    """A derivative, itself a fraction, stands beside another and not in it."""
    if e.operation is not divide:
        return e
    above, below = e.inputs
    is_product = isinstance(above, Apply) and above.operation is multiply
    factors = inputs_of(above) if is_product else (above,)
    adjoints = [x for x in factors if has_adjoint(x)]
    values = [x for x in factors if x not in adjoints] or [Number(1)]
    over = values[0] if len(values) == 1 else Apply(multiply, tuple(values), above.shape, NONE)
    rest = Apply(divide, (over, below), e.shape if over.shape else below.shape, NONE)
    in_order = [*adjoints, rest] if rest.shape else [rest, *adjoints]
    return Apply(multiply, tuple(in_order), e.shape, NONE) if adjoints else e


def is_of_row(e: Expression) -> bool:
    """Whether the Jacobian of a softmax in it, diag(y^T) - y^T y, is that of a row."""
    diagonals = [x for x in subexpressions(e) if isinstance(x, Apply) and x.operation is diag]
    return any(
        isinstance(y, Apply) and y.operation is transpose for x in diagonals for y in x.inputs
    )


def _reduced(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    return (1, shape[1]) if axis == 0 else (shape[0], 1)


def _along(axis: int | tuple[int, ...]) -> Parameters:
    return Parameters(axis=axis, keepdims=True)
