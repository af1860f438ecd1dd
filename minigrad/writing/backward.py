"""The backward pass of a written program: the loops of the forward pass, the other way round."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from minigrad.notation.expression import Expression, Symbol
from minigrad.notation.forms import typeset
from minigrad.notation.nodes import total
from minigrad.notation.printing import Text
from minigrad.writing.places import Places
from minigrad.writing.program import Block, Program, Statement
from minigrad.writing.python_text import identifier, joined, sum_of
from minigrad.writing.steps import number, range_over
from minigrad.writing.structure import Item, Part

SUFFIXES = {1: "_next", -1: "_prev"}


@dataclass(frozen=True)
class Sum:
    """Parts of an adjoint that hold at the same steps, and are added in one statement."""

    parts: tuple[Part, ...]
    steps: tuple[int, ...]  # `()` is always

    @property
    def expression(self) -> Expression:
        terms = [part.expression for part in self.parts]
        return terms[0] if len(terms) == 1 else total(*terms)

    @property
    def origin(self) -> int | None:
        return next((p.origin for p in self.parts if p.origin is not None and p.has_step), None)


def _apart(by_steps: Mapping[tuple[int, ...], Sequence[Part]]) -> list[Sum]:
    """Parts that hold at some steps, as sums of which one holds at each."""
    at: dict[int, list[Part]] = {}
    for held, parts in by_steps.items():
        for t in held:
            at.setdefault(t, []).extend(parts)
    together: dict[tuple[Part, ...], list[int]] = {}
    for t, parts in sorted(at.items()):
        together.setdefault(tuple(parts), []).append(t)
    return [Sum(parts, tuple(held)) for parts, held in together.items()]


class Backward:
    """The blocks of the backward pass, and the gradients that it gives.

    What flows to the step before, or in a pass against time to the one after, waits in a variable
    for the next turn of the loop: `dJ_dh_next`. Where more than that flows between steps or loops,
    the adjoints are kept by step in a dict, to which every step adds its parts.

    Attributes
    ----------
    blocks : list of Block
    results : dict
        From the name of an argument to its gradient.
    """

    def __init__(self, program: Program) -> None:
        self.program, self.model, self.text = program, program.model, program.text
        # What flows to another step is needed in the next turn of the loop, and so comes last.
        items = [item for section in self.model.sections for item in section]
        self.items = sorted(items, key=lambda item: bool(item.of.t))
        forward = [loop for loop in program.loops if loop.steps is not None]
        self.loops = [loop.steps[::-1] for loop in reversed(forward) if loop.steps is not None]
        self.turn = {name: i for i, loop in enumerate(reversed(forward)) for name in loop.names}
        self.ready = self._when_ready()
        self.own = {item.of.name: item for item in items if item.of.t == 0}
        self.carried = {name: d for name in self.turn if (d := self._carried(name)) is not None}
        moving = {item.of.name for item in items if item.of.t} & self.turn.keys()
        outside = {name for name in self.turn if self._outside(name)}
        self.summed = (moving | outside) - self.carried.keys()
        self.places = replace(program.places, adjoints={*program.places.adjoints, *self.summed})
        self.known: set[str] = set()  # what has been set up
        self.blocks = [block for i in range(len(self.loops) + 2) for block in self._blocks(i)]
        self.results = dict(self._results())

    # --- where parts are added --------------------------------------------------------------------

    def _when_ready(self) -> dict[str, int]:
        """Before which loop each adjoint is complete."""
        ready = {self.model.J: 0} | {name: i + 1 for name, i in self.turn.items()}
        for section in self.model.sections:
            for item in section:
                if item.of.t is None:
                    ready[item.of.name] = max(ready[name] for name in item.via)
        return ready

    def _place(self, item: Item, part: Part) -> int | None:
        """The loop in which a part is added; the one after all others if none fits."""
        if item.of.t == 0 and item.of.name in self.turn:
            return self.turn[item.of.name]
        if part.via.t is not None:
            return self.turn[part.via.name]
        if item.of.t is None:
            return None
        fitting = [
            i
            for i, steps in enumerate(self.loops)
            if i >= self.ready[part.via.name] and set(part.steps) <= set(steps)
        ]
        return min(fitting, default=len(self.loops))

    def _carried(self, name: str) -> int | None:
        """How many steps away what waits for the next turn comes from; None if that is not all."""
        moving = [item for item in self.items if item.of.name == name and item.of.t]
        steps = self.loops[self.turn[name]]
        states = {a.steps[0] for a in self.program.arguments if a.leaf.name == name}
        if len(moving) != 1 or moving[0].of.t != steps.step or states & self.own[name].steps:
            return None
        [item] = moving
        if any(self._place(item, part) != self.turn[name] for part in item.parts):
            return None
        targets = item.steps
        computed = {t for e in self.model.equations_of(name) for t in e.steps}
        # Once something has come, it comes to every one, or else an old one would stay; and what
        # is left after the last turn is that of the state that is given.
        order = sorted(computed | targets, reverse=steps.step < 0)
        reached = [t in targets for t in order]
        is_steady = reached == sorted(reached)
        is_last = not states & targets or order[-1:] == sorted(states & targets)
        return -steps.step if is_steady and is_last else None

    def _outside(self, name: str) -> list[tuple[Part, int]]:
        """Parts at steps that the loop does not come to, as of a state that is given."""
        item, steps = self.own.get(name), self.loops[self.turn[name]]
        parts = item.parts if item else ()
        return [(part, t) for part in parts for t in part.steps if t not in steps]

    # --- the blocks -------------------------------------------------------------------------------

    def _blocks(self, i: int) -> Iterator[Block]:
        """What comes before a loop, and the loop."""
        straight = Block(None, statements=[*self._after(i - 1), *self._without_step(i)])
        here = [(item, [p for p in item.parts if self._place(item, p) == i]) for item in self.items]
        if i < len(self.loops):
            steps = self.loops[i]
        else:
            found = [t for _, parts in here for part in parts for t in part.steps]
            steps = range(min(found, default=0), max(found, default=-1) + 1)
        loop = Block(steps)
        for item, parts in here:
            is_own = item.of.t == 0 and self.turn.get(item.of.name) == i
            if parts or (is_own and item.of.name in self.carried):
                self._add(loop, item, self._sums(parts, steps))
        yield from (block for block in (straight, loop) if block.statements)

    def _add(self, block: Block, item: Item, sums: Sequence[Sum]) -> None:
        """What a loop does for one adjoint."""
        of = item.of
        name = f"dJ_d{identifier(of.name)}"
        if of.t is None:
            self._set_up(block, name, self._start(item))
            block.statements += self._increments(item, sums)
        elif of.name not in self.turn:
            self._add_to_input(block, item, sums)
        elif of.name in self.summed:
            self._set_up(block, name, self._zeros(of.name))
            block.statements += self._increments(item, sums)
        elif of.t:
            carried = f"{name}{SUFFIXES[self.carried[of.name]]}"
            block.statements += self._assignments(item, sums, carried)
        else:
            carried = f"{name}{SUFFIXES[self.carried[of.name]]}" if of.name in self.carried else ""
            if carried:
                self._set_up(block, carried, "0")
            if of.name in self.places.adjoints:
                self._set_up(block, name, "{}")
            target = self.places.name_of(replace(of, kind="adjoint"))
            block.statements += self._assignments(item, sums, target, carried)

    def _add_to_input(self, block: Block, item: Item, sums: Sequence[Sum]) -> None:
        """An input has its parts in one statement, or they are added where they are known."""
        same = [x for x in self.items if x.of.name == item.of.name]
        ways = {(x.of.t, self._place(x, part)) for x in same for part in x.parts}
        x = identifier(item.of.name)
        [argument] = [a for a in self.program.arguments if a.leaf.name == item.of.name]
        if argument.is_by_step:
            self._set_up(block, f"dJ_d{x}", f"{{t: np.zeros_like({x}[t]) for t in {x}}}")
        elif argument.first is not None or len(ways) > 1:
            self._set_up(block, f"dJ_d{x}", f"np.zeros_like({x})")
        if len(ways) > 1:
            block.statements += self._increments(item, sums)
        else:
            target = self._target(item, self.places)
            block.statements += self._assignments(item, sums, target)

    def _after(self, i: int) -> Iterator[Statement]:
        """What is added to states that the loop before does not come to."""
        for name in [name for name, turn in self.turn.items() if turn == i]:
            for part, t in self._outside(name):
                places = self.places.outside(t)
                target = places.name_of(Symbol(name, 0, (), "adjoint"))
                source = self.program.source(part.expression, places)
                yield Statement(f"{target} += {source}")

    def _without_step(self, i: int) -> Iterator[Statement]:
        """Adjoints of what has no step, or what is missing from them, when all is known."""
        for item in self.items:
            if item.of.t is None and self.ready[item.of.name] == i:
                name = f"dJ_d{identifier(item.of.name)}"
                places = self.places.outside()
                if item.is_shared:
                    for s in self._sums(self._loose(item, late=True), None):
                        yield Statement(f"{name} = {sum_of([name, self._source(s, places)])}")
                else:
                    [s] = self._sums(item.parts, None)
                    p = self.text.absolute()
                    comment = f"{p.adjoint(item.of.name)} = {p(typeset(s.expression))}"
                    yield Statement(f"{name} = {self._source(s, places)}", comment)

    # --- statements -------------------------------------------------------------------------------

    def _set_up(self, block: Block, name: str, value: str) -> None:
        """Before the first loop that adds something."""
        if name not in self.known:
            self.known.add(name)
            block.setup.append(Statement(f"{name} = {value}"))

    def _increments(self, item: Item, sums: Sequence[Sum]) -> Iterator[Statement]:
        """Add parts to what is there."""
        for s in sums:
            p, places = self._at(s)
            source = f"{self._target(item, places)} += {self._source(s, places)}"
            comment = f"{self._part(item, s)} = {p(typeset(s.expression))}"
            yield Statement(source, comment, s.steps)

    def _part(self, item: Item, s: Sum) -> str:
        """What is added, as mathematics: a share, a contribution, or all that the step gives."""
        of, (p, _) = item.of, self._at(s)
        if of.t is None:
            return p.share(of.name)
        via, *others = {part.via for part in s.parts}
        if others:
            return p.from_step(of.name, of.t, 0)
        return p.component(of.name, of.t, via.name, via.t)

    def _assignments(
        self, item: Item, sums: Sequence[Sum], target: str, carried: str = ""
    ) -> Iterator[Statement]:
        """The sum of the parts; of those that hold at some steps only, one statement more."""
        of, p = item.of, self.text
        always = [s for s in sums if not s.steps]
        known = [*filter(None, [carried]), *(self._source(s, self.places) for s in always)]
        if known:
            terms = [p.from_step(of.name, of.t or 0, (of.t or 0) + d) for d in item.from_steps]
            terms += [p(typeset(s.expression)) for s in always]
            comment = f"{p.adjoint(of.name, of.t)} = {joined(terms)}"
            yield Statement(f"{target} = {sum_of(known)}", comment)
        for s in sums:
            if s.steps:
                q, places = self._at(s)
                left = self._part(item, s) if known else q.adjoint(of.name, of.t)
                source = sum_of([*([target] if known else []), self._source(s, places)])
                comment = f"{left} = {q(typeset(s.expression))}"
                yield Statement(f"{target} = {source}", comment, s.steps)

    def _sums(self, parts: Sequence[Part], steps: range | None) -> list[Sum]:
        """The parts added up, for each set of steps at which they hold."""
        by_steps: dict[tuple[int, ...], list[Part]] = {}
        for part in parts:
            if steps is None or not set(steps).isdisjoint(part.steps):
                by_steps.setdefault(self.program.restricted(part.steps, steps), []).append(part)
        overlap = sum(map(len, by_steps)) > len(set().union(*by_steps))
        if overlap and () not in by_steps:  # then nothing is there yet that they can be added to
            return _apart(by_steps)
        return [Sum(tuple(some), held) for held, some in by_steps.items()]

    def _at(self, s: Sum) -> tuple[Text, Places]:
        """How steps are written: counted from the one at hand, or as numbers."""
        if s.origin is None:
            return self.text, self.places
        return self.text.absolute(s.origin), replace(self.places, origin=s.origin)

    def _source(self, s: Sum, places: Places) -> str:
        return self.program.source(s.expression, places)

    def _target(self, item: Item, places: Places) -> str:
        """What the parts are added to: dJ_dW, dJ_dh[t - 2], or dJ_dx[t - 1] of an input."""
        of = item.of
        if of.name in places.sequences:
            return f"dJ_d{places.name_of(of)}"
        return places.name_of(replace(of, kind="adjoint"))

    def _zeros(self, name: str) -> str:
        """Zero for every step of a value, those that are given too."""
        steps = {t for e in self.model.equations_of(name) for t in e.steps}
        steps |= {a.steps[0] for a in self.program.arguments if a.leaf.name == name}
        every = range(min(steps), max(steps) + 1)
        return f"{{t: 0 for t in {range_over(every, self.program.last, self.model.reach)}}}"

    # --- weights and results ----------------------------------------------------------------------

    def _start(self, item: Item) -> str:
        """What the steps add to: the parts that are known before, in an array of its own."""
        sums = self._sums(self._loose(item, late=False), None)
        if not sums:
            return f"np.zeros_like({identifier(item.of.name)})"
        [s] = sums
        source = self._source(s, self.places.outside())
        return f"np.copy({source})" if isinstance(s.expression, Symbol) else source

    def _loose(self, item: Item, late: bool) -> list[Part]:
        """Parts that come from no step, known before the first loop that adds to it, or later."""
        first = min(self.turn[part.via.name] for part in item.parts if part.via.t is not None)
        loose = [part for part in item.parts if part.via.t is None]
        return [part for part in loose if (self.ready[part.via.name] > first) == late]

    def _results(self) -> Iterator[tuple[str, str]]:
        for argument in self.program.arguments:
            name = argument.leaf.name
            same = [item for item in self.items if item.of.name == name]
            reached = set().union(*(item.steps for item in same))
            if same and (not argument.steps or reached.intersection(argument.steps)):
                result = f"dJ_d{identifier(name)}"
                if name in self.carried:
                    result += SUFFIXES[self.carried[name]]
                elif name in self.summed:
                    result += f"[{number(argument.steps[0], self.program.last)}]"
                yield argument.name, result
