"""What of a backward pass the truth explains.

A value of the backward pass is *explained* if it is an adjoint of the forward pass, or a part of
one. It is *local* if it was computed from the forward pass alone. A value that is neither may be a
step on the way to one that is explained; else it was computed wrongly, or from what is wrong.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from minigrad.program.truth import Part, Truth
from minigrad.recording.places import Place, Span, statement_of
from minigrad.recording.replay import behind, is_real
from minigrad.recording.storage import Assembled, Node, array_of


class Backward:
    """A backward pass, and what of it the truth explains."""

    def __init__(
        self, forward: Iterable[Node], gradients: Sequence[Node], truth: Truth, scale: float
    ) -> None:
        self.truth, self.scale = truth, scale
        self.forward = set(forward)
        self.nodes = [x for x in behind(gradients) if x not in self.forward]
        self.parts: dict[Node, list[Part]] = {}
        self.local: set[Node] = set()
        for node in self.nodes:
            self._explain(node)
        self.users: dict[Node, list[Node]] = {}
        for node in self.nodes:
            for x in node.operands:
                self.users.setdefault(x, []).append(node)
        self.on_the_way = self._on_the_way()
        self.used_well = self._used_well()

    def is_fine(self, node: Node) -> bool:
        """Whether nothing speaks against a value."""
        return self._is_known(node) or node in self.on_the_way

    def is_multiple(self, node: Node) -> bool:
        """Whether a value is an explained one times a number that is no part of the truth."""
        explained = [x for x in node.operands if self.parts.get(x)]
        others = [x for x in node.operands if not self.parts.get(x)]
        by_numbers = all(np.size(x.value) == 1 and self._is_known(x) for x in others)
        return node.function in _SCALING and len(explained) == 1 and by_numbers

    def misfit(self, node: Node) -> tuple[Node, Node] | None:
        """Of two terms that are parts of different adjoints, the whole one, and the other."""
        if node.function is not np.add or len(node.operands) != 2:
            return None
        for x, other in (node.operands, node.operands[::-1]):
            if self.parts.get(x) and self.parts.get(other):
                whole = [any(map(self.truth.is_whole, self.parts[y])) for y in (x, other)]
                if whole == [True, False]:
                    return x, other
        return None

    def places_near(self, order: int) -> Iterator[Place]:
        """Where the backward pass was computed, and called from: the nearest in the run first."""
        for node in sorted(self.nodes, key=lambda x: abs(x.index - order)):
            yield from node.places

    def only_forward(self) -> set[tuple[str, Span]]:
        """Statements that compute, or call what computes, the forward pass alone."""
        of_forward, of_backward = (
            {(place.file, statement_of(place)) for x in nodes for place in x.places}
            for nodes in (self.forward, self.nodes)
        )
        return of_forward - of_backward

    def _explain(self, node: Node) -> None:
        if not is_real(node):
            if self._is_local(node):
                self.local.add(node)
            return
        parts = self.truth.parts_like(node.value / self.scale) if self.scale else []
        if parts:
            self.parts[node] = parts
        elif self._is_local(node):
            self.local.add(node)
        elif summed := self._sum(node):
            self.parts[node] = summed
        elif _only_moves(node) and all(map(self._is_known, node.operands)):
            self.parts[node] = []

    def _is_local(self, node: Node) -> bool:
        return all(x in self.forward or x in self.local for x in node.operands)

    def _is_known(self, node: Node) -> bool:
        return node in self.parts or node in self.local or node in self.forward

    def _sum(self, node: Node) -> list[Part]:
        """What a sum of two parts of one adjoint is; nothing, if it has a contribution twice."""
        if node.function is not np.add or len(node.operands) != 2:
            return []
        first, second = (self.parts.get(x, []) for x in node.operands)
        zero = [x for x in node.operands if not np.any(x.value)]
        if zero:
            return first or second
        sums = (
            Part(a.of, a.through | b.through)
            for a in first
            for b in second
            if a.of is b.of and not a.through & b.through
        )
        return list(dict.fromkeys(sums))

    def _on_the_way(self) -> set[Node]:
        """Unexplained values that something explained was computed from.

        A sum says little of its terms: those of a deviation from the mean are zero whatever it is.
        """
        found: set[Node] = set()
        to_visit = [x for x in self.nodes if self.parts.get(x)]
        while to_visit:
            node = to_visit.pop()
            for x in node.operands if node.function not in _REDUCTIONS else ():
                if not self._is_known(x) and x not in found:
                    found.add(x)
                    to_visit.append(x)
        return found

    def _used_well(self) -> set[Node]:
        """Values that something else that is explained was computed from.

        Adding to zero, and what is local, hands on a value; whether it is used well shows later.
        """
        found: set[Node] = set()
        for node in reversed(self.nodes):
            parts = self.parts.get(node)
            for x in node.operands:
                hands_on = node in self.local or (parts and parts == self.parts.get(x))
                if node in found if hands_on else parts or node in self.on_the_way:
                    found.add(x)
        return found


_SCALING = (np.multiply, np.divide, np.negative)
_REDUCTIONS = (np.sum, np.mean, np.add.reduce)
_MOVING = (np.reshape, np.transpose, np.concatenate, np.stack, array_of)


def _only_moves(node: Node) -> bool:
    """Whether a value has all elements of its operands, but those that are zero, in some order."""
    if not isinstance(node.function, Assembled):
        return node.function in _MOVING
    used = np.sort(node.function.positions, axis=None)
    values = np.concatenate([np.ravel(x.value) for x in node.operands])
    unused = np.ones(values.size, bool)
    unused[used] = False
    return not np.any(values[unused]) and bool(np.all(np.diff(used)))
