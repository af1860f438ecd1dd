"""Trace a function once, then replay it from buffers."""

import gc
import importlib.util
import mmap
import sys
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.context import current
from minigrad.forks import in_each_child
from minigrad.nests import leaves, map_leaves
from minigrad.plan.calls import Call, Part, calls
from minigrad.plan.graph import Array
from minigrad.plan.layout import Layout, lay_out, one_by_one
from minigrad.plan.passes import PASSES, Pass, optimize
from minigrad.plan.simplify import frozen
from minigrad.plan.trace import trace
from minigrad.tensor import Tensor, is_hidden, value_of

FAST = importlib.util.find_spec("llvmlite") is not None
CACHE = 16  # plans that a compiled function keeps


def compile(
    f: Callable[..., Any],
    *,
    donate: bool = False,
    passes: Sequence[Pass] = PASSES,
    fast: bool = FAST,
) -> "Compiled":
    """Make a function that traces `f` on its first call, and afterwards only computes.

    Loops, branches and shapes are baked in at the trace, and so is whatever is no array: a call
    with another shape, dtype or Python number is traced anew. The 16 plans used last are kept.
    Arrays that `f` finds outside of its arguments are constants.

    Parameters
    ----------
    f
        Takes arrays, or nests of them, and gives tensors, or a nest of them; what the transforms
        make, such as `value_and_grad(loss)`, does too.
    donate
        Give arrays that the next call of this thread overwrites, and save the copy.
    passes
        What is done to the plan; `minigrad.plan.passes.PASSES` or fewer.
    fast
        Make machine code of elementwise steps; by default, if llvmlite is installed.

    Returns
    -------
    Compiled
        Takes what `f` takes and gives the same nest, in arrays. Each thread that calls it has
        buffers of its own.

    Raises
    ------
    TypeError
        At the trace, if the value of an argument decides a branch.

    Notes
    -----
    `step.plan(*args)` gives the plan for a call: print it, or its `explain()`. Sums are regrouped,
    so results differ from the eager ones in the last digits. NumPy's warnings are off.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> def loss(w, x):
    ...     return mg.tanh(w * x).sum()
    >>> step = mg.compile(mg.value_and_grad(loss))
    >>> step(np.zeros(2), np.array([3.0, 4.0]))
    (np.float64(0.0), array([3., 4.]))
    """
    if not callable(f):
        raise TypeError(f"compile: expected a function, got {type(f).__name__}: {f!r:.80}")
    return Compiled(f, donate, passes, fast)


def _is_hidden(x: Any) -> bool:
    return type(x) is Tensor and is_hidden(x)


