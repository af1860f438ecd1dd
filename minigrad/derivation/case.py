"""A wrong line, ready to be tried with changes."""

import collections
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from minigrad.derivation.claims import ALL_STEPS, THIS_STEP, Adjoint, Claim, Step, Value
from minigrad.derivation.factors import factors
from minigrad.derivation.sizes import require_size
from minigrad.derivation.spelling import spell
from minigrad.derivation.trace import Expression, Site
from minigrad.derivation.trial import Trial, Unchanged, is_numeric
from minigrad.derivation.truth import Part, Truth
from minigrad.notation.template import Written
from minigrad.rounding import compared, largest
from minigrad.tensor import Array

# Changes the value at a site at a step: `change(value, trial, site)`.
ChangeAt: TypeAlias = Callable[[Any, Trial, Site], Any]

_LONGEST = 100  # characters of an expression in a message


@dataclass(frozen=True)
class Place:
    """Where a line can be changed: the same expression at every step is one place."""

    text: str
    sites: tuple[Site, ...]
    value: Any


@dataclass(frozen=True)
class Repair:
    """A hypothesis: the line is right when it is changed so.

    Attributes
    ----------
    kind, how
        In words.
    run
        What the changed line gives.
    by
        What the change brings in or takes away. Repairs of one kind by the same say the same.
    """

    kind: str
    how: str
    run: Callable[[Trial], Array | None]
    by: object = None


def is_close(x: Any, y: Any, tolerance: float) -> bool:
    """Whether two values are the same arrays of numbers, but for rounding."""
    if not (is_numeric(x) and is_numeric(y)) or np.shape(x) != np.shape(y):
        return False
    return largest(np.subtract(x, y, dtype=float)) <= tolerance * largest(y)


