"""Pictures of graphs and of gradient flows."""

from collections.abc import Collection, Mapping, Sequence

from minigrad.drawing.backward import BackwardPicture
from minigrad.drawing.blocks import Blocks
from minigrad.drawing.drawing import Drawing
from minigrad.drawing.formula import Formula
from minigrad.drawing.forward import ForwardPicture
from minigrad.drawing.picture import Picture
from minigrad.drawing.summary import add_summaries
from minigrad.flow import GradientFlow, gradient_flow
from minigrad.notation.trace import Trace
from minigrad.tensor import Tensor

__all__ = ["Drawing", "draw"]


def draw(
    what: Tensor | Sequence[Tensor] | GradientFlow,
    *,
    detail: str = "equations",
    values: bool = False,
    steps: Collection[int] | None = None,
    roll: bool = True,
    legend: bool = False,
    title: str | None = None,
    origin: int | None = None,
    ranks: Sequence[Sequence[str]] = (),
    notes: Mapping[str, str] | None = None,
) -> Drawing:
    """Draw a graph forward, or a gradient flow backward.

    Named values are written into the wires, and what happens between them is drawn at the level of
    equations. Values flow up and gradients down, and time goes to the right. Time steps that have
    the same structure are drawn once, as a block with its number of repeats. In the backward
    picture every edge points where the gradient flows, and where contributions meet there is a
    numbered plus node.

    Parameters
    ----------
    what
        A loss or other tensors: the graph behind them. A `GradientFlow`: the flow.
    detail
        "equations", or "operations" for every primitive.
    values
        Write the shape and a summary of the numbers at each value, and let the width of an edge
        show how large the gradient is. NaN, vanishing and exploding gradients stand out.
    steps
        Draw these steps alone.
    roll
        Draw steps of the same structure once.
    legend
        Explain what the shapes mean.
    title
        Stands above the picture. Without one, the SVG's own title says what it is of.
    origin
        Call this step t.
    ranks
        Hints: names of values that stand in one row of their block, from left to right.
    notes
        For names of values a short note to stand at them, such as the number of an equation.

    Returns
    -------
    Drawing
        It has `.save(path)`, `.svg()` and `.source`; notebooks show it.

    Raises
    ------
    ValueError
        If `detail` is unknown, or a step does not exist.
    RuntimeError
        If a backward pass has given the graph back.

    Examples
    --------
    >>> import minigrad as mg
    >>> W = mg.tensor([[1.0, 2.0]], requires_grad=True, name="W")
    >>> x = mg.tensor([[3.0], [4.0]], requires_grad=True, name="x")
    >>> y = mg.tanh(W @ x).named("y")
    >>> mg.draw(y)
    <drawing of the computation of y: 5 nodes, 4 edges>
    >>> mg.draw(mg.gradient_flow((y * y).sum()))
    <drawing of the gradient flow of J: 6 nodes, 5 edges>
    """
    if detail not in ("equations", "operations"):
        raise ValueError(f"draw: expected detail='equations' or 'operations', got {detail!r}")
    flow = what if isinstance(what, GradientFlow) else None
    outputs = [what.J] if isinstance(what, GradientFlow) else _tensors(what)
    trace = Trace(outputs)
    blocks = Blocks(trace, steps, roll, origin)
    every_operation = detail == "operations"
    if flow is not None:
        picture = BackwardPicture(flow, trace, blocks, every_operation).build()
    else:
        picture = ForwardPicture(trace, blocks, every_operation).build()
    picture.heading = title or ""
    picture.title = title or _titled(outputs, flow)
    if values:
        add_summaries(picture, trace, blocks, flow or _flow_of(outputs))
    _add_notes(picture, notes or {})
    return Drawing(picture, ranks, legend)


def _titled(outputs: Sequence[Tensor], flow: GradientFlow | None) -> str:
    """What a picture is of."""
    if flow is not None:
        return f"the gradient flow of {flow.J.name or 'J'}"
    names = dict.fromkeys(x.name or "an unnamed value" for x in outputs)
    return f"the computation of {', '.join(names)}"


def _add_notes(picture: Picture, notes: Mapping[str, str]) -> None:
    for node in picture.nodes.values():
        if node.kind == "value" and node.name is not None and node.name in notes:
            node.caption = Formula("", notes[node.name])


def _flow_of(outputs: Sequence[Tensor]) -> GradientFlow | None:
    """The gradient flow of a loss, for its forward picture."""
    is_loss = len(outputs) == 1 and outputs[0].size == 1 and outputs[0].requires_grad
    return gradient_flow(outputs[0]) if is_loss else None


def _tensors(what: Tensor | Sequence[Tensor]) -> list[Tensor]:
    outputs = [what] if isinstance(what, Tensor) else list(what)
    if not outputs or not all(isinstance(x, Tensor) for x in outputs):
        raise TypeError(
            f"draw: expected a tensor, several, or a GradientFlow, got {type(what).__name__}"
        )
    return outputs
