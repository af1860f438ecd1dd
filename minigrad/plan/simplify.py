"""Passes that leave out what need not be computed: each a function from plan to plan."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from minigrad.plan.axes import is_matrix_transpose, permutation
from minigrad.plan.graph import Plan, Step, apply, constant


def drop_identities(plan: Plan) -> Plan:
    """Leave out steps that give their input back: x^TT, 1 x, a reshape to the same shape."""

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        drop = IDENTITIES.get(step.kind)
        if drop is None:
            return None
        found = drop(step, inputs)
        return found if found is not None and found.dtype == step.dtype else None

    return plan.rewrite(rule)


def _positive(step: Step, inputs: list[Step]) -> Step:
    [x] = inputs
    x.name, x.t = (x.name, x.t) if x.name else (step.name, step.t)
    return x


def _same_shape(step: Step, inputs: list[Step]) -> Step | None:
    return inputs[0] if inputs[0].shape == step.shape else None


def _transpose(step: Step, inputs: list[Step]) -> Step | None:
    [inner] = inputs
    axes = permutation(step)
    if axes == sorted(axes):
        return inner
    if inner.kind != "transpose":
        return None
    both = [permutation(inner)[i] for i in axes]
    return inner.inputs[0] if both == sorted(both) else None


def _multiply(step: Step, inputs: list[Step]) -> Step | None:
    for x, other in (inputs, inputs[::-1]):
        if other.value is not None and x.shape == step.shape and np.all(other.value == 1):
            return x
    return None


IDENTITIES: Mapping[str, Callable[[Step, list[Step]], Step | None]] = {
    "positive": _positive,
    "astype": lambda step, inputs: inputs[0],  # if the dtype is the same
    "reshape": _same_shape,
    "broadcast_to": _same_shape,
    "transpose": _transpose,
    "multiply": _multiply,
}


def transpose_factors(plan: Plan) -> Plan:
    """Write (A B)^T as B^T A^T, so that a sum of such terms is seen to be a sum of products."""
    users = plan.users()
    transposed: dict[Step, Step] = {}

    def transpose(x: Step) -> Step:
        if x.value is not None:
            return constant(x.value.T)
        if is_matrix_transpose(x):
            return x.inputs[0]
        new = apply("transpose", [x], x.shape[::-1])
        new.key, new.order = hash(("T", x.key)), x.order
        return new

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        if not is_matrix_transpose(step) or inputs[0].kind != "matmul":
            return None
        factors = inputs[0].inputs
        if len(users[step.inputs[0]]) > 1 or any(len(x.shape) != 2 for x in factors):
            return None
        for x in factors:
            if x not in transposed:
                transposed[x] = transpose(x)
        new = apply("matmul", [transposed[x] for x in factors[::-1]], step.shape)
        return new.in_place_of(step)

    return plan.rewrite(rule)


def fold_constants(plan: Plan) -> Plan:
    """Compute what depends on no argument, once."""

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        if step.operation is None or not inputs:
            return None
        for x in inputs:
            if x.value is None:
                return None
        value = step.operation.forward(*(x.value for x in inputs), **step.parameters)
        return constant(np.asarray(value))

    return plan.rewrite(rule)


def share(plan: Plan) -> Plan:
    """Compute what is computed twice once (common subexpressions)."""
    seen: dict[Any, Step] = {}

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        if step.operation is None:
            return None
        key = (step.operation, *inputs, frozen(step.parameters))
        first = seen.get(key)
        if first is None:
            first = seen[key] = step.on(inputs)
        elif not first.name:
            first.name, first.t = step.name, step.t
        return first

    return plan.rewrite(rule)


def frozen(x: Any) -> Any:
    """Parameters as something that can be a key."""
    kind = type(x)
    if kind is dict or kind is MappingProxyType:
        return tuple([(name, frozen(value)) for name, value in x.items()])
    if kind is tuple or kind is list:
        return tuple(map(frozen, x))
    if kind is slice:
        return (kind, *map(frozen, (x.start, x.stop, x.step)))
    if kind is np.ndarray:
        return (x.shape, x.dtype, x.tobytes())
    if kind is float:
        return (kind, x.hex())  # 0.0 and -0.0 are two numbers, and one NaN is as good as another
    if kind is complex or isinstance(x, np.generic):
        return (kind, np.asarray(x).tobytes())
    return (kind, x)
