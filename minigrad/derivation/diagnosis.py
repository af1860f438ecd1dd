"""Say how a line is wrong: try every hypothesis, and list those that mend it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from minigrad.derivation.case import Case, Repair
from minigrad.derivation.changes import named_factor
from minigrad.derivation.hypotheses import FURTHER, HYPOTHESES
from minigrad.derivation.report import Diagnosis, Explanation
from minigrad.derivation.trial import Trial
from minigrad.derivation.truth import Truth
from minigrad.tensor import Array

SHOWN = 3  # explanations; whoever reads more has forgotten the first
# What a line does that no change of its expression explains.
_PLAIN = ("changed input", "wrong type", "not finite")


def diagnose(trials: Sequence[Trial], truth: Truth) -> Diagnosis:
    """Explain what is wrong with a line, from its trials at all steps."""
    case = Case(trials, truth)
    failure = case.first.failure
    if failure and failure[0] in _PLAIN:
        return Diagnosis(*failure)
    found = _explanations(case) or _of_two_errors(case)
    if found:
        lead = f"{failure[1]} " if failure else ""
        first = found[0]
        return Diagnosis(first.kind, lead + first.message, tuple(found[1:SHOWN]))
    if failure:
        return Diagnosis(*failure)
    return Diagnosis("unexplained", _worst_entries(case.first))


def _explanations(case: Case) -> list[Explanation]:
    """Those that fit and are distinct, the simplest first, and no more than are shown.

    Of those that bring in or take away the same, the simplest says it; so it does of those of one
    kind that do neither. What is further off is looked at where nothing simple fits.
    """
    found: dict[object, Explanation] = {}
    for hypotheses in (HYPOTHESES, FURTHER):
        for hypothesis in () if found else hypotheses:
            _add_fitting(found, case, hypothesis(case))
            if len(found) >= SHOWN:
                break
    return list(found.values())


def _of_two_errors(case: Case) -> list[Explanation]:
    """The repairs that work together with a second one, of the result: the first of them."""
    found: dict[object, Explanation] = {}
    repairs = (repair for hypothesis in HYPOTHESES for repair in hypothesis(case))
    for repair in repairs:
        _add_fitting(found, case, _with_a_second(case, repair))
        if found:
            break
    return list(found.values())


def _add_fitting(found: dict[object, Explanation], case: Case, repairs: Iterator[Repair]) -> None:
    """Add the repairs that mend the line, and are not there in other words."""
    for repair in repairs:
        key = repair.kind if repair.by is None else repair.by
        if key not in found:
            residual = case.residual(repair.run)
            if residual is not None:
                to = f" to {residual:.0e}" if residual else ""
                message = f"Equal to the truth{to} {repair.how}."
                found[key] = Explanation(repair.kind, message)


def _with_a_second(case: Case, repair: Repair) -> Iterator[Repair]:
    """A repair, and then another of what comes out."""

    def both(kind: str, how: str, change: Callable[[Array, Trial], Array | None]) -> Repair:
        def run(trial: Trial) -> Array | None:
            x = repair.run(trial)
            return None if x is None else trial.attempt(lambda: change(x, trial))

        kinds = kind if repair.kind == kind else f"{repair.kind} and {kind}"
        return Repair(kinds, f"{repair.how} and {how}", run)

    x = case.first_result(repair.run)
    if x is None:
        return
    expected = case.first.expected
    if x.ndim > 1 and x.mT.shape == expected.shape:
        yield both("transpose", "transposed", lambda x, _: x.mT)
    if x.shape == expected.shape:
        yield both("sign", "multiplied by -1", lambda x, _: -x)
        factor = named_factor(case, x)
        if factor is not None:
            name, number = factor
            yield both("scale", f"multiplied by {name}", lambda x, _: number * x)
        if case.is_summed:
            yield both("missing sum", "summed over the steps", case.summed_over_steps)


def _worst_entries(trial: Trial) -> str:
    """Where the result differs most."""
    assert trial.result is not None
    difference = np.abs(trial.result - trial.expected)
    worst = np.argsort(difference, axis=None)[::-1][:3]
    entries = (
        f"[{', '.join(map(str, np.unravel_index(i, difference.shape)))}] is "
        f"{trial.result.flat[i]:.6g}, expected {trial.expected.flat[i]:.6g}"
        for i in worst
    )
    where = "" if trial.t is None else f" at step {trial.t}"
    return f"No simple change mends it. The entries that differ most{where}: {'; '.join(entries)}."
