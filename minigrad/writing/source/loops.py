"""The loops of the forward pass: what is computed together step by step, upward or downward."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from minigrad.notation.expression import symbols
from minigrad.writing.dependence import components
from minigrad.writing.structure import Model

# What each value reads: names, and how far their steps are away; None without counting steps.
Reads: TypeAlias = Mapping[str, Collection[tuple[str, int | None]]]


@dataclass(frozen=True)
class Loop:
    """Values that are computed together, in this order; `steps` is None outside of the steps."""

    names: tuple[str, ...]
    steps: range | None


def loops_of(model: Model) -> list[Loop]:
    """The forward pass: as many values in each loop as can be, and those without steps between.

    Raises
    ------
    ValueError
        If values depend on each other in a way that no loop can follow.
    """
    reads = _reads(model)
    moving = {e.value.name for e in model.equations if e.value.t is not None}
    left = components({name: {m for m, _ in of_name} for name, of_name in reads.items()})
    done: set[str] = set()
    loops: list[Loop] = []
    while left:
        of_one = (group[0] for group in left if group[0] not in moving)
        ready = next((name for name in of_one if all(m in done for m, _ in reads[name])), None)
        if ready is not None:
            loops.append(Loop((ready,), None))
        else:
            groups = [g for g in left if g[0] in moving]
            up, down = (_together(groups, reads, done, sign) for sign in (1, -1))
            names = max(up, down, key=len)
            if not names:
                raise ValueError(_no_loop(left, reads))
            steps = {t for name in names for e in model.equations_of(name) for t in e.steps}
            upward = range(min(steps), max(steps) + 1)
            loops.append(Loop(tuple(names), upward if names is up else upward[::-1]))
        done.update(loops[-1].names)
        left = [group for group in left if group[0] not in done]
    return loops


def _reads(model: Model) -> Reads:
    reads: dict[str, set[tuple[str, int | None]]] = {e.value.name: set() for e in model.equations}
    for e in model.equations:
        for s in symbols(e.expression):
            if s.name in reads:
                reads[e.value.name].add((s.name, None if e.value.t is None else s.t))
    return reads


def _together(
    groups: Collection[list[str]], reads: Reads, done: Collection[str], sign: int
) -> list[str]:
    """The names that one loop can compute, each after those of its step that it reads."""
    taken: list[str] = []
    before = None
    while taken != before:
        before = [*taken]
        for group in groups:
            if group[0] not in taken:
                known = {*done, *taken}
                fits = all(
                    _is_known(r, known, {*taken, *group}, sign) for n in group for r in reads[n]
                )
                taken += _ordered(group, reads) if fits else []
    return taken


def _is_known(
    read: tuple[str, int | None], known: Collection[str], inside: Collection[str], sign: int
) -> bool:
    """Whether what is read was computed before: in another loop, or in an earlier turn."""
    name, distance = read
    if name in inside and distance is not None:
        return distance * sign <= 0
    return name in known


def _ordered(group: list[str], reads: Reads) -> list[str]:
    """Values of a recurrence, each after those of its own step that it reads."""
    order: list[str] = []
    while left := [name for name in group if name not in order]:
        ready = [n for n in left if not any((m, 0) in reads[n] for m in left)]
        if not ready:
            raise ValueError(
                f"numpy_source: {', '.join(left)} depend on each other within a step, here in one "
                "order and there in another; give them different names there"
            )
        order.append(ready[0])
    return order


def _no_loop(left: Collection[list[str]], reads: Reads) -> str:
    """Which values are in the way."""
    group = next(group for group in left if len(group) > 1 or _reads_itself(group[0], reads))
    return (
        f"numpy_source: no loop over the steps can follow how {', '.join(group)} depend on each "
        "other at earlier and later steps; give them different names where that changes"
    )


def _reads_itself(name: str, reads: Reads) -> bool:
    return any(m == name for m, _ in reads[name])
