"""At which time steps something holds."""

from collections.abc import Sequence


def condition(steps: Sequence[int], everything: Sequence[int]) -> str:
    """When something holds, in Python; empty if at all steps.

    Parameters
    ----------
    steps
        Where it holds.
    everything
        All steps, without a gap; the last is called T.

    Examples
    --------
    >>> from minigrad.writing.steps import condition
    >>> [condition(steps, range(1, 6)) for steps in ([5], [1, 2, 3, 4], [1, 3, 4, 5], [2, 4])]
    ['t == T', 't < T', 't != 2', 't in (2, 4)']
    """
    first, last = (min(steps), max(steps)) if steps else (0, 0)
    missing = [t for t in everything if t not in steps]
    if not steps or not missing:
        return ""
    if len(steps) == 1:
        return "t == T" if last == everything[-1] else f"t == {first}"
    if list(steps) == list(range(first, last + 1)):
        if last == everything[-1]:
            return f"t > {first - 1}"
        end = "T" if last == everything[-2] else str(last + 1)
        return f"t < {end}" if first == everything[0] else f"{first - 1} < t < {end}"
    return f"t != {missing[0]}" if len(missing) == 1 else f"t in {tuple(steps)}"


def is_general(steps: Sequence[int], everything: Sequence[int]) -> bool:
    """Whether it is clear what holds for another number of steps.

    It is if the first step, the last, or those between are told from all others. Of any other step
    nobody knows from which end it is to be counted.
    """
    held, (first, *between, last) = set(steps), everything
    if held <= {first} or held <= {last}:
        return True
    return held >= set(between) and (len(between) > 1 or not held.isdisjoint({first, last}))
