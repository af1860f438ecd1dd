"""The backward pass of a written program: the loops of the forward pass, the other way round."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from minigrad.notation.expression import Expression, Number, Symbol, symbols, with_inputs
from minigrad.notation.forms import typeset
from minigrad.notation.nodes import is_, without_sign
from minigrad.notation.printing import Text
from minigrad.operations.elementwise import add
from minigrad.writing.source.deltas import Delta, deltas_of, with_delta
from minigrad.writing.source.pieces import (
    addition,
    shares_memory,
    times_written,
    without_broadcast,
)
from minigrad.writing.source.places import Places
from minigrad.writing.source.program import Block, Program, Statement
from minigrad.writing.source.python_text import identifier, joined, source_of, sum_of
from minigrad.writing.source.sums import Sum, held_in, part_text, sums_of
from minigrad.writing.steps import number, range_over
from minigrad.writing.structure import Item, Part

SUFFIXES = {1: "_next", -1: "_prev"}


def _is_apart(item: Item, part: Part) -> bool:
    """Whether a part counts steps otherwise than the others, or is set up before a loop."""
    return (item.is_shared or part.has_step) and part.origin is not None


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
        self.item_of = {(item.of.name, item.of.t): item for item in items}
        self.own = {item.of.name: item for item in items if item.of.t == 0}
        self.carried = {name: v for name in self.turn if (v := self._carried(name)) is not None}
        moving = {item.of.name for item in items if item.of.t} & self.turn.keys()
        outside = {name for name in self.turn if self._outside(name)}
        self.summed = (moving | outside) - self.carried.keys()
        kept = {*program.places.adjoints, *self.summed}
        self.places = replace(program.places, adjoints=kept, carried=self.carried)
        self.known: set[str] = set()  # what has been set up
        self.deltas = dict(self._deltas())
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

    def _carried(self, name: str) -> str | None:
        """The variable in which an adjoint waits for the next turn, if all of it comes so."""
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
        suffix = SUFFIXES[-steps.step]
        return f"dJ_d{identifier(name)}{suffix}" if is_steady and is_last else None

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
            loop.statements += self._needed_deltas(parts, steps)
            is_own = item.of.t == 0 and self.turn.get(item.of.name) == i
            if parts or (is_own and item.of.name in self.carried):
                self._add(loop, item, sums_of(parts, steps))
        yield from (block for block in (straight, loop) if block.statements)

    def _add(self, block: Block, item: Item, sums: Sequence[Sum]) -> None:
        """What a loop does for one adjoint."""
        of = item.of
        name = f"dJ_d{identifier(of.name)}"
        if of.t is None:
            self._set_up(block, name, self._start(item))
            block.statements += self._increments(sums)
        elif of.name not in self.turn:
            self._add_to_input(block, item, sums)
        elif of.name in self.summed:
            self._set_up(block, name, [Statement(f"{name} = {self._zeros(of.name)}")])
            block.statements += self._increments(sums)
        elif of.t:
            block.statements += self._assignments(item, sums)
        else:
            carried = self.carried.get(of.name, "")
            if carried:
                self._set_up(block, carried, [Statement(f"{carried} = 0")])
            if of.name in self.places.adjoints:
                self._set_up(block, name, [Statement(f"{name} = {{}}")])
            block.statements += self._assignments(item, sums, carried)

    def _add_to_input(self, block: Block, item: Item, sums: Sequence[Sum]) -> None:
        """An input has its parts in one statement, or they are added where they are known."""
        same = [x for x in self.items if x.of.name == item.of.name]
        ways = {(x.of.t, self._place(x, part)) for x in same for part in x.parts}
        x = identifier(item.of.name)
        [argument] = [a for a in self.program.arguments if a.leaf.name == item.of.name]
        zeros = f"np.zeros_like({x})"
        if argument.is_by_step:
            zeros = f"{{t: np.zeros_like({x}[t]) for t in {x}}}"
        is_added_to = len(ways) > 1 or not all(s.is_whole for s in sums)
        if argument.first is not None or is_added_to:
            self._set_up(block, f"dJ_d{x}", [Statement(f"dJ_d{x} = {zeros}")])
        block.statements += self._increments(sums) if is_added_to else self._assignments(item, sums)

    def _after(self, i: int) -> Iterator[Statement]:
        """What is added to states that the loop before does not come to."""
        for name in [name for name, turn in self.turn.items() if turn == i]:
            for part, t in self._outside(name):
                for s in sums_of([part], None):
                    yield self._increment(s, self.text.absolute(t), self.places.outside(t))

    def _without_step(self, i: int) -> Iterator[Statement]:
        """Adjoints of what has no step, or what is missing from them, when all is known."""
        for item in self.items:
            if item.of.t is None and self.ready[item.of.name] == i:
                yield from self._needed_deltas(item.parts, None)
                if item.is_shared:
                    yield from self._increments(sums_of(self._loose(item, late=True), None))
                else:
                    yield from self._assignments(item, sums_of(item.parts, None))

    # --- what is common to contributions ----------------------------------------------------------

    def _deltas(self) -> Iterator[tuple[str, list[Delta]]]:
        """What uses of an adjoint have in common, where they are in the loop that makes it."""
        names = [*(leaf.name for leaf in self.model.leaves), *self.model.arrays]
        taken = {identifier(x) for x in (*names, *(e.value.name for e in self.program.written))}
        through: dict[str, list[tuple[Item, Part]]] = {}
        for item in self.items:
            for part in item.parts:
                through.setdefault(part.via.name, []).append((item, part))
        for via, uses in through.items():
            turn = self.turn.get(via)
            if all(self._place(*use) == turn and not _is_apart(*use) for use in uses):
                parts = [part for _, part in uses]
                yield via, deltas_of(parts[0].via, parts, taken)

    def _needed_deltas(self, parts: Iterable[Part], steps: range | None) -> Iterator[Statement]:
        """What contributions through the same value have in common, before the first of them."""
        vias = dict.fromkeys(part.via.name for part in parts)
        for delta in [delta for name in vias for delta in self.deltas.get(name, ())]:
            name = self.places.name_of(delta.symbol)
            if name not in self.known:
                self.known.add(name)
                places = self.places if steps else self.places.outside()
                source = self.program.source(delta.expression, places)
                p = self.text if steps else self.text.absolute()
                comment = f"{p(delta.symbol)} = {p(typeset(delta.expression))}"
                yield Statement(f"{name} = {source}", comment, held_in(delta.steps, steps))

    # --- statements -------------------------------------------------------------------------------

    def _set_up(self, block: Block, name: str, statements: Iterable[Statement]) -> None:
        """Before the first loop that adds something."""
        if name not in self.known:
            self.known.add(name)
            block.setup += statements

    def _increments(self, sums: Iterable[Sum]) -> Iterator[Statement]:
        """Add parts to what is there."""
        for s in sums:
            if s.expression != Number(0, s.piece.shape):
                yield self._increment(s, *self._at(s))

    def _increment(self, s: Sum, p: Text, places: Places) -> Statement:
        positive = without_sign(s.expression)
        source = self._source(without_broadcast(positive or s.expression), places)
        added = addition(s.piece, s.t, "+" if positive is None else "-", source, places)
        return Statement(added, self._said(s, p), s.steps)

    def _said(self, s: Sum, p: Text) -> str:
        """What a sum is, as mathematics."""
        of = s.parts[0].of  # of a value that grows, of another shape than the item's
        item = self.item_of[of.name, of.t]
        return f"{part_text(s, item, p)} = {p(typeset(s.expression))}"

    def _assignments(
        self, item: Item, sums: Iterable[Sum], carried: str = "", is_start: bool = False
    ) -> Iterator[Statement]:
        """The sum of the parts, then what goes to pieces and what holds at some steps only.

        Parameters
        ----------
        carried
            The variable with what other steps have added.
        is_start
            Whether the steps will add more.
        """
        groups: dict[tuple[int, ...], list[Sum]] = {}
        always: tuple[int, ...] = ()
        if carried:
            computed = {t for e in self.model.equations_of(item.of.name) for t in e.steps}
            always = held_in(sorted(computed), self.loops[self.turn[item.of.name]])
            groups[always] = []
        for s in sorted(sums, key=lambda s: bool(s.steps)):
            groups.setdefault(s.steps, []).append(s)
        is_added_to = always in groups
        for held, group in groups.items():
            if is_added_to and held != always:
                yield from map(self._addition, group)
            else:
                every = [s for some in groups.values() for s in some] if is_added_to else group
                is_own = is_start or not all(s.is_whole for s in every)
                yield from self._assigned(item, held, group, carried, is_own, is_start)

    def _assigned(
        self,
        item: Item,
        held: tuple[int, ...],
        sums: Sequence[Sum],
        carried: str,
        is_own: bool,
        is_start: bool,
    ) -> Iterator[Statement]:
        """A new adjoint, in an array of its own if more will be added to a part of it."""
        of = item.of
        p, places = self._at(sums[0]) if sums else (self.text, self.places)
        whole, pieces = [s for s in sums if s.is_whole], [s for s in sums if not s.is_whole]
        is_copied = is_own and not carried
        sources = [self._array(s.expression, of, places, is_copied) for s in whole]
        counts = times_written([s.piece for s in pieces], of, sums[0].t if sums else 0)
        if is_own and not whole:
            kind = "empty" if not carried and (counts == 1).all() else "zeros"
            sources = [f"np.{kind}_like({places.name_of(of)})"]
        terms = [p.from_step(of.name, of.t or 0, (of.t or 0) + d) for d in item.from_steps]
        terms += [p(typeset(s.expression)) for s in whole]
        is_part = is_start and whole
        left = part_text(whole[0], item, p) if is_part else p.adjoint(of.name, of.t)
        target = places.name_of(replace(of, kind="adjoint"))
        comment = f"{left} = {joined(terms)}" if terms else ""
        yield Statement(f"{target} = {sum_of(filter(None, [carried, *sources]))}", comment, held)
        is_first = not (carried or whole) and counts.max(initial=0) <= 1
        for s in pieces:
            if is_first:
                source = self._source(without_broadcast(s.expression), places)
                source = f"{source_of(s.piece, places)} = {source}"
                yield Statement(source, f"{p(s.piece)} = {p(typeset(s.expression))}", held)
            else:
                yield self._increment(s, p, places)

    def _addition(self, s: Sum) -> Statement:
        """More that holds at some steps, added to what may be somebody else's array."""
        p, places = self._at(s)
        if not s.is_whole:
            return self._increment(s, p, places)
        target = source_of(s.piece, places)
        source = sum_of([target, self._array(s.expression, s.parts[0].of, places)])
        return Statement(f"{target} = {source}", self._said(s, p), s.steps)

    def _at(self, s: Sum) -> tuple[Text, Places]:
        """How steps are written: counted from the one at hand, or as numbers."""
        if not s.has_step:
            return self.text.absolute(), self.places.outside()
        if s.origin is None:
            return self.text, self.places
        return self.text.absolute(s.origin), replace(self.places, origin=s.origin)

    def _source(self, e: Expression, places: Places) -> str:
        return self.program.source(self._with_deltas(e), places)

    def _array(self, e: Expression, of: Symbol, places: Places, is_copied: bool = False) -> str:
        """The source of an array in the shape of a value, whatever its sizes are."""
        short = self._with_deltas(without_broadcast(e))
        source, value = self.program.source(short, places), places.name_of(of)
        if isinstance(short, Number) and of.shape:
            return (
                f"np.ones_like({value})" if short.value == 1 else f"np.full_like({value}, {source})"
            )
        if short.shape != of.shape:
            source = f"np.broadcast_to({source}, {value}.shape)"
        elif not shares_memory(short):
            return source
        return f"np.copy({source})" if is_copied else source

    def _with_deltas(self, e: Expression) -> Expression:
        """The expression with names for what is computed before it, each from one adjoint."""
        adjoints = [s.name for s in symbols(e) if s.kind == "adjoint"]
        if is_(e, add) and len(set(adjoints)) > 1:
            return with_inputs(e, tuple(map(self._with_deltas, e.inputs)))
        for name in adjoints:
            for delta in self.deltas.get(name, ()):
                e = with_delta(e, delta)
        return e

    def _zeros(self, name: str) -> str:
        """Zero for every step of a value, those that are given too."""
        steps = {t for e in self.model.equations_of(name) for t in e.steps}
        steps |= {a.steps[0] for a in self.program.arguments if a.leaf.name == name}
        every = range(min(steps), max(steps) + 1)
        over = range_over(every, self.program.last, self.model.reach)
        parts = [part for item in self.items if item.of.name == name for part in item.parts]
        sums = sums_of(parts, None)
        if all(s.is_whole and without_broadcast(s.expression).shape == s.piece.shape for s in sums):
            return f"{{t: 0 for t in {over}}}"
        value = self.places.name_of(Symbol(name, 0, ()))
        over = identifier(name) if name in self.places.values else over
        return f"{{t: np.zeros_like({value}) for t in {over}}}"

    # --- weights and results ----------------------------------------------------------------------

    def _start(self, item: Item) -> Iterator[Statement]:
        """What the steps add to: the parts that are known before, in an array of its own."""
        sums = sums_of(self._loose(item, late=False), None)
        if sums:
            return self._assignments(item, sums, is_start=True)
        name = identifier(item.of.name)
        return iter([Statement(f"dJ_d{name} = np.zeros_like({name})")])

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
                result = self.carried.get(name, f"dJ_d{identifier(name)}")
                if name in self.summed:
                    result += f"[{number(argument.steps[0], self.program.last)}]"
                yield argument.name, result
