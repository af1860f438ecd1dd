"""Reverse-mode differentiation: one sweep over the graph, from the output to the leaves."""

from collections.abc import Container, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from minigrad import guard
from minigrad.context import Observer, current
from minigrad.forks import forkable_lock
from minigrad.operation import Rule
from minigrad.tensor import Array, Tensor, describe, is_hidden

by_age = attrgetter("_index")

_adding = forkable_lock()  # two threads may backpropagate to the same leaf


def backward(output: Tensor, keep_graph: bool = False) -> None:
    """Add the gradient of a scalar to `.grad` of its leaves; see `Tensor.backward`."""
    if output.size != 1:
        raise ValueError(
            f"backward: expected a scalar, {describe(output)} has shape {output.shape}; "
            "sum it, or take mg.vjp with a cotangent of that shape"
        )
    _require_graph(output, "backward")
    adjoints = backpropagate(output, np.ones_like(output._data), keep_graph=keep_graph)
    with _adding:
        for leaf, g in zip(adjoints, owned(adjoints.values()), strict=True):
            leaf.grad = g if leaf.grad is None else leaf.grad + g


def gradients(
    output: Tensor,
    inputs: Sequence[Tensor],
    create_graph: bool = False,
    *,
    cotangent: Any = None,
    keep_graph: bool = False,
) -> list[Any]:
    """Differentiate an output with respect to leaves or to values on the way.

    Parameters
    ----------
    output
        A scalar; or a value of any shape, with a `cotangent`.
    inputs
        What to differentiate with respect to.
    create_graph
        Give tensors whose own graph can be differentiated again, instead of arrays.
    cotangent
        The adjoint of `output`, in its shape; by default 1.
    keep_graph
        Keep what another backward pass needs; `create_graph` implies it.

    Returns
    -------
    list
        For each input its gradient, an array in its shape, or a tensor if `create_graph`.

    Raises
    ------
    ValueError
        If the output is no scalar, an input does not reach it, or an array was changed since it
        was used.
    RuntimeError
        If an earlier backward pass has given the graph back.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(3.0, requires_grad=True, name="x")
    >>> y = x * x * x
    >>> [dx] = mg.gradients(y, [x], create_graph=True)
    >>> mg.gradients(dx, [x])
    [array(18.)]
    """
    if isinstance(inputs, Tensor):
        raise TypeError("gradients: expected a list of tensors as inputs, got a tensor; write [x]")
    for x in inputs:
        if type(x) is not Tensor:
            raise TypeError(
                f"gradients: expected tensors as inputs, got {type(x).__name__}: {x!r:.80}; give "
                "the tensors that the output was computed from"
            )
    if cotangent is None and output.size != 1:
        raise ValueError(
            f"gradients: expected a scalar, {describe(output)} has shape {output.shape}; "
            "sum it, or give a cotangent of that shape"
        )
    _require_graph(output, "gradients")
    g = _cotangent(output, cotangent)
    if create_graph and type(g) is not Tensor:
        g = Tensor(g)
    adjoints = backpropagate(output, g, set(inputs), keep_graph=keep_graph or create_graph)
    for x in inputs:
        if x not in adjoints:
            raise ValueError(
                f"gradients: {describe(x)} does not reach {describe(output)}, or needs no "
                "gradient; was it made with requires_grad=True, and is it the tensor that was used?"
            )
    found = [adjoints[x] for x in inputs]
    return found if create_graph else owned(found)


def backpropagate(
    output: Tensor,
    g: Any,
    wanted: set[Tensor] | None = None,
    *,
    keep_graph: bool,
    order: Sequence[Tensor] | None = None,
) -> dict[Tensor, Any]:
    """Go through the graph behind an output, and give the adjoints of what is wanted.

    Parameters
    ----------
    output
        Where the sweep starts.
    g
        Its adjoint; see `sweep`.
    wanted
        The values whose adjoints are asked for; by default all leaves.
    keep_graph
        See `sweep`.
    order
        `graph(output)`, from who has it already.

    Returns
    -------
    dict
        The adjoints of those wanted values that the sweep has reached.
    """
    if (outer := current().differentiating) is not None:
        outer.derives = True
    if is_hidden(output) and type(g) is not Tensor:
        g = Tensor(g)  # the backward pass has to be recorded
    nodes = graph(output) if order is None else list(order)
    needed = None if wanted is None else _leading_to(wanted, nodes)
    adjoints = {output: g}
    sweep(nodes, adjoints, wanted or frozenset(), needed, keep_graph=keep_graph)
    return adjoints


