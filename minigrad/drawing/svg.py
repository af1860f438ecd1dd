"""A laid-out picture as SVG."""

from collections.abc import Sequence
from math import hypot
from xml.etree import ElementTree as ET

from minigrad.drawing.dot import CIRCLE, GAP, LANE, Box, described, recurrent_edges
from minigrad.drawing.layout import Layout, Point
from minigrad.drawing.picture import Edge, Node, Picture
from minigrad.drawing.typeset import Label, words

MARGIN = 12.0
ARROW = 6.0  # the length of an arrowhead
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


def to_svg(picture: Picture, boxes: dict[str, Box], layout: Layout, legend: Sequence[tuple[str, str]]
) -> str:
    """Draw a picture whose parts have their places.

    Every node and edge is a group with a title and a description in plain text and LaTeX, so that
    it can be searched, read aloud and copied.
    """
    rows = len(legend)
    width = layout.width + 2 * MARGIN
    height = layout.height + 2 * MARGIN + (rows * 18 + 8 if rows else 0)
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
    ET.SubElement(svg, "style").text = _dark_page()
    _shape(svg, "rect", "paper", width="100%", height="100%")
    canvas = ET.SubElement(svg, "g", {"transform": f"translate({MARGIN:g},{MARGIN:g})"})
    for k, (left, top, right, bottom, _) in layout.blocks.items():
        group = _group(canvas, "block", picture.blocks[k].title, "")
        _shape(
            group, "rect", "block", x=left, y=top, width=right - left, height=bottom - top, rx=8
        )
        title = words(picture.blocks[k].title, 11)
        _write(group, title, (left + 10 + title.width / 2, top + 6 + title.height / 2), "faint")
    for k, edge in enumerate(picture.edges):
        if not edge.recurrent:
            _draw_edge(canvas, picture, edge, layout.edges[f"edge{k}"])
    _draw_recurrent(canvas, picture, boxes, layout)
    for node in picture.nodes.values():
        _draw_node(canvas, node, boxes[node.id], layout.nodes[node.id])
    for k, row in enumerate(legend):
        _draw_legend(canvas, row, layout.height + 16 + 18 * k)
    ET.indent(svg, "")
    return ET.tostring(svg, "unicode")


def _draw_node(canvas: ET.Element, node: Node, box: Box, centre: Point) -> None:
    group = _group(canvas, f"node {node.kind}", described(node), node.label.latex)
    x, y = centre
    if "circle" in node.kind:
        look = node.alarm or "circle"
        _shape(group, "circle", look, cx=x, cy=y, r=CIRCLE / 2)
        if node.kind == "doublecircle":
            _shape(group, "circle", look, cx=x, cy=y, r=CIRCLE / 2 - RING)
        else:
            _write(group, box.labels[0], centre, "ink")
        for caption in box.labels[1:]:
            _write(group, caption, (x, y + CIRCLE / 2 + 1 + caption.height / 2), "ink")
        return
    look = node.alarm or (node.kind if node.kind in COLOURS else "")
    if look:
        _shape(
            group,
            "rect",
            look,
            x=x - box.width / 2,
            y=y - box.height / 2,
            width=box.width,
            height=box.height,
            rx=4,
        )
    total = sum(label.height for label in box.labels) + GAP * (len(box.labels) - 1)
    top = y - total / 2
    for k, label in enumerate(box.labels):
        ink = "faint" if k or node.kind == "stub" else "ink"
        _write(group, label, (x, top + label.height / 2), ink)
        top += label.height + GAP


def _draw_edge(canvas: ET.Element, picture: Picture, edge: Edge, points: list[Point]) -> None:
    group = _group(
        canvas,
        "edge recurrent" if edge.recurrent else "edge",
        edge.carries,
        f"{described(picture.nodes[edge.tail])} to {described(picture.nodes[edge.head])}",
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


def _draw_recurrent(
    canvas: ET.Element, picture: Picture, boxes: dict[str, Box], layout: Layout
) -> None:
    """Lead edges to the next repeat around their block, inside of its border, the topmost inmost."""
    lanes: dict[int | None, int] = {}
    recurrent = [edge for edge in picture.edges if edge.recurrent]
    for edge in sorted(recurrent, key=lambda edge: layout.nodes[edge.tail][1]):
        block = picture.nodes[edge.head].block
        lanes[block] = lane = lanes.get(block, 0) + 1
        left, top, right, bottom, _ = layout.blocks[block or 0]
        (x1, y1), (x2, y2) = layout.nodes[edge.tail], layout.nodes[edge.head]
        inset = 10 + LANE * (recurrent_edges(picture, block) - lane)
        towards = -1 if picture.backward else 1
        out, back = (right - inset, left + inset)[::towards]
        over = top + inset + 12
        group = _group(canvas, "edge recurrent", edge.carries, "to the next repeat")
        half = boxes[edge.head].width / 2
        path = _rounded(
            [(x1, y1), (out, y1), (out, over), (back, over), (back, y2), (x2 - towards * half, y2)]
        )
        shape = _shape(group, "path", "wire", d=path)
        shape.set("stroke-dasharray", "5 3")


def _rounded(corners: list[Point], radius: float = 6) -> str:
    """A path along straight lines with round corners."""
    path = f"M{corners[0][0]:.2f},{corners[0][1]:.2f}"
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        ends = []
        for other in (before, after):
            length = hypot(other[0] - corner[0], other[1] - corner[1]) or 1
            share = min(radius, length / 2) / length
            ends.append(
                (corner[0] + (other[0] - corner[0]) * share,
                 corner[1] + (other[1] - corner[1]) * share)
            )
        (ax, ay), (bx, by) = ends
        path += f" L{ax:.2f},{ay:.2f} Q{corner[0]:.2f},{corner[1]:.2f} {bx:.2f},{by:.2f}"
    return path + f" L{corners[-1][0]:.2f},{corners[-1][1]:.2f}"


def _write(group: ET.Element, label: Label, centre: Point, ink: str) -> None:
    """Put a label with its middle at a point."""
    left, top = centre[0] - label.width / 2, centre[1] - label.height / 2
    at = (left + label.x, top + label.y)
    if label.outline:
        glyphs = _shape(group, "path", ink, d=label.outline)
        glyphs.set("transform", f"translate({at[0]:.2f},{at[1]:.2f})")
    elif label.text:
        text = _shape(group, "text", ink, x=at[0], y=at[1])
        text.text = label.text
        text.set("font-size", f"{label.size:g}")
        text.set("font-family", "serif")
        text.set("textLength", f"{label.width:.1f}")
        text.set("lengthAdjust", "spacingAndGlyphs")


def _draw_legend(canvas: ET.Element, row: tuple[str, str], y: float) -> None:
    """Explain one kind of node by a small sample of it."""
    kind, meaning = row
    group = _group(canvas, "legend", meaning, "")
    if "circle" in kind:
        _shape(group, "circle", "circle", cx=8, cy=y, r=6)
        if kind == "doublecircle":
            _shape(group, "circle", "circle", cx=8, cy=y, r=3.5)
    elif kind == "recurrent":
        path = _shape(group, "path", "wire", d=f"M0,{y} H16")
        path.set("stroke-dasharray", "5 3")
    elif kind in COLOURS:
        _shape(group, "rect", kind, x=0, y=y - 6, width=16, height=12, rx=3)
    label = words(meaning, 10)
    _write(group, label, (24 + label.width / 2, y), "ink")


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
