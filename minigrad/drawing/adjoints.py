"""The adjoints of a backward picture: the nodes that they are, and how they are written."""

from collections.abc import Sequence

from minigrad.drawing.blocks import Blocks
from minigrad.drawing.formula import Formula, derivative, named
from minigrad.drawing.picture import Node, Picture
from minigrad.flow import GradientFlow, Label
from minigrad.tensor import Tensor


class Adjoints:
    """Adds the adjoints of named values to a picture, and writes them."""

    def __init__(self, flow: GradientFlow, blocks: Blocks, picture: Picture) -> None:
        self.flow = flow
        self.blocks = blocks
        self.picture = picture
        self.loss = named(flow.J._name or "J", "", "", bold=flow.J.ndim > 0)

    def node(self, v: Label) -> str:
        """The node of an adjoint; for J the loss itself."""
        node_id = f"d-{identifier(v)}"
        if node_id not in self.picture.nodes:
            value = self.flow.values[v]
            is_end = value._operation is None and v[1] is None
            label = self.name(v, v[1]) if value is self.flow.J else self.derivative(v, v[1])
            node = Node(node_id, "end" if is_end else "value", label, name=v[0], subject=v)
            node.block, node.age = self.blocks[v[1]], value._index
            node.gradient = self.flow.adjoint(*v)._data
            self.picture.add(node)
        return node_id

    def name(self, v: Label, here: int | None, x: Tensor | None = None) -> Formula:
        """A named value, as it is called at a step."""
        x = self.flow.values[v] if x is None else x
        return self.blocks.label(v[0], v[1], here, x.ndim > 0)

    def derivative(self, v: Label, here: int | None) -> Formula:
        """dJ/dv, as it is written at a step."""
        return derivative(self.loss, self.name(v, here))

    def through_step(self, v: Label, here: int | None, step: int) -> Formula:
        """The part of dJ/dv that comes through a step."""
        symbol, written = self.blocks.symbol(step, here), self.blocks.written(step, here)
        return derivative(self.loss, self.name(v, here), symbol, f"step {written}")

    def through_the_step(self, v: Label, here: int | None, step: int | None) -> Formula:
        """As `through_step`, for a step that is the same whichever step is at hand."""
        return derivative(self.loss, self.name(v, here), str(step), f"step {step}")

    def through(self, v: Label, here: int | None, ms: Sequence[Label]) -> Formula:
        """The part of dJ/dv that comes through some values."""
        names = [self.name(m, here) for m in ms]
        latex, text = (", ".join(getattr(n, of) for n in names) for of in ("latex", "text"))
        return derivative(self.loss, self.name(v, here), latex, text)


def identifier(v: Label) -> str:
    """An identifier that is safe in DOT."""
    name, t = v
    return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):x}_" for c in name) + f"-{t}"