def sweep(
    order: list[Tensor],
    adjoints: dict[Tensor, Any],
    wanted: Container[Tensor] = frozenset(),
    needed: Container[Tensor] | None = None,
    *,
    keep_graph: bool,
) -> None:
    """Carry adjoints from the youngest of some nodes to what they were computed from.

    Parameters
    ----------
    order
        The nodes to pass, the oldest first; it is used up.
    adjoints
        Where to start. Arrays are computed with; tensors record a graph of their own. In the end it
        holds the adjoints of wanted nodes, of leaves, and of values that `order` lacks; these last
        may still be broader than their value (see `unbroadcast`).
    wanted
        Nodes that keep their adjoints.
    needed
        The inputs to carry adjoints to; by default all that require a gradient.
    keep_graph
        Otherwise each node forgets its inputs as it is passed, and memory is given back.
    """
    observer = current().observer
    try:
        _sweep(order, adjoints, wanted, needed, keep_graph, observer)
    finally:
        if observer is not None:
            observer.node = None


def _sweep(
    order: list[Tensor],
    adjoints: dict[Tensor, Any],
    wanted: Container[Tensor],
    needed: Container[Tensor] | None,
    keep_graph: bool,
    observer: Observer | None,
) -> None:
    on_tensors = any(type(g) is Tensor for g in adjoints.values())
    together = not on_tensors and observer is None
    # Uses of a value whose contributions may be made together, kept until its turn comes.
    deferred: dict[Tensor, list[_Use]] = {}
    contents: dict[Tensor, int] = {}
    operands: Sequence[Any]
    while order:
        node = order.pop()
        if observer is not None:
            observer.node = node
        if node in deferred:
            for contribution in _made_together(deferred.pop(node)):
                _accumulate(adjoints, node, contribution)
        g = adjoints.get(node)
        operation = node._operation
        if g is None:
            continue
        if g.shape != node._data.shape:
            g = adjoints[node] = unbroadcast(g, node)
        if operation is None:
            continue
        if node not in wanted:
            del adjoints[node]
        inputs = inputs_of(node)
        arrays = []
        own = node._guard
        exposed = own is not None and own.opened
        for x in inputs:
            arrays.append(x._data)
            its = x._guard
            if its is not None and (its.opened or its.replaced > node._index):
                exposed = True
        if exposed and (other := guard.changed(node, contents)) is not None:
            raise ValueError(
                f"{describe(other)} was changed in place after {describe(node)} was computed: the "
                "gradient needs its old value; change it after the backward pass, or change a copy"
            )
        y, operands = (node, inputs) if on_tensors else (node._data, arrays)
        if operation.arity is None:
            operands = (operands,)  # as one, since each of T inputs has a rule
        sums = operation.sums if together else None
        for x, rule in zip(inputs, operation.vjps):  # noqa: B905 - strict= costs as much as a rule
            if not x.requires_grad or rule is None or (needed is not None and x not in needed):
                continue
            if sums is not None:
                use = (sums, rule, g, y, operands, node._parameters)
                deferred.setdefault(x, []).append(use)
                continue
            contribution = rule(g, y, *operands, **node._parameters)
            if observer is not None:
                observer.pulled_back(contribution, x)
            if x in adjoints:
                _accumulate(adjoints, x, contribution)
            else:
                adjoints[x] = contribution
        # A view has no memory to give back, and graphs may share it (see `Tensor.T`).
        if not keep_graph and node._data.base is None:
            node._inputs = None


