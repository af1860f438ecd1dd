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
    """Measure a node. A circle has what else it says below it, and as much room above."""
    small = [typeset(node.caption, SIZE * 0.85)] if node.caption else []
    small += [words(line, SMALL * 0.8) for line in node.summary]
    labels = (typeset(node.label), *small)
    if "circle" in node.kind:
        width = max([CIRCLE, *(label.width for label in small)])
        below = sum(label.height + 1 for label in small)
        return Box(width, CIRCLE + 2 * below, labels)
    bare = node.kind in ("value", "stub")
    width = max(label.width for label in labels) + (8 if bare else 16)
    height = sum(label.height for label in labels) + GAP * len(small) + (4 if bare else 10)
    return Box(max(width, 12), max(height, 12), labels)
