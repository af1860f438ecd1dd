"""Passes that do many steps by one: the same step for several gates, and for all rounds."""

import math
from collections.abc import Mapping
from typing import Any

from minigrad.plan.adjacent import VIEWS, is_stack
from minigrad.plan.graph import Plan, Step, is_slice_of
from minigrad.plan.groups import PRODUCTS, Group, can_be_lifted, is_elementwise, together
from minigrad.plan.loops import recurrent
from minigrad.plan.simplify import frozen

LARGE = 1 << 13  # bytes of a value, from which on it pays to use it while it is in the cache


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


# What a value lies in, or will lie in, beside others: a stack or the number of a group; and where.
Place = tuple[Any, int]


def _alike(plan: Plan) -> list[Group]:
    """Groups of steps of one kind on what lies, or will lie, in the same stacks."""
    users = plan.users()
    leaf: dict[Step, Place] = {x: (None, i) for i, x in enumerate(plan.arguments)}
    place = _places(plan)
    groups: list[Group] = []
    taken: set[Step] = set()
    candidates = {x: None for x in plan.steps if x.kind in PRODUCTS}
    fresh = list(place)
    while fresh or candidates:
        candidates.update((user, None) for x in fresh for user in users[x] if user not in taken)
        found: dict[Any, list[tuple[int, Step]]] = {}
        fresh = []
        for step in candidates:
            if step not in place and (at := _seen_through(step, place)) is not None:
                place[step] = at
                fresh.append(step)
            for kind, i in _kinds(step, place, leaf):
                found.setdefault(kind, []).append((i, step))
        for group in (group for members in found.values() for group in _in_a_row(members)):
            if len(group) > 1 and not taken.intersection(group):
                place.update((step, (len(groups), i)) for i, step in enumerate(group))
                groups.append(group)
                taken.update(group)
                fresh += group
        candidates = {}
    return groups


def _places(plan: Plan) -> dict[Step, Place]:
    """The places of values in stacks of gates that the plan has already."""
    stacks = [x for x in plan.steps if is_stack(x) and x.lead[:1] == "g"]
    place = {x: (stack, i) for stack in stacks for i, x in enumerate(stack.inputs)}
    for step in plan.steps:
        item = is_slice_of(step)
        if item is not None and item[0].lead[:1] == "g":
            place[step] = item
    return place


def _seen_through(step: Step, place: Mapping[Step, Place]) -> Place | None:
    """The place of what is transposed, and of a stack of rounds: that of the last round."""
    if step.kind == "transpose":
        return place.get(step.inputs[0])
    if is_stack(step) and step.lead[:1] == "t" and step.inputs[-1] in place:
        stack, i = place[step.inputs[-1]]
        return (stack, len(step.inputs)), i
    return None


def _kinds(
    step: Step, place: Mapping[Step, Place], leaf: Mapping[Step, Place]
) -> list[tuple[Any, int]]:
    """What groups a step could be in, and its place there."""
    if step.kind in PRODUCTS:  # one factor is shared, the other has a place
        kinds = []
        for i, (shared, other) in enumerate((step.inputs, step.inputs[::-1])):
            below = other.inputs[0] if other.kind == "transpose" else other
            at = leaf.get(below) or place.get(other)
            if at is not None:
                kind = (step.operation, frozen(step.parameters), i, shared, other.form, at[0])
                kinds.append((kind, at[1]))
        return kinds
    places = [place.get(x) for x in step.inputs]
    first = next((at for at in places if at is not None), None)
    if first is None or step.kind in ("getitem", "stack") or not can_be_lifted(step):
        return []
    pattern: list[Any] = []
    for x, at in zip(step.inputs, places, strict=True):
        if at is not None and at[1] == first[1]:
            pattern.append(("item", at[0], x.form))
        else:
            pattern.append(("leaf", x.form) if x in leaf else ("shared", x))
    kind = (step.operation, frozen(step.parameters), step.form, *pattern)
    return [(kind, first[1])]


def _in_a_row(members: list[tuple[int, Step]]) -> list[Group]:
    """Those that follow each other in a stack; products may be in any order."""
    members.sort(key=lambda member: member[0])
    rows: list[list[Step]] = []
    for i, (at, step) in enumerate(members):
        if not i or (step.kind not in PRODUCTS and at != members[i - 1][0] + 1):
            rows.append([])
        rows[-1].append(step)
    return [tuple(row) for row in rows]


def _is_view(step: Step) -> bool:
    return step.kind in VIEWS and step.kind != "reshape"


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
        large = step.dtype.itemsize * math.prod(step.shape) >= LARGE
        may_stay = (large or _is_view(step)) and (is_elementwise(step) or step.kind == "getitem")
        if may_stay and step not in plan.outputs and inside.issuperset(users[step]):
            inside.add(step)
    families: dict[Any, list[Step]] = {}
    for step in plan.steps:
        if step.key and step not in inside and step.operation is not None:
            key = (step.key, step.operation, frozen(step.parameters), step.form)
            families.setdefault((*key, *(x.form for x in step.inputs)), []).append(step)
    groups = [tuple(sorted(f, key=lambda x: x.order)) for f in families.values() if len(f) > 1]
    return together(plan, groups, "t")
