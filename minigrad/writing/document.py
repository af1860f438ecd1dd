"""The text around the formulas: sections, reasons, components and their sums, in three formats."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count, groupby
from typing import TYPE_CHECKING, TypeAlias

from minigrad.derivation.claims import NEXT_STEP, Adjoint
from minigrad.notation.expression import Expression, Symbol
from minigrad.notation.forms import of_one_column, typeset
from minigrad.notation.printing import Printer, Text
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
            t = leaf.steps[0] if initial else 0
            symbol = Symbol(leaf.name, t if leaf.steps else None, leaf.shape)
            shape = " × ".join(map(str, leaf.shape)) or "a number"
            written = partial(_written_at_number if initial else _written, symbol)
            shapes += ["; " if shapes else "", written, f": {shape}"]
        for name, array in self.model.arrays.items():
            symbol = Symbol(name, None, array.shape)
            shape = " × ".join(map(str, array.shape)) or "a number"
            shapes += ["; ", partial(_written, symbol), f": {shape}, an array of the program"]
        if steps:
            yield Paragraph((f"For the time steps t = {steps[0]}, ..., T, here T = {steps[-1]}.",))
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
        has_step = e.value.t is not None
        return Row(
            lambda p: p(e.value),
            lambda p: (p if has_step else p.absolute())(typeset(e.expression)),
            tuple(remark),
        )

    # --- adjoints ---------------------------------------------------------------------------------

    def _kind(self, item: Item) -> tuple[object, ...]:
        """Items that are alike in this are written together."""
        if len(item.via) > 1 or item.from_next or (item.is_shared and not item.parts):
            return (item.of,)
        return (item.via, item.is_shared, self._goes_on(item))

    def _goes_on(self, item: Item) -> bool:
        """Whether it is only a part of what another section sums."""
        return item.of.t is not None and item.of.t < 0 and (item.of.name, 0) in self.places

    def _items(self, items: list[Item]) -> Iterator[Block]:
        if items[0].is_shared:
            yield from self._shared(items)
        elif len(items[0].via) > 1 or items[0].from_next:
            yield from self._components(items[0])
        else:
            yield Paragraph((*self._reason(items[0].parts[0]), ","))
            on = self._goes_on(items[0])
            rows: list[Row] = []
            for item in items:
                left = self._component(item, item.via[0]) if on else _adjoint_of(item)
                rows += self._rows(left, item.parts)
            yield rows
            if on:
                of = items[0].of
                place = self.places[of.name, 0]
                yield Paragraph(("which flows into ", _adjoint_of(items[0]), f", section {place}."))

    def _components(self, item: Item) -> Iterator[Block]:
        of, name = item.of, _adjoint(item.of.name, item.of.t)
        n = len(item.via) + item.from_next
        yield Paragraph(("The derivative ", name, f" has {_number_word(n)}:"))
        number = count(1)
        lefts: list[Formula] = []
        if item.from_next:
            lefts.append(_from_next(of.name))
            at_end: list[Piece] = ["; after the last step, ", _end, ", there is none"]
            place = self.places.get((of.name, -1))
            see = f" (section {place})" if place else ""
            yield Paragraph(
                (f"Comp-{next(number)} flows in from the step ", _next, see, *at_end, ".")
            )
        for via in item.via:
            parts = [part for part in item.parts if part.via.name == via]
            lefts.append(self._component(item, via))
            reason = self._reason(parts[0], lower=True)
            through: Formula = partial(_written, parts[0].via)
            yield Paragraph((f"Comp-{next(number)}: ", *reason, ", through ", through, ","))
            yield list(self._rows(lefts[-1], parts))
        if len(lefts) > 1:
            whole = of.t is None or of.t == 0 or (of.name, 0) not in self.places
            left = name if whole else _from_next(of.name, of.t or 0)
            labels = [str(next(self.plus)) for _ in lefts[1:]]
            yield Paragraph(
                (f"They are added (see the plus {_labelled(labels)} in the gradient flow):",)
            )
            yield [Row(left, partial(_plus, lefts))]

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
                rows.append((partial(_written, column), "for one column"))
            rows.append((partial(_written, typeset(expression)), condition))
            for i, (right, remark) in enumerate(rows):
                yield Row(None if i else left, right, (remark,) if remark else ())

    def _component(self, item: Item, via: str) -> Formula:
        part = next(part for part in item.parts if part.via.name == via)
        return lambda p: p.component(item.of.name, item.of.t, via, part.via.t)

    def _reason(self, part: Part, lower: bool = False) -> tuple[Piece, ...]:
        numbers = dict.fromkeys(e.number for e in self.model.equations_of(part.via.name))
        word = "from" if lower else "From"
        return (f"{word} eq. {', '.join(map(str, numbers))}",)

    def _condition(self, steps: Sequence[int]) -> str:
        return condition(steps, self.model.steps)


def condition(steps: Sequence[int], everything: Sequence[int]) -> str:
    """At which of the steps something holds, in words; empty if at all of them."""
    if not steps or set(steps) >= set(everything):
        return ""
    first, last = min(steps), max(steps)
    if len(steps) == 1:
        return "t = T" if last == everything[-1] else f"t = {first}"
    if list(steps) != list(range(first, last + 1)):
        return "t = " + ", ".join(map(str, steps))
    if last == everything[-1]:
        return f"t > {first - 1}"
    if first == everything[0]:
        return "t < T" if last == everything[-2] else f"t < {last + 1}"
    return f"{first} ≤ t ≤ {last}"


def _adjoint(name: str, t: int | None) -> Formula:
    return lambda p: p.adjoint(name, t)


def _adjoint_of(item: Item) -> Formula:
    return _adjoint(item.of.name, item.of.t)


def _written(e: Expression, p: Printer) -> str:
    return p(e)


def _written_at_number(e: Expression, p: Printer) -> str:
    return p.absolute()(e)


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


def _from_next(name: str, t: int = 0) -> Formula:
    return lambda p: p.from_step(name, t, t + 1)


def _next(p: Printer) -> str:
    return p.step(1)


def _end(p: Printer) -> str:
    return "t = T"


def _labelled(labels: Sequence[str]) -> str:
    if len(labels) == 1:
        return f"labelled {labels[0]}"
    return f"labelled {', '.join(labels[:-1])} and {labels[-1]}"


def _number_word(n: int) -> str:
    words = {1: "one component", 2: "two components", 3: "three components", 4: "four components"}
    return words.get(n, f"{n} components")


def line_text(line: "WrittenLine") -> str:
    """A line in Unicode, with its place in the text."""
    p = Text(line.flow.J.name or "J")
    claim = line.claim
    assert isinstance(claim, Adjoint)
    values = dict(line.flow.values)
    moves = (claim.name, None) not in values
    t = claim.t if moves and isinstance(claim.t, int) else None

    def spelled(a: Adjoint) -> str:
        if a.via is None:
            return p.adjoint(a.name, t)
        if a.via is NEXT_STEP:
            return p.from_step(a.name, t or 0, (t or 0) + 1)
        if not isinstance(a.via, str) or (
            not moves and len(line.inputs) and not isinstance(a.t, int)
        ):
            return p.share(a.name)
        return p.component(a.name, t, a.via, None if (a.via, None) in values else 0)

    if line.expression is not None:
        right = p(typeset(line.expression))
    elif len(line.inputs) == 1:
        right = p.sum_of(1, None, p.share(claim.name))
    else:
        right = " + ".join(spelled(a) for a in line.inputs.values() if isinstance(a, Adjoint))
    remark = ""
    if line.steps is not None:
        computed = {s for (_, s), x in values.items() if x._operation is not None and s is not None}
        remark = f"  ({condition(sorted(line.steps), sorted(computed))})"
    return f"{line.ref}  {spelled(claim)} = {right}{remark}"
