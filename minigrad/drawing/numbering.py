"""Numbers for the plus nodes of a backward picture."""

from minigrad.drawing.formula import Formula
from minigrad.drawing.picture import Node, Picture


def number_plus_nodes(picture: Picture) -> None:
    """Number the plus nodes of each block along the flow, those of older values first."""
    tails: dict[str, list[str]] = {}
    for edge in picture.edges:
        if not edge.recurrent:
            tails.setdefault(edge.head, []).append(edge.tail)
    for block in {node.block for node in picture.nodes.values()}:
        nodes = {node.id: node for node in picture.of_block(block)}
        order = _flow_order(sorted(nodes.values(), key=lambda node: node.age), tails, nodes)
        plus_nodes = [node for node in order if node.kind == "plus"]
        for number, node in enumerate(plus_nodes, 1):
            node.caption = Formula(str(number), str(number))


def _flow_order(
    starts: list[Node], tails: dict[str, list[str]], nodes: dict[str, Node]
) -> list[Node]:
    """Nodes after all that flows into them, depth first."""
    order: dict[str, Node] = {}
    to_visit = [node.id for node in reversed(starts) if node.kind == "plus"]
    opened: set[str] = set()
    while to_visit:
        node_id = to_visit[-1]
        if node_id in opened or node_id in order:
            to_visit.pop()
            order.setdefault(node_id, nodes[node_id])
            continue
        opened.add(node_id)
        to_visit += [t for t in tails.get(node_id, ()) if t in nodes and t not in opened]
    return list(order.values())
