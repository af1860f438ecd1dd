"""How much room the nodes of a picture need for what is written in them."""

from dataclasses import dataclass

from minigrad.drawing.picture import Node
from minigrad.drawing.typeset import SIZE, SMALL, Label, typeset, words

CIRCLE = 21.0  # the diameter of an operation in a circle
GAP = 3.0  # between labels that stand above each other


@dataclass(frozen=True)
class Box:
    """The size of a node, and what is written in it.

    Attributes
    ----------
    label, caption
        Beside each other.
    small
        The small print below them.
    """

    width: float
    height: float
    label: Label
    caption: Label | None
    small: tuple[Label, ...]


def boxed(node: Node) -> Box:
    """Measure a node.

    A circle or a value has its caption at its right side, and as much room at its left side, so
    that the wire meets the middle of it.
    """
    size = SMALL if node.kind == "value" else SIZE * 0.85
    label = typeset(node.label)
    caption = typeset(node.caption, size) if node.caption else None
    small = tuple(words(line, SMALL) for line in node.summary)
    beside = 2 * (caption.width + GAP) if caption else 0
    if node.is_round:
        height = max(CIRCLE, caption.height if caption else 0)
        return Box(max(label.width, CIRCLE) + beside, height, label, caption, small)
    margin = 4 if node.kind in ("value", "stub") else 10
    width = max(label.width + beside, 4, *(line.width for line in small))
    height = label.height + sum(line.height + GAP for line in small)
    return Box(width + 0.6 * margin + 6, height + margin, label, caption, small)
