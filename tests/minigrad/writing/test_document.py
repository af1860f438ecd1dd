"""The words between the formulas, and that lines say what the document says."""

import numpy as np
import pytest

import minigrad as mg
from minigrad.writing.document import MANY
from tests.minigrad.writing import passes
from tests.minigrad.writing.programs import FLOWS, example_flow, lstm_flow, rnn_flow
from tests.minigrad.writing.unnamed import UNNAMED


def words(flow: mg.GradientFlow, layout: str = "gradient") -> str:
    """The text, in one line."""
    return " ".join(mg.derive(flow, layout=layout).text().split())


@pytest.mark.parametrize("layout", ["numerator", "gradient"])
@pytest.mark.parametrize("name", {**FLOWS, **UNNAMED})
def test_every_line_says_what_the_document_says(name: str, layout: str) -> None:
    derivation = mg.derive({**FLOWS, **UNNAMED}[name](), layout=layout)
    rows = {row.strip() for row in derivation.text().split("\n\n") for row in row.split("\n    ")}
    lefts = {row.split(" = ")[0] for row in rows}
    text = " ".join(derivation.text().split())
    for line in derivation.lines:
        said = str(line).removeprefix(f"{line.ref}  ")
        for row in said.split("; "):
            left, _, right = row.partition(" = ")
            assert left in lefts
            if line.steps is not None:  # the document says alike lines of several steps once
                right = right.partition("    (")[0]
            assert f" = {' '.join(right.split())} " in f"{text} "


def test_only_what_occurs_is_explained() -> None:
    x = mg.tensor(2.0, requires_grad=True, name="x")
    scalar = words(mg.gradient_flow(mg.sin(x).named("J")))
    signs = ("circle", "bold", "row or column", "bar", "plus nodes")
    assert not [sign for sign in signs if sign in scalar]
    classifier = words(example_flow("classifier"))
    assert [sign for sign in signs if sign in classifier] == ["circle", "bold", "row or column"]
    batch = words(lstm_flow(), "numerator")
    assert [sign for sign in signs if sign in batch] == list(signs)
    assert "row or column" not in words(lstm_flow(B=1), "numerator")


def test_where_nothing_flows_in_from_another_step() -> None:
    assert "from the step t+1 (section 3.10); for t = T there is none." in words(lstm_flow())
    assert "from the step t+2 (section 3.3); for t > T - 2 there is none." in words(
        passes.dilated()
    )
    shorter = words(passes.encoder_decoder(T=5, S=3))
    assert "from the step t+1 (section 3.4); for t > 2 there is none." in shorter
    earlier = words(passes.attention_over_earlier_states())
    assert "Comp-1 flows in from the step T (section 3.6) for t = 1 alone." in earlier


def test_where_it_flows_to() -> None:
    initial = "for t = 2 all of ∂J/∂h⁽⁰⁾, and for t = 3 a part of ∂J/∂h⁽¹⁾."
    assert f"which is Comp-1 of section 3.1, {initial}" in words(passes.ar2())


def test_steps_of_what_is_given() -> None:
    odd = words(passes.inputs_at_odd_steps())
    assert "For the time steps t = 1, ..., T, t ≠ 4; here T = 5." in odd
    assert "h⁽⁰⁾ and h⁽⁴⁾: 3 × 3; x⁽ᵗ⁾ for t ≠ 2: 5 × 3; y⁽ᵗ⁾ for t ≠ 2: 3 × 3." in odd
    assert "x⁽ᵗ⁾ for t = 0, ..., T+1: 5 × 3;" in words(passes.lagged_inputs())
    assert "y⁽ᵗ⁾ for t < 4: 4 × 3." in words(passes.encoder_decoder(T=5, S=3))
    assert "For the time steps t = 1, ..., T; here T = 1." in words(lstm_flow(T=1))


