"""Rules of sums of elements, and of shapes."""

import numpy as np

from minigrad.notation.expression import Apply, Expression, Number, Parameters
from minigrad.notation.nodes import is_, product, simplified, split_number, total
from minigrad.operations.reduction import mean, one_hot
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import reshape, stack


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


def axes_of(e: Apply) -> tuple[int, ...]:
    """The axes that a sum or mean goes over, counted from the front."""
    axis, n = e.parameters["axis"], len(e.inputs[0].shape)
    if axis is None:
        return tuple(range(n))
    return tuple(a % n for a in (axis if isinstance(axis, tuple) else (axis,)))
