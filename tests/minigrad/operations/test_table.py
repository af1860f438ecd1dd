"""Every record of the table: derivatives to order two, precision, and how it is typeset."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad as mg
from minigrad.operations import catalogue  # noqa: F401 - makes the table whole
from minigrad.tensor import OPERATIONS
from tests import derivatives

NAMES = sorted(name for name, op in OPERATIONS.items() if op.differentiable)
# These drop imaginary parts, or refuse them.
NOT_ANALYTIC = {"astype", "pinv", "eigvalsh", "eigenvectors", "svdvals", "singular_vectors"}
GRID = 400  # values are drawn from so many points, at least this far from each other and from kinks


def distinct(draw: Any, shapes: list[tuple[int, ...]], domain: Any) -> list[np.ndarray]:
    """Arrays of values of the domain: none is zero and no two are equal, so none is at a kink."""
    low, high = domain
    sizes = [int(np.prod(shape)) for shape in shapes]
    points = draw(hnp.arrays(int, sum(sizes), elements=st.integers(0, GRID - 1), unique=True))
    values = low + (high - low) * (2 * points + 1) / (2 * GRID)
    pieces = np.split(values, np.cumsum(sizes)[:-1])
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes, strict=True)]


@st.composite
def uses(draw: Any, op: mg.Operation) -> tuple[list[np.ndarray], dict[str, Any]]:
    """Inputs and parameters of an operation: of shapes that broadcast, or like its own examples."""
    parameters: dict[str, Any] = {}
    if op.shapes == "shapes that broadcast together":
        fitting = hnp.mutually_broadcastable_shapes(num_shapes=op.arity, min_side=0, max_dims=3)
        inputs: list[Any] = list(draw(fitting).input_shapes)
        for i, rule in enumerate(op.vjps):
            if rule is None and op.differentiable:
                inputs[i] = draw(hnp.arrays(bool, inputs[i]))
    else:
        inputs = list(draw(st.sampled_from(op.examples)))
        if isinstance(inputs[-1], dict):
            parameters = inputs.pop()
        if all(isinstance(x, tuple) for x in inputs) and not {"index", "shape"} & {*parameters}:
            sizes = {n: draw(st.integers(1, 5)) for x in inputs for n in x if n > 1}
            inputs = [tuple(sizes.get(n, n) for n in x) for x in inputs]
    shapes = [x for x in inputs if isinstance(x, tuple)]
    values = iter(distinct(draw, shapes, op.domain) if shapes else [])
    return [next(values) if isinstance(x, tuple) else x for x in inputs], parameters


def apply(op: mg.Operation, inputs: Any, parameters: dict[str, Any]) -> mg.Tensor:
    return op(*inputs, **parameters) if op.arity else op(list(inputs), **parameters)


def check_derivatives(op: mg.Operation, inputs: list[np.ndarray], parameters: Any) -> None:
    free = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

    def f(*xs: Any) -> mg.Tensor:
        given = dict(zip(free, xs, strict=True))
        return apply(op, [given.get(i, x) for i, x in enumerate(inputs)], parameters)

    derivatives.check(f, *(inputs[i] for i in free), analytic=op.name not in NOT_ANALYTIC)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_derivatives_to_order_two(name: str, data: Any) -> None:
    check_derivatives(OPERATIONS[name], *data.draw(uses(OPERATIONS[name])))


@pytest.mark.parametrize("name", [name for name in NAMES if name != "astype"])
@given(data=st.data())
@settings(max_examples=5)
def test_float32_stays_float32(name: str, data: Any) -> None:
    op = OPERATIONS[name]
    inputs, parameters = data.draw(uses(op))
    inputs = [x.astype(np.float32) if x.dtype.kind == "f" else x for x in inputs]
    free = [i for i, x in enumerate(inputs) if x.dtype == np.float32]
    found = []

    def slope(*xs: mg.Tensor) -> Any:
        given = dict(zip(free, xs, strict=True))
        y = apply(op, [given.get(i, x) for i, x in enumerate(inputs)], parameters)
        pulled_back = mg.gradients(y.sum(), xs, create_graph=True)
        found.extend([y, *pulled_back, *mg.gradients(y.sum(), xs, keep_graph=True)])
        return sum(g.sum() for g in pulled_back)

    found.extend(mg.grad(slope, range(len(free)), allow_unused=True)(*(inputs[i] for i in free)))
    assert {x.dtype for x in found} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_latex_and_text_take_the_inputs(name: str) -> None:
    op = OPERATIONS[name]
    inputs = [f"<{i}>" for i in range(op.arity or 1)]
    assert all(x in template.format(*inputs) for x in inputs for template in (op.latex, op.text))


def test_what_has_no_rule_passes_no_gradient_on() -> None:
    x = mg.tensor([1.0, -1.0], requires_grad=True)
    positive = OPERATIONS["greater"](x, 0)
    assert positive._inputs[0] is x
    assert not positive.requires_grad


def test_custom_operation_is_checked_like_the_others() -> None:
    op = mg.operation(
        lambda a, b, *, scale=1.0: scale * a * np.sin(b),
        lambda g, y, a, b, scale: g * scale * np.sin(b),
        lambda g, y, a, b, scale: g * scale * a * np.cos(b),
        name="scaled_sine",
    )
    assert OPERATIONS["scaled_sine"] is op
    for shapes in op.examples:
        a, b = (np.linspace(0.1, 0.9, int(np.prod(shape))).reshape(shape) for shape in shapes)
        check_derivatives(op, [a, b], {"scale": 3.0})


def test_check_finds_a_wrong_rule() -> None:
    """The check itself can fail: at the first order, and at the second alone."""
    wrong = mg.operation(np.tanh, lambda g, y, x: g * (1 - y), name="wrong_tanh")
    with pytest.raises(AssertionError, match="off by"):
        check_derivatives(wrong, [np.array([0.3, -0.4])], {})
    stiff = mg.operation(
        np.exp, lambda g, y, x: g * (y.detach() if isinstance(y, mg.Tensor) else y), name="stiff"
    )
    with pytest.raises(AssertionError, match="off by"):
        check_derivatives(stiff, [np.array([0.3, -0.4])], {})
