"""Operations that reduce axes, and the softmax family.

`axis` and `keepdims` are NumPy's. The softmax family works along axis 0, since a column is one
example of the batch.
"""

import math
from typing import Any

import numpy as np

from minigrad.axes import axes_of
from minigrad.complex_step import real_part
from minigrad.operation import SIGN, SUM, operation, without_gradient
from minigrad.operations.elementwise import astype, equal
from minigrad.tensor import Array

_REDUCTIONS = (
    ((2, 3),),
    ((2, 3), {"axis": 0}),
    ((2, 3), {"axis": -1, "keepdims": True}),
    ((2, 3, 4), {"axis": (0, 2)}),
    ((),),
)
_ALONG_AXIS = (((3, 2),), ((3, 2), {"axis": -1}), ((4,),))


def restored(g: Any, x: Any, axis: Any, keepdims: bool = False) -> Any:
    """Put the axes of `x` that were reduced back into `g`, with length 1."""
    if keepdims or axis is None or not x.shape:
        return g
    shape = list(x.shape)
    for i in axes_of(axis, len(shape)):
        shape[i] = 1
    return g.reshape(shape)


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements go into one of a reduction."""
    return math.prod([shape[i] for i in axes_of(axis if shape else None, len(shape))])


# Sums of float16 lose what is below a thousandth of them, and can't count beyond 65504.
_ADDED_IN: dict[str, Any] = {"e": np.float32}


def _sum(x: Array, *, axis: Any = None, keepdims: Any = False) -> Any:
    added_in = _ADDED_IN.get(x.dtype.char)
    if added_in is None:
        return np.add.reduce(x, axis=axis, keepdims=keepdims)
    return np.add.reduce(x, axis=axis, dtype=added_in, keepdims=keepdims).astype(x.dtype)


sum = operation(
    _sum,
    lambda g, y, x, axis, keepdims: np.broadcast_to(restored(g, x, axis, keepdims), x.shape),
    name="sum",
    kind="reduction",
    kernel=lambda y, x, *, axis, keepdims: np.add.reduce(
        x, axis, dtype=_ADDED_IN.get(y.dtype.char), out=y, keepdims=keepdims
    ),
    numpy=np.sum,
    shapes="an axis of the value",
    latex=r"\sum{{axis}} {0}",
    text="Σ{{axis}} {0}",
    precedence=SIGN,
    symbol="Σ",
    drawn="formula",
    examples=(*_REDUCTIONS, ((), {"axis": -1})),  # NumPy takes it for a sum, not for a mean
)


def _shared(g: Any, n: Any) -> Any:
    """g / n, in a precision that has n."""
    added_in = _ADDED_IN.get(g.dtype.char)
    if added_in is None:
        return g / n
    return astype.on(astype.on(g, dtype=added_in) / n, dtype=g.dtype)


mean = operation(
    lambda x, *, axis=None, keepdims=False: np.mean(x, axis=axis, keepdims=keepdims),
    lambda g, y, x, axis, keepdims: np.broadcast_to(
        _shared(restored(g, x, axis, keepdims), float(count(x.shape, axis) or 1)), x.shape
    ),
    name="mean",
    kind="reduction",
    numpy=np.mean,
    shapes="an axis of the value",
    latex=r"\operatorname{{mean}}{{axis}}({0})",
    text="mean{{axis}}({0})",
    drawn="formula",
    examples=_REDUCTIONS,
)


def _shared_by_largest(g: Any, y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """All to the largest element; equal shares where several are the largest."""
    largest = equal.on(x, restored(y, x, axis, keepdims))
    ones = astype.on(largest, dtype=_ADDED_IN.get(x.dtype.char, x.dtype))
    n = np.sum(ones, axis=axis, keepdims=True)
    return np.where(largest, _shared(restored(g, x, axis, keepdims), n), 0)


def _max(x: Array, *, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype.kind != "c":
        return np.max(x, axis=axis, keepdims=keepdims)
    real = real_part(x, "max")
    largest = real == np.max(real, axis=axis, keepdims=True)
    return np.mean(x, axis=axis, keepdims=keepdims, where=largest)


max = operation(
    _max,
    _shared_by_largest,
    name="max",
    kind="reduction",
    kernel=lambda y, x, *, axis, keepdims: np.maximum.reduce(x, axis, out=y, keepdims=keepdims),
    numpy=np.max,
    shapes="an axis of the value",
    latex=r"\max{{axis}}({0})",
    drawn="formula",
    text="max{{axis}}({0})",
    examples=_REDUCTIONS,
)


def _logsumexp(x: Array, *, axis: Any = None, keepdims: bool = False) -> Any:
    largest = np.maximum.reduce(x.real, axis=axis, keepdims=True)
    largest = np.where(np.isfinite(largest), largest, 0)
    with np.errstate(divide="ignore", over="ignore"):  # the log of 0 and of infinity is right
        y = np.log(np.add.reduce(np.exp(x - largest), axis=axis, keepdims=True)) + largest
    return y if keepdims else np.squeeze(y, axis)


finite = operation(
    lambda x: np.where(x.real == -np.inf, 0, x),
    lambda g, y, x: g,
    name="finite",
    kind="elementwise",
    latex="{0}",
    text="{0}",
    precedence=SUM,
    python="np.where({0} == -np.inf, 0, {0})",
    drawn="line",
)

logsumexp = operation(
    _logsumexp,
    # Where all are -inf, exp(x - y) has no limit, but is bounded. It is 0 here, which is right for
    # sums of logs: what can't happen passes no gradient on.
    lambda g, y, x, axis, keepdims: (
        restored(g, x, axis, keepdims) * np.exp(x - restored(finite.on(y), x, axis, keepdims))
    ),
    name="logsumexp",
    kind="reduction",
    shapes="an axis of the value",
    latex=r"\log \sum{{axis}} \exp({0})",
    text="log Σ{{axis}} exp({0})",
    precedence=SIGN,
    examples=_REDUCTIONS,
)


def _softmax(x: Array, *, axis: int = 0) -> Any:
    e = np.exp(x - np.maximum.reduce(x.real, axis=axis, keepdims=True))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


softmax = operation(
    _softmax,
    lambda g, y, x, axis: y * (g - (g * y).sum(axis=axis, keepdims=True)),
    name="softmax",
    shapes="an axis of the value",
    latex=r"\operatorname{{softmax}}{{axis}}({0})",
    text="softmax{{axis}}({0})",
    examples=_ALONG_AXIS,
)


def _log_softmax(x: Array, *, axis: int = 0) -> Any:
    x = x - np.maximum.reduce(x.real, axis=axis, keepdims=True)
    return x - np.log(np.add.reduce(np.exp(x), axis=axis, keepdims=True))


log_softmax = operation(
    _log_softmax,
    lambda g, y, x, axis: g - np.exp(y) * g.sum(axis=axis, keepdims=True),
    name="log_softmax",
    shapes="an axis of the value",
    latex=r"\log \operatorname{{softmax}}{{axis}}({0})",
    text="log softmax{{axis}}({0})",
    examples=_ALONG_AXIS,
)


def _one_hot(labels: Array, *, classes: int = 2, axis: int = 0, dtype: Any = np.float64) -> Any:
    numbers = np.expand_dims(labels, axis)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise ValueError(
            f"integer labels from 0 to {classes - 1}, got {numbers.min()} to {numbers.max()}"
        )
    shape = list(numbers.shape)
    shape[axis] = classes
    y = np.zeros(shape, dtype)
    np.put_along_axis(y, numbers, 1, axis)
    return y


def _one_hot_source(classes: int, axis: int, dtype: Any) -> str:
    # Small integers take the precision of what they meet.
    return f"np.moveaxis(np.eye({classes}, dtype='int8')[{{0}}], -1, {axis})"


one_hot = without_gradient("one_hot", _one_hot, 1, python=_one_hot_source)


def distributions(labels: Any, z: Any, axis: int) -> Any:
    """Labels as distributions: class numbers become one-hot vectors, the rest stays."""
    kind = labels.dtype.kind
    if kind not in "iu" or labels.ndim == z.ndim:
        return labels.astype(z.dtype) if kind in "iub" else labels
    return one_hot.on(labels, classes=z.shape[axis], axis=axis, dtype=z.dtype)


def _softmax_cross_entropy(z: Array, labels: Array, *, axis: int = 0) -> Any:
    # NumPy broadcasts labels of another shape without a word, and the sum would be wrong.
    p = distributions(labels, z, axis)
    if p.shape != z.shape:
        raise ValueError(f"labels of shape {p.shape} do not belong to logits of shape {z.shape}")
    log_q = np.asarray(_log_softmax(z, axis=axis))
    log_q[p == 0] = 0  # 0 log 0 = 0
    return -np.add.reduce(p * log_q, axis=axis)


def _cotangent_of_logits(g: Any, y: Any, z: Any, labels: Any, axis: int) -> Any:
    p = distributions(labels, z, axis)
    return restored(g, z, axis) * (p.sum(axis=axis, keepdims=True) * softmax.on(z, axis=axis) - p)


softmax_cross_entropy = operation(
    _softmax_cross_entropy,
    _cotangent_of_logits,
    lambda g, y, z, labels, axis: -restored(g, z, axis) * log_softmax.on(z, axis=axis),
    name="softmax_cross_entropy",
    shapes="logits and labels of the same shape, or integer labels without the axis of the classes",
    latex=r"-{1}^\top \log \operatorname{{softmax}}({0})",
    text="-{1}ᵀ log softmax({0})",
    precedence=SIGN,
    python=lambda axis: f"-np.sum({{1}} * log_softmax({{0}}, axis={axis}), axis={axis})",
    symbol="cross-entropy",
    examples=(((3, 2), (3, 2)), ((2, 3), (2, 3), {"axis": -1}), ((3, 2), np.array([2, 0]))),
)
