"""The gradient flow: adjoints and contributions, each against the complex step."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests import derivatives, programs
from tests.programs import Equation, Label

V = np.array([[0.5], [-1.0]])
W = np.array([[0.3, -0.7], [1.1, 0.2]])


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def label(text: str) -> Label:
    """`z_3` for the value z at step 3, `z` for one without a step."""
    name, _, t = text.partition("_")
    return name, int(t) if t else None


def program(*lines: tuple[str, str, Any]) -> Sequence[Equation]:
    return [(label(made), [label(x) for x in read.split()], f) for made, read, f in lines]


PROGRAMS = {
    "chain": program(
        ("h", "x", lambda x: np.exp(-x)),
        ("J", "h", lambda h: (h * h).sum()),
    ),
    "diamond": program(
        ("u", "x", np.sin),
        ("v", "x", lambda x: np.exp(x) / 2),
        ("J", "u v", lambda u, v: (u * v).sum()),
    ),
    "a way past the diamond": program(
        ("u", "x", np.sin),
        ("v", "x u", lambda x, u: x * np.exp(u) + x * u),
        ("J", "u v x", lambda u, v, x: (u * v * x + x).sum()),
    ),
    "used twice by one operation": program(
        ("s", "x", lambda x: x * x),
        ("m", "x w", lambda x, w: (w @ x) * (w @ x)),
        ("J", "s m", lambda s, m: (s + m).sum()),
    ),
    "a matrix with itself": program(
        ("q", "w", lambda w: w @ w.T @ w),
        ("J", "q", lambda q: (q * q).sum()),
    ),
    "tied weights": program(
        ("h_1", "x w", lambda x, w: np.tanh(w.T @ x)),
        ("h_2", "h_1 w b", lambda h, w, b: np.tanh(w.T @ h + b)),
        ("h_3", "h_2 w b", lambda h, w, b: sigmoid(w.T @ h + b) * h),
        ("J", "h_1 h_2 h_3 w", lambda *hs: sum((h * h).sum() for h in hs)),
    ),
    "broadcasting": program(
        ("z", "w b", lambda w, b: w + b),
        ("y", "z b", lambda z, b: z * b.sum() * b.T),
        ("J", "y", lambda y: np.exp(y).sum()),
    ),
    "the name J for nothing but the loss": program(("J", "x", lambda x: x.sum())),
}
LEAVES = {label("x"): V, label("w"): W, label("b"): np.array([[0.1], [-0.2]])}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_adjoint_and_contribution(name: str) -> None:
    equations = PROGRAMS[name]
    values = programs.run(equations, LEAVES)
    flow = mg.gradient_flow(values["J", None])
    for v, x in values.items():
        readers = [made for made, reads, _ in equations if v in reads]
        if not readers:  # J itself, or a leaf that this program has no use for
            continue
        assert flow.value(*v) is x
        parts = flow.contributions(*v)
        assert set(parts) == set(readers)
        assert flow.reaches(*v)
        for m, part in parts.items():
            truth = programs.derivative(equations, LEAVES, v, x.shape, via=m)
            derivatives.assert_close([part.data], [truth])
        adjoint = flow.adjoint(*v)
        truth = programs.derivative(equations, LEAVES, v, x.shape)
        derivatives.assert_close([adjoint.data], [truth])
        total = sum((part.data for part in parts.values()), np.zeros(x.shape))
        derivatives.assert_close([adjoint.data], [total])


def test_the_flow_leaves_the_graph_and_grad_alone() -> None:
    values = programs.run(PROGRAMS["tied weights"], LEAVES)
    J, w = values["J", None], values["w", None]
    flow = mg.gradient_flow(J)
    assert w.grad is None
    J.backward()
    derivatives.assert_close([w.grad], [flow.adjoint("w").data])


def test_adjoints_can_be_differentiated() -> None:
    """Every adjoint is a tensor with a graph: the Hessian of x^3, diagonal 6 x."""
    x = mg.tensor(V, requires_grad=True, name="x")
    adjoint = mg.gradient_flow((x**3).sum()).adjoint("x")
    (g,) = mg.gradients(adjoint.sum(), [x])
    derivatives.assert_close([g], [6 * V])


def test_float32_stays() -> None:
    x = mg.tensor(V, requires_grad=True, name="x", dtype=np.float32)
    u = mg.sin(x).named("u")
    flow = mg.gradient_flow((u * x + 2 * x).sum())
    assert flow.adjoint("x").dtype == flow.adjoint("u").dtype == np.float32
    assert {part.dtype for part in flow.contributions("x").values()} == {np.dtype(np.float32)}


# --- names --------------------------------------------------------------------------------------


def test_adjoints_are_named_after_their_values() -> None:
    with mg.step(3), mg.scope("layer1"):
        z = mg.tensor(V, requires_grad=True, name="z")
    flow = mg.gradient_flow((z * z).sum().named("J"))
    assert flow.adjoint("layer1.z", 3).name == "dJ/dlayer1.z"
    assert flow.adjoint("layer1.z", 3).t == 3
    assert flow.adjoint("J").name == "dJ/dJ"
    assert flow.adjoint("J").item() == 1


def test_equal_adjoints_keep_their_own_names() -> None:
    """Through a plus, the adjoint goes on unchanged; it is another's all the same."""
    x = mg.tensor(2.0, requires_grad=True, name="x")
    h = (x + 1.0).named("h")
    flow = mg.gradient_flow(h * h)
    assert (flow.adjoint("h").name, flow.adjoint("x").name) == ("dJ/dh", "dJ/dx")


