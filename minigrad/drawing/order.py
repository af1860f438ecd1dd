"""The order of nodes within their rows, with few crossings."""

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

SWEEPS = 12


@dataclass
class Links:
    """What a node is linked with.

    Attributes
    ----------
    before, after
        Nodes in the row before and in the row after.
    border
        -1 or 1 for each wire between the node and the left or the right border.
    """

    before: list[str] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    border: list[int] = field(default_factory=list)


def ordered(
    rows: Sequence[Sequence[str]], links: Mapping[str, Links], fixed: Iterable[Sequence[str]]
) -> list[list[str]]:
    """Order each row so that few links cross.

    Sorts row after row by what they are linked with, to and fro, and swaps neighbours as long as it
    helps; keeps the best order that it has seen.

    Parameters
    ----------
    rows
        The nodes of each row, in any order.
    links
        For each node what it is linked with.
    fixed
        Nodes that keep their order.
    """
    search = _Search([list(row) for row in rows], links, fixed)
    best, least = [list(row) for row in search.rows], search.crossings()
    for sweep in range(SWEEPS):
        if not least:
            break
        search.sort(forward=bool(sweep % 2))
        search.swap()
        found = search.crossings()
        if found < least:
            best, least = [list(row) for row in search.rows], found
    return best


class _Search:
    """The order that is being improved."""

    def __init__(
        self, rows: list[list[str]], links: Mapping[str, Links], fixed: Iterable[Sequence[str]]
    ) -> None:
        self.rows = rows
        self.links = links
        self.fixed = {name: (k, place) for k, n in enumerate(fixed) for place, name in enumerate(n)}
        self.place: dict[str, int] = {}
        for row in rows:
            self._settle(row)

    def sort(self, forward: bool) -> None:
        """Sort each row by the middle of what its nodes are linked with in the row before."""
        for row in self.rows if forward else self.rows[::-1]:
            middle = {}
            for place, name in enumerate(row):
                links = self.links[name]
                linked = self._places(links.before if forward else links.after)
                linked += [side * len(row) for side in links.border]
                middle[name] = sum(linked) / len(linked) if linked else place
            row.sort(key=middle.__getitem__)
            self._settle(row)

    def swap(self) -> None:
        """Swap neighbours as long as fewer links cross."""
        has_improved = True
        while has_improved:
            has_improved = False
            for row in self.rows:
                for k in range(len(row) - 1):
                    a, b = row[k], row[k + 1]
                    if not self._are_fixed(a, b) and self._cross(b, a) < self._cross(a, b):
                        row[k], row[k + 1] = b, a
                        self.place[a], self.place[b] = k + 1, k
                        has_improved = True

    def crossings(self) -> int:
        """How many links cross, between all rows and with wires to the borders."""
        total = 0
        for row in self.rows:
            passed: list[int] = []
            for k, name in enumerate(row):
                places = self._places(self.links[name].before)
                total += sum(len(passed) - bisect_right(passed, place) for place in places)
                for place in places:
                    insort(passed, place)
                for side in self.links[name].border:
                    total += k if side < 0 else len(row) - 1 - k
        return total

    def _settle(self, row: list[str]) -> None:
        """Put what is fixed into its order, and note the places."""
        slots: dict[int, list[int]] = {}
        for k, name in enumerate(row):
            if name in self.fixed:
                slots.setdefault(self.fixed[name][0], []).append(k)
        for places in slots.values():
            names = sorted((row[k] for k in places), key=self.fixed.__getitem__)
            for k, name in zip(places, names, strict=True):
                row[k] = name
        self.place |= {name: k for k, name in enumerate(row)}

    def _are_fixed(self, a: str, b: str) -> bool:
        return a in self.fixed and b in self.fixed and self.fixed[a][0] == self.fixed[b][0]

    def _cross(self, left: str, right: str) -> int:
        """How many links of two neighbours cross in this order."""
        first, second = self.links[left], self.links[right]
        crossings = 0
        for ours, theirs in ((first.before, second.before), (first.after, second.after)):
            places = self._places(theirs)
            crossings += sum(place > other for place in self._places(ours) for other in places)
        return crossings + first.border.count(1) + second.border.count(-1)

    def _places(self, names: Iterable[str]) -> list[int]:
        return [self.place[name] for name in names]
