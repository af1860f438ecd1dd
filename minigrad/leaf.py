"""Make leaves of the graph, and name values."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from minigrad.context import current
from minigrad.guard import OUTSIDE
from minigrad.tensor import OPERATIONS, Array, Tensor, require_no_history


def tensor(
    data: ArrayLike | Tensor,
    *,
    requires_grad: bool = False,
    name: str | None = None,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """Make a leaf of the graph: a parameter, an input or a constant.

    Parameters
    ----------
    data
        The value, of any shape; it is copied.
    requires_grad
        Whether gradients with respect to it are wanted.
    name
        What the author calls it.
    dtype
        float32 or float64 where gradients are wanted; by default that of `data`.

    Raises
    ------
    TypeError
        If `data` holds no numbers, or a gradient is wanted of something that is not a real
        floating-point number, or `data` is a tensor whose gradient is recorded: a leaf has none
        of its history (take `x.detach()`).

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.tensor([[1.0, 2.0]], requires_grad=True, name="x")
    tensor([[1., 2.]], name='x', requires_grad=True)
    """
    data = stacked(data)
    if type(data) is Tensor:
        require_no_history(data, "a leaf")
        leaf = data.detach() if dtype is None else data.detach().astype(dtype)
    else:
        leaf = Tensor(np.array(numbers(data, "tensor", dtype)))
    if requires_grad and leaf.dtype.kind != "f":
        raise TypeError(
            f"tensor: expected a real floating-point dtype for {name or 'data'} with "
            f"requires_grad=True, got {leaf.dtype}; pass dtype=float or write 1.0 for 1"
        )
    leaf.requires_grad = requires_grad
    return leaf if name is None else leaf.named(name)


def name_tensors(mapping: Mapping[str, Any]) -> None:
    """Name each tensor in a mapping that has no name yet by its key.

    `name_tensors(locals())` at the end of a cell names every equation in it and leaves the
    equations alone.

    Parameters
    ----------
    mapping
        From names to anything; what is not a tensor is passed over.

    Examples
    --------
    >>> import minigrad as mg
    >>> def cell(x):
    ...     z = 2 * x
    ...     y = mg.sigmoid(z)
    ...     mg.name_tensors(locals())
    ...     return y
    >>> cell(mg.tensor(0.0, requires_grad=True)).name
    'y'
    """
    settings = current()
    scope, t = settings.scope, settings.step
    for name, value in mapping.items():
        if type(value) is Tensor and value._name is None:
            value._name, value._t = scope + name, t


def numbers(x: Any, place: str, dtype: DTypeLike | None = None) -> Array:
    """The array of what somebody has given for a value; an error names the place."""
    if isinstance(x, np.matrix | np.ma.MaskedArray):
        raise TypeError(
            f"{place}: expected an array, got a {type(x).__name__}, whose products or masks are "
            "other than an array's; convert it by np.asarray(x), or x.filled(...) for a mask"
        )
    try:
        array = np.asarray(x, dtype)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{place}: expected numbers in rows of equal length ({error})") from error
    if array.dtype.kind not in "biufc":
        got = f"{type(x).__name__}: {x!r:.80}"
        raise TypeError(f"{place}: expected numbers, arrays or tensors, got {got}")
    return array.astype(native(array.dtype), copy=False)


def native(dtype: DTypeLike) -> np.dtype[Any]:
    """The dtype with its bytes in this machine's order, so that one precision has one dtype."""
    return np.dtype(dtype).newbyteorder("=")


def operand(x: Any, place: str) -> Tensor | Array:
    """What somebody has given for an input of an operation: a tensor, or an array of numbers."""
    x = stacked(x)
    return x if type(x) is Tensor else numbers(x, place)


def stacked(x: Any) -> Any:
    """A nest of lists and tuples with tensors in it as one tensor; anything else as it is.

    Plain numbers among tensors take their dtype.

    Examples
    --------
    >>> import minigrad as mg
    >>> from minigrad.leaf import stacked
    >>> c = mg.tensor(0.5, requires_grad=True)
    >>> stacked([[c, 0], [0, c]]).shape
    (2, 2)
    """
    first = _first_tensor(x)
    return x if first is None or first is x else _stacked(x, first.dtype)


def _first_tensor(x: Any) -> Tensor | None:
    if isinstance(x, list | tuple):
        return next((found for v in x if (found := _first_tensor(v)) is not None), None)
    return x if type(x) is Tensor else None


def _stacked(x: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(x, list | tuple):
        return OPERATIONS["stack"]([_stacked(v, dtype) for v in x])
    return np.asarray(x, dtype) if type(x) in (int, float, bool) else x


def constant(x: Any, args: tuple[Any, ...], name: str) -> Tensor:
    """Make a tensor of an input that is none; a number takes the dtype of what it meets."""
    if type(x) in (int, float, bool):
        for other in args:
            dtype = getattr(other, "dtype", None)
            if dtype is not None and dtype.kind in "fc":
                return Tensor(np.asarray(x, dtype))
    made = Tensor(numbers(x, name))
    if not isinstance(x, np.generic):  # which can't change
        made._guard = OUTSIDE
    return made
