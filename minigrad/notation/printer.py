"""How an expression is written, as far as LaTeX and plain text have it in common."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import numpy as np

from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    MovingNumber,
    Number,
    OverSteps,
    Shape,
    Symbol,
)
from minigrad.notation.nodes import without_sign
from minigrad.notation.shapes import axes_to_write
from minigrad.notation.template import Written, filled, in_parentheses
from minigrad.operation import FUNCTION, MATRIX_PRODUCT, POWER, PRODUCT, SIGN, SUM, Operation
from minigrad.operations.elementwise import add, divide, multiply, negative, power, subtract


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
    origin
        The step that `t` counts from, if steps are absolute.
    scalars
        The names of what is a number, as the loss is.
    """

    def __init__(
        self,
        J: str = "J",
        step: str = "t",
        last: int | None = None,
        origin: int = 0,
        scalars: frozenset[str] = frozenset(),
    ) -> None:
        self.J = J
        self.at = step
        self.last = last
        self.origin = origin
        self.scalars = scalars | {J}

    def absolute(self, origin: int = 0) -> Self:
        """For expressions whose steps are numbers, or are to be written so."""
        return type(self)(self.J, "", self.last, origin, self.scalars)

    def __call__(self, e: Expression) -> str:
        return self.written(e).text

    def written(self, e: Expression) -> Written:
        """The text of an expression, and its precedence."""
        if isinstance(e, Symbol):
            return self.symbol(e)
        if isinstance(e, Number):
            return self.number(e)
        if isinstance(e, MovingNumber):
            text = self.index(e)
            return Written(text, FUNCTION if text.isalnum() else SUM)
        if isinstance(e, OverSteps):
            return self._over_steps(e)
        if e.operation is add:
            return self._sum(e.inputs)
        if e.operation is multiply:
            return self._product(e.inputs)
        if e.operation is power:
            return self._power(*e.inputs)
        if e.operation is divide and (positive := without_sign(e)) is not None:
            return self._filled(negative, self.written(positive))
        operands = [*map(self.written, e.inputs)]
        return filled(e.operation, self._with_parameters(e), operands, self.parentheses)

    def _with_parameters(self, e: Apply) -> str:
        """The template of an operation, with its parameters."""
        template, axes = self.template(e.operation), axes_to_write(e)
        known = {name: self.parameter(value) for name, value in e.parameters.items()}
        words = f"{'axis' if len(axes) == 1 else 'axes'} "
        known["axis"] = self.subscript(words, self.parameter(axes)) if axes else ""
        known["before"] = f"{self.colon}, " * axes[0] if axes else ""
        for name, shown in known.items():
            shown = shown.replace("{", "{{").replace("}", "}}")
            template = template.replace(f"{{{{{name}}}}}", shown)
        return template

    def _over_steps(self, e: OverSteps) -> Written:
        if e.operation is add:
            term = type(self)(self.J, "t", self.last, scalars=self.scalars).written(e.term)
            return Written(self.sum_of(e.first, e.last, self._within(term, SIGN)), SIGN)
        first, last = (self.absolute(t)(e.term) for t in (e.first, e.last))
        several = e.last > e.first + 1
        texts = [first, *([self.dots] if several else []), last]
        template = self._with_parameters(Apply(e.operation, (e.term,), e.shape, e.parameters))
        return filled(e.operation, template, [*map(Written, texts)])

    def symbol(self, e: Symbol) -> Written:
        if e.kind == "adjoint":
            return Written(self.adjoint(e.name, e.t), MATRIX_PRODUCT)
        precedence = FUNCTION if e.t is None else POWER  # a step is a superscript
        return Written(self.name(e.name, e.t, bool(e.shape)), precedence)

    def number(self, e: Number) -> Written:
        """A number, or an array that holds it everywhere: a bold 1 or 0, or a multiple of the 1."""
        value = abs(e.value)
        if e.shape and value in (0, 1):
            text = Written(self.bold_digits[int(value)])
        else:
            text = self.positive(value)
        if e.shape and value not in (0, 1):
            one = self.bold_digits[1]
            text = Written(f"{self._within(text, PRODUCT)}{self.beside}{one}", PRODUCT)
        return Written(f"-{text.text}", SIGN) if e.value < 0 else text

    def _within(self, x: Written, precedence: int) -> str:
        return x.within(precedence, self.parentheses)

    def _filled(self, operation: Operation, *operands: Written) -> Written:
        return filled(operation, self.template(operation), operands, self.parentheses)

    def _sum(self, terms: Sequence[Expression]) -> Written:
        text = self.written(terms[0])
        for x in terms[1:]:
            positive = without_sign(x)
            operation, term = (add, x) if positive is None else (subtract, positive)
            text = self._filled(operation, text, self.written(term))
        return text

    def _product(self, factors: Sequence[Expression]) -> Written:
        positive = without_sign(Apply(multiply, tuple(factors), (), NONE))
        if positive is not None:
            return self._filled(negative, self.written(positive))
        text = self.written(factors[0])
        for i, (before, x) in enumerate(pairwise(factors), 2):
            other = self.written(x)
            if before.shape and x.shape:
                text = self._filled(multiply, text, other)
                continue
            # A number or a scalar stands in front, as it does by hand; 1/2 Σ x at the end has no
            # parentheses.
            is_sum = other.precedence == SIGN and not other.text.startswith("-")
            bare = is_sum and i == len(factors)
            right = other.text if bare else self._within(other, PRODUCT)
            both = text.text[-1:] + right[:1]
            sign = self.dot if both.isascii() and both.isdigit() else self.beside
            beside = f"{self._within(text, PRODUCT)}{sign}{right}"
            text = Written(beside, SIGN if bare else PRODUCT)
        return text

    def _power(self, base: Expression, exponent: Expression) -> Written:
        whole = isinstance(exponent, Number) and float(exponent.value).is_integer()
        if whole and isinstance(base, Apply) and base.operation.arity == 1:
            function, bracket, rest = self._with_parameters(base).partition("({0})")
            if bracket and not rest and (function[-1:].isalpha() or function.endswith("}")):
                raised = self.raised(function.format(), self(exponent))
                return Written(f"{raised}{self.parentheses(self(base.inputs[0]))}")
        text = self._within(self.written(base), FUNCTION)
        return Written(self.raised(text, self(exponent)), POWER)

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

    beside, dot, dots, colon = " ", " · ", "...", ":"
    bold_digits: tuple[str, str]

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
    def positive(self, value: float) -> Written:
        """A number without its sign."""

    @abstractmethod
    def raised(self, text: str, exponent: str) -> str: ...

    @abstractmethod
    def subscript(self, words: str, number: str) -> str: ...

    @abstractmethod
    def size(self, shape: Shape) -> str:
        """The shape of an array."""

    def range(self, first: int, last: int) -> str:
        """Time steps, from the first to the last."""
        return f"t = {first}, {self.dots}, {self.absolute().step(last)}"

    def comparison(self, text: str) -> str:
        """What holds of the time step."""
        return text

    def upper(self, last: int | None) -> str:
        """Where a sum over the steps ends: at T if that is not known, at T-1 if it is that."""
        is_before = last is not None and self.last is not None and last == self.last - 1
        return "T-1" if is_before else "T" if last is None else self.absolute().step(last)

    def words(self, text: str) -> str:
        """Words in the place of a formula."""
        return text

    def parentheses(self, text: str) -> str:
        return in_parentheses(text)

    def parameter(self, value: object) -> str:
        """A parameter of an operation, such as an axis or an index."""
        if isinstance(value, tuple):
            return ", ".join(map(self.parameter, value))
        if isinstance(value, slice):
            ends = [value.start, value.stop] + ([] if value.step is None else [value.step])
            return self.colon.join("" if end is None else self.parameter(end) for end in ends)
        if isinstance(value, np.ndarray):
            shown = np.array2string(value, separator=", ", threshold=10, edgeitems=2)
            return " ".join(shown.split())
        if isinstance(value, MovingNumber):
            return self.index(value)
        return "..." if value is Ellipsis else str(value)

    def index(self, i: MovingNumber) -> str:
        """An index that moves with the time step."""
        letter = self.at or ("T" if self.origin == self.last else "")
        if not letter or (not self.at and i.factor != 1):
            return str(i.at(self.origin))
        moving = f"{'' if abs(i.factor) == 1 else abs(i.factor)}{letter}"
        if i.factor < 0:
            return f"{i.offset or ''}-{moving}"
        return f"{moving}{i.offset:+d}" if i.offset else moving

    def step(self, t: int) -> str:
        """A time step, counted from the one at hand: t, t+1, t-1; or from the last, T."""
        letter = self.at
        if not letter:
            t += self.origin
            if self.last is None or t < self.last:
                return str(t)
            letter, t = "T", t - self.last
        return letter if t == 0 else f"{letter}{t:+d}"
