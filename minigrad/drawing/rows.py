"""The nodes of one part of a picture in rows, and what is wired to what."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import copysign, inf

import graphviz

from minigrad.drawing.boxes import Box
from minigrad.drawing.dot import Ranks, add_ranks, add_row
from minigrad.drawing.engine import place
from minigrad.drawing.order import Links, ordered
from minigrad.drawing.picture import Edge, Node

INCH = 72.0  # in points
PIN = 14.0  # between wires that enter one node
NEAR = 24.0  # how far from its middle, if they do not come straight
ROUND = 8.0  # the same for a circle
WIRE = "\n"  # begins what stands for a wire in a row; no node is called so


class Rows:
    """Where nodes stand in their rows, and where wires pass the rows and enter the nodes.

    Graphviz gives the rows, and the places in them once the order is known. A wire carries one
    value to all that take it in; in the rows that it passes it has a place of its own.

    Parameters
    ----------
    nodes, edges, boxes, ranks, backward
        As `Part` has them.

    Attributes
    ----------
    at_border
        The labels that stand at the borders, in no row.
    heads
        For each node, and all that comes from outside, to which nodes in rows it leads.
    exits
        For each node in a row the labels through which it leaves; "out" where there is none.
    rows
        The nodes of each row, in the order of the flow.
    operand
        For each source and head which operand it brings.
    row, top
        For each node its row, and for each source of a wire the last row that it leads to.
    across
        For each node and its row, and for the source of a wire and each row that it passes, the
        place in it.
    pins
        For each source and head the place where the wire enters.
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
        self.operand = {(edge.tail, edge.head): edge.operand for edge in edges}
        self.at_border = self._find_labels(edges)
        self.heads = self._find_heads(edges)
        self.exits = self._find_exits(edges)
        self.rows = self._find_rows(ranks)
        self.row = {name: r for r, row in enumerate(self.rows) for name in row}
        self.top = {source: self._find_top(source) for source in self.heads}
        self.across = self._place_in_rows(ranks)
        self.pins = self._find_pins()

    @property
    def near(self) -> float:
        """Where what comes from outside comes in: beyond all nodes, at one side."""
        return inf if self.backward else -inf

    # --- what is wired to what ------------------------------------------------------------------

    def _find_labels(self, edges: Sequence[Edge]) -> set[str]:
        """The labels at the borders: what is wired to a row there, and what is beyond it."""
        side = {node.id: node.side for node in self.nodes.values() if node.side}
        labels: set[str] = set()
        for _ in range(2):
            for edge in edges:
                for label, inner in ((edge.tail, edge.head), (edge.head, edge.tail)):
                    is_right_way = side.get(label) == ("in" if label == edge.tail else "out")
                    is_wired = inner not in side or (
                        inner in labels and side[inner] == side.get(label)
                    )
                    if is_right_way and is_wired and inner in self.nodes and not edge.recurrent:
                        labels.add(label)
        return labels

    def _find_heads(self, edges: Sequence[Edge]) -> dict[str, list[str]]:
        """For each node, and all that comes from outside, to which nodes inside it leads."""
        heads: dict[str, list[str]] = {}
        for edge in edges:
            if not edge.recurrent and edge.head in self.nodes and edge.head not in self.at_border:
                heads.setdefault(edge.tail, []).append(edge.head)
        return heads

    def _find_exits(self, edges: Sequence[Edge]) -> dict[str, list[str]]:
        """For each node inside the labels through which it leaves; "out" where there is none."""
        exits: dict[str, list[str]] = {}
        for edge in edges:
            if edge.tail in self.nodes and edge.tail not in self.at_border:
                leaves = edge.recurrent or edge.head not in self.nodes
                way = "out" if leaves else edge.head
                if leaves or edge.head in self.at_border:
                    exits.setdefault(edge.tail, []).append(way)
        return {tail: list(dict.fromkeys(ways)) for tail, ways in exits.items()}

    def is_inside(self, name: str) -> bool:
        return name in self.nodes and name not in self.at_border

    # --- rows and places in them ----------------------------------------------------------------

    def _find_rows(self, ranks: Ranks) -> list[list[str]]:
        """Which nodes stand in one row, in the order of the flow."""
        graph = _graph()
        short = {name: f"n{k}" for k, name in enumerate(self.nodes) if self.is_inside(name)}
        for name in short:
            graph.node(short[name])
        add_ranks(graph, [(self.nodes[name].name, short[name]) for name in short], ranks)
        for source, heads in self.heads.items():
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

    def bottom(self, source: str) -> int:
        """The row that a wire comes out of; -1 is before the first."""
        if self.is_inside(source):
            return self.row[source]
        return min(self.row[head] for head in self.heads[source]) - 1

    def _find_top(self, source: str) -> int:
        """The last row that a wire leads to."""
        top = max(self.row[head] for head in self.heads[source])
        least = min(self.row[head] for head in self.heads[source])
        if self.is_inside(source) and least <= self.row[source]:
            raise ValueError(
                f"draw: expected ranks of values that do not lead to each other, got one with "
                f"{self.nodes[source].label.text} and what is computed from it; take it out"
            )
        return top

    def _place_in_rows(self, ranks: Ranks) -> dict[tuple[str, int], float]:
        """For each node in its row, and each wire in the rows that it passes, the place in it."""
        links, wires = self._find_links()
        rows = [[*row, *wires[r]] for r, row in enumerate(self.rows)]
        named = [(self.nodes[name].name, name) for row in self.rows for name in row]
        fixed = [[i for wanted in names for name, i in named if name == wanted] for names in ranks]
        graph = _graph()
        short: dict[str, str] = {}
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
        """What is linked from row to row; and the wires that pass each row, with their sources."""
        links: dict[str, Links] = {name: Links() for row in self.rows for name in row}
        wires: list[dict[str, str]] = [{} for _ in self.rows]

        def link(before: str, after: str) -> None:
            links[before].after.append(after)
            links[after].before.append(before)

        for source, heads in self.heads.items():
            at = source if self.is_inside(source) else ""
            for r in range(self.bottom(source) + 1, self.top[source] + 1):
                for head in heads:
                    if self.row[head] == r and at:
                        link(at, head)
                    elif self.row[head] == r:
                        links[head].border.append(1 if self.backward else -1)
                if r < self.top[source]:
                    wire = f"{WIRE}{r} {source}"
                    wires[r][wire] = source
                    links[wire] = Links()
                    if at:
                        link(at, wire)
                    at = wire
            for before, after in self._ends(heads):
                link(before, after)
        for source, ways in self.exits.items():
            links[source].border += [-1 if self.backward else 1] * len(ways)
        return links, wires

    def _find_pins(self) -> dict[tuple[str, str], float]:
        """For each source and head the place where the wire enters, as straight as can be.

        Operands whose order matters enter in it.
        """
        entering: dict[str, list[tuple[str, float, str]]] = {}
        for source, heads in self.heads.items():
            for head in heads:
                came = self.across.get((source, self.row[head] - 1), self.near)
                operand = self.operand.get((source, head), "")
                entering.setdefault(head, []).append((operand, came, source))
        pins = {}
        for head, sources in entering.items():
            middle, node = self.across[head, self.row[head]], self.nodes[head]
            wide = max(self.boxes[head].width / 2 - 10, 0)
            wide = 0 if node.kind == "value" else ROUND if node.is_round else wide
            gap = min(PIN, 2 * wide / max(len(sources), 2))
            if len(sources) == 1 and node.is_round:
                wide = 0
            least = -wide
            for k, (_, came, source) in enumerate(sorted(sources)):
                wish = came - middle
                if abs(wish) > wide:  # what does not come straight comes near the middle
                    wish = copysign(min(wide, NEAR), wish)
                away = min(max(wish, least), wide - gap * (len(sources) - 1 - k))
                pins[source, head] = middle + away
                least = away + gap
        return pins


def _graph() -> graphviz.Digraph:
    """A graph for Graphviz to place: empty boxes, one above the other."""
    return graphviz.Digraph(
        graph_attr={"nodesep": "0.2", "splines": "none"},
        node_attr={"label": "", "shape": "box", "fixedsize": "true", "height": "0.1"},
    )
