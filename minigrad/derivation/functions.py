"""Kinds of error in what is computed: another function, another axis, several values at once."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad.derivation import changes
from minigrad.derivation.case import Case, Repair
from minigrad.derivation.claims import ALL_STEPS, Adjoint, Claim
from minigrad.derivation.trace import Site
from minigrad.derivation.trial import Trial, Unchanged
from minigrad.rounding import largest
from minigrad.tensor import Array

Function = Callable[[Any], Any]


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


# Functions of one value and their derivatives, by what people call them.
DERIVATIVES: dict[str, tuple[Function, Function]] = {
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2),
    "sigmoid": (_sigmoid, lambda x: _sigmoid(x) * (1 - _sigmoid(x))),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "sin": (np.sin, np.cos),
    "cos": (np.cos, lambda x: -np.sin(x)),
    "relu": (lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0),
}


def nothing_added(case: Case) -> Iterator[Repair]:
    """The result is zero everywhere, and the truth is not."""

    def run(trial: Trial) -> Array | None:
        return None if trial.result is None or trial.result.any() else trial.expected

    if case.first.result is not None and not case.first.result.any():
        yield Repair("all zero", "once something is added: it is zero everywhere", run)


def function_instead_of_derivative(case: Case) -> Iterator[Repair]:
    """A function was applied once too often, or is there instead of its derivative."""
    for place in (case.result, *case.places):
        if place.sites[0][1] is not None:
            continue
        function, operands = case.operation(place)
        name = getattr(function, "__name__", "")
        if name not in DERIVATIVES or len(operands) != 1:
            continue
        _, derivative = DERIVATIVES[name]
        inner = operands[0].text
        yield Repair(
            "extra function",
            f"with {inner} for {place.text}: {name} is applied once too often",
            case.changed(place, changes.operand_alone(case, 0)),
            by=place.text,
        )
        yield Repair(
            "missing derivative",
            f"with the derivative of {name} at {inner} for {place.text}",
            case.changed(place, _of_operand(case, derivative)),
            by=place.text,
        )


def _of_operand(case: Case, function: Function) -> Callable[[Any, Trial, Site], Any]:
    return lambda x, trial, site: function(case.operand(site, 0, trial))


def missing_function(case: Case) -> Iterator[Repair]:
    """A function, or its derivative, was not applied to a value on the way."""
    for place in case.places:
        if np.ndim(place.value) == 0:
            continue
        for name, (function, derivative) in DERIVATIVES.items():
            for of, f in (("", function), ("the derivative of ", derivative)):
                yield Repair(
                    "missing function",
                    f"with {of}{name} applied to {place.text}",
                    case.changed(place, lambda x, *_, f=f: f(x)),
                    by=(place.text, name),
                )


def exponent(case: Case) -> Iterator[Repair]:
    """A square is missing, or there is one too many."""
    for place in case.places:
        if case.is_number(place):
            continue
        yield Repair(
            "missing factor",
            f"when {place.text} is squared",
            case.changed(place, lambda x, *_: x * x),
            by=place.text,
        )
        if place.sites[0][1] is None:
            function, operands = case.operation(place)
            if function is np.square or (function is np.power and case.is_number(operands[1])):
                yield Repair(
                    "extra factor",
                    f"with {operands[0].text} for {place.text}",
                    case.changed(place, changes.operand_alone(case, 0)),
                    by=operands[0].text,
                )


def complement(case: Case) -> Iterator[Repair]:
    """z stands for 1 - z, or 1 - z for z; a mask is the wrong way round."""
    for place in case.places:
        if not case.is_number(place):
            yield Repair(
                "complement",
                f"with 1 - {place.text} for {place.text}",
                case.changed(place, lambda x, *_: np.subtract(1, x, dtype=float)),
                by=place.text,
            )
    for place, (a, b) in changes.operations(case, np.subtract):
        if case.is_number(a) and a.value == 1:
            yield Repair(
                "complement",
                f"with {b.text} for {place.text}",
                case.changed(place, changes.operand_alone(case, 1)),
                by=b.text,
            )


REDUCTIONS = (np.sum, np.mean, np.max, np.min, np.prod, np.add.reduce, np.maximum.reduce)


def another_axis(case: Case) -> Iterator[Repair]:
    """A reduction goes along another axis than it should."""
    for place in (case.result, *case.places):
        if place.sites[0][1] is not None:
            continue
        function, operands = case.operation(place)
        if function not in REDUCTIONS or not operands:
            continue
        for axis, keepdims in itertools.product(
            (*range(np.ndim(operands[0].value)), None), (True, False)
        ):

            def reduced(x: Any, f: Any = function, a: Any = axis, k: bool = keepdims) -> Any:
                return f(x, axis=a, keepdims=k)

            along = "all axes" if axis is None else f"axis {axis}"
            yield Repair(
                "wrong axis",
                f"when {place.text} goes along {along}",
                case.changed(place, _of_operand(case, reduced)),
                by=along,
            )


def exchanged_operands(case: Case) -> Iterator[Repair]:
    """Two of what the line is given stand in each other's places, in all their uses."""
    used = {name for name, _, _ in case.arguments}
    for (m, a), (n, b) in itertools.combinations(case.line.inputs.items(), 2):
        if a != b and ALL_STEPS not in (a.t, b.t) and {m, n} <= used:
            how = f"when {a} ({m}) and {b} ({n}) change places"
            yield Repair("exchanged operands", how, _given(case, {m: b, n: a}))


