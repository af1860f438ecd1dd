"""Indices, axis by axis."""

from collections.abc import Sequence
from typing import Any

from minigrad.notation.expression import MovingNumber

WHOLE = slice(None)


def each(index: Any) -> tuple[Any, ...]:
    """What stands between the commas."""
    return index if isinstance(index, tuple) else (index,)


def by_axis(index: Any, n: int) -> list[Any]:
    """What takes a part of each of `n` axes; new axes are left out.

    Examples
    --------
    >>> from minigrad.notation.indices import by_axis
    >>> by_axis((..., None, 2), 3)
    [slice(None, None, None), slice(None, None, None), 2]
    """
    given = [i for i in each(index) if i is not None]
    dots = next((k for k, i in enumerate(given) if i is Ellipsis), len(given))
    before, after = given[:dots], given[dots + 1 :]
    return [*before, *[WHOLE] * (n - len(before) - len(after)), *after]


def is_plain(index: Any) -> bool:
    """Whether there are numbers and slices in it, and nothing else."""
    return all(_is_number(i) or isinstance(i, slice) for i in each(index))


def is_view(index: Any) -> bool:
    """Whether what it picks can be written to; arrays of numbers and masks pick a copy."""
    return all(i is None or i is Ellipsis or is_plain(i) for i in each(index))


def _is_number(i: Any) -> bool:
    return isinstance(i, int | MovingNumber) and not isinstance(i, bool)


def shortened(index: Sequence[Any]) -> Any:
    """An index without the colons at its end; that of the first axis alone is no tuple."""
    given = list(index)
    while len(given) > 1 and given[-1] == WHOLE:
        given.pop()
    return given[0] if len(given) == 1 else tuple(given)


def swapped(axes: Sequence[Any]) -> list[Any]:
    """With the last two in the other order."""
    return [*axes[:-2], axes[-1], axes[-2]]
