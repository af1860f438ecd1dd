r"""How names and time steps are written: `Gamma_f` at step t is $\Gamma_{f}^{(t)}$."""

import re
import unicodedata

GREEK = [
    "alpha",
    "beta",
    "gamma",
    "delta",
    "epsilon",
    "zeta",
    "eta",
    "theta",
    "iota",
    "kappa",
    "lambda",
    "mu",
    "nu",
    "xi",
    "pi",
    "rho",
    "sigma",
    "tau",
    "upsilon",
    "phi",
    "chi",
    "psi",
    "omega",
    "Gamma",
    "Delta",
    "Theta",
    "Lambda",
    "Xi",
    "Pi",
    "Sigma",
    "Upsilon",
    "Phi",
    "Psi",
    "Omega",
]
ACCENTS = {"tilde": "tilde", "hat": "hat", "bar": "bar", "dot": "dot", "vec": "vec"}
_LETTERS = {
    letter: unicodedata.lookup(
        f"GREEK {'CAPITAL' if letter[0].isupper() else 'SMALL'} LETTER {letter.upper()}".replace(
            "LAMBDA", "LAMDA"
        )
    )
    for letter in GREEK
}
_COMBINING = {"tilde": "\u0303", "hat": "\u0302", "bar": "\u0304", "dot": "\u0307", "vec": "\u20d7"}
_ESCAPES = {"\\": r"\backslash ", "~": r"\sim ", "^": r"\wedge "} | {c: f"\\{c}" for c in "{}%#&$_"}


def latex_name(name: str, bold: bool = False) -> str:
    r"""Typeset a name in LaTeX, without its step.

    A word for a Greek letter becomes the letter, what follows the first underscore a subscript,
    and `_tilde`, `_hat`, `_bar` an accent; a scope stays a word in front. Anything else is spelled
    out, so no name breaks the formula.

    Parameters
    ----------
    name
        Any text.
    bold
        As vectors and matrices are set.

    Examples
    --------
    >>> from minigrad.notation.names import latex_name
    >>> print(latex_name("W_fa", bold=True), latex_name("Gamma_f"), latex_name("c_tilde"))
    \mathbf{W}_{fa} \Gamma_{f} \tilde{c}
    """
    scope, _, local = name.rpartition(".")
    base, *parts = (
        local.split("_") if re.fullmatch(r"[A-Za-z0-9]+(_[A-Za-z0-9]+)*", local) else [local]
    )
    if base in GREEK:
        letter = rf"\{base}"
    elif len(base) == 1 and base.isascii() and base.isalpha():
        letter = rf"\mathbf{{{base}}}" if bold else base
    else:
        letter = rf"\mathrm{{{_spelled_out(base)}}}"
    for accent in [part for part in parts if part in ACCENTS]:
        letter = rf"\{ACCENTS[accent]}{{{letter}}}"
    below = ",".join(
        rf"\{part}" if part in GREEK else part for part in parts if part not in ACCENTS
    )
    prefix = rf"\mathrm{{{_spelled_out(scope)}}}." if scope else ""
    return prefix + letter + (f"_{{{below}}}" if below else "")


def unicode_name(name: str) -> str:
    """Write a name in plain text, without its step: Greek letters, and accents above.

    Examples
    --------
    >>> from minigrad.notation.names import unicode_name
    >>> unicode_name("Gamma_f"), unicode_name("layer1.c_tilde")
    ('Γ_f', 'layer1.c̃')
    """
    scope, dot, local = on_one_line(name).rpartition(".")
    base, *parts = local.split("_")
    text = _LETTERS.get(base, base)
    text += "".join(_COMBINING[part] for part in parts if part in ACCENTS)
    below = "_".join(_LETTERS.get(part, part) for part in parts if part not in ACCENTS)
    return scope + dot + unicodedata.normalize("NFC", text) + (f"_{below}" if below else "")


def on_one_line(text: str) -> str:
    r"""Spell out what can't be printed, as a line break.

    Examples
    --------
    >>> from minigrad.notation.names import on_one_line
    >>> print(on_one_line("two" + chr(10) + "lines"))
    two\nlines
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _spelled_out(text: str) -> str:
    """Plain text inside of a formula."""
    return "".join(_ESCAPES.get(c, r"\ " if c == " " else c) for c in on_one_line(text))
