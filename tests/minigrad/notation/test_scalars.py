"""Products of scalars and arrays: first numbers, then scalars, then arrays with circles between."""

from collections.abc import Callable

import numpy as np
import pytest

import minigrad as mg

Model = Callable[[mg.Tensor, mg.Tensor, mg.Tensor], mg.Tensor]

# By hand: of v, computed from a scalar s, an array x and a matrix W, the contribution to each.
SCALARS: dict[str, tuple[Model, list[str]]] = {
    "scaled": (
        lambda s, x, W: mg.tanh(s * x),
        ["∂J/∂s = Σ ∂J/∂v ∘ (1 - v²) ∘ x", "∂J/∂x = s ∂J/∂v ∘ (1 - v²)"],
    ),
    "temperature": (
        lambda s, x, W: mg.softmax(s * x, axis=0),
        [
            "∂J/∂s = Σ (∂J/∂v - 𝟏ᵀ (∂J/∂v ∘ v)) ∘ v ∘ x",
            "∂J/∂x = s (∂J/∂v - 𝟏ᵀ (∂J/∂v ∘ v)) ∘ v",
        ],
    ),
    "residual": (
        lambda s, x, W: x + s * mg.tanh(W @ x),
        [
            "∂J/∂s = Σ ∂J/∂v ∘ tanh(W x)",
            "∂J/∂x = ∂J/∂v + s Wᵀ (∂J/∂v ∘ (1 - tanh²(W x)))",
            "∂J/∂W = s (∂J/∂v ∘ (1 - tanh²(W x))) xᵀ",
        ],
    ),
    "leaky": (
        lambda s, x, W: (1 - s) * x + s * x**3,
        [
            "∂J/∂s = Σ ∂J/∂v ∘ x³ - Σ ∂J/∂v ∘ x",
            "∂J/∂x = ∂J/∂v ∘ (3 s x² + 1 - s)",
        ],
    ),
    "mean": (
        lambda s, x, W: s * (x**2).mean(axis=0, keepdims=True),
        ["∂J/∂s = 1/3 Σ ∂J/∂v ∘ 𝟏ᵀ x²", "∂J/∂x = 2/3 s ∂J/∂v ∘ x"],
    ),
    "offset": (lambda s, x, W: s + x, ["∂J/∂s = Σ ∂J/∂v", "∂J/∂x = ∂J/∂v"]),
    "sum": (
        lambda s, x, W: s * mg.exp(x) * mg.sum(x),
        [
            "∂J/∂s = (Σ ∂J/∂v ∘ exp(x)) Σ x",
            "∂J/∂x = s Σ ∂J/∂v ∘ exp(x) + s (Σ x) ∂J/∂v ∘ exp(x)",
        ],
    ),
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalars_stand_in_front_and_circles_between_arrays(name: str) -> None:
    f, expected = SCALARS[name]
    rng = np.random.default_rng(0)
    s, x, W = (
        mg.tensor(rng.normal(size=size), requires_grad=True, name=name)
        for name, size in (("s", ()), ("x", (3, 4)), ("W", (3, 3)))
    )
    flow = mg.gradient_flow(mg.sum(f(s, x, W).named("v") ** 2).named("J"))
    lines = [str(line).partition("  ")[2] for line in mg.derive(flow, layout="gradient").lines]
    assert sorted(lines) == sorted([*expected, "∂J/∂v = 2 v"])


def test_decimals_stay_decimals_and_means_are_fractions() -> None:
    """What was typed as 0.01 is not read as 1/100; that of a mean is no decimal."""
    W = mg.tensor(np.ones((3, 5)), requires_grad=True, name="W")
    J = 0.01 * mg.sum(W**2) + 0.3 * mg.sum(W) + mg.mean(0.5 * mg.exp(W), axis=1).sum()
    derivation = mg.derive(mg.gradient_flow(J.named("J")), layout="gradient")
    assert str(derivation.lines[0]) == "3.1  ∂J/∂W = 1/10 exp(W) + 0.3 + 0.02 W"
    assert "0.02 * W" in derivation.numpy_source()


def test_a_scalar_that_is_repeated_is_counted() -> None:
    """J = u^2 of u = Σ (x + s), of twelve elements: dJ/ds = 12 dJ/du."""
    s = mg.tensor(0.5, requires_grad=True, name="s")
    x = mg.tensor(np.ones((3, 4)), requires_grad=True, name="x")
    flow = mg.gradient_flow((mg.sum(x + s).named("u") ** 2).named("J"))
    derivation = mg.derive(flow, layout="gradient")
    assert "3.1  ∂J/∂s = 12 ∂J/∂u" in map(str, derivation.lines)
    assert derivation.check(flow, chained=True).ok


def test_numbers_of_every_shape_are_one_number() -> None:
    """d/dA of the sum of 1/2 A - A / 3, times 6, is 1 everywhere."""
    A = mg.tensor(np.ones((2, 3)), requires_grad=True, name="A")
    flow = mg.gradient_flow((6 * mg.sum(0.5 * A - A / 3) + mg.mean(A)).named("J"))
    [line] = mg.derive(flow, layout="gradient").lines
    assert str(line) == "3.1  ∂J/∂A = 7/6 𝟏"
