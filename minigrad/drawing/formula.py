r"""Expressions as mathematics and as plain text, by the templates of the operations' records."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from string import Formatter
from typing import Any

import numpy as np

from minigrad.notation import latex_name
from minigrad.operation import Operation
from minigrad.tensor import Tensor

# How tightly a template binds what it is made of.
SUM, PRODUCT, POWER, ATOM = range(1, 5)
# A formula that is longer than this is cut: nobody reads it in a picture.
MOST_OPERATIONS = 40
LONGEST = 90
LONGEST_NAME = 24


@dataclass(frozen=True)
class Formula:
    """A formula in LaTeX and in plain text, and what is outermost in it."""

    latex: str
    text: str
    level: int = ATOM
    template: str = ""


EMPTY = Formula("", "")
# Stands for what comes in along an edge from something that has no name.
INCOMING = Formula(r"\,\cdot\,", "·")
GRADIENT = Formula(r"\mathbf{g}", "g")


def named(name: str, step: str, step_in_text: str, bold: bool) -> Formula:
    """A named value, with its step as a superscript."""
    short = shortened(name)
    latex = latex_name(short, bold)
    text = f"{short}({step_in_text})" if step_in_text else short
    return Formula(f"{latex}^{{({step})}}" if step else latex, text)


@dataclass(frozen=True)
class Derivative(Formula):
    """dJ/dv, or the part of it that comes through one step."""

    of: Formula = EMPTY
    via: str = ""


@dataclass(frozen=True)
class Equation(Formula):
    """One formula as the value of another."""

    left: Formula = EMPTY
    right: Formula = EMPTY


def derivative(of: Formula, via: str = "", via_in_text: str = "") -> Formula:
    """dJ/dv, or the part of it that comes through one step."""
    latex, text = rf"\frac{{\partial J}}{{\partial {of.latex}}}", f"dJ/d{of.text}"
    if via:
        latex = rf"\left.{latex}\right|_{{{via}}}"
        text = f"{text} through step {via_in_text}"
    return Derivative(latex, text, of=of, via=via)


def equation(left: Formula, right: Formula) -> Formula:
    """One formula as the value of another."""
    latex, text = f"{left.latex} = {right.latex}", f"{left.text} = {right.text}"
    return Equation(latex, text, left=left, right=right)


def listed(formulas: Sequence[Formula]) -> Formula | None:
    """Formulas beside each other; the middle is left out if there are many."""
    if not formulas:
        return None
    latex, text = [f.latex for f in formulas], [f.text for f in formulas]
    if len(formulas) > 3:
        latex, text = [latex[0], r"\ldots", latex[-1]], [text[0], "…", text[-1]]
    return Formula(r",\, ".join(latex), ", ".join(text))


def unnamed(x: Tensor) -> Formula:
    """A leaf without a name: the number itself, or its shape."""
    if x.size == 1:
        number = f"{x._data.item():.4g}"
        digits, _, exponent = number.partition("e")
        latex = rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else number
        return Formula(latex, number, SUM if number.startswith("-") else ATOM)
    shape = "×".join(map(str, x.shape))
    return Formula(rf"\mathrm{{constant}}_{{{shape}}}", f"constant {shape}")


def expression(x: Tensor, written: Callable[[Tensor], Formula | None]) -> Formula:
    """Write what a tensor was computed from, down to what is `written` as it is."""
    return _expression(x, written, count(1))


def _expression(
    x: Tensor, written: Callable[[Tensor], Formula | None], counted: Iterator[int]
) -> Formula:
    x = unaliased(x)
    known = written(x)
    if known is not None:
        return known
    if x._operation is None:
        return unnamed(x)
    if next(counted) > MOST_OPERATIONS:
        return Formula(r"\cdots", "…")
    operation = x._operation
    inputs = [_expression(i, written, counted) for i in x._inputs or ()]
    if operation.drawn == "line":
        return inputs[0]
    return applied(operation, inputs)


def applied(operation: Operation, inputs: Sequence[Formula]) -> Formula:
    """Put formulas into the template of an operation, in parentheses where needed."""
    template: str = operation.latex
    for parameter in operation.defaults:  # such as an index: more than a picture can say
        template = template.replace(f"{{{{{parameter}}}}}", r"\ldots")
    level = binding(template)
    if operation.arity is None:
        inputs = [listed(inputs) or EMPTY]
    plain = in_plain_text(template)
    return Formula(
        # Factors that only stand beside each other get a little space.
        _filled(template.replace("} {", r"} \, {"), inputs, level, template, "latex"),
        _filled(plain, inputs, level, template, "text"),
        level,
        template,
    )


def unaliased(x: Tensor) -> Tensor:
    """What a tensor is a mere view of, whole and unchanged: a transpose of a transpose."""
    origin = x
    while x._name is None and x._inputs and len(x._inputs) == 1:
        [x] = x._inputs
        if _is_same_memory(x._data, origin._data):
            return unaliased(x)
        if x._data.base is None:
            break
    return origin


def shortened(name: str) -> str:
    """A name that fits a node: one line, and its middle left out if it is long."""
    name = "".join(c if c.isprintable() or c.isspace() else "�" for c in name)
    name = " ".join(name.split()) or "�"
    if len(name) <= LONGEST_NAME:
        return name
    half = LONGEST_NAME // 2
    return f"{name[:half]}…{name[-half + 1 :]}"


def binding(template: str) -> int:
    """How tightly a template binds, by what stands outside of its brackets."""
    outside = re.sub(r"\\lvert.*\\rvert", "|", template.replace("{{", "(").replace("}}", ")"))
    while (inner := re.sub(r"\([^()]*\)", "|", outside)) != outside:
        outside = inner
    if re.search(r"[+-]", outside):
        return SUM
    if re.search(r"\\circ|\\sum|\\log |\} \{|\} ?\\|\|\s*\{", outside) and "^" not in outside[:5]:
        return PRODUCT
    return POWER if "^" in outside else ATOM


def in_plain_text(template: str) -> str:
    """A template without its LaTeX."""
    for pattern, plain in (
        (r"\\frac{{({\d})}}{{({\d})}}", r"(\1)/(\2)"),
        (r"\\sqrt{{({\d})}}", r"√(\1)"),
        (r"\\operatorname{{(\w+)}}", r"\1"),
        (r"\^\\top", "ᵀ"),
        (r"\\circ", "∘"),
        (r"\\ldots", "…"),
        (r"\\sigma", "σ"),
        (r"\\sum", "Σ"),
        (r"\\[lr]vert", "|"),
        (r"\\(\w+)", r"\1"),
        (r"\^{{({\d})}}", r"^\1"),
    ):
        template = re.sub(pattern, plain, template)
    return template


def _filled(template: str, inputs: Sequence[Formula], level: int, key: str, form: str) -> str:
    """Fill in one form of a template."""
    written, depth = "", 0
    for literal, place, _, _ in Formatter().parse(template):
        written += literal
        depth += sum(literal.count(c) for c in "({[") - sum(literal.count(c) for c in ")}]")
        if place is None:
            continue
        formula = inputs[int(place)]
        content: str = getattr(formula, form)
        exposed = depth == 0
        if exposed and _needs_parentheses(formula, level, key, literal):
            content = f"({content})"
        elif form == "latex" and exposed and level == POWER and "^" in content:
            content = f"{{{content}}}"
        written += content
    return written


def _needs_parentheses(formula: Formula, level: int, template: str, before: str) -> bool:
    """Whether a formula must be bracketed where a template of this level takes it in."""
    if formula.level != level:
        return formula.level < level
    if level == SUM:
        return before.rstrip().endswith("-")
    return level == POWER or (level == PRODUCT and formula.template != template)


def _is_same_memory(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return (a.__array_interface__["data"], a.shape, a.strides) == (
        b.__array_interface__["data"],
        b.shape,
        b.strides,
    )
