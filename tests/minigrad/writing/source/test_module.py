"""The NumPy module that minigrad writes: run without minigrad, compared with the engine."""

import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lstm
import minigrad as mg
from minigrad.writing.derivation import WrittenDerivation
from minigrad.writing.source.arguments import Argument
from minigrad.writing.source.program import Program
from tests.minigrad.writing.passes import leaves
from tests.minigrad.writing.programs import FLOWS, lstm_flow
from tests.minigrad.writing.sliced import gru_in_rows, lstm_in_columns
from tests.minigrad.writing.unnamed import UNNAMED

SOURCES = {**FLOWS, **UNNAMED}

Arrays = dict[str, np.ndarray]

RUN = """
import pickle, sys
sys.modules["minigrad"] = sys.modules["lstm"] = None  # importing them fails
sys.path.insert(0, sys.argv[1])
import numpy as np
from written import gradients
with open(sys.argv[1] + "/given.pickle", "rb") as file:
    given = pickle.load(file)
with open(sys.argv[1] + "/found.pickle", "wb") as file:
    pickle.dump(gradients(**given), file)
"""


def given_and_wanted(derivation: WrittenDerivation) -> tuple[Arrays, Arrays]:
    """The arguments of the written function, and what the engine has for each."""
    flow = derivation.flow
    given: Arrays = {}
    wanted: Arrays = {}
    for argument in Program(derivation.model).arguments:
        given[argument.name] = array_of(argument, flow.value)
        values = [flow.value(argument.leaf.name, t) for t in argument.steps or (None,)]
        if any(x.requires_grad for x in values):
            wanted[argument.name] = array_of(argument, flow.adjoint)
    return given, wanted


def array_of(argument: Argument, get: Callable[..., mg.Tensor]) -> Any:
    """A value or an adjoint as the written function takes and gives it."""
    of_steps = {t: get(argument.leaf.name, t).data for t in argument.steps or (None,)}
    if argument.is_by_step:
        return of_steps
    arrays = list(of_steps.values())
    return arrays[0] if argument.first is None else np.stack(arrays)


@pytest.mark.parametrize("name", SOURCES)
def test_equals_the_engine_without_it(name: str, tmp_path: Path) -> None:
    flow = SOURCES[name]()
    derivation = mg.derive(flow)
    (tmp_path / "written.py").write_text(derivation.numpy_source(), "utf-8")
    given, wanted = given_and_wanted(derivation)
    (tmp_path / "given.pickle").write_bytes(pickle.dumps(given))
    subprocess.run([sys.executable, "-W", "error", "-c", RUN, tmp_path], check=True)
    J, found = pickle.loads((tmp_path / "found.pickle").read_bytes())
    np.testing.assert_allclose(J, flow.J.item(), rtol=1e-12)
    assert found.keys() == wanted.keys()
    for argument, expected in wanted.items():
        assert np.shape(found[argument]) == np.shape(expected)
        for x, y in zip(arrays_in(found[argument]), arrays_in(expected), strict=True):
            scale = np.abs(y).max()
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-12 * scale, strict=True)


def arrays_in(x: Any) -> list[np.ndarray]:
    """The array, or those of a dict by step."""
    return [x[t] for t in sorted(x)] if isinstance(x, dict) else [x]


def test_loops_stay_loops() -> None:
    short, long = (mg.derive(lstm_flow(T=T)).numpy_source() for T in (3, 9))
    assert short == long
    assert len(re.findall(r"^    for t in", short, re.MULTILINE)) == 2


def test_takes_any_length_and_batch() -> None:
    namespace: dict[str, object] = {}
    exec(mg.derive(lstm_flow()).numpy_source(), namespace)
    rng = np.random.default_rng(1)
    params = lstm.init_params(3, 6, 2)
    x, y = rng.normal(size=(7, 3, 5)), rng.uniform(0.2, 1, size=(7, 2, 5))
    a0, c0 = rng.normal(size=(2, 6, 5))
    J, found = namespace["gradients"](**params, x=x, y=y, a0=a0, c0=c0)  # type: ignore[operator]
    expected_J, expected = lstm.closed_form.gradients(params, x, y, a0, c0)
    np.testing.assert_allclose(J, expected_J, rtol=1e-13)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_allclose(found[name], array, rtol=1e-11, atol=1e-13)


