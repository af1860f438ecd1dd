"""Graphviz, run on DOT text within Python or as a program."""

import functools
import json
import shutil
import subprocess
import threading
from dataclasses import dataclass
from typing import Any

Point = tuple[float, float]
# Bézier curves joined: the start, then three points for each curve.
Curve = list[Point]

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
class Placed:
    """Where Graphviz has put things: points count from the top left.

    Attributes
    ----------
    width, height
        Of the whole.
    nodes
        For each node its centre.
    edges
        For each edge that has an id its curve.
    """

    width: float
    height: float
    nodes: dict[str, Point]
    edges: dict[str, Curve]


@functools.lru_cache(maxsize=256)
def place(source: str) -> Placed:
    """Run Graphviz on DOT text.

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

    nodes = {x["name"]: point(x["pos"]) for x in found.get("objects", ()) if "pos" in x}
    edges = {
        edge["id"]: _curve(edge["pos"], point) for edge in found.get("edges", ()) if "id" in edge
    }
    return Placed(width, height, nodes, edges)


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


def _curve(pos: str, point: Any) -> Curve:
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
