"""How an expression is typeset in LaTeX, and written in plain Unicode text."""

import string
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Self

import numpy as np

from minigrad.notation import ACCENTS, GREEK, latex_name, on_one_line
from minigrad.operation import FUNCTION, MATRIX_PRODUCT, POWER, PRODUCT, SIGN, Operation
from minigrad.operations.elementwise import add, multiply, negative, power, subtract
from minigrad.operations.linear import matmul
from minigrad.writing.expression import NONE, Apply, Expression, Number, OverSteps, Symbol

ASSOCIATIVE = (add, multiply, matmul)

Written = tuple[str, int]  # the text, and how tightly it holds together


class Printer(ABC):
    """What LaTeX and plain text have in common; precedences decide on parentheses.

    Parameters
    ----------
    J
        What the loss is called.
    step
        The letter of the step that `t` counts from; "" if steps are absolute.
    last
        The step that is called T.
    """

    def __init__(self, J: str = "J", step: str = "t", last: int | None = None) -> None:
        self.J = J
        self.at = step
        self.last = last

    def absolute(self) -> Self:
        """For expressions whose steps are numbers."""
        return type(self)(self.J, "", self.last)

    def __call__(self, e: Expression) -> str:
        return self.written(e)[0]

    def written(self, e: Expression) -> Written:
        """The text of an expression, and its precedence."""
        if isinstance(e, Symbol):
            if e.kind == "adjoint":
                return self.adjoint(e.name, e.t), MATRIX_PRODUCT
            superscript = e.t is not None
            return self.name(e.name, e.t, bool(e.shape)), POWER if superscript else FUNCTION
        if isinstance(e, Number):
            return self.number(e)
        if isinstance(e, OverSteps):
            term, precedence = type(self)(self.J, "t", self.last).written(e.term)
            if precedence < SIGN:
                term = self.parentheses(term)
            return self.sum_of(e.first, e.last, term), SIGN
        if e.operation is add:
            return self._sum(e.inputs)
        if e.operation is multiply:
            return self._product(e.inputs)
        if e.operation is power:
            return self._power(*e.inputs)
        return self._apply(e.operation, e)

    def _apply(self, operation: Operation, e: Apply) -> Written:
        operands = [self.written(x) for x in e.inputs]
        if operation.arity is None:
            operands = [(", ".join(text for text, _ in operands), FUNCTION)]
        names = {name: self.parameter(value) for name, value in e.parameters.items()}
        return self._filled(operation, operands, names)

    def _filled(
        self, operation: Operation, operands: Sequence[Written], names: dict[str, str] | None = None
    ) -> Written:
        template = self.template(operation)
        if template == "{0}":
            return operands[0]
        needed = _needed(template, operation)
        texts = [
            text if own >= needed.get(i, 0) else self.parentheses(text)
            for i, (text, own) in enumerate(operands)
        ]
        delimited = operation.precedence > SIGN and not any(needed.values())
        precedence = (
            max(operation.precedence, MATRIX_PRODUCT) if delimited else operation.precedence
        )
        text = template.format(*texts)
        for name, value in (names or {}).items():
            text = text.replace(f"{{{name}}}", value)
        return text, precedence

    def _sum(self, terms: Sequence[Expression]) -> Written:
        text = self.written(terms[0])
        for x in terms[1:]:
            positive = without_sign(x)
            if positive is None:
                text = self._filled(add, [text, self.written(x)])
            else:
                text = self._filled(subtract, [text, self.written(positive)])
        return text

    def _product(self, factors: Sequence[Expression]) -> Written:
        positive = without_sign(Apply(multiply, tuple(factors), (), NONE))
        if positive is not None:
            return self._filled(negative, [self.written(positive)])
        text = self.written(factors[0])
        for before, x in pairwise(factors):
            other = self.written(x)
            if before.shape and x.shape:
                text = self._filled(multiply, [text, other])
            else:  # a number or a scalar stands in front, as it does by hand
                left, right = (u if p >= PRODUCT else self.parentheses(u) for u, p in (text, other))
                if other[1] == SIGN and not other[0].startswith("-"):  # 1/2 Σ x
                    text = f"{left}{self.beside}{other[0]}", SIGN
                else:
                    text = f"{left}{self.beside}{right}", PRODUCT
        return text

    def _power(self, base: Expression, exponent: Expression) -> Written:
        if (
            isinstance(base, Apply)
            and base.operation.arity == 1
            and isinstance(exponent, Number)
            and float(exponent.value).is_integer()
        ):
            function, bracket, rest = self.template(base.operation).partition("({0})")
            if bracket and not rest and (function[-1:].isalpha() or function.endswith("}")):
                raised = self.raised(function.format(), self(exponent))
                return f"{raised}({self(base.inputs[0])})", FUNCTION
        text, precedence = self.written(base)
        if precedence < FUNCTION:
            text = self.parentheses(text)
        return self.raised(text, self(exponent)), POWER

    # --- adjoints ---------------------------------------------------------------------------------

    def component(self, name: str, t: int | None, via: str, via_t: int | None) -> str:
        """The part of an adjoint that comes through one value."""
        return self.restricted(self.adjoint(name, t), self.name(via, via_t))

    def from_step(self, name: str, t: int, source: int) -> str:
        """The part of an adjoint that flows in from another step."""
        return self.restricted(self.adjoint(name, t), self.step(source))

    def share(self, name: str) -> str:
        """What the step at hand gives to the adjoint of a weight."""
        return self.restricted(self.adjoint(name), self.step(0))

    # --- what differs -----------------------------------------------------------------------------

    beside = " "

    @abstractmethod
    def template(self, operation: Operation) -> str: ...

    @abstractmethod
    def name(self, name: str, t: int | None = None, bold: bool = True) -> str: ...

    @abstractmethod
    def adjoint(self, name: str, t: int | None = None) -> str: ...

    @abstractmethod
    def restricted(self, adjoint: str, source: str) -> str: ...

    @abstractmethod
    def chain(self, via: Symbol, of: Symbol) -> str: ...

    @abstractmethod
    def sum_of(self, first: int, last: int | None, term: str) -> str: ...

    @abstractmethod
    def number(self, e: Number) -> Written: ...

    @abstractmethod
    def raised(self, text: str, exponent: str) -> str: ...

    def words(self, text: str) -> str:
        """Words in the place of a formula."""
        return text

    def parentheses(self, text: str) -> str:
        return f"({text})"

    def parameter(self, value: object) -> str:
        """A parameter of an operation, such as an axis or an index."""
        if isinstance(value, tuple):
            return ", ".join(map(self.parameter, value))
        if isinstance(value, slice):
            ends = [value.start, value.stop] + ([] if value.step is None else [value.step])
            return ":".join("" if end is None else str(end) for end in ends)
        if isinstance(value, np.ndarray):
            return str(value.tolist())
        return "..." if value is Ellipsis else str(value)

    def step(self, t: int) -> str:
        """A time step, counted from the one at hand: t, t+1, t-1."""
        if not self.at:
            return "T" if t == self.last else str(t)
        return self.at if t == 0 else f"{self.at}{t:+d}"


