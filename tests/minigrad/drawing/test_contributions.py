"""Every contribution of a flow is in its picture."""

from collections import Counter

import pytest

import minigrad as mg
from tests.minigrad.drawing.random_models import random_model

SEEDS = range(40)


def drawn(picture):
    """How often each value's adjoint gets a part through another's: (value, other) by subject."""
    tails = {}
    for edge in picture.edges:
        tails.setdefault(edge.head, []).append(edge.tail)
    found = Counter()
    for end in picture.nodes.values():
        to_visit = tails.get(end.id, []) if end.subject else []
        to_visit = list(to_visit)
        while to_visit:
            node = picture.nodes[to_visit.pop()]
            if node.subject:
                found[end.subject, node.subject] += 1
            else:
                to_visit += tails[node.id]
    return found


def flowing(flow):
    """The same, by the flow."""
    return {(v, m) for v in flow.values for m in flow.contributions(*v)}


@pytest.mark.parametrize("seed", SEEDS)
def test_every_contribution_of_an_unrolled_flow_is_drawn_once(seed):
    flow = mg.gradient_flow(random_model(seed))
    assert drawn(mg.draw(flow, roll=False).picture) == Counter(flowing(flow))


@pytest.mark.parametrize("seed", SEEDS)
def test_every_contribution_of_a_rolled_flow_is_drawn_with_the_steps_that_are_alike(seed):
    flow = mg.gradient_flow(random_model(seed))
    drawing = mg.draw(flow)
    shown = {}  # for each step the one that is drawn for it
    for title in (block.title for block in drawing.picture.blocks):
        steps = title.removeprefix("t = ").split("   ")[0].split(" … ")
        first, last = int(steps[0]), int(steps[-1])
        shown |= dict.fromkeys(range(first, last + 1), (first + last) // 2)

    def shown_as(v):
        return v[0], shown.get(v[1], v[1])

    expected = {(shown_as(v), shown_as(m)) for v, m in flowing(flow)}
    assert set(drawn(drawing.picture)) == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_leads_nowhere(seed):
    flow = mg.gradient_flow(random_model(seed))
    for roll in (True, False):
        picture = mg.draw(flow, roll=roll).picture
        leads = {edge.tail for edge in picture.edges}
        assert all(node.subject for node in picture.nodes.values() if node.id not in leads)
