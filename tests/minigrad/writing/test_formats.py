"""What is printed: formulas that parse, documents that stand alone, docs that are up to date."""

import re
import runpy
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from latex2mathml.converter import convert
from latex2mathml.exceptions import DoubleSuperscriptsError, ExtraLeftOrMissingRightError
from pylatexenc.latexwalker import LatexWalker, LatexWalkerError

import minigrad as mg
from tests.minigrad.writing.programs import DOCS, FLOWS, lstm_flow

# What GitHub's and notebooks' formulas know of what is used here. They do not know \operatorname.
COMMANDS = {
    *("frac", "partial", "mathbf", "mathrm", "text", "hat", "tilde", "top", "left", "right"),
    *("circ", "sum", "sqrt", "tanh", "sin", "cos", "exp", "log", "max", "min", "cdot", "le"),
    *("sigma", "Gamma", "gamma", "alpha", "beta", "mu", "begin", "end"),
    *("ldots", "quad", "ne", "times", "lvert", "rvert", "aligned", "Bigl", "Bigr", "lt"),
}


def formulas(markdown: str) -> list[str]:
    """The formulas of a document, those of a paragraph of their own first."""
    displays = re.findall(r"\$\$(.*?)\$\$", markdown, re.DOTALL)
    inline = re.findall(r"\$([^$]+)\$", re.sub(r"\$\$.*?\$\$", "", markdown, flags=re.DOTALL))
    return displays + [formula.strip("`") for formula in inline]


def parse(formula: str) -> None:
    """Raise if a formula is not right: braces, environments, scripts, left and right."""
    LatexWalker(formula, tolerant_parsing=False).get_latex_nodes()
    for line in re.sub(r"\\(begin|end)\{\w+\}", "", formula).split(r"\\"):
        convert(line.replace("&", ""))


@pytest.mark.parametrize("name", FLOWS)
def test_markdown_parses(name: str) -> None:
    markdown = mg.derive(FLOWS[name]()).markdown()
    found = formulas(markdown)
    assert len(found) >= 10
    for formula in found:
        parse(formula)
        assert set(re.findall(r"\\([a-zA-Z]+)", formula)) <= COMMANDS
    assert markdown.count("$") % 2 == 0


@pytest.mark.parametrize("name", FLOWS)
def test_markdown_takes_formulas_in_words_as_they_are(name: str) -> None:
    """By the rules of CommonMark for emphasis and escapes, which GitHub applies first."""
    words = re.sub(r"\$\$.*?\$\$", "", mg.derive(FLOWS[name]()).markdown(), flags=re.DOTALL)
    for formula in re.findall(r"\$([^$]+)\$", words):
        assert not re.search(r"_(?! )|\\[^A-Za-z]|[*<&`]", formula)


def test_unusual_names_are_guarded_from_markdown() -> None:
    names = ("50%", "a*b", "a<b", "#1")
    x, *others = (mg.tensor(np.ones(2), requires_grad=True, name=name) for name in names)
    markdown = mg.derive(mg.gradient_flow(sum(others, x).sum())).markdown()
    for text in (r"\mathrm{50\%}", r"\mathrm{a*b}", r"\mathrm{a<b}", r"\mathrm{\#1}"):
        assert f"$`{text}`$" in markdown


def test_parser_finds_errors() -> None:
    errors = (LatexWalkerError, DoubleSuperscriptsError, ExtraLeftOrMissingRightError)
    for wrong in (r"\frac{a}{b", r"a}", r"x^2^3", r"\left( a", r"\begin{aligned} a \end{align}"):
        with pytest.raises(errors):
            parse(wrong)


