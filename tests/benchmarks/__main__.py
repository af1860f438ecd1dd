"""Time one LSTM training gradient by minigrad and its peers: `python -m tests.benchmarks`."""

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import numpy as np

from . import costs
from .peers import PEERS, Peer, Result
from .workers import SIZES, Size, Worker

OURS = PEERS[0]
# A turn of a peer: calls for about this long, but two at least, and no more than so many.
TURN_SECONDS, TURN_CALLS = 0.1, 20


@dataclass(frozen=True)
class Outcome:
    """What came of one size in one dtype.

    Attributes
    ----------
    seconds
        The time of each call, by the peer's name; a peer that is not installed has none.
    first, memory
        The seconds of the first call and the bytes that three calls took, by the peer's name.
    difference
        The largest difference of any peer's result from ours; see `difference`.
    """

    seconds: dict[str, list[float]]
    first: dict[str, float]
    memory: dict[str, float]
    difference: float


def say(message: str, end: str = "\n") -> None:
    """Show progress, beside the table and not in it."""
    print(message, end=end, file=sys.stderr, flush=True)


def difference(peer: Peer, result: Result, ours: Result) -> float:
    """Give a peer's largest difference from ours, over J and all gradients.

    Each is measured relative to the largest entry of ours. What is timed has to be the same task,
    and so a gradient that is missing, or of another shape or dtype, is an error.
    """
    differences = [abs(float(result[0]) - float(ours[0])) / abs(float(ours[0]))]
    for name, want in ours[1].items():
        got = np.asarray(result[1][name])
        if (got.shape, got.dtype) != (want.shape, want.dtype):
            raise SystemExit(
                f"{peer.name}: expected dJ/d{name} as {want.dtype} {want.shape}, "
                f"got {got.dtype} {got.shape}"
            )
        differences.append(float(np.abs(got - want).max() / np.abs(want).max()))
    return float(np.max(differences))  # where the built-in max would lose a NaN


def tolerance(dtype: str) -> float:
    """Give the difference that rounding may make: sums of 3200 terms, in another order."""
    return 1000 * float(np.finfo(dtype).eps)


def measure(size: Size, dtype: str, rounds: int) -> Outcome:
    """Check every peer's result against ours, then time them all in turn, round after round.

    The rounds are there so that a machine that slows down or speeds up does so for all alike.
    """
    workers: dict[str, Worker] = {}
    calls: dict[str, int] = {}
    worst = 0.0
    for peer in PEERS:
        try:
            worker = Worker(peer, size, dtype)
        except ModuleNotFoundError as error:
            say(f"  {peer.name}: not installed ({error})")
            continue
        workers[peer.name] = worker
        if peer.has_gradients and peer is not OURS:
            apart = difference(peer, worker.result, workers[OURS.name].result)
            if not apart <= tolerance(dtype):
                raise SystemExit(f"{peer.name}: differs from {OURS.name} by {apart:.1e}")
            say(f"  {peer.name}: agrees with {OURS.name} to {apart:.1e}")
            worst = max(worst, apart)
        (estimate,) = worker.time(1)
        calls[peer.name] = min(TURN_CALLS, max(2, int(TURN_SECONDS / estimate)))
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for turn in range(rounds):
        say(f"\r  round {turn + 1} of {rounds}", end="")
        for name, worker in workers.items():
            seconds[name] += worker.time(calls[name])
    say("")
    for worker in workers.values():
        worker.close()
    first = {name: worker.first for name, worker in workers.items()}
    memory = {name: worker.memory for name, worker in workers.items()}
    return Outcome(seconds, first, memory, worst)


