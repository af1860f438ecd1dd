"""What is written in a picture: formulas, as mathematics and as plain text."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from types import MappingProxyType

from minigrad.notation.expression import Apply, Expression, Parameters, Symbol
from minigrad.notation.forms import typeset
from minigrad.notation.names import latex_name
from minigrad.notation.printing import Latex, Text
from minigrad.notation.reader import number_of
from minigrad.notation.simplify import simplified
from minigrad.notation.template import Written
from minigrad.operation import FUNCTION, POWER, Operation
from minigrad.tensor import Tensor

# A formula that is longer than this is cut: nobody reads it in a picture.
MOST_OPERATIONS = 40
LONGEST = 90
LONGEST_NAME = 24


@dataclass(frozen=True)
class Formula:
    """A formula in LaTeX and in plain text, and how tightly it holds together."""

    latex: str
    text: str
    precedence: int = FUNCTION


EMPTY = Formula("", "")
# Stands for what comes in along an edge from something that has no name.
INCOMING = Formula(r"\,\cdot\,", "·")
MORE = Formula(r"\cdots", "…")
GRADIENTS = tuple(Formula(rf"\mathbf{{{letter}}}", letter) for letter in "gquvr")


def named(name: str, step: str, step_in_text: str, bold: bool) -> Formula:
    """A named value, with its step as a superscript."""
    short = shortened(name)
    latex = latex_name(short, bold)
    if not step:
        return Formula(latex, short)
    return Formula(f"{latex}^{{({step})}}", f"{short}({step_in_text})", POWER)


@dataclass(frozen=True)
class Derivative(Formula):
    """dJ/dv, or the part of it that comes through one step."""

    loss: Formula = EMPTY
    of: Formula = EMPTY
    via: str = ""


@dataclass(frozen=True)
class Equation(Formula):
    """One formula as the value of another."""

    left: Formula = EMPTY
    right: Formula = EMPTY


def derivative(loss: Formula, of: Formula, via: str = "", via_in_text: str = "") -> Formula:
    """dJ/dv, or the part of it that comes through a step or a value."""
    latex = rf"\frac{{\partial {loss.latex}}}{{\partial {of.latex}}}"
    text = f"d{loss.text}/d{of.text}"
    if via:
        latex = rf"\left.{latex}\right|_{{{via}}}"
        text = f"{text} through {via_in_text}"
    return Derivative(latex, text, loss=loss, of=of, via=via)


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
    """A leaf without a name: the number that it is, or its shape."""
    known = number_of(x)
    if known is not None:
        return _formula(known)
    shape = "×".join(map(str, x.shape))
    return Formula(rf"\mathrm{{constant}}_{{{shape}}}", f"constant {shape}")


@dataclass(frozen=True)
class Leaf(Symbol):
    """What an expression is made of, with the formula that it is written as."""

    formula: Formula = EMPTY


def leaf(x: Tensor, formula: Formula) -> Expression:
    """A tensor as what other expressions are made of."""
    kind = "adjoint" if formula in GRADIENTS else "value"
    return Leaf(str(x._index), None, x.shape, kind, formula)  # type: ignore[arg-type]


def expression(
    x: Tensor,
    written: Callable[[Tensor], Expression | None],
    moving: Mapping[Tensor, Parameters] = MappingProxyType({}),
) -> Formula:
    """Write what a tensor was computed from, down to what is `written` as it is.

    `moving` has the parameters of operations that are others at other steps.
    """
    return _formula(_read(x, written, moving, count(1)))


def _formula(e: Expression) -> Formula:
    e = typeset(e)
    latex, text = _Latex().written(e), _Text().written(e)
    return Formula(latex.text, text.text, latex.precedence)


def _read(
    x: Tensor,
    written: Callable[[Tensor], Expression | None],
    moving: Mapping[Tensor, Parameters],
    counted: Iterator[int],
) -> Expression:
    known = written(x) or number_of(x)
    if known is not None:
        return known
    if x._operation is None:
        return leaf(x, unnamed(x))
    if next(counted) > MOST_OPERATIONS:
        return leaf(x, MORE)
    inputs = tuple(_read(i, written, moving, counted) for i in x._inputs or ())
    parameters = moving.get(x) or Parameters(x._parameters)
    return simplified(Apply(x._operation, inputs, x.shape, parameters))


class _Latex(Latex):
    """LaTeX for ziamath, which has no bold digits, and sets names upright that are of letters."""

    beside = r" \, "  # between factors that only stand beside each other
    bold_digits = Text.bold_digits

    def template(self, operation: Operation) -> str:
        template = super().template(operation).replace("} {", rf"}}{self.beside}{{")
        name = operation.name.replace("_", r"\_")
        return template.replace(rf"\operatorname{{{{{name}}}}}", rf"\text{{{{{operation.name}}}}}")

    def symbol(self, e: Symbol) -> Written:
        if not isinstance(e, Leaf):  # π
            return super().symbol(e)
        return Written(e.formula.latex, e.formula.precedence)


class _Text(Text):
    def symbol(self, e: Symbol) -> Written:
        if not isinstance(e, Leaf):
            return super().symbol(e)
        return Written(e.formula.text)  # where a step is no superscript


def shortened(name: str) -> str:
    """A name that fits a node: one line, and its middle left out if it is long."""
    name = "".join(c if c.isprintable() or c.isspace() else "�" for c in name)
    name = " ".join(name.split()) or "�"
    if len(name) <= LONGEST_NAME:
        return name
    half = LONGEST_NAME // 2
    return f"{name[:half]}…{name[-half + 1 :]}"
