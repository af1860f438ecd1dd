"""What pictures show."""

import numpy as np
import pygraphviz
import pytest

import lstm
import minigrad as mg
from minigrad.drawing import typeset
from tests.minigrad.drawing.pictures import SVG, graph, groups, leaf, recurrent, small_model, titles


def test_the_forward_picture_is_the_equations():
    nodes, edges = graph(mg.draw(small_model()))
    assert nodes == [
        ("box", "tanh"),
        ("box", "σ"),
        ("doublecircle", "∘"),
        ("formula", "W x + b"),
        ("formula", "Σ ·"),
        *(("value", name) for name in ("J", "W", "b", "h", "x", "z")),
    ]
    assert edges == {
        ("W", "W x + b"),
        ("x", "W x + b"),
        ("b", "W x + b"),
        ("W x + b", "z"),
        ("z", "tanh"),
        ("z", "σ"),
        ("tanh", "h"),
        ("h", "∘"),
        ("σ", "∘"),
        ("∘", "Σ ·"),
        ("Σ ·", "J"),
    }


def test_the_backward_picture_points_where_the_gradient_flows():
    nodes, edges = graph(mg.draw(mg.gradient_flow(small_model())))
    assert [label for kind, label in nodes if kind == "plus"] == ["+"]
    assert ("+", "dJ/dz") in edges
    assert ("dJ/dz", "dJ/dW = g xᵀ") in edges
    assert ("dJ/dz", "dJ/dx = Wᵀ g") in edges
    assert ("dJ/dz", "dJ/db") in edges


def test_derivatives_are_those_of_the_loss_by_its_name():
    W, x = leaf("W", 2, 3), leaf("x", 3, 1)
    drawing = mg.draw(mg.gradient_flow(mg.tanh(W @ x).sum().named("Loss")))
    nodes, _ = graph(drawing)
    assert {"Loss", "dLoss/dW = g xᵀ", "dLoss/dx = Wᵀ g"} <= {label for _, label in nodes}
    assert "dJ" not in drawing.source
    fractions = [g.findtext(f"{SVG}desc") for g in groups(drawing, "end")]
    assert len(fractions) == 2
    assert all(r"\frac{\partial \mathrm{Loss}}{\partial" in latex for latex in fractions)


def test_a_comparison_is_set_as_mathematics():
    z = mg.tanh(leaf("x", 2)).named("z")
    drawing = mg.draw(mg.gradient_flow(mg.relu(z).sum().named("J")))
    [where] = [n.label for n in drawing.picture.nodes.values() if "[z > 0]" in n.label.text]
    assert typeset.typeset(where) != typeset.words(where.text)


def test_an_index_is_set_as_mathematics():
    y = (leaf("x", 4, 3)[:, 1:] ** 2).named("y")
    [label] = [n.label for n in mg.draw(y.sum()).picture.nodes.values() if "[" in n.label.text]
    assert typeset.typeset(label) != typeset.words(label.text)


@pytest.mark.parametrize("taken", ["g", "gq"])
def test_the_incoming_gradient_has_a_letter_of_its_own(taken):
    g = leaf("x", 3, 1)
    for name in taken:
        g = mg.tanh(g).named(name)
    J = mg.tanh(leaf("W", 2, 3) @ g).sum().named("J")
    drawing = mg.draw(mg.gradient_flow(J), legend=True)
    letter = {"g": "q", "gq": "u"}[taken]
    assert ("end", f"dJ/dW = {letter} {taken[-1]}ᵀ") in graph(drawing)[0]
    assert any(f"{letter} is the gradient that comes in" in t for t in titles(drawing, "legend"))


