"""Forms that people prefer for reading, though they may cost more to compute."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache, partial

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
from minigrad.notation.irrational import irrational_number, irrational_numbers
from minigrad.notation.nodes import (
    fraction,
    is_,
    product,
    simplified,
    split_number,
    split_scalars,
    transposed,
)
from minigrad.notation.ones import (
    broadcast_as_product,
    matrix_factors,
    mean_as_product,
    product_with_ones,
    sum_as_product,
    sum_of_repeated,
)
from minigrad.notation.orientation import oriented
from minigrad.notation.shapes import is_elementwise, is_longer_in_front, vector_in
from minigrad.notation.transposes import order_of, swaps
from minigrad.notation.written import diag, less, permuted, reshaped
from minigrad.operations.elementwise import add, divide, greater, log, multiply, power, where
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import log_softmax, mean, softmax_cross_entropy
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, reshape, transpose


@lru_cache(maxsize=4096)
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
    return irrational_number(e)


def _with_ones(e: Expression) -> Expression:
    """A scalar that is repeated is it times an array of ones, which makes other things simpler."""
    if is_(e, broadcast_to) and not e.inputs[0].shape:
        return product(*e.inputs, Number(1, e.shape))
    return simplified(_in_form(sum_of_repeated, _in_form(product_with_ones, simplified(e))))


def _in_form(form: Callable[[Apply], Expression | None], e: Expression) -> Expression:
    return (form(e) if isinstance(e, Apply) else None) or e


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
    scalars, rest = split_scalars(e.inputs[0])  # what is left is not simplified: it is in its form
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
