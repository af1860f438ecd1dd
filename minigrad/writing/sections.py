"""The sections of a derivation: which adjoints come together, and in which order."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from graphlib import TopologicalSorter
from typing import Any, TypeAlias

from minigrad.notation.expression import Expression, Symbol, symbols, transform
from minigrad.writing.dependence import components
from minigrad.writing.structure import Equation, Item

# What comes together, by the names of what it needs; and how it reads.
Key: TypeAlias = tuple[str, ...]
Groups: TypeAlias = Mapping[Key, list[Item]]
Form: TypeAlias = tuple[Expression, ...]


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
    groups, parameters = _grouped(items, equations)
    needs: dict[Any, Key] = {key: key for key in groups}
    needs |= {i: p.via for i, p in parameters.items()}
    missing = {name for names in needs.values() for name in names}
    sorter = TopologicalSorter(needs)
    sorter.prepare()

    def ready_after(new: Iterable[str]) -> list[Any]:
        sorter.done(*(here := missing.intersection(new)))
        missing.difference_update(here)
        return [*sorter.get_ready()]

    ready = [x for x in sorter.get_ready() if x in needs] + ready_after([J])
    waiting, sections = _Waiting(groups), list[tuple[Item, ...]]()
    while len(sections) < len(groups):
        waiting.add(key for key in ready if key in groups)
        group = waiting.next_group()
        ready = [i for i in ready if i in parameters]
        ready += ready_after(item.of.name for item in group if item.of.t in (0, None))
        joining = [parameters.pop(i) for i in sorted(i for i in ready if i in parameters)]
        ready = [key for key in ready if key in groups]
        ready += ready_after(p.of.name for p in joining)
        sections.append((*group, *joining))
        waiting.follow(sections[-1])
    return [*sections, (*parameters.values(),)] if parameters else sections


def _grouped(items: list[Item], equations: list[Equation]) -> tuple[Groups, dict[int, Item]]:
    """The items of values in groups, and those of parameters by their numbers."""
    needed = _needed(items)
    order = _order_in_equations(items, equations)
    computed = {equation.value.name for equation in equations}
    groups: dict[Key, list[Item]] = {}
    parameters: dict[int, Item] = {}
    for item in sorted(items, key=order):
        if item.of.t is None and item.of.name not in computed:
            parameters[len(parameters)] = item
        else:
            key = {*item.via, *(() if item.of.t else needed[item.of.name])}
            groups.setdefault(tuple(sorted(key)), []).append(item)
    return {key: _in_order(group) for key, group in groups.items()}, parameters


class _Waiting:
    """The groups whose turn may come: first what reads like the one before, then as they came."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._order = {key: i for i, key in enumerate(groups)}
        self._forms = {key: _form(group) for key, group in groups.items()}
        self._left = dict(groups)  # that have not come to wait
        self._keys: dict[Key, None] = {}
        self._alike: dict[Form, dict[Key, None]] = {}
        self._before: Form = ()
        self._places: dict[str, tuple[int, int]] = {}  # of the last item of a name in the text
        self._count = 0

    def add(self, keys: Iterable[Key]) -> None:
        """Let groups wait too, in the order in which what they need stands in the text."""

        def place(key: Key) -> tuple[tuple[int, int], int]:
            places = [self._places[name] for name in key if name in self._places]
            return max(places, default=(-1, -1)), self._order[key]

        for key in sorted(keys, key=place):
            del self._left[key]
            self._keys[key] = self._alike.setdefault(self._forms[key], {})[key] = None

    def next_group(self) -> list[Item]:
        """Take out the group whose turn it is."""
        if not self._keys:
            names = sorted({item.of.name for group in self._left.values() for item in group})
            raise ValueError(
                f"derive: {', '.join(names)} depend on each other within a step, here in one "
                "order and there in another; give them different names there"
            )
        key = next(iter(self._alike.get(self._before) or self._keys))
        self._before = self._forms[key]
        del self._keys[key], self._alike[self._before][key]
        return self._groups[key]

    def follow(self, section: Iterable[Item]) -> None:
        """Know where the items of a section stand."""
        self._places |= {item.of.name: (self._count, j) for j, item in enumerate(section)}
        self._count += 1


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


def _order_in_equations(items: list[Item], equations: list[Equation]):  # type: ignore[no-untyped-def]
    """The order in which values stand in the equations that use them, the last equation first."""
    places: dict[tuple[str, int | None], tuple[int, int]] = {}
    for equation in equations:
        for position, x in enumerate(symbols(equation.expression)):
            places[x.name, x.t] = (-equation.number, position)
    return lambda item: places.get((item.of.name, item.of.t), (0, 0))


def _form(items: Iterable[Item]) -> Form:
    """The parts without their names: what two sections that read alike have in common."""
    return tuple(_anonymous(part.expression) for item in items for part in item.parts)


def _anonymous(e: Expression) -> Expression:
    names: dict[str, str] = {}

    def rename(x: Expression) -> Expression:
        if not isinstance(x, Symbol):
            return x
        return replace(x, name=names.setdefault(x.name, str(len(names))))

    return transform(e, rename)
