"""What is too long for a line is broken into some that fit, and means the same."""

import ast

import pytest

import minigrad as mg
from minigrad.writing.source import module, wrapping
from minigrad.writing.source.wrapping import WIDTH, comment_lines, statement_lines
from tests.minigrad.writing.source.test_module import SOURCES

TERM = "np.sum(x_of_some_length * y_of_some_length, axis=0)"
LONG = {
    "sum": " - ".join([TERM] * 3),
    "product": " @ ".join([TERM] * 3),
    "sum in a product": f"w * ({' + '.join([TERM] * 3)}).T",
    "product in a sum": f"a + {' * '.join([TERM] * 3)}",
    "arguments": f"np.concatenate(({', '.join([TERM] * 3)}))",
    "arguments in a line": f"np.maximum({TERM}, an_argument_that_takes_the_place_that_is_left)",
    "sum over steps": f"sum([{TERM} + {TERM} for t in range(1, T + 1)])",
    "product over steps": f"sum([2 * ({TERM} @ {TERM}) for t in range(1, T + 1)])",
    "minus": f"-({' + '.join([TERM] * 3)})",
}


@pytest.mark.parametrize("value", LONG.values(), ids=LONG)
@pytest.mark.parametrize("before", ["x = ", "x[t - 1][0:3] -= ", ""])
def test_lines_fit_and_mean_the_same(before: str, value: str) -> None:
    lines = statement_lines(before + value, " " * 8)
    assert len(lines) > 1
    assert all(len(line) <= WIDTH for line in lines)
    assert lines[0].startswith(" " * 8 + before)
    assert ast.unparse(ast.parse("if 1:\n" + "\n".join(lines)).body[0].body) == before + value  # type: ignore[attr-defined]


def test_breaks_where_a_formatter_does() -> None:
    assert statement_lines(f"x = {TERM} + {TERM}", "")[1:] == [f"    {TERM}", f"    + {TERM}", ")"]
    assert statement_lines(f"x = f({TERM}, [{TERM}])", "") == [
        "x = f(",
        f"    {TERM},",
        f"    [{TERM}],",
        ")",
    ]


def test_what_can_not_be_broken_stays() -> None:
    assert statement_lines("x" * 200, "") == ["x" * 200]


def test_comments_are_broken_before_signs() -> None:
    term = "∂J/∂h⁽ᵗ⁾ ∘ (1 - tanh²(z⁽ᵗ⁾))"
    lines = comment_lines(f"x = {' + '.join([term] * 5)}", "    ")
    assert lines == [
        f"    # x = {term} + {term} + {term}",
        f"    #    + {term} + {term}",
    ]


@pytest.mark.parametrize("name", SOURCES)
def test_modules_have_no_line_that_is_too_long(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    derivation = mg.derive(SOURCES[name]())
    text = derivation.numpy_source()
    assert max(map(len, text.splitlines())) <= WIDTH
    for part in (module, wrapping):
        monkeypatch.setattr(part, "WIDTH", 10**6)
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(derivation.numpy_source()))
