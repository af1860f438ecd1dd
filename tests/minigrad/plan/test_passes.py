from collections import Counter
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.plan.batch import batch, pack
from minigrad.plan.calls import calls
from minigrad.plan.expand import expand
from minigrad.plan.graph import Plan
from minigrad.plan.layout import lay_out
from minigrad.plan.loops import reassociate, store_transposed
from minigrad.plan.passes import PASSES, Pass, optimize
from minigrad.plan.simplify import drop_identities, fold_constants, share, transpose_factors
from minigrad.plan.sums import gather_sums, join_sums
from minigrad.plan.trace import trace
from tests.minigrad.plan.models import MODELS, assert_equal_up_to_rounding, flat

SIMPLER = (fold_constants, share, drop_identities, transpose_factors, share)


def plan_of(f: Any, *args: Any) -> Plan:
    return trace(f, args, {})[0]


def kinds(plan: Plan) -> Counter[str]:
    return Counter(step.kind for step in plan.steps)


@pytest.mark.parametrize("each", dict.fromkeys(PASSES))
@pytest.mark.parametrize("model", MODELS)
def test_each_pass_alone_leaves_the_results_as_they_are(model: Any, each: Pass) -> None:
    loss, args = model(np.random.default_rng(0), 3, 2, np.float64)
    both = mg.value_and_grad(loss)
    plan = each(plan_of(both, *args))
    expected = flat(both(*args))
    arrays = [x for x in flat(args) if isinstance(x, np.ndarray)]
    assert_equal_up_to_rounding(plan.evaluate(arrays), [np.asarray(x) for x in expected])


def test_what_is_computed_twice_is_shared() -> None:
    plan = plan_of(lambda x: mg.tanh(x) * mg.tanh(x), np.ones(3))
    assert kinds(plan)["tanh"] == 2
    assert kinds(share(plan))["tanh"] == 1


def test_identities_are_left_out() -> None:
    plan = plan_of(lambda x: (1.0 * x).T.T.reshape(2, 3), np.ones((2, 3)))
    assert kinds(drop_identities(drop_identities(plan))) == {"argument": 1}


def test_what_no_output_needs_is_not_there() -> None:
    def f(x: Any) -> Any:
        mg.exp(x)
        return 2 * x

    assert kinds(plan_of(f, np.ones(3))) == {"argument": 1, "constant": 1, "multiply": 1}


def test_a_sum_of_products_becomes_one_product() -> None:
    def f(w: Any, x: Any) -> Any:
        return w[0] @ x[0] + w[1] @ x[1] + w[2] @ x[2]

    plan = gather_sums(plan_of(f, np.ones((3, 2, 2)), np.ones((3, 2, 4))))
    assert kinds(plan)["plan.contract"] == 1
    assert kinds(plan)["matmul"] == kinds(plan)["add"] == 0


def test_products_that_share_a_factor_become_one_and_so_does_what_follows() -> None:
    def f(u: Any, v: Any, w: Any, x: Any) -> Any:
        return mg.tanh(u @ x), mg.tanh(v @ x), mg.exp(w @ x)

    plan = pack(plan_of(f, *(np.ones((2, 2)) for _ in range(3)), np.ones((2, 4))))
    assert (kinds(plan)["matmul"], kinds(plan)["tanh"], kinds(plan)["exp"]) == (1, 1, 1)


def test_rounds_of_a_loop_are_done_at_once_unless_one_waits_for_another() -> None:
    def f(w: Any, x: Any) -> Any:
        state, outputs = x[0], []
        for t in range(6):
            state = mg.tanh(state + x[t])
            outputs.append(mg.exp(w @ state))
        return mg.stack(outputs)

    plan = batch(plan_of(f, np.ones((2, 2)), np.ones((6, 2, 3))))
    assert (kinds(plan)["tanh"], kinds(plan)["matmul"], kinds(plan)["exp"]) == (6, 1, 1)


