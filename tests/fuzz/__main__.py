"""Try random programs: `python -m tests.fuzz --programs 10000 --seed 0`.

Prints each kind of fault with the smallest program found that has it, and the number of documented
refusals of each kind. Exits with 1 if there was a fault.
"""

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from multiprocessing import get_context
from typing import TypeVar

from tests.fuzz.parts import PARTS
from tests.fuzz.program import Program
from tests.fuzz.search import Fault, faults, shown, smallest

S = TypeVar("S")
T = TypeVar("T")

AT_ONCE = 20  # programs that a process tries before it tells what it has found
EVERY = {"draw": 20}  # slow parts go over one program of so many


@dataclass(frozen=True)
class Kind:
    """Faults of one kind: how many programs have it, the shortest of them, and its number."""

    number: int
    program: Program
    fault: Fault
    index: int

    def __add__(self, other: "Kind") -> "Kind":
        shorter = min(self, other, key=lambda kind: len(kind.program))
        return replace(shorter, number=self.number + other.number)

    def made_small(self) -> "Kind":
        program, fault = smallest(self.program, self.fault)
        return replace(self, program=program, fault=fault)

    def __str__(self) -> str:
        return (
            f"## {self.fault.kind}\n\n"
            f"{self.number} programs; the smallest, made of program {self.index}:\n\n"
            f"```python\n{shown(self.program, self.fault)}```\n\n"
            f"```\n{self.fault.message[:1500]}\n```\n"
        )


@dataclass
class Findings:
    """What was found so far."""

    programs: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Kind] = field(default_factory=dict)

    def add(self, kind: Kind) -> None:
        name = kind.fault.kind
        self.kinds[name] = self.kinds[name] + kind if name in self.kinds else kind

    def join(self, other: "Findings") -> None:
        self.programs += other.programs
        self.refusals += other.refusals
        for kind in other.kinds.values():
            self.add(kind)

    def __str__(self) -> str:
        number = sum(kind.number for kind in self.kinds.values())
        return f"{self.programs} programs, {number} faults of {len(self.kinds)} kinds"


def tried(seed: int, parts: Sequence[str], indices: range) -> Findings:
    """What some programs show."""
    findings = Findings()
    for index in indices:
        mine = [part for part in parts if index % EVERY.get(part, 1) == 0]
        for fault, program in faults((seed, index), mine):
            if fault.is_refusal:
                findings.refusals[fault.kind] += 1
            else:
                findings.add(Kind(1, program, fault, index))
        findings.programs += 1
    return findings


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
