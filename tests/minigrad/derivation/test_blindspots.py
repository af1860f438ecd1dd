"""A check says what the data at hand can't tell apart."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import Derivation
from tests.minigrad.derivation.models import derivation, flow


def notes(flow):
    return " ".join(Derivation("").check(flow).warnings)


def classifier(labels, W):
    x = mg.tensor(np.random.default_rng(0).normal(size=(3, 4)), name="x", requires_grad=True)
    z = (mg.tensor(W, name="W", requires_grad=True).T @ x).named("z")
    V = mg.tensor(W, name="V", requires_grad=True)
    p = mg.softmax(z + V.T @ x).named("p")
    y = mg.tensor(labels, name="y")
    return mg.gradient_flow(-(y * mg.log(p)).sum())


def from_zeros(named):
    rng = np.random.default_rng(0)
    U = mg.tensor(rng.normal(size=(4, 4)), requires_grad=True, name="U")
    h = mg.tensor(np.zeros((4, 6)))
    if named:
        with mg.step(0):
            h.named("h")
    for t in (1, 2, 3):
        with mg.step(t):
            h = mg.tanh(U.T @ h + mg.tensor(rng.normal(size=(4, 6)), name="x")).named("h")
    return mg.gradient_flow((h * h).sum())


RANDOM = np.random.default_rng(1).uniform(0.2, 1, size=(3, 4))


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (flow(), "U: square"),
        (flow(), "dJ/de: all entries equal"),
        (flow(B=1), "B = 1"),
        (flow(T=1), "T = 1"),
        (flow(T=2), "T = 2"),
        (flow(T=5), "1/T, or 1/5 for B: both are 5"),
        (flow(B=4), "1/B, or 1/4 for axis 1 of W: both are 4"),
        (from_zeros(named=True), "h at step 0: a factor or term with it can't be seen"),
        (from_zeros(named=False), "zeros of shape (4, 6) made in the model"),
        (classifier(np.eye(3)[:, [0, 1, 2, 0]], RANDOM[:, :3]), "y is one-hot"),
        (classifier(RANDOM, np.eye(3)), "W, V: symmetric"),
        (classifier(RANDOM, np.zeros((3, 3))), "W, z, V: zero"),
        (classifier(RANDOM, RANDOM[:, :3]), "W equals V"),
    ],
)
def test_what_can_not_be_told_apart_is_said(flow, words):
    assert words in notes(flow)


def test_nothing_is_said_without_need():
    assert notes(classifier(RANDOM, RANDOM[:, :3])).count("one-hot") == 0
    said = notes(flow(n_x=2))
    assert not any(word in said for word in ("B = 1", "T = ", "symmetric", "zero", "equals", "1/"))
    assert derivation().check(flow()).ok
