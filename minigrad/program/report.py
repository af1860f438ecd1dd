"""What a check found of a program."""

from dataclasses import dataclass
from typing import Any

from minigrad.flow import GradientFlow
from minigrad.program.gradients import Gradient
from minigrad.program.locating import Fault


@dataclass(frozen=True)
class ProgramReport:
    """What a check found of a program.

    Attributes
    ----------
    gradients
        One for each parameter that the program gives a gradient of.
    loss
        As the program computed it, of the perturbed parameters and inputs.
    flow : GradientFlow
        The forward pass, with the names that the author gave; for `draw` and `derive`.
    faults
        Where the backward pass goes wrong, in the order of the run.
    notes
        What is no error, and good to know, such as a common scale.
    """

    gradients: tuple[Gradient, ...]
    loss: float
    flow: GradientFlow
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every gradient is right."""
        return all(gradient.ok for gradient in self.gradients)

    def __str__(self) -> str:
        rows = [("gradient of", "", "error", "tolerance"), *map(_row, self.gradients)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]
        wrong = sum(not gradient.ok for gradient in self.gradients)
        n = len(self.gradients)
        summary = f"{wrong} of {n} gradients are wrong." if wrong else f"All {n} are right."
        faults = [f"{fault}\n" for fault in self.faults]
        return "\n".join([*faults, *table, "", summary, *(f"Note: {note}" for note in self.notes)])

    __repr__ = __str__


def _row(gradient: Gradient) -> tuple[Any, ...]:
    verdict = "ok" if gradient.ok else "wrong"
    return gradient.name, verdict, f"{gradient.error:.1e}", f"{gradient.tolerance:.1e}"
