"""One block of a picture, or what is outside of all: its nodes in rows, its wires in channels."""

from collections.abc import Mapping, Sequence
from math import sqrt

from minigrad.drawing.boxes import CIRCLE, Box
from minigrad.drawing.dot import Ranks
from minigrad.drawing.engine import Point
from minigrad.drawing.picture import Edge, Node
from minigrad.drawing.rows import Rows
from minigrad.drawing.tracks import LANE, Net, tracks

CHANNEL = 18.0  # the least room between rows
ARROW_ROOM = 13.0  # of it, before the next row
STEP = 18.0  # between labels in a row at the border
PADDING = 12.0  # between a block's border and what is in it
TITLE, TITLE_SIZE = 20.0, 11.0  # the heights of a block's title and of its letters

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
        self.rows = Rows(nodes, edges, boxes, ranks, backward)
        self._along: dict[str, float] = {}
        self._track: dict[tuple[int, Wire], float] = {}
        self._stack_rows()
        self._place = {name: self.rows.across[name, row] for name, row in self.rows.row.items()}
        self._place_labels(self._chains(edges))

    # --- rows above each other, and the tracks between them --------------------------------------

    def _nets(self, channel: int) -> dict[Wire, Net]:
        """What crosses the channel after a row."""
        nets = {}
        for source, heads in self.rows.heads.items():
            if not self.rows.bottom(source) <= channel < self.rows.top[source]:
                continue
            sinks = [self.rows.pins[source, h] for h in heads if self.rows.row[h] == channel + 1]
            if channel + 1 < self.rows.top[source]:
                sinks.append(self.rows.across[source, channel + 1])
            came = self.rows.across.get((source, channel), self.rows.near)
            nets[source, ""] = Net(came, tuple(sinks), self._room(source))
        for source, ways in self.rows.exits.items():
            if self.rows.row[source] == channel:
                for way in ways:
                    place = self.rows.across[source, channel]
                    nets[source, way] = Net(place, (-self.rows.near,), self._room(way))
        return nets

    def _room(self, name: str) -> float:
        return self.boxes[name].height + 2 if name in self.rows.at_border else LANE

    def _stack_rows(self) -> None:
        """Give rows and tracks their heights."""
        reached = 0.0
        for channel in range(-1, len(self.rows.rows)):
            if channel >= 0:
                half = max(self.boxes[name].height for name in self.rows.rows[channel]) / 2
                self._along |= dict.fromkeys(self.rows.rows[channel], reached + half)
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
            if 0 <= channel < len(self.rows.rows) - 1 or (channel == -1 and bent):
                reached = max(reached + ARROW_ROOM - LANE / 2, start + CHANNEL)
        self.length = reached

    def _chains(self, edges: Sequence[Edge]) -> dict[str, list[str]]:
        """For each label that is wired to a row the labels from the border to it."""
        beyond: dict[str, list[str]] = {}
        for edge in edges:
            if self.rows.at_border.issuperset((edge.tail, edge.head)) and not edge.recurrent:
                goes_out = self.nodes[edge.head].side == "out"
                inner, outer = (edge.tail, edge.head) if goes_out else (edge.head, edge.tail)
                beyond[inner] = [outer]
        wired = {name for _, wire in self._track for name in wire}
        return {label: [*beyond.get(label, []), label] for label in wired & self.rows.at_border}

    def _place_labels(self, chains: Mapping[str, Sequence[str]]) -> None:
        """Put labels to the borders, each where its wire comes in or leaves."""
        left, right = self._extent()
        room = {"in": 0.0, "out": 0.0}
        for label, chain in chains.items():
            side, width = self.nodes[label].side, sum(self.boxes[n].width + STEP for n in chain)
            room[side] = max(room[side], width)
        self._left = left - room["out" if self.backward else "in"]
        self._right = right + room["in" if self.backward else "out"]
        along: dict[str, float] = {}
        for (_, wire), track in self._track.items():  # the first channel first
            for name in wire:
                along.setdefault(name, track)
        for label, chain in chains.items():
            is_left = self._is_left(self.nodes[label].side)
            x, sign = (self._left, 1) if is_left else (self._right, -1)
            for name in chain:
                width = self.boxes[name].width
                self._place[name], self._along[name] = x + sign * width / 2, along[label]
                x += sign * (width + STEP)

    def _extent(self) -> tuple[float, float]:
        """How far the rows reach."""
        ends = [
            x + sign * (self.boxes[name].width / 2 if self.rows.is_inside(name) else 0)
            for (name, _), x in self.rows.across.items()
            for sign in (-1, 1)
        ]
        return min(ends, default=0.0), max(ends, default=0.0)

    def _is_left(self, side: str) -> bool:
        return (side == "in") != self.backward

    # --- for the whole --------------------------------------------------------------------------

    @property
    def width(self) -> float:
        return self._right - self._left + 2 * self.beside

    @property
    def height(self) -> float:
        return self.length + self.above + self.below

    def enclose(self, title: float, loops: int) -> None:
        """Make room for a border, for a title so wide, and for wires around what is inside."""
        self.is_block = True
        self.beside, self.below = PADDING + LANE * loops, PADDING
        self.above = TITLE + LANE * loops
        missing = max(title - (self._right - self._left), 0)
        self._left, self._right = self._left - missing / 2, self._right + missing / 2

    def at(self, point: Point) -> Point:
        """Where a point, across and along the flow, is in the whole."""
        x, along = point
        down = along if self.backward else self.length - along
        return self.x + self.beside + x - self._left, self.y + self.above + down

    def node(self, name: str) -> Point:
        return self.at((self._place[name], self._along[name]))

    def inside(self, tail: str, head: str) -> list[Point]:
        """The corners of an edge within the part."""
        if self.rows.at_border.issuperset((tail, head)):
            points = [self._side_of(tail, "out"), self._side_of(head, "in")]
        elif head in self.rows.at_border:
            points = [*self._leave(tail, head), self._side_of(head, "in")]
        else:
            points = self._lead(tail, head)
        return [self.at(point) for point in points]

    def exit(self, tail: str) -> list[Point]:
        """The corners of an edge from a node to the border."""
        at_border = tail in self.rows.at_border
        points = [self._side_of(tail, "out")] if at_border else self._leave(tail, "out")
        return [self.at(point) for point in [*points, (self._border("out"), points[-1][1])]]

    def entry(self, tail: str, head: str) -> list[Point]:
        """The corners of an edge from the border to a node."""
        points = (
            [self._side_of(head, "in")] if head in self.rows.at_border else self._lead(tail, head)
        )
        return [self.at(point) for point in [(self._border("in"), points[0][1]), *points]]

    def _border(self, side: str) -> float:
        return self._left - self.beside if self._is_left(side) else self._right + self.beside

    def _side_of(self, label: str, side: str) -> Point:
        """Where a wire comes to a label at the border, or leaves it."""
        sign = -1 if self._is_left(side) else 1
        return self._place[label] + sign * self.boxes[label].width / 2, self._along[label]

    def _lead(self, source: str, head: str) -> list[Point]:
        """Along the wire of a value to one of those that it goes to."""
        bottom, x = (
            self.rows.bottom(source),
            self.rows.across.get((source, self.rows.bottom(source)), 0.0),
        )
        if self.rows.is_inside(source):
            points = [(x, self._along[source] + self._half(source, 0))]
        else:
            at_border = source in self.rows.at_border
            x = self._side_of(source, "out")[0] if at_border else self._border("in")
            points = [(x, self._track[bottom, (source, "")])]
        for channel in range(bottom, self.rows.row[head]):
            is_last = channel + 1 == self.rows.row[head]
            to = self.rows.pins[source, head] if is_last else self.rows.across[source, channel + 1]
            if to != x:
                track = self._track[channel, (source, "")]
                points += [(x, track), (to, track)]
            x = to
        away = x - self._place[head]
        return [*points, (x, self._along[head] - self._half(head, away))]

    def _leave(self, tail: str, way: str) -> list[Point]:
        """From a node to the track on which its wire leaves."""
        x, track = self._place[tail], self._track[self.rows.row[tail], (tail, way)]
        return [(x, self._along[tail] + self._half(tail, 0)), (x, track)]

    def _half(self, name: str, away: float) -> float:
        """How far a node reaches along the flow, so much away from its middle."""
        if self.nodes[name].is_round:
            return sqrt((CIRCLE / 2) ** 2 - away**2)
        return self.boxes[name].height / 2