def describe_machine() -> str:
    """Describe processor, versions and what else the processor was doing, in a line each."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")  # Linux; elsewhere `platform` knows the model
    if cpuinfo.exists():
        fields = (line.partition(":") for line in cpuinfo.read_text().splitlines())
        models = (value.strip() for key, _, value in fields if key.strip() == "model name")
        processor = next(models, processor)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    versions = [f"Python {platform.python_version()}", f"NumPy {np.__version__}"]
    for package in sorted({peer.distribution for peer in PEERS if peer.distribution}):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{package} not installed")
    lines = [
        f"{processor}, {os.cpu_count()} cores, {platform.system()}",
        ", ".join(versions),
        f"load average before the start: {load:.1f}",
    ]
    if load > 0.5:
        # With one of two cores taken, PyTorch's seed went from 6.8 to 160 ms: its threads wait
        # for one another, each for the time slice of another program. minigrad stayed at 5 ms.
        lines.append("**not to be relied on**: other programs were at work beside the benchmark")
    return "".join(f"- {line}\n" for line in lines)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Lay out a Markdown table, numbers to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def report(dtype: str, outcomes: dict[str, Outcome], rounds: int) -> str:
    """Write a dtype's section: what agreed, the times, and the times relative to ours."""

    def rows(cell: Callable[[Outcome, str], str]) -> str:
        table_rows = [
            [peer.name]
            + [
                cell(outcome, peer.name) if peer.name in outcome.seconds else "not installed"
                for outcome in outcomes.values()
            ]
            for peer in PEERS
        ]
        return table(["", *outcomes], table_rows)

    def absolute(outcome: Outcome, name: str) -> str:
        times = outcome.seconds[name]
        return f"{milliseconds(statistics.median(times))} ({milliseconds(min(times))})"

    def relative(outcome: Outcome, name: str) -> str:
        times, ours = outcome.seconds[name], outcome.seconds[OURS.name]
        return f"{statistics.median(times) / statistics.median(ours):.2f}"

    def once(outcome: Outcome, name: str) -> str:
        return f"{outcome.first[name]:.2f} s, {outcome.memory[name] / 1e6:.0f} MB"

    worst = max(outcome.difference for outcome in outcomes.values())
    return (
        f"## {dtype}\n\n"
        f"J and the 14 gradients of every peer agree with those of {OURS.name}: relative to the\n"
        f"largest entry, no difference exceeds {worst:.1e}.\n\n"
        f"Milliseconds, median (minimum) of {rounds} rounds:\n\n"
        f"{rows(absolute)}\n"
        f"Median relative to {OURS.name}; what is below 1 is faster:\n\n"
        f"{rows(relative)}\n"
        "NumPy by hand gives dJ/dx, dJ/da0 and dJ/dc0 as well. The products alone are NumPy's:\n"
        "those of equation-by-equation code, and the same work in the fewest products.\n\n"
        "The first call, in which some compile, and the memory that three calls took at most:\n\n"
        f"{rows(once)}"
    )


def milliseconds(seconds: float) -> str:
    """Write a time with three digits that count."""
    ms = 1e3 * seconds
    return f"{ms:.0f}" if ms >= 100 else f"{ms:#.3g}"


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    add = parser.add_argument
    add("--sizes", nargs="+", choices=SIZES, default=list(SIZES), help="default: all")
    add("--dtype", choices=["float32", "float64", "both"], default="float32")
    add("--rounds", type=int, default=15, help="default: 15")
    add("--out", type=Path, help="the Markdown file to write; default: print it")
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds: expected 1 or more, got {arguments.rounds}")
    if arguments.out and not arguments.out.parent.is_dir():
        parser.error(f"--out: no folder {arguments.out.parent}")
    return arguments


def main() -> None:
    """Run the benchmark and write its page."""
    arguments = parse_arguments()
    machine = describe_machine()
    say(machine)
    sizes = {name: SIZES[name] for name in arguments.sizes}
    page = (
        "# Performance\n\n"
        "One LSTM training gradient: J and the gradients of all 14 parameters. Written by\n"
        "`python -m tests.benchmarks`; the peers come with `pip install -e '.[bench,fast]'`.\n\n"
        f"{machine}\n"
    )
    page += table(
        ["size", *Size._fields], [[name, *map(str, size)] for name, size in sizes.items()]
    )
    for dtype in ["float32", "float64"] if arguments.dtype == "both" else [arguments.dtype]:
        outcomes = {}
        for name, size in sizes.items():
            say(f"{name}, {dtype}")
            outcomes[name] = measure(size, dtype, arguments.rounds)
        page += "\n" + report(dtype, outcomes, arguments.rounds)
    say("other costs")
    page += "\n" + costs.report(rounds=3)
    if arguments.out:
        arguments.out.write_text(page, encoding="utf-8")
    else:
        print(page, end="")


if __name__ == "__main__":
    main()
