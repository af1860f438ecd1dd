"""How an expression is typeset in LaTeX, and written in plain Unicode text."""

from minigrad.notation.expression import Apply, Expression, Shape, Symbol
from minigrad.notation.forms import beside_fraction
from minigrad.notation.names import latex_name, unicode_name
from minigrad.notation.nodes import as_fraction
from minigrad.notation.printer import Printer
from minigrad.notation.template import Written
from minigrad.operation import FUNCTION, POWER, PRODUCT, Operation


class Latex(Printer):
    r"""Typesets in LaTeX.

    Examples
    --------
    >>> from minigrad.notation.expression import Symbol
    >>> print(Latex()(Symbol("a", -1, (4, 2))))
    \mathbf{a}^{(t-1)}
    """

    dot = r" \cdot "
    dots = r"\ldots"
    colon = "{:}"  # or else TeX takes it for a relation, with space around
    bold_digits = (r"\mathbf{0}", r"\mathbf{1}")

    def written(self, e: Expression) -> Written:
        return super().written(beside_fraction(e) if isinstance(e, Apply) else e)

    def template(self, operation: Operation) -> str:
        return operation.latex

    def name(self, name: str, t: int | None = None, bold: bool = True) -> str:
        text = latex_name(name, bold and name not in self.scalars)
        return text if t is None else f"{text}^{{({self.step(t)})}}"

    def adjoint(self, name: str, t: int | None = None) -> str:
        return rf"\frac{{\partial {latex_name(self.J)}}}{{\partial {self.name(name, t)}}}"

    def restricted(self, adjoint: str, source: str) -> str:
        return rf"\left. {adjoint} \right|_{{{source}}}"

    def chain(self, via: Symbol, of: Symbol) -> str:
        inner = rf"\frac{{\partial {self(via)}}}{{\partial {self(of)}}}"
        return f"{self.adjoint(via.name, via.t)} {inner}"

    def positive(self, value: float) -> Written:
        fraction = as_fraction(value)
        if fraction is not None and fraction.denominator > 1:
            return Written(rf"\frac{{{fraction.numerator}}}{{{fraction.denominator}}}", POWER)
        digits, _, exponent = f"{value:.6g}".partition("e")
        text = rf"{digits} \cdot 10^{{{int(exponent)}}}" if exponent else digits
        return Written(text.removeprefix(r"1 \cdot "), POWER if exponent else FUNCTION)

    def sum_of(self, first: int, last: int | None, term: str) -> str:
        absolute = self.absolute()
        end = self.upper(last)
        return rf"\sum_{{t={absolute.step(first)}}}^{{{end}}} {term}"

    def raised(self, text: str, exponent: str) -> str:
        return f"{text}^{{{exponent}}}"

    def subscript(self, words: str, number: str) -> str:
        return rf"_{{\text{{{words}}}{number}}}"

    def size(self, shape: Shape) -> str:
        return r" \times ".join(map(str, shape))

    def comparison(self, text: str) -> str:
        return text.replace("≤", r"\le").replace("≠", r"\ne")

    def words(self, text: str) -> str:
        return rf"\text{{{text}}}".replace("_", r"\_")

    def parentheses(self, text: str) -> str:
        return rf"\left({text}\right)" if r"\frac" in text else f"({text})"


_SUPERSCRIPTS = str.maketrans("0123456789+-=()tTn", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ᵗᵀⁿ")


class Text(Printer):
    """Writes in Unicode, for a terminal.

    Examples
    --------
    >>> from minigrad.notation.expression import Symbol
    >>> print(Text()(Symbol("Gamma_f", 0, (4, 2))))
    Γ_f⁽ᵗ⁾
    """

    bold_digits = ("𝟎", "𝟏")

    def template(self, operation: Operation) -> str:
        return operation.text

    def name(self, name: str, t: int | None = None, bold: bool = True) -> str:
        text = unicode_name(name)
        return text if t is None else text + f"({self.step(t)})".translate(_SUPERSCRIPTS)

    def adjoint(self, name: str, t: int | None = None) -> str:
        return f"∂{self.name(self.J)}/∂{self.name(name, t)}"

    def restricted(self, adjoint: str, source: str) -> str:
        return f"{adjoint}|{source}"

    def chain(self, via: Symbol, of: Symbol) -> str:
        return f"{self.adjoint(via.name, via.t)} ∂{self(via)}/∂{self(of)}"

    def positive(self, value: float) -> Written:
        fraction = as_fraction(value)
        if fraction is not None:
            return Written(str(fraction), PRODUCT if fraction.denominator > 1 else FUNCTION)
        digits, _, exponent = f"{value:.6g}".partition("e")
        if not exponent:
            return Written(digits)
        ten = f"10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
        return Written(f"{digits} · {ten}".removeprefix("1 · "), POWER)

    def sum_of(self, first: int, last: int | None, term: str) -> str:
        absolute = self.absolute()
        end = self.upper(last)
        return f"Σ(t={absolute.step(first)}..{end}) {term}"

    def raised(self, text: str, exponent: str) -> str:
        raised = exponent.translate(_SUPERSCRIPTS)
        plain = all(c in "0123456789+-tT" for c in exponent)
        return text + (raised if plain else f"^({exponent})")

    def subscript(self, words: str, number: str) -> str:
        return f"_{{{words}{number}}}"

    def size(self, shape: Shape) -> str:
        return " × ".join(map(str, shape))
