"""Hand-written derivations, printed: the formulas are read off the lines' functions."""

import re
import runpy
from typing import Any

import numpy as np
import pytest
from pylatexenc.latexwalker import LatexWalker

import lstm
import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, adjoint, value
from tests.minigrad.writing.programs import DOCS, example_flow, lstm_flow
from tests.minigrad.writing.test_formats import formulas, parse


def hand_derivation(name: str) -> mg.Derivation:
    derivation: mg.Derivation = runpy.run_path(str(DOCS / "examples" / f"{name}.py"))["derivation"]
    return derivation


def test_lines_of_a_step() -> None:
    derivation = mg.Derivation("A recurrence")

    @derivation.line("1", adjoint("h"))
    def _(later: Any = adjoint("h", via=NEXT_STEP), now: Any = adjoint("h", via="o")) -> Any:
        return later + now

    @derivation.line("2", adjoint("W", via=THIS_STEP))
    def _(J_z: Any = adjoint("z"), h: Any = value("h", t=-1)) -> Any:
        return J_z.T @ h.T

    @derivation.line("3", adjoint("W"))
    def _(shares: Any = adjoint("W", t=ALL_STEPS, via=THIS_STEP)) -> Any:
        return sum(shares.values())

    @derivation.line("4", adjoint("b"))
    def _(J_z: Any = adjoint("z", t=ALL_STEPS)) -> Any:
        return sum(J_z[t].sum(axis=0, keepdims=True) for t in J_z)

    @derivation.line("5", adjoint("z"))
    def _(J_h: Any = adjoint("h"), h: Any = value("h"), W: Any = value("W")) -> Any:
        return J_h * (1 - h**2).T / np.sqrt(W.shape[1])

    assert [row.strip() for row in derivation.text().split("\n\n")[3::2]] == [
        "∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|t+1 + ∂J/∂h⁽ᵗ⁾|o⁽ᵗ⁾",
        "∂J/∂W|t = (∂J/∂z⁽ᵗ⁾)ᵀ (h⁽ᵗ⁻¹⁾)ᵀ",
        "∂J/∂W = Σ(t=1..T) ∂J/∂W|t",
        "∂J/∂b = Σ(t=1..T) 𝟏ᵀ ∂J/∂z⁽ᵗ⁾",
        "∂J/∂z⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾ ∘ (1 - (h⁽ᵗ⁾)²)ᵀ / √(columns(W))",
    ]


def test_what_cannot_be_read_is_said_to_be_a_function() -> None:
    derivation = mg.Derivation("J = f(x)")

    @derivation.line("1", adjoint("x"))
    def _(x: Any = value("x")) -> Any:
        return np.unwrap(x)

    assert "∂J/∂x = a function of x" in derivation.text()


def test_seeds_section_3_reads_like_the_one_that_minigrad_writes() -> None:
    text = re.sub(r" +\(plus [\d, ]+\)$", "", mg.derive(lstm_flow()).text(), flags=re.MULTILINE)
    written = {line for line in text.splitlines() if "=" in line}
    formulas_written = {line.rpartition(" = ")[2].strip() for line in written}
    by_hand = lstm.section_3.text()
    rights = {line.rpartition(" = ")[2].strip() for line in by_hand.splitlines() if " = " in line}
    assert rights - formulas_written == {"a function of J_y_hat, y_hat"}


EXAMPLES = ("classifier", "gru", "bidirectional", "language_model", "attention")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("chained", [False, True])
def test_examples_are_right(name: str, chained: bool) -> None:
    assert hand_derivation(name).check(example_flow(name), chained).ok


def test_what_is_read_by_the_step_has_none() -> None:
    text = hand_derivation("language_model").text()
    assert "∂J/∂h⁽ᵗ⁾|H = (∂J/∂H)[t-1]" in text
    assert "∂J/∂H = V ∂J/∂Z" in text
    assert "∂J/∂e⁽ᵗ⁾ = W ∂J/∂z⁽ᵗ⁾" in text


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_parse(name: str) -> None:
    derivation = hand_derivation(name)
    for formula in formulas(derivation.markdown()):
        parse(formula)
    assert derivation._repr_markdown_() == derivation.markdown()
    assert derivation.latex(fragment=True) in derivation.latex()


def test_source_has_a_function_for_each_line() -> None:
    namespace: dict[str, Any] = {}
    exec(lstm.section_3.numpy_source(), namespace)
    y, y_hat = np.array([[1.0], [2.0]]), np.array([[4.0], [5.0]])
    np.testing.assert_array_equal(namespace["dJ_dy_hat"](y, y_hat), [[-0.25, -0.4]])
    functions = [x for x in namespace.values() if callable(x)]
    assert len(functions) == len(lstm.section_3.lines)


def test_titles_and_references_stay_text() -> None:
    derivation = mg.Derivation('two """\nlines_\\', layout="gradient")

    @derivation.line("1\nraise SystemExit", mg.adjoint("lambda"))
    def _(x=mg.value("x")):  # type: ignore[no-untyped-def]
        return 2 * x

    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    assert namespace["dJ_dlambda"](3) == 6
    assert derivation.markdown().startswith('# two """\\\\nlines\\_\\\\\n')
    assert r"\title{two " in derivation.latex()
    assert r"lines\_\textbackslash{}" in derivation.latex()


def test_special_characters_of_references_are_escaped() -> None:
    derivation = mg.Derivation("50% & more", layout="gradient")
    for ref in ("5% & a_b", "#1 ~ $x^2$", "{*}"):

        @derivation.line(ref, mg.adjoint("x", via=ref))
        def _(x=mg.value("x")):  # type: ignore[no-untyped-def]
            return 2 * x

    latex, markdown = derivation.latex(), derivation.markdown()
    assert r"\subsection*{5\% \& a\_b\quad }" in latex
    assert r"\subsection*{\#1 \textasciitilde{} \$x\textasciicircum{}2\$\quad }" in latex
    assert r"\title{50\% \& more}" in latex
    assert r"### \#1 \~ \$x^2\$" in markdown
    assert r"### \{\*\}" in markdown
    LatexWalker(latex, tolerant_parsing=False).get_latex_nodes()
