"""Python statements and comments in lines that fit, broken where a formatter breaks them."""

import re
import textwrap
from collections.abc import Collection, Iterator

WIDTH = 100
INDENT = " " * 4
GLUE = "\u00a0"  # in the place of a space where no line is to end

_SIGNS = (" + ", " - ")
_OPERATORS = ((" for ",), _SIGNS, (" * ", " / ", " @ "))  # what binds least comes first
_TOKEN = re.compile(r"""'[^']*'|"[^"]*"| (?:[-+*/@]|for) |, |.""", re.DOTALL)


def statement_lines(source: str, indent: str) -> list[str]:
    """A statement in lines, with parentheses around an expression that needs more than one.

    Examples
    --------
    >>> from minigrad.writing.source.wrapping import statement_lines
    >>> for line in statement_lines("x = " + " + ".join(["first", "f(second)"] * 5), " " * 8)[:3]:
    ...     print(line)
            x = (
                first
                + f(second)
    """
    *target, value = re.split(r"(?<=[-+ ]=) ", source, maxsplit=1)
    return list(_lines("".join(f"{x} " for x in target), value, "", indent))


def comment_lines(text: str, indent: str) -> list[str]:
    """A comment in lines, broken before signs; a term that is longer, after commas or there too."""
    terms = []
    for term in _split(text, _SIGNS):
        is_short = len(indent) + len(term) < WIDTH - 2 * len(INDENT)
        held = re.sub(r"\[[^\[]*?\]", lambda index: index[0].replace(" ", GLUE), term)
        inseparable = " " if is_short else "(?<!,) " if ", " in held else " (?![-+] )"
        terms.append(re.sub(inseparable, GLUE, held))
    lines = textwrap.wrap(
        " ".join(terms),
        WIDTH,
        initial_indent=f"{indent}# ",
        subsequent_indent=f"{indent}#{INDENT}",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(GLUE, " ") for line in lines]


def _lines(
    before: str, value: str, after: str, indent: str, is_enclosed: bool = False
) -> Iterator[str]:
    """An expression with what stands before and after it, in lines if one does not fit."""
    line = f"{indent}{before}{value}{after}"
    terms = next((x for some in _OPERATORS if len(x := _split(value, some)) > 1), [value])
    if len(line) <= WIDTH:
        yield line
    elif len(terms) > 1:
        inner = indent if is_enclosed else indent + INDENT
        if not is_enclosed:
            yield f"{indent}{before}("
        yield from _lines("", terms[0], "", inner)
        for term in terms[1:]:
            operator, operand = term.split(" ", 1)
            yield from _lines(f"{operator} ", operand, "", inner)
        if not is_enclosed:
            yield f"{indent}){after}"
    elif brackets := _brackets(value):
        start, end = max(brackets, key=lambda ends: ends[1] - ends[0])
        yield f"{indent}{before}{value[:start]}"
        yield from _arguments(value[start:end], indent + INDENT)
        yield f"{indent}{value[end:]}{after}"
    else:
        yield line


def _arguments(arguments: str, indent: str) -> Iterator[str]:
    """What stands in brackets: in a line if it fits, or else each in one."""
    each = [x.removeprefix(", ") for x in _split(arguments, (", ",))]
    if len(each) == 1 or len(indent + arguments) <= WIDTH:
        yield from _lines("", arguments, "", indent, is_enclosed=True)
    else:
        for argument in each:
            yield from _lines("", argument, ",", indent)


def _split(source: str, breaks: Collection[str]) -> list[str]:
    """An expression before what stands between its parts, outside of brackets."""
    parts, depth = [""], 0
    for token in _TOKEN.findall(source):
        depth += (token in "([{") - (token in ")]}")
        if depth == 0 and token in breaks:
            parts.append("")
        parts[-1] += token
    return [parts[0], *(part.removeprefix(" ") for part in parts[1:])]


def _brackets(source: str) -> list[tuple[int, int]]:
    """From where to where the insides of brackets go that stand in no others."""
    found, depth, start = [], 0, 0
    for token in _TOKEN.finditer(source):
        if token[0] in "([{":
            start = start if depth else token.end()
            depth += 1
        elif token[0] in ")]}":
            depth -= 1
            found += [] if depth else [(start, token.start())]
    return found
