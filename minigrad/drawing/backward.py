"""The backward picture: how the adjoint of every named value comes about."""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from minigrad.drawing.adjoints import Adjoints, identifier
from minigrad.drawing.blocks import Blocks
from minigrad.drawing.contributions import Contributions
from minigrad.drawing.formula import GRADIENTS, Formula, equation
from minigrad.drawing.numbering import number_plus_nodes
from minigrad.drawing.picture import Node, Picture
from minigrad.flow import GradientFlow, Label
from minigrad.notation.trace import Trace
from minigrad.tensor import Tensor

PLUS = Formula("+", "+")


class BackwardPicture:
    """Builds the picture of a gradient flow.

    Every adjoint is written into the wire that it flows along. From one to the next lead the
    operations of a contribution. Where contributions meet there is a plus node: within a step they
    meet two at a time, in the order of the flow, and then across the steps.

    What leads from a step to a value of another one is a *share*: it leaves the block, and comes
    in where that value is. The shares of a parameter end where they are made.
    """

    def __init__(
        self, flow: GradientFlow, trace: Trace, blocks: Blocks, every_operation: bool
    ) -> None:
        self.flow = flow
        self.blocks = blocks
        self.cut = blocks.are_chosen  # what is outside of the steps is left out
        self.picture = Picture("gradient flow", backward=True, blocks=blocks.titled())
        names = {name for name, _ in trace.named}
        free = [g for g in GRADIENTS if g.text not in names]
        self.picture.incoming = (free or GRADIENTS)[0]
        self.adjoints = Adjoints(flow, blocks, self.picture)
        self.contributions = Contributions(self.adjoints, every_operation)
        # For each value the steps that it gets shares from, in the order in which they are added.
        self._steps: dict[Label, list[int | None]] = {}
        # What a step, or what is outside of all, passes to a value: the node that it comes out of.
        self._shares: dict[tuple[Label, int | None], str] = {}

    def build(self) -> Picture:
        """Draw all adjoints that are asked for."""
        reached = [label for label in self.flow.values if self.flow.reaches(*label)]
        for v in reached:
            parts = self.flow.contributions(*v).items()
            of_steps = {t: list(of) for t, of in groupby(parts, key=lambda part: part[0][1])}
            self._steps[v] = list(of_steps)
            for step in of_steps:
                here = v[1] if step is None else step
                if self.blocks.is_shown(here) and not (self.cut and here is None):
                    self._shares[v, step] = self._draw_share(v, here, of_steps[step])
        for v in reached:
            if self.blocks.is_shown(v[1]) and not (self.cut and v[1] is None):
                self._draw_sum(v)
        self._write_equations()
        self.picture.nodes = dict(sorted(self.picture.nodes.items(), key=lambda item: -item[1].age))
        number_plus_nodes(self.picture)
        return self.picture

    # --- one share: what a step passes to a value -----------------------------------------------

    def _draw_share(self, v: Label, here: int | None, parts: list[tuple[Label, Tensor]]) -> str:
        """Draw what a value gets from one step; returns the last node."""
        step = parts[0][0][1]
        if self.cut and step is None:
            origin = self.adjoints.name(parts[0][0], here)
            return self._stub(f"from-{identifier(v)}", origin, "in", v, here)
        tails = [self.contributions.draw(v, m, part) for m, part in parts]
        total = self._add_up(f"plus-{identifier(v)}-{step}", v, here, tails)
        if self._ends_in_shares(v):
            self._draw_end(v, here, [m for m, _ in parts], total)
        elif v[1] != here:
            return self._go_out(v, here, total)
        return total

    def _ends_in_shares(self, v: Label) -> bool:
        """Whether it is a parameter that steps use: its adjoint is the sum of what they give it."""
        is_parameter = v[1] is None and self.flow.values[v]._operation is None
        return is_parameter and self._steps[v] != [None]

    def _draw_end(self, v: Label, here: int | None, through: list[Label], tail: str) -> None:
        """Where the share of a parameter ends."""
        label = self.adjoints.derivative(v, here)
        node = Node(f"end-{identifier(v)}-{here}", "end", label, name=v[0], subject=v)
        if len(self._steps[v]) > 1:
            node.through = tuple(through)
            node.label = (
                self.adjoints.through(v, here, through)
                if here is None
                else self.adjoints.through_step(v, here, here)
            )
        node.block, node.age = self.blocks[here], self.flow.values[v]._index
        self.picture.connect(tail, self.picture.add(node), node.label.text)

    def _go_out(self, v: Label, here: int | None, tail: str) -> str:
        """Where a share leaves its block."""
        label = (
            self.adjoints.derivative(v, here)
            if here is None
            else self.adjoints.through_step(v, here, here)
        )
        node = Node(f"out-{identifier(v)}-{here}", "value", label, side="out")
        node.block, node.age = self.blocks[here], self.flow.values[v]._index
        node.name = self.adjoints.name(v, here).text
        node.gradient = self.picture.nodes[tail].gradient
        self.picture.connect(tail, self.picture.add(node), label.text)
        if v[1] is not None and self.blocks.shown(v[1]) is None:
            goal = self._words("to ", v[1], here)
            stub = self._stub(f"to-{identifier(v)}-{here}", goal, "out", v, here)
            self.picture.connect(node.id, stub, label.text)
        return node.id

    # --- the sum of all shares ------------------------------------------------------------------

    def _draw_sum(self, v: Label) -> None:
        """Draw how the shares of all steps make up an adjoint."""
        if self._ends_in_shares(v):
            return
        node = self.adjoints.node(v)
        tails = [
            self._come_in(v, step, repeats, sources)
            for (repeats, step), sources in self._sources(v).items()
        ]
        if tails:
            total = self._add_up(f"plus-{identifier(v)}", v, v[1], tails)
            self.picture.connect(total, node, self.picture.nodes[node].label.text)

    def _sources(self, v: Label) -> dict[tuple[bool, int | None], list[str]]:
        """Which shares make up an adjoint, by the step that they come from.

        Where one step is drawn for several, so is what comes to any of them: from the next repeat,
        or from a step outside of the block, which may give something to one of them alone.
        """
        name, t = v
        came = [(s, u) for s in self._from(t) for u in self._steps.get((name, s), ())]
        repeats = {u - s for s, u in came if self._is_repeat(s, u)}  # type: ignore[operator]
        found: dict[tuple[bool, int | None], list[str]] = {}
        for s, u in came:
            if u is None or u == s:
                if s == t:
                    found[False, u] = [self._shares[v, u]]
                continue
            shown = self.blocks.shown(u)
            distance = None if s is None or t is None else u - s
            if distance in repeats:
                key = True, t + distance  # type: ignore[operator]
            else:
                key = False, u if shown is None else shown
            shares = found.setdefault(key, [])
            if shown is not None:
                share = self._shares.get(((name, s if s is None else s + shown - u), shown))
                shares += [share] if share is not None and share not in shares else []
        return found

    def _from(self, t: int | None) -> list[int | None]:
        """The steps that a step stands for, itself first."""
        return [t, *(s for s in self.blocks.alike(t) if s != t)]

    def _is_repeat(self, s: int | None, u: int | None) -> bool:
        """Whether two different steps are drawn as one."""
        block = self.blocks[s]
        return u != s and block is not None and self.blocks[u] == block

    def _come_in(self, v: Label, step: int | None, repeats: bool, shares: list[str]) -> str:
        """Draw where the shares of one step come in, unless it is one; returns the node."""
        t = v[1]
        if len(shares) == 1 and not repeats:
            return shares[0]
        node = Node(f"in-{identifier(v)}-{step}", "value", Formula("", ""), side="in")
        moves = not shares or repeats
        node.label = (
            self.adjoints.through_step(v, t, step)  # type: ignore[arg-type]
            if moves
            else self.adjoints.through_the_step(v, t, step)
        )
        node.block, node.age = self.blocks[t], self.flow.values[v]._index
        self.picture.add(node)
        if not shares:
            words = self._words("from ", step, t)
            shares = [self._stub(f"from-{identifier(v)}-{step}", words, "in", v, t)]
        for share in shares:
            recurrent = self.picture.nodes[share].block == node.block and repeats
            self.picture.connect(share, node.id, node.label.text, recurrent=recurrent)
        return node.id

    def _stub(self, node_id: str, label: Formula, side: str, v: Label, here: int | None) -> str:
        """Where a flow comes from or goes to what is not drawn."""
        node = Node(node_id, "stub", label, side=side, block=self.blocks[here])
        node.age = self.flow.values[v]._index
        return self.picture.add(node)

    def _add_up(self, name: str, v: Label, here: int | None, tails: Sequence[str]) -> str:
        """Draw a plus node for each but the first of what makes up dJ/dv; returns the last one."""
        total, *others = tails
        for k, tail in enumerate(others):
            node = Node(f"{name}-{k}", "plus", PLUS, block=self.blocks[here])
            node.age = self.flow.values[v]._index
            parts = [self.picture.nodes[end].gradient for end in (total, tail)]
            known = all(part is not None for part in parts)
            node.gradient = parts[0] + parts[1] if known else self.flow.adjoint(*v)._data
            self.picture.add(node)
            for end in (total, tail):
                carried = f"part of {self.adjoints.derivative(v, here).text}"
                self.picture.connect(end, node.id, carried)
            total = node.id
        return total

    def _words(self, words: str, t: int | None, here: int | None) -> Formula:
        symbol, written = self.blocks.symbol(t, here), self.blocks.written(t, here)
        return Formula(rf"\text{{{words}}}{symbol}", words + written)

    def _write_equations(self) -> None:
        """Write the formula that leads to an end, and to nothing else, where it ends."""
        leads = Counter(edge.tail for edge in self.picture.edges)
        written = {}
        for edge in self.picture.edges:
            last, end = self.picture.nodes[edge.tail], self.picture.nodes[edge.head]
            if (last.kind, end.kind) == ("formula", "end") and leads[last.id] == 1:
                end.label = equation(end.label, last.label)
                written[last.id] = end.id
        self.picture.merge(written)
