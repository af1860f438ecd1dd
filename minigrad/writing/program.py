"""The statements that compute J and every gradient in NumPy, in the places where they go."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from minigrad.notation.expression import (
    Apply,
    Expression,
    OverSteps,
    Symbol,
    has_adjoint,
    shifted,
    subexpressions,
    symbols,
    transform,
)
from minigrad.notation.forms import typeset
from minigrad.notation.nodes import total
from minigrad.notation.printing import Text
from minigrad.operation import FUNCTION
from minigrad.writing.python_text import identifier, source_of
from minigrad.writing.structure import Item, Leaf, Model


class Places:
    """Writes symbols where they stand in the program: inside of the loop over t, or outside.

    Parameters
    ----------
    stored
        The values that are kept for every step.
    sequences
        The inputs with a value at each step, by the first of their steps.
    last
        The step that is called T.
    in_loop
        Whether steps count from that of the loop, and are no numbers.
    """

    def __init__(
        self, stored: Collection[str], sequences: Mapping[str, int], last: int | None, in_loop: bool
    ) -> None:
        self.stored = stored
        self.sequences = sequences
        self.last = last
        self.in_loop = in_loop

    def name_of(self, s: Symbol) -> str:
        name = identifier(s.name)
        if s.kind == "adjoint":
            return f"dJ_d{name}"
        if s.t is None or s.kind == "constant":
            return name
        if s.name in self.sequences:
            return f"{name}[{self.step(s.t, self.sequences[s.name])}]"
        return f"{name}[{self.step(s.t)}]" if s.name in self.stored else name

    def step(self, t: int, first: int = 0) -> str:
        """A time step as an index into what begins at the `first`."""
        if not self.in_loop and t != self.last:
            return str(t - first)
        letter, distance = ("t", t - first) if self.in_loop else ("T", -first)
        return f"{letter} {'+' if distance > 0 else '-'} {abs(distance)}" if distance else letter

    def sum_over_steps(self, e: OverSteps) -> str:
        inside = Places(self.stored, self.sequences, self.last, in_loop=True)
        end = "T + 1" if e.last == self.last else str(e.last + 1)
        return f"sum([{source_of(e.term, inside)} for t in range({e.first}, {end})])"


@dataclass
class Statement:
    """An assignment, and at which steps it is made; `()` is always."""

    source: str
    comment: str = ""
    steps: tuple[int, ...] = ()


@dataclass
class Program:
    """The statements of the function, in the four places where they go."""

    model: Model
    before: list[Statement] = field(default_factory=list)
    forward: list[Statement] = field(default_factory=list)
    between: list[Statement] = field(default_factory=list)
    backward: list[Statement] = field(default_factory=list)
    after: list[Statement] = field(default_factory=list)
    results: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.model
        self.text = Text(model.J, last=model.steps[-1] if model.steps else None)
        self.computed = {equation.value.name for equation in model.equations}
        # Inputs with a value at each of several steps, by the first of these.
        self.sequences = {
            x.name: x.steps[0]
            for x in model.leaves
            if len(x.steps) > 1 or x.steps == model.steps
            if x.steps and x.name not in self.computed
        }
        for leaf in model.leaves:
            self._require_simple(leaf)
        self.shared = self._shared_expressions()
        self._require_distinct()
        self.stored = self._stored()
        last = model.steps[-1] if model.steps else None
        self.inside = Places(self.stored, self.sequences, last, in_loop=True)
        self.outside = Places(self.stored, self.sequences, last, in_loop=False)
        for equation in model.equations:
            self._equation(equation.value, equation.expression, equation.number, equation.steps)
        # What flows to the step before is needed in the next turn of the loop, and so comes last.
        items = [item for section in model.sections for item in section]
        for item in sorted(items, key=lambda item: item.of.t is not None and item.of.t < 0):
            self._item(item)
        self._results()

    @property
    def statements(self) -> list[Statement]:
        return [*self.before, *self.forward, *self.between, *self.backward, *self.after]

    @property
    def arguments(self) -> list[str]:
        return [self.argument(leaf) for leaf in self.model.leaves]

    # --- names ------------------------------------------------------------------------------------

    def argument(self, leaf: Leaf) -> str:
        initial = leaf.name in self.computed
        return identifier(leaf.name) + (str(leaf.steps[0]) if initial else "")

    def _require_distinct(self) -> None:
        """Refuse values that Python would take for each other."""
        model, known = self.model, dict[str, str]()
        names = [*self.computed, *(s.name for s in self.shared.values()), *model.arrays]
        spelled = [(self.argument(leaf), leaf.name) for leaf in model.leaves]
        for text, name in [*spelled, *((identifier(name), name) for name in names)]:
            for variant in (text, f"dJ_d{text}", f"dJ_d{text}_next"):
                if known.setdefault(variant, name) != name:
                    raise ValueError(
                        f"numpy_source: {known[variant]!r} and {name!r} would both be {variant} in "
                        "Python; rename one"
                    )

    def _reference(self, s: Symbol) -> str:
        return self.inside.name_of(s)

    def _source(self, e: Expression, inside: bool = True) -> str:
        return source_of(self._with_shared(e), self.inside if inside else self.outside)

    # --- the forward pass -------------------------------------------------------------------------

    def _equation(self, of: Symbol, e: Expression, number: int, steps: Sequence[int]) -> None:
        if of.t is not None:
            place = self.forward
        elif any(s.t is not None for s in symbols(e)):
            place = self.between
        else:
            place = self.between if self._is_late(e) else self.before
        target = self._reference(of)
        comment = self._comment(self.text if of.t is not None else self.text.absolute(), of, e)
        place.append(
            Statement(
                f"{target} = {self._source(e, of.t is not None)}", comment, self._restricted(steps)
            )
        )
        for shared, symbol in self.shared.items():
            if symbols(shared) == [replace(of, kind="value")]:
                place.append(
                    Statement(
                        f"{self._reference(symbol)} = {source_of(shared, self.inside)}",
                        "",
                        self._restricted(steps),
                    )
                )

    def _is_late(self, e: Expression) -> bool:
        """Whether it uses what is known only after the loop."""
        late = {s.source.partition(" =")[0] for s in self.between}
        return any(self._reference(s) in late for s in symbols(e))

    def _comment(self, p: Text, of: Symbol, e: Expression) -> str:
        return f"{p(of)} = {p(typeset(e))}"

    def _restricted(self, steps: Sequence[int]) -> tuple[int, ...]:
        return () if set(steps) >= set(self.model.steps) else tuple(steps)

    # --- the backward pass ------------------------------------------------------------------------

    def _item(self, item: Item) -> None:
        of = item.of
        name = f"dJ_d{identifier(of.name)}"
        comment = self.text.adjoint(of.name, of.t)
        if item.is_shared:
            self._shared_item(item)
            return
        if of.t is None:
            done = all(self._is_known(part.via) for part in item.parts)
            place = self.between if done else self.after
        else:
            place = self.backward
        target = f"{name}_next" if of.t is not None and of.t < 0 else name
        if of.name in self.sequences:
            self.between.append(
                Statement(f"dJ_d{identifier(of.name)} = np.zeros_like({identifier(of.name)})")
            )
            target = f"{name}{self._reference(of).removeprefix(identifier(of.name))}"
        if item.from_next:
            self.between.append(Statement(f"{name}_next = 0"))
        sums = self._sums(item)
        unconditional = [e for e, steps in sums if not steps]
        start = [f"{name}_next"] if item.from_next else []
        right = " + ".join(start + [self._source(e, of.t is not None) for e in unconditional])
        written = self._comment_of_sum(item, comment)
        if right:
            place.append(Statement(f"{target} = {right}", written))
        for e, steps in sums:
            if steps:
                more = f"{target} + " if right else ""
                place.append(Statement(f"{target} = {more}{self._source(e)}", written, steps))

    def _shared_item(self, item: Item) -> None:
        """The adjoint of a weight: what is known before the loop, then the shares of the steps."""
        of = item.of
        name = self._reference(replace(of, kind="adjoint"))
        loose = [part for part in item.parts if part.via.t is None]
        early = [part for part in loose if self._is_known(part.via)]
        start = " + ".join(self._source(part.expression, inside=False) for part in early)
        self.between.append(
            Statement(f"{name} = {start or f'np.zeros_like({self._reference(of)})'}")
        )
        moving = replace(item, parts=tuple(part for part in item.parts if part.via.t is not None))
        for e, steps in self._sums(moving):
            comment = f"{self.text.share(of.name)} = {self.text(typeset(e))}"
            self.backward.append(Statement(f"{name} += {self._source(e)}", comment, steps))
        for part in loose:
            if part not in early:
                self.after.append(
                    Statement(f"{name} = {name} + {self._source(part.expression, False)}")
                )

    def _comment_of_sum(self, item: Item, left: str) -> str:
        parts = [self.text(typeset(e)) for e, _ in self._sums(item)]
        if item.from_next:
            parts.insert(0, self.text.from_step(item.of.name, item.of.t or 0, 1))
        return f"{left} = {' + '.join(parts)}"

    def _sums(self, item: Item) -> list[tuple[Expression, tuple[int, ...]]]:
        """The parts added up, for each set of steps at which they hold."""
        by_steps: dict[tuple[int, ...], list[Expression]] = {}
        for part in item.parts:
            by_steps.setdefault(self._restricted(part.steps), []).append(part.expression)
        return [(es[0] if len(es) == 1 else total(*es), steps) for steps, es in by_steps.items()]

    def _is_known(self, via: Symbol) -> bool:
        """Whether its adjoint is complete before the loop over the steps."""
        name = f"{self._reference(replace(via, kind='adjoint'))} = "
        shared = [s.source for s in self.backward if s.source.startswith(name.replace("=", "+="))]
        known = any(s.source.startswith(name) for s in self.between)
        return via.name == self.model.J or (known and not shared)

    def _results(self) -> None:
        for leaf in self.model.leaves:
            found = [
                i for section in self.model.sections for i in section if i.of.name == leaf.name
            ]
            if leaf.requires_grad and found:
                suffix = "_next" if leaf.name in self.computed else ""
                self.results[self.argument(leaf)] = f"dJ_d{identifier(leaf.name)}{suffix}"

    # --- what is kept, and what is computed once --------------------------------------------------

    def _all(self) -> Iterator[Expression]:
        for equation in self.model.equations:
            yield equation.expression
        for section in self.model.sections:
            for item in section:
                for part in item.parts:
                    yield part.expression

    def _stored(self) -> set[str]:
        """Values that are needed after their turn of the forward loop: a list, not a variable."""
        used = {
            s.name
            for section in self.model.sections
            for item in section
            for part in item.parts
            for s in symbols(self._with_shared(part.expression))
            if s.t is not None and s.kind == "value"
        }
        for equation in self.model.equations:
            for s in symbols(self._with_shared(equation.expression)):
                if s.t is not None and (s.t != 0 or equation.value.t is None):
                    used.add(s.name)
        return used & (self.computed | {s.name for s in self.shared.values()})

    def _shared_expressions(self) -> dict[Expression, Symbol]:
        """Functions of one value that occur more than once, as tanh(c), get a name."""
        counts: Counter[Expression] = Counter()
        for e in self._all():
            for x in set(subexpressions(e)):
                if isinstance(x, Apply) and x.operation.precedence == FUNCTION:
                    steps = {s.t for s in symbols(x)}
                    if len(symbols(x)) == 1 and not has_adjoint(x):
                        [t] = steps
                        counts[shifted(x, -(t or 0))] += 1
        return {
            x: Symbol(f"{x.operation.name}_{s.name}", s.t, x.shape)
            for x, n in counts.items()
            for s in symbols(x)
            if n > 1 and isinstance(x, Apply) and s.name in self.computed
        }

    def _with_shared(self, e: Expression) -> Expression:
        def replaced(x: Expression) -> Expression:
            if not isinstance(x, Apply) or len(symbols(x)) != 1:
                return x
            t = symbols(x)[0].t
            known = self.shared.get(shifted(x, -(t or 0)))
            return x if known is None else shifted(known, t or 0)

        return transform(e, replaced) if self.shared else e

    def _require_simple(self, leaf: Leaf) -> None:
        steps = self.model.steps
        if leaf.name in self.computed:
            simple = leaf.steps == (steps[0] - 1,)
        else:
            first, last = (leaf.steps or (0,))[0], (leaf.steps or (0,))[-1]
            simple = not leaf.steps or leaf.steps == tuple(range(first, last + 1))
        if not simple:
            raise ValueError(
                f"numpy_source: expected {leaf.name} at steps without a gap, or as an initial "
                f"state at the step before the first, got it at {', '.join(map(str, leaf.steps))}"
            )

    def stored_names(self) -> list[str]:
        names = [e.value.name for e in self.model.equations if e.value.t is not None]
        names += [s.name for s in self.shared.values() if s.t is not None]
        return [name for name in dict.fromkeys(names) if name in self.stored]
