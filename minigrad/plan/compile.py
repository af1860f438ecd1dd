"""Trace a function once, then replay it from buffers."""

import gc
import importlib.util
import mmap
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import WeakSet

import numpy as np

from minigrad.context import current
from minigrad.forks import in_each_child
from minigrad.leaf import tensor
from minigrad.nests import map_leaves
from minigrad.plan.calls import Call, Part, calls
from minigrad.plan.graph import Array
from minigrad.plan.layout import Layout, lay_out, one_by_one
from minigrad.plan.passes import PASSES, Pass, optimize
from minigrad.plan.signature import Signature
from minigrad.plan.trace import RecordedOutsideError, trace
from minigrad.tensor import Tensor, is_hidden, value_of
from minigrad.terminal import progress

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

    Where a gradient is recorded with respect to an argument, or to a tensor that `f` closes over,
    there is no plan: `f` itself is called, and gives tensors with their history. So it is inside of
    another compiled function, and under `detect_nonfinite`.

    Parameters
    ----------
    f
        Takes arrays, or nests of them, and gives tensors, or a nest of them; what the transforms
        make, such as `value_and_grad(loss)`, does too. Other arguments are numbers, strings, None
        and functions.
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
        At the trace, if the value of an argument decides a branch; for an argument that may change
        without the plan's seeing it, such as an object of a class.

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
        self._plans: OrderedDict[Any, tuple[Layout, Any] | RecordedOutsideError] = OrderedDict()
        self._lock = threading.RLock()
        self._local = threading.local()
        _living.add(self)

    def __call__(self, *args: Any, **options: Any) -> Any:
        call = Signature(args, options)
        if call.recorded or current().observer is not None:
            return self._uncompiled(args, options)
        prepared = self._prepared(call, args, options)
        if isinstance(prepared, RecordedOutsideError):
            return self._uncompiled(args, options)
        layout, result = prepared
        mine: dict[Any, Replay] = self._local.__dict__
        if layout not in mine:
            with self._lock:
                known = {found[0] for found in self._plans.values() if isinstance(found, tuple)}
            for gone in [key for key in mine if key not in known]:
                del mine[gone]
            mine[layout] = Replay(layout, self._fast)
        return _filled(result, iter(mine[layout].run(call.arrays, copy=not self._donate)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Compiled, (self._f, self._donate, self._passes, self._fast)

    def plan(self, *args: Any, **options: Any) -> Layout:
        """The plan for a call with these arguments, laid out in memory."""
        prepared = self._prepared(Signature(args, options), args, options)
        if isinstance(prepared, RecordedOutsideError):
            raise RecordedOutsideError(*prepared.args)
        return prepared[0]

    def _prepared(
        self, call: Signature, args: Any, options: Any
    ) -> tuple[Layout, Any] | RecordedOutsideError:
        """The plan for a call and the nest of its results, or why there is none."""
        with self._lock:
            if call.key in self._plans:
                self._plans.move_to_end(call.key)
            else:
                self._plans[call.key] = self._traced(args, options)
                if len(self._plans) > CACHE:
                    self._plans.popitem(last=False)
            return self._plans[call.key]

    def _traced(self, args: Any, options: Any) -> tuple[Layout, Any] | RecordedOutsideError:
        args, options = map_leaves(value_of, (args, options))
        with _collector_at_rest(), progress("compile") as show:
            try:
                plan, nest = trace(self._f, args, options, show)
            except RecordedOutsideError as error:
                return error.with_traceback(None)
            return lay_out(optimize(plan, self._passes, show), self._moments), nest

    def _uncompiled(self, args: Any, options: Any) -> Any:
        """What the function itself gives: tensors, where somebody follows them."""

        def given(x: Any) -> Any:
            return tensor(x) if isinstance(x, np.ndarray) else x

        def result(y: Any) -> Any:
            followed = type(y) is Tensor and (y.requires_grad or is_hidden(y))
            return y if followed else np.array(value_of(y))[()]

        args, options = map_leaves(given, (args, options))
        return map_leaves(result, self._f(*args, **options))


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


_ran: list[bool] = []  # for each trace at work, in whichever thread, whether the collector ran


@contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Collect no garbage: the collector would go through a growing graph again and again."""
    _ran.append(gc.isenabled())
    gc.disable()
    try:
        yield
    finally:
        if _ran.pop():
            gc.enable()


_living: WeakSet[Compiled] = WeakSet()


@in_each_child
def _in_forked_process() -> None:
    """Leave behind what threads of the parent process were at: nobody here will end it."""
    for compiled in _living:
        compiled._lock = threading.RLock()
    if any(_ran):
        gc.enable()


def _filled(tree: Any, values: Iterator[Any]) -> Any:
    """A nest with other leaves."""
    if type(tree) is dict:
        return {key: _filled(x, values) for key, x in tree.items()}
    if type(tree) is tuple:
        return tuple([_filled(x, values) for x in tree])
    return map_leaves(lambda _: next(values), tree)
