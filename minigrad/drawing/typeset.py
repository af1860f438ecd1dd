"""Labels as outlines: mathematics set by ziamath, whose size is known before anything is laid out."""

import functools
import re
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from minigrad.drawing.formula import LONGEST, Formula

SIZE = 13.0  # of mathematics, in points
SMALL = 9.0  # of words and small print

# What LaTeX takes as it is. Anything else, from a name, is set as words.
_MATHEMATICAL = re.compile(r"[\w\s.,()\[\]{}+\-/|^∘ᵀΣ√·…=×]*")
_SIGNS = str.maketrans("", "", " ∘ᵀΣ√·…=×")


@dataclass(frozen=True)
class Label:
    """A label of known size.

    Attributes
    ----------
    width, height
        In points.
    outline
        The path of its glyphs, from an origin at `x`, `y` within the label.
    text
        Shown as text, and made to fit, where the font lacks a character.
    """

    width: float
    height: float
    x: float = 0
    y: float = 0
    outline: str = ""
    text: str = ""
    size: float = SMALL


def typeset(formula: Formula, size: float = SIZE) -> Label:
    """Set a formula as mathematics; as words if it is too long or the font lacks a character."""
    if len(formula.text) > LONGEST:
        return words(formula.text[: LONGEST - 1] + "…")
    if formula.latex and _MATHEMATICAL.fullmatch(formula.text) and _can_set(formula.text.translate(_SIGNS)):
        return _mathematics(formula.latex, size)
    return words(formula.text)


def words(text: str, size: float = SMALL) -> Label:
    """Set words: as outlines where the font has them all, else as text in a box of its own."""
    if _can_set(text):
        return _words(text, size)
    ems = sum(_ems(c) for c in text)
    return Label(max(ems, 1) * size, size * 1.4, 0, size * 1.05, text=text, size=size)


@functools.lru_cache(maxsize=4096)
def _mathematics(latex: str, size: float) -> Label:
    import ziamath

    with _outlines_in_place():
        return _label(ziamath.Latex(latex, size=size).svg())


@functools.lru_cache(maxsize=4096)
def _words(text: str, size: float) -> Label:
    if not text.strip():
        return Label(0, 0)
    with _outlines_in_place():
        return _label(_font().text(text, size=size).svg())


@contextmanager
def _outlines_in_place() -> Iterator[None]:
    """Let ziamath write each glyph where it stands, not as a reference to a symbol."""
    import ziafont
    import ziamath

    before = ziamath.config.svg2, ziafont.config.svg2
    ziamath.config.svg2 = ziafont.config.svg2 = False
    try:
        yield
    finally:
        ziamath.config.svg2, ziafont.config.svg2 = before


def _label(svg_text: str) -> Label:
    """Collect the glyphs and rules of an SVG into one outline."""
    svg = ET.fromstring(svg_text)
    left, top, width, height = map(float, svg.attrib["viewBox"].split())
    outline = []
    for element in svg.iter():
        if element.tag.endswith("path"):
            outline.append(element.attrib["d"].strip())
        elif element.tag.endswith("rect"):
            x, y, w, h = (element.attrib[key] for key in ("x", "y", "width", "height"))
            outline.append(f"M {x} {y} h {w} v {h} h -{w} Z")
    return Label(width, height, -left, -top, " ".join(outline))


@functools.cache
def _font() -> Any:
    """The font of the mathematics, STIX Two."""
    import ziamath

    return ziamath.Latex("x").font


def _can_set(text: str) -> bool:
    """Whether the font has every character, and none needs shaping."""
    return all(
        _font().glyphindex(c) and not unicodedata.combining(c)
        and unicodedata.bidirectional(c) not in ("R", "AL", "AN")
        for c in text if c != " "
    )


def _ems(c: str) -> float:
    """A generous width of a character."""
    if unicodedata.combining(c):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(c) in "WF" else 0.7
