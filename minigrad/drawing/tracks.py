"""Tracks for wires that cross a channel, the room between two rows of nodes."""

from collections.abc import Sequence
from dataclasses import dataclass

LANE = 7.0  # between tracks
OVERLAP = 10  # two wires on one line are as bad as so many crossings


@dataclass(frozen=True)
class Net:
    """A wire across a channel, from one pin at its start to pins at its end.

    Attributes
    ----------
    source
        Where along the channel it comes in; infinite if it comes from the border.
    sinks
        Where it goes on to.
    room
        What its track needs: more than usual if a label stands in it.
    """

    source: float
    sinks: tuple[float, ...]
    room: float = LANE

    @property
    def span(self) -> tuple[float, float]:
        """From where to where it runs along the channel."""
        pins = (self.source, *self.sinks)
        return min(pins), max(pins)

    @property
    def is_straight(self) -> bool:
        """Whether it runs across the channel alone."""
        return all(sink == self.source for sink in self.sinks)


def tracks(nets: Sequence[Net]) -> list[int]:
    """The track of each net, counted from the start of the channel, with few crossings."""
    order: list[int] = []
    for k, net in enumerate(nets):
        if not net.is_straight:
            costs = [
                sum(_crossings(nets[i], net) for i in order[:place])
                + sum(_crossings(net, nets[i]) for i in order[place:])
                for place in range(len(order) + 1)
            ]
            order.insert(costs.index(min(costs)), k)
    found = [0] * len(nets)
    for place, k in enumerate(order):
        before = [found[i] + 1 for i in order[:place] if _meet(nets[i], nets[k])]
        found[k] = max(before, default=0)
    return found


def _meet(a: Net, b: Net) -> bool:
    """Whether two nets would touch on one track."""
    return a.span[0] < b.span[1] + LANE and b.span[0] < a.span[1] + LANE


def _crossings(first: Net, second: Net) -> int:
    """How often two nets cross if one has an earlier track than the other."""
    (low, high), (left, right) = second.span, first.span
    crossings = sum(low < sink < high for sink in first.sinks) + (left < second.source < right)
    on_one_line = any(abs(sink - second.source) < LANE / 2 for sink in first.sinks)
    return crossings + OVERLAP * (on_one_line and first.source != second.source)
