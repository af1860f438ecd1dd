"""Where a long formula is broken into lines."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from itertools import accumulate

LONGEST = 54  # about as many letters as fit into a line beside what stands left of "="

_TOKEN = re.compile(
    r"\\left\(|\\right\)|\\left|\\right|\\[A-Za-z]+|\\.|[{}()\[\]]"
    r"| (?:[+-]|∘|/|\\circ) |, |.",
    re.DOTALL,
)
_SUMS, _PRODUCTS = (" + ", " - ", ", "), (" ∘ ", " / ", r" \circ ")


def width(latex: str) -> float:
    """About how many letters wide a formula in LaTeX is."""
    while (fraction := _fraction(latex)) is not None:
        before, *parts, after = fraction
        latex = before + max(parts, key=width) + after
    text = re.sub(r" (\\circ|[+-]) ", "xxx", latex)  # with the space around it
    text = re.sub(r"\\(?:mathbf|mathrm|operatorname|left|right|Bigl|Bigr|text)\b|[{}^_ ]", "", text)
    return len(re.sub(r"\\[A-Za-z]+", "x", text))


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: accents have none of their own."""
    return sum(not unicodedata.combining(c) for c in text)


def in_lines(
    formula: str, longest: float = LONGEST, width: Callable[[str], float] = width
) -> list[str]:
    r"""Break a formula before signs and after commas, as far outside of parentheses as it goes.

    Products are broken if their factors do not fit, and fractions get a slash if they do not.

    Parameters
    ----------
    formula
        In LaTeX, or in plain text.
    longest, width
        How wide lines may be, and how that is measured.

    Examples
    --------
    >>> from minigrad.writing.breaking import in_lines
    >>> in_lines(" + ".join(["product"] * 6))
    ['product + product + product + product + product', '+ product']
    """
    formula = _with_slashes(formula, longest, width)
    lines = [formula]
    nesting = accumulate((c in "([") - (c in ")]") for c in formula)
    for depth in range(1 + max(nesting, default=0)):
        for separators in (_SUMS, _PRODUCTS):
            broken, opened = list[str](), 0
            for line in lines:
                fits = width(line) <= longest
                pieces = [line] if fits else _pieces(line, depth - opened, separators)
                broken += _packed(pieces, longest, width)
                opened += sum(map(line.count, "([")) - sum(map(line.count, ")]"))
            lines = broken
    return _with_big_parentheses(lines)


def _pieces(formula: str, depth: int, separators: Sequence[str]) -> list[str]:
    """A formula in pieces between which it may be broken."""
    pieces, parentheses, brackets, closed = [""], 0, 0, 0
    for token in _TOKEN.findall(formula):
        parentheses += token in ("(", "[", r"\left(")
        parentheses -= token in (")", "]", r"\right)")
        brackets += (token == "[") - (token == "]")
        closed += token in ("{", r"\left")
        closed -= token in ("}", r"\right")
        is_index = token == ", " and brackets > 0
        if closed or is_index or parentheses > depth or token not in separators:
            pieces[-1] += token
        elif token == ", ":
            pieces[-1] += ","
            pieces.append("")
        else:
            pieces.append(token.lstrip())
    return pieces


def _packed(pieces: list[str], longest: float, width: Callable[[str], float]) -> list[str]:
    """As many pieces in each line as fit."""
    first, *rest = pieces
    lines = [first]
    for piece in rest:
        longer = f"{lines[-1]} {piece}"
        if width(longer) > longest:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines


def _with_slashes(latex: str, longest: float, width: Callable[[str], float]) -> str:
    """A formula with a slash for each fraction that is too wide, since braces are not broken."""
    before = ""
    while (fraction := _fraction(latex)) is not None:
        start, numerator, denominator, latex = fraction
        if max(width(numerator), width(denominator)) > longest:
            is_sum = len(_pieces(numerator, 0, _SUMS)) > 1
            above = rf"\left({numerator}\right)" if is_sum else numerator
            below = rf"\left({denominator}\right)" if " " in denominator else denominator
            before, latex = before + start, f"{above} / {below}{latex}"
        else:
            before += rf"{start}\frac{{{numerator}}}{{{denominator}}}"
    return before + latex


def _fraction(latex: str) -> tuple[str, str, str, str] | None:
    """The first fraction: what stands before it, above and below the line, and after it."""
    start = latex.find(r"\frac{")
    if start < 0:
        return None
    above = start + len(r"\frac")
    below = _end_of_braces(latex, above)
    end = _end_of_braces(latex, below)
    return latex[:start], latex[above + 1 : below - 1], latex[below + 1 : end - 1], latex[end:]


def _end_of_braces(latex: str, start: int) -> int:
    """Where braces end that open at the start."""
    opened = 0
    for match in re.compile(r"\\.|[{}]", re.DOTALL).finditer(latex, start):
        opened += (match[0] == "{") - (match[0] == "}")
        if not opened:
            return match.end()
    raise ValueError(f"expected braces that are closed, got {latex}")


def _with_big_parentheses(lines: list[str]) -> list[str]:
    r"""Let parentheses that span lines have one size: `\left(` must be closed in its own line."""
    text, opened, spanning = "\n".join(lines), list[int](), set[int]()
    for match in re.finditer(r"\\left\(|\\right\)", text):
        if match[0] == r"\left(":
            opened.append(match.start())
        elif "\n" in text[(start := opened.pop()) : match.start()]:
            spanning |= {start, match.start()}

    def of_one_size(match: re.Match[str]) -> str:
        big = {r"\left(": r"\Bigl(", r"\right)": r"\Bigr)"}
        return big[match[0]] if match.start() in spanning else match[0]

    return re.sub(r"\\left\(|\\right\)", of_one_size, text).split("\n")
