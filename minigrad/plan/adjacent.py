"""Place values that are stacked side by side from the start, so that stacking copies nothing."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from minigrad.operation import without_gradient
from minigrad.plan.graph import EMPTY, Plan, Step, is_slice_of

COPY = without_gradient("plan.copy", np.copy, 1)

VIEWS = {"transpose", "getitem", "reshape", "broadcast_to", "positive"}
# A value, and how many items of the stack it is; None if it is one item.
Unit = tuple[Step, int | None]


def copy_outsiders(plan: Plan) -> Plan:
    """Copy what is stacked with others and can't be computed in place: constants and views."""
    copies: dict[Step, Step] = {}

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        if not is_stack(step):
            return None
        outsiders = {unit for unit, _ in units_of(inputs) if not can_be_placed(unit)}
        if not 0 < 4 * len(outsiders) <= 4 + len(inputs):
            return None
        for x in outsiders:
            if x not in copies:
                copies[x] = Step(COPY, [x], EMPTY, x.shape, x.dtype, x.key, x.order)
        return step.on([copies.get(x, x) if x in outsiders else x for x in inputs])

    return plan.rewrite(rule)


def is_stack(step: Step) -> bool:
    """Whether it puts values side by side along a new first axis."""
    return step.kind == "stack" and step.parameters["axis"] == 0


def can_be_placed(step: Step) -> bool:
    """Whether the step writes its value, and can be told where."""
    return step.value is None and step.kind not in VIEWS


def units_of(members: Sequence[Step]) -> list[Unit]:
    """The values that make up a stack: members, or a value that several members are items of."""
    units: list[Unit] = []
    i = 0
    while i < len(members):
        place = is_slice_of(members[i])
        if place is not None and place[1] == 0:
            whole, n = place[0], place[0].shape[0]
            run = [is_slice_of(x) for x in members[i : i + n]]
            if can_be_placed(whole) and run == [(whole, j) for j in range(n)]:
                units.append((whole, n))
                i += n
                continue
        units.append((members[i], None))
        i += 1
    return units


class Chains:
    """Values in a row: each stack whose members could be placed is a stretch of a chain.

    Attributes
    ----------
    stacks
        The stacks that need no copies, an outer one before the ones that are its members.
    inside
        Those of them, and other values, that are units of a chain.
    """

    def __init__(self, plan: Plan) -> None:
        self.stacks: list[Step] = []
        self._next: dict[Step, Step] = {}
        self._before: dict[Step, Step] = {}
        self._span: dict[Step, int | None] = {}
        self._closed: set[Step] = set()
        for step in reversed(plan.steps):
            if is_stack(step) and self._accept(step):
                self.stacks.append(step)

    def _accept(self, stack: Step) -> bool:
        units = units_of(stack.inputs)
        steps = [unit for unit, _ in units]
        exact = stack in self._span
        if len(set(steps)) < len(steps) or stack in steps:
            return False
        for unit, span in units:
            if not can_be_placed(unit) or unit in self._closed:
                return False
            if unit in self._span and (exact or self._span[unit] != span):
                return False
        for a, b in pairwise(steps):
            if self._next.get(a, b) is not b or self._before.get(b, a) is not a:
                return False
        if self._ends_in(steps[-1], steps[0]):
            return False
        self._span.update(units)
        for a, b in pairwise(steps):
            self._next[a], self._before[b] = b, a
        if exact:
            self._closed.update(steps)
        return True

    def _ends_in(self, a: Step | None, b: Step) -> bool:
        if b not in self._before:
            return False
        while a is not None and a is not b:
            a = self._next.get(a)
        return a is b

    def __contains__(self, step: Step) -> bool:
        return step in self._span

    def around(self, stack: Step) -> tuple[list[Unit], dict[Step, int]]:
        """The chain that a stack is a stretch of: its units, and the place of each."""
        unit = units_of(stack.inputs)[0][0]
        while unit in self._before:
            unit = self._before[unit]
        units: list[Unit] = []
        start: dict[Step, int] = {}
        place = 0
        at: Step | None = unit
        while at is not None:
            units.append((at, self._span[at]))
            start[at] = place
            place += self._span[at] or 1
            at = self._next.get(at)
        start[stack] = place  # the length of the chain
        return units, start


def nested(index: tuple[Any, ...], place: int, span: int | None) -> tuple[Any, ...]:
    """The index of a member in the buffer, from that of the stack and the member's place."""
    if index and isinstance(index[-1], slice):
        index, place = index[:-1], index[-1].start + place
    return (*index, place if span is None else slice(place, place + span))
