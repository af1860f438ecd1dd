"""Why a line holds: the rules of the table that it comes from, and its numbers at a step."""

import ast
import inspect
import re
import textwrap
import types
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minigrad.backprop import inputs_of
from minigrad.derivation.claims import ALL_STEPS, THIS_STEP, Adjoint, Value
from minigrad.derivation.truth import Truth
from minigrad.flow import unnamed_behind
from minigrad.leaf import tensor
from minigrad.notation.expression import (
    Apply,
    Expression,
    Parameters,
    Symbol,
    evaluate,
)
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Text
from minigrad.notation.reader import Reader, number_of
from minigrad.notation.simplify import simplified
from minigrad.tensor import Array, Tensor
from minigrad.writing.formats import WIDTH, display
from minigrad.writing.phrases import Formula
from minigrad.writing.rows import sum_of
from minigrad.writing.structure import Part

if TYPE_CHECKING:
    from minigrad.writing.derivation import WrittenLine

SHORT, MANY = 60, 8  # entries of an array, and terms of a sum, that are written out in full

Named: TypeAlias = tuple[str, Array]  # an array, and how it is written


def explanation(line: "WrittenLine", t: int | None) -> str:
    """The text of `WrittenLine.explain`."""
    model, truth = line.rows.model, Truth(line.flow, line.rows.layout)
    at = _step(line, truth, t)
    p = Text(model.J, last=model.last)
    rows = line.rows.of_line(line)
    paragraphs = [f"{line.ref}  {display(rows, p, len(line.ref) + 2).lstrip()}"]
    if line.part is None:
        whole, value = _claimed(line)(p), p(line.item.of)
        paragraphs.append(
            f"By the chain rule, {whole} is the sum of what each use of {value} gives."
        )
    else:
        paragraphs += _reason_of_part(line, line.part, at, p)
    return "\n\n".join([*paragraphs, *_numbers(line, truth, at)])


def _step(line: "WrittenLine", truth: Truth, t: int | None) -> int | None:
    """The step of the numbers: the one asked for, or the last at which the line holds."""
    known = truth.steps_of(line)
    if t is None:
        return known[-1]
    if t not in known and known != [None]:
        held = [str(s) for s in known if s is not None]
        raise ValueError(f"explain: expected a step of {', '.join(held)} for {line}, got {t}")
    return t if known != [None] else None


def _reason_of_part(line: "WrittenLine", part: Part, at: int | None, p: Text) -> Iterator[str]:
    """The equation that a contribution comes from, and the rules of its operations."""
    equations = [
        line.rows.equation(e)
        for e in line.rows.model.equations_of(part.via.name)
        if part.via.t is None or at in e.steps
    ]
    yield "It comes from the equation"
    yield display(equations, p)
    yield "by the rules of its operations, where g stands for dJ/dy in the shape of y:"
    yield "\n".join(_rules(line, part, at))
    if line.rows.layout == "numerator":
        yield "In numerator layout every derivative is transposed."


# --- rules --------------------------------------------------------------------------------------


def _rules(line: "WrittenLine", part: Part, at: int | None) -> list[str]:
    """The vjp rule of each operation on the way from the next value to this one."""
    flow = line.flow
    via = flow.value(part.via.name, None if part.via.t is None else at)
    step = None if part.of.t is None or at is None else at + part.of.t
    of = flow.value(part.of.name, step)
    between = unnamed_behind(via, set(flow.values.values()))
    on_the_way = {of}
    for node in between:  # the oldest first
        if on_the_way.intersection(inputs_of(node)):
            on_the_way.add(node)
    found: dict[str, None] = {}
    for node in reversed(between):
        used = [i for i, x in enumerate(inputs_of(node)) if x in on_the_way]
        if node._operation.arity is None:  # one of any number of inputs shows it for all
            used = used[:1]
        found |= dict.fromkeys(_rule(node, i) for i in used)
    return list(found)