def loss_of(columns: int, loss: str) -> mg.GradientFlow:
    W = mg.tensor(np.ones((4, 3)), requires_grad=True, name="W")
    x = mg.tensor(np.arange(3.0 * columns).reshape(3, columns), name="x")
    z = (W @ x).named("z")
    losses = {
        "mean": lambda: mg.mean(z * z),
        "sum": lambda: (z * z).sum(),
        "half": lambda: 0.5 * (z**3).sum(),
        "mean of columns": lambda: mg.mean(z * z, axis=1).sum(),
        "scaled": lambda: (z * z).sum() / float(np.sqrt(columns)),
        "constant": lambda: z.sum(),
        "array": lambda: (z * np.arange(4.0 * columns).reshape(4, columns)).sum(),
    }
    return mg.gradient_flow(losses[loss]())


@pytest.mark.parametrize(
    ("columns", "loss"),
    [
        (5, "mean"),
        (2, "mean"),
        (1, "mean"),
        (1, "constant"),
        (5, "array"),
        (1, "sum"),
        (2, "mean of columns"),
        (5, "scaled"),
        (9, "scaled"),
    ],
)
def test_refuses_sizes_that_the_derivation_does_not_hold_for(columns: int, loss: str) -> None:
    namespace: dict[str, Any] = {}
    exec(mg.derive(loss_of(columns, loss)).numpy_source(), namespace)
    gradients = namespace["gradients"]
    gradients(W=np.ones((4, 3)), x=np.ones((3, columns)))
    with pytest.raises(
        ValueError, match=rf"^x: expected .*, {columns}\) .*, got \(3, 6\); derive again"
    ):
        gradients(W=np.ones((4, 3)), x=np.ones((3, 6)))


@pytest.mark.parametrize("loss", ["sum", "half"])
def test_takes_sizes_that_no_number_comes_from(loss: str) -> None:
    namespace: dict[str, Any] = {}
    exec(mg.derive(loss_of(5, loss)).numpy_source(), namespace)
    x = np.arange(18.0).reshape(3, 6)
    _, found = namespace["gradients"](W=np.ones((4, 3)), x=x)
    expected = {"sum": 2 * x.sum(axis=0), "half": 1.5 * x.sum(axis=0) ** 2}[loss]
    np.testing.assert_allclose(found["W"], np.tile(expected @ x.T, (4, 1)), rtol=1e-13)


Model = Callable[..., mg.GradientFlow]
OTHER = {"T": 7, "B": 8, "n": 6}


def written_for(model: Model, **sizes: int) -> Any:
    namespace: dict[str, Any] = {}
    exec(mg.derive(model(**sizes)).numpy_source(), namespace)
    return namespace["gradients"]


def assert_equals_the_engine(gradients: Any, flow: mg.GradientFlow) -> None:
    given, wanted = given_and_wanted(mg.derive(flow))
    J, found = gradients(**given)
    np.testing.assert_allclose(J, flow.J.item(), rtol=1e-12)
    for name, expected in wanted.items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-11, atol=1e-12, strict=True)


@pytest.mark.parametrize("model", [lstm_in_columns, gru_in_rows])
def test_slices_fix_only_the_sizes_that_they_speak_of(model: Model) -> None:
    gradients = written_for(model, T=5, B=3, n=4)
    for changed in ("T", "B"):
        assert_equals_the_engine(gradients, model(**{"n": 4, changed: OTHER[changed]}))
    flow = model(n=OTHER["n"])
    with pytest.raises(ValueError, match=r"^W_x: expected the shape"):
        gradients(**given_and_wanted(mg.derive(flow))[0])


def dense(take: Callable[[mg.Tensor], Any]) -> Model:
    """A layer with something that may depend on its sizes."""

    def model(T: int, B: int, n: int) -> mg.GradientFlow:
        leaf = leaves()
        z = (leaf("W", T, n) @ leaf("x", n, B)).named("z")
        return mg.gradient_flow((take(z) ** 2).sum().named("J"))

    return model


# What is taken of a value, and the sizes that this fixes.
TAKEN: dict[str, tuple[Callable[[mg.Tensor], Any], str]] = {
    "rows": (lambda z: z[1:5], "T"),
    "as many rows as columns": (lambda z: z[:11], "TB"),
    "rows without as many as columns": (lambda z: z[:-11], "TB"),
    "every third row": (lambda z: z[::3], "T"),
    "a column": (lambda z: z[:, 2], "B"),
    "the last column": (lambda z: z[..., None, -1], "B"),
    "all with a new axis": (lambda z: z[None, :, :], ""),
    "some": (lambda z: z[np.array([0, 1])], "T"),
    "as many as columns": (lambda z: z[np.array([0, 1, 1] + 8 * [2])], "TB"),
    "elements": (lambda z: z[np.array([0, 1]), np.array([2, 0])], "TB"),
    "a mask of rows": (lambda z: z[np.arange(13) > 2], "T"),
    "a mask": (lambda z: z[np.arange(143).reshape(13, 11) % 2 > 0], "TB"),
    "rows of a function": (lambda z: mg.tanh(z)[1:5], "TB"),
    "a sum in a column": (lambda z: mg.sin(z.sum(axis=0).reshape(-1, 1)), ""),
    "all in another shape": (lambda z: mg.sin(z.reshape(11, 13)).named("s"), "TB"),
    "all with others": (lambda z: mg.concatenate([z, mg.sin(z)]).named("c"), "T"),
    "one number": (lambda z: mg.exp(z.sum() / 1), ""),
    "all, divided": (lambda z: z / 2, ""),
    "all, divided by their number": (lambda z: z / z.size, "TB"),
    "all, divided by a decimal": (lambda z: z / 0.123456789, "TBn"),
}


