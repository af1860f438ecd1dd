"""One block of a picture, or what is outside of all: its nodes in rows, its wires in channels."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import copysign, inf, sqrt

import graphviz

from minigrad.drawing.boxes import CIRCLE, Box
from minigrad.drawing.dot import Ranks, add_ranks, add_row
from minigrad.drawing.engine import Point, place
from minigrad.drawing.order import Links, ordered
from minigrad.drawing.picture import Edge, Node
from minigrad.drawing.tracks import LANE, Net, tracks

INCH = 72.0  # in points
CHANNEL = 18.0  # the least room between rows
ARROW_ROOM = 13.0  # of it, before the next row
STEP = 18.0  # between labels in a row at the border
PIN = 11.0  # between wires that enter one node
NEAR = 24.0  # how far from its middle, if they do not come straight
ROUND = 8.0  # the same for a circle

WIRE = "\n"  # begins what stands for a wire in a row; no node is called so
Wire = tuple[str, str]  # what it carries comes out of one node, and leaves through another, or ""


class Part:
    """Nodes in rows along the flow, which goes up in a forward picture and down in a backward one.

    What comes from the part before comes in through the near border, and what goes to the next one
    leaves through the far border; in a forward picture those are the left and the right. Graphviz
    gives the rows and the places in them; wires run along the channels between rows, those of one
    value as one wire that branches.

    Parameters
    ----------
    nodes
        The nodes of the part.
    edges
        Those of the picture that begin or end in it.
    boxes
        The sizes of all nodes.
    ranks
        Hints: names of values that stand in one row.
    backward
        Whether it is a gradient that flows.
    """

    def __init__(
        self,
        nodes: Sequence[Node],
        edges: Sequence[Edge],
        boxes: Mapping[str, Box],
        ranks: Ranks,
        backward: bool,
    ) -> None:
        self.nodes = {node.id: node for node in nodes}
        self.boxes = boxes
        self.backward = backward
        self.is_block = False
        self.x = self.y = self.beside = self.above = self.below = 0.0
        self._near, self._far = (inf, -inf) if backward else (-inf, inf)
        self._at_border = self._find_labels(edges)
        self._heads = self._find_heads(edges)
        self._exits = self._find_exits(edges)
        self._rows = self._find_rows(ranks)
        self._row = {name: r for r, row in enumerate(self._rows) for name in row}
        self._top = {source: self._find_top(source) for source in self._heads}
        self._across = self._place_in_rows(ranks)
        self._pins = self._find_pins()
        self._along: dict[str, float] = {}
        self._track: dict[tuple[int, Wire], float] = {}
        self._stack_rows()
        self._place = {name: self._across[name, row] for name, row in self._row.items()}
        self._place_labels(edges)

    # --- what is wired to what ------------------------------------------------------------------

    def _find_labels(self, edges: Sequence[Edge]) -> set[str]:
        """The labels at the borders; what leads straight from one border to the other is none."""
        labels = {node.id for node in self.nodes.values() if node.side}
        for edge in edges:
            sides = [self.nodes[end].side for end in (edge.tail, edge.head) if end in labels]
            if sides == ["in", "out"]:
                labels.discard(edge.tail)
        return labels

    def _find_heads(self, edges: Sequence[Edge]) -> dict[str, list[str]]:
        """For each node, and all that comes from outside, to which nodes inside it leads."""
        heads: dict[str, list[str]] = {}
        for edge in edges:
            if not edge.recurrent and edge.head in self.nodes and edge.head not in self._at_border:
                heads.setdefault(edge.tail, []).append(edge.head)
        return heads

    def _find_exits(self, edges: Sequence[Edge]) -> dict[str, list[str]]:
        """For each node inside the labels through which it leaves; "out" where there is none."""
        exits: dict[str, list[str]] = {}
        for edge in edges:
            if edge.tail in self.nodes and edge.tail not in self._at_border:
                leaves = edge.recurrent or edge.head not in self.nodes
                way = "out" if leaves else edge.head
                if leaves or edge.head in self._at_border:
                    exits.setdefault(edge.tail, []).append(way)
        return {tail: list(dict.fromkeys(ways)) for tail, ways in exits.items()}

    def _is_inside(self, name: str) -> bool:
        return name in self.nodes and name not in self._at_border

    # --- rows and places in them ----------------------------------------------------------------

    def _find_rows(self, ranks: Ranks) -> list[list[str]]:
        """Which nodes stand in one row, in the order of the flow."""
        graph = _graph()
        short = {name: f"n{k}" for k, name in enumerate(self.nodes) if self._is_inside(name)}
        for name in short:
            graph.node(short[name])
        add_ranks(graph, [(self.nodes[name].name, short[name]) for name in short], ranks)
        for source, heads in self._heads.items():
            for head in heads:
                if source in short:
                    graph.edge(short[source], short[head])
            for before, after in self._ends(heads):
                graph.edge(short[before], short[after])
        rows: dict[int, list[str]] = {}
        found = place(str(graph.source)) if short else {}
        for name in short:
            rows.setdefault(round(found[short[name]][1]), []).append(name)
        return [rows[y] for y in sorted(rows)]

    def _ends(self, heads: Sequence[str]) -> "pairwise[tuple[str, str]]":
        """Where gradients of one value end, each with the next: a column takes less room."""
        return pairwise(head for head in heads if self.nodes[head].kind == "end")

    def _bottom(self, source: str) -> int:
        """The row that a wire comes out of; -1 is before the first."""
        if self._is_inside(source):
            return self._row[source]
        return min(self._row[head] for head in self._heads[source]) - 1

    def _find_top(self, source: str) -> int:
        """The last row that a wire leads to."""
        top = max(self._row[head] for head in self._heads[source])
        least = min(self._row[head] for head in self._heads[source])
        if self._is_inside(source) and least <= self._row[source]:
            raise ValueError(
                f"draw: expected ranks of values that do not lead to each other, got one with "
                f"{self.nodes[source].label.text} and what is computed from it; take it out"
            )
        return top

    def _place_in_rows(self, ranks: Ranks) -> dict[tuple[str, int], float]:
        """For each node in its row, and each wire in the rows that it passes, the place in it."""
        links, wires = self._find_links()
        rows = [[*row, *wires[r]] for r, row in enumerate(self._rows)]
        named = [(self.nodes[name].name, name) for row in self._rows for name in row]
        fixed = [[i for wanted in names for name, i in named if name == wanted] for names in ranks]
        graph, short = _graph(), {}
        for r, row in enumerate(ordered(rows, links, fixed)):
            short |= {name: f"n{r}_{k}" for k, name in enumerate(row)}
            for name in row:
                width = 0.01 if name in wires[r] else self.boxes[name].width / INCH
                graph.node(short[name], width=f"{width:.4f}")
            add_row(graph, [short[name] for name in row])
        for name, linked in links.items():
            for after in linked.after:
                weight = 1
                if len(linked.after) == len(links[after].before) == 1:
                    weight = 20
                elif after.startswith(WIRE):
                    weight = 8 if name.startswith(WIRE) else 2
                graph.edge(short[name], short[after], weight=str(weight))
        for r in range(1, len(rows)):  # so that no row stands alone
            graph.edge(f"n{r - 1}_0", f"n{r}_0", weight="0")
        found = place(str(graph.source)) if rows else {}
        return {
            (wires[r].get(name, name), r): found[short[name]][0]
            for r, row in enumerate(rows)
            for name in row
        }

    def _find_links(self) -> tuple[dict[str, Links], list[dict[str, str]]]:
        """What is linked from row to row; and in each row the wires that pass, with their source."""
        links: dict[str, Links] = {name: Links() for row in self._rows for name in row}
        wires: list[dict[str, str]] = [{} for _ in self._rows]

        def link(before: str, after: str) -> None:
            links[before].after.append(after)
            links[after].before.append(before)

        for source, heads in self._heads.items():
            at = source if self._is_inside(source) else ""
            for r in range(self._bottom(source) + 1, self._top[source] + 1):
                for head in heads:
                    if self._row[head] == r and at:
                        link(at, head)
                    elif self._row[head] == r:
                        links[head].border.append(1 if self.backward else -1)
                if r < self._top[source]:
                    wire = f"{WIRE}{r} {source}"
                    wires[r][wire] = source
                    links[wire] = Links()
                    if at:
                        link(at, wire)
                    at = wire
            for before, after in self._ends(heads):
                link(before, after)
        for source, ways in self._exits.items():
            links[source].border += [-1 if self.backward else 1] * len(ways)
        return links, wires

    def _find_pins(self) -> dict[tuple[str, str], float]:
        """For each source and head the place where the wire enters, as straight as can be."""
        entering: dict[str, list[tuple[float, str]]] = {}
        for source, heads in self._heads.items():
            for head in heads:
                came = self._across.get((source, self._row[head] - 1), self._near)
                entering.setdefault(head, []).append((came, source))
        pins = {}
        for head, sources in entering.items():
            middle, node = self._across[head, self._row[head]], self.nodes[head]
            wide = max(self.boxes[head].width / 2 - 10, 0)
            wide = 0 if node.kind == "value" else ROUND if node.is_round else wide
            gap = min(PIN, 2 * wide / max(len(sources), 2))
            if len(sources) == 1 and node.is_round:
                wide = 0
            least = -wide
            for k, (came, source) in enumerate(sorted(sources)):
                wish = came - middle
                if abs(wish) > wide:  # what does not come straight comes near the middle
                    wish = copysign(min(wide, NEAR), wish)
                away = min(max(wish, least), wide - gap * (len(sources) - 1 - k))
                pins[source, head] = middle + away
                least = away + gap
        return pins

    # --- rows above each other, and the tracks between them --------------------------------------

    def _nets(self, channel: int) -> dict[Wire, Net]:
        """What crosses the channel after a row."""
        nets = {}
        for source, heads in self._heads.items():
            if not self._bottom(source) <= channel < self._top[source]:
                continue
            sinks = [self._pins[source, h] for h in heads if self._row[h] == channel + 1]
            if channel + 1 < self._top[source]:
                sinks.append(self._across[source, channel + 1])
            came = self._across.get((source, channel), self._near)
            nets[source, ""] = Net(came, tuple(sinks), self._room(source))
        for source, ways in self._exits.items():
            if self._row[source] == channel:
                for way in ways:
                    place = self._across[source, channel]
                    nets[source, way] = Net(place, (self._far,), self._room(way))
        return nets

    def _room(self, name: str) -> float:
        return self.boxes[name].height + 2 if name in self._at_border else LANE

    def _stack_rows(self) -> None:
        """Give rows and tracks their heights."""
        reached = 0.0
        for channel in range(-1, len(self._rows)):
            if channel >= 0:
                half = max(self.boxes[name].height for name in self._rows[channel]) / 2
                self._along |= dict.fromkeys(self._rows[channel], reached + half)
                reached += 2 * half
            nets = self._nets(channel)
            found = dict(zip(nets, tracks(list(nets.values())), strict=True))
            bent = {wire: track for wire, track in found.items() if not nets[wire].is_straight}
            start = reached
            reached += LANE / 2 if bent else 0
            for track in range(max(bent.values(), default=-1) + 1):
                room = max(nets[wire].room for wire in bent if bent[wire] == track)
                for wire in bent:
                    if bent[wire] == track:
                        self._track[channel, wire] = reached + room / 2
                reached += room
            if 0 <= channel < len(self._rows) - 1 or channel == -1 and bent:
                reached = max(reached + ARROW_ROOM - LANE / 2, start + CHANNEL)
        self.length = reached

    def _place_labels(self, edges: Sequence[Edge]) -> None:
        """Put labels to the borders, each where its wire comes in or leaves."""
        beyond: dict[str, str] = {}  # for a label the one between it and the border
        for edge in edges:
            ends = (edge.tail, edge.head)
            if self._at_border.issuperset(ends):
                inner, outer = ends if self.nodes[edge.head].side == "out" else ends[::-1]
                beyond[inner] = outer
        along: dict[str, float] = {}
        for (_, (source, way)), track in self._track.items():
            label = source if source in self._at_border else way
            if label in self._at_border:
                along.setdefault(label, track)
        chains = {label: [beyond[label]] if label in beyond else [] for label in along}
        margin = {"in": 0.0, "out": 0.0}
        for label, outer in chains.items():
            width = sum(self.boxes[name].width + STEP for name in [label, *outer])
            side = self.nodes[label].side
            margin[side] = max(margin[side], width)
        edges_of_nodes = [
            x + sign * (self.boxes[name].width / 2 if self._is_inside(name) else 0)
            for (name, _), x in self._across.items()
            for sign in (-1, 1)
        ]
        left, right = min(edges_of_nodes, default=0.0), max(edges_of_nodes, default=0.0)
        before, after = margin["out" if self.backward else "in"], margin["in" if self.backward else "out"]
        self._left, self._right = left - before, right + after
        for label, outer in chains.items():
            is_left = (self.nodes[label].side == "in") != self.backward
            x = self._left if is_left else self._right
            for name in [*outer, label]:
                width = self.boxes[name].width * (1 if is_left else -1)
                self._place[name] = x + width / 2
                self._along[name] = along[label]
                x += width + (STEP if is_left else -STEP)

    # --- for the whole --------------------------------------------------------------------------

    @property
    def width(self) -> float:
        return self._right - self._left + 2 * self.beside

    @property
    def height(self) -> float:
        return self.length + self.above + self.below

    def at(self, point: Point) -> Point:
        """Where a point, across and along the flow, is in the whole."""
        x, along = point
        down = along if self.backward else self.length - along
        return self.x + self.beside + x - self._left, self.y + self.above + down

    def node(self, name: str) -> Point:
        return self.at((self._place[name], self._along[name]))

    def inside(self, tail: str, head: str) -> list[Point]:
        """The corners of an edge within the part."""
        if self._at_border.issuperset((tail, head)):
            points = [self._side_of(tail, "out"), self._side_of(head, "in")]
        elif head in self._at_border:
            points = [*self._leave(tail, head), self._side_of(head, "in")]
        else:
            points = self._lead(tail, head)
        return [self.at(point) for point in points]

    def exit(self, tail: str) -> list[Point]:
        """The corners of an edge from a node to the border."""
        points = [self._side_of(tail, "out")] if tail in self._at_border else self._leave(tail, "out")
        return [self.at(point) for point in [*points, (self._border("out"), points[-1][1])]]

    def entry(self, tail: str, head: str) -> list[Point]:
        """The corners of an edge from the border to a node."""
        points = [self._side_of(head, "in")] if head in self._at_border else self._lead(tail, head)
        return [self.at(point) for point in [(self._border("in"), points[0][1]), *points]]

    def _border(self, side: str) -> float:
        is_left = (side == "in") != self.backward
        return self._left - self.beside if is_left else self._right + self.beside

    def _side_of(self, label: str, side: str) -> Point:
        """Where a wire comes to a label at the border, or leaves it."""
        sign = -1 if (side == "in") != self.backward else 1
        return self._place[label] + sign * self.boxes[label].width / 2, self._along[label]

    def _lead(self, source: str, head: str) -> list[Point]:
        """Along the wire of a value to one of those that it goes to."""
        bottom, x = self._bottom(source), self._across.get((source, self._bottom(source)), 0.0)
        if self._is_inside(source):
            points = [(x, self._along[source] + self._half(source, 0))]
        else:
            at_border = source in self._at_border
            x = self._side_of(source, "out")[0] if at_border else self._border("in")
            points = [(x, self._track[bottom, (source, "")])]
        for channel in range(bottom, self._row[head]):
            is_last = channel + 1 == self._row[head]
            to = self._pins[source, head] if is_last else self._across[source, channel + 1]
            if to != x:
                track = self._track[channel, (source, "")]
                points += [(x, track), (to, track)]
            x = to
        away = x - self._place[head]
        return [*points, (x, self._along[head] - self._half(head, away))]

    def _leave(self, tail: str, way: str) -> list[Point]:
        """From a node to the track on which its wire leaves."""
        x, track = self._place[tail], self._track[self._row[tail], (tail, way)]
        return [(x, self._along[tail] + self._half(tail, 0)), (x, track)]

    def _half(self, name: str, away: float) -> float:
        """How far a node reaches along the flow, so much away from its middle."""
        if self.nodes[name].is_round:
            return sqrt((CIRCLE / 2) ** 2 - away**2)
        return self.boxes[name].height / 2


def _graph() -> graphviz.Digraph:
    """A graph for Graphviz to place: empty boxes, one above the other."""
    return graphviz.Digraph(
        graph_attr={"nodesep": "0.2", "splines": "none"},
        node_attr={"label": "", "shape": "box", "fixedsize": "true", "height": "0.1"},
    )
