"""Where a backward pass goes wrong: the first values that the truth does not explain.

A value of the backward pass is *explained* if it is an adjoint of the forward pass, or a part of
one. It is *local* if it was computed from the forward pass alone. Whatever was computed from
explained and local values, and is not explained itself, was computed wrongly; unless something that
is explained was computed from it: then it is a step on the way.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minigrad.program.truth import Part, Truth, spelled
from minigrad.recording.places import Place, Span, statement_of
from minigrad.recording.replay import behind, is_real
from minigrad.recording.storage import Assembled, Node, array_of


@dataclass(frozen=True)
class Fault:
    """Where a program goes wrong.

    Attributes
    ----------
    file, line, span, text
        The statement: lines and columns as `ast` counts them, and its source.
    function
        Where it stands.
    kind, message
        A word for what is wrong, and a sentence.
    steps
        The numbers of the innermost loop at which it is wrong.
    """

    file: str
    line: int
    span: Span
    text: str
    function: str
    kind: str
    message: str
    steps: tuple[int, ...]

    def __str__(self) -> str:
        at = f", at steps {', '.join(map(str, self.steps))}" if len(self.steps) > 1 else ""
        where = f"{Path(self.file).name}:{self.line}, in {self.function}{at}:"
        return f"{where}\n    {self.text}\n{self.message}"


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
        self.on_the_way = self._on_the_way()

    def faults(self, wrong: Iterable[tuple[Node, str]]) -> list[Fault]:
        """Where gradients that are wrong go wrong, in the order of the run."""
        found: dict[Node, str] = {}
        for gradient, name in wrong:
            suspects = list(self._suspects(gradient))
            # Nothing on the way is unexplained: what was computed is something else's.
            for node in suspects or [gradient]:
                found.setdefault(*self._told(node, name if node is gradient else None))
        return _by_statement(sorted(found.items(), key=lambda item: item[0].index))

    # --- explaining -------------------------------------------------------------------------------

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
        """Unexplained values that something explained was computed from."""
        found: set[Node] = set()
        to_visit = [x for x in self.nodes if self.parts.get(x)]
        while to_visit:
            for x in to_visit.pop().operands:
                if not self._is_known(x) and x not in found:
                    found.add(x)
                    to_visit.append(x)
        return found

    # --- walking back -----------------------------------------------------------------------------

    def _suspects(self, gradient: Node) -> Iterator[Node]:
        """The unexplained values behind a gradient whose operands are all explained."""
        to_visit, seen = [gradient], {gradient}
        while to_visit:
            node = to_visit.pop()
            wrong = [x for x in node.operands if not self._is_fine(x)]
            if not wrong and not self._is_fine(node):
                yield node
            new = [x for x in wrong if x not in seen and not self._is_fine(node)]
            seen.update(new)
            to_visit += new

    def _is_fine(self, node: Node) -> bool:
        return self._is_known(node) or node in self.on_the_way

    def _told(self, node: Node, gradient: str | None) -> tuple[Node, str]:
        """Where the fault is, and what: in a value itself, or in what a value was given."""
        for x in (node, *(() if node.function in _SUMS else node.operands)):
            parts = self.parts.get(x, [])
            if parts and not any(map(self.truth.is_whole, parts)) and x.places:
                fewest = min(parts, key=self.truth.missing)
                return x, f"this is only a part of {spelled(fewest)}: a contribution is left out"
        if misfit := self._misfit(node):
            x, other = misfit
            wanted, got = spelled(self.parts[other][0]), spelled(self.parts[x][0])
            return x, f"this is {got}, where the rest of {wanted} is needed"
        if gradient is not None and self.parts.get(node):
            return node, f"this is {spelled(self.parts[node][0])}, and not dJ/d{gradient}"
        return node, "what this computes is neither an adjoint nor a part of one"

    def _misfit(self, node: Node) -> tuple[Node, Node] | None:
        """Of two terms that are parts of different adjoints, the whole one, and the other."""
        if node.function is not np.add or len(node.operands) != 2:
            return None
        for x, other in (node.operands, node.operands[::-1]):
            if self.parts.get(x) and self.parts.get(other):
                whole = [any(map(self.truth.is_whole, self.parts[y])) for y in (x, other)]
                if whole == [True, False]:
                    return x, other
        return None


_SUMS = (np.add, np.subtract)
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


def _by_statement(found: Sequence[tuple[Node, str]]) -> list[Fault]:
    """One fault for each statement, at all steps at which it is wrong."""
    faults: dict[tuple[str, Span], tuple[Place, str, list[int]]] = {}
    for node, message in found:
        if not node.places:
            continue
        place = node.places[0]
        key = place.file, statement_of(place)
        steps = next((p.loops[-1][1] for p in node.places if p.loops), None)
        _, _, at = faults.setdefault(key, (place, message, []))
        if steps is not None and steps not in at:
            at.append(steps)
    return [
        Fault(
            *(file, span[0], span, Place(file, span, place.function).text, place.function),
            *("missing contribution" if "left out" in message else "unexplained", message),
            tuple(steps),
        )
        for (file, span), (place, message, steps) in faults.items()
    ]
