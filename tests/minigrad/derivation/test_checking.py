"""Which lines are wrong, alone and in a chain; what decides it."""

import numpy as np
import pytest

import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, Derivation, adjoint, value
from tests.minigrad.derivation import models
from tests.minigrad.derivation.models import derivation, flow

FLOW = flow()


def wrong_s(dh=adjoint("h"), h=value("h")):
    return dh * (1 + h**2)


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("sizes", [{}, {"T": 1}, {"B": 1}, {"n_x": 1, "n_h": 1, "B": 1, "T": 2}])
def test_a_right_derivation_is_right(sizes, dtype, chained):
    report = derivation().check(flow(**sizes, dtype=dtype), chained)
    assert report.ok, report
    assert all(0 <= line.error <= line.tolerance for line in report.lines)


def test_the_numerator_layout_is_the_transpose():
    lines = Derivation("Transposed", layout="numerator")
    for ref, (claim, function) in models.LINES.items():

        def transposed(function=function, claims=function.__defaults__, **given):
            # Values come as they are, adjoints transposed; so does what is claimed.
            back = [
                {t: g.T for t, g in x.items()} if isinstance(x, dict) else x.T
                for x in given.values()
            ]
            adjoints = [type(claim) is type(models.LINES["e"][0]) for claim in claims]
            arrays = [y if a else x for x, y, a in zip(given.values(), back, adjoints, strict=True)]
            return function(*arrays).T

        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        inputs = dict(zip(names, function.__defaults__, strict=True))
        lines.lines.append(mg.derivation.derivation.Line(ref, claim, transposed, inputs))
    assert lines.check(FLOW).ok
    assert not derivation(layout="numerator").check(FLOW).ok


def test_a_report_says_at_which_steps_a_line_is_wrong():
    second = FLOW.value("h", 2).data.sum()

    def s(dh=adjoint("h"), h=value("h")):
        return dh * (1 - h**2) * (1 + (abs(h.sum() - second) < 1e-9))

    [wrong] = derivation(s=s).check(FLOW).wrong
    assert wrong.steps == (2,)
    assert wrong.checked == (1, 2, 3)


def test_what_flows_from_the_step_after_the_last_is_zero():
    zero = []

    def h(out=adjoint("h", via="e"), from_next=adjoint("h", via=NEXT_STEP), s=adjoint("s", t=1)):
        if isinstance(s, np.ndarray):
            zero.append(not from_next.any() and not s.any())
        return out + from_next

    assert derivation(h=h).check(FLOW).ok
    assert any(zero)
    assert not all(zero)


def test_a_wrong_line_does_not_take_the_others_with_it():
    assert [line.ref for line in derivation(s=wrong_s).check(FLOW).wrong] == ["s"]


def test_the_rest_is_checked_after_a_line_that_raises():
    def s(dh=adjoint("h")):
        raise ZeroDivisionError("oh")

    report = derivation(s=s).check(FLOW)
    assert [line.ref for line in report.wrong] == ["s"]
    assert len(report.lines) == len(models.LINES)


def test_the_tolerance_follows_the_conditioning():
    # e = (x + 1e8) - 1e8 - x in effect: cancellation makes the exact line inexact.
    def cancelling(de=adjoint("e"), h=value("h"), y=value("y")):
        return de * ((h * y + 1e8) - 1e8)

    report = derivation(h_via_e=cancelling).check(FLOW)
    line = next(line for line in report.lines if line.ref == "h via e")
    assert line.ok
    assert 1e-9 < line.error < line.tolerance < 1e-5


def test_a_small_error_is_an_error():
    def slightly(de=adjoint("e"), h=value("h"), y=value("y")):
        return de * h * y * (1 + 1e-12)

    assert not derivation(h_via_e=slightly).check(FLOW).ok


def test_a_line_may_claim_a_value():
    forward = Derivation("Forward", layout="numerator")

    def s(U=value("U"), h=value("h", t=-1), W=value("W"), x=value("x"), b=value("b")):
        return U.T @ h + W.T @ x + b

    forward.line("1", value("s"))(s)
    forward.line("2", value("h"))(lambda s=value("s"): np.tanh(s))
    assert forward.check(FLOW).ok
    assert forward.check(FLOW, chained=True).ok
    forward.line("3", value("h"))(lambda s=value("s", t=-1): np.tanh(s))
    forward.line("4", value("s"))(lambda U=value("U"), h=value("h", t=-1): U.T @ h)
    [wrong, unexplained] = forward.check(FLOW).wrong
    assert wrong.diagnosis.kind == "wrong operand"
    assert "given s for s(t-1)" in wrong.diagnosis.message
    assert unexplained.diagnosis.kind == "unexplained"


# --- chained --------------------------------------------------------------------------------------


def kinds(report):
    return {line.ref: line.diagnosis.kind for line in report.wrong}


