"""What `derive` gives: lines with expressions, that compute, print and explain."""

import inspect
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

from minigrad.derivation.claims import ALL_STEPS, THIS_STEP, Adjoint, Claim, Step, Value
from minigrad.derivation.derivation import Derivation, Line, given_by
from minigrad.flow import GradientFlow, Label
from minigrad.notation.expression import (
    Expression,
    Symbol,
    evaluate,
    has_moving_number,
    symbols,
    transform,
)
from minigrad.notation.shapes import as_index
from minigrad.notation.steps import lengthened
from minigrad.writing.contexts import with_contexts
from minigrad.writing.parts import with_parts
from minigrad.writing.reading import model_of
from minigrad.writing.rows import Rows
from minigrad.writing.source.python_text import identifier
from minigrad.writing.steps import holds_too
from minigrad.writing.structure import Item, Model, Part

if TYPE_CHECKING:
    from minigrad.derivation.report import Report
    from minigrad.writing.formats import Document


@dataclass(frozen=True, repr=False)
class WrittenLine(Line):
    """A line that minigrad has written.

    Attributes
    ----------
    expression
        What it computes, in the layout of the derivation; None for the sum of lines before.
    part
        The contribution that it is; None for a sum.
    item
        Whose adjoint it belongs to.
    rows
        Writes it.
    flow
        Where it was read.
    """

    claim: Adjoint
    expression: Expression | None
    part: Part | None
    item: Item
    rows: Rows
    flow: GradientFlow

    def __str__(self) -> str:
        from minigrad.writing.formats import line_text

        return f"{self.ref}  {line_text(self.rows.of_line(self), self.rows.model)}"

    __repr__ = __str__

    def _repr_latex_(self) -> str:
        """The line as notebooks show it."""
        from minigrad.writing.formats import line_latex

        return line_latex(self.rows.of_line(self), self.rows.model)

    def for_steps_of(self, flow: GradientFlow) -> "WrittenLine":
        """The line for another number of steps: what holds at the last one does so there."""
        if self.steps is None or self.part is None:
            return self
        value = self.part.of if self.part.via.t is None else self.part.via
        steps, known = _steps(flow, value.name), _steps(self.flow, value.name)
        if steps == known or not steps:
            return self
        reach = self.rows.model.reach
        with_given = [t for name, t in flow.values if name == value.name and t is not None]
        held = {t for t in with_given if holds_too(t, self.steps, steps, known, reach)}
        return replace(self, steps=frozenset(held))

    def explain(self, t: int | None = None) -> str:
        r"""Justify the line, so that it can be followed by hand.

        A contribution shows the equation that it comes from, the rules of its operations, and the
        values that it is computed from; a sum shows its terms, those that are there at the step.
        Then come the result, and what the engine has.

        Parameters
        ----------
        t
            The time step of the numbers; by default the last at which the line holds.

        Raises
        ------
        ValueError
            If the line does not hold at that step.

        Examples
        --------
        >>> import minigrad as mg
        >>> x = mg.tensor(3.0, requires_grad=True, name="x")
        >>> [line] = mg.derive(mg.gradient_flow(mg.log(x)), layout="gradient").lines
        >>> print(line.explain().replace("\n\n", "\n"))
        3.1  ∂J/∂x = 1 / x
        It comes from the equation
            J = log(x)    (eq. 1)
        by the rules of its operations, where g stands for dJ/dy in the shape of y:
            log, y = log(x):  dJ/dx = g / x
                in the table: g / x
        The values:
            x = 3.000
        The line gives
            ∂J/∂x = 0.3333
        and the engine has
            ∂J/∂x = 0.3333
        The two differ by at most 0.
        """
        from minigrad.writing.explanation import explanation

        return explanation(self, t)


