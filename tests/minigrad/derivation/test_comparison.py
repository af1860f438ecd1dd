"""Arrays from elsewhere against the gradient flow, and hand-written gradients against functions."""

import numpy as np
import pytest

import lstm
import minigrad as mg
from minigrad import NEXT_STEP, THIS_STEP, adjoint, compare
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


# --- which is wrong in itself ---------------------------------------------------------------------


def program(**wrong):
    """The backward pass of the model by hand, and what one of its lines is changed to."""
    W, U = (FLOW.value(name).data for name in ("W", "U"))
    found, carry = {"W": 0, "U": 0, "b": 0}, 0
    for t in (3, 2, 1):
        x, y, h, before = (
            FLOW.value(name, s).data for name, s in [("x", t), ("y", t), ("h", t), ("h", t - 1)]
        )

        def line(name, right, t=t):
            return wrong[name](right) if name in wrong else right

        found["h", t] = dh = line("h", h * y + carry)
        found["s", t] = ds = line("s", dh * (1 - h**2))
        found["x", t] = line("x", W @ ds)
        found[adjoint("h", t=-1, via=NEXT_STEP), t] = carry = line("carry", U @ ds)
        found["W"] = found["W"] + line("W", x @ ds.T)
        found["U"] = found["U"] + before @ ds.T
        found["b"] = found["b"] + ds.sum(axis=1, keepdims=True)
    return found


def kinds(report):
    return {line.ref: line.diagnosis.kind for line in report.wrong}


def test_a_right_program_is_right_with_the_carries_that_it_holds():
    report = compare(FLOW, program())
    assert report.ok
    assert [line.claim for line in report.lines][:4] == [
        *("dJ/dh(3)", "dJ/ds(3)", "dJ/dh(2), its part from step 3", "dJ/dx(3)")
    ]


@pytest.mark.parametrize(
    ("name", "change", "kind", "refs"),
    [
        ("s", lambda g: -g, "sign", ["s at step 3", "s at step 2", "s at step 1"]),
        ("s", lambda g: 3 * g, "scale", ["s at step 3", "s at step 2", "s at step 1"]),
        ("x", lambda g: 2 * g, "scale", ["x at step 3", "x at step 2", "x at step 1"]),
        ("W", lambda g: -g, "sign", ["W"]),
        (
            *("carry", lambda g: g / 2, "scale"),
            [f"h at step {t - 1}, its part from step {t}" for t in (3, 2, 1)],
        ),
    ],
)
def test_one_wrong_line_is_told_from_what_follows_from_it(name, change, kind, refs):
    report = compare(FLOW, program(**{name: change}))
    found = kinds(report)
    assert [ref for ref in found if found[ref] != "inherited"] == refs
    assert {found[ref] for ref in refs} == {kind}
    assert report.wrong[0].diagnosis.message.startswith("Look here first.")


def test_what_is_inherited_says_from_where():
    arrays = program(s=np.negative)
    arrays = {key: arrays[key] for key in [("s", 3), "W", ("h", 3), ("h", 2)]}
    report = compare(FLOW, arrays)
    assert kinds(report) == {"s at step 3": "sign", "h at step 2": "inherited", "W": "unexplained"}
    [inherited] = [line for line in report.lines if line.ref == "h at step 2"]
    assert inherited.diagnosis.message.endswith("what is wrong: s at step 3.")
    assert "; 1 of them only by what they are given (inherited)" in str(report)


def test_keys_that_are_claims():
    share = FLOW.contributions("W")["s", 2].data
    assert compare(FLOW, {(adjoint("W", via=THIS_STEP), 2): share, adjoint("W"): true("W")}).ok
    [wrong] = compare(FLOW, {(adjoint("W", via=THIS_STEP), 1): share}).wrong
    assert (wrong.ref, wrong.claim) == ("W, its part from step 1", "dJ/dW, its part from step 1")
    with pytest.raises(KeyError, match="at t = 1, 2, 3; say at which"):
        compare(FLOW, {adjoint("W", via=THIS_STEP): share})
    with pytest.raises(KeyError, match="no value is called V"):
        compare(FLOW, {adjoint("V"): share})
    with pytest.raises(TypeError, match="as a key"):
        compare(FLOW, {mg.value("W"): share})


def test_unnamed_values_on_the_way_are_passed_in_order():
    """The last layer is where to look first; its texts are short, however long the way is."""

    def f(a, b, h):
        for _ in range(30):
            h = h / (1 + np.exp(-a @ h))
        return np.sum(np.tanh(b @ h))

    rng = np.random.default_rng(0)
    args = rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=3)
    gradient = mg.grad(f, (0, 1, 2))
    report = compare(f, lambda *args: tuple(np.sin(g) + g for g in gradient(*args)), *args)
    assert [line.ref for line in report.lines] == ["b", "h", "a"]
    assert "Look here first" in report.lines[0].diagnosis.message
    assert max(map(len, str(report).splitlines())) < 400


@pytest.mark.parametrize(
    "gradient",
    [
        lambda xs, c: (c * xs[1], c * xs[0]),
        lambda xs, c: ((c * xs[1], c * xs[0]),),
        lambda xs, c: ([c * xs[1], c * xs[0]], xs[0] * xs[1]),
    ],
)
def test_gradients_by_a_first_argument_that_is_a_tuple(gradient):
    report = compare(lambda xs, c: c * xs[0] * xs[1], gradient, (2.0, 3.0), 5.0)
    assert report.ok
    assert {"xs[0]", "xs[1]"} <= {line.ref for line in report.lines}
