"""Check arrays that a program computed: what is wrong in itself, and what only follows from it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.backprop import graph
from minigrad.derivation.blindspots import blind_spots
from minigrad.derivation.checking import diagnosed, summary
from minigrad.derivation.claims import Adjoint, Step
from minigrad.derivation.derivation import Line
from minigrad.derivation.report import Diagnosis, Finding, Report
from minigrad.derivation.trace import expression_of
from minigrad.derivation.trial import Trial, attempt, is_numeric, quietly
from minigrad.derivation.truth import Part, Truth
from minigrad.flow import Label
from minigrad.rounding import computed_again, rounding_errors
from minigrad.tensor import Array, Tensor, value_of
from minigrad.terminal import progress

# Another program may have taken another way, which rounds by another conditioning.
_LOOSELY = 1000


@dataclass(frozen=True)
class Entry:
    """An array that stands for an adjoint, or for a part of one, at a step."""

    claim: Adjoint
    t: int | None
    array: Any
    part: Part

    @property
    def ref(self) -> str:
        """What it is called in a report."""
        name, t = self.part.label
        return (name if t is None else f"{name} at step {t}") + self._side

    def __str__(self) -> str:
        name, t = self.part.label
        return f"dJ/d{name}" + ("" if t is None else f"({t})") + self._side

    @property
    def _side(self) -> str:
        via, (_, own) = self.claim.via, self.part.label
        if not isinstance(via, Step):
            return "" if via is None else f" via {via}"
        return f", its part from step {(own if own is not None else self.t or 0) + via.distance}"


@quietly()
def check_arrays(entries: Sequence[Entry], truth: Truth) -> Report:
    """Compare arrays with the truth, in the order of backpropagation; see `compare`."""
    trials = [_trial(entry, truth, truth.sum_of(entry.part)) for entry in entries]
    findings = [summary(trial.line, [trial], None) for trial in trials]
    if not all(trial.ok for trial in trials):
        findings = _Pass(entries, truth).findings()
    told = [replace(x, claim=str(e)) for x, e in zip(findings, entries, strict=True)]
    order = sorted(range(len(told)), key=lambda i: _turn(entries[i].part, truth))
    ordered = _with_the_first_marked([told[i] for i in order])
    return Report("Gradients by hand", tuple(ordered), blind_spots(truth))


def _turn(part: Part, truth: Truth) -> tuple[float, int]:
    """When backpropagation is done with it: after the oldest of what the value goes into."""
    if part.label == truth.J:
        return -np.inf, 0
    whole = truth.contributions(part.label)
    if part.through == whole.keys():
        return -truth.first_uses.get(part.label, 0), 1
    return -min((truth.flow.values[m]._index for m in part.through), default=0), 0


def _with_the_first_marked(findings: Sequence[Finding]) -> list[Finding]:
    marked = list(findings)
    for i, finding in enumerate(marked):
        if finding.diagnosis is not None and finding.diagnosis.kind != "inherited":
            message = f"Look here first. {finding.diagnosis.message}"
            marked[i] = replace(finding, diagnosis=replace(finding.diagnosis, message=message))
            break
    return marked


def _trial(entry: Entry, truth: Truth, expected: Array, rounding: float = 0.0) -> Trial:
    """An array against what is expected, as a line that is given nothing."""
    line = Line(entry.ref, entry.claim, lambda: np.asarray(value_of(entry.array)), {})
    return attempt(
        *(line, entry.t, expression_of(line, {}), {}, expected),
        _LOOSELY * truth.precision,
        lambda: _LOOSELY * rounding,
    )


class _Pass:
    """The backward pass that arrays, some of which are wrong, are of."""

    def __init__(self, entries: Sequence[Entry], truth: Truth) -> None:
        self.entries, self.truth = entries, truth
        self.of_label: dict[Label, list[int]] = {}
        for i, entry in enumerate(entries):
            self.of_label.setdefault(entry.part.label, []).append(i)
        terms = [truth.terms(entry.part) for entry in entries]
        self.rounding = rounding_errors(terms, truth.precision)
        # What follows from the arrays that backpropagation passes before each.
        self.following: dict[int, Array] = {}
        self.followed = truth.with_contributions(self._handed_on())
        # For each adjoint that is wrong, the arrays that are to blame.
        self.blamed: dict[Label, frozenset[str]] = {}

    def findings(self) -> list[Finding]:
        """What is found of each array."""
        found: dict[int, Finding] = {}
        with progress("compare") as show:
            for label in reversed(list(self.truth.flow.values)):
                rest = set(self.truth.contributions(label)) - {label}
                blamed: frozenset[str] = frozenset()
                for i in self._entries_of(label):
                    part = self.entries[i].part
                    before = self._blamed(rest & part.through)
                    if self._is_whole(i):
                        before |= blamed
                    show(str(self.entries[i]))
                    found[i], by = self._finding(i, before)
                    blamed = by if self._is_whole(i) else blamed | by
                    rest -= part.through
                self.blamed[label] = blamed | self._blamed(rest)
        return [found[i] for i in range(len(self.entries))]

    def _finding(self, i: int, before: frozenset[str]) -> tuple[Finding, frozenset[str]]:
        """What is found of an array, and which are to blame; for what it follows from, `before`."""
        entry = self.entries[i]
        trial = _trial(entry, self.truth, self.truth.sum_of(entry.part), self.rounding[i])
        if trial.ok:
            return summary(trial.line, [trial], None), frozenset()
        followed = trial
        if i in self.following:
            expected = self.truth.laid_out(self.following[i])
            followed = _trial(entry, self.followed, expected, self.rounding[i])
        if before and followed.ok:
            message = f"It follows from what is wrong: {', '.join(sorted(before))}."
            return summary(trial.line, [trial], Diagnosis("inherited", message)), before
        diagnosis = diagnosed([trial], self.truth)
        if before and diagnosis is not None and diagnosis.kind == "unexplained":
            further = diagnosed([followed], self.followed)
            if further is not None and further.kind != "unexplained":
                message = f"Given what was wrong before it: {further.message}"
                diagnosis = replace(further, message=message)
        return summary(trial.line, [trial], diagnosis), frozenset([entry.ref])

    def _blamed(self, through: Iterable[Label]) -> frozenset[str]:
        return frozenset().union(*(self.blamed.get(m, frozenset()) for m in through))

    def _entries_of(self, label: Label) -> list[int]:
        """The arrays for one adjoint: those for parts of it first."""
        return sorted(self.of_label.get(label, ()), key=self._is_whole)

    def _is_whole(self, i: int) -> bool:
        part = self.entries[i].part
        return part.through == self.truth.contributions(part.label).keys()

    def _handed_on(self) -> dict[Label, dict[Label, Array]]:
        """The contributions that follow from the arrays: an adjoint that one is for is that."""
        flow = self.truth.flow
        labels = {flow.adjoint(*label): label for label in flow.values if flow.reaches(*label)}
        parts = {label: flow.contributions(*label) for label in labels.values()}
        computed: dict[Tensor, Array] = {}

        def by_hand(x: Tensor, y: Array) -> Array:
            if x in labels:
                y = self._by_hand(labels[x], y, parts[labels[x]], computed)
            computed[x] = y
            return y

        outputs = [*(x for of in parts.values() for x in of.values()), *labels]
        computed_again(outputs, by_hand, given=set(graph(flow.J, constants=True)))
        return {label: {m: computed[x] for m, x in of.items()} for label, of in parts.items()}

    def _by_hand(
        self,
        label: Label,
        y: Array,
        parts: Mapping[Label, Tensor],
        computed: Mapping[Tensor, Array],
    ) -> Array:
        """An adjoint, with what there are arrays for in the place of what follows from others."""
        for i in self._entries_of(label):
            entry = self.entries[i]
            replaced = [computed[parts[m]] for m in entry.part.through if m in parts]
            self.following[i] = y if self._is_whole(i) else sum(replaced, np.zeros_like(y))
            x = np.asarray(value_of(entry.array)) if is_numeric(value_of(entry.array)) else None
            x = x if x is None else self.truth.laid_out(x)
            if x is not None and x.shape == y.shape and np.all(np.isfinite(x)):
                y = (y - self.following[i] + x if not self._is_whole(i) else x).astype(y.dtype)
        return y
