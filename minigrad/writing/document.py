"""The text around the formulas: sections, reasons, components and their sums, in three formats."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, groupby
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from minigrad.notation.expression import Expression, Symbol
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Text
from minigrad.writing.conventions import conventions
from minigrad.writing.phrases import (
    Formula,
    Piece,
    as_written,
    at_step,
    counted_from,
    derivative,
    distribution,
    how_many,
    listed,
    size,
    step_number,
)
from minigrad.writing.rows import Row, adjoint_of, moving
from minigrad.writing.structure import Equation, Item, Part

if TYPE_CHECKING:
    from minigrad.writing.derivation import WrittenDerivation


@dataclass(frozen=True)
class Heading:
    level: int
    number: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    pieces: tuple[Piece, ...]


Said = TypeVar("Said", Equation, Part)

MANY = 6  # names in a heading

Block: TypeAlias = Heading | Paragraph | list[Row]


class Writer:
    """Turns a derivation into blocks."""

    def __init__(self, derivation: "WrittenDerivation") -> None:
        self.model = derivation.model
        self.rows = derivation.rows
        self.computed = {equation.value.name for equation in derivation.model.equations}
        self.places = {
            (item.of.name, item.of.t): f"3.{i}"
            for i, section in enumerate(self.model.sections, 1)
            for item in section
        }

    def blocks(self) -> Iterator[Block]:
        yield Heading(1, "2", ("Forward propagation",))
        yield from self._given()
        equations = merged(self.model.equations, lambda e: (e.value.name, e.expression))
        yield [self.rows.equation(e) for e in equations]
        yield Heading(1, "3", ("Backward propagation",))
        yield self._conventions()
        yield from self._sections()

    def _sections(self) -> Iterator[Block]:
        for i, section in enumerate(self.model.sections, 1):
            names: list[Piece] = [adjoint_of(item) for item in section]
            if len(names) > MANY:
                names[MANY - 1 :] = [f"{len(names) - MANY + 1} more"]
            yield Heading(2, f"3.{i}", ("Computing ", *listed(names)))
            for _, items in groupby(section, key=self._kind):
                yield from self._items(list(items))

    def _given(self) -> Iterator[Block]:
        steps = self.model.steps
        given: list[Piece] = []
        for leaf in self.model.leaves:
            initial = leaf.name in self.computed or (len(leaf.steps) == 1 and leaf.steps != steps)
            here: tuple[int | None, ...] = (0,) if leaf.steps else (None,)
            symbols = [Symbol(leaf.name, t, leaf.shape) for t in (leaf.steps if initial else here)]
            origin = 0 if initial else None
            names = [counted_from(origin, partial(as_written, symbol)) for symbol in symbols]
            given += ["; " if given else "", *listed(names)]
            if leaf.steps and not initial:
                inside = set(leaf.steps) <= set(steps)
                at = self.rows.condition(leaf.steps) if inside else [self._range(leaf.steps)]
                given += [piece for held in at for piece in (" for ", held)]
            given += [": ", size(leaf.shape), distribution(leaf)]
        for name, array in self.model.arrays.items():
            written = partial(as_written, Symbol(name, None, array.shape))
            given += ["; ", written, ": ", size(array.shape), ", an array of the program"]
        if steps:
            last: Formula = lambda p: f"T = {steps[-1]}"  # noqa: E731
            missing = self.rows.condition(steps, range(steps[0], steps[-1]))
            but = [piece for held in missing for piece in (", ", held)]
            yield Paragraph(("For the time steps ", self._range(steps), *but, "; here ", last, "."))
        yield Paragraph(("Given are ", *given, "."))

    def _range(self, steps: Sequence[int]) -> Formula:
        return lambda p: p.range(steps[0], steps[-1])

    def _conventions(self) -> Paragraph:
        items = [item for section in self.model.sections for item in section]
        written = [
            *(e.expression for e in self.model.equations),
            *(self.rows.written(part) for item in items for part in item.parts),
        ]
        layout, J = self.rows.layout, self.model.J
        said = [*conventions(map(typeset, written), layout, J)]
        if not all(item.is_whole for item in items):
            said.append(
                " A part of it is marked by a bar, and by the value that it comes through or the "
                "step that it comes from."
            )
        if self.rows.plus:
            said.append(" Where parts are added, the plus nodes of the gradient flow are numbered.")
        return Paragraph(tuple(said))

    # --- adjoints ---------------------------------------------------------------------------------

    def _kind(self, item: Item) -> tuple[object, ...]:
        """Items that are alike in this are written together."""
        goes_on = item.of.t and len(item.via) == 1
        if item.from_steps or goes_on or (item.is_shared and len(item.via) != 1):
            return (item.of,)
        return (set(item.via), item.is_shared)

    def _items(self, items: list[Item]) -> Iterator[Block]:
        if items[0].is_shared:
            yield from self._shared(items)
        elif len(items[0].via) > 1 or items[0].from_steps:
            yield from self._components(items)
        else:
            yield Paragraph((f"{self._reason(items[0].parts)},",))
            yield [row for item in items for row in self._parts(item, item.via[0])]
            if items[0].of.t:
                yield Paragraph(("which is ", *self._use(items[0])))

    def _parts(self, item: Item, via: str) -> Iterator[Row]:
        """A contribution, in all its variants."""
        parts = [part for part in item.parts if part.via.name == via]
        for part in merged(parts, lambda part: (via, self.rows.written(part))):
            yield from self.rows.of_part(item, part)

    def _components(self, items: list[Item]) -> Iterator[Block]:
        """The components of a derivative, or of several with the same reasons, and their sums."""
        names = listed([adjoint_of(item) for item in items])
        n = len(items[0].via) + len(items[0].from_steps)
        have = "has" if len(items) == 1 else "each have"
        yield Paragraph(
            (f"The derivative{'s' * (len(items) > 1)} ", *names, f" {have} {how_many(n)}:")
        )
        number = count(1)
        for distance in items[0].from_steps:
            where = self._from_step(items[0], distance)
            yield Paragraph((f"Comp-{next(number)} flows in ", *where))
        for via in items[0].via:
            parts = [part for part in items[0].parts if part.via.name == via]
            value: Formula = partial(as_written, parts[0].via)
            reason = self._reason(parts, "from")
            yield Paragraph((f"Comp-{next(number)}: {reason}, through ", value, ","))
            yield [row for item in items for row in self._parts(item, via)]
        if n > 1:
            meet = any(map(self.rows.meet, items))
            words = "They are added:" if meet else "Only one of them is there at each step:"
            yield Paragraph((words,))
            yield [row for item in items for row in self.rows.of_sum(item)]
        for item in items:
            if item.of.t:
                yield Paragraph(("What flows to ", adjoint_of(item), " is ", *self._use(item)))

    def _from_step(self, item: Item, distance: int) -> Iterator[Piece]:
        """From which step something flows in, and where there is none."""
        giving = self.rows.giving(item.of.name, distance)
        origin = giving.origin
        step = counted_from(origin, partial(step_number, distance if origin is None else 0))
        yield from ("from the step ", step, f" (section {self.places[item.of.name, -distance]})")
        if origin is not None:
            yield from (" for ", partial(at_step, origin - distance), " alone.")
            return
        missing = [t for t in self.model.steps if t not in giving.steps]
        if len(missing) == len(self.model.steps):
            yield ", for given states alone"
        for condition in self.rows.condition(missing):
            yield from ("; for ", condition, " there is none")
        yield "."

    def _use(self, item: Item) -> Iterator[Piece]:
        """Which component of which section a part is that flows to another step."""
        name, distance = item.of.name, item.of.t or 0
        same = [x for s in self.model.sections for x in s if x.of.name == name]
        [whole] = [x for x in same if x.of.t == 0]
        number = whole.from_steps.index(-distance) + 1
        yield f"Comp-{number} of section {self.places[name, 0]}"
        states = [t for leaf in self.model.leaves if leaf.name == name for t in leaf.steps]
        given = [t for t in states if name in self.computed and t in item.steps]
        for t in given:
            alone = [x for x in same if t in x.steps] == [item]
            yield from (
                ", and for " if t == given[-1] else ", for ",
                partial(at_step, t - distance),
            )
            yield from (
                " all of " if alone else " a part of ",
                counted_from(0, derivative(name, t)),
            )
        yield "."

    def _shared(self, items: list[Item]) -> Iterator[Block]:
        """What the steps share: the share of a step, then the sum over the steps."""
        one = len(items) == 1
        reason = self._reason(items[0].parts)
        share = "the share of a step is" if one else "the shares of a step are"
        if any(part.via.t is None for part in items[0].parts):
            share = "the part outside of the steps and the share of a step are"
        shares = list[Row]()
        for item in items:
            shares += [row for via in item.via for row in self._parts(item, via)]
            shares += self.rows.share(item) if len(moving(item)) > 1 else []
        yield Paragraph((f"{reason}, {share}",))
        yield shares
        yield Paragraph(("and the sum over the steps" if one else "and the sums over the steps",))
        yield [self.rows.over_steps(item) for item in items]

    def _reason(self, parts: Sequence[Part], word: str = "From") -> str:
        """The equations that contributions come from."""
        vias = dict.fromkeys(part.via.name for part in parts)
        numbers = dict.fromkeys(e.number for via in vias for e in self.model.equations_of(via))
        return f"{word} eq. {''.join(map(str, listed([*map(str, numbers)])))}"


def merged(
    variants: Sequence[Said], says: Callable[[Said], tuple[str, Expression]]
) -> Iterator[Said]:
    """What reads alike at several steps, though of arrays of other shapes, said once for them."""
    alike: dict[tuple[object, ...], list[Said]] = {}
    for x in variants:
        name, e = says(x)
        alike.setdefault((name, x.origin, Text()(typeset(e))), []).append(x)
    for first, *others in alike.values():
        steps = {t for x in others for t in x.steps}.union(first.steps)
        yield replace(first, steps=tuple(sorted(steps)))
