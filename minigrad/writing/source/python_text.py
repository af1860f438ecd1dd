"""Expressions as Python source, and the helper functions that they call."""

import ast
import builtins
import inspect
import keyword
import re
import textwrap
import types
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    MovingNumber,
    Number,
    OverSteps,
    Symbol,
    with_moved,
)
from minigrad.notation.kinks import is_bracket
from minigrad.notation.names import on_one_line
from minigrad.notation.nodes import as_fraction, is_, times, without_sign
from minigrad.notation.shapes import thin_index
from minigrad.operation import Operation
from minigrad.operations.elementwise import (
    add,
    divide,
    greater,
    multiply,
    negative,
    subtract,
    where,
)
from minigrad.operations.shape import getitem, reshape
from minigrad.tensor import OPERATIONS

# Terms between which signs are written: of more, Python's own parser does not go so deep.
MANY = 100


class Names(Protocol):
    """How the symbols of an expression are written, at the step at hand and in sums over steps."""

    def name_of(self, s: Symbol) -> str: ...

    def over_steps(self, e: OverSteps) -> str: ...

    def index(self, i: MovingNumber) -> str: ...


class Verbatim(str):
    """Source among the parameters of an operation."""

    __repr__ = str.__str__


def source_of(e: Expression, names: Names) -> str:
    """The Python source of an expression."""
    return ast.unparse(_tree(e, names))


def _tree(e: Expression, names: Names) -> ast.expr:
    if isinstance(e, Symbol):
        return _parsed(names.name_of(e))
    if isinstance(e, Number):
        return _number(e)
    if isinstance(e, MovingNumber):
        return _parsed(names.index(e))
    if isinstance(e, OverSteps):
        return _parsed(names.over_steps(e))
    if e.operation is add:
        terms = [*e.inputs]
        first = next((x for x in terms if without_sign(x) is None), terms[0])
        terms.remove(first)
        if len(terms) > MANY:
            each = [_tree(x, names) for x in (first, *terms)]
            return ast.Call(ast.Name("sum"), [ast.List(each)], [])
        tree = _tree(first, names)
        for x in terms:
            positive = without_sign(x)
            operation = add if positive is None else subtract
            tree = _filled(_template(operation, {}), [tree, _tree(positive or x, names)])
        return tree
    if e.operation is multiply:
        positive = without_sign(e)
        if positive is not None:
            return _filled(_template(negative, {}), [_tree(positive, names)])
        if (divided := _fraction_in_front(e)) is not None:
            below, rest = divided
            return _filled(_template(divide, {}), [_tree(rest, names), _number(below)])
        tree, *others = _factors(e, names)
        for factor in others:
            tree = _filled(_template(multiply, {}), [tree, factor])
        return tree
    if is_bracket(e):
        return _bracket(e, names)
    if is_(e, where):
        operands = [_condition(e.inputs[0], names), *(_tree(x, names) for x in e.inputs[1:])]
    else:
        operands = [_tree(x, names) for x in e.inputs]
        if e.operation.python is e.operation.numpy is None:  # a function of arrays, no others
            is_number = [isinstance(x, Number) and not x.shape for x in e.inputs]
            operands = [
                _filled("np.asarray(_0)", [x]) if known else x
                for x, known in zip(operands, is_number, strict=True)
            ]
    if e.operation is reshape and not e.inputs[0].shape:  # it may be a Python number
        return _filled(f"np.reshape(_0, {e.shape})", operands)
    if e.operation is reshape and (index := thin_index(e.inputs[0].shape, e.shape)):
        return _filled(_template(getitem, {"index": index}), operands)
    parameters = with_moved(e.parameters, lambda i: Verbatim(names.index(i)))
    return _filled(_template(e.operation, parameters, len(operands)), operands)


def _factors(e: Apply, names: Names) -> Iterator[ast.expr]:
    """The factors; a bracket as a condition, if there is an array beside it that it multiplies."""
    is_float = any(not isinstance(x, Number) and not is_bracket(x) for x in e.inputs)
    for x in e.inputs:
        yield _condition(x, names) if is_float else _tree(x, names)


