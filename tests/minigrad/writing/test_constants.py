"""What is computed of named constants: it moves with them, and does not become a number."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.minigrad.writing.source.test_module import given_and_wanted
from tests.minigrad.writing.test_passes import gradients_of

Constant = Callable[..., mg.Tensor]


def leaves(seed: int) -> tuple[Constant, Constant]:
    """Makers of parameters and of constants; other seeds give other numbers."""
    rng = np.random.default_rng(seed)

    def parameter(name: str, *shape: int) -> mg.Tensor:
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name)

    def constant(name: str, *shape: int) -> mg.Tensor:
        return mg.tensor(rng.uniform(0.5, 2, size=shape), name=name)

    return parameter, constant


def masked_mean(parameter: Constant, constant: Constant) -> mg.Tensor:
    m = constant("m", 1, 5)
    return ((parameter("W", 3, 2).T @ constant("x", 3, 5)) ** 2 * m).sum() / m.sum()


def row_of_a_whole(parameter: Constant, constant: Constant) -> mg.Tensor:
    w = constant("w", 1, 3)
    return ((w / w.sum(axis=1, keepdims=True)) @ parameter("W", 3, 3) ** 2).sum()


def named_norm(parameter: Constant, constant: Constant) -> mg.Tensor:
    X = constant("X", 3, 2)
    n = (1 / mg.sqrt((X**2).sum())).named("n")
    return ((parameter("W", 3, 3) @ X * n) ** 2).sum()


def share_of_variance(parameter: Constant, constant: Constant) -> mg.Tensor:
    y = constant("y", 4)
    return ((parameter("w", 4) - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()


def element(parameter: Constant, constant: Constant) -> mg.Tensor:
    return mg.exp(parameter("w", 4) * constant("k", 2, 3)[0, 1]).sum()


def schedule(parameter: Constant, constant: Constant) -> mg.Tensor:
    a, W, h, J = constant("a", 5), parameter("W", 3, 3), parameter("h_0", 3, 2), 0
    for t in range(1, 6):
        with mg.step(t):
            h = mg.tanh(W @ h).named("h")
            J = J + a[t - 1] * (h**2).sum()
    return J  # type: ignore[return-value]


@pytest.mark.parametrize(
    "model", [masked_mean, row_of_a_whole, named_norm, share_of_variance, element, schedule]
)
def test_source_holds_for_other_constants(model: Any) -> None:
    """What the engine computes with these."""
    here, there = (mg.derive(mg.gradient_flow(model(*leaves(seed)).named("J"))) for seed in (0, 1))
    given, wanted = given_and_wanted(there)
    J, found = gradients_of(here)(**given)
    np.testing.assert_allclose(J, there.flow.J.item(), rtol=1e-12)
    for name, expected in wanted.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-14)
    assert here.check(there.flow).ok


def test_a_schedule_is_one_line() -> None:
    derivation = mg.derive(mg.gradient_flow(schedule(*leaves(0)).named("J")), layout="gradient")
    assert "∂J/∂h⁽ᵗ⁾|J = 2 a[t-1] h⁽ᵗ⁾" in derivation.text()


def test_a_mask_may_be_of_whole_numbers() -> None:
    m = mg.tensor(np.array([[1, 0, 0], [0, 1, 0]]), name="m")
    w = mg.tensor(np.ones((2, 3)), requires_grad=True, name="w")
    flow = mg.gradient_flow((w * m / m.sum(axis=1, keepdims=True)).sum().named("J"))
    derivation = mg.derive(flow)
    assert derivation.check(flow).ok
    assert gradients_of(derivation)(w=np.ones((2, 3)), m=np.asarray(m))[0] == 2
    mg.draw(flow)


# --- labels -------------------------------------------------------------------------------------


def classifier(y: mg.Tensor, axis: int = 0) -> Any:
    z = mg.tensor(np.random.default_rng(0).normal(size=(4, 3)), requires_grad=True, name="z")
    return mg.derive(mg.gradient_flow(mg.softmax_cross_entropy(z, y, axis=axis).sum().named("J")))


def test_of_labels_it_is_said_that_they_add_up_to_one() -> None:
    y = np.full((4, 3), 0.25)
    for axis, whose in ((0, "columns"), (1, "rows")):
        labels = y if axis == 0 else np.full((4, 3), 1 / 3)
        text = classifier(mg.tensor(labels, name="y"), axis).text()
        assert f"y: 4 × 3, whose {whose} add up to 1" in " ".join(text.split())
        assert "(softmax" in text
    text = classifier(mg.tensor(np.stack([y, y]), name="y")[1]).text()
    assert "y: 2 × 4 × 3, which adds up to 1 along axis 1" in " ".join(text.split())
    assert "adds up" not in classifier(mg.tensor(np.array([0, 2, 3]), name="y")).text()


def test_an_array_that_nobody_has_named_has_one_name() -> None:
    """It is read by the forward pass as labels, and by the rule as a number to subtract."""
    z = mg.tensor(np.zeros((4, 3)), requires_grad=True, name="z")
    J = mg.softmax_cross_entropy(z, np.eye(4)[:, [0, 2, 3]]).sum()
    derivation = mg.derive(mg.gradient_flow(J.named("J")), layout="gradient")
    assert [str(line) for line in derivation.lines] == ["3.1  ∂J/∂z = softmax(z) - labels"]


def test_source_refuses_labels_that_do_not_add_up_to_one() -> None:
    y = np.full((4, 3), 0.25)
    derivation = classifier(mg.tensor(y, name="y"))
    z = np.zeros((4, 3))
    gradients_of(derivation)(z=z, y=np.eye(4)[:, :3])
    message = "^y: expected numbers that add up to 1 along axis -2, as in the derivation; derive"
    with pytest.raises(ValueError, match=message):
        gradients_of(derivation)(z=z, y=2 * y)
    doubled = classifier(mg.tensor(2 * y, name="y"))
    assert not derivation.check(doubled.flow).ok
    assert doubled.check(doubled.flow).ok
    np.testing.assert_allclose(
        gradients_of(doubled)(z=z, y=y)[1]["z"], gradients_of(derivation)(z=z, y=y)[1]["z"]
    )