@pytest.mark.parametrize("changed", "TBn")
@pytest.mark.parametrize("name", TAKEN)
def test_other_sizes_are_computed_or_refused(name: str, changed: str) -> None:
    take, fixed = TAKEN[name]
    sizes = {"T": 13, "B": 11, "n": 17}
    gradients = written_for(dense(take), **sizes)
    other = {**sizes, changed: 19}
    if changed not in fixed:
        assert_equals_the_engine(gradients, dense(take)(**other))
        return
    arrays = {"W": np.ones((other["T"], other["n"])), "x": np.ones((other["n"], other["B"]))}
    with pytest.raises(ValueError, match=r"expected the shape"):
        gradients(**arrays)


def test_takes_sizes_that_do_not_matter() -> None:
    namespace: dict[str, Any] = {}
    exec(mg.derive(loss_of(5, "sum")).numpy_source(), namespace)
    W, x = np.ones((4, 3)), np.arange(18.0).reshape(3, 6)
    _, found = namespace["gradients"](W=W, x=x)
    np.testing.assert_allclose(found["W"], 2 * W @ x @ x.T, rtol=1e-13)


@pytest.mark.parametrize("first", [0, 1, 3])
def test_steps_may_start_anywhere(first: int) -> None:
    w, J = mg.tensor(0.5, requires_grad=True, name="w"), 0.0
    for t in range(first, first + 4):
        with mg.step(t):
            J = J + (w * mg.tensor(float(t + 1), name="x")).named("z")  # type: ignore[assignment]
    namespace: dict[str, Any] = {}
    exec(mg.derive(mg.gradient_flow(J)).numpy_source(), namespace)  # type: ignore[arg-type]
    x = np.arange(first, first + 4) + 1.0
    found_J, found = namespace["gradients"](w=0.5, x=x)
    assert found_J == 0.5 * x.sum()
    assert found["w"] == x.sum()


def test_takes_numbers_where_functions_want_arrays() -> None:
    w, x = mg.tensor(0.5, requires_grad=True, name="w"), mg.tensor(2.0, name="x")
    flow = mg.gradient_flow(-mg.log(mg.sigmoid(w * x).named("p")))
    namespace: dict[str, Any] = {}
    exec(mg.derive(flow).numpy_source(), namespace)
    J, found = namespace["gradients"](w=0.5, x=2.0)
    np.testing.assert_allclose(J, np.log1p(np.exp(-1)), rtol=1e-14)
    np.testing.assert_allclose(found["w"], -2 / (1 + np.e), rtol=1e-14)


def test_one_step_does_not_stand_for_several() -> None:
    namespace: dict[str, Any] = {}
    exec(mg.derive(lstm_flow(T=1)).numpy_source(), namespace)
    x, y, start = np.ones((2, 2, 3)), np.ones((2, 5, 3)), np.zeros((4, 3))
    with pytest.raises(ValueError, match=r"^x: expected .* \(1, any, any\)"):
        namespace["gradients"](**lstm.init_params(2, 4, 5), x=x, y=y, a0=start, c0=start)


def test_every_statement_has_its_equation() -> None:
    source = mg.derive(lstm_flow()).numpy_source()
    body = source[source.index("    for t in") : source.index("    return J")].splitlines()
    for before, line in pairwise(body):
        computes = " = " in line and "zeros_like" not in line and "tanh_c[t] =" not in line
        if computes and not line.strip().startswith(("#", "dJ_da_next = 0", "dJ_dc_next = 0")):
            assert "#" in line or before.strip().startswith("#"), line


