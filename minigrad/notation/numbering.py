"""The order in which plus nodes are numbered, in pictures and in text."""

from collections.abc import Iterable, Mapping, Sequence


def flow_order(starts: Iterable[str], tails: Mapping[str, Sequence[str]]) -> list[str]:
    """Names after all that flows into them, depth first.

    Parameters
    ----------
    starts
        Where to start; of those that nothing connects, the first come first.
    tails
        From where something flows to a name. What else occurs in it is no end of the order.

    Examples
    --------
    >>> from minigrad.notation.numbering import flow_order
    >>> flow_order(["a", "b"], {"a": ["c"], "b": [], "c": ["b"]})
    ['b', 'c', 'a']
    """
    order: dict[str, None] = {}
    to_visit = list(starts)[::-1]
    opened: set[str] = set()
    while to_visit:
        name = to_visit[-1]
        if name in opened:
            to_visit.pop()
            order.setdefault(name)
            continue
        opened.add(name)
        to_visit += [t for t in tails.get(name, ()) if t not in opened]
    return list(order)
