"""Statements of a program as syntax, and changes to them."""

import ast
import linecache
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias, TypeVar

from minigrad.recording.places import Place, Span, span_of

# What stands in the place of each statement that changes.
Changes: TypeAlias = Mapping[ast.stmt, Sequence[ast.stmt]]
_Node = TypeVar("_Node", bound=ast.AST)


@dataclass(frozen=True, eq=False)
class Context:
    """A statement, those that it stands among, and what is around it.

    Attributes
    ----------
    function
        In which it stands; or the file.
    loops
        Those around it, the innermost last.
    """

    statement: ast.stmt
    block: Sequence[ast.stmt]
    function: ast.AST
    loops: tuple[ast.For, ...]

    @property
    def span(self) -> Span:
        return span_of(self.statement)

    @property
    def is_compound(self) -> bool:
        """Whether it has statements in it."""
        return hasattr(self.statement, "body")

    @property
    def reads(self) -> Iterator[ast.Subscript | ast.Attribute]:
        """What is read in the function besides variables: elements and attributes."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield node


@cache
def tree_of(file: str) -> ast.Module:
    return ast.parse("".join(linecache.getlines(file)))


def context_of(tree: ast.Module, span: Span) -> Context | None:
    """The statement that stands somewhere in a file, and what is around it."""
    return next((x for x in contexts_of(tree) if x.span == span), None)


def contexts_of(tree: ast.Module) -> list[Context]:
    """All statements of a file."""
    return list(_contexts(tree, tree, ()))


def _contexts(node: ast.AST, function: ast.AST, loops: tuple[ast.For, ...]) -> Iterator[Context]:
    if isinstance(node, ast.FunctionDef):
        function, loops = node, ()
    elif isinstance(node, ast.For):
        loops += (node,)
    for name in ("body", "orelse", "finalbody"):
        block: Any = getattr(node, name, None)
        for statement in block if isinstance(block, list) else ():
            yield Context(statement, block, function, loops)
            yield from _contexts(statement, function, loops)


def element_with(statement: ast.stmt, expression: ast.AST) -> ast.expr | None:
    """What an expression is a part of: the value of a statement, or an element of it."""
    found = [getattr(statement, "value", None)]
    while found and isinstance(found[0], ast.Tuple | ast.List | ast.Dict):
        elements = found[0].values if isinstance(found[0], ast.Dict) else found[0].elts
        found = [x for x in elements if any(node is expression for node in ast.walk(x))]
    is_in = found and found[0] and any(node is expression for node in ast.walk(found[0]))
    return found[0] if is_in else None


def replaced(tree: _Node, old: ast.AST, new: ast.AST) -> _Node:
    """A copy of a tree with a node in another's place; what does not change is shared."""
    if tree is old:
        return new  # type: ignore[return-value]
    fields = {name: _with(value, old, new) for name, value in ast.iter_fields(tree)}
    if all(fields[name] is value for name, value in ast.iter_fields(tree)):
        return tree
    return ast.copy_location(type(tree)(**fields), tree)


def _with(x: Any, old: ast.AST, new: ast.AST) -> Any:
    if isinstance(x, ast.AST):
        return replaced(x, old, new)
    if isinstance(x, list):
        items = [_with(item, old, new) for item in x]
        return x if all(map(_is, items, x)) else items
    return x


def _is(x: Any, y: Any) -> bool:
    return x is y


def changed(tree: _Node, changes: Changes) -> _Node:
    """A copy of a tree with changed statements; definitions that do not change are shared."""
    fields: dict[str, Any] = {}
    for name, value in ast.iter_fields(tree):
        if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
            items = [y for x in value for y in changes.get(x, [changed(x, changes)])]
            value = value if len(items) == len(value) and all(map(_is, items, value)) else items
        fields[name] = value
    if all(fields[name] is value for name, value in ast.iter_fields(tree)):
        return tree
    return ast.copy_location(type(tree)(**fields), tree)


def written_at(text: str, old: ast.AST) -> ast.expr:
    """An expression from its source, at the place of another."""
    new = ast.parse(text, mode="eval").body
    for node in ast.walk(new):
        if "lineno" in node._attributes:
            ast.copy_location(node, old)
    return new


def source_with(file: str, statement: ast.stmt, old: ast.AST, new: ast.AST) -> str:
    """The source of a statement with one expression in another's place, else as it is."""
    mended = replaced(statement, old, new)
    if isinstance(mended, ast.For):
        return f"for {ast.unparse(mended.target)} in {ast.unparse(mended.iter)}:"
    text = ast.unparse(new)
    if isinstance(old, ast.expr):
        line, end_line, start, end = span_of(old)
        first, last, column, end_column = span_of(statement)
        before = Place(file, (first, line, column, start), "").text
        after = Place(file, (end_line, last, end, end_column), "").text
        for around in ("{}", "({})"):
            source = before + around.format(text) + after
            if _syntax(source) == ast.dump(mended):
                return source
    return ast.unparse(mended)


def _syntax(source: str) -> str:
    try:
        return "".join(map(ast.dump, ast.parse(source).body))
    except SyntaxError:
        return ""


def text_of(x: ast.AST) -> str:
    """The source of an expression, which may stand as an operand."""
    text = ast.unparse(x)
    is_atom = isinstance(x, ast.Name | ast.Attribute | ast.Subscript | ast.Call | ast.Constant)
    return text if is_atom or not isinstance(x, ast.expr) else f"({text})"
