from enum import Enum
from functools import partial
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.plan.signature import Signature


class Kind(Enum):
    SUM = 1
    MEAN = 2


class Holder:
    """An object that may change, and is equal to any other."""

    k = 2.0

    def __eq__(self, other: object) -> bool:
        return True


def test_numbers_that_python_takes_for_equal_have_plans_of_their_own() -> None:
    numbers = [0.0, -0.0, 0, False, 0j, -0j, np.float64(0.0), np.float64(-0.0), np.int64(0)]
    assert len({Signature(x).key for x in numbers}) == len(numbers)
    assert len({Signature({x: 1}).key for x in (1, True, 1.0)}) == 3
    assert len({Signature(slice(x)).key for x in (1, True)}) == 2
    assert Signature(float("nan"), 1j * float("nan")).key == Signature(np.nan, 1j * np.nan).key


def test_nests_that_differ_in_anything_but_the_content_of_arrays_have_plans_of_their_own() -> None:
    x = np.ones(2)
    nests: list[Any] = [x, [x], (x,), [x, x], [[x], x], [[x, x]], {"a": x}, {"b": x}, {0: x}]
    assert len({Signature(nest).key for nest in nests}) == len(nests)
    assert Signature({"a": [x]}).key == Signature({"a": [3 * x]}).key
    assert Signature({"a": [x]}).key == Signature({"a": [mg.tensor(x)]}).key


@pytest.mark.parametrize("scale", [2.0, "twice", None, Kind.SUM, np.tanh, mg.tanh, len, slice(2)])
def test_what_can_not_change_may_be_an_argument(scale: Any) -> None:
    def f(scale: Any, x: Any) -> Any:
        return x * (2 if scale is Kind.SUM or scale == "twice" else 3)

    got = mg.compile(f)(scale, np.ones(2))
    np.testing.assert_array_equal(got, f(scale, np.ones(2)))


@pytest.mark.parametrize(
    "given",
    [Holder(), {1, 2}, [Holder()], {"m": (1, Holder())}, partial(np.tanh)],
)
def test_what_may_change_unseen_is_refused(given: Any) -> None:
    with pytest.raises(TypeError, match=r"compile: expected arrays, .* got (Holder|set|partial)"):
        mg.compile(lambda given, x: x)(given, np.ones(2))


@pytest.mark.parametrize(
    "given", [np.array([None]), np.array(["a"]), np.ma.masked_array([1.0, 2.0], [True, False])]
)
def test_arrays_that_the_eager_engine_refuses_are_refused(given: Any) -> None:
    for f in (mg.tensor, mg.compile(lambda x: x)):
        with pytest.raises(TypeError, match=r"expected (numbers|an array)"):
            f(given)


def test_a_view_of_a_file_is_an_array(tmp_path: Any) -> None:
    x = np.memmap(tmp_path / "x", float, "w+", shape=(3,))
    x[:] = [1, 2, 3]
    assert mg.compile(lambda x: 2 * x)(x).tolist() == [2, 4, 6]
