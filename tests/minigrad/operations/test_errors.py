"""Values that do not fit an operation: the error names it, them and their shapes."""

import numpy as np
import pytest

import minigrad as mg
from tests import errors
from tests.errors import Case, at_step_3, parameter

CASES: dict[str, Case] = {
    "matmul": (
        lambda: at_step_3(2, 3, name="W_fa") @ parameter(2, 3, name="a"),
        ValueError,
        ["matmul: expected (m, k) and (k, n), got W_fa at step 3 (2, 3), a (2, 3)", "transpose"],
    ),
    "matmul with a vector": (
        lambda: parameter(2, 3, name="W") @ parameter(2, name="v"),
        ValueError,
        ["matmul: expected", "got W (2, 3), v (2,)"],
    ),
    "matmul with a transpose": (
        lambda: parameter(2, 3, name="W_fa").T @ at_step_3(3, 1, name="a"),
        ValueError,
        ["got a result of transpose of W_fa (3, 2), a at step 3 (3, 1)"],
    ),
    "matmul with a number": (
        lambda: parameter(2, 3, name="W") @ 2.0,
        ValueError,
        ["matmul: expected", "got W (2, 3), a constant ()"],
    ),
    "add": (
        lambda: mg.tanh(parameter(2, 3)) + parameter(2, name="b"),
        ValueError,
        ["add: expected shapes that broadcast together, got a result of tanh (2, 3), b (2,)"],
    ),
    "where": (
        lambda: mg.where(np.ones(3, bool), parameter(2, name="a"), 0.0),
        ValueError,
        ["where: expected", "a constant (3,), a (2,), a constant ()"],
    ),
    "concatenate": (
        lambda: mg.concatenate([parameter(2, 3, name="u"), parameter(3, 2, name="v")]),
        ValueError,
        ["concatenate: expected shapes that agree but for the axis, got u (2, 3), v (3, 2)"],
    ),
    "stack": (
        lambda: mg.stack([parameter(2, 3, name="u"), parameter(3, 2, name="v")], axis=1),
        ValueError,
        ["stack: expected equal shapes, got u (2, 3), v (3, 2), axis=1"],
    ),
    "reshape": (
        lambda: parameter(2, 3, name="x").reshape(4, 2),
        ValueError,
        ["reshape: expected a shape of the same size, got x (2, 3), shape=(4, 2)"],
    ),
    "transpose": (
        lambda: parameter(2, 3, name="x").transpose(0, 2),
        ValueError,
        ["transpose: expected a permutation of the axes, got x (2, 3), axes=(0, 2)"],
    ),
    "broadcast_to": (
        lambda: mg.broadcast_to(parameter(2, 3, name="x"), (2, 4)),
        ValueError,
        ["broadcast_to: expected a shape that the value broadcasts to, got x (2, 3), shape=(2, 4)"],
    ),
    "axis": (
        lambda: parameter(2, name="x").mean(axis=1),
        ValueError,
        ["mean: expected an axis of the value, got x (2,), axis=1"],
    ),
    "index": (
        lambda: parameter(2, name="x")[5],
        IndexError,
        ["getitem: expected an index into the value, got x (2,), index=5", "out of bounds"],
    ),
    "labels of another shape": (
        lambda: mg.softmax_cross_entropy(parameter(3, 2, name="z"), mg.tensor(np.ones((3, 1)))),
        ValueError,
        [
            "softmax_cross_entropy: expected logits and labels",
            "z (3, 2), a constant (3, 1), axis=0",
        ],
    ),
    "labels out of range": (
        lambda: mg.softmax_cross_entropy(parameter(3, 2, name="z"), [0, 3]),
        ValueError,
        ["softmax_cross_entropy: expected", "integer labels from 0 to 2, got 0 to 3"],
    ),
    "labels below zero": (
        lambda: mg.softmax_cross_entropy(parameter(3, 2, name="z"), [-1, 2]),
        ValueError,
        ["integer labels from 0 to 2, got -1 to 2"],
    ),
    "mT": (
        lambda: parameter(2, name="x").mT,
        ValueError,
        ["mT: expected two axes or more", "x has (2,)"],
    ),
    "item": (
        lambda: parameter(2, name="x").item(),
        ValueError,
        ["item: expected one number, x has shape (2,)", "index it"],
    ),
    "float": (
        lambda: float(at_step_3(2, name="x").detach().named("x")),
        ValueError,
        ["expected one number, x has shape (2,)"],
    ),
    "np.dot": (
        lambda: np.dot(parameter(2, 3), np.ones((4, 2, 3))),
        ValueError,
        ["np.tensordot: expected axes of equal lengths, got (2, 3) and (4, 2, 3) along (1,), (1,)"],
    ),
    "np.einsum": (
        lambda: np.einsum("ij,jk", parameter(2, 3, name="W"), parameter(2, 3, name="x")),
        ValueError,
        ["einsum: expected lengths of axes that agree where their letters do, got W (2, 3), x"],
    ),
    "data of another shape": (
        lambda: setattr(parameter(2, name="x"), "data", np.ones(3)),
        ValueError,
        ["data of x: expected shape (2,), got (3,)", "make a new tensor"],
    ),
    "cotangent": (
        lambda: mg.gradients((x := parameter(2, name="x")) * 2, [x], cotangent=np.ones((3, 2))),
        ValueError,
        [
            "gradients: expected a cotangent of float64 (2,) for a result of multiply of x, got",
            "(3, 2)",
        ],
    ),
    "cotangent of another precision": (
        lambda: mg.gradients(
            (x := parameter()) * 2, [x], cotangent=mg.tensor(1.0, dtype=np.float32)
        ),
        ValueError,
        ["gradients: expected a cotangent of float64 ()", "got float32 ()"],
    ),
    "cotangent of vjp": (
        lambda: mg.vjp(lambda x: {"y": x, "z": x}, np.ones(2))[1]({"y": np.ones(2)}),
        ValueError,
        ["vjp: expected the nesting and shapes {'y': (2,), 'z': (2,)}, got {'y': (2,)}"],
    ),
    "tangent": (
        lambda: mg.jvp(lambda p: p["a"], ({"a": np.ones(2)},), ({"b": np.ones(2)},)),
        ValueError,
        ["jvp: expected the nesting and shapes ({'a': (2,)},), got ({'b': (2,)},)"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_error(name: str) -> None:
    errors.check(CASES[name])
