"""Check the gradients of a program against those of its own forward pass."""

from collections.abc import Callable
from typing import Any

from minigrad.flow import gradient_flow
from minigrad.program.calling import Call
from minigrad.program.gradients import Gradients
from minigrad.program.repairs import Repairs
from minigrad.program.report import ProgramReport
from minigrad.program.scale import name_of_scale

_SECONDS_FOR_REPAIRS = 20.0


def check_program(
    run: Callable[..., Any], params: Any, *inputs: Any, perturb: bool = True, **named_inputs: Any
) -> ProgramReport:
    """Check the gradients that a program computes, without changing it.

    Parameters
    ----------
    run
        Calls the program: `run(params, *inputs)` gives the loss and the gradients, nested like
        `params`. Those that are missing, or None, are not looked at.
    params
        The parameters: a nest of arrays.
    *inputs, **named_inputs
        What else the program is given.
    perturb
        Move the parameters and the inputs that are no whole numbers a little, so that nothing
        agrees by accident, as with biases of zero.

    Returns
    -------
    ProgramReport

    Raises
    ------
    ValueError
        If `run` does not give a loss and gradients, or the loss could not be followed back to the
        parameters.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> def run(params, x, y):
    ...     h = np.tanh(params["W"] @ x)
    ...     d = h - y
    ...     loss = 0.5 * np.sum(d**2)
    ...     return loss, {"W": np.outer(d * (1 - h**2), x)}
    >>> report = mg.check_program(run, {"W": np.eye(2)}, np.array([0.5, -1.0]), np.zeros(2))
    >>> report.ok
    True
    """
    call = Call(run, params, inputs, named_inputs, perturb)
    recorded = call.recorded()
    flow = gradient_flow(recorded.J)
    gradients = Gradients(flow, recorded.variables, recorded.gradients)
    beside = gradients.beside(recorded.gradients)
    wrong = frozenset(gradient.name for gradient in beside if not gradient.ok)
    repairs = Repairs(call, recorded, gradients, wrong, _SECONDS_FOR_REPAIRS)
    faults = repairs.faults() if wrong else []
    notes = [
        f"{name} has a gradient, and the loss does not depend on it" for name in gradients.unused
    ]
    if gradients.scale != 1:
        sizes = [(path, node.value.shape) for node, path in recorded.inputs.items()]
        name = name_of_scale(gradients.scale, sizes)
        notes.append(f"your gradients are those of {name} times the loss")
    loss = float(recorded.J.item())
    return ProgramReport(tuple(beside), loss, flow, tuple(faults), tuple(notes))
