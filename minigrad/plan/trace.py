"""Record what a function does to its arguments, without computing it."""

import gc
import hashlib
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from minigrad.context import Observer, setting
from minigrad.nests import leaves, map_leaves
from minigrad.operation import Operation
from minigrad.plan.graph import EMPTY, Plan, Step, constant
from minigrad.plan.simplify import frozen
from minigrad.tensor import Array, Tensor, describe, next_index, value_of

REPORTED = 10_000  # steps from one report to the next


class RecordedOutsideError(TypeError):
    """A function uses a tensor whose gradient is recorded, and that is none of its arguments."""


class Trace(Observer):
    """The steps that were recorded so far.

    While a trace is in the context, every operation on a value that depends on an argument is
    added to it. Such a value has a shape and a dtype, and no content: its array is one NaN,
    broadcast. The function's loops and branches run as they stand, and so does the backward pass.
    """

    def __init__(self, progress: Callable[[str], None]) -> None:
        self._progress = progress
        self._steps: dict[Tensor, Step] = {}
        self._constants: dict[Any, Step] = {}
        self._blanks: dict[Any, Array] = {}
        self._start = next_index()

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
        if type(x) is Tensor:
            self._refuse_outside([x])
        array = np.asarray(value_of(x))
        if array.dtype.kind not in "biufc":
            raise TypeError(f"compile: expected numbers, got {x!r:.80} in what the function gives")
        content = hashlib.blake2b(array.tobytes()).digest()
        key = (array.shape, array.dtype, content)
        if key not in self._constants:
            self._constants[key] = constant(array.copy())
        return self._constants[key]

    def forward_of(self, operation: Operation, inputs: Sequence[Tensor]) -> Callable[..., Array]:
        """What stands in for the operation's forward expression: shape and dtype alone."""
        if self._steps.keys().isdisjoint(inputs):
            return operation.forward
        return partial(self._stand_in, operation)

    def _stand_in(self, operation: Operation, *arrays: Array, **parameters: Any) -> Array:
        key = (operation, *[(x.shape, x.dtype) for x in arrays], frozen(parameters))
        found = self._blanks.get(key)
        if found is None:
            if operation.kind == "linear algebra":  # fails on NaN, and for a unit matrix never
                arrays = tuple(
                    [np.broadcast_to(np.eye(*x.shape[-2:], dtype=x.dtype), x.shape) for x in arrays]
                )
            y = np.asarray(operation.forward(*arrays, **parameters))
            found = self._blanks[key] = _blank(y.shape, y.dtype)
        return found

    def computed(
        self,
        y: Tensor,
        operation: Operation,
        inputs: Sequence[Tensor],
        parameters: Mapping[str, Any],
    ) -> None:
        """Record a result."""
        known = self._steps
        self._refuse_outside(inputs)
        if known.keys().isdisjoint(inputs):
            return
        source = None if self.node is None else known.get(self.node)
        key, order = _place_in_program(), y._index
        if source is not None:
            key, order = hash((key, source.key)), source.order
        steps = [self.step(x) for x in inputs]
        shape, dtype = y._data.shape, y._data.dtype
        known[y] = Step(operation, steps, parameters, shape, dtype, key, order)
        if len(known) % REPORTED == 0:
            self._progress(f"{len(known):,} steps recorded")

    def _refuse_outside(self, inputs: Sequence[Tensor]) -> None:
        """Bake in no value that somebody differentiates with respect to, or that is trained."""
        for x in inputs:
            if x.requires_grad and x._index < self._start:
                raise RecordedOutsideError(
                    f"compile: expected a function of its arguments, got one that uses "
                    f"{describe(x)}, whose gradient is recorded; pass it as an argument"
                )

    def refuse_leaks(self) -> None:
        """Raise if a value has stayed somewhere: later calls of a plan would not renew it."""
        traced = [weakref.ref(x) for x in self._steps]
        self._steps.clear()
        if any(ref() is not None for ref in traced):
            gc.collect()  # some were in a cycle
        kept = [x for ref in traced if (x := ref()) is not None]
        if kept:
            raise TypeError(
                f"compile: expected a function that leaves nothing but its results, got one that "
                f"keeps {describe(kept[-1])}; return it, so that each call gives it anew"
            )


def trace(
    f: Callable[..., Any],
    args: Any,
    options: Any,
    progress: Callable[[str], None] = lambda text: None,
) -> tuple[Plan, Any]:
    """Record a call of `f`.

    Parameters
    ----------
    f
        Takes nests of arrays and other things; gives a nest of tensors and arrays.
    args, options
        Arrays in them become arguments of the plan, in order; the rest is baked in.
    progress
        Is told how far it is.

    Returns
    -------
    plan : Plan
        Its outputs are the leaves of the result, in order.
    nest
        The nesting of what `f` gave, with nothing in it: the graph is not needed any more.

    Raises
    ------
    RecordedOutsideError
        If `f` closes over a tensor whose gradient is recorded.
    TypeError
        If the plan would need to know a value, or `f` keeps one.
    """
    recorder = Trace(progress)
    found = _recorded(recorder, f, args, options)
    recorder.refuse_leaks()
    return found


def _recorded(recorder: Trace, f: Callable[..., Any], args: Any, options: Any) -> tuple[Plan, Any]:
    arguments: list[Tensor] = []

    def stand_in(x: Any) -> Any:
        if not isinstance(x, np.ndarray):
            return x
        arguments.append(recorder.argument(x))
        return arguments[-1]

    args, options = map_leaves(stand_in, (args, options))
    with (
        setting("observer", recorder),
        setting("recording", True),
        setting("differentiating", recorder),
        np.errstate(all="ignore"),
    ):
        result = f(*args, **options)
    outputs = [recorder.step(y) for y in leaves(result)]
    plan = Plan([recorder.step(x) for x in arguments], outputs)
    return plan, map_leaves(lambda _: None, result)


def _blank(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """An array of a shape and a dtype that takes no memory."""
    content = np.nan if dtype.kind == "f" else 0  # NaN, so that no mistake looks like a result
    return np.broadcast_to(np.array(content, dtype), shape)


def _place_in_program() -> int:
    """A number for the line of calls that led here: the same in every round of a loop."""
    place: list[int] = []
    frame = sys._getframe(3)  # of who has called the operation
    while frame is not None and (code := frame.f_code) is not trace.__code__:
        place += (id(code), frame.f_lasti)
        frame = frame.f_back  # type: ignore[assignment]
    return hash(tuple(place))
