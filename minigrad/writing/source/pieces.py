"""Adjoints that come in pieces: what was sliced is given back by assigning to the slice."""

from collections.abc import Iterable

import numpy as np

from minigrad.notation.expression import (
    Apply,
    Expression,
    Number,
    Parameters,
    Symbol,
    evaluate,
    symbols,
    with_moved,
)
from minigrad.notation.indices import each, is_view
from minigrad.notation.nodes import is_, product, split_number, times, total, transposed
from minigrad.operations.elementwise import add, multiply
from minigrad.operations.lookup import add_at, pick, put_at, take
from minigrad.operations.shape import (
    broadcast_to,
    getitem,
    index_source,
    reshape,
    scatter,
    transpose,
)
from minigrad.tensor import Array
from minigrad.writing.source.places import Places
from minigrad.writing.source.python_text import Verbatim, source_of


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
    for term in e.inputs if is_(e, add) else (e,):
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
        return (target, e) if piece == turned else (piece, times(number, inner))
    if is_(x, add_at) or is_(x, put_at):
        inner, numbers = x.inputs
        lookup = take if is_(x, add_at) else pick
        along = Parameters(axis=x.parameters["axis"])
        return Apply(lookup, (target, numbers), inner.shape, along), times(number, inner)
    if not (is_(x, scatter) and target.shape):
        return target, e
    [inner], index = x.inputs, x.parameters["index"]
    piece = Apply(getitem, (target,), inner.shape, Parameters(index=index))
    if not is_view(index):
        return piece, times(number, inner)
    return _taken_apart(times(number, inner), piece)


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
    if is_(x, broadcast_to):
        return times(number, x.inputs[0])
    if is_(x, multiply) and x.inputs[-1] == Number(1, x.shape):
        return times(number, product(*x.inputs[:-1]))
    return e


def times_written(pieces: Iterable[Expression], whole: Symbol, t: int) -> Array:
    """How many times each element of an adjoint is in the pieces at a step."""
    counts = np.zeros(whole.shape, int)
    for piece in pieces:
        if is_(piece, take):
            counts[...] += 2  # or more: who knows which numbers come twice
        elif is_(piece, pick):
            counts.swapaxes(0, piece.parameters["axis"])[0] += 1  # one of each, wherever that is
        elif isinstance(piece, Apply):
            view = evaluate(piece.inputs[0], lambda _: counts, t)
            np.add.at(view, with_moved(piece.parameters, lambda i: i.at(t))["index"], 1)
    return counts


def addition(piece: Expression, t: int, sign: str, source: str, places: Places) -> str:
    """The statement that adds to a piece at a step; an element that is in it twice gets both."""
    whole, *_ = symbols(piece)
    if not isinstance(piece, Apply) or times_written([piece], whole, t).max(initial=0) < 2:
        return f"{source_of(piece, places)} {sign}= {source}"
    function = "add" if sign == "+" else "subtract"
    target = source_of(piece.inputs[0], places)
    return f"np.{function}.at({target}, {_where(piece, places)}, {source})"


def _where(piece: Apply, places: Places) -> str:
    """The index of a piece, as an argument."""
    if piece.operation is take:
        before = [":"] * piece.parameters["axis"]
        index = [*before, source_of(piece.inputs[1], places)]
    else:
        given = with_moved(piece.parameters, lambda i: Verbatim(places.index(i)))["index"]
        index = [index_source(i) for i in each(given)]
    return index[0] if len(index) == 1 else f"np.s_[{', '.join(index)}]"
