"""Find arrays that are changed in place between the forward and the backward pass.

NumPy does not tell when an array changes, so checksums are compared, but only of arrays that
somebody else could have changed: those that were handed out (`Tensor.data`), and those that came
from outside. All others belong to the graph alone and cost nothing.

A memory may be shown by many tensors: a transpose shows that of its input. They share one guard,
so that an array that leaves the graph opens all of them, and each is checked by what it shows.
"""

import weakref
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Guard:
    """What is known of a memory that several tensors show, or that has left the graph.

    Attributes
    ----------
    opened
        Whether somebody could have got hold of it.
    replaced
        The age (`Tensor._index`) at which a tensor got it for another; 0 if it is a tensor's first.
    """

    __slots__ = ("_shown_by", "opened", "replaced")

    def __init__(self, opened: bool = False, replaced: int = 0) -> None:
        self.opened = opened
        self.replaced = replaced
        self._shown_by: set[weakref.ref[Tensor]] = set()

    def cover(self, x: "Tensor") -> None:
        """Guard a tensor that shows the memory."""
        x._guard = self
        if not self.opened:
            self._shown_by.add(weakref.ref(x, self._shown_by.discard))

    def open(self) -> None:
        """Note what each tensor holds, before somebody gets hold of the memory."""
        if self.opened:
            return
        self.opened = True
        for reference in list(self._shown_by):
            x = reference()
            if x is not None and x._guard is self:
                x._seals = {**(x._seals or {}), None: checksum(x._data)}
        self._shown_by.clear()


# Of arrays that came from outside, and of what shows them.
OUTSIDE = Guard(opened=True)


def guard_of(x: "Tensor") -> Guard:
    """The guard of what a tensor shows, made when it is first asked for."""
    if x._guard is None:
        Guard().cover(x)
    return x._guard  # type: ignore[return-value]


def share(view: "Tensor", inputs: "tuple[Tensor, ...]") -> None:
    """Guard a result that may be a view together with the input whose memory it shows."""
    shown = view._data
    for x in inputs:
        if shown.base is x._data or np.may_share_memory(shown, x._data):
            (x._guard or guard_of(x)).cover(view)
            return


def seal(node: "Tensor") -> None:
    """Note the content of those inputs of `node` that somebody may hold, as it has used them."""
    seals = node._seals = {}
    for x in node._inputs or ():
        guard = x._guard
        if guard is not None and guard.opened and guard is not node._guard and x not in seals:
            seals[x] = checksum(x._data)


def changed(node: "Tensor", contents: "dict[Tensor, int]") -> "Tensor | None":
    """Which of the inputs of `node`, or itself, holds something else than when it was made.

    A view moves elements and reads none: who uses it is checked for it.

    Parameters
    ----------
    contents
        Checksums of what tensors hold now; those that are missing are added.
    """
    inputs = node._inputs or ()
    is_view = any(x._guard is node._guard for x in inputs)
    for x in (*inputs, node):
        guard = x._guard
        if guard is None or (is_view and guard is node._guard):
            continue
        if node._index < guard.replaced:
            return x
        if guard.opened:
            if x not in contents:
                contents[x] = checksum(x._data)
            seals = node._seals or {}
            # What was used before it was handed out held then what it held when it was handed out.
            if contents[x] != (seals[x] if x in seals else (x._seals or {}).get(None)):
                return x
    return None


def checksum(array: NDArray[Any]) -> int:
    """CRC-32 of the content: one change in four thousand million is missed."""
    if not array.flags.c_contiguous:
        if 0 in array.strides:  # broadcast: each element once
            array = array[tuple([slice(None if step else 1) for step in array.strides])]
        array = array.ravel(order="K")  # in the order of memory: a transpose is not copied
    return zlib.crc32(array.data)
