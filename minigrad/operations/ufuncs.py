"""Methods of NumPy's functions of each element: reduce, accumulate and outer."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from minigrad.axes import along, axes_of
from minigrad.operations.elementwise import maximum, minimum, positive
from minigrad.operations.moving import alike
from minigrad.operations.ordering import scan
from minigrad.operations.reduction import logsumexp
from minigrad.operations.statistics import cumprod, prod
from minigrad.protocol import NUMPY

Function = Callable[..., Any]


def _reduced_by(function: Function) -> Function:
    """The method of a function that NumPy has for the reduction, which goes along axis 0."""

    def reduced(array: Any, axis: Any = 0, keepdims: bool = False) -> Any:
        return function(array, axis=axis, keepdims=keepdims)

    return reduced


def _reduced_in_turn(function: Function) -> Function:
    """One element after the other, for functions that no reduction of NumPy's stands for."""

    def reduced(array: Any, axis: Any = 0, keepdims: bool = False) -> Any:
        axes = axes_of(axis, array.ndim)
        if len(axes) != 1 or not array.shape[axes[0]]:
            raise TypeError(
                f"{function!r}.reduce: expected one axis with elements along it, got axis={axis} "
                f"of shape {array.shape}"
            )
        [axis] = axes
        y = reduce(function, [array[along(axis, i)] for i in range(array.shape[axis])])
        return np.expand_dims(y, axis) if keepdims else positive(y)

    return reduced


def _accumulated_in_turn(function: Function) -> Function:
    def accumulated(array: Any, axis: int = 0) -> Any:
        [axis] = axes_of(axis, array.ndim)
        found: list[Any] = []
        for i in range(array.shape[axis]):
            x = array[along(axis, i)]
            found.append(function(found[-1], x) if found else x)
        return np.stack(found, axis)

    return accumulated


def _outer(function: Function) -> Function:
    def outer(a: Any, b: Any) -> Any:
        a, b = alike(a, b)
        return function(a.reshape(a.shape + (1,) * b.ndim), b)

    return outer


def _scanned(function: Function) -> Function:
    def accumulated(array: Any, axis: int = 0) -> Any:
        return scan(function, positive(array), axes_of(axis, array.ndim)[0])

    return accumulated


_REDUCED: dict[np.ufunc, Function] = {
    np.add: np.sum,
    np.multiply: prod,
    np.maximum: np.max,
    np.minimum: np.min,
    np.logaddexp: logsumexp,
    np.logical_and: np.all,
    np.logical_or: np.any,
}
_ACCUMULATED: dict[np.ufunc, Function] = {
    np.add: lambda array, axis=0: np.cumsum(array, axis=axis),
    np.multiply: lambda array, axis=0: cumprod(array, axis),
    np.maximum: _scanned(maximum),
    np.minimum: _scanned(minimum),
    np.logaddexp: _scanned(np.logaddexp),
}


def _enter(ufunc: Any) -> None:
    function = NUMPY[ufunc]
    by_numpy = _REDUCED.get(ufunc)
    NUMPY[ufunc, "reduce"] = _reduced_by(by_numpy) if by_numpy else _reduced_in_turn(function)
    NUMPY[ufunc, "accumulate"] = _ACCUMULATED.get(ufunc) or _accumulated_in_turn(function)
    NUMPY[ufunc, "outer"] = _outer(function)


for _ufunc in [f for f in NUMPY if isinstance(f, np.ufunc) and (f.nin, f.nout) == (2, 1)]:
    if _ufunc.signature is None:
        _enter(_ufunc)
