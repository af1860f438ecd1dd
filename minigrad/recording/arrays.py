"""Arrays and numbers that say what is done with them, while a program is recorded."""

from collections.abc import Callable, Iterator
from types import FunctionType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.nests import map_leaves

if TYPE_CHECKING:
    from minigrad.recording.recording import Recording
    from minigrad.recording.storage import Node, Storage

Function = Callable[..., Any]


class Recorded(np.ndarray):
    """An array of a program that is recorded. It is one of NumPy's, with the same memory."""

    recording: "Recording | None"
    storage: "Storage | None"
    node: "Node | None"
    version: int

    @classmethod
    def of(cls, x: Any, recording: "Recording", storage: "Storage", node: "Node") -> "Recorded":
        recorded: Recorded = x.view(cls)
        recorded.recording, recorded.storage = recording, storage
        recorded.node, recorded.version = node, storage.version
        return recorded

    def __array_finalize__(self, parent: Any) -> None:
        self.recording = getattr(parent, "recording", None)
        self.storage = self.node = None
        self.version = -1

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return called_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Function, types: Any, args: Any, options: Any) -> Any:
        recording = active(args, options)
        if recording is None or function.__name__ in _ONLY_LOOKING:
            args, options = map_leaves(plain, (args, options))
            return function(*args, **options)
        if function.__name__ in _LIKE:
            args, options = map_leaves(plain, (args, options))
            return recording.constant(function(*args, **options))
        if function.__name__ in _WRITING:
            return recording.change(args[0], function, args[1:], options)
        if options.get("out") is not None:
            out = options.pop("out")
            return recording.call_into(out, function, args, options)
        return recording.call(function, args, options)

    def __getitem__(self, index: Any) -> Any:
        if is_active(self.recording):
            return self.recording.getitem(self, index)  # type: ignore[union-attr]
        return super().__getitem__(map_leaves(plain, index))

    def __setitem__(self, index: Any, item: Any) -> None:
        if is_active(self.recording):
            self.recording.setitem(self, index, item)  # type: ignore[union-attr]
        else:
            super().__setitem__(map_leaves(plain, index), plain(item))

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def item(self, *index: Any) -> Any:
        return self[np.unravel_index(index[0], self.shape) if index else (0,) * self.ndim]

    def fill(self, value: Any) -> None:
        self[...] = value

    def sort(self, *args: Any, **options: Any) -> None:
        self[...] = np.sort(self, *args, **options)

    def flatten(self, order: Any = "C") -> Any:
        return np.ravel(self, order).copy()

    def reshape(self, *shape: Any, **options: Any) -> Any:
        return np.reshape(self, shape[0] if len(shape) == 1 else shape, **options)

    def transpose(self, *axes: Any) -> Any:
        return np.transpose(self, axes[0] if len(axes) == 1 else axes or None)

    def __reduce__(self) -> Any:
        return plain(self).__reduce__()

    def __deepcopy__(self, memo: Any) -> Any:
        return np.copy(self)

    @property
    def T(self) -> Any:
        return np.transpose(self)

    @property
    def mT(self) -> Any:
        return np.matrix_transpose(self)

    @property
    def flat(self) -> Any:
        return self.reshape(-1)


class Number:
    """A number of a program that is recorded. It is one of NumPy's, and of Python's if float64."""

    recording: "Recording"
    node: "Node"

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        return called_ufunc(ufunc, method, inputs, options)

    def __array_function__(self, function: Function, types: Any, args: Any, options: Any) -> Any:
        return Recorded.__array_function__(self, function, types, args, options)  # type: ignore[arg-type]

    def item(self) -> Any:
        return self

    def __reduce__(self) -> Any:
        return plain(self).__reduce__()


# Operators that give a new value; a number has none that changes it.
_OPERATORS = {
    name: f
    for name, f in vars(NDArrayOperatorsMixin).items()
    if isinstance(f, FunctionType) and (name == "__invert__" or not name.startswith("__i"))
}


