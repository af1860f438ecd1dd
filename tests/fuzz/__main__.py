"""Try random programs: `python -m tests.fuzz --programs 10000 --seed 0`.

Prints each kind of fault with the smallest program found that has it, and the documented refusals
by number. Exits with 1 if there was a fault.
"""

import argparse
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.fuzz.parts import PARTS
from tests.fuzz.program import Program
from tests.fuzz.search import Fault, faults, shown, smallest

AT_ONCE = 20  # programs that a process tries before it tells what it has found
EVERY = {"draw": 20}  # slow parts go over one program of so many
TO_SHRINK = 3  # of faults that look alike


@dataclass
class Kind:
    """Faults of one kind: how many programs have it, and the smallest found."""

    number: int = 0
    smallest: tuple[Program, Fault, int] | None = None


@dataclass
class Findings:
    """What was found so far."""

    programs: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    kinds: dict[str, Kind] = field(default_factory=dict)

    def add(self, index: int, fault: Fault, program: Program) -> None:
        if fault.is_refusal:
            self.refusals[fault.kind] += 1
            return
        kind = self.kinds.setdefault(fault.kind, Kind())
        kind.number += 1
        if kind.number <= TO_SHRINK:
            program, fault = smallest(program, fault)
            if kind.smallest is None or len(program) < len(kind.smallest[0]):
                kind.smallest = program, fault, index

    def join(self, other: "Findings") -> None:
        self.programs += other.programs
        self.refusals += other.refusals
        for name, found in other.kinds.items():
            kind = self.kinds.setdefault(name, Kind())
            kind.number += found.number
            sizes = [len(k.smallest[0]) if k.smallest else 0 for k in (kind, found)]
            if kind.smallest is None or sizes[1] < sizes[0]:
                kind.smallest = found.smallest

    def summary(self) -> str:
        number = sum(kind.number for kind in self.kinds.values())
        return f"{self.programs} programs, {number} faults of {len(self.kinds)} kinds"

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        for name, kind in sorted(self.kinds.items(), key=lambda item: -item[1].number):
            assert kind.smallest is not None
            program, fault, index = kind.smallest
            yield f"## {name}\n"
            yield f"{kind.number} programs; the smallest, of program {index}:\n"
            yield f"```python\n{shown(program, fault)}```\n"
            yield f"```\n{fault.message[:1500]}\n```\n"
        yield self.summary()
        for name, n in self.refusals.most_common():
            yield f"refused, {n} times: {name}"


def tried(seed: int, parts: Sequence[str], indices: range) -> Findings:
    """What some programs show."""
    findings = Findings()
    for index in indices:
        mine = [part for part in parts if index % EVERY.get(part, 1) == 0]
        for fault, program in faults((seed, index), mine):
            findings.add(index, fault, program)
        findings.programs += 1
    return findings


def results(
    work: Callable[[range], Findings], chunks: Sequence[range], jobs: int
) -> Iterator[Findings]:
    """What is found of each chunk, by several processes."""
    if jobs == 1:
        yield from map(work, chunks)
        return
    ignoring = (signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that waits
    with get_context("spawn").Pool(jobs, signal.signal, ignoring) as pool:
        yield from pool.imap_unordered(work, chunks)


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
            print(f"\r\033[K{findings.summary()}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    print(findings)
    return 1 if findings.kinds else 0


if __name__ == "__main__":
    sys.exit(main())
