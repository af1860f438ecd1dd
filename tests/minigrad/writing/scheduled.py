"""Models with another number at each step: discounts, running means, weights that grow."""

from collections.abc import Callable
from typing import Any

import minigrad as mg
from tests.minigrad.writing.passes import leaves, recurrence, sequence


def weighted(T: int, weight: Callable[[int], Any]) -> mg.GradientFlow:
    """The squares of the states of a recurrence, each with a weight."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    return mg.gradient_flow(sum(weight(t) * (h[t] ** 2).sum() for t in x).named("J"))  # type: ignore[union-attr]


def discounted(T: int = 5) -> mg.GradientFlow:
    """Later losses count less."""
    return weighted(T, lambda t: 0.9**t)


def discounted_from_the_first(T: int = 5) -> mg.GradientFlow:
    """So that the first counts fully."""
    return weighted(T, lambda t: 0.9 ** (t - 1))


def learned_discount(T: int = 5) -> mg.GradientFlow:
    """The discount is a parameter."""
    gamma = mg.tensor(0.8, requires_grad=True, name="gamma")
    return weighted(T, lambda t: gamma**t)


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


def averages(T: int, average: Callable[[int, Any, Any], Any], power: int) -> mg.GradientFlow:
    """Averages of inputs, m(t) from m(t-1), and the sum of powers of what is made of them."""
    leaf = leaves()
    x = sequence(leaf, "x", 3, range(1, T + 1))
    m, J = leaf("m", 3, 3, t=0), 0
    for t in x:
        with mg.step(t):
            m, u = average(t, m, x[t])
        J = J + (u**power).sum()
    return mg.gradient_flow(J.named("J"))


def running_mean(T: int = 5) -> mg.GradientFlow:
    """m(t) is the mean of the inputs so far."""

    def average(t: int, m: Any, x: Any) -> Any:
        mean = (m + (x - m) / t).named("m")
        return mean, mean

    return averages(T, average, 3)


def without_bias(T: int = 5) -> mg.GradientFlow:
    """A moving average, corrected for where it starts, as Adam does."""

    def average(t: int, m: Any, x: Any) -> Any:
        moved = (0.9 * m + 0.1 * x).named("m")
        return moved, (moved / (1 - 0.9**t)).named("u")

    return averages(T, average, 2)


SCHEDULED: dict[str, Callable[..., mg.GradientFlow]] = {
    "discounted": discounted,
    "discounted from the first": discounted_from_the_first,
    "learned discount": learned_discount,
    "weighted by step": weighted_by_step,
    "running mean": running_mean,
    "without bias": without_bias,
}
