"""A small reverse-mode engine that checks hand-made derivations."""

import importlib
from typing import TYPE_CHECKING, Any

from minigrad.backprop import gradients
from minigrad.context import no_grad, scope, step
from minigrad.leaf import name_tensors, tensor
from minigrad.operation import Operation
from minigrad.operations.composite import clip, hadamard, matmul, min
from minigrad.operations.elementwise import (
    abs,
    add,
    cos,
    divide,
    exp,
    log,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    relu,
    sigmoid,
    sin,
    softplus,
    sqrt,
    subtract,
    tanh,
    where,
)
from minigrad.operations.reduction import (
    log_softmax,
    logsumexp,
    max,
    mean,
    softmax,
    softmax_cross_entropy,
    sum,
)
from minigrad.operations.shape import broadcast_to, concatenate, reshape, stack, transpose
from minigrad.tensor import Tensor
from minigrad.transforms import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

if TYPE_CHECKING:
    from minigrad.check import GradientMismatchError, check_gradients
    from minigrad.derivation import (
        ALL_STEPS,
        NEXT_STEP,
        THIS_STEP,
        Derivation,
        Report,
        adjoint,
        compare,
        value,
    )
    from minigrad.drawing import Drawing, draw
    from minigrad.files import write_file
    from minigrad.flow import GradientFlow, gradient_flow
    from minigrad.nonfinite import detect_nonfinite
    from minigrad.operation import operation
    from minigrad.plan.compile import compile
    from minigrad.program import ProgramReport, check_program
    from minigrad.recording import record
    from minigrad.rounding import relative_error
    from minigrad.terminal import progress
    from minigrad.writing import derive

__all__ = [
    "ALL_STEPS",
    "NEXT_STEP",
    "THIS_STEP",
    "Derivation",
    "Drawing",
    "GradientFlow",
    "GradientMismatchError",
    "Operation",
    "ProgramReport",
    "Report",
    "Tensor",
    "abs",
    "add",
    "adjoint",
    "broadcast_to",
    "check_gradients",
    "check_program",
    "clip",
    "compare",
    "compile",
    "concatenate",
    "cos",
    "derive",
    "detect_nonfinite",
    "divide",
    "draw",
    "exp",
    "grad",
    "gradient_flow",
    "gradients",
    "hadamard",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "log",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "name_tensors",
    "negative",
    "no_grad",
    "operation",
    "power",
    "progress",
    "record",
    "relative_error",
    "relu",
    "reshape",
    "scope",
    "sigmoid",
    "sin",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "sqrt",
    "stack",
    "step",
    "subtract",
    "sum",
    "tanh",
    "tensor",
    "transpose",
    "value",
    "value_and_grad",
    "vjp",
    "where",
    "write_file",
]

# What not every program needs is imported when it is first asked for (PEP 562).
_LATER = {
    name: f"minigrad.{module}"
    for module, names in {
        "check": ("GradientMismatchError", "check_gradients"),
        "derivation": (
            *("ALL_STEPS", "NEXT_STEP", "THIS_STEP", "Derivation"),
            *("Report", "adjoint", "compare", "value"),
        ),
        "drawing": ("Drawing", "draw"),
        "files": ("write_file",),
        "flow": ("GradientFlow", "gradient_flow"),
        "nonfinite": ("detect_nonfinite",),
        "operations.catalogue": ("operation",),  # all names of the table are taken by then
        "plan.compile": ("compile",),
        "program": ("ProgramReport", "check_program"),
        "recording": ("record",),
        "terminal": ("progress",),
        "rounding": ("relative_error",),
        "writing": ("derive",),
    }.items()
    for name in names
}


del operation  # the module: the name stands for the function


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'minigrad' has no attribute {name!r}")
    found = getattr(importlib.import_module(_LATER[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
