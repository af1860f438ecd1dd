from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import minigrad as mg
from minigrad.plan.layout import Buffer, lay_out, share_memory
from minigrad.plan.passes import optimize
from minigrad.plan.trace import trace
from tests.minigrad.plan.models import seed_lstm

lives = st.tuples(st.integers(0, 90), st.integers(0, 60), st.integers(0, 999))


@given(st.lists(lives, max_size=40))
def test_buffers_that_live_together_do_not_overlap(drawn: Any) -> None:
    buffers = [
        Buffer((n,), np.dtype(np.uint8), (0,), first, first + length) for first, length, n in drawn
    ]
    size = share_memory(buffers)
    for i, a in enumerate(buffers):
        assert 0 <= a.offset <= a.offset + a.nbytes <= size
        for b in buffers[:i]:
            apart_in_time = a.last < b.first or b.last < a.first
            apart = a.offset + a.nbytes <= b.offset or b.offset + b.nbytes <= a.offset
            assert apart_in_time or apart or not a.nbytes or not b.nbytes


def test_what_is_stacked_lies_side_by_side_from_the_start() -> None:
    loss, args = seed_lstm(np.random.default_rng(0), 3, 2, np.float64)
    plan = optimize(trace(mg.value_and_grad(loss), args, {})[0])
    layout = lay_out(plan)
    arrays = layout.arrays(np.zeros(layout.size, np.uint8))
    stacks = [step for step in layout.plan.steps if step.kind == "stack"]
    assert len(stacks) > 8
    for stack in stacks:
        for i, member in enumerate(stack.inputs):
            assert np.shares_memory(arrays[stack][i], arrays[member])
            assert arrays[stack][i].strides == arrays[member].strides


def test_memory_is_used_again() -> None:
    def f(x: Any) -> Any:
        for _ in range(200):
            x = mg.sin(x)
        return x

    layout = lay_out(trace(f, (np.ones(1000),), {})[0])
    assert layout.size <= 4 * 8000


def test_what_is_done_at_one_moment_lies_apart() -> None:
    def f(x: Any) -> Any:
        for _ in range(5):
            x = mg.sin(x)
        return x

    plan = trace(f, (np.ones(1000),), {})[0]
    layout = lay_out(plan, lambda plan: dict.fromkeys(plan.steps, 0))
    assert layout.size >= 6 * 8000
