"""Adjoints that come in pieces: what was sliced is given back by assigning to the slice."""

from collections.abc import Iterable
from types import EllipsisType

import numpy as np

from minigrad.notation.expression import (
    Apply,
    Expression,
    Number,
    Parameters,
    Symbol,
    evaluate,
    symbols,
)
from minigrad.notation.nodes import is_, product, split_number, total, transposed
from minigrad.operations.elementwise import add
from minigrad.operations.shape import (
    broadcast_to,
    getitem,
    index_source,
    reshape,
    scatter,
    transpose,
)
from minigrad.tensor import Array
from minigrad.writing.places import Places
from minigrad.writing.python_text import source_of


def in_pieces(e: Expression, whole: Expression) -> dict[Expression, Expression]:
    """What a contribution adds to all of an adjoint, and to each piece of it.

    Examples
    --------
    >>> from minigrad.notation.printing import Text
    >>> from minigrad.operations.shape import scatter
    >>> of_slice = Parameters(index=slice(2, 4), shape=(6,))
    >>> e = Apply(scatter, (Symbol("z", None, (2,)),), (6,), of_slice)
    >>> found = in_pieces(e, Symbol("g", None, (6,)))
    >>> {Text()(piece): Text()(x) for piece, x in found.items()}
    {'g[2:4]': 'z'}
    """
    found: dict[Expression, list[Expression]] = {}
    for term in e.inputs if isinstance(e, Apply) and e.operation is add else (e,):
        piece, x = _taken_apart(term, whole)
        found.setdefault(piece, []).append(x)
    if found.keys() == {whole}:
        return {whole: e}
    return {piece: total(*terms) for piece, terms in found.items()}


def _taken_apart(e: Expression, target: Expression) -> tuple[Expression, Expression]:
    """What a term scatters, and the piece of the target where it goes to."""
    number, x = split_number(e)
    if isinstance(x, Apply) and x == transposed(x.inputs[0]):
        turned = transposed(target)
        piece, inner = _taken_apart(x.inputs[0], turned)
        return (target, e) if piece == turned else (piece, _times(number, inner))
    if not (isinstance(x, Apply) and x.operation is scatter and target.shape):
        return target, e
    [inner], index = x.inputs, x.parameters["index"]
    piece = Apply(getitem, (target,), inner.shape, Parameters(index=index))
    if not _is_view(index):
        return piece, _times(number, inner)
    return _taken_apart(_times(number, inner), piece)


def _times(number: float, e: Expression) -> Expression:
    return e if number == 1 else product(Number(number), e)


def _is_view(index: object) -> bool:
    """Whether what an index picks can be written to; integer arrays and masks pick a copy."""
    indices = index if isinstance(index, tuple) else (index,)
    return all(i is None or isinstance(i, int | slice | EllipsisType) for i in indices)


def shares_memory(e: Expression) -> bool:
    """Whether its source gives an array that is somebody else's too, or that can't be changed."""
    return isinstance(e, Symbol) or any(
        is_(e, view) for view in (transpose, reshape, broadcast_to, getitem)
    )


def without_broadcast(e: Expression) -> Expression:
    """What is enough to be added to an array: a number instead of many, or a row that repeats."""
    number, x = split_number(e)
    if x is None:
        return Number(number)
    if isinstance(x, Apply) and x.operation is broadcast_to:
        return _times(number, x.inputs[0])
    return e


def times_written(pieces: Iterable[Expression], whole: Symbol) -> Array:
    """How many times each element of an adjoint is in the pieces."""
    counts = np.zeros(whole.shape, int)
    for piece in pieces:
        if isinstance(piece, Apply):
            view = evaluate(piece.inputs[0], lambda _: counts)
            np.add.at(view, piece.parameters["index"], 1)
    return counts


def addition(piece: Expression, sign: str, source: str, places: Places) -> str:
    """The statement that adds to a piece; an element that is in it twice gets both."""
    [whole] = symbols(piece)
    if isinstance(piece, Apply) and times_written([piece], whole).max(initial=0) > 1:
        index = piece.parameters["index"]
        where = f"np.s_[{index_source(index)}]" if isinstance(index, tuple) else index_source(index)
        function = "add" if sign == "+" else "subtract"
        return f"np.{function}.at({source_of(piece.inputs[0], places)}, {where}, {source})"
    return f"{source_of(piece, places)} {sign}= {source}"
