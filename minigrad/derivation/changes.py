"""Changes to a line, by which the hypotheses try to mend it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np

from minigrad.derivation.case import Case, Place, Repair
from minigrad.derivation.claims import Adjoint, Claim, Step, Value
from minigrad.derivation.spelling import spell
from minigrad.derivation.trace import Site
from minigrad.derivation.trial import Trial, Unchanged, is_numeric
from minigrad.flow import Label
from minigrad.notation.template import Written
from minigrad.rounding import largest
from minigrad.tensor import Array

NEGLIGIBLE = 1e-6


# --- changes --------------------------------------------------------------------------------------


def negated(x: Any, *_: Any) -> Any:
    """The value with the other sign."""
    return -x


def transposed(x: Any, *_: Any) -> Any:
    """The value with its last two axes exchanged."""
    return x.mT


def reversed_axes(x: Any, *_: Any) -> Any:
    """The value with its axes in the other order, which `.T` gives."""
    return x.T


def summed(case: Case, place: Place) -> Iterator[Repair]:
    """The value at a place summed over each of its axes."""
    what = "" if place is case.result else f"{place.text} is "
    axes = list(range(np.ndim(place.value)))
    for axis, keepdims in itertools.product(axes, (True, False)):
        batch = np.shape(place.value)[axis] == case.truth.batch
        yield Repair(
            "missing sum",
            f"when {what}summed over axis {axis}{' (the batch)' if batch else ''}",
            case.changed(
                place,
                lambda x, *_, axis=axis, keepdims=keepdims: np.sum(x, axis, keepdims=keepdims),
            ),
        )
    if len(axes) > 1:
        yield Repair(
            "missing sum",
            f"when {what}summed over all axes",
            case.changed(place, lambda x, *_: np.sum(x)),
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
    yield Repair("wrong operand", how, case.changed(place, change), by=(name, other))


def operand_alone(case: Case, k: int) -> Callable[[Any, Trial, Site], Any]:
    """Put operand number k in the place of the operation."""
    return lambda x, trial, site: case.operand(site, k, trial)


def swapped(case: Case, function: Callable[..., Any]) -> Callable[[Any, Trial, Site], Any]:
    """Exchange the two operands of an operation."""
    return lambda x, trial, site: case.combined(
        function, case.operand(site, 1, trial), case.operand(site, 0, trial)
    )


# How a value meets a factor: in words, the function, and whether the factor is its first operand.
Meeting: TypeAlias = tuple[str, Callable[[Any, Any], Any], bool]
PRODUCTS: tuple[Meeting, ...] = (
    ("multiplied by", np.multiply, False),
    ("multiplied from the right by", np.matmul, False),
    ("multiplied from the left by", np.matmul, True),
    ("multiplied, as a row, by the column", np.outer, True),
    ("multiplied, as a column, by the row", np.outer, False),
)
QUOTIENT: tuple[Meeting, ...] = (("divided by", np.divide, False),)


def with_factor(
    case: Case, place: Place, text: str, functions: tuple[Meeting, ...]
) -> Iterator[Repair]:
    """The value at a place multiplied, in some way, by a factor or its transpose."""
    what = "" if place is case.result else f"{place.text} is "
    for (how, function, first), flipped in itertools.product(functions, (False, True)):

        def change(
            x: Any,
            trial: Trial,
            site: Site,
            function: Any = function,
            first: bool = first,
            flipped: bool = flipped,
        ) -> Any:
            factor = case.factors(case.step_at(place, site, trial)).get(text)
            if factor is None:
                raise Unchanged
            factor = factor.mT if flipped else factor
            operands = (factor, x) if first else (x, factor)
            return case.combined(function, *operands)

        yield Repair(
            "missing factor",
            f"when {what}{how} {spell('transpose', [Written(text)]).text if flipped else text}",
            case.changed(place, change),
            by=text,
        )


def with_term(case: Case, place: Place, text: str) -> Iterator[Repair]:
    """A term, or its transpose, added to the value at a place, or taken away from it."""
    where = "" if place is case.result else f" to {place.text}"
    for (how, function), flipped in itertools.product(
        (("added", np.add), ("added with a minus", np.subtract)), (False, True)
    ):

        def change(
            x: Any, trial: Trial, site: Site, function: Any = function, flipped: bool = flipped
        ) -> Any:
            term = case.factors(case.step_at(place, site, trial)).get(text)
            if term is None:
                raise Unchanged
            return case.combined(function, x, term.mT if flipped else term)

        spelled = spell("transpose", [Written(text)]).text if flipped else text
        yield Repair(
            "missing contribution",
            f"when the term {spelled} is {how}{where}",
            case.changed(place, change),
            by=text,
        )


# What two factors come together as.
PAIRS: tuple[tuple[str, Callable[[Any, Any], Any]], ...] = (
    ("{} and by {}", np.multiply),
    ("({} - {})", np.subtract),
    ("({} + {})", np.add),
)


def spreads_to(x: Array, shape: tuple[int, ...]) -> bool:
    """Whether a factor, or its transpose, broadcasts to a shape."""
    for own in {x.shape, x.shape[:-2] + x.shape[-2:][::-1]}:
        try:
            if np.broadcast_shapes(own, shape) == shape:
                return True
        except ValueError:  # not to any shape
            continue
    return False


def with_two(
    case: Case, a: str, b: str, function: Callable[[Any, Any], Any]
) -> Callable[[Any, Trial, Site], Any]:
    """Multiply by what two factors come together as."""

    def change(x: Any, trial: Trial, _: Site) -> Any:
        factors = case.factors(trial.t)
        if a not in factors or b not in factors:
            raise Unchanged
        first, second = factors[a], factors[b]
        second = second if second.shape == first.shape else second.mT
        both = case.combined(function, first, second)
        if both.size > 1 and largest(both - both.flat[0]) <= NEGLIGIBLE * largest(both):
            raise ValueError("no more than a number")
        return x * (both if both.shape == trial.expected.shape else both.mT)

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
            if np.broadcast_shapes(array.shape, np.shape(x)) != array.shape:
                raise ValueError("broader than what it is a part of")
            x = function(x, array)
        return x

    return change


def total(case: Case, parts: tuple[Label, ...]) -> Array | None:
    """The sum of some contributions, at the first step tried."""
    known = case.truth.contributions(case.part(case.first).label)
    arrays = [known[m] for m in parts]
    return sum(arrays[1:], arrays[0])


def without_parts(case: Case, extra: tuple[Label, ...], why: str = "") -> Repair:
    """The result without some contributions."""
    return Repair(
        "double-counted contribution",
        f"when {in_words(case, extra)} is taken away{why}",
        case.changed(case.result, with_parts(case, extra, np.subtract)),
        by=extra,
    )


def _seen_from(m: Label, t: int | None) -> Label:
    return m if m[1] is None or t is None else (m[0], m[1] - t)


def in_words(case: Case, parts: tuple[Label, ...]) -> str:
    """Contributions in words, as seen from the step at hand."""
    label, t = case.part(case.first).label, case.first.t
    (_, own), (_, source) = label, parts[0]
    from_there = {m for m in case.truth.contributions(label) if m[1] == source}
    if own is not None and source not in (None, own) and len(parts) > 1 and {*parts} == from_there:
        names = ", ".join(name for name, _ in parts)
        return f"what flows from {Step(source - own)} (via {names})"

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
    return not part.through < own.through  # a line may add up the parts of its claim


def addends(case: Case) -> Iterator[tuple[Place, int, Place]]:
    """The sums of two terms: where, the number of the one, and the other."""
    for place, (a, b) in operations(case, np.add):
        yield place, 0, b
        yield place, 1, a


def products(case: Case) -> Iterator[tuple[Place, int, Place]]:
    """The products and quotients: where, the number of the one factor, and the other."""
    for function in (np.multiply, np.matmul, np.dot, np.divide):
        for place, operands in operations(case, function):
            for kept in (0,) if function is np.divide else (0, 1):
                yield place, kept, operands[1 - kept]


def without_factor(case: Case, kind: str, place: Place, kept: int) -> Repair:
    """A product or quotient that is only one of its operands."""
    function, operands = case.operation(place)
    dropped = operands[1 - kept].text
    return Repair(
        kind,
        f"without the factor {'1/' if function is np.divide else ''}{dropped}",
        case.changed(place, operand_alone(case, kept)),
        by=dropped,
    )


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
    if trial.result is None or not is_numeric(place.value):
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
        by=f"{factor:.6g}",
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
    sizes_of_arrays = {x.size for x in case.truth.values.values() if x.size > 1}
    named |= {str(n): float(n) for n in sorted(lengths | sizes_of_arrays)}
    named |= {f"sqrt({n})": n**0.5 for n in sorted(lengths)}
    tolerance = case.first.tolerance + 1000 * case.truth.precision
    for name, n in {"1": 1.0, **named}.items():
        inverse = f"1/({name})" if " " in name else f"1/{name}"
        for text, number in ((name, n), (inverse, 1 / n)):
            if abs(abs(factor) / number - 1) < tolerance:
                return f"-{text}" if factor < 0 else text
    return None