def test_in_a_chain_what_follows_from_a_wrong_line_is_told_apart():
    report = derivation(s=wrong_s).check(FLOW, chained=True)
    found = kinds(report)
    assert found.pop("s") == "sign"
    assert set(found) == {"h", "h before", "x", "W share", "W", "U", "b share", "b"}
    assert set(found.values()) == {"inherited"}
    assert "because of line s" in next(x for x in report.wrong if x.ref == "x").diagnosis.message
    assert "Wrong in itself" in str(report)


def test_a_chain_finds_a_wrong_order():
    lines = derivation()
    at = [line.ref for line in lines.lines]
    lines.lines.insert(at.index("h"), lines.lines.pop(at.index("s")))
    assert lines.check(FLOW).ok
    report = lines.check(FLOW, chained=True)
    assert kinds(report) == {"s": "wrong order"}
    assert "dJ/dh, which only a later line, h, computes" in report.wrong[0].diagnosis.message


def test_a_chain_finds_a_missing_line():
    lines = derivation(without=["s"])
    assert lines.check(FLOW).ok
    report = lines.check(FLOW, chained=True)
    assert kinds(report) == {"h before": "missing line"}
    assert (
        "0 of 10 are wrong. Right in themselves, but out of place in the chain: 1 (missing line)."
        in str(report)
    )
    assert (
        "No line computes dJ/ds at step 3; it was given the true one"
        in report.wrong[0].diagnosis.message
    )


def test_a_chain_finds_a_boundary_that_is_not_stated():
    # dJ/dh(t-1) in full for every t: right, but nothing says what dJ/dh is at the last step.
    def h_before(
        ds=adjoint("s"), U=value("U"), h=value("h", t=-1), y=value("y", t=-1), de=adjoint("e", t=-1)
    ):
        return U @ ds + de * h * y

    lines = derivation(without=["h", "h via e"], h_before=(adjoint("h", t=-1), h_before))
    assert lines.check(FLOW).ok
    report = lines.check(FLOW, chained=True)
    assert kinds(report) == {"s": "boundary"}
    assert "No line computes dJ/dh at step 3" in report.wrong[0].diagnosis.message


def test_a_chain_finds_a_circle():
    def out(dh=adjoint("h"), from_next=adjoint("h", via=NEXT_STEP)):
        return dh - from_next

    report = derivation(h_via_e=out).check(FLOW, chained=True)
    assert derivation(h_via_e=out).check(FLOW).ok
    assert "circular" in kinds(report).values()


def test_a_sum_of_two_parts_is_a_part_however_it_is_claimed():
    """The whole adjoint of s is what comes via h: the two claims say the same."""
    lines = derivation(s=(adjoint("s", via="h"), models.s))
    assert lines.check(FLOW, chained=True).ok


def test_dJ_dJ_is_one_and_given():
    found = Derivation("J", layout="gradient")

    @found.line("1", adjoint("e"))
    def _(dJ=adjoint("J"), h=value("h")):
        return dJ * np.ones_like(h)

    assert found.check(FLOW).ok
    assert found.check(FLOW, chained=True).ok


# --- the words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        (value("a"), "a"),
        (value("a", t=1), "a(t+1)"),
        (adjoint("a", t=-1, via="z_o"), "dJ/da(t-1) via z_o"),
        (adjoint("a", t=-1, via=THIS_STEP), "dJ/da(t-1), its part from step t-1"),
        (adjoint("a", t=-1, via=NEXT_STEP), "dJ/da(t-1), its part from step t"),
        (adjoint("W", t=ALL_STEPS, via=THIS_STEP), "dJ/dW at all steps from this step"),
    ],
)
def test_claims_in_words(claim, words):
    assert str(claim) == words


@pytest.mark.parametrize(
    "make",
    [
        lambda: value(3),
        lambda: value("a", t=0.5),
        lambda: adjoint(""),
        lambda: adjoint("a", t=NEXT_STEP),
        lambda: adjoint("a", via=ALL_STEPS),
        lambda: adjoint("a", via=1),
        lambda: Derivation("").line("1", "a"),
        lambda: Derivation("").line("1", value("a", t=ALL_STEPS)),
        lambda: derivation().check(3),
        lambda: Derivation("").line("1", adjoint("a", t=ALL_STEPS)),
        lambda: Derivation("").line("1", adjoint("a"))(lambda x: x),
    ],
)
def test_what_makes_no_claim_is_refused(make):
    with pytest.raises(TypeError, match=r"expected|does not say what it is given"):
        make()


def test_an_unknown_layout_is_refused():
    with pytest.raises(ValueError, match="expected layout 'gradient' or 'numerator', got 'row'"):
        Derivation("", layout="row")


def test_one_reference_makes_a_claim_once():
    lines = Derivation("twice")
    lines.line("1", adjoint("s"))(wrong_s)
    lines.line("2", adjoint("s"))(wrong_s)
    lines.line("1", adjoint("h"))(wrong_s)
    with pytest.raises(ValueError, match=r"^line 1: there is one for dJ/ds already; give this one"):
        lines.line("1", adjoint("s"))(wrong_s)
    assert len(lines.lines) == 3
