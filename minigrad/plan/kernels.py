"""What a step calls when it is replayed: a function that writes into arrays."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.plan.graph import Array, Step

Call = tuple[Callable[..., Any], tuple[Any, ...]]


def calls(step: Step, y: Array, inputs: Sequence[Array]) -> list[Call]:
    """The calls that compute a step: functions, and the arrays that they take."""
    operation: Any = step.operation
    if isinstance(operation.forward, np.ufunc):
        return [(operation.forward, (*inputs, y))]
    if operation.kernel is not None:
        return [(partial(operation.kernel, **step.parameters), (y, *inputs))]
    return [(partial(_assign, operation.forward, step.parameters), (y, *inputs))]


def _assign(forward: Callable[..., Any], parameters: Any, y: Array, *inputs: Array) -> None:
    y[...] = forward(*inputs, **parameters)
