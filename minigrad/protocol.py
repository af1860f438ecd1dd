"""NumPy functions on tensors, by NumPy's own protocols (NEP 13 and NEP 18)."""

import importlib
import inspect
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import numpy as np

Function = Callable[..., Any]
F = TypeVar("F", bound=Function)

# What stands in for a NumPy function when one of its arguments is a tensor, and for a method of a
# ufunc, as `np.add.reduce`, by both. Operations enter theirs as they are made; `stands_in_for`
# enters what is built from several.
#
# A stand-in is given by position what has no default in NumPy, or no name, and the rest by NumPy's
# names. It takes of these what it can honour, and a call with others is refused.
NUMPY: dict[Function | tuple[np.ufunc, str], Function] = {}

# Those of them that look at values, or are constant between jumps: they give plain arrays.
WITHOUT_GRADIENT: set[Function] = set()


def stands_in_for(*functions: Function | tuple[np.ufunc, str]) -> Callable[[F], F]:
    """Decorate what stands in for NumPy's functions, or a ufunc's methods, on tensors.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> from minigrad.protocol import stands_in_for
    >>> @stands_in_for(np.vander)
    ... def vander(x, N=None, increasing=False):
    ...     powers = range(len(x) if N is None else N)
    ...     return np.stack([x**i for i in (powers if increasing else powers[::-1])], axis=1)
    >>> np.vander(mg.tensor([2.0, 3.0]), 2).data
    array([[2., 1.],
           [3., 1.]])
    """

    def enter(stand_in: F) -> F:
        NUMPY.update(dict.fromkeys(functions, stand_in))
        return stand_in

    return enter


def stand_in_of(function: Function | tuple[np.ufunc, str]) -> Function | None:
    """What stands in for a function; what not every program needs is imported when asked for."""
    if function not in NUMPY:
        importlib.import_module("minigrad.operations.catalogue")
        if function not in NUMPY and "scipy.special" in sys.modules:
            importlib.import_module("minigrad.operations.special")
    return NUMPY.get(function)


def array_ufunc(
    ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Answer `np.tanh(x)`, and `np.add.reduce(x)` (NEP 13)."""
    stand_in = stand_in_of(ufunc if method == "__call__" else (ufunc, method))
    if stand_in is None:
        raise TypeError(_no_rule(ufunc, "" if method == "__call__" else f".{method}"))
    elementwise = method == "__call__" and ufunc.signature is None
    honoured = () if elementwise else _parameters(stand_in)
    if refused := options.keys() - honoured:
        raise TypeError(_no_option(ufunc, refused))
    return stand_in(*inputs, **options)


def array_function(function: Function, inputs: Sequence[Any], options: Mapping[str, Any]) -> Any:
    """Answer `np.sum(x, axis=0)` (NEP 18)."""
    stand_in = stand_in_of(function)
    if stand_in is None:
        raise TypeError(_no_rule(function))
    call = _call(function, stand_in)
    if len(inputs) != call.required or (options and not call.refused.isdisjoint(options)):
        inputs, options = call.read(inputs, options)
        if refused := call.refused.intersection(options):
            raise TypeError(_no_option(function, refused))
    return stand_in(*inputs, **options)


def refused_options(function: Function, stand_in: Function) -> frozenset[str]:
    """The options of a NumPy function that what stands in for it does not take."""
    return _call(function, stand_in).refused


class _Call:
    """How a NumPy function takes its arguments, and what of them its stand-in refuses."""

    def __init__(self, function: Function, stand_in: Function) -> None:
        taken = _parameters(function)
        self.defaults = {name: p.default for name, p in taken.items()}
        self.names = [name for name, p in taken.items() if p.kind in (_ONLY_BY_POSITION, _EITHER)]
        self.positional = [
            name
            for name in self.names
            if taken[name].kind is _ONLY_BY_POSITION or taken[name].default is _NONE
        ]
        self.required = len(self.positional)
        # An operation of the table has its parameters in `defaults`.
        honoured = getattr(stand_in, "defaults", None) or _parameters(stand_in)
        self.refused = frozenset(taken).difference(self.positional, honoured)

    def read(
        self, inputs: Sequence[Any], options: Mapping[str, Any]
    ) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """What goes by position, and what goes by name and is not the default."""
        given = dict(zip(self.names, inputs, strict=False))
        for name in given.keys() & options:
            raise TypeError(f"expected one value for {name}, got {given[name]!r} and {name}=")
        given |= options
        positional = [given.pop(name) for name in self.positional if name in given]
        others = {name: x for name, x in given.items() if not self._is_default(name, x)}
        return [*positional, *inputs[len(self.names) :]], others

    def _is_default(self, name: str, x: Any) -> bool:
        default = self.defaults.get(name, _NONE)
        return type(x) is type(default) and bool(x == default)


_ONLY_BY_POSITION = inspect.Parameter.POSITIONAL_ONLY
_EITHER = inspect.Parameter.POSITIONAL_OR_KEYWORD
_NONE = inspect.Parameter.empty

_call = cache(_Call)


def _parameters(function: Function) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(function).parameters
    except ValueError:  # of some functions, older versions of NumPy do not tell
        return {}


def _no_rule(function: Function, method: str = "") -> str:
    place = getattr(function, "__module__", None) or "numpy"
    return (
        f"{place}.{function.__name__}{method}: expected a function that minigrad can "
        "differentiate, and this one has no rule; docs/numpy.md says which have one; add one with "
        "minigrad.operation, or take x.data where no gradient is needed"
    )


def _no_option(function: Function, names: Iterable[str]) -> str:
    unwanted = ", ".join(f"{name}=" for name in sorted(names))
    return (
        f"np.{function.__name__}: expected no {unwanted}, which tensors do not take; "
        "leave it out, and use the result"
    )
