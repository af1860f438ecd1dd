"""Arrays from elsewhere against the gradient flow, and hand-written gradients against functions."""

import numpy as np
import pytest

import lstm
import minigrad as mg
from minigrad import compare
from tests.minigrad.derivation.models import flow

FLOW = flow()


def true(name, t=None):
    return FLOW.adjoint(name, t).data.copy()


def test_right_arrays_are_right_in_either_layout():
    arrays = {"W": true("W"), ("s", 2): true("s", 2), "b": true("b")}
    assert compare(FLOW, arrays).ok
    assert compare(FLOW, {key: g.T for key, g in arrays.items()}, layout="numerator").ok
    assert len(compare(FLOW, {"W": true("W")}).lines) == 1


def test_the_first_wrong_one_on_the_way_back_is_where_to_look():
    wrong = {"W": -true("W"), ("h", 1): -true("h", 1), ("s", 3): 2 * true("s", 3)}
    report = compare(FLOW, wrong)
    assert [line.ref for line in report.lines] == ["s at step 3", "h at step 1", "W"]
    assert [line.claim for line in report.lines] == ["dJ/ds(3)", "dJ/dh(1)", "dJ/dW"]
    assert ["Look here first" in line.diagnosis.message for line in report.lines] == [
        *(True, False, False)
    ]


@pytest.mark.parametrize(
    ("kind", "key", "wrong"),
    [
        ("sign", "W", lambda g: -g),
        ("scale", "W", lambda g: g / 5),
        ("transpose", "U", lambda g: g.T),
        ("transpose", "W", lambda g: g.T),
        ("shape", "b", lambda g: g[:, 0]),
        ("broadcast", "b", lambda g: g + np.zeros((1, 5))),
        ("missing sum", "b", lambda g: true("s", 3).sum(axis=1, keepdims=True)),
        ("missing contribution", ("h", 1), lambda g: FLOW.contributions("h", 1)["s", 2].data),
        ("missing contribution", "U", lambda g: g - FLOW.contributions("U")["s", 3].data),
        ("missing factor", ("s", 1), lambda g: true("h", 1)),
        ("wrong operand", ("s", 1), lambda g: true("s", 2)),
        ("not finite", "b", lambda g: g * np.nan),
        ("wrong type", "b", lambda g: None),
        ("unexplained", "W", lambda g: np.sin(5 * g)),
    ],
)
def test_an_array_is_diagnosed_as_far_as_arrays_allow(kind, key, wrong):
    name, t = (key, None) if isinstance(key, str) else key
    [line] = compare(FLOW, {key: wrong(true(name, t))}).wrong
    assert line.diagnosis.kind == kind, line.diagnosis


def test_unknown_names_steps_and_layouts_are_refused():
    with pytest.raises(KeyError, match="no value is called V"):
        compare(FLOW, {"V": np.zeros(3)})
    with pytest.raises(KeyError, match="it has steps 0, 1, 2, 3"):
        compare(FLOW, {("h", 9): np.zeros(3)})
    with pytest.raises(ValueError, match="requires no gradient"):
        compare(FLOW, {("y", 1): np.zeros(3)})
    with pytest.raises(ValueError, match="expected layout"):
        compare(FLOW, {}, layout="columns")
    with pytest.raises(TypeError, match="dict from names to arrays"):
        compare(FLOW, lambda: 0)
    with pytest.raises(TypeError, match="expected a function"):
        compare(np.sum, {})


def loss(params, x):
    return np.sum(np.tanh(params["w"] @ x + params["b"]) ** 2)


def by_hand(params, x):
    z = params["w"] @ x + params["b"]
    dz = 2 * np.tanh(z) * (1 - np.tanh(z) ** 2)
    return {"w": dz @ x.T, "b": dz.sum(axis=1, keepdims=True)}, params["w"].T @ dz


def test_a_function_and_its_gradient_by_hand():
    rng = np.random.default_rng(0)
    params = {"w": rng.normal(size=(4, 3)), "b": rng.normal(size=(4, 1))}
    x = rng.normal(size=(3, 5))
    report = compare(loss, by_hand, params, x)
    assert report.ok
    assert {line.ref for line in report.lines} == {"w", "b", "x"}

    def forgets_the_batch(params, x):
        gradients, dx = by_hand(params, x)
        return {**gradients, "b": gradients["b"] / 5}, -dx

    wrong = {x.ref: x.diagnosis.kind for x in compare(loss, forgets_the_batch, params, x).wrong}
    assert wrong == {"b": "scale", "x": "sign"}


def test_a_gradient_by_the_first_argument_alone():
    x, labels = np.array([0.5, -1.0, 2.0]), np.array([0, 2])
    f = lambda x, labels: mg.sum(x[labels] ** 2)  # noqa: E731
    assert compare(f, lambda x, labels: np.array([1.0, 0.0, 4.0]), x, labels).ok
    assert compare(lambda xs: xs[0] * xs[1], lambda xs: [xs[1], xs[0]], [2.0, 3.0]).ok


def test_another_way_to_the_gradient_is_no_error() -> None:
    """The closed form divides by y_hat and multiplies again, which rounds where y_hat is small."""
    rng = np.random.default_rng(0)
    params = lstm.init_params(3, 5, 2)
    x = rng.normal(size=(4, 3, 6))
    y = rng.dirichlet([1, 1], size=(4, 6)).transpose(0, 2, 1)
    flow = mg.gradient_flow(lstm.forward(params, x, y).loss)
    _, by_hand = lstm.closed_form.gradients(params, x, y)
    assert mg.compare(flow, {name: by_hand[name] for name in params}).ok
