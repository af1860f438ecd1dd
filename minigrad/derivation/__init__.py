"""Derivations: lines that claim adjoints, and the check that says which is wrong, and how."""

from minigrad.derivation.claims import ALL_STEPS, NEXT_STEP, THIS_STEP, adjoint, value
from minigrad.derivation.comparison import compare
from minigrad.derivation.derivation import Derivation
from minigrad.derivation.report import Report

__all__ = [
    "ALL_STEPS",
    "NEXT_STEP",
    "THIS_STEP",
    "Derivation",
    "Report",
    "adjoint",
    "compare",
    "value",
]
