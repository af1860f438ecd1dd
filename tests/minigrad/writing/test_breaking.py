"""Long formulas are broken where a reader expects it, and every line is a formula."""

import pytest

import minigrad as mg
from minigrad.writing.breaking import LONGEST, in_lines, width
from tests.minigrad.writing.programs import FLOWS
from tests.minigrad.writing.test_formats import parse

LONG = {
    "sum": " + ".join([r"\mathbf{a}^{(t)}"] * 40),
    "difference": " - ".join([r"\left(\frac{a - b}{c}\right)"] * 40),
    "list": r"\operatorname{stack}(" + ", ".join([r"\mathbf{x}[1:2]"] * 40) + ")",
    "sum in parentheses": "(" + " + ".join(["abc"] * 40) + ")^{2}",
}


@pytest.mark.parametrize("latex", LONG.values(), ids=LONG)
def test_lines_fit_and_say_the_same(latex: str) -> None:
    lines = in_lines(latex)
    assert len(lines) > 1
    assert all(width(line) <= LONGEST for line in lines)
    assert " ".join(lines) == latex
    for line in lines:
        parse(line)


@pytest.mark.parametrize(
    "latex", ["a + b", r"\left(" + " + ".join("abcd" * 30) + r"\right)", "x" * 200]
)
def test_what_is_short_or_held_together_stays(latex: str) -> None:
    assert in_lines(latex) == [latex]


def test_breaks_outside_of_parentheses_first() -> None:
    inside = "(" + " + ".join("abcdef") + ")"
    assert in_lines(" + ".join([inside] * 5)) == [
        f"{inside} + {inside}",
        f"+ {inside} + {inside}",
        f"+ {inside}",
    ]


def test_derivations_have_no_line_that_is_too_long() -> None:
    for flow in FLOWS.values():
        for line in mg.derive(flow()).latex().splitlines():
            left, _, right = line.partition(" &= ")
            assert width(right.partition(" && ")[0]) <= LONGEST, left