def test_what_reads_alike_at_several_steps_is_said_once() -> None:
    text = words(passes.attention_over_earlier_states())
    assert "S⁽ᵗ⁾ = (H⁽ᵗ⁾)ᵀ h⁽ᵗ⁾ (eq. 4) P⁽ᵗ⁾ = softmax(S⁽ᵗ⁾) (eq. 5) c⁽ᵗ⁾ =" in text
    assert "From eq. 6, ∂J/∂P⁽ᵗ⁾ = (H⁽ᵗ⁾)ᵀ ∂J/∂c⁽ᵗ⁾ 3.3" in text
    assert "∂J/∂S⁽ᵗ⁾ = (diag(P⁽ᵗ⁾) - P⁽ᵗ⁾ (P⁽ᵗ⁾)ᵀ) ∂J/∂P⁽ᵗ⁾ (t > 1)" in text


def test_shares_of_some_steps() -> None:
    odd = words(passes.inputs_at_odd_steps())
    assert "∂J/∂U = Σ(t=1..T) ∂J/∂U|t (t ≠ 4) ∂J/∂W = Σ(t=1..T) ∂J/∂W|t (t = 1, 3, 5)" in odd
    assert "∂J/∂C = ∂J/∂C|1" in words(passes.encoder_decoder())


def test_what_comes_from_steps_and_from_outside_of_them() -> None:
    text = words(rnn_flow(outside=True))
    assert "From eq. 5 and 2, the part outside of the steps and the share of a step are" in text
    tied = words(passes.bidirectional(tied=True))
    assert "From eq. 1 and 3, the share of a step is ∂J/∂W|z_f⁽ᵗ⁾ = " in tied


def test_of_very_many_names_some_stand_in_the_heading() -> None:
    leaves = [mg.tensor(1.0, requires_grad=True, name=f"x_{i}") for i in range(MANY + 2)]
    for n, names in ((MANY, "∂J/∂x_4, and ∂J/∂x_5"), (MANY + 1, "∂J/∂x_4, and 2 more")):
        J = sum((x * x for x in leaves[1:n]), leaves[0] ** 2)
        assert f"3.1 Computing ∂J/∂x_0, ∂J/∂x_1, ∂J/∂x_2, ∂J/∂x_3, {names}" in words(
            mg.gradient_flow(J.named("J"))
        )


def test_numbers_are_not_in_bold() -> None:
    x = mg.tensor(np.ones(2), requires_grad=True, name="x")
    b = mg.tensor(1.0, requires_grad=True, name="b")
    latex = mg.derive(mg.gradient_flow(((x * b).sum() * b).named("J"))).latex()
    assert r"\frac{\partial J}{\partial b} &= " in latex
    assert r"\frac{\partial J}{\partial \mathbf{x}} &= " in latex
    assert r"\mathbf{J}" not in mg.derive(example_flow("gru")).latex()


def test_lists_in_words() -> None:
    def ones(name: str, *shape: int) -> mg.Tensor:
        return mg.tensor(np.ones(shape), requires_grad=True, name=name)

    A, h = ones("A", 3, 3), ones("h", 3)
    J: mg.Tensor | int = 0
    for t in (1, 2):
        with mg.step(t):
            k_1 = mg.tanh(A @ h).named("k_1")
            k_2 = mg.tanh(A @ k_1).named("k_2")
            J += (A @ k_2).named("k_3").sum()
    assert isinstance(J, mg.Tensor)
    text = mg.derive(mg.gradient_flow(J.named("J"))).text()
    assert "From eq. 3, 2, and 1, the share of a step is" in text

    labels = mg.tensor(np.array([0, 2]), name="y")
    J = mg.softmax_cross_entropy(ones("Z", 3, 2), labels).sum().named("J")
    text = " ".join(mg.derive(mg.gradient_flow(J)).text().split())
    assert "Without an axis, one_hot and softmax work along axis 0" in text


def test_a_share_is_called_so_where_something_comes_from_outside_too() -> None:
    text = mg.derive(FLOWS["weight in a sum"](), layout="gradient").text()
    rows = [line.strip() for line in text.splitlines() if line.startswith("    ∂J/∂U")]
    assert rows == [
        "∂J/∂U|S = ∂J/∂S",
        "∂J/∂U|t = h⁽ᵗ⁻¹⁾ (∂J/∂z⁽ᵗ⁾)ᵀ",
        "∂J/∂U = ∂J/∂U|S + Σ(t=1..T) ∂J/∂U|t",
    ]
