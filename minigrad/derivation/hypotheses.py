"""How a line may be wrong: for each kind of error a generator of the changes that would mend it.

Nothing is decided here. A change is tried by `Case.residual` against the truth at all steps, so
adding a kind of error is adding a function to the table at the end.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.derivation.case import Case, Place, Repair
from minigrad.derivation.claims import Adjoint, Claim, Value
from minigrad.derivation.trace import Site
from minigrad.derivation.trial import Trial, Unchanged, largest
from minigrad.flow import Label
from minigrad.tensor import Array

NEGLIGIBLE = 1e-6


def sign(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, has the wrong sign."""
    yield Repair("sign", "when multiplied by -1", case.changed(case.result, _negated))
    for place in case.places:
        yield Repair("sign", f"when {place.text} has the other sign", case.changed(place, _negated))


def transpose(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, is the transpose of what it should be."""
    yield Repair("transpose", "when transposed", case.changed(case.result, _transposed))
    for place in case.places:
        if np.ndim(place.value) > 1:
            yield Repair(
                "transpose", f"when {place.text} is transposed", case.changed(place, _transposed)
            )


def scale(case: Case) -> Iterator[Repair]:
    """The result is off by a constant factor."""
    yield from _scaled(case, case.result)


def scale_inside(case: Case) -> Iterator[Repair]:
    """A value on the way is off by a constant factor."""
    for place in case.places:
        if isinstance(place.value, np.ndarray | np.generic | float | int):
            yield from _scaled(case, place)


def missing_sum(case: Case) -> Iterator[Repair]:
    """A sum over the steps, or over an axis, was forgotten."""
    if len(case.trials) > 1 and case.truth.label(case.claim, 0)[1] is None:

        def over_steps(trial: Trial) -> Array | None:
            results: list[Any] = [other.result for other in case.trials]
            return trial.attempt(lambda: sum(results[1:], results[0]))

        yield Repair(
            "missing sum",
            "when summed over the steps: what the line gives is the share of step t",
            over_steps,
        )
    shares = case.truth.contributions(case.part(case.first).label)
    if case.first.t is None:
        for step in case.truth.steps:
            others = tuple(m for m in shares if m[1] not in (step, None))
            yield Repair(
                "missing sum",
                f"when summed over the steps: what the line gives is the share of step {step}",
                case.changed(case.result, _with_parts(case, others, np.add)),
            )
    yield from _summed(case, case.result)


def missing_sum_inside(case: Case) -> Iterator[Repair]:
    """A sum over an axis of a value on the way was forgotten."""
    for place in case.places:
        yield from _summed(case, place)


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
    for missing in _subsets(case, inside=True):
        if set(missing) == own:
            continue  # zero, and everything added to it
        yield Repair(
            "missing contribution",
            f"when {_listed(case, missing)} is added",
            case.changed(case.result, _with_parts(case, missing, np.add)),
        )


def double_counted(case: Case) -> Iterator[Repair]:
    """A contribution was added twice, or one that does not belong to the claim."""
    for inside in (True, False):
        for extra in _subsets(case, inside):
            yield Repair(
                "double-counted contribution",
                f"when {_listed(case, extra)} is taken away"
                + ("" if inside else ", which the claim leaves out"),
                case.changed(case.result, _with_parts(case, extra, np.subtract)),
            )
    for place, kept, dropped in _addends(case):
        if case.is_there_twice(dropped):
            yield Repair(
                "double-counted contribution",
                f"when {dropped.text} is added once less",
                case.changed(place, _kept(case, kept)),
            )


def extra_term(case: Case) -> Iterator[Repair]:
    """There is a term too many."""
    for place, kept, dropped in _addends(case):
        yield Repair(
            "extra term",
            f"without the term {dropped.text}",
            case.changed(place, _kept(case, kept)),
        )


def wrong_operand(case: Case) -> Iterator[Repair]:
    """The line is given one value where another is right, or one adjoint; or two are swapped."""
    for name, claim, place in case.arguments:
        for other in case.claims:
            if type(other) is type(claim) and other != claim and case.fits(other, place):
                yield from _given_instead(case, name, place, other)
    for function in (np.matmul, np.subtract, np.divide):
        for place, operands in _operations(case, function):
            yield Repair(
                "wrong operand",
                f"when the two operands of {place.text} change places",
                case.changed(place, _swapped(case, function, operands)),
            )


def value_for_adjoint(case: Case) -> Iterator[Repair]:
    """The line is given a value where an adjoint is right, or an adjoint for a value."""
    for name, claim, place in case.arguments:
        for other in case.claims:
            if type(other) is not type(claim) and case.fits(other, place):
                yield from _given_instead(case, name, place, other)


def missing_factor(case: Case) -> Iterator[Repair]:
    """A factor was left out of the result."""
    texts = list(case.factors(case.first.t))
    for text in texts:
        yield from _with_factor(case, case.result, text, _PRODUCTS)
    for (a, b), (form, function) in itertools.product(itertools.permutations(texts, 2), _PAIRS):
        yield Repair(
            "missing factor",
            f"when multiplied by {form.format(a, b)}",
            case.changed(case.result, _with_two(case, a, b, function)),
        )


def missing_factor_inside(case: Case) -> Iterator[Repair]:
    """A factor was left out of a value on the way."""
    for place in case.places:
        for text in case.factors(case.step_at(place, place.sites[0], case.first)):
            yield from _with_factor(case, place, text, _PRODUCTS)


def extra_factor(case: Case) -> Iterator[Repair]:
    """There is a factor too many."""
    for function in (np.multiply, np.matmul, np.divide):
        for place, operands in _operations(case, function):
            for kept, dropped in (operands, operands[::-1])[: 1 if function is np.divide else 2]:
                yield Repair(
                    "extra factor",
                    f"without the factor {'1/' if function is np.divide else ''}{dropped.text}",
                    case.changed(place, _kept(case, kept)),
                )
    for text in case.factors(case.first.t):
        for repair in _with_factor(case, case.result, text, _QUOTIENT):
            yield replace(repair, kind="extra factor")


def another_adjoint(case: Case) -> Iterator[Repair]:
    """The result is the right adjoint of another value."""
    for claim in case.claims:
        if isinstance(claim, Adjoint) and not _answers(case, claim):

            def run(trial: Trial, claim: Adjoint = claim) -> Array | None:
                other = case.given(claim, trial.t)
                error = np.inf if trial.result is None else _difference(trial.result, other)
                return trial.expected if error <= 1000 * case.truth.precision else None

            yield Repair("wrong operand", f"for another value: this is {claim}", run)


# --- changes --------------------------------------------------------------------------------------


def _negated(x: Any, *_: Any) -> Any:
    return -x


def _transposed(x: Any, *_: Any) -> Any:
    return x.mT


def _summed(case: Case, place: Place) -> Iterator[Repair]:
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


def _given_instead(case: Case, name: str, place: Place, other: Claim) -> Iterator[Repair]:
    """The line with another value or adjoint as an argument, in all its uses or in one."""
    if _answers(case, other):
        return

    def change(x: Any, trial: Trial, site: Site) -> Array:
        y = case.given(other, case.step_of(site, trial))
        if trial is case.first and not y.any():
            raise ValueError("nothing at all")
        return y

    one = "" if place.sites[0][1] is None else "one "
    how = f"when it is given {other} for {one}{place.text} ({name})"
    yield Repair("wrong operand", how, case.changed(place, change))


def _kept(case: Case, kept: Place) -> Callable[[Any, Trial, Site], Any]:
    """Put one operand in the place of the operation."""
    site = kept.sites[0][0]
    return lambda x, trial, _: case.value_at(site, trial)


def _swapped(
    case: Case, function: Callable[..., Any], operands: list[Place]
) -> Callable[[Any, Trial, Site], Any]:
    left, right = (place.sites[0][0] for place in operands)
    return lambda x, trial, _: function(case.value_at(right, trial), case.value_at(left, trial))


_PRODUCTS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("multiplied by", np.multiply),
    ("multiplied from the right by", np.matmul),
    ("multiplied from the left by", lambda x, factor: factor @ x),
)
_QUOTIENT = (("divided by", np.divide),)


def _with_factor(
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
            f"when {what}{how} {text}{'^T' if flipped else ''}",
            case.changed(place, change),
        )


# What two factors come together as.
_PAIRS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("{} and by {}", np.multiply),
    ("({} - {})", np.subtract),
    ("({} + {})", np.add),
)


def _with_two(
    case: Case, a: str, b: str, function: Callable[[Any, Any], Any]
) -> Callable[[Any, Trial, Site], Any]:
    def change(x: Any, trial: Trial, _: Site) -> Any:
        factors = case.factors(trial.t)
        if a not in factors or b not in factors:
            raise Unchanged
        both = function(factors[a], factors[b])
        return x * (both if both.shape == np.shape(x) else both.mT)

    return change


# --- contributions --------------------------------------------------------------------------------


def _subsets(case: Case, inside: bool) -> Iterator[tuple[Label, ...]]:
    """Sets of contributions, the smaller first: those of the claim, or those that are not."""
    part = case.part(case.first)
    every = case.truth.contributions(part.label)
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


def _with_parts(
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


def _listed(case: Case, parts: tuple[Label, ...]) -> str:
    """Contributions in words, as seen from the step at hand."""
    own = case.part(case.first).label[1]
    from_next = [
        m
        for m in case.truth.contributions(case.part(case.first).label)
        if own is not None and m[1] == own + 1
    ]
    if len(parts) > 1 and set(parts) == set(from_next):
        return "what flows from the next step (via " + ", ".join(name for name, _ in parts) + ")"
    t = case.first.t
    names = [
        str(Value(name, 0 if s is None or t is None else s - t))
        if t is not None or s is None
        else f"{name} at step {s}"
        for name, s in parts
    ]
    return f"the part via {' and via '.join(names)}"


def _answers(case: Case, claim: Claim) -> bool:
    """Whether being given this would be being given the answer."""
    if not isinstance(claim, Adjoint):
        return False
    own, part = case.part(case.first), case.truth.part(claim, case.first.t)
    if part.label != own.label:
        return False
    # A line that adds up the parts of its claim may be given another part.
    adds_up = any(
        isinstance(c, Adjoint) and case.truth.label(c, case.first.t) == own.label
        for c in case.line.inputs.values()
    )
    return not (adds_up and part.through < own.through)


def _addends(case: Case) -> Iterator[tuple[Place, Place, Place]]:
    """The sums of two terms: where, the one, the other; and the other way round."""
    for place, (a, b) in _operations(case, np.add):
        yield place, a, b
        yield place, b, a


def _operations(case: Case, function: Any) -> Iterator[tuple[Place, list[Place]]]:
    """The places whose value is computed by this function of two operands."""
    for place in (case.result, *case.places):
        if place.sites[0][1] is None:
            called, operands = case.operation(place)
            if called is function and len(operands) == 2:
                yield place, operands


# --- factors --------------------------------------------------------------------------------------


def _scaled(case: Case, place: Place) -> Iterator[Repair]:
    """The value at a place times the constant that fits best; any number for the whole result."""
    trial = case.first
    if trial.result is None or trial.result.shape != trial.expected.shape:
        return
    without = case.changed(place, lambda x, *_: 0 * x)(trial)
    factor = _factor(trial.result, trial.expected, without)
    if factor is None:
        return
    name = _name_of_factor(case, factor)
    if name == "-1" or (name is None and (place is not case.result or trial.expected.size == 1)):
        return  # the sign is not a matter of scale, and one number always fits another
    what = "" if place is case.result else f"{place.text} is "
    yield Repair(
        "scale",
        f"when {what}multiplied by {name or f'{factor:.6g}'}",
        case.changed(place, lambda x, *_: factor * x),
    )


def _difference(x: Array, y: Array) -> float:
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
    named |= {f"sqrt({n})": n**0.5 for n in sorted(lengths)}
    tolerance = case.first.tolerance + 1000 * case.truth.precision
    for name, n in {"1": 1.0, **named}.items():
        inverse = f"1/({name})" if " " in name else f"1/{name}"
        for text, number in ((name, n), (inverse, 1 / n)):
            if abs(abs(factor) / number - 1) < tolerance:
                return f"-{text}" if factor < 0 else text
    return None


# The kinds of error, the simpler first. Those behind are tried only where nothing else fits.
HYPOTHESES: tuple[Callable[[Case], Iterator[Repair]], ...] = (
    sign,
    transpose,
    scale,
    missing_sum,
    broadcast,
    missing_contribution,
    double_counted,
    scale_inside,
    wrong_operand,
    missing_factor,
    extra_factor,
    missing_sum_inside,
    value_for_adjoint,
)
LAST = (extra_term, broadcast_inside, another_adjoint, missing_factor_inside)
