"""Operations that move elements and change none."""

from typing import Any

import numpy as np

from minigrad.axes import along, inverse, is_basic, permutation_of
from minigrad.operation import POWER, SUM, operation
from minigrad.tensor import Array


def _transpose_source(axes: tuple[int, ...] | None) -> str:
    if axes is None:
        return "{0}.T"
    n = len(axes)
    last_two = permutation_of(axes, n) == (*range(n - 2), n - 1, n - 2)
    return "{0}.mT" if last_two else f"np.transpose({{0}}, {axes})"


transpose = operation(
    lambda x, *, axes=None: x.T if axes is None else x.transpose(tuple(axes)),
    lambda g, y, x, axes: (
        g.T if axes is None else np.transpose(g, inverse(permutation_of(axes, x.ndim)))
    ),
    name="transpose",
    kind="view",
    numpy=np.transpose,
    shapes="a permutation of the axes",
    latex=r"{0}^\top",
    text="{0}ᵀ",
    precedence=POWER,
    python=_transpose_source,
    symbol="⊤",
    drawn="formula",
    examples=(((2, 3),), ((2, 3, 4), {"axes": (1, 2, 0)}), ((2, 3, 4), {"axes": (-1, 0, 1)})),
)


def _shape_source(shape: tuple[int, ...]) -> str:
    """A shape as it is written; its one long axis is as long as it must be."""
    if sum(n != 1 for n in shape) == 1:
        shape = tuple(1 if n == 1 else -1 for n in shape)
    return ", ".join(map(str, shape)) or "()"


reshape = operation(
    lambda x, *, shape=(-1,): x.reshape(shape),
    lambda g, y, x, shape: g.reshape(x.shape),
    name="reshape",
    kind="view",
    numpy=np.reshape,
    shapes="a shape of the same size",
    latex=r"\operatorname{{reshape}}_{{({{shape}})}}({0})",
    text="reshape({0}, ({{shape}}))",
    python=lambda shape: f"{{0}}.reshape({_shape_source(shape)})",
    drawn="formula",
    examples=(((2, 3), {"shape": (3, 2)}), ((2, 3), {"shape": (-1,)})),
)

broadcast_to = operation(
    lambda x, *, shape=(): np.broadcast_to(x, shape),
    lambda g, y, x, shape: g,  # the engine undoes broadcasting
    name="broadcast_to",
    kind="view",
    numpy=np.broadcast_to,
    shapes="a shape that the value broadcasts to",
    latex="{0}",
    text="{0}",
    precedence=SUM,
    symbol="broadcast",
    drawn="line",
    examples=(((2, 1), {"shape": (4, 2, 3)}), ((), {"shape": (2,)})),
)


def _scatter(x: Array, *, index: Any = (), shape: Any = ()) -> Array:
    y = np.zeros(shape, np.result_type(x))
    add_into(y, index, x)
    return y


def add_into(y: Array, index: Any, x: Array) -> None:
    """Add to elements of `y`; to one that an index names twice, twice."""
    if is_basic(index):  # names none twice
        y[index] += x
    else:
        np.add.at(y, index, x)


def index_source(index: Any) -> str:
    """An index as it is written between brackets."""
    if isinstance(index, tuple) and index:
        return ", ".join(map(index_source, index))
    if isinstance(index, slice):
        ends = (index.start, index.stop, index.step)
        return ":".join("" if end is None else str(end) for end in ends).removesuffix(":")
    if index is Ellipsis:
        return "..."
    return f"np.array({index.tolist()})" if isinstance(index, np.ndarray) else repr(index)


scatter = operation(
    _scatter,
    lambda g, y, x, index, shape: g[index],
    name="scatter",
    shapes="an index into the shape, of the value's shape",
    latex=r"\operatorname{{scatter}}_{{[{{index}}]}}({0})",
    text="scatter[{{index}}]({0})",
    python=lambda index, shape: (
        f"scatter({{0}}, index=np.s_[{index_source(index)}], shape={shape})"
    ),
    drawn="formula",
    examples=(
        ((2,), {"index": np.array([3, 3]), "shape": (4,)}),
        ((2,), {"index": (slice(1, 3), 0), "shape": (4, 2)}),
    ),
)


def _sum_of_scatters(g: Any, y: Any, x: Any, index: Any) -> Any:
    """Gather what the pieces of one value get: one array of its size, not one for each piece."""
    total = np.zeros_like(x[0])
    for piece, where in zip(g, index, strict=True):
        add_into(total, where, piece)
    return total


getitem = operation(
    lambda x, *, index=(): x[index],
    lambda g, y, x, index: scatter.on(g, index=index, shape=x.shape),
    name="getitem",
    kind="view",
    sums=(_sum_of_scatters,),
    shapes="an index into the value",
    latex="{0}[{{index}}]",
    text="{0}[{{index}}]",
    python=lambda index: f"{{0}}[{index_source(index)}]",
    symbol="[ ]",
    drawn="formula",
    examples=(
        ((4, 3), {"index": 1}),
        ((4, 3), {"index": (slice(None, None, 2), None, -1)}),
        ((4, 3), {"index": np.array([0, 0, 3])}),
        ((4, 3), {"index": (np.array([0, 0, 3]), np.array([1, 1, 2]))}),
        ((3,), {"index": np.array([True, False, True])}),
        ((4, 3), {"index": (..., 0)}),
    ),
)


def _piece(g: Any, arrays: Any, i: int, axis: int | None) -> Any:
    """What the `i`-th array gets of the cotangent of their concatenation."""
    lengths = [x.size if axis is None else x.shape[axis] for x in arrays]
    start = sum(lengths[:i])
    piece = slice(start, start + lengths[i])
    if axis is None:
        return g[piece].reshape(arrays[i].shape)
    return g[along(axis % g.ndim, piece)]


concatenate = operation(
    lambda *arrays, axis=0: np.concatenate(arrays, axis),
    each=lambda g, y, arrays, i, axis: _piece(g, arrays, i, axis),
    name="concatenate",
    numpy=np.concatenate,
    shapes="shapes that agree but for the axis",
    latex=r"\operatorname{{concatenate}}{{axis}}({0})",
    text="concatenate{{axis}}({0})",
    symbol="concat",
    drawn="formula",
    examples=(
        ((2, 3), (1, 3)),
        ((2, 3), (2, 1), (2, 2), {"axis": -1}),
        ((2, 3), (2,), {"axis": None}),
    ),
)

stack = operation(
    lambda *arrays, axis=0: np.stack(arrays, axis),
    each=lambda g, y, arrays, i, axis: g[along(axis % g.ndim, i)],
    name="stack",
    numpy=np.stack,
    shapes="equal shapes",
    latex=r"\operatorname{{stack}}{{axis}}({0})",
    text="stack{{axis}}({0})",
    drawn="formula",
    examples=(((2, 3), (2, 3)), ((2, 3), (2, 3), (2, 3), {"axis": -1})),
)
