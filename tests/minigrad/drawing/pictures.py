"""Pictures, read as graphs (the DOT, by Graphviz's own parser) and as XML (the SVG)."""

from xml.etree import ElementTree as ET

import numpy as np
import pygraphviz

import minigrad as mg

SVG = "{http://www.w3.org/2000/svg}"


def graph(drawing):
    """The picture's nodes, (class, label), and edges between labels, from the DOT text."""
    dot = pygraphviz.AGraph(string=drawing.source)
    nodes = {str(n): (n.attr["class"], n.attr["label"]) for n in dot.nodes()}
    edges = {(nodes[str(a)][1], nodes[str(b)][1]) for a, b in dot.edges()}
    return sorted(nodes.values()), edges


def groups(drawing, kind):
    """The groups of one class in the SVG."""
    svg = ET.fromstring(drawing.svg())
    return [g for g in svg.iter(f"{SVG}g") if kind in (g.get("class") or "").split()]


def titles(drawing, kind):
    return [g.findtext(f"{SVG}title") for g in groups(drawing, kind)]


def leaf(name, *shape):
    values = np.random.default_rng(len(name)).normal(size=shape)
    return mg.tensor(values, requires_grad=True, name=name)


def small_model():
    W, x, b = leaf("W", 2, 3), leaf("x", 3, 1), leaf("b", 2, 1)
    z = (W @ x + b).named("z")
    h = mg.tanh(z).named("h")
    return (h * mg.sigmoid(z)).sum().named("J")


def recurrent(T, every=1):
    """h(t) = tanh(W h(t-1)), and a second layer at every so many steps."""
    W, h = leaf("W", 2, 2), leaf("h0", 2, 1)
    losses = []
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh(W @ h).named("h")
            if t % every == 0:
                h = mg.sigmoid(W @ h).named("k")
        losses.append(h.sum())
    return mg.stack(losses).sum().named("J")
