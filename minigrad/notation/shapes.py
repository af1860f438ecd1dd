"""Rules of sums of elements, and of shapes."""

import math
from dataclasses import replace

import numpy as np

from minigrad.axes import axes_of as _axes_of
from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    MovingNumber,
    Number,
    Parameters,
    Shape,
)
from minigrad.notation.indices import each, is_plain
from minigrad.notation.nodes import (
    fraction,
    is_,
    product,
    simplified,
    split_number,
    split_scalars,
    total,
)
from minigrad.operations.elementwise import add, divide
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import log_softmax, logsumexp, mean, one_hot, softmax
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, getitem, reshape, scatter, stack


def sum_of_pieces(e: Apply) -> Expression | None:
    """The sum over a stack is the sum of the sums of what is stacked; so is the mean, over T."""
    [x], axis = e.inputs, e.parameters["axis"]
    if axis is not None or not (is_(x, stack)):
        return None
    pieces = [
        simplified(Apply(e.operation, (u,), (), Parameters(axis=None, keepdims=False)))
        for u in x.inputs
    ]
    number = 1 / len(pieces) if e.operation is mean else 1
    return product(Number(number), total(*pieces))


def sum_of_little(e: Apply) -> Expression | None:
    """The sum of one element is that element; of a number, a multiple; the mean is the number."""
    [x] = e.inputs
    if x.shape == e.shape:
        return x
    if isinstance(x, Number):
        terms = math.prod(x.shape[i] for i in axes_of(e)) if e.operation is sum_ else 1
        return Number(x.value * terms, e.shape)
    return None


def sum_of_sum(e: Apply) -> Expression | None:
    """The sum of all of the sums along an axis is the sum of all; so is the mean, over its size."""
    [x] = e.inputs
    if not (is_(x, sum_) and np.prod(e.shape) == 1):
        return None
    number = 1 / np.prod(x.shape) if e.operation is mean else 1
    parameters = Parameters(axis=None, keepdims=False)
    of_all = product(Number(number), simplified(Apply(sum_, x.inputs, (), parameters)))
    return simplified(Apply(reshape, (of_all,), e.shape, Parameters(shape=e.shape)))


def sum_of_fractions(e: Apply) -> Expression | None:
    """The sum of a / b along an axis that b does not have is the sum of a, over b."""
    [x] = e.inputs
    if not is_(x, divide) or not e.shape or x.inputs[1].shape != e.shape:
        return None
    above, below = x.inputs
    if above.shape != x.shape or {*axes_of(e)} != {0}:
        return None
    return fraction(simplified(replace(e, inputs=(above,))), below)


def sum_of_all(e: Apply) -> Expression | None:
    """The sum along all axes, kept with length one, is that of all in this shape."""
    if e.parameters["axis"] is None or len(axes_of(e)) < len(e.inputs[0].shape):
        return None
    of_all = simplified(replace(e, shape=(), parameters=Parameters(axis=None, keepdims=False)))
    return simplified(Apply(reshape, (of_all,), e.shape, Parameters(shape=e.shape)))


def scalars_out(e: Apply) -> Expression | None:
    """What is done with n x or x / n, for a number n or another without axes, is done with x."""
    [x] = e.inputs
    if is_(x, divide) and x.shape and not x.inputs[1].shape:
        above = simplified(Apply(e.operation, x.inputs[:1], e.shape, e.parameters))
        return fraction(above, x.inputs[1])
    scalars, rest = split_scalars(x)
    if not scalars or rest.shape != x.shape:
        return None
    return product(*scalars, simplified(Apply(e.operation, (rest,), e.shape, e.parameters)))


def reciprocal_out(e: Apply) -> Expression | None:
    """1 / x in another shape is 1 over x in that shape."""
    [x] = e.inputs
    above, below = x.inputs if is_(x, divide) else (x, x)
    if not isinstance(above, Number) or not x.shape or below.shape != x.shape:
        return None
    return fraction(Number(above.value), simplified(replace(e, inputs=(below,))))


