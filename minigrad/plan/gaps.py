"""What is free of an arena, while its buffers are placed."""

from bisect import bisect, bisect_left, insort


class Gaps:
    """Pieces of memory that are free, by where they are and by how large they are."""

    def __init__(self) -> None:
        self._by_offset: list[tuple[int, int]] = []  # (offset, size)
        self._by_size: list[tuple[int, int]] = []  # (size, offset)

    def take(self, size: int) -> int | None:
        """Where so many bytes are free, in the smallest gap that has them; None if none has."""
        i = bisect_left(self._by_size, (size, 0))
        if i == len(self._by_size):
            return None
        gap, offset = self._by_size[i]
        self._remove(offset, gap)
        if gap > size:
            self._add(offset + size, gap - size)
        return offset

    def give_back(self, offset: int, size: int) -> None:
        """Add a gap, joined with the gaps before and behind it."""
        i = bisect(self._by_offset, (offset, size))
        before, behind = self._by_offset[max(i - 1, 0) : i], self._by_offset[i : i + 1]
        for gap_offset, gap in before:
            if gap_offset + gap == offset:
                self._remove(gap_offset, gap)
                offset, size = gap_offset, gap + size
        for gap_offset, gap in behind:
            if offset + size == gap_offset:
                self._remove(gap_offset, gap)
                size += gap
        self._add(offset, size)

    def _add(self, offset: int, size: int) -> None:
        insort(self._by_offset, (offset, size))
        insort(self._by_size, (size, offset))

    def _remove(self, offset: int, size: int) -> None:
        del self._by_offset[bisect_left(self._by_offset, (offset, size))]
        del self._by_size[bisect_left(self._by_size, (size, offset))]
