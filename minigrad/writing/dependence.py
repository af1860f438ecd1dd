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
    needed = {name: behind(name, needs) for name in needs}
    groups: dict[str, list[str]] = {}
    for name in needs:
        first = next((m for m in groups if m in needed[name] and name in needed[m]), name)
        groups.setdefault(first, []).append(name)
    return list(groups.values())


def behind(name: str, needs: Mapping[str, Collection[str]]) -> set[str]:
    """All that a name depends on."""
    found: set[str] = set()
    to_visit = [name]
    while to_visit:
        more = set(needs.get(to_visit.pop(), ())) - found
        found |= more
        to_visit += more
    return found
