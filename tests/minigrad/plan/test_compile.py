import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from minigrad.plan.compile import CACHE, FAST
from minigrad.plan.passes import PASSES
from minigrad.tensor import OPERATIONS
from tests.minigrad.operations import test_table as table
from tests.minigrad.plan.models import MODELS, Model, assert_equal_up_to_rounding

DTYPES = [np.float32, np.float64]
KINDS = [False, True] if FAST else [False]


@settings(max_examples=10, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("record", [pytest.param(x, id=x.name) for x in OPERATIONS.values()])
def test_every_operation_and_its_gradient(record: Any, dtype: Any, data: Any) -> None:
    drawn, parameters = data.draw(table.uses(record))
    inputs = [x.astype(dtype) if x.dtype.kind == "f" else x for x in drawn]

    def apply(*xs: Any) -> Any:
        return table.apply(record, xs, parameters)

    def loss(*xs: Any) -> Any:
        y = apply(*xs)
        return (y * y).sum()

    for fast in KINDS:
        compiled = mg.compile(apply, fast=fast)
        assert_equal_up_to_rounding(compiled(*inputs), apply(*inputs).data, 8)
        if not record.differentiable:
            continue
        both = mg.value_and_grad(loss, [i for i, x in enumerate(inputs) if x.dtype == dtype])
        assert_equal_up_to_rounding(mg.compile(both, fast=fast)(*inputs), both(*inputs), 32)


@settings(max_examples=6, deadline=None)
@given(n=st.integers(1, 5), batch=st.integers(1, 4), data=st.data())
@pytest.mark.parametrize("fast", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("model", MODELS)
def test_models(
    model: Callable[..., Model], dtype: Any, fast: bool, n: int, batch: int, data: Any
) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    loss, args = model(rng, n, batch, dtype)
    both = mg.value_and_grad(loss)
    step = mg.compile(both, fast=fast)
    for _ in range(2):  # the second time nothing is left of the first
        assert_equal_up_to_rounding(step(*args), both(*args))


@pytest.mark.parametrize("left_out", range(len(PASSES)))
def test_any_pass_can_be_left_out(left_out: int) -> None:
    for model in MODELS:
        loss, args = model(np.random.default_rng(0), 3, 2, np.float64)
        both = mg.value_and_grad(loss)
        passes = [each for i, each in enumerate(PASSES) if i != left_out]
        assert_equal_up_to_rounding(mg.compile(both, passes=passes)(*args), both(*args))


def test_higher_derivatives_compile() -> None:
    def second(x: Any) -> Any:
        return mg.grad(lambda x: mg.grad(lambda x: (mg.tanh(x) ** 3).sum())(x).sum())(x)

    x = np.linspace(-1, 1, 5)
    assert_equal_up_to_rounding(mg.compile(second)(x), second(x))


def test_it_is_traced_again_for_other_shapes_dtypes_and_numbers_only() -> None:
    traces = []

    def f(x: Any, power: int = 2) -> Any:
        traces.append(x.shape)
        return (x**power).sum()

    g = mg.compile(f)
    assert g(np.ones(3)) == 3 == g(np.full(3, 1.0))
    assert len(traces) == 1
    assert g(np.full(4, 2.0)) == 16
    assert g(np.full(4, 2.0, np.float32)).dtype == np.float32
    assert g(np.full(4, 2.0), power=3) == 32
    assert len(traces) == 4


def test_the_cache_is_bounded() -> None:
    traces = []

    def f(x: Any) -> Any:
        traces.append(x.shape)
        return x * 2

    g = mg.compile(f)
    for n in range(CACHE + 1):
        g(np.ones(n))
    g(np.ones(CACHE))
    assert len(traces) == CACHE + 1
    g(np.ones(0))  # the oldest is gone
    assert len(traces) == CACHE + 2


@pytest.mark.parametrize(
    "branch",
    [
        lambda x: x if x.sum() > 0 else -x,
        lambda x: x * float(x.sum()),
        lambda x: x * x.sum().item(),
        lambda x: x * np.asarray(x),
        lambda x: x * x.data,
        lambda x: x * mg.tensor(x.detach()).data,
        lambda x: x[x],
        lambda x: x * np.argmax(x),
    ],
)
def test_a_branch_on_a_value_is_an_error(branch: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"value of (an unnamed tensor|a constant|a result of)"):
        mg.compile(branch)(np.ones(3))
    assert branch(mg.tensor(np.ones(3, int))).shape[0] == 3  # it is one only while it is traced


def test_comparisons_and_kinks_follow_the_values_of_each_call() -> None:
    both = mg.value_and_grad(lambda x: mg.where(x > 1, mg.abs(x), mg.maximum(x, -2.0)).sum())
    step = mg.compile(both)
    for x in (np.array([2.0, -3.0, 0.5]), np.array([-1.0, 3.0, -2.0])):
        assert_equal_up_to_rounding(step(x), both(x))


def test_what_is_detached_has_no_gradient_and_follows_the_arguments() -> None:
    step = mg.compile(mg.value_and_grad(lambda x: (x * x.detach()).sum()))
    for x in (np.array([2.0]), np.array([5.0])):
        assert step(x) == (x[0] ** 2, x)


def backward(x: Any) -> Any:
    (x**3).sum().backward()
    return x.grad


@pytest.mark.parametrize(
    "f",
    [
        backward,
        lambda x: mg.gradients((x**3).sum(), [x])[0],
        lambda x: mg.tensor(x.detach(), name="copy") * 2,
        lambda x: mg.tensor(x.detach(), dtype=np.float32),
        lambda x: x * x.astype(int),
        lambda x: mg.grad(lambda v: (v * x).sum())(x.detach()),
        lambda x: mg.vjp(mg.exp, x)[1](x)[0],
        lambda x: mg.jvp(mg.exp, (x,), (x,))[1],
        lambda x: mg.hvp(lambda v: (v**3).sum(), (x,), (x,)),
        lambda x: mg.jacobian(lambda v: v * v)(x),
    ],
)
def test_whatever_is_done_with_an_argument_follows_its_value(f: Callable[[Any], Any]) -> None:
    step = mg.compile(f)
    for x in (np.array([1.25, 2.5]), np.array([-3.5, 0.75])):
        expected = f(mg.tensor(x, requires_grad=True))
        assert_equal_up_to_rounding(step(x), getattr(expected, "_data", expected))


def test_results_are_the_callers_unless_donated() -> None:
    def double(x: Any) -> Any:
        return 2 * x

    kept = mg.compile(double)
    first = kept(np.ones(3))
    kept(np.zeros(3))
    np.testing.assert_array_equal(first, 2)
    donated = mg.compile(double, donate=True)
    first = donated(np.ones(3))
    donated(np.zeros(3))
    np.testing.assert_array_equal(first, 0)


def test_arguments_are_left_alone_and_closed_over_arrays_are_constants() -> None:
    outside = np.array([1.0, 2.0])
    f = mg.compile(lambda x: (x + outside).sum())
    x = np.array([3.0, 4.0])
    assert f(x) == 10
    outside += 1
    assert f(x) == 10
    np.testing.assert_array_equal(x, [3, 4])


def test_threads_have_buffers_of_their_own() -> None:
    step = mg.compile(lambda x: mg.tanh(x @ x).sum())
    inputs = [np.full((40, 40), 0.001 * i) for i in range(4)]
    expected = [np.tanh(x @ x).sum() for x in inputs]
    wrong = []

    def work(i: int) -> None:
        for _ in range(50):
            if not np.isclose(step(inputs[i]), expected[i], rtol=1e-12):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_plan_is_shown_and_explained() -> None:
    loss, args = MODELS[3](np.random.default_rng(0), 3, 2, np.float64)
    plan = mg.compile(mg.value_and_grad(loss)).plan(*args)
    shown = str(plan)
    assert "2 more rounds of these" in shown
    assert "[Gamma_f Gamma_u Gamma_o](1) sigmoid" in shown
    assert "at byte" in shown
    indices = mg.compile(lambda x: x[np.array([0, 1]), 1:] + x[..., None, ::2]).plan(
        np.ones((2, 3))
    )
    assert "%0[np.array([0, 1]), 1:] " in str(indices)
    assert "%0[..., None, ::2] " in str(indices)
    explained = plan.explain()
    assert all(each.__name__ in explained for each in PASSES)
    assert "bytes of values in" in explained


def test_of_the_rounds_of_a_loop_the_first_is_shown() -> None:
    def f(x: Any) -> Any:
        for _ in range(50):
            x = mg.sin(mg.cos(x))
        return x

    shown = str(mg.compile(f).plan(np.ones(3))).splitlines()
    assert len(shown) == 1 + 2 + 1
    assert shown[-1] == "…     49 more rounds of these 2 steps, up to %100"


def test_progress_is_shown_on_a_terminal_once_it_takes_long(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def f(x: Any) -> Any:
        clock[0] += 3
        return x + 1

    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    mg.compile(f)(np.ones(2))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    mg.compile(f)(np.ones(2))
    shown = capsys.readouterr().err
    assert "compile: fold_constants, 3 steps" in shown
    assert shown.endswith("\r\033[K")


def _recurrence(w: Any, x: Any) -> Any:
    """The factor 0.5 w is made in every round, and once for itself."""
    k, h = 0.5 * w, x
    for _ in range(3):
        h = mg.tanh(x + 0.5 * h * w)
    return h + k


def _scalar_state(w: Any, x: Any) -> Any:
    h = 0.0
    for i in range(3):
        h = mg.tanh(w * x[i] + h)
    return h


def _counts(x: Any) -> Any:
    k = 0
    for i in range(3):
        k = k + mg.sum(x[i] > 0)
    return k


def _masks(x: Any, p: Any) -> Any:
    for _ in range(3):
        x = mg.tanh(x * p * p)
    return x


def _refilled(x: Any) -> Any:
    work, total = np.zeros(5000), 0.0
    for i in range(3):
        work[:] = i
        total = total + x * work
    return total


def _views(x: Any) -> Any:
    y = x * 2
    for _ in range(1500):
        y = y[::-1]
    return y + 1


A, B = np.random.default_rng(0).normal(size=(2, 3, 3))
ODD: list[tuple[Callable[..., Any], tuple[Any, ...]]] = [
    (_recurrence, (A, B)),
    (lambda x: mg.stack([x.sum(), x.max()]), (A,)),
    (mg.value_and_grad(_scalar_state), (np.array(0.5), A[0])),
    (lambda i, x: i + x, (np.arange(3), A[0])),
    (lambda x, i: x * (i + 1.0) + (i > 0), (A[0], np.arange(3))),
    (lambda x: mg.sum(mg.sum(x > 0, axis=0)), (A,)),
    (lambda x: x.sum(axis=0).sum(), (np.full((3, 4), 2**30, np.int32),)),
    (_counts, (A,)),
    (_masks, (np.full(3, 1e-9), np.full(3, 100, np.int8))),
    (_refilled, (np.ones(5000),)),
    (lambda x: x[True] * 2, (A,)),
    (_views, (A,)),
    (mg.value_and_grad(lambda x: mg.log(mg.sigmoid(x)).sum()), (np.array([-800.0, -705.0, 3.0]),)),
    (lambda x: x.sum(axis=1), (np.full((2, 200_001), 0.1, np.float32),)),
    (lambda x: mg.sigmoid(x), (A.astype(np.longdouble),)),
]


@pytest.mark.parametrize("fast", KINDS)
@pytest.mark.parametrize("case", range(len(ODD)))
def test_odd_programs(case: int, fast: bool) -> None:
    f, args = ODD[case]
    expected = f(*args) if case in (2, 12) else f(*map(mg.tensor, args)).data
    step = mg.compile(f, fast=fast)
    for _ in range(2):
        assert_equal_up_to_rounding(step(*args), expected)


def test_a_compiled_function_inside_of_another_is_traced_with_it() -> None:
    inner = mg.compile(lambda x: x * 2)
    outer = mg.compile(mg.value_and_grad(lambda x: (inner(x) + x).sum()))
    np.testing.assert_array_equal(outer(np.ones(3))[1], 3)


def test_what_was_donated_can_be_given_back() -> None:
    swap = mg.compile(lambda a, b: (b, a), donate=True)
    once = swap(np.array([1.0]), np.array([2.0]))
    assert [x.item() for x in swap(*once)] == [1, 2]
    constant = mg.compile(lambda x: (x, mg.tensor(np.arange(3.0))), donate=True)
    constant(np.ones(1))[1][:] = 7
    np.testing.assert_array_equal(constant(np.ones(1))[1], np.arange(3))


def test_closed_over_arrays_of_any_size_are_constants_in_every_thread() -> None:
    large = np.full(5000, 2.0)
    step = mg.compile(lambda x: x * large)
    seen = [step(np.ones(5000))[0]]
    large[:] = 7
    thread = threading.Thread(target=lambda: seen.append(step(np.ones(5000))[0]))
    thread.start()
    thread.join()
    assert seen == [2, 2]


def test_zero_has_two_signs() -> None:
    divide = mg.compile(lambda x, s: x / s)
    with np.errstate(divide="ignore"):
        assert [divide(np.ones(1), s).item() for s in (0.0, -0.0)] == [np.inf, -np.inf]


def test_a_compiled_function_can_be_pickled() -> None:
    step = pickle.loads(pickle.dumps(mg.compile(_recurrence)))
    assert_equal_up_to_rounding(step(A, B), _recurrence(mg.tensor(A), mg.tensor(B)).data)


@pytest.mark.parametrize(
    "call",
    [
        lambda: mg.compile(3),  # type: ignore[arg-type]
        lambda: mg.compile(lambda x: (x, None))(np.ones(2)),
    ],
)
def test_what_is_no_function_and_no_number_is_refused(call: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"compile: expected (a function|numbers), got"):
        call()
