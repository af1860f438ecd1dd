"""What a reader is told of the notation: of the signs that a derivation uses, and of no others."""

from collections.abc import Iterable

import numpy as np

from minigrad.notation.expression import Apply, Expression, Number, subexpressions
from minigrad.notation.shapes import axes_to_write
from minigrad.operations.elementwise import add, multiply
from minigrad.operations.lookup import add_at
from minigrad.operations.shape import scatter
from minigrad.writing.phrases import Piece

LAYOUTS = {
    "numerator": "In numerator layout: a derivative has the shape of the transpose of what it "
    "belongs to, a row for a column. ",
    "gradient": "In gradient layout: a derivative has the shape of what it belongs to. ",
}


def conventions(expressions: Iterable[Expression], layout: str, J: str) -> tuple[Piece, ...]:
    """How derivatives are laid out, and the meaning of signs.

    Parameters
    ----------
    expressions
        All that is written, as it is written.
    layout
        "numerator" or "gradient".
    J
        What the loss is called.
    """
    parts = list(dict.fromkeys(x for e in expressions for x in subexpressions(e)))
    applied = [x for x in parts if isinstance(x, Apply)]
    return (
        LAYOUTS[layout],
        *_of_many_axes(parts, layout),
        *_signs(parts, applied),
        *_axes(applied),
        "The derivative of ",
        lambda p: p.name(J, bold=False),
        " by a value is the sum of what flows in from the values computed from it.",
    )


def _of_many_axes(parts: list[Expression], layout: str) -> Iterable[Piece]:
    if any(len(x.shape) > 2 for x in parts):
        if layout == "numerator":
            yield "Of more than two axes, the last two change places, and a vector stays as it is. "
        yield "A product of arrays with more axes than two is one of matrices, in the last two. "


def _signs(parts: list[Expression], applied: list[Apply]) -> Iterable[Piece]:
    signs: list[str] = []
    if any(x.operation is multiply and sum(u.shape != () for u in x.inputs) > 1 for x in applied):
        signs.append("the circle is the product element by element")
    if any(isinstance(x, Number) and x.value == 1 and x.shape for x in parts):
        signs.append("a 1 in bold is a column of ones, or an array of them after a number")
    if signs:
        yield " and ".join(signs).capitalize() + ". "
    if any(len({u.shape for u in x.inputs if u.shape}) > 1 for x in applied if x.operation is add):
        yield "A row or column added to a matrix is added to all of its rows or columns. "
    if any(x.operation in (scatter, add_at) for x in applied):
        yield "What is scattered is added to zeros, where the index in brackets says. "


def _axes(applied: list[Apply]) -> Iterable[Piece]:
    """Along which axis a function works where none is written, if that is not clear."""
    written = [x for x in applied if axes_to_write(x)]
    of_all = any(x.operation.defaults.get("axis", ()) is None for x in written)
    if written:
        yield "Axes are counted from 0"
        yield "; what has none written is of all elements. " if of_all else ". "
    names = {
        x.operation.name.removeprefix("log_")
        for x in applied
        if x.operation.defaults.get("axis") == 0 and not axes_to_write(x)
        if max(x.shape) < np.prod(x.shape)
    }
    for name in sorted(names):
        yield f"Without an axis, {name} works along axis 0, on each column. "
