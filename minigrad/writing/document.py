"""The text around the formulas: sections, reasons, components and their sums, in three formats."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from typing import TYPE_CHECKING, TypeAlias

from minigrad.derivation.claims import Adjoint, Step
from minigrad.notation.expression import Symbol
from minigrad.notation.forms import is_of_row, of_one_column, typeset
from minigrad.notation.printing import Text
from minigrad.writing.conventions import conventions
from minigrad.writing.phrases import (
    Formula,
    Piece,
    added_up,
    as_written,
    at_step,
    by_chain_rule,
    counted_from,
    derivative,
    from_step,
    how_many,
    in_words,
    last_step,
    listed,
    share_of_step,
    size,
    step_number,
    sum_of_shares,
)
from minigrad.writing.steps import condition
from minigrad.writing.structure import Equation, Item, Part

if TYPE_CHECKING:
    from minigrad.writing.derivation import WrittenDerivation, WrittenLine


@dataclass(frozen=True)
class Heading:
    level: int
    number: str
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Paragraph:
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Row:
    """One line of a display: what stands left and right of "=", and a remark."""

    left: Formula | None
    right: Formula
    remark: tuple[Piece, ...] = ()


Block: TypeAlias = Heading | Paragraph | list[Row]


@dataclass(frozen=True)
class Term:
    """A component of a derivative: how it is written, and at which steps of the value it is there.

    `left` is what it is a component of, where that is written otherwise for this one.
    """

    written: Formula
    steps: frozenset[int]
    left: Formula | None = None


class Writer:
    """Turns a derivation into blocks."""

    def __init__(self, derivation: "WrittenDerivation") -> None:
        self.derivation = derivation
        self.model = derivation.model
        self.computed = {equation.value.name for equation in derivation.model.equations}
        self.plus = count(1)  # the labels of the plus nodes, in the order of the text
        self.places = {
            (item.of.name, item.of.t): f"3.{i}"
            for i, section in enumerate(self.model.sections, 1)
            for item in section
        }

    def blocks(self) -> Iterator[Block]:
        yield Heading(1, "2", ("Forward propagation",))
        yield from self._given()
        yield [self._equation(e) for e in self.model.equations]
        yield Heading(1, "3", ("Backward propagation",))
        yield self._conventions()
        for i, section in enumerate(self.model.sections, 1):
            names = listed([_adjoint_of(item) for item in section])
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
            shapes += ["; " if shapes else "", *names, ": ", size(leaf.shape)]
        for name, array in self.model.arrays.items():
            symbol = Symbol(name, None, array.shape)
            written = partial(as_written, symbol)
            shapes += ["; ", written, ": ", size(array.shape), ", an array of the program"]
        if steps:
            first: Formula = lambda p: p.range(steps[0])  # noqa: E731
            last: Formula = lambda p: f"T = {steps[-1]}"  # noqa: E731
            yield Paragraph(("For the time steps ", first, "; here ", last, "."))
        yield Paragraph(("Given are ", *shapes, "."))

    def _conventions(self) -> Paragraph:
        parts = [part for section in self.model.sections for item in section for part in item.parts]
        written = [
            *(e.expression for e in self.model.equations),
            *map(self.derivation.written, parts),
        ]
        layout, J = self.derivation.layout, self.model.J
        return Paragraph(conventions(map(typeset, written), layout, J))

    def _equation(self, e: Equation) -> Row:
        remark: list[Piece] = [f"eq. {e.number}"]
        if condition := self._condition(e.steps):
            remark += [", ", condition]
        left, right = (partial(as_written, x) for x in (e.value, typeset(e.expression)))
        return Row(counted_from(e.origin, left), counted_from(e.origin, right), tuple(remark))

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
            on = bool(items[0].of.t)
            rows: list[Row] = []
            for item in items:
                left = self._component(item, item.via[0]) if on else _adjoint_of(item)
                rows += self._rows(left, item.parts)
            yield rows
            if on:
                yield Paragraph(("which is ", *self._use(items[0])))

    def _components(self, items: list[Item]) -> Iterator[Block]:
        """The components of a derivative, or of several with the same reasons, and their sums."""
        names = listed([_adjoint_of(item) for item in items])
        n = len(items[0].via) + len(items[0].from_steps)
        have = "has" if len(items) == 1 else "each have"
        yield Paragraph(
            (f"The derivative{'s' * (len(items) > 1)} ", *names, f" {have} {how_many(n)}:")
        )
        number = count(1)
        terms: list[list[Term]] = [[] for _ in items]
        for distance in items[0].from_steps:
            name = items[0].of.name
            terms[0].append(self._term_from(name, distance))
            where = self._from_step(name, distance)
            yield Paragraph((f"Comp-{next(number)} flows in ", *where))
        for via in items[0].via:
            rows: list[Row] = []
            for item, components in zip(items, terms, strict=True):
                parts = [part for part in item.parts if part.via.name == via]
                steps = frozenset(t + (item.of.t or 0) for part in parts for t in part.steps)
                components.append(Term(self._component(item, via), steps))
                rows += self._rows(components[-1].written, parts)
            reason = self._reason(parts[0], lower=True)
            through: Formula = partial(as_written, parts[0].via)
            yield Paragraph((f"Comp-{next(number)}: ", *reason, ", through ", through, ","))
            yield rows
        if n > 1:
            meet = [_meet(item, some) for item, some in zip(items, terms, strict=True)]
            words = "They are added (the numbers are those of plus nodes in the gradient flow):"
            yield Paragraph((words if any(meet) else "Only one of them is there at each step:",))
            yield [
                row
                for item, some, together in zip(items, terms, meet, strict=True)
                for row in ([self._sum(item, some)] if together else self._cases(item, some))
            ]
        for item in items:
            if item.of.t:
                yield Paragraph(("What flows to ", _adjoint_of(item), " is ", *self._use(item)))

    def _from_step(self, name: str, distance: int) -> tuple[Piece, ...]:
        """From which step something flows in, and where there is none."""
        see = f"(section {self.places[name, -distance]})"
        item = self._giving(name, distance)
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

    def _giving(self, name: str, distance: int) -> Item:
        """What a step so far away gives to a value."""
        of = (name, -distance)
        [item] = [x for s in self.model.sections for x in s if (x.of.name, x.of.t) == of]
        return item

    def _term_from(self, name: str, distance: int) -> Term:
        item = self._giving(name, distance)
        steps = frozenset(item.steps)
        if item.origin is None:
            return Term(from_step(name, 0, distance), steps)
        written = counted_from(item.origin, from_step(name, item.of.t or 0, 0))
        return Term(written, steps, _adjoint_of(item))

    def _sum(self, item: Item, terms: list[Term]) -> Row:
        """The sum of components, with the numbers of its plus nodes."""
        labels = ", ".join(str(next(self.plus)) for _ in terms[1:])
        return Row(
            _sum_of(item), partial(added_up, [x.written for x in terms]), (f"plus {labels}",)
        )

    def _cases(self, item: Item, terms: list[Term]) -> Iterator[Row]:
        """Components of which each is the whole derivative where it is there."""
        for term in terms:
            held = sorted(term.steps.intersection(self.model.steps))
            remark = "" if term.left else self._condition(held)
            yield Row(term.left or _sum_of(item), term.written, (remark,) if remark else ())

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
        shares, sums = list[Row](), list[Row]()
        for item in items:
            name = item.of.name
            share: Formula = partial(share_of_step, name)
            loose = [part for part in item.parts if part.via.t is None]
            lefts = [share] if len(item.via) == 1 else [self._component(item, v) for v in item.via]
            for via, left in zip(item.via, lefts, strict=True):
                parts = [part for part in item.parts if part.via.name == via]
                shares += self._rows(left, parts)
            known = {part.via.name for part in loose}
            moving = [x for x, via in zip(lefts, item.via, strict=True) if via not in known]
            if len(moving) > 1:
                shares.append(Row(share, partial(added_up, moving)))
            outside = [x for x, via in zip(lefts, item.via, strict=True) if via in known]
            steps = [t for part in item.parts for t in part.steps if part.via.t is not None]
            over: Formula = partial(sum_of_shares, name, min(steps), max(steps))
            sums.append(Row(derivative(name, None), partial(added_up, [*outside, over])))
        yield Paragraph(
            (*reason, f", the {'share of a step is' if one else 'shares of a step are'}")
        )
        yield shares
        yield Paragraph(("and the sum over the steps" if one else "and the sums over the steps",))
        yield sums

    def _rows(self, left: Formula, parts: Sequence[Part]) -> Iterator[Row]:
        for part in parts:
            expression = self.derivation.written(part)
            condition = self._condition(part.steps)
            rows: list[tuple[Formula, str]] = []
            if self.derivation.layout == "numerator" and part.via.name != self.model.J:
                rows.append((partial(by_chain_rule, part), ""))
            if (column := of_one_column(expression)) != typeset(expression):
                one = "for one row" if is_of_row(column) else "for one column"
                rows.append((partial(as_written, column), one))
            rows.append((partial(as_written, typeset(expression)), condition))
            for i, (right, remark) in enumerate(rows):
                first = None if i else counted_from(part.origin, left)
                yield Row(first, counted_from(part.origin, right), (remark,) if remark else ())

    def _component(self, item: Item, via: str) -> Formula:
        part = next(part for part in item.parts if part.via.name == via)
        return lambda p: p.component(item.of.name, item.of.t, via, part.via.t)

    def _reason(self, part: Part, lower: bool = False) -> tuple[Piece, ...]:
        numbers = dict.fromkeys(e.number for e in self.model.equations_of(part.via.name))
        word = "from" if lower else "From"
        return (f"{word} eq. {', '.join(map(str, numbers))}",)

    def _condition(self, steps: Sequence[int]) -> str:
        return in_words(condition(steps, self.model.steps, reach=self.model.reach))


def _adjoint_of(item: Item) -> Formula:
    return counted_from(item.origin, derivative(item.of.name, item.of.t))


def _sum_of(item: Item) -> Formula:
    """What the components of an item add up to."""
    return from_step(item.of.name, item.of.t, 0) if item.of.t else _adjoint_of(item)


def _meet(item: Item, terms: Sequence[Term]) -> bool:
    """Whether there is a step at which two components are there."""
    steps = [t for term in terms for t in term.steps]
    return item.of.t is None or len(set(steps)) < len(steps)


def line_text(line: "WrittenLine") -> str:
    """A line in Unicode, with its place in the text."""
    claim = line.claim
    assert isinstance(claim, Adjoint)
    values = dict(line.flow.values)
    computed = {s for (_, s), x in values.items() if x._operation is not None and s is not None}
    p = Text(line.flow.J.name or "J", last=max(computed, default=None))
    if line.part is not None and line.part.origin is not None:
        p = p.absolute(line.part.origin)
    moves = (claim.name, None) not in values
    t = claim.t if moves and isinstance(claim.t, int) else None

    def spelled(a: Adjoint) -> str:
        if a.via is None:
            return p.adjoint(a.name, t)
        if isinstance(a.via, Step) and a.is_from_another_step:
            return p.from_step(a.name, t or 0, (t or 0) + a.via.distance)
        if not isinstance(a.via, str) or (
            not moves and len(line.inputs) and not isinstance(a.t, int)
        ):
            return p.share(a.name)
        return p.component(a.name, t, a.via, None if (a.via, None) in values else 0)

    if line.expression is not None:
        right = p(typeset(line.expression))
    elif len(line.inputs) == 1:
        steps = [s for _, s in line.flow.contributions(claim.name) if s is not None]
        right = sum_of_shares(claim.name, min(steps), max(steps), p)
    else:
        right = " + ".join(spelled(a) for a in line.inputs.values() if isinstance(a, Adjoint))
    remark = ""
    if line.steps is not None:
        remark = f"  ({in_words(condition(sorted(line.steps), sorted(computed)))})"
    return f"{line.ref}  {spelled(claim)} = {right}{remark}"
