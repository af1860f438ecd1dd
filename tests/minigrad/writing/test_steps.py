"""Conditions on time steps: true where they should be, and counted from the right end."""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.writing.steps import condition, is_general, range_over

EVERYTHING = range(1, 6)
SUBSETS = [steps for n in range(1, 6) for steps in combinations(EVERYTHING, n)]


@pytest.mark.parametrize("steps", SUBSETS)
def test_a_condition_holds_at_its_steps(steps: tuple[int, ...]) -> None:
    text = condition(steps, EVERYTHING)
    assert [t for t in EVERYTHING if eval(text or "True", {"t": t, "T": 5})] == list(steps)


@pytest.mark.parametrize(
    ("steps", "later"),
    [
        ((1,), (1,)),
        ((5,), (8,)),
        ((2, 3, 4, 5), (2, 3, 4, 5, 6, 7, 8)),
        ((1, 2, 3, 4), (1, 2, 3, 4, 5, 6, 7)),
        ((2, 3, 4), (2, 3, 4, 5, 6, 7)),
    ],
)
def test_what_is_general_means_the_same_for_more_steps(
    steps: tuple[int, ...], later: tuple[int, ...]
) -> None:
    assert is_general(steps, EVERYTHING)
    text = condition(steps, EVERYTHING)
    assert tuple(t for t in range(1, 9) if eval(text, {"t": t, "T": 8})) == later


@pytest.mark.parametrize(
    ("steps", "later"),
    [
        ((1, 2), (1, 2)),
        ((2,), (2,)),
        ((3, 4, 5, 6, 7), (3, 4, 5, 6, 7, 8, 9)),
        ((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7)),
        ((6,), (8,)),
        ((6, 7), (8, 9)),
    ],
)
def test_two_steps_at_each_end_where_values_act_as_far(
    steps: tuple[int, ...], later: tuple[int, ...]
) -> None:
    assert is_general(steps, range(1, 8), reach=2)
    text = condition(steps, range(1, 8), reach=2)
    assert tuple(t for t in range(1, 10) if eval(text, {"t": t, "T": 9})) == later


@pytest.mark.parametrize("reach", [1, 2, 3])
@pytest.mark.parametrize("last", [5, 6, 7, None])
@pytest.mark.parametrize("steps", SUBSETS)
def test_a_condition_holds_however_steps_are_counted(
    steps: tuple[int, ...], last: int | None, reach: int
) -> None:
    text = condition(steps, EVERYTHING, last, reach)
    T = 5 if last is None else last
    assert [t for t in EVERYTHING if eval(text or "True", {"t": t, "T": T})] == list(steps)


RANGES = [range(1, 6), range(5, 0, -1), range(4), range(4, 1, -1), range(5, 6), range(5, 3, -1)]


@pytest.mark.parametrize("steps", RANGES)
@pytest.mark.parametrize("reach", [1, 2])
def test_a_range_goes_over_its_steps(steps: range, reach: int) -> None:
    assert list(eval(range_over(steps, 5, reach), {"T": 5})) == list(steps)


@pytest.mark.parametrize(
    ("steps", "later"),
    [(range(4, 6), range(7, 9)), (range(5, 3, -1), range(8, 6, -1)), (range(2, 6), range(2, 9))],
)
def test_a_range_over_the_last_steps_moves_with_their_number(steps: range, later: range) -> None:
    assert eval(range_over(steps, 5, reach=2), {"T": 8}) == later


@pytest.mark.parametrize("steps", [(2,), (1, 3, 4, 5), (2, 4), (4, 5), (1, 5)])
def test_a_step_between_is_tied_to_their_number(steps: tuple[int, ...]) -> None:
    assert not is_general(steps, EVERYTHING)


@pytest.mark.parametrize(("special", "free"), [(1, True), (4, True), (2, False), (3, False)])
def test_source_refuses_another_number_of_steps_where_it_matters(special: int, free: bool) -> None:
    w, h = mg.tensor(0.5, requires_grad=True, name="w"), mg.tensor(1.0, name="h0")
    for t in range(1, 5):
        with mg.step(t):
            x = mg.tensor(float(t), name="x")
            function = mg.sin if t == special else mg.tanh
            h = function((w * h + x).named("z")).named("h")
    source = mg.derive(mg.gradient_flow((h * h).named("J"))).numpy_source()
    namespace: dict[str, Any] = {}
    exec(source, namespace)
    given = {"w": np.float64(0.5), "h0": np.float64(1.0), "x": np.arange(1.0, 7.0)}
    if free:
        namespace["gradients"](**given)
    else:
        with pytest.raises(ValueError, match=r"x: expected the shape \(4\)"):
            namespace["gradients"](**given)


