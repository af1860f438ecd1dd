"""The text around the formulas: sections, reasons, components and their sums, in three formats."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from typing import TYPE_CHECKING, TypeAlias

from minigrad.derivation.claims import Adjoint, Step
from minigrad.notation.expression import Expression, Symbol
from minigrad.notation.forms import is_of_row, of_one_column, typeset
from minigrad.notation.printing import Printer, Text
from minigrad.writing.steps import condition
from minigrad.writing.structure import Equation, Item, Part

if TYPE_CHECKING:
    from minigrad.writing.derivation import WrittenDerivation, WrittenLine

# A formula, once it is known how formulas are written.
Formula: TypeAlias = Callable[[Printer], str]
Piece: TypeAlias = str | Formula


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
            names = _listed([_adjoint_of(item) for item in section])
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
            names = _listed([_from(origin, partial(_written, symbol)) for symbol in symbols])
            shape = " × ".join(map(str, leaf.shape)) or "a number"
            shapes += ["; " if shapes else "", *names, f": {shape}"]
        for name, array in self.model.arrays.items():
            symbol = Symbol(name, None, array.shape)
            shape = " × ".join(map(str, array.shape)) or "a number"
            shapes += ["; ", partial(_written, symbol), f": {shape}, an array of the program"]
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

    def _equation(self, e: Equation) -> Row:
        remark: list[Piece] = [f"eq. {e.number}"]
        if condition := self._condition(e.steps):
            remark += [", ", condition]
        left, right = (partial(_written, x) for x in (e.value, typeset(e.expression)))
        return Row(_from(e.origin, left), _from(e.origin, right), tuple(remark))

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
        names = _listed([_adjoint_of(item) for item in items])
        n = len(items[0].via) + len(items[0].from_steps)
        have = "has" if len(items) == 1 else "each have"
        yield Paragraph(
            (f"The derivative{'s' * (len(items) > 1)} ", *names, f" {have} {_parts(n)}:")
        )
        number = count(1)
        lefts: list[list[Formula]] = [[] for _ in items]
        for distance in items[0].from_steps:
            of = items[0].of
            lefts[0].append(_from_step(of.name, 0, distance))
            where = self._from_step(items[0].of.name, distance)
            yield Paragraph((f"Comp-{next(number)} flows in ", *where))
        for via in items[0].via:
            rows: list[Row] = []
            for item, components in zip(items, lefts, strict=True):
                parts = [part for part in item.parts if part.via.name == via]
                components.append(self._component(item, via))
                rows += self._rows(components[-1], parts)
            reason = self._reason(parts[0], lower=True)
            through: Formula = partial(_written, parts[0].via)
            yield Paragraph((f"Comp-{next(number)}: ", *reason, ", through ", through, ","))
            yield rows
        if n > 1:
            yield Paragraph(
                ("They are added (the numbers are those of plus nodes in the gradient flow):",)
            )
            yield [self._sum(item, terms) for item, terms in zip(items, lefts, strict=True)]
        for item in items:
            if item.of.t:
                yield Paragraph(("What flows to ", _adjoint_of(item), " is ", *self._use(item)))

    def _from_step(self, name: str, distance: int) -> tuple[Piece, ...]:
        """From which step something flows in, and where there is none."""
        see = f"(section {self.places[name, -distance]})"
        of = (name, -distance)
        [item] = [x for s in self.model.sections for x in s if (x.of.name, x.of.t) == of]
        step = _from(item.origin, partial(_step, distance if item.origin is None else 0))
        if item.origin is not None:
            at = partial(_at_step, item.origin - distance)
            return ("from the step ", step, " for ", at, f" alone {see}.")
        words = ("from the step ", step, f" {see}; ")
        if distance > 0:
            return (*words, "after the last step, ", _end, ", there is none.")
        first = partial(_at_step, self.model.steps[0])
        return (*words, "before the first step, ", first, ", there is none.")

    def _sum(self, item: Item, terms: list[Formula]) -> Row:
        """The sum of components, with the numbers of its plus nodes."""
        labels = ", ".join(str(next(self.plus)) for _ in terms[1:])
        left = _from_step(item.of.name, item.of.t, 0) if item.of.t else _adjoint_of(item)
        return Row(left, partial(_plus, terms), (f"plus {labels}",))

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
                yield from (", and for ", partial(_at_step, t - distance))
                yield " all of " if ways == [item] else " a part of "
                yield _from(0, _adjoint(name, t))
        yield "."

    def _shared(self, items: list[Item]) -> Iterator[Block]:
        """What the steps share: the share of a step, then the sum over the steps."""
        one = len(items) == 1
        reason = self._reason(items[0].parts[0]) if len(items[0].via) == 1 else ("Together",)
        shares, sums = list[Row](), list[Row]()
        for item in items:
            name = item.of.name
            share: Formula = partial(_share, name)
            loose = [part for part in item.parts if part.via.t is None]
            lefts = [share] if len(item.via) == 1 else [self._component(item, v) for v in item.via]
            for via, left in zip(item.via, lefts, strict=True):
                parts = [part for part in item.parts if part.via.name == via]
                shares += self._rows(left, parts)
            known = {part.via.name for part in loose}
            moving = [x for x, via in zip(lefts, item.via, strict=True) if via not in known]
            if len(moving) > 1:
                shares.append(Row(share, partial(_plus, moving)))
            outside = [x for x, via in zip(lefts, item.via, strict=True) if via in known]
            steps = [t for part in item.parts for t in part.steps if part.via.t is not None]
            over: Formula = partial(_sum_of_shares, name, min(steps), max(steps))
            sums.append(Row(_adjoint(name, None), partial(_plus, [*outside, over])))
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
                rows.append((partial(_chain, part), ""))
            if (column := of_one_column(expression)) != typeset(expression):
                one = "for one row" if is_of_row(column) else "for one column"
                rows.append((partial(_written, column), one))
            rows.append((partial(_written, typeset(expression)), condition))
            for i, (right, remark) in enumerate(rows):
                first = None if i else _from(part.origin, left)
                yield Row(first, _from(part.origin, right), (remark,) if remark else ())

    def _component(self, item: Item, via: str) -> Formula:
        part = next(part for part in item.parts if part.via.name == via)
        return lambda p: p.component(item.of.name, item.of.t, via, part.via.t)

    def _reason(self, part: Part, lower: bool = False) -> tuple[Piece, ...]:
        numbers = dict.fromkeys(e.number for e in self.model.equations_of(part.via.name))
        word = "from" if lower else "From"
        return (f"{word} eq. {', '.join(map(str, numbers))}",)

    def _condition(self, steps: Sequence[int]) -> str:
        return in_words(condition(steps, self.model.steps, reach=self.model.reach))


def in_words(condition: str) -> str:
    """At which of the steps something holds, as it is written outside of programs."""
    for sign, written in ((" == ", " = "), (" != ", " ≠ "), (" <= ", " ≤ "), (" in ", " = ")):
        condition = condition.replace(sign, written)
    return condition.replace("(", "").replace(")", "")


def _adjoint(name: str, t: int | None) -> Formula:
    return lambda p: p.adjoint(name, t)


def _adjoint_of(item: Item) -> Formula:
    return _from(item.origin, _adjoint(item.of.name, item.of.t))


def _at_step(t: int, p: Printer) -> str:
    return f"t = {p.absolute().step(t)}"


def _from(origin: int | None, formula: Formula) -> Formula:
    """With numbers for steps, if there is a step that they count from."""
    return formula if origin is None else lambda p: formula(p.absolute(origin))


def _written(e: Expression, p: Printer) -> str:
    return p(e)


def _chain(part: Part, p: Printer) -> str:
    return p.chain(part.via, part.of)


def _share(name: str, p: Printer) -> str:
    return p.share(name)


def _sum_of_shares(name: str, first: int, last: int, p: Printer) -> str:
    return p.sum_of(first, last, p.share(name))


def _plus(terms: Sequence[Formula], p: Printer) -> str:
    return " + ".join(term(p) for term in terms)


def _listed(formulas: Sequence[Formula]) -> list[Piece]:
    """a, b, and c"""
    pieces: list[Piece] = []
    for i, formula in enumerate(formulas):
        if i:
            pieces.append(", " if i < len(formulas) - 1 else " and " if i == 1 else ", and ")
        pieces.append(formula)
    return pieces


def _from_step(name: str, t: int, source: int) -> Formula:
    return lambda p: p.from_step(name, t, source)


def _step(t: int, p: Printer) -> str:
    return p.step(t)


def _end(p: Printer) -> str:
    return "t = T"


def _parts(n: int) -> str:
    """How many components, in words."""
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    return f"{words[n] if n < len(words) else n} component{'s' * (n > 1)}"


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
        right = p.sum_of(min(steps), max(steps), p.share(claim.name))
    else:
        right = " + ".join(spelled(a) for a in line.inputs.values() if isinstance(a, Adjoint))
    remark = ""
    if line.steps is not None:
        remark = f"  ({in_words(condition(sorted(line.steps), sorted(computed)))})"
    return f"{line.ref}  {spelled(claim)} = {right}{remark}"