_FLOAT64: Any = type("Recorded64", (Number, np.float64), {"__module__": __name__})
_FLOAT32: Any = type("Recorded32", (Number, np.float32), {"__module__": __name__})
_NUMBERS: dict[Any, Any] = {np.float64: _FLOAT64, np.float32: _FLOAT32}


def number(x: Any, recording: "Recording", node: "Node") -> Any:
    """A number that knows what it was computed from; of other precisions the number itself."""
    kind = _NUMBERS.get(type(x))
    if kind is None:
        return x
    recorded = kind(x)
    recorded.recording, recorded.node = recording, node
    return recorded


def plain(x: Any) -> Any:
    """The array or number that a recorded one is; anything else as it is."""
    if isinstance(x, Recorded):
        return x.view(np.ndarray)
    return x.node.value[()] if isinstance(x, Number) else x


def called_ufunc(ufunc: np.ufunc, method: str, inputs: Any, options: dict[str, Any]) -> Any:
    """Answer `np.tanh(x)`, `x += y`, and `np.add.at(x, i, y)` (NEP 13)."""
    out = options.pop("out", None)
    recording = active(inputs, options, out)
    function = ufunc if method == "__call__" else getattr(ufunc, method)
    if recording is None:
        args, options, out = map_leaves(plain, (inputs, options, out))
        return function(*args, **options, **({} if out is None else {"out": out}))
    if method == "at":
        return recording.change(inputs[0], function, inputs[1:], options)
    if out is None:
        return recording.call(function, inputs, options)
    return recording.call_into(out, function, inputs, options)


_ACTIVE: list["Recording"] = []


def is_active(recording: "Recording | None") -> bool:
    """Whether a recording is the one that is being made."""
    return bool(_ACTIVE) and _ACTIVE[-1] is recording


def begin(recording: "Recording") -> None:
    _ACTIVE.append(recording)


def end() -> None:
    _ACTIVE.pop()


def active(*nests: Any) -> "Recording | None":
    """The recording that is being made; arrays that a former one has left are plain ones."""
    return _ACTIVE[-1] if _ACTIVE else None


def _method(name: str) -> Function:
    function = getattr(np, name)

    def method(self: Any, *args: Any, **options: Any) -> Any:
        return self.__array_function__(function, (), (self, *args), options)

    method.__name__ = name
    return method


def cast(x: Any, *args: Any, **options: Any) -> Any:
    return x.astype(*args, **options)


def _astype(self: Any, *args: Any, **options: Any) -> Any:
    return self.__array_function__(cast, (), (self, *args), options)


for _name in (
    *("sum", "mean", "max", "min", "prod", "std", "var", "any", "all", "cumsum", "cumprod"),
    *("dot", "ravel", "squeeze", "swapaxes", "repeat", "take", "clip", "round", "copy", "trace"),
    *("argmax", "argmin", "argsort", "diagonal", "nonzero", "compress", "choose", "put"),
):
    for _kind in (Recorded, _FLOAT64, _FLOAT32):
        setattr(_kind, _name, _method(_name))
for _kind in (Recorded, _FLOAT64, _FLOAT32):
    _kind.astype = _astype  # type: ignore[method-assign]
for _name, _operator in _OPERATORS.items():
    for _kind in (_FLOAT64, _FLOAT32):
        setattr(_kind, _name, _operator)

# Functions that look at arrays, and compute nothing that is differentiated.
_ONLY_LOOKING = frozenset(
    [
        *("shape", "ndim", "size", "array_repr", "array_str", "array2string", "save", "savez"),
        *("may_share_memory", "shares_memory", "result_type", "can_cast", "allclose", "isclose"),
        *("array_equal", "savetxt", "min_scalar_type", "common_type", "iscomplexobj", "isrealobj"),
    ]
)
_LIKE = frozenset(["zeros_like", "ones_like", "empty_like", "full_like"])
_WRITING = frozenset(["copyto", "put", "place", "putmask", "fill_diagonal", "put_along_axis"])
