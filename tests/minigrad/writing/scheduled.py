"""Models with another number at each step: discounts, running means, weights that grow."""

from collections.abc import Callable
from typing import Any

import minigrad as mg
from tests.minigrad.writing.passes import leaves, recurrence, sequence


def states(T: int) -> dict[int, Any]:
    """The states of a recurrence."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    return {t: h[t] for t in x}


def discounted(T: int = 5) -> mg.GradientFlow:
    """Later losses count less."""
    return mg.gradient_flow(sum(0.9**t * (h**2).sum() for t, h in states(T).items()).named("J"))  # type: ignore[union-attr]


def discounted_from_the_first(T: int = 5) -> mg.GradientFlow:
    """So that the first counts fully."""
    return mg.gradient_flow(
        sum(0.9 ** (t - 1) * (h**2).sum() for t, h in states(T).items()).named("J")  # type: ignore[union-attr]
    )


def learned_discount(T: int = 5) -> mg.GradientFlow:
    """The discount is a parameter."""
    gamma = mg.tensor(0.8, requires_grad=True, name="gamma")
    return mg.gradient_flow(sum(gamma**t * (h**2).sum() for t, h in states(T).items()).named("J"))


def weighted_by_step(T: int = 5) -> mg.GradientFlow:
    """Later losses count more, and the step is an input too."""
    leaf = leaves()
    W, h, J = leaf("W", 3, 3), leaf("h", 3, 2, t=0), 0
    x = sequence(leaf, "x", 3, range(1, T + 1), requires_grad=False)
    for t in x:
        with mg.step(t):
            h = mg.tanh(W @ h + 0.15 * t).named("h")
        J = J + t * (h**2).sum() + (x[t] ** 2).sum()
    return mg.gradient_flow(J.named("J"))


def running_mean(T: int = 5) -> mg.GradientFlow:
    """m(t) is the mean of the inputs so far."""
    leaf = leaves()
    x = sequence(leaf, "x", 3, range(1, T + 1))
    m, J = leaf("m", 3, 3, t=0), 0
    for t in x:
        with mg.step(t):
            m = (m + (x[t] - m) / t).named("m")
        J = J + (m**3).sum()
    return mg.gradient_flow(J.named("J"))


def without_bias(T: int = 5) -> mg.GradientFlow:
    """A moving average, corrected for where it starts, as Adam does."""
    leaf = leaves()
    g = sequence(leaf, "g", 3, range(1, T + 1))
    m, J = leaf("m", 3, 3, t=0), 0
    for t in g:
        with mg.step(t):
            m = (0.9 * m + 0.1 * g[t]).named("m")
            u = (m / (1 - 0.9**t)).named("u")
        J = J + (u**2).sum()
    return mg.gradient_flow(J.named("J"))


SCHEDULED: dict[str, Callable[..., mg.GradientFlow]] = {
    "discounted": discounted,
    "discounted from the first": discounted_from_the_first,
    "learned discount": learned_discount,
    "weighted by step": weighted_by_step,
    "running mean": running_mean,
    "without bias": without_bias,
}
