"""What a backward pass may hold: every adjoint of the forward pass, and what each is the sum of."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.backprop import backpropagate, graph, unbroadcast
from minigrad.context import Observer, setting
from minigrad.operations.elementwise import negative
from minigrad.rounding import largest
from minigrad.tensor import Array, Tensor, describe


@dataclass(frozen=True, eq=False)
class Part:
    """Some of the contributions to the adjoint of a value, by the ages of what they come through.

    A value that is used twice by one operation has two contributions from it.
    """

    of: Tensor
    through: frozenset[tuple[int, int]]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Part) and self.of is other.of and self.through == other.through

    def __hash__(self) -> int:
        return hash((self.of, self.through))


class Truth:
    """The adjoints of a forward pass and their parts, which are found again by their numbers."""

    def __init__(self, J: Tensor, tolerance: float) -> None:
        self.tolerance = tolerance
        self._whole: dict[Tensor, frozenset[tuple[int, int]]] = {}
        # By size and length as a vector, which transposition leaves alone.
        self._known: dict[int, list[tuple[Array, Part]]] = {}
        self._lengths: dict[int, Array] = {}
        uses = _Uses()
        nodes = graph(J)
        with setting("observer", uses):
            adjoints = backpropagate(J, np.ones_like(J._data), set(nodes), keep_graph=True)
        through: dict[Tensor, list[tuple[int, int]]] = {}
        for x, use, contribution in uses.found:
            through.setdefault(x, []).append(use)
            part = Part(x, frozenset([use]))
            self._enter(contribution, part)
            if contribution.shape != x.shape:
                self._enter(unbroadcast(contribution, x), part)
        for x, g in adjoints.items():
            self._whole[x] = frozenset(through.get(x, ()))
            self._enter(unbroadcast(g, x), Part(x, self._whole[x]))
        self._sort()

    def is_whole(self, part: Part) -> bool:
        """Whether no contribution is missing."""
        return part.through == self._whole[part.of]

    def missing(self, part: Part) -> int:
        """How many contributions a part lacks."""
        return len(self._whole[part.of] - part.through)

    def parts_like(self, x: Array) -> list[Part]:
        """All parts of adjoints that an array equals, up to transposition and axes of length 1."""
        known, lengths = self._known.get(x.size, []), self._lengths.get(x.size, np.empty(0))
        length = float(np.linalg.norm(x))
        if not length:
            return []
        margin = 10 * self.tolerance * length
        low, high = np.searchsorted(lengths, [length - margin, length + margin])
        found = (part for g, part in known[low:high] if self._is_alike(x, g))
        return list(dict.fromkeys(found))

    def _is_alike(self, x: Array, g: Array) -> bool:
        x, g = np.squeeze(x), np.squeeze(g)
        return any(
            y.shape == g.shape and largest(y - g) <= self.tolerance * largest(g)
            for y in _transposed(x)
        )

    def _enter(self, g: Any, part: Part) -> None:
        # A sign that a helper needs, as 1 / (1 + exp(-z)), must not explain a wrong one.
        if part.of._operation is negative and part.of.name is None:
            return
        self._known.setdefault(g.size, []).append((np.asarray(g), part))

    def _sort(self) -> None:
        for size, known in self._known.items():
            lengths = np.array([np.linalg.norm(g) for g, _ in known])
            order = np.argsort(lengths, kind="stable")
            self._known[size] = [known[i] for i in order]
            self._lengths[size] = lengths[order]


def spelled(part: Part) -> str:
    """An adjoint, as it is called in a message."""
    t = "" if part.of.t is None else f"({part.of.t})"
    return f"dJ/d{part.of.name}{t}" if part.of.name else f"the adjoint of {describe(part.of)}"


class _Uses(Observer):
    """Keeps all contributions that a backward pass makes."""

    def __init__(self) -> None:
        self.found: list[tuple[Tensor, tuple[int, int], Array]] = []
        self._count = 0

    def pulled_back(self, contribution: Any, x: Any) -> None:
        self._count += 1
        self.found.append((x, (self.node._index, self._count), contribution))


def _transposed(x: Array) -> Iterator[Array]:
    yield x
    if x.ndim == 2:
        yield x.T
    elif x.ndim > 2:
        yield x.T
        yield x.mT
