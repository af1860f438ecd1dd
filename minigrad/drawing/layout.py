"""Where everything goes: Graphviz run on DOT text, within Python or as a program."""

import json
import shutil
import subprocess
import threading
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]

# Graphviz keeps its state in global variables.
_LOCK = threading.Lock()

MISSING = (
    "draw: expected Graphviz to lay out the picture, found neither the package pygraphviz nor the "
    "program dot; install one: `pip install pygraphviz`, or Graphviz from your system's packages. "
    "The DOT text needs neither: see Drawing.source, or save a .dot file"
)


class RendererNotFoundError(RuntimeError):
    """Nothing on this machine can lay out a picture."""


@dataclass(frozen=True)
class Layout:
    """Positions in points, from the top left.

    Attributes
    ----------
    width, height
        Of the whole.
    nodes
        For each node its centre.
    edges
        For each edge that has an id the points of its Bézier curves: the start, then three for
        each curve.
    blocks
        For each block left, top, right and bottom, and where the centre of its title is.
    """

    width: float
    height: float
    nodes: dict[str, Point]
    edges: dict[str, list[Point]]
    blocks: dict[int, tuple[float, float, float, float, Point]]


def lay_out(source: str) -> Layout:
    """Run Graphviz.

    Raises
    ------
    RendererNotFoundError
        If it is not there; the message says what to install.
    """
    found = json.loads(_run(source))
    _, _, width, height = _numbers(found["bb"])

    def point(text: str) -> Point:
        x, y = _numbers(text)
        return x, height - y

    nodes, blocks = {}, {}
    for thing in found.get("objects", ()):
        if "pos" in thing:
            nodes[thing["name"]] = point(thing["pos"])
        elif thing["name"].startswith("cluster_") and "bb" in thing:
            left, bottom, right, top = _numbers(thing["bb"])
            k = int(thing["name"].removeprefix("cluster_"))
            blocks[k] = (left, height - top, right, height - bottom, point(thing["lp"]))
    edges = {
        edge["id"]: _curve(edge["pos"], point) for edge in found.get("edges", ()) if "id" in edge
    }
    return Layout(width, height, nodes, edges, blocks)


def _run(source: str) -> str:
    try:
        import pygraphviz
    except ImportError:
        program = shutil.which("dot")
        if program is None:
            raise RendererNotFoundError(MISSING) from None
        done = subprocess.run(
            [program, "-Tjson"], input=source, capture_output=True, text=True, check=True
        )
        return done.stdout
    with _LOCK:
        graph = pygraphviz.AGraph(string=source)
        output: bytes = graph.draw(prog="dot", format="json")
    return output.decode()


def _curve(pos: str, point: Any) -> list[Point]:
    """Read a spline, "e,x,y x,y x,y …": the end that is given first belongs to the arrowhead."""
    start, end, points = [], [], []
    for part in pos.split():
        if part.startswith("e,"):
            end = [point(part[2:])]
        elif part.startswith("s,"):
            start = [point(part[2:])]
        else:
            points.append(point(part))
    first = [start[0], start[0], points[0]] if start else []
    last = [points[-1], end[0], end[0]] if end else []
    return first + points + last


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
