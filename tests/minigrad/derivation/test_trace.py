"""A line's expression, recorded and run again, gives what the line gives."""

import numpy as np
import pytest

from minigrad import adjoint, value
from minigrad.derivation.derivation import Line
from minigrad.derivation.trace import expression_of

GIVEN = {"a": np.arange(6.0).reshape(2, 3) + 1, "b": np.arange(6.0).reshape(3, 2) - 2.5}


def in_place(a, b):
    out = np.zeros((2, 2))
    for i in range(2):
        out[i] = a[i] @ b
    return out


def augmented(a, b):
    c = a.T
    c = c * 1
    c += b
    return c


def branching(a, b):
    return a if a.sum() > b.sum() else b


def scattered(a, b):
    out = np.zeros((4, 3))
    np.add.at(out, [0, 0, 3], b[:, :1] * a.T[:, 0])
    np.subtract.at(out, 2, a[0].real)
    return out


RECORDED = [
    lambda a, b: a @ b,
    lambda a, b: 1 - np.tanh(a) ** 2 + b.T / 2,
    lambda a, b: a.sum(axis=0, keepdims=True) * np.sum(b),
    lambda a, b: np.stack([x @ (np.diag(y) - np.outer(y, y)) for x, y in zip(a, b.T, strict=True)]),
    lambda a, b: np.einsum("ij,jk->ki", a, b)[:, 1:],
    lambda a, b: np.concatenate([a, b.T], axis=0).reshape(-1, 2).mean(axis=1),
    lambda a, b: np.add.reduce(a * len(b) + a.shape[0] * np.ndim(b), axis=1),
    lambda a, b: sum(x for x in a) * np.float64(2),
    lambda a, b: np.where(a > 2, a, -a).mT.copy(),
    augmented,
    in_place,
    scattered,
    branching,
]


def line(function):
    return Line("1", adjoint("J"), function, {"a": value("a"), "b": value("b")})


def is_one_step(expression):
    """Whether it was not recorded: the step calls the whole line."""
    return "opaque" in getattr(expression.nodes[expression.result].function, "__qualname__", "")


@pytest.mark.parametrize("function", RECORDED)
def test_an_expression_is_recorded_and_gives_the_same(function):
    expression = expression_of(line(function), GIVEN)
    assert not is_one_step(expression)
    np.testing.assert_array_equal(expression.run(GIVEN), function(**GIVEN))


def test_what_can_not_be_recorded_is_one_step():
    def function(a, b):
        return float(a.sum())

    expression = expression_of(line(function), GIVEN)
    assert is_one_step(expression)
    assert len(expression.nodes) == 3
    np.testing.assert_array_equal(expression.run(GIVEN), function(**GIVEN))


def test_a_line_that_raises_has_an_expression_that_can_be_mended():
    expression = expression_of(line(lambda a, b: a @ b.T), GIVEN)
    with pytest.raises(ValueError, match="matmul"):
        expression.run(GIVEN)
    [transposed] = [i for i, node in enumerate(expression.nodes) if node.function is np.transpose]
    mended = expression.run(GIVEN, {(transposed, None): lambda x: x.T})
    np.testing.assert_array_equal(mended, GIVEN["a"] @ GIVEN["b"])


def test_one_use_of_a_value_is_changed_alone():
    expression = expression_of(line(lambda a, b: a * (1 - a)), GIVEN)
    site = next(
        (j, (i, k))
        for i, node in enumerate(expression.nodes)
        for k, j in enumerate(node.inputs)
        if node.function is np.subtract and k == 1
    )
    changed = expression.run(GIVEN, {site: lambda x: 2 * x})
    np.testing.assert_array_equal(changed, GIVEN["a"] * (1 - 2 * GIVEN["a"]))