class Compiled:
    """A function with its plans, one for each signature; see `compile`."""

    def __init__(
        self, f: Callable[..., Any], donate: bool, passes: Sequence[Pass], fast: bool
    ) -> None:
        self._f = f
        self._passes = tuple(passes)
        self._fast = fast
        self._moments = one_by_one
        if fast:
            from minigrad.plan.fuse import moments

            self._moments = moments
        self._donate = donate
        self._plans: OrderedDict[Any, tuple[Layout, Any]] = OrderedDict()
        self._lock = threading.RLock()  # one call may trace another of the same function
        _compiled.add(self)
        self._local = threading.local()

    def __call__(self, *args: Any, **options: Any) -> Any:
        if current().observer is not None and any(map(_is_hidden, leaves((args, options)))):
            return self._f(*args, **options)  # another trace records what it does
        arrays: list[Array] = []
        layout, result = self._prepared(args, options, arrays)
        mine: dict[Any, Replay] = self._local.__dict__
        if layout not in mine:
            with self._lock:
                known = {plan for plan, _ in self._plans.values()}
            for gone in [key for key in mine if key not in known]:
                del mine[gone]
            mine[layout] = Replay(layout, self._fast)
        return _filled(result, iter(mine[layout].run(arrays, copy=not self._donate)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self._f, self._donate, self._passes, self._fast)

    def plan(self, *args: Any, **options: Any) -> Layout:
        """The plan for a call with these arguments, laid out in memory."""
        return self._prepared(args, options, [])[0]

    def _prepared(self, args: Any, options: Any, arrays: list[Array]) -> tuple[Layout, Any]:
        """The plan for a call and the nest of its results; the call's arrays go into the list."""
        signature: list[Any] = []
        _flatten(args, arrays, signature)
        _flatten(options, arrays, signature)
        key = tuple(signature)
        with self._lock:
            if key in self._plans:
                self._plans.move_to_end(key)
            else:
                args, options = map_leaves(value_of, (args, options))
                with _collector_at_rest(), _progress() as progress:
                    plan, nest = trace(self._f, args, options, progress)
                    layout = lay_out(optimize(plan, self._passes, progress), self._moments)
                self._plans[key] = layout, nest
                if len(self._plans) > CACHE:
                    self._plans.popitem(last=False)
            return self._plans[key]


_compiled: "weakref.WeakSet[Compiled]" = weakref.WeakSet()


@in_each_child
def _mend() -> None:
    """What other threads were tracing is not finished in a child."""
    for f in _compiled:
        f._lock = threading.RLock()
    if _collector_rests:
        gc.enable()


class Replay:
    """A plan in memory of its own: a list of calls, ready to be made again and again."""

    def __init__(self, layout: Layout, fast: bool) -> None:
        plan = layout.plan
        self._arena = _memory(layout.size)
        arrays = layout.arrays(self._arena)
        self._arguments = [arrays.get(x) for x in plan.arguments]
        self._outputs = [arrays[x] for x in plan.outputs]
        constants = [arrays[x] for x in plan.steps if x.value is not None]
        # Nobody may write into a constant, not even who is given everything else.
        self._kept = [any(np.may_share_memory(y, c) for c in constants) for y in self._outputs]
        self._calls: list[Call] = []
        parts: list[Part] = []
        for step in plan.steps:
            if step.value is not None:
                np.copyto(arrays[step], step.value)
            elif step.operation is not None and step in layout.places and arrays[step].size:
                inputs = [arrays[x] for x in step.inputs]
                parts.append(Part(step, calls(step, arrays[step], inputs), arrays[step], inputs))
        if fast:
            from minigrad.plan.fuse import fused

            self._calls = fused(layout, parts)
        else:
            self._calls = [call for part in parts for call in part.calls]

    def run(self, arguments: list[Array], copy: bool) -> list[Any]:
        """Compute the outputs."""
        if not copy:  # an argument may be an output of the last call, which lies in the arena
            inside = [np.may_share_memory(x, self._arena) for x in arguments]
            arguments = [np.array(x) if i else x for x, i in zip(arguments, inside, strict=True)]
        for place, x in zip(self._arguments, arguments, strict=True):
            if place is not None:
                np.copyto(place, x)
        with np.errstate(all="ignore"):
            for function, arrays in self._calls:
                function(*arrays)
        if copy:
            return [np.array(y)[()] for y in self._outputs]
        return [
            np.array(y) if kept else y for y, kept in zip(self._outputs, self._kept, strict=True)
        ]


def _memory(size: int) -> Array:
    """Zeros, in the largest pages that there are: a plan's values lie far apart."""
    size = max(size, 1)
    if not hasattr(mmap, "MADV_HUGEPAGE"):  # other than Linux
        return np.zeros(size, np.uint8)
    pages = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    pages.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(pages, np.uint8)


_collector_rests = False  # by a trace, that is


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Collect no garbage: the collector would go through a growing graph again and again."""
    global _collector_rests
    if not gc.isenabled():
        yield
        return
    gc.disable()
    _collector_rests = True
    try:
        yield
    finally:
        _collector_rests = False
        gc.enable()


@contextmanager
def _progress() -> Iterator[Callable[[str], None]]:
    """Show on a terminal what is being done, once it has taken two seconds."""
    start = time.monotonic()

    def show(text: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - start > 2:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    try:
        yield lambda text: show(f"compile: {text}")
    finally:
        show("")


def _flatten(tree: Any, arrays: list[Array], signature: list[Any]) -> None:
    """List the arrays of a nest, and all that a plan depends on: nesting, shapes, other values."""
    if type(tree) is Tensor:
        tree = tree._data
    if isinstance(tree, np.ndarray):
        if tree.dtype.kind not in "biufc":
            raise TypeError(f"compile: expected arrays of numbers, got {tree.dtype}: {tree!r:.80}")
        arrays.append(tree)
        signature.append(tree.shape)
        signature.append(tree.dtype)
    elif isinstance(tree, dict):
        signature.append((dict, *tree))
        for x in tree.values():
            _flatten(x, arrays, signature)
    elif isinstance(tree, list | tuple):
        signature.append((type(tree), len(tree)))
        for x in tree:
            _flatten(x, arrays, signature)
    else:
        signature.append(frozen(tree))


def _filled(tree: Any, values: Iterator[Any]) -> Any:
    """A nest with other leaves."""
    if type(tree) is dict:
        return {key: _filled(x, values) for key, x in tree.items()}
    if type(tree) is tuple:
        return tuple([_filled(x, values) for x in tree])
    return map_leaves(lambda _: next(values), tree)
