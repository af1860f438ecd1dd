"""How names are typeset."""

import unicodedata

import pytest

from minigrad.notation.names import ACCENTS, latex_name, unicode_name

SEED = {
    "W_fa": r"W_{fa}",
    "b_f": r"b_{f}",
    "z_o": r"z_{o}",
    "Gamma_f": r"\Gamma_{f}",
    "c_tilde": r"\tilde{c}",
    "y_hat": r"\hat{y}",
    "a": "a",
    "J": "J",
    "alpha": r"\alpha",
    "x_i_j": "x_{i,j}",
    "x_hat_i": r"\hat{x}_{i}",
    "u_theta": r"u_{\theta}",
    "loss": r"\mathrm{loss}",
    "layer1.z_f": r"\mathrm{layer1}.z_{f}",
}


@pytest.mark.parametrize(("name", "latex"), SEED.items())
def test_names_of_the_seed_and_the_like(name: str, latex: str) -> None:
    assert latex_name(name) == latex


def test_bold_is_for_latin_letters() -> None:
    assert latex_name("W_fa", bold=True) == r"\mathbf{W}_{fa}"
    assert latex_name("c_tilde", bold=True) == r"\tilde{\mathbf{c}}"
    assert latex_name("Gamma_f", bold=True) == r"\Gamma_{f}"


@pytest.mark.parametrize("name", ["a__b", "_x", "x_", "100%", "a{b", r"a\b", "a b", "$x$", "Größe"])
def test_any_text_gives_a_formula_with_matching_braces(name: str) -> None:
    latex = latex_name(name).replace(r"\{", "").replace(r"\}", "")
    assert latex.startswith(r"\mathrm{")
    assert latex.count("{") == latex.count("}") == 1
    for special in "%$#&":
        assert special not in latex.replace(f"\\{special}", "")


@pytest.mark.parametrize("accent", ACCENTS)
def test_accents_stand_above_in_plain_text_too(accent: str) -> None:
    text = unicode_name(f"q_{accent}_i")
    assert len(text) == 4 and text[0] == "q" and text.endswith("_i")
    assert unicodedata.combining(text[1])
