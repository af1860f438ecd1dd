"""NumPy's functions that make arrays, replaced for a while, so that a program can fill these.

`np.zeros` and its like are not reached by NumPy's protocols. While a program runs they give
recorded arrays to its own code, and plain ones to the libraries that it uses.
"""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

import numpy as np

from minigrad.nests import leaves, map_leaves
from minigrad.recording.arrays import Recorded, begin, end, plain
from minigrad.recording.places import is_a_users
from minigrad.recording.recording import Recording
from minigrad.recording.storage import array_of

Function = Callable[..., Any]

_FILLED = ("zeros", "ones", "empty", "full", "eye", "identity", "linspace", "fromiter")
_CONVERTING = ("array", "asarray", "asanyarray", "ascontiguousarray", "asfortranarray", "require")
_MAKERS: dict[str, Function] = {name: getattr(np, name) for name in (*_FILLED, *_CONVERTING)}


@contextmanager
def making_recorded(recording: Recording, program: Function) -> Iterator[None]:
    """Let NumPy make recorded arrays, also for modules that have imported its names."""
    instead = {
        id(function): (function, _recording_maker(name, function, recording))
        for name, function in _MAKERS.items()
    }
    namespaces = list(namespaces_of(program))
    with names_kept(namespaces):
        begin(recording)
        try:
            for names in namespaces:
                for name, x in list(names.items()):
                    if id(x) in instead and x is instead[id(x)][0]:
                        names[name] = instead[id(x)][1]
            yield
        finally:
            end()


@contextmanager
def names_kept(namespaces: Iterable[dict[str, Any]]) -> Iterator[None]:
    """Leave the names of modules bound as they were."""
    before = [(names, dict(names)) for names in namespaces]
    try:
        yield
    finally:
        for names, bindings in before:
            _restore(names, bindings)


def _restore(names: dict[str, Any], before: dict[str, Any]) -> None:
    """Bind the names of a module as before, and forget recorded values that it has kept."""
    for name, x in before.items():
        if names.get(name) is not x:
            names[name] = x
    for name in names.keys() - before.keys():
        if isinstance(names[name], Recorded):
            del names[name]


def namespaces_of(program: Function) -> Iterator[dict[str, Any]]:
    """NumPy's names and those of the program's own modules."""
    yield getattr(program, "__globals__", {})
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        names = getattr(module, "__dict__", None)
        if isinstance(names, dict) and (module is np or is_a_users(file or "<string>")):
            yield names


def _recording_maker(name: str, function: Function, recording: Recording) -> Function:
    converts = name in _CONVERTING

    @wraps(function)
    def maker(*args: Any, **options: Any) -> Any:
        if not is_a_users(sys._getframe(1).f_code.co_filename):
            return function(*args, **options)
        values = map_leaves(plain, (args, options))
        made = function(*values[0], **values[1])
        if made.dtype.kind not in "fiub":
            return made
        if not converts or not any(map(recording.is_known, leaves((args, options)))):
            return recording.constant(made) if made.dtype.kind == "f" else made
        if isinstance(args[0], Recorded) and _keeps(name, options, made, args[0]):
            return args[0]
        return recording.computed(array_of, (args[0], made.dtype), {}, made)

    return maker


def _keeps(name: str, options: Any, made: Any, x: Recorded) -> bool:
    """Whether a conversion gives the array itself."""
    return name != "array" and np.may_share_memory(made, x) and made.shape == x.shape
