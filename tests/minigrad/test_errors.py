"""Every error says what was expected, what came, where, and which values it is about.

Those of single operations are in operations/test_errors.py.
"""

import numpy as np
import pytest

import minigrad as mg
from tests import errors
from tests.errors import Case, at_step_3, parameter


def given_back() -> mg.Tensor:
    y = mg.exp(parameter(name="x"))
    y.backward()
    return y


def changed() -> mg.Tensor:
    x = at_step_3(2, name="x")
    y = (x * x).sum()
    x.data[0] = 7
    return y


def wrong_rule() -> mg.Tensor:
    wrong = mg.operation(np.negative, lambda g, y, x: np.ones((5, 4)), name="wrong")
    return wrong(parameter(2, 3, name="x")).sum()


def two_of_one_name() -> mg.Tensor:
    with mg.step(2):
        a = parameter(name="a")
        return (a * 2).named("a") * 3


def flow() -> mg.GradientFlow:
    with mg.step(1):
        x = parameter(name="x")
        c = mg.tensor(2.0, name="c")
        z = (x * c).named("z")
    return mg.gradient_flow(z * 1)


BACKWARD: dict[str, Case] = {
    "backward from an array": (
        lambda: mg.exp(parameter(2)).named("y").backward(),
        ValueError,
        ["backward: expected a scalar, y has shape (2,)", "sum it", "mg.vjp"],
    ),
    "gradients of an array": (
        lambda: mg.gradients(mg.exp(parameter(2)), []),
        ValueError,
        ["gradients: expected a scalar, a result of exp has shape (2,)", "cotangent"],
    ),
    "gradient flow of an array": (
        lambda: mg.gradient_flow(mg.exp(parameter(2))),
        ValueError,
        ["gradient_flow: expected a scalar, a result of exp has shape (2,)", "sum it"],
    ),
    "grad of an array": (
        lambda: mg.grad(lambda x: x)(np.ones(2)),
        ValueError,
        ["grad: expected a scalar from the function, got [(2,)]", "mg.jacobian or mg.vjp"],
    ),
    "grad of a nest": (
        lambda: mg.grad(lambda x: (x, x))(1.0),
        ValueError,
        ["grad: expected a scalar from the function, got [(), ()]"],
    ),
    "backward of a constant": (
        lambda: mg.exp(mg.tensor(1.0)).backward(),
        ValueError,
        ["backward: a constant was computed from nothing that requires a gradient", "no_grad()"],
    ),
    "gradients of a constant": (
        lambda: mg.gradients(mg.tensor(1.0, name="c"), [parameter()]),
        ValueError,
        ["gradients: c was computed from nothing that requires a gradient", "requires_grad=True"],
    ),
    "gradient flow of a constant": (
        lambda: mg.gradient_flow(mg.tensor(1.0, name="J")),
        ValueError,
        [
            "gradient_flow: J was computed from nothing that requires a gradient",
            "requires_grad=True",
        ],
    ),
    "does not reach": (
        lambda: mg.gradients((parameter() * 2).named("y"), [at_step_3(name="z")]),
        ValueError,
        ["gradients: z at step 3 does not reach y", "requires_grad=True"],
    ),
    "backward from a complex number": (
        lambda: (parameter().sum() * 1j).named("y").backward(),
        TypeError,
        ["backward: expected a real output, y is complex128", "complex step"],
    ),
    "inputs that are one tensor": (
        lambda: mg.gradients(parameter() * 2, parameter()),
        TypeError,
        ["gradients: expected a list of tensors", "write [x]"],
    ),
    "inputs that are no tensors": (
        lambda: mg.gradients(parameter() * 2, [np.ones(2)]),
        TypeError,
        ["gradients: expected tensors as inputs, got ndarray"],
    ),
    "backward twice": (
        lambda: given_back().backward(),
        RuntimeError,
        ["the graph behind a result of exp was given back", "backward(keep_graph=True)"],
    ),
    "gradients after backward": (
        lambda: mg.gradients(given_back() * 2, [parameter()]),
        RuntimeError,
        ["the graph behind a result of exp was given back", "compute the output again"],
    ),
    "gradient flow after backward": (
        lambda: mg.gradient_flow(given_back()),
        RuntimeError,
        ["the graph behind a result of exp was given back"],
    ),
    "changed in place": (
        lambda: changed().backward(),
        ValueError,
        ["x at step 3 was changed in place after a result of multiply", "old value", "a copy"],
    ),
    "a rule of the wrong shape": (
        lambda: wrong_rule().backward(),
        ValueError,
        ["expected of the rules", "a cotangent that sums to its shape (2, 3)", "(5, 4)", "mend"],
    ),
}

