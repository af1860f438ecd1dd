"""Expressions in messages have the parentheses that they need, and no others."""

import pytest

from minigrad.derivation.spelling import Spelled, spell

a, b, two = Spelled("a"), Spelled("b"), Spelled("2")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (spell("add", [a, spell("multiply", [a, b])]), "a + a b"),
        (spell("multiply", [a, spell("subtract", [two, a])]), "a (2 - a)"),
        (spell("subtract", [a, spell("add", [a, b])]), "a - (a + b)"),
        (spell("subtract", [two, spell("power", [spell("tanh", [a]), two])]), "2 - tanh(a)^2"),
        (spell("multiply", [a, a]), "a^2"),
        (spell("transpose", [spell("matmul", [a, b])]), "(a @ b)^T"),
        (spell("transpose", [spell("transpose", [a])]), "a"),
        (spell("matmul", [a, spell("matmul", [a, b])]), "a @ (a @ b)"),
        (spell("reshape", [spell("negative", [a])]), "-a"),
        (spell("divide", [a, spell("divide", [a, b])]), "a / (a / b)"),
        (spell("where", [a, b, two]), "where(a, b, 2)"),
    ],
)
def test_expressions_in_words(expression, text):
    assert expression.text == text
