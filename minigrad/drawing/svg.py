"""A laid-out picture as SVG."""

from collections.abc import Sequence
from math import hypot
from xml.etree import ElementTree as ET

from minigrad.drawing.boxes import CIRCLE, GAP, Box
from minigrad.drawing.dot import lines
from minigrad.drawing.engine import Point
from minigrad.drawing.layout import Frame, Layout
from minigrad.drawing.part import TITLE_SIZE
from minigrad.drawing.picture import Edge, Node, Picture
from minigrad.drawing.typeset import Label, words

MARGIN = 12.0
ARROW = 6.0  # the length of an arrowhead
SAMPLE, ROW = 24.0, 18.0  # the width of a sample in the legend, and the height of its rows
OPERAND = 8.0  # the size of an operand's number
RING = 3.0  # between the circles of a Hadamard product

# Colours on a light page and on a dark one: stroke and fill of each class. A light page is the
# default, in attributes that every program understands; a style sheet turns to the dark one.
COLOURS = {
    "paper": (("none", "#ffffff"), ("none", "#14171c")),
    "ink": (("none", "#16191d"), ("none", "#e8eaed")),
    "faint": (("none", "#5f6872"), ("none", "#a3acb8")),
    "wire": (("#3b4148", "none"), ("#b6bec8", "none")),
    "arrow": (("none", "#3b4148"), ("none", "#b6bec8")),
    "box": (("#b07d12", "#fff4d9"), ("#d9a93a", "#3a2f14")),
    "formula": (("#3f6fa8", "#e9f1fb"), ("#7fb0e8", "#1a2c42")),
    "circle": (("#16191d", "#ffffff"), ("#e8eaed", "#14171c")),
    "end": (("#3a7d44", "#e6f4e8"), ("#74c282", "#17301c")),
    "output": (("#7b4b9e", "#f3eafa"), ("#c79be8", "#2e1d3d")),
    "block": (("#a9b1ba", "#f7f8fa"), ("#515a66", "#1a1e25")),
    "nan": (("#c1121f", "#ffd9d9"), ("#ff6b6b", "#4a1216")),
    "vanishing": (("#8a94a0", "#eef0f3"), ("#6d7885", "#22272e")),
    "exploding": (("#d9480f", "#ffe3d3"), ("#ff8c4d", "#452010")),
}
SCOPE = "minigrad-drawing"


def to_svg(
    picture: Picture, boxes: dict[str, Box], layout: Layout, legend: Sequence[tuple[str, str]]
) -> str:
    """Draw a picture whose parts have their places.

    Every node and edge is a group with a title and a description in plain text and LaTeX, so that
    it can be searched, read aloud and copied.
    """
    heading = words(picture.heading, 13)
    above = MARGIN + (heading.height + MARGIN if picture.heading else 0)
    texts = [heading.width, *(SAMPLE + words(meaning, 10).width for _, meaning in legend)]
    width = max(layout.width, *texts) + 2 * MARGIN
    height = above + layout.height + MARGIN + (len(legend) * ROW + 8 if legend else 0)
    svg = ET.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "class": SCOPE,
            "width": f"{width:.0f}",
            "height": f"{height:.0f}",
            "viewBox": f"0 0 {width:.2f} {height:.2f}",
            "role": "img",
        },
    )
    ET.SubElement(svg, "title").text = picture.title
    ET.SubElement(svg, "desc").text = _described(picture)
    ET.SubElement(svg, "style").text = _dark_page()
    _shape(svg, "rect", "paper", width="100%", height="100%")
    if picture.heading:
        group = _group(svg, "heading", picture.heading, "")
        _write(group, heading, (MARGIN + heading.width / 2, MARGIN + heading.height / 2), "ink")
    canvas = ET.SubElement(svg, "g", {"transform": f"translate({MARGIN:g},{above:g})"})
    for k, frame in layout.frames.items():
        _draw_frame(canvas, picture.blocks[k].title, frame)
    for k, edge in enumerate(picture.edges):
        _draw_edge(canvas, picture, edge, layout.edges[k])
    for node in picture.nodes.values():
        _draw_node(canvas, node, boxes[node.id], layout.nodes[node.id])
    for k, row in enumerate(legend):
        _draw_legend(canvas, row, layout.height + 16 + ROW * k)
    ET.indent(svg, "")
    return ET.tostring(svg, "unicode")


def _draw_frame(canvas: ET.Element, text: str, frame: Frame) -> None:
    group = _group(canvas, "block", text, "")
    width, height = frame.right - frame.left, frame.bottom - frame.top
    _shape(group, "rect", "block", x=frame.left, y=frame.top, width=width, height=height, rx=8)
    title = words(text, TITLE_SIZE)
    _write(group, title, (frame.left + 10 + title.width / 2, frame.top + 12), "faint")


def _draw_node(canvas: ET.Element, node: Node, box: Box, centre: Point) -> None:
    group = _group(canvas, f"node {node.kind}", "; ".join(lines(node)), node.label.latex)
    x, y = centre
    look = node.alarm or (node.kind if node.kind in COLOURS else "")
    side = x + box.label.width / 2 + GAP  # where the caption begins
    if node.is_round:
        side = x + CIRCLE / 2 + GAP
        for radius in (CIRCLE / 2, CIRCLE / 2 - RING)[: 1 + (node.kind == "doublecircle")]:
            _shape(group, "circle", node.alarm or "circle", cx=x, cy=y, r=radius)
    elif look:
        left, top = x - box.width / 2, y - box.height / 2
        _shape(group, "rect", look, x=left, y=top, width=box.width, height=box.height, rx=4)
    y -= sum(label.height + GAP for label in box.small) / 2
    if node.kind != "doublecircle":
        _write(group, box.label, (x, y), "faint" if node.kind == "stub" else "ink")
    if box.caption:
        ink = "ink" if node.is_round else "faint"
        _write(group, box.caption, (side + box.caption.width / 2, y), ink)
    below = y + box.label.height / 2 + GAP
    for label in box.small:
        _write(group, label, (x, below + label.height / 2), "faint")
        below += label.height + GAP


