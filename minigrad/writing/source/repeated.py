"""What a written program computes once, and uses more than once."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import TypeGuard

from minigrad.notation.expression import (
    Apply,
    Expression,
    OverSteps,
    Symbol,
    has_adjoint,
    has_moving_number,
    inputs_of,
    shifted,
    subexpressions,
    symbols,
    with_inputs,
)
from minigrad.operation import FUNCTION
from minigrad.operations.linear import matmul
from minigrad.operations.shape import getitem, reshape
from minigrad.writing.source.python_text import identifier
from minigrad.writing.structure import Equation, Model, Part

Names = dict[Expression, Symbol]


@dataclass(frozen=True)
class Use:
    """A function where it stands: in what, and at which steps; `()` where steps are numbers."""

    form: Apply
    within: str
    steps: tuple[int, ...]

    @property
    def name(self) -> str:
        """After the value that it is a function of, or if there are more, the one it stands in."""
        read = {s.name for s in symbols(self.form)}
        what = "product" if self.form.operation is matmul else self.form.operation.name
        return f"{what}_{read.pop() if len(read) == 1 else self.within}"

    @property
    def times(self) -> tuple[int | None, ...]:
        """The latest steps that it reads; None without steps, each time that it is computed."""
        latest = _latest(self.form)
        return tuple(None if latest is None else t + latest for t in self.steps or (0,))


@dataclass(frozen=True)
class Shared:
    """What is computed once: at which steps, and the forms that it replaces."""

    form: Expression
    steps: tuple[int, ...]
    replaced: dict[Expression, int | None]  # how many steps away it is then


def repeated(model: Model) -> tuple[list[Equation], Names]:
    """The equations with those of functions that are needed more than once, and the names of these.

    The largest come first, and what stands in them is counted there once.
    """
    text, names = _Text(model), Names()
    taken = {identifier(leaf.name) for leaf in model.leaves} | {*map(identifier, model.arrays)}
    taken |= {identifier(e.value.name) for e in model.equations}
    counts = {x: sum(len(use.steps or (0,)) for use in text.uses_of(x)) for x in text.forms}
    called = {x: text.uses_of(x)[0].name for x, n in counts.items() if n > 1}
    for x in sorted(called, key=lambda x: -len(list(subexpressions(x)))):
        for shared in _shared(x, text.uses_of(x), model.steps):
            name = unused(called[x], taken)
            taken.add(identifier(name))
            new = {form: Symbol(name, t, x.shape) for form, t in shared.replaced.items()}
            names |= new
            value = Symbol(name, None if shared.replaced[shared.form] is None else 0, x.shape)
            text.define(Equation(0, value, shared.form, shared.steps), x, new)
    return text.equations, names


class _Text:
    """Equations, then parts, and where in them functions of values stand.

    Attributes
    ----------
    forms
        The functions, with steps counted from the latest that they read.
    """

    def __init__(self, model: Model) -> None:
        items = [item for section in model.sections for item in section]
        parts = [part for item in items for part in item.parts]
        self._places: list[Equation | Part] = [*model.equations, *parts]
        self._order = list(range(len(self._places)))  # of the text; what is new is numbered last
        self._count = len(model.equations)
        self._uses: dict[Expression, dict[int, list[Use]]] = {}
        for i in self._order:
            self._note(i)
        self.forms = [*self._uses]

    @property
    def equations(self) -> list[Equation]:
        places = (self._places[i] for i in self._order[: self._count])
        return [place for place in places if isinstance(place, Equation)]

    def uses_of(self, form: Expression) -> list[Use]:
        """Where a function stands, in the order of the text."""
        at = self._uses[form]
        return [use for i in sorted(at, key=self._order.index) for use in at[i]]

    def define(self, equation: Equation, form: Expression, names: Names) -> None:
        """Put in the equation of a function before the first that reads it, with names for it."""
        before = self._count
        for i in [*self._uses[form]]:
            place = self._places[i]
            changed = with_names(place.expression, names)
            if changed is not place.expression:
                before = min(before, self._order.index(i))
                for use in _uses(place):
                    self._uses[_counted_from_latest(use.form)].pop(i, None)
                self._places[i] = replace(place, expression=changed)
                self._note(i)
        self._order.insert(before, len(self._places))
        self._places.append(equation)
        self._count += 1
        self._note(len(self._places) - 1)

    def _note(self, i: int) -> None:
        for use in _uses(self._places[i]):
            at = self._uses.setdefault(_counted_from_latest(use.form), {})
            at.setdefault(i, []).append(use)


def _shared(x: Expression, uses: Sequence[Use], steps: Collection[int]) -> Iterator[Shared]:
    """What of the uses of a function is computed once.

    Without steps, or at one step and first needed outside of the loops, it is one value. Otherwise
    it is one at each step: what is at another distance from the step at hand is another.
    """
    times = Counter(t for use in uses for t in use.times)
    if len(times) == 1 and (None in times or not uses[0].steps):
        [(t, n)] = times.items()
        if n > 1:
            form = shifted(x, t or 0)
            yield Shared(form, (), dict.fromkeys([form, *(use.form for use in uses)]))
        return
    by_step: dict[Expression, None] = dict.fromkeys(use.form for use in uses if use.steps)
    for form in by_step:
        same = [use for use in uses if use.form == form]
        turns = Counter(t for use in same for t in use.steps or (0,))
        away = {use.form: _distance(use.form, form) for use in uses if use.form not in by_step}
        known: dict[Expression, int | None] = {x: d for x, d in away.items() if d in turns}
        turns.update(d for use in uses if (d := known.get(use.form)) is not None)
        if max(turns.values()) > 1 and turns.keys() <= set(steps):
            yield Shared(form, tuple(sorted(turns)), {form: 0, **known})


def _distance(a: Expression, b: Expression) -> int:
    return (_latest(a) or 0) - (_latest(b) or 0)


def unused(name: str, taken: Collection[str]) -> str:
    """The name, or if it is taken one with a number."""
    variants = (name if n == 1 else f"{name}_{n}" for n in count(1))
    return next(variant for variant in variants if identifier(variant) not in taken)


def _uses(place: Equation | Part) -> Iterator[Use]:
    """Functions of values, where they stand in an equation or a part."""
    within = place.value.name if isinstance(place, Equation) else place.via.name
    to_visit = [(place.expression, place.steps)]
    while to_visit:
        e, steps = to_visit.pop()
        if _is_costly(e):
            yield Use(e, within, steps)
        if isinstance(e, OverSteps):
            every = {t + d for t in steps or (0,) for d in range(e.first, e.last + 1)}
            steps = tuple(sorted(every))
        to_visit.extend((x, steps) for x in reversed(inputs_of(e)))


def _is_costly(e: Expression) -> TypeGuard[Apply]:
    """Whether it is a product or like tanh(c), of values alone; views of them are free."""
    return (
        isinstance(e, Apply)
        and (e.operation.precedence == FUNCTION or e.operation is matmul)
        and e.operation not in (getitem, reshape)
        and symbols(e) != []
        and not has_adjoint(e)
    )


def _latest(e: Expression) -> int | None:
    """The latest step that it reads; if only its indices move with the step, the one at hand."""
    if isinstance(e, OverSteps):
        latest = _latest(e.term)
        return None if latest is None else e.last + latest
    if isinstance(e, Symbol):
        return e.t
    read = [t for x in inputs_of(e) if (t := _latest(x)) is not None]
    return max(read, default=0 if has_moving_number(e) else None)


def _counted_from_latest(e: Expression) -> Expression:
    return shifted(e, -(_latest(e) or 0))


def with_names(e: Expression, names: Names) -> Expression:
    """The expression with names for what is computed once, the largest that there are."""
    if not names:
        return e
    known = names.get(e) if isinstance(e, Apply) else None
    return known or with_inputs(e, tuple(with_names(x, names) for x in inputs_of(e)))