def test_adjoints_are_expressions_in_later_adjoints() -> None:
    """Even of a linear program, down to dJ/dJ."""
    x = mg.tensor(V, requires_grad=True, name="x")
    h = (3 * x).named("h")
    flow = mg.gradient_flow(h.sum())
    by_h, by_J = mg.gradients(
        flow.adjoint("x").sum(), [flow.adjoint("h"), flow.adjoint("J")], keep_graph=True
    )
    np.testing.assert_array_equal(by_h, [[3], [3]])
    assert by_J == 6


def test_a_loss_without_a_name_is_called_J() -> None:
    x = mg.tensor(2.0, requires_grad=True, name="x")
    loss = x * x
    flow = mg.gradient_flow(loss)
    assert list(flow.contributions("x")) == [("J", None)]
    assert flow.value("J") is loss
    assert loss.name is None


def test_another_value_called_J_is_told() -> None:
    x = mg.tensor(2.0, requires_grad=True, name="J")
    with pytest.raises(ValueError, match="two different values are called J"):
        mg.gradient_flow(x * x)


def test_the_same_name_at_two_steps_or_in_two_scopes_is_two_values() -> None:
    x = mg.tensor(2.0, requires_grad=True, name="x")
    with mg.step(1):
        a = (3 * x).named("a")
    with mg.step(2):
        b = (a * x).named("a")
    with mg.scope("inner"):
        c = (b * b).named("a")
    flow = mg.gradient_flow(c)
    assert flow.adjoint("a", 2).item() == 2 * 12
    assert flow.adjoint("a", 1).item() == 2 * 12 * 2
    assert list(flow.contributions("x")) == [("a", 2), ("a", 1)]


def test_a_shared_value_is_not_two_values_of_one_name() -> None:
    x = mg.tensor(2.0, requires_grad=True, name="x")
    h = (x * x).named("h")
    flow = mg.gradient_flow(h * h + h)
    assert flow.adjoint("h").item() == 2 * 4 + 1


def test_constants_are_values_without_adjoints() -> None:
    x, c = mg.tensor(2.0, requires_grad=True, name="x"), mg.tensor(3.0, name="c")
    flow = mg.gradient_flow(x * c)
    assert flow.value("c") is c
    assert not flow.reaches("c")
    assert dict(flow.contributions("c")) == {}


# --- values that do not reach the loss ----------------------------------------------------------


def test_a_value_that_is_cut_off() -> None:
    """J was computed from it, but no gradient flows: that is zero."""
    sign = mg.operation(np.sign, None, name="hard sign")
    x = mg.tensor(V, requires_grad=True, name="x")
    w = mg.tensor(2.0, requires_grad=True, name="w")
    cut_off = (w * mg.sin(x)).named("cut off")
    flow = mg.gradient_flow((x * sign(cut_off)).sum())
    for value in (cut_off, w):
        assert value.name is not None
        assert not flow.reaches(value.name)
        assert flow.value(value.name) is value
        np.testing.assert_array_equal(flow.adjoint(value.name).data, np.zeros(value.shape))
        assert dict(flow.contributions(value.name)) == {}
    assert flow.reaches("x")
    np.testing.assert_array_equal(flow.adjoint("x").data, np.sign(np.sin(V)))


