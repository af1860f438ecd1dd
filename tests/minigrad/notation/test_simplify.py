"""Simplification: what a person would write, and the same number before and after."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.notation.expression import Expression, Symbol, evaluate
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Latex, Text
from minigrad.notation.reader import Reader
from minigrad.notation.simplify import simplified
from minigrad.operations.elementwise import equal, greater
from minigrad.tensor import Tensor
from minigrad.writing.layout import laid_out

RNG = np.random.default_rng(0)
VALUES = {name: RNG.uniform(0.5, 2, size=(3, 3)) for name in "ABCg"}
M = VALUES["A"] > 1  # a mask that is no tensor, and is called `condition`


def read(f: Any, simplify: Any = simplified) -> Expression:
    """The expression of a function of the tensors A, B and C, and of an adjoint g."""
    tensors = {name: mg.tensor(x, requires_grad=True, name=name) for name, x in VALUES.items()}
    kinds = {"g": "adjoint"}
    leaves: dict[Tensor, Expression] = {
        x: Symbol(name, None, x.shape, kinds.get(name, "value"))  # type: ignore[arg-type]
        for name, x in tensors.items()
    }
    return Reader(leaves, simplify).read(f(*tensors.values()))


# what the program computes, and what is written
WRITTEN = {
    "A + B + C": lambda A, B, C, g: A + (B + C),
    "A - B": lambda A, B, C, g: A - B,
    "A - B + C": lambda A, B, C, g: A - (B - C),
    "3 A": lambda A, B, C, g: A + A + A,
    "B": lambda A, B, C, g: A + B - A,
    "A²": lambda A, B, C, g: A * A,
    "A² ∘ B": lambda A, B, C, g: A * B * A,
    "A ": lambda A, B, C, g: 1 * A,
    "-A ∘ B": lambda A, B, C, g: A * -B,
    "A ∘ B": lambda A, B, C, g: -A * -B,
    "1 - A": lambda A, B, C, g: 1 - A,
    "A ∘ (B + C)": lambda A, B, C, g: A * (B + C),
    "A - B ": lambda A, B, C, g: A * (1 - B) - B * (1 - A),
    "softmax(A)": lambda A, B, C, g: np.exp(A - mg.logsumexp(A, axis=0)),
    "A ∘ B - C": lambda A, B, C, g: A * (B - C / A),
    "(1 - A) ∘ B + A ∘ C": lambda A, B, C, g: (1 - A) * B + A * C,
    "A - (A + B) ∘ C": lambda A, B, C, g: A - (A + B) * C,
    "A  ": lambda A, B, C, g: A.T.T,
    "Bᵀ Aᵀ": lambda A, B, C, g: (A @ B).T,
    "A Bᵀ": lambda A, B, C, g: (B @ A.T).T,
    "A B C": lambda A, B, C, g: A @ (B @ C),
    "6 A B": lambda A, B, C, g: (2 * A) @ (3 * B),
    "A / B": lambda A, B, C, g: A / B,
    "A / (B ∘ C)": lambda A, B, C, g: A / B / C,
    "A ∘ B / C": lambda A, B, C, g: A * (B / C),
    "A   ": lambda A, B, C, g: 2 * (A / 2),
    "1/3 A": lambda A, B, C, g: A / 3,
    "tanh²(A)": lambda A, B, C, g: mg.tanh(A) * mg.tanh(A),
    "(A + B)ᵀ": lambda A, B, C, g: (A + B).T,
    "(A + B)²": lambda A, B, C, g: (A + B) ** 2,
    "A    ": lambda A, B, C, g: A**1,
    "Σ A": lambda A, B, C, g: A.sum(),
    "Σ A + Σ B": lambda A, B, C, g: mg.stack([A.sum(), B.sum()]).sum(),
    "1/2 (Σ A + Σ B)": lambda A, B, C, g: mg.stack([A.sum(), B.sum()]).mean(),
    "A 𝟏": lambda A, B, C, g: A.sum(axis=1, keepdims=True),
    "𝟏ᵀ A": lambda A, B, C, g: A.sum(axis=0, keepdims=True),
    "A Bᵀ + (C² 𝟏)ᵀ": lambda A, B, C, g: A @ B.T + (C * C).sum(axis=1),
    "B ∘ log(A 𝟏)ᵀ": lambda A, B, C, g: B * mg.log(A.sum(axis=1)),
    "1/3 𝟏ᵀ A": lambda A, B, C, g: A.mean(axis=0, keepdims=True),
    "A     ": lambda A, B, C, g: A.reshape(3, 3),
    "-Σ A": lambda A, B, C, g: (-A).sum(),
    "2 A ∘ B": lambda A, B, C, g: A * B + B * A,
    "B ": lambda A, B, C, g: A * B / A,
    "1 / A": lambda A, B, C, g: A / A**2,
    "A² / C": lambda A, B, C, g: A**3 * B / (A * C * B),
    "A ∘ C / B": lambda A, B, C, g: A / (B / C),
    "2 / (3 A)": lambda A, B, C, g: 2 / (3 * A),
    "|A|": lambda A, B, C, g: np.sqrt(A**2),
    "B - 1 / A": lambda A, B, C, g: B - 1 / A,
    "-2 / A²": lambda A, B, C, g: -2 / A**2,
    "A ∘ √(A)": lambda A, B, C, g: np.sqrt(A) * np.sqrt(A) * np.sqrt(A),
    "√(A)": lambda A, B, C, g: A / np.sqrt(A),
    "0.45 A": lambda A, B, C, g: 0.9 * A / 2,
    "0.03 A": lambda A, B, C, g: (1 - 0.85) / 5 * A,
    "2/5 A": lambda A, B, C, g: 2 * A / 5,
    "A + 10⁻⁵": lambda A, B, C, g: A + 1e-5,
    "A ∘ [A > B]": lambda A, B, C, g: np.where(greater(A, B), A, 0),
    "A ∘ (1 - [A > B])": lambda A, B, C, g: np.where(greater(A, B), 0, A),
    "A ∘ ([A > B] + 1/2 [A = B])": lambda A, B, C, g: np.where(
        greater(A, B), A, np.where(equal(A, B), A / 2, 0)
    ),
    "A ∘ [A > B] + C ∘ [A = B]": lambda A, B, C, g: np.where(
        greater(A, B), A, np.where(equal(A, B), C, 0)
    ),
    "where(condition, A, B)": lambda A, B, C, g: np.where(M, A, 0) + np.where(M, 0, B),
    "where(condition, A ∘ B, 0) - C": lambda A, B, C, g: A * np.where(M, B, 0) - C,
    "∂J/∂g ∘ where(condition, A, B)": lambda A, B, C, g: (
        np.where(M, 0, g * B) + np.where(M, g, 0) * A
    ),
    "where(condition, A - B, 0)": lambda A, B, C, g: np.where(M, A, 0) - np.where(M, B, 0),
    "where(condition, A + B, C)": lambda A, B, C, g: np.where(M, A, C) + np.where(M, B, 0),
    "where(condition, A, C)": lambda A, B, C, g: np.where(M, np.where(M, A, B), C),
    "where(condition, A ∘ B, 2 A)": lambda A, B, C, g: np.where(M, A * np.where(M, B, C), 2 * A),
    "A / (√(B² 𝟏) 𝟏ᵀ)": lambda A, B, C, g: (1 / np.sqrt((B**2).sum(axis=1)))[:, None] * A,
    "[A < 1]": lambda A, B, C, g: greater(1, A),
    "[A = 1]": lambda A, B, C, g: equal(1, A),
    "1/3 Σ A": lambda A, B, C, g: A.sum(axis=1).mean(),
    "Σ A ": lambda A, B, C, g: A.sum(axis=1).sum(),
    "∂J/∂g ∘ (A - B)": lambda A, B, C, g: g * A - B * g,
    "∂J/∂g ∘ A ∘ B": lambda A, B, C, g: A * g * B,
}


@pytest.mark.parametrize("written", WRITTEN, ids=str.strip)
def test_is_what_a_person_writes(written: str) -> None:
    assert Text()(typeset(read(WRITTEN[written]))) == written.strip()


# numerator layout of what the program computes, where g is an adjoint
TRANSPOSED = {
    "∂J/∂g ∘ (A ∘ (1 - A))ᵀ": lambda A, B, C, g: g * (A * (1 - A)),
    "∂J/∂g Aᵀ": lambda A, B, C, g: A @ g,
    "(∂J/∂g)ᵀ Aᵀ": lambda A, B, C, g: A @ g.T,
    "-(A / B)ᵀ": lambda A, B, C, g: -A / B,
    "𝟏ᵀ ∂J/∂g": lambda A, B, C, g: g.sum(axis=1, keepdims=True),
    "∂J/∂g / Aᵀ": lambda A, B, C, g: g / A,
    "(∂J/∂g)ᵀ": lambda A, B, C, g: g.T,
    "2 ∂J/∂g": lambda A, B, C, g: g + g,
    "∂J/∂g ∘ [A > 0]ᵀ": lambda A, B, C, g: np.where(greater(A, 0), g, 0),
}


@pytest.mark.parametrize("written", WRITTEN, ids=str.strip)
def test_is_the_same_number(written: str) -> None:
    def lookup(s: Symbol) -> Any:
        return {**VALUES, "condition": M}[s.name]

    expected = evaluate(read(WRITTEN[written], simplify=lambda e: e), lookup)
    e = read(WRITTEN[written])
    for found in (evaluate(e, lookup), evaluate(typeset(e), lookup)):
        np.testing.assert_allclose(np.broadcast_to(found, np.shape(expected)), expected, rtol=1e-13)


@pytest.mark.parametrize("written", TRANSPOSED)
def test_numerator_layout(written: str) -> None:
    plain = read(TRANSPOSED[written])
    transposed = laid_out(plain, "numerator")
    assert Text()(typeset(transposed)) == written

    def lookup(s: Symbol) -> Any:
        return VALUES[s.name]

    def lookup_transposed(s: Symbol) -> Any:
        return VALUES[s.name].T if s.kind == "adjoint" else VALUES[s.name]

    expected, found = evaluate(plain, lookup), evaluate(transposed, lookup_transposed)
    np.testing.assert_allclose(found, expected.T, rtol=1e-13)


@st.composite
def programs(draw: Any) -> Any:
    """A random program on A, B, C and g, as a function and a text."""
    unary = {
        "-{}": lambda x: -x,
        "{}.T": lambda x: x.T,
        "tanh({})": mg.tanh,
        "{}.sum(1)": lambda x: x.sum(axis=1, keepdims=True) + 0 * x,
        "2*{}": lambda x: 2 * x,
    }
    binary = {
        "({} + {})": lambda x, y: x + y,
        "({} - {})": lambda x, y: x - y,
        "({} * {})": lambda x, y: x * y,
        "({} / {})": lambda x, y: x / (2 + y * y),
        "({} @ {})": lambda x, y: x @ y / 3,
    }
    terms = list(enumerate("ABCg"))
    program = [(name, lambda xs, i=i: xs[i]) for i, name in terms]
    for _ in range(draw(st.integers(1, 7))):
        if draw(st.booleans()):
            text, f = draw(st.sampled_from(sorted(unary.items())))
            name, x = draw(st.sampled_from(program))
            program.append((text.format(name), lambda xs, f=f, x=x: f(x(xs))))
        else:
            text, f = draw(st.sampled_from(sorted(binary.items())))
            (left, x), (right, y) = (draw(st.sampled_from(program)) for _ in range(2))
            new = text.format(left, right)
            program.append((new, lambda xs, f=f, x=x, y=y: f(x(xs), y(xs))))
    return program[-1][1]


@given(programs())
def test_means_the_same_number(program: Any) -> None:
    as_it_is = read(lambda *xs: program(xs), simplify=lambda e: e)
    simple = read(lambda *xs: program(xs))

    def lookup(s: Symbol) -> Any:
        return VALUES[s.name]

    expected = evaluate(as_it_is, lookup)
    scale = max(1.0, float(np.max(np.abs(expected))))
    for e in (simple, typeset(simple)):
        found = np.broadcast_to(evaluate(e, lookup), expected.shape)
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * scale)
    Text()(simple), Latex()(simple)


def test_latex_of_numbers() -> None:
    numbers = {1e-5: "10^{-5}", 2.5e-7: r"2.5 \cdot 10^{-7}", 1 / 6: r"\frac{1}{6}", 0.1: "0.1"}
    for value, written in numbers.items():
        e = read(lambda A, B, C, g, value=value: A + value)
        assert Latex()(e) == rf"\mathbf{{A}} + {written}"


def test_parentheses_of_functions_are_as_large_as_fractions() -> None:
    tall = read(lambda A, B, C, g: mg.tanh(A / B) + np.exp(A / B) ** 2 + mg.tanh(A))
    quotient = r"\left(\frac{\mathbf{A}}{\mathbf{B}}\right)"
    assert Latex()(tall) == rf"\tanh{quotient} + \exp^{{2}}{quotient} + \tanh(\mathbf{{A}})"


def test_terms_are_alike_whatever_their_order() -> None:
    e = read(lambda A, B, C, g: (A + B) @ C + (B + A) @ C - (A * B) @ C + (B * A) @ C)
    assert Text()(e) == "2 (A + B) C"


def test_powers_that_cancel_leave_an_array_of_ones() -> None:
    """u^0.5 u^-0.5 is as many ones as u has elements, and a gradient has the shape of its value."""
    u = mg.tensor(np.array([1.0, 4.0, 0.25]), requires_grad=True, name="u")
    root = u**0.5
    flow = mg.gradient_flow(np.mean(root * root).named("J"))
    derivation = mg.derive(flow)
    assert derivation.text().splitlines()[-1].endswith("= 1/3 𝟏")
    assert derivation.check(flow, chained=True).ok