def test_formulas_are_written_as_people_do():
    def captions(J):
        nodes = mg.draw(mg.gradient_flow(J)).picture.nodes.values()
        return {node.caption.text: node.caption.latex for node in nodes if node.caption}

    e, c, V = mg.tanh(leaf("x", 2)).named("e"), leaf("c", 2, 1), leaf("V", 1, 2)
    assert "e" in captions((e**2).sum())
    assert r"1 - \tanh^{2}(\mathbf{c})" in captions((V @ mg.tanh(c)).sum()).values()
    with mg.step(1):
        h = mg.tanh(c).named("h")
    assert r"1 - (\mathbf{h}^{(t)})^{2}" in captions(h.sum()).values()
    nodes, _ = graph(mg.draw(mg.gradient_flow(mg.tanh(V.T @ leaf("y", 1, 3)).sum())))
    assert ("end", "dJ/dV = y gᵀ") in nodes


@pytest.mark.parametrize(
    "labels", [np.array([1, 2]), np.eye(4)[:, :2]], ids=["numbers", "distributions"]
)
def test_the_gradient_of_cross_entropy_is_what_an_author_would_write(labels):
    z = (leaf("W", 3, 4).T @ leaf("x", 3, 2)).named("z")
    J = mg.softmax_cross_entropy(z, mg.tensor(labels, name="y")).sum().named("J")
    nodes = mg.draw(mg.gradient_flow(J)).picture.nodes.values()
    y = "one_hot(y)" if labels.ndim == 1 else "y"
    assert [n.caption.text for n in nodes if n.caption] == [f"softmax(z) - {y}"]
    assert "g 𝟏" in [n.label.text for n in nodes if n.kind == "formula"]


@pytest.mark.parametrize("uses", [1, 2, 5])
def test_a_value_has_one_plus_node_less_than_contributions(uses):
    x = leaf("x", 2)
    J = mg.stack([mg.tanh(x).named(f"y{k}") for k in range(uses)]).sum()
    plus_nodes = groups(mg.draw(mg.gradient_flow(J)), "plus")
    assert len(plus_nodes) == uses - 1


def test_every_edge_says_what_it_carries():
    for drawing in (mg.draw(small_model()), mg.draw(mg.gradient_flow(small_model()))):
        assert all(titles(drawing, "edge"))
    assert all("dJ/d" in title for title in titles(drawing, "edge"))


def test_operations_shows_every_primitive():
    J = small_model()
    nodes, _ = graph(mg.draw(J, detail="operations"))
    drawn = sorted(label for kind, label in nodes if kind != "value")
    assert drawn == sorted(["·", "+", "tanh", "σ", "∘", "Σ"])
    with pytest.raises(ValueError, match=r"detail='equations' or 'operations', got 'all'"):
        mg.draw(J, detail="all")


def test_steps_alike_are_rolled():
    # Step 1 is another: what it starts from is no value of a step.
    for what in (recurrent(7), mg.gradient_flow(recurrent(7))):
        drawing = mg.draw(what)
        assert titles(drawing, "block") == ["t = 1", "t = 2 … 7   ×6   (drawn: t = 4)"]
        assert len(groups(drawing, "recurrent")) == 1


@pytest.mark.parametrize("way", [1, -1])
def test_a_pass_in_either_direction_shows_the_state_that_it_starts_from(way):
    W, h = leaf("W", 2, 2), {}
    start = 0 if way == 1 else 5
    with mg.step(start):
        h[start] = leaf("h", 2, 1)
    for t in range(start + way, 5 - start, way):
        with mg.step(t):
            h[t] = mg.tanh(W @ h[t - way]).named("h")
    J = mg.stack([x.sum() for x in h.values()]).sum().named("J")
    _, edges = graph(mg.draw(J))
    assert (f"h({start})", f"h(t{-way:+d})") in edges
    assert ("h(t)", f"h(t{-way:+d})") in edges


def test_the_picture_of_a_rolled_loop_does_not_grow():
    sizes = {len(graph(mg.draw(recurrent(T)))[0]) for T in (5, 50)}
    assert len(sizes) == 1


