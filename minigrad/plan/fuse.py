"""Join runs of elementwise calls into one call of the machine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations, product
from typing import Any

import numpy as np

from minigrad.plan import machine
from minigrad.plan.graph import Array, Step
from minigrad.plan.kernels import Call

PARTS = 8  # lines that a step becomes at most
FAR = {np.dtype(np.float32): np.float32(87), np.dtype(np.float64): np.float64(700)}


@dataclass
class Line:
    """A step in the machine's terms: its rows, its length, and where its operands are.

    Attributes
    ----------
    rows, n
        How often it is done, on how many elements.
    operands
        For the result and each input the start, the way to the next row and to the next element.
    """

    operation: int
    rows: int
    n: int
    operands: list[tuple[int, int, int]]

    def in_rows(self, rows: int) -> list["Line"]:
        """The same in lines of so many rows each; nothing if it can't be cut so."""
        if self.rows == 1:
            parts, n, remainder = 1, *divmod(self.n, rows)
            operands = [(start, n * step, step) for start, _, step in self.operands]
        else:
            (parts, remainder), n, operands = divmod(self.rows, rows), self.n, self.operands
        if remainder or parts > PARTS:
            return []
        return [
            Line(self.operation, rows, n, [(x + i * rows * row, row, e) for x, row, e in operands])
            for i in range(parts)
        ]


def lines_of(step: Step, y: Array, inputs: Sequence[Array], arena: Array) -> list[Line]:
    """What the machine would do for a step; nothing if it can't."""
    if step.kind not in machine.OPCODES or y.dtype not in FAR:
        return []
    arrays = [y, *(np.broadcast_to(x, y.shape) for x in inputs)]
    if any(x.dtype != y.dtype for x in arrays):
        return []
    return _lines(machine.OPCODES[step.kind], arrays, arena)


def _lines(operation: int, arrays: list[Array], arena: Array) -> list[Line]:
    """One line, or a few where one has not enough axes."""
    y = arrays[0]
    item = y.itemsize
    axes = sorted(range(y.ndim), key=lambda axis: (-y.strides[axis], axis))
    merged: list[tuple[int, tuple[int, ...]]] = [(1, (item,) * len(arrays))]
    for axis in reversed(axes):
        n, strides = y.shape[axis], tuple(x.strides[axis] for x in arrays)
        size, below = merged[0]
        if n == 1:
            continue
        if size == 1:
            merged[0] = (n, strides)
        elif all(s == size * b for s, b in zip(strides, below, strict=True)):
            merged[0] = (size * n, below)
        else:
            merged.insert(0, (n, strides))
    if len(merged) == 1:
        merged.insert(0, (1, (0,) * len(arrays)))
    if len(merged) > 2 and min(y.shape) <= PARTS:
        axis = min((n, i) for i, n in enumerate(y.shape) if n > 1)[1]
        parts = [[x[(slice(None),) * axis + (i,)] for x in arrays] for i in range(y.shape[axis])]
        found = [_lines(operation, part, arena) for part in parts]
        return [line for lines in found for line in lines] if all(found) else []
    if len(merged) > 2 or merged[1][1][0] != item:
        return []
    (rows, outer), (n, inner) = merged
    base = arena.ctypes.data
    starts = [x.ctypes.data - base for x in arrays]
    operands = [
        (start // item, far // item, near // item)
        for start, far, near in zip(starts, outer, inner, strict=True)
    ]
    return [Line(operation, rows, n, operands)]


@dataclass
class Run:
    """Lines that are done together, row by row."""

    dtype: np.dtype[Any]
    rows: int
    lines: list[Line] = field(default_factory=list)

    def takes(self, lines: Sequence[Line], dtype: np.dtype[Any]) -> bool:
        """Add lines, if row by row gives what line by line does; or none of them."""
        before = (self.dtype, self.rows, self.lines)
        if all(self._takes(line, dtype) for line in lines):
            return bool(lines)
        self.dtype, self.rows, self.lines = before
        return False

    def _takes(self, line: Line, dtype: np.dtype[Any]) -> bool:
        if not self.lines:
            self.dtype, self.rows = dtype, line.rows
        rows = min(self.rows, line.rows) if self.rows > 1 < line.rows else max(self.rows, line.rows)
        new = line.in_rows(rows)
        old = [each.in_rows(rows) for each in self.lines]
        if dtype != self.dtype or not new or not all(old):
            return False
        lines = [part for parts in old for part in parts]
        cut = rows != self.rows
        known = combinations(lines, 2) if cut else ()
        if not all(_independent(a, b) for a, b in (*known, *product(lines, new))):
            return False
        self.rows, self.lines = rows, lines + new
        return True

    def call(self, arena: Array) -> Call:
        """The call that does the run."""
        table = np.zeros((len(self.lines), len(machine.COLUMNS)), np.int64)
        for i, line in enumerate(self.lines):
            (y, y_row, _), *inputs = line.operands
            table[i, :4] = (line.operation, line.n, y, y_row)
            for j, x in enumerate(inputs):
                table[i, 4 + 3 * j : 7 + 3 * j] = x
        scratch = np.zeros((3, max(2, *(line.n for line in self.lines))), self.dtype)
        scratch[2, :2] = 1, FAR[self.dtype]
        return machine.entry(self.dtype), (arena.view(self.dtype), table, self.rows, scratch)


def _independent(old: Line, new: Line) -> bool:
    """Whether the rows of two lines meet no other row of each other, where one of them writes."""
    y, *inputs = old.operands
    pairs = [(y, x) for x in new.operands] + [(x, new.operands[0]) for x in inputs]
    return all(_apart(a, old.n, b, new.n, new.rows) for a, b in pairs)


def _apart(a: tuple[int, int, int], n: int, b: tuple[int, int, int], m: int, rows: int) -> bool:
    """Whether no row of one operand meets another row of the other."""
    (a_start, a_row, a_next), (b_start, b_row, b_next) = a, b
    a_size, b_size = 1 + (n - 1) * a_next, 1 + (m - 1) * b_next
    if rows == 1:
        return True
    a_end, b_end = a_start + (rows - 1) * a_row + a_size, b_start + (rows - 1) * b_row + b_size
    if a_end <= b_start or b_end <= a_start:
        return True
    shift = b_start - a_start
    return a_row == b_row and shift - a_row + b_size <= 0 and shift + a_row >= a_size


def fused(
    parts: Sequence[tuple[Step, list[Call], Array, Sequence[Array]]], arena: Array
) -> list[Call]:
    """The calls of a plan, with runs of elementwise steps joined."""
    calls: list[Call] = []
    run = Run(np.dtype(np.float64), 1)
    for step, plain, y, inputs in parts:
        lines = lines_of(step, y, inputs, arena)
        if run.takes(lines, y.dtype):
            continue
        if run.lines:
            calls.append(run.call(arena))
        run = Run(np.dtype(np.float64), 1)
        if not run.takes(lines, y.dtype):
            calls += plain
    if run.lines:
        calls.append(run.call(arena))
    return calls
