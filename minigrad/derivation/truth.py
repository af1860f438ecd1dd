"""What a gradient flow holds of a claim at a step: which part of which sum, and its array."""

import copy
import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from minigrad.backprop import graph, inputs_of
from minigrad.derivation.claims import ALL_STEPS, THIS_STEP, Adjoint, Claim, Step
from minigrad.derivation.derivation import Line
from minigrad.flow import GradientFlow, Label
from minigrad.rounding import rounding_errors
from minigrad.tensor import Array, Tensor, value_of


@dataclass(frozen=True)
class Part:
    """The sum of some of the contributions to one adjoint: what a claim comes down to at a step.

    Two claims that come down to the same part say the same thing, such as the whole adjoint and
    the contribution via z_o, where that is the only one.
    """

    label: Label
    through: frozenset[Label]


class Truth:
    """The arrays of a gradient flow, by claim and step, in one layout."""

    def __init__(self, flow: GradientFlow, layout: str) -> None:
        self.flow = flow
        self.layout = layout
        self.values: dict[Label, Array] = {
            label: value_of(x).copy() for label, x in flow.values.items()
        }
        self.steps = sorted({t for _, t in self.values if t is not None})
        self.precision = float(np.finfo(flow.J.dtype).eps)
        self._roundings: dict[tuple[type, Part], float] = {}
        self._sums: dict[Part, Array] = {}
        self._contributions = {
            label: {m: self.laid_out(value_of(x)) for m, x in flow.contributions(*label).items()}
            for label in self.values
        }
        made = [x for x in flow.values.values() if x._operation is not None and x.ndim > 1]
        self.batch = _common_length([x.shape for x in made])
        # J is the sum of nothing; its adjoint is 1.
        self.J = (flow.J.name or "J", flow.J.t)
        self._contributions[self.J] = {self.J: np.ones_like(self.values[self.J])}
        # How many steps after each value those stand that its adjoint has parts from, by name.
        self.distances: dict[str, dict[str, set[int]]] = {}
        for (name, t), parts in self._contributions.items():
            of_name = self.distances.setdefault(name, {})
            for m, s in parts:
                of_name.setdefault(m, set()).add(0 if s is None or t is None else s - t)

    def by_name(self) -> dict[str, list[Array]]:
        """The values of each name at all its steps."""
        found: dict[str, list[Array]] = {}
        for (name, _), x in self.values.items():
            found.setdefault(name, []).append(x)
        return found

    def adjoints_by_name(self) -> dict[str, list[Array]]:
        """The adjoints of each name at all its steps, of those that reach J."""
        found: dict[str, list[Array]] = {}
        for label, parts in self._contributions.items():
            if parts:
                found.setdefault(label[0], []).append(self.sum_of(Part(label, frozenset(parts))))
        return found

    # --- which ------------------------------------------------------------------------------------

    def steps_of(self, line: Line) -> list[int | None]:
        """The steps at which a line can be checked: its claim and all it is given exist there.

        Raises
        ------
        LookupError
            If there are none; it says why.
        """
        claims = [line.claim, *line.inputs.values()]
        for claim in claims:
            self._require_known(claim)
        steps = self.steps if line.is_indexed or any(map(self._moves, claims)) else [None]
        found = [
            t
            for t in steps
            if self._exists(line.claim, t) and self._can_run(line, t)
            if line.steps is None or t in line.steps
        ]
        if not found:
            raise LookupError(
                f"{line.claim} and what the line is given exist together at no step; "
                "look at the t of each"
            )
        return found

    def part(self, claim: Claim, t: int | None) -> Part:
        """What an adjoint comes down to at step t; of a value, no part of its adjoint."""
        label = self.label(claim, t)
        if not isinstance(claim, Adjoint):
            return Part(label, frozenset())
        own = t if label[1] is None else label[1]
        known = self.contributions(label)
        if claim.via is None:
            through = frozenset(known)
        elif claim.via == THIS_STEP:  # of a value, all that does not come from other steps
            steps = {own} if label[1] is None else {own, None}
            through = frozenset(m for m in known if m[1] in steps)
        elif isinstance(claim.via, Step):
            step = None if own is None else own + claim.via.distance
            through = frozenset(m for m in known if step is not None and m[1] == step)
        else:
            alike = {m for m in known if m[0] == claim.via}
            at_hand = alike & {(claim.via, t), (claim.via, None)}
            # The one elsewhere is meant, unless parts through that name come from several sides.
            clear = label[1] is not None and len(self.distances[claim.name].get(claim.via, ())) == 1
            through = frozenset(at_hand or (alike if clear and len(alike) == 1 else ()))
        return Part(label, through)

    def parts(self, claim: Adjoint) -> dict[int, Part]:
        """What an adjoint at all steps comes down to at each of them."""
        at_hand = replace(claim, t=0)
        return {t: self.part(at_hand, t) for t in self.steps if self._exists(at_hand, t)}

    def label(self, claim: Claim, t: int | None) -> Label:
        """The name and step of the value that a claim speaks of at step t."""
        if (claim.name, None) in self.values or t is None or claim.t is ALL_STEPS:
            return claim.name, None
        return claim.name, t + claim.t

    def contributions(self, label: Label) -> dict[Label, Array]:
        """What the adjoint of a value is the sum of; nothing for a value that is not there."""
        return self._contributions.get(label, {})

    # --- how much ---------------------------------------------------------------------------------

    def sum_of(self, part: Part) -> Array:
        """A part of an adjoint, in the layout of the derivation."""
        if part in self._sums:
            return self._sums[part]
        arrays = [x for m, x in self.contributions(part.label).items() if m in part.through]
        if not arrays:
            return np.zeros_like(self.laid_out(self._value(part.label)))
        whole: Array = sum(arrays[1:], arrays[0])
        if part.label[1] is None:  # asked for at every step
            self._sums[part] = whole
        return whole

    def rounding(self, claim: Claim, t: int | None) -> float:
        """What rounding does to what is claimed at a step, if all values and adjoints are given."""
        key = type(claim), self.part(claim, t)  # of a weight, the same at every step
        if key not in self._roundings:
            x = self.flow.values[self.label(claim, t)]
            is_adjoint = isinstance(claim, Adjoint)
            terms = self.terms(self.part(claim, t)) if is_adjoint else [x]
            given = self._given_tensors if is_adjoint else self._given_tensors - {x}
            self._roundings[key] = rounding_errors([terms], self.precision, given)[0]
        return self._roundings[key]

    @functools.cached_property
    def _given_tensors(self) -> frozenset[Tensor]:
        """All values and adjoints."""
        flow = self.flow
        adjoints = (flow.adjoint(*m) for m in flow.values if flow.reaches(*m))
        return frozenset([*flow.values.values(), *adjoints])

    def terms(self, part: Part) -> list[Tensor]:
        """The contributions that a part of an adjoint is the sum of, as tensors."""
        known = self.flow.contributions(*part.label)
        return [x for m, x in known.items() if m in part.through]

    def given(self, claim: Claim | Step, t: int | None) -> Any:
        """The array that a claim stands for at step t, or a dict of them; of a step, its number."""
        if isinstance(claim, Step):
            return claim.distance + (t or 0)
        if isinstance(claim, Adjoint):
            if claim.t is ALL_STEPS:
                return {s: self.sum_of(part) for s, part in self.parts(claim).items()}
            return self.sum_of(self.part(claim, t))
        if claim.t is ALL_STEPS:
            return {s: x for (name, s), x in self.values.items() if name == claim.name}
        return self._value(self.label(claim, t))

    def _value(self, label: Label) -> Array:
        """A value. Outside of the steps there is none; what is computed from it meets a zero."""
        name, t = label
        if label in self.values or t is None:
            return self.values[label]
        return self.values[name, min(self._steps_of_name(name), key=lambda s: abs(s - t))]

    def with_contributions(self, contributions: Mapping[Label, Mapping[Label, Array]]) -> "Truth":
        """Other contributions, in the shapes of the values, in the place of the true ones."""
        other = copy.copy(self)
        other._contributions, other._sums = {**self._contributions}, {}
        for label, parts in contributions.items():
            if label != self.J:
                other._contributions[label] = {m: self.laid_out(x) for m, x in parts.items()}
        return other

    @functools.cached_property
    def first_uses(self) -> dict[Label, int]:
        """The age of the oldest of what each value goes into, on its way to J."""
        labels = {x: label for label, x in self.flow.values.items()}
        found: dict[Label, int] = {}
        for node in graph(self.flow.J):
            for x in inputs_of(node):
                if x in labels:
                    found.setdefault(labels[x], node._index)
        return found

    def laid_out(self, g: Array) -> Array:
        """A gradient in the layout of the derivation, or back."""
        return g.mT if self.layout == "numerator" and g.ndim > 1 else g

    # --- whether ----------------------------------------------------------------------------------

    def is_given(self, claim: Claim, t: int | None) -> bool:
        """Whether there is an array for a claim; outside of the steps, adjoints are zero."""
        label = self.label(claim, t)
        if claim.t is ALL_STEPS or label in self.values:
            return True
        after = label[1] is not None and label[1] > self._steps_of_name(label[0])[-1]
        return after or (isinstance(claim, Adjoint) and self._is_outside(label))

    def _can_run(self, line: Line, t: int | None) -> bool:
        """Whether there is what a line is given, or what is missing meets a zero.

        That is the adjoint of a value outside of the steps, before the first or after the last.
        """
        given = list(line.inputs.values())
        missing = [c for c in given if c.t is not ALL_STEPS and self.label(c, t) not in self.values]
        if not missing:
            return True
        has_zero = any(isinstance(c, Adjoint) for c in missing)
        outside = all(self._is_outside(self.label(c, t)) for c in missing)
        return has_zero and outside and len(missing) < len(given)

    def _is_outside(self, label: Label) -> bool:
        name, t = label
        steps = self._steps_of_name(name)
        return t is not None and not steps[0] <= t <= steps[-1]

    def _exists(self, claim: Claim, t: int | None) -> bool:
        if self.label(claim, t) not in self.values:
            return False
        if not isinstance(claim, Adjoint):
            return True
        if not self.flow.values[self.label(claim, t)].requires_grad:
            return False
        # At the last step, what flows from the next is zero; other parts are not there at all.
        whole = claim.via is None or claim.is_from_another_step
        return whole or bool(self.part(claim, t).through)

    def _moves(self, claim: Claim) -> bool:
        """Whether a claim means something else at another step."""
        if claim.t is ALL_STEPS:
            return False
        if (claim.name, None) not in self.values:
            return True
        used = self.contributions((claim.name, None))
        return (
            isinstance(claim, Adjoint)
            and claim.via is not None
            and any(t is not None for _, t in used)
        )

    def _steps_of_name(self, name: str) -> list[int]:
        return sorted(t for n, t in self.values if n == name and t is not None)

    def _require_known(self, claim: Claim) -> None:
        labels = [label for label in self.values if label[0] == claim.name]
        if not labels:
            raise LookupError(
                f"no value is called {claim.name}; known are {_listed(n for n, _ in self.values)}"
            )
        if isinstance(claim, Adjoint):
            if not any(self.flow.values[label].requires_grad for label in labels):
                raise LookupError(
                    f"{claim.name} requires no gradient; make it with requires_grad=True"
                )
            via = {m for label in labels for m, _ in self.contributions(label)}
            if isinstance(claim.via, str) and claim.via not in via:
                raise LookupError(
                    f"{claim.name} does not reach J through {claim.via}; it does through "
                    f"{_listed(sorted(via))}"
                )


def _common_length(shapes: list[tuple[int, ...]]) -> int | None:
    """The length of the axis that all have in common, the last or the first: the batch."""
    for axis in (-1, 0):
        lengths = {shape[axis] for shape in shapes}
        if len(lengths) == 1:
            return lengths.pop()
    return None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or "nothing"


def arrays_in(given: Any) -> Iterator[Array]:
    """The arrays that a parameter holds: one, or one for each step."""
    yield from given.values() if isinstance(given, dict) else [given]