@pytest.mark.parametrize("start", [0, 1])
def test_a_chain_of_additions_over_the_steps_is_one_sum(start):
    W, losses = leaf("W", 2, 2), []
    with mg.step(0):
        h = mg.tensor(np.ones((2, 1)), name="h")
    for t in range(1, 7):
        with mg.step(t):
            h = mg.tanh(W @ h).named("h")
            losses.append((h * h).sum().named("L"))
    J = sum(losses[start:], losses[0] if start else 0).named("J")
    for what in (J, mg.gradient_flow(J)):
        assert titles(mg.draw(what), "block") == ["t = 1 … 6   ×6   (drawn: t = 3)"]
    _, edges = graph(mg.draw(J))
    assert {edge for edge in edges if "+" in edge} == {("L(t)", "+"), ("+", "J")}
    _, edges = graph(mg.draw(J, roll=False))
    assert {a for a, b in edges if b == "+"} == {f"L({t})" for t in range(1, 7)}


@pytest.mark.parametrize("every", [2, 3, 4, 5, 6])
def test_no_gradient_is_lost_between_blocks(every):
    drawing = mg.draw(mg.gradient_flow(recurrent(7, every)))
    dot = pygraphviz.AGraph(string=drawing.source)
    leads_nowhere = {n.attr["class"] for n in dot.nodes() if not dot.out_edges(n)}
    assert leads_nowhere == {"end"}


def test_steps_are_unrolled_if_asked_for():
    drawing = mg.draw(recurrent(4), roll=False)
    assert titles(drawing, "block") == ["t = 1", "t = 2", "t = 3", "t = 4"]
    assert {"h(1)", "h(2)", "h(3)", "h(4)"} <= {label for _, label in graph(drawing)[0]}
    assert not groups(drawing, "recurrent")


def test_steps_that_differ_are_not_rolled_together():
    drawing = mg.draw(recurrent(6, every=3))
    blocks = titles(drawing, "block")
    assert "t = 3" in blocks
    assert "t = 6" in blocks
    assert not any("1 … 6" in title for title in blocks)


def test_chosen_steps_are_drawn_alone():
    J = recurrent(5)
    for what in (J, mg.gradient_flow(J)):
        drawing = mg.draw(what, steps=(2, 3))
        assert titles(drawing, "block") == ["t = 2", "t = 3"]
        assert "to 4" in titles(mg.draw(J, steps=(2, 3)), "stub")
    with pytest.raises(ValueError, match=r"expected steps from 1 to 5, got \[6\]"):
        mg.draw(J, steps=[6])


def test_bad_numbers_stand_out():
    def kinds(scale, x):
        x = mg.tensor(x, requires_grad=True, name="x")
        J = (mg.log(x).named("l") * scale).sum()
        drawing = mg.draw(mg.gradient_flow(J), values=True, legend=True)
        return {s.get("class") for g in groups(drawing, "node") for s in g}, drawing

    assert "mg-vanishing" in kinds(1e-12, [1.0, 2.0])[0]
    assert "mg-exploding" in kinds(1e12, [1.0, 2.0])[0]
    with np.errstate(divide="ignore"):
        looks, drawing = kinds(1.0, [0.0, 2.0])
    assert "mg-nan" in looks
    assert "NaN or infinity" in titles(drawing, "legend")
    assert not kinds(1.0, [1.0, 2.0])[0] & {"mg-nan", "mg-vanishing", "mg-exploding"}


def test_values_are_summarised():
    x = mg.tensor([[3.0, 0.0], [0.0, -4.0]], requires_grad=True, name="x")
    drawing = mg.draw((x * 2.0).sum().named("J"), values=True)
    [summary] = [title for title in titles(drawing, "value") if title.startswith("x;")]
    assert summary == ("x; 2 × 2:  norm 5; −4 … 3,  50% zero; gradient:  norm 4; 2 … 2")


