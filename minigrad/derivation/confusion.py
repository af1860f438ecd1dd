"""What a wrong line computes, if that is right for another claim."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from minigrad.derivation.claims import ALL_STEPS, Adjoint, Step
from minigrad.derivation.report import Diagnosis, Explanation
from minigrad.derivation.trial import Trial
from minigrad.derivation.truth import Truth
from minigrad.rounding import compared


def with_confusion(found: Diagnosis, trials: Sequence[Trial], truth: Truth) -> Diagnosis:
    """Add the claims that the line is right for.

    Another part of the same adjoint comes first: steps in claims are easily taken for others. That
    it is another quantity comes last, since what makes it one says more.
    """
    claim = trials[0].line.claim
    if not isinstance(claim, Adjoint) or claim.t is ALL_STEPS or found.kind == "inherited":
        return found
    for other in _other_parts(claim, truth):
        if _is_right_for(other, trials, truth):
            message = f"Right for another claim: {other.source}, {other}."
            known = () if found.kind == "unexplained" else (found, *found.others)
            others = tuple(Explanation(x.kind, x.message) for x in known)
            return Diagnosis("wrong claim", message, others)
    for name in truth.by_name():
        quantity = Adjoint(name)
        if name != claim.name and _is_right_for(quantity, trials, truth):
            explanation = Explanation("wrong claim", f"This is {quantity}.")
            if found.kind == "unexplained":
                return Diagnosis(explanation.kind, explanation.message)
            said = any(f"this is {quantity}." in x.message for x in (found, *found.others))
            return found if said else replace(found, others=(*found.others, explanation))
    return found


def _other_parts(claim: Adjoint, truth: Truth) -> Iterator[Adjoint]:
    """The parts of the same adjoint that come from other steps."""
    if isinstance(claim.via, Step):
        distances = {0}.union(*truth.distances[claim.name].values())
        for distance in sorted(distances, reverse=True):
            if distance != claim.via.distance:
                yield replace(claim, via=Step(distance))


def _is_right_for(other: Adjoint, trials: Sequence[Trial], truth: Truth) -> bool:
    """Whether the line gives what another claim stands for, at all steps and not just zero."""
    if any(trial.result is None or not truth.is_given(other, trial.t) for trial in trials):
        return False
    found = []
    for trial in trials:
        expected = truth.given(other, trial.t)
        if trial.result is None or trial.result.shape != expected.shape:
            return False
        found.append(compared(trial.result, expected, 100 * trial.precision, trial.rounding))
    return all(x.ok for x in found) and not all(x.is_zero for x in found)
