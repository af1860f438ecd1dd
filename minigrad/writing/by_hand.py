"""Derivations that were written by hand, as documents: the lines are read off their functions."""

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.derivation.claims import ALL_STEPS, THIS_STEP, Adjoint, Claim, Step, Value
from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    MovingNumber,
    Number,
    OverSteps,
    Parameters,
    Symbol,
    has_moving_number,
    shifted,
    subexpressions,
    symbols,
)
from minigrad.notation.forms import typeset
from minigrad.notation.names import on_one_line
from minigrad.notation.printer import Printer
from minigrad.notation.written import only_written
from minigrad.operation import Operation
from minigrad.operations.elementwise import add
from minigrad.operations.shape import getitem, transpose
from minigrad.tensor import OPERATIONS
from minigrad.writing.document import Block, Heading, Paragraph
from minigrad.writing.phrases import Formula
from minigrad.writing.rows import Row
from minigrad.writing.source.python_text import identifier, in_docstring

if TYPE_CHECKING:
    from minigrad.derivation.derivation import Derivation, Line

LAST = sys.maxsize  # stands for the step T
SHAPE = (2, 2)  # of everything: a line says nothing of its shapes, only that they are matrices


class Sketch(NDArrayOperatorsMixin):
    """Stands in for an array, and keeps the expression of what is done with it."""

    __iter__ = None  # nobody knows how long it is, and Python would ask for ever

    def __init__(self, e: Expression) -> None:
        self.e = e

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "reduce" and ufunc is np.add:
            return _applied(_record(np.sum), inputs, options)
        if method != "__call__":
            return NotImplemented
        return _applied(_record(ufunc), inputs, {})

    def __array_function__(
        self, function: Callable[..., Any], types: Any, inputs: Any, options: Any
    ) -> Any:
        return _applied(_record(function), inputs, options)

    @property
    def T(self) -> "Sketch":
        return _applied(transpose, (self,), {"axes": None})

    mT = T

    def sum(self, axis: Any = None, keepdims: bool = False) -> "Sketch":
        return _applied(_record(np.sum), (self,), {"axis": axis, "keepdims": keepdims})

    def mean(self, axis: Any = None, keepdims: bool = False) -> "Sketch":
        return _applied(_record(np.mean), (self,), {"axis": axis, "keepdims": keepdims})

    @property
    def shape(self) -> "list[Sketch]":
        return [Sketch(Apply(counted, (self.e,), (), NONE)) for counted in (rows, columns)]

    def __getitem__(self, index: Any) -> "Sketch":
        return _applied(getitem, (self,), {"index": index})


class OfSteps(dict[int, Sketch]):
    """What a line is given of all steps: here the step at hand, and others by their distance."""

    def __init__(self, symbol: Symbol) -> None:
        super().__init__({0: Sketch(symbol)})
        self.symbol = symbol

    def __missing__(self, distance: int) -> Sketch:
        return Sketch(shifted(self.symbol, distance))


rows = only_written("rows", lambda x: len(x))
columns = only_written("columns", lambda x: x.shape[1])


def _record(function: Callable[..., Any]) -> Operation:
    """The record of the table that means the same as a function of NumPy."""
    for operation in OPERATIONS.values():
        if isinstance(operation, Operation) and operation.numpy is function:
            return operation
    raise TypeError(f"no record of the table is written as {function}")


def _applied(operation: Operation, inputs: Any, options: Mapping[str, Any]) -> Sketch:
    expressions = tuple(x.e if isinstance(x, Sketch) else Number(float(x)) for x in inputs)
    parameters = Parameters({**operation.defaults, **options}) if operation.defaults else NONE
    return Sketch(Apply(operation, expressions, SHAPE, parameters))


# --- documents ----------------------------------------------------------------------------------


def blocks(derivation: "Derivation") -> Iterator[Block]:
    """The lines in the order of the text, those with one reference together."""
    stepless = _without_step(derivation)
    yield Paragraph((f"In {derivation.layout} layout.",))
    for ref, lines in groupby(derivation.lines, key=lambda line: line.ref):
        yield Heading(2, ref)
        yield [_row(line, stepless) for line in lines]


def _row(line: "Line", stepless: set[str]) -> Row:
    left: Formula = lambda p: _written_claim(p, line.claim, stepless)  # noqa: E731
    e = _expression(line, stepless)
    if e is None:
        arguments = ", ".join(line.inputs)
        return Row(left, lambda p: p.words(f"a function of {arguments}"))
    return Row(left, lambda p: _with_parts(p, line, stepless)(typeset(e)))


def _expression(line: "Line", stepless: set[str]) -> Expression | None:
    """What a line computes, if its function says so to sketches."""
    try:
        given = {name: _given(claim, stepless) for name, claim in line.given.items()}
        e = _without_zero(line.function(**given).e)
    except Exception:  # what a function does with its arguments is its own affair
        return None
    return OverSteps(e, 1, LAST, SHAPE) if _is_sum(line) else e


def _is_sum(line: "Line") -> bool:
    return any(claim.t is ALL_STEPS for claim in line.inputs.values())


