"""Axes in one form: counted from the front, in a tuple, none left out."""

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

WHOLE = slice(None)


def axes_of(axis: Any, ndim: int) -> tuple[int, ...]:
    """The axes that a function with this `axis` works along; None stands for all.

    Raises
    ------
    AxisError
        If there is no such axis.

    Examples
    --------
    >>> from minigrad.axes import axes_of
    >>> axes_of(-1, 3), axes_of((0, -1), 3), axes_of(None, 2)
    ((2,), (0, 2), (0, 1))
    """
    if axis is None:
        return tuple(range(ndim))
    if type(axis) is int and -ndim <= axis < ndim:
        return (axis % ndim,)
    return normalize_axis_tuple(axis, ndim)


def permutation_of(axes: Any, ndim: int) -> tuple[int, ...]:
    """Where each axis of a transpose comes from; None stands for the reverse order."""
    return tuple(range(ndim))[::-1] if axes is None else tuple(axis % ndim for axis in axes)


def inverse(permutation: tuple[int, ...]) -> tuple[int, ...]:
    """The permutation that undoes another."""
    return tuple(np.argsort(permutation).tolist())


def along(axis: int, index: Any) -> tuple[Any, ...]:
    """An index that holds along one axis, counted from the front; all of the axes before it."""
    return (*[slice(None)] * axis, index)  # no name of this module: its source is printed


def is_basic(index: Any) -> bool:
    """Whether an index picks a view, and keeps the order of axes."""
    parts = index if type(index) is tuple else (index,)
    return all(p is None or p is Ellipsis or type(p) in (int, slice) for p in parts)
