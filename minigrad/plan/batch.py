"""Passes that do many steps by one: the same step for several gates, and for all rounds."""

import math
from typing import Any

import numpy as np

from minigrad.plan.adjacent import VIEWS
from minigrad.plan.graph import Plan, Step, is_slice_of
from minigrad.plan.groups import Group, together
from minigrad.plan.simplify import frozen
from minigrad.plan.sums import recurrent

CACHED = 1 << 17  # bytes that a few values of one round may take to stay in the cache


def pack(plan: Plan) -> Plan:
    """Do alike steps on alike values by one: the four gates' products, then what follows them.

    A group starts from products that share a factor, W_f a, W_u a, …: the weights are stacked. It
    goes on with what is done alike to the results (superword-level parallelism).
    """
    while True:
        packed = together(plan, _alike(plan), "g")
        if packed is plan:
            return plan
        plan = packed


def _alike(plan: Plan) -> list[Group]:
    """Groups of steps of one kind on slices of the same stacks."""
    leaf = leaves_of(plan)
    slot: dict[Step, tuple[Any, int]] = {}
    for step in plan.steps:
        if step.kind == "stack" and step.lead[:1] == "g":
            for i, x in enumerate(step.inputs):
                slot.setdefault(x, (step, i))

    def place(x: Step) -> tuple[Any, int] | None:
        """The stack that a value is in, or that the last of its rounds is in, and where."""
        while x.kind == "transpose":
            x = x.inputs[0]
        if x.lead[:1] == "t" and x.kind == "stack" and x.inputs[-1] in slot:
            stack, i = slot[x.inputs[-1]]
            return (stack, len(x.inputs)), i
        item = is_slice_of(x)
        return item if item is not None and item[0].lead[:1] == "g" else slot.get(x)

    found: dict[Any, list[tuple[int, Step]]] = {}
    for step in plan.steps:
        if step.operation is None or not step.inputs or step.kind in ("getitem", "stack"):
            continue
        if step.kind in ("matmul", "contract"):
            for i, (shared, other) in enumerate((step.inputs, step.inputs[::-1])):
                below = other.inputs[0] if other.kind == "transpose" else other
                rank: Any = (None, leaf[below]) if below in leaf else place(other)
                if rank is not None:
                    key: Any = (step.operation, i, shared, other.shape, rank[0], "product")
                    found.setdefault(key, []).append((rank[1], step))
            continue
        places = [place(x) for x in step.inputs]
        first = next((p for p in places if p is not None), None)
        if first is None:
            continue
        pattern: list[Any] = []
        for x, at in zip(step.inputs, places, strict=True):
            if at is not None and at[1] == first[1] and at[0] is not x:
                pattern.append(("slice", at[0]))
            elif x in leaf:
                pattern.append(("leaf", x.shape))
            else:
                pattern.append(("shared", x))
        key = (step.operation, frozen(step.parameters), step.shape, step.dtype, *pattern)
        found.setdefault(key, []).append((first[1], step))
    groups = []
    taken: set[Step] = set()
    for key, ranked in found.items():
        ranked.sort(key=lambda pair: pair[0])
        if key[-1] == "product":
            runs = [[step for _, step in ranked]]
        else:
            runs = []
            for i, (rank, step) in enumerate(ranked):
                if not i or rank != ranked[i - 1][0] + 1:
                    runs.append([])
                runs[-1].append(step)
        for run in runs:
            if len(run) > 1 and not taken & set(run):
                groups.append(tuple(run))
                taken.update(run)
    return groups


def _is_view(step: Step) -> bool:
    return step.kind in VIEWS and step.kind != "reshape"


def _is_elementwise(step: Step) -> bool:
    operation: Any = step.operation
    if operation is None or step.kind == "matmul":
        return False
    ufunc = isinstance(operation.forward, np.ufunc)
    return ufunc or step.kind in ("sigmoid", "relu", "getitem")


def leaves_of(plan: Plan) -> dict[Step, int]:
    """Arguments and constants, numbered: to stack them costs little."""
    return {step: i for i, step in enumerate(plan.arguments)}


def batch(plan: Plan) -> Plan:
    """Do a step of all rounds of a loop at once, where no round waits for another.

    This is loop distribution, as vectorising compilers do it: of the steps in the loop those on a
    cycle of dependencies stay in the loop, and all others are done for all rounds together. Large
    elementwise steps that only the loop reads stay too: what they give is then still in the cache.
    """
    loops = recurrent(plan)
    users = plan.users()
    inside = set(loops)
    for step in reversed(plan.steps):
        large = 4 * step.dtype.itemsize * math.prod(step.shape) > CACHED
        may_stay = (large or _is_view(step)) and _is_elementwise(step)
        if may_stay and step not in plan.outputs and inside.issuperset(users[step]):
            inside.add(step)
    families: dict[Any, list[Step]] = {}
    for step in plan.steps:
        if step.key and step not in inside and step.operation is not None:
            key = (step.key, step.operation, frozen(step.parameters), step.shape, step.dtype)
            families.setdefault((*key, *(x.shape for x in step.inputs)), []).append(step)
    groups = [tuple(sorted(f, key=lambda x: x.order)) for f in families.values() if len(f) > 1]
    return together(plan, groups, "t")
