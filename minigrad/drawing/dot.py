"""A picture as DOT: boxes of the sizes that their labels need, for Graphviz to place."""

import html
from collections.abc import Sequence
from dataclasses import dataclass

import graphviz

from minigrad.drawing.picture import Edge, Node, Picture
from minigrad.drawing.typeset import SIZE, SMALL, Label, typeset, words

INCH = 72.0  # in points
CIRCLE = 21.0  # the diameter of an operation in a circle
GAP = 3.0  # between labels that stand above each other
TITLE = 11.0  # the size of a block's title
LANE = 7.0  # between edges that run along the border of a block

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
    if node.kind == "port":
        return Box(4, 4, ())
    bare = node.kind in ("value", "stub")
    width = max(label.width for label in labels) + (8 if bare else 16)
    height = sum(label.height for label in labels) + GAP * (len(labels) - 1) + (4 if bare else 10)
    return Box(max(width, 12), max(height, 12), tuple(labels))


def to_dot(
    picture: Picture, boxes: dict[str, Box], ranks: Ranks, recurrent: bool = True
) -> str:
    """Write a picture in DOT, with the `graphviz` package.

    Parameters
    ----------
    picture
        What there is to draw.
    boxes
        The size of each node.
    ranks
        Names of values that stand in one column of their block, from the top down.
    recurrent
        Whether to have the edges from a block to its next repeat, which need no room.
    """
    graph = graphviz.Digraph(
        graphviz.escape(picture.title),
        graph_attr={
            "rankdir": "RL" if picture.backward else "LR",
            "nodesep": "0.14",
            "ranksep": "0.28",
            "newrank": "true",
            "tooltip": graphviz.escape(picture.title),
        },
        node_attr={"fontname": "Times", "fontsize": "7", "margin": "0"},
        edge_attr={"arrowsize": "0.6"},
    )
    for k, block in enumerate(picture.blocks):
        with graph.subgraph(name=f"cluster_{k}") as cluster:
            title = words(block.title, TITLE)
            cluster.attr(
                label=_table(f'<TR>{_cell(block.title, title.width, title.height)}</TR>'),
                style="rounded",
                margin=f"{10 + LANE * recurrent_edges(picture, k):g}",
                labeljust="l",
            )
            for node in picture.nodes.values():
                if node.block == k:
                    _add_node(cluster, node, boxes[node.id])
            _add_ranks(cluster, picture, ranks, k)
            _add_borders(cluster, picture, k)
    for node in picture.nodes.values():
        if node.block is None:
            _add_node(graph, node, boxes[node.id])
    _add_ranks(graph, picture, ranks, None)
    for k, edge in enumerate(picture.edges):
        if recurrent or not edge.recurrent:
            _add_edge(graph, picture, edge, f"edge{k}")
    return str(graph.source)


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
    out, into = ("w", "e") if picture.backward else ("e", "w")
    tail, head = picture.nodes[edge.tail], picture.nodes[edge.head]
    attributes = {"id": name, "tooltip": graphviz.escape(edge.carries)}
    if head.kind == "value":
        attributes["arrowhead"] = "none"
    if edge.recurrent:
        attributes |= {"constraint": "false", "style": "dashed"}
    graph.edge(
        f"{tail.id}:o:{out}" if "circle" in tail.kind else f"{tail.id}:{out}",
        f"{head.id}:o:{into}" if "circle" in head.kind else f"{head.id}:{into}",
        **attributes,
    )


def _add_ranks(graph: graphviz.Digraph, picture: Picture, ranks: Ranks, block: int | None) -> None:
    """Put the values of each rank into one column: Graphviz keeps to the order of flat edges."""
    for names in ranks:
        column = [
            node.id
            for name in names
            for node in picture.nodes.values()
            if node.name == name and node.block == block
        ][::-1]  # Graphviz counts columns from the bottom up
        if len(column) > 1:
            with graph.subgraph() as rank:
                rank.attr(rank="same")
                for above, below in zip(column, column[1:], strict=False):
                    rank.edge(above, below, style="invis")


def _add_borders(graph: graphviz.Digraph, picture: Picture, block: int) -> None:
    """Put what comes in at one side of the block, and what goes out at the other."""
    inside = [node for node in picture.nodes.values() if node.block == block]
    for side in ("in", "out"):
        border = [node.id for node in inside if node.side == side]
        if len(border) > 1:
            with graph.subgraph() as rank:
                rank.attr(rank="same")
                for node_id in border:
                    rank.node(node_id)
        if side == "out" and border:
            tails = {edge.tail for edge in picture.edges if not edge.recurrent}
            for node in inside:
                if node.id not in tails and not node.side:
                    graph.edge(node.id, border[0], style="invis")


def recurrent_edges(picture: Picture, block: int | None) -> int:
    """How many edges go from a block to its next repeat."""
    return sum(edge.recurrent and picture.nodes[edge.head].block == block for edge in picture.edges)


_CIRCLED = {"∘": "⊚", "+": "⊕", "−": "⊖"}


def _table(rows: str) -> str:
    return f'<<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">{rows}</TABLE>>'


def _cell(text: str, width: float, height: float, port: bool = False) -> str:
    """A cell of at least this size. The text is small, so that it does not make it grow."""
    name = ' PORT="o"' if port else ""
    # Graphviz drops an empty cell.
    content = f'<FONT POINT-SIZE="6">{html.escape(text) or " "}</FONT>'
    return f'<TD{name} WIDTH="{width:.0f}" HEIGHT="{height:.0f}">{content}</TD>'
