"""How a line may be wrong: for each kind of error a generator of the changes that would mend it.

Nothing is decided here. A change is tried by `Case.residual` against the truth at all steps, so
adding a kind of error is adding a function to the table at the end.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from minigrad.derivation import changes, functions
from minigrad.derivation.case import Case, Repair, spelled
from minigrad.derivation.claims import ALL_STEPS, Adjoint
from minigrad.derivation.trace import Site
from minigrad.derivation.trial import Trial
from minigrad.rounding import largest
from minigrad.tensor import Array


def sign(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, has the wrong sign."""
    yield Repair("sign", "when multiplied by -1", case.changed(case.result, changes.negated))
    for place in case.places:
        yield Repair(
            "sign", f"when {place.text} has the other sign", case.changed(place, changes.negated)
        )


def transpose(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, is the transpose of what it should be."""
    for place in (case.result, *case.places):
        what = "" if place is case.result else f"{place.text} is "
        axes = np.ndim(place.value)
        for change in (changes.transposed, changes.reversed_axes)[: 2 if axes > 2 else axes - 1]:
            yield Repair("transpose", f"when {what}transposed", case.changed(place, change))


def scale(case: Case) -> Iterator[Repair]:
    """The result is off by a constant factor that has a name."""
    yield from changes.scaled(case, case.result)


def any_scale(case: Case) -> Iterator[Repair]:
    """The result is off by some constant factor."""
    yield from changes.scaled(case, case.result, any_number=True)


def scale_inside(case: Case) -> Iterator[Repair]:
    """A value on the way is off by a constant factor that has a name."""
    for place in case.places:
        yield from changes.scaled(case, place)


def any_scale_inside(case: Case) -> Iterator[Repair]:
    """A value on the way is off by some constant factor."""
    for place in case.places:
        yield from changes.scaled(case, place, any_number=True)


def missing_sum(case: Case) -> Iterator[Repair]:
    """A sum over the steps, or over an axis, was forgotten."""
    if case.is_summed:
        yield Repair(
            "missing sum",
            "when summed over the steps: what the line gives is the share of step t",
            lambda trial: case.summed_over_steps(trial.result, trial),
            by="steps",
        )
    shares = case.truth.contributions(case.part(case.first).label)
    if case.first.t is None:
        for step in case.truth.steps:
            parts = tuple(m for m in shares if m[1] not in (step, None))
            yield Repair(
                "missing sum",
                f"when summed over the steps: what the line gives is the share of step {step}",
                case.changed(case.result, changes.with_parts(case, parts, np.add)),
                by="steps",
            )
    others = case.terms_like(case.result)
    if others:

        def over_terms(x: Any, trial: Trial, _: Site) -> Any:
            return sum((case.value_at(i, trial) for i in others), x)

        yield Repair(
            "missing sum",
            f"when summed over all {1 + len(others)} terms: what the line gives is one of them",
            case.changed(case.result, over_terms),
        )
    yield from changes.summed(case, case.result)


def missing_sum_inside(case: Case) -> Iterator[Repair]:
    """A sum over an axis of a value on the way was forgotten."""
    for place in case.places:
        yield from changes.summed(case, place)


def broadcast(case: Case) -> Iterator[Repair]:
    """The entries are right, and repeated, or not repeated where they should be."""
    shape = case.first.expected.shape

    def spread(x: Array, trial: Trial, _: Site) -> Array:
        return np.broadcast_to(x, trial.expected.shape)

    def kept(x: Array, trial: Trial, _: Site) -> Array:
        expected = np.broadcast_to(trial.expected, x.shape)
        if largest(x - expected) > 1000 * case.truth.precision * largest(expected):
            raise ValueError("the entries differ")
        return trial.expected

    got = np.shape(case.result.value)
    how = f"but only by broadcasting: it has shape {got}, and {case.claim} has shape {shape}"
    yield Repair("broadcast", how, case.changed(case.result, spread))
    yield Repair("broadcast", how, case.changed(case.result, kept))
    yield Repair(
        "shape",
        f"when reshaped from {got} to {shape}",
        case.changed(case.result, lambda x, trial, _: np.reshape(x, trial.expected.shape)),
    )


def broadcast_inside(case: Case) -> Iterator[Repair]:
    """A value on the way has lost an axis of length 1, and was spread along another."""
    for place in case.places:
        for axis in range(np.ndim(place.value) + 1) if np.ndim(place.value) else ():
            yield Repair(
                "broadcast",
                f"when {place.text} keeps axis {axis}, so that it is not spread along another",
                case.changed(place, lambda x, *_, axis=axis: np.expand_dims(x, axis)),
            )


def missing_contribution(case: Case) -> Iterator[Repair]:
    """Some of the contributions that the claim is the sum of were left out."""
    own = case.part(case.first).through
    for missing in changes.sets_of_contributions(case, inside=True):
        if set(missing) == own:
            continue  # zero, and everything added to it
        yield Repair(
            "missing contribution",
            f"when {changes.in_words(case, missing)} is added",
            case.changed(case.result, changes.with_parts(case, missing, np.add)),
            by=missing,
        )


def double_counted(case: Case) -> Iterator[Repair]:
    """A contribution was added twice, or one that does not belong to the claim."""
    whole = case.part(case.first).through
    for extra in changes.sets_of_contributions(case, inside=True):
        if len(extra) < len(whole) and case.computes(changes.total(case, extra)):
            yield changes.without_parts(case, extra)
    for extra in changes.sets_of_contributions(case, inside=False):
        yield changes.without_parts(case, extra, ", which the claim leaves out")
    for place, kept, dropped in changes.addends(case):
        if case.is_there_twice(dropped):
            yield Repair(
                "double-counted contribution",
                f"when {dropped.text} is added once less",
                case.changed(place, changes.operand_alone(case, kept)),
            )


def double_counted_in_effect(case: Case) -> Iterator[Repair]:
    """A contribution is there twice, though not added as such."""
    whole = case.part(case.first).through
    for extra in changes.sets_of_contributions(case, inside=True):
        if set(extra) != whole:  # twice all of it is a matter of scale
            yield changes.without_parts(case, extra)


def extra_term(case: Case) -> Iterator[Repair]:
    """There is a term too many."""
    for place, kept, dropped in changes.addends(case):
        yield Repair(
            "extra term",
            f"without the term {dropped.text}",
            case.changed(place, changes.operand_alone(case, kept)),
            by=dropped.text,
        )


def left_unused(case: Case) -> Iterator[Repair]:
    """Something that the line is given or computes was forgotten: a factor, a term, an operand."""
    for name, claim, place in case.arguments:
        for other in case.line.inputs.values():
            if str(other) in case.unused and other != claim:
                yield from changes.given_instead(case, name, place, other)
    for text, place in itertools.product(case.unused, (case.result, *case.places)):
        yield from changes.with_factor(case, place, text, changes.PRODUCTS + changes.QUOTIENT)
        yield from changes.with_term(case, place, text)


def wrong_index(case: Case) -> Iterator[Repair]:
    """An index that follows the step is one too small or too large."""
    for step, place in case.indices:
        for by in (1, -1):

            def change(x: Any, trial: Trial, site: Site, by: int = by) -> Any:
                return x + by

            how = f"with {spelled(step + by)} for {place.text}"
            yield Repair("wrong index", how, case.changed(place, change), by=by)


def own_operand(case: Case) -> Iterator[Repair]:
    """Of what the line is given, one was taken for another; or two are swapped."""
    for name, claim, place in case.arguments:
        for other in dict.fromkeys(case.line.inputs.values()):
            if other != claim and other.t is not ALL_STEPS and case.fits(other, place):
                yield from changes.given_instead(case, name, place, other)
    for function in (np.matmul, np.dot, np.subtract, np.divide):
        for place, _ in changes.operations(case, function):
            yield Repair(
                "wrong operand",
                f"when the two operands of {place.text} change places",
                case.changed(place, changes.swapped(case, function)),
                by=place.text,
            )


def wrong_operand(case: Case) -> Iterator[Repair]:
    """The line is given one value where another is right, or one adjoint."""
    for name, claim, place in case.arguments:
        for other in case.claims:
            if changes.alike(claim, other) and other != claim and case.fits(other, place):
                yield from changes.given_instead(case, name, place, other)


def unlike_operand(case: Case) -> Iterator[Repair]:
    """The line is given an adjoint where a value is right, or a part of another adjoint."""
    for name, claim, place in case.arguments:
        for other in case.claims:
            if not changes.alike(claim, other) and case.fits(other, place):
                yield from changes.given_instead(case, name, place, other)


def operand_of_another_shape(case: Case) -> Iterator[Repair]:
    """The line is given something of another shape than what is right."""
    for name, claim, place in case.arguments:
        for other in case.claims:
            if changes.alike(claim, other) and case.first.failure and not case.fits(other, place):
                yield from changes.given_instead(case, name, place, other)


def own_factor(case: Case) -> Iterator[Repair]:
    """A factor that the line is given was left out of the result."""
    for claim in case.line.inputs.values():
        if claim.t is not ALL_STEPS:
            yield from changes.with_factor(case, case.result, str(claim), changes.PRODUCTS)
            yield from changes.with_factor(case, case.result, str(claim), changes.QUOTIENT)


def missing_factor(case: Case) -> Iterator[Repair]:
    """A factor was left out of the result."""
    for text in case.factors(case.first.t):
        yield from changes.with_factor(case, case.result, text, changes.PRODUCTS)


def two_missing_factors(case: Case) -> Iterator[Repair]:
    """Two factors, or a factor that is a sum of two, were left out of the result."""
    shape = case.first.expected.shape
    factors = case.factors(case.first.t).items()
    texts = [text for text, x in factors if changes.spreads_to(x, shape)]
    for (a, b), (form, function) in itertools.product(
        itertools.permutations(texts, 2), changes.PAIRS
    ):
        yield Repair(
            "missing factor",
            f"when multiplied by {form.format(a, b)}",
            case.changed(case.result, changes.with_two(case, a, b, function)),
            by=(a, b, form),
        )


def missing_factor_inside(case: Case) -> Iterator[Repair]:
    """A factor, or a division, was left out of a value on the way."""
    for place in case.places:
        for text in case.factors(case.step_at(place, place.sites[0], case.first)):
            yield from changes.with_factor(case, place, text, changes.PRODUCTS + changes.QUOTIENT)


def missing_term(case: Case) -> Iterator[Repair]:
    """A term was left out of the result, or of a value on the way."""
    for place in (case.result, *(place for place in case.places if not case.is_number(place))):
        for text in case.factors(case.step_at(place, place.sites[0], case.first)):
            yield from changes.with_term(case, place, text)


def repeated_factor(case: Case) -> Iterator[Repair]:
    """A factor is there twice, or is but a number."""
    for place, kept, dropped in changes.products(case):
        _, operands = case.operation(place)
        if case.is_number(dropped):
            yield changes.without_factor(case, "scale", place, kept)
        elif dropped.text in case.factors_of(operands[kept]):
            yield changes.without_factor(case, "extra factor", place, kept)


def extra_factor(case: Case) -> Iterator[Repair]:
    """There is a factor too many."""
    for place, kept, _ in changes.products(case):
        yield changes.without_factor(case, "extra factor", place, kept)


def divided_by_a_factor(case: Case) -> Iterator[Repair]:
    """There is a factor too many, though not by itself; or a division was left out."""
    for text in case.factors(case.first.t):
        used = any(text in place.text for place in case.places)
        for repair in changes.with_factor(case, case.result, text, changes.QUOTIENT):
            yield replace(repair, kind="extra factor" if used else "missing factor")


def another_adjoint(case: Case) -> Iterator[Repair]:
    """The result is the right adjoint of another value."""
    given = set(case.line.inputs.values())
    for claim in case.claims:
        if isinstance(claim, Adjoint) and claim not in given and not changes.answers(case, claim):

            def run(trial: Trial, claim: Adjoint = claim) -> Array | None:
                other = case.given(claim, trial.t)
                error = np.inf if trial.result is None else changes.difference(trial.result, other)
                return trial.expected if error <= 1000 * case.truth.precision else None

            yield Repair("wrong operand", f"for another value: this is {claim}", run, by=claim)


Hypothesis: TypeAlias = Callable[[Case], Iterator[Repair]]

# The kinds of error, the simpler first: what a line does to what it has, before what it lacks.
HYPOTHESES: tuple[Hypothesis, ...] = (
    functions.nothing_added,
    sign,
    transpose,
    wrong_index,
    missing_sum,
    broadcast,
    missing_contribution,
    left_unused,
    scale,
    double_counted,
    scale_inside,
    repeated_factor,
    functions.exchanged_operands,
    own_operand,
    functions.complement,
    functions.function_instead_of_derivative,
    functions.another_axis,
    extra_factor,
    own_factor,
    wrong_operand,
    missing_factor,
    divided_by_a_factor,
    missing_sum_inside,
    any_scale,
    functions.exponent,
    functions.all_a_step_off,
    functions.carry_inside,
    functions.diagonal_only,
)
# Each of these is tried for the kinds that nothing before it explains.
FURTHER: tuple[Hypothesis, ...] = (
    extra_term,
    functions.missing_function,
    broadcast_inside,
    missing_factor_inside,
    any_scale_inside,
    double_counted_in_effect,
    missing_term,
    unlike_operand,
    two_missing_factors,
    operand_of_another_shape,
    another_adjoint,
)