def unbroadcast(g: Any, x: Tensor) -> Any:
    """Sum a cotangent over the axes that its value was broadcast along."""
    shape = x._data.shape
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        raise ValueError(
            f"{describe(x)}: expected of the rules of the operations that use it a cotangent that "
            f"sums to its shape {shape}, got {g.shape}; mend the rule"
        )
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1))
    return g.sum(axis=axes, keepdims=True).reshape(shape)


def graph(output: Tensor, constants: bool = False) -> list[Tensor]:
    """What leads to `output` and requires a gradient, or all, in the order in which it was made."""
    found = {output}
    to_visit = [output]
    while to_visit:
        for x in inputs_of(to_visit.pop()):
            if (constants or x.requires_grad) and x not in found:
                found.add(x)
                to_visit.append(x)
    return sorted(found, key=by_age)


def inputs_of(node: Tensor) -> tuple[Tensor, ...]:
    """The inputs of a node, if they are still there."""
    inputs = node._inputs
    if inputs is None:
        raise RuntimeError(
            f"the graph behind {describe(node)} was given back by an earlier backward pass; "
            "compute the output again, or keep the graph: backward(keep_graph=True)"
        )
    return inputs


def owned(arrays: Iterable[Any]) -> list[Any]:
    """What the caller may keep: arrays, writable and of their own memory; tensors as they are."""
    return [g if type(g) is Tensor else np.array(g) for g in arrays]


# The record's rules of sums, the rule of one use, and what it takes: g, y, inputs, parameters.
_Use = tuple[Mapping[Rule, Rule | None], Rule, Any, Any, Sequence[Any], Mapping[str, Any]]


def _made_together(uses: list[_Use]) -> list[Array]:
    """The contributions of uses: one for all uses of a kind, where that is cheaper."""
    kinds: dict[Rule, list[_Use]] = {}
    for use in uses:
        kinds.setdefault(use[1], []).append(use)
    contributions: list[Array] = []
    for rule, alike in kinds.items():
        total = None
        if len(alike) > 1 and (rule_of_sum := alike[0][0].get(rule)) is not None:
            _, _, gs, ys, operands, parameters = zip(*alike, strict=True)
            together = {key: [p[key] for p in parameters] for key in parameters[0]}
            total = rule_of_sum(gs, ys, *zip(*operands, strict=True), **together)
        if total is not None:
            contributions.append(total)
        else:
            contributions += [rule(g, y, *xs, **p) for _, _, g, y, xs, p in alike]
    return contributions


def _accumulate(adjoints: dict[Tensor, Any], x: Tensor, contribution: Any) -> None:
    """Add what is of one shape as it is, so that broadcasting is undone once for all of it."""
    if x in adjoints:
        total = adjoints[x]
        if total.shape != contribution.shape:
            total = unbroadcast(total, x)
            contribution = unbroadcast(contribution, x)
        contribution = total + contribution  # not in place: it may be another's array too
    adjoints[x] = contribution


def _leading_to(wanted: set[Tensor], order: list[Tensor]) -> set[Tensor] | None:
    """Those of the nodes through which a wanted value reaches the output; None if all are."""
    if all(node in wanted for node in order if node._operation is None):
        return None
    needed = set(wanted)
    for node in order:
        if any(x in needed for x in inputs_of(node)):
            needed.add(node)
    return needed


def _cotangent(output: Tensor, given: Any) -> Any:
    """The adjoint that a sweep starts with, in the shape and precision of the output."""
    if given is None:
        return np.ones_like(output._data)
    g = given if type(given) is Tensor else np.array(given, output.dtype)
    if g.shape != output.shape or g.dtype != output.dtype:
        raise ValueError(
            f"gradients: expected a cotangent of {output.dtype} {output.shape} for "
            f"{describe(output)}, got {g.dtype} {g.shape}"
        )
    return g


def _require_graph(output: Tensor, name: str) -> None:
    if not output.requires_grad:
        raise ValueError(
            f"{name}: {describe(output)} was computed from nothing that requires a gradient; make "
            "the leaves with requires_grad=True, and compute it outside of no_grad()"
        )
    if output.dtype.kind == "c":
        raise TypeError(
            f"{name}: expected a real output, {describe(output)} is {output.dtype}; complex "
            "numbers are for the complex step, through a function or through its mg.grad"
        )
