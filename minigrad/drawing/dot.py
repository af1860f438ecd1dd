"""A picture as DOT: boxes of the sizes that their labels need, for Graphviz to place."""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import graphviz

from minigrad.drawing.picture import Edge, Node, Picture
from minigrad.drawing.typeset import SIZE, SMALL, Label, typeset, words

INCH = 72.0  # in points
CIRCLE = 21.0  # the diameter of an operation in a circle
GAP = 3.0  # between labels that stand above each other

Ranks = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Box:
    """The size of a node, and the labels in it from the top down."""

    width: float
    height: float
    labels: tuple[Label, ...]


def boxed(node: Node) -> Box:
    """Measure a node. A circle has its caption below, and as much room above."""
    if "circle" in node.kind:
        captions = (typeset(node.caption, SIZE * 0.85),) if node.caption else ()
        width = max([CIRCLE, *(caption.width for caption in captions)])
        below = sum(caption.height + 1 for caption in captions)
        return Box(width, CIRCLE + 2 * below, (typeset(node.label), *captions))
    labels = [typeset(node.label)]
    labels += [typeset(node.caption, SMALL)] if node.caption else []
    labels += [words(line, SMALL * 0.8) for line in node.summary]
    bare = node.kind in ("value", "stub")
    width = max(label.width for label in labels) + (8 if bare else 16)
    height = sum(label.height for label in labels) + GAP * (len(labels) - 1) + (4 if bare else 10)
    return Box(max(width, 12), max(height, 12), tuple(labels))


def to_dot(picture: Picture, boxes: Mapping[str, Box], ranks: Ranks) -> str:
    """Write a whole picture in DOT, with the `graphviz` package.

    Parameters
    ----------
    picture
        What there is to draw.
    boxes
        The size of each node.
    ranks
        Names of values that stand in one column of their block, from the top down.
    """
    graph = _digraph(picture)
    for k, block in enumerate(picture.blocks):
        with graph.subgraph(name=f"cluster_{k}") as cluster:
            cluster.attr(label=graphviz.escape(block.title), style="rounded", labeljust="l")
            _add_nodes(cluster, picture.of_block(k), boxes, ranks)
    _add_nodes(graph, picture.of_block(None), boxes, ranks)
    for k, edge in enumerate(picture.edges):
        _add_edge(graph, picture, edge, f"edge{k}")
    return str(graph.source)


def part_to_dot(
    picture: Picture,
    nodes: Sequence[Node],
    boxes: Mapping[str, Box],
    ranks: Ranks,
    ports: Mapping[str, Sequence[str]],
) -> str:
    """Write one part of a picture, such as a block, with ports for the edges that leave it.

    Graphviz keeps to the order within a column only where there are no clusters, so blocks are
    laid out one by one.

    Parameters
    ----------
    picture, boxes, ranks
        See `to_dot`.
    nodes
        Those of the part.
    ports
        For the sides "in" and "out" which nodes flows come to or go from, from the top down.
    """
    graph = _digraph(picture)
    _add_nodes(graph, nodes, boxes, ranks)
    inside = {node.id for node in nodes}
    for k, edge in enumerate(picture.edges):
        if not edge.recurrent and edge.tail in inside and edge.head in inside:
            _add_edge(graph, picture, edge, f"edge{k}")
    for side, ids in ports.items():
        border = [node.id for node in nodes if node.side == side]
        for node_id in ids:
            port = f"{side}-{node_id}"
            graph.node(port, "", shape="point", width="0.01", height="0.01")
            edge = Edge(node_id, port, "") if side == "out" else Edge(port, node_id, "")
            _add_edge(graph, picture, edge, f"edge-{port}")
            border.append(port)
        with graph.subgraph() as column:
            column.attr(rank="min" if side == "in" else "max")
            for node_id in border:
                column.node(node_id)
    return str(graph.source)