def all_a_step_off(case: Case) -> Iterator[Repair]:
    """All that moves with the step is taken from the step before, or the next."""
    moving = {
        name: claim
        for name, claim in case.line.inputs.items()
        if claim.t is not ALL_STEPS and case.truth.label(claim, 1)[1] is not None
    }
    for by, words in ((1, "later"), (-1, "earlier")):
        others = {name: _moved(claim, by) for name, claim in moving.items()}
        if len(others) > 1 and not any(changes.answers(case, x) for x in others.values()):
            yield Repair(
                "wrong step",
                f"when all that it is given is of one step {words}",
                _given(case, others),
            )


def _moved(claim: Claim, by: int) -> Claim:
    return replace(claim, t=claim.t + by) if isinstance(claim.t, int) else claim


def _given(case: Case, others: dict[str, Claim]) -> Callable[[Trial], Array | None]:
    """The line, given other values and adjoints."""

    def run(trial: Trial) -> Array | None:
        given = {name: case.given(claim, trial.t) for name, claim in others.items()}
        return trial.attempt(lambda: case.expression.run({**trial.given, **given}))

    return run


def carry_inside(case: Case) -> Iterator[Repair]:
    """A part of an adjoint was not added to another before both were multiplied on."""
    adjoints = [claim for claim in case.claims if isinstance(claim, Adjoint)]
    for name, own, place in case.arguments:
        if not isinstance(own, Adjoint):
            continue
        for claim in adjoints:
            if claim.name == own.name and claim != own and case.fits(claim, place):

                def change(x: Any, trial: Trial, site: Site, claim: Claim = claim) -> Any:
                    return x + case.given(claim, case.step_of(site, trial))

                yield Repair(
                    "missing contribution",
                    f"when {claim} is added to {place.text} ({name})",
                    case.changed(place, change),
                    by=(name, claim),
                )


def diagonal_only(case: Case) -> Iterator[Repair]:
    """Of a Jacobian that is full, such as the softmax's, the diagonal alone was taken."""

    def run(trial: Trial) -> Array | None:
        alone: Any = 0.0
        for m in case.part(trial).through:
            y = case.truth.flow.values[m]
            if y._operation is None or y._operation.name != "softmax":
                raise Unchanged
            g = case.truth.flow.adjoint(*m)._data
            alone = alone + g * y._data * (1 - y._data)
        if trial.result is None or not np.ndim(alone):
            return None
        alone = alone if alone.shape == trial.result.shape else alone.T
        if alone.shape != trial.result.shape:
            return None
        far = largest(trial.result - alone) > 1e-6 * largest(alone)
        return None if far else trial.expected

    yield Repair(
        "diagonal only",
        "with all of the Jacobian of softmax: the line has its diagonal, y ∘ (1 - y), alone",
        run,
    )
