"""How much room the nodes of a picture need for what is written in them."""

from dataclasses import dataclass

from minigrad.drawing.picture import Node
from minigrad.drawing.typeset import SIZE, SMALL, Label, typeset, words

CIRCLE = 21.0  # the diameter of an operation in a circle
GAP = 3.0  # between labels that stand above each other


@dataclass(frozen=True)
class Box:
    """The size of a node, and the labels in it from the top down."""

    width: float
    height: float
    labels: tuple[Label, ...]


def boxed(node: Node) -> Box:
    """Measure a node.

    What stands in the wire, a circle or a value, has its small print below it, and as much room
    above, so that the wire meets the middle of it.
    """
    size = SMALL if node.kind == "value" else SIZE * 0.85
    small = [typeset(node.caption, size)] if node.caption else []
    small += [words(line, SMALL * 0.8) for line in node.summary]
    labels = (typeset(node.label), *small)
    below = sum(label.height + GAP for label in small)
    width = max(label.width for label in labels)
    height = labels[0].height
    if node.is_round:
        return Box(max(width, CIRCLE), CIRCLE + 2 * below, labels)
    if node.kind in ("value", "stub"):
        return Box(max(width, 4) + 8, height + 4 + 2 * below, labels)
    return Box(max(width, 4) + 16, height + 10 + below, labels)
