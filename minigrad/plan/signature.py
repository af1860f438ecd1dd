"""What a plan depends on: a call's arrays by shape and dtype, and all else that it is given."""

from enum import Enum
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np
from numpy import ndarray

from minigrad.context import current
from minigrad.leaf import numbers
from minigrad.operation import Operation
from minigrad.plan.graph import Array
from minigrad.plan.simplify import frozen
from minigrad.tensor import Tensor

# What a plan may bake in, since it can't change later.
_VALUES = frozenset((bool, int, float, complex, str, bytes, slice, type(None), type(...)))
_OBJECTS = (np.generic, np.dtype, np.ufunc, Operation, type, Enum)
_FUNCTIONS = (FunctionType, BuiltinFunctionType)


class Signature:
    """The arguments of a call, taken apart.

    Attributes
    ----------
    arrays
        What is different in each call, in order.
    key
        Equal for calls that one plan serves.
    recorded
        Whether the gradient of an argument is recorded.
    """

    def __init__(self, *arguments: Any) -> None:
        self.arrays: list[Array] = []
        arrays = self.arrays
        self.recorded = False
        key: list[Any] = []
        to_visit: list[Any] = [arguments]
        while to_visit:  # in the order of `nests.leaves`
            x = to_visit.pop()
            if type(x) is Tensor:
                self.recorded |= x.requires_grad and current().recording
                x = x._data
            if type(x) is ndarray and (dtype := x.dtype).kind in "biufc":
                arrays.append(x)
                key.append(x.shape)
                key.append(dtype)
            elif isinstance(x, dict):
                key.append((dict, *map(_baked_in, x)))
                to_visit += reversed(x.values())
            elif isinstance(x, (list, tuple)):
                key.append((type(x), len(x)))
                to_visit += reversed(x)
            elif isinstance(x, ndarray):
                to_visit.append(numbers(x, "compile"))  # a plain array of numbers, or an error
            else:
                key.append(_baked_in(x))
        self.key = tuple(key)


def _baked_in(x: Any) -> Any:
    """The key of what is no array."""
    if type(x) is str:  # the common case, at once
        return x
    if type(x) is tuple:  # as a key of a dict
        return tuple(map(_baked_in, x))
    if type(x) not in _VALUES and not isinstance(x, _OBJECTS + _FUNCTIONS):
        raise TypeError(
            "compile: expected arrays, numbers, strings, functions, None, and dicts, lists and "
            f"tuples of these as arguments, got {type(x).__name__}: {x!r:.80}; a plan would not "
            "see it change, so pass the arrays and numbers that are in it"
        )
    return frozen(x)
