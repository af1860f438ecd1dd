"""The sections of a derivation: which adjoints come together, and in which order."""

from collections.abc import Iterable
from dataclasses import replace

from minigrad.notation.expression import Expression, Symbol, symbols, transform
from minigrad.writing.dependence import components
from minigrad.writing.structure import Equation, Item


def in_sections(items: list[Item], equations: list[Equation], J: str) -> list[tuple[Item, ...]]:
    """Group and order the items as the text has them.

    Values that the same equations give come together, and parameters with the value that they
    make. A section comes as soon as all that it builds on is there; one that reads like the
    section before, with other names, comes right after it. What flows in from other steps does not
    count where values depend on each other so, as in a recurrence.

    Raises
    ------
    ValueError
        If values depend on each other within a step.
    """
    needed = _needed(items)
    order = _order_in_equations(items, equations)
    computed = {equation.value.name for equation in equations}
    leaves = {x.of.name for x in items if x.of.t is None and x.of.name not in computed}
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in sorted((x for x in items if x.of.name not in leaves), key=order):
        key = {*item.via, *(() if item.of.t else needed[item.of.name])}
        groups.setdefault(tuple(sorted(key)), []).append(item)
    parameters = sorted((x for x in items if x.of.name in leaves), key=order)
    done, sections = {J}, list[tuple[Item, ...]]()
    ready: list[tuple[str, ...]] = []
    while len(sections) < len(groups):
        ready += [
            key
            for key in sorted(groups, key=lambda key: _last_needed(key, sections))
            if key not in ready and done.issuperset(key)
        ]
        waiting = [key for key in ready if not _is_written(groups[key], sections)]
        if not waiting:
            missing = sorted({x.of.name for key in groups if key not in ready for x in groups[key]})
            raise ValueError(
                f"derive: {', '.join(missing)} depend on each other within a step, here in one "
                "order and there in another; give them different names there"
            )
        before = [x for x in sections[-1] if x.of.name not in leaves] if sections else []
        alike = [k for k in waiting if _reads(groups[k]) == _reads(before)]
        group = _in_order(groups[(alike or waiting)[0]])
        done |= {item.of.name for item in group if item.of.t in (0, None)}
        joining = [p for p in parameters if done.issuperset(p.via)]
        parameters = [p for p in parameters if p not in joining]
        done |= {p.of.name for p in joining}
        sections.append((*group, *joining))
    if parameters:
        sections.append(tuple(parameters))
    return sections


def _in_order(group: list[Item]) -> list[Item]:
    """What other steps add to last, but before what the same value gives to other steps."""
    own = {item.of.name for item in group if item.of.t == 0}

    def place(item: Item) -> int:
        return 2 if item.of.t and item.of.name in own else 1 if item.from_steps else 0

    return sorted(group, key=place)


def _needed(items: list[Item]) -> dict[str, set[str]]:
    """What each adjoint is computed from at any step, and that is not computed from it in turn."""
    acts_on: dict[str, set[str]] = {}
    for item in items:
        acts_on.setdefault(item.of.name, set()).update(item.via)
    together = {name: group for group in components(acts_on) for name in group}
    return {name: via.difference(together[name]) for name, via in acts_on.items()}


def _is_written(group: list[Item], sections: list[tuple[Item, ...]]) -> bool:
    return any(group[0] in section for section in sections)


def _last_needed(key: tuple[str, ...], sections: list[tuple[Item, ...]]) -> tuple[int, int]:
    """Where in the text so far the last of these values stands."""
    places = [
        (i, j)
        for i, section in enumerate(sections)
        for j, item in enumerate(section)
        if item.of.name in key
    ]
    return max(places, default=(-1, -1))


def _order_in_equations(items: list[Item], equations: list[Equation]):  # type: ignore[no-untyped-def]
    """The order in which values stand in the equations that use them, the last equation first."""
    places: dict[tuple[str, int | None], tuple[int, int]] = {}
    for equation in equations:
        for position, x in enumerate(symbols(equation.expression)):
            places[x.name, x.t] = (-equation.number, position)
    return lambda item: places.get((item.of.name, item.of.t), (0, 0))


def _reads(items: Iterable[Item]) -> list[Expression]:
    """The parts without their names: what two sections that read alike have in common."""
    return [_anonymous(part.expression) for item in items for part in item.parts]


def _anonymous(e: Expression) -> Expression:
    names: dict[str, str] = {}

    def rename(x: Expression) -> Expression:
        if not isinstance(x, Symbol):
            return x
        return replace(x, name=names.setdefault(x.name, str(len(names))))

    return transform(e, rename)
