"""At which time steps something holds, and how steps are counted: from the first, or from T."""

from collections.abc import Container, Sequence


def number(t: int, last: int | None, first: int = 0) -> str:
    """A step as a number, or from the last on as T; as an index into what begins at the `first`.

    Examples
    --------
    >>> from minigrad.writing.steps import number
    >>> [number(t, last=5) for t in (4, 5, 6)]
    ['4', 'T', 'T + 1']
    """
    return str(t - first) if last is None or t < last else plus("T", t - last - first)


def plus(letter: str, distance: int) -> str:
    """A step at a distance from a named one."""
    sign = "+" if distance > 0 else "-"
    return f"{letter} {sign} {abs(distance)}" if distance else letter


def range_over(steps: range, last: int | None, reach: int = 1) -> str:
    """The steps of a loop in Python; its ends are counted from T if they are as near as that.

    Examples
    --------
    >>> from minigrad.writing.steps import range_over
    >>> [range_over(steps, last=5) for steps in (range(1, 6), range(4, 0, -1), range(3))]
    ['range(1, T + 1)', 'range(T - 1, 0, -1)', 'range(3)']
    >>> range_over(range(4, 6), last=5, reach=2)
    'range(T - 1, T + 1)'
    """
    is_late = last is not None and min(steps) > max(last - reach, reach)
    is_to_end = last is not None and max(steps) >= last - reach

    def lower(t: int) -> str:
        return plus("T", t - last) if last is not None and is_late else str(t)

    def upper(t: int) -> str:
        return plus("T", t - last) if last is not None and is_to_end else str(t)

    if steps.step < 0:
        return f"range({upper(steps[0])}, {lower(steps[-1] - 1)}, -1)"
    return f"range({f'{lower(steps[0])}, ' if steps[0] else ''}{upper(steps[-1] + 1)})"


def condition(
    steps: Sequence[int], everything: Sequence[int], last: int | None = None, reach: int = 1
) -> str:
    """When something holds, in Python; empty if at all steps.

    Parameters
    ----------
    steps
        Where it holds.
    everything
        All steps, without a gap.
    last
        The step that is called T; by default the last of them.
    reach
        How many steps away values act. As near to T, steps are counted from there.

    Examples
    --------
    >>> from minigrad.writing.steps import condition
    >>> [condition(steps, range(1, 6)) for steps in ([5], [1, 2, 3, 4], [1, 3, 4, 5], [2, 4])]
    ['t == T', 't < T', 't != 2', 't in (2, 4)']
    >>> condition([2, 3], range(1, 4), reach=2), condition([0, 5], range(6))
    ('t > 1', 't in (0, T)')
    """
    held = sorted(steps)
    missing = [t for t in everything if t not in steps]
    if not held or not missing:
        return ""
    start, stop, end = held[0], held[-1], everything[-1]
    T = end if last is None else last

    def is_near_T(t: int) -> bool:
        return t > end - reach and T - end <= reach

    def named(t: int, from_T: bool) -> str:
        return plus("T", t - T) if from_T else str(t)

    if len(held) == 1:
        return f"t == {named(start, is_near_T(start))}"
    if held == list(range(start, stop + 1)):
        begins_late = end - start < start - everything[0]  # of few steps, one is near both ends
        lower = named(start - 1, begins_late and is_near_T(start))
        upper = named(stop + 1, is_near_T(stop + 1))
        if stop == end:
            return f"t > {lower}"
        return f"t < {upper}" if start == everything[0] else f"{lower} < t < {upper}"
    if len(missing) == 1:
        return f"t != {missing[0]}"
    at_ends = all(t - everything[0] < reach or is_near_T(t) for t in held)
    late = [at_ends and t - everything[0] >= reach for t in held]
    return f"t in ({', '.join(map(named, held, late))})"


def is_general(steps: Sequence[int], everything: Sequence[int], reach: int = 1) -> bool:
    """Whether it is clear what holds for another number of steps.

    It is if the first steps, the last, or those between are told from all others; the first and the
    last are as many as the `reach`. Of any other step nobody knows from which end it is to be
    counted.
    """
    held, between = set(steps), set(everything[reach:-reach])
    if held <= set(everything[:reach]):
        return True
    if held != set(range(min(held), max(held) + 1)):
        return False
    is_most = held >= between and (len(between) > 1 or len(held) > len(between))
    return is_most or held <= set(everything[-reach:])


def counterpart(t: int, steps: Sequence[int], known: Sequence[int], reach: int = 1) -> int:
    """What a step is in a program of another number of steps: one of the first, the last, or else.

    Of a given state, before the first or after the last, it is the one as far from there.

    Examples
    --------
    >>> from minigrad.writing.steps import counterpart
    >>> [counterpart(t, range(1, 7), known=range(1, 5)) for t in range(8)]
    [0, 1, 2, 2, 2, 2, 4, 5]
    """
    from_first, from_last = t - steps[0], steps[-1] - t
    if from_first < 0 or from_last < 0:
        return known[0] + from_first if from_first < 0 else known[-1] - from_last
    if from_first < reach or from_last >= reach:
        return known[min(from_first, reach, len(known) - 1)]
    return known[-1 - min(from_last, len(known) - 1)]


def holds_too(
    t: int, held: Container[int], steps: Sequence[int], known: Sequence[int], reach: int = 1
) -> bool:
    """Whether what holds at some of the known steps does at one of a program of another number.

    Where the first are the last too, it is as at the last, if the first are like those between.

    Examples
    --------
    >>> from minigrad.writing.steps import holds_too
    >>> [holds_too(1, held, range(1, 2), range(1, 6)) for held in ([5], [1, 2, 3, 4], [1])]
    [True, False, True]
    """
    holds = counterpart(t, steps, known, reach) in held
    from_last = steps[-1] - t
    is_at_both = t >= steps[0] and 0 <= from_last < reach <= len(known)
    if is_at_both and holds == (known[min(reach, len(known) - 1)] in held):
        return known[-1 - from_last] in held
    return holds
