"""Where a backward pass goes wrong: the first values that the truth does not explain.

A value that was computed from explained and local values, and is not explained itself, is a
*suspect*. So is what it was given, if nothing right was computed from that. Of these, what accounts
for most suspects is to blame.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from minigrad.program.explaining import Backward
from minigrad.program.truth import spelled
from minigrad.recording.places import Place, Span, alias_of, statement_of
from minigrad.recording.storage import Assembled, Node

# A statement: its file, and where it stands in it.
Statement: TypeAlias = tuple[str, Span]


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


def faults_of(backward: Backward, wrong: Iterable[tuple[Node, str]]) -> list[Fault]:
    """Where gradients that are wrong go wrong, in the order of the run."""
    suspects: dict[Node, set[str]] = {}
    found: dict[Node, str] = {}
    for gradient, name in wrong:
        of_gradient = list(_suspects(backward, gradient))
        for node in of_gradient:
            suspects.setdefault(node, set()).add(name)
        if not of_gradient:  # what was computed is something else's
            found.setdefault(*_told(backward, gradient, name))
    for node, blamed in _blamed(backward, suspects).items():
        told = _told(backward, node, None) if node is blamed else (blamed, _NOT_RIGHT)
        found.setdefault(*told)
    return _by_statement(sorted(found.items(), key=lambda item: item[0].index))


def _suspects(backward: Backward, gradient: Node) -> Iterator[Node]:
    """The unexplained values behind a gradient whose operands are all fine."""
    if gradient in backward.local:
        yield gradient
    to_visit, seen = [gradient], {gradient}
    while to_visit:
        node = to_visit.pop()
        if backward.is_fine(node):
            continue
        wrong = [x for x in node.operands if not backward.is_fine(x)]
        if not wrong:
            yield node
        new = [x for x in wrong if x not in seen]
        seen.update(new)
        to_visit += new


def _blamed(backward: Backward, suspects: dict[Node, set[str]]) -> dict[Node, Node]:
    """For each suspect what accounts for it: itself, or something that it was given."""
    behind = {node: _given(backward, node) for node in suspects}
    blamed: dict[Node, Node] = {}
    left = set(suspects)
    while left:
        covered: dict[Statement, set[tuple[Statement, str]]] = {}
        youngest: dict[Statement, int] = {}
        for node in left:
            for x in behind[node]:
                of = _statement(x)
                uses = {(_statement(node), name) for name in suspects[node]}
                covered.setdefault(of, set()).update(uses)
                youngest[of] = max(youngest.get(of, 0), x.index)
        best = max(covered, key=lambda of: (len(covered[of]), youngest[of]))
        for node in list(left):
            for x in behind[node]:
                if _statement(x) == best:
                    blamed[node] = x
                    left.discard(node)
                    break
    return blamed


def _given(backward: Backward, node: Node) -> list[Node]:
    """A suspect, and what it was given that nothing right was computed from."""
    found, to_visit = [node], [node]
    while to_visit:
        for x in to_visit.pop().operands:
            doubtful = x in backward.parts or x in backward.local
            if doubtful and x.operands and x not in backward.used_well and x not in found:
                found.append(x)
                if x in backward.local:
                    to_visit.append(x)
    return found


def _told(backward: Backward, node: Node, gradient: str | None) -> tuple[Node, str]:
    """Where the fault is, and what: in a value itself, or in what a value was given."""
    gathers = node.function in _SUMS or isinstance(node.function, Assembled)
    for x in (node, *(() if gathers else node.operands)):
        parts = backward.parts.get(x, [])
        if parts and not any(map(backward.truth.is_whole, parts)) and x.places:
            fewest = min(parts, key=backward.truth.missing)
            return x, f"this is only a part of {spelled(fewest)}: a contribution is left out"
    if misfit := backward.misfit(node):
        x, other = misfit
        wanted, got = spelled(backward.parts[other][0]), spelled(backward.parts[x][0])
        return x, f"this is {got}, where the rest of {wanted} is needed"
    if gradient is not None and backward.parts.get(node):
        return node, f"this is {spelled(backward.parts[node][0])}, and not dJ/d{gradient}"
    return node, _UNEXPLAINED


_UNEXPLAINED = "what this computes is neither an adjoint nor a part of one"
_NOT_RIGHT = "nothing right is computed from what this gives"
_SUMS = (np.add, np.subtract)


def _statement(node: Node) -> Statement:
    if not node.places:
        return "", (0, 0, 0, 0)
    return node.places[0].file, statement_of(node.places[0])


def _by_statement(found: Sequence[tuple[Node, str]]) -> list[Fault]:
    """One fault for each statement, at all steps at which it is wrong."""
    faults: dict[tuple[str, Span], tuple[Place, str, list[int]]] = {}
    for node, message in found:
        if not node.places:
            continue
        place = node.places[0]
        if message in (_NOT_RIGHT,) or message.startswith("this is dJ"):
            place = alias_of(place) or place
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