def test_a_number_that_differs_by_step_is_shown_as_a_range():
    W, h, losses = leaf("W", 2, 2), leaf("h0", 2, 1), []
    with mg.step(0):
        h = mg.tensor(np.ones((2, 1)), requires_grad=True, name="h")
    for t in range(1, 6):
        with mg.step(t):
            h = mg.tanh(0.5 * (W @ h)).named("h")
            losses.append((h.sum() / t).named("L"))
    J = sum(losses).named("J")
    assert "(Σ h(t)) / 1…5" in {label for _, label in graph(mg.draw(J))[0]}
    assert "g / 1…5" in {label for _, label in graph(mg.draw(mg.gradient_flow(J)))[0]}
    for what in (J, mg.gradient_flow(J)):
        assert "1/2…" not in mg.draw(what).source
        assert titles(mg.draw(what), "block") == ["t = 1 … 5   ×5   (drawn: t = 3)"]


def test_an_index_moves_with_the_step_or_is_that_of_the_step_that_the_title_names():
    X, Y, losses = leaf("X", 5, 4), leaf("Y", 5, 4), []
    for t in range(1, 6):
        with mg.step(t):
            uneven = Y[[0, 3, 1, 4, 2][t - 1]]
            losses.append((mg.tanh(X[t - 1, 2:]) * uneven[2:]).sum().named("L"))
    J = sum(losses).named("J")
    assert titles(mg.draw(J), "block") == ["t = 1 … 5   ×5   (drawn: t = 3)"]
    indexed = {label for _, label in graph(mg.draw(J))[0] if "[" in label}
    assert indexed == {"X[t-1, 2:]", "Y[1][2:]"}
    ends = {label for kind, label in graph(mg.draw(mg.gradient_flow(J)))[0] if kind == "end"}
    assert any("scatter[t-1, 2:]" in label for label in ends)


def test_wider_edges_carry_larger_gradients():
    x = leaf("x", 2)
    y = (x * 1e-3).named("y")
    J = ((y * 1e3).named("z")).sum().named("J")
    drawing = mg.draw(mg.gradient_flow(J), values=True)
    widths = {
        g.findtext(f"{SVG}title"): float(g.find(f"{SVG}path").get("stroke-width"))
        for g in groups(drawing, "edge")
    }
    assert widths["dJ/dy"] > widths["dJ/dz"]


def test_drawing_leaves_the_graph_as_it_is():
    J = small_model()
    before = mg.gradients(J, [J], create_graph=True)
    mg.draw(J, values=True).svg()
    assert mg.gradients(J, [J], create_graph=True)[0].item() == before[0].item() == 1


def test_a_long_chain_and_a_deep_formula():
    x = y = leaf("x", 2)
    for k in range(3000):
        y = y * x if k % 2 else mg.tanh(y)
    assert len(graph(mg.draw(y))[0]) == 3001
    y = x
    for _ in range(60):  # as a formula it would have 2^60 terms
        y = y * y
    assert groups(mg.draw(mg.gradient_flow(y.sum())), "node")


def test_a_thousand_steps_of_the_lstm():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(1000, 3, 1)), np.zeros((1000, 1), int)
    params = {k: mg.tensor(v, requires_grad=True) for k, v in lstm.init_params(3, 4, 2).items()}
    drawing = mg.draw(lstm.loss(params, x, y))
    assert titles(drawing, "block") == ["t = 1 … 1000   ×1000   (drawn: t = 500)"]
    assert len(groups(drawing, "recurrent")) == 2


def test_constants_keep_their_names_in_formulas():
    W, x = leaf("W", 2, 3), mg.tensor(np.ones((3, 4)), name="x")
    J = (W @ x).named("z").sum()
    nodes, _ = graph(mg.draw(mg.gradient_flow(J)))
    assert ("end", "dJ/dW = g xᵀ") in nodes


