"""Changes to a line, by which the hypotheses try to mend it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.derivation.case import Case, Place, Repair
from minigrad.derivation.claims import Adjoint, Claim, Value
from minigrad.derivation.spelling import spell
from minigrad.derivation.trace import Site
from minigrad.derivation.trial import Trial, Unchanged, largest
from minigrad.flow import Label
from minigrad.notation.template import Written
from minigrad.tensor import Array

NEGLIGIBLE = 1e-6


# --- changes --------------------------------------------------------------------------------------


def negated(x: Any, *_: Any) -> Any:
    return -x


def transposed(x: Any, *_: Any) -> Any:
    return x.mT


def summed(case: Case, place: Place) -> Iterator[Repair]:
    """The value at a place summed over each of its axes."""
    what = "" if place is case.result else f"{place.text} is "
    for axis, keepdims in itertools.product(range(np.ndim(place.value)), (True, False)):
        batch = np.shape(place.value)[axis] == case.truth.batch
        yield Repair(
            "missing sum",
            f"when {what}summed over axis {axis}{' (the batch)' if batch else ''}",
            case.changed(
                place,
                lambda x, *_, axis=axis, keepdims=keepdims: np.sum(x, axis, keepdims=keepdims),
            ),
        )


def alike(claim: Claim, other: Claim) -> bool:
    """Whether one is easily taken for the other: values, whole adjoints, parts of adjoints."""
    if isinstance(claim, Value) or isinstance(other, Value):
        return type(claim) is type(other)
    return other.via is None or claim.via is not None or claim.name == other.name


def given_instead(case: Case, name: str, place: Place, other: Claim) -> Iterator[Repair]:
    """The line with another value or adjoint as an argument, in all its uses or in one."""
    if answers(case, other):
        return

    def change(x: Any, trial: Trial, site: Site) -> Array:
        y = case.given(other, case.step_of(site, trial))
        if trial is case.first and not y.any():
            raise ValueError("nothing at all")
        return y

    one = "" if place.sites[0][1] is None else "one "
    how = f"when it is given {other} for {one}{place.text} ({name})"
    yield Repair("wrong operand", how, case.changed(place, change))


def operand_alone(case: Case, kept: Place) -> Callable[[Any, Trial, Site], Any]:
    """Put one operand in the place of the operation."""
    site = kept.sites[0][0]
    return lambda x, trial, _: case.value_at(site, trial)


def swapped(
    case: Case, function: Callable[..., Any], operands: list[Place]
) -> Callable[[Any, Trial, Site], Any]:
    left, right = (place.sites[0][0] for place in operands)
    return lambda x, trial, _: function(case.value_at(right, trial), case.value_at(left, trial))


PRODUCTS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("multiplied by", np.multiply),
    ("multiplied from the right by", np.matmul),
    ("multiplied from the left by", lambda x, factor: factor @ x),
)
QUOTIENT: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (("divided by", np.divide),)


def with_factor(
    case: Case, place: Place, text: str, functions: tuple[tuple[str, Callable[..., Any]], ...]
) -> Iterator[Repair]:
    """The value at a place multiplied, in some way, by a factor or its transpose."""
    what = "" if place is case.result else f"{place.text} is "
    for (how, function), flipped in itertools.product(functions, (False, True)):

        def change(
            x: Any, trial: Trial, site: Site, function: Any = function, flipped: bool = flipped
        ) -> Any:
            factor = case.factors(case.step_at(place, site, trial)).get(text)
            if factor is None:
                raise Unchanged
            return function(x, factor.mT if flipped else factor)

        yield Repair(
            "missing factor",
            f"when {what}{how} {spell('transpose', [Written(text)]).text if flipped else text}",
            case.changed(place, change),
        )


# What two factors come together as.
PAIRS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("{} and by {}", np.multiply),
    ("({} - {})", np.subtract),
    ("({} + {})", np.add),
)


def with_two(
    case: Case, a: str, b: str, function: Callable[[Any, Any], Any]
) -> Callable[[Any, Trial, Site], Any]:
    def change(x: Any, trial: Trial, _: Site) -> Any:
        factors = case.factors(trial.t)
        if a not in factors or b not in factors:
            raise Unchanged
        first, second = factors[a], factors[b]
        both = function(first, second if second.shape == first.shape else second.mT)
        return x * (both if both.shape == np.shape(x) else both.mT)

    return change


# --- contributions --------------------------------------------------------------------------------


def sets_of_contributions(case: Case, inside: bool) -> Iterator[tuple[Label, ...]]:
    """Sets of contributions, the smaller first: those of the claim, or those that are not."""
    part = case.part(case.first)
    every = case.truth.contributions(part.label) if isinstance(case.claim, Adjoint) else {}
    those = [m for m in every if (m in part.through) == inside and m != part.label]
    few = len(those) if len(those) <= 6 else 1
    for size in range(1, few + 1):
        yield from itertools.combinations(those, size)
    for _, alike in itertools.groupby(those, key=lambda m: m[1]):
        group = tuple(alike)
        if few < len(group) < len(those):
            yield group
    if few < len(those):
        yield tuple(those)


def with_parts(
    case: Case, parts: tuple[Label, ...], function: Callable[[Any, Any], Any]
) -> Callable[[Any, Trial, Site], Any]:
    """Add contributions to a value, or take them away: the same ones as seen from each step."""
    relative = [_seen_from(m, case.first.t) for m in parts]

    def change(x: Any, trial: Trial, _: Site) -> Any:
        known = case.truth.contributions(case.part(trial).label)
        those = [array for m, array in known.items() if _seen_from(m, trial.t) in relative]
        for array in those:
            if array.shape != np.shape(x):
                raise ValueError("another shape")
            x = function(x, array)
        return x

    return change


def _seen_from(m: Label, t: int | None) -> Label:
    return m if m[1] is None or t is None else (m[0], m[1] - t)


def in_words(case: Case, parts: tuple[Label, ...]) -> str:
    """Contributions in words, as seen from the step at hand."""
    label, t = case.part(case.first).label, case.first.t
    after = None if label[1] is None else label[1] + 1
    from_next = {m for m in case.truth.contributions(label) if m[1] == after is not None}
    if len(parts) > 1 and set(parts) == from_next:
        return f"what flows from the next step (via {', '.join(name for name, _ in parts)})"

    def spelled(name: str, step: int | None) -> str:
        if step is None or t is not None:
            return str(Value(name, 0 if step is None or t is None else step - t))
        return f"{name} at step {step}"

    return f"the part via {' and via '.join(spelled(*m) for m in parts)}"


def answers(case: Case, claim: Claim) -> bool:
    """Whether being given this would be being given the answer."""
    if not isinstance(claim, Adjoint):
        return claim == case.claim
    own, part = case.part(case.first), case.truth.part(claim, case.first.t)
    if part.label != own.label:
        return False
    # A line that adds up the parts of its claim may be given another part.
    adds_up = any(
        isinstance(c, Adjoint) and case.truth.label(c, case.first.t) == own.label
        for c in case.line.inputs.values()
    )
    return not (adds_up and part.through < own.through)


def addends(case: Case) -> Iterator[tuple[Place, Place, Place]]:
    """The sums of two terms: where, the one, the other; and the other way round."""
    for place, (a, b) in operations(case, np.add):
        yield place, a, b
        yield place, b, a


def operations(case: Case, function: Any) -> Iterator[tuple[Place, list[Place]]]:
    """The places whose value is computed by this function of two operands."""
    for place in (case.result, *case.places):
        if place.sites[0][1] is None:
            called, operands = case.operation(place)
            if called is function and len(operands) == 2:
                yield place, operands


# --- factors --------------------------------------------------------------------------------------


def scaled(case: Case, place: Place, any_number: bool = False) -> Iterator[Repair]:
    """The value at a place times the constant that fits best, if it has a name or many do."""
    trial = case.first
    if (
        trial.result is None
        or trial.result.shape != trial.expected.shape
        or not isinstance(place.value, np.ndarray | np.generic | float | int)
    ):
        return
    without = case.changed(place, lambda x, *_: 0 * x)(trial)
    factor = _factor(trial.result, trial.expected, without)
    if factor is None:
        return
    name = _name_of_factor(case, factor)
    if name == "-1" or (name is None and (not any_number or trial.expected.size == 1)):
        return  # the sign is not a matter of scale, and one number always fits another
    what = "" if place is case.result else f"{place.text} is "
    yield Repair(
        "scale",
        f"when {what}multiplied by {name or f'{factor:.6g}'}",
        case.changed(place, lambda x, *_: factor * x),
    )


def difference(x: Array, y: Array) -> float:
    """How far two arrays are apart, relative to the second; infinite if that is zero."""
    if x.shape != y.shape or not y.any():
        return float("inf")
    return largest(x - y) / largest(y)


def named_factor(case: Case, x: Array) -> tuple[str, float] | None:
    """The constant that turns this into the truth, if it is one with a name."""
    factor = _factor(x, case.first.expected, np.zeros(()))
    name = None if factor is None else _name_of_factor(case, factor)
    return None if factor is None or name is None else (name, factor)


def _factor(x: Array, expected: Array, rest: Array | None) -> float | None:
    """The constant k that makes rest + k (x - rest) fit; None if none does."""
    if rest is None or x.shape != expected.shape or rest.shape not in ((), x.shape):
        return None
    part = x.astype(float) - rest
    wanted = expected.astype(float) - rest
    norm = float(np.sum(part * part))
    factor = float(np.sum(part * wanted)) / norm if norm else 1.0
    fits = largest(factor * part - wanted) <= NEGLIGIBLE**0.5 * largest(wanted)
    return factor if fits and abs(factor) > NEGLIGIBLE and abs(factor - 1) > NEGLIGIBLE else None


def _name_of_factor(case: Case, factor: float) -> str | None:
    """A constant by what it most likely is: -1, 1/B, T, 2, 1/sqrt(8)."""
    sizes = {"B": case.truth.batch or 1, "T": len([t for t in case.truth.steps if t > 0]) or 1}
    sizes["T B"] = sizes["T"] * sizes["B"]
    named = {name: float(n) for name, n in sizes.items() if n > 1}
    named |= {str(n): float(n) for n in (2, 3, 4)}
    lengths = {n for x in case.truth.values.values() for n in x.shape if n > 1}
    named |= {str(n): float(n) for n in sorted(lengths)}
    named |= {f"sqrt({n})": n**0.5 for n in sorted(lengths)}
    tolerance = case.first.tolerance + 1000 * case.truth.precision
    for name, n in {"1": 1.0, **named}.items():
        inverse = f"1/({name})" if " " in name else f"1/{name}"
        for text, number in ((name, n), (inverse, 1 / n)):
            if abs(abs(factor) / number - 1) < tolerance:
                return f"-{text}" if factor < 0 else text
    return None
