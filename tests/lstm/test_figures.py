"""Figures 1 and 2 against what the text of the derivation says of them."""

import re
from functools import cache
from itertools import pairwise
from xml.etree import ElementTree as ET

import pygraphviz
import pytest

import lstm
from lstm.__main__ import main

SVG = "{http://www.w3.org/2000/svg}"

EQUATIONS = ["z_f", "Gamma_f", "z_u", "Gamma_u", "z_o", "Gamma_o", "z_c", "c_tilde", "c", "a"]
EQUATIONS += ["z_y", "y_hat"]


@cache
def drawing(number):
    return lstm.draw_figure_1() if number == 1 else lstm.draw_figure_2()


@cache
def graph(number):
    """Nodes by identifier, (class, label, what stands at it), and edges, from the DOT text."""
    dot = pygraphviz.AGraph(string=drawing(number).source)
    nodes = {
        str(n): (n.attr["class"], *n.attr["label"].split("\n"), n.attr["xlabel"] or "")
        for n in dot.nodes()
    }
    return nodes, [(str(e[0]), str(e[1])) for e in dot.edges() if e.attr["style"] != "invis"]


def around(number, kind, caption=None, label=None):
    """What flows into the nodes of a kind and out of them, by their labels."""
    nodes, edges = graph(number)
    found = []
    for key, node in nodes.items():
        if node[0] == kind and caption in (None, node[-1]) and label in (None, node[1]):
            tails = sorted(nodes[a][1] for a, b in edges if b == key)
            found.append((tails, sorted(nodes[b][1] for a, b in edges if a == key)))
    return found


def groups(number, kind):
    svg = ET.fromstring(drawing(number).svg())
    return [g for g in svg.iter(f"{SVG}g") if kind in g.get("class", "").split()]


def test_figure_1_has_the_four_gates_with_their_weights():
    for gate, function in (("f", "σ"), ("u", "σ"), ("o", "σ"), ("c", "tanh")):
        affine = f"W_{gate}aᵀ a(t-1) + W_{gate}xᵀ x(t) + b_{gate}"
        assert around(1, "formula", label=affine) == [(["a(t-1)", "x(t)"], [f"z_{gate}(t)"])]
        out = "c_tilde(t)" if gate == "c" else f"Gamma_{gate}(t)"
        assert ([f"z_{gate}(t)"], [out]) in around(1, "box", label=function)


def test_figure_1_has_the_hadamard_products_and_the_plus_of_equation_9():
    products = around(1, "doublecircle")
    assert sorted(products) == [
        (["Gamma_f(t)", "c(t-1)"], ["+"]),
        (["Gamma_o(t)", "tanh"], ["a(t)"]),
        (["Gamma_u(t)", "c_tilde(t)"], ["+"]),
    ]
    assert around(1, "circle") == [(["∘", "∘"], ["c(t)"])]
    assert around(1, "formula", label="W_yaᵀ a(t) + b_y") == [(["a(t)"], ["z_y(t)"])]
    assert around(1, "box", label="softmax") == [(["z_y(t)"], ["y_hat(t)"])]


def test_figure_1_hands_c_and_a_on_and_numbers_its_equations():
    nodes, _ = graph(1)
    assert sorted(around(1, "stub")) == [(["a(t)"], []), (["c(t)"], [])]
    noted = {node[1]: node[2] for node in nodes.values() if node[0] == "value" and node[2]}
    assert noted == {f"{name}(t)": f"eq. {k}" for k, name in enumerate(EQUATIONS, start=1)}


@pytest.mark.parametrize(("number", "count"), [(1, 3), (2, 12)])
def test_hadamard_products_are_concentric_circles(number, count):
    products = groups(number, "doublecircle")
    assert len(products) == count
    for product in products:
        outer, inner = product.findall(f"{SVG}circle")
        assert (outer.get("cx"), outer.get("cy")) == (inner.get("cx"), inner.get("cy"))
        assert float(inner.get("r")) < float(outer.get("r"))


def test_figure_2_has_eight_plus_nodes_with_the_labels_1_to_8():
    # Each: what flows in, and what out. Errata: o and c meet first, then u joins, then f.
    plus_nodes = {
        "1": (["W_ya g", "dJ/da(t) through step t+1"], ["dJ/da(t)"]),
        "2": (["dJ/dc(t) through step t+1", "∘"], ["dJ/dc(t)"]),
        "3": (["W_ca g", "W_oa g"], ["+"]),
        "4": (["+", "W_ua g"], ["+"]),
        "5": (["+", "W_fa g"], ["dJ/da(t-1) through step t"]),
        "6": (["W_cx g", "W_ox g"], ["+"]),
        "7": (["+", "W_ux g"], ["+"]),
        "8": (["+", "W_fx g"], ["dJ/dx(t)"]),
    }
    assert len(groups(2, "plus")) == 8
    for number, (tails, heads) in plus_nodes.items():
        assert around(2, "plus", caption=number) == [(tails, heads)]
    nodes, edges = graph(2)
    chain = {(nodes[a][-1], nodes[b][-1]) for a, b in edges if nodes[a][0] == nodes[b][0] == "plus"}
    assert chain == {("3", "4"), ("4", "5"), ("6", "7"), ("7", "8")}


