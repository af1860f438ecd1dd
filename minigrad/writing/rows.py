"""The rows of displays: equations, contributions with the steps to them, and sums."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from minigrad.notation.expression import Expression, subexpressions
from minigrad.notation.forms import is_of_row, of_one_column, typeset
from minigrad.writing.layout import in_input, laid_out, positive_first
from minigrad.writing.numbering import PlusNumbers
from minigrad.writing.phrases import (
    Formula,
    Piece,
    added_up,
    as_written,
    at_steps,
    by_chain_rule,
    counted_from,
    derivative,
    from_step,
    share_of_step,
    sum_of_shares,
)
from minigrad.writing.steps import condition
from minigrad.writing.structure import Equation, Item, Model, Part

if TYPE_CHECKING:
    from minigrad.writing.derivation import WrittenLine


@dataclass(frozen=True)
class Row:
    """One line of a display: what stands left and right of "=", and a remark."""

    left: Formula | None
    right: Formula
    remark: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Term:
    """A component of a derivative: how it is written, and at which steps of the value it is there.

    `left` is what it is a component of, where that is written otherwise for this one.
    """

    written: Formula
    steps: frozenset[int]
    left: Formula | None = None


class Rows:
    """Makes the rows of a derivation, in its layout."""

    def __init__(self, model: Model, layout: str) -> None:
        self.model = model
        self.layout = layout
        self.computed = {x for e in model.equations for x in subexpressions(e.expression)}
        self._written: dict[Part, Expression] = {}
        self.plus = PlusNumbers(model, self._together)

    def equation(self, e: Equation) -> Row:
        remark = with_commas([f"eq. {e.number}", *self.condition(e.steps)])
        left, right = (partial(as_written, x) for x in (e.value, typeset(e.expression)))
        return Row(counted_from(e.origin, left), counted_from(e.origin, right), remark)

    def of_line(self, line: "WrittenLine") -> list[Row]:
        """What a line says; a sum may be written otherwise at other steps."""
        if line.part is not None:
            *_, last = self.of_part(line.item, line.part)
            return [replace(last, left=self.left(line.item, line.part))]
        if not line.item.is_shared:
            return list(self.of_sum(line.item))
        of_all_steps = line.claim.via is None
        return [self.over_steps(line.item)] if of_all_steps else list(self.share(line.item))

    # --- contributions ----------------------------------------------------------------------------

    def of_part(self, item: Item, part: Part) -> Iterator[Row]:
        """A contribution: by the chain rule, for one column, and as it is computed."""
        expression = self.written(part)
        rows: list[tuple[Formula, tuple[Piece, ...]]] = []
        if self.layout == "numerator" and part.via.name != self.model.J:
            rows.append((partial(by_chain_rule, part), ()))
        if column := of_one_column(expression):
            one = "for one row" if is_of_row(column) else "for one column"
            rows.append((partial(as_written, column), (one,)))
        alike = {t for x in item.parts if x.via.name == part.via.name for t in x.steps}
        held = self.condition(part.steps, sorted(alike.union(self.model.steps)))
        rows.append((partial(as_written, typeset(expression)), held))
        for i, (right, remark) in enumerate(rows):
            first = None if i else self.left(item, part)
            yield Row(first, counted_from(part.origin, right), remark)

    def written(self, part: Part) -> Expression:
        """A contribution as people write it, in the layout of the derivation."""
        if part not in self._written:
            self._written[part] = self._as_people_write(part)
        return self._written[part]

    def _as_people_write(self, part: Part) -> Expression:
        equations = self.model.equations_of(part.via.name)
        e = positive_first(part.expression, self.computed)
        if len(equations) == 1 and (part.via.t is not None or not part.has_step):
            e = in_input(e, part.via, equations[0].expression)
        return laid_out(e, self.layout)

    def left(self, item: Item, part: Part) -> Formula:
        """What a contribution is: all of the derivative, the share of a step, or a component."""
        if item.is_whole:
            written = adjoint_of(item)
        elif item.is_shared and part.via.t is not None and len(moving(item)) == 1:
            written = partial(share_of_step, item.of.name)
        else:
            written = _component(item, part)
        return counted_from(part.origin, written)

    # --- sums -------------------------------------------------------------------------------------

    def of_sum(self, item: Item) -> Iterator[Row]:
        """The sum of components; or each of them, where it is the whole derivative."""
        terms = self.terms(item)
        if self.meet(item):
            meetings = self.meetings(item)
            for together, held in meetings.items():
                right = partial(added_up, [terms[i].written for i in together])
                labels = plus(self.plus.of_sum(item, [t - (item.of.t or 0) for t in held]))
                remark = self.condition(held) if len(meetings) > 1 else ()
                yield Row(sum_of(item), right, with_commas([*labels, *remark]))
            return
        for term in terms:
            held = sorted(term.steps.intersection(self.model.steps))
            remark = () if term.left else self.condition(held)
            if held:  # not if it is there for a given state alone
                yield Row(term.left or sum_of(item), term.written, remark)

    def meetings(self, item: Item) -> dict[Sequence[int], list[int]]:
        """The places of components that are there together, and when; of all if they ever are.

        Where a component is missing at the first or the last steps, its own reason says so.
        """
        terms = self.terms(item)
        at: dict[Sequence[int], list[int]] = {}
        for t in self.model.steps:
            at.setdefault(tuple(i for i, x in enumerate(terms) if t in x.steps), []).append(t)
        every = tuple(range(len(terms)))
        if item.of.t != 0 or every in at or any(x.left for x in terms):
            return {every: at.get(every, [])}
        return {some: held for some, held in at.items() if some}

    def _together(self, item: Item, t: int) -> Sequence[int]:
        """The places of components that meet at a step; of one alone, none."""
        if not self.meet(item):
            return ()
        of_t = t + (item.of.t or 0)
        here = [i for i, term in enumerate(self.terms(item)) if of_t in term.steps]
        return here if len(here) > 1 else ()

    def meet(self, item: Item) -> bool:
        """Whether there is a step at which two components are there, if they are at steps."""
        steps = [t for term in self.terms(item) for t in term.steps]
        return not item.has_step or len(set(steps)) < len(steps)

    def terms(self, item: Item) -> list[Term]:
        """The components of a derivative: from other steps, and through each value."""
        terms = [self._from_step(item, distance) for distance in item.from_steps]
        for via in item.via:
            parts = [part for part in item.parts if part.via.name == via]
            steps = frozenset(t + (item.of.t or 0) for part in parts for t in part.steps)
            terms.append(Term(_component(item, parts[0]), steps))
        return terms

    def _from_step(self, item: Item, distance: int) -> Term:
        giving = self.giving(item.of.name, distance)
        steps = frozenset(giving.steps)
        if giving.origin is None:
            return Term(from_step(item.of.name, 0, distance), steps)
        written = counted_from(giving.origin, from_step(item.of.name, giving.of.t or 0, 0))
        return Term(written, steps, adjoint_of(giving))

    def giving(self, name: str, distance: int) -> Item:
        """What a step so far away gives to a value."""
        of = (name, -distance)
        [item] = [x for s in self.model.sections for x in s if (x.of.name, x.of.t) == of]
        return item

    # --- sums over steps --------------------------------------------------------------------------

    def share(self, item: Item) -> Iterator[Row]:
        """The share of a step, where it is a sum; or each component that it is at some steps."""
        left = partial(share_of_step, item.of.name)
        if self.meet(item):
            yield Row(left, partial(added_up, moving(item)), plus(self.plus.of_sum(item)))
            return
        for term in self.terms(item):
            if term.steps:
                yield Row(left, term.written, self.condition(sorted(term.steps)))

    def over_steps(self, item: Item) -> Row:
        """What the steps share: the sum of the shares, and of what does not come from steps."""
        steps = [t for part in item.parts for t in part.steps if part.via.t is not None]
        over: Formula = partial(sum_of_shares, item.of.name, min(steps), max(steps))
        terms = [*_components(item, of_steps=False), over]
        between = range(min(steps), max(steps) + 1)
        remark = with_commas([*plus(self.plus.over_steps(item)), *self.condition(steps, between)])
        return Row(derivative(item.of.name, None), partial(added_up, terms), remark)

    def condition(
        self, steps: Sequence[int], everything: Sequence[int] | None = None
    ) -> tuple[Formula, ...]:
        """When something holds; nothing if it does at all steps."""
        held = condition(steps, everything or self.model.steps, self.model.last, self.model.reach)
        return (partial(at_steps, held),) if held else ()


def plus(numbers: Sequence[int]) -> tuple[Piece, ...]:
    """The numbers of the plus nodes of a sum, if it has any."""
    return (f"plus {', '.join(map(str, numbers))}",) if numbers else ()


def with_commas(remarks: Sequence[Piece]) -> tuple[Piece, ...]:
    """Remarks in one, with commas between."""
    return tuple(piece for remark in remarks for piece in (", ", remark))[1:]


def adjoint_of(item: Item) -> Formula:
    """The derivative that an item belongs to."""
    return counted_from(item.origin, derivative(item.of.name, item.of.t))


def sum_of(item: Item) -> Formula:
    """What the components of an item add up to."""
    return from_step(item.of.name, item.of.t, 0) if item.of.t else adjoint_of(item)


def moving(item: Item) -> list[Formula]:
    """The components of the share of a step."""
    return _components(item, of_steps=True)


def _components(item: Item, of_steps: bool) -> list[Formula]:
    """One component for each value at a step, or for each that has none."""
    through = {part.via.name: part for part in item.parts}
    return [_component(item, x) for x in through.values() if (x.via.t is not None) == of_steps]


def _component(item: Item, part: Part) -> Formula:
    """The part of a derivative that comes through one value."""
    return lambda p: p.component(item.of.name, item.of.t, part.via.name, part.via.t)