def _given(claim: Claim | Step, stepless: set[str]) -> Any:
    if isinstance(claim, Step):
        return MovingNumber(claim.distance)
    symbol = _symbol(claim, stepless)
    return OfSteps(symbol) if claim.t is ALL_STEPS else Sketch(symbol)


def _without_zero(e: Expression) -> Expression:
    """Python's sum starts with a zero."""
    if isinstance(e, Apply) and e.operation is add and e.inputs[0] == Number(0):
        return e.inputs[1]
    return e


def _symbol(claim: Claim, stepless: set[str]) -> Symbol:
    """What stands for a claim; a part of an adjoint is told by its `via` in the name."""
    t = None if claim.name in stepless else 0 if claim.t is ALL_STEPS else claim.t
    if isinstance(claim, Adjoint):
        return Symbol(_key(claim), t, SHAPE, "adjoint")
    return Symbol(claim.name, t, SHAPE)


def _key(claim: Adjoint) -> str:
    return claim.name if claim.via is None else f"{claim.name} via {claim.via}"


def _with_parts(p: Printer, line: "Line", stepless: set[str]) -> Printer:
    """A printer that writes the parts of adjoints that a line is given."""
    known = {_key(x): x for x in line.inputs.values() if isinstance(x, Adjoint)}

    class WithParts(type(p)):  # type: ignore[misc]
        def adjoint(self, name: str, t: int | None = None) -> str:
            claim = known.get(name)
            if claim is None or claim.via is None:
                written: str = super().adjoint(name, t)
                return written
            return _written_claim(p, claim, stepless)

    return WithParts(p.J, p.at, p.last)


def _written_claim(p: Printer, claim: Claim, stepless: set[str]) -> str:
    t = None if claim.name in stepless or claim.t is ALL_STEPS else claim.t
    if isinstance(claim, Value):
        return p.name(claim.name, t)
    if claim.via is None:
        return p.adjoint(claim.name, t)
    if isinstance(claim.via, Step):
        if t is None and claim.via == THIS_STEP:
            return p.share(claim.name)
        return p.from_step(claim.name, t or 0, (t or 0) + claim.via.distance)
    return p.component(claim.name, t, claim.via, None if claim.via in stepless | {p.J} else 0)


def _without_step(derivation: "Derivation") -> set[str]:
    """The names of what has no time step: everything, if no line speaks of steps.

    If one does, what is the sum over all steps or is read by an index that follows them; and what
    is computed from such values alone, or they from it.
    """
    lines = derivation.lines
    claims = [c for line in lines for c in (line.claim, *line.inputs.values())]
    adjoints = [c for c in claims if isinstance(c, Adjoint)]
    moving = {c.name for c in claims if c.t != 0}
    moving |= {c.name for c in adjoints if c.is_from_another_step}
    indexed = [line for line in lines if line.is_indexed]
    if not moving and not indexed:
        return {c.name for c in claims} | {c.via for c in adjoints if isinstance(c.via, str)}
    found = {line.claim.name for line in lines if _is_sum(line)} | _walked(indexed)
    plain = [x for x in lines if not _is_sum(x) and x not in indexed and _is_whole(x.claim)]
    before = None
    while found != before:
        before = set(found)
        for line in plain:
            names = {c.name for c in line.inputs.values()}
            if line.claim.name in found:
                found |= names - moving
            elif names and names <= found:
                found |= {line.claim.name} - moving
    return found


def _is_whole(claim: Claim) -> bool:
    return isinstance(claim, Value) or claim.via is None


def _walked(lines: "Iterable[Line]") -> set[str]:
    """The names of what lines read by an index that follows the step."""
    found: set[str] = set()
    for line in lines:
        e = _expression(line, set())
        for x in subexpressions(e) if e is not None else ():
            if isinstance(x, Apply) and x.operation is getitem and has_moving_number(x):
                found |= {s.name for s in symbols(x.inputs[0])}
    return found


# --- source -------------------------------------------------------------------------------------


def numpy_source(derivation: "Derivation") -> str:
    """The lines as functions of a module that needs only NumPy."""
    title = in_docstring(derivation.title)
    parts = [f'"""{title}: each line as a function, in {derivation.layout} layout."""']
    parts.append("import numpy as np")
    names: dict[str, int] = {}
    for line in derivation.lines:
        claim = str(line.claim).replace("/", "_").replace("(t-1)", "_prev")
        name = identifier(re.sub(r"\W", "_", claim))
        names[name] = names.get(name, 0) + 1
        if names[name] > 1:
            name += f"_{names[name]}"
        parts.append(f"\n# {on_one_line(line.ref)}\n{_function(line, name)}")
    return "\n\n".join(parts) + "\n"


def _function(line: "Line", name: str) -> str:
    [function] = ast.parse(textwrap.dedent(inspect.getsource(line.function))).body
    if not isinstance(function, ast.FunctionDef):
        raise ValueError(f"numpy_source: line {line.ref} is no function made by def")
    function.name, function.decorator_list, function.returns = name, [], None
    function.args.defaults, function.args.kw_defaults = [], [None] * len(function.args.kwonlyargs)
    for argument in (*function.args.args, *function.args.kwonlyargs):
        argument.annotation = None
    return ast.unparse(function)
