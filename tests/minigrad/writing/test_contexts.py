"""What is computed once and read at many steps gets a name, as an author would give it one."""

from functools import partial
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.writing.contexts import with_contexts
from tests.minigrad.writing import contexts
from tests.minigrad.writing.contexts import CONTEXTS
from tests.minigrad.writing.passes import PASSES, leaves
from tests.minigrad.writing.programs import lstm_flow


def equations(flow: mg.GradientFlow) -> list[str]:
    """The equations of a derivation, as text."""
    return [line.strip() for line in mg.derive(flow).text().splitlines() if "(eq." in line]


# --- how it reads -------------------------------------------------------------------------------


UNNAMED = ("last input", "attention to a stack made anew")


@pytest.mark.parametrize("name", [name for name in CONTEXTS if name not in UNNAMED])
def test_it_reads_as_if_the_author_had_named_it(name: str) -> None:
    by_author = CONTEXTS[name](named=contexts.named)
    for layout in ("gradient", "numerator"):
        expected = mg.derive(by_author, layout=layout)
        found = mg.derive(CONTEXTS[name](), layout=layout)
        assert found.text() == expected.text()
        assert found.numpy_source() == expected.numpy_source()


def test_what_each_step_stacks_anew_is_one_stack() -> None:
    assert mg.derive(contexts.attention(anew=True)).text() == mg.derive(contexts.attention()).text()


def test_the_last_state_is_called_by_its_step() -> None:
    assert equations(contexts.first_and_last())[2:5] == [
        "h_1 = h⁽¹⁾    (eq. 3)",
        "h_T = h⁽ᵀ⁾    (eq. 4)",
        "y⁽ᵗ⁾ = Aᵀ h_1 + Bᵀ h⁽ᵗ⁾ + Cᵀ h_T    (eq. 5)",
    ]


def test_a_constant_may_be_read_at_every_step() -> None:
    assert equations(contexts.last_input())[:2] == [
        "x_T = x⁽ᵀ⁾    (eq. 1)",
        "h⁽ᵗ⁾ = tanh(Wᵀ x⁽ᵗ⁾ + Uᵀ h⁽ᵗ⁻¹⁾ + Vᵀ x_T)    (eq. 2)",
    ]


@pytest.mark.parametrize("once", [False, True])
def test_a_start_may_be_computed(once: bool) -> None:
    leaf = leaves()
    A, W, X, h = leaf("A", 3, 3), leaf("W", 5, 3), leaf("X", 5, 2), {}
    with mg.step(0):
        h[0] = mg.tanh(W.T @ X).named("h")
    skipped = 0.1 * h[0]
    for t in range(1, 5):
        with mg.step(t):
            h[t] = (0.9 * (A @ h[t - 1]) + (skipped if once else 0.1 * h[0])).named("h")
    assert equations(mg.gradient_flow(mg.sum(h[4] ** 2).named("J")))[:3] == [
        "h_0 = tanh(Wᵀ X)    (eq. 1)",
        "h⁽ᵗ⁾ = h_0    (eq. 2, t = 0)",
        "h⁽ᵗ⁾ = 0.9 A h⁽ᵗ⁻¹⁾ + 0.1 h_0    (eq. 2, t > 0)",
    ]


def test_a_name_that_is_taken_gets_a_number() -> None:
    leaf, h = contexts.encoded(3)
    v, J = leaf("h_T", 3, 1), 0
    for t in h:
        with mg.step(t):
            J = J + mg.sum(mg.exp(h[3] + v * t).named("y"))
    assert "h_T_2 = h⁽ᵀ⁾    (eq. 3)" in equations(mg.gradient_flow(J))


# --- where there is nothing to name -------------------------------------------------------------


NOTHING = ["ar2", "smoother", "stacked", "lagged inputs", "states in the loss"]


def test_a_sum_over_the_steps_that_is_read_linearly_needs_no_name() -> None:
    _, h = contexts.encoded(4)
    half = 0.5 * sum((x**2).sum() for x in h.values()) / 3
    assert (
        equations(mg.gradient_flow(half.named("J")))[-1] == "J = 1/6 Σ(t=1..T) Σ (h⁽ᵗ⁾)²    (eq. 3)"
    )


@pytest.mark.parametrize("T", [2, 3, 6])
def test_values_at_a_distance_are_no_contexts(T: int) -> None:
    for name in set(NOTHING) & PASSES.keys():
        flow = PASSES[name](T=T)
        assert with_contexts(flow) is flow, name
    flow = lstm_flow(T=T)
    assert with_contexts(flow) is flow


def test_a_step_that_takes_its_own_piece_of_a_stack_reads_that() -> None:
    _, h = contexts.encoded(4)
    H, J = mg.stack(list(h.values())), 0
    for t in h:
        with mg.step(t):
            J = J + mg.sum(mg.exp(H[t - 1]).named("y"))
    flow = mg.gradient_flow(J.named("J"))
    assert with_contexts(flow) is flow
    assert "y⁽ᵗ⁾ = exp(h⁽ᵗ⁾)    (eq. 3)" in equations(flow)


def test_a_state_that_the_recurrence_computes_is_no_start() -> None:
    """h(1) is made of z(1), which is one of the z that read it."""
    leaf = leaves()
    U, V, h, z = leaf("U", 3, 3), leaf("V", 3, 3), {}, leaf("x", 3, 1)
    for t in range(1, 6):
        with mg.step(t):
            z = (z if t == 1 else U @ h[t - 1] + V @ h[1]).named("z")  # type: ignore[has-type]
            h[t] = mg.tanh(z).named("h")
    flow = mg.gradient_flow(mg.sum(h[5]).named("J"))
    assert with_contexts(flow) is flow
    assert mg.derive(flow).check(flow, chained=True).ok


def test_what_a_recurrence_uses_too_is_not_taken_from_it() -> None:
    """z(1) = U h(1) is needed for h(2), and at every step of y."""
    leaf = leaves()
    U, h, J = leaf("U", 3, 3), {1: leaf("h", 3, 1, t=1)}, 0
    z = U @ h[1]
    for t in range(2, 5):
        with mg.step(t):
            h[t] = mg.tanh(z if t == 2 else U @ h[t - 1]).named("h")
    for t in range(2, 5):
        with mg.step(t):
            J = J + mg.sum(mg.exp(z + h[t]).named("y"))
    flow = mg.gradient_flow(J.named("J"))
    derivation = mg.derive(flow)
    assert "y⁽ᵗ⁾ = exp(c_h + h⁽ᵗ⁾)    (eq. 3)" in equations(flow)
    assert derivation.check(flow, chained=True).ok


# --- the flow -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONTEXTS)
def test_values_and_adjoints_stay(name: str) -> None:
    """The flow with names is that of the same program."""
    flow = CONTEXTS[name]()
    found = with_contexts(flow, gathered=True)
    assert set(flow.values) < set(found.values)
    order = [label for label in found.values if label in flow.values]
    assert order == list(flow.values)
    start = {("h", 0): ("h_0", None)} if name == "from its start" else {}
    for label, x in flow.values.items():
        np.testing.assert_array_equal(x.data, found.values[label].data)
        if x.requires_grad:
            expected = flow.adjoint(*label).data
            adjoint = found.adjoint(*start.get(label, label)).data
            np.testing.assert_allclose(adjoint, expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("flow", [*CONTEXTS.values(), partial(contexts.later_decoder, S=5)])
def test_lines_hold_for_one_step_less_and_many_more(flow: Any, chained: bool) -> None:
    derivation = mg.derive(flow())
    for T in (3, 9):
        assert derivation.check(flow(T), chained).ok
