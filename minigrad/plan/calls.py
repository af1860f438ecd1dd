"""What a step calls when it is replayed: a function that writes into arrays."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from minigrad.plan.adjacent import COPY
from minigrad.plan.axes import reduced_axes
from minigrad.plan.graph import Array, Step
from minigrad.plan.groups import PRODUCTS
from minigrad.plan.loops import CONTIGUOUS
from minigrad.plan.product import product_calls, sum_calls

STRIP = 8  # columns to turn at once: as many lines as there is room for in the cache at one place
Call = tuple[Callable[..., Any], tuple[Any, ...]]


class Part(NamedTuple):
    """A step that is computed: by these calls, from these arrays."""

    step: Step
    calls: list[Call]
    y: Array
    inputs: Sequence[Array]


def calls(step: Step, y: Array, inputs: Sequence[Array]) -> list[Call]:
    """The calls that compute a step: functions, and the arrays that they take."""
    operation: Any = step.operation
    if step.kind in PRODUCTS:
        a, b = inputs
        return product_calls(a, b, y, step.parameters.get("axis"))
    if step.kind == "stack":
        return _copies(y, inputs, step.parameters["axis"])
    if step.operation is COPY:
        return [(np.copyto, (y, *inputs))]
    if step.operation is CONTIGUOUS:
        strips = [slice(i, i + STRIP) for i in range(0, y.shape[-1], STRIP)]
        return [(np.copyto, (y[..., strip], inputs[0][..., strip])) for strip in strips]
    if step.kind == "sum" and (found := sum_calls(inputs[0], y, reduced_axes(step))):
        return found
    if operation.kernel is not None:
        kernel = operation.kernel
        if step.parameters:
            kernel = partial(kernel, **step.parameters)
        return [(kernel, (y, *inputs))]
    if isinstance(operation.forward, np.ufunc):
        return [(operation.forward, (*inputs, y))]
    return [(partial(_assign, operation.forward, step.parameters), (y, *inputs))]


def _copies(y: Array, inputs: Sequence[Array], axis: int) -> list[Call]:
    """Copy what does not lie in its place yet."""
    before: Any = (slice(None),) * (axis % y.ndim)
    places = [y[(*before, i, ...)] for i in range(len(inputs))]
    pairs = zip(places, inputs, strict=True)
    return [(np.copyto, (at, x)) for at, x in pairs if not _is_same(at, x)]


def _is_same(a: Array, b: Array) -> bool:
    return a.__array_interface__["data"] == b.__array_interface__["data"] and a.strides == b.strides


def _assign(forward: Callable[..., Any], parameters: Any, y: Array, *inputs: Array) -> None:
    y[...] = forward(*inputs, **parameters)
