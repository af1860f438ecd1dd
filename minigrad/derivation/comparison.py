"""Compare gradients that another program computed, as arrays, with the gradient flow."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from minigrad.derivation.claims import Adjoint
from minigrad.derivation.derivation import Line, require_layout
from minigrad.flow import GradientFlow, gradient_flow
from minigrad.leaf import tensor
from minigrad.nests import leaves, map_leaves
from minigrad.tensor import Tensor, value_of

if TYPE_CHECKING:
    from minigrad.derivation.arrays import Entry
    from minigrad.derivation.report import Report
    from minigrad.derivation.truth import Truth

# A name, or an adjoint or a part of one; of what has steps, with a step.
Key: TypeAlias = str | Adjoint | tuple[str | Adjoint, int | None]


def compare(
    flow: GradientFlow | Callable[..., Any],
    by_hand: Mapping[Key, Any] | Callable[..., Any],
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
        The gradients, any of them: from a name, or a name and a step, to an array. In the place of
        a name may stand what a line may claim, such as `adjoint("c", t=-1, via=NEXT_STEP)`, the
        carry that a program hands from step t to step t-1. Of a function: a second one that takes
        the same arguments and gives the gradient by the first of them, or a tuple with one for
        each.
    *args
        The arguments of the two functions. They are called by the names of the function's
        parameters, and the entries of a dict by their keys.
    layout
        Of the gradients by hand: "gradient" or "numerator"; see `Derivation`.

    Returns
    -------
    Report
        In the order of backpropagation, so that the first wrong one is where to look first. An
        array that is right for the wrong ones before it is *inherited*.

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
        arrays = dict(by_hand)
    else:
        if not callable(by_hand):
            raise TypeError("compare: expected a function that gives the gradients of a function")
        flow, arrays = _of_functions(flow, by_hand, args)
    from minigrad.derivation.arrays import check_arrays
    from minigrad.derivation.truth import Truth

    truth = Truth(flow, layout)
    return check_arrays([_entry(truth, key, x) for key, x in arrays.items()], truth)


def _entry(truth: "Truth", key: Key, array: Any) -> "Entry":
    """What an array stands for."""
    from minigrad.derivation.arrays import Entry

    what, t = key if isinstance(key, tuple) else (key, None)
    if isinstance(what, Adjoint):
        t = _step_of(truth, what, t)
        return Entry(what, t, array, truth.part(what, t))
    if not isinstance(what, str):
        raise TypeError(f"compare: expected a name or an adjoint(...), got {what!r} as a key")
    if (what, t) not in truth.values:
        steps = [str(s) for name, s in truth.values if name == what and s is not None]
        known = f"it has steps {', '.join(steps)}" if steps else f"known are {_names(truth)}"
        spelled = what if t is None else f"{what} at step {t}"
        raise KeyError(f"compare: no value is called {spelled}; {known}")
    truth.flow.adjoint(what, t)  # which says so if it requires no gradient
    claim = Adjoint(what)
    return Entry(claim, t, array, truth.part(claim, t))


def _step_of(truth: "Truth", claim: Adjoint, t: int | None) -> int | None:
    """The step at which a claim is meant: the given one, or the only one there is."""
    try:
        steps = truth.steps_of(Line(str(claim), claim, lambda: None, {}))
    except LookupError as error:
        raise KeyError(f"compare: {error.args[0]}") from None
    if t is None and len(steps) == 1:
        return steps[0]
    if t not in steps:
        known = ", ".join(map(str, steps))
        raise KeyError(f"compare: {claim} is there at t = {known}; say at which, as (adjoint, t)")
    return t


def _names(truth: "Truth") -> str:
    return ", ".join(dict.fromkeys(name for name, _ in truth.values))


def _of_functions(
    f: Callable[..., Any], by_hand: Callable[..., Any], args: tuple[Any, ...]
) -> tuple[GradientFlow, dict[Key, Any]]:
    """The gradient flow of a function, and the gradients by hand by the names of its arguments."""
    names = list(inspect.signature(f).parameters)[: len(args)]
    variables: list[Any] = []
    arrays: dict[Key, Any] = {}
    for name, arg in zip(names, args, strict=True):
        floating = all(np.asarray(value_of(x)).dtype.kind == "f" for x in leaves(arg))
        variables.append(map_leaves(tensor, arg) if not floating else map_leaves(_variable, arg))
        for path, x in _paths(name, variables[-1]):
            x.named(path)
    flow = gradient_flow(f(*variables))
    given = by_hand(*args)
    # The gradient by an argument that is a tuple is a tuple too.
    of_first = isinstance(args[0], tuple) and _is_nested_like(given, args[0])
    several = isinstance(given, tuple) and not of_first
    for name, gradient in zip(names, given if several else (given,), strict=False):
        arrays |= {(path, None): g for path, g in _paths(name, gradient) if g is not None}
    return flow, arrays


def _variable(x: Any) -> Tensor:
    return tensor(x, requires_grad=True)


def _is_nested_like(x: Any, y: Any) -> bool:
    if isinstance(y, list | tuple):
        as_long = isinstance(x, list | tuple) and len(x) == len(y)
        return as_long and all(map(_is_nested_like, x, y))
    return isinstance(x, dict) if isinstance(y, dict) else not isinstance(x, dict | list | tuple)


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
