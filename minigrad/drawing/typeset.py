"""Labels as outlines, set by ziamath: their sizes are known before anything is laid out."""

import functools
import re
import unicodedata
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

from minigrad.drawing.formula import LONGEST, Derivative, Equation, Formula

SIZE = 13.0  # of mathematics, in points
SMALL = 9.0  # of words and small print

# What LaTeX takes as it is. Anything else, from a name, is set as words.
_MATHEMATICAL = re.compile(r"[\w\s.,:()\[\]{}+\-/|^∘ᵀΣ√·…=>×]*")
_SIGNS = str.maketrans("", "", " ∘ᵀΣ√·…=×")


# An outline, and where its origin goes.
Piece = tuple[float, float, str]


@dataclass(frozen=True)
class Label:
    """A label of known size.

    Attributes
    ----------
    width, height
        In points.
    baseline
        How far below the top it is.
    pieces
        The outlines of its glyphs.
    text
        Shown as text, and made to fit, where the font lacks a character.
    size
        Of that text.
    """

    width: float
    height: float
    baseline: float = 0
    pieces: tuple[Piece, ...] = ()
    text: str = ""
    size: float = SMALL


def typeset(formula: Formula, size: float = SIZE) -> Label:
    """Set a formula as mathematics; as words if it is too long or the font lacks a character."""
    if len(formula.text) > LONGEST:
        return words(formula.text[: LONGEST - 1] + "…")
    if not (_MATHEMATICAL.fullmatch(formula.text) and _can_set(formula.text.translate(_SIGNS))):
        return words(formula.text)
    # ziamath takes its time over what is nested, so the outermost parts are put together here.
    if isinstance(formula, Equation):
        left, right = typeset(formula.left, size), typeset(formula.right, size)
        return _beside(left, _mathematics("=", size), right, gap=size / 3)
    if isinstance(formula, Derivative):
        numerator = _mathematics(rf"\partial {formula.loss.latex}", size)
        fraction = _over(numerator, _mathematics(rf"\partial {formula.of.latex}", size), size)
        return _at(fraction, formula.via, size) if formula.via else fraction
    return _mathematics(formula.latex, size) if formula.latex else words(formula.text)


def _beside(*labels: Label, gap: float) -> Label:
    """Labels in a row, on one baseline."""
    above = max(label.baseline for label in labels)
    below = max(label.height - label.baseline for label in labels)
    pieces: list[Piece] = []
    x = 0.0
    for label in labels:
        pieces += _moved(label, x, above - label.baseline)
        x += label.width + gap
    return Label(x - gap, above + below, above, tuple(pieces))


def _over(numerator: Label, denominator: Label, size: float) -> Label:
    """A fraction, its rule at the height of a minus sign."""
    width = max(numerator.width, denominator.width)
    rule = numerator.height + 1
    line = f"M 0 0 h {width:.2f} v {size / 16:.2f} h -{width:.2f} Z"
    pieces = (
        *_moved(numerator, (width - numerator.width) / 2, 0),
        (0.0, rule, line),
        *_moved(denominator, (width - denominator.width) / 2, rule + 2),
    )
    return Label(width, rule + 2 + denominator.height, rule + size * 0.28, pieces)


def _at(label: Label, step: str, size: float) -> Label:
    """A label with a bar behind it, and a small step at its foot."""
    foot = _mathematics(step, size * 0.75)
    bar = f"M 0 0 h {size / 16:.2f} v {label.height:.2f} h -{size / 16:.2f} Z"
    pieces = (
        *label.pieces,
        (label.width + 2, 0.0, bar),
        *_moved(foot, label.width + 4, label.height - foot.height * 0.7),
    )
    height = label.height + foot.height * 0.3
    return Label(label.width + 4 + foot.width, height, label.baseline, pieces)


def _moved(label: Label, x: float, y: float) -> tuple[Piece, ...]:
    return tuple((x + dx, y + dy, outline) for dx, dy, outline in label.pieces)


def words(text: str, size: float = SMALL) -> Label:
    """Set words: as outlines where the font has them all, else as text in a box of its own."""
    if _can_set(text):
        return _words(text, size)
    ems = sum(_ems(c) for c in text)
    return Label(max(ems, 1) * size, size * 1.4, size * 1.05, text=text, size=size)


@functools.lru_cache(maxsize=4096)
def _mathematics(latex: str, size: float) -> Label:
    with _outlines_in_place() as ziamath:
        return _label(ziamath.Latex(latex, size=size).svg())


@functools.lru_cache(maxsize=4096)
def _words(text: str, size: float) -> Label:
    if not text.strip():
        return Label(0, 0)
    with _outlines_in_place():
        return _label(_font().text(text, size=size).svg())


@contextmanager
def _outlines_in_place() -> Iterator[Any]:
    """Let ziamath write each glyph where it stands, not as a reference to a symbol."""
    import ziafont

    ziamath = _ziamath()
    before = ziamath.config.svg2, ziafont.config.svg2
    ziamath.config.svg2 = ziafont.config.svg2 = False
    try:
        yield ziamath
    finally:
        ziamath.config.svg2, ziafont.config.svg2 = before


@functools.cache
def _ziamath() -> Any:
    """Import ziamath, whose way to find its font Python has deprecated."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import ziamath
    return ziamath


def _label(svg_text: str) -> Label:
    """Collect the glyphs and rules of an SVG into one outline."""
    svg = ET.fromstring(svg_text)
    left, top, width, height = map(float, svg.attrib["viewBox"].split())
    outline = []
    for element in svg.iter():
        if element.tag.endswith("path"):
            outline.append(_compact(element.attrib["d"]))
        elif element.tag.endswith("rect"):
            x, y, w, h = (element.attrib[key] for key in ("x", "y", "width", "height"))
            outline.append(f"M {x} {y} h {w} v {h} h -{w} Z")
    return Label(width, height, -top, ((-left, -top, " ".join(outline)),))


def _compact(path: str) -> str:
    """A path with as many digits as a picture needs."""
    path = re.sub(r"(\.\d\d)\d+", r"\1", path)
    return re.sub(r" *([A-Za-z]) *", r"\1", path).strip()


@functools.cache
def _font() -> Any:
    """The font of the mathematics, STIX Two."""
    return _ziamath().Latex("x").font


def _can_set(text: str) -> bool:
    """Whether the font has every character, and none needs shaping."""
    return all(map(_has_glyph, text))


@functools.lru_cache(maxsize=4096)
def _has_glyph(c: str) -> bool:
    is_shaped = unicodedata.combining(c) or unicodedata.bidirectional(c) in ("R", "AL", "AN")
    return c == " " or bool(_font().glyphindex(c) and not is_shaped)


def _ems(c: str) -> float:
    """A generous width of a character."""
    if unicodedata.combining(c):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(c) in "WF" else 0.7