def test_figure_2_follows_sections_3_4_to_3_9():
    # A Hadamard product of the gradient that comes in and a factor gives the next gradient.
    for start, factor, end in (
        ("dJ/da(t)", "tanh(c(t))", "dJ/dGamma_o(t)"),
        ("dJ/dGamma_o(t)", "Gamma_o(t) ∘ (1 - Gamma_o(t))", "dJ/dz_o(t)"),
        ("dJ/da(t)", "Gamma_o(t)", "∘"),
        ("∘", "1 - tanh²(c(t))", "+"),
        ("dJ/dc(t)", "Gamma_u(t)", "dJ/dc_tilde(t)"),
        ("dJ/dc_tilde(t)", "1 - c_tilde(t)²", "dJ/dz_c(t)"),
        ("dJ/dc(t)", "c_tilde(t)", "dJ/dGamma_u(t)"),
        ("dJ/dGamma_u(t)", "Gamma_u(t) ∘ (1 - Gamma_u(t))", "dJ/dz_u(t)"),
        ("dJ/dc(t)", "c(t-1)", "dJ/dGamma_f(t)"),
        ("dJ/dGamma_f(t)", "Gamma_f(t) ∘ (1 - Gamma_f(t))", "dJ/dz_f(t)"),
        ("dJ/dc(t)", "Gamma_f(t)", "dJ/dc(t-1) through step t"),
    ):
        assert around(2, "doublecircle", caption=factor) == [([start], [end])]


def test_figure_2_ends_in_weights_and_biases():
    ends = {node[1].partition(" ")[0]: key for key, node in graph(2)[0].items() if node[0] == "end"}
    assert set(ends) == {f"dJ/d{name}" for name in lstm.init_params(1, 1, 1)}
    _, edges = graph(2)
    for name, key in ends.items():
        gate = name[len("dJ/dW_")] if "W" in name else name[-1]
        tails = [graph(2)[0][a][1] for a, b in edges if b == key]
        assert tails == [f"dJ/dz_{gate}(t)"]
        assert all(a != key for a, _ in edges)


def test_flows_come_in_from_the_next_step_and_go_out_to_the_one_before():
    nodes, _ = graph(2)
    stubs = sorted(node[1] for node in nodes.values() if node[0] == "stub")
    assert stubs == ["J", "from t+1", "from t+1", "to t-1", "to t-1"]


def position(number, title):
    """Where on the page a value is written: from the left and the top."""
    [group] = [g for g in groups(number, "value") if g.findtext(f"{SVG}title") == title]
    numbers = group.find(f"{SVG}path").get("transform")[len("translate(") : -1]
    return tuple(map(float, numbers.split(",")))


def test_the_gates_have_one_order_in_both_figures():
    for number, form in ((1, "{}(t); eq. {}"), (2, "dJ/d{}(t)")):
        for gates in (
            ("z_f", "z_u", "z_c", "z_o"),
            ("Gamma_f", "Gamma_u", "c_tilde", "Gamma_o"),
        ):
            places = [
                position(number, form.format(name, EQUATIONS.index(name) + 1))[0] for name in gates
            ]
            assert places == sorted(places)


def test_time_goes_to_the_right_and_x_comes_from_below():
    last = "y_hat(t); eq. 12"
    everything = [position(1, title) for title in ("z_f(t); eq. 1", "z_o(t); eq. 5", last)]
    for before in ("c(t-1)", "a(t-1)"):
        assert all(position(1, before)[0] < x for x, _ in everything)
    assert all(position(1, "x(t)")[1] > y for _, y in everything)
    assert position(1, last)[1] < position(1, "a(t); eq. 10")[1] < position(1, "c(t); eq. 9")[1]
    assert position(2, "dJ/dc(t-1) through step t")[0] < position(2, "dJ/dc(t)")[0]
    assert position(2, "dJ/dx(t)")[1] > position(2, "dJ/dz_f(t)")[1] > position(2, "dJ/da(t)")[1]


@cache
def wires(number):
    """Upright and level lines of all edges: from where to where."""
    found = []
    for group in groups(number, "edge"):
        numbers = re.findall(r"-?[\d.]+", group.find(f"{SVG}path").get("d"))
        points = list(zip(map(float, numbers[::2]), map(float, numbers[1::2]), strict=True))
        found += [(a, b) for a, b in pairwise(points) if a != b]
    return found


@pytest.mark.parametrize("number", [1, 2])
def test_no_edge_runs_through_a_node(number):
    for group in groups(number, "node"):
        for r in group.findall(f"{SVG}rect"):
            x, y, w, h = (float(r.get(key)) for key in ("x", "y", "width", "height"))
            for (ax, ay), (bx, by) in wires(number):
                assert not (
                    max(ax, bx) > x + 1
                    and min(ax, bx) < x + w - 1
                    and max(ay, by) > y + 1
                    and min(ay, by) < y + h - 1
                )


def test_nodes_do_not_overlap():
    for number in (1, 2):
        boxes = []
        for group in groups(number, "node"):
            for r in group.findall(f"{SVG}rect"):
                x, y, w, h = (float(r.get(key)) for key in ("x", "y", "width", "height"))
                boxes.append((x, y, x + w, y + h))
            for c in group.findall(f"{SVG}circle")[:1]:
                x, y, r = (float(c.get(key)) for key in ("cx", "cy", "r"))
                boxes.append((x - r, y - r, x + r, y + r))
        for k, (l1, t1, r1, b1) in enumerate(boxes):
            for l2, t2, r2, b2 in boxes[:k]:
                assert r1 < l2 or r2 < l1 or b1 < t2 or b2 < t1


def test_the_command_writes_both_figures(tmp_path, capsys):
    assert main(["figures", "--out", str(tmp_path / "figures")]) == 0
    written = sorted(path.name for path in (tmp_path / "figures").iterdir())
    assert written == [f"figure-{k}.{suffix}" for k in (1, 2) for suffix in ("pdf", "png", "svg")]
    assert (tmp_path / "figures" / "figure-1.svg").read_text("utf-8") == drawing(1).svg()
    assert len(capsys.readouterr().out.splitlines()) == 6
