"""Conditions on time steps: true where they should be, and counted from the right end."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.writing.steps import condition, is_general

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
        with pytest.raises(ValueError, match=r"x: expected the shape of the derivation, \(4\)"):
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


@pytest.mark.parametrize(
    ("reads", "message"),
    [
        (
            {1: None, 2: None, 3: 1},
            r"h acts on h 2 steps later; name a copy of it at the steps between",
        ),
        (
            {3: None, 2: 3, 1: 2},
            r"h acts on h of an earlier step; number the steps of that pass the other",
        ),
    ],
    ids=["two steps later", "against time"],
)
def test_refuses_other_recurrences_than_from_step_to_step(
    reads: dict[int, int | None], message: str
) -> None:
    w, h = mg.tensor(0.5, requires_grad=True, name="w"), {}
    for t, source in reads.items():
        with mg.step(t):
            h[t] = mg.tanh(w if source is None else w * h[source]).named("h")
    with pytest.raises(ValueError, match=message):
        mg.derive(mg.gradient_flow(sum(h.values()).named("J")))  # type: ignore[union-attr]
