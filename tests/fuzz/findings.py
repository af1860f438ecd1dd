"""What many programs show, by kind."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.fuzz.program import Program
from tests.fuzz.search import Fault, faults, shown, smallest

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
