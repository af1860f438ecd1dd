"""What rounding does is told from what is wrong, also where the truth is zero."""

import math

import numpy as np
import pytest

import minigrad as mg
from minigrad.rounding import compared, rounding_errors

EPS = float(np.finfo(float).eps)


@pytest.mark.parametrize("n", [2, 30, 1000])
def test_the_rounding_of_a_sum_is_relative_to_its_terms(n: int) -> None:
    """Against the sum without rounding, which `math.fsum` gives."""
    terms = np.random.default_rng(n).normal(size=n)
    x = mg.tensor(np.concatenate([terms, -terms[::-1] * (1 + 1e-9)]), requires_grad=True)
    total = mg.cos(mg.sin(x)) @ x
    [estimated] = rounding_errors([[total]], EPS)
    exact = math.fsum(math.cos(math.sin(v)) * v for v in x.data)
    assert abs(total.item() - exact) < 10 * estimated
    assert estimated < 10 * EPS * math.fsum(abs(v) for v in x.data)


def test_what_is_given_is_no_source_of_more_than_its_last_place() -> None:
    x = mg.tensor(np.array([1.0, 2.0]), requires_grad=True)
    nearly_zero = x - x.detach() * (1 + 1e-10)
    y = mg.exp(1e10 * nearly_zero)  # which the cancellation before makes uncertain
    assert rounding_errors([[y]], EPS)[0] > 1e-7
    assert rounding_errors([[y]], EPS, given={nearly_zero})[0] < 1e-14


def test_decisions_go_the_way_they_went() -> None:
    x = mg.tensor(np.full(6, 0.1), requires_grad=True)
    [g] = mg.gradients(mg.max(x) * 3, [x], create_graph=True)
    assert rounding_errors([[g]], EPS)[0] < 1e-14  # else one of the equal ones would take it all


@pytest.mark.parametrize(
    ("x", "truth", "rounding", "ok", "is_zero"),
    [
        (1.0 + 1e-15, 1.0, 0.0, True, False),
        (1.0 + 1e-14, 1.0, 0.0, False, False),
        (1.0 + 1e-14, 1.0, 1e-14, True, False),
        (0.0, 1e-17, 0.0, False, False),
        (0.0, 1e-17, 1e-16, True, True),
        (-7e-17, 1e-17, 1e-16, True, True),
        (1e-10, 1e-17, 1e-16, False, True),
        (0.0, 0.0, 0.0, True, True),
        (1e-30, 0.0, 0.0, False, True),
        (np.nan, 1.0, 0.0, False, False),
    ],
)
def test_numbers(x: float, truth: float, rounding: float, ok: bool, is_zero: bool) -> None:
    found = compared(np.array([x]), np.array([truth]), EPS, rounding)
    assert (found.ok, found.is_zero) == (ok, is_zero)
    assert found.tolerance > 0 or np.isnan(x)


def test_relative_error() -> None:
    x = np.array([1.0, -4.0])
    assert mg.relative_error([2.0, -4.0], x) == 0.25
    assert mg.relative_error(x[:1], x) == mg.relative_error(x * np.nan, x) == np.inf
    assert mg.relative_error(0 * x, 0 * x) == 0
    # One over a sum of exponentials, and a softmax's sum: 1, so that its gradient is zero.
    z = mg.tensor(np.random.default_rng(0).normal(size=7), requires_grad=True)
    [g] = mg.gradients(mg.log(mg.softmax(z).sum()), [z], create_graph=True)
    assert g.data.any()
    assert mg.relative_error(np.zeros(7), g) < 1e-15
    assert mg.relative_error(np.full(7, 1e-6), g) > 1e-7
