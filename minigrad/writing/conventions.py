"""What a reader is told of the notation: of the signs that a derivation uses, and of no others."""

from collections.abc import Iterable

from minigrad.notation.expression import Apply, Expression, Number, subexpressions
from minigrad.notation.shapes import axes_to_write
from minigrad.notation.written import repeat
from minigrad.operations.elementwise import add, divide, multiply, power
from minigrad.operations.linear import matmul
from minigrad.operations.lookup import add_at, pick, put_at
from minigrad.operations.shape import scatter
from minigrad.writing.phrases import Piece, listed

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
    axes = {0} | {len(x.shape) for x in parts}
    if layout == "numerator" and 1 in axes:
        yield "That of an array of one axis has its shape. "
    if layout == "numerator" and max(axes) > 2:
        yield "Of more axes, the last two change places. "
    if max(axes) > 2:
        yield "A product of arrays with more than two axes is one of matrices, in the last two. "


def _signs(parts: list[Expression], applied: list[Apply]) -> Iterable[Piece]:
    if any(x.operation is multiply and sum(u.shape != () for u in x.inputs) > 1 for x in applied):
        yield "The circle is the product element by element. "
    if any(x.operation is divide and x.inputs[1].shape for x in applied):
        yield "A fraction of arrays is taken element by element. "
    by_elements = [x.inputs for x in applied if x.operation in (multiply, divide)]
    arrays = [u for inputs in by_elements if all(x.shape for x in inputs[-2:]) for u in inputs]
    if any(isinstance(u, Apply) and u.operation is matmul for u in arrays):
        yield "Matrix products come before what is done element by element. "
    factors = [u for x in applied if x.operation is matmul for u in x.inputs]
    if any(isinstance(u, Apply) and u.operation is power for u in factors):
        yield "A power of an array is taken element by element. "
    if any(isinstance(x, Number) and x.shape for x in parts):
        yield "A 1 in bold is a column of ones in a matrix product, elsewhere an array of them. "
    if any(x.operation is repeat for x in applied):
        yield "To repeat is to put copies beside each other along new axes. "
    yield from _of_rows_and_columns(applied)
    if any(x.operation in (scatter, add_at) for x in applied):
        yield "What is scattered is added to zeros, where the index in brackets says. "
    if any(x.operation in (pick, put_at) for x in applied):
        yield "To pick is to take one element of each column or row; to put, to put it back "
        yield "among zeros. "


def _of_rows_and_columns(applied: list[Apply]) -> Iterable[Piece]:
    """What happens to a row or a column beside a matrix, and which of them a vector is."""
    beside = [
        x
        for x in applied
        if x.operation in (add, multiply, divide)
        if len({u.shape for u in x.inputs if u.shape}) > 1
    ]
    if any(x.operation is not add for x in beside):
        yield "A row or column that is added to a matrix, multiplied with it by the circle, or in "
        yield "a fraction with it, stands for a matrix of such rows or columns. "
    elif beside:
        yield "A row or column added to a matrix is added to all of its rows or columns. "
    if any(len(u.shape) == 1 for x in beside for u in x.inputs):
        yield "An array of one axis is a row beside a matrix, and a column in a matrix product. "
    elif any(len(u.shape) == 1 for x in applied if x.operation is matmul for u in x.inputs):
        yield "An array of one axis is a column in a matrix product. "


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
        if x.operation.defaults.get("axis") == 0 and "before" not in x.operation.text
        if not axes_to_write(x)
        if sum(n > 1 for n in x.shape) > 1
    }
    if names:
        yield "Without an axis, "
        yield from listed(sorted(names))
        yield f" work{'s' * (len(names) == 1)} along axis 0, on each column. "
