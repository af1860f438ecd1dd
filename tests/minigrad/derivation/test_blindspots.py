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


RANDOM = np.random.default_rng(1).uniform(0.2, 1, size=(3, 4))


@pytest.mark.parametrize(
    ("flow", "words"),
    [
        (flow(), "U: square"),
        (flow(), "dJ/de: all entries equal"),
        (flow(B=1), "B = 1"),
        (flow(T=1), "T = 1"),
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
    said = notes(flow())
    assert not any(word in said for word in ("B = 1", "T = 1", "symmetric", "zero", "equals"))
    assert derivation().check(flow()).ok
