"""Check the lines of a derivation, and report."""

import functools
from collections.abc import Sequence

from minigrad.derivation.blindspots import blind_spots
from minigrad.derivation.chain import Chain
from minigrad.derivation.confusion import with_confusion
from minigrad.derivation.derivation import Derivation, Line
from minigrad.derivation.diagnosis import diagnose
from minigrad.derivation.report import Diagnosis, Finding, Report
from minigrad.derivation.trace import Expression
from minigrad.derivation.trial import Trial, attempt, attempts, quietly
from minigrad.derivation.truth import Truth
from minigrad.flow import GradientFlow
from minigrad.rounding import largest
from minigrad.terminal import Show, progress


@quietly()
def check(derivation: Derivation, flow: GradientFlow, chained: bool) -> Report:
    """Compare every line with the truth; see `Derivation.check`."""
    truth = Truth(flow, derivation.layout)
    with progress("check") as show:
        findings = [_finding(line, truth, show) for line in derivation.lines]
        how = "each line given the true values and adjoints"
        if chained:
            findings = Chain(derivation.lines, findings, truth).findings(show)
            how = "each line given what the lines before it computed"
    return Report(f"{derivation.title}: {how}", tuple(findings), blind_spots(truth))


def _finding(line: Line, truth: Truth, show: Show) -> Finding:
    """Check one line alone, at every step at which its claim exists."""
    show(f"{line.ref}, {line.claim}")
    try:
        trials = trials_of(line, truth)
    except LookupError as error:
        return unusable(line, str(error.args[0]))
    return summary(line, trials, diagnosed(trials, truth))


def trials_of(line: Line, truth: Truth) -> list[Trial]:
    """The line at every step, given the truth."""
    steps = truth.steps_of(line)
    given = {t: {name: truth.given(c, t) for name, c in line.given.items()} for t in steps}

    def run(t: int | None, expression: Expression) -> Trial:
        rounding = functools.partial(truth.rounding, line.claim, t)
        expected = truth.given(line.claim, t)
        return attempt(line, t, expression, given[t], expected, truth.precision, rounding)

    return attempts(line, given, run)


def diagnosed(trials: Sequence[Trial], truth: Truth) -> Diagnosis | None:
    """What is wrong with a line; None if it is right at all steps."""
    if all(trial.ok for trial in trials):
        return None
    if is_zero(trials):  # any change that gives nothing would mend it
        size = max(largest(trial.result) for trial in trials if not trial.ok)
        message = f"The truth is zero up to rounding; this is up to {size:.1e}."
        return Diagnosis("not zero", message)
    return with_confusion(diagnose(trials, truth), trials, truth)


def is_zero(trials: Sequence[Trial]) -> bool:
    """Whether the truth is zero up to rounding at all steps."""
    return all(trial.comparison is not None and trial.comparison.is_zero for trial in trials)


def summary(line: Line, trials: Sequence[Trial], diagnosis: Diagnosis | None) -> Finding:
    """What the trials of a line come to."""
    worst = max(trials, key=lambda trial: trial.error - trial.tolerance)
    return Finding(
        line.ref,
        line.claim,
        diagnosis is None,
        worst.error,
        worst.tolerance,
        tuple(trial.t for trial in trials if not trial.ok),
        tuple(trial.t for trial in trials),
        diagnosis,
        is_zero(trials),
    )


def unusable(line: Line, message: str) -> Finding:
    """A line that can't be run at any step."""
    return Finding(
        line.ref, line.claim, False, float("inf"), 0.0, (), (), Diagnosis("raised", message)
    )
