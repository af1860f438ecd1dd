"""What a program does with arrays, call by call."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.nests import leaves, map_leaves
from minigrad.operations.lookup import add_at
from minigrad.recording.arrays import Number, Recorded, cast, number, plain
from minigrad.recording.places import called_from
from minigrad.recording.storage import Assembled, Node, Storage, array_of
from minigrad.tensor import Array

Function = Callable[..., Any]


class Recording:
    """The calls of NumPy functions in a program, in the order in which it made them.

    Attributes
    ----------
    nodes
        The values, each of which knows what it was computed from.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        # Numbers that left as Python's own, `float(loss)`, are known again by their value.
        self._numbers: dict[float, Node] = {}
        # Arrays of others, with what they held when they were read.
        self._constants: dict[int, tuple[Any, Node]] = {}

    # --- values in and out ------------------------------------------------------------------------

    def constant(self, x: Any) -> Any:
        """A recorded array, or number, that was computed from nothing."""
        value = np.array(x)
        node = self._new(None, (), {}, value)
        return self.shown(node, value if isinstance(x, np.ndarray) else value[()])

    def node_of(self, x: Any) -> Node | None:
        """The node that holds the value of an array or a number; None of what is none."""
        if isinstance(x, Recorded):
            return self._of_array(x)
        if isinstance(x, Number) and x.recording is self:
            return x.node
        if isinstance(x, np.ndarray) and x.dtype.kind in "fiub":
            return self._of_plain(x)
        if isinstance(x, float):
            return self._numbers.get(float(x))
        return None

    def shown(self, node: Node, value: Any, operands: tuple[Any, ...] = ()) -> Any:
        """What a program is given for a value; of a view it shares the memory."""
        if isinstance(value, np.ndarray):
            storages = (x.storage for x in operands if isinstance(x, Recorded))
            storage = next((s for s in storages if s is not None and s.has(value)), None)
            if storage is None:
                storage = Storage(value, node)
            elif node.value is value:
                storage.shown.append(node)
            return Recorded.of(value, self, storage, node)
        if isinstance(value, np.floating):
            if not _is_common(float(value)):
                self._numbers[float(value)] = node
            return number(value, self, node)
        return value

    def _of_array(self, x: Recorded) -> Node:
        storage = self._storage(x)
        if storage is None:
            return self._of_plain(plain(x))
        if x.node is None or x.version != storage.version:
            x.node, x.version = self._read(storage, plain(x), ...), storage.version
        return x.node

    def _storage(self, x: Any) -> Storage | None:
        """The memory that an array shows; also of one that NumPy has made of a recorded one."""
        base = x
        while base is not None:
            if isinstance(base, Recorded) and base.storage is not None and base.recording is self:
                if isinstance(x, Recorded) and base.storage.has(plain(x)):
                    x.storage, x.recording = base.storage, self
                return base.storage if base.storage.has(plain(x)) else None
            base = getattr(base, "base", None)
        return None

    def _of_plain(self, x: Any) -> Node:
        if id(x) in self._constants:
            _, node = self._constants[id(x)]
            if np.array_equal(node.value, x, equal_nan=x.dtype.kind == "f"):
                return node
        node = self._new(None, (), {}, x.copy())
        self._constants[id(x)] = x, node
        return node

    def _read(self, storage: Storage, x: Any, index: Any) -> Node:
        """The node of what a part of a memory holds; a new one, if it is of several."""
        value = x[index]
        nodes, positions, places = storage.origins(x, index)
        if len(nodes) == 1 and np.shape(nodes[0].value) == np.shape(value):
            in_order = np.arange(positions.size).reshape(positions.shape)
            if np.array_equal(positions, in_order):
                return nodes[0]
        return self._new(Assembled(positions), tuple(nodes), {}, np.array(value), places)

    # --- calls ------------------------------------------------------------------------------------

    def call(self, function: Function, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """Call a function, record it, and show what it gives."""
        value = map_leaves(plain, (args, options))
        result = function(*value[0], **value[1])
        return self.computed(function, args, options, result)

    def computed(self, function: Function, args: Any, options: Any, result: Any) -> Any:
        """Record what a call has given; several values are parts of one."""
        if isinstance(result, tuple | list):
            if not any(isinstance(x, np.ndarray | np.floating) for x in result):
                return result
            whole = self._new(function, args, options, tuple(result))
            parts = [self._part(whole, i, x, args) for i, x in enumerate(result)]
            return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
        if not isinstance(result, np.ndarray | np.floating):
            return result
        node = self._new(function, args, options, result)
        return self.shown(node, result, args)

    def _part(self, whole: Node, i: int, x: Any, args: Any) -> Any:
        if not isinstance(x, np.ndarray | np.floating):
            return x
        return self.shown(self._new(_item, (whole, i), {}, x), x, args)

    def getitem(self, x: Recorded, index: Any) -> Any:
        storage, array, at = self._storage(x), plain(x), map_leaves(plain, index)
        value = array[at]
        if not isinstance(value, np.ndarray | np.floating):
            return value
        if storage is None or (storage.whole() is not None and x.node is not None):
            return self.computed(_item, (x, index), {}, value)
        return self.shown(self._read(storage, array, at), value, (x,))

    def setitem(self, x: Recorded, index: Any, item: Any) -> None:
        array, at = plain(x), map_leaves(plain, index)
        self._own(x)
        assert x.storage is not None
        target = array[at]
        if isinstance(item, Recorded) and isinstance(target, np.ndarray) and _is_same(target, item):
            return  # the end of `x[i] += y`, which has been written already
        node = self._written_node(item, array.dtype, np.ndim(target))
        x.storage.before_writing()
        array[at] = map_leaves(plain, item)
        x.storage.write(array, at, node, called_from(1))

    def _written_node(self, item: Any, dtype: Any, ndim: int) -> Node:
        """The value of what is written into an array of some precision."""
        node = self.node_of(item)
        if node is None:
            if any(map(self.is_known, leaves(item))):
                made = np.array(map_leaves(plain, item), dtype)
                return self._new(array_of, (item, dtype), {}, made)
            return self._new(None, (), {}, np.array(item, dtype))
        if ndim == 0 and np.ndim(node.value):
            node = self._new(np.reshape, (node, ()), {}, np.reshape(node.value, ()))
        if node.value.dtype != dtype:
            node = self._new(cast, (node, dtype), {}, node.value.astype(dtype))
        return node

    def is_known(self, x: Any) -> bool:
        """Whether a value has been recorded."""
        return isinstance(x, Recorded | Number) or (
            isinstance(x, float) and float(x) in self._numbers
        )

    def change(self, x: Recorded, function: Function, args: Any, options: Any) -> None:
        """Record what a function makes of an array that it writes into: its first argument."""
        if function is np.copyto and len(args) == 1 and not options:
            return self.setitem(x, ..., args[0])
        self._own(x)
        before, array = self._of_array(x), plain(x)
        assert x.storage is not None
        given = map_leaves(self._noded, (tuple(args), options))
        values = map_leaves(plain, (args, options))
        x.storage.before_writing()
        function(array, *values[0], **values[1])
        if function == np.add.at:
            positions = np.arange(array.size).reshape(array.shape)[values[0][0]]
            self._written(x, self._new(AddedAt(positions), (before, given[0][1]), {}, +array))
        else:
            self._written(x, self._new(Changed(function), (before, *given[0]), given[1], +array))
        return None

    def call_into(self, out: Any, function: Function, args: Any, options: Any) -> Any:
        """Call a function that writes what it computes into arrays."""
        for x in out if isinstance(out, tuple) else (out,):
            if isinstance(x, Recorded):
                self._own(x)
                assert x.storage is not None
                x.storage.before_writing()
        given = map_leaves(self._noded, (tuple(args), options))
        values = map_leaves(plain, (args, options, out))
        function(*values[0], out=values[2], **values[1])
        for x in out if isinstance(out, tuple) else (out,):
            if isinstance(x, Recorded):
                self._written(x, self._new(function, given[0], given[1], plain(x).copy()))
        return out[0] if isinstance(out, tuple) and len(out) == 1 else out

    def _own(self, x: Recorded) -> None:
        if self._storage(x) is None:
            x.recording, x.node = self, self._of_plain(plain(x))
            x.storage = Storage(plain(x), x.node)

    def _written(self, x: Recorded, node: Node) -> None:
        assert x.storage is not None
        x.storage.write(plain(x), ..., node, node.places)
        x.node, x.version = node, x.storage.version

    def _noded(self, x: Any) -> Any:
        return x if isinstance(x, Node) else self.node_of(x) or x

    def _new(
        self, function: Function | None, args: Any, options: Any, value: Any, places: Any = None
    ) -> Node:
        """Add a node; the arguments of its call may be recorded values."""
        operands: list[Node] = []

        def noded(x: Any) -> Any:
            node = self._noded(x)
            if isinstance(node, Node):
                operands.append(node)
            return node

        args, options = map_leaves(noded, (args, options))
        places = called_from(1) if places is None else places
        node = Node(len(self.nodes), function, args, options, tuple(operands), value, places)
        self.nodes.append(node)
        return node


@dataclass(frozen=True, eq=False)
class Changed:
    """What a function that writes into its first argument makes of it, as a value of its own."""

    function: Function

    def __call__(self, x: Any, *args: Any, **options: Any) -> Any:
        x = np.array(x)
        self.function(x, *args, **options)
        return x


@dataclass(frozen=True, eq=False)
class AddedAt:
    """What `np.add.at` makes of an array: adds numbers to elements, some of them repeatedly."""

    positions: Array

    def __call__(self, x: Any, y: Any) -> Any:
        y = np.reshape(np.broadcast_to(y, self.positions.shape), (-1,))
        total = add_at.on(y, self.positions.reshape(-1), n=np.size(x))
        return x + np.reshape(total, np.shape(x))


def _item(x: Any, index: Any) -> Any:
    return x[index]


def _is_same(x: Any, y: Recorded) -> bool:
    """Whether two arrays show the same elements of a memory."""
    return bool(x.__array_interface__ == y.view(np.ndarray).__array_interface__)


def _is_common(x: float) -> bool:
    """Whether a number is one that programs write, so that its value says nothing."""
    return not math.isfinite(x) or x * 1024 == round(x * 1024)
