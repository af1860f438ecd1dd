"""The text around the formulas: sections, reasons, components and their sums, in three formats."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from typing import TYPE_CHECKING, TypeAlias

from minigrad.notation.expression import Symbol
from minigrad.writing.phrases import (
    Formula,
    Piece,
    as_written,
    at_step,
    counted_from,
    derivative,
    how_many,
    last_step,
    listed,
    step_number,
)
from minigrad.writing.rows import Row, adjoint_of, moving
from minigrad.writing.structure import Item, Part

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


Block: TypeAlias = Heading | Paragraph | list[Row]


class Writer:
    """Turns a derivation into blocks."""

    def __init__(self, derivation: "WrittenDerivation") -> None:
        self.derivation = derivation
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
        yield [self.rows.equation(e) for e in self.model.equations]
        yield Heading(1, "3", ("Backward propagation",))
        yield self._conventions()
        for i, section in enumerate(self.model.sections, 1):
            names = listed([adjoint_of(item) for item in section])
            yield Heading(2, f"3.{i}", ("Computing ", *names))
            for _, items in groupby(section, key=self._kind):
                yield from self._items(list(items))

    def _given(self) -> Iterator[Block]:
        steps = self.model.steps
        shapes: list[Piece] = []
        for leaf in self.model.leaves:
            initial = leaf.name in self.computed or (len(leaf.steps) == 1 and leaf.steps != steps)
            here: tuple[int | None, ...] = (0,) if leaf.steps else (None,)
            symbols = [Symbol(leaf.name, t, leaf.shape) for t in (leaf.steps if initial else here)]
            origin = 0 if initial else None
            names = listed(
                [counted_from(origin, partial(as_written, symbol)) for symbol in symbols]
            )
            shape = " × ".join(map(str, leaf.shape)) or "a number"
            shapes += ["; " if shapes else "", *names, f": {shape}"]
        for name, array in self.model.arrays.items():
            symbol = Symbol(name, None, array.shape)
            shape = " × ".join(map(str, array.shape)) or "a number"
            shapes += ["; ", partial(as_written, symbol), f": {shape}, an array of the program"]
        if steps:
            first: Formula = lambda p: p.range(steps[0])  # noqa: E731
            last: Formula = lambda p: f"T = {steps[-1]}"  # noqa: E731
            yield Paragraph(("For the time steps ", first, "; here ", last, "."))
        yield Paragraph(("Given are ", *shapes, "."))

    def _conventions(self) -> Paragraph:
        numerator = self.derivation.layout == "numerator"
        J = self.model.J
        return Paragraph(
            (
                "In numerator layout: a derivative has the shape of the transpose of what it "
                "belongs to, a row for a column. "
                if numerator
                else "In gradient layout: a derivative has the shape of what it belongs to. ",
                "The circle is the product element by element, and a 1 in bold a column of ones. "
                "A row or column added to a matrix is added to all of its rows or columns. ",
                "The derivative of ",
                lambda p: p.name(J, bold=False),
                " by a value is the sum of what flows in from the values computed from it.",
            )
        )

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
            yield Paragraph((*self._reason(items[0].parts[0]), ","))
            yield [row for item in items for row in self._parts(item, item.via[0])]
            if items[0].of.t:
                yield Paragraph(("which is ", *self._use(items[0])))

    def _parts(self, item: Item, via: str) -> Iterator[Row]:
        """A contribution, in all its variants."""
        for part in item.parts:
            if part.via.name == via:
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
            name = items[0].of.name
            where = self._from_step(name, distance)
            yield Paragraph((f"Comp-{next(number)} flows in ", *where))
        for via in items[0].via:
            through = next(part for part in items[0].parts if part.via.name == via)
            reason = self._reason(through, lower=True)
            value: Formula = partial(as_written, through.via)
            yield Paragraph((f"Comp-{next(number)}: ", *reason, ", through ", value, ","))
            yield [row for item in items for row in self._parts(item, via)]
        if n > 1:
            meet = any(map(self.rows.meet, items))
            words = "They are added (the numbers are those of plus nodes in the gradient flow):"
            yield Paragraph((words if meet else "Only one of them is there at each step:",))
            yield [row for item in items for row in self.rows.of_sum(item)]
        for item in items:
            if item.of.t:
                yield Paragraph(("What flows to ", adjoint_of(item), " is ", *self._use(item)))

    def _from_step(self, name: str, distance: int) -> tuple[Piece, ...]:
        """From which step something flows in, and where there is none."""
        see = f"(section {self.places[name, -distance]})"
        item = self.rows.giving(name, distance)
        step = counted_from(
            item.origin, partial(step_number, distance if item.origin is None else 0)
        )
        if item.origin is not None:
            at = partial(at_step, item.origin - distance)
            return ("from the step ", step, " for ", at, f" alone {see}.")
        words = ("from the step ", step, f" {see}; ")
        if distance > 0:
            return (*words, "after the last step, ", last_step, ", there is none.")
        first = partial(at_step, self.model.steps[0])
        return (*words, "before the first step, ", first, ", there is none.")

    def _use(self, item: Item) -> Iterator[Piece]:
        """Which component of which section a part is that flows to another step."""
        name, distance = item.of.name, item.of.t or 0
        same = [x for s in self.model.sections for x in s if x.of.name == name]
        [whole] = [x for x in same if x.of.t == 0]
        number = whole.from_steps.index(-distance) + 1
        yield f"Comp-{number} of section {self.places[name, 0]}"
        states = [leaf for leaf in self.model.leaves if leaf.name == name in self.computed]
        for t in states[0].steps if states else ():
            ways = [x for x in same if t in x.steps]
            if item in ways:
                yield from (", and for ", partial(at_step, t - distance))
                yield " all of " if ways == [item] else " a part of "
                yield counted_from(0, derivative(name, t))
        yield "."

    def _shared(self, items: list[Item]) -> Iterator[Block]:
        """What the steps share: the share of a step, then the sum over the steps."""
        one = len(items) == 1
        reason = self._reason(items[0].parts[0]) if len(items[0].via) == 1 else ("Together",)
        shares = list[Row]()
        for item in items:
            shares += [row for via in item.via for row in self._parts(item, via)]
            shares += [self.rows.share(item)] if len(moving(item)) > 1 else []
        yield Paragraph(
            (*reason, f", the {'share of a step is' if one else 'shares of a step are'}")
        )
        yield shares
        yield Paragraph(("and the sum over the steps" if one else "and the sums over the steps",))
        yield [self.rows.over_steps(item) for item in items]

    def _reason(self, part: Part, lower: bool = False) -> tuple[Piece, ...]:
        numbers = dict.fromkeys(e.number for e in self.model.equations_of(part.via.name))
        word = "from" if lower else "From"
        return (f"{word} eq. {', '.join(map(str, numbers))}",)