NAMES: dict[str, Case] = {
    "two values of one name": (
        lambda: mg.gradient_flow(two_of_one_name()),
        ValueError,
        ["two different values are called a at step 2", "step(t)", "scope(name)"],
    ),
    "an unknown name": (
        lambda: flow().adjoint("nobody is called this"),
        KeyError,
        ["no value is called nobody is called this", "known are x, c, z, J"],
    ),
    "an unknown step": (
        lambda: flow().contributions("z", 40),
        KeyError,
        ["no value is called z at step 40", "z has steps 1 to 1; say which"],
    ),
    "an adjoint of a constant": (
        lambda: flow().adjoint("c", 1),
        ValueError,
        ["adjoint: c at step 1 requires no gradient", "requires_grad=True"],
    ),
    "an empty name": (
        lambda: parameter().named(""),
        ValueError,
        ["named: expected a name, got ''"],
    ),
    "a name that is none": (
        lambda: mg.tensor(1.0, name=3),  # type: ignore[arg-type]
        ValueError,
        ["named: expected a name, got 3"],
    ),
    "a scope without a name": (
        lambda: mg.scope("").__enter__(),
        ValueError,
        ["scope: expected a name, got ''"],
    ),
    "a step below zero": (
        lambda: mg.step(-1).__enter__(),
        ValueError,
        ["step: expected a whole number from 0 on, got -1"],
    ),
    "half a step": (
        lambda: mg.step(1.5).__enter__(),  # type: ignore[arg-type]
        ValueError,
        ["step: expected a whole number from 0 on, got 1.5"],
    ),
}