def test_what_is_needed_twice_is_computed_once() -> None:
    assert mg.derive(lstm_flow()).numpy_source().count("np.tanh(c[t])") == 1


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("unit length", "    sqrt_x = np.sqrt(np.sum(x ** 2))"),
        ("taken name", "    exp_z_2 = np.exp(x * exp_z)"),
        ("gelu", "    product_y = W.T @ x"),
        ("gelu", "    tanh_y = np.tanh(0.8 * (product_y + 0.04 * product_y ** 3))"),
        ("increments", "        tanh_h[t] = np.tanh(W.T @ x[t - 1] + U.T @ h[t - 1])"),
        ("nested increments", "        exp_h[t] = np.exp(tanh_h[t] - 2)"),
        ("nested increments", "    sigmoid_k = sigmoid(k)"),
        ("nested increments", "    tanh_h_2 = np.tanh(h[1])"),
        ("function of a given state", "        tanh_h[t] = np.tanh(h[t - 1])"),
    ],
)
def test_what_has_no_name_is_computed_once_where_it_is_known(name: str, line: str) -> None:
    source = mg.derive(SOURCES[name]()).numpy_source()
    function = line.split(" = ")[1]
    code = "\n".join(text.partition("#")[0].rstrip() for text in source.splitlines())
    assert f"\n{line}\n" in code
    assert code.count(function) == 1


def test_what_all_uses_of_an_adjoint_have_in_common_is_computed_once() -> None:
    source = mg.derive(SOURCES["layer in rows"]()).numpy_source()
    assert "        delta_h = dJ_dh * (1 - h[t] ** 2)  # δ_h = " in source
    assert "dJ_dU += h[t - 1].T @ delta_h  #" in source
    assert source.count("(1 - h[t] ** 2)") == 1
    assert "delta" not in mg.derive(lstm_flow()).numpy_source()


def test_sums_have_the_signs_of_their_terms() -> None:
    source = mg.derive(FLOWS["adaptive mean"]()).numpy_source()
    assert "dJ_dm = dJ_dm_next - 2 * delta_L" in source
    assert " + -" not in source


def test_unnamed_constants_come_along() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True, name="x")
    source = mg.derive(mg.gradient_flow((x * np.array([3.0, 5.0])).sum())).numpy_source()
    namespace: dict[str, object] = {}
    exec(source, namespace)
    J, found = namespace["gradients"](x=np.array([1.0, 2.0]))  # type: ignore[operator]
    assert J == 13
    np.testing.assert_array_equal(found["x"], [3.0, 5.0])


def test_operation_without_a_source_says_what_to_do() -> None:
    cube = mg.operation(lambda x: x**3, lambda g, y, x: 3 * g * x**2, name="cube")
    x = mg.tensor([1.0, 2.0], requires_grad=True, name="x")
    derivation = mg.derive(mg.gradient_flow(cube(x).sum()))
    with pytest.raises(ValueError, match=r"'cube' computes by a lambda; give it operation\("):
        derivation.numpy_source()


NAMES = [
    "lambda",
    "x\u00b2",
    "h'",
    "np",
    "a\nraise SystemExit",
    "t",
    "sum",
    "2",
    "_0",
    "\ufb01",
    '"""',
    "\\",
]


@pytest.mark.parametrize("name", NAMES)
def test_takes_any_name(name: str) -> None:
    def leaf(values: list[float], name: str) -> mg.Tensor:
        return mg.tensor(values, requires_grad=True, name=name)

    x, k = leaf([1.0, 2.0], name), leaf([0.3, 0.4], "k")
    derivation = mg.derive(
        mg.gradient_flow((mg.tanh(x * k) * x).named("z").sum().named(name + "J"))
    )
    assert derivation.check(derivation.flow).ok
    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    argument = Program(derivation.model).arguments[0].name
    a, b = np.array([1.0, 2.0]), np.array([0.3, 0.4])
    J, found = namespace["gradients"](**{argument: a, "k": b})
    np.testing.assert_allclose(J, np.tanh(a * b) @ a, rtol=1e-13)
    np.testing.assert_allclose(found["k"], a**2 / np.cosh(a * b) ** 2, rtol=1e-10)
    for text in (derivation.text(), derivation.markdown(), derivation.latex()):
        assert "\nraise" not in text


def test_names_that_python_takes_for_each_other() -> None:
    a, b = (mg.tensor([1.0, 2.0], requires_grad=True, name=name) for name in ("a.b", "a_b"))
    derivation = mg.derive(mg.gradient_flow((mg.tanh(a * b) * a).named("z").sum()))
    assert derivation.check(derivation.flow).ok
    with pytest.raises(
        ValueError, match=r"'a\.b' and 'a_b' would both be a_b in Python; rename one"
    ):
        derivation.numpy_source()


def test_what_holds_at_all_other_steps_is_an_else() -> None:
    source = mg.derive(FLOWS["rnn from zero"]()).numpy_source()
    forward = source.partition("for t in")[2].partition("for t in")[0]
    assert re.findall(r"^ {8}(if .*|else):", forward, re.MULTILINE) == ["if t == 1", "else"]
