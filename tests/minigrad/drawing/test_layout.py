"""Layouts, read off the SVG by coordinates: what would spoil a figure in a paper."""

import re
from itertools import combinations, pairwise, product
from xml.etree import ElementTree as ET

import numpy as np
import pytest

import lstm
import minigrad as mg

SVG = "{http://www.w3.org/2000/svg}"


def lstm_loss():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 3, 1)), np.eye(2)[[0, 1, 1, 0]][:, :, None]
    return lstm.forward(lstm.init_params(3, 4, 2), x, y).loss


def two_steps_back():
    """A recurrence over two steps, whose block has loops and wires that pass rows."""
    W = mg.tensor(np.eye(2), requires_grad=True, name="W")
    h, losses = [mg.tensor(np.ones((2, 1)), requires_grad=True, name="h0")] * 2, []
    for t in range(1, 7):
        with mg.step(t):
            z = (W @ h[-1] + h[-2]).named("z")
            h.append((mg.tanh(z) * z + h[-1]).named("h"))
            losses.append((h[-1] * h[-1]).sum().named("L"))
    return sum(losses).named("J")


def residual():
    x = mg.tensor(np.ones((2, 3)), requires_grad=True, name="x")
    for k in (1, 2):
        W = mg.tensor(np.eye(2), requires_grad=True, name=f"W{k}")
        centred = (x - x.mean(axis=0, keepdims=True)).named(f"d{k}")
        x = (x + mg.relu(W @ centred)).named(f"x{k}")
    return (x * x).sum().named("J")


CASES = list(
    product(
        (lstm_loss, two_steps_back, residual),
        (False, True),
        ({}, {"roll": False}, {"detail": "operations"}, {"values": True}),
    )
)


@pytest.fixture(
    params=CASES,
    ids=lambda case: f"{case[0].__name__}-{'backward' if case[1] else 'forward'}-{case[2]}",
)
def svg(request):
    model, backward, options = request.param
    J = model()
    return ET.fromstring(mg.draw(mg.gradient_flow(J) if backward else J, **options).svg())


def groups(svg, kind):
    return [g for g in svg.iter(f"{SVG}g") if g.get("class", "").split()[:1] == [kind]]


def boxes(svg):
    """Left, top, right and bottom of the shapes of nodes; of circles, of a square in them."""
    found = []
    for group in groups(svg, "node"):
        for r in group.findall(f"{SVG}rect"):
            x, y, w, h = (float(r.get(key)) for key in ("x", "y", "width", "height"))
            found.append((x, y, x + w, y + h))
        for c in group.findall(f"{SVG}circle")[:1]:
            x, y, r = (float(c.get(key)) for key in ("cx", "cy", "r"))
            found.append((x - 0.6 * r, y - 0.6 * r, x + 0.6 * r, y + 0.6 * r))
    return found


def lines(svg):
    """Of all edges the control points, each with the next."""
    for group in groups(svg, "edge"):
        numbers = re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("d"))
        points = list(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True))
        yield from pairwise(points)


def test_edges_are_level_or_upright(svg):
    for (x1, y1), (x2, y2) in lines(svg):
        assert min(abs(x1 - x2), abs(y1 - y2)) < 0.1


def test_no_edge_runs_through_a_node(svg):
    found = boxes(svg)
    for (x1, y1), (x2, y2) in lines(svg):
        for left, top, right, bottom in found:
            beside = max(x1, x2) < left + 1 or min(x1, x2) > right - 1
            assert beside or max(y1, y2) < top + 1 or min(y1, y2) > bottom - 1


def test_nodes_do_not_overlap_and_are_on_the_page(svg):
    width, height = float(svg.get("width")), float(svg.get("height"))
    found = boxes(svg)
    for left, top, right, bottom in found:
        assert min(left, top) >= 0
        assert right < width
        assert bottom < height
    for (l1, t1, r1, b1), (l2, t2, r2, b2) in combinations(found, 2):
        assert r1 < l2 or r2 < l1 or b1 < t2 or b2 < t1


def test_steps_stand_beside_each_other_from_left_to_right(svg):
    frames = [group.find(f"{SVG}rect") for group in groups(svg, "block")]
    for one, other in pairwise(frames):
        assert float(one.get("x")) + float(one.get("width")) < float(other.get("x"))
        assert float(one.get("y")) < float(other.get("y")) + float(other.get("height"))


def test_hints_set_the_order_in_a_row():
    x = mg.tensor(np.ones(2), requires_grad=True, name="x")
    names = ["p", "q", "r"]
    J = mg.stack([mg.tanh(x).named(name) for name in names]).sum().named("J")
    for order in (names, ["q", "r", "p"]):
        svg = ET.fromstring(mg.draw(J, ranks=[order]).svg())
        places = {}
        for group in groups(svg, "node"):
            numbers = re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("transform") or "")
            places[group.findtext(f"{SVG}title")] = float(numbers[0]), float(numbers[1])
        across = [places[name][0] for name in order]
        assert across == sorted(across)
        assert max(places[n][1] for n in names) - min(places[n][1] for n in names) < 10


def test_a_hint_that_cannot_hold_is_refused():
    x = mg.tensor(np.ones(2), requires_grad=True, name="x")
    y = mg.tanh(x).named("y")
    drawing = mg.draw((y * y).sum().named("J"), ranks=[["x", "y"]])
    with pytest.raises(ValueError, match="ranks of values that do not lead to each other"):
        drawing.svg()
