"""Models to write derivations of, of every shape that time can take."""

import runpy
from pathlib import Path
from typing import Any

import numpy as np

import lstm
import minigrad as mg
from tests.minigrad.writing.contexts import CONTEXTS
from tests.minigrad.writing.models import MODELS
from tests.minigrad.writing.passes import PASSES
from tests.minigrad.writing.scheduled import SCHEDULED
from tests.minigrad.writing.sliced import SLICED
from tests.minigrad.writing.stacked import STACKED

DOCS = Path(__file__).parents[3] / "docs"


def lstm_flow(B: int = 3, T: int = 4, dtype: Any = float) -> mg.GradientFlow:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(T, 2, B)), rng.uniform(0.2, 1, size=(T, 5, B))
    a0, c0 = rng.normal(size=(2, 4, B))
    given = [v.astype(dtype) for v in (x, y, a0, c0)]
    return mg.gradient_flow(lstm.forward(lstm.init_params(2, 4, 5, dtype=dtype), *given).loss)


def example_flow(name: str) -> mg.GradientFlow:
    flow: mg.GradientFlow = runpy.run_path(str(DOCS / "examples" / f"{name}.py"))["flow"]()
    return flow


def rnn_flow(
    T: int = 4, initial: str = "state", loss: str = "every step", outside: bool = False
) -> mg.GradientFlow:
    """A recurrent network whose first step, last step or weight is out of the ordinary."""
    rng = np.random.default_rng(0)

    def leaf(name: str, *shape: int, requires_grad: bool = True) -> mg.Tensor:
        return mg.tensor(rng.normal(size=shape), requires_grad=requires_grad, name=name)

    W, U, b, V = leaf("W", 3, 4), leaf("U", 4, 4), leaf("b", 4, 1), leaf("V", 4, 2)
    weight = (W * W).named("S") if outside else W
    with mg.step(0):
        h: Any = leaf("h", 4, 5) if initial == "state" else np.zeros((4, 5))
    J: Any = 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            x = leaf("x", 3, 5, requires_grad=False)
            z = (weight.T @ x + U.T @ h + b).named("z")
            h = mg.tanh(z).named("h")
            if loss == "every step" or t == T:
                o = (V.T @ h).named("o")
                y = leaf("y", 2, 5, requires_grad=False)
                J = J + ((o - y) ** 2).sum()
    if outside:
        J = J + (W * W).sum() + (weight**2).sum()
    return mg.gradient_flow(J.named("J"))


def filtered(T: int) -> mg.GradientFlow:
    """A filter: the error of a prediction corrects what the next one is made of."""
    rng = np.random.default_rng(0)
    phi, mu = (mg.tensor(rng.normal(), requires_grad=True, name=name) for name in ("phi", "mu"))
    with mg.step(0):
        m = mg.tensor(rng.normal(), requires_grad=True, name="m")
    J: Any = 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            p = (phi * m + mu * (1 - phi)).named("p")
            e = (mg.tensor(rng.normal(), name="y") - p).named("e")
            J = J + e**2
            m = (p + 0.3 * e).named("m")
    return mg.gradient_flow(J.named("J"))


FLOWS = {
    "lstm": lstm_flow,
    "one column": lambda: lstm_flow(B=1),
    "one step": lambda: lstm_flow(T=1),
    "two steps": lambda: lstm_flow(T=2),
    "classifier": lambda: example_flow("classifier"),
    "gru": lambda: example_flow("gru"),
    "bidirectional example": lambda: example_flow("bidirectional"),
    "language model": lambda: example_flow("language_model"),
    "attention": lambda: example_flow("attention"),
    "residual": lambda: example_flow("residual"),
    "rnn": rnn_flow,
    "rnn from zero": lambda: rnn_flow(initial="zeros"),
    "loss at the end": lambda: rnn_flow(initial="zeros", loss="at the end"),
    "weight used outside too": lambda: rnn_flow(outside=True),
    **MODELS,
    **PASSES,
    **SLICED,
    **STACKED,
    **CONTEXTS,
    **SCHEDULED,
}