class Latex(Printer):
    r"""Typesets in LaTeX.

    Examples
    --------
    >>> from minigrad.writing.expression import Symbol
    >>> print(Latex()(Symbol("a", -1, (4, 2))))
    \mathbf{a}^{(t-1)}
    """

    def template(self, operation: Operation) -> str:
        return operation.latex

    def name(self, name: str, t: int | None = None, bold: bool = True) -> str:
        text = latex_name(name, bold)
        return text if t is None else f"{text}^{{({self.step(t)})}}"

    def adjoint(self, name: str, t: int | None = None) -> str:
        return rf"\frac{{\partial {latex_name(self.J)}}}{{\partial {self.name(name, t)}}}"

    def restricted(self, adjoint: str, source: str) -> str:
        return rf"\left. {adjoint} \right|_{{{source}}}"

    def chain(self, via: Symbol, of: Symbol) -> str:
        inner = rf"\frac{{\partial {self(via)}}}{{\partial {self(of)}}}"
        return f"{self.adjoint(via.name, via.t)} {inner}"

    def number(self, e: Number) -> Written:
        value = abs(e.value)
        fraction = as_fraction(value)
        if e.shape and value == 1:
            text = r"\mathbf{1}"
        elif fraction is not None and fraction.denominator > 1:
            text = rf"\frac{{{fraction.numerator}}}{{{fraction.denominator}}}"
        else:
            digits, _, exponent = f"{value:.6g}".partition("e")
            text = rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits
            text = text.removeprefix(r"1 \cdot ")
        return (f"-{text}", SIGN) if e.value < 0 else (text, POWER if "^" in text else FUNCTION)

    def sum_of(self, first: int, last: int | None, term: str) -> str:
        absolute = self.absolute()
        end = "T" if last is None else absolute.step(last)
        return rf"\sum_{{t={absolute.step(first)}}}^{{{end}}} {term}"

    def raised(self, text: str, exponent: str) -> str:
        return f"{text}^{{{exponent}}}"

    def words(self, text: str) -> str:
        return rf"\text{{{text}}}".replace("_", r"\_")

    def parentheses(self, text: str) -> str:
        return rf"\left({text}\right)" if r"\frac" in text else f"({text})"


