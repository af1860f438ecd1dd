"""Run the lines of a derivation as one backward pass, each given what the others computed."""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from minigrad.derivation.claims import ALL_STEPS, Adjoint
from minigrad.derivation.derivation import Line
from minigrad.derivation.report import Diagnosis, Finding
from minigrad.derivation.trace import Expression
from minigrad.derivation.trial import Trial, attempt, attempts
from minigrad.derivation.truth import Part, Truth
from minigrad.rounding import REPETITIONS
from minigrad.tensor import Array
from minigrad.terminal import Show


@dataclass(frozen=True)
class Job:
    """A line at a step, and the part of an adjoint that it makes there."""

    index: int
    line: Line
    t: int | None
    part: Part


def _turn(job: Job, loop: int) -> tuple[float, int]:
    """When a line's turn is: in the loop by step, from the last; or before it, or after it."""
    if job.t is not None:
        return -job.t, job.index
    return (-math.inf if job.index < loop else math.inf), job.index


class Chain:
    """The backward pass that the lines describe.

    A line runs at a step as soon as its inputs are there. Of those that can run, the latest step
    comes first, and within a step the lines come in their order.
    """

    def __init__(self, lines: Sequence[Line], isolated: Sequence[Finding], truth: Truth) -> None:
        self.lines, self.isolated, self.truth = lines, isolated, truth
        self.jobs = [
            Job(i, line, t, truth.part(line.claim, t))
            for i, (line, finding) in enumerate(zip(lines, isolated, strict=True))
            for t in finding.checked
        ]
        # The loop over the steps stands where the first line of it does.
        loop = min((job.index for job in self.jobs if job.t is not None), default=0)
        self.jobs.sort(key=lambda job: _turn(job, loop))
        self.makers = {job.part: job for job in self.jobs}
        # For each part its array, and what random rounding errors make of it.
        self.computed: dict[Part, list[Array]] = {}
        # For each part that is wrong, the lines that are to blame.
        self.blamed: dict[Part, frozenset[str]] = {}
        self.trials: dict[int, list[Trial]] = {i: [] for i in range(len(lines))}
        self.notes: dict[int, list[tuple[int | None, Diagnosis]]] = {}

    def findings(self, show: Show) -> list[Finding]:
        """Run the lines; tell a line that is wrong from one that follows from a wrong one."""
        for job in self._in_order():
            show(f"chain, {job.line.ref}" + ("" if job.t is None else f" at step {job.t}"))
            self._run(job)
        return [self._finding(i) for i in range(len(self.lines))]

    def _in_order(self) -> Iterator[Job]:
        """Each job after those that make what it needs; of the ones that can run, the first."""
        missing = [{p for p, _ in self._needs(job) if p in self.makers} for job in self.jobs]
        users: dict[Part, list[int]] = {}
        for i, parts in enumerate(missing):
            for part in parts:
                users.setdefault(part, []).append(i)
        ready = [i for i, parts in enumerate(missing) if not parts]  # sorted, and so a heap
        left = dict.fromkeys(range(len(self.jobs)))
        while left:
            i = heapq.heappop(ready) if ready else next(iter(left))
            job = self.jobs[i]
            if missing[i]:
                message = "What it is given depends on what it computes: a circle of lines."
                self._note(job, "circular", message)
            del left[i]
            yield job
            for j in users.pop(job.part, ()):
                missing[j].remove(job.part)
                if not missing[j] and j in left:
                    heapq.heappush(ready, j)

    def _needs(self, job: Job) -> Iterator[tuple[Part, Adjoint]]:
        """The parts of adjoints that a line is given at a step, but for dJ/dJ = 1 and zeros."""
        for claim in job.line.inputs.values():
            if isinstance(claim, Adjoint):
                parts = (
                    self.truth.parts(claim).values()
                    if claim.t is ALL_STEPS
                    else [self.truth.part(claim, job.t)]
                )
                yield from ((p, claim) for p in parts if p.through and p.label != self.truth.J)

    def _run(self, job: Job) -> None:
        for part, claim in self._needs(job):
            self._look_at_order(job, part, claim)
            if part not in self.computed:
                self._note_missing(job, part, claim)
                self.computed[part] = [self.truth.sum_of(part)] * (1 + REPETITIONS)
        given, *disturbed = (self._given(job, copy) for copy in range(1 + REPETITIONS))
        expected = self.truth.given(job.line.claim, job.t)

        def run(t: int | None, expression: Expression) -> Trial:
            return attempt(
                *(job.line, t, expression, given, expected, self.truth.precision),
                lambda: self.truth.rounding(job.line.claim, t),
                disturbed,
            )

        [trial] = attempts(job.line, {job.t: given}, run)
        self.trials[job.index].append(trial)
        usable = trial.failure is None and trial.result is not None
        copies = [trial.result, *trial.disturbed] if usable else []
        if len(copies) != 1 + REPETITIONS:
            copies = [expected] * (1 + REPETITIONS)
        self.computed[job.part] = copies
        if job.t in self.isolated[job.index].steps:
            self.blamed[job.part] = frozenset([job.line.ref])
        elif not trial.ok:
            blamed = [self.blamed.get(part, frozenset()) for part, _ in self._needs(job)]
            self.blamed[job.part] = frozenset().union(*blamed)

    def _given(self, job: Job, copy: int) -> dict[str, Any]:
        """The arguments of a line: values as they are, adjoints as computed."""
        given: dict[str, Any] = {}
        for name, claim in job.line.given.items():
            given[name] = self.truth.given(claim, job.t)
            if isinstance(claim, Adjoint) and claim.t is ALL_STEPS:
                for step, part in self.truth.parts(claim).items():
                    if part in self.computed:
                        given[name][step] = self.computed[part][copy]
            elif isinstance(claim, Adjoint):
                part = self.truth.part(claim, job.t)
                if part in self.computed:
                    given[name] = self.computed[part][copy]
        return given

    # --- what isolated lines can't show -----------------------------------------------------------

    def _look_at_order(self, job: Job, part: Part, claim: Adjoint) -> None:
        maker = self.makers.get(part)
        if maker and maker.index > job.index and (maker.t == job.t or None in (maker.t, job.t)):
            message = f"It needs {claim}, which only a later line, {maker.line.ref}, computes."
            self._note(job, "wrong order", message)

    def _note_missing(self, job: Job, part: Part, claim: Adjoint) -> None:
        name = str(Adjoint(part.label[0], 0, claim.via))
        step = "" if part.label[1] is None else f" at step {part.label[1]}"
        missing, made = self._missing_and_made(job, claim)
        if made and len(missing) == 1 and job.t in (max(missing + made), min(missing + made)):
            message = (
                f"No line computes {name}{step}, at the boundary, though one does at the other "
                "steps; say what it is there."
            )
            self._note(job, "boundary", message)
        else:
            message = f"No line computes {name}{step}; it was given the true one."
            self._note(job, "missing line", message)

    def _missing_and_made(self, job: Job, claim: Adjoint) -> tuple[list[int], list[int]]:
        """The steps at which a line is given what no line computes, and those at which one does."""
        found: tuple[list[int], list[int]] = [], []
        for t in self.isolated[job.index].checked:
            if t is not None and claim.t is not ALL_STEPS:
                part = self.truth.part(claim, t)
                if part.through:
                    found[part in self.makers].append(t)
        return found

    def _note(self, job: Job, kind: str, message: str) -> None:
        self.notes.setdefault(job.index, []).append((job.t, Diagnosis(kind, message)))

    def _finding(self, index: int) -> Finding:
        """What the chain says of one line."""
        alone, trials = self.isolated[index], self.trials[index]
        if not alone.ok:
            assert alone.diagnosis is not None
            message = f"Wrong in itself. {alone.diagnosis.message}"
            return replace(alone, diagnosis=replace(alone.diagnosis, message=message))
        trials = sorted(trials, key=lambda trial: alone.checked.index(trial.t))
        diagnosis = None
        steps = tuple(trial.t for trial in trials if not trial.ok)
        if index in self.notes:
            noted = self.notes[index]
            steps = tuple(t for t in alone.checked if t in {t for t, _ in noted})
            message = f"Right in itself, but out of place. {noted[0][1].message}"
            diagnosis = replace(noted[0][1], message=message)
        elif steps:
            refs = sorted(set().union(*(self.blamed[part] for part in self._made_by(index))))
            diagnosis = Diagnosis(
                "inherited",
                f"Right in itself; what it is given is wrong because of line {', '.join(refs)}.",
            )
        worst = max(trials, key=lambda trial: trial.error - trial.tolerance)
        return replace(
            alone,
            ok=diagnosis is None,
            error=worst.error,
            tolerance=worst.tolerance,
            steps=steps,
            diagnosis=diagnosis,
        )

    def _made_by(self, index: int) -> list[Part]:
        return [job.part for job in self.jobs if job.index == index and job.part in self.blamed]
