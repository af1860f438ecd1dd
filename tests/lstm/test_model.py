"""The LSTM against PyTorch's numbers, the closed form, and the complex step."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lstm
import minigrad as mg
from lstm.words import next_characters
from tests import derivatives, programs
from tests.lstm import equations, sines

PYTORCH = {
    name: np.array(numbers)
    for name, numbers in json.loads(
        Path(__file__).with_name("pytorch_numbers.json").read_text()
    ).items()
}
PARAMS, X, Y, (A0, C0) = sines.parameters(), sines.inputs(), sines.labels(), sines.states()
NAMES = list(sines.SHAPES)


def random_case(
    n_x: int, n_a: int, n_y: int, T: int, B: int, dtype: Any = np.float64
) -> tuple[Any, ...]:
    rng = np.random.default_rng(1)
    arrays = [(T, n_x, B), (T, n_y, B), (n_a, B), (n_a, B)]
    x, y, a0, c0 = (rng.uniform(-1, 1, shape).astype(dtype) for shape in arrays)
    return lstm.init_params(n_x, n_a, n_y, dtype=dtype), x, abs(y), a0, c0


# --- values and gradients -----------------------------------------------------------------------


def test_forward_is_pytorchs() -> None:
    run = lstm.forward(PARAMS, X, Y, A0, C0)
    assert run.loss.item() == pytest.approx(float(PYTORCH["J"]), rel=1e-13)
    logits = PYTORCH["logits"]
    for y_hat, z in zip(run.y_hat, logits, strict=True):
        np.testing.assert_allclose(y_hat.data, equations.softmax(z), rtol=1e-12)


@pytest.mark.parametrize("f", [lstm.loss, lambda *args: lstm.forward(*args).loss])
def test_gradients_are_pytorchs(f: Any) -> None:
    value, (params, x, a0, c0) = mg.value_and_grad(f, (0, 1, 3, 4))(PARAMS, X, Y, A0, C0)
    assert value == pytest.approx(float(PYTORCH["J"]), rel=1e-13)
    found = {**params, "x": x, "a0": a0, "c0": c0}
    names = [*NAMES, "x", "a0", "c0"]
    derivatives.assert_close([found[n] for n in names], [PYTORCH[n] for n in names], 1e-13)


sizes = st.integers(1, 4)


@given(sizes, sizes, sizes, st.integers(1, 6), st.integers(1, 3), st.booleans())
@settings(max_examples=15)
def test_gradients_are_the_closed_forms(
    n_x: int, n_a: int, n_y: int, T: int, B: int, with_states: bool
) -> None:
    params, x, y, *states = random_case(n_x, n_a, n_y, T, B)
    states = states if with_states else []
    by_hand, expected = lstm.closed_form.gradients(params, x, y, *states)
    for f in (lstm.loss, lambda *args: lstm.forward(*args).loss):
        value, (by_params, by_x) = mg.value_and_grad(f, (0, 1))(params, x, y, *states)
        assert value == pytest.approx(by_hand, rel=1e-12)
        names = [*params, "x"]
        found = {**by_params, "x": by_x}
        derivatives.assert_close([found[n] for n in names], [expected[n] for n in names])


def test_gradients_are_the_complex_steps() -> None:
    program, start = equations.lstm(Y), equations.given(PARAMS, X, A0, C0)
    gradients = mg.grad(lstm.loss)(PARAMS, X, Y, A0, C0)
    for name in NAMES:
        truth = programs.derivative(program, start, (name, None), PARAMS[name].shape)
        derivatives.assert_close([gradients[name]], [truth], 1e-13)


def test_hessian_product_is_a_difference_of_closed_forms() -> None:
    rng = np.random.default_rng(0)
    v = {name: rng.normal(size=value.shape) for name, value in PARAMS.items()}
    h = 1e-5

    def moved(by: float) -> dict[str, np.ndarray]:
        params = {name: PARAMS[name] + by * v[name] for name in NAMES}
        return lstm.closed_form.gradients(params, X, Y)[1]

    above, below = moved(h), moved(-h)
    found = mg.hvp(lambda params: lstm.loss(params, X, Y), (PARAMS,), (v,))
    expected = [(above[name] - below[name]) / (2 * h) for name in NAMES]
    derivatives.assert_close([found[name] for name in NAMES], expected, 1e-8)


# --- the gradient flow --------------------------------------------------------------------------


def test_every_adjoint_and_contribution_of_the_flow() -> None:
    program, start = equations.lstm(Y), equations.given(PARAMS, X, A0, C0)
    flow = mg.gradient_flow(lstm.forward(PARAMS, X, Y, A0, C0).loss)
    rng = np.random.default_rng(0)
    labels = [*start, *(made for made, _, _ in program[:-1])]
    for v in labels:
        adjoint = flow.adjoint(*v).data
        direction = rng.normal(size=adjoint.shape)
        truth = programs.slope(program, start, v, direction)
        assert np.vdot(adjoint, direction) == pytest.approx(truth, rel=1e-11, abs=1e-13)
        readers = {made for made, reads, _ in program if v in reads}
        parts = flow.contributions(*v)
        assert set(parts) == readers, v
        for m, part in parts.items():
            truth = programs.slope(program, start, v, direction, via=m)
            assert np.vdot(part.data, direction) == pytest.approx(truth, rel=1e-11, abs=1e-13)


def test_contributions_come_in_the_order_of_the_text() -> None:
    """Output gate, candidate, update gate, forget gate; first what flows in from the next step."""
    flow = mg.gradient_flow(lstm.forward(PARAMS, X, Y).loss)

    def gates(t: int) -> list[Any]:
        return [("z_o", t), ("z_c", t), ("z_u", t), ("z_f", t)]

    for t in range(1, sines.T):
        assert list(flow.contributions("a", t)) == [*gates(t + 1), ("z_y", t)]
        assert list(flow.contributions("c", t)) == [("c", t + 1), ("a", t)]
    assert list(flow.contributions("a", sines.T)) == [("z_y", sines.T)]
    assert list(flow.contributions("c", sines.T)) == [("a", sines.T)]
    assert list(flow.contributions("a", 0)) == gates(1)
    assert list(flow.contributions("c", 0)) == [("c", 1)]
    for t in range(1, sines.T + 1):
        assert list(flow.contributions("x", t)) == gates(t)
        for gate in "fuoc":
            value = "c_tilde" if gate == "c" else f"Gamma_{gate}"
            assert list(flow.contributions(f"z_{gate}", t)) == [(value, t)]
            assert list(flow.contributions(value, t)) == [("a" if gate == "o" else "c", t)]
    steps = range(sines.T, 0, -1)
    for name in NAMES:
        gate = name[2]
        assert list(flow.contributions(name)) == [(f"z_{gate}", t) for t in steps]


def test_plus_nodes_are_added_as_the_text_does() -> None:
    """Label 3, 4 and 5 of figure 2, and then label 1: two at a time."""
    flow = mg.gradient_flow(lstm.forward(PARAMS, X, Y).loss)
    o, c, u, f, from_y = (part.data for part in flow.contributions("a", 2).values())
    np.testing.assert_array_equal(flow.adjoint("a", 2).data, (((o + c) + u) + f) + from_y)
    o, c, u, f = (part.data for part in flow.contributions("x", 2).values())
    np.testing.assert_array_equal(flow.adjoint("x", 2).data, ((o + c) + u) + f)
    shares = [part.data for part in flow.contributions("W_fa").values()]
    total = ((shares[0] + shares[1]) + shares[2]) + shares[3]
    np.testing.assert_array_equal(flow.adjoint("W_fa").data, total)


def test_everything_is_named_by_equation_and_step() -> None:
    run = lstm.forward(PARAMS, X, Y)
    flow = mg.gradient_flow(run.loss)
    of_a_step = [f"z_{gate}" for gate in "fuocy"] + [f"Gamma_{gate}" for gate in "fuo"]
    of_a_step += ["c_tilde", "c", "a", "y_hat", "x", "y"]
    expected = {(name, t) for name in of_a_step for t in range(1, sines.T + 1)}
    expected |= {(name, None) for name in [*NAMES, "J"]} | {("a", 0), ("c", 0)}
    assert set(flow.values) == expected
    for name in ("y_hat", "a", "c"):
        for t, value in enumerate(getattr(run, name), start=1):
            assert flow.value(name, t) is value


# --- labels, states, reductions -----------------------------------------------------------------


@pytest.mark.parametrize("f", [lstm.loss, lambda *args: lstm.forward(*args).loss])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", [int, np.uint8, np.float64, bool])
def test_class_numbers_and_one_hot_labels(f: Any, dtype: Any, kind: Any) -> None:
    params, x, *_ = random_case(3, 4, 5, 4, 2, dtype)
    numbers = np.array([[0, 4], [3, 1], [2, 2], [4, 0]])
    one_hot = np.zeros((4, 5, 2), dtype if kind is np.float64 else kind)
    for t, b in np.ndindex(4, 2):
        one_hot[t, numbers[t, b], b] = 1
    y_hat = [y.data for y in lstm.forward(params, x, one_hot).y_hat]
    by_loops = -sum(np.log(y_hat[t][numbers[t, b], b]) for t, b in np.ndindex(4, 2))
    for y in (numbers, numbers.astype(np.uint8), one_hot, mg.tensor(numbers)):
        value, gradients = mg.value_and_grad(f)(params, x, y)
        assert value.dtype == dtype
        assert value == pytest.approx(by_loops, rel=1e-5)
        assert {g.dtype for g in gradients.values()} == {np.dtype(dtype)}


def test_class_numbers_of_a_compiled_loss_are_those_of_each_call() -> None:
    both = mg.value_and_grad(lstm.loss)
    step = mg.compile(both)
    for numbers in ([[0, 4], [3, 1], [2, 2], [4, 0]], [[1, 1], [0, 3], [4, 2], [3, 3]]):
        value, gradients = step(PARAMS, X, np.array(numbers))
        expected, theirs = both(PARAMS, X, np.array(numbers))
        assert value == pytest.approx(expected, rel=1e-14)
        for name in NAMES:
            np.testing.assert_allclose(gradients[name], theirs[name], rtol=1e-12, atol=1e-15)
    with pytest.raises(ValueError, match="labels from 0 to 4, got 0 to 5"):
        step(PARAMS, X, np.array([[0, 5], [3, 1], [2, 2], [4, 0]]))


def test_forward_can_be_compiled() -> None:
    step = mg.compile(lstm.forward)
    both = mg.compile(mg.value_and_grad(lambda *args: lstm.forward(*args).loss))
    for numbers in ([[0, 4], [3, 1], [2, 2], [4, 0]], [[1, 1], [0, 3], [4, 2], [3, 3]]):
        one_hot = np.eye(5)[numbers].transpose(0, 2, 1)
        by_hand, expected = lstm.closed_form.gradients(PARAMS, X, one_hot)
        for y in (np.array(numbers), one_hot):
            run, (value, gradients) = step(PARAMS, X, y), both(PARAMS, X, y)
            assert (run.loss, value) == pytest.approx((by_hand, by_hand), rel=1e-12)
            for name in NAMES:
                np.testing.assert_allclose(gradients[name], expected[name], atol=1e-13)
            eager = lstm.forward(PARAMS, X, y)
            for field in ("y_hat", "a", "c"):
                theirs = [x.data for x in getattr(eager, field)]
                np.testing.assert_allclose(getattr(run, field), theirs, rtol=1e-12)


def test_states_are_zero_by_default() -> None:
    zero = np.zeros((sines.N_A, sines.B))
    assert lstm.loss(PARAMS, X, Y).item() == lstm.loss(PARAMS, X, Y, zero, zero).item()
    assert lstm.loss(PARAMS, X, Y).item() != lstm.loss(PARAMS, X, Y, A0, C0).item()
    c0_alone = lstm.loss(PARAMS, X, Y, c0=C0).item()
    assert c0_alone == lstm.loss(PARAMS, X, Y, zero, C0).item()


def test_a_batch_is_its_columns() -> None:
    whole = lstm.loss(PARAMS, X, Y, A0, C0).item()
    columns = [slice(b, b + 1) for b in range(sines.B)]
    parts = [lstm.loss(PARAMS, X[..., b], Y[..., b], A0[:, b], C0[:, b]).item() for b in columns]
    assert whole == pytest.approx(sum(parts), rel=1e-14)


def test_two_halves_of_a_sequence() -> None:
    """The states of one half start the other."""
    first = lstm.forward(PARAMS, X[:2], Y[:2], A0, C0)
    second = lstm.forward(PARAMS, X[2:], Y[2:], first.a[-1].data, first.c[-1].data)
    total = first.loss.item() + second.loss.item()
    assert total == pytest.approx(float(PYTORCH["J"]), rel=1e-13)


def test_mean() -> None:
    value, gradients = mg.value_and_grad(lstm.loss)(PARAMS, X, Y, A0, C0, "mean")
    assert value == pytest.approx(float(PYTORCH["J"]) / (sines.T * sines.B), rel=1e-13)
    for name in NAMES:
        expected = PYTORCH[name] / (sines.T * sines.B)
        np.testing.assert_allclose(gradients[name], expected, rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_logits_of_ten_thousand(dtype: Any) -> None:
    """By hand: softmax is (1, 0, 0), so J is 1e4 and 2e4 a step and dJ/db_y counts the misses."""
    params, x, *_ = random_case(2, 3, 3, 2, 2, dtype)
    params["W_ya"][:] = 0
    params["b_y"][:, 0] = [1e4, 0, -1e4]
    value, gradients = mg.value_and_grad(lstm.loss)(params, x, np.array([[1, 2], [0, 1]]))
    assert value == 4e4
    np.testing.assert_array_equal(gradients["b_y"], [[4 - 1], [-2], [-1]])


def test_parameters_as_tensors() -> None:
    params = {name: mg.tensor(value, requires_grad=True) for name, value in PARAMS.items()}
    lstm.loss(params, X, Y, A0, C0).backward()
    derivatives.assert_close([params[n].grad for n in NAMES], [PYTORCH[n] for n in NAMES], 1e-13)
    assert params["W_fa"].name == "W_fa"
    x = mg.tensor(X, requires_grad=True)
    (g,) = mg.gradients(lstm.loss(PARAMS, x, Y, A0, C0), [x])
    derivatives.assert_close([g], [PYTORCH["x"]], 1e-13)


def test_it_learns_a_name() -> None:
    x, y = next_characters("wilhelmina", "aehilmnw")
    params = {
        name: mg.tensor(value, requires_grad=True)
        for name, value in lstm.init_params(8, 10, 8).items()
    }
    losses = []
    for _ in range(60):
        J = lstm.loss(params, x, y)
        J.backward()
        for p in params.values():
            p.data -= 0.2 * p.grad
            p.grad = None
        losses.append(J.item())
    assert losses[-1] < losses[0] / 10
    last = np.stack([y_hat.data for y_hat in lstm.forward(params, x, y).y_hat])
    np.testing.assert_array_equal(last.argmax(axis=1), y.argmax(axis=1))


def test_init_params() -> None:
    params = lstm.init_params(30, 40, 50, seed=3, dtype=np.float32)
    assert {name: p.shape for name, p in params.items()} == {
        **{f"W_{gate}a": (40, 40) for gate in "fuoc"},
        **{f"W_{gate}x": (30, 40) for gate in "fuoc"},
        **{f"b_{gate}": (40, 1) for gate in "fuoc"},
        "W_ya": (40, 50),
        "b_y": (50, 1),
    }
    assert {p.dtype for p in params.values()} == {np.dtype(np.float32)}
    assert np.std(params["W_fa"]) == pytest.approx(40**-0.5, rel=0.1)
    assert np.std(params["W_fx"]) == pytest.approx(30**-0.5, rel=0.1)
    assert 0.05 < np.std(params["b_f"]) < 0.2
    again, other = lstm.init_params(30, 40, 50, 3), lstm.init_params(30, 40, 50, 4)
    np.testing.assert_allclose(params["W_ua"], again["W_ua"], rtol=1e-6)
    assert not np.allclose(again["W_ua"], other["W_ua"])
