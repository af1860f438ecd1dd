"""What a tensor has of an array: operators, NumPy's functions as methods, and its protocols."""

import operator
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import protocol
from minigrad.protocol import NUMPY, Function

if TYPE_CHECKING:
    from minigrad.tensor import Array, Tensor


def _operator(function: Function) -> "Callable[..., Tensor]":
    return lambda self: NUMPY[function](self)


def _operators(function: Function) -> "tuple[Callable[..., Tensor], Callable[..., Tensor]]":
    """The operator with the object on the left, and with it on the right."""
    return lambda self, x: NUMPY[function](self, x), lambda self, x: NUMPY[function](x, self)


def _late_operators(function: Any) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """As `_operators`, of a function that is imported when it is asked for."""
    return lambda self, x: function(self, x), lambda self, x: function(x, self)


def _comparison(function: Function) -> Callable[[Any, Any], Any]:
    return lambda self, x: NUMPY[function](self, x)


def _method(function: Function) -> "Callable[..., Tensor]":
    """A function of NumPy as a method, which takes what the function takes after the array."""

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return protocol.array_function(function, (self, *args), options)

    method.__name__ = function.__name__
    method.__doc__ = f"As `np.{function.__name__}` of it, with the same arguments."
    return method


class ArrayMethods:
    """The part of a tensor that is as it is for arrays.

    What an operator or a method computes is what stands in for the NumPy function of the same
    meaning: an operation of the table, or a function that is made of several.
    """

    __slots__ = ()

    _data: "Array"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return protocol.array_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Function, types: Any, inputs: Any, options: Any) -> Any:
        return protocol.array_function(function, inputs, options)

    def __len__(self) -> int:
        return len(self._data)

    def __iter__(self) -> "Iterator[Tensor]":
        return (self[i] for i in range(len(self._data)))

    # Comparisons have no gradient: they give plain boolean arrays.
    __hash__ = object.__hash__
    __eq__ = _comparison(np.equal)
    __ne__ = _comparison(np.not_equal)
    __lt__ = _comparison(np.less)
    __le__ = _comparison(np.less_equal)
    __gt__ = _comparison(np.greater)
    __ge__ = _comparison(np.greater_equal)

    __add__, __radd__ = _operators(np.add)
    __sub__, __rsub__ = _operators(np.subtract)
    __mul__, __rmul__ = _operators(np.multiply)
    __truediv__, __rtruediv__ = _operators(np.divide)
    __pow__, __rpow__ = _operators(np.power)
    __matmul__, __rmatmul__ = _operators(np.matmul)

    __mod__, __rmod__ = _late_operators(np.remainder)
    __floordiv__, __rfloordiv__ = _late_operators(np.floor_divide)
    __divmod__, __rdivmod__ = _late_operators(np.divmod)

    __neg__ = _operator(np.negative)
    __pos__ = _operator(np.positive)
    __abs__ = _operator(np.abs)

    def __getitem__(self, index: Any) -> "Tensor":
        y: Tensor = NUMPY[operator.getitem](self, index)
        return y

    def transpose(self, *axes: Any) -> "Tensor":
        """Its axes in another order, by default the reverse."""
        y: Tensor = NUMPY[np.transpose](self, _unpacked(axes) if axes else None)
        return y

    def reshape(self, *shape: Any, order: str = "C") -> "Tensor":
        """The same elements in another shape; -1 stands for what is left."""
        y: Tensor = NUMPY[np.reshape](self, _unpacked(shape), order)
        return y

    def flatten(self, order: str = "C") -> "Tensor":
        """All elements in one axis."""
        y: Tensor = NUMPY[np.ravel](self, order)
        return y

    ravel = _method(np.ravel)

    def copy(self) -> "Tensor":
        """The same value; its gradient is this one's."""
        y: Tensor = NUMPY[np.positive](self)
        return y

    def tolist(self) -> Any:
        """The values as Python numbers, in lists."""
        return np.asarray(self).tolist()

    def sort(self, *args: Any, **options: Any) -> None:
        """Refused, as all that changes an array in place; `np.sort` makes a new one."""
        raise TypeError("x.sort: expected no change in place, which loses the gradient; np.sort(x)")

    partition = sort

    def __round__(self, digits: int | None = None) -> Any:
        return int(self.round()) if digits is None else self.round(digits)

    @property
    def real(self) -> "Tensor":
        """The real part."""
        y: Tensor = np.real(self)
        return y

    @property
    def imag(self) -> "Tensor":
        """The imaginary part."""
        y: Tensor = np.imag(self)
        return y

    @property
    def flat(self) -> "Tensor":
        """All elements in one axis."""
        return self.ravel()

    @property
    def nbytes(self) -> int:
        """How many bytes the value takes."""
        return self._data.nbytes

    @property
    def itemsize(self) -> int:
        """How many bytes an element takes."""
        return self._data.itemsize

    conj = conjugate = _method(np.conjugate)
    repeat = _method(np.repeat)
    diagonal = _method(np.diagonal)
    trace = _method(np.trace)
    prod = _method(np.prod)
    cumsum = _method(np.cumsum)
    cumprod = _method(np.cumprod)
    compress = _method(np.compress)
    all: Callable[..., Any] = _method(np.all)
    any: Callable[..., Any] = _method(np.any)
    nonzero: Callable[..., Any] = _method(np.nonzero)
    round: Callable[..., Any] = _method(np.round)
    searchsorted: Callable[..., Any] = _method(np.searchsorted)
    argpartition: Callable[..., Any] = _method(np.argpartition)
    squeeze = _method(np.squeeze)
    swapaxes = _method(np.swapaxes)
    take = _method(np.take)
    clip = _method(np.clip)
    sum = _method(np.sum)
    mean = _method(np.mean)
    var = _method(np.var)
    std = _method(np.std)
    max = _method(np.max)
    min = _method(np.min)
    argmax: Callable[..., Any] = _method(np.argmax)
    argmin: Callable[..., Any] = _method(np.argmin)
    argsort: Callable[..., Any] = _method(np.argsort)
    dot = _method(np.dot)


def _unpacked(arguments: tuple[Any, ...]) -> Any:
    """Take `x.reshape(2, 3)` and `x.reshape((2, 3))` alike."""
    return arguments[0] if len(arguments) == 1 and type(arguments[0]) is not int else arguments
