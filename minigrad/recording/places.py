"""Places in the source: the expression that a program is at (PEP 657), and what it is called."""

import ast
import contextlib
import linecache
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType
from typing import TypeAlias

import numpy as np

# Lines and columns, as `ast` counts them: line, end line, column, end column.
Span: TypeAlias = tuple[int, int, int, int]

_NOT_A_USERS = (
    str(Path(__file__).parents[1]),
    str(Path(np.__file__).parent),
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("purelib"),
    "<frozen",
)


@dataclass(frozen=True, slots=True)
class Place:
    """An expression of a program in one of its executions.

    Attributes
    ----------
    file, span, function
        Where it stands.
    loops
        The numbers that the loops around it are at, the innermost last: their variables and values.
    """

    file: str
    span: Span
    function: str
    loops: tuple[tuple[str, int], ...] = field(default=(), compare=False)

    @property
    def line(self) -> int:
        return self.span[0]

    @property
    def text(self) -> str:
        """The source of the expression."""
        first, last, start, end = self.span
        lines = [linecache.getline(self.file, i).encode() for i in range(first, last + 1)]
        lines[-1] = lines[-1][:end]
        lines[0] = lines[0][start:]
        return b"".join(lines).decode()

    def __str__(self) -> str:
        steps = "".join(f", {name} = {value}" for name, value in self.loops)
        return f"{Path(self.file).name}:{self.line}, in {self.function}{steps}"


def called_from(depth: int) -> tuple[Place, ...]:
    """The expression that is at work and those that called it, the innermost first."""
    frame: FrameType | None = sys._getframe(depth + 1)
    places = []
    while frame is not None and not _is_entry(frame.f_code):
        if is_a_users(frame.f_code.co_filename):
            places.append(_place_of(frame))
        frame = frame.f_back
    return tuple(places)


@cache
def is_a_users(file: str) -> bool:
    """Whether a file is neither of minigrad nor of a library."""
    return not file.startswith(_NOT_A_USERS)


def names_of(places: Sequence[Place]) -> Iterator[str]:
    """What the value of an expression is assigned to, there or where it is returned to."""
    for place in places:
        target = _source(place.file).targets.get(place.span)
        if target is None:
            return
        if target:
            yield target
            return


def statement_of(place: Place) -> Span:
    """The statement that an expression is in; the expression, where there is no source."""
    return _source(place.file).statements.get(place.line, place.span)


def alias_of(place: Place, returned: bool) -> Place | None:
    """The only statement of a function that hands on what is assigned at a place unchanged.

    That binds it to another name; or, where it may be `returned`, returns it.
    """
    name = next(names_of([place]), None)
    source, function = _source(place.file), place.function.rpartition(".")[2]
    for aliases in (source.bindings, source.returns)[: 1 + returned]:
        found = aliases.get((function, name or ""), [])
        if len(found) == 1:
            return Place(place.file, found[0], place.function, place.loops)
    return None


def _is_entry(code: CodeType) -> bool:
    """Whether a program is called from here; who calls the caller is no part of it."""
    return code.co_name == "_run_recorded" and not is_a_users(code.co_filename)


def _place_of(frame: FrameType) -> Place:
    code = frame.f_code
    span = _span(code, frame.f_lasti)
    loops = _source(code.co_filename).loops(span[0])
    numbers = []
    for name in loops:
        value = frame.f_locals.get(name)
        if isinstance(value, int | np.integer) and not isinstance(value, bool):
            numbers.append((name, int(value)))
    return Place(code.co_filename, span, code.co_qualname, tuple(numbers))


@cache
def _span(code: CodeType, instruction: int) -> Span:
    line, end_line, start, end = next(islice(code.co_positions(), instruction // 2, None))
    line = line or code.co_firstlineno
    return line, end_line or line, start or 0, end or 0


class _Source:
    """What the syntax of a file says of its expressions."""

    def __init__(self, text: str) -> None:
        # From an expression to the name that it is assigned to; "" of one that is returned.
        self.targets: dict[Span, str] = {}
        # From a line to the variables of the loops around it.
        self._loops: dict[int, tuple[str, ...]] = {}
        # From a function and a variable in it to the statements that bind or return it as it is.
        self.bindings: dict[tuple[str, str], list[Span]] = {}
        self.returns: dict[tuple[str, str], list[Span]] = {}
        # From each of its lines to a statement that holds no others.
        self.statements: dict[int, Span] = {}
        with contextlib.suppress(SyntaxError):  # not all that runs has a source in Python
            self._visit(ast.parse(text), (), "")

    def loops(self, line: int) -> tuple[str, ...]:
        return self._loops.get(line, ())

    def _visit(self, node: ast.AST, around: tuple[str, ...], function: str) -> None:
        if isinstance(node, ast.FunctionDef):
            around, function = (), node.name
        if isinstance(node, ast.For):
            around += tuple(x.id for x in ast.walk(node.target) if isinstance(x, ast.Name))
        if isinstance(node, ast.stmt) and around:
            for line in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                self._loops[line] = around
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            span = span_of(node)
            self.statements |= dict.fromkeys(range(span[0], span[1] + 1), span)
        if isinstance(node, ast.Assign | ast.Return):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            aliases = self.bindings if isinstance(node, ast.Assign) else self.returns
            for name in (x.id for x in values if isinstance(x, ast.Name)):
                aliases.setdefault((function, name), []).append(span_of(node))
        if isinstance(node, ast.Assign):
            self._assigned(node.targets[-1], node.value)
        elif isinstance(node, ast.AugAssign):
            self.targets[span_of(node)] = _name(node.target)
        elif isinstance(node, ast.Return) and node.value is not None:
            self.targets[span_of(node.value)] = ""
        for child in ast.iter_child_nodes(node):
            self._visit(child, around, function)

    def _assigned(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for to, x in zip(target.elts, value.elts, strict=False):
                self._assigned(to, x)
        elif name := _name(target):
            self.targets[span_of(value)] = name
            self.targets[span_of(target)] = name  # of what is written into an array


def _name(target: ast.expr) -> str:
    """A variable, the last attribute, or what is indexed; `h` of `self.h[t]`."""
    if isinstance(target, ast.Subscript):
        key = target.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            return key.value
        return _name(target.value)
    if isinstance(target, ast.Attribute):
        return target.attr
    return target.id if isinstance(target, ast.Name) else ""


def span_of(node: ast.expr | ast.stmt) -> Span:
    return (
        node.lineno,
        node.end_lineno or node.lineno,
        node.col_offset,
        node.end_col_offset or node.col_offset,
    )


@cache
def _source(file: str) -> _Source:
    return _Source("".join(linecache.getlines(file)))
