"""Join runs of elementwise steps into one call of machine code each."""

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from minigrad.plan.adjacent import VIEWS, is_stack
from minigrad.plan.calls import Call, Part
from minigrad.plan.graph import Array, Plan, Step
from minigrad.plan.layout import Layout
from minigrad.plan.native import FUNCTIONS, Kernel, compiled

PARTS = 8  # lines that a step becomes at most: one for each gate
LINES = 64  # of a run, at most: LLVM takes its time over long ones


def moments(plan: Plan) -> dict[Step, int]:
    """Number the steps in their order; those that may become one run have the same number."""
    found: dict[Step, int] = {}
    moment, lines = 0, 0
    shape: list[int] | None = None
    for step in plan.steps:
        if step.operation is not None and step.kind not in VIEWS and not is_stack(step):
            gates = _gates(step)
            parts = math.prod(step.shape[axis] for axis in gates)
            own = [n for axis, n in enumerate(step.shape) if axis not in gates]
            lines += parts
            if step.kind not in FUNCTIONS or own != shape or lines > LINES:
                moment, lines = moment + 1, parts
                shape = own if step.kind in FUNCTIONS else None
        found[step] = moment
    return found


def _gates(step: Step) -> list[int]:
    """The axes of gates, each of which becomes a line; none if there are too many of them."""
    axes = [axis for axis, kind in enumerate(step.lead) if kind == "g"]
    return axes if math.prod(step.shape[axis] for axis in axes) <= PARTS else []


class Operand(NamedTuple):
    """An array of a line: where it starts, its strides, and where it lies at most."""

    address: int
    strides: tuple[int, ...]
    low: int
    high: int
    array: Array

    @property
    def pattern(self) -> tuple[int, tuple[int, ...]]:
        """Equal for arrays of one shape that are the same memory in the same order."""
        return self.address, self.strides

    def meets(self, other: "Operand") -> bool:
        """Whether they share memory."""
        near = self.low < other.high and other.low < self.high
        return near and np.shares_memory(self.array, other.array)


def operand(x: Array) -> Operand:
    """An array as an operand."""
    address = x.__array_interface__["data"][0]
    # Along an axis of length 1 there is no way to go, whatever NumPy calls its stride.
    strides = tuple([0 if n == 1 else s for n, s in zip(x.shape, x.strides, strict=True)])
    reach = [(n - 1) * stride for n, stride in zip(x.shape, strides, strict=True)]
    low, high = (sum(s for s in reach if s * sign > 0) for sign in (-1, 1))
    return Operand(address, strides, address + low, address + high + x.itemsize, x)


@dataclass
class Line:
    """A step on arrays of one shape; of stacked gates, one of them."""

    step: Step
    y: Operand
    inputs: list[Operand]


def lines_of(part: Part) -> list[Line]:
    """What a kernel would do for a step; nothing if it can't."""
    step, _, y, inputs = part
    if step.kind not in FUNCTIONS or y.dtype.char not in "fd" or not y.flags.writeable:
        return []
    if any(x.dtype != y.dtype for x in inputs):
        return []
    arrays = [y, *(np.broadcast_to(x, y.shape) for x in inputs)]
    gates = _gates(step)
    lines = []
    for place in product(*(range(y.shape[axis]) for axis in gates)):
        index: list[Any] = [slice(None)] * y.ndim
        for axis, i in zip(gates, place, strict=True):
            index[axis] = i
        own, *others = (operand(x[(*index, ...)]) for x in arrays)
        lines.append(Line(step, own, others))
    return lines


