import ctypes
import dataclasses
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.plan.compile import Replay

native = pytest.importorskip("minigrad.plan.native")


def run(kernel: Any, *operands: Any) -> None:
    addresses = np.array([x.ctypes.data for x in operands])
    native.compiled(kernel)(ctypes.c_void_p(addresses.ctypes.data))


def done(operation: str, *inputs: Any) -> Any:
    """What an operation gives, by a kernel of one loop."""
    n = len(inputs)
    loads = tuple(("load", i) for i in range(n))
    y = np.empty_like(inputs[0])
    code = (*loads, (operation, *range(n)), ("store", n, n))
    run(native.Kernel(y.dtype.char, y.shape, ((1,),) * (n + 1), code), *inputs, y)
    return y


# Of each function: the truth, and the bounds of what it is tried on.
FUNCTIONS = {
    "exp": (np.exp, 80),
    "tanh": (np.tanh, 30),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), 30),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_right_to_three_units_in_the_last_place(name: str, dtype: Any) -> None:
    function, bound = FUNCTIONS[name]
    small = np.logspace(-30, 0, 1000)
    x = np.concatenate([np.linspace(-bound, bound, 20001), small, -small]).astype(dtype)
    exact = function(x.astype(np.longdouble))
    error = np.abs(done(name, x) - exact) / np.spacing(np.abs(exact).astype(dtype))
    assert error.max() < 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_ends_of_the_range(dtype: Any) -> None:
    x = np.array([-np.inf, -1e30, 0, 1e30, np.inf, np.nan], dtype)
    np.testing.assert_array_equal(done("tanh", x), [-1, -1, 0, 1, 1, np.nan])
    np.testing.assert_allclose(done("sigmoid", x), [0, 0, 0.5, 1, 1, np.nan], atol=1e-37)
    np.testing.assert_array_equal(done("exp", x), [0, 0, 1, np.inf, np.inf, np.nan])
    np.testing.assert_array_equal(done("relu", x), [0, 0, 0, dtype(1e30), np.inf, np.nan])
    nearly = dtype(0.999 * np.log(np.finfo(dtype).max)) * np.array([1, -1], dtype)
    np.testing.assert_allclose(done("exp", nearly), np.exp(nearly), rtol=1e-5)


@given(st.integers(1, 70), st.sampled_from([np.float32, np.float64]))
def test_arithmetic_at_every_length(n: int, dtype: Any) -> None:
    rng = np.random.default_rng(n)
    a, b = rng.normal(size=(2, n)).astype(dtype)
    b[::7], a[::11] = np.nan, b[::11]
    for name in ("add", "subtract", "multiply", "divide", "maximum", "minimum"):
        np.testing.assert_array_equal(done(name, a, b), getattr(np, name)(a, b), name)
    np.testing.assert_array_equal(done("sqrt", abs(a)), np.sqrt(abs(a)))
    np.testing.assert_array_equal(done("abs", a), abs(a))
    np.testing.assert_array_equal(done("negative", a), -a)


@given(st.data())
def test_loops_over_operands_with_any_strides(data: Any) -> None:
    """A column, a row, a number and a transposed matrix meet; one loop may be left over."""
    rows, columns = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 40))
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(columns, rows)).T, rng.normal(size=(rows, 1))
    c, d = rng.normal(size=columns), rng.normal(size=())
    y, z = np.empty((2, rows, columns))
    strides = ((1, rows), (1, 0), (0, 1), (0, 0), (columns, 1), (columns, 1))
    code = (
        *(("load", i) for i in range(4)),
        *(("multiply", 0, 1), ("add", 4, 2), ("store", 4, 5), ("subtract", 5, 3), ("store", 5, 7)),
    )
    run(native.Kernel("d", (rows, columns), strides, code), a, b, c, d, y, z)
    # By one instruction, or by two.
    np.testing.assert_allclose(y, a * b + c, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(z, a * b + c - d, rtol=1e-13, atol=1e-15)


def test_what_only_a_run_reads_is_not_written() -> None:
    """The parts of a sum of products stay in registers; what is returned does not."""

    def f(x: Any, y: Any) -> Any:
        product = x * y
        return product * mg.tanh(product) - y

    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3, 5))
    step = mg.compile(f, fast=True)
    layout = step.plan(x, y)
    replay = Replay(layout, fast=True)
    assert len(replay._calls) == 1
    expected = x * y * np.tanh(x * y) - y
    np.testing.assert_allclose(replay.run([x, y], copy=True)[0], expected, rtol=1e-14)
    arrays = layout.arrays(replay._arena)
    written = [s.kind for s in layout.plan.steps if s.operation and arrays[s].any()]
    assert written == ["subtract"]


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


def test_kernels_that_nobody_needs_any_more_go() -> None:
    x, y = np.ones(2), np.empty(2)
    first = native.Kernel("d", (2,), ((1,), (1,)), (("load", 0), ("plan.copy", 0), ("store", 1, 1)))
    kept = native.compiled(first)
    gone = weakref.ref(native.compiled(dataclasses.replace(first, strides=((0,), (1,)))))
    for n in range(native.compiled.cache_info().maxsize):
        native.compiled(dataclasses.replace(first, sizes=(n + 3,)))
    gc.collect()
    assert gone() is None
    kept(np.array([x.ctypes.data, y.ctypes.data]).ctypes.data_as(ctypes.c_void_p))
    np.testing.assert_array_equal(x, y)
