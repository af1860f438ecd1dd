"""Expressions in messages have the parentheses that they need, and no others."""

import pytest

from minigrad.derivation.spelling import spell
from minigrad.notation.template import Written

a, b, two = Written("a"), Written("b"), Written("2")


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (spell("add", [a, spell("multiply", [a, b])]), "a + a ∘ b"),
        (spell("multiply", [a, spell("subtract", [two, a])]), "a ∘ (2 - a)"),
        (spell("subtract", [a, spell("add", [a, b])]), "a - (a + b)"),
        (spell("subtract", [two, spell("power", [spell("tanh", [a]), two])]), "2 - tanh(a)^2"),
        (spell("multiply", [a, a]), "a^2"),
        (spell("transpose", [spell("matmul", [a, b])]), "(a b)ᵀ"),
        (spell("transpose", [spell("transpose", [a])]), "a"),
        (spell("matmul", [spell("add", [a, b]), b]), "(a + b) b"),
        (spell("reshape", [spell("negative", [a])]), "-a"),
        (spell("divide", [a, spell("divide", [a, b])]), "a / (a / b)"),
        (spell("square", [spell("add", [a, b])]), "(a + b)^2"),
        (spell("sum", [spell("multiply", [a, b])]), "Σ a ∘ b"),
        (spell("getitem", [spell("add", [a, b])]), "(a + b)[…]"),
        (spell("concatenate", [a, b]), "concatenate(a, b)"),
        (spell("an_unknown_function", [a]), "an_unknown_function(a)"),
        (spell("where", [a, b, two]), "where(a, b, 2)"),
    ],
)
def test_expressions_in_words(expression, text):
    assert expression.text == text
