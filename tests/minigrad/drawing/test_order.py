"""The order within rows, held against all orders of small graphs."""

import random
from itertools import permutations, product

import pytest

from minigrad.drawing.order import Links, ordered


def linked(rows, edges):
    links = {name: Links() for row in rows for name in row}
    for before, after in edges:
        links[before].after.append(after)
        links[after].before.append(before)
    return links


def crossings(rows, edges):
    place = {name: k for row in rows for k, name in enumerate(row)}
    row = {name: r for r, names in enumerate(rows) for name in names}
    return sum(
        (place[a] - place[c]) * (place[b] - place[d]) < 0 and row[a] == row[c]
        for k, (a, b) in enumerate(edges)
        for c, d in edges[:k]
    )


@pytest.mark.parametrize("seed", range(20))
def test_few_edges_cross(seed):
    pick = random.Random(seed)
    rows = [[f"{letter}{k}" for k in range(4)] for letter in "abc"]
    pairs = [(pick.choice(rows[r]), pick.choice(rows[r + 1])) for r in (0, 1) for _ in range(6)]
    edges = sorted(set(pairs))
    found = ordered(rows, linked(rows, edges), [])
    assert [sorted(row) for row in found] == rows
    least = min(
        crossings(orders, edges) for orders in product(*(list(permutations(row)) for row in rows))
    )
    assert crossings(found, edges) <= least + 1


def test_what_is_fixed_keeps_its_order():
    rows = [["a0", "a1", "a2"], ["b0", "b1", "b2"]]
    links = linked(rows, [("a0", "b2"), ("a1", "b1"), ("a2", "b0")])
    below, above = ordered(rows, links, [["a0", "a2"], ["b0", "b2"]])
    assert below.index("a0") < below.index("a2")
    assert above.index("b0") < above.index("b2")


def test_wires_to_a_border_draw_to_it():
    links = linked([["a", "b", "c"]], [])
    links["a"].border.append(1)
    links["c"].border.append(-1)
    assert ordered([["a", "b", "c"]], links, []) == [["c", "b", "a"]]
