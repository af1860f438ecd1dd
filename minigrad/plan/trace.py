"""Record what a function does to its arguments, without computing it."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from minigrad.context import Observer, setting
from minigrad.operation import Operation
from minigrad.plan.graph import EMPTY, Plan, Step, constant
from minigrad.tensor import Array, Tensor
from minigrad.transforms import leaves, map_leaves


class Trace(Observer):
    """The steps that were recorded so far.

    While a trace is in the context, every operation on a value that depends on an argument is
    added to it. Such a value has a shape and a dtype, and no content: its array is one zero,
    broadcast. The function's loops and branches run as they stand, and so does the backward pass.

    """

    def __init__(self) -> None:
        self._steps: dict[Tensor, Step] = {}
        self._constants: dict[Any, Step] = {}
        self._results: dict[Any, tuple[tuple[int, ...], np.dtype[Any]]] = {}

    def hides(self, x: Tensor) -> bool:
        return x in self._steps

    def argument(self, array: Array) -> Tensor:
        """A tensor that stands for an array of the call."""
        x = Tensor(_blank(array.shape, array.dtype), requires_grad=array.dtype.kind == "f")
        self._steps[x] = Step(None, (), EMPTY, array.shape, array.dtype)
        return x

    def step(self, x: Any) -> Step:
        """The step that makes a tensor; a constant's if it does not depend on an argument."""
        if type(x) is Tensor and x in self._steps:
            found = self._steps[x]
            found.name, found.t = x._name or found.name, x._t
            return found
        array = x._data if type(x) is Tensor else np.asarray(x)
        key: Any = id(array)
        if array.size <= 4096:
            key = (array.shape, array.dtype, array.tobytes())
        if key not in self._constants:
            self._constants[key] = constant(array if array.size > 4096 else array.copy())
        return self._constants[key]

    def forward_of(self, operation: Operation, inputs: Sequence[Tensor]) -> Callable[..., Array]:
        """What stands in for the operation's forward expression: shape and dtype alone."""
        if not any(x in self._steps for x in inputs):
            return operation.forward

        def blank(*arrays: Array, **parameters: Any) -> Array:
            shapes = tuple((x.shape, x.dtype) for x in arrays)
            key = (operation, shapes, tuple(parameters.items()))
            try:
                if key not in self._results:
                    self._results[key] = _shape_and_dtype(operation, arrays, parameters)
                return _blank(*self._results[key])
            except TypeError:  # slices and arrays have no hash
                return _blank(*_shape_and_dtype(operation, arrays, parameters))

        return blank

    def computed(
        self,
        y: Tensor,
        operation: Operation,
        inputs: Sequence[Tensor],
        parameters: Mapping[str, Any],
    ) -> None:
        """Record a result."""
        if not any(x in self._steps for x in inputs):
            return
        source = None if self.node is None else self._steps.get(self.node)
        key, order = _place_in_program(), y._index
        if source is not None:
            key, order = hash((key, source.key)), source.order
        steps = [self.step(x) for x in inputs]
        y_data = y._data
        self._steps[y] = Step(operation, steps, parameters, y_data.shape, y_data.dtype, key, order)


def trace(f: Callable[..., Any], args: Any, options: Any) -> tuple[Plan, Any]:
    """Record a call of `f`.

    Parameters
    ----------
    f
        Takes nests of arrays and other things; gives a nest of tensors and arrays.
    args, options
        Arrays in them become arguments of the plan, in order; the rest is baked in.

    Returns
    -------
    plan : Plan
        Its outputs are the leaves of the result, in order.
    result
        What `f` gave, for its nesting.
    """
    recorder = Trace()
    arguments: list[Tensor] = []

    def stand_in(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        arguments.append(recorder.argument(x))
        return arguments[-1]

    args, options = map_leaves(stand_in, (args, options))
    with (
        setting("observer", recorder),
        setting("differentiating", True),
        np.errstate(all="ignore"),
    ):
        result = f(*args, **options)
    outputs = [recorder.step(y) for y in leaves(result)]
    return Plan([recorder.step(x) for x in arguments], outputs), result


@cache
def _blank(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    return np.broadcast_to(np.zeros((), dtype), shape)


def _shape_and_dtype(
    operation: Operation, arrays: Sequence[Array], parameters: Mapping[str, Any]
) -> tuple[tuple[int, ...], np.dtype[Any]]:
    y = np.asarray(operation.forward(*arrays, **parameters))
    return y.shape, y.dtype


def _place_in_program() -> int:
    """A number for the line of calls that led here: the same in every round of a loop."""
    place = 0
    frame = sys._getframe(2)
    while frame is not None and frame.f_code is not trace.__code__:
        place = hash((place, id(frame.f_code), frame.f_lasti))
        frame = frame.f_back  # type: ignore[assignment]
    return place
