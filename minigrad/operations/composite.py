"""NumPy functions that are made of several operations, or that have no gradient to give."""

import builtins
import operator
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from minigrad.complex_step import real_part
from minigrad.leaf import operand, stacked
from minigrad.operation import without_gradient
from minigrad.operations import elementwise, linear, lookup, reduction
from minigrad.operations.shape import getitem, reshape, transpose
from minigrad.protocol import NUMPY, WITHOUT_GRADIENT
from minigrad.tensor import Tensor, is_hidden, value_known, value_of


def hadamard(a: Any, b: Any) -> Tensor:
    """The product element by element, the seed's circle; the same as `multiply`."""
    return elementwise.multiply(a, b)


def matmul(a: Any, b: Any) -> Tensor:
    """The matrix product `a @ b`; a vector is a row on the left and a column on the right.

    Parameters
    ----------
    a, b
        Of shapes (..., m, k) and (..., k, n), or (k,); leading axes broadcast.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.matmul([[1.0, 2.0], [3.0, 4.0]], [1.0, 1.0]).data
    array([3., 7.])
    """
    if type(a) is type(b) is Tensor and a._data.ndim > 1 and b._data.ndim > 1:
        return linear.matmul(a, b)
    a, b = operand(a, "matmul"), operand(b, "matmul")
    if (a.ndim > 1 and b.ndim > 1) or not a.ndim or not b.ndim:
        return linear.matmul(a, b)
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        return linear.matmul(a, b)  # raises, and names the vector and not its reshaping
    row = a if a.ndim > 1 else reshape(a, shape=(1, -1))
    column = b if b.ndim > 1 else reshape(b, shape=(-1, 1))
    y = linear.matmul(row, column)
    kept = [n for n, of in ((y.shape[-2], a), (y.shape[-1], b)) if of.ndim > 1]
    return y.reshape(*y.shape[:-2], *kept)


def _dot(a: Any, b: Any) -> Any:
    """`np.dot`, which differs from `a @ b` on numbers and on stacks of matrices."""
    a, b = stacked(a), stacked(b)
    shapes = [np.shape(value_of(x)) for x in (a, b)]
    if () in shapes:
        return elementwise.multiply(a, b)
    if len(shapes[1]) > 2:
        return np.tensordot(a, b, (-1, -2))
    return matmul(a, b)


def _outer(a: Any, b: Any) -> Tensor:
    column, row = reshape(a, shape=(-1, 1)), reshape(b, shape=(1, -1))
    return elementwise.multiply(column, row)


def clip(x: Any, low: Any = None, high: Any = None) -> Tensor:
    """Limit a value to the interval from `low` to `high`; None leaves a side open.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.clip([-2.0, 0.5, 2.0], 0.0, 1.0).data
    array([0. , 0.5, 1. ])
    """
    if low is not None:
        x = elementwise.maximum(x, low)
    return elementwise.positive(x) if high is None else elementwise.minimum(x, high)


def min(x: Any, axis: Any = None, keepdims: bool = False) -> Tensor:
    """The smallest element, along `axis` or of all.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.min([3.0, 1.0, 2.0]).item()
    1.0
    """
    return -reduction.max(-x if type(x) is Tensor else np.negative(x), axis, keepdims)


def _indexed(x: Tensor, index: Any) -> Tensor:
    """`x[index]`"""
    before, last = (index[:-1], index[-1]) if type(index) is tuple and index else ((), index)
    if _is_lookup(last) and all(type(i) is slice and i == slice(None) for i in before):
        return lookup.take(x, last, axis=len(before))
    if len(before) == 1 and x.ndim == 2 and Tensor in map(type, index):
        for axis, (numbers, others) in enumerate((index, index[::-1])):
            is_one_each = _is_lookup(numbers) and numbers.shape == (x.shape[1 - axis],)
            if is_one_each and _are_all(others, len(numbers)):
                return lookup.pick(x, numbers, axis=axis)
    return getitem(x, index=_frozen(index))


def _is_lookup(i: Any) -> bool:
    """Whether it is a tensor of whole numbers."""
    return type(i) is Tensor and i.dtype.kind in "iu"


def _are_all(i: Any, n: int) -> bool:
    """Whether it is 0, 1, 2, ... and nobody has given that a name."""
    if type(i) is Tensor and i._name is not None:
        return False
    return isinstance(i, Tensor | np.ndarray | range) and np.array_equal(value_known(i), range(n))


def _frozen(index: Any) -> Any:
    """An index that nobody else can change: arrays and lists are copied."""
    if type(index) is tuple:
        return tuple(map(_frozen, index))
    if isinstance(index, np.ndarray | list | Tensor):
        frozen = np.array(value_known(index))
        return frozen if frozen.size or isinstance(index, np.ndarray) else frozen.astype(int)
    return index


def _transpose(a: Tensor, axes: Any = None) -> Tensor:
    return transpose(a, axes=None if axes is None else _as_tuple(axes))


def _reshape(a: Tensor, shape: Any, order: str = "C") -> Tensor:
    """`np.reshape`; with order "F", the first index is the fastest to change."""
    if type(shape) is not tuple:
        shape = _as_tuple(shape)
    if order == "C":
        return reshape(a, shape=shape)
    if order == "F":
        return reshape(a.T, shape=shape[::-1]).T
    raise ValueError(
        f"np.reshape: expected order='C' or order='F', got {order!r}, which tells by how an array "
        "lies in memory; say which of the two"
    )