KINDS: dict[str, Case] = {
    "whole numbers with a gradient": (
        lambda: mg.tensor([1, 2], requires_grad=True, name="n"),
        TypeError,
        ["tensor: expected a real floating-point dtype for n", "got int64", "1.0 for 1"],
    ),
    "complex numbers with a gradient": (
        lambda: mg.tensor([1j], requires_grad=True),
        TypeError,
        ["tensor: expected a real floating-point dtype", "complex128"],
    ),
    "two precisions": (
        lambda: parameter(2, name="W") * at_step_3(2, name="x").astype(np.float32).named("x32"),
        TypeError,
        ["multiply: expected one precision, got float64 (W) and float32 (x32)", "astype"],
    ),
    "an array of another precision": (
        lambda: parameter(2, dtype=np.float32) + np.ones(2),
        TypeError,
        ["add: expected one precision, got float32 (an unnamed tensor) and float64 (a constant)"],
    ),
    "whole numbers among float32": (
        lambda: parameter(2, dtype=np.float32) + np.array([1, 2]),
        TypeError,
        ["add: expected one precision, got float32", "int64"],
    ),
    "text": (lambda: mg.tensor("1.0"), TypeError, ["tensor: expected numbers", "str: '1.0'"]),
    "nothing": (lambda: mg.tanh(None), TypeError, ["tanh: expected numbers", "NoneType: None"]),
    "ragged rows": (
        lambda: mg.tensor([[1.0, 2.0], [3.0]]),
        ValueError,
        ["tensor: expected numbers in rows of equal length"],
    ),
    "ragged rows in an operation": (
        lambda: mg.exp([[1.0, 2.0], [3.0]]),
        ValueError,
        ["exp: expected numbers in rows of equal length"],
    ),
    "a ragged nest of tensors": (
        lambda: mg.sum([[parameter(), parameter()], [parameter()]]),
        ValueError,
        ["stack: expected equal shapes, got"],
    ),
    "a masked array": (
        lambda: parameter() * np.ma.masked_array([1.0, 2.0], [True, False]),
        TypeError,
        ["multiply: expected an array, got a MaskedArray", "x.filled"],
    ),
    "a matrix": (
        lambda: parameter() @ np.eye(2).view(np.matrix),
        TypeError,
        ["matmul: expected an array, got a matrix", "np.asarray(x)"],
    ),
    "a function that gives what depends on nothing": (
        lambda: mg.grad(lambda x: mg.tensor(3.0))(1.0),
        ValueError,
        ["grad: expected <lambda> to give a value that depends on argument 0", "allow_unused"],
    ),
    "too many inputs": (
        lambda: mg.tanh(parameter(), parameter()),
        TypeError,
        ["tanh: expected 1 tensors", "got Tensor, Tensor"],
    ),
    "too few inputs": (
        lambda: mg.softmax_cross_entropy(parameter()),
        TypeError,
        ["softmax_cross_entropy: expected 2 tensors, axis", "got Tensor"],
    ),
    "an unknown parameter": (
        lambda: mg.sum(parameter(), axes=0),
        TypeError,
        ["sum: expected 1 tensors, axis, keepdims", "axes="],
    ),
    "no sequence": (
        lambda: mg.concatenate(parameter(2)),
        TypeError,
        ["concatenate: expected a sequence of tensors"],
    ),
    "an empty sequence": (
        lambda: mg.stack([]),
        TypeError,
        ["stack: expected a sequence of tensors"],
    ),
    "data of a result": (
        lambda: setattr(mg.exp(parameter()), "data", 1.0),
        ValueError,
        ["data of a result of exp: it was computed", "x.detach()"],
    ),
    "an operation of a name that is taken": (
        lambda: mg.operation(np.tanh, None),
        ValueError,
        ["operation: expected a new name, got 'tanh'"],
    ),
    "a NumPy function without a rule": (
        lambda: np.unwrap(parameter(2)),
        TypeError,
        [
            "numpy.unwrap: expected a function that minigrad can differentiate",
            "minigrad.operation",
        ],
    ),
    "a ufunc without a rule": (
        lambda: np.spacing(parameter(2)),
        TypeError,
        ["numpy.spacing: expected", "x.data", "docs/numpy.md"],
    ),
    "a ufunc's method": (
        lambda: np.add.reduceat(parameter(2), [0]),
        TypeError,
        ["numpy.add.reduceat: expected"],
    ),
    "out=": (
        lambda: np.add(parameter(2), 1.0, out=np.ones(2)),
        TypeError,
        ["np.add: expected no out=", "use the result"],
    ),
    "an argument of whole numbers": (
        lambda: mg.grad(lambda n: n * 2.0)(3),
        TypeError,
        ["grad: expected real floating-point arguments, got int64: 3", "argnums"],
    ),
    "argnums": (
        lambda: mg.grad(lambda x: x, argnums=(0, 2))(1.0),
        ValueError,
        ["argnums: expected positions of the 1 arguments given, got (0, 2)"],
    ),
    "a function that gives no tensor": (
        lambda: mg.grad(lambda x: x.item())(1.0),
        TypeError,
        ["expected it to give tensors, got float", "minigrad's or NumPy's functions"],
    ),
    "nothing to check": (
        lambda: mg.check_gradients(lambda n: mg.exp(1.0 * n), 3),
        TypeError,
        ["check_gradients: expected an argument of real floating-point numbers"],
    ),
}

CASES = BACKWARD | NAMES | KINDS


@pytest.mark.parametrize("name", CASES)
def test_error(name: str) -> None:
    errors.check(CASES[name])
