"""Formulas in pictures, as ziamath can set them."""

import numpy as np

import minigrad as mg


def labels(flow: mg.GradientFlow) -> list[str]:
    """The formulas of a picture, in LaTeX."""
    nodes = mg.draw(flow).picture.nodes.values()
    return [f.latex for node in nodes for f in (node.label, node.caption) if f is not None]


def test_names_with_an_underscore_are_upright() -> None:
    r"""ziamath sets \operatorname{one\_hot} in italics, with a minus or a gap."""
    Z = mg.tensor(np.ones((3, 2)), requires_grad=True, name="Z")
    y = mg.tensor(np.array([2, 0]), name="y")
    [label] = [
        x for x in labels(mg.gradient_flow(mg.softmax_cross_entropy(Z, y).sum())) if "hot" in x
    ]
    assert r"\text{one_hot}(\mathbf{y})" in label


def test_ones_are_bold() -> None:
    r"""The digit in \mathbf{1} is not."""
    x = mg.tensor(np.ones((3, 2)), requires_grad=True, name="x")
    b = mg.tensor(np.ones((3, 1)), requires_grad=True, name="b")
    flow = mg.gradient_flow(mg.sum((x + b).named("z") ** 2))
    assert any(x.endswith(r"\mathbf{g} \, 𝟏") for x in labels(flow))


def test_pi_is_a_letter() -> None:
    """In a formula, as a factor, and as a number of its own."""
    x = mg.tensor(np.array([0.5, 1.5]), requires_grad=True, name="x")
    density = (mg.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)).named("p")
    written = " ".join(labels(mg.gradient_flow(density.sum())))
    assert r"\frac{1}{\sqrt{2 \, \pi}}" in written
    assert labels(mg.gradient_flow(mg.sin(np.pi * x).sum())).count(r"\pi") == 1
    pictures = mg.draw(mg.sin(np.pi * x).sum()).picture.nodes.values()
    assert r"\pi" in [node.label.latex for node in pictures]