def test_values_that_the_loss_was_not_computed_from_are_unknown() -> None:
    x = mg.tensor(V, requires_grad=True, name="x")
    others = [
        mg.tensor(V, requires_grad=True, name="a leaf of another model"),
        mg.exp(x).named("a dead end"),
        (x * 2).named("a condition"),
        mg.sin(x).named("detached"),
    ]
    _, _, condition, detached = others
    flow = mg.gradient_flow((mg.where(condition > 0, x, 0.0) * detached.detach()).sum().named("J"))
    for value in others:
        assert value.name is not None
        for ask in (flow.value, flow.adjoint, flow.contributions, flow.reaches):
            with pytest.raises(KeyError, match=f"no value is called {value.name}; known are x, J"):
                ask(value.name)


def test_another_run_is_another_flow() -> None:
    """The same model on a longer sequence, alive, adds no steps."""
    w = mg.tensor(2.0, requires_grad=True, name="w")

    def run(steps: int) -> mg.Tensor:
        h = mg.tensor(1.0)
        for t in range(1, steps + 1):
            with mg.step(t):
                h = (w * h).named("h")
        return h * h

    short, long = run(2), run(3)
    with pytest.raises(KeyError, match="h has steps 1 to 2"):
        mg.gradient_flow(short).adjoint("h", 3)
    assert mg.gradient_flow(long).adjoint("h", 3).item() == 16


# --- order --------------------------------------------------------------------------------------


def test_contributions_are_ordered_by_step_nearness_and_age() -> None:
    x = mg.tensor(1.0, requires_grad=True, name="x")
    values = {}
    for t in (1, 2):
        with mg.step(t):
            values["old", t] = (3 * x).named("old")
            values["young", t] = (5 * x).named("young")
            values["far", t] = (2 * x).named("far")
            values["behind", t] = (7 * values["far", t]).named("behind")
    bare = (11 * x).named("bare")
    names = [(n, t) for t in (1, 2) for n in ("old", "young", "behind")]
    J = mg.stack([*(values[n] for n in names), bare]).sum().named("J")
    flow = mg.gradient_flow(J)
    parts = flow.contributions("x")
    assert list(parts) == [
        ("bare", None),
        ("young", 2),
        ("old", 2),
        ("far", 2),
        ("young", 1),
        ("old", 1),
        ("far", 1),
    ]
    assert [part.item() for part in parts.values()] == [11, 5, 3, 14, 5, 3, 14]


def test_nearness_is_by_the_longest_way_to_the_loss() -> None:
    x = mg.tensor(1.0, requires_grad=True, name="x")
    near = (2 * x).named("near")
    both = (3 * x).named("both")  # goes straight to the loss, and through another value
    behind = (5 * both).named("behind")
    flow = mg.gradient_flow(near + both + behind)
    assert list(flow.contributions("x")) == [("near", None), ("both", None)]


def test_contributions_are_added_within_a_step_first() -> None:
    """One value in three uses at each of two steps, with numbers that tell orders apart."""
    x = mg.tensor(1.0, requires_grad=True, name="x")
    shares = {2: [1.0, 1e16, -1e16], 1: [1.0, -1.0, 3.0]}
    uses = []
    for t, numbers in shares.items():
        with mg.step(t):
            uses += [(x * n).named(f"use{i}") for i, n in reversed(list(enumerate(numbers)))]
    flow = mg.gradient_flow(mg.stack(uses).sum())
    # ((1 + 1e16) - 1e16) + ((1 - 1) + 3): the first bracket is 0 in float64.
    assert [m[0] for m in flow.contributions("x")] == ["use0", "use1", "use2"] * 2
    assert flow.adjoint("x").item() == 3


def test_repr_lists_who_flows_where() -> None:
    values = programs.run(PROGRAMS["tied weights"], LEAVES)
    text = repr(mg.gradient_flow(values["J", None]))
    assert "h at step 2: via J + via h at step 3" in text
    assert "w: via J + via h at step 3 + via h at step 2 + via h at step 1" in text
