"""A picture as DOT text, for people and for other programs."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import graphviz

from minigrad.drawing.picture import Node, Picture

Ranks = Sequence[Sequence[str]]

_SHAPES = {"value": "plaintext", "stub": "plaintext", "circle": "circle", "plus": "circle"}
_SHAPES |= {"doublecircle": "doublecircle"}


def to_dot(picture: Picture, ranks: Ranks) -> str:
    """Write a picture in DOT, with the `graphviz` package.

    Parameters
    ----------
    picture
        What there is to draw.
    ranks
        Names of values that stand in one column of their block, from the top down.
    """
    graph = graphviz.Digraph(
        graphviz.escape(picture.title),
        graph_attr={"rankdir": direction(picture), "tooltip": graphviz.escape(picture.title)},
        node_attr={"fontname": "Times", "height": "0.3", "width": "0.3", "margin": "0.06,0.03"},
        edge_attr={"arrowsize": "0.6"},
    )
    for k, block in enumerate(picture.blocks):
        with graph.subgraph(name=f"cluster_{k}") as cluster:
            cluster.attr(label=graphviz.escape(block.title), style="rounded", labeljust="l")
            _add_nodes(cluster, picture.of_block(k), ranks)
    _add_nodes(graph, picture.of_block(None), ranks)
    for edge in picture.edges:
        graph.edge(
            edge.tail,
            edge.head,
            tooltip=graphviz.escape(edge.carries),
            penwidth=f"{edge.width:.2f}",
            headlabel=graphviz.escape(edge.operand),
            arrowhead="none" if picture.nodes[edge.head].kind == "value" else "normal",
            **({"style": "dashed", "constraint": "false"} if edge.recurrent else {}),
        )
    return str(graph.source)


def direction(picture: Picture) -> str:
    """Time goes to the right, and gradients flow against it."""
    return "RL" if picture.backward else "LR"


def add_ranks(
    graph: graphviz.Digraph, named: Iterable[tuple[str | None, str]], ranks: Ranks
) -> None:
    """Put the values of each rank, given by name and identifier, into one row in its order."""
    found = list(named)
    for names in ranks:
        row = [node_id for wanted in names for name, node_id in found if name == wanted]
        add_row(graph, row)


def add_row(graph: graphviz.Digraph, ids: Sequence[str]) -> None:
    """Put nodes beside each other; Graphviz keeps to the order of edges within a row."""
    with graph.subgraph() as row:
        row.attr(rank="same")
        for node_id in ids:
            row.node(node_id)
        for before, after in pairwise(ids):
            row.edge(before, after, style="invis")


def _add_nodes(graph: graphviz.Digraph, nodes: Sequence[Node], ranks: Ranks) -> None:
    for node in nodes:
        said = lines(node)
        attributes = {"xlabel": graphviz.escape("\n".join(said[1:]))} if node.is_round else {}
        graph.node(
            node.id,
            graphviz.escape("\n".join(said[:1] if node.is_round else said)),
            shape=_SHAPES.get(node.kind, "box"),
            tooltip=graphviz.escape("; ".join(lines(node))),
            **{"class": node.kind},
            **attributes,
        )
    add_ranks(graph, [(node.name, node.id) for node in nodes], ranks)


def lines(node: Node) -> list[str]:
    """What a node says, in plain text."""
    caption = [node.caption.text] if node.caption else []
    return [node.label.text, *caption, *node.summary]
