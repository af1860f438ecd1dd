"""Derivations by hand of passes that go further than a step, or against time."""

from contextlib import nullcontext

import numpy as np
import pytest

import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, Derivation, adjoint, value


def leaf(rng, name, *shape, t=None):
    with nullcontext() if t is None else mg.step(t):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name)


def flow_of_two_steps(T=6):
    """h(t) = tanh(s(t)), s(t) = U^T h(t-1) + V^T h(t-2), and J = the sum of h(t)^2 / 2."""
    rng = np.random.default_rng(0)
    U, V = leaf(rng, "U", 3, 3), leaf(rng, "V", 3, 3)
    h = {t: leaf(rng, "h", 3, 4, t=t) for t in (0, 1)}
    for t in range(2, T + 1):
        with mg.step(t):
            h[t] = mg.tanh((U.T @ h[t - 1] + V.T @ h[t - 2]).named("s")).named("h")
    J = sum((h[t] ** 2).sum() / 2 for t in range(2, T + 1))
    return mg.gradient_flow(J.named("J"))


def of_two_steps(second=THIS_STEP + 2, **changed):
    """Its derivation; `second` is where the second step's part is said to come from."""
    found = Derivation("Two steps", layout="gradient")

    @found.line("1", adjoint("h", via="J"))
    def _(h=value("h")):
        return h

    @found.line("2", adjoint("h"))
    def _(out=adjoint("h", via="J"), one=adjoint("h", via=NEXT_STEP), two=adjoint("h", via=second)):
        return out + one + two

    @found.line("3", adjoint("s"))
    def _(dh=adjoint("h"), h=value("h")):
        return dh * (1 - h**2)

    @found.line("4", adjoint("h", t=-1, via=NEXT_STEP))
    def _(ds=adjoint("s"), U=value("U")):
        return U @ ds

    @found.line("5", adjoint("h", t=-2, via=THIS_STEP + 2))
    def _(ds=adjoint("s"), V=value("V")):
        return V @ ds

    @found.line("6", adjoint("V"))
    def _(ds=adjoint("s", t=ALL_STEPS), h=value("h", t=ALL_STEPS)):
        return sum(h[t - 2] @ ds[t].T for t in ds)

    return found


def flow_against_time(T=5, start=False):
    """h(t) = tanh(s(t)), s(t) = U^T h(t+1) + x(t), and J = the sum of h(t)^2 / 2."""
    rng = np.random.default_rng(0)
    U, states = leaf(rng, "U", 3, 3), []
    h = leaf(rng, "h", 3, 4, t=T + 1) if start else None
    for t in range(T, 0, -1):
        x = leaf(rng, "x", 3, 4, t=t)
        with mg.step(t):
            h = mg.tanh((x * 1 if h is None else U.T @ h + x).named("s")).named("h")
        states.append((h**2).sum() / 2)
    return mg.gradient_flow(sum(states[1:], states[0]).named("J"))


def against_time(by_parts, wrong=False):
    """Its derivation, by the part from the step before or by the adjoint there."""
    found = Derivation("Against time", layout="gradient")

    @found.line("1", adjoint("h", via="J"))
    def _(h=value("h")):
        return h

    if by_parts:

        @found.line("2", adjoint("h"))
        def _(out=adjoint("h", via="J"), before=adjoint("h", via=THIS_STEP - 1)):
            return out - before if wrong else out + before
    else:

        @found.line("2", adjoint("h"))
        def _(out=adjoint("h", via="J"), ds_before=adjoint("s", t=-1), U=value("U")):
            return out - U @ ds_before if wrong else out + U @ ds_before

    @found.line("3", adjoint("s"))
    def _(dh=adjoint("h"), h=value("h")):
        return dh * (1 - h**2)

    if by_parts:

        @found.line("3.1", adjoint("h", t=1, via=THIS_STEP - 1))
        def _(ds=adjoint("s"), U=value("U")):
            return U @ ds

    @found.line("4", adjoint("U", via=THIS_STEP))
    def _(ds=adjoint("s"), h_after=value("h", t=1)):
        return h_after @ ds.T

    @found.line("5", adjoint("U"))
    def _(shares=adjoint("U", t=ALL_STEPS, via=THIS_STEP)):
        return sum(shares.values())

    return found


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("T", [2, 3, 6])
def test_two_steps(T, chained):
    report = of_two_steps().check(flow_of_two_steps(T), chained)
    assert report.ok, report
    assert {line.ref: line.checked for line in report.lines}["5"] == tuple(range(2, T + 1))


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("by_parts", [False, True])
@pytest.mark.parametrize(("T", "start"), [(1, True), (2, False), (2, True), (5, False), (5, True)])
def test_against_time(T, start, by_parts, chained):
    report = against_time(by_parts).check(flow_against_time(T, start), chained)
    assert report.ok, report
    assert report.lines[1].checked == tuple(range(1, T + 1 + start))


@pytest.mark.parametrize("by_parts", [False, True])
def test_a_wrong_line_of_a_pass_against_time_is_found(by_parts):
    flow = flow_against_time()
    [wrong] = against_time(by_parts, wrong=True).check(flow).wrong
    assert wrong.ref == "2"
    assert wrong.steps == (2, 3, 4, 5)  # before the first step there is nothing
    assert wrong.diagnosis.kind == "sign"
    chained = against_time(by_parts, wrong=True).check(flow, chained=True)
    assert {x.diagnosis.kind for x in chained.wrong} == {"sign", "inherited"}


def test_the_wrong_step_is_found():
    [wrong] = of_two_steps(second=THIS_STEP + 3).check(flow_of_two_steps()).wrong
    assert wrong.ref == "2"
    assert wrong.diagnosis.kind in ("wrong operand", "missing contribution")
    assert "from 2 steps later" in wrong.diagnosis.message or "s(t+2)" in wrong.diagnosis.message


def test_a_value_outside_of_the_steps_counts_only_where_it_meets_a_zero():
    """dJ/ds(t) needs h(t): a line with h(t+1) for it is not run at the last step."""
    found = Derivation("After the end", layout="gradient")

    @found.line("1", adjoint("s"))
    def _(dh=adjoint("h"), h=value("h", t=1)):
        return dh * (1 - h**2)

    [line] = found.check(flow_against_time(T=4)).lines
    assert line.checked == (1, 2, 3)


def test_steps_in_code_and_in_words():
    assert NEXT_STEP == THIS_STEP + 1
    steps = [THIS_STEP - 2, THIS_STEP - 1, THIS_STEP, NEXT_STEP, NEXT_STEP + 1]
    code = ["THIS_STEP - 2", "THIS_STEP - 1", "THIS_STEP", "NEXT_STEP", "THIS_STEP + 2"]
    assert list(map(repr, steps)) == code
    assert [str(adjoint("h", via=step)) for step in steps] == [
        "dJ/dh, its part from step t-2",
        "dJ/dh, its part from step t-1",
        "dJ/dh, its part from step t",
        "dJ/dh, its part from step t+1",
        "dJ/dh, its part from step t+2",
    ]


def test_printed():
    text = of_two_steps().text()
    assert "∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|J + ∂J/∂h⁽ᵗ⁾|t+1 + ∂J/∂h⁽ᵗ⁾|t+2" in text
    assert "∂J/∂h⁽ᵗ⁻²⁾|t = V ∂J/∂s⁽ᵗ⁾" in text
    assert "∂J/∂h⁽ᵗ⁺¹⁾|t = U ∂J/∂s⁽ᵗ⁾" in against_time(by_parts=True).text()
