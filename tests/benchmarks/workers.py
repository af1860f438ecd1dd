"""A process for each peer, and the problem that it works on."""

import multiprocessing
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import lstm

from .peers import Array, Arrays, Peer, Result


class Size(NamedTuple):
    """The dimensions of a problem: input, state, output, steps and batch."""

    n_x: int
    n_a: int
    n_y: int
    T: int
    B: int


SIZES = {
    "seed": Size(3, 5, 2, 7, 10),
    "char": Size(65, 100, 65, 25, 1),
    "small": Size(65, 128, 65, 50, 32),
    "medium": Size(65, 512, 65, 50, 64),
}


def make_problem(size: Size, dtype: str) -> tuple[Arrays, Array, Array]:
    """Make parameters, inputs (T, n_x, B) and one-hot labels (T, n_y, B), the same every time."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(size.T, size.n_x, size.B)).astype(dtype)
    labels = rng.integers(size.n_y, size=(size.T, 1, size.B))
    y = (labels == np.arange(size.n_y)[:, None]).astype(dtype)
    return lstm.init_params(size.n_x, size.n_a, size.n_y, dtype=dtype), x, y


# Seconds that a machine is left alone before a turn.
SETTLE = 0.05


class Worker:
    """A peer with its problem, in a process of its own that lives until it is closed.

    In company the peers do not measure what their users get. Thread pools were no trouble, since
    one peer computes at a time; the heap was. At size small, minigrad or NumPy by hand alone pays
    for some 1300 page faults a gradient; in a heap that another peer has grown, for none. Libraries
    also have switches that hold for a whole process.

    Parameters
    ----------
    peer
        What the process computes.
    size, dtype
        The problem.

    Attributes
    ----------
    result
        J and the gradients as arrays, from a first call, in which some compile.
    first
        The seconds of that call.
    memory
        By how many bytes the process grew at most in three calls; NaN where that can't be told.

    Raises
    ------
    ModuleNotFoundError
        If the peer is not installed.
    """

    def __init__(self, peer: Peer, size: Size, dtype: str) -> None:
        # "spawn", since a forked process would inherit this one's heap.
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, peer, size, dtype))
        self._process.daemon = True
        self._process.start()
        theirs.close()
        self._name = peer.name
        self.result: Result
        self.result, self.first, self.memory = self._receive()

    def time(self, calls: int) -> list[float]:
        """Call the peer, and give the seconds of each call."""
        self._pipe.send(calls)
        seconds: list[float] = self._receive()
        return seconds

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join()

    def _receive(self) -> Any:
        try:
            message = self._pipe.recv()
        except EOFError:
            raise SystemExit(f"{self._name}: failed, see above") from None
        if isinstance(message, ModuleNotFoundError):
            raise message
        return message


def _serve(pipe: "Connection[Any, Any]", peer: Peer, size: Size, dtype: str) -> None:
    """Send the result, then the times of as many calls as are asked for, until the pipe closes."""
    try:
        run = peer.factory(*make_problem(size, dtype))
    except ModuleNotFoundError as error:
        pipe.send(error)
        return
    before = resident("VmRSS")
    start = time.perf_counter()
    J, gradients = run()
    first = time.perf_counter() - start
    arrays = {name: np.array(value) for name, value in gradients.items()}
    for _ in range(2):
        run()
    pipe.send(((float(J), arrays), first, resident("VmHWM") - before))
    while True:
        try:
            calls = pipe.recv()
        except EOFError:
            return
        pipe.send(_time_calls(run, calls))


def resident(key: str) -> float:
    """Give the bytes of memory that Linux tells of this process: VmRSS now, VmHWM at the most."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    fields = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return 1024.0 * int(fields[key].split()[0])


def _time_calls(run: Callable[[], Result], calls: int) -> list[float]:
    """Give the seconds of each call but the first; garbage is collected as it is for a user.

    Threads of the peer before still spin for a while, and the first call after other peers' turns
    finds cold caches and sleeping threads, as none in a training loop does.
    """
    time.sleep(SETTLE)
    run()
    seconds = []
    for _ in range(calls):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return seconds