def _digraph(picture: Picture) -> graphviz.Digraph:
    return graphviz.Digraph(
        graphviz.escape(picture.title),
        graph_attr={
            "rankdir": "RL" if picture.backward else "LR",
            "nodesep": "0.14",
            "ranksep": "0.28",
        },
        node_attr={"fontname": "Times", "margin": "0"},
        edge_attr={"arrowsize": "0.6"},
    )


def _add_nodes(
    graph: graphviz.Digraph, nodes: Sequence[Node], boxes: Mapping[str, Box], ranks: Ranks
) -> None:
    """Add nodes, and put those of each rank into one column."""
    for node in nodes:
        _add_node(graph, node, boxes[node.id])
    for names in ranks:
        column = [node.id for name in names for node in nodes if node.name == name]
        if len(column) > 1:
            with graph.subgraph() as rank:
                rank.attr(rank="same")
                for above, below in zip(column, column[1:], strict=False):
                    rank.edge(above, below, style="invis")


def _add_node(graph: graphviz.Digraph, node: Node, box: Box) -> None:
    text = node.label.text
    attributes = {"class": node.kind, "tooltip": graphviz.escape(described(node))}
    if "circle" in node.kind:
        below = (box.height - CIRCLE) / 2
        rows = [f"<TR>{_cell('', box.width, below)}</TR>" if below else ""]
        rows.append(f"<TR>{_cell(_CIRCLED.get(text, text), CIRCLE, CIRCLE, port=True)}</TR>")
        if node.caption:
            rows.append(f"<TR>{_cell(node.caption.text, box.width, below)}</TR>")
        graph.node(node.id, _table("".join(rows)), shape="plain", **attributes)
        return
    shape = "box" if node.kind in ("box", "formula", "end", "output") else "plaintext"
    lines = [text, *([node.caption.text] if node.caption else []), *node.summary]
    graph.node(
        node.id,
        graphviz.escape("\n".join(lines)),
        shape=shape,
        fontsize=f"{_fitting(lines, box):.1f}",
        width=f"{box.width / INCH:.4f}",
        height=f"{box.height / INCH:.4f}",
        **attributes,
    )


def _fitting(lines: list[str], box: Box) -> float:
    """The font size at which plain text stays within the box, so that it does not widen it."""
    across = box.width / (0.75 * max(1, *map(len, lines), 1))
    return max(1.0, min(9.0, across, 0.75 * box.height / len(lines)))


def described(node: Node) -> str:
    """What a node says, in plain text."""
    parts = [node.label.text, *([node.caption.text] if node.caption else []), *node.summary]
    return "; ".join(parts)


def _add_edge(graph: graphviz.Digraph, picture: Picture, edge: Edge, name: str) -> None:
    into, out = ("e", "w") if picture.backward else ("w", "e")
    attributes = {"id": name, "tooltip": graphviz.escape(edge.carries)}
    head = picture.nodes.get(edge.head)
    if head is None or head.kind == "value":
        attributes["arrowhead"] = "none"
    if edge.recurrent:
        attributes |= {"constraint": "false", "style": "dashed"}
    graph.edge(
        _end(picture, edge.tail, out), _end(picture, edge.head, into), **attributes
    )


def _end(picture: Picture, node_id: str, side: str) -> str:
    """Where an edge is tied to a node."""
    node = picture.nodes.get(node_id)
    if node is None:
        return node_id
    return f"{node_id}:o:{side}" if "circle" in node.kind else f"{node_id}:{side}"


_CIRCLED = {"∘": "⊚", "+": "⊕", "−": "⊖"}


def _table(rows: str) -> str:
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>>'


def _cell(text: str, width: float, height: float, port: bool = False) -> str:
    """A cell of at least this size. The text is small, so that it does not make it grow."""
    name = ' PORT="o"' if port else ""
    # Graphviz drops an empty cell.
    content = f'<FONT POINT-SIZE="6">{html.escape(text) or " "}</FONT>'
    return f'<TD{name} WIDTH="{width:.0f}" HEIGHT="{height:.0f}">{content}</TD>'
