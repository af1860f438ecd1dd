"""What holds inside of a `with` block: recording, steps and scopes; and for whom."""

import asyncio
import contextlib
import gc
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import numpy as np
import pytest

import minigrad as mg


def test_no_grad_records_nothing() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.no_grad():
        y = (x * x).sum()
        leaf = mg.tensor(1.0, requires_grad=True)
    assert not y.requires_grad
    assert leaf.requires_grad
    assert (x * y + leaf).requires_grad


def test_no_grad_ends_with_an_error() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    with pytest.raises(KeyError), mg.no_grad():
        raise KeyError
    assert (x * x).requires_grad


def test_no_grad_around_a_transform_is_not_its_business() -> None:
    with mg.no_grad():
        assert mg.grad(lambda x: x * x)(3.0) == 6


def test_no_grad_inside_a_function_makes_a_constant() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        with mg.no_grad():
            c = x * x
        return c * x

    assert mg.grad(f)(3.0) == 9


def test_steps_and_scopes_qualify_names() -> None:
    def value() -> tuple[str | None, int | None]:
        x = mg.tensor(1.0, name="x")
        return x.name, x.t

    assert value() == ("x", None)
    with mg.step(0):
        assert value() == ("x", 0)
        with mg.scope("layer1"), mg.step(np.int64(2)), mg.scope("gate"):
            assert value() == ("layer1.gate.x", 2)
        assert value() == ("x", 0)
    assert value() == ("x", None)


def test_steps_end_with_an_error() -> None:
    with pytest.raises(KeyError), mg.step(1), mg.scope("a"):
        raise KeyError
    assert mg.tensor(1.0, name="x").t is None
    assert mg.tensor(1.0, name="x").name == "x"


def test_the_scope_is_that_of_naming() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    with mg.step(1):
        y = x * x
    assert y.t is None
    with mg.step(2):
        assert y.named("y").t == 2
    assert y.name == "y"


def test_a_scope_is_qualified_where_it_is_entered() -> None:
    inner = mg.scope("inner")
    with mg.scope("outer"), inner:
        assert mg.tensor(1.0, name="x").name == "outer.inner.x"


def test_a_context_can_be_entered_again_inside_of_itself() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    constants, third = mg.no_grad(), mg.step(3)
    with constants, third:
        with constants, third:
            pass
        assert not (x * x).requires_grad
        assert mg.tensor(1.0, name="y").t == 3
    assert (x * x).requires_grad
    assert mg.tensor(1.0, name="y").t is None


# --- for whom it holds --------------------------------------------------------------------------

NOTHING_SET = ("x", None, True)


def seen() -> tuple[str | None, int | None, bool]:
    """What holds: how a value is named, its step, and whether it is recorded."""
    x = mg.tensor(1.0, requires_grad=True, name="x")
    return x.name, x.t, (x * x).requires_grad


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    yield
    assert seen() == NOTHING_SET


def test_every_thread_has_its_own() -> None:
    found = []
    with mg.no_grad(), mg.step(3), mg.scope("a"):
        thread = threading.Thread(target=lambda: found.append(seen()))
        thread.start()
        thread.join()
        assert seen() == ("a.x", 3, False)
    assert found == [NOTHING_SET]


def test_every_task_has_its_own_and_what_held_where_it_was_started() -> None:
    async def work(t: int) -> None:
        for i in range(3):
            with mg.step(t), mg.scope(f"task{t}"):
                await asyncio.sleep(0)
                if t == 2:
                    with mg.no_grad():
                        await asyncio.sleep(0)
                        assert seen() == (f"all.task{t}.x", t, False), i
                assert seen() == (f"all.task{t}.x", t, True), i
            await asyncio.sleep(0)
            assert seen() == ("all.x", None, True), i

    async def main() -> None:
        with mg.scope("all"):
            await asyncio.gather(*map(work, range(1, 4)))

    asyncio.run(main())


def steps_of_a_generator() -> Iterator[Any]:
    yield seen()
    with mg.step(1), mg.no_grad():
        yield seen()
        yield seen()
    yield seen()


def test_a_generator_that_stops_takes_its_settings_with_it() -> None:
    within = ("x", 1, False)
    found = []
    for value in steps_of_a_generator():
        assert seen() == NOTHING_SET
        found.append(value)
    assert found == [NOTHING_SET, within, within, NOTHING_SET]