def number_repeated(e: Apply) -> Expression | None:
    """A scalar made an array of one element and repeated is it repeated."""
    [x] = e.inputs
    if not is_(x, reshape) or x.inputs[0].shape:
        return None
    return replace(e, inputs=x.inputs)


def same_shape(e: Apply) -> Expression | None:
    """A change of shape that changes nothing, or that a sum can do itself."""
    [x] = e.inputs
    if x.shape == e.shape:
        return x
    if isinstance(x, Number):
        return Number(x.value, e.shape)
    if e.operation is reshape and isinstance(x, Apply):
        if is_(x, sum_) and x.parameters["keepdims"]:
            [u], axis = x.inputs, x.parameters["axis"]
            if np.sum(np.zeros(u.shape), axis=axis).shape == e.shape:
                return Apply(sum_, (u,), e.shape, Parameters(axis=axis, keepdims=False))
        if is_(x, reshape):
            return Apply(reshape, x.inputs, e.shape, Parameters(shape=e.shape))
    return None


def product_with_vectors(e: Apply) -> Expression | None:
    """A matrix product of vectors, which were made rows and columns for it."""
    [x] = e.inputs
    if not (is_(x, matmul)):
        return None
    a, b = x.inputs
    row, column = vector_in(a, (1, -1)), vector_in(b, (-1, 1))
    rows = () if row else x.shape[-2:-1]
    columns = () if column else x.shape[-1:]
    if not (row or column) or e.shape != (*x.shape[:-2], *rows, *columns):
        return None
    return Apply(matmul, (row or a, column or b), e.shape, NONE)


def vector_in(e: Expression, shape: Shape) -> Expression | None:
    """The vector that a row or a column was made of."""
    if not (is_(e, reshape) and len(e.inputs[0].shape) == 1):
        return None
    return e.inputs[0] if e.shape == np.empty(e.inputs[0].shape).reshape(shape).shape else None


def is_longer_in_front(before: Shape, after: Shape) -> bool:
    """Whether axes of length one are put in front and nowhere else, as NumPy does by itself."""
    return after == (1,) * (len(after) - len(before)) + before


def thin_index(before: Shape, after: Shape) -> tuple[int | slice | None, ...] | None:
    """The index that puts in axes of length one, or takes them out; None if a reshape does more.

    Examples
    --------
    >>> from minigrad.notation.shapes import thin_index
    >>> thin_index((4, 5), (1, 4, 5)), thin_index((4, 1), (4,)), thin_index((2, 3), (3, 2))
    ((None,), (slice(None, None, None), 0), None)
    """
    if [n for n in before if n != 1] != [n for n in after if n != 1]:
        return None
    index: list[int | slice | None] = []
    while before or after:
        same = before[:1] == after[:1]
        puts_in = not same and after[:1] == (1,)
        index.append(slice(None) if same else None if puts_in else 0)
        before, after = before[not puts_in :], after[same or puts_in :]
    while index[-1:] == [slice(None)]:
        index.pop()
    return tuple(index)


def as_index(e: Expression) -> Expression:
    """A reshape that puts in or takes out axes of length one, as an index: it has no other size."""
    if isinstance(e, Apply) and e.operation is reshape:
        index = thin_index(e.inputs[0].shape, e.shape)
        return e if not index else Apply(getitem, e.inputs, e.shape, Parameters(index=index))
    return e


def class_numbers(e: Apply) -> Expression | None:
    """Labels that are numbers of classes stand for distributions: a 1 at each number."""
    z, labels = e.inputs
    if len(labels.shape) == len(z.shape):
        return None
    axis = e.parameters["axis"]
    parameters = Parameters(classes=z.shape[axis], axis=axis, dtype=np.float64)
    distributions = Apply(one_hot, (labels,), z.shape, parameters)
    return Apply(e.operation, (z, distributions), e.shape, e.parameters)


