"""Where each value of a plan lies in memory."""

import heapq
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from minigrad.axes import is_basic
from minigrad.plan.adjacent import (
    VIEWS,
    Chains,
    copy_outsiders,
    is_stack,
    nested,
    units_of,
)
from minigrad.plan.gaps import Gaps
from minigrad.plan.graph import Array, Plan, Step, describe, listing
from minigrad.plan.groups import PRODUCTS
from minigrad.plan.loops import CONTIGUOUS

CACHE_LINE = 64  # bytes
Moments = Mapping[Step, int]


def one_by_one(plan: Plan) -> Moments:
    """A moment for each step."""
    return {step: i for i, step in enumerate(plan.steps)}


def view(step: Step, x: Array) -> Array | None:
    """The value of a step as a view of its input's array, if it can be one."""
    if step.kind not in VIEWS:
        return None
    if step.kind == "getitem" and not is_basic(step.parameters["index"]):
        return None
    if step.kind == "reshape":
        try:
            return np.reshape(x, step.shape, copy=False)
        except ValueError:
            return None
    operation: Any = step.operation
    found = x if step.kind == "positive" else operation.forward(x, **step.parameters)
    if not isinstance(found, np.ndarray):  # one element, which NumPy has copied
        found = x[(*np.atleast_1d(step.parameters["index"]), ...)]
    return found


@dataclass(eq=False)
class Buffer:
    """One piece of memory: its logical shape, the order of its axes in memory, and its life."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    axes: tuple[int, ...]  # from the outermost to the innermost
    first: int = 0
    last: int = -1
    offset: int = -1

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    @property
    def room(self) -> int:
        """The bytes that it takes of an arena."""
        return max(1, -(-self.nbytes // CACHE_LINE)) * CACHE_LINE

    def array(self, memory: Array) -> Array:
        """The buffer as an array, in a piece of raw memory that starts with it."""
        inside = tuple(self.shape[axis] for axis in self.axes)
        raw = memory[: self.nbytes].view(self.dtype).reshape(inside)
        return raw.transpose(np.argsort(self.axes)) if self.axes else raw


@dataclass(eq=False)
class Layout:
    """A plan whose values have places.

    Attributes
    ----------
    plan
        What is laid out.
    moments
        When each step is done; values that are needed at the same moment lie apart.
    places
        For each step that owns memory its buffer and the index into it; what is not here is a
        view of its input.
    size
        Of the one arena that all buffers share, in bytes.
    """

    plan: Plan
    moments: Moments
    places: dict[Step, tuple[Buffer, Any]] = field(default_factory=dict)
    size: int = 0

    def arrays(self, arena: Array) -> dict[Step, Array]:
        """The array of each step."""
        whole: dict[int, Array] = {}
        found: dict[Step, Array] = {}
        for step in self.plan.steps:
            if step in self.places:
                buffer, index = self.places[step]
                if id(buffer) not in whole:
                    whole[id(buffer)] = buffer.array(arena[buffer.offset :])
                found[step] = whole[id(buffer)][(*index, ...)]
            else:
                found[step] = view(step, found[step.inputs[0]])  # type: ignore[assignment]
        return found

    def __str__(self) -> str:
        return listing(self.plan.steps, self._line)

    def _line(self, step: Step, number: Mapping[Step, int]) -> str:
        place = "view of its input"
        if step in self.places:
            buffer, index = self.places[step]
            place = f"at byte {buffer.offset}"
            if index:
                place += f", [{', '.join(map(_shown, index))}]"
        return f"{describe(step, number):90} {place}"

    def explain(self) -> str:
        """What each pass has saved, and what the layout has."""
        apart = sum(
            step.dtype.itemsize * math.prod(step.shape)
            for step in self.plan.steps
            if step in self.places
        )
        views = sum(1 for step in self.plan.steps if step not in self.places)
        memory = (
            f"layout: {views} steps are views, and {_in_place(self)} stacks are made in place; "
            f"{apart:,} bytes of values in {self.size:,}"
        )
        return "\n".join((*self.plan.notes, memory))


def _shown(index: Any) -> str:
    return f"{index.start}:{index.stop}" if isinstance(index, slice) else str(index)


def _in_place(layout: Layout) -> int:
    """How many stacks find all their members where they belong."""
    places = layout.places
    return sum(
        is_stack(step) and all(places.get(x, (None,))[0] is places[step][0] for x in step.inputs)
        for step in layout.plan.steps
    )


def lay_out(plan: Plan, moments: Callable[[Plan], Moments] = one_by_one) -> Layout:
    """Give each value a place, and let values whose lives do not overlap share one.

    Parameters
    ----------
    plan
        Gets another order.
    moments
        Tells which steps are to be done at the same time.
    """
    plan = copy_outsiders(plan).scheduled()
    layout = Layout(plan, moments(plan))
    order = Orders(plan)
    place_chains(plan, layout.places, order)
    buffer_of: dict[Step, Buffer | None] = {}
    arrays: dict[Step, Array] = {}
    whole: dict[Buffer, Array] = {}
    for step in plan.steps:
        if step.operation is not None and step not in layout.places:
            alias = view(step, arrays[step.inputs[0]])
            if alias is not None:
                arrays[step], buffer_of[step] = alias, buffer_of[step.inputs[0]]
                continue
        if step not in layout.places:
            layout.places[step] = (Buffer(step.shape, step.dtype, order.of(step)), ())
        buffer, index = layout.places[step]
        if buffer not in whole:
            whole[buffer] = buffer.array(np.empty(buffer.nbytes, np.uint8))
        arrays[step], buffer_of[step] = whole[buffer][(*index, ...)], buffer
    set_lives(layout, buffer_of)
    layout.size = share_memory(list(dict.fromkeys(b for b in buffer_of.values() if b is not None)))
    return layout


def place_chains(plan: Plan, places: dict[Step, tuple[Buffer, Any]], order: "Orders") -> None:
    """Place what is stacked side by side."""
    chains = Chains(plan)
    for stack in chains.stacks:
        units, start = chains.around(stack)
        if units[0][0] not in places:
            if stack in chains:
                buffer, base = places[stack]
            else:
                shape = (start[stack], *stack.shape[1:])
                buffer, base = Buffer(shape, stack.dtype, order.of(stack)), ()
            for unit, span in units:
                places[unit] = (buffer, nested(base, start[unit], span))
        if stack not in chains:
            first = start[units_of(stack.inputs)[0][0]]
            length = len(stack.inputs)
            places[stack] = (places[units[0][0]][0], (slice(first, first + length),))


class Orders:
    """In which order the axes of a value lie in memory.

    Of the last two axes one is the batch and one the features, whichever way the model has them.
    If the batch fills cache lines, features lie outermost and the batch innermost, with the rounds
    of a loop between: BLAS writes such products fastest. Else rounds lie outermost, so that what
    one round touches is together, and features innermost. Gates lie just outside of the features.
    Either way the products of all rounds are one product.
    """

    def __init__(self, plan: Plan) -> None:
        self._arguments = set(plan.arguments)
        self._glue: dict[Step, int] = {}
        left = right = 0
        for step in plan.steps:
            if step.kind in PRODUCTS:
                a, b = step.inputs
                # Gates lie with the rows or columns of the product, or with what is summed over.
                axes = (-2, -1) if step.kind == "matmul" else (-1, -2)
                for x, axis in zip((a, b), axes, strict=True):
                    if x.kind == "transpose":
                        x, axis = x.inputs[0], -3 - axis
                    if self._is_weight(x):
                        self._glue.setdefault(x, axis)
                left += self._is_weight(a)
                right += self._is_weight(b)
        self._columns = left > right

    def _is_weight(self, x: Step) -> bool:
        while x.kind == "transpose" or x.operation is CONTIGUOUS:
            x = x.inputs[0]
        members = x.inputs if is_stack(x) else (x,)
        return all(m in self._arguments and len(m.shape) == 2 for m in members)

    def of(self, step: Step) -> tuple[int, ...]:
        """The axes of a step's value, from the outermost to the innermost."""
        axes = list(range(len(step.shape)))
        gates = [axis for axis, kind in enumerate(step.lead) if kind == "g"]
        rest = [axis for axis in axes if axis not in gates]
        if step in self._glue:
            return tuple(axes if self._glue[step] == -2 else rest[:-1] + gates + rest[-1:])
        columns = self._columns
        if gates and step.kind in PRODUCTS:
            left = step.inputs[0]
            while left.kind == "transpose":
                left = left.inputs[0]
            columns = "g" in left.lead
        rounds, inner = rest[:-2], rest[-2:]
        if len(rest) - step.lead.count("t") < 2:
            return tuple(rest[:-1] + gates + rest[-1:])
        features, batch = inner if columns else inner[::-1]
        if step.shape[batch] * step.dtype.itemsize >= CACHE_LINE:
            return (*gates, features, *rounds, batch)
        return (*rounds, batch, *gates, features)


