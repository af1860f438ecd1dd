"""A call of a program, which can be made again: recorded, or as it is."""

import contextlib
import io
import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.nests import map_leaves
from minigrad.recording.makers import names_kept, namespaces_of
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
from minigrad.tensor import Tensor


@dataclass(frozen=True)
class Recorded:
    """What was recorded of a call.

    Attributes
    ----------
    J
        The loss, with the graph of the forward pass.
    loss
        The same, as it was recorded.
    variables
        The parameters.
    inputs
        All arrays of real numbers that the program was given, with what it calls them.
    gradients
        What it gave as gradients of the parameters.
    nodes
        Those of them that were computed by NumPy.
    """

    J: Tensor
    loss: Node
    variables: dict[str, Node]
    inputs: dict[Node, str]
    gradients: dict[str, Any]
    nodes: dict[str, Node]


class Call:
    """A call of a program.

    Parameters
    ----------
    run
        Is called with what follows, and gives the loss and the gradients.
    params, inputs, options
        Its arguments.
    perturb
        Move the parameters and the inputs that are no whole numbers a little.
    """

    def __init__(
        self,
        run: Callable[..., Any],
        params: Any,
        inputs: tuple[Any, ...],
        options: dict[str, Any],
        perturb: bool,
    ) -> None:
        rng = np.random.default_rng(0)

        def moved(x: Any) -> Any:
            return _perturbed(x, rng) if perturb and _is_floating(x) else x

        def moved_if_real(x: Any) -> Any:
            return moved(x) if _is_floating(x) and np.any(x % 1) else x

        self.run = run
        self._namespaces = [x for x in namespaces_of(run) if x is not vars(np)]
        self._params = map_leaves(moved, params)
        self._inputs, self._options = map_leaves(moved_if_real, (inputs, options))

    def recorded(self) -> Recorded:
        """Make the call with arrays that record what is done with them."""
        recording = Recording()
        params = recorded(recording, self._params)
        inputs, options = recorded(recording, (self._inputs, self._options))
        arguments = dict(zip(parameter_names(self.run), (params, *inputs), strict=False)) | options
        inputs_by_path = {
            path: node
            for path, x in paths("params", arguments)
            if (node := recording.node_of(x)) is not None and is_real(node)
        }
        variables = {
            path: inputs_by_path[path] for path in self._of_params(params) if path in inputs_by_path
        }
        with _random_state_kept():
            result = run_recorded(recording, self.run, params, *inputs, **options)
        value, gradients = self._split(result)
        loss = _node_of_loss(recording, value, set(variables.values()))
        names = {node: path for path, node in inputs_by_path.items()}
        J = tensors_of([loss], names, variables.values())[loss]
        gradients = {name: x for name in variables if (x := gradients.get(name)) is not None}
        nodes = {name: recording.node_of(x) for name, x in gradients.items()}
        found = {name: node for name, node in nodes.items() if node is not None}
        return Recorded(J, loss, variables, names, gradients, found)

    def plain(self) -> tuple[float, dict[str, Any]]:
        """Make the call with copies of the arrays: the loss and the gradients."""
        params, inputs, options = map_leaves(_copied, (self._params, self._inputs, self._options))
        silent = (contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings())
        with _random_state_kept(), names_kept(self._namespaces), silent[0], silent[1]:
            warnings.simplefilter("ignore")
            loss, gradients = self._split(self.run(params, *inputs, **options))
        return float(loss), gradients

    def _split(self, result: Any) -> tuple[Any, dict[str, Any]]:
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError(
                "check_program: expected run(...) to return the loss and the gradients"
            )
        return result[0], self._of_params(result[1])

    def _of_params(self, tree: Any) -> dict[str, Any]:
        return dict(paths(next(parameter_names(self.run)), tree))


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


def _copied(x: Any) -> Any:
    return x.copy() if isinstance(x, np.ndarray) else x


@contextmanager
def _random_state_kept() -> Iterator[None]:
    """Leave the random numbers of NumPy and Python as they were."""
    of_numpy, of_python = np.random.get_state(), random.getstate()
    try:
        yield
    finally:
        np.random.set_state(of_numpy)
        random.setstate(of_python)
