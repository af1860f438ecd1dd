"""Derivations of passes of every kind: further than a step, against time, several of them."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from tests.minigrad.writing import passes
from tests.minigrad.writing.contexts import CONTEXTS
from tests.minigrad.writing.passes import PASSES
from tests.minigrad.writing.scheduled import SCHEDULED
from tests.minigrad.writing.source.test_module import arrays_in, given_and_wanted
from tests.minigrad.writing.stacked import STACKED


def gradients_of(derivation: Any) -> Callable[..., tuple[Any, dict[str, Any]]]:
    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    written: Callable[..., tuple[Any, dict[str, Any]]] = namespace["gradients"]
    return written


# --- independent truth --------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PASSES, *STACKED, *CONTEXTS, *SCHEDULED])
def test_source_agrees_with_the_complex_step(name: str) -> None:
    """J of the source moves along a random direction as its gradients say."""
    flow = {**PASSES, **STACKED, **CONTEXTS, **SCHEDULED}[name]()
    derivation = mg.derive(flow)
    given, wanted = given_and_wanted(derivation)
    gradients = gradients_of(derivation)
    _, found = gradients(**given)
    rng, step, slope = np.random.default_rng(1), 1e-30, 0.0
    moved: dict[str, Any] = dict(given)
    for argument in wanted:
        arrays, parts = arrays_in(given[argument]), arrays_in(found[argument])
        directions = [rng.normal(size=x.shape) for x in arrays]
        slope += sum(np.sum(g * v) for g, v in zip(parts, directions, strict=True))
        shifted = [x + 1j * step * v for x, v in zip(arrays, directions, strict=True)]
        by_step = isinstance(given[argument], dict)
        keys = sorted(given[argument]) if by_step else []
        moved[argument] = dict(zip(keys, shifted, strict=True)) if by_step else shifted[0]
    J, _ = gradients(**moved)
    np.testing.assert_allclose(J.imag / step, slope, rtol=1e-12)


def test_a_recurrence_of_two_steps_by_algebra() -> None:
    """x(t+1) = 2 x(t) - x(t-1) - k x(t): x(3) = (2-k) x1 - x0, x(4) = (2-k) x(3) - x1."""
    k = mg.tensor(0.25, requires_grad=True, name="k")
    x = {}
    for t, start in enumerate([0.5, 1.25]):
        with mg.step(t):
            x[t] = mg.tensor(start, requires_grad=True, name="x")
    for t in range(2, 5):
        with mg.step(t):
            x[t] = (2 * x[t - 1] - x[t - 2] - k * x[t - 1]).named("x")
    flow = mg.gradient_flow((1 * x[4]).named("J"))
    _, found = gradients_of(mg.derive(flow))(k=0.25, x0=0.5, x1=1.25)
    # With a = 2 - k: x(2) = a x1 - x0, x(3) = a x(2) - x1, x(4) = a x(3) - x(2).
    a, x0, x1 = 1.75, 0.5, 1.25
    np.testing.assert_allclose(found["x0"], -(a**2) + 1)
    np.testing.assert_allclose(found["x1"], a**3 - 2 * a)
    np.testing.assert_allclose(found["k"], -(3 * a**2 * x1 - 2 * a * x0 - 2 * x1))


def test_two_directions_by_algebra() -> None:
    """f(t) = w f(t-1) + x(t), b(t) = w b(t+1) + x(t): dJ/dx(s) is 1 + the sum of all w^|t-s|."""
    T, w = 5, 0.5
    weight = mg.tensor(w, requires_grad=True, name="w")
    x: dict[int, Any] = {}
    for t in range(1, T + 1):
        with mg.step(t):
            x[t] = mg.tensor(float(t), requires_grad=True, name="x")
    f, b = passed(weight, x, "f", 1), passed(weight, x, "b", -1)
    J = sum(f[t] + b[t] for t in x)
    assert not isinstance(J, int)
    _, found = gradients_of(mg.derive(mg.gradient_flow(J)))(w=w, x=np.arange(1.0, T + 1))
    apart = np.abs(np.subtract.outer(range(T), range(T)))
    np.testing.assert_allclose(found["x"], (w**apart).sum(axis=0) + 1)
    slope = np.where(apart, apart * w ** np.maximum(apart - 1.0, 0), 0)
    np.testing.assert_allclose(found["w"], slope.sum(axis=0) @ np.arange(1.0, T + 1))


def passed(w: mg.Tensor, x: dict[int, Any], name: str, sign: int) -> dict[int, Any]:
    states: dict[int, Any] = {}
    for t in sorted(x, reverse=sign < 0):
        with mg.step(t):
            before = states.get(t - sign)
            states[t] = (x[t] * 1 if before is None else w * before + x[t]).named(name)
    return states


# --- other lengths ------------------------------------------------------------------------------

GENERAL = {
    "ar2": passes.ar2,
    "dilated": passes.dilated,
    "bidirectional": passes.bidirectional,
    "bidirectional from zero": partial(passes.bidirectional, start="zeros"),
    "against time": passes.against_time,
    "against time from zero": partial(passes.against_time, start="zeros"),
    "stacked": passes.stacked_in_opposite_directions,
    "smoother": passes.smoother,
    "encoder-decoder": passes.encoder_decoder,
    "decoder that starts before": partial(passes.encoder_decoder, reads="before"),
    "decoder of a context": partial(passes.encoder_decoder, reads="by name"),
    "lagged inputs": passes.lagged_inputs,
    "states in the loss": passes.states_in_the_loss,
    "residual from zero": passes.residual_from_zero,
    "ends put together": passes.ends_put_together,
    "roughness": passes.roughness,
    "decoder of an unnamed context": partial(passes.encoder_decoder, reads="at every step"),
    **{name: flow for name, flow in STACKED.items() if name != "weighted"},
    **{name: flow for name, flow in CONTEXTS.items() if name != "later decoder"},
    **SCHEDULED,
}


@pytest.mark.parametrize("name", GENERAL)
def test_loops_stay_loops_and_hold_for_any_length(name: str) -> None:
    short, long = GENERAL[name](T=6), GENERAL[name](T=9)
    source = mg.derive(short).numpy_source()
    given, wanted = given_and_wanted(mg.derive(long))
    _, found = gradients_of(mg.derive(short))(**given)
    for argument, expected in wanted.items():
        np.testing.assert_allclose(found[argument], expected, rtol=1e-10, atol=1e-12)
    assert loops(source) == loops(mg.derive(long).numpy_source())


# Lines that put pieces among zeros name the shape of all.
NAMED = ("walked", "column", "two layers")


@pytest.mark.parametrize("name", [x for x in GENERAL if not any(word in x for word in NAMED)])
def test_lines_hold_for_any_length(name: str) -> None:
    derivation, longer = mg.derive(GENERAL[name](T=6)), GENERAL[name](T=9)
    assert derivation.check(longer).ok
    assert derivation.check(longer, chained=True).ok


def test_source_takes_any_length_of_a_stack() -> None:
    x, W = {}, mg.tensor(np.ones((5, 4)), requires_grad=True, name="W")
    for t in range(1, 6):
        with mg.step(t):
            x[t] = mg.tensor(np.arange(4.0) + t, name="x")
    X = mg.stack(list(x.values())).named("X")
    J = (X * W).sum()
    gradients = gradients_of(mg.derive(mg.gradient_flow(J.named("J"))))
    given = np.stack([v.data for v in x.values()])
    np.testing.assert_array_equal(gradients(W=np.ones((5, 4)), x=given)[1]["W"], given)
    longer = np.arange(24.0).reshape(6, 4)
    np.testing.assert_array_equal(gradients(W=np.ones((6, 4)), x=longer)[1]["W"], longer)


@pytest.mark.parametrize(
    "flow",
    [
        partial(passes.dilated, T=4),
        partial(passes.encoder_decoder, T=5, S=3),
        passes.attention_over_earlier_states,
        passes.decoder_of_all_states,
    ],
)
def test_source_refuses_another_length_where_it_matters(flow: Any) -> None:
    short, long = flow(), passes.encoder_decoder(T=8)
    derivation = mg.derive(short)
    given, _ = given_and_wanted(derivation)
    x = given_and_wanted(mg.derive(long))[0]["x"]
    with pytest.raises(ValueError, match="x: expected the shape"):
        gradients_of(derivation)(**{**given, "x": x})


# --- how it reads -------------------------------------------------------------------------------


def loops(source: str) -> list[str]:
    return re.findall(r"^    for t in (.*):$", source, re.MULTILINE)


def test_each_pass_is_a_loop_forth_and_a_loop_back() -> None:
    up, down = "range(1, T + 1)", "range(T, 0, -1)"
    expected = {
        "ar2": ["range(2, T + 1)", "range(T, 1, -1)"],
        "against time": [down, up],
        "bidirectional": [up, down, up, down],
        "stacked in opposite directions": [up, down, up, down],
        "encoder-decoder": [up, up, down, down],
        "lagged inputs": [up, down],
    }
    for name, ranges in expected.items():
        assert loops(mg.derive(PASSES[name]()).numpy_source()) == ranges


def test_what_flows_on_waits_in_a_variable_or_is_kept_by_step() -> None:
    sources = {name: mg.derive(flow()).numpy_source() for name, flow in PASSES.items()}
    assert "dJ_dh = dJ_dh_next + " not in sources["against time"]
    assert "dJ_dh = dJ_dh_prev + " in sources["against time"]
    assert "dJ_dh_f_next = U_f @ dJ_dz_f" in sources["bidirectional"]
    assert "dJ_dh_b_prev = U_b @ dJ_dz_b" in sources["bidirectional"]
    assert "dJ_dh[t - 1] += U_1 @ dJ_dz" in sources["ar2"]
    assert "dJ_dh[t - 2] += U_2 @ dJ_dz" in sources["ar2"]
    assert "dJ_dh_T += C @ dJ_dz_s" in sources["encoder-decoder"]


def test_text_of_two_directions() -> None:
    text = mg.derive(passes.bidirectional(), layout="gradient").text()
    assert "z_b⁽ᵗ⁾ = W_bᵀ x⁽ᵗ⁾ + U_bᵀ h_b⁽ᵗ⁺¹⁾" in text
    assert "h_b⁽ᵀ⁺¹⁾: 3 × 3" in " ".join(text.split())
    assert "∂J/∂h_b⁽ᵗ⁾ = ∂J/∂h_b⁽ᵗ⁾|t-1 + ∂J/∂h_b⁽ᵗ⁾|z_y⁽ᵗ⁾" in text
    assert "flows in from the step t-1" in text
    assert "(section 3.6); for t = 1 there is none" in text
    assert "∂J/∂h_b⁽ᵗ⁺¹⁾|z_b⁽ᵗ⁾ = U_b ∂J/∂z_b⁽ᵗ⁾" in text
    assert "for t = T all of ∂J/∂h_b⁽ᵀ⁺¹⁾" in " ".join(text.split())


def test_text_of_two_steps() -> None:
    text = mg.derive(passes.ar2(), layout="gradient").text()
    assert "z⁽ᵗ⁾ = Wᵀ x⁽ᵗ⁾ + U_1ᵀ h⁽ᵗ⁻¹⁾ + U_2ᵀ h⁽ᵗ⁻²⁾" in text
    assert "∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|t+2 + ∂J/∂h⁽ᵗ⁾|t+1 + ∂J/∂h⁽ᵗ⁾|J" in text
    assert "∂J/∂h⁽ᵗ⁻²⁾|z⁽ᵗ⁾ = U_2 ∂J/∂z⁽ᵗ⁾" in text


def test_what_one_step_reads_far_away_has_a_name_or_numbers() -> None:
    text = mg.derive(passes.encoder_decoder(), layout="gradient").text()
    assert "h_T = h⁽ᵀ⁾    (eq. 3)" in text
    assert "z_s⁽ᵗ⁾ = Cᵀ h_T    (eq. 4, t = 1)" in text
    assert "∂J/∂h⁽ᵗ⁾|h_T = ∂J/∂h_T    (t = T)" in text
    text = mg.derive(passes.attention_over_earlier_states()).text()
    assert "H⁽³⁾ = concatenate_{axis 1}(h⁽¹⁾, h⁽²⁾, h⁽³⁾)" in text


def test_a_given_state_is_told_from_those_that_are_computed() -> None:
    text = mg.derive(passes.roughness(), layout="gradient").text()
    assert [line.strip() for line in text.splitlines() if "∂J/∂h⁽ᵗ⁾|J =" in line] == [
        "∂J/∂h⁽ᵗ⁾|J = -2 (h⁽ᵗ⁺¹⁾ - h⁽ᵗ⁾)    (t = 0)",
        "∂J/∂h⁽ᵗ⁾|J = 4 h⁽ᵗ⁾ - 2 h⁽ᵗ⁺¹⁾ - 2 h⁽ᵗ⁻¹⁾    (0 < t < T)",
        "∂J/∂h⁽ᵗ⁾|J = 2 (h⁽ᵗ⁾ - h⁽ᵗ⁻¹⁾)    (t = T)",
    ]


def test_numbers_that_move_with_the_step() -> None:
    written = {
        "discounted": ["J = Σ(t=1..T) 0.9ᵗ Σ (h⁽ᵗ⁾)²", "∂J/∂h⁽ᵗ⁾|J = 2 · 0.9ᵗ h⁽ᵗ⁾"],
        "learned discount": ["∂J/∂γ = Σ(t=1..T) t γᵗ⁻¹ Σ (h⁽ᵗ⁾)²"],
        "running mean": [
            "m⁽ᵗ⁾ = (1 - 1 / t) m⁽ᵗ⁻¹⁾ + x⁽ᵗ⁾ / t",
            "∂J/∂x⁽ᵗ⁾ = ∂J/∂m⁽ᵗ⁾ / t",
        ],
        "without bias": ["u⁽ᵗ⁾ = m⁽ᵗ⁾ / (1 - 0.9ᵗ)"],
    }
    for name, lines in written.items():
        text = mg.derive(SCHEDULED[name](), layout="gradient").text().splitlines()
        for line in lines:
            assert any(x.strip().split("    ")[0] == line for x in text), line


def test_a_number_may_count_from_the_last_step() -> None:
    """6 - t of five steps, for all that anybody knows: the source takes no other number."""

    def flow(T: int) -> mg.GradientFlow:
        x = passes.sequence(passes.leaves(), "x", 3, range(1, T + 1))
        h = passes.recurrence(passes.leaves(), x, 3)
        return mg.gradient_flow(sum((T + 1 - t) * (h[t] ** 2).sum() for t in x).named("J"))  # type: ignore[union-attr]

    derivation = mg.derive(flow(5))
    assert "J = Σ(t=1..T) (6-t) Σ (h⁽ᵗ⁾)²" in derivation.text()
    gradients_of(derivation)(**given_and_wanted(derivation)[0])
    with pytest.raises(ValueError, match="expected the shape"):
        gradients_of(derivation)(**given_and_wanted(mg.derive(flow(7)))[0])


def test_what_an_encoder_gives_comes_after_what_takes_it() -> None:
    sections = mg.derive(passes.encoder_decoder()).model.sections
    order = [item.of.name for section in sections for item in section if item.of.t == 0]
    assert order.index("s") < order.index("h")


# --- what can't be said -------------------------------------------------------------------------


def test_values_that_depend_on_each_other_within_a_step_in_either_order() -> None:
    w, J = mg.tensor(0.5, requires_grad=True, name="w"), []
    for t in range(1, 5):
        with mg.step(t):
            first, second = ("a", "b") if t % 2 else ("b", "a")
            x = (w * w).named(first)
            J.append(mg.tanh(x * w).named(second) * x)
    with pytest.raises(ValueError, match=r"^derive: a, b depend on each other within a step, here"):
        mg.derive(mg.gradient_flow(sum(J[1:], J[0])))


def test_the_loss_has_a_name_of_its_own() -> None:
    w, h = mg.tensor(0.5, requires_grad=True, name="w"), mg.tensor(1.0, name="h0")
    for t in range(1, 4):
        with mg.step(t):
            h = mg.tanh(w * h).named("h")
    for J in (h, (2 * h).named("h")):
        with pytest.raises(ValueError, match="derive: h is the name of values at steps, and also"):
            mg.derive(mg.gradient_flow(J))
    with mg.step(3):
        J = (h * h).named("J")
    derivation = mg.derive(mg.gradient_flow(J))
    assert derivation.check(derivation.flow, chained=True).ok
    J, found = gradients_of(derivation)(w=0.5, h0=1.0)
    np.testing.assert_allclose(found["w"], derivation.flow.adjoint("w").item())


def test_values_that_read_both_earlier_and_later_steps() -> None:
    """The even ones are made of their neighbours: lines say so, and a loop does not."""
    w, v = mg.tensor(0.5, requires_grad=True, name="w"), {}
    for t in (1, 3, 5, 2, 4):
        with mg.step(t):
            v[t] = (w * t if t % 2 else mg.tanh(w * v[t - 1] * v[t + 1])).named("v")
    flow = mg.gradient_flow(sum(v.values()).named("J"))  # type: ignore[union-attr]
    derivation = mg.derive(flow)
    assert derivation.check(flow, chained=True).ok
    with pytest.raises(ValueError, match=r"^numpy_source: no loop over the steps can follow how v"):
        derivation.numpy_source()


@pytest.mark.parametrize(
    "index",
    [
        lambda t, T: T - t,
        lambda t, T: 2 * t,
        lambda t, T: slice(t, t + 2),
        lambda t, T: (slice(None), t),
        lambda t, T: t + 1,
    ],
)
def test_source_never_goes_along_another_length_unawares(index: Any) -> None:
    """It computes what a derivation of the other length does, or refuses."""

    def flow(T: int) -> mg.GradientFlow:
        rng = np.random.default_rng(0)
        X = mg.tensor(rng.normal(size=(2 * T + 3, T + 4)), requires_grad=True, name="X")
        w, J = mg.tensor(0.5, requires_grad=True, name="w"), 0
        for t in range(1, T + 1):
            with mg.step(t):
                z = mg.tanh(w * X[index(t, T)]).named("z")
            J = J + (z**2).sum()
        assert isinstance(J, mg.Tensor)
        return mg.gradient_flow(J.named("J"))

    short, long = mg.derive(flow(5)), mg.derive(flow(7))
    given, wanted = given_and_wanted(long)
    try:
        _, found = gradients_of(short)(**given)
    except ValueError as error:
        assert "expected the shape" in str(error)
    else:
        for argument, expected in wanted.items():
            np.testing.assert_allclose(found[argument], expected, rtol=1e-12)
