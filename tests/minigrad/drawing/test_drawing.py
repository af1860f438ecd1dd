"""How pictures are set, saved and shown, with and without a renderer."""

import re
import shutil
import sys
from xml.etree import ElementTree as ET

import pytest

import minigrad as mg
from minigrad.drawing.engine import RendererNotFoundError, place
from tests.minigrad.drawing.pictures import SVG, graph, groups, leaf, recurrent, small_model, titles

HOSTILE = [
    'a"]; evil [label="x',
    "<b>&amp;</b><script>alert(1)</script>",
    "back\\slash\\n\\N\\G",
    "new\nline\ttab",
    "עברית",
    "e\u0301\u0302\u0303",
    "漢字" * 20,
    "x" * 200,
    "\x00\x1b\u202e",
    "%$#{}_^~",
    "<TABLE>",
    "\ud800",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_breaks_a_picture(name):
    x = leaf("x", 2).named(name)
    with mg.step(1):
        h = mg.tanh(x * x).named(name)
    J = (h * mg.sigmoid(x)).sum()
    plain = mg.tanh(leaf("x", 2) * 2)
    for what in (J, mg.gradient_flow(J)):
        drawing = mg.draw(what, values=True)
        svg = ET.fromstring(drawing.svg())
        allowed = {
            "svg",
            "style",
            "g",
            "title",
            "desc",
            "rect",
            "path",
            "polygon",
            "circle",
            "text",
        }
        assert {element.tag.removeprefix(SVG) for element in svg.iter()} <= allowed
        nodes, edges = graph(drawing)
        assert len(nodes) == len(groups(drawing, "node"))
        assert len(edges) <= len(groups(drawing, "edge"))
    assert mg.draw(plain).svg()


def extent(shape):
    """Left, top, right and bottom of a shape of the SVG, by its coordinates."""
    number = r"-?\d+\.?\d*"
    if shape.get("transform") is None and shape.tag == f"{SVG}path":
        return 0.0, 0.0, 0.0, 0.0  # a sample in a legend
    if shape.tag == f"{SVG}text":
        x, y, size = (float(shape.get(key)) for key in ("x", "y", "font-size"))
        return x, y - size, x + float(shape.get("textLength")), y
    dx, dy = map(float, re.findall(number, shape.get("transform")))
    xs, ys, x, y = [], [], 0.0, 0.0
    for command, arguments in re.findall(r"([A-Za-z])([^A-Za-z]*)", shape.get("d")):
        numbers = [float(n) for n in re.findall(number, arguments)]
        if command in "hv":
            x, y = (x + numbers[0], y) if command == "h" else (x, y + numbers[0])
        elif numbers:
            points = list(zip(numbers[::2], numbers[1::2], strict=True))
            xs += [p[0] for p in points]
            ys += [p[1] for p in points]
            x, y = points[-1]
        xs.append(x)
        ys.append(y)
    return min(xs) + dx, min(ys) + dy, max(xs) + dx, max(ys) + dy


@pytest.mark.parametrize("name", ["z_f", "c_tilde", "x" * 200, "עברית"])
def test_labels_stay_in_their_nodes(name):
    a, b = leaf("a", 2, 2).named(name), leaf("b", 2, 2)
    J = mg.tanh(mg.tanh(a @ b + b).named("z") @ b).sum()
    drawing = mg.draw(mg.gradient_flow(J), values=True)
    found = 0
    for group in groups(drawing, "node"):
        boxes = list(group.iter(f"{SVG}rect"))
        for box in boxes:
            left, top, width, height = (
                float(box.get(key)) for key in ("x", "y", "width", "height")
            )
            for shape in [*group.iter(f"{SVG}path"), *group.iter(f"{SVG}text")]:
                x1, y1, x2, y2 = extent(shape)
                assert left - 0.5 <= x1 <= x2 <= left + width + 0.5
                assert top - 0.5 <= y1 <= y2 <= top + height + 0.5
                found += 1
    assert found


def test_every_look_has_a_dark_one():
    drawing = mg.draw(mg.gradient_flow(recurrent(4)), values=True, legend=True)
    svg = ET.fromstring(drawing.svg())
    style = svg.findtext(f"{SVG}style")
    assert style.startswith("@media (prefers-color-scheme:dark)")
    used = {c for e in svg.iter() for c in (e.get("class") or "").split() if c.startswith("mg-")}
    assert used
    assert all(f".{look}{{" in style for look in used)


def test_saves_by_suffix(tmp_path):
    drawing = mg.draw(small_model())
    for suffix, start in (("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF"), ("dot", b"di")):
        drawing.save(tmp_path / f"picture.{suffix}")
        assert (tmp_path / f"picture.{suffix}").read_bytes().startswith(start)
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.pdf, \.dot, got 'picture\.gif'"):
        drawing.save(tmp_path / "picture.gif")


def test_a_title_is_written_if_one_is_given():
    for title in ("Figure 1", None):
        drawing = mg.draw(small_model(), title=title)
        svg = ET.fromstring(drawing.svg())
        assert svg.findtext(f"{SVG}title") == (title or "the computation of J")
        assert f"{len(groups(drawing, 'node'))} nodes" in svg.findtext(f"{SVG}desc")
        assert titles(drawing, "heading") == ([title] if title else [])


def test_the_page_is_wide_enough_for_the_legend():
    drawing = mg.draw(mg.gradient_flow(small_model()), values=True, legend=True)
    width = float(ET.fromstring(drawing.svg()).get("width"))
    rows = groups(drawing, "legend")
    assert rows
    for row in rows:
        assert max(extent(path)[2] for path in row.iter(f"{SVG}path")) < width - 12


def test_notebooks_show_the_svg():
    drawing = mg.draw(small_model())
    assert drawing._repr_mimebundle_()["image/svg+xml"] == drawing.svg()


def test_without_a_renderer_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setattr(shutil, "which", lambda program: None)
    x = leaf("only here", 2)
    drawing = mg.draw(mg.sin(mg.sin(mg.sin(x))))
    with pytest.raises(RendererNotFoundError, match="pip install pygraphviz"):
        drawing.svg()
    assert drawing.source.startswith("digraph")
    assert "pip install pygraphviz" in drawing._repr_mimebundle_()["text/plain"]


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs the program dot")
def test_the_program_dot_draws_the_same_picture(monkeypatch):
    place.cache_clear()
    flow = mg.gradient_flow(recurrent(4))
    inside = mg.draw(flow)
    inside.svg()
    place.cache_clear()
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    outside = mg.draw(flow)
    for kind in ("node", "edge", "block"):
        assert titles(outside, kind) == titles(inside, kind)
    place.cache_clear()


def test_without_pygraphviz_the_program_dot_is_run(monkeypatch, tmp_path):
    """A program of that name, which puts all nodes into one row, gets the DOT text."""
    place.cache_clear()
    program = tmp_path / "dot"
    program.write_text(FAKE_DOT.format(python=sys.executable, log=str(tmp_path / "log")))
    program.chmod(0o755)
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    drawing = mg.draw(leaf("alone in the picture", 2))
    assert titles(drawing, "node") == ["alone in the picture"]
    assert (tmp_path / "log").read_text() == "-Tjson"
    place.cache_clear()


FAKE_DOT = """#!{python}
import json, re, sys
names = re.findall(r"(n\\w+) ?\\[?", re.sub(r"node \\[", "", sys.stdin.read()))
open({log!r}, "w").write(" ".join(sys.argv[1:]))
objects = [{{"name": name, "pos": "10,10"}} for name in set(names)]
print(json.dumps({{"bb": "0,0,20,20", "objects": objects}}))
"""
