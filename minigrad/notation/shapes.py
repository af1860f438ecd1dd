"""Rules of sums of elements, of shapes and of transposes."""

import numpy as np

from minigrad.notation.expression import Apply, Expression, Number, Parameters, has_adjoint
from minigrad.notation.nodes import (
    is_,
    matrix_product,
    product,
    simplified,
    split_number,
    total,
    transposed,
)
from minigrad.operations.elementwise import add, divide, multiply, where
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import mean, one_hot
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, reshape, stack, transpose

# --- sums of elements, and shapes ---------------------------------------------------------------


def sum_of_pieces(e: Apply) -> Expression | None:
    """The sum over a stack is the sum of the sums of what is stacked; so is the mean, over T."""
    [x], axis = e.inputs, e.parameters["axis"]
    if axis is not None or not (isinstance(x, Apply) and is_(x, stack)):
        return None
    pieces = [
        simplified(Apply(e.operation, (u,), (), Parameters(axis=None, keepdims=False)))
        for u in x.inputs
    ]
    number = 1 / len(pieces) if e.operation is mean else 1
    return product(Number(number), total(*pieces))


def sum_of_little(e: Apply) -> Expression | None:
    """The sum of one element is that element; of a number, a multiple; -1 and so on come out."""
    [x] = e.inputs
    if x.shape == e.shape:
        return x
    number, rest = split_number(x)
    if rest is None:
        return Number(number * np.prod(x.shape) / np.prod(e.shape), e.shape)
    if number != 1 and rest.shape == x.shape:
        inside = Apply(sum_, (rest,), e.shape, e.parameters)
        return product(Number(number), simplified(inside))
    return None


def mean_of_number(e: Apply) -> Expression | None:
    """The mean of one number is that number."""
    [x] = e.inputs
    if isinstance(x, Number):
        return Number(x.value, e.shape)
    return x if x.shape == e.shape else None


def same_shape(e: Apply) -> Expression | None:
    """A change of shape that changes nothing, or that a sum can do itself."""
    [x] = e.inputs
    if x.shape == e.shape:
        return x
    if isinstance(x, Number):
        return Number(x.value, e.shape)
    number, rest = split_number(x)
    if rest is not None and number != 1 and rest.shape == x.shape:
        return product(
            Number(number), simplified(Apply(e.operation, (rest,), e.shape, e.parameters))
        )
    if e.operation is reshape and isinstance(x, Apply):
        if is_(x, sum_) and x.parameters["keepdims"]:
            [u], axis = x.inputs, x.parameters["axis"]
            if np.sum(np.empty(u.shape), axis=axis).shape == e.shape:
                return Apply(sum_, (u,), e.shape, Parameters(axis=axis, keepdims=False))
        if is_(x, reshape):
            return Apply(reshape, x.inputs, e.shape, Parameters(shape=e.shape))
    return None


def class_numbers(e: Apply) -> Expression | None:
    """Labels that are numbers of classes stand for distributions: a 1 at each number."""
    z, labels = e.inputs
    if len(labels.shape) == len(z.shape):
        return None
    axis = e.parameters["axis"]
    parameters = Parameters(classes=z.shape[axis], axis=axis, dtype=np.float64)
    distributions = Apply(one_hot, (labels,), z.shape, parameters)
    return Apply(e.operation, (z, distributions), e.shape, e.parameters)


def same_value(e: Apply) -> Expression:
    """+x = x"""
    return e.inputs[0]


def element_of_number(e: Apply) -> Expression | None:
    """Every element of an array that holds one number is that number."""
    return Number(e.inputs[0].value, e.shape) if isinstance(e.inputs[0], Number) else None


# --- transposes ---------------------------------------------------------------------------------


def transpose_of_transpose(e: Apply) -> Expression | None:
    """(x^T)^T = x; a vector or a number is its own transpose"""
    [x], order = e.inputs, _order(e)
    if isinstance(x, Number):
        return Number(x.value, e.shape)
    if order == sorted(order):
        return x
    if isinstance(x, Apply) and is_(x, transpose):
        inner = _order(x)
        if [inner[i] for i in order] == sorted(order):
            return x.inputs[0]
    if order == [1, 0] and e.parameters["axes"] is not None:
        return Apply(transpose, (x,), e.shape, Parameters(axes=None))
    return None


def transpose_of_product(e: Apply) -> Expression | None:
    """(A B)^T = B^T A^T"""
    [x] = e.inputs
    if isinstance(x, Apply) and is_(x, matmul) and swaps(e):
        a, b = x.inputs
        if len(a.shape) > 1 and len(b.shape) > 1:
            return matrix_product(transposed(b), transposed(a))
    return None


def transpose_of_elements(e: Apply) -> Expression | None:
    """(n x)^T = n x^T; (g + h)^T = g^T + h^T and (g x)^T = g^T x^T where g holds an adjoint.

    What holds none stays together: (x (1 - x))^T is easier to read than x^T (1 - x^T).
    """
    [x] = e.inputs
    if not isinstance(x, Apply) or not swaps(e):
        return None
    if any(u.shape and len(u.shape) != len(x.shape) for u in x.inputs):
        return None
    if is_(x, multiply) and not has_adjoint(x):
        number, rest = split_number(x)
        if number == 1 or rest is None or rest.shape != x.shape:
            return None
        return product(Number(number), transposed(rest))
    if not has_adjoint(x):
        return None
    if is_(x, multiply):
        kept = [u for u in x.inputs if has_adjoint(u) or isinstance(u, Number)]
        values = [u for u in x.inputs if u not in kept]
        together = [transposed(product(*values))] if values else []
        return product(*map(transposed, kept), *together)
    if x.operation in (add, divide, where):
        inputs = tuple(map(transposed, x.inputs))
        return simplified(Apply(x.operation, inputs, e.shape, x.parameters))
    return None


def transpose_of_sum(e: Apply) -> Expression | None:
    """A sum along one axis is, transposed, the sum along the other."""
    [x] = e.inputs
    if not (isinstance(x, Apply) and x.operation in (sum_, mean, broadcast_to) and swaps(e)):
        return None
    [u] = x.inputs
    n = len(u.shape)
    if not has_adjoint(x) or n != len(x.shape):
        return None
    if is_(x, broadcast_to):
        parameters = Parameters(shape=e.shape)
    else:
        moved = {n - 1: n - 2, n - 2: n - 1}
        axes = axes_of(x)
        parameters = Parameters(axis=tuple(moved.get(a, a) for a in axes), keepdims=True)
    return simplified(Apply(x.operation, (transposed(u),), e.shape, parameters))


def _order(e: Apply) -> list[int]:
    """Where the axes of a transpose come from."""
    axes, n = e.parameters["axes"], len(e.shape)
    return list(range(n))[::-1] if axes is None else [axis % n for axis in axes]


def swaps(e: Apply) -> bool:
    """Whether a transpose swaps the last two axes and nothing else."""
    n = len(e.shape)
    return n > 1 and _order(e) == [*range(n - 2), n - 1, n - 2]


def axes_of(e: Apply) -> tuple[int, ...]:
    """The axes that a sum or mean goes over, counted from the front."""
    axis, n = e.parameters["axis"], len(e.inputs[0].shape)
    if axis is None:
        return tuple(range(n))
    return tuple(a % n for a in (axis if isinstance(axis, tuple) else (axis,)))
