"""Graphviz, run on DOT text within Python or as a program."""

import functools
import json
import shutil
import subprocess

from minigrad.forks import forkable_lock

Point = tuple[float, float]

# Graphviz keeps its state in global variables.
_LOCK = forkable_lock()

MISSING = (
    "draw: expected Graphviz to lay out the picture, found neither the package pygraphviz nor the "
    "program dot; install one: `pip install pygraphviz`, or Graphviz from your system's packages. "
    "The DOT text needs neither: see Drawing.source, or save a .dot file"
)


class RendererNotFoundError(RuntimeError):
    """Nothing on this machine can lay out a picture."""


@functools.lru_cache(maxsize=256)
def place(source: str) -> dict[str, Point]:
    """Run Graphviz on DOT text; returns the centre of each node, in points from the top left.

    Raises
    ------
    RendererNotFoundError
        If it is not there; the message says what to install.
    """
    found = json.loads(_run(source))
    top = _numbers(found["bb"])[3]
    places = {}
    for node in found.get("objects", ()):
        if "pos" in node:
            x, y = _numbers(node["pos"])
            places[node["name"]] = (x, top - y)
    return places


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


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
