"""How a line may be wrong: for each kind of error a generator of the changes that would mend it.

Nothing is decided here. A change is tried by `Case.residual` against the truth at all steps, so
adding a kind of error is adding a function to the table at the end.
"""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minigrad.derivation.case import Case, Place, Repair
from minigrad.derivation.claims import ALL_STEPS, Adjoint, Value
from minigrad.derivation.trace import Site
from minigrad.derivation.trial import Trial, Unchanged, largest
from minigrad.flow import Label
from minigrad.tensor import Array

NEGLIGIBLE = 1e-6


def sign(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, has the wrong sign."""
    yield Repair("sign", "when multiplied by -1", case.changed(case.result, _negated))
    for place in case.places:
        yield Repair(
            "sign", f"when {place.text} has the other sign", case.changed(place, _negated)
        )


def transpose(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, is transposed where it should not be, or not where it should."""
    yield Repair("transpose", "when transposed", case.changed(case.result, _transposed))
    for place in case.places:
        if np.ndim(place.value) > 1:
            yield Repair(
                "transpose", f"when {place.text} is transposed", case.changed(place, _transposed)
            )


def scale(case: Case) -> Iterator[Repair]:
    """The result, or a value on the way, is off by a constant factor."""
    trial = case.first
    if trial.result is None or trial.result.shape != trial.expected.shape:
        return
    for place in (case.result, *case.places):
        if not isinstance(place.value, np.ndarray | np.generic | float | int):
            continue
        without = case.changed(place, lambda x, *_: 0 * x)(trial)
        factor = _factor(trial.result, trial.expected, without)
        if factor is None:
            continue
        name = _named_factor(case, factor)
        if name == "-1" or (name is None and (place is not case.result or trial.expected.size == 1)):
            continue  # the sign is not a matter of scale, and one number fits any other
        what = "" if place is case.result else f"{place.text} is "
        yield Repair(
            "scale",
            f"when {what}multiplied by {name or f'{factor:.6g}'}",
            case.changed(place, lambda x, *_, factor=factor: factor * x),
        )


def missing_sum(case: Case) -> Iterator[Repair]:
    """A sum over the steps, or over an axis, was forgotten."""
    if len(case.trials) > 1 and case.truth.label(case.claim, 0)[1] is None:

        def over_steps(trial: Trial) -> Array | None:
            results = [other.result for other in case.trials]
            return sum(results[1:], results[0]) if None not in map(type, results) else None

        yield Repair(
            "missing sum",
            "when summed over the steps: what the line gives is the share of step t",
            over_steps,
        )
    for place in (case.result, *case.places):
        for axis in range(np.ndim(place.value)):
            over = f"axis {axis}" + (" (the batch)" if _is_batch(case, place, axis) else "")
            what = "" if place is case.result else f"{place.text} is "
            for keepdims in (True, False):
                yield Repair(
                    "missing sum",
                    f"when {what}summed over {over}",
                    case.changed(
                        place,
                        lambda x, *_, axis=axis, keepdims=keepdims: np.sum(
                            x, axis, keepdims=keepdims
                        ),
                    ),
                )


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


def missing_contribution(case: Case) -> Iterator[Repair]:
    """Some of the contributions that the claim is the sum of were left out."""
    for missing in _subsets(case, inside=True):
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
    for place, operands in _operations(case, np.add):
        for kept, dropped in (operands, operands[::-1]):
            yield Repair(
                "double-counted contribution",
                f"when {dropped.text} is added once less",
                case.changed(place, _kept(case, kept)),
            )


def wrong_operand(case: Case) -> Iterator[Repair]:
    """The line is given one value or adjoint where another of the same shape is right."""
    own = case.part(case.first)
    for name, claim, place in case.arguments:
        for other in case.claims:
            if other == claim or (isinstance(other, Adjoint) and _answers(case, other, own)):
                continue

            def replaced(x: Any, trial: Trial, site: Site, other: Any = other) -> Array:
                y = case.given(other, case.step_of(site, trial))
                if np.shape(x) != y.shape and case.first.failure is None:
                    raise ValueError("another shape")
                return y

            one = "" if place.sites[0][1] is None else "one "
            yield Repair(
                "wrong operand",
                f"when it is given {other} for {one}{place.text} ({name})",
                case.changed(place, replaced),
            )
    for function in (np.matmul, np.subtract, np.divide):
        for place, operands in _operations(case, function):
            yield Repair(
                "wrong operand",
                f"when the two operands of {place.text} change places",
                case.changed(place, _swapped(case, function, operands)),
            )


def missing_factor(case: Case) -> Iterator[Repair]:
    """A factor was left out of the result."""
    yield from _with_factors(case, case.result, products=True)


def missing_factor_inside(case: Case) -> Iterator[Repair]:
    """A factor was left out of a value on the way."""
    for place in case.places:
        yield from _with_factors(case, place, products=False)


def extra_factor(case: Case) -> Iterator[Repair]:
    """There is a factor too many."""
    for function in (np.multiply, np.matmul, np.divide):
        for place, operands in _operations(case, function):
            pairs = (operands, operands[::-1]) if function is not np.divide else (operands,)
            for kept, dropped in pairs:
                yield Repair(
                    "extra factor",
                    f"without the factor {'1/' if function is np.divide else ''}{dropped.text}",
                    case.changed(place, _kept(case, kept)),
                )
    for text in case.factors(case.first):
        for flipped in (False, True):
            yield Repair(
                "extra factor",
                f"when divided by {text}",
                case.changed(case.result, _with_factor(case, text, np.divide, flipped)),
            )


# --- changes --------------------------------------------------------------------------------------


def _negated(x: Any, *_: Any) -> Any:
    return -x


def _transposed(x: Any, *_: Any) -> Any:
    return x.mT


def _kept(case: Case, kept: Place) -> Callable[[Any, Trial, Site], Any]:
    """Put one operand in the place of the operation."""
    site = kept.sites[0][0]
    return lambda x, trial, _: case.value_at(site, trial)


def _swapped(
    case: Case, function: Callable[..., Any], operands: list[Place]
) -> Callable[[Any, Trial, Site], Any]:
    left, right = (place.sites[0][0] for place in operands)
    return lambda x, trial, _: function(case.value_at(right, trial), case.value_at(left, trial))


def _with_factors(case: Case, place: Place, products: bool) -> Iterator[Repair]:
    """A place multiplied by each factor, and by products of two."""
    texts = list(case.factors(case.first))
    what = "" if place is case.result else f"{place.text} is "
    for text in texts:
        for how, function in _PRODUCTS:
            for flipped in (False, True):
                yield Repair(
                    "missing factor",
                    f"when {what}{how} {text}{'^T' if flipped else ''}",
                    case.changed(place, _with_factor(case, text, function, flipped)),
                )
    if products:
        for a, b in itertools.combinations(texts, 2):
            yield Repair(
                "missing factor",
                f"when {what}multiplied by {a} and by {b}",
                case.changed(place, _with_two(case, a, b)),
            )


_PRODUCTS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("multiplied by", np.multiply),
    ("divided by", np.divide),
    ("multiplied from the right by", np.matmul),
    ("multiplied from the left by", lambda x, factor: factor @ x),
)