_SUPERSCRIPTS = str.maketrans("0123456789+-=()tTn", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵗᵀⁿ")
_LETTERS = {
    letter: unicodedata.lookup(
        f"GREEK {'CAPITAL' if letter[0].isupper() else 'SMALL'} LETTER {letter.upper()}".replace(
            "LAMBDA", "LAMDA"
        )
    )
    for letter in GREEK
}
_COMBINING = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304", "dot": "\u0307", "vec": "\u20d7"}
assert _COMBINING.keys() == ACCENTS.keys()


class Text(Printer):
    """Writes in Unicode, for a terminal.

    Examples
    --------
    >>> from minigrad.writing.expression import Symbol
    >>> print(Text()(Symbol("Gamma_f", 0, (4, 2))))
    Γ_f⁽ᵗ⁾
    """

    def template(self, operation: Operation) -> str:
        return operation.text

    def name(self, name: str, t: int | None = None, bold: bool = True) -> str:
        scope, dot, local = on_one_line(name).rpartition(".")
        base, *parts = local.split("_")
        text = _LETTERS.get(base, base)
        text += "".join(_COMBINING[part] for part in parts if part in ACCENTS)
        below = "_".join(_LETTERS.get(part, part) for part in parts if part not in ACCENTS)
        text = scope + dot + unicodedata.normalize("NFC", text) + (f"_{below}" if below else "")
        return text if t is None else text + f"({self.step(t)})".translate(_SUPERSCRIPTS)

    def adjoint(self, name: str, t: int | None = None) -> str:
        return f"∂{self.name(self.J)}/∂{self.name(name, t)}"

    def restricted(self, adjoint: str, source: str) -> str:
        return f"{adjoint}|{source}"

    def chain(self, via: Symbol, of: Symbol) -> str:
        return f"{self.adjoint(via.name, via.t)} ∂{self(via)}/∂{self(of)}"

    def number(self, e: Number) -> Written:
        value = abs(e.value)
        fraction = as_fraction(value)
        text = f"{value:.6g}" if fraction is None else str(fraction)
        if e.shape and value == 1:
            text = "𝟏"
        if e.value < 0:
            return f"-{text}", SIGN
        return text, PRODUCT if "/" in text else FUNCTION

    def sum_of(self, first: int, last: int | None, term: str) -> str:
        absolute = self.absolute()
        end = "T" if last is None else absolute.step(last)
        return f"Σ(t={absolute.step(first)}..{end}) {term}"

    def raised(self, text: str, exponent: str) -> str:
        raised = exponent.translate(_SUPERSCRIPTS)
        plain = all(c in "0123456789+-" for c in exponent)
        return text + (raised if plain else f"^({exponent})")


@cache
def _needed(template: str, operation: Operation) -> dict[int, int]:
    """For each operand the precedence below which it needs parentheses: none inside of brackets."""
    pieces = list(string.Formatter().parse(template))
    needed, depth = {}, 0
    for position, (literal, field, _, _) in enumerate(pieces):
        opened = sum(map(literal.count, ("(", "[", "{", r"\lvert")))
        depth += opened - sum(map(literal.count, (")", "]", "}", r"\rvert")))
        if field is None or not field.isdigit():
            continue
        after = pieces[position + 1][0] if position + 1 < len(pieces) else ""
        if depth > 0 or (operation.text == template and "|" in literal):
            continue
        if after[:1] in tuple("^[ᵀ"):
            needed[int(field)] = FUNCTION
        elif literal and needed and operation not in ASSOCIATIVE:
            needed[int(field)] = operation.precedence + 1
        else:
            needed[int(field)] = operation.precedence
    return needed


def without_sign(e: Expression) -> Expression | None:
    """The expression times -1, if a minus sign stands in front of it."""
    if isinstance(e, Number):
        return Number(-e.value, e.shape) if e.value < 0 else None
    if isinstance(e, Apply) and e.operation is multiply:
        first, *rest = e.inputs
        if isinstance(first, Number) and first.value < 0:
            left = rest if first.value == -1 else [Number(-first.value), *rest]
            return (
                left[0] if len(left) == 1 else Apply(multiply, tuple(left), e.shape, e.parameters)
            )
    return None


def as_fraction(value: float) -> Fraction | None:
    """The fraction that a number is meant as, 1/6; None if a decimal says it as well."""
    near = Fraction(value).limit_denominator(1000)
    close = abs(value - near) <= 4e-16 * abs(value)
    return near if close and near.denominator not in (10, 100, 1000) else None
