"""Looking up by numbers that are known when the program runs, such as the rows of an embedding.

An index in brackets is a parameter of `getitem`. Numbers that are a tensor, as in `E[:, words]`,
are an input: they have a name, and a plan may be given others. So are those of one element in each
row or column, as in `L[np.arange(N), y]`.
"""

from typing import Any

import numpy as np

from minigrad.axes import along
from minigrad.operation import Operation, operation
from minigrad.tensor import Array


def _counted(axis: int | None, x: Any) -> int:
    """An axis, counted from the front; of all elements in one row, the first."""
    return 0 if axis is None else axis % x.ndim


def _sum_over_lookups(g: Any, y: Any, x: Any, indices: Any, axis: Any) -> Any:
    """Add all that one array gets of many lookups: one array of its size, not one for each."""
    total = np.zeros_like(x[0])
    for piece, where, along_axis in zip(g, indices, axis, strict=True):
        into = total.reshape(-1) if along_axis is None else total
        np.add.at(into, along(_counted(along_axis, into), where), piece)
    return total


def _brackets(axis: int | None) -> str:
    """How `take` is written in Python."""
    if axis is None or axis < 0:
        return f"np.take({{0}}, {{1}}, {axis})"
    return f"{{0}}[{':, ' * axis}{{1}}]"


take: Operation = operation(
    lambda x, indices, *, axis=None: np.take(x, indices, axis),
    lambda g, y, x, indices, axis: add_at.on(
        g,
        indices,
        axis=_counted(axis, x),
        n=x.size if axis is None else x.shape[axis],
    ).reshape(x.shape),
    None,
    name="take",
    kind="lookup",
    numpy=np.take,
    sums=(_sum_over_lookups, None),
    shapes="a value, and whole numbers that count along an axis of it",
    latex="{0}[{{before}}{1}]",
    text="{0}[{{before}}{1}]",
    python=_brackets,
    symbol="[ ]",
    drawn="formula",
    examples=(
        ((4, 3), np.array([0, 3, 3]), {"axis": 0}),
        ((2, 3), np.array([[1, 2], [0, 1]]), {"axis": -1}),
        ((4,), np.array(2), {"axis": 0}),
        ((2, 3), np.array([5, 0])),
    ),
)


def _add_at(x: Array, indices: Array, *, axis: int = 0, n: int = 1) -> Array:
    y = np.zeros((*x.shape[:axis], n, *x.shape[axis + np.ndim(indices) :]), x.dtype)
    np.add.at(y, along(axis, indices), x)
    return y


add_at: Operation = operation(
    _add_at,
    lambda g, y, x, indices, axis, n: take.on(g, indices, axis=axis),
    None,
    name="add_at",
    shapes="a value, and whole numbers that say where it is added to zeros along an axis",
    latex=r"\operatorname{{scatter}}_{{[{{before}}{1}]}}({0})",
    text="scatter[{{before}}{1}]({0})",
    drawn="formula",
    examples=(
        ((3, 2), np.array([0, 3, 3]), {"n": 4}),
        ((2, 2, 2), np.array([[1, 2], [0, 1]]), {"axis": 1, "n": 3}),
    ),
)


# --- one element of each row or column ------------------------------------------------------------


def _where(indices: Array, axis: int) -> tuple[Array, Array]:
    each = np.arange(len(indices))
    return (each, indices) if axis else (indices, each)


def _pick(x: Array, indices: Array, *, axis: int = 0) -> Array:
    picked: Array = x[_where(indices, axis)]
    return picked


def _picked(axis: int) -> str:
    """How `pick` is written in Python."""
    each = "np.arange(len({1}))"
    return f"{{0}}[{each}, {{1}}]" if axis else f"{{0}}[{{1}}, {each}]"


pick: Operation = operation(
    _pick,
    lambda g, y, x, indices, axis: put_at.on(g, indices, axis=axis, n=x.shape[axis]),
    None,
    name="pick",
    kind="lookup",
    shapes="a matrix, and a whole number for each column that counts along axis 0, or so for rows",
    latex=r"\operatorname{{pick}}{{axis}}({0}, {1})",
    text="pick{{axis}}({0}, {1})",
    python=_picked,
    symbol="[ ]",
    drawn="formula",
    examples=(((3, 2), np.array([2, 0])), ((3, 4), np.array([0, 3, -1]), {"axis": 1})),
)


def _put_at(x: Array, indices: Array, *, axis: int = 0, n: int = 1) -> Array:
    y = np.zeros((len(x), n) if axis else (n, len(x)), x.dtype)
    y[_where(indices, axis)] = x
    return y


put_at: Operation = operation(
    _put_at,
    lambda g, y, x, indices, axis, n: pick.on(g, indices, axis=axis),
    None,
    name="put_at",
    shapes="a vector, and as many whole numbers that say where each element is put among zeros",
    latex=r"\operatorname{{put}}{{axis}}({0}, {1})",
    text="put{{axis}}({0}, {1})",
    drawn="formula",
    examples=(((2,), np.array([2, 0]), {"n": 3}), ((3,), np.array([0, 3, 3]), {"axis": 1, "n": 4})),
)
