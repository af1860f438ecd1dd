"""Reverse-mode differentiation: one sweep over the graph, from the output to the leaves."""

from collections.abc import Container, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import numpy as np

from minigrad import guard
from minigrad.context import context
from minigrad.operation import Rule
from minigrad.tensor import Array, Tensor, describe

by_age = attrgetter("_index")


def backward(output: Tensor, keep_graph: bool = False) -> None:
    """Add the gradient of a scalar to `.grad` of its leaves; see `Tensor.backward`."""
    if output.size != 1:
        raise ValueError(
            f"backward: expected a scalar, {describe(output)} has shape {output.shape}; "
            "sum it, or take mg.vjp with a cotangent of that shape"
        )
    _require_graph(output, "backward")
    adjoints = backpropagate(output, np.ones_like(output._data), keep_graph=keep_graph)
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
    if cotangent is None and output.size != 1:
        raise ValueError(
            f"gradients: expected a scalar, {describe(output)} has shape {output.shape}; "
            "sum it, or give a cotangent of that shape"
        )
    _require_graph(output, "gradients")
    g = np.ones_like(output._data) if cotangent is None else cotangent
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
    output: Tensor, g: Any, wanted: set[Tensor] | None = None, *, keep_graph: bool
) -> dict[Tensor, Any]:
    """Sweep the graph once, against its direction.

    Parameters
    ----------
    output
        Where the sweep starts.
    g
        Its adjoint: on an array the sweep computes, on a tensor it records a graph of its own.
    wanted
        The values whose adjoints are asked for; by default all leaves.
    keep_graph
        Otherwise each node forgets its inputs as the sweep passes it, and memory is given back.

    Returns
    -------
    dict
        The adjoints of those wanted values that the sweep has reached.
    """
    order = graph(output)
    needed = None if wanted is None else _leading_to(wanted, order)
    adjoints: dict[Tensor, Any] = {output: g}
    # Uses of a value whose contributions may be made together, kept until its turn comes.
    deferred: dict[Tensor, list[_Use]] = {}
    together = type(g) is not Tensor and context.nonfinite is None
    while order:
        node = order.pop()
        if node in deferred:
            for contribution in _made_together(node, deferred.pop(node)):
                _accumulate(adjoints, node, contribution)
        if node._operation is None or node not in adjoints:
            continue
        if context.trace is not None:
            context.trace.source = node
        g = adjoints[node] if wanted and node in wanted else adjoints.pop(node)
        if together and node._operation.sums is not None:
            _defer(deferred, node, g, needed)
        else:
            for x, contribution in pull_back(node, g, needed):
                _accumulate(adjoints, x, contribution)
        # A view has no memory to give back, and graphs may share it (see `Tensor.T`).
        if not keep_graph and node._data.base is None:
            node._inputs = None
    if context.trace is not None:
        context.trace.source = None
    return adjoints