def test_latex_document_and_fragment() -> None:
    derivation = mg.derive(lstm_flow(B=1))
    document, fragment = derivation.latex(), derivation.latex(fragment=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nodes, *_ = LatexWalker(document, tolerant_parsing=False).get_latex_nodes()
    assert document.startswith("\\documentclass{article}")
    assert fragment in document.replace("\n\\end{document}\n", "")
    assert "\\documentclass" not in fragment
    assert len(re.findall(r"\\subsection\*\{3\.\d+\\quad Computing", fragment)) == 10
    assert "∂" not in document
    assert nodes


def test_text_has_no_latex() -> None:
    for flow in (lstm_flow(), FLOWS["residual"]()):
        text = mg.derive(flow).text()
        assert "\\" not in text
        assert "$" not in text


def shown_by_a_notebook(markdown: str) -> list[str]:
    """The formulas that MathJax gets: between dollar signs, of which none is left.

    Notebooks take out what is between dollar signs before they read Markdown, but code first.
    """
    without_code = re.sub(r"`[^`]*`", "", markdown)
    assert without_code == markdown
    pattern = r"\$\$(.+?)\$\$|\$((?:[^$\\]|\\.)+?)\$"
    assert not re.search(r"(?<!\\)\$", re.sub(pattern, "", markdown, flags=re.DOTALL))
    return [a or b for a, b in re.findall(pattern, markdown, re.DOTALL)]


@pytest.mark.parametrize("name", FLOWS)
def test_notebooks_show_the_formulas(name: str) -> None:
    derivation = mg.derive(FLOWS[name]())
    found = shown_by_a_notebook(derivation._repr_markdown_())
    assert len(found) == len(formulas(derivation.markdown()))
    for formula in found:
        parse(formula)


def test_notebooks_show_unusual_names() -> None:
    names = ("50%", "a*b", "a<b", "#1")
    x, *others = (mg.tensor(np.ones(2), requires_grad=True, name=name) for name in names)
    derivation = mg.derive(mg.gradient_flow(sum(others, x).sum()))
    assert r"are $\mathrm{50\%}$: $2$; $\mathrm{a*b}$: $2$; " in derivation._repr_markdown_()


def test_no_redundant_parentheses() -> None:
    for flow in FLOWS.values():
        for layout in ("numerator", "gradient"):
            text = mg.derive(flow(), layout=layout).text()
            assert not re.search(r"(?<![\w\]])\(\([^()]*\)\)", text)
            assert not re.search(r"(?<![\wσ√²ᵀ|\]])\((∂J/∂[^\s()]+)\)(?![ᵀ[])", text)
            assert "ᵀᵀ" not in text
            assert "1 ∘" not in text


SCRIPT: dict[str, Any] = runpy.run_path(str(DOCS / "write_derivations.py"))


@pytest.mark.parametrize(("name", "text"), list(SCRIPT["documents"]()), ids=lambda x: x[:12])
def test_docs_are_up_to_date(name: str, text: str) -> None:
    assert (DOCS / "derivations" / name).read_text("utf-8") == text, (
        "run python docs/write_derivations.py"
    )
    if name.endswith(".md"):
        for formula in formulas(text):
            parse(formula)


def test_the_script_says_what_it_writes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main = SCRIPT["main"]
    (tmp_path / "derivations").mkdir()
    monkeypatch.setitem(main.__globals__, "DOCS", tmp_path)
    monkeypatch.setitem(main.__globals__, "documents", lambda: [("a.md", "text")])
    monkeypatch.setattr("sys.argv", ["write_derivations.py", "--help"])
    with pytest.raises(SystemExit):
        main()
    assert "Write docs/derivations" in capsys.readouterr().out
    assert not (tmp_path / "derivations/a.md").exists()
    monkeypatch.setattr("sys.argv", ["write_derivations.py"])
    main()
    assert (tmp_path / "derivations/a.md").read_text() == "text"
    assert capsys.readouterr().err == f"wrote {tmp_path / 'derivations/a.md'}\n"


def test_notebooks_show_a_line_as_the_document_has_it() -> None:
    derivation = mg.derive(lstm_flow())
    markdown = derivation.markdown()
    for line in derivation.lines:
        [shown] = formulas(line._repr_latex_())
        parse(shown)
        right = shown.split("&= ")[1].split(r" \\")[0].split(" &&")[0].strip().splitlines()[0]
        assert right.replace(r"\operatorname", r"\mathrm") in markdown
