"""Lines that explain themselves."""

import numpy as np
import pytest

import minigrad as mg
from tests.minigrad.writing.programs import FLOWS, lstm_flow, rnn_flow

FLOW = lstm_flow()
LINES = {(x.claim.name, x.claim.t, x.claim.via): x for x in mg.derive(FLOW).lines}


def test_rule_shapes_and_numbers() -> None:
    text = LINES["z_o", 0, None].explain(2)
    assert text.startswith("3.5  ∂J/∂z_o⁽ᵗ⁾ = ∂J/∂Γ_o⁽ᵗ⁾ ∘ (Γ_o⁽ᵗ⁾ ∘ (1 - Γ_o⁽ᵗ⁾))ᵀ")
    assert "y = σ(x):  dJ/dx = g ∘ y ∘ (1 - y)\n    in the table: g * (y * (1 - y))" in text
    assert "Gamma_o: 4 x 3" in text
    assert "dJ/dz_o: 3 x 4" in text
    assert "at step 2" in text
    first = float(text.split("at step 2:\n  [[")[1].split()[0])
    np.testing.assert_allclose(first, np.asarray(FLOW.adjoint("z_o", 2))[0, 0], rtol=1e-3)


def test_every_rule_on_the_way_is_named() -> None:
    text = LINES["c", 0, "a"].explain()
    assert "y = a ∘ b:  dJ/da = g ∘ b\n    in the table: g * b" in text
    assert "y = tanh(x):  dJ/dx = g ∘ (1 - y²)\n    in the table: g * (1 - y * y)" in text
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
    assert "dJ/db = g, summed to the shape of b" in lines["dJ/db"]


def test_sums_explain_themselves_too() -> None:
    text = LINES["a", 0, None].explain(1)
    assert "chain rule" in text
    text = LINES["W_fa", 0, None].explain()
    assert "4 x 4 at each of 4 steps" in text


@pytest.mark.parametrize("name", FLOWS)
def test_every_line_explains_itself(name: str) -> None:
    for layout in ("numerator", "gradient"):
        for line in mg.derive(FLOWS[name](), layout=layout).lines:
            text = line.explain()
            difference = float(text.rsplit("at most ", 1)[1].rstrip("."))
            assert difference < 1e-12


def test_step_at_which_a_line_does_not_hold() -> None:
    lines = mg.derive(rnn_flow(loss="at the end")).lines
    [line] = [x for x in lines if x.claim == mg.adjoint("o")]
    with pytest.raises(ValueError, match=r"explain: expected a step of 4 for .*, got 2"):
        line.explain(2)
