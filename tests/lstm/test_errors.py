"""Arguments that are wrong are told, with what was expected and what came."""

from typing import Any

import numpy as np
import pytest

import lstm
import minigrad as mg
from tests import errors
from tests.lstm import sines

PARAMS, X, Y, (A0, C0) = sines.parameters(), sines.inputs(), sines.labels(), sines.states()
WITHOUT_ONE = {name: value for name, value in PARAMS.items() if name != "b_y"}
NUMBERS = np.array([[0, 1], [2, 3], [4, 5], [0, 1]])

# Positional arguments, and the words that must be in the message.
WRONG: dict[str, tuple[tuple[Any, ...], str]] = {
    "a missing parameter": (
        (WITHOUT_ONE, X, Y),
        "params: expected the 14 of lstm.init_params, got",
    ),
    "no parameters": (({}, X, Y), "params: expected the 14 of lstm.init_params, got none"),
    "a parameter too many": (({**PARAMS, "W_za": 1.0}, X, Y), "params: expected the 14"),
    "x of two axes": (
        (PARAMS, X[0], Y),
        "x: expected shape (T, 3, B) with T from 1 on, got (3, 2)",
    ),
    "x of no step": ((PARAMS, X[:0], Y[:0]), "x: expected shape (T, 3, B) with T from 1 on"),
    "x of another size": (
        (PARAMS, X[:, :2], Y),
        "x: expected shape (T, 3, B) with T from 1 on, got (4, 2, 2)",
    ),
    "too few labels": (
        (PARAMS, X, Y[:3]),
        "y: expected shape (4, 5, 2) or whole numbers (4, 2), got (3, 5, 2)",
    ),
    "labels of another size": ((PARAMS, X, Y[:, :4]), "y: expected shape (4, 5, 2)"),
    "labels too large": ((PARAMS, X, NUMBERS), "y: expected labels from 0 to 4, got 0 to 5"),
    "labels below zero": ((PARAMS, X, NUMBERS - 1), "y: expected labels from 0 to 4, got -1 to 4"),
    "a0 without a batch": ((PARAMS, X, Y, A0[:, 0]), "a0: expected shape (4, 2), got (4,)"),
    "c0 of another size": ((PARAMS, X, Y, None, C0.T), "c0: expected shape (4, 2), got (2, 4)"),
}


@pytest.mark.parametrize("f", [lstm.forward, lstm.loss])
@pytest.mark.parametrize("name", WRONG)
def test_error(f: Any, name: str) -> None:
    arguments, words = WRONG[name]
    errors.check((lambda: f(*arguments), ValueError, [words]))


@pytest.mark.parametrize("f", [lstm.loss, lstm.forward, mg.grad(lstm.loss)])
@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("W_oa", np.ones((3, 4)), "expected shape (4, 4)"),
        ("b_f", np.ones(4), "expected shape (4, 1)"),
        ("b_y", np.ones((4, 1)), "expected shape (5, 1)"),
        ("W_cx", np.ones((4, 3)), "expected shape (3, 4)"),
        ("W_fx", np.ones(3), "expected a matrix"),
        ("W_ya", np.ones(()), "expected a matrix"),
    ],
)
def test_parameters_have_the_shapes_of_their_equations(
    f: Any, name: str, wrong: Any, words: str
) -> None:
    """b_f of shape (4,) would broadcast along a batch of four."""
    case = [f"{name}: {words}", "got ", str(wrong.shape)]
    errors.check((lambda: f({**PARAMS, name: wrong}, X, Y), ValueError, case))


def test_reduction() -> None:
    words = ["loss: expected reduction='sum' or 'mean', got 'none'"]
    errors.check((lambda: lstm.loss(PARAMS, X, Y, reduction="none"), ValueError, words))


def test_precision() -> None:
    words = ["expected one precision", "float32"]
    errors.check((lambda: lstm.loss(PARAMS, X.astype(np.float32), Y), TypeError, words))
