"""How much room the nodes of a picture need for what is written in them."""

from dataclasses import dataclass

from minigrad.drawing.picture import Node
from minigrad.drawing.typeset import SIZE, SMALL, Label, typeset, words

CIRCLE = 21.0  # the diameter of an operation in a circle
NARROWEST = 16.0  # a label in a box, so that two wires enter it apart
GAP = 3.0  # between labels that stand above each other


@dataclass(frozen=True)
class Box:
    """The size of a node, and what is written in it.

    Attributes
    ----------
    label, caption
        Beside each other.
    small
        What stands below them, line by line.
    """

    width: float
    height: float
    label: Label
    caption: Label | None
    small: tuple[Label, ...]


def boxed(node: Node) -> Box:
    """Measure a node.

    A circle or a value has its caption at its right side, and as much room at its left side, so
    that the wire meets the middle of it. A box has it below.
    """
    label = typeset(node.label)
    size = SMALL if node.kind == "value" else SIZE * 0.85
    caption = typeset(node.caption, size) if node.caption else None
    small = [words(line, SMALL) for line in node.summary]
    if caption and not node.is_wired:
        small.insert(0, caption)
        caption = None
    width = label.width + (2 * (caption.width + GAP) if caption else 0)
    if node.is_round:
        width += max(CIRCLE - label.width, 0)
        return Box(
            width, max(CIRCLE, caption.height if caption else 0), label, caption, tuple(small)
        )
    margin_x, margin_y = (8, 4) if node.is_wired else (16, 10)
    width = max(width, 4 if node.is_wired else NARROWEST, *(line.width for line in small))
    height = label.height + sum(line.height + GAP for line in small)
    return Box(width + margin_x, height + margin_y, label, caption, tuple(small))