def _ravel(a: Tensor, order: str = "C") -> Tensor:
    return _reshape(a, (-1,), order)


def _as_tuple(numbers: Any) -> tuple[Any, ...]:
    """The numbers of a shape or of axes; NumPy takes one number for a tuple of one."""
    return tuple(numbers) if np.iterable(numbers) else (numbers,)


def _reshaped(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """A function that only changes the shape: ask NumPy for the shape, then reshape."""

    @wraps(function)
    def reshaped(x: Tensor, *args: Any, **options: Any) -> Tensor:
        return x.reshape(function(x._data, *args, **options).shape)

    return reshaped


def _permuted(function: Callable[..., Any]) -> Callable[..., Tensor]:
    """A function that only permutes axes: ask NumPy for the permutation, then transpose."""

    @wraps(function)
    def permuted(x: Tensor, *args: Any, **options: Any) -> Tensor:
        axes = function(np.empty(tuple(range(x.ndim))), *args, **options).shape
        return x.transpose(axes)

    return permuted


def _of_shape(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that looks at shape and dtype alone."""

    @wraps(function)
    def of_shape(*args: Any, **options: Any) -> Any:
        return function(*map(value_of, args), **options)

    return of_shape


def _each_known(x: Any) -> Any:
    """The arrays in a nest of tensors, where Python goes on by what is in them."""
    return type(x)(map(_each_known, x)) if type(x) in (list, tuple) else value_known(x)


def _of_value(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose result is no smooth function of its arguments: a plain array."""

    @wraps(function)
    def of_value(*args: Any, **options: Any) -> Any:
        known = {key: _each_known(x) for key, x in options.items()}
        return function(*map(_each_known, args), **known)

    return of_value


def _by_order(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `_of_value`, where the order of numbers matters, which complex ones have not."""
    name = f"np.{function.__name__}"

    @wraps(function)
    def by_order(*args: Any, **options: Any) -> Any:
        known = [real_part(_each_known(x), name) for x in args]
        return function(*known, **{key: _each_known(x) for key, x in options.items()})

    return by_order


def _step_function(ufunc: np.ufunc) -> Callable[..., Any]:
    """As `_by_order`, element by element: a trace records it, so that rules with kinks replay."""
    record = without_gradient(ufunc.__name__, ufunc, ufunc.nin)
    plain = _by_order(ufunc)
    return lambda *args: record(*args) if any(map(is_hidden, args)) else plain(*args)


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """`np.clip`, whose limits have two names each."""
    if min is None and max is None:
        return clip(a, a_min, a_max)
    if a_min is None and a_max is None:
        return clip(a, min, max)
    raise ValueError("np.clip: expected limits once, got a_min= or a_max= and also min= or max=")


def _var(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    squares = np.square(a - a.mean(axis=axis, keepdims=True))
    if not ddof:
        return squares.mean(axis=axis, keepdims=keepdims)
    n = reduction.count(a.shape, axis)
    return squares.sum(axis=axis, keepdims=keepdims) / builtins.max(n - ddof, 0)


def _std(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return np.sqrt(_var(a, axis, ddof, keepdims))


NUMPY.update(
    {
        np.matmul: matmul,
        np.dot: _dot,
        np.outer: _outer,
        operator.getitem: _indexed,
        np.transpose: _transpose,
        np.reshape: _reshape,
        np.ravel: _ravel,
        np.clip: _clip,
        np.min: min,
        np.amin: min,
        np.amax: reduction.max,
        np.square: lambda x: x * x,
        np.reciprocal: lambda x: 1 / x,
        np.var: _var,
        np.std: _std,
    }
)
NUMPY.update({f: _reshaped(f) for f in (np.squeeze, np.expand_dims)})
NUMPY.update({f: _permuted(f) for f in (np.swapaxes, np.moveaxis)})
_PLAIN: dict[Callable[..., Any], tuple[Callable[..., Any], ...]] = {
    _step_function: (
        *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
        *(np.isfinite, np.isnan, np.isinf, np.sign, np.floor, np.ceil, np.rint),
        *(np.trunc, np.signbit, np.floor_divide),
    ),
    _of_value: (
        *(np.allclose, np.array_equal, np.array_equiv, np.isclose, np.any, np.all),
        *(np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero),
        *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not),
        *(np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.isin),
        *(np.isneginf, np.isposinf),
        *(np.array2string, np.array_repr, np.array_str),
        *(np.save, np.savez, np.savez_compressed, np.savetxt),
    ),
    _by_order: (
        *(np.argmax, np.argmin, np.argsort, np.argpartition, np.lexsort, np.searchsorted),
        *(np.nanargmax, np.nanargmin, np.digitize),
        *(np.round, np.around, np.fix),
    ),
    _of_shape: (
        *(np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like),
        *(np.result_type, np.can_cast, np.common_type, np.min_scalar_type),
        *(np.may_share_memory, np.shares_memory),
        *(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from),
    ),
}
for _made_by, _functions in _PLAIN.items():
    NUMPY.update({f: _made_by(f) for f in _functions})
    WITHOUT_GRADIENT.update(_functions)
