"""How an operation is written: the template of its record, filled in, with parentheses."""

import string
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from minigrad.operation import FUNCTION, MATRIX_PRODUCT, POWER, SIGN, Operation
from minigrad.operations.elementwise import add, multiply
from minigrad.operations.linear import matmul

ASSOCIATIVE = (add, multiply, matmul)


def in_parentheses(text: str) -> str:
    """Plain text in parentheses."""
    return f"({text})"


class Written(NamedTuple):
    """What is written, and how tightly it holds together."""

    text: str
    precedence: int = FUNCTION

    def within(self, precedence: int, parentheses: Callable[[str], str] = in_parentheses) -> str:
        """The text, in parentheses where what is around it holds together more tightly."""
        return self.text if self.precedence >= precedence else parentheses(self.text)


def filled(
    operation: Operation,
    template: str,
    operands: Sequence[Written],
    parentheses: Callable[[str], str] = in_parentheses,
) -> Written:
    """Write an operation of some operands, with the parentheses that are needed.

    Examples
    --------
    >>> from minigrad.notation.template import Written, filled
    >>> from minigrad.operations.elementwise import multiply, subtract
    >>> a, b = Written("a"), Written("b")
    >>> filled(multiply, multiply.text, [a, filled(subtract, subtract.text, [a, b])]).text
    'a ∘ (a - b)'
    """
    if template == "{0}":
        return operands[0]
    if operation.arity is None:
        operands = [Written(", ".join(x.text for x in operands))]
    needed = _needed(template, operation)
    texts = [x.within(needed.get(i, 0), parentheses) for i, x in enumerate(operands)]
    if "({0})" in template:  # the parentheses of a function, as large as what is in them
        template, texts[0] = template.replace("({0})", "{0}"), parentheses(texts[0])
    delimited = operation.precedence > SIGN and not any(needed.values())
    own = max(operation.precedence, MATRIX_PRODUCT) if delimited else operation.precedence
    return Written(template.format(*texts), own)


@cache
def _needed(template: str, operation: Operation) -> dict[int, int]:
    """For each operand the precedence below which it needs parentheses: none inside of brackets."""
    pieces = list(string.Formatter().parse(template))
    needed, depth = {}, 0
    for position, (literal, field, _, _) in enumerate(pieces):
        opened = sum(map(literal.count, ("(", "[", "{", r"\lvert")))
        depth += opened - sum(map(literal.count, (")", "]", "}", r"\rvert")))
        if field is None or not field.isdigit():
            continue
        after = pieces[position + 1][0] if position + 1 < len(pieces) else ""
        if depth > 0 or (operation.text == template and "|" in literal):
            continue
        if after[:1] in tuple("^[ᵀ"):
            needed[int(field)] = FUNCTION
        elif literal and needed and operation not in ASSOCIATIVE:
            needed[int(field)] = POWER if "/" in literal else operation.precedence + 1
        else:
            needed[int(field)] = operation.precedence
    return needed
