"""Rules of transposes: they move to where fewer are left."""

from collections.abc import Sequence
from dataclasses import replace

from minigrad.notation.expression import (
    Apply,
    Expression,
    Number,
    Parameters,
    has_adjoint,
    subexpressions,
)
from minigrad.notation.indices import by_axis, is_plain, shortened, swapped
from minigrad.notation.nodes import is_, matrix_product, product, simplified, transposed
from minigrad.notation.shapes import axes_of
from minigrad.notation.written import outer
from minigrad.operations.elementwise import add, divide, multiply, where
from minigrad.operations.linear import matmul
from minigrad.operations.reduction import mean
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import broadcast_to, getitem, reshape, transpose


def transpose_of_transpose(e: Apply) -> Expression | None:
    """(x^T)^T = x; a vector or a number is its own transpose"""
    [x], order = e.inputs, order_of(e)
    if isinstance(x, Number):
        return Number(x.value, e.shape)
    if order == sorted(order):
        return x
    if is_(x, transpose):
        inner = order_of(x)
        return _permuted(x.inputs[0], [inner[i] for i in order])
    return None if e.parameters == _axes(order) else _permuted(x, order)


def transpose_of_thin(e: Apply) -> Expression | None:
    """An array with axes of length one put in, transposed, is it transposed, with them put in."""
    [x] = e.inputs
    if not (is_(x, reshape)):
        return None
    [u] = x.inputs
    axes: list[int] = []
    for axis, n in enumerate(x.shape):
        if len(axes) < len(u.shape) and n == u.shape[len(axes)]:
            axes.append(axis)
        elif n != 1:
            return None
    if len(axes) < len(u.shape):
        return None
    turned = _permuted(u, [axes.index(axis) for axis in order_of(e) if axis in axes])
    return simplified(Apply(reshape, (turned,), e.shape, Parameters(shape=e.shape)))


def row_of_column(e: Apply) -> Expression | None:
    """A column in the shape of a row is its transpose."""
    [x] = e.inputs
    turns = 1 in e.shape and len(e.shape) == 2 and e.shape == x.shape[::-1] != x.shape
    return transposed(x) if turns else None


def transpose_of_product(e: Apply) -> Expression | None:
    """(A B)^T = B^T A^T; (x y^T)^T = y x^T"""
    [x] = e.inputs
    if is_(x, outer):
        return replace(x, inputs=x.inputs[::-1], shape=e.shape)
    if is_(x, matmul) and swaps(e):
        a, b = x.inputs
        if len(a.shape) > 1 and len(b.shape) > 1:
            return matrix_product(transposed(b), transposed(a))
    return None


def transpose_of_elements(e: Apply) -> Expression | None:
    """(g^T + h^T)^T = g + h and (g^T x y)^T = g (x y)^T, which is simpler.

    Where it is not, terms and factors stay together: (x (1 - x))^T is easier to read than
    x^T (1 - x^T).
    """
    [x] = e.inputs
    if not (isinstance(x, Apply) and x.operation in (add, multiply, divide, where) and swaps(e)):
        return None
    if any(u.shape and len(u.shape) != len(x.shape) for u in x.inputs):
        return None
    if is_(x, multiply):
        return _transpose_of_factors(e, x.inputs)
    inputs = tuple(map(transposed, x.inputs))
    moved = simplified(Apply(x.operation, inputs, e.shape, x.parameters))
    return moved if transposes_in(moved) < transposes_in(e) else None


def _transpose_of_factors(e: Apply, factors: Sequence[Expression]) -> Expression | None:
    """The transpose of a product: what it makes no simpler stays together."""
    turned = {u: transposed(u) for u in factors}
    simpler = [u for u in factors if transposes_in(turned[u]) <= transposes_in(u)]
    others = [u for u in factors if u not in simpler]
    if not simpler:
        return None
    if len(others) < 2:
        return product(*turned.values())
    together = product(*others)
    shape = (*together.shape[:-2], *together.shape[:-3:-1])
    return product(*(turned[u] for u in simpler), replace(e, inputs=(together,), shape=shape))


def transpose_of_sum(e: Apply) -> Expression | None:
    """A sum along one axis is, transposed, the sum along the other; along both it is the same."""
    [x] = e.inputs
    if not (isinstance(x, Apply) and x.operation in (sum_, mean) and swaps(e)):
        return None
    [u], axes, n = x.inputs, axes_of(x), len(x.inputs[0].shape)
    if {n - 2, n - 1} <= set(axes):
        return x if x.parameters["keepdims"] else None
    if not x.parameters["keepdims"] and any(a >= n - 2 for a in axes):
        return None
    moved = tuple(swapped(range(n))[a] for a in axes)
    parameters = Parameters(x.parameters | {"axis": moved})
    result = simplified(Apply(x.operation, (transposed(u),), e.shape, parameters))
    return result if transposes_in(result) < transposes_in(e) else None


def transpose_of_broadcast(e: Apply) -> Expression | None:
    """Rows repeated are, transposed, columns repeated."""
    [x] = e.inputs
    if not (is_(x, broadcast_to) and swaps(e)):
        return None
    [u] = x.inputs
    column = Parameters(shape=(*u.shape, 1))
    turned = transposed(u) if len(u.shape) > 1 else Apply(reshape, (u,), column["shape"], column)
    return simplified(Apply(broadcast_to, (turned,), e.shape, Parameters(shape=e.shape)))


def element_of_transpose(e: Apply) -> Expression | None:
    """(x^T)[:, i] = x[i]"""
    [x], index = e.inputs, e.parameters["index"]
    if not (is_(x, transpose)):
        return None
    if not is_plain(index):
        return None
    order = order_of(x)
    of_axis = dict(zip(order, by_axis(index, len(order)), strict=True))
    kept = sorted(axis for axis, i in of_axis.items() if isinstance(i, slice))
    turned = [kept.index(axis) for axis in order if axis in kept]
    shape = tuple(e.shape[turned.index(i)] for i in range(len(kept)))
    parameters = Parameters(index=shortened([of_axis[axis] for axis in range(len(order))]))
    return _permuted(Apply(getitem, x.inputs, shape, parameters), turned)


def transposes_in(e: Expression) -> int:
    """How many transposes are written; those of adjoints count twice, and 1^T x has one."""
    applied = [x for x in subexpressions(e) if isinstance(x, Apply)]
    turned = [x for x in applied if x.operation is transpose]
    sums = [x for x in applied if x.operation in (sum_, mean) and len(x.shape) == 2]
    return sum(1 + has_adjoint(x) for x in turned) + sum(axes_of(x) == (0,) for x in sums)


def _permuted(e: Expression, order: Sequence[int]) -> Expression:
    """The axes in another order."""
    shape = tuple(e.shape[i] for i in order)
    return simplified(Apply(transpose, (e,), shape, _axes(order)))


def _axes(order: Sequence[int]) -> Parameters:
    return Parameters(axes=None if list(order) == [1, 0] else tuple(order))


def order_of(e: Apply) -> list[int]:
    """Where the axes of a transpose come from."""
    axes, n = e.parameters["axes"], len(e.shape)
    return list(range(n))[::-1] if axes is None else [axis % n for axis in axes]


def swaps(e: Apply) -> bool:
    """Whether a transpose swaps the last two axes and nothing else."""
    n = len(e.shape)
    return n > 1 and order_of(e) == [*range(n - 2), n - 1, n - 2]