class WrittenDerivation(Derivation):
    """What `derive` gives: a `Derivation` that can be printed too.

    Attributes
    ----------
    lines : list of WrittenLine
    flow : GradientFlow
        What it speaks of: the flow that was given, with names for the parts of what is too long,
        and for what is computed once and read at every step.
    model : Model
        What it was written from: equations, and contributions in sections.
    """

    def __init__(self, flow: GradientFlow, wrt: Collection[str] | None, layout: str) -> None:
        given = with_parts(flow)
        flow = with_contexts(given)
        model = model_of(flow, wrt)
        self._names_gathered = model.is_unrolled
        if self._names_gathered:  # each step reads all others in a function of them, without names
            flow = with_contexts(given, gathered=True)
            model = model_of(flow, wrt)
        super().__init__(f"Derivatives of {model.J}", layout)
        self.flow = flow
        self.model = model
        self.rows = Rows(model, layout)
        self.lines: list[WrittenLine] = []  # type: ignore[assignment]
        for number, section in enumerate(model.sections, 1):
            for item in section:
                self.lines += _lines(f"3.{number}", item, self.rows, flow)

    def numpy_source(self) -> str:
        """A Python module that needs only NumPy and computes J and every gradient.

        Raises
        ------
        ValueError
            If no loop over the steps can compute the values, Python would take two names for one,
            or the source of an operation is not known.
        """
        from minigrad.writing.source.module import numpy_source

        return numpy_source(self.model)

    def check(self, flow: GradientFlow, chained: bool = False) -> "Report":
        """See `Derivation.check`.

        The flow may be of another number of steps, if no line says how many there are, as in a mean
        over them or in the shape of what holds something for each.
        """
        if not isinstance(flow, GradientFlow):
            return super().check(flow, chained)
        of_other_length = Derivation(self.title, self.layout)
        flow = with_contexts(with_parts(flow), self._names_gathered)
        lines = [line.for_steps_of(flow) for line in self.lines]
        is_shorter = len(_all_steps(flow)) < len(_all_steps(self.flow))
        of_other_length.lines += _occurring(lines, flow) if is_shorter else lines
        return of_other_length.check(flow, chained)

    def _document(self) -> "Document":
        from minigrad.writing.document import Writer
        from minigrad.writing.formats import Document

        model = self.model
        blocks = list(Writer(self).blocks())
        return Document(self.title, blocks, model.J, model.last, model.scalars)


def _occurring(lines: Iterable[WrittenLine], flow: GradientFlow) -> Iterator[WrittenLine]:
    """Those of which there is something in a run of fewer steps; sums of those of their terms."""

    def occurs(claim: Adjoint) -> bool:
        return any(
            _is_through(claim, t, via)
            for name, t in flow.values
            if name == claim.name
            for via in flow.contributions(name, t)
        )

    for line in lines:
        if line.part is not None:
            if occurs(line.claim) and line.steps != frozenset():
                yield line
        elif terms := [x for x in line.given.values() if isinstance(x, Adjoint) and occurs(x)]:
            function = _sum_of(terms)
            yield replace(line, function=function, given=given_by(line.ref, function))


def _is_through(claim: Adjoint, t: int | None, via: Label) -> bool:
    """Whether what comes through a value belongs to what a claim says of step t."""
    if isinstance(claim.via, Step):
        distance = 0 if t is None or via[1] is None else via[1] - t
        return distance == claim.via.distance
    return claim.via in (None, via[0])


def _all_steps(flow: GradientFlow) -> set[int | None]:
    return {t for _, t in flow.values}


def _steps(flow: GradientFlow, name: str) -> list[int]:
    """The steps at which a value is computed, or given if it never is."""
    found = [(t, x) for (n, t), x in flow.values.items() if n == name and t is not None]
    computed = [t for t, x in found if x._operation is not None]
    return sorted(computed or [t for t, _ in found])


def _lines(ref: str, item: Item, rows: Rows, flow: GradientFlow) -> Iterator[WrittenLine]:
    """The lines of one adjoint: its parts, then their sum, then the sum over steps."""
    of, t = item.of, item.of.t or 0
    for part in item.parts:
        claim = Adjoint(of.name, t, None if item.is_whole else part.via.name)
        expression = rows.written(part)
        function = _function(expression, part.has_step, rows.model, flow)
        alike = [x for x in item.parts if x.via.name == part.via.name]
        steps = frozenset(part.steps) if len(alike) > 1 else None
        yield _line(ref, claim, function, item, rows, flow, expression, part, steps)
    if item.is_whole:
        return
    moving = [part.via.name for part in item.parts if part.via.t is not None]
    vias: list[Any] = list(dict.fromkeys(moving)) if item.is_shared else list(item.via)
    vias = [*(THIS_STEP + d for d in item.from_steps), *vias]
    if of.t:
        total = Adjoint(of.name, t, THIS_STEP - t)
    else:
        total = Adjoint(of.name, 0, THIS_STEP if item.is_shared else None)
    if len(vias) > 1 or total.via is None:
        terms = [Adjoint(of.name, t, via) for via in vias]
        yield _line(ref, total, _sum_of(terms), item, rows, flow)
    if item.is_shared:
        loose = [Adjoint(of.name, 0, via) for via in item.via if via not in vias]
        terms = [*loose, Adjoint(of.name, ALL_STEPS, THIS_STEP)]
        yield _line(ref, Adjoint(of.name), _sum_of(terms), item, rows, flow)


