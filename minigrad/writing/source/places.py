"""What values and adjoints are called in a written program, and how their steps are counted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from minigrad.notation.expression import MovingNumber, OverSteps, Symbol
from minigrad.operations.elementwise import add
from minigrad.writing.source.python_text import call, identifier, source_of
from minigrad.writing.steps import number, plus, range_over


@dataclass(frozen=True)
class Places:
    """Writes symbols where they stand in the program: inside of a loop over t, or outside.

    Attributes
    ----------
    values, adjoints
        Those that are kept for every step, in a dict.
    sequences
        The inputs with a value at each step, by the first of their steps.
    last, reach
        The step that is called T, and how many before it are counted from there.
    carried
        How the adjoints are called that flow to another step and wait in a variable.
    in_loop
        Whether steps count from that of the loop.
    origin
        The step that they count from where they are numbers: outside, and of what is far away.
    """

    values: Collection[str]
    adjoints: Collection[str]
    sequences: Mapping[str, int]
    last: int | None
    reach: int
    carried: Mapping[str, str] = field(default_factory=dict)
    in_loop: bool = True
    origin: int | None = None

    def outside(self, origin: int = 0) -> "Places":
        """Outside of the loops."""
        return replace(self, in_loop=False, origin=origin)

    def name_of(self, s: Symbol) -> str:
        name = identifier(s.name)
        kept = self.values
        if s.kind == "adjoint":
            name, kept = f"dJ_d{name}", self.adjoints
            if s.t and s.name in self.carried:
                return self.carried[s.name]
        if s.t is None or s.kind == "constant":
            return name
        if s.name in self.sequences:
            return f"{name}[{self.step(s.t, self.sequences[s.name])}]"
        return f"{name}[{self.step(s.t)}]" if s.name in kept else name

    def step(self, t: int, first: int = 0) -> str:
        """A time step as an index into what begins at the `first`."""
        if self.in_loop and (self.origin is None or t == 0):
            return plus("t", t - first)
        return number(t + (self.origin or 0), self.last, first)

    def index(self, i: MovingNumber) -> str:
        """An index that moves with the time step."""
        if not self.in_loop or self.origin is not None:
            is_last = self.origin == self.last is not None and i.factor == 1
            return plus("T", i.offset) if is_last else str(i.at(self.origin or 0))
        moving = "t" if abs(i.factor) == 1 else f"{abs(i.factor)} * t"
        return plus(moving, i.offset) if i.factor > 0 else f"{i.offset} - {moving}"

    def over_steps(self, e: OverSteps) -> str:
        """A sum or a stack, of what a comprehension gives for each step."""
        inside = replace(self, in_loop=True, origin=None)
        steps = range_over(range(e.first, e.last + 1), self.last, self.reach)
        terms = f"[{source_of(e.term, inside)} for t in {steps}]"
        return f"sum({terms})" if e.operation is add else call(e.operation, e.parameters, terms)
