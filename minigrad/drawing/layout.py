"""Where everything goes: each block is laid out by itself, and then the blocks in a row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

from minigrad.drawing.boxes import Box
from minigrad.drawing.dot import Ranks
from minigrad.drawing.engine import Point
from minigrad.drawing.part import PADDING, TITLE, TITLE_SIZE, Part
from minigrad.drawing.picture import Edge, Node, Picture
from minigrad.drawing.tracks import LANE, Net, tracks
from minigrad.drawing.typeset import words

GAP = 34.0  # between blocks
BEND = 6.0  # the radius of their corners

# Bézier curves joined: the start, then three points for each curve.
Curve = list[Point]

BEFORE, AFTER = "before", "after"


@dataclass
class Frame:
    """A block's border: its corners, and what is in its title."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass
class Layout:
    """Positions of all parts of a picture, in points from the top left.

    Attributes
    ----------
    width, height
        Of the whole.
    nodes
        For each node its centre.
    edges
        For each edge, by its place in the picture, its curve.
    frames
        For each block its border.
    """

    width: float
    height: float
    nodes: dict[str, Point]
    edges: dict[int, Curve]
    frames: dict[int, Frame]


def lay_out(picture: Picture, boxes: Mapping[str, Box], ranks: Ranks) -> Layout:
    """Give every node and edge its place.

    Blocks are placed one by one, so that steps that are alike look alike, and time goes to the
    right whatever is in them.

    Raises
    ------
    RendererNotFoundError
        If there is no Graphviz.
    """
    if not picture.nodes:
        return Layout(0, 0, {}, {}, {})
    home = _homes(picture)
    nodes: dict[int | str, list[Node]] = {}
    edges: dict[int | str, list[Edge]] = {}
    for node in list(picture.nodes.values())[:: -1 if picture.backward else 1]:  # older ones first
        nodes.setdefault(home[node.id], []).append(node)
    for edge in picture.edges:
        for key in {home[edge.tail], home[edge.head]}:
            edges.setdefault(key, []).append(edge)
    parts = {
        key: Part(nodes[key], edges.get(key, []), boxes, ranks, picture.backward) for key in nodes
    }
    blocks = [key for key in range(len(picture.blocks)) if key in parts]
    for key in blocks:
        loops = len({edge.tail for edge in edges.get(key, ()) if edge.recurrent})
        parts[key].enclose(words(picture.blocks[key].title, TITLE_SIZE).width, loops)
    first, last = (AFTER, BEFORE) if picture.backward else (BEFORE, AFTER)
    row = [parts[key] for key in (first, *blocks, last) if key in parts]
    joined = _Joined(picture, row, {node: parts[key] for node, key in home.items()})
    layout = Layout(
        max(part.x + part.width for part in row),
        max(part.y + part.height for part in row),
        {node: part.node(node) for part in row for node in part.nodes},
        {k: _bent(joined.corners(k)) for k in range(len(picture.edges))},
        {key: _frame(parts[key]) for key in blocks},
    )
    if joined.lanes:
        _move_down(layout, LANE * (len(joined.lanes) + 1))
    return layout


def _homes(picture: Picture) -> dict[str, int | str]:
    """In which part each node is; one outside of the blocks is before or after them."""
    home: dict[str, int | str] = {
        node.id: BEFORE if node.block is None else node.block for node in picture.nodes.values()
    }
    heads: dict[str, list[str]] = {}
    for edge in picture.edges:
        heads.setdefault(edge.tail, []).append(edge.head)
    to_visit = [node.id for node in picture.nodes.values() if node.block is not None]
    while to_visit:
        for head in heads.get(to_visit.pop(), ()):
            if home[head] == BEFORE:
                home[head] = AFTER
                to_visit.append(head)
    return home