def _with_factor(
    case: Case, text: str, function: Callable[..., Any], flipped: bool
) -> Callable[[Any, Trial, Site], Any]:
    def change(x: Any, trial: Trial, _: Site) -> Any:
        factor = case.factors(trial).get(text)
        if factor is None:
            raise Unchanged
        return function(x, factor.mT if flipped else factor)

    return change


def _with_two(case: Case, a: str, b: str) -> Callable[[Any, Trial, Site], Any]:
    def change(x: Any, trial: Trial, _: Site) -> Any:
        both = [case.factors(trial).get(text) for text in (a, b)]
        if both[0] is None or both[1] is None:
            raise Unchanged
        product = both[0] * both[1]
        return x * (product if product.shape == np.shape(x) else product.mT)

    return change


# --- contributions --------------------------------------------------------------------------------


def _subsets(case: Case, inside: bool) -> Iterator[tuple[Label, ...]]:
    """Sets of contributions, the smaller first: those of the claim, or those that are not."""
    part = case.part(case.first)
    every = case.truth.contributions(part.label)
    those = [m for m in every if (m in part.through) == inside and m != case.truth.J]
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
    from_next = [m for m in case.truth.contributions(case.part(case.first).label) if own is not None and m[1] == own + 1]
    if len(parts) > 1 and set(parts) == set(from_next):
        return "what flows from the next step (via " + ", ".join(name for name, _ in parts) + ")"
    t = case.first.t
    names = [str(Value(name, 0 if s is None or t is None else s - t)) if t is not None or s is None else f"{name} at step {s}" for name, s in parts]
    return f"the part via {' and via '.join(names)}"


def _answers(case: Case, claim: Adjoint, own: Any) -> bool:
    """Whether being given this would be being given the answer."""
    part = case.truth.part(claim, case.first.t)
    return part.label == own.label and not part.through < own.through


def _operations(case: Case, function: Any) -> Iterator[tuple[Place, list[Place]]]:
    """The places whose value is computed by this function of two operands."""
    for place in (case.result, *case.places):
        if place.sites[0][1] is None:
            called, operands = case.operation(place)
            if called is function and len(operands) == 2:
                yield place, operands


# --- factors --------------------------------------------------------------------------------------


def named_scale(case: Case, repair: Repair) -> tuple[str, float] | None:
    """The constant that mends what another repair has left, if it is one with a name."""
    try:
        x = repair.run(case.first)
    except Unchanged:
        return None
    factor = None if x is None else _factor(x, case.first.expected, np.zeros(()))
    name = None if factor is None else _named_factor(case, factor)
    return None if factor is None or name is None else (name, factor)


def _factor(x: Array, expected: Array, rest: Array | None) -> float | None:
    """The constant k that makes rest + k (x - rest) fit; None if none does."""
    if rest is None or x.shape != expected.shape or rest.shape not in ((), x.shape):
        return None
    part = x.astype(float) - rest
    wanted = expected.astype(float) - rest
    norm = float(np.sum(part * part))
    factor = float(np.sum(part * wanted)) / norm if norm else 1.0
    fits = largest(factor * part - wanted) <= NEGLIGIBLE ** 0.5 * largest(wanted)
    return factor if fits and abs(factor) > NEGLIGIBLE and abs(factor - 1) > NEGLIGIBLE else None


def _named_factor(case: Case, factor: float) -> str | None:
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


def _is_batch(case: Case, place: Place, axis: int) -> bool:
    return bool(case.truth.batch) and np.shape(place.value)[axis] == case.truth.batch


# The kinds of error, the simpler first. Those behind are tried only where nothing else fits.
HYPOTHESES: tuple[Callable[[Case], Iterator[Repair]], ...] = (
    sign,
    transpose,
    scale,
    missing_sum,
    broadcast,
    missing_contribution,
    double_counted,
    wrong_operand,
    missing_factor,
    extra_factor,
)
LAST = (missing_factor_inside,)
