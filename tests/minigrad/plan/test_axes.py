"""Passes heed the parameters of a step: the same function on plain arrays is the truth."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.plan.simplify import drop_identities
from minigrad.plan.trace import trace
from minigrad.tensor import OPERATIONS

rng = np.random.default_rng(0)
A, B, C = rng.normal(size=(3, 3, 3))
SLAB = rng.normal(size=(3, 2, 4))

TRANSPOSES: list[Callable[..., Any]] = [
    lambda a, b: np.moveaxis(a @ b, -1, -1),
    lambda a, b: np.moveaxis(a @ b, 0, -1),
    lambda a, b: np.swapaxes(a @ b, 0, 0),
    lambda a, b: (a @ b).transpose(0, 1),
    lambda a, b: (a @ b).transpose(-1, -2),
    lambda a, b: (a.transpose(0, 1) @ b).T,
    lambda a, b: (a.T @ b.transpose(0, -1)).T,
    lambda a, b: np.swapaxes(a, 0, 0) @ b + (b.transpose(0, 1) @ a).T,
]


@pytest.mark.parametrize("f", TRANSPOSES)
def test_a_transpose_may_leave_the_axes_where_they_are(f: Callable[..., Any]) -> None:
    np.testing.assert_allclose(mg.compile(f)(A, B), f(A, B), rtol=1e-13)
    gradient = mg.compile(mg.grad(lambda a, b, c: (f(a, b) * c).sum()))(A, B, C)
    # f is linear in its first argument, so that this is its derivative along any direction.
    for direction in rng.normal(size=(3, 3, 3)):
        assert np.sum(gradient * direction) == pytest.approx(np.sum(f(direction, B) * C))


def test_a_product_that_is_no_square_is_not_turned() -> None:
    f = mg.compile(lambda a, b: np.moveaxis(a @ b, -1, -1) + (a @ b).transpose(0, 1))
    np.testing.assert_allclose(f(A[:2], B), 2 * A[:2] @ B, rtol=1e-13)


def test_transposes_that_change_nothing_are_left_out() -> None:
    def f(x: Any) -> Any:
        return x.transpose(0, -2, 2).transpose(1, 2, 0).transpose(2, 0, 1) * 2

    plan = trace(f, (SLAB,), {})[0]
    assert [step.kind for step in drop_identities(plan).steps if step.inputs] == ["multiply"]


def softmax(x: Any, axis: Any) -> Any:
    e = np.exp(x)
    return e / e.sum(axis=axis, keepdims=True)


ALONG = [(x, axis) for x in (SLAB, SLAB[0]) for axis in (None, 0, -1, (0, -1), (1,))]


@pytest.mark.parametrize("x, axis", [*ALONG, *((SLAB[0, 0, 0], axis) for axis in (None, 0, -1))])
def test_the_softmax_family_along_any_axes(x: Any, axis: Any) -> None:
    def rounds(f: Callable[..., Any]) -> Callable[[Any], Any]:
        return lambda x: mg.stack([f(x * k, axis=axis) * mg.exp(x) for k in (1, -1, 2)])

    p, *others = (softmax(x * k, axis if x.ndim else ()) for k in (1, -1, 2))
    for f, of in ((mg.softmax, lambda p: p), (mg.log_softmax, np.log)):
        once = mg.compile(lambda x, f=f: f(x, axis=axis))
        np.testing.assert_allclose(once(x), of(p), rtol=1e-12, atol=1e-14)
        expected = [of(q) * np.exp(x) for q in (p, *others)]
        np.testing.assert_allclose(mg.compile(rounds(f))(x), expected, rtol=1e-12, atol=1e-14)
    loss = mg.compile(lambda z: mg.softmax_cross_entropy(z, others[0], axis=axis).sum())
    assert loss(x) == pytest.approx(-np.sum(others[0] * np.log(p)), abs=1e-14)


def concatenated(x: Any) -> Any:
    return [np.concatenate([x[i], x[i] * 2], axis=None).sum() for i in range(3)]


def reduced_numbers(x: Any) -> Any:
    return [np.sum(x[i, 0, 0] * 2, axis=-1) + x[0, 0, 0] for i in range(3)]


def advanced(x: Any) -> Any:
    return [(x[i][0, :, True] * 2)[0] for i in range(3)]


def kinds_of_numbers(x: Any) -> Any:
    """The first state is of whole numbers, and its cube is too large for their dtype."""
    state, found = np.full((2, 4), 200, np.int16) * (x[0] < 9), []
    for i in range(3):
        found.append(state * state * state * 0.5)
        state = x[i]
    return found


def products_of_numbers(x: Any) -> Any:
    whole = np.arange(6).reshape(3, 2) * (x[0, 0, 0] < 9)
    return [(whole @ x[0] + whole @ x[1] + (whole + 0.5) @ x[2]).T, (x[0].T @ whole.T).T]


def conditions(x: Any) -> Any:
    positive = x > 0
    return [np.stack([positive[0], positive[1], positive[2] == (x[0] > 1), x[1] < 2]).sum()]


@pytest.mark.parametrize(
    "f",
    [
        *(concatenated, reduced_numbers, advanced),
        *(kinds_of_numbers, products_of_numbers, conditions),
    ],
)
def test_rounds_that_look_alike_and_are_not(f: Callable[..., Any]) -> None:
    with np.errstate(over="ignore"):
        truth = f(SLAB)
    for got, expected in zip(mg.compile(f)(SLAB), truth, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13)
        assert np.asarray(got).dtype == np.asarray(expected).dtype


@pytest.mark.parametrize("name", ["copy", "contract", "contiguous", "one_hot"])
def test_an_operation_may_have_the_name_of_one_that_plans_add(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(OPERATIONS, name, raising=False)
    cube = mg.operation(lambda x: x**3, lambda g, y, x: 3 * g * x**2, name=name)
    try:
        f = mg.compile(mg.value_and_grad(lambda x: sum(cube(x[i] * 2).sum() for i in range(3))))
        value, gradient = f(SLAB)
        assert value == pytest.approx(8 * np.sum(SLAB**3))
        np.testing.assert_allclose(gradient, 24 * SLAB**2)
    finally:
        del OPERATIONS[name]


def test_a_ufunc_of_whole_vectors_is_not_taken_for_one_of_elements() -> None:
    dot = mg.operation(np.vecdot, lambda g, y, a, b: g[..., None] * b, None, name="vecdot")
    try:
        f = mg.compile(lambda x, v: mg.stack([dot(x[i] + 1, v[i] * 2) for i in range(3)]))
        v = rng.normal(size=(3, 4))
        np.testing.assert_allclose(f(SLAB, v), np.einsum("tij,tj->ti", SLAB + 1, 2 * v))
    finally:
        del OPERATIONS["vecdot"]
