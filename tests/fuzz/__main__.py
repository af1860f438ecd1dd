"""Try random programs: `python -m tests.fuzz --programs 10000 --seed 0`.

Prints each kind of fault with the smallest program found that has it, and the number of documented
refusals of each kind. Exits with 1 if there was a fault.
"""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from tests.fuzz.findings import Findings, Kind, tried
from tests.fuzz.parts import PARTS

S = TypeVar("S")
T = TypeVar("T")

AT_ONCE = 20  # programs that a process tries before it tells what it has found


def results(work: Callable[[S], T], items: Sequence[S], jobs: int) -> Iterator[T]:
    """What is found of each item, by several processes."""
    if jobs == 1:
        yield from map(work, items)
        return
    ignoring = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
    with get_context("spawn").Pool(jobs, signal.signal, ignoring) as pool:
        yield from pool.imap_unordered(work, items)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--programs", type=int, default=1000, metavar="N")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0, metavar="N", help="the first program")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=[*PARTS], metavar="PART")
    given = parser.parse_args(arguments)
    stop = given.first + given.programs
    chunks = [range(i, min(i + AT_ONCE, stop)) for i in range(given.first, stop, AT_ONCE)]
    findings = Findings()
    with suppress(KeyboardInterrupt):  # what was found so far is shown
        for found in results(partial(tried, given.seed, given.parts), chunks, given.jobs):
            findings.join(found)
            say(f"{findings}")
    kinds = dict(findings.kinds)
    with suppress(KeyboardInterrupt):
        for kind in results(Kind.made_small, [*kinds.values()], given.jobs):
            kinds[kind.fault.kind] = kind
            say(f"{kind.fault.kind}: made small")
    say("")
    for kind in sorted(kinds.values(), key=lambda kind: -kind.number):
        print(kind)
    print(findings)
    for name, n in findings.refusals.most_common():
        print(f"refused, {n} times: {name}")
    return 1 if findings.kinds else 0


def say(text: str) -> None:
    """Show how far it is, in one line."""
    print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
