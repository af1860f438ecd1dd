"""The tensors of recorded values: what was recorded, run again by the table of operations."""

import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from minigrad.leaf import tensor
from minigrad.nests import map_leaves
from minigrad.recording.arrays import cast
from minigrad.recording.makers import making_recorded
from minigrad.recording.places import names_of
from minigrad.recording.recording import Recording
from minigrad.recording.storage import Node
from minigrad.tensor import Tensor


def record(f: Callable[..., Any], *args: Any) -> Any:
    """Run a NumPy function and give what it returns as tensors, with their graph.

    Values are named by what they are assigned to, and belong to the steps of the loops that they
    are computed in.

    Parameters
    ----------
    f
        A function of arrays, in NumPy's terms. It is not changed.
    *args
        Its arguments, which may be nests. They are called by the names of its parameters, and the
        entries of a dict by their keys.

    Returns
    -------
    Tensor
        Or a nest of tensors, where the function returns a nest of arrays.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> def loss(w, x):
    ...     return np.sum(np.tanh(w @ x) ** 2)
    >>> J = mg.record(loss, np.eye(2), np.array([0.5, -1.0]))
    >>> mg.gradient_flow(J).adjoint("x").data.round(3)
    array([ 0.727, -0.64 ])
    """
    recording = Recording()
    arguments = zip(parameter_names(f), args, strict=False)
    inputs = {name: recorded(recording, x) for name, x in arguments}
    outputs = run_recorded(recording, f, *inputs.values())
    nodes = map_leaves(lambda x: recording.node_of(x) or x, outputs)
    leaves = {
        node: path
        for path, x in paths("", inputs)
        if (node := recording.node_of(x)) is not None and is_real(node)
    }
    tensors = tensors_of((x for _, x in paths("", nodes) if isinstance(x, Node)), leaves, leaves)
    return map_leaves(lambda x: tensors[x] if isinstance(x, Node) else x, nodes)


def run_recorded(recording: Recording, f: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function whose arguments are recorded arrays."""
    with making_recorded(recording, f):
        return _run_recorded(f, args, options)


def _run_recorded(f: Callable[..., Any], args: Any, options: Any) -> Any:
    """Where the frames of a program end (see `places`)."""
    return f(*args, **options)


def recorded(recording: Recording, tree: Any) -> Any:
    """A nest with recorded copies of its arrays and real numbers."""

    def of(x: Any) -> Any:
        floating = isinstance(x, float | np.floating)
        return recording.constant(x) if floating or isinstance(x, np.ndarray) else x

    return map_leaves(of, tree)


def parameter_names(f: Callable[..., Any]) -> Iterator[str]:
    """What a function calls its arguments by position; those of `*args` by their numbers."""
    for name, parameter in inspect.signature(f).parameters.items():
        if parameter.kind is not parameter.VAR_POSITIONAL:
            yield name
        else:
            yield from (f"{name}[{i}]" for i in itertools.count())


def paths(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a nest: entries of dicts by their keys, of sequences by their places."""
    if isinstance(tree, dict):
        for key, x in tree.items():
            yield from paths(str(key), x)
    elif isinstance(tree, list | tuple):
        for i, x in enumerate(tree):
            yield from paths(f"{name}[{i}]", x)
    else:
        yield name, tree


def is_real(node: Node) -> bool:
    return not isinstance(node.value, tuple) and node.value.dtype.kind == "f"


def tensors_of(
    outputs: Iterable[Node], names: Mapping[Node, str], variables: Iterable[Node]
) -> dict[Node, Tensor]:
    """The tensors of values and of all that these were computed from.

    Parameters
    ----------
    outputs
        The values that are asked for.
    names
        What the author calls the arrays that a program is given.
    variables
        Those of them that gradients are wanted of.
    """
    wanted, outputs = set(variables), list(outputs)
    tensors: dict[Node, Tensor] = {}
    labels: set[tuple[str, int | None]] = set(zip(names.values(), [None] * len(names), strict=True))
    for node in behind(outputs):
        if node in names:
            tensors[node] = tensor(node.value, requires_grad=node in wanted).named(names[node])
        elif is_real(node) or isinstance(node.value, tuple):
            made = _computed(node, tensors)
            if isinstance(made, Tensor):
                _name(made, node, labels)
            tensors[node] = made
    for node in outputs:
        if not isinstance(tensors.get(node), Tensor):
            tensors[node] = tensor(node.value)
    return tensors


def behind(outputs: Iterable[Node]) -> list[Node]:
    """Nodes and all that they were computed from, the oldest first."""
    found, to_visit = set(outputs), list(outputs)
    found.update(to_visit)
    while to_visit:
        for x in to_visit.pop().operands:
            if x not in found:
                found.add(x)
                to_visit.append(x)
    return sorted(found, key=lambda node: node.index)


def _computed(node: Node, tensors: Mapping[Node, Tensor]) -> Any:
    """The call of a node on tensors; an array, where it depends on no variable."""
    given = [tensors.get(x) for x in node.operands]
    if node.function is None or not any(_requires_grad(x) for x in given):
        return node.value

    def of(x: Any) -> Any:
        if not isinstance(x, Node):
            return x
        made = tensors.get(x, x.value)
        # NumPy mixes precisions, and tensors do not.
        mixed = is_real(node) and is_real(x) and x.value.dtype != node.value.dtype
        return made.astype(node.value.dtype) if mixed and node.function is not cast else made

    args, options = map_leaves(of, (node.args, node.options))
    try:
        made = node.function(*args, **options)
    except TypeError as error:
        where = f"{node.places[0]}: " if node.places else ""
        raise TypeError(f"{where}{error}") from error
    return made


def _requires_grad(x: Any) -> bool:
    return (
        any(_requires_grad(y) for y in x)
        if isinstance(x, tuple | list)
        else (isinstance(x, Tensor) and x.requires_grad)
    )


def _name(x: Tensor, node: Node, labels: set[tuple[str, int | None]]) -> None:
    """Name a tensor by what the author assigned it to, at the innermost loop's step."""
    name = next(names_of(node.places), None)
    if name is None or x.name is not None:
        return
    loops = next((place.loops for place in node.places if place.loops), ())
    t = loops[-1][1] if loops else None
    number, label = 1, (name, t)
    while label in labels:
        number += 1
        label = (f"{name}_{number}", t)
    labels.add(label)
    x._name, x._t = label
