"""Memory that arrays share, and which recorded values its elements are of.

An array may be a view of another, and what is written into one is seen in both. So what an array
holds is looked up where it is read: each element knows the write that it is of.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.tensor import Array


@dataclass(eq=False, slots=True, repr=False)
class Node:
    """A value that a program has computed: a call of a function, or a constant.

    Attributes
    ----------
    index
        Its number in the recording; what it was computed from has smaller ones.
    function, args, options
        The call, with nodes for recorded values, however deep in lists and tuples; of a
        constant the function is None.
    operands
        The nodes among the arguments.
    value
        What was computed; nothing written into an array later changes it.
    places
        The expression that computed it, and those that called it, the innermost first.
    """

    index: int
    function: Callable[..., Any] | None
    args: tuple[Any, ...]
    options: dict[str, Any]
    operands: tuple["Node", ...]
    value: Any
    places: tuple[Any, ...]

    def __repr__(self) -> str:
        """Without what it was computed from, which may be a long program."""
        return f"Node({self.index}, {self.function})"


class Storage:
    """The memory of an array that owns it, and the values that were written into it."""

    def __init__(self, memory: Array, node: Node) -> None:
        self.memory = memory
        self.version = 0
        self.nodes = [node]
        self.places = [node.places]  # where each was written
        # For each element in the order of memory the number of its node, and its position in that.
        self._writers: Array | None = None
        self._positions: Array | None = None
        # Nodes whose value is this memory, and must not change with it.
        self.shown = [node]

    def has(self, x: Array) -> bool:
        """Whether an array is a view of this memory."""
        return x.dtype == self.memory.dtype and np.may_share_memory(x, self.memory)

    def whole(self) -> Node | None:
        """The node that all elements are of, if nothing was written into a part of them."""
        return self.nodes[0] if self._writers is None else None

    def before_writing(self) -> None:
        """Let what was seen of this memory keep its value."""
        for node in self.shown:
            node.value = node.value.copy()
        self.shown.clear()

    def write(self, x: Array, index: Any, node: Node, places: tuple[Any, ...]) -> None:
        """Say that `x[index]`, for a view x of the memory, holds the value of a node now."""
        self.version += 1
        if index is ... and self._is_laid_out_alike(x, node):
            self.nodes, self.places = [node], [places]
            self._writers = self._positions = None
            return
        if self._writers is None or self._positions is None:
            self._writers = np.zeros(self.memory.size, np.intp)
            self._positions = self._all_positions()
        self._of(self._writers, x)[index] = len(self.nodes)
        self._of(self._positions, x)[index] = _numbered(node.value)
        self.nodes.append(node)
        self.places.append(places)

    def origins(self, x: Array, index: Any) -> tuple[list[Node], Array, tuple[Any, ...]]:
        """The nodes that the elements of `x[index]` are of, and where they stand in these.

        Besides, where in the source the last of them was written. The positions count through all
        elements of the first node, then of the second, and so on.
        """
        if self._writers is None or self._positions is None:
            positions = np.asarray(self._of(self._all_positions(), x)[index])
            return self.nodes, positions, self.places[0]
        writers = np.asarray(self._of(self._writers, x)[index])
        positions = np.asarray(self._of(self._positions, x)[index])
        found, which = np.unique(writers, return_inverse=True)
        nodes = [self.nodes[i] for i in found]
        starts = np.cumsum([0, *(np.size(node.value) for node in nodes)])
        places = self.places[found[-1]] if len(found) else ()
        return nodes, positions + starts[which.reshape(positions.shape)], places

    def _all_positions(self) -> Array:
        """The number of each element, in the order of memory."""
        positions = np.empty(self.memory.size, np.intp)
        self._of(positions, self.memory)[...] = _numbered(self.memory)
        return positions

    def _is_laid_out_alike(self, x: Array, node: Node) -> bool:
        """Whether an array shows all of the memory, and a node has a value for each element."""
        return (
            x.shape == self.memory.shape == np.shape(node.value)
            and x.strides == self.memory.strides
        )

    def _of(self, labels: Array, x: Array) -> Array:
        """The labels of the elements that an array shows."""
        unit = self.memory.itemsize
        offset = (_address(x) - _address(self.memory)) // unit
        strides = [n // unit * labels.itemsize for n in x.strides]
        return np.ndarray(x.shape, labels.dtype, labels, offset * labels.itemsize, strides)


@dataclass(frozen=True, eq=False)
class Assembled:
    """Makes an array of elements of others, which are numbered through all of them."""

    positions: Array

    def __call__(self, *parts: Any) -> Any:
        flat = [np.reshape(part, (-1,)) for part in parts]
        return (np.concatenate(flat) if len(flat) > 1 else flat[0])[self.positions]


def array_of(x: Any, dtype: Any) -> Any:
    """An array of what may be a list, with values in it that are not numbers for NumPy."""
    if isinstance(x, list | tuple):
        return np.stack([array_of(item, dtype) for item in x]) if len(x) else np.array(x, dtype)
    return x.astype(dtype) if hasattr(x, "astype") else np.array(x, dtype)


def _numbered(x: Any) -> Array:
    return np.arange(np.size(x)).reshape(np.shape(x))


def _address(x: Array) -> int:
    address: int = x.__array_interface__["data"][0]
    return address
