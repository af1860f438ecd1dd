"""What reads alike at many steps becomes one expression, which means the same at each."""

from typing import Any

import numpy as np
import pytest

from minigrad.notation import steps
from minigrad.notation.expression import (
    Apply,
    Expression,
    OverSteps,
    Parameters,
    Symbol,
    evaluate,
    has_moving_number,
    shifted,
)
from minigrad.notation.nodes import product, total
from minigrad.notation.printing import Latex, Text
from minigrad.notation.steps import aligned, gathered
from minigrad.operations.shape import concatenate, getitem, scatter, stack

H = Symbol("H", None, (6, 2))
RNG = np.random.default_rng(0)
ARRAYS: dict[tuple[str, int | None], Any] = {
    ("H", None): RNG.normal(size=(6, 2)),
    **{("h", t): RNG.normal(size=2) for t in range(8)},
}


def lookup(s: Symbol) -> Any:
    return ARRAYS[s.name, s.t]


def h(t: int) -> Symbol:
    return Symbol("h", t, (2,))


def row(k: Any, shape: tuple[int, ...] = (2,)) -> Expression:
    return Apply(getitem, (H,), shape, Parameters(index=k))


def test_rows_that_follow_the_step_are_one() -> None:
    found = {("h", product(row(t - 1), h(0))): [t] for t in range(1, 6)}
    [((_, e), steps)] = aligned(found).items()
    assert steps == [1, 2, 3, 4, 5]
    assert has_moving_number(e)
    assert Text()(e) == "H[t-1] ∘ h⁽ᵗ⁾"
    assert Text(last=5).absolute(5)(e) == "H[T-1] ∘ h⁽ᵀ⁾"
    assert Text(last=5).absolute(2)(e) == "H[1] ∘ h⁽²⁾"
    for t in steps:
        value = evaluate(e, lambda s, t=t: ARRAYS[s.name, None if s.t is None else s.t + t], t)
        np.testing.assert_array_equal(value, ARRAYS["H", None][t - 1] * ARRAYS["h", t])


@pytest.mark.parametrize("index", [lambda t: t * t, lambda t: np.array([t]), lambda t: (t, t // 3)])
def test_rows_that_do_not_follow_it_stay_apart(index: Any) -> None:
    found = {("h", row(index(t))): [t] for t in range(1, 5)}
    assert aligned(found) == found


def test_a_first_step_that_reads_otherwise_follows_the_index_too() -> None:
    found = {("h", row(0)): [0], ("h", row(4)): [5]}
    found |= {("h", product(row(t), h(0))): [t] for t in (1, 2, 3)}
    assert [Text()(e) for _, e in aligned(found)] == ["H[t]", "H[4]", "H[t] ∘ h⁽ᵗ⁾"]


def test_what_is_said_of_different_values_stays_apart() -> None:
    found = {("h", row(0)): [1], ("z", row(1)): [2]}
    assert aligned(found) == found


def test_slices_and_other_directions() -> None:
    found = {("h", row(slice(2 * t - 2, 2 * t), (2, 2))): [t] for t in (1, 2, 3)}
    [(_, e)] = aligned(found)
    assert Text()(e) == "H[2t-2:2t]"
    assert Latex()(e) == r"\mathbf{H}[2t-2{:}2t]"
    [(_, e)] = aligned({("h", row(5 - t)): [t] for t in (1, 2, 3)})
    assert Text()(e) == "H[5-t]"
    np.testing.assert_array_equal(evaluate(e, lookup, 4), ARRAYS["H", None][1])


def test_shifting_keeps_the_meaning() -> None:
    [(_, e)] = aligned({("h", row(2 * t)): [t] for t in (1, 2)})
    np.testing.assert_array_equal(evaluate(shifted(e, 3), lookup, -1), evaluate(e, lookup, 2))


SUMS = {
    "Σ(t=1..3) h⁽ᵗ⁾": total(h(1), h(2), h(3)),
    "Σ(t=1..3) H[t-1] ∘ h⁽ᵗ⁾": total(*(product(row(t - 1), h(t)) for t in (1, 2, 3))),
    "H[0] + H[1]": total(row(0), row(1)),
    "h⁽¹⁾ + h⁽³⁾": total(h(1), h(3)),
    "stack(h⁽¹⁾, ..., h⁽³⁾)": Apply(stack, (h(1), h(2), h(3)), (3, 2), Parameters(axis=0)),
    "stack(h⁽³⁾, h⁽²⁾)": Apply(stack, (h(3), h(2)), (2, 2), Parameters(axis=0)),
    "concatenate(h⁽¹⁾, h⁽²⁾)": Apply(concatenate, (h(1), h(2)), (4,), Parameters(axis=0)),
}


@pytest.mark.parametrize("written", SUMS)
def test_steps_are_gathered(written: str) -> None:
    e = gathered(SUMS[written])
    assert Text().absolute()(e) == written
    np.testing.assert_allclose(evaluate(e, lookup), evaluate(SUMS[written], lookup), rtol=1e-15)


def placed(t: int, index: Any, piece: Expression, shape: tuple[int, ...]) -> Expression:
    return Apply(scatter, (piece,), shape, Parameters(index=index, shape=shape))


@pytest.mark.parametrize(
    ("index", "shape", "operation"),
    [
        (lambda t: t - 1, (3, 2), stack),
        (lambda t: (t - 1,), (3, 2), stack),
        (lambda t: (slice(None), t - 1), (2, 3), stack),
        (lambda t: slice(2 * t - 2, 2 * t), (6,), concatenate),
        (lambda t: t, (4, 2), None),  # the first row stays zero
        (lambda t: t - 1, (4, 2), None),  # so does the last
        (lambda t: slice(t - 1, t + 1), (4,), None),  # they overlap
    ],
)
def test_pieces_one_after_the_other_are_stacked(index: Any, shape: Any, operation: Any) -> None:
    plain = total(*(placed(t, index(t), h(t), shape) for t in (1, 2, 3)))
    e = gathered(plain)
    assert isinstance(e, OverSteps)
    assert (e.operation is operation) == (operation is not None)
    np.testing.assert_array_equal(evaluate(e, lookup), evaluate(plain, lookup))


def test_what_reads_alike_is_aligned_once_for_all_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work grows with the number of steps, not with its square."""
    calls = []
    moving = steps._moving
    monkeypatch.setattr(steps, "_moving", lambda at: calls.append(at) or moving(at))
    [((said, _), at)] = aligned({("row", row(t, (2,))): [t] for t in range(6)}).items()
    assert (said, at, len(calls)) == ("row", [*range(6)], 1)