def test_the_seeds_lstm_has_two_products_a_step_however_it_is_written() -> None:
    for model, rounds in ((MODELS[1], 5), (MODELS[3], 4)):
        loss, args = model(np.random.default_rng(0), 3, 2, np.float64)
        plan = optimize(plan_of(mg.value_and_grad(loss), *args))
        products = kinds(plan)["matmul"] + kinds(plan)["plan.contract"]
        assert products < 4 * rounds + 12, model.__name__


def test_a_loss_and_its_gradient_share_their_exponentials() -> None:
    both = mg.value_and_grad(lambda z, p: mg.softmax_cross_entropy(z, p).sum())
    plan = share(expand(optimize(plan_of(both, np.ones((3, 2)), np.ones((3, 2))), SIMPLER)))
    assert kinds(plan)["exp"] == 1


def test_what_waits_for_no_round_is_multiplied_before_the_loop() -> None:
    """Of (state p) q one product a round is left in the loop; the first state is not of it."""

    def f(x: Any, p: Any, q: Any) -> Any:
        states = [x]
        for t in range(6):
            states.append((states[-1] * p[t]) * q[t] + x)
        return states[-1]

    arrays = np.ones(2), np.ones((6, 2)), np.full((6, 2), 2.0)
    plan = batch(reassociate(plan_of(f, *arrays)))
    assert kinds(plan)["multiply"] == 6 + 1 + 1
    assert plan.evaluate(arrays)[0].tolist() == [127, 127]


def test_a_sum_of_a_sum_is_one_sum() -> None:
    def f(x: Any) -> Any:
        return x.sum(axis=1).sum(axis=1, keepdims=True)

    x = np.arange(24.0).reshape(2, 3, 4)
    plan = join_sums(plan_of(f, x))
    assert (kinds(plan)["sum"], plan.outputs[0].shape) == (1, (2, 1))
    np.testing.assert_array_equal(plan.evaluate([x])[0], x.sum(axis=(1, 2))[:, None])


def test_the_seeds_loops_stack_everything_in_place() -> None:
    loss, args = MODELS[3](np.random.default_rng(0), 3, 2, np.float64)
    layout = lay_out(optimize(plan_of(mg.value_and_grad(loss), *args)))
    arrays = layout.arrays(np.zeros(layout.size, np.uint8))
    for step in layout.plan.steps:
        if step.kind == "stack":
            assert calls(step, arrays[step], [arrays[x] for x in step.inputs]) == []


def test_a_factor_that_a_loop_takes_transposed_is_turned_once_if_it_pays() -> None:
    def f(w: Any, x: Any) -> Any:
        for _ in range(9):
            x = mg.tanh(w.T @ (w @ x))
        return x

    w = np.random.default_rng(0).normal(size=(3, 20))
    for columns, turned in ((2, 0), (100, 1)):
        x = np.random.default_rng(1).normal(size=(20, columns))
        plan = store_transposed(share(plan_of(f, w, x)))
        assert kinds(plan)["plan.contiguous"] == turned
        np.testing.assert_allclose(plan.evaluate([w, x])[0], f(mg.tensor(w), x).data, rtol=1e-13)
        np.testing.assert_allclose(mg.compile(f)(w, x), f(mg.tensor(w), x).data, rtol=1e-13)


@pytest.mark.parametrize("model", MODELS)
def test_after_every_pass_values_are_what_steps_declare(model: Any) -> None:
    loss, args = model(np.random.default_rng(0), 3, 2, np.float32)
    plan = plan_of(mg.value_and_grad(loss), *args)
    arrays = [x for x in flat(args) if isinstance(x, np.ndarray)]
    for each in PASSES:
        plan = each(plan)
        values: dict[Any, Any] = dict(zip(plan.arguments, arrays, strict=True))
        for step in plan.steps:
            if step.operation is not None:
                inputs = [values[x] for x in step.inputs]
                values[step] = np.asarray(step.operation.forward(*inputs, **step.parameters))
            elif step.value is not None:
                values[step] = step.value
            found = values[step].shape, values[step].dtype
            assert found == (step.shape, step.dtype), f"{each.__name__}: {step.kind}"