def softmax_of_logs(e: Apply) -> Expression | None:
    """exp(x - log sum exp(x)) = softmax(x); exp(log softmax(x)) = softmax(x)"""
    [x] = e.inputs
    if not isinstance(x, Apply):
        return None
    if is_(x, log_softmax):
        return Apply(softmax, x.inputs, e.shape, x.parameters)
    for term in x.inputs if is_(x, add) else ():
        number, rest = split_number(term)
        inner = rest.inputs[0] if is_(rest, reshape) else rest
        if number != -1 or not (is_(inner, logsumexp)):
            continue
        others = total(*(u for u in x.inputs if u is not term))
        if inner.inputs != (others,) or len(axes_of(inner)) != 1:
            continue
        [axis] = axes_of(inner)
        reduced = tuple(1 if i == axis else n for i, n in enumerate(e.shape))
        shape = (1,) * (len(reduced) - len(term.shape)) + term.shape
        if not term.shape or shape == reduced:
            return Apply(softmax, inner.inputs, e.shape, Parameters(axis=axis))
    return None


def number_out(e: Apply) -> Expression | None:
    """What is done with n x, for a number n, is done with x."""
    number, rest = split_number(e.inputs[0])
    if number in (0, 1):
        return None
    x = rest or Number(1, e.inputs[0].shape)
    return product(Number(number), simplified(replace(e, inputs=(x, *e.inputs[1:]))))


def same_value(e: Apply) -> Expression:
    """+x = x; and so for what differs at infinity alone."""
    return e.inputs[0]


def without_new_axes(e: Apply) -> Expression | None:
    """x[:, None] is x in another shape; what is put among zeros there is put in in this shape."""
    index = e.parameters["index"]
    plain = tuple(i for i in each(index) if i is not None)
    if len(plain) == len(each(index)) or not is_plain(plain):
        return None
    parameters = Parameters({**e.parameters, "index": plain})
    whole = all(i == slice(None) for i in plain)
    [x] = e.inputs
    if e.operation is scatter:
        shape = np.broadcast_to(0, e.shape)[plain].shape
        piece = simplified(Apply(reshape, (x,), shape, Parameters(shape=shape)))
        return piece if whole else Apply(scatter, (piece,), e.shape, parameters)
    if not whole:
        shape = np.broadcast_to(0, x.shape)[plain].shape
        x = simplified(Apply(getitem, (x,), shape, parameters))
    return Apply(reshape, (x,), e.shape, Parameters(shape=e.shape))


def element_of_number(e: Apply) -> Expression | None:
    """Every element of an array that holds one number is that number."""
    return Number(e.inputs[0].value, e.shape) if isinstance(e.inputs[0], Number) else None


def element_of_repeated(e: Apply) -> Expression | None:
    """Every one of the copies along a new axis in front is what is repeated."""
    [x], index = e.inputs, each(e.parameters["index"])
    if not is_(x, broadcast_to) or len(index) != 1 or not isinstance(index[0], int | MovingNumber):
        return None
    [u] = x.inputs
    if len(u.shape) == len(x.shape) and u.shape[0] == 1:
        u = simplified(Apply(reshape, (u,), u.shape[1:], Parameters(shape=u.shape[1:])))
    if len(u.shape) == len(x.shape):
        return None
    return simplified(Apply(broadcast_to, (u,), e.shape, Parameters(shape=e.shape)))


def axes_of(e: Apply) -> tuple[int, ...]:
    """The axes that an operation works along, counted from the front; by default all."""
    n = max(len(e.inputs[0].shape), len(e.shape))  # a stack has more
    return _axes_of(e.parameters["axis"] if n else None, n)


def axes_to_write(e: Apply) -> tuple[int, ...]:
    """The axes that an operation works along, if they are not those that it does by default."""
    default = e.operation.defaults.get("axis")
    if e.parameters.get("axis", default) is None:
        return ()
    axes = tuple(sorted(axes_of(e)))
    assumed = axes_of(replace(e, parameters=Parameters(axis=default)))
    return () if axes == assumed else axes


def is_elementwise(e: Apply) -> bool:
    """Whether each element is computed of those in its place, with NumPy's broadcasting."""
    return e.operation.kind == "elementwise"
