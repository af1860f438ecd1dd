"""The finished picture: shown by notebooks, saved in several formats."""

import os
from collections.abc import Callable
from functools import cached_property
from importlib import import_module
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from minigrad.drawing.boxes import Box, boxed
from minigrad.drawing.dot import Ranks, to_dot
from minigrad.drawing.engine import RendererNotFoundError
from minigrad.drawing.layout import lay_out
from minigrad.drawing.picture import Picture
from minigrad.drawing.svg import to_svg
from minigrad.files import write_file

LEGEND = {
    "formula": "an equation; in the backward picture {incoming} is the gradient that comes in",
    "box": "a function",
    "doublecircle": "Hadamard product; beside it the factor, in the backward picture",
    "circle": "sum or difference",
    "plus": "where contributions meet; numbered along the flow",
    "end": "a parameter: here a gradient ends, one share for each step",
    "recurrent": "to the next repeat of the block",
    "nan": "NaN or infinity",
    "width": "the wider, the larger the gradient",
    "vanishing": "the gradient has vanished",
    "exploding": "the gradient explodes",
}
PNG_ZOOM, PNG_WIDEST = 2.0, 12_000.0


class Drawing:
    """A picture of a graph or of its gradient flow; `minigrad.draw` makes it.

    Attributes
    ----------
    source : str
        The picture in DOT. Needs no renderer.
    """

    def __init__(self, picture: Picture, ranks: Ranks = (), legend: bool = False) -> None:
        self.picture = picture
        self._ranks = ranks
        self._legend = legend

    @cached_property
    def _boxes(self) -> dict[str, Box]:
        return {node.id: boxed(node) for node in self.picture.nodes.values()}

    @cached_property
    def source(self) -> str:
        return to_dot(self.picture, self._ranks)

    @cached_property
    def _svg(self) -> str:
        layout = lay_out(self.picture, self._boxes, self._ranks)
        return to_svg(self.picture, self._boxes, layout, self._rows() if self._legend else ())

    def _rows(self) -> list[tuple[str, str]]:
        """The rows of the legend that the picture needs."""
        used = {node.kind for node in self.picture.nodes.values()}
        used |= {node.alarm for node in self.picture.nodes.values()}
        used |= {"recurrent" for edge in self.picture.edges if edge.recurrent}
        used |= {"width" for edge in self.picture.edges if edge.width != 1}
        incoming = self.picture.incoming.text
        return [
            (k, meaning.format(incoming=incoming)) for k, meaning in LEGEND.items() if k in used
        ]

    def svg(self) -> str:
        """The picture as SVG, for light and dark pages.

        Raises
        ------
        RendererNotFoundError
            If neither pygraphviz nor the program `dot` is there.
        """
        return self._svg

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the picture to a file.

        Parameters
        ----------
        path
            Its suffix decides: `.svg`, `.png`, `.pdf`, or `.dot`.

        Raises
        ------
        ValueError
            If the suffix is another.
        RendererNotFoundError
            If something that the format needs is not installed.
        """
        path = Path(path)
        writers: dict[str, Callable[[], str | bytes]] = {
            ".svg": self.svg,
            ".png": self._png,
            ".pdf": self._pdf,
            ".dot": lambda: self.source,
        }
        if path.suffix not in writers:
            raise ValueError(
                f"save: expected a name that ends in {', '.join(writers)}, got {path.name!r}"
            )
        write_file(path, writers[path.suffix]())

    def _png(self) -> bytes:
        svg_to_bytes = _needed("resvg_py", ".png").svg_to_bytes
        svg = self._light()
        width = float(ET.fromstring(svg).attrib["width"])
        return bytes(svg_to_bytes(svg_string=svg, zoom=min(PNG_ZOOM, PNG_WIDEST / width)))

    def _pdf(self) -> bytes:
        shapes = _needed("svglib.svglib", ".pdf").svg2rlg(StringIO(self._light()))
        out = BytesIO()
        _needed("reportlab.graphics.renderPDF", ".pdf").drawToFile(shapes, out, invariant=1)
        return out.getvalue()

    def _light(self) -> str:
        """Without the style sheet for dark pages: on paper there is none."""
        svg = self.svg()
        return svg[: svg.index("<style>")] + svg[svg.index("</style>") + len("</style>") :]

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        try:
            return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
        except RendererNotFoundError as error:
            return {"text/plain": f"{error}\n\n{self.source}"}

    def __repr__(self) -> str:
        return (
            f"<drawing of {self.picture.title}: {len(self.picture.nodes)} nodes, "
            f"{len(self.picture.edges)} edges>"
        )


def _needed(module: str, suffix: str) -> Any:
    """Import what a format needs, or say what to install."""
    try:
        return import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise RendererNotFoundError(
            f"save: expected the package {package} for a {suffix} file, found none; "
            f"install it by `pip install {package}`, or save an .svg file"
        ) from None