def test_the_last_input_is_counted_from_the_end() -> None:
    w, h = mg.tensor(0.5, requires_grad=True, name="w"), mg.tensor(1.0, name="h0")
    for t in range(1, 5):
        with mg.step(t):
            x = mg.tensor(float(t), name="x")
            h = (w * h + x).named("h")
    namespace: dict[str, Any] = {}
    exec(mg.derive(mg.gradient_flow((h * x).named("J"))).numpy_source(), namespace)
    J, _ = namespace["gradients"](w=np.float64(0.5), h0=np.float64(1.0), x=np.arange(1.0, 7.0))
    h_T = 0.5**6 + sum(0.5 ** (6 - t) * t for t in range(1, 7))
    np.testing.assert_allclose(J, 6 * h_T)


def test_what_the_last_step_alone_gives_to_an_input_goes_there() -> None:
    def flow(T: int) -> mg.GradientFlow:
        x, u = {}, mg.tensor(0.5, requires_grad=True, name="u")
        for t in range(1, T + 1):
            with mg.step(t):
                x[t] = mg.tensor(float(t), requires_grad=True, name="x")
        c = mg.tanh(u * x[T]).named("c")
        J = mg.tensor(0.0)
        for t in x:
            with mg.step(t):
                J = J + mg.sin(c * x[t]).named("z")
        return mg.gradient_flow(J.named("J"))

    namespace: dict[str, Any] = {}
    exec(mg.derive(flow(5)).numpy_source(), namespace)
    _, found = namespace["gradients"](u=np.float64(0.5), x=np.arange(1.0, 8.0))
    expected = [flow(7).adjoint("x", t).item() for t in range(1, 8)]
    np.testing.assert_allclose(found["x"], expected, rtol=1e-12)


def rows_of(named: bool) -> Callable[..., Any]:
    """The source of a model whose steps each read a row that is computed."""
    X, w, J = mg.tensor(np.ones((5, 3)), requires_grad=True, name="X"), mg.tensor(0.5, name="w"), 0
    rows = w * X
    if named:
        rows = rows.named("rows")
    for t in range(1, 6):
        with mg.step(t):
            J = J + (rows[t - 1] ** 2).named("z").sum()
    assert isinstance(J, mg.Tensor)
    namespace: dict[str, Any] = {}
    exec(mg.derive(mg.gradient_flow(J.named("J"))).numpy_source(), namespace)
    gradients: Callable[..., Any] = namespace["gradients"]
    return gradients


def test_what_a_computed_array_is_made_of_tells_the_number_of_steps() -> None:
    """J is the sum of (w X)^2."""
    X = np.arange(21.0).reshape(7, 3)
    J, found = rows_of(named=True)(w=0.5, X=X)
    assert np.sum(X**2) / 4 == J
    np.testing.assert_array_equal(found["X"], X / 2)


def test_source_refuses_other_lengths_where_no_input_tells_the_number_of_steps() -> None:
    with pytest.raises(ValueError, match=r"X: expected the shape \(5, "):
        rows_of(named=False)(w=0.5, X=np.ones((7, 3)))


def test_source_refuses_another_length_where_the_size_of_a_stack_is_written() -> None:
    """The derivative of a part of what is made of all steps is put among so many zeros."""
    rng = np.random.default_rng(0)
    W, h, J = mg.tensor(rng.normal(size=(3, 3)), requires_grad=True, name="W"), [], mg.tensor(0.0)
    for t in range(1, 6):
        with mg.step(t):
            h.append(mg.tanh(W @ mg.tensor(rng.normal(size=(3, 2)), name="x")).named("h"))
    H = mg.concatenate(h, axis=1).named("H")
    for t in range(1, 6):
        with mg.step(t):
            J = J + mg.tanh(W @ (W @ H)[:, 2 * t - 2 : 2 * t]).named("z").sum()
    namespace: dict[str, Any] = {}
    exec(mg.derive(mg.gradient_flow(J.named("J"))).numpy_source(), namespace)
    with pytest.raises(ValueError, match=r"x: expected the shape \(5, "):
        namespace["gradients"](W=np.eye(3), x=np.ones((7, 3, 2)))


def test_source_refuses_another_length_where_a_mean_is_taken_over_the_steps() -> None:
    """There is one input more than there are steps."""
    w, J = mg.tensor(0.5, requires_grad=True, name="w"), mg.tensor(0.0)
    x = {}
    for t in range(6):
        with mg.step(t):
            x[t] = mg.tensor(float(t), name="x")
    for t in range(1, 6):
        with mg.step(t):
            J = J + mg.tanh(w * x[t] * x[t - 1]).named("h")
    namespace: dict[str, Any] = {}
    exec(mg.derive(mg.gradient_flow((J / 5).named("J"))).numpy_source(), namespace)
    with pytest.raises(ValueError, match=r"x: expected the shape \(6\)"):
        namespace["gradients"](w=np.float64(0.5), x=np.arange(8.0))