def _rule(node: Tensor, i: int) -> str:
    """One rule, as mathematics and as it stands in the table."""
    operation: Any = node._operation
    rule = next(r for j, r in enumerate(operation.vjps) if j == i)
    inputs = node._inputs or ()
    names = _argument_names(rule, operation.arity, len(inputs))
    operands = [
        number_of(x) or Symbol(name, None, x.shape) for name, x in zip(names, inputs, strict=True)
    ]
    p, parameters = Text(), Parameters(node._parameters)
    y = p(Apply(operation, tuple(operands), node.shape, parameters))
    result = _as_mathematics(rule, node, operands)
    remark = ""
    if result.shape != inputs[i].shape:
        remark = f", summed to the shape of {names[i]}, along which it was broadcast"
    says = f"{operation.name}, y = {y}:  dJ/d{names[i]} = {p(typeset(result))}{remark}"
    source = textwrap.indent(f"in the table: {rule_source(rule)}", " " * 8)
    return "\n".join(
        textwrap.fill(text, WIDTH, subsequent_indent=" " * 12)
        for text in (f"    {says}", *source.splitlines())
    )


def _argument_names(rule: Any, arity: int | None, n: int) -> list[str]:
    """What the rule calls the inputs; x_1, x_2, ... if it takes any number."""
    if arity is None:
        return [f"x_{j + 1}" for j in range(n)]
    return list(inspect.signature(rule).parameters)[2 : 2 + n]


def _as_mathematics(rule: Any, node: Tensor, operands: Sequence[Expression]) -> Expression:
    """What a rule computes: it is run on tensors, and what they record is read."""
    of_node = [Symbol("g", None, node.shape), Symbol("y", None, node.shape)]
    arrays = [x._data for x in (node, node, *(node._inputs or ()))]
    leaves = {
        tensor(array, requires_grad=isinstance(e, Symbol) and array.dtype.kind == "f"): e
        for array, e in zip(arrays, [*of_node, *operands], strict=True)
    }
    g, y, *inputs = leaves
    given = inputs if node._operation.arity is not None else [inputs]
    contribution = rule(g, y, *given, **node._parameters)
    return Reader(leaves, simplified).read_contribution(contribution)


def rule_source(rule: Any) -> str:
    """The source of a rule: the lambda alone, without what stands around it."""
    rule = getattr(rule, "func", rule)
    try:
        source = textwrap.dedent(inspect.getsource(rule)).strip()
    except (OSError, TypeError):
        return f"the rule {getattr(rule, '__name__', rule)}"
    found = [*_lambdas(source)]
    same = [x for x in found if _meaning(_compiled(x)) == _meaning(rule.__code__)]
    alike = [x for x in found if _compiled(x).co_varnames == rule.__code__.co_varnames]
    return next((ast.unparse(x.body) for x in (*same, *alike, *found)), source)


def _meaning(code: types.CodeType) -> tuple[Any, ...]:
    return code.co_code, code.co_consts, code.co_names, code.co_varnames


def _lambdas(source: str) -> Iterator[ast.Lambda]:
    """The lambdas in a piece of source, which by itself may be no Python."""
    for start in (match.start() for match in re.finditer("lambda", source)):
        for end in range(len(source), start, -1):
            try:
                body = ast.parse(f"({source[start:end]})", mode="eval").body
            except SyntaxError:
                continue
            body = body.elts[0] if isinstance(body, ast.Tuple) else body
            if isinstance(body, ast.Lambda):
                yield body
                break


def _compiled(x: ast.Lambda) -> types.CodeType:
    code: types.CodeType = compile(ast.Expression(x), "", "eval").co_consts[0]
    return code


# --- numbers ------------------------------------------------------------------------------------