def _sum_of(terms: Sequence[Adjoint]) -> Callable[..., Any]:
    """The function that adds what it is given, arrays or dicts of them for all steps."""

    def line(**parts: Any) -> Any:
        arrays = [x for p in parts.values() for x in (p.values() if isinstance(p, dict) else [p])]
        return reduce(add, arrays)

    return _with_signature(line, {_parameter_name(term): term for term in terms})


def _line(
    ref: str,
    claim: Adjoint,
    function: Callable[..., Any],
    item: Item,
    rows: Rows,
    flow: GradientFlow,
    expression: Expression | None = None,
    part: Part | None = None,
    steps: frozenset[int] | None = None,
) -> WrittenLine:
    return WrittenLine(
        ref,
        claim,
        function,
        given_by(ref, function),
        expression,
        part,
        item,
        rows,
        flow,
        steps=steps,
    )


def _function(
    expression: Expression, has_step: bool, model: Model, flow: GradientFlow
) -> Callable[..., Any]:
    """The NumPy function of a line; what has no step is given values at all steps by number."""
    given = [s for s in symbols(expression) if s.kind != "constant"]
    names: dict[Claim, str] = {}
    for claim in [_claim(s, has_step) for s in given]:
        name = _parameter_name(claim)
        while claim not in names and name in names.values():  # of a.b and a_b
            name += "_"
        names.setdefault(claim, name)
    steps = sorted((name, t) for name, t in flow.values if t is not None)
    of_any_size = transform(expression, as_index)
    ends = {names[c]: dict(steps)[c.name] for c in names if c.t is ALL_STEPS}

    def line(**values: Any) -> Any:
        def array_of(s: Symbol) -> Any:
            if s.kind == "constant":
                return model.arrays[s.name]
            claim = _claim(s, has_step)
            x = values[names[claim]]
            return x[s.t] if claim.t is ALL_STEPS else x

        e = of_any_size
        if more := next((max(values[name]) - end for name, end in ends.items()), 0):
            e = lengthened(e, model.steps[-1], more)
        return evaluate(e, array_of, values.get("t", 0))

    defaults: dict[str, Claim | Step] = {name: claim for claim, name in names.items()}
    if has_moving_number(expression):
        defaults["t"] = THIS_STEP
    return _with_signature(line, defaults)


def _with_signature(
    function: Callable[..., Any], given: Mapping[str, Claim | Step]
) -> Callable[..., Any]:
    """Let a function say what its parameters are given, as a hand-written line does."""
    kind = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, kind, default=x) for name, x in given.items()]
    function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function


def _claim(s: Symbol, has_step: bool) -> Claim:
    t = s.t if has_step or s.t is None else ALL_STEPS
    return Adjoint(s.name, t or 0) if s.kind == "adjoint" else Value(s.name, t or 0)


def _parameter_name(claim: Claim) -> str:
    """A Python name: dJ_dz_o, a_prev, dJ_da_via_z_y."""
    name = identifier(claim.name)
    if isinstance(claim.t, int) and claim.t:
        name += {-1: "_prev", 1: "_next"}.get(
            claim.t, f"_at_{abs(claim.t)}_{'after' if claim.t > 0 else 'before'}"
        )
    if isinstance(claim, Value):
        return name
    if claim.via is None:
        return f"dJ_d{name}"
    via = identifier(claim.via) if isinstance(claim.via, str) else str(claim.via)
    return f"dJ_d{name}_via_{via.removeprefix('the ').replace(' ', '_')}"
