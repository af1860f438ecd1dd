"""A fork while another thread is at work leaves a child that works."""

import gc
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.drawing import engine

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks here")

LIMIT = 20.0  # seconds; a child that works takes a hundredth of one


def fork_during(busy: Callable[[], None], started: threading.Event, work: Callable[[], Any]) -> Any:
    """Fork in the middle of what a thread does; whether the child has done its work in time."""
    thread = threading.Thread(target=busy)
    thread.start()
    assert started.wait(LIMIT)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python warns of forks with threads from 3.12 on
        child = os.fork()
    if child == 0:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(2)
    thread.join()
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status) == 0
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return False


class Slow:
    """Tells when somebody is in the middle of something, and stays there for a while."""

    def __init__(self) -> None:
        self.started = threading.Event()
        self._thread = threading.get_ident()

    def __call__(self) -> None:
        if threading.get_ident() != self._thread:
            self.started.set()
            time.sleep(0.1)


class SlowToAdd(np.ndarray):
    slow: Slow

    def __add__(self, other: Any) -> Any:
        self.slow()
        return np.asarray(self) + other


def test_backward() -> None:
    slow = Slow()
    x = mg.tensor(1.0, requires_grad=True)
    x.grad = np.zeros(()).view(SlowToAdd)
    x.grad.slow = slow

    def work() -> bool:
        y = mg.tensor(3.0, requires_grad=True)
        (y * y).backward()
        return bool(y.grad == 6 and x.grad == 2)  # the child finds the other's gradient complete

    assert fork_during((x * x).backward, slow.started, work)


def test_compile() -> None:
    slow = Slow()

    def traced(x: Any) -> Any:
        slow()
        return (x * x).sum()

    f = mg.compile(traced)
    x = np.array([1.0, 2.0])
    assert fork_during(lambda: f(x), slow.started, lambda: f(x) == 5 and gc.isenabled())


def test_machine_code(monkeypatch: pytest.MonkeyPatch) -> None:
    native = pytest.importorskip("minigrad.plan.native")
    slow = Slow()
    parse = native.llvm.parse_assembly

    def slow_parse(text: str) -> Any:
        slow()
        return parse(text)

    monkeypatch.setattr(native.llvm, "parse_assembly", slow_parse)
    native.compiled.cache_clear()
    x = np.array([1.0, 2.0])

    def run() -> Any:
        return mg.compile(lambda x: (mg.tanh(x) * 3.5 - x).sum(), fast=True)(x)

    expected = (np.tanh(x) * 3.5 - x).sum()
    assert fork_during(run, slow.started, lambda: np.isclose(run(), expected))


def test_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")
    slow = Slow()
    make = pygraphviz.AGraph

    def slow_make(**options: Any) -> Any:
        slow()
        return make(**options)

    monkeypatch.setattr(pygraphviz, "AGraph", slow_make)
    engine.place.cache_clear()

    def run() -> Any:
        return engine.place("digraph { a -> b }").keys() == {"a", "b"}

    assert fork_during(run, slow.started, run)
