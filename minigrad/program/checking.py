"""Check the gradients of a program against those of its own forward pass."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.flow import GradientFlow, gradient_flow
from minigrad.nests import map_leaves
from minigrad.program.explaining import Backward
from minigrad.program.locating import Fault, faults_of
from minigrad.program.report import Gradient, ProgramReport
from minigrad.program.scale import common_scale, name_of_scale
from minigrad.program.truth import Truth
from minigrad.recording.recording import Recording
from minigrad.recording.replay import (
    behind,
    is_real,
    parameter_names,
    paths,
    recorded,
    run_recorded,
    tensors_of,
)
from minigrad.recording.storage import Node
from minigrad.rounding import compared, rounding_errors
from minigrad.tensor import Array, Tensor, value_of

_LOOSELY = 100  # a program may take another way, which rounds by another conditioning


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
    rng = np.random.default_rng(0)
    recording = Recording()

    def given(tree: Any, moves: Callable[[Any], bool]) -> Any:
        def moved(x: Any) -> Any:
            return _perturbed(x, rng) if perturb and moves(x) else x

        return recorded(recording, map_leaves(moved, tree))

    given_params = given(params, _is_floating)
    given_inputs = given((inputs, named_inputs), lambda x: _is_floating(x) and bool(np.any(x % 1)))
    called = dict(zip(parameter_names(run), (given_params, *given_inputs[0]), strict=False))
    names = {
        node: path
        for path, x in paths("params", called | given_inputs[1])
        if (node := recording.node_of(x)) is not None and is_real(node)
    }
    first = next(iter(called))
    variables = {path: node for node, path in names.items()}
    variables = {path: variables[path] for path, _ in paths(first, params) if path in variables}
    with _random_state_kept():
        result = run_recorded(recording, run, given_params, *given_inputs[0], **given_inputs[1])
    if not isinstance(result, tuple) or len(result) != 2:
        raise ValueError("check_program: expected run(...) to return the loss and the gradients")
    loss = _node_of_loss(recording, result[0], set(variables.values()))
    J = tensors_of([loss], names, variables.values())[loss]
    given_back = dict(paths(first, result[1]))
    by_hand = {name: x for name in variables if (x := given_back.get(name)) is not None}
    sizes = [(path, np.shape(node.value)) for node, path in names.items()]
    flow = gradient_flow(J)
    arrays = {path: np.array(x) for path, x in by_hand.items()}
    gradients, scale, notes = _compared(arrays, flow, variables, sizes)
    wrong = {gradient.name for gradient in gradients if not gradient.ok}
    faults: list[Fault] = []
    if wrong:
        nodes = {
            path: node for path, x in by_hand.items() if (node := recording.node_of(x)) is not None
        }
        truth = Truth(J, _LOOSELY * float(np.finfo(J.dtype).eps))
        backward = Backward(behind([loss]), list(nodes.values()), truth, scale)
        faults = faults_of(
            backward, ((node, path) for path, node in nodes.items() if path in wrong)
        )
    return ProgramReport(gradients, float(J.item()), flow, tuple(faults), notes)


def _compared(
    by_hand: dict[str, Array],
    flow: GradientFlow,
    variables: dict[str, Node],
    sizes: list[tuple[str, tuple[int, ...]]],
) -> tuple[tuple[Gradient, ...], float, tuple[str, ...]]:
    """The gradients beside the true ones, and the scale that they have in common."""
    unused = [name for name in by_hand if (name, None) not in flow.values]
    truth = {
        name: Tensor(np.zeros_like(variables[name].value)) if name in unused else flow.adjoint(name)
        for name in by_hand
    }
    kinds = [flow.J.dtype, *(node.value.dtype for node in variables.values())]
    precision = _LOOSELY * max(float(np.finfo(kind).eps) for kind in kinds)
    scale = common_scale([(x, value_of(truth[name])) for name, x in by_hand.items()], precision)
    scaled = {name: x / scale for name, x in by_hand.items()}
    gradients = {name: _beside(x, truth[name], name, precision) for name, x in scaled.items()}
    doubtful = [name for name, gradient in gradients.items() if not gradient.ok]
    rounding = rounding_errors([[truth[name]] for name in doubtful], precision)
    for name, error in zip(doubtful, rounding, strict=True):
        gradients[name] = _beside(scaled[name], truth[name], name, precision, error)
    notes = [f"{name} has a gradient, and the loss does not depend on it" for name in unused]
    if scale != 1:
        notes.append(f"your gradients are those of {name_of_scale(scale, sizes)} times the loss")
    return tuple(gradients.values()), scale, tuple(notes)


def _beside(
    x: Array, truth: Tensor, name: str, precision: float, rounding: float = 0.0
) -> Gradient:
    """A gradient beside the true one, with what rounding does to that."""
    if x.shape != truth.shape:
        return Gradient(name, False, float("inf"), precision)
    found = compared(x, value_of(truth), precision, rounding)
    return Gradient(name, found.ok, found.error, found.tolerance)


def _node_of_loss(recording: Recording, loss: Any, variables: set[Node]) -> Node:
    node = recording.node_of(loss)
    if node is None or np.size(node.value) != 1:
        raise ValueError(
            f"check_program: expected a loss that was computed from the parameters by NumPy, got "
            f"{loss!r:.80}; it must be one number, and not have left NumPy on the way"
        )
    if variables.isdisjoint(behind([node])):
        raise ValueError(
            "check_program: the loss does not depend on the parameters; is it computed from "
            "those that run(...) is given?"
        )
    return node


def _is_floating(x: Any) -> bool:
    return isinstance(x, float | np.floating) or (isinstance(x, np.ndarray) and x.dtype.kind == "f")


def _perturbed(x: Any, rng: np.random.Generator) -> Any:
    """Numbers near those given, of the same sign; and none that is zero."""
    noise = rng.uniform(0.5, 1.5, np.shape(x))
    return np.asarray(
        np.where(x == 0, 0.1 * (noise - 1), x * (0.9 + 0.2 * noise)), np.asarray(x).dtype
    )[()]


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Leave the random numbers of NumPy and Python as they were."""
    of_numpy, of_python = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(of_numpy)
        random.setstate(of_python)
