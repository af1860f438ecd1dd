"""Small models, as a person writes their derivatives; right in both layouts and in the source."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.minigrad.writing.small_models import MODELS, flow_of, leaf
from tests.minigrad.writing.test_formats import formulas, parse

# Lines of the derivation: in gradient layout, then what is otherwise in numerator layout.
WRITTEN = {
    "unnamed_layer": ("∂J/∂W = x (∂J/∂h ∘ (1 - h²))ᵀ", "∂J/∂W = ((∂J/∂h)ᵀ ∘ (1 - h²)) xᵀ"),
    "softmax_of_rows": (
        "P = softmax_{axis 1}(X)",
        "∂J/∂X = (∂J/∂P - (∂J/∂P ∘ P) 𝟏) ∘ P",
        "∂J/∂X = (∂J/∂P - 𝟏ᵀ (∂J/∂P ∘ Pᵀ)) ∘ Pᵀ",
    ),
    "sum_of_all": ("∂J/∂X = ∂J/∂y 𝟏",),
    "largest_of_columns": ("y = max_{axis 0}(X)", "∂J/∂X = ∂J/∂y ∘ [X = y] / (𝟏ᵀ [X = y])"),
    "mean_of_many_axes": (
        "y = mean_{axis 2}(X)",
        "∂J/∂X = 1/4 repeat_{axis 2}(∂J/∂y)",
        "∂J/∂X = 1/4 repeat_{axis 1}((∂J/∂y)ᵀ)",
    ),
    "sum_of_many_axes": ("y = Σ_{axes 0, 2} X", "∂J/∂X = repeat_{axes 0, 2}(∂J/∂y)"),
    "side_by_side": ("c = concatenate_{axis 1}(a, b)", "∂J/∂a = (∂J/∂c)[0:3]"),
    "batched_product": (
        "∂J/∂W = Σ_{axis 0} Aᵀ (∂J/∂h ∘ (1 - h²))",
        "∂J/∂W = Σ_{axis 0} (∂J/∂h ∘ (1 - h²)ᵀ) A",
    ),
    "batched_queries": (
        "e = S reshape(q, (2, 3, 1))",
        "∂J/∂S = ∂J/∂e reshape(q, (2, 1, 3))",
        "∂J/∂q = Sᵀ ∂J/∂e",
    ),
    "softmax_of_scaled_column": ("∂J/∂l = (diag(z) - z zᵀ) ∂J/∂z / τ",),
    "permuted_axes": (
        "Y = transpose(X, (1, 0, 2))",
        "∂J/∂X = transpose(∂J/∂Y, (1, 0, 2))",
        "∂J/∂X = transpose(∂J/∂Y, (2, 1, 0))",
    ),
    "batched_attention": ("P = softmax_{axis 2}(S)", "∂J/∂K = (∂J/∂S)ᵀ Q", "∂J/∂K = Qᵀ (∂J/∂S)ᵀ"),
    "squared_length": ("s = xᵀ x", "∂J/∂x = 2 ∂J/∂s x"),
    "matrix_and_vector": ("J = yᵀ y", "∂J/∂W = ∂J/∂y xᵀ", "∂J/∂x = Wᵀ ∂J/∂y"),
    "vector_and_matrix": ("y = Wᵀ x", "∂J/∂W = x (∂J/∂y)ᵀ", "∂J/∂x = W ∂J/∂y"),
    "quadratic_form": ("J = xᵀ A x", "∂J/∂x = Aᵀ x + A x", "∂J/∂A = x xᵀ"),
    "cosine_similarity": (
        "J = aᵀ b / (√(aᵀ a) √(bᵀ b))",
        "∂J/∂a = b / (√(aᵀ a) √(bᵀ b)) - J a / (aᵀ a)",
    ),
    "entropy": ("∂J/∂p = -log(p) - 1",),
    "root_of_square": ("J = Σ |x|", "∂J/∂x = x / |x|"),
    "likelihood": ("∂J/∂s = 5 / s - (Σ (x - μ)²) / s³",),
    "clipped": (
        "∂J/∂x = ∂J/∂y ∘ ([max(x, 0.7) < 1.3] + 1/2 [max(x, 0.7) = 1.3])"
        " ∘ ([x > 0.7] + 1/2 [x = 0.7])",
    ),
    "hinge": ("∂J/∂m = -1/5 ([1 - y ∘ m > 0] + 1/2 [1 - y ∘ m = 0]) ∘ y",),
    "softplus": ("∂J/∂x = ∂J/∂y ∘ σ(x)",),
    "decimals": (
        "J = Σ (0.45 y² + σ(1.702 y))",
        "∂J/∂y = 1.702 σ(1.702 y) ∘ (1 - σ(1.702 y)) + 0.9 y",
    ),
    "power_of_a_number": ("∂J/∂a = p a^(p - 1)",),
    "whole_number": ("J = w Σ x²", "∂J/∂x = 2 w x"),
    "scalars": ("∂J/∂x = ∂J/∂z (cos(x) + y)",),
    "sum_of_product": ("∂J/∂A = 1/6 𝟏 𝟏ᵀ Bᵀ", "∂J/∂A = 1/6 B 𝟏 𝟏ᵀ"),
    "row_of_ones": ("J = Σ v 𝟏ᵀ ∘ A", "∂J/∂v = A 𝟏", "∂J/∂A = v 𝟏ᵀ"),
    "largest_of_rows": ("∂J/∂X = ∂J/∂y 𝟏ᵀ ∘ [X = y 𝟏ᵀ] / ([X = y 𝟏ᵀ] 𝟏)",),
    "squares_of_rows": ("∂J/∂X = 2 ∂J/∂y 𝟏ᵀ ∘ X", "∂J/∂X = 2 ∂J/∂y ∘ Xᵀ"),
    "columns_scaled": (
        "J = Σ X / (c 𝟏ᵀ)",
        "∂J/∂X = 𝟏 / (c 𝟏ᵀ)",
        "∂J/∂c = -(X / (c² 𝟏ᵀ)) 𝟏",
    ),
    "means_of_columns": ("∂J/∂X = 1/4 𝟏 (∂J/∂y)ᵀ", "∂J/∂X = 1/4 ∂J/∂y 𝟏ᵀ"),
    "new_axes": ("J = Σ (Σ_{axis 1} X[:, 1:4] ∘ repeat_{axis 2}(K))²",),
    "log_of_sum_of_exp": ("∂J/∂X = softmax_{axis 1}(X) - scatter[0, 1](1)",),
    "exponential_of_log_softmax": ("∂J/∂x = 2 log softmax(x) - 2 (Σ log softmax(x)) softmax(x)",),
    "rows_taken": ("∂J/∂E = -scatter[words](𝟏)",),
    "bias_of_rows": ("∂J/∂z = 1/9 z", "∂J/∂b = 𝟏ᵀ ∂J/∂z", "∂J/∂b = 𝟏ᵀ (∂J/∂z)ᵀ"),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_reads_as_a_person_writes(name: str) -> None:
    derivations = [mg.derive(flow_of(name), layout=layout) for layout in ("gradient", "numerator")]
    equations = [line.partition("    (")[0].strip() for line in derivations[0].text().splitlines()]
    lines = [
        str(line).partition("  ")[2] for derivation in derivations for line in derivation.lines
    ]
    for line in WRITTEN[name]:
        assert line in [*equations, *lines]


@pytest.mark.parametrize("layout", ["gradient", "numerator"])
@pytest.mark.parametrize("name", MODELS)
def test_checks_clean_and_parses(name: str, layout: str) -> None:
    flow = flow_of(name)
    derivation = mg.derive(flow, layout=layout)
    for chained in (False, True):
        report = derivation.check(flow, chained=chained)
        assert report.ok, report
    for formula in formulas(derivation.markdown()):
        parse(formula)


@pytest.mark.parametrize("name", MODELS)
def test_source_computes_the_same(name: str) -> None:
    flow = flow_of(name)
    module: dict[str, Any] = {}
    exec(mg.derive(flow).numpy_source(), module)
    given = {n: x.data for (n, _), x in flow.values.items() if x._operation is None}
    J, gradients = module["gradients"](**given)
    np.testing.assert_allclose(J, flow.J.item(), rtol=1e-12)
    for n, gradient in gradients.items():
        np.testing.assert_allclose(gradient, flow.adjoint(n).data, rtol=1e-12, atol=1e-13)


def head(name: str, layout: str = "gradient") -> str:
    text = mg.derive(flow_of(name), layout=layout).text().partition("3 Backward propagation")[2]
    return " ".join(text.partition("3.1")[0].split())


def test_the_head_explains_the_signs_that_occur_and_no_others() -> None:
    for sign, of, not_of in (
        ("the circle is the product", "softplus", "scalars"),
        ("1 in bold", "softmax_of_rows", "squared_length"),
        ("added to all of its rows or columns", "bias_of_rows", "unnamed_layer"),
        ("a fraction of arrays", "columns_scaled", "bias_of_rows"),
        ("a power of an array", "squares_times_vector", "bias_of_rows"),
        ("matrix products come before", "row_of_ones", "bias_of_rows"),
        ("that is added to a matrix, multiplied with it", "mixture", "bias_of_rows"),
        ("is a row beside a matrix", "bias_of_rows", "vector_and_matrix"),
        ("is a column in a matrix product", "vector_and_matrix", "unnamed_layer"),
        ("axes are counted from 0", "softmax_of_rows", "unnamed_layer"),
        ("what has none written is of all elements", "mean_of_many_axes", "softmax_of_rows"),
        ("one of matrices, in the last two", "batched_product", "softmax_of_rows"),
    ):
        assert sign in head(of).lower()
        assert sign not in head(not_of).lower()
    assert "the last two change places" in head("batched_product", "numerator")
    assert "the last two change places" not in head("batched_product", "gradient")
    assert "the last two change places" not in head("softmax_of_rows", "numerator")


def test_sizes_are_formulas() -> None:
    derivation = mg.derive(flow_of("unnamed_layer"))
    assert r"$\mathbf{W}$: $4 \times 5$" in derivation.markdown()
    assert r"$\mathbf{W}$: $4 \times 5$" in derivation.latex()
    assert "×" not in derivation.latex()
    assert "x: a number" in mg.derive(flow_of("scalars")).text()


def test_a_weight_that_is_used_at_one_step() -> None:
    W = leaf("W", 3, 3)
    with mg.step(0):
        h = leaf("h", 3, 1)
    for t in (1, 2):
        with mg.step(t):
            h = mg.tanh(W @ h if t == 1 else h).named("h")
    text = mg.derive(mg.gradient_flow((h * h).sum().named("J"))).text()
    assert "∂J/∂W = ∂J/∂W|1" in text
    assert "Σ(t=1..1)" not in text
