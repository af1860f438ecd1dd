"""The backward picture: how the adjoint of every named value comes about."""

from collections import Counter
from collections.abc import Callable
from itertools import groupby

from minigrad.drawing.blocks import Blocks, Pairs
from minigrad.drawing.formula import (
    GRADIENTS,
    Formula,
    derivative,
    equation,
    expression,
    leaf,
    listed,
    named,
)
from minigrad.drawing.forward import symbol
from minigrad.drawing.numbering import number_plus_nodes
from minigrad.drawing.picture import Node, Picture
from minigrad.flow import GradientFlow, Label
from minigrad.notation.expression import Expression, Parameters
from minigrad.notation.nodes import transposed
from minigrad.notation.trace import Trace
from minigrad.tensor import Tensor

PLUS = Formula("+", "+")


class BackwardPicture:
    """Builds the picture of a gradient flow.

    Every adjoint is written into the wire that it flows along. From one to the next lead the
    operations of a contribution. Where contributions meet there is a plus node: within a step they
    meet two at a time, in the order of the flow, and then across the steps.

    What leads from a step to a value of another one is a *share*: it leaves the block, and comes
    in where that value is.
    """

    def __init__(
        self, flow: GradientFlow, trace: Trace, blocks: Blocks, every_operation: bool
    ) -> None:
        self.flow = flow
        self.trace = trace
        self.blocks = blocks
        self.every_operation = every_operation
        self.loss = named(flow.J._name or "J", "", "", bold=flow.J.ndim > 0)
        self.cut = blocks.are_chosen  # what is outside of the steps is left out
        self.picture = Picture("gradient flow", backward=True, blocks=blocks.titled())
        names = {name for name, _ in trace.named}
        free = [g for g in GRADIENTS if g.text not in names]
        self.picture.incoming = (free or GRADIENTS)[0]
        # What a step passes to a value, (value, step): the node that it comes out of.
        self._shares: dict[tuple[Label, int | None], str] = {}
        self._depends: dict[Tensor, bool] = {}
        self._places: dict[int, Tensor] = {}
        self._moving: dict[Tensor, Parameters] = {}

    def build(self) -> Picture:
        """Draw all adjoints that are asked for."""
        reached = [label for label in self.flow.values if self.flow.reaches(*label)]
        contributions = {label: self.flow.contributions(*label) for label in reached}
        for v in reached:
            for step, parts in groupby(contributions[v].items(), key=lambda part: part[0][1]):
                here = v[1] if step is None else step
                if self.blocks.is_shown(here) and not (self.cut and here is None):
                    self._draw_share(v, here, list(parts))
        for v in reached:
            if self.blocks.is_shown(v[1]) and not (self.cut and v[1] is None):
                steps = [step for step, _ in groupby(contributions[v], key=lambda m: m[1])]
                self._draw_sum(v, steps)
        self._write_equations()
        self.picture.nodes = dict(sorted(self.picture.nodes.items(), key=lambda item: -item[1].age))
        number_plus_nodes(self.picture)
        return self.picture

    # --- one share: what a step passes to a value -----------------------------------------------

    def _draw_share(self, v: Label, here: int | None, parts: list[tuple[Label, Tensor]]) -> None:
        """Draw the contributions that a value gets from one step, and their sum."""
        if self.cut and parts[0][0][1] is None:
            origin = self._name(parts[0][0], here)
            self._shares[v, here] = self._stub(f"from-{_id(v)}", origin, "in", v, here)
            return
        tails = [self._draw_contribution(v, m, part) for m, part in parts]
        total = self._add_up(f"plus-{_id(v)}-{here}", v, here, tails)
        if v[1] is None and here is not None and self.flow.values[v]._operation is None:
            self._draw_end(v, here, total)
        elif v[1] != here:
            total = self._go_out(v, here, total)
        self._shares[v, here] = total

    def _draw_contribution(self, v: Label, m: Label, part: Tensor) -> str:
        """Draw the operations that lead from dJ/dm to a part of dJ/dv; returns the last node."""
        adjoint = self.flow.adjoint(*m)
        here = v[1] if m[1] is None else m[1]
        self._moving |= self.blocks.moving(here, lambda u: self._beside(v, m, u - (here or 0)))
        if self.every_operation:
            return self._draw_operations(v, m, part)
        path = self._path(part, adjoint)
        tail, carried = self._adjoint(m), self._derivative(m, here).text
        done = adjoint
        for k, x in enumerate(path):
            if not self._is_node(x, path[k + 1 :]):
                continue
            node_id = f"g{x._index}"
            if node_id not in self.picture.nodes:
                self.picture.add(self._operation(node_id, x, done, here))
            self.picture.connect(tail, node_id, carried)
            tail, done = node_id, x
            carried = f"{self._derivative(v, here).text} via {self._name(m, here).text}"
        return tail

    def _beside(self, v: Label, m: Label, distance: int) -> Pairs:
        """What a contribution is made of, each with what that of another step is made of."""
        there_v, there_m = ((name, t if t is None else t + distance) for name, t in (v, m))
        there = self.flow.contributions(*there_v) if there_v in self.flow.values else {}
        to_visit = [(self.flow.contributions(*v)[m], there[there_m])] if there_m in there else []
        while to_visit:
            x, y = to_visit.pop()
            if x is not y and x._operation is y._operation and x._name is None:
                yield x, y
                to_visit += zip(x._inputs or (), y._inputs or (), strict=True)

    def _draw_operations(self, v: Label, m: Label, part: Tensor) -> str:
        """Draw every operation between dJ/dm and a part of dJ/dv; returns the last node."""
        adjoint = self.flow.adjoint(*m)
        here = v[1] if m[1] is None else m[1]
        ids = {adjoint: self._adjoint(m)}
        to_draw = [part]
        while to_draw:
            x = to_draw[-1]
            onwards = [i for i in x._inputs or () if self._depends_on(adjoint, i)]
            missing = [i for i in onwards if i not in ids]
            to_draw += missing
            if missing or x in ids:
                if not missing:
                    to_draw.pop()
                continue
            to_draw.pop()
            ids[x] = self._primitive(x, onwards, here)
            for i in onwards:
                carried = m if i is adjoint else v
                self.picture.connect(ids[i], ids[x], self._derivative(carried, here).text)
        return ids[part]

    def _primitive(self, x: Tensor, onwards: list[Tensor], here: int | None) -> str:
        """The node of one operation, with its other inputs as a caption."""
        operation = x._operation
        kind = operation.drawn if operation.drawn in ("circle", "doublecircle") else "box"
        node = Node(f"g{x._index}", kind, symbol(operation), block=self.blocks[here])
        node.age, node.gradient = x._index, x._data
        rest = [i for i in x._inputs or () if not any(i is o for o in onwards)]
        node.caption = listed([expression(i, self._written(here)) for i in rest])
        return self.picture.add(node)

    def _path(self, part: Tensor, adjoint: Tensor) -> list[Tensor]:
        """The operations that the gradient passes, up to where it has branched."""
        path = []
        x = part
        while x is not adjoint:
            path.append(x)
            onwards = {i for i in x._inputs or () if self._depends_on(adjoint, i)}
            if len(onwards) != 1:
                break
            [x] = onwards
        return path[::-1]

    def _depends_on(self, adjoint: Tensor, x: Tensor) -> bool:
        """Whether a value was computed from an adjoint, with no other adjoint between."""
        to_visit = [x]
        while to_visit:
            y = to_visit[-1]
            if y is adjoint or y in self._depends or y._index < adjoint._index or y._name:
                self._depends.setdefault(y, y is adjoint)
                to_visit.pop()
                continue
            unknown = [i for i in y._inputs or () if i not in self._depends]
            if unknown:
                to_visit += unknown
                continue
            self._depends[y] = any(self._depends[i] for i in y._inputs or ())
            to_visit.pop()
        return self._depends[x]

    def _is_node(self, x: Tensor, following: list[Tensor]) -> bool:
        """Whether an operation on the way is drawn, or written into the formula that follows."""
        drawn = x._operation.drawn
        if drawn in ("line", "doublecircle"):
            return bool(drawn == "doublecircle")
        rest = [y._operation.drawn for y in following if y._operation.drawn != "line"]
        return not rest or rest[0] == "doublecircle"

    def _operation(self, node_id: str, x: Tensor, incoming: Tensor, here: int | None) -> Node:
        """The node of an operation, or of several up to it, that the gradient passes."""
        written = self._written(here, incoming)
        others = [i for i in x._inputs or () if not self._depends.get(i)]
        if x._operation.drawn == "doublecircle" and len(others) == 1:
            node = Node(node_id, "doublecircle", symbol(x._operation))
            node.caption = expression(others[0], written, self._moving)
        else:
            node = Node(node_id, "formula", expression(x, written, self._moving))
        node.block, node.age, node.gradient = self.blocks[here], x._index, x._data
        return node

    def _written(
        self, here: int | None, incoming: Tensor | None = None
    ) -> Callable[[Tensor], Expression | None]:
        """How far formulas go: down to named values and to the gradient that comes in."""

        def written(x: Tensor) -> Expression | None:
            if x is incoming:
                return leaf(x, self.picture.incoming)
            if x._name is not None:
                return leaf(x, self._name((x._name, x._t), here, x))
            if x._operation is None:
                return self._view(x, here) or self.blocks.number(x)
            return None

        return written

    def _view(self, x: Tensor, here: int | None) -> Expression | None:
        """The name of a constant whose array it shows: rules record nothing on constants."""
        if not self._places:
            self._places = {_place(y): y for y in self.flow.values.values() if y.size > 1}
        y = self._places.get(_place(x))
        if y is None:
            return None
        whole_value = leaf(y, self._name((y._name or "J", y._t), here))
        # By the strides too: a square array has the shape of its transpose.
        shown, whole = ((v._data.shape, v._data.strides) for v in (x, y))
        if shown == whole:
            return whole_value
        reversed_axes = (whole[0][::-1], whole[1][::-1])
        return transposed(whole_value) if shown == reversed_axes else None

    # --- sums, and where flows come in, go out and end ------------------------------------------

    def _draw_sum(self, v: Label, steps: list[int | None]) -> None:
        """Draw how the shares of all steps make up an adjoint."""
        if v[1] is None and self.flow.values[v]._operation is None and steps != [None]:
            return  # a parameter: each step ends in its share
        tails = []
        for step in steps:
            here = v[1] if step is None else step
            tail = self._shares.get((v, here)) or self._from_another_step(v, here)
            if tail is not None:
                tails.append(tail)
        node = self._adjoint(v)
        if tails:
            total = self._add_up(f"plus-{_id(v)}", v, v[1], tails)
            self.picture.connect(total, node, self.picture.nodes[node].label.text)

    def _from_another_step(self, v: Label, step: int | None) -> str | None:
        """What comes from a step that is not drawn itself, or not drawn at all."""
        name, t = v
        if step is None or t is None:
            return None
        shown = self.blocks.shown(step)
        if shown is not None and self.blocks[step] != self.blocks[t]:
            return self._shares.get(((name, shown - step + t), shown))
        came_in = Node(f"in-{_id(v)}-{step}", "value", self._derivative(v, t, step), side="in")
        came_in.block, came_in.age = self.blocks[t], self.flow.values[v]._index
        self.picture.add(came_in)
        if shown is None:
            origin = self._stub(f"from-{_id(v)}-{step}", self._words("from ", step, t), "in", v, t)
            self.picture.connect(origin, came_in.id, came_in.label.text)
        elif ((name, 2 * t - step), t) in self._shares:
            share = self._shares[(name, 2 * t - step), t]
            self.picture.connect(share, came_in.id, came_in.label.text, recurrent=True)
            self._feed(came_in, v, step)
        return came_in.id

    def _feed(self, came_in: Node, v: Label, step: int) -> None:
        """Draw what comes into the last repeat of a block: a share from the block after it."""
        name, t = v
        last = self.blocks.alike(t)[-1]
        source = last + step - t  # type: ignore[operator]
        shown = self.blocks.shown(source)
        if shown is not None:
            share = self._shares.get(((name, shown + t - step), shown))  # type: ignore[operator]
            if share is not None:
                self.picture.connect(share, came_in.id, came_in.label.text)

    def _go_out(self, v: Label, here: int | None, tail: str) -> str:
        """Where a share leaves its block."""
        label = self._derivative(v, here, here)
        node = Node(f"out-{_id(v)}-{here}", "value", label, side="out")
        node.block, node.age = self.blocks[here], self.flow.values[v]._index
        node.name = self._name(v, here).text
        node.gradient = self.picture.nodes[tail].gradient
        self.picture.connect(tail, self.picture.add(node), label.text)
        if v[1] is not None and self.blocks.shown(v[1]) is None:
            goal = self._words("to ", v[1], here)
            stub = self._stub(f"to-{_id(v)}-{here}", goal, "out", v, here)
            self.picture.connect(node.id, stub, label.text)
        return node.id

    def _stub(self, node_id: str, label: Formula, side: str, v: Label, here: int | None) -> str:
        """Where a flow comes from or goes to what is not drawn."""
        node = Node(node_id, "stub", label, side=side, block=self.blocks[here])
        node.age = self.flow.values[v]._index
        return self.picture.add(node)

    def _draw_end(self, v: Label, here: int, tail: str) -> None:
        """Where a gradient ends: at a parameter, whose adjoint is the sum over the steps."""
        node = Node(f"end-{_id(v)}-{here}", "end", self._derivative(v, here), name=v[0], subject=v)
        node.block, node.age = self.blocks[here], self.flow.values[v]._index
        self.picture.connect(tail, self.picture.add(node), node.label.text)

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

    def _add_up(self, name: str, v: Label, here: int | None, tails: list[str]) -> str:
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
                carried = f"part of {self._derivative(v, here).text}"
                self.picture.connect(end, node.id, carried)
            total = node.id
        return total

    def _adjoint(self, v: Label) -> str:
        """The node of an adjoint; for J the loss itself."""
        node_id = f"d-{_id(v)}"
        if node_id not in self.picture.nodes:
            value = self.flow.values[v]
            is_end = value._operation is None and v[1] is None
            label = self._name(v, v[1]) if value is self.flow.J else self._derivative(v, v[1])
            node = Node(node_id, "end" if is_end else "value", label, name=v[0], subject=v)
            node.block, node.age = self.blocks[v[1]], value._index
            node.gradient = self.flow.adjoint(*v)._data
            self.picture.add(node)
        return node_id

    # --- how things are written -----------------------------------------------------------------

    def _name(
        self, v: tuple[str, int | None], here: int | None, x: Tensor | None = None
    ) -> Formula:
        x = self.flow.values[v] if x is None else x
        return self.blocks.label(v[0], v[1], here, x.ndim > 0)

    def _derivative(self, v: Label, here: int | None, via: int | None = None) -> Formula:
        symbol, written = self.blocks.symbol(via, here), self.blocks.written(via, here)
        return derivative(self.loss, self._name(v, here), symbol, written)

    def _words(self, words: str, t: int | None, here: int | None) -> Formula:
        symbol, written = self.blocks.symbol(t, here), self.blocks.written(t, here)
        return Formula(rf"\text{{{words}}}{symbol}", words + written)


def _id(v: Label) -> str:
    """An identifier that is safe in DOT."""
    name, t = v
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name) + f"-{t}"


def _place(x: Tensor) -> int:
    """Where in memory an array begins."""
    address: int = x._data.__array_interface__["data"][0]
    return address
