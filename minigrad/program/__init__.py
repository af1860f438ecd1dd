"""Programs as they stand: their gradients, checked without rewriting them."""

from minigrad.program.checking import check_program
from minigrad.program.report import ProgramReport

__all__ = ["ProgramReport", "check_program"]