def pull_back(
    node: Tensor, g: Any, needed: Container[Tensor] | None = None
) -> list[tuple[Tensor, Any]]:
    """Apply the rules of one node: what each input gets of the node's adjoint `g`."""
    inputs = inputs_of(node)
    operation, parameters = node._operation, node._parameters
    y, operands = (node, inputs) if type(g) is Tensor else (node._data, [x._data for x in inputs])
    contributions = []
    for x, rule in zip(inputs, operation.vjps, strict=False):
        if x.requires_grad and rule is not None and (needed is None or x in needed):
            contribution = rule(g, y, *operands, **parameters)
            if contribution.shape != x._data.shape:
                contribution = unbroadcast(contribution, x._data.shape)
            contributions.append((x, contribution))
            if context.nonfinite is not None:
                context.nonfinite.check_backward(node, x, contribution)
    return contributions


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum over the axes that an input of this shape was broadcast along."""
    if g.shape == shape:
        return g
    lead = g.ndim - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:], strict=True)):
        raise ValueError(
            f"expected of a rule a cotangent that sums to the input's shape {shape}, got "
            f"{g.shape}; mend the rule"
        )
    axes = (*range(lead), *(lead + i for i, n in enumerate(shape) if n == 1))
    return np.sum(g, axis=axes, keepdims=True).reshape(shape)


def graph(output: Tensor) -> list[Tensor]:
    """What requires a gradient and leads to `output`, in the order in which it was made."""
    found = {output}
    to_visit = [output]
    while to_visit:
        for x in inputs_of(to_visit.pop(), check=False):
            if x.requires_grad and x not in found:
                found.add(x)
                to_visit.append(x)
    return sorted(found, key=by_age)


def inputs_of(node: Tensor, check: bool = True) -> tuple[Tensor, ...]:
    """The inputs of a node, if they are still there and as they were when it was made."""
    inputs = node._inputs
    if inputs is None:
        raise RuntimeError(
            f"the graph behind {describe(node)} was given back by an earlier backward pass; "
            "compute the output again, or keep the graph: backward(keep_graph=True)"
        )
    if check:
        for x in (node, *inputs):
            if x._guard is not None and not guard.is_unchanged(node, x):
                raise ValueError(
                    f"{describe(x)} was changed in place after {describe(node)} was computed: the "
                    "gradient needs its old value; change it after the backward pass, or a copy"
                )
    return inputs


def owned(arrays: Iterable[Any]) -> list[Array]:
    """Arrays for the caller to keep: writable, and sharing memory with nothing."""
    return [np.array(g) for g in arrays]


# The rule of a sum of uses, the rule of one use, and what they take: g, y, inputs, parameters.
_Use = tuple[Rule | None, Rule, Array, Array, list[Array], Mapping[str, Any]]


def _defer(
    deferred: dict[Tensor, list[_Use]], node: Tensor, g: Array, needed: Container[Tensor] | None
) -> None:
    """Keep what the rules of one node need, until the turn of each input comes."""
    inputs, operation = inputs_of(node), node._operation
    operands = [x._data for x in inputs]
    for x, rule, rule_of_sum in zip(inputs, operation.vjps, operation.sums, strict=True):
        if x.requires_grad and (needed is None or x in needed):
            use = (rule_of_sum, rule, g, node._data, operands, node._parameters)
            deferred.setdefault(x, []).append(use)


def _made_together(x: Tensor, uses: list[_Use]) -> list[Array]:
    """The contributions to `x` of its uses: one for all uses of a kind, where that is cheaper."""
    kinds: dict[Rule | None, list[_Use]] = {}
    for use in uses:
        kinds.setdefault(use[0], []).append(use)
    contributions: list[Array] = []
    for rule_of_sum, alike in kinds.items():
        total = None
        if rule_of_sum is not None and len(alike) > 1:
            _, _, gs, ys, operands, parameters = zip(*alike, strict=True)
            together = {key: [p[key] for p in parameters] for key in parameters[0]}
            total = rule_of_sum(gs, ys, *zip(*operands, strict=True), **together)
        if total is not None:
            contributions.append(total)
        else:
            contributions += [rule(g, y, *xs, **p) for _, rule, g, y, xs, p in alike]
    return [unbroadcast(contribution, x._data.shape) for contribution in contributions]


def _accumulate(adjoints: dict[Tensor, Any], x: Tensor, contribution: Any) -> None:
    # Never in place: a contribution may be the same array as another's.
    adjoints[x] = adjoints[x] + contribution if x in adjoints else contribution


def _leading_to(wanted: set[Tensor], order: list[Tensor]) -> set[Tensor]:
    """Those of the nodes through which a wanted value reaches the output."""
    needed = set(wanted)
    for node in order:
        if any(x in needed for x in inputs_of(node, check=False)):
            needed.add(node)
    return needed


def _require_graph(output: Tensor, name: str) -> None:
    if not output.requires_grad:
        raise ValueError(
            f"{name}: {describe(output)} was computed from nothing that requires a gradient; make "
            "the leaves with requires_grad=True, and compute it outside of no_grad()"
        )