@pytest.mark.parametrize("columns", [2, 4])
def test_a_square_constant_is_not_taken_for_its_transpose(columns: int) -> None:
    """dJ/dW is x gᵀ for z = Wᵀ x, also where x has as many columns as rows."""
    rng = np.random.default_rng(0)
    x = mg.tensor(rng.normal(size=(2, columns)), name="x")
    W = mg.tensor(rng.normal(size=(2, 3)), requires_grad=True, name="W")
    J = mg.tanh((W.T @ x).named("z")).sum()
    assert "dJ/dW = x gᵀ" in mg.draw(mg.gradient_flow(J)).source


def test_a_share_is_no_total():
    flow = mg.gradient_flow(recurrent(7))
    nodes = mg.draw(flow, values=True).picture.nodes.values()
    shares = [node for node in nodes if node.kind == "end" and node.subject[0] == "W"]
    assert [node.label.text.partition(" = ")[0] for node in shares] == [
        "dJ/dW through step t",
        "dJ/dW through step 1",
    ]
    parts = flow.contributions("W")
    norms = [np.linalg.norm(parts["h", t].data + parts["k", t].data) for t in range(1, 8)]
    assert f"share:  norm {min(norms[1:]):.2g} to {max(norms[1:]):.2g}" in shares[0].summary
    assert f"share:  norm {norms[0]:.2g}" in shares[1].summary


def test_what_comes_in_once_is_a_total():
    W, h = leaf("W", 2, 2), leaf("h", 2, 1)
    with mg.step(1):
        h = mg.tanh(W @ h).named("h")
    ends = {label for kind, label in graph(mg.draw(mg.gradient_flow(h.sum())))[0] if kind == "end"}
    assert ends == {"dJ/dW = g hᵀ", "dJ/dh = Wᵀ g"}


@pytest.mark.parametrize(
    ("f", "detail"),
    [
        (np.subtract, "equations"),
        (np.subtract, "operations"),
        (np.divide, "operations"),
        (np.matmul, "operations"),
        (np.arctan2, "equations"),
        (lambda a, b: np.concatenate([a, b, a]), "operations"),
    ],
)
def test_operands_that_may_not_change_places_have_numbers(f, detail):
    a, b = leaf("a", 2, 2), leaf("b", 2, 2)

    def operands(x, y):
        picture = mg.draw(f(x, y), detail=detail).picture
        return {(picture.nodes[e.tail].label.text, e.operand) for e in picture.edges}

    assert operands(a, b) != operands(b, a)
    assert operands(a, b) >= (
        {("a", "1, 3"), ("b", "2")} if f.__name__ == "<lambda>" else {("a", "1"), ("b", "2")}
    )
    assert {operand for _, operand in operands(a, a)} == {
        "1, 2, 3" if f.__name__ == "<lambda>" else "1, 2"
    }


def test_operands_that_may_change_places_have_none():
    a, b = leaf("a", 2, 2), leaf("b", 2, 2)
    for J in (a + b, a * b, mg.maximum(a, b), mg.tanh(a)):
        edges = mg.draw(J).picture.edges
        assert not [e for e in edges if e.operand]


def test_the_number_of_an_operand_stands_at_the_end_of_its_wire():
    a, b = leaf("a", 2, 2), leaf("b", 2, 2)
    drawing = mg.draw(a @ b, detail="operations")
    descriptions = {g.findtext(f"{SVG}desc") for g in groups(drawing, "edge")}
    assert descriptions == {"a to ·, operand 1", "b to ·, operand 2"}
    assert "headlabel=2" in drawing.source


def test_in_a_backward_picture_of_operations_a_product_says_on_which_side_the_gradient_stands():
    A, B = leaf("A", 2, 2), leaf("B", 2, 2)
    nodes, _ = graph(mg.draw(mg.gradient_flow((A @ B).sum()), detail="operations"))
    labels = {label for _, label in nodes}
    assert {"·\ng Bᵀ", "·\nAᵀ g"} <= labels
