"""Where a long formula is broken into lines."""

import re

LONGEST = 54  # about as many letters as fit into a line beside what stands left of "="

_TOKEN = re.compile(r"\\left|\\right|\\[A-Za-z]+|\\.|[{}()\[\]]| [+-] |, |.", re.DOTALL)


def in_lines(latex: str, deepest: int = 1) -> list[str]:
    r"""Break a formula before signs and after commas, as far outside of parentheses as it goes.

    Parameters
    ----------
    latex
        The formula.
    deepest
        How many parentheses may be open where it is broken; braces and `\left` may not.

    Examples
    --------
    >>> from minigrad.writing.breaking import in_lines
    >>> in_lines(" + ".join(["product"] * 6))
    ['product + product + product + product + product', '+ product']
    """
    lines = [latex]
    for depth in range(deepest + 1):
        pieces = [
            _packed(_pieces(line, depth)) if width(line) > LONGEST else [line] for line in lines
        ]
        lines = [line for packed in pieces for line in packed]
    return lines


def width(latex: str) -> float:
    """About how many letters wide a formula is; of a fraction, its denominator."""
    text = re.sub(r"\\frac\{\\partial [^{}]*(\{[^{}]*\}[^{}]*)*\}", "", latex)
    text = re.sub(r" (\\circ|[+-]) ", "xxx", text)  # with the space around it
    text = re.sub(r"\\(?:mathbf|mathrm|operatorname|left|right|text)\b|[{}^_ ]", "", text)
    return len(re.sub(r"\\[A-Za-z]+", "x", text))


def _pieces(latex: str, depth: int) -> list[str]:
    """A formula in pieces between which it may be broken."""
    pieces, parentheses, closed = [""], 0, 0
    for token in _TOKEN.findall(latex):
        parentheses += token in ("(", "[")
        parentheses -= token in (")", "]")
        closed += token in ("{", r"\left")
        closed -= token in ("}", r"\right")
        if closed or parentheses > depth or token not in (" + ", " - ", ", "):
            pieces[-1] += token
        elif token == ", ":
            pieces[-1] += ","
            pieces.append("")
        else:
            pieces.append(token.lstrip())
    return pieces


def _packed(pieces: list[str]) -> list[str]:
    """As many pieces in each line as fit."""
    first, *rest = pieces
    lines = [first]
    for piece in rest:
        longer = f"{lines[-1]} {piece}"
        if width(longer) > LONGEST:
            lines.append(piece)
        else:
            lines[-1] = longer
    return lines
