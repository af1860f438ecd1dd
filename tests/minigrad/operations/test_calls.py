"""NumPy's functions on tensors: NumPy's values, and derivatives that the complex step agrees to."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.protocol import NUMPY
from tests import derivatives
from tests.minigrad.operations.calls import NOT_CALLED, Call, all_calls, leaves

CASES = [
    (f"{room}-{getattr(function, '__name__', function)}-{i}", function, case)
    for room, function, calls in all_calls()
    for i, case in enumerate(calls)
]
each_case = pytest.mark.parametrize(
    ("function", "case"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)


@each_case
def test_value(function: Any, case: Call) -> None:
    got, expected = leaves(case.of(function, mg.tensor)), leaves(case.of(function, np.array))
    assert any(isinstance(y, mg.Tensor) for y in got) != case.plain
    for y, e in zip(got, expected, strict=True):
        np.testing.assert_allclose(
            y.data if isinstance(y, mg.Tensor) else y, e, rtol=1e-12, atol=1e-14
        )
        assert np.shape(y) == np.shape(e)


@each_case
def test_derivatives(function: Any, case: Call) -> None:
    def f(*xs: Any) -> Any:
        given = iter(xs)
        y = sum_of(case.of(function, lambda _: next(given)))
        # What is looked at alone, as the shape in np.full_like, has the gradient 0.
        return y if has_nan else y + 0 * sum(x.sum() for x in xs)

    has_nan = any(np.isnan(x).any() for x in case.arrays())
    if any(isinstance(y, mg.Tensor) for y in leaves(case.of(function, mg.tensor))):
        derivatives.check(f, *case.arrays(), analytic=not case.kinked)


def sum_of(y: Any) -> Any:
    """One tensor that depends on all that a function gives."""
    parts = [v.reshape(-1) for v in leaves(y) if isinstance(v, mg.Tensor)]
    return parts[0] if len(parts) == 1 else mg.concatenate(parts)


@each_case
def test_float32(function: Any, case: Call) -> None:
    got = leaves(case.of(function, lambda x: mg.tensor(x, dtype=np.float32)))
    assert {y.dtype for y in got if isinstance(y, mg.Tensor)} <= {np.dtype(np.float32)}


def test_every_function_is_tested() -> None:
    called = {function for _, function, _ in all_calls()}
    methods = {(f.__self__, f.__name__) for f in called if hasattr(f, "__self__")}
    of_one_kind = "reduce", "accumulate", "outer"  # of most ufuncs they are made in one way
    assert [
        f
        for f in NUMPY
        if f not in called | methods | NOT_CALLED and not (type(f) is tuple and f[1] in of_one_kind)
    ] == []
