"""Pictures of graphs and of gradient flows."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from minigrad.flow import GradientFlow
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.drawing.drawing import Drawing

__all__ = ["draw"]


def draw(
    what: Tensor | Sequence[Tensor] | GradientFlow,
    *,
    detail: str = "equations",
    steps: Collection[int] | None = None,
    roll: bool = True,
    origin: int | None = None,
    ranks: Sequence[Sequence[str]] = (),
) -> "Drawing":
    # What draws is imported here: most programs that import minigrad never draw.
    from minigrad.drawing.backward import BackwardPicture
    from minigrad.drawing.blocks import Blocks
    from minigrad.drawing.drawing import Drawing
    from minigrad.drawing.forward import ForwardPicture
    from minigrad.drawing.trace import Trace

    every = detail == "operations"
    if isinstance(what, GradientFlow):
        trace = Trace([what.J])
        blocks = Blocks(trace, steps, roll, origin)
        picture = BackwardPicture(what, trace, blocks, every, steps is not None).build()
        return Drawing(picture, ranks)
    outputs = [what] if isinstance(what, Tensor) else list(what)
    trace = Trace(outputs)
    blocks = Blocks(trace, steps, roll, origin)
    return Drawing(ForwardPicture(trace, blocks, detail == "operations").build(), ranks)
