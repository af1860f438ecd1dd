"""Numbers for the plus nodes of a backward picture."""

from minigrad.drawing.formula import Formula
from minigrad.drawing.picture import Picture
from minigrad.notation.numbering import flow_order


def number_plus_nodes(picture: Picture) -> None:
    """Number the plus nodes of each block along the flow, those of older values first."""
    for block in {node.block for node in picture.nodes.values()}:
        nodes = {node.id: node for node in picture.of_block(block)}
        tails: dict[str, list[str]] = {}
        for edge in picture.edges:
            if not edge.recurrent and {edge.head, edge.tail} <= nodes.keys():
                tails.setdefault(edge.head, []).append(edge.tail)
        oldest_first = sorted(nodes.values(), key=lambda node: node.age)
        starts = [node.id for node in oldest_first if node.kind == "plus"]
        order = [nodes[name] for name in flow_order(starts, tails)]
        for number, node in enumerate([x for x in order if x.kind == "plus"], 1):
            node.caption = Formula(str(number), str(number))