def test_a_generator_and_its_caller_enter_and_leave_in_turns() -> None:
    steps = steps_of_a_generator()
    next(steps), next(steps)
    with mg.step(7), mg.scope("outer"):
        assert seen() == ("outer.x", 7, True)
        assert next(steps) == ("outer.x", 1, False)  # it goes on inside of the caller's block
        assert seen() == ("outer.x", 7, True)
        assert next(steps) == ("outer.x", 7, True)
        assert seen() == ("outer.x", 7, True)


def test_generators_in_turns() -> None:
    def counted(t: int) -> Iterator[Any]:
        with mg.step(t):
            for _ in range(4):
                yield seen()[1]

    assert [*zip(counted(1), counted(2), strict=True)] == [(1, 2)] * 4
    one, other = counted(1), counted(2)
    assert [next(one), next(other), next(one)] == [1, 2, 1]
    one.close()
    assert [next(other), seen()] == [2, NOTHING_SET]


def test_a_generator_shares_a_block_with_its_caller() -> None:
    constants = mg.no_grad()

    def inside() -> Iterator[None]:
        with constants:
            yield

    generator = inside()
    next(generator)
    with constants:
        assert not seen()[2]
    assert seen() == NOTHING_SET


def outright(generator: Iterator[Any]) -> None:
    generator.close()  # type: ignore[attr-defined]


def by_an_error(generator: Iterator[Any]) -> None:
    with pytest.raises(KeyError):
        generator.throw(KeyError)  # type: ignore[attr-defined]


def in_another_thread(generator: Iterator[Any]) -> None:
    thread = threading.Thread(target=outright, args=(generator,))
    thread.start()
    thread.join()


@pytest.mark.parametrize("end", [outright, by_an_error, in_another_thread])
def test_a_generator_that_is_ended_leaves_nothing(end: Callable[[Iterator[Any]], None]) -> None:
    generator = steps_of_a_generator()
    next(generator), next(generator)
    with mg.step(5):
        end(generator)
        assert seen() == ("x", 5, True)
        gc.collect()


def test_a_generator_that_delegates() -> None:
    def outer() -> Iterator[Any]:
        with mg.scope("outer"):
            yield from steps_of_a_generator()

    found = []
    for value in outer():
        assert seen() == NOTHING_SET
        found.append(value)
    names = ("outer.x", None, True)
    assert found == [names, ("outer.x", 1, False), ("outer.x", 1, False), names]


@contextlib.contextmanager
def evaluating() -> Iterator[None]:
    with mg.no_grad():
        yield


def test_a_context_manager_made_of_a_generator_holds() -> None:
    with evaluating(), mg.step(2):
        assert seen() == ("x", 2, False)
    with contextlib.ExitStack() as stack:
        stack.enter_context(evaluating())
        stack.enter_context(mg.scope("a"))
        assert seen() == ("a.x", None, False)


def test_a_context_manager_made_of_a_generator_stops_with_the_generator_that_enters_it() -> None:
    def directly() -> Iterator[Any]:
        with evaluating():
            yield seen()

    def by_a_stack() -> Iterator[Any]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(mg.no_grad())
            yield seen()

    for inside in (directly, by_a_stack):
        for value in inside():
            assert value == ("x", None, False)
            assert seen() == NOTHING_SET


@pytest.fixture
def second_step() -> Iterator[None]:
    with mg.step(2):
        yield


def test_a_fixture_holds(second_step: None) -> None:
    assert seen() == ("x", 2, True)


def test_blocks_that_end_in_another_order() -> None:
    """Each takes away its own, as in a notebook that calls `__enter__` and `__exit__`."""
    step, scope, constants = mg.step(1), mg.scope("a"), mg.no_grad()
    for block in (step, scope, constants):
        block.__enter__()
    step.__exit__()
    assert seen() == ("a.x", None, False)
    constants.__exit__()
    assert seen() == ("a.x", None, True)
    scope.__exit__()


def test_an_asynchronous_generator_holds_for_its_task_until_its_block_ends() -> None:
    async def inside() -> AsyncIterator[None]:
        with mg.step(1):
            yield

    async def main() -> None:
        with mg.scope("a"):
            async for _ in inside():
                assert seen() == ("a.x", 1, True)
        assert seen() == NOTHING_SET

    asyncio.run(main())
