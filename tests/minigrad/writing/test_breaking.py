"""Long formulas are broken where a reader expects it, and every line is a formula."""

import re
from collections.abc import Callable

import pytest

import minigrad as mg
from minigrad.writing.breaking import LONGEST, columns, in_lines, width
from minigrad.writing.formats import WIDTH
from tests.minigrad.writing.programs import FLOWS
from tests.minigrad.writing.test_formats import parse
from tests.minigrad.writing.unnamed import UNNAMED

LONG = {
    "sum": " + ".join([r"\mathbf{a}^{(t)}"] * 40),
    "difference": " - ".join([r"\left(\frac{a - b}{c}\right)"] * 40),
    "list": r"\operatorname{stack}(" + ", ".join([r"\mathbf{x}[1:2]"] * 40) + ")",
    "sum in parentheses": "(" + " + ".join(["abc"] * 40) + ")^{2}",
    "product": r" \circ ".join([r"\mathbf{a}^{(t)}"] * 40),
    "product of sums": r"(a \circ (" + " + ".join(["abc"] * 40) + r")) \mathbf{x}^\top",
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
    "latex",
    ["a + b", r"\sqrt{" + " + ".join("abcd" * 30) + "}", "x" * 200, f"f[:, 1]({'x' * 200})"],
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


def test_parentheses_that_span_lines_have_one_size() -> None:
    inner = r"\left(\frac{a}{b}\right)"
    first, *others, last = in_lines(rf"c \left({' + '.join([inner] * 40)}\right)^\top")
    assert first.startswith(rf"c \Bigl({inner} + ")
    assert last.endswith(rf"{inner}\Bigr)^\top")
    for line in others:
        parse(line)


def test_fractions_that_do_not_fit_get_a_slash() -> None:
    long = " + ".join(["abcdef"] * 10)
    wide = rf"x \circ \frac{{{long}}}{{y^{{2}}}} - \frac{{{long}}}{{\frac{{a}}{{{long}}}}}"
    lines = in_lines(wide)
    assert all(width(line) <= LONGEST for line in lines)
    slashed = rf"x \circ \Bigl({long}\Bigr) / y^{{2}} - \Bigl({long}\Bigr) / \Bigl(a / \Bigl({long}"
    assert " ".join(lines) == slashed + r"\Bigr)\Bigr)"
    fits = r"\frac{a + b}{c + \{}"
    assert in_lines(f"{fits} + {' + '.join(['x'] * 40)}")[0].startswith(fits)


def test_a_fraction_is_as_wide_as_its_wider_part() -> None:
    assert width(r"\frac{abc}{de}") == width(r"\frac{\frac{ab}{c}}{def}") == 3


def test_sums_are_broken_before_products_and_those_before_what_is_deeper() -> None:
    product = " ∘ ".join(["factor"] * 4)
    deep = f"({' + '.join(['summand'] * 4)})"
    assert in_lines(f"{product} + {product} ∘ {deep} + {product}", 50, len) == [
        product,
        f"+ {product}",
        f"∘ {deep}",
        f"+ {product}",
    ]


@pytest.mark.parametrize("layout", ["numerator", "gradient"])
@pytest.mark.parametrize("model", {**FLOWS, **UNNAMED}.values(), ids={**FLOWS, **UNNAMED})
def test_derivations_have_no_line_that_is_too_long(
    model: Callable[[], mg.GradientFlow], layout: str
) -> None:
    derivation = mg.derive(model(), layout=layout)
    for line in derivation.text().splitlines():
        assert columns(line) <= WIDTH, line
    for line in re.split(r"\\\\\n|\n", derivation.latex()):
        if "&" in line:
            formula = line.partition("&=" if "&=" in line else "&")[2].partition(" && ")[0]
            assert width(formula) <= LONGEST, line
            parse(formula)


def test_text_goes_on_right_of_the_equals_sign() -> None:
    names = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh")
    leaves = [mg.tensor(1.0, requires_grad=True, name=name) for name in names]
    J = sum((x * y for x in leaves for y in leaves), leaves[0]).named("J_tilde")
    display = mg.derive(mg.gradient_flow(J)).text().split("\n\n")[3]
    first, *others, _number = display.splitlines()
    assert first.startswith("    J\u0303 = first")  # the accent takes no column
    assert len(others) > 1
    for line in others:
        assert re.match(r" {8}\+ \w", line)


def test_a_remark_that_does_not_fit_stands_below_at_the_right() -> None:
    text = mg.derive(FLOWS["lstm"]()).text()
    [sum_, below] = re.findall(r"(.*\|z_f⁽ᵗ⁾)\n( +\(plus 3, 4, 5\))\n", text)[0]
    assert columns(below) == WIDTH < columns(sum_) + len("    (plus 3, 4, 5)")