def _condition(e: Expression, names: Names) -> ast.expr:
    """A bracket as what holds or not; anything else as it is."""
    if not is_bracket(e):
        return _tree(e, names)
    return _filled(_template(e.operation, {}), [_tree(x, names) for x in e.inputs])


def _bracket(e: Apply, names: Names) -> ast.expr:
    """A bracket as a number, of the dtype of what is compared."""
    a, b = e.inputs
    less = a if b == Number(0) else Apply(add, (a, times(-1, b)), e.shape, NONE)
    form = "np.heaviside(_0, 0)" if e.operation is greater else "1 - np.abs(np.sign(_0))"
    return _filled(form, [_tree(less, names)])


def _fraction_in_front(e: Apply) -> tuple[Number, Expression] | None:
    """n and m x, of m x / n: written so, and not as 0.3333 x."""
    first, *rest = e.inputs
    fraction = as_fraction(first.value) if isinstance(first, Number) else None
    if fraction is None or fraction.denominator == 1:
        return None
    above = [*([] if fraction.numerator == 1 else [Number(fraction.numerator)]), *rest]
    x = above[0] if len(above) == 1 else Apply(multiply, tuple(above), e.shape, e.parameters)
    return Number(fraction.denominator), x


def _number(e: Number) -> ast.expr:
    value = int(e.value) if float(e.value).is_integer() and abs(e.value) < 1e15 else e.value
    if e.shape:
        return _parsed(f"np.full({e.shape}, {float(e.value)!r})")
    return _parsed(repr(value))


def _template(operation: Operation, parameters: Any, count: int = 2) -> str:
    """How an application is written, with `_0`, `_1` for the operands."""
    names = [f"_{i}" for i in range(operation.arity or count)]
    python = operation.python
    if python is not None:
        return (python if isinstance(python, str) else python(**parameters)).format(*names)
    operands = ", ".join(names) if operation.arity else f"({', '.join(names)},)"
    return call(operation, parameters, operands)


def call(operation: Operation, parameters: Any, operands: str) -> str:
    """A call with the parameters that are not those by default."""
    given = "".join(
        f", {name}={_argument(value)}"
        for name, value in parameters.items()
        if _argument(value) != _argument(operation.defaults[name])
    )
    function = operation.name if operation.numpy is None else f"np.{operation.numpy.__name__}"
    return f"{function}({operands}{given})"


def _argument(value: Any) -> str:
    """A parameter in source: an axis by itself is no tuple."""
    if isinstance(value, tuple) and len(value) == 1 and isinstance(value[0], int):
        return repr(value[0])
    return f"np.array({value.tolist()})" if isinstance(value, np.ndarray) else repr(value)


def joined(terms: Iterable[str]) -> str:
    """Terms with their signs between them: a sum, in mathematics or in source."""
    first, *rest = terms
    signed = (f" - {x[1:]}" if x.startswith("-") else f" + {x}" for x in rest)
    return "".join([first, *signed])


def sum_of(sources: Iterable[str]) -> str:
    """The source of a sum, without parentheses that it does not need.

    Examples
    --------
    >>> from minigrad.writing.source.python_text import sum_of
    >>> sum_of(["a", "-(2 * b)", "c"])
    'a - 2 * b + c'
    """
    terms = list(sources)
    if len(terms) > MANY:
        return f"sum([{', '.join(terms)}])"
    return ast.unparse(_parsed(joined(terms)))


