from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from minigrad.plan.gaps import Gaps


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 5), st.integers(0, 99)), max_size=60))
def test_what_is_taken_was_free_and_fits_best(drawn: Any) -> None:
    """Against an arena that is looked at byte by byte."""
    gaps, free, taken = Gaps(), "." * 20, []
    gaps.give_back(0, 20)
    for giving, size, which in drawn:
        if giving and taken:
            offset, size = taken.pop(which % len(taken))
            gaps.give_back(offset, size)
            free = free[:offset] + "." * size + free[offset + size :]
            continue
        fitting = [piece for piece in free.split("#") if len(piece) >= size]
        offset = gaps.take(size)
        assert (offset is None) == (not fitting)
        if offset is not None:
            smallest = "." * min(map(len, fitting))
            assert f"#{free}#".find(f"#{smallest}#") == offset
            taken.append((offset, size))
            free = free[:offset] + "#" * size + free[offset + size :]
