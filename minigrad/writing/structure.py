"""What a derivation says, before it is written: equations, and contributions in sections.

Time steps are relative here. What holds in the same words at many steps is one `Equation` or one
`Part`, with the steps at which it holds.
"""

from dataclasses import dataclass
from functools import cached_property

from minigrad.notation.expression import Expression, Symbol, symbols
from minigrad.notation.trace import Steps
from minigrad.tensor import Array


@dataclass(frozen=True)
class Equation:
    """What a value is computed as, at the steps where it is computed so."""

    number: int
    value: Symbol
    expression: Expression
    steps: tuple[int, ...]

    @property
    def distances(self) -> set[int]:
        """How many steps away from the one at hand the values are that it reads."""
        return _steps_in(self.expression) if self.value.t is not None else set()

    @property
    def origin(self) -> int | None:
        """The step that its steps count from, where they are better written as numbers."""
        return _origin(self) if self.value.t is not None else 0


@dataclass(frozen=True)
class Part:
    """The contribution to the adjoint of a value that comes through the next one.

    `via` is at the step at hand, and `of` as many steps away as its `t` says.
    """

    of: Symbol
    via: Symbol
    expression: Expression
    steps: tuple[int, ...]

    @property
    def has_step(self) -> bool:
        """Whether it stands at a step, from which its steps count; or else they are numbers."""
        return self.of.t is not None or self.via.t is not None

    @property
    def distances(self) -> set[int]:
        """How many steps away from the one at hand everything is that it speaks of."""
        return _steps_in(self.of, self.expression) if self.has_step else set()

    @property
    def origin(self) -> int | None:
        """The step that its steps count from, where they are better written as numbers."""
        return _origin(self) if self.has_step else 0


def _steps_in(*expressions: Expression) -> set[int]:
    return {s.t for e in expressions for s in symbols(e) if s.t is not None}


def _origin(said: Equation | Part) -> int | None:
    """The step of what holds at one alone, and speaks of steps far away: h(1) of h(T)."""
    is_far = any(abs(distance) > 1 for distance in said.distances)
    return said.steps[0] if is_far and len(said.steps) == 1 else None


@dataclass(frozen=True)
class Leaf:
    """What the model is given: a parameter, an input at each step, or an initial state.

    The derivation holds for labels that add up to one along an axis, if it makes use of that.
    """

    name: str
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    adds_up_along: int | None = None


@dataclass(frozen=True)
class Item:
    """A value, and the parts of its adjoint that the step at hand gives."""

    of: Symbol
    parts: tuple[Part, ...]
    from_steps: tuple[int, ...]  # how far away those are that more comes from, the latest first

    @property
    def is_shared(self) -> bool:
        """Whether every step has a share of its adjoint, as of a weight."""
        return self.of.t is None and any(part.via.t is not None for part in self.parts)

    @property
    def has_step(self) -> bool:
        """Whether it is the adjoint of a value at a step, or each step has a share of it."""
        return self.of.t is not None or self.is_shared

    @property
    def is_whole(self) -> bool:
        """Whether the one part, in its variants, is the whole adjoint."""
        return len(self.via) == 1 and not (self.from_steps or self.of.t or self.is_shared)

    @property
    def origin(self) -> int | None:
        """The step that all steps count from, where they are better written as numbers."""
        origins = {part.origin for part in self.parts}
        return origins.pop() if len(origins) == 1 and self.of.t else None

    @property
    def steps(self) -> set[int]:
        """The steps of the values that the parts belong to."""
        return {t + (self.of.t or 0) for part in self.parts for t in part.steps}

    @property
    def via(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.via.name for part in self.parts))


@dataclass(frozen=True)
class Model:
    """Everything that a derivation of a gradient flow is written from.

    Attributes
    ----------
    J
        What the loss is called.
    steps
        The time steps of the values that are computed; empty without steps.
    sections
        The items in the order of backpropagation.
    arrays
        Arrays that nobody has named, by their names here.
    numbers
        Numbers that nobody has named, and that may have been computed of sizes.
    oldest_first
        What the items are of, in the order of the program.
    blocks
        Steps that are alike, which a picture draws as one.
    """

    J: str
    steps: tuple[int, ...]
    equations: tuple[Equation, ...]
    sections: tuple[tuple[Item, ...], ...]
    leaves: tuple[Leaf, ...]
    arrays: dict[str, Array]
    numbers: tuple[float, ...]
    oldest_first: tuple[Symbol, ...]
    blocks: tuple[Steps, ...]

    @cached_property
    def scalars(self) -> frozenset[str]:
        """The names of numbers."""
        shapes = {e.value.name: e.value.shape for e in self.equations}
        shapes |= {leaf.name: leaf.shape for leaf in self.leaves}
        return frozenset(name for name, shape in shapes.items() if not shape)

    @property
    def is_unrolled(self) -> bool:
        """Whether something is another contribution at each of many steps."""
        return any(
            len([part for part in item.parts if part.via.name == via]) >= max(4, len(self.steps))
            for section in self.sections
            for item in section
            for via in item.via
        )

    @property
    def last(self) -> int | None:
        """The step that is called T."""
        return self.steps[-1] if self.steps else None

    @cached_property
    def reach(self) -> int:
        """How many of the first and the last steps differ from those between.

        As many as steps lie between a value and what it acts on, but for what holds at one step
        alone; and more if a value or its adjoint begins or ends some steps from the others, as a
        pass back from T - 1, or a state that nothing reads at T.
        """
        apart = [abs(d) for e in self.equations if e.origin is None for d in e.distances]
        reach = max([1, *apart])
        ends: dict[tuple[str, bool], set[int]] = {}  # of values, and of their adjoints
        for e in self.equations:
            ends.setdefault((e.value.name, False), set()).update(e.steps)
        for item in (item for section in self.sections for item in section):
            computed = ends.get((item.of.name, False), set())
            if item.of.t is not None:
                ends.setdefault((item.of.name, True), set()).update(item.steps & computed)
        gaps = [
            gap
            for steps in ends.values()
            if steps
            for gap in (min(steps) - self.steps[0], self.steps[-1] - max(steps))
        ]
        return reach + max([0, *(gap for gap in gaps if gap <= reach)])

    def equations_of(self, name: str) -> list[Equation]:
        return self._equations.get(name, [])

    @cached_property
    def _equations(self) -> dict[str, list[Equation]]:
        found: dict[str, list[Equation]] = {}
        for equation in self.equations:
            found.setdefault(equation.value.name, []).append(equation)
        return found