class Case:
    """A wrong line with its trials at all steps."""

    def __init__(self, trials: Sequence[Trial], truth: Truth) -> None:
        self.truth = truth
        self.claim = trials[0].line.claim
        # What explains the error must hold at every step; most fails at the first tried. That is
        # a wrong one, with as many contributions as there are.
        self.trials = sorted(trials, key=lambda x: (x.ok, -len(self.part(x).through)))
        self.first = self.trials[0]
        self.line, self.expression = self.first.line, self.first.expression

    @functools.cached_property
    def is_summed(self) -> bool:
        """Whether the line is one step's, and what it claims is the sum over all."""
        claim = self.claim
        is_whole = isinstance(claim, Adjoint) and claim.via is None
        return is_whole and len(self.trials) > 1 and self.truth.label(claim, 0)[1] is None

    def summed_over_steps(self, x: Array | None, trial: Trial) -> Array | None:
        """What comes of a step's share when it is summed; None if this is not its share."""
        share = self.truth.given(Adjoint(self.claim.name, via=THIS_STEP), trial.t)
        if x is None or x.shape != share.shape:
            return None
        found = compared(x, share, 100 * trial.precision, trial.rounding)
        return trial.expected if found.ok else None

    # --- places -----------------------------------------------------------------------------------

    @functools.cached_property
    def result(self) -> Place:
        """The whole result of the line."""
        i = self.expression.result
        return Place(self._texts[i].text, ((i, None),), self._values[i])

    @functools.cached_property
    def places(self) -> list[Place]:
        """Every value on the way, in all its uses together, then each use of its own."""
        values: dict[str, list[Site]] = {}
        uses: dict[tuple[Any, ...], list[Site]] = {}
        seen: collections.Counter[tuple[Any, ...]] = collections.Counter()
        for i in self._reached:
            for k, j in enumerate(self.expression.nodes[i].inputs):
                text = self._texts[j].text
                values.setdefault(text, []).append((j, None))
                # The same text twice is one place at two steps, or else two places.
                use = (text, self._texts[i].text, k)
                alike = (*use, self._steps[j])
                uses.setdefault((*use, seen[alike]), []).append((j, (i, k)))
                seen[alike] += 1
        times = collections.Counter(use[0] for use in uses)
        whole = [self._place(text, sites) for text, sites in values.items()]
        return whole + [self._place(use[0], s) for use, s in uses.items() if times[use[0]] > 1]

    @functools.cached_property
    def arguments(self) -> list[tuple[str, Claim, Place]]:
        """What the line is given: the parameter, what it stands for, and where it is used."""
        found = []
        for name, claim in self.line.inputs.items():
            nodes = self._nodes_of(name)
            if nodes:
                found.append((name, claim, self._place(str(claim), [(j, None) for j in nodes])))
                texts = {self._texts[j].text for j in nodes}
                found += [
                    (name, claim, place)
                    for place in self.places
                    if place.text in texts and place.sites[0][1] is not None
                ]
        return found

    @functools.cached_property
    def indices(self) -> list[tuple[Step, Place]]:
        """Where the line uses numbers of steps that it is given."""
        return [
            (step, self._place(spelled(step), [(j, None) for j in nodes]))
            for name, step in self.line.given.items()
            if isinstance(step, Step) and (nodes := self._nodes_of(name))
        ]

    def _nodes_of(self, parameter: str) -> list[int]:
        """Where a parameter enters the expression, if the result needs it."""
        nodes = self.expression.nodes
        return [j for j in self._reached if (nodes[j].parameter or ("",))[0] == parameter]

    @functools.cached_property
    def unused(self) -> dict[str, int]:
        """What the line is given or computes, and does not use: its text and node."""
        used = {self._texts[i].text for i in self._reached}
        return {
            self._texts[i].text: i
            for i, node in enumerate(self.expression.nodes)
            if self._texts[i].text not in used and node.constant is None
        }

    def terms_like(self, place: Place) -> list[int]:
        """What the line computes in the same way as the value at a place, and does not use."""
        return [
            i
            for i in range(len(self.expression.nodes))
            if i not in self._reached and self._texts[i].text == place.text
        ]

    @functools.cached_property
    def _reached(self) -> list[int]:
        """The nodes that the result is computed from."""
        reached = {self.expression.result}
        for i in range(self.expression.result, -1, -1):
            if i in reached:
                reached.update(self.expression.nodes[i].inputs)
        return sorted(reached)

    def is_there_twice(self, place: Place) -> bool:
        """Whether a value is used more than once, or something else has the same value."""
        [(site, _), *more] = place.sites
        users = [i for i in self._reached for j in self.expression.nodes[i].inputs if j == site]
        return bool(more or len(users) > 1) or self.computes(self._values[site], but=site)

    def computes(self, x: Any, but: int | None = None) -> bool:
        """Whether a value is on the way, of a node other than one."""
        precision = 1000 * self.truth.precision
        return any(i != but and is_close(x, self._values[i], precision) for i in self._reached)

    def factors_of(self, place: Place) -> set[str]:
        """What is multiplied to give the value at a place."""
        function, operands = self.operation(place)
        if function in (np.multiply, np.matmul, np.dot):
            return set().union(*map(self.factors_of, operands))
        return {place.text}

    def step_of(self, site: Site, trial: Trial) -> int | None:
        """The step that an argument belongs to; that at hand, unless the line sees them all."""
        parameter = self.expression.nodes[site[0]].parameter
        return trial.t if parameter is None or parameter[1] is None else parameter[1]

    def operation(self, place: Place) -> tuple[Callable[..., Any] | None, list[Place]]:
        """The function that computes the value at a place, and its operands."""
        nodes = [self.expression.nodes[i] for i, _ in place.sites]
        operands = [
            self._place(self._texts[js[0]].text, [(j, None) for j in js])
            for js in zip(*(node.inputs for node in nodes), strict=False)
        ]
        return nodes[0].function, operands

    def is_number(self, place: Place) -> bool:
        """Whether a value is a number, whatever the line is given."""
        return bool(np.ndim(place.value) == 0 and not self._depends[place.sites[0][0]])

    @functools.cached_property
    def _depends(self) -> list[bool]:
        """Whether each node depends on what the line is given."""
        found: list[bool] = []
        for node in self.expression.nodes:
            found.append(node.parameter is not None or any(found[j] for j in node.inputs))
        return found

    def operand(self, site: Site, k: int, trial: Trial) -> Any:
        """What is given to the function at a site as its operand number k."""
        return self.value_at(self.expression.nodes[site[0]].inputs[k], trial)

    def _place(self, text: str, sites: Sequence[Site]) -> Place:
        return Place(text, tuple(dict.fromkeys(sites)), self._values[sites[0][0]])

    @functools.cached_property
    def _values(self) -> list[Any]:
        return self.expression.values(self.first.given)

    @functools.cached_property
    def _texts(self) -> list[Written]:
        texts: list[Written] = []
        long: dict[str, Written] = {}

        def shortened(text: str) -> Written:
            """The start of a text, with a number, since what reads alike is one place."""
            start = Written(f"{text[:_LONGEST]}… ({len(long) + 1})")
            return long.setdefault(text, start)

        for node in self.expression.nodes:
            if node.parameter is not None:
                texts.append(Written(spelled(self.line.given[node.parameter[0]])))
            elif node.function is not None:
                name = getattr(node.function, "__name__", "the line")
                text = spell(name, [texts[j] for j in node.inputs])
                texts.append(text if len(text.text) <= _LONGEST else shortened(text.text))
            else:
                x = node.constant
                texts.append(Written(f"{x:.10g}" if isinstance(x, int | float) else "a constant"))
        return texts

    @functools.cached_property
    def _steps(self) -> list[frozenset[int]]:
        """The steps that each node sees, of a line that sees them all."""
        steps: list[frozenset[int]] = []
        for node in self.expression.nodes:
            own = {node.parameter[1]} if node.parameter and node.parameter[1] is not None else set()
            steps.append(frozenset(own).union(*(steps[j] for j in node.inputs)))
        return steps

    # --- what a change may bring in ---------------------------------------------------------------

    @functools.cached_property
    def claims(self) -> list[Claim]:
        """Everything that could be given at the step at hand, at the one before and after."""
        names = dict.fromkeys(name for name, _ in self.truth.values)
        known: list[Claim] = []
        for distance in (0, -1, 1):
            for name in names:
                moves = (name, None) not in self.truth.values
                if distance and not moves:
                    continue
                known.append(Value(name, distance))
                known.append(Adjoint(name, distance))
                via = self.truth.distances[name]
                steps = sorted({0}.union(*via.values()), reverse=True)
                parts: list[str | Step] = [*map(Step, steps), *sorted(via)]
                for part in parts if len(via) > 1 else ():
                    known.append(Adjoint(name, distance, part))
        return known

    def given(self, claim: Claim, t: int | None) -> Array:
        """The array that a claim stands for; raises `Unchanged` where it stands for none."""
        x = self.truth.flow.values.get(self.truth.label(claim, t))
        constant = isinstance(claim, Adjoint) and x is not None and not x.requires_grad
        if constant or not self.truth.is_given(claim, t):
            raise Unchanged
        array: Array = self.truth.given(claim, t)
        return array

    def fits(self, claim: Claim, place: Place) -> bool:
        """Whether what a claim stands for has the shape of what stands at a place."""
        if claim not in self._shapes:
            try:
                x = self.given(claim, self.step_of(place.sites[0], self.first))
                self._shapes[claim] = x.shape
            except Unchanged:
                self._shapes[claim] = None
        return bool(self._shapes[claim] == np.shape(place.value))

    @functools.cached_property
    def _shapes(self) -> dict[Claim, tuple[int, ...] | None]:
        return {}

    def factors(self, t: int | None) -> dict[str, Array]:
        """What the true contributions are made of at a step, and what the line is given there."""
        if t not in self._factors:
            found = factors(self.truth, self.claim, t)
            for claim in self.line.inputs.values():
                if claim.t is not ALL_STEPS:
                    x = self.truth.given(claim, t)
                    found |= {str(claim): x, f"{claim}^2": x * x}
                    for axis in range(x.ndim if x.ndim > 1 else 0):
                        found[f"sum({claim}) over axis {axis}"] = x.sum(axis, keepdims=True)
            trial = next((trial for trial in self.trials if trial.t == t), None)
            if trial is not None:
                values = self.expression.values(trial.given)
                found |= {text: values[i] for text, i in self.unused.items()}
            self._factors[t] = {text: x for text, x in found.items() if is_numeric(x)}
        return self._factors[t]

    def step_at(self, place: Place, site: Site, trial: Trial) -> int | None:
        """The step at hand; of a line that sums over all steps, that of the summand."""
        steps = sorted(t for _, t in self.part(trial).through if t is not None)
        if trial.t is None and len(steps) == len(place.sites):
            return steps[place.sites.index(site)]
        return trial.t

    @functools.cached_property
    def _factors(self) -> dict[int | None, dict[str, Array]]:
        return {}

    def value_at(self, node: int, trial: Trial) -> Any:
        """What a node computes at a step."""
        return Expression(self.expression.nodes, node).run(trial.given)

    def part(self, trial: Trial) -> Part:
        """What the claim comes down to at a step."""
        return self.truth.part(self.claim, trial.t)

    # --- trying -----------------------------------------------------------------------------------

    def changed(self, place: Place, change: ChangeAt) -> Callable[[Trial], Array | None]:
        """The line with the value at one place changed."""

        def run(trial: Trial) -> Array | None:
            changes = {site: lambda x, site=site: change(x, trial, site) for site in place.sites}
            return trial.attempt(
                lambda: self.expression.run(trial.given, changes, limit=self.largest_size)
            )

        return run

    def combined(self, function: Callable[[Any, Any], Any], x: Any, y: Any) -> Any:
        """A function of two values, unless it is larger than what the line has and is given."""
        require_size(function, (x, y), self.largest_size)
        return function(x, y)

    @functools.cached_property
    def largest_size(self) -> int:
        """The size of the largest array of the line and of the model."""
        arrays = [x for x in self._values if is_numeric(x)]
        return max(map(np.size, [self.first.expected, *arrays, *self.truth.values.values()]))

    def first_result(self, run: Callable[[Trial], Array | None]) -> Array | None:
        """What a changed line gives at the first step at which it is wrong."""
        try:
            return run(self.first)
        except Unchanged:
            return None

    def residual(self, run: Callable[[Trial], Array | None]) -> float | None:
        """How far a changed line is from the truth at most; None if it is no repair."""
        worst = 0.0
        for trial in self.trials:
            try:
                x = run(trial)
            except Unchanged:
                x = trial.result
            error = None if x is None else trial.residual(x)
            if error is None:
                return None
            worst = max(worst, error)
        return worst


def spelled(given: Claim | Step) -> str:
    """What a line is given, at one step of all; of a step, its number."""
    if isinstance(given, Step):
        return f"t{given.distance:+d}" if given.distance else "t"
    return str(given if given.t is not ALL_STEPS else replace(given, t=0))
