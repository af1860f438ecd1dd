"""Lines that explain themselves, so that a student can follow with a pocket calculator."""

import re

import numpy as np
import pytest

import minigrad as mg
from minigrad.writing.derivation import WrittenLine
from minigrad.writing.explanation import MANY, SHORT
from tests.minigrad.writing.programs import FLOWS, lstm_flow, rnn_flow
from tests.minigrad.writing.stacked import average

FLOW = lstm_flow()
LINES = {(x.claim.name, x.claim.t, x.claim.via): x for x in mg.derive(FLOW).lines}
DIGITS = 6e-4  # of four, relative


def arrays(paragraph: str) -> dict[str, np.ndarray]:
    """The arrays of a paragraph by their names; those that are printed in full."""
    found = {}
    for name, number in re.findall(r"^    (\S.*) = (\S+)$", paragraph, re.MULTILINE):
        found[name] = np.array(float(number))
    for name, shape, entries in re.findall(
        r"^    (\S.*), ([\d ×]+):\n((?: {8}.*\n?|\n(?= {8}))+)", paragraph, re.MULTILINE
    ):
        numbers = np.array(re.sub(r"[\[\]]", " ", entries).split(), float)
        found[name] = numbers.reshape([int(n) for n in shape.split(" × ")])
    return found


def numbers(text: str) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """What an explanation says that the line is given, and that it gives."""
    given, result = text.split("The line gives\n")
    return arrays(given.split("\n\nThe ")[-1]), arrays(result.split("and the engine has")[0])


def test_rule_equation_and_numbers() -> None:
    text = LINES["z_o", 0, None].explain(2)
    assert text.startswith("3.5  ∂J/∂z_o⁽ᵗ⁾ = ∂J/∂Γ_o⁽ᵗ⁾ ∘ (Γ_o⁽ᵗ⁾ ∘ (1 - Γ_o⁽ᵗ⁾))ᵀ")
    assert "    Γ_o⁽ᵗ⁾ = σ(z_o⁽ᵗ⁾)    (eq. 6)" in text
    assert "sigmoid, y = σ(x):  dJ/dx = g ∘ y ∘ (1 - y)\n        in the table: g * (" in text
    assert "The values at step t = 2:" in text
    given, result = numbers(text)
    g, y = given["∂J/∂Γ_o⁽²⁾"], given["Γ_o⁽²⁾"]
    np.testing.assert_allclose(result["∂J/∂z_o⁽²⁾"], g * (y * (1 - y)).T, rtol=4 * DIGITS)
    truth = FLOW.adjoint("z_o", 2).data.T
    np.testing.assert_allclose(result["∂J/∂z_o⁽²⁾"], truth, rtol=DIGITS)


def test_values_of_other_steps_have_their_numbers() -> None:
    text = LINES["W_fa", 0, "z_f"].explain(3)
    given, result = numbers(text)
    product = given["∂J/∂z_f⁽³⁾"].T @ given["a⁽²⁾"].T
    np.testing.assert_allclose(result["∂J/∂W_fa|3"], product, rtol=0.01, atol=1e-6)


def test_every_rule_on_the_way_is_named() -> None:
    text = LINES["c", 0, "a"].explain()
    assert "multiply, y = a ∘ b:  dJ/da = g ∘ b\n        in the table: g * b" in text
    assert "tanh, y = tanh(x):  dJ/dx = g ∘ (1 - y²)\n        in the table: g * (1 - y * y)" in text
    assert "matmul" not in text


def test_a_rule_says_what_it_does_with_parameters_and_shapes() -> None:
    x, b = (
        mg.tensor(np.ones(shape), requires_grad=True, name=name)
        for name, shape in (("x", (4, 3)), ("b", (4, 1)))
    )
    J = mg.stack([(x[1:3] ** 3).sum(), (x + b).named("z").sum()]).sum()
    lines = {str(line.claim): line.explain() for line in mg.derive(mg.gradient_flow(J)).lines}
    assert "y = x[1:3]:  dJ/dx = scatter[1:3](g)" in lines["dJ/dx via J"]
    assert "y = a³:  dJ/da = 3 g ∘ a²" in lines["dJ/dx via J"]
    assert "y = stack(x_1, x_2):  dJ/dx_1 = g[0]" in lines["dJ/dx via J"]
    assert "y = Σ x:  dJ/dx = g 𝟏\n" in lines["dJ/dx via J"]
    assert "dJ/db = g, summed to the shape of b" in lines["dJ/db"]


def test_values_of_all_steps_are_shown_where_they_are_summed() -> None:
    [line] = [x for x in mg.derive(average()).lines if x.claim == mg.adjoint("v")]
    given, result = numbers(line.explain())
    assert set(given) == {"∂J/∂c", "h⁽¹⁾", "h⁽²⁾", "h⁽³⁾", "h⁽⁴⁾"}
    total = sum(given[f"h{t}"] for t in ("⁽¹⁾", "⁽²⁾", "⁽³⁾", "⁽⁴⁾"))
    product = (given["∂J/∂c"].T * total).sum(axis=1)
    np.testing.assert_allclose(result["∂J/∂v"], [product], rtol=0.01)


