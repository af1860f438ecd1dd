from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg

machine = pytest.importorskip("minigrad.plan.machine")


def done(operation: str, x: Any) -> Any:
    """One line on one row, by the machine itself."""
    memory = np.concatenate([x, np.zeros_like(x)])
    n = len(x)
    table = np.array([[machine.OPCODES[operation], n, n, 0, 0, 0, 1, 0, 0, 0]])
    scratch = np.zeros((3, max(n, 2)), x.dtype)
    scratch[2, :2] = 1, 87 if x.dtype == np.float32 else 700
    machine.entry(x.dtype)(memory, table, 1, scratch)
    return memory[n:]


FUNCTIONS = {"tanh": np.tanh, "sigmoid": lambda x: 1 / (1 + np.exp(-x))}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_right_to_three_units_in_the_last_place(name: str, dtype: Any) -> None:
    small = np.logspace(-30, 0, 1000)
    x = np.concatenate([np.linspace(-30, 30, 20001), small, -small]).astype(dtype)
    exact = FUNCTIONS[name](x.astype(np.longdouble))
    error = np.abs(done(name, x) - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert error.max() < 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_range(dtype: Any) -> None:
    x = np.array([-np.inf, -1e30, 0, 1e30, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(done("tanh", x), [-1, -1, 0, 1, 1, np.nan])
    np.testing.assert_allclose(done("sigmoid", x), [0, 0, 0.5, 1, 1, np.nan], atol=1e-37)


STEPS = (
    lambda a, b: a + b,
    lambda a, b: a * b[:1],
    lambda a, b: a - b[:, :1],
    lambda a, b: mg.concatenate([b[1:], b[:1]]) + a,
    lambda a, b: mg.stack([a[-1] * b[j] for j in range(len(b))]),
    lambda a, b: (a.T * 2.0).T - b,
    lambda a, b: mg.relu(a) / (1 + b * b),
)


@settings(deadline=None)
@given(
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    steps=st.lists(st.sampled_from(STEPS), min_size=2, max_size=8),
)
def test_runs_of_steps_on_views_that_overlap(rows: int, columns: int, steps: Any) -> None:
    """Slices, transposes and broadcasts of the same values, in an order that Hypothesis draws."""

    def f(x: Any, y: Any) -> Any:
        values = [x, y, x * y]
        for i, step in enumerate(steps):
            values.append(step(values[-1 - i % 3], values[-1]))
        return values

    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=(rows, columns)) for _ in range(2)]
    expected = f(*(mg.tensor(x) for x in arrays))
    for got, y in zip(mg.compile(f, fast=True)(*arrays), expected, strict=True):
        np.testing.assert_allclose(got, y.data, rtol=1e-9, atol=1e-9)
