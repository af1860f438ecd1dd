"""Equations 1 to 12 of the seed as a program that `tests.programs` can disturb anywhere."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.programs import Equation, Label


def sigma(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def gate(W_a: Any, a: Any, W_x: Any, x: Any, b: Any) -> Any:
    return W_a.T @ a + W_x.T @ x + b


def softmax(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=0)


def lstm(y: np.ndarray) -> list[Equation]:
    """The program of a whole sequence with labels y, (T, n_y, B)."""
    program: list[Equation] = []
    for t in range(1, len(y) + 1):
        for g in "fuoc":
            reads: list[Label] = [
                (f"W_{g}a", None),
                ("a", t - 1),
                (f"W_{g}x", None),
                ("x", t),
                (f"b_{g}", None),
            ]
            program.append(((f"z_{g}", t), reads, gate))
            made, f = ("c_tilde", np.tanh) if g == "c" else (f"Gamma_{g}", sigma)
            program.append(((made, t), [(f"z_{g}", t)], f))
        program += [
            (
                ("c", t),
                [("Gamma_u", t), ("c_tilde", t), ("Gamma_f", t), ("c", t - 1)],
                lambda Gamma_u, c_tilde, Gamma_f, c: Gamma_u * c_tilde + Gamma_f * c,
            ),
            (("a", t), [("c", t), ("Gamma_o", t)], lambda c, Gamma_o: np.tanh(c) * Gamma_o),
            (
                ("z_y", t),
                [("W_ya", None), ("a", t), ("b_y", None)],
                lambda W_ya, a, b_y: W_ya.T @ a + b_y,
            ),
            (("y_hat", t), [("z_y", t)], softmax),
        ]

    def cross_entropy(*y_hat: Any) -> Any:
        return -sum((y_t * np.log(p)).sum() for y_t, p in zip(y, y_hat, strict=True))

    program.append((("J", None), [("y_hat", t) for t in range(1, len(y) + 1)], cross_entropy))
    return program


def given(
    params: Mapping[str, np.ndarray], x: np.ndarray, a0: np.ndarray, c0: np.ndarray
) -> dict[Label, np.ndarray]:
    """What the program starts from."""
    return {
        **{(name, None): value for name, value in params.items()},
        **{("x", t): x_t for t, x_t in enumerate(x, start=1)},
        ("a", 0): a0,
        ("c", 0): c0,
    }
