"""What depends on each other, directly or by others."""

from collections.abc import Collection, Mapping


def components(needs: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Names that depend on each other together, each other name alone; in the order of the names.

    Parameters
    ----------
    needs
        What each name depends on; names that it does not have are left out.

    Examples
    --------
    >>> from minigrad.writing.dependence import components
    >>> components({"z": ["h", "x"], "h": ["z"], "y": ["h"]})
    [['z', 'h'], ['y']]
    """
    needed_by: dict[str, list[str]] = {name: [] for name in needs}
    for name, others in needs.items():
        for other in needs.keys() & others:
            needed_by[other].append(name)
    group_of: dict[str, str] = {}
    for first in reversed(_needed_first(needs)):  # what leads back to it from there is its group
        to_visit = [first]
        while to_visit:
            name = to_visit.pop()
            if name not in group_of:
                group_of[name] = first
                to_visit += needed_by[name]
    groups: dict[str, list[str]] = {}
    for name in needs:
        groups.setdefault(group_of[name], []).append(name)
    return list(groups.values())


def _needed_first(needs: Mapping[str, Collection[str]]) -> list[str]:
    """Each name after all that it depends on, but for what depends on it in turn."""
    seen: set[str] = set()
    order: list[str] = []
    to_visit = [(name, False) for name in reversed([*needs])]
    while to_visit:
        name, is_done = to_visit.pop()
        if is_done:
            order.append(name)
        elif name not in seen:
            seen.add(name)
            to_visit.append((name, True))
            to_visit += [(other, False) for other in needs[name] if other in needs]
    return order


def behind(name: str, needs: Mapping[str, Collection[str]]) -> set[str]:
    """All that a name depends on."""
    found: set[str] = set()
    to_visit = [name]
    while to_visit:
        more = set(needs.get(to_visit.pop(), ())) - found
        found |= more
        to_visit += more
    return found
