"""A process may fork while another of its threads compiles."""

import gc
import os
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.plan.compile import FAST

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning"),
]


def ends_well_in_a_fork(check: Callable[[], bool], seconds: float = 20) -> bool:
    """Whether the check holds in a forked process, and ends in time."""
    child = os.fork()
    if not child:
        try:
            os._exit(0 if check() else 1)
        except BaseException:
            traceback.print_exc()
            os._exit(2)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return status == 0
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return False


def test_a_fork_while_another_thread_traces() -> None:
    tracing, done = threading.Event(), threading.Event()
    parent = os.getpid()

    def f(x: Any) -> Any:
        tracing.set()
        if os.getpid() == parent:
            done.wait(30)
        return x * 2

    step = mg.compile(f)
    thread = threading.Thread(target=step, args=(np.ones(2),))
    thread.start()
    assert tracing.wait(30)
    try:
        assert ends_well_in_a_fork(lambda: step(np.ones(2)).tolist() == [2, 2] and gc.isenabled())
    finally:
        done.set()
        thread.join()
    assert step(np.ones(2)).tolist() == [2, 2]
    assert gc.isenabled()


@pytest.mark.skipif(not FAST, reason="needs llvmlite")
def test_a_fork_while_another_thread_makes_machine_code() -> None:
    from minigrad.plan import native

    def compile_another(n: int) -> bool:
        x = np.arange(float(n))
        return mg.compile(lambda x: x * 2 + 1, fast=True)(x)[-1] == 2 * n - 1

    held = threading.Event()

    def hold() -> None:
        with native._lock:
            held.set()
            time.sleep(0.1)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(30)
    assert ends_well_in_a_fork(lambda: compile_another(1013))
    thread.join()
    assert compile_another(1019)
