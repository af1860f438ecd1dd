"""A derivation as a document: LaTeX, Markdown, plain text."""

import re
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from minigrad.notation.names import on_one_line
from minigrad.notation.printer import Printer
from minigrad.notation.printing import Latex, Text
from minigrad.writing.breaking import columns, in_lines
from minigrad.writing.document import Block, Heading, Paragraph
from minigrad.writing.phrases import Piece
from minigrad.writing.rows import Row
from minigrad.writing.structure import Model

WIDTH = 100  # of plain text


@dataclass(frozen=True)
class Document:
    """A title and what stands below it.

    J is what the loss is called, `last` the step T, and `scalars` are the names of numbers.
    """

    title: str
    blocks: Sequence[Block]
    J: str = "J"
    last: int | None = None
    scalars: frozenset[str] = frozenset()


def latex(document: Document, fragment: bool) -> str:
    """The document in LaTeX, or what is to be included in another."""
    p = Latex(document.J, last=document.last, scalars=document.scalars)
    parts: list[str] = []
    for block in document.blocks:
        if isinstance(block, Heading):
            command = {1: "section", 2: "subsection"}[block.level]
            title = rf"{_words(block.number)}\quad {_inline(block.pieces, p)}"
            parts.append(rf"\{command}*{{{title}}}")
        elif isinstance(block, Paragraph):
            parts.append(_inline(block.pieces, p) + "\n")
        else:
            display = "\\begin{align*}\n" + _aligned(block, p) + "\n\\end{align*}\n"
            # An empty line between words and their formula would end the paragraph.
            before = parts.pop() if parts and parts[-1].endswith("\n") else ""
            parts.append(before + display)
    body = "\n\n".join(part.rstrip("\n") for part in parts) + "\n"
    if fragment:
        return body
    return _STANDALONE.format(title=_words(document.title), body=body)


_STANDALONE = r"""\documentclass{{article}}
\usepackage{{amsmath}}
\usepackage[margin=25mm]{{geometry}}
\allowdisplaybreaks
\title{{{title}}}
\author{{}}
\date{{}}
\begin{{document}}
\maketitle

{body}
\end{{document}}
"""


def markdown(document: Document, between_words: Callable[[str], str] = "${}$".format) -> str:
    """The document in Markdown; how formulas between words are delimited is told.

    By default as notebooks take them, which read formulas before Markdown.
    """
    p = Latex(document.J, last=document.last, scalars=document.scalars)
    parts = [f"# {_plain_in_markdown(document.title)}"]
    for block in document.blocks:
        if isinstance(block, Heading):
            title = f"{_plain_in_markdown(block.number)} {_inline(block.pieces, p, between_words)}"
            parts.append(f"{'#' * (block.level + 1)} {title}".strip())
        elif isinstance(block, Paragraph):
            parts.append(_inline(block.pieces, p, between_words))
        else:
            parts.append(_in_dollars(block, p))
    # Not all know \operatorname.
    return "\n\n".join(parts).replace(r"\operatorname", r"\mathrm") + "\n"


def text(document: Document) -> str:
    """The document in Unicode."""
    p = Text(document.J, last=document.last)
    parts = [on_one_line(document.title)]
    for block in document.blocks:
        if isinstance(block, Heading):
            parts.append(_filled((f"{block.number} ", *block.pieces), p))
        elif isinstance(block, Paragraph):
            parts.append(_filled(block.pieces, p))
        else:
            parts.append(display(block, p))
    return "\n\n".join(parts) + "\n"


def guarded(formula: str) -> str:
    """A formula between words, guarded from Markdown, which GitHub reads before formulas.

    Two underscores would be taken for emphasis, unless space follows them. What else Markdown would
    change comes only from unusual names, and is kept as code is.
    """
    formula = formula.replace("_{", "_ {").replace(" < ", r" \lt ")
    formula = formula.replace(r"\operatorname", r"\mathrm")
    return f"$`{formula}`$" if re.search(r"\\[^A-Za-z]|[*<&`]", formula) else f"${formula}$"


def _plain_in_markdown(text: str) -> str:
    """Text that Markdown takes as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#$|~&])", r"\\\1", on_one_line(text))


_ESCAPES = {c: f"\\{c}" for c in "{}%#&$_"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def _words(text: str) -> str:
    """Words in LaTeX, outside of formulas."""
    return "".join(_ESCAPES.get(c, c) for c in on_one_line(text))


def _inline(
    pieces: Sequence[Piece], p: Printer, delimited: Callable[[str], str] = "${}$".format
) -> str:
    return "".join(x if isinstance(x, str) else delimited(x(p)) for x in pieces)


def _plain(pieces: Sequence[Piece], p: Printer) -> str:
    return "".join(x if isinstance(x, str) else x(p) for x in pieces)


def _filled(pieces: Sequence[Piece], p: Printer) -> str:
    """Words in lines, with formulas held together."""
    space = "\N{NO-BREAK SPACE}"
    held = [x if isinstance(x, str) else x(p).replace(" ", space) for x in pieces]
    return textwrap.fill("".join(held), WIDTH).replace(space, " ")


def _aligned(rows: Sequence[Row], p: Printer) -> str:
    lines = []
    for row in rows:
        remark = "".join(rf"\text{{{x}}}" if isinstance(x, str) else x(p) for x in row.remark)
        left = "" if row.left is None else row.left(p)
        first, *rest = in_lines(row.right(p))
        lines.append(f"{left} &= {first}")
        lines += [rf" &\quad {line}" for line in rest]
        lines[-1] += f" && {remark}" if remark else ""
    return " \\\\\n".join(lines)


def display(rows: Sequence[Row], p: Printer, indent: int = 4) -> str:
    """Rows in plain text; what is right of an "=" stays right of it."""
    lines: list[str] = []
    before = ""
    for row in rows:
        before = " " * columns(before) if row.left is None else row.left(p)
        indented = f"{' ' * indent}{before} = "
        start = columns(indented)
        first, *rest = in_lines(row.right(p), WIDTH - start, columns)
        lines += [indented + first, *(" " * start + line for line in rest)]
        if remark := _remark(row, p):
            fits = columns(lines[-1] + remark) <= WIDTH
            lines += [lines.pop() + remark if fits else remark.rjust(WIDTH)]
    return "\n".join(lines)


def line_text(rows: Sequence[Row], model: Model) -> str:
    """What rows say, in one line of plain text."""
    p = Text(model.J, last=model.last)
    said = [f"{row.left(p) if row.left else ''} = {row.right(p)}{_remark(row, p)}" for row in rows]
    return "; ".join(said)


def line_latex(rows: Sequence[Row], model: Model) -> str:
    """What rows say, as a formula in a line of its own."""
    return _in_dollars(rows, Latex(model.J, last=model.last, scalars=model.scalars))


def _in_dollars(rows: Sequence[Row], p: Printer) -> str:
    return f"$$\n\\begin{{aligned}}\n{_aligned(rows, p)}\n\\end{{aligned}}\n$$"


def _remark(row: Row, p: Printer) -> str:
    return f"    ({_plain(row.remark, p)})" if row.remark else ""
