"""Find arrays that are changed in place between the forward and the backward pass.

NumPy does not tell when an array changes, so checksums are compared, but only of arrays that
somebody else could have changed: those that were handed out (`Tensor.data`), and those that came
from outside. All others belong to the graph alone and cost nothing.
"""

import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Guard:
    """What is known of an array that has left the graph.

    Attributes
    ----------
    opened
        The age (`Tensor._index`) at which somebody got hold of the array; 0 if nobody holds it.
    checksum
        Of its content at that age.
    replaced
        The age at which the tensor got another array; 0 if it has its first.
    """

    __slots__ = ("checksum", "opened", "replaced")

    def __init__(self, opened: int = 0, checksum: int = 0, replaced: int = 0) -> None:
        self.opened = opened
        self.checksum = checksum
        self.replaced = replaced


def checksum(array: NDArray[Any]) -> int:
    """CRC-32 of the content: one change in four thousand million is missed."""
    return zlib.crc32(np.ascontiguousarray(array).data)


def hand_out(x: "Tensor | None", age: int) -> None:
    """Note the content of `x`, and of what it is a view of, before somebody gets hold of it."""
    while x is not None:
        guard = x._guard
        if guard is None:
            x._guard = Guard(age, checksum(x._data))
        elif not guard.opened:
            guard.opened, guard.checksum = age, checksum(x._data)
        x = _shown_by(x)


def _shown_by(view: "Tensor") -> "Tensor | None":
    """The input that a computed tensor is a view of."""
    if view._data.base is None:
        return None
    return next((x for x in view._inputs or () if np.may_share_memory(x._data, view._data)), None)


def seal(node: "Tensor") -> None:
    """Note the content of those inputs of `node` that somebody may hold, as it has used them."""
    for x in node._inputs or ():
        if x._operation is None and x._guard is not None and x._guard.opened:
            node._seals = {**(node._seals or {}), x: checksum(x._data)}


def is_unchanged(node: "Tensor", x: "Tensor") -> bool:
    """Whether `x`, which is `node` or an input of it, still holds what `node` was made with."""
    guard = x._guard
    if guard is None:
        return True
    if x._operation is not None:
        return guard.checksum == checksum(x._data)
    if node._index < guard.replaced:
        return False
    if not guard.opened:
        return True
    made_with = guard.checksum if node._index < guard.opened else (node._seals or {}).get(x)
    return made_with == checksum(x._data)