def _draw_edge(canvas: ET.Element, picture: Picture, edge: Edge, points: list[Point]) -> None:
    group = _group(
        canvas,
        "edge recurrent" if edge.recurrent else "edge",
        edge.carries,
        " to ".join(picture.nodes[end].label.text for end in (edge.tail, edge.head))
        + (f", operand {edge.operand}" if edge.operand else ""),
    )
    points = list(points)
    arrow = picture.nodes[edge.head].kind != "value"
    tip, before = points[-1], next(p for p in reversed(points) if p != points[-1])
    length = hypot(tip[0] - before[0], tip[1] - before[1])
    ux, uy = (tip[0] - before[0]) / length, (tip[1] - before[1]) / length
    size = ARROW + 1.2 * (edge.width - 1)
    if arrow:
        points[-1] = (tip[0] - ux * size * 0.8, tip[1] - uy * size * 0.8)
    start, *rest = (f"{px:.2f},{py:.2f}" for px, py in points)
    path = _shape(group, "path", edge.alarm or "wire", d=f"M{start} C{' '.join(rest)}")
    path.set("fill", "none")
    path.set("stroke-width", f"{edge.width:.2f}")
    if edge.recurrent:
        path.set("stroke-dasharray", "5 3")
    if arrow:
        left = (tip[0] - ux * size - uy * size * 0.4, tip[1] - uy * size + ux * size * 0.4)
        right = (tip[0] - ux * size + uy * size * 0.4, tip[1] - uy * size - ux * size * 0.4)
        corners = " ".join(f"{px:.2f},{py:.2f}" for px, py in (tip, left, right))
        head = _shape(group, "polygon", "arrow", points=corners)
        if edge.alarm:
            head.set("fill", COLOURS[edge.alarm][0][0])
            del head.attrib["class"]
    if edge.operand:
        mark = words(edge.operand, OPERAND)
        side = -1 if edge.operand.startswith("1") else 1  # away from the wire of the next one
        x = tip[0] + side * (GAP + mark.width / 2)
        _write(group, mark, (x, tip[1] - uy * (size + mark.height / 2)), "faint")


def _write(group: ET.Element, label: Label, centre: Point, ink: str) -> None:
    """Put a label with its middle at a point."""
    left, top = centre[0] - label.width / 2, centre[1] - label.height / 2
    for dx, dy, outline in label.pieces:
        glyphs = _shape(group, "path", ink, d=outline)
        glyphs.set("transform", f"translate({left + dx:.2f},{top + dy:.2f})")
    if label.text:
        text = _shape(group, "text", ink, x=left, y=top + label.baseline)
        text.text = label.text
        text.set("font-size", f"{label.size:g}")
        text.set("font-family", "serif")
        text.set("textLength", f"{label.width:.1f}")
        text.set("lengthAdjust", "spacingAndGlyphs")


def _draw_legend(canvas: ET.Element, row: tuple[str, str], y: float) -> None:
    """Explain one kind of node by a small sample of it."""
    kind, meaning = row
    group = _group(canvas, "legend", meaning, "")
    if kind in ("plus", "circle", "doublecircle"):
        _shape(group, "circle", "circle", cx=8, cy=y, r=6)
        if kind == "doublecircle":
            _shape(group, "circle", "circle", cx=8, cy=y, r=3.5)
    elif kind == "recurrent":
        path = _shape(group, "path", "wire", d=f"M0,{y} H16")
        path.set("stroke-dasharray", "5 3")
    elif kind == "width":
        _shape(group, "path", "arrow", d=f"M0,{y - 0.5} L16,{y - 3} V{y + 3} L0,{y + 0.5} Z")
    elif kind in COLOURS:
        _shape(group, "rect", kind, x=0, y=y - 6, width=16, height=12, rx=3)
    label = words(meaning, 10)
    _write(group, label, (SAMPLE + label.width / 2, y), "ink")


def _described(picture: Picture) -> str:
    """The picture in one sentence, for those who do not see it."""
    flow = "Gradients flow down" if picture.backward else "Values flow up"
    steps = ", ".join(block.title for block in picture.blocks)
    size = f"{len(picture.nodes)} nodes and {len(picture.edges)} edges"
    return f"{flow}; {size}{f'; time steps: {steps}' if steps else ''}."


def _group(parent: ET.Element, kind: str, title: str, description: str) -> ET.Element:
    group = ET.SubElement(parent, "g", {"class": kind})
    ET.SubElement(group, "title").text = title
    if description:
        ET.SubElement(group, "desc").text = description
    return group


def _shape(parent: ET.Element, tag: str, look: str, **geometry: str | float) -> ET.Element:
    """Add a shape that looks as its class does."""
    (stroke, fill), _ = COLOURS[look]
    attributes = {
        key: value if isinstance(value, str) else f"{value:.2f}" for key, value in geometry.items()
    }
    attributes |= {"class": f"mg-{look}", "fill": fill}
    if stroke != "none":
        attributes["stroke"] = stroke
    return ET.SubElement(parent, tag, attributes)


def _dark_page() -> str:
    """The style sheet for pages that are dark."""
    rules = "".join(
        f".{SCOPE} .mg-{look}{{stroke:{stroke};fill:{fill}}}"
        for look, (_, (stroke, fill)) in COLOURS.items()
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"
