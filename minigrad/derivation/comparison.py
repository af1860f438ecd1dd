"""Compare gradients that another program computed, as arrays, with the gradient flow."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.derivation.claims import Adjoint
from minigrad.derivation.derivation import Line, require_layout
from minigrad.flow import GradientFlow, Label, gradient_flow
from minigrad.leaf import tensor
from minigrad.nests import leaves, map_leaves
from minigrad.tensor import Tensor, value_of

if TYPE_CHECKING:
    from minigrad.derivation.report import Report


def compare(
    flow: GradientFlow | Callable[..., Any],
    by_hand: Mapping[str | Label, Any] | Callable[..., Any],
    *args: Any,
    layout: str = "gradient",
) -> "Report":
    """Compare gradients by hand with those of the gradient flow, or of a function.

    Parameters
    ----------
    flow
        The gradient flow of the model; or a function of arrays, in NumPy's terms, that gives a
        scalar.
    by_hand
        The gradients, any of them: from a name, or a name and a step, to an array. Of a function:
        a second one that takes the same arguments and gives the gradient by the first of them, or
        a tuple with one for each.
    *args
        The arguments of the two functions. They are called by the names of the function's
        parameters, and the entries of a dict by their keys.
    layout
        Of the gradients by hand: "gradient" or "numerator"; see `Derivation`.

    Returns
    -------
    Report
        In the order of backpropagation, so that the first wrong one is where to look first.

    Raises
    ------
    KeyError
        If no value has such a name and step.
    ValueError
        If there is no such layout, or a value requires no gradient.
    TypeError
        If the two don't go together: a flow and a dict, a function and a function.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> f = lambda x, w: np.sum(np.tanh(w @ x))
    >>> def by_hand(x, w):
    ...     z = w @ x
    ...     return w.T @ (1 - np.tanh(z) ** 2), np.outer(x, 1 - np.tanh(z) ** 2)
    >>> x, w = np.array([0.5, -1.0]), np.array([[1.0, 2.0], [3.0, 5.0]])
    >>> [(line.ref, line.diagnosis.kind) for line in mg.compare(f, by_hand, x, w).wrong]
    [('w', 'transpose')]
    """
    require_layout("compare", layout)
    if isinstance(flow, GradientFlow):
        if not isinstance(by_hand, Mapping):
            raise TypeError("compare: expected a dict from names to arrays to go with a flow")
        arrays = {_label(key): x for key, x in by_hand.items()}
    else:
        if not callable(by_hand):
            raise TypeError("compare: expected a function that gives the gradients of a function")
        flow, arrays = _of_functions(flow, by_hand, args)
    from minigrad.derivation.checking import check_arrays

    lines = {}
    for name, t in sorted(arrays, key=lambda label: _turn(flow, label)):
        array = arrays[name, t]
        line = Line(_spelled((name, t)), Adjoint(name), lambda x=array: np.asarray(value_of(x)), {})
        lines[name, t] = line
    return check_arrays(lines, flow, layout)


def _turn(flow: GradientFlow, label: Label) -> float:
    """When backpropagation is done with a value: after the oldest of those that it goes into."""
    if label not in flow.values:
        steps = [str(t) for name, t in flow.values if name == label[0] and t is not None]
        known = f"it has steps {', '.join(steps)}" if steps else f"known are {_names(flow)}"
        raise KeyError(f"compare: no value is called {_spelled(label)}; {known}")
    flow.adjoint(*label)  # which says so if it requires no gradient
    return -min((flow.values[m]._index for m in flow.contributions(*label)), default=0)


def _names(flow: GradientFlow) -> str:
    return ", ".join(dict.fromkeys(name for name, _ in flow.values))


def _label(key: str | Label) -> Label:
    return (key, None) if isinstance(key, str) else (key[0], key[1])


def _spelled(label: Label) -> str:
    name, t = label
    return name if t is None else f"{name} at step {t}"


def _of_functions(
    f: Callable[..., Any], by_hand: Callable[..., Any], args: tuple[Any, ...]
) -> tuple[GradientFlow, dict[Label, Any]]:
    """The gradient flow of a function, and the gradients by hand by the names of its arguments."""
    names = list(inspect.signature(f).parameters)[: len(args)]
    variables: list[Any] = []
    arrays: dict[Label, Any] = {}
    for name, arg in zip(names, args, strict=True):
        floating = all(np.asarray(value_of(x)).dtype.kind == "f" for x in leaves(arg))
        variables.append(map_leaves(tensor, arg) if not floating else map_leaves(_variable, arg))
        for path, x in _paths(name, variables[-1]):
            x.named(path)
    flow = gradient_flow(f(*variables))
    given = by_hand(*args)
    several = isinstance(given, tuple) and not isinstance(args[0], tuple)
    for name, gradient in zip(names, given if several else (given,), strict=False):
        arrays |= {(path, None): g for path, g in _paths(name, gradient) if g is not None}
    return flow, arrays


def _variable(x: Any) -> Tensor:
    return tensor(x, requires_grad=True)


def _paths(name: str, tree: Any) -> Iterator[tuple[str, Any]]:
    """The leaves of a nest, entries of dicts by their keys, of sequences by their places."""
    if isinstance(tree, dict):
        for key, x in tree.items():
            yield from _paths(str(key), x)
    elif isinstance(tree, list | tuple):
        for i, x in enumerate(tree):
            yield from _paths(f"{name}[{i}]", x)
    else:
        yield name, tree
