"""The seed's section 3, regenerated: the same formulas, as expressions, but for commuting factors.

The formulas here are those of the text, typed in from it, one column to a value. They are built
from bare nodes, without any of the rules of simplification.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

import minigrad as mg
from minigrad.notation.expression import NONE, Apply, Expression, Number, Parameters, Symbol
from minigrad.notation.forms import diag, typeset
from minigrad.operation import Operation
from minigrad.operations.elementwise import add, divide, multiply, power, tanh
from minigrad.operations.linear import matmul
from minigrad.operations.shape import transpose
from tests.minigrad.writing.programs import lstm_flow


class Term:
    """Writes expressions with operators, as they stand in the text; `o` is the circle."""

    def __init__(self, e: Expression) -> None:
        self.e = e

    def __matmul__(self, other: "Term") -> "Term":
        return Term(Apply(matmul, (self.e, other.e), (), NONE))

    def o(self, other: "Term") -> "Term":
        return Term(Apply(multiply, (self.e, other.e), (), NONE))

    def __sub__(self, other: "Term") -> "Term":
        return Term(Apply(add, (self.e, (-other).e), (), NONE))

    def __rsub__(self, number: float) -> "Term":
        return Term(Number(number)) - self

    def __neg__(self) -> "Term":
        return Term(Apply(multiply, (Number(-1), self.e), (), NONE))

    def __truediv__(self, other: "Term") -> "Term":
        return Term(Apply(divide, (self.e, other.e), (), NONE))

    def squared(self) -> "Term":
        return Term(Apply(power, (self.e, Number(2)), (), NONE))

    @property
    def T(self) -> "Term":
        return Term(Apply(transpose, (self.e,), (), Parameters(axes=None)))


def applied(operation: Operation) -> Callable[[Term], Term]:
    return lambda x: Term(Apply(operation, (x.e,), (), NONE))


def v(name: str, t: int | None = 0) -> Term:
    return Term(Symbol(name, t, ()))


def d(name: str) -> Term:
    return Term(Symbol(name, 0, (), "adjoint"))


Tanh, Diag = applied(tanh), applied(diag)
c, y, y_hat = v("c"), v("y"), v("y_hat")
a_before, c_before = v("a", -1), v("c", -1)
GATES = {"o": "Gamma_o", "u": "Gamma_u", "f": "Gamma_f"}

# claim (value, step, via) -> the formula of the text
FORMULAS: dict[tuple[str, int, str | None], Term] = {
    ("y_hat", 0, None): -(y / y_hat).T,  # 3.1, with the sign that errata.md gives back
    ("z_y", 0, None): d("y_hat") @ (Diag(y_hat) - y_hat @ y_hat.T),  # 3.2
    ("W_ya", 0, "z_y"): d("z_y").T @ v("a").T,
    ("b_y", 0, "z_y"): d("z_y"),
    ("a", 0, "z_y"): d("z_y") @ v("W_ya", None).T,  # 3.3
    ("Gamma_o", 0, None): d("a").o(Tanh(c).T),  # 3.4
    ("c", 0, "a"): d("a").o(v("Gamma_o").o(1 - Tanh(c).squared()).T),
    ("Gamma_u", 0, None): d("c").o(v("c_tilde").T),  # 3.6
    ("c_tilde", 0, None): d("c").o(v("Gamma_u").T),
    ("Gamma_f", 0, None): d("c").o(c_before.T),
    ("c", -1, "c"): d("c").o(v("Gamma_f").T),
    ("z_c", 0, None): d("c_tilde").o((1 - Tanh(v("z_c")).squared()).T),  # 3.9
}
for k, gate in GATES.items():  # 3.5, 3.7, 3.8
    FORMULAS[f"z_{k}", 0, None] = d(gate).o(v(gate).o(1 - v(gate)).T)
for k in "oufc":  # 3.5, 3.7 to 3.9, and the components of 3.10
    FORMULAS[f"W_{k}a", 0, f"z_{k}"] = d(f"z_{k}").T @ a_before.T
    FORMULAS[f"W_{k}x", 0, f"z_{k}"] = d(f"z_{k}").T @ v("x").T
    FORMULAS[f"b_{k}", 0, f"z_{k}"] = d(f"z_{k}")
    FORMULAS["a", -1, f"z_{k}"] = d(f"z_{k}") @ v(f"W_{k}a", None).T
    FORMULAS["x", 0, f"z_{k}"] = d(f"z_{k}") @ v(f"W_{k}x", None).T

SECTIONS = {
    "3.1": "y_hat",
    "3.2": "z_y W_ya b_y",
    "3.3": "a",
    "3.4": "Gamma_o c",
    "3.5": "z_o W_oa W_ox b_o",
    "3.6": "Gamma_u c_tilde Gamma_f c",
    "3.7": "z_u W_ua W_ux b_u",
    "3.8": "z_f W_fa W_fx b_f",
    "3.9": "z_c W_ca W_cx b_c",
    "3.10": "a x",
}


def canonical(e: Expression) -> Any:
    """Sums and products flat and in one order; shapes left out."""
    if isinstance(e, Symbol):
        return e.name, e.t, e.kind
    if not isinstance(e, Apply):
        return e.value
    inputs = [canonical(x) for x in e.inputs]
    if e.operation in (add, multiply):
        flat: list[Any] = []
        for x in inputs:
            same = isinstance(x, tuple) and x[0] == e.operation.name
            flat += x[1] if same else [x]
        inputs = sorted(flat, key=repr)
    return (e.operation.name, inputs)


DERIVATION = mg.derive(lstm_flow(B=1))


@pytest.mark.parametrize("claim", FORMULAS, ids=str)
def test_formula_is_the_seeds(claim: tuple[str, int, str | None]) -> None:
    name, t, via = claim
    [line] = [x for x in DERIVATION.lines if x.claim == mg.adjoint(name, t, via)]
    assert canonical(typeset(line.expression)) == canonical(FORMULAS[claim].e)


def test_there_are_no_other_formulas() -> None:
    written = [x.claim for x in DERIVATION.lines if x.expression is not None]
    assert {(x.name, x.t, x.via) for x in written} == FORMULAS.keys()
    assert len(written) == len(FORMULAS)


def test_sections_are_the_seeds() -> None:
    found: dict[str, list[str]] = {}
    for line in DERIVATION.lines:
        if line.claim.name not in found.setdefault(line.ref, []):
            found[line.ref].append(line.claim.name)
    assert {ref: " ".join(names) for ref, names in found.items()} == SECTIONS


def test_sums_are_those_of_the_text() -> None:
    sums = {
        (x.claim.name, x.claim.t): [given.via for given in x.inputs.values()]
        for x in DERIVATION.lines
        if x.expression is None and x.claim.name in ("a", "c", "x")
    }
    four = ["z_o", "z_c", "z_u", "z_f"]
    assert sums == {
        ("a", 0): [mg.NEXT_STEP, "z_y"],
        ("c", 0): [mg.NEXT_STEP, "a"],
        ("a", -1): four,
        ("x", 0): four,
    }


def test_plus_nodes_are_numbered_as_in_figure_2() -> None:
    sums = re.findall(r"∂J/∂(\S+)(?:\|t)? = .*\s+\(plus (.*)\)", DERIVATION.text())
    assert sums == [("a⁽ᵗ⁾", "1"), ("c⁽ᵗ⁾", "2"), ("a⁽ᵗ⁻¹⁾|t", "3, 4, 5"), ("x⁽ᵗ⁾", "6, 7, 8")]


def test_equations_are_numbered_as_in_section_2() -> None:
    gates = [name for k in "fuo" for name in (f"z_{k}", f"Gamma_{k}")]
    names = [*gates, "z_c", "c_tilde", "c", "a", "z_y", "y_hat", "J"]
    found = [(e.number, e.value.name) for e in DERIVATION.model.equations]
    assert found == list(enumerate(names, 1))


def test_more_columns_change_only_what_sums_over_them() -> None:
    batch = mg.derive(lstm_flow(B=3))
    changed = {
        line.claim.name
        for line, one in zip(batch.lines, DERIVATION.lines, strict=True)
        if line.expression is not None
        and canonical(typeset(line.expression)) != canonical(typeset(one.expression))
    }
    assert changed == {"z_y", "b_y", "b_o", "b_u", "b_f", "b_c"}
    assert "for one column" in batch.text()