class _Joined:
    """Parts beside each other, and the edges that lead from part to part."""

    def __init__(
        self,
        picture: Picture,
        row: Sequence[Part],
        home: Mapping[str, Part],
    ) -> None:
        self.picture = picture
        self.row = row
        self.flow = -1 if picture.backward else 1
        self.ends = [(home[edge.tail], home[edge.head]) for edge in picture.edges]
        self.place = {id(part): k for k, part in enumerate(row)}
        self.loops: dict[str, float] = {}
        self.lanes: dict[str, float] = {}
        self.gaps: list[dict[str, float]] = []
        self._level()
        self._spread()

    def _level(self) -> None:
        """Let blocks stand on one line, and what is before or after them level with its edges."""
        for part in self.row:
            part.y = -part.height
        for part in (self.row[0], self.row[-1]):
            drops = [
                (tail.exit(edge.tail)[-1][1] - head.entry(edge.tail, edge.head)[0][1])
                * (1 if head is part else -1)
                for edge, (tail, head) in zip(self.picture.edges, self.ends, strict=True)
                if tail is not head and part in (tail, head) and not part.is_block
            ]
            part.y += sum(drops) / max(len(drops), 1)
        top = min(part.y for part in self.row)
        for part in self.row:
            part.y -= top

    def _spread(self) -> None:
        """Put the parts beside each other, with room for the wires between them."""
        x = 0.0
        for part, nets in zip(self.row, self._nets(), strict=True):
            part.x = x
            found = dict(zip(nets, tracks(list(nets.values())), strict=True))
            width = LANE * max(found.values(), default=0)
            room = max(GAP, width + 2 * LANE)
            start = x + part.width + (room - self.flow * width) / 2
            self.gaps.append({wire: start + self.flow * LANE * t for wire, t in found.items()})
            x += part.width + room

    def _nets(self) -> list[dict[str, Net]]:
        """For each part of the row what crosses the gap after it."""
        nets: list[dict[str, Net]] = [{} for _ in self.row]

        def add(gap: int, wire: str, source: float, sink: float) -> None:
            before = nets[gap][wire].sinks if wire in nets[gap] else ()
            nets[gap][wire] = Net(source, (*before, sink))

        for edge, (tail, head) in zip(self.picture.edges, self.ends, strict=True):
            if tail is not head:
                out, into = self._gaps_of(tail, head)
                start = tail.exit(edge.tail)[-1][1]
                goal = head.entry(edge.tail, edge.head)[0][1]
                add(out, edge.tail, start, goal if into == out else -inf)
                if into != out:
                    add(into, self._shared(edge), -inf, goal)
        return nets

    def _gaps_of(self, tail: Part, head: Part) -> tuple[int, int]:
        """The gaps into which an edge goes out, and from which it comes in."""
        out, into = self.place[id(tail)], self.place[id(head)]
        return (out, into - 1) if self.flow > 0 else (out - 1, into)

    def _shared(self, edge: Edge) -> str:
        """What edges over several blocks have in common, so that they share a lane."""
        return f"over {edge.tail if self.picture.backward else edge.head}"

    def corners(self, k: int) -> list[Point]:
        """The corners of one edge from its tail to its head."""
        edge, (tail, head) = self.picture.edges[k], self.ends[k]
        if tail is head and not edge.recurrent:
            return tail.inside(edge.tail, edge.head)
        out, into = tail.exit(edge.tail), head.entry(edge.tail, edge.head)
        (_, start), (_, end) = out[-1], into[0]
        if tail is head:
            return [*out[:-1], *self._around(edge, start, end, head), *into[1:]]
        leaving, entering = self._gaps_of(tail, head)
        first = self.gaps[leaving][edge.tail]
        if leaving == entering:
            return [*out, (first, start), (first, end), *into]
        last = self.gaps[entering][self._shared(edge)]
        over = self.lanes.setdefault(self._shared(edge), -LANE * (len(self.lanes) + 1))
        return [*out, (first, start), (first, over), (last, over), (last, end), *into]

    def _around(self, edge: Edge, start: float, end: float, block: Part) -> list[Point]:
        """Around the inside of a block's border, the first edge inmost."""
        inset = self.loops.setdefault(
            edge.tail, block.beside - PADDING + 4 - LANE * (1 + self._loops_of(block))
        )
        left, right = block.x + inset, block.x + block.width - inset
        over = block.y + TITLE + inset
        out, back = (right, left) if self.flow > 0 else (left, right)
        return [(out, start), (out, over), (back, over), (back, end)]

    def _loops_of(self, block: Part) -> int:
        """How many wires have been led around a block."""
        return sum(name in block.nodes for name in self.loops)


def _frame(part: Part) -> Frame:
    return Frame(part.x, part.y, part.x + part.width, part.y + part.height)


def _bent(points: list[Point]) -> Curve:
    """Straight lines with round corners."""
    corners = points[:1]
    for k, point in enumerate(points[1:], 1):
        before, after = corners[-1], points[min(k + 1, len(points) - 1)]
        straight = any(before[i] == point[i] == after[i] for i in (0, 1))
        if point != before and not (straight and k + 1 < len(points)):
            corners.append(point)
    curve = [corners[0]]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        into, out = _towards(corner, before), _towards(corner, after)
        curve += [curve[-1], into, into, corner, corner, out]
    return [*curve, curve[-1], corners[-1], corners[-1]]


def _towards(corner: Point, other: Point) -> Point:
    """Where the rounding of a corner begins."""
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(dx), abs(dy), 1e-9)  # lines are level or upright
    share = min(BEND, length / 2) / length
    return corner[0] + dx * share, corner[1] + dy * share


def _move_down(layout: Layout, by: float) -> None:
    layout.height += by
    layout.nodes = {name: (x, y + by) for name, (x, y) in layout.nodes.items()}
    layout.edges = {k: [(x, y + by) for x, y in curve] for k, curve in layout.edges.items()}
    for frame in layout.frames.values():
        frame.top += by
        frame.bottom += by