def _numbers(line: "WrittenLine", truth: Truth, at: int | None) -> Iterator[str]:
    """What the line is given, what it makes of it, and what the engine has."""
    p = Text(truth.J[0], step="", origin=at or 0)
    where = f" at step t = {at}" if at is not None and _moves(line) else ""
    if line.part is not None:
        kind, given = "values", list(_values(line, line.part, truth, p))
    else:
        given = list(_terms(line, truth, at, p))
        kind = "terms that are there" if len(given) < len(line.inputs) else "terms"
    if given:
        yield f"The {kind}{where}:\n\n{_listed(given)}"
    arrays = {name: truth.given(claim, at) for name, claim in line.given.items()}
    result, expected = np.asarray(line.function(**arrays)), truth.given(line.claim, at)
    name = _claimed(line)(p)
    yield f"The line gives\n\n{_with_numbers(name, result)}"
    yield f"and the engine has\n\n{_with_numbers(name, expected)}"
    difference = float(np.max(np.abs(result - expected), initial=0.0))
    yield f"The two differ by at most {difference:.2g}."


def _moves(line: "WrittenLine") -> bool:
    """Whether the line says something else at another step."""
    if line.part is not None:
        return line.part.has_step
    return not line.item.is_shared or line.claim.via is not None  # or the sum over the steps


def _claimed(line: "WrittenLine") -> Formula:
    """What the line gives, as it stands in the text."""
    if line.part is None and not line.item.is_shared:
        return sum_of(line.item)
    row, *_ = line.rows.of_line(line)
    assert row.left is not None
    return row.left


def _values(line: "WrittenLine", part: Part, truth: Truth, p: Text) -> Iterator[Named]:
    """The values and adjoints that a contribution is computed from."""
    assert line.expression is not None
    at = p.origin if part.has_step else 0  # that its steps count from
    found: dict[Symbol, Array] = {}

    def array_of(s: Symbol) -> Array:
        claim = (Adjoint if s.kind == "adjoint" else Value)(s.name, s.t or 0)
        constant = s.kind == "constant"
        x: Array = line.rows.model.arrays[s.name] if constant else truth.given(claim, at)
        return found.setdefault(s, x)

    evaluate(line.expression, array_of, at)
    for s, x in found.items():
        yield p.absolute(at)(s), x


def _terms(line: "WrittenLine", truth: Truth, at: int | None, p: Text) -> Iterator[Named]:
    """The terms of a sum, those that are there."""
    item = line.item
    vias = [*(THIS_STEP + d for d in item.from_steps), *item.via]
    terms = dict(zip(vias, line.rows.terms(item), strict=True))
    for claim in line.inputs.values():
        assert isinstance(claim, Adjoint)
        if claim.t is ALL_STEPS:
            for step, part in truth.parts(claim).items():
                yield p.absolute(step).share(claim.name), truth.sum_of(part)
        elif truth.part(claim, at).through:
            yield terms[claim.via].written(p), truth.given(claim, at)


def _listed(given: Sequence[Named]) -> str:
    """Arrays and their names; of very many, the first and the last."""
    shown = [_with_numbers(*x) for x in given]
    if len(shown) > MANY:
        shown[2:-1] = [f"    ... and {len(shown) - 3} more ..."]
    return "\n".join(shown)


def _with_numbers(name: str, x: Array) -> str:
    """A named array in full, or of a long one its ends and its norm, to four digits."""
    if not x.ndim:
        return f"    {name} = {x:#.4g}"
    shape = " × ".join(map(str, x.shape))
    if x.size > SHORT:
        shape += f", of norm {np.linalg.norm(x):.4g}"
    digits = max((len(f"{v:#.4g}") for v in x.flat if x.dtype.kind == "f"), default=0)
    entries = np.array2string(
        x,
        formatter={"float_kind": lambda v: f"{v:#{digits}.4g}"},
        threshold=SHORT,
        edgeitems=2,
        max_line_width=WIDTH - 8,
    )
    return f"    {name}, {shape}:\n{textwrap.indent(entries, ' ' * 8)}"
