"""Where a backward pass goes wrong: the first values that the truth does not explain.

A value that was computed from explained and local values, and is not explained itself, is a
*suspect*. So is what it was given, if nothing right was computed from that. Of these, what accounts
for most suspects is to blame.
"""

import linecache
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
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
    file, line, text
        The statement: where it starts, and its source.
    span
        The expression in it: lines and columns as `ast` counts them.
    function
        Where it stands.
    kind, message
        A word for what is wrong, and a sentence.
    steps
        The numbers of the innermost loop at which it is wrong.
    order
        Where in the run it comes first.
    gradients
        Those that are wrong by it.
    repair, verified
        What the statement should be, if that could be found; and whether the program was run with
        it, and the gradients that depend on it came out right.
    """

    file: str
    line: int
    span: Span
    text: str
    function: str
    kind: str
    message: str
    steps: tuple[int, ...]
    statement: Span
    order: int
    gradients: frozenset[str]
    repair: str | None = None
    verified: bool = False

    @property
    def at(self) -> Statement:
        return self.file, self.statement

    def moved(self, statement: Place) -> "Fault":
        """The same at another statement."""
        return replace(
            self,
            file=statement.file,
            line=statement.line,
            span=statement.span,
            text=statement.text,
            function=statement.function,
            statement=statement.span,
        )

    def __str__(self) -> str:
        at = f", at steps {', '.join(map(str, self.steps))}" if len(self.steps) > 1 else ""
        where = f"{Path(self.file).name}:{self.line}, in {self.function}{at}:"
        shown = _indented(self.text)
        line, end_line, start, end = self.span
        if line == end_line == self.line and len(shown) == 1:
            before = linecache.getline(self.file, line).encode()[:start].decode().lstrip()
            shown.append(f"    {' ' * len(before)}{'^' * (end - start)}")
        mended = []
        if self.repair:
            gradients = ", ".join(sorted(self.gradients))
            mended = ["Mended, these gradients are right: " + gradients, *_indented(self.repair)]
        return "\n".join([where, *shown, self.message, *mended])


@dataclass(frozen=True)
class Finding:
    """A value that is to blame, and how it is wrong.

    It may be right in itself, and handed on unchanged where it should not be.
    """

    node: Node
    gradients: frozenset[str]
    kind: str
    message: str
    handed_on: bool = False


def faults_of(backward: Backward, wrong: Iterable[tuple[Node, str]]) -> list[Fault]:
    """Where gradients that are wrong go wrong, in the order of the run."""
    suspects: dict[Node, set[str]] = {}
    found: list[Finding] = []
    for gradient, name in wrong:
        all_suspects = list(_suspects(backward, gradient))
        # A multiple of what is explained may be a step on the way to what another fault has spoilt.
        of_gradient = [x for x in all_suspects if not backward.is_multiple(x)] or all_suspects
        for node in of_gradient:
            suspects.setdefault(node, set()).add(name)
        if not of_gradient:  # what was computed is something else's
            found.append(_told(backward, gradient, frozenset([name]), name))
    for node, blamed in _blamed(backward, suspects).items():
        gradients = frozenset(suspects[node])
        if node is blamed:
            found.append(_told(backward, node, gradients, None))
        else:
            message = "nothing right is computed from what this gives"
            explained = bool(backward.parts.get(blamed))
            kind = "wrong value" if explained else "unexplained"
            found.append(Finding(blamed, gradients, kind, message, explained))
    return _by_statement(sorted(found, key=lambda finding: finding.node.index))


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
        covered: dict[Node, set[tuple[Statement, str]]] = {}
        for node in left:
            for x in behind[node]:
                uses = {(_statement(node), name) for name in suspects[node]}
                covered.setdefault(x, set()).update(uses)
        best = _best(covered)
        for node in list(left):
            for x in behind[node]:
                if _statement(x) == best:
                    blamed[node] = x
                    left.discard(node)
                    break
    return blamed


def _best(covered: dict[Node, set[tuple[Statement, str]]]) -> Statement:
    """The statement that accounts for most, at all steps and at one; of such, the last."""
    alike: dict[Statement, list[Node]] = {}
    for x in covered:
        alike.setdefault(_statement(x), []).append(x)

    def score(statement: Statement) -> tuple[int, int, int]:
        nodes = alike[statement]
        uses = [covered[x] for x in nodes]
        return len(set().union(*uses)), max(map(len, uses)), max(x.index for x in nodes)

    return max(alike, key=score)


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


def _told(
    backward: Backward, node: Node, gradients: frozenset[str], gradient: str | None
) -> Finding:
    """Where the fault is, and what: in a value itself, or in what a value was given."""
    truth, parts_of = backward.truth, backward.parts
    gathers = node.function in _SUMS or isinstance(node.function, Assembled)
    for x in (node, *(() if gathers else node.operands)):
        parts = parts_of.get(x, [])
        if gradient is not None:
            parts = [part for part in parts if part.of.name == gradient]
        if parts and not any(map(truth.is_whole, parts)) and x.places:
            whole = spelled(min(parts, key=truth.missing))
            message = f"this is only a part of {whole}: a contribution is left out"
            return Finding(x, gradients, "missing contribution", message, gradient is not None)
    if misfit := backward.misfit(node):
        x, other = misfit
        wanted, got = spelled(parts_of[other][0]), spelled(parts_of[x][0])
        message = f"this is {got}, where the rest of {wanted} is needed"
        return Finding(x, gradients, "wrong value", message, True)
    if gradient is not None and parts_of.get(node):
        message = f"this is {spelled(parts_of[node][0])}, and not dJ/d{gradient}"
        return Finding(node, gradients, "wrong value", message)
    message = "what this computes is neither an adjoint nor a part of one"
    return Finding(node, gradients, "unexplained", message)


_SUMS = (np.add, np.subtract)


def _statement(node: Node) -> Statement:
    if not node.places:
        return "", (0, 0, 0, 0)
    return node.places[0].file, statement_of(node.places[0])


def _by_statement(found: Sequence[Finding]) -> list[Fault]:
    """One fault for each statement, at all steps at which it is wrong."""
    faults: dict[Statement, Fault] = {}
    for finding in found:
        if not finding.node.places:
            continue
        place = finding.node.places[0]
        if finding.handed_on:
            place = alias_of(place, returned=finding.kind == "wrong value") or place
        at = place.file, statement_of(place)
        step = tuple(p.loops[-1][1] for p in finding.node.places if p.loops)[:1]
        if at in faults:
            fault = faults[at]
            steps = fault.steps + tuple(t for t in step if t not in fault.steps)
            gradients = fault.gradients | finding.gradients
            faults[at] = replace(fault, steps=steps, gradients=gradients)
        else:
            faults[at] = Fault(
                file=place.file,
                line=at[1][0],
                span=place.span,
                text=Place(*at, place.function).text,
                function=place.function,
                kind=finding.kind,
                message=finding.message,
                steps=step,
                statement=at[1],
                order=finding.node.index,
                gradients=finding.gradients,
            )
    return list(faults.values())


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.splitlines()]
