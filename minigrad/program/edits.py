"""What a statement may have been meant to be: the errors that people make, undone."""

import ast
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from minigrad.program.scope import Scope
from minigrad.program.syntax import Changes, Context, replaced, text_of, written_at

# The kind of an error, a sentence on it, and the source of what was meant.
Meant: TypeAlias = tuple[str, str, str]


@dataclass(frozen=True, eq=False)
class Edit:
    """A change to a program that may mend it.

    Attributes
    ----------
    kind, message
        The error that it undoes: a word, and a sentence.
    at
        The expression or statement that is wrong.
    instead
        What was meant.
    statement
        What that stands in.
    changes
        What stands in the place of each statement that changes.
    """

    kind: str
    message: str
    at: ast.expr | ast.stmt
    instead: ast.AST
    statement: ast.stmt
    changes: Changes


def edits_of(context: Context, scope: Scope) -> Iterator[Edit]:
    """All that a statement may have been meant to be, what is likely first."""
    statement = context.statement
    if isinstance(statement, ast.Assign | ast.AugAssign):
        for kind, message, new in _of_assignment(statement, scope):
            yield Edit(kind, message, statement, new, statement, {statement: [new]})
    found = [
        (rank, old, meant)
        for rules, expressions in ((RULES, _read(statement)), (RULES_OF_VALUES, _values(statement)))
        for old in expressions
        if not scope.is_nest(old)
        for rank, rule in enumerate(rules)
        for meant in rule(old, scope)
    ]
    seen: set[tuple[ast.expr, str]] = set()
    for _, old, (kind, message, text) in sorted(found, key=lambda x: x[0]):
        if (old, text) not in seen:
            seen.add((old, text))
            meant_at = written_at(text, old)
            changes = {statement: [replaced(statement, old, meant_at)]}
            yield Edit(kind, message, old, meant_at, statement, changes)
    yield from _of_order(statement, context.block)
    for loop in context.loops:
        yield from _of_range(loop)


def _read(statement: ast.stmt) -> Iterator[ast.expr]:
    """The expressions whose values are read, but for names of functions and modules."""
    to_visit: list[ast.AST] = [statement]
    while to_visit:
        node = to_visit.pop(0)
        children = list(ast.iter_child_nodes(node))
        if isinstance(node, ast.Call):
            children.remove(node.func)
            if isinstance(node.func, ast.Attribute):
                children.append(node.func.value)
        is_read = isinstance(getattr(node, "ctx", ast.Load()), ast.Load)
        if isinstance(node, ast.expr) and is_read and not _is_slice(node):
            yield node
        to_visit += children


def _is_slice(x: ast.expr) -> bool:
    return isinstance(x, ast.Slice) or (isinstance(x, ast.Tuple) and any(map(_is_slice, x.elts)))


def _values(statement: ast.stmt) -> Iterator[ast.expr]:
    """The value of a statement, and what is added, multiplied or given to functions in it."""
    value = getattr(statement, "value", None)
    if value is None:
        return
    yield value
    for node in ast.walk(value):
        match node:
            case ast.Call(_, args):
                yield from args
            case ast.BinOp(left, ast.MatMult() | ast.Add() | ast.Sub(), right):
                yield from (left, right)
            case ast.Tuple(values) | ast.List(values) | ast.Dict(_, values):
                yield from (x for x in values if not _is_slice(x))


# --- of expressions -------------------------------------------------------------------------------


