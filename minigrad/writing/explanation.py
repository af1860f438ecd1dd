"""Why a line holds: the rules of the table that it comes from, its shapes, its numbers."""

import ast
import inspect
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.derivation.truth import Truth
from minigrad.leaf import tensor
from minigrad.notation.expression import Apply, Expression, Parameters, Reader, Symbol, number_of
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Text
from minigrad.notation.simplify import simplified
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.writing.derivation import WrittenLine


def explanation(line: "WrittenLine", t: int | None) -> str:
    """The text of `WrittenLine.explain`."""
    truth = Truth(line.flow, line.layout)
    at = _step(line, truth, t)
    paragraphs = [str(line)]
    if line.part is None:
        paragraphs.append("A sum: every way from the value to J adds its part (chain rule).")
    else:
        paragraphs.append(
            "\n".join(
                ["By the rules of the table, with g = dJ/dy in the shape of y:", *_rules(line, at)]
            )
        )
    paragraphs.append("\n".join(["Shapes:", *_shapes(line, truth, at)]))
    paragraphs.append("\n".join(_numbers(line, truth, at)))
    return "\n\n".join(paragraphs)


def _step(line: "WrittenLine", truth: Truth, t: int | None) -> int | None:
    """The step of the numbers: the one asked for, or the last at which the line holds."""
    known = truth.steps_of(line)
    if t is None:
        return known[-1]
    if t not in known and known != [None]:
        held = [str(s) for s in known if s is not None]
        raise ValueError(f"explain: expected a step of {', '.join(held)} for {line}, got {t}")
    return t if known != [None] else None


# --- rules --------------------------------------------------------------------------------------


def _rules(line: "WrittenLine", at: int | None) -> list[str]:
    """The vjp rule of each operation on the way from the next value to this one."""
    part = line.part
    assert part is not None
    via = line.flow.value(part.via.name, None if part.via.t is None else at)
    step = None if part.of.t is None or at is None else at + part.of.t
    of = line.flow.value(part.of.name, step)
    named = set(line.flow.values.values())
    found: dict[str, None] = {}
    to_visit, seen = [via], {via}
    while to_visit:
        node = to_visit.pop(0)
        for i, x in enumerate(node._inputs or ()):
            if x.requires_grad and _leads_to(x, of, named):
                found.setdefault(_rule(node, i))
                if x is not of and x not in seen:
                    seen.add(x)
                    to_visit.append(x)
    return list(found)


def _leads_to(x: Tensor, of: Tensor, named: set[Tensor]) -> bool:
    """Whether a value was computed from another through unnamed ones alone."""
    if x is of:
        return True
    if x in named:
        return False
    return any(_leads_to(u, of, named) for u in x._inputs or ())


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
    undone = ""
    if result.shape != inputs[i].shape:
        undone = f", summed to the shape of {names[i]}, along which it was broadcast"
    return (
        f"  y = {y}:  dJ/d{names[i]} = {p(typeset(result))}{undone}\n"
        f"    in the table: {rule_source(rule)}"
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
    start = max(source.find("lambda"), 0)
    for end in range(len(source), start, -1):
        try:
            tree = ast.parse(f"({source[start:end]})", mode="eval")
        except SyntaxError:
            continue
        body = tree.body
        if isinstance(body, ast.Lambda):
            return ast.unparse(body.body)
        if isinstance(body, ast.Tuple) and isinstance(body.elts[0], ast.Lambda):
            return ast.unparse(body.elts[0].body)
    return source


# --- shapes and numbers -------------------------------------------------------------------------


def _shapes(line: "WrittenLine", truth: Truth, at: int | None) -> list[str]:
    rows = [
        f"  {claim}: {_shape(truth.given(claim, at))}"
        for claim in (*line.inputs.values(), line.claim)
    ]
    return list(dict.fromkeys(rows))


def _shape(x: Any) -> str:
    if isinstance(x, dict):
        first = next(iter(x.values()))
        return f"{_shape(first)} at each of {len(x)} steps"
    return " x ".join(map(str, np.shape(x))) or "a number"


def _numbers(line: "WrittenLine", truth: Truth, at: int | None) -> list[str]:
    """What the line computes at a step, beside what the engine has."""
    given = {name: truth.given(claim, at) for name, claim in line.given.items()}
    result = np.asarray(line.function(**given))
    expected = truth.given(line.claim, at)
    step = "" if at is None else f" at step {at}"
    difference = float(np.max(np.abs(result - expected), initial=0.0))
    return [
        f"The line gives{step}:",
        textwrap.indent(np.array2string(result, precision=4, threshold=50), "  "),
        f"The engine's value differs by at most {difference:.1e}.",
    ]
