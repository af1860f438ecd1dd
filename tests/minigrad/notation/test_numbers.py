"""Numbers that are others at each step: the rule that they follow, and where there is none."""

from collections.abc import Callable

import numpy as np
import pytest

from minigrad.notation.expression import Expression, Number, Symbol, evaluate
from minigrad.notation.nodes import product, total
from minigrad.notation.numbers import at_step, by_rule, moving
from minigrad.notation.printing import Latex, Text
from minigrad.notation.steps import aligned, gathered

RULES: dict[str, Callable[[int], float]] = {
    "t": lambda t: t,
    "t-1": lambda t: t - 1,
    "2t": lambda t: 2 * t,
    "2t+4": lambda t: 2 * (t + 2),
    "6-t": lambda t: 6 - t,
    "1/4 t": lambda t: t / 4,
    "0.15 (t+1)": lambda t: 0.15 * (t + 1),
    "1 / t": lambda t: 1 / t,
    "3 / (t+1)": lambda t: 3 / (t + 1),
    "1 - 1 / t": lambda t: 1 - 1 / t,
    "0.9ᵗ": lambda t: 0.9**t,
    "2 · 0.9ᵗ⁻¹": lambda t: 2 * 0.9 ** (t - 1),
    "2ᵗ": lambda t: 2**t,
    "1 - 0.99ᵗ": lambda t: 1 - 0.99**t,
    "1 / (1 - 0.9ᵗ)": lambda t: 1 / (1 - 0.9**t),
}


@pytest.mark.parametrize("written", RULES)
def test_rules_that_people_write(written: str) -> None:
    f = RULES[written]
    rule = by_rule({t: f(t) for t in range(2, 6)})
    assert rule is not None
    assert Text()(rule) == written
    for t in (2, 7, 11):
        np.testing.assert_allclose(evaluate(rule, lambda s: None, t), f(t), rtol=1e-11)


@pytest.mark.parametrize(
    "numbers",
    [
        {2: 1.0, 3: 4.0},  # two numbers follow any rule
        {2: 1.0, 3: 4.0, 4: 9.0},
        {2: 0.5, 3: 0.25, 4: 0.126},
        {2: 0.5, 4: 0.25, 5: 0.125},  # powers of steps with a gap between
        {2: 1.0, 3: 0.0, 4: 1.0},
        {2: 1.0, 3: -1.0, 4: 1.0},
        {2: 3.0, 3: 3.5, 4: 4.0, 5: 4.5001},
    ],
)
def test_numbers_without_a_rule(numbers: dict[int, float]) -> None:
    assert by_rule(numbers) is None


def test_the_same_rule_typed_as_decimals_or_fractions() -> None:
    assert Latex()(by_rule({t: 2 * 0.5**t for t in (1, 2, 3)}) or Number(0)) == (
        r"2 \left(\frac{1}{2}\right)^{t}"
    )


# --- in expressions -----------------------------------------------------------------------------


def h(t: int) -> Expression:
    return Symbol("h", t, (3,))


def times(number: float, e: Expression) -> Expression:
    return product(Number(number), e)


def test_what_differs_in_numbers_alone_is_one_expression() -> None:
    at = {t: times(t, h(0)) for t in (2, 3, 4)}
    one = moving(at)
    assert one is not None
    assert Text()(one) == "t h⁽ᵗ⁾"
    assert at_step(one, 1) == h(0)
    assert moving({2: times(2, h(0)), 3: times(3, h(0)), 4: times(5, h(0))}) is None


def test_steps_where_a_factor_is_one_or_a_term_is_zero_belong_to_it() -> None:
    found = {("z", times(t, h(0))): [t] for t in range(1, 6)}
    assert [(Text()(e), steps) for (_, e), steps in aligned(found).items()] == [
        ("t h⁽ᵗ⁾", [1, 2, 3, 4, 5])
    ]
    found = {("z", times(t, h(0))): [t] for t in range(1, 5)} | {("z", times(7, h(0))): [5]}
    assert len(aligned(found)) == 5


def test_terms_of_a_sum_over_the_steps() -> None:
    discounted = total(*(times(0.9 ** (t - 1), h(t)) for t in range(1, 6)))
    assert Text().absolute()(gathered(discounted)) == "Σ(t=1..5) 0.9ᵗ⁻¹ h⁽ᵗ⁾"
    values = {t: np.arange(3.0) * t for t in range(1, 6)}
    found, expected = (
        evaluate(e, lambda s: values[s.t or 0]) for e in (gathered(discounted), discounted)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-14)


@pytest.mark.parametrize(
    ("numbers", "written"),
    [
        ([1, 2, 3, 4, 1, 1, 7], "h⁽¹⁾ + h⁽⁵⁾ + h⁽⁶⁾ + 2 h⁽²⁾ + 3 h⁽³⁾ + 4 h⁽⁴⁾ + 7 h⁽⁷⁾"),
        ([2, 9, 4, 5, 7], "2 h⁽¹⁾ + 9 h⁽²⁾ + 4 h⁽³⁾ + 5 h⁽⁴⁾ + 7 h⁽⁵⁾"),
        ([5, 2, 3, 4, 5], "Σ(t=2..4) t h⁽ᵗ⁾ + 5 h⁽¹⁾ + 5 h⁽⁵⁾"),
    ],
)
def test_no_term_is_lost_where_some_follow_a_rule(numbers: list[float], written: str) -> None:
    plain = total(*(times(n, h(t)) for t, n in enumerate(numbers, 1)))
    assert Text().absolute()(gathered(plain)) == written
    values = {t: np.arange(3.0) * t + 1 for t in range(1, 8)}
    found, expected = (evaluate(e, lambda s: values[s.t or 0]) for e in (gathered(plain), plain))
    np.testing.assert_allclose(found, expected, rtol=1e-14)
