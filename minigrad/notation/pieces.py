"""Rules of pieces: what is stacked, or put side by side, and what is taken out by an index."""

from dataclasses import replace
from itertools import accumulate, pairwise

from minigrad.notation.expression import (
    Apply,
    Expression,
    OverSteps,
    Parameters,
    inputs_of,
    with_inputs,
)
from minigrad.notation.indices import by_axis, is_plain, shortened, swapped
from minigrad.notation.nodes import is_, simplified, transposed
from minigrad.notation.shapes import is_elementwise
from minigrad.notation.transposes import swaps
from minigrad.operations.elementwise import add
from minigrad.operations.lookup import add_at
from minigrad.operations.shape import concatenate, getitem, scatter, stack


def transpose_of_pieces(e: Apply) -> Expression | None:
    """The transpose of pieces side by side is their transposes one below the other, and so on."""
    [x] = e.inputs
    if isinstance(x, OverSteps) and x.operation is add and swaps(e):
        return replace(x, term=transposed(x.term), shape=e.shape)
    if not (isinstance(x, Apply | OverSteps) and x.operation in (stack, concatenate) and swaps(e)):
        return None
    if x.parameters["axis"] is None:
        return None
    n = len(e.shape)
    axis = x.parameters["axis"] % n
    is_inside = x.operation is concatenate or axis < n - 2  # the last two axes are those of pieces
    pieces = tuple(map(transposed, inputs_of(x))) if is_inside else inputs_of(x)
    parameters = Parameters(axis=swapped(range(n))[axis])
    return with_inputs(replace(x, shape=e.shape, parameters=parameters), pieces)


def transpose_of_scatter(e: Apply) -> Expression | None:
    """What is put among zeros by an index is there in the transpose too, at another place."""
    [x] = e.inputs
    if not (is_(x, scatter) and swaps(e)):
        return None
    if not is_plain(x.parameters["index"]):
        return None
    whole = by_axis(x.parameters["index"], len(e.shape))
    [piece] = x.inputs
    parameters = Parameters(index=shortened(swapped(whole)), shape=e.shape)
    piece = transposed(piece) if all(isinstance(i, slice) for i in whole[-2:]) else piece
    return Apply(scatter, (piece,), e.shape, parameters)


def element_of_pieces(e: Apply) -> Expression | None:
    """The i-th of what is stacked, or one of the pieces side by side, is that piece."""
    [x], index = e.inputs, e.parameters["index"]
    if not (isinstance(x, Apply) and x.operation in (stack, concatenate)):
        return None
    whole, axis = by_axis(index, len(x.shape)), x.parameters["axis"]
    if not is_plain(index) or axis is None:
        return None
    taken = whole.pop(axis)
    if any(i != slice(None) for i in whole):
        return None
    if x.operation is stack:
        return x.inputs[taken] if isinstance(taken, int) else None
    ends = accumulate((u.shape[axis] for u in x.inputs), initial=0)
    places = [slice(start, end) for start, end in pairwise(ends)]
    return x.inputs[places.index(taken)] if taken in places else None


def element_of_elements(e: Apply) -> Expression | None:
    """(a + b)[i] = a[i] + b[i], if an index less is left to write, as where a is a stack."""
    [x] = e.inputs
    if not isinstance(x, Apply) or not is_elementwise(x):
        return None
    if any(u.shape not in ((), x.shape) for u in x.inputs):
        return None
    inputs = [
        simplified(Apply(getitem, (u,), e.shape, e.parameters)) if u.shape else u for u in x.inputs
    ]
    if all(is_(u, getitem) for u in inputs if u.shape):
        return None
    return simplified(Apply(x.operation, tuple(inputs), e.shape, x.parameters))


def transpose_of_lookup(e: Apply) -> Expression | None:
    """What is put into rows by their numbers is, transposed, put into columns."""
    [x] = e.inputs
    if not (is_(x, add_at) and swaps(e)):
        return None
    piece, numbers = x.inputs
    if len(numbers.shape) != 1:
        return None
    axis = swapped(range(len(e.shape)))[x.parameters["axis"]]
    return Apply(
        add_at, (transposed(piece), numbers), e.shape, Parameters(x.parameters | {"axis": axis})
    )