def _functions(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    """A function applied once too often, or instead of its derivative."""
    match x:
        case ast.Call(function, [inner, *_]):
            name, of = text_of(function), text_of(inner)
            short = name.rpartition(".")[2]
            if short not in _REDUCTIONS:
                message = f"{short} is applied once too often: {of} is all that is needed"
                yield "extra function", message, of
            for other in scope.functions:
                if other != name and len(x.args) == 1:
                    yield "wrong function", f"{other} belongs here", f"{other}({of})"
            for derivative in _DERIVATIVES.get(short, ()):
                meant = derivative.format(text_of(x), of)
                yield "function for derivative", f"the derivative of {short} belongs here", meant
        case ast.BinOp(ast.Constant(1), ast.Sub(), right):
            message = f"{text_of(right)} belongs here, and not 1 minus it"
            yield "wrong operand", message, text_of(right)
        case ast.Name() | ast.Attribute() | ast.Subscript() if scope.is_array(x):
            of = text_of(x)
            yield "missing square", f"{of} is squared", f"{of}**2"
            yield "wrong operand", f"1 - {of} belongs here", f"(1 - {of})"
            for derivative in (f"{of} * (1 - {of})", f"(1 - {of}**2)", f"({of} > 0)"):
                message = (
                    f"this is the value of a function, and its derivative {derivative} belongs here"
                )
                yield "function for derivative", message, derivative


_DERIVATIVES = {
    "tanh": ("(1 - {0}**2)",),
    "sigmoid": ("{0} * (1 - {0})",),
    "relu": ("({1} > 0)",),
    "maximum": ("({1} > 0)",),
}
_REDUCTIONS = ("sum", "mean", "max", "min", "prod", "dot", "outer", "matmul", "einsum")


def _operators(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    """A sign; a term or a factor too much."""
    match x:
        case ast.UnaryOp(ast.USub(), value):
            yield "sign", "the sign is wrong", text_of(value)
        case ast.BinOp(left, ast.Add() | ast.Sub() as sign, right):
            a, b = text_of(left), text_of(right)
            other = "-" if isinstance(sign, ast.Add) else "+"
            yield "sign", f"the sign of {b} is wrong", f"{a} {other} {b}"
            yield "sign", f"the sign of {a} is wrong", f"-{a} {'-+'['+-'.index(other)]} {b}"
            yield "extra term", f"{b} is a term too much", a
            yield "extra term", f"{a} is a term too much", b
        case ast.BinOp(left, ast.Mult(), right):
            a, b = text_of(left), text_of(right)
            yield "extra factor", f"{b} is a factor too much", a
            yield "extra factor", f"{a} is a factor too much", b
            yield "wrong operand", "one divides by this", f"{a} / {b}"
        case ast.BinOp(left, ast.Div(), right):
            a, b = text_of(left), text_of(right)
            yield "extra factor", f"nothing is divided by {b}", a
            yield "wrong operand", "this is multiplied", f"{a} * {b}"
            yield "wrong operand", f"one divides by the square of {b}", f"{a} / {b}**2"
        case ast.BinOp(left, ast.Pow(), right):
            a, n = text_of(left), text_of(right)
            for m in (f"({n} + 1)", f"({n} - 1)"):
                yield "wrong exponent", f"the exponent is {m}", f"{a} ** {m}"
            yield "extra factor", f"nothing is raised to the power {n}", a
        case ast.Compare(left, [_], [right]):
            for symbol in ("<", ">", "<=", ">=", "==", "!="):
                meant = f"({text_of(left)} {symbol} {text_of(right)})"
                yield "wrong mask", f"the comparison is {symbol}", meant
        case ast.Constant(float() | int() as number) if type(number) is not bool:
            for near in (number + 1, number - 1, -number, 2 * number, number / 2):
                yield "wrong number", f"{near} belongs here, and not {number}", repr(near)


def _products(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    """Operands of a product that are transposed, or in the wrong order."""
    match x:
        case ast.BinOp(left, ast.MatMult(), right):
            template = "{} @ {}"
        case ast.Call(ast.Attribute(ast.Name(), "dot" | "matmul" | "outer") as f, [left, right]):
            template = f"{text_of(f)}({{}}, {{}})"
        case ast.Call(ast.Attribute(left, "dot"), [right]):
            template = "{}.dot({})"
        case ast.BinOp(left, ast.Mult(), right):
            yield (
                "wrong product",
                "a matrix product belongs here",
                f"{text_of(left)} @ {text_of(right)}",
            )
            return
        case _:
            return
    a, b = text_of(left), text_of(right)
    turned = [(text, f"{text[:-2]}" if text.endswith(".T") else f"{text}.T") for text in (a, b)]
    for first, second in itertools.product(*turned):
        yield "transpose", "an operand is transposed", template.format(first, second)
    for second, first in itertools.product(*turned):
        yield "exchanged operands", "the operands are exchanged", template.format(first, second)
    yield "wrong product", "an elementwise product belongs here", f"{a} * {b}"
    yield "wrong product", "an outer product belongs here", f"{scope.numpy}.outer({a}, {b})"
    yield "wrong product", "a matrix product belongs here", f"{a} @ {b}"


def _transposes(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    match x:
        case ast.Attribute(value, "T"):
            yield "transpose", f"{text_of(value)} is not transposed", text_of(value)
        case ast.Name() | ast.Attribute() | ast.Subscript() if scope.is_array(x):
            yield "transpose", f"{text_of(x)} is transposed", f"{text_of(x)}.T"


def _indices(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    """A wrong step, row or column; all of an axis for a part."""
    if not isinstance(x, ast.Subscript):
        return
    for part in ast.walk(x.slice):
        match part:
            case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(int())):
                texts = [text_of(left), *(f"{text_of(left)} {s} 1" for s in "+-")]
            case ast.Name() if scope.is_whole_number(part):
                texts = [f"{part.id} - 1", f"{part.id} + 1", *scope.whole_numbers]
            case _:
                continue
        for text in texts:
            meant = text_of(replaced(x, part, written_at(text, part)))
            yield "wrong index", f"the index is {text}, and not {text_of(part)}", meant


def _reductions(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    """Another axis, or another way to reduce along it."""
    if not isinstance(x, ast.Call):
        return
    name = text_of(x.func)
    head, _, last = name.rpartition(".")
    if last not in ("sum", "mean", "max", "cumsum", "argmax", "prod"):
        return
    arguments = [text_of(arg) for arg in x.args]
    named = {k.arg: text_of(k.value) for k in x.keywords if k.arg}
    for axis, keepdims in itertools.product(("0", "1", "-1", "None"), (True, False)):
        given = [*arguments, f"axis={axis}", *(["keepdims=True"] if keepdims else [])]
        if "axis" in named or len(arguments) < 2:
            yield "wrong axis", f"the axis is {axis}", f"{name}({', '.join(given)})"
    for other in ("sum", "mean"):
        if other != last:
            meant = text_of(replaced(x, x.func, written_at(f"{head}.{other}", x.func)))
            yield "wrong reduction", f"{other} belongs here, and not {last}", meant


def _other_operands(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    """Another value of the same shape."""
    if isinstance(x, ast.Name | ast.Attribute | ast.Subscript) and scope.is_number(x):
        for atom in scope.like(x):
            yield "wrong operand", f"{atom} belongs here, and not {text_of(x)}", atom


RULES: tuple[Callable[[ast.expr, Scope], Iterator[Meant]], ...] = (
    _operators,
    _functions,
    _indices,
    _transposes,
    _products,
    _reductions,
    _other_operands,
)


# --- of the value of a statement ------------------------------------------------------------------


def _missing_terms(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    yield "sign", "the sign is wrong", f"-{text_of(x)}"
    for atom in scope.like(x):
        yield "missing term", f"{atom} is left out of a sum", f"{text_of(x)} + {atom}"
        yield "missing term", f"{atom} is left out of a difference", f"{text_of(x)} - {atom}"


def _missing_factors(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    for atom in scope.factors_of(x):
        for factor in (
            atom,
            f"(1 - {atom}**2)",
            f"{atom} * (1 - {atom})",
            f"(1 - {atom})",
            f"({atom} > 0)",
        ):
            yield "missing factor", f"the factor {factor} is left out", f"{text_of(x)} * {factor}"
        yield "missing factor", f"one divides by {atom}", f"{text_of(x)} / {atom}"


def _scales(x: ast.expr, scope: Scope) -> Iterator[Meant]:
    for size in ("2", *scope.sizes):
        yield "scale", f"the factor {size} is left out", f"{text_of(x)} * {size}"
        yield "scale", f"one divides by {size}", f"{text_of(x)} / {size}"


RULES_OF_VALUES: tuple[Callable[[ast.expr, Scope], Iterator[Meant]], ...] = (
    _missing_terms,
    _missing_factors,
    _scales,
)


# --- of statements --------------------------------------------------------------------------------


def _of_assignment(
    x: ast.Assign | ast.AugAssign, scope: Scope
) -> Iterator[tuple[str, str, ast.stmt]]:
    """Overwritten for added, an array that is shared, a row that counts once."""
    text = ast.unparse(x.value)
    if isinstance(x, ast.Assign):
        [*_, target] = x.targets
        name = ast.unparse(target)
        if not isinstance(target, ast.Tuple):
            yield (
                "overwritten",
                f"{name} is overwritten, and not added to",
                _statement(f"{name} += {text}", x),
            )
        if isinstance(x.value, ast.Name | ast.Attribute | ast.Subscript):
            message = f"{name} shares the memory of {text}, and changes with it"
            yield "shared memory", message, _statement(f"{name} = {text}.copy()", x)
        return
    name = ast.unparse(x.target)
    yield (
        "not overwritten",
        f"{name} is added to, and not overwritten",
        _statement(f"{name} = {text}", x),
    )
    sign = "-" if isinstance(x.op, ast.Sub) else "+"
    other = "+" if sign == "-" else "-"
    yield "sign", "the sign is wrong", _statement(f"{name} {other}= {text}", x)
    whole = f"{name} = {name} {sign} {text_of(x.value)}"
    yield (
        "shared memory",
        f"this changes all that shares the memory of {name}",
        _statement(whole, x),
    )
    if isinstance(x.target, ast.Subscript) and not _is_slice(x.target.slice):
        of, index = ast.unparse(x.target.value), ast.unparse(x.target.slice)
        message = f"what {index} names twice is added to once"
        value = text_of(x.value) if sign == "+" else f"-{text_of(x.value)}"
        yield (
            "repeated index",
            message,
            _statement(f"{scope.numpy}.add.at({of}, ({index}), {value})", x),
        )


def _of_order(statement: ast.stmt, block: Sequence[ast.stmt]) -> Iterator[Edit]:
    """A statement that comes too late or too early."""
    for other in block:
        if other is not statement and not hasattr(other, "body"):
            before = other.lineno < statement.lineno
            where = "before" if before else "after"
            message = f"this belongs {where} line {other.lineno}"
            pair = [statement, other] if before else [other, statement]
            changes: Changes = {statement: [], other: pair}
            yield Edit("wrong order", message, statement, statement, statement, changes)


def _of_range(loop: ast.For) -> Iterator[Edit]:
    """A loop that leaves out its first or last step."""
    for number in ast.walk(loop.iter):
        match number:
            case ast.Constant(int()) | ast.UnaryOp(ast.USub(), ast.Constant(int())):
                texts = [ast.unparse(number) + sign for sign in (" - 1", " + 1")]
            case ast.BinOp(left, ast.Add() | ast.Sub(), ast.Constant(int())):
                texts = [ast.unparse(left)]
            case ast.Call(ast.Name("range"), [stop]):
                texts = [f"range({ast.unparse(stop)} + 1)", f"range({ast.unparse(stop)} - 1)"]
                texts += [f"reversed({ast.unparse(number)})"]
            case _:
                continue
        for text in texts:
            steps = replaced(loop.iter, number, written_at(text, number))
            changes: Changes = {loop: [replaced(loop, loop.iter, steps)]}
            message = f"the steps are {ast.unparse(steps)}"
            yield Edit("wrong range", message, loop.iter, steps, loop, changes)


def _statement(text: str, old: ast.stmt) -> ast.stmt:
    [new] = ast.parse(text).body
    for node in ast.walk(new):
        if "lineno" in node._attributes:
            ast.copy_location(node, old)
    return new
