"""Formulas that wait for a printer, and words that stand between them."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from minigrad.notation.expression import Expression, Shape
from minigrad.notation.printer import Printer
from minigrad.writing.structure import Leaf, Part

# A formula, once it is known how formulas are written.
Formula: TypeAlias = Callable[[Printer], str]
Piece: TypeAlias = str | Formula


def at_steps(condition: str, p: Printer) -> str:
    """At which of the steps something holds, as it is written outside of programs."""
    for sign, written in ((" == ", " = "), (" != ", " ≠ "), (" <= ", " ≤ "), (" in ", " = ")):
        condition = condition.replace(sign, written)
    return p.comparison(condition.replace("(", "").replace(")", ""))


def derivative(name: str, t: int | None) -> Formula:
    """dJ/dv."""
    return lambda p: p.adjoint(name, t)


def at_step(t: int, p: Printer) -> str:
    """t and its number."""
    return f"t = {p.absolute().step(t)}"


def counted_from(origin: int | None, formula: Formula) -> Formula:
    """With numbers for steps, if there is a step that they count from."""
    return formula if origin is None else lambda p: formula(p.absolute(origin))


def as_written(e: Expression, p: Printer) -> str:
    """An expression."""
    return p(e)


def by_chain_rule(part: Part, p: Printer) -> str:
    """A contribution as a product with a Jacobian."""
    return p.chain(part.via, part.of)


def share_of_step(name: str, p: Printer) -> str:
    """What the step at hand gives to what has no step."""
    return p.share(name)


def sum_of_shares(name: str, first: int, last: int, p: Printer) -> str:
    """That of all steps; of one alone, its share."""
    if first == last:
        return p.absolute(first).share(name)
    return p.sum_of(first, last, p.share(name))


def size(shape: Shape) -> Piece:
    """The shape of an array."""
    return (lambda p: p.size(shape)) if shape else "a number"


def distribution(leaf: Leaf) -> str:
    """What is assumed of labels."""
    if leaf.adds_up_along is None:
        return ""
    which = ("whose columns add", "whose rows add")
    add = which[leaf.adds_up_along] if len(leaf.shape) == 2 else "which adds"
    axis = f" along axis {leaf.adds_up_along}" if len(leaf.shape) > 2 else ""
    return f", {add} up to 1{axis}"


def added_up(terms: Sequence[Formula], p: Printer) -> str:
    """Terms with plus signs between."""
    return " + ".join(term(p) for term in terms)


def listed(pieces: Sequence[Piece]) -> list[Piece]:
    """a, b, and c"""
    found: list[Piece] = []
    for i, piece in enumerate(pieces):
        if i:
            found.append(", " if i < len(pieces) - 1 else " and " if i == 1 else ", and ")
        found.append(piece)
    return found


def from_step(name: str, t: int, source: int) -> Formula:
    """The part of dJ/dv that comes from a step."""
    return lambda p: p.from_step(name, t, source)


def step_number(t: int, p: Printer) -> str:
    """A step, counted from the one at hand."""
    return p.step(t)


def how_many(n: int) -> str:
    """How many components, in words."""
    words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    return f"{words[n] if n < len(words) else n} component{'s' * (n > 1)}"
