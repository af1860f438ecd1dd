"""What `values=True` adds: shapes, statistics, widths, and where numbers are bad."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.drawing.blocks import Blocks
from minigrad.drawing.picture import Node, Picture
from minigrad.flow import GradientFlow, Label
from minigrad.notation.trace import Trace

# The root mean square of a gradient outside of these has vanished or exploded.
VANISHED, EXPLODED = 1e-7, 1e4
THINNEST, THICKEST = 0.5, 4.0

Arrays = Sequence[np.ndarray[Any, Any]]


def add_summaries(
    picture: Picture, trace: Trace, blocks: Blocks, flow: GradientFlow | None
) -> None:
    """Write at each value what it and its adjoint are like, over all steps that it stands for."""
    adjoints: dict[str, Arrays] = {}
    for node in picture.nodes.values():
        if node.subject is None:
            continue
        name, t = node.subject
        labels = [(name, s) for s in blocks.alike(t)]
        found = [trace.named[label]._data for label in labels if label in trace.named]
        if not found:
            continue
        if flow is not None:
            adjoints[node.id] = (
                _shares(node, blocks, flow) if node.through else _adjoints(labels, flow)
            )
        gradients = adjoints.get(node.id, [])
        shape = " × ".join(map(str, found[0].shape)) or "scalar"
        node.summary = _titled(shape, found)
        if gradients:
            node.summary += _titled("share" if node.through else "gradient", gradients)
        node.alarm = alarm(found, gradients)
    for edge in picture.edges:
        ends = [picture.nodes[edge.tail], picture.nodes[edge.head]]
        passing = _passing(ends, adjoints)
        if passing:
            edge.width = width(passing)
            edge.alarm = alarm(passing, passing)


def _adjoints(labels: Sequence[Label], flow: GradientFlow) -> Arrays:
    return [
        flow.adjoint(*label)._data
        for label in labels
        if label in flow.values and flow.reaches(*label)
    ]


def _shares(node: Node, blocks: Blocks, flow: GradientFlow) -> Arrays:
    """What each of the steps that a node stands for gives to the gradient of a parameter."""
    parts = flow.contributions(*node.subject)  # type: ignore[misc]
    here = node.through[0][1]
    return [
        sum(parts[name, t]._data for name, _ in node.through)  # type: ignore[misc]
        for t in blocks.alike(here)
    ]


def _titled(title: str, arrays: Arrays) -> tuple[str, ...]:
    first, *rest = summary(arrays)
    return f"{title}:  {first}", *rest


def summary(arrays: Arrays) -> tuple[str, ...]:
    """Norm, extremes, and the share of zeros and of NaN; over several steps from least to most."""
    numbers = _stacked(arrays)
    norms = [_short(norm) for norm in np.sort(np.sqrt(np.sum(np.square(numbers), axis=1)))]
    spread = norms[0] if norms[0] == norms[-1] else f"{norms[0]} to {norms[-1]}"
    finite = numbers[np.isfinite(numbers)]
    parts = [f"{_short(finite.min())} … {_short(finite.max())}"] if finite.size else []
    shares = {"zero": numbers == 0, "NaN": np.isnan(numbers), "infinite": np.isinf(numbers)}
    parts += [f"{np.mean(share):.0%} {what}" for what, share in shares.items() if share.any()]
    return f"norm {spread}", ",  ".join(parts)


def _short(number: float) -> str:
    """A number in two digits, with a minus sign and no minus zero."""
    return f"{number + 0.0:.2g}".replace("-", "−").replace("nan", "NaN")


def alarm(values: Arrays, gradients: Arrays) -> str:
    """Whether there are NaN or infinities, or gradients of no or of too much size."""
    if not (np.isfinite(_stacked(values)).all() and np.isfinite(_stacked(gradients)).all()):
        return "nan"
    sizes = _root_mean_squares(gradients)
    if (sizes > EXPLODED).any():
        return "exploding"
    # A gradient of zero at some step may be right; one of zero at all steps leads nowhere.
    has_vanished = ((sizes > 0) & (sizes < VANISHED)).any() or not sizes.any()
    return "vanishing" if len(sizes) and has_vanished else ""


def width(gradients: Arrays) -> float:
    """How wide to draw an edge: by the order of magnitude of what flows along it."""
    size = _root_mean_squares(gradients).max()
    if not np.isfinite(size):
        return THICKEST
    low, high = np.log10(VANISHED), np.log10(EXPLODED)
    share = (np.log10(max(size, VANISHED)) - low) / (high - low)
    return float(THINNEST + (THICKEST - THINNEST) * min(share, 1))


def _passing(ends: list[Node], adjoints: dict[str, Arrays]) -> Arrays:
    """The gradients that flow along an edge."""
    tail, head = ends
    own = [] if tail.gradient is None else [tail.gradient]
    return adjoints.get(tail.id) or own or adjoints.get(head.id, [])


def _stacked(arrays: Arrays) -> np.ndarray[Any, Any]:
    """Arrays of one shape as rows."""
    return np.stack([array.ravel() for array in arrays]) if arrays else np.zeros((0, 1))


def _root_mean_squares(arrays: Arrays) -> np.ndarray[Any, Any]:
    return np.asarray(np.sqrt(np.mean(np.square(_stacked(arrays)), axis=1)))
