"""Where everything goes: each block is laid out by itself, and then the blocks in a row."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import graphviz

from minigrad.drawing.boxes import CIRCLE, Box
from minigrad.drawing.dot import Ranks, add_column, add_ranks, direction
from minigrad.drawing.engine import Curve, Placed, Point, place
from minigrad.drawing.picture import Edge, Node, Picture

INCH = 72.0  # in points
GAP = 34.0  # between blocks
PADDING = 12.0  # between a block's border and what is in it
TITLE = 20.0  # the height of a block's title
LANE = 7.0  # between edges that run beside each other
BEND = 6.0  # the radius of their corners

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

    width: float = 0
    height: float = 0
    nodes: dict[str, Point] = field(default_factory=dict)
    edges: dict[int, Curve] = field(default_factory=dict)
    frames: dict[int, Frame] = field(default_factory=dict)


@dataclass
class Part:
    """A block, or what comes before all blocks or after them; placed by itself, then moved."""

    key: int | str
    nodes: list[Node]
    placed: Placed
    x: float = 0
    y: float = 0
    lanes: int = 0

    @property
    def padding(self) -> tuple[float, float]:
        """Room beside and above what is in it."""
        if isinstance(self.key, str):
            return 0, 0
        return PADDING + LANE * self.lanes, TITLE + LANE * self.lanes

    @property
    def width(self) -> float:
        return self.placed.width + 2 * self.padding[0]

    @property
    def height(self) -> float:
        _, above = self.padding
        return self.placed.height + above + (0 if isinstance(self.key, str) else PADDING)

    def at(self, point: Point) -> Point:
        """Where a point of the part is in the whole."""
        beside, above = self.padding
        return point[0] + self.x + beside, point[1] + self.y + above

    def curve(self, name: str) -> Curve:
        return [self.at(point) for point in self.placed.edges[name]]

    def node(self, name: str) -> Point:
        return self.at(self.placed.nodes[name])


def lay_out(picture: Picture, boxes: Mapping[str, Box], ranks: Ranks) -> Layout:
    """Give every node and edge its place.

    Raises
    ------
    RendererNotFoundError
        If there is no Graphviz.
    """
    home = _homes(picture)
    parts: dict[int | str, Part] = {}
    for key in (*range(len(picture.blocks)), BEFORE, AFTER):
        nodes = [node for node in picture.nodes.values() if home[node.id] == key]
        if nodes:
            ports = _ports(picture, key, home, parts)
            parts[key] = Part(key, nodes, _place(picture, nodes, boxes, ranks, ports))
            parts[key].lanes = sum(
                edge.recurrent and home[edge.head] == key for edge in picture.edges
            )
    first, last = (AFTER, BEFORE) if picture.backward else (BEFORE, AFTER)
    row = [parts[key] for key in (first, *range(len(picture.blocks)), last) if key in parts]
    _arrange(row, picture, home, parts)
    return _joined(picture, boxes, home, parts)


def _place(
    picture: Picture,
    nodes: list[Node],
    boxes: Mapping[str, Box],
    ranks: Ranks,
    ports: Mapping[str, list[str]],
) -> Placed:
    """Let Graphviz place the nodes of one part as empty boxes, with ports at its borders.

    Blocks are placed one by one since Graphviz keeps to the order within a column only where there
    are no clusters, and since steps that are alike are then placed once.
    """
    graph = graphviz.Digraph(
        graph_attr={"rankdir": direction(picture), "nodesep": "0.14", "ranksep": "0.34"},
        node_attr={"label": "", "shape": "box", "fixedsize": "true"},
    )
    short = {node.id: f"n{k}" for k, node in enumerate(nodes)}
    for node in nodes:
        box = boxes[node.id]
        size = {"width": f"{box.width / INCH:.4f}", "height": f"{box.height / INCH:.4f}"}
        graph.node(short[node.id], **size)
    add_ranks(graph, [replace(node, id=short[node.id]) for node in nodes], ranks)
    into, out = ("e", "w") if picture.backward else ("w", "e")
    names: dict[str, str] = {}
    outgoing = Counter(edge.tail for edge in picture.edges)
    incoming = Counter(edge.head for edge in picture.edges)
    for k, edge in enumerate(picture.edges):
        if not edge.recurrent and edge.tail in short and edge.head in short:
            names[f"edge{len(names)}"] = f"edge{k}"
            tail, head = f"{short[edge.tail]}:{out}", f"{short[edge.head]}:{into}"
            alone = outgoing[edge.tail] == incoming[edge.head] == 1
            # What has no choice goes straight on.
            graph.edge(tail, head, id=f"edge{len(names) - 1}", weight="20" if alone else "1")
    for side, ids in ports.items():
        border = [node.id for node in nodes if node.side == side]
        for node_id in ids:
            port = f"{side}-{node_id}"
            short[port] = f"{side}{short[node_id]}"
            graph.node(short[port], shape="point", width="0.01", height="0.01")
            ends = (f"{short[node_id]}:{out}", short[port])
            if side == "in":
                ends = (short[port], f"{short[node_id]}:{into}")
            names[f"edge-{short[port]}"] = f"edge-{port}"
            graph.edge(*ends, id=f"edge-{short[port]}")
            border.append(port)
        # Where nothing else is, the order of the ports is free to follow the neighbours.
        free = nodes[0].block is None
        rank = "min" if side == "in" else "max"
        add_column(graph, [short[node_id] for node_id in border], ordered=free, rank=rank)
    placed = place(str(graph.source))
    return Placed(
        placed.width,
        placed.height,
        {name: placed.nodes[k] for name, k in short.items()},
        {name: placed.edges[k] for k, name in names.items()},
    )


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


def _ports(
    picture: Picture,
    key: int | str,
    home: Mapping[str, int | str],
    parts: Mapping[int | str, Part],
) -> dict[str, list[str]]:
    """Which nodes of a part have edges from or to another part, from the top down."""
    found: dict[str, dict[str, float]] = {"in": {}, "out": {}}
    for edge in picture.edges:
        tail, head = home[edge.tail], home[edge.head]
        if tail == head and not edge.recurrent:
            continue
        if tail == key:
            found["out"][edge.tail] = _height(parts, head, f"in-{edge.head}")
        if head == key and not edge.recurrent:
            found["in"][edge.head] = _height(parts, tail, f"out-{edge.tail}")
    sides = {side: sorted(ids, key=ids.__getitem__) for side, ids in found.items()}
    at_border = {node.id for node in picture.nodes.values() if node.side}
    return {side: [i for i in ids if i not in at_border] for side, ids in sides.items()}


def _height(parts: Mapping[int | str, Part], key: int | str, name: str) -> float:
    """How far down the other end of an edge is, if its part has been placed."""
    if key not in parts:
        return 0
    nodes = parts[key].placed.nodes
    return nodes.get(name, nodes.get(name.partition("-")[2], (0.0, 0.0)))[1]


def _arrange(
    row: list[Part], picture: Picture, home: Mapping[str, int | str], parts: dict[int | str, Part]
) -> None:
    """Put the parts beside each other, so that edges between neighbours are as level as can be."""
    x = 0.0
    for k, part in enumerate(row):
        part.x = x
        x += part.width + GAP
        if k:
            before = row[k - 1]
            drops = [
                (_port(a, "out", edge.tail)[1] - _port(b, "in", edge.head)[1])
                * (1 if b is part else -1)
                for edge in picture.edges
                for a, b in [(parts[home[edge.tail]], parts[home[edge.head]])]
                if {id(a), id(b)} == {id(before), id(part)}
            ]
            centred = before.y + (before.height - part.height) / 2
            part.y = sum(drops) / len(drops) if drops else centred
    top = min(part.y for part in row)
    for part in row:
        part.y -= top


def _port(part: Part, side: str, node_id: str) -> Point:
    """Where an edge leaves or enters a part."""
    port = f"{side}-{node_id}"
    return part.node(port if port in part.placed.nodes else node_id)


def _joined(
    picture: Picture,
    boxes: Mapping[str, Box],
    home: Mapping[str, int | str],
    parts: Mapping[int | str, Part],
) -> Layout:
    """Collect what is in the parts, and lead edges from part to part."""
    layout = Layout(
        max((part.x + part.width for part in parts.values()), default=0.0),
        max((part.y + part.height for part in parts.values()), default=0.0),
    )
    for key, part in parts.items():
        layout.nodes |= {node.id: part.node(node.id) for node in part.nodes}
        if isinstance(key, int):
            layout.frames[key] = Frame(part.x, part.y, part.x + part.width, part.y + part.height)
    order = sorted(parts.values(), key=lambda part: part.x)
    router = _Router(picture, boxes, parts, {id(part): k for k, part in enumerate(order)})
    for k, edge in enumerate(picture.edges):
        tail, head = parts[home[edge.tail]], parts[home[edge.head]]
        if tail is head and not edge.recurrent:
            layout.edges[k] = tail.curve(f"edge{k}")
        else:
            layout.edges[k] = router.lead(edge, tail, head)
        _tie(layout, picture, k)
    if router.lanes:
        _move_down(layout, LANE * (len(router.lanes) + 1))
    return layout


def _tie(layout: Layout, picture: Picture, k: int) -> None:
    """Lead an edge on to a circle, past the sides of its caption."""
    edge, curve = picture.edges[k], layout.edges[k]
    forward = -1 if picture.backward else 1
    if picture.nodes[edge.tail].is_round:
        x, y = layout.nodes[edge.tail]
        start = (x + forward * CIRCLE / 2, y)
        curve[:0] = [start, start, curve[0]]
    if picture.nodes[edge.head].is_round:
        x, y = layout.nodes[edge.head]
        end = (x - forward * CIRCLE / 2, y)
        curve += [curve[-1], end, end]


class _Router:
    """Leads edges from part to part, and from a block to its next repeat."""

    def __init__(
        self,
        picture: Picture,
        boxes: Mapping[str, Box],
        parts: Mapping[int | str, Part],
        place_in_row: Mapping[int, int],
    ) -> None:
        self.picture = picture
        self.boxes = boxes
        self.parts = parts
        self.place_in_row = place_in_row
        self.forward = -1 if picture.backward else 1
        self.lanes: dict[str, int] = {}
        self.loops: dict[int, int] = {}

    def lead(self, edge: Edge, tail: Part, head: Part) -> Curve:
        """The curve of one edge from its tail to its head."""
        out, into = self._end(edge.tail, tail, "out"), self._end(edge.head, head, "in")
        if edge.recurrent:
            middle = self._around(out[-1], into[0], head)
        elif abs(self.place_in_row[id(tail)] - self.place_in_row[id(head)]) == 1:
            middle = _swing(out[-1], into[0])
        else:
            middle = self._over(edge, out[-1], into[0])
        return out + middle[1:] + into[1:]

    def _end(self, node_id: str, part: Part, side: str) -> Curve:
        """The piece of an edge between a node and the border of its part."""
        name = f"edge-{side}-{node_id}"
        if name in part.placed.edges:
            return part.curve(name)
        x, y = part.node(node_id)
        half = self.boxes[node_id].width / 2 * self.forward
        return [(x + half, y) if side == "out" else (x - half, y)]

    def _around(self, start: Point, end: Point, block: Part) -> Curve:
        """Around the inside of a block's border, the first edge inmost."""
        lane = self.loops[id(block)] = self.loops.get(id(block), 0) + 1
        inset = 4 + LANE * (block.lanes - lane)
        left, right = block.x + inset, block.x + block.width - inset
        over = block.y + TITLE + inset
        out, back = (right, left) if self.forward > 0 else (left, right)
        return _bent([start, (out, start[1]), (out, over), (back, over), (back, end[1]), end])

    def _over(self, edge: Edge, start: Point, end: Point) -> Curve:
        """Over the blocks between; edges that share an end share a lane."""
        shared = edge.tail if self.picture.backward else edge.head
        lane = self.lanes.setdefault(shared, len(self.lanes))
        over, step = -LANE * (lane + 1), self.forward * GAP / 3
        out, back = start[0] + step, end[0] - step
        return _bent([start, (out, start[1]), (out, over), (back, over), (back, end[1]), end])


def _swing(start: Point, end: Point) -> Curve:
    """From one border to the next, level at both ends."""
    middle = (start[0] + end[0]) / 2
    return [start, (middle, start[1]), (middle, end[1]), end]


def _bent(corners: list[Point]) -> Curve:
    """Straight lines with round corners."""
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
