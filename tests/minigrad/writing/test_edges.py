"""Programs at the edge of what there is: no axes, no elements, equal numbers, odd names."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.tensor import OPERATIONS
from tests.minigrad.writing.source.test_module import given_and_wanted

RNG = np.random.default_rng(0)
COLUMN_OF_ALL = np.where(np.tri(3) > 0, 0, -np.inf)


def leaf(name: str, *shape: int) -> mg.Tensor:
    return mg.tensor(RNG.normal(size=shape), requires_grad=True, name=name)


def numbers(*given: Any) -> mg.Tensor:
    """Whole numbers that nobody has named."""
    return mg.tensor(np.array(given[0] if len(given) == 1 else given))


def entropy(z: mg.Tensor, *classes: int) -> mg.Tensor:
    return mg.softmax_cross_entropy(z, numbers(*classes)).sum()


def squares(x: mg.Tensor) -> mg.Tensor:
    return (x**2).sum()


def picked(matrix: mg.Tensor) -> mg.Tensor:
    put = OPERATIONS["put_at"](matrix[0], mg.tensor(np.array([2, 0, 2]), name="i"), n=4)
    return squares(np.sin(put) + matrix[0])


PROGRAMS: dict[str, Callable[[], Any]] = {
    "equal words": lambda: squares(leaf("E", 3, 2)[numbers(0, 0)]),
    "one word": lambda: squares(leaf("E", 3, 2)[numbers(1)]),
    "words along the last axis": lambda: squares(np.take(leaf("E", 3, 2), numbers(1, 1), axis=-1)),
    "equal classes": lambda: entropy(leaf("z", 3, 2), 1, 1),
    "one class": lambda: entropy(leaf("z", 3), 2),
    "one class of one": lambda: mg.softmax_cross_entropy(leaf("z"), leaf("y")),
    "put among zeros": lambda: picked(leaf("A", 2, 3)),
    "column beside its matrix": lambda: squares(
        (A := leaf("A", 2, 2, 1)) + np.take(A, mg.tensor(np.array(0), name="i"), axis=-1)
    ),
    "all in one row": lambda: squares(
        np.concatenate([leaf("A", 2, 3), leaf("b", 4)], axis=None).named("c")
    ),
    "softmax of logs, of a number": lambda: mg.exp((s := leaf("s")) - mg.logsumexp(s)) * s,
    "softmax along the last axis": lambda: squares(mg.softmax(leaf("v", 4), axis=-1)),
    "a row's softmax": lambda: squares(mg.softmax(leaf("v", 4).reshape(1, 4), axis=-1)),
    "sigmoid of one": lambda: mg.sigmoid((s := leaf("s")) ** 0) * s,
    "softplus of one": lambda: mg.softplus((s := leaf("s")) ** 0) * s**2,
    "a matrix of one beside another": lambda: squares(
        np.exp(leaf("b", 1, 1).reshape(())) * leaf("A", 2, 3) + leaf("c", 1, 1).reshape(())
    ),
    "repeated vector": lambda: squares(
        np.broadcast_to(leaf("v", 3).sum(keepdims=True).named("w"), (3,)).named("z")
    ),
    "an element of one, of another type": lambda: leaf("s").reshape(1)[0].astype(float),
    "no rows": lambda: (leaf("b", 0, 1) + leaf("X", 0, 3)).sum() + squares(leaf("c", 2)),
    "constant without elements": lambda: (
        (np.empty((0, 3)) * leaf("b", 1, 3) + leaf("X", 0, 3)).sum() + squares(leaf("c", 2))
    ),
    "no words": lambda: squares(leaf("E", 3, 2)[mg.tensor(np.empty(0, int))]) + leaf("s"),
    "mask of infinities": lambda: squares(mg.softmax(leaf("A", 3, 3) + COLUMN_OF_ALL, axis=1)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_lines_hold_and_are_printed_and_run(name: str) -> None:
    flow = mg.gradient_flow(PROGRAMS[name]())
    for layout in ("numerator", "gradient"):
        derivation = mg.derive(flow, layout=layout)
        assert derivation.check(flow).ok, str(derivation.check(flow))
        assert derivation.text()
        assert derivation.latex()
    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    given, wanted = given_and_wanted(derivation)
    J, found = namespace["gradients"](**given)
    np.testing.assert_allclose(J, flow.J.data, rtol=1e-13)
    for argument, expected in wanted.items():
        np.testing.assert_allclose(found[argument], expected, rtol=1e-12, atol=1e-14)


def test_equal_words_are_words_and_no_number() -> None:
    flow = mg.gradient_flow(PROGRAMS["equal words"]())
    assert str(mg.derive(flow, layout="gradient").lines[0]).endswith("scatter[indices](E[indices])")


NAMES = ["a" * 100, "W<sub>1</sub>" * 10, "x'" * 40, "π" * 101, "<" * 40, '"""' * 30, "two\nlines"]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_gives_a_program(name: str) -> None:
    W = mg.tensor(np.ones((3, 2)), requires_grad=True, name=name)
    z = mg.tanh(W @ mg.tensor(np.ones((2, 1)), name="x")).named("z")
    derivation = mg.derive(mg.gradient_flow(mg.sum(z)))
    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    given, _ = given_and_wanted(derivation)
    _, found = namespace["gradients"](**given)
    expected = np.full((3, 2), 1 - np.tanh(2) ** 2)
    [gradient] = [g for key, g in found.items() if key != "x"]
    np.testing.assert_allclose(gradient, expected, rtol=1e-13)
