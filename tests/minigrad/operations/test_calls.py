"""NumPy's functions on tensors: NumPy's values, and derivatives that the complex step agrees to."""

import importlib
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.operations import catalogue
from tests import derivatives
from tests.minigrad.operations.calls import Call


def _calls() -> list[tuple[str, Any, Call]]:
    found = []
    for room in catalogue.ROOMS:
        table = importlib.import_module(f"tests.minigrad.operations.{room}_calls").CALLS
        for function, calls in table.items():
            name = getattr(function, "__name__", str(function))
            found += [(f"{room}-{name}-{i}", function, c) for i, c in enumerate(calls)]
    return found


CASES = _calls()
each_case = pytest.mark.parametrize(
    ("function", "case"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)


def leaves(y: Any) -> list[Any]:
    """What a function gives, one value or several, as a list."""
    return [v for part in y for v in leaves(part)] if isinstance(y, list | tuple) else [y]


@each_case
def test_value(function: Any, case: Call) -> None:
    got, expected = leaves(case.of(function, mg.tensor)), leaves(case.of(function, np.array))
    for y, e in zip(got, expected, strict=True):
        assert isinstance(y, mg.Tensor) == (np.asarray(e).dtype.kind == "f"), type(y)
        np.testing.assert_allclose(
            y.data if isinstance(y, mg.Tensor) else y, e, rtol=1e-12, atol=1e-14
        )
        assert np.shape(y) == np.shape(e)


@each_case
def test_derivatives(function: Any, case: Call) -> None:
    def f(*xs: Any) -> Any:
        given = iter(xs)
        return sum_of(case.of(function, lambda _: next(given)))

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