def _parsed(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _filled(template: str, operands: list[ast.expr]) -> ast.expr:
    class Fill(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if node.id[0] == "_" and node.id[1:].isdigit():
                return operands[int(node.id[1:])]
            return node

    tree: ast.expr = Fill().visit(_parsed(template))
    return tree


# --- helper functions ---------------------------------------------------------------------------


def helpers(expressions: Iterable[str]) -> list[str]:
    """The source of what expressions call and NumPy does not have, what is needed first first."""
    known: dict[str, list[str]] = {}

    def visit(source: str, module: Mapping[str, Any]) -> None:
        """Add what is called: operations of the table, and functions of a module of rules."""
        for name in _called(ast.parse(source)):
            is_operation = name in OPERATIONS and not hasattr(builtins, name)
            function = _forward(name) if is_operation else module.get(name)
            if name not in known and isinstance(function, types.FunctionType):
                known[name] = []
                written = _helper(name, function)
                visit(written, function.__globals__)
                known[name] = [*_constants(function, written), written]

    for source in expressions:
        visit(source, {})
    return list(dict.fromkeys(text for texts in known.values() for text in texts))


def _forward(name: str) -> Any:
    operation: Any = OPERATIONS[name]
    return operation.forward


def _called(tree: ast.AST) -> list[str]:
    """The names that are called."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [function.id for function in calls if isinstance(function, ast.Name)]


def _constants(function: types.FunctionType, written: str) -> list[str]:
    """The constants of its module that a function uses."""
    names = {node.id for node in ast.walk(ast.parse(written)) if isinstance(node, ast.Name)}
    known = function.__globals__
    return [
        f"{name} = {known[name]!r}"
        for name in sorted(names & known.keys())
        if isinstance(known[name], int | float | str | tuple | dict)
    ]


def _helper(name: str, function: types.FunctionType) -> str:
    """A function as a person would write it in a module of its own."""
    tree = ast.parse(textwrap.dedent(_source(name, function)))
    [definition] = tree.body
    if not isinstance(definition, ast.FunctionDef):
        raise ValueError(
            f"numpy_source: the operation {name!r} computes by a lambda; give it "
            "operation(..., python='a NumPy expression with {0} for the input')"
        )
    definition.name = name
    definition.returns = None
    for argument in (*definition.args.args, *definition.args.kwonlyargs):
        argument.annotation = None
    _Plain(function.__globals__).visit(definition)
    return ast.unparse(ast.fix_missing_locations(tree))


def _source(name: str, function: types.FunctionType) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError) as error:
        raise ValueError(
            f"numpy_source: the source of the operation {name!r} can't be found; give it "
            "operation(..., python='a NumPy expression with {0} for the input')"
        ) from error


class _Plain(ast.NodeTransformer):
    """Takes out annotations; calls of other forward functions get the operations' names."""

    def __init__(self, module: Mapping[str, Any]) -> None:
        self._module = module

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        assert node.value is not None
        return ast.Assign(targets=[node.target], value=node.value)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        name = node.id.removeprefix("_")
        is_forward = name in OPERATIONS and self._module.get(node.id) is _forward(name)
        return ast.Name(name, node.ctx) if is_forward else node


# What the written source uses itself, beside the operations of the table.
_RESERVED = {*keyword.kwlist, *dir(builtins), "np", "t", "T", "gradients"}


def identifier(name: str) -> str:
    """The nearest Python name that means nothing else in the source: h_apostrophe, lambda_.

    Examples
    --------
    >>> from minigrad.writing.source.python_text import identifier
    >>> [identifier(name) for name in ("W_f", "encoder.W", "W_{fa}", "h'", "2x", "lambda")]
    ['W_f', 'encoder_W', 'W_fa', 'h_apostrophe', 'v2x', 'lambda_']
    """
    text = "".join(map(_in_identifier, re.sub(r"[{}\\]", "", name)))  # of LaTeX, as W_{fa}
    if not text[:1].isalpha():  # names that start with _ are those of helpers
        text = f"v{text}"
    word = text.rstrip("_")
    return f"{text}_" if word in _RESERVED or word in OPERATIONS else text


def in_docstring(text: str) -> str:
    """Text that can't end the docstring in which it stands."""
    return on_one_line(text).replace("\\", r"\\").replace('"', r"\"")


def _in_identifier(c: str) -> str:
    """A character of a name as Python takes it, without changing it to another."""
    if f"v{c}".isidentifier() and unicodedata.normalize("NFKC", c) == c:
        return c
    spelled = unicodedata.name(c, f"u{ord(c):x}").lower()
    return "_" if c in ". -" else "_" + re.sub(r"\W", "_", spelled)