class Run:
    """Lines that are done together, element by element."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.lines: list[Line] = []
        self._read: list[Operand] = []
        self._written: dict[Any, Operand] = {}

    def takes(self, part: Part) -> bool:
        """Add a step, if element by element gives what step by step does; or leave it."""
        lines = lines_of(part)
        if not lines:
            return False
        first = (self.lines or lines)[0].y.array
        read, written = self._read, self._written
        self._read, self._written = [*read], {**written}
        for line in lines:
            y = line.y.array
            alike = (y.shape, y.dtype) == (first.shape, first.dtype)
            if not (alike and _is_dense_in(y, _innermost(first)) and self._is_free(line)):
                self._read, self._written = read, written
                return False
        self.parts.append(part)
        self.lines += lines
        return True

    def _is_free(self, line: Line) -> bool:
        """Whether a line meets in memory no other line's value, but the whole of it."""
        new = [x for x in line.inputs if x.pattern not in self._written]
        if any(x.meets(y) for x in new for y in self._written.values()):
            return False
        self._read += new
        if any(line.y.meets(x) for x in (*self._read, *self._written.values())):
            return False
        self._written[line.y.pattern] = line.y
        return True

    def call(self, needed: set[Step]) -> Call:
        """The call that does the run, and leaves in memory what is needed outside of it."""
        values: dict[Any, int] = {}
        operands: list[Operand] = []
        code: list[tuple[Any, ...]] = []
        for line in self.lines:
            for x in line.inputs:
                if x.pattern not in values:
                    values[x.pattern] = len(code)
                    code.append(("load", len(operands)))
                    operands.append(x)
            result = values[line.y.pattern] = len(code)
            code.append((line.step.kind, *(values[x.pattern] for x in line.inputs)))
            if line.step in needed:
                code.append(("store", len(operands), result))
                operands.append(line.y)
        y = self.lines[0].y.array
        sizes, strides = _merged(y, operands)
        kernel = Kernel(y.dtype.char, sizes, strides, tuple(code))
        addresses = np.array([x.address for x in operands], np.int64)
        return compiled(kernel), (addresses.ctypes.data_as(ctypes.c_void_p),)  # keeps the array


def _innermost(y: Array) -> int | None:
    """The axis along which elements lie side by side; None if there is one element only."""
    axes = [(stride, axis) for axis, stride in enumerate(y.strides) if y.shape[axis] > 1]
    return min(axes, default=(0, None))[1]


def _is_dense_in(y: Array, axis: int | None) -> bool:
    return axis is None or y.strides[axis] == y.itemsize


def _merged(
    y: Array, operands: Sequence[Operand]
) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The fewest loops over the elements, and each operand's stride in each, in elements."""
    axes = sorted(range(y.ndim), key=lambda axis: (y.strides[axis], -axis))
    loops: list[tuple[int, tuple[int, ...]]] = []  # the innermost first
    for axis in axes:
        n, strides = y.shape[axis], tuple(x.strides[axis] // y.itemsize for x in operands)
        if n == 1:
            continue
        if loops and all(s == loops[-1][0] * b for s, b in zip(strides, loops[-1][1], strict=True)):
            loops[-1] = (loops[-1][0] * n, loops[-1][1])
        else:
            loops.append((n, strides))
    if not loops:
        loops.append((1, (1,) * len(operands)))
    loops.reverse()
    return tuple(n for n, _ in loops), tuple(zip(*(s for _, s in loops), strict=True))


def fused(layout: Layout, parts: Sequence[Part]) -> list[Call]:
    """The calls of a plan, with runs of elementwise steps joined.

    No run goes beyond a moment: of what is there at one moment the layout has put nothing into the
    same memory, so that it does not matter which element is computed first.
    """
    runs: list[Run | Part] = []
    run, moment = Run(), -1
    for part in parts:
        before, moment = moment, layout.moments[part.step]
        if moment == before and run.takes(part):
            continue
        if run.lines:
            runs.append(run)
            run = Run()
        if not run.takes(part):
            runs.append(part)
    if run.lines:
        runs.append(run)
    readers = Readers(layout.plan, parts)
    calls: list[Call] = []
    for each in runs:
        if isinstance(each, Part):
            calls += each.calls
        else:
            calls.append(each.call(readers.needed(each)))
    return calls


class Readers:
    """Who reads the values of a plan."""

    def __init__(self, plan: Plan, parts: Sequence[Part]) -> None:
        self._users = plan.users()
        self._outputs = set(plan.outputs)
        self._computing = {part.step for part in parts if part.calls}

    def needed(self, run: Run) -> set[Step]:
        """The steps of a run whose values are read outside of it."""
        inside = {part.step for part in run.parts}
        return {step for step in inside if any(x not in inside for x in self._of(step))}

    def _of(self, step: Step) -> Iterator[Step | None]:
        """The steps that read a value, through views and stacks in place; None is the caller."""
        seen = {step}
        to_visit = [step]
        while to_visit:
            value = to_visit.pop()
            if value in self._outputs:
                yield None
            for user in self._users[value]:
                if user in self._computing:
                    yield user
                elif user not in seen:
                    seen.add(user)
                    to_visit.append(user)