def set_lives(layout: Layout, buffer_of: Mapping[Step, Buffer | None]) -> None:
    """Note for each buffer the moments at which it is written first and read last."""
    plan, end = layout.plan, len(layout.plan.steps)
    for step in plan.steps:
        moment = layout.moments[step]
        for x in (step, *step.inputs):
            if (buffer := buffer_of[x]) is not None:
                buffer.first = min(buffer.first, moment) if buffer.last >= 0 else moment
                buffer.last = max(buffer.last, moment)
    for x in plan.steps:
        if x.operation is None and (buffer := buffer_of[x]) is not None:
            buffer.first = -1
            if x.value is not None:
                buffer.last = end
    for x in plan.outputs:
        if (buffer := buffer_of[x]) is not None:
            buffer.last = end


LARGE = 64  # buffers that are placed by their size: few, since each is compared with each


def share_memory(buffers: list[Buffer]) -> int:
    """Place the buffers in one arena, so that those that live at one time lie apart.

    The largest come first, each at the lowest place that is free in its life; in the order of their
    lives, large ones would not fit into the gaps that small ones leave. The others follow above in
    that order, each in the smallest gap that it fits into.

    Returns
    -------
    int
        The size of the arena.
    """
    by_size = sorted(buffers, key=lambda b: -b.nbytes)
    large, small = by_size[:LARGE], by_size[LARGE:]
    end = 0
    for i, buffer in enumerate(large):
        buffer.offset = 0
        for other in sorted(large[:i], key=lambda b: b.offset):
            at_one_time = other.first <= buffer.last and buffer.first <= other.last
            if at_one_time and buffer.offset + buffer.room > other.offset:
                buffer.offset = max(buffer.offset, other.offset + other.room)
        end = max(end, buffer.offset + buffer.room)
    gaps = Gaps()
    ending: list[tuple[int, int, Buffer]] = []
    for i, buffer in enumerate(sorted(small, key=lambda b: (b.first, b.last, b.nbytes))):
        while ending and ending[0][0] < buffer.first:
            old = heapq.heappop(ending)[2]
            gaps.give_back(old.offset, old.room)
        free = gaps.take(buffer.room)
        if free is None:
            free, end = end, end + buffer.room
        buffer.offset = free
        heapq.heappush(ending, (buffer.last, i, buffer))
    return end
