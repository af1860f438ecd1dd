"""The statements that compute J and every gradient in NumPy, in the places where they go."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from minigrad.notation.expression import Expression, Number, OverSteps, symbols, transform
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Text
from minigrad.writing.source.arguments import arguments_of
from minigrad.writing.source.loops import Loop, loops_of
from minigrad.writing.source.places import Places
from minigrad.writing.source.python_text import identifier, source_of
from minigrad.writing.source.repeated import repeated, with_names
from minigrad.writing.source.sums import held_in
from minigrad.writing.source.ties import Ties
from minigrad.writing.steps import number
from minigrad.writing.structure import Equation, Model


def _without_sum(e: Expression) -> Expression:
    return Number(0, e.shape) if isinstance(e, OverSteps) else e


@dataclass
class Statement:
    """An assignment, and at which steps of its loop it is made; `()` is always."""

    source: str
    comment: str = ""
    steps: tuple[int, ...] = ()


@dataclass
class Block:
    """Statements in a loop over steps, or outside of the loops, and what is set up before them."""

    steps: range | None
    setup: list[Statement] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)


class Program:
    """What the forward pass and the backward pass of a written program have in common.

    Attributes
    ----------
    arguments
        What the function takes, in the order of the program.
    ties
        Which of their axes are equally long.
    loops
        The parts of the forward pass.
    loop_of
        Which of them computes a value.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        self.last = model.steps[-1] if model.steps else None
        self.text = Text(model.J, last=self.last)
        self.computed = {equation.value.name for equation in model.equations}
        self.ties = Ties(model.equations)
        self.arguments = arguments_of(model, self.ties)
        self.written, self.shared = repeated(model)
        self.loops = loops_of(replace(model, equations=tuple(self.written)))
        self.loop_of = {name: i for i, loop in enumerate(self.loops) for name in loop.names}
        self._require_distinct()
        sequences = {a.leaf.name: a.first for a in self.arguments if a.first is not None}
        kept = self._kept_values(), self._kept_adjoints()
        self.places = Places(*kept, sequences, self.last, model.reach)

    def _require_distinct(self) -> None:
        """Refuse values that Python would take for each other."""
        names = [*(e.value.name for e in self.written), *self.model.arrays]
        known: dict[str, str] = {}
        spelled = [(argument.name, argument.leaf.name) for argument in self.arguments]
        for text, name in [*spelled, *((identifier(name), name) for name in names)]:
            for variant in (text, *(f"dJ_d{text}{end}" for end in ("", "_next", "_prev"))):
                if known.setdefault(variant, name) != name:
                    raise ValueError(
                        f"numpy_source: {known[variant]!r} and {name!r} would both be {variant} in "
                        "Python; rename one"
                    )

    # --- what is kept by step ---------------------------------------------------------------------

    def _kept_values(self) -> set[str]:
        """Values that are needed after their turn of the loop: a dict, not a variable."""
        used = {
            s.name
            for section in self.model.sections
            for item in section
            for part in item.parts
            for s in symbols(with_names(part.expression, self.shared))
            if s.t is not None and s.kind == "value"
        }
        for e in self.written:
            if len({x.value.shape for x in self.model.equations_of(e.value.name)}) > 1:
                used.add(e.value.name)  # an adjoint is made in the shape of its value
            for s in symbols(e.expression):
                here = self.loop_of[e.value.name] == self.loop_of.get(s.name)
                if s.t is not None and (s.t != 0 or e.value.t is None or not here):
                    used.add(s.name)
        return used & self.loop_of.keys()

    def _kept_adjoints(self) -> set[str]:
        """Adjoints that another loop needs than the one that computes them."""
        return {
            part.via.name
            for section in self.model.sections
            for item in section
            if item.of.t == 0 and item.of.name in self.computed
            for part in item.parts
            if part.via.t is not None
            if self.loop_of[part.via.name] != self.loop_of[item.of.name]
        }

    # --- how it is written ------------------------------------------------------------------------

    def source(self, e: Expression, places: Places | None = None) -> str:
        """An expression, in a loop over t unless the places say otherwise."""
        return source_of(with_names(e, self.shared), places or self.places)

    def is_general(self, e: Equation) -> bool:
        """Whether an equation that has numbers for steps means the same for another number of them.

        Outside of the loops it may read the first step and the last.
        """
        if e.origin is None or e.value.t is not None:
            return e.origin is None
        read = symbols(transform(e.expression, _without_sum))
        first, last = self.model.steps[0], self.model.steps[-1]
        return all(s.t is None or not first < s.t < last for s in read)

    # --- the forward pass -------------------------------------------------------------------------

    def forward(self) -> list[Block]:
        """The loops of the forward pass, and what is computed before, between and after them."""
        return [self._forward(loop) for loop in self.loops]

    def _forward(self, loop: Loop) -> Block:
        block = Block(loop.steps)
        for name in loop.names:
            block.statements += self._computed(name, loop)
        for name in sorted(loop.names, key=lambda name: name not in self.computed):
            if name in self.places.values and loop.steps is not None:
                block.setup.append(Statement(f"{identifier(name)} = {{{self._given(name)}}}"))
        return block

    def _given(self, name: str) -> str:
        """The states of a value that are given, as entries of a dict."""
        states = [a for a in self.arguments if a.leaf.name == name]
        return ", ".join(f"{number(a.steps[0], self.last)}: {a.name}" for a in states)

    def _computed(self, name: str, loop: Loop) -> Iterator[Statement]:
        """A value by its equations; and what is computed once."""
        said = iter(self.model.equations_of(name))
        for e in [e for e in self.written if e.value.name == name]:
            p, places = self.text, self.places
            if e.origin is not None:
                p = p.absolute(e.origin)
                places = replace(places, in_loop=loop.steps is not None, origin=e.origin)
            source = f"{self.places.name_of(e.value)} = {source_of(e.expression, places)}"
            whole = next(said, None)
            comment = f"{p(e.value)} = {p(typeset((whole or e).expression))}"
            yield Statement(source, comment, held_in(e.steps, loop.steps))