def test_sums_show_the_terms_that_are_there() -> None:
    line = LINES["a", 0, None]
    for t, terms in {0: {"1"}, 2: {"3", "z_y⁽²⁾"}, 4: {"z_y⁽⁴⁾"}}.items():
        given, result = numbers(line.explain(t))
        [[whole, total]] = result.items()
        assert {name.removeprefix(f"{whole}|") for name in given} == terms
        np.testing.assert_allclose(sum(given.values()), total, rtol=0.01, atol=1e-4)
    given, _ = numbers(LINES["W_fa", 0, None].explain())
    assert set(given) == {f"∂J/∂W_fa|{t}" for t in (1, 2, 3, 4)}


@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("layout", ["numerator", "gradient"])
def test_every_line_explains_itself(name: str, layout: str) -> None:
    for line in mg.derive(FLOWS[name](), layout=layout).lines:
        text = line.explain()
        difference = float(text.rsplit("at most ", 1)[1].rstrip("."))
        assert difference < 1e-12
        assert max(map(len, text.splitlines())) <= 101  # an accent takes no column
        if line.part is None and "..." not in text:
            given, result = numbers(text)
            [total] = result.values()
            largest = max(abs(x).max() for x in given.values())
            tolerance = 2 * DIGITS * largest
            np.testing.assert_allclose(sum(given.values()), total, rtol=0.01, atol=tolerance)


def test_short_arrays_in_full_and_long_ones_with_their_norm() -> None:
    def text(n: int) -> str:
        x = mg.tensor(np.arange(1.0, n + 1), requires_grad=True, name="x")
        [line] = mg.derive(mg.gradient_flow((x**2).sum()), layout="gradient").lines
        assert isinstance(line, WrittenLine)
        return line.explain()

    np.testing.assert_array_equal(numbers(text(SHORT))[0]["x"], np.arange(1, SHORT + 1))
    n = SHORT + 1
    assert f"    x, {n}, of norm {np.sqrt(n * (n + 1) * (2 * n + 1) / 6):.4g}:\n" in text(n)
    assert "        [1.000 2.000 ... 60.00 61.00]" in text(n)


def test_of_many_terms_the_first_and_the_last() -> None:
    [line] = [x for x in mg.derive(rnn_flow(T=MANY + 2)).lines if x.claim == mg.adjoint("b")]
    text = line.explain()
    assert "... and 7 more ..." in text
    assert re.findall(r"∂J/∂b\|(\d+)", text) == ["1", "2", "10"]


def test_a_line_that_is_given_nothing() -> None:
    x = mg.tensor(np.ones((2, 1)), requires_grad=True, name="x")
    [line] = mg.derive(mg.gradient_flow(x.sum()), layout="gradient").lines
    assert "The values" not in line.explain()


def test_long_chains_of_unnamed_values() -> None:
    x = mg.tensor(1.0, requires_grad=True, name="x")
    y = mg.sin(x)
    for _ in range(2000):
        y = -y
    for line in mg.derive(mg.gradient_flow(y)).lines[::100]:
        assert line.explain().count("negative") == 1


def test_step_at_which_a_line_does_not_hold() -> None:
    lines = mg.derive(rnn_flow(loss="at the end")).lines
    [line] = [x for x in lines if x.claim == mg.adjoint("o")]
    with pytest.raises(ValueError, match=r"explain: expected a step of 4 for .*, got 2"):
        line.explain(2)


def test_rules_on_one_line_are_told_apart() -> None:
    # fmt: off
    ratio = mg.operation(lambda a, b: a / b, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b, name="ratio_in_a_line")  # noqa: E501
    # fmt: on
    a, b = (mg.tensor(x, requires_grad=True, name=name) for x, name in ((1.0, "a"), (2.0, "b")))
    lines = mg.derive(mg.gradient_flow(ratio(a, b).named("J"))).lines
    text = {line.claim.name: line.explain() for line in lines}
    assert "in the table: g / b\n" in text["a"]
    assert "in the table: -g * y / b\n" in text["b"]


def test_one_step_has_no_state_from_a_next_one() -> None:
    text = mg.derive(rnn_flow(T=1, loss="at the end")).text()
    assert "Comp-1 flows in from the step t+1 (section 3.4), for given states alone." in text
    assert "each step:\n\n    ∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|o⁽ᵗ⁾\n\n" in text


def test_a_loss_that_is_given() -> None:
    flow = mg.gradient_flow(mg.tensor(2.0, requires_grad=True, name="a"))
    assert "The derivative of a by a value" in mg.derive(flow).text()
