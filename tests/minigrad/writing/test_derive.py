"""Derivations that minigrad writes: right in numbers, for every shape of model."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.derivation.claims import Value
from minigrad.derivation.trace import expression_of
from minigrad.derivation.truth import Truth
from minigrad.operation import Operation
from minigrad.tensor import OPERATIONS
from tests.minigrad.writing.programs import FLOWS, filtered, lstm_flow, rnn_flow

LAYOUTS = ("numerator", "gradient")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", FLOWS)
def test_checks_clean(name: str, layout: str) -> None:
    flow = FLOWS[name]()
    derivation = mg.derive(flow, layout=layout)
    alone, chained = derivation.check(flow), derivation.check(flow, chained=True)
    assert alone.ok, alone
    assert chained.ok, chained


@pytest.mark.parametrize("name", FLOWS)
def test_every_adjoint_has_its_line(name: str) -> None:
    flow = FLOWS[name]()
    claimed = {(line.claim.name, line.claim.via) for line in mg.derive(flow).lines}
    for label, x in flow.values.items():
        if x is not flow.J and x.requires_grad and flow.reaches(*label):
            whole = {(label[0], None), (label[0], mg.NEXT_STEP)}
            only = {(label[0], m) for m, _ in flow.contributions(*label)}
            assert claimed & whole or only <= claimed


def test_written_at_one_length_holds_at_another() -> None:
    derivation = mg.derive(lstm_flow(T=3))
    longer = lstm_flow(T=6)
    assert derivation.check(longer, chained=True).ok


def smoothed(T: int) -> mg.GradientFlow:
    """A recurrence whose loss has differences of neighbours: both ends are written apart."""
    rng = np.random.default_rng(0)
    W = mg.tensor(rng.normal(size=(3, 3)), requires_grad=True, name="W")
    h: Any = mg.tensor(np.ones((3, 2)))
    J: Any = 0.0
    for t in range(1, T + 1):
        with mg.step(t):
            before, h = h, mg.tanh(W @ h).named("h")
            J = J + ((h - before if t > 1 else h) ** 2).sum()
    return mg.gradient_flow(J.named("J"))


@pytest.mark.parametrize(("flow_of", "shortest"), [(filtered, 1), (smoothed, 2)])
@pytest.mark.parametrize("chained", [False, True])
def test_in_a_shorter_run_lines_of_what_is_not_there_are_left_out(
    flow_of: Any, shortest: int, chained: bool
) -> None:
    derivation = mg.derive(flow_of(5))
    for T in range(shortest, 5):
        report = derivation.check(flow_of(T), chained)
        assert report.ok, report
    lines = derivation.check(flow_of(5), chained).lines
    assert len(derivation.check(flow_of(shortest), chained).lines) < len(lines)


@pytest.mark.parametrize("name", FLOWS)
def test_lines_are_recorded_step_by_step(name: str) -> None:
    """So that their tolerance follows from what they compute, and a wrong one is explained."""
    flow = FLOWS[name]()
    derivation = mg.derive(flow)
    truth = Truth(derivation.flow, derivation.layout)
    for line in derivation.lines:
        t = truth.steps_of(line)[-1]
        given = {name: truth.given(claim, t) for name, claim in line.given.items()}
        nodes = expression_of(line, given).nodes
        assert not any("opaque" in getattr(x.function, "__qualname__", "") for x in nodes)


def test_what_cancels_is_right_but_for_rounding() -> None:
    """The probabilities of a softmax add up to one, so that nothing depends on the logits."""
    for seed in range(40):
        data = np.random.default_rng(seed).normal(size=6)
        s = mg.tensor(data, requires_grad=True, name="s")
        J = mg.log(mg.softmax(s[:4]).sum()) + s[1:] @ s[:-1] * 0
        report = mg.derive(flow := mg.gradient_flow(J.named("J"))).check(flow)
        assert report.ok, report


def test_float32() -> None:
    flow = lstm_flow(dtype=np.float32)
    derivation = mg.derive(flow)
    assert derivation.check(flow).ok
    y, y_hat = flow.value("y", 1).data, flow.value("y_hat", 1).data
    assert derivation.lines[0].function(y=y, y_hat=y_hat).dtype == np.float32


def of_operation(op: Operation, example: tuple[Any, ...]) -> mg.GradientFlow:
    """The flow of a loss behind one operation; its inputs are values on the way."""
    *inputs, last = example
    parameters = last if isinstance(last, dict) else {}
    inputs += [] if isinstance(last, dict) else [last]
    rng = np.random.default_rng(0)
    leaves = []
    for i, x in enumerate(inputs):
        data = rng.uniform(*op.domain, size=x) if isinstance(x, tuple) else x
        grad = data.dtype.kind == "f" if isinstance(data, np.ndarray) else True
        leaves.append(mg.tensor(data, requires_grad=grad, name=f"x_{i}"))
    y = (op(*leaves, **parameters) if op.arity else op(leaves, **parameters)).named("y")
    return mg.gradient_flow((mg.tensor(rng.normal(size=y.shape), name="w") * y).sum())


EXAMPLES = [
    pytest.param(op, example, id=f"{name} {i}")
    for name, op in sorted(OPERATIONS.items())
    if isinstance(op, Operation) and op.differentiable
    for i, example in enumerate(op.examples)
]


@pytest.mark.parametrize(("op", "example"), EXAMPLES)
def test_every_operation(op: Operation, example: tuple[Any, ...]) -> None:
    flow = of_operation(op, example)
    for layout in LAYOUTS:
        for line in mg.derive(flow, layout=layout).lines:
            given = {name: array_of(flow, claim, layout) for name, claim in line.inputs.items()}
            result = line.function(**given)
            expected = array_of(flow, line.claim, layout)
            np.testing.assert_allclose(result, expected, rtol=1e-13, atol=1e-15, strict=True)


def array_of(flow: mg.GradientFlow, claim: Any, layout: str) -> np.ndarray:
    if isinstance(claim, Value):
        return flow.value(claim.name).data
    whole = claim.via is None
    known = flow.adjoint(claim.name) if whole else flow.contributions(claim.name)[claim.via, None]
    array = known.data
    return array.mT if layout == "numerator" and array.ndim > 1 else array


def test_wrt_takes_what_leads_there() -> None:
    derivation = mg.derive(lstm_flow(), wrt=["W_ya"])
    assert {line.claim.name for line in derivation.lines} == {"y_hat", "z_y", "W_ya"}


def test_steps_that_differ_are_written_apart() -> None:
    text = mg.derive(rnn_flow(initial="zeros", loss="at the end"), layout="gradient").text()
    assert "z⁽ᵗ⁾ = Wᵀ x⁽ᵗ⁾ + b    (eq. 1, t = 1)" in text
    assert "z⁽ᵗ⁾ = Wᵀ x⁽ᵗ⁾ + Uᵀ h⁽ᵗ⁻¹⁾ + b    (eq. 1, t > 1)" in text
    assert "J = Σ (o⁽ᵀ⁾ - y⁽ᵀ⁾)²" in text
    assert "(t = T)" in text


def test_names_of_a_scope() -> None:
    with mg.scope("layer1"):
        x = mg.tensor(np.ones((2, 1)) * 0.5, requires_grad=True, name="x")
    derivation = mg.derive(mg.gradient_flow((x * x).sum()))
    assert str(derivation.lines[0]) == "3.1  ∂J/∂layer1.x = 2 layer1.xᵀ"


def test_custom_operation() -> None:
    cube = mg.operation(
        lambda x: x**3, lambda g, y, x: 3 * g * x**2, name="cube", latex="{0}^3", text="{0}³"
    )
    x = mg.tensor([1.0, 2.0], requires_grad=True, name="x")
    z = cube(x).named("z")
    derivation = mg.derive(mg.gradient_flow(z.sum()), layout="gradient")
    assert [str(line) for line in derivation.lines] == [
        "3.1  ∂J/∂z = 𝟏",
        "3.1  ∂J/∂x = 3 ∂J/∂z ∘ x²",
    ]


def test_unnamed_array_of_each_step_is_refused() -> None:
    x = mg.tensor(np.eye(2) + 0.5, requires_grad=True, name="x")
    J: Any = 0.0
    for t in range(1, 4):
        with mg.step(t):
            z = mg.tanh(x).named("z")
        J = J + (z * np.arange(4.0).reshape(2, 2) * t).sum()
    with pytest.raises(ValueError, match=r"derive: an array that has no name .* step \d\)"):
        mg.derive(mg.gradient_flow(J))


def test_leaf_without_a_name_is_refused() -> None:
    x = mg.tensor(np.eye(2), requires_grad=True)
    with pytest.raises(ValueError, match=r"derive: a leaf of shape \(2, 2\) requires a gradient"):
        mg.derive(mg.gradient_flow((x * x).sum().named("J")))


def test_attention_over_steps() -> None:
    W = mg.tensor(np.eye(3) + 0.5, requires_grad=True, name="W")
    with mg.step(0):
        h = mg.tensor(np.arange(6.0).reshape(3, 2) / 9, requires_grad=True, name="h")
    states = []
    for t in range(1, 4):
        with mg.step(t):
            h = mg.tanh(W @ h).named("h")
        states.append(h)
    H = mg.concatenate(states, axis=1).named("H")
    J = ((H @ mg.softmax(H.T @ H)) ** 2).sum()
    flow = mg.gradient_flow(J)
    derivation = mg.derive(flow, layout="gradient")
    assert derivation.check(flow, chained=True).ok
    lines = [str(line) for line in derivation.lines if line.claim == mg.adjoint("h", via="H")]
    assert lines == ["3.2  ∂J/∂h⁽ᵗ⁾|H = (∂J/∂H)[:, 2t-2:2t]"]


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"derive: expected wrt of .*got q"):
        mg.derive(lstm_flow(), wrt=["q"])
    with pytest.raises(ValueError, match=r"derive: expected wrt of .*got none"):
        mg.derive(lstm_flow(), wrt=[])
    with pytest.raises(ValueError, match="derive: expected layout"):
        mg.derive(lstm_flow(), layout="rows")
    lines = [mg.derive(lstm_flow(), wrt=wrt).lines for wrt in ("b_o", ["b_o"])]
    assert [line.claim for line in lines[0]] == [line.claim for line in lines[1]]


def test_the_jacobian_of_a_softmax_is_for_one_column_or_one_row() -> None:
    for axis, one in ((0, "column"), (1, "row")):
        X = mg.tensor(np.eye(3), requires_grad=True, name="X")
        flow = mg.gradient_flow((mg.softmax(X, axis=axis).named("P") ** 2).sum())
        for layout in ("gradient", "numerator"):
            [line] = [x for x in mg.derive(flow, layout=layout).text().splitlines() if "diag" in x]
            assert line.endswith(f"(for one {one})")
            assert ("diag(Pᵀ) - Pᵀ P" in line) == (one == "row")


def test_a_derivative_is_written_in_the_value_where_the_input_has_no_name() -> None:
    W, x = (mg.tensor(np.ones((2, 2)), requires_grad=True, name=name) for name in "Wx")
    named, unnamed = mg.tanh((W @ x).named("z")).named("h"), mg.tanh(W @ x).named("h")
    for h, factor in ((named, "tanh²(z)"), (unnamed, "h²")):
        text = mg.derive(mg.gradient_flow((h * h).sum()), layout="gradient").text()
        assert f"1 - {factor}" in text


def test_unnamed_constant_is_kept() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True, name="x")
    flow = mg.gradient_flow((x * np.array([3.0, 5.0])).sum())
    [line] = mg.derive(flow, layout="gradient").lines
    assert str(line) == "3.1  ∂J/∂x = k"
    np.testing.assert_array_equal(line.function(), [3.0, 5.0])


def test_what_is_no_gradient_flow_is_refused() -> None:
    J = mg.tensor(3.0, requires_grad=True, name="x") ** 2
    with pytest.raises(
        TypeError, match=r"^derive: .* got Tensor; write derive\(gradient_flow\(J\)\)"
    ):
        mg.derive(J)  # type: ignore[arg-type]


def test_what_is_computed_of_named_constants_is_written() -> None:
    texts = {
        name: mg.derive(FLOWS[f"labels as {name}"]()).text() for name in ("classes", "weights")
    }
    assert "∂J/∂z = (softmax(z) - one_hot(y))ᵀ" in texts["classes"]
    assert "J = -Σ one_hot(y) ∘ log softmax(z)" in texts["classes"]
    assert "∂J/∂z = (𝟏ᵀ y ∘ softmax(z) - y)ᵀ" in texts["weights"]


def test_components_that_never_meet_are_cases_and_no_sum() -> None:
    """Only the last state acts on the loss, and so no plus node is in the picture either."""
    W, h = (mg.tensor(np.eye(2), requires_grad=True, name=name) for name in ("W", "h_0"))
    for t in (1, 2, 3, 4):
        with mg.step(t):
            h = mg.sin(W @ h).named("h")
    flow = mg.gradient_flow((h * h).sum())
    lines = [line.strip() for line in mg.derive(flow).text().splitlines()]
    start = lines.index("Only one of them is there at each step:")
    assert lines[start + 2 : start + 4] == [
        "∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|t+1    (t < T)",
        "∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|J    (t = T)",
    ]
    assert "class=plus" not in mg.draw(flow).source


def test_a_number_is_put_into_an_array() -> None:
    x = mg.tensor(np.ones((3, 2)), requires_grad=True, name="x")
    flow = mg.gradient_flow(x.sum(axis=0)[0])
    derivation = mg.derive(flow, layout="gradient")
    assert str(derivation.lines[0]) == "3.1  ∂J/∂x = 𝟏 scatter[0](1)ᵀ"
    assert derivation.check(flow).ok
    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    _, found = namespace["gradients"](x=np.ones((3, 2)))
    np.testing.assert_array_equal(found["x"], [[1.0, 0.0]] * 3)


def test_a_derivation_goes_as_soon_as_nobody_holds_it() -> None:
    """Without waiting for the garbage collector, since it holds all arrays of the flow."""
    gc.collect()
    gc.disable()
    try:
        derivation = mg.derive(lstm_flow())
        assert derivation.text()
        assert derivation.lines[0].explain()
        held = [weakref.ref(derivation), weakref.ref(derivation.flow)]
        del derivation
        assert [x() for x in held] == [None, None]
    finally:
        gc.enable()


def test_an_axis_that_is_put_behind_a_matrix_is_taken_out_again() -> None:
    """In numerator layout, where the last two axes change places, of three as of two."""
    A = mg.tensor(np.arange(15.0).reshape(5, 3) / 10, requires_grad=True, name="A")
    flow = mg.gradient_flow(mg.tanh(A.reshape(5, 3, 1).named("a")).sum())
    for layout in ("numerator", "gradient"):
        assert mg.derive(flow, layout=layout).check(flow).ok
