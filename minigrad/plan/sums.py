"""Passes on sums: what many terms are the sum of, and in which order they are added."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from minigrad.plan.axes import reduced_axes
from minigrad.plan.graph import Plan, Step, apply, derived
from minigrad.plan.groups import CONTRACT, Stacks
from minigrad.plan.loops import recurrent


def join_sums(plan: Plan) -> Plan:
    """Make a sum of a sum one sum, as of the rounds of a loop and then of the batch."""

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        [*_, inner] = inputs or [step]
        if step.kind != "sum" or inner.kind != "sum" or inner.parameters["keepdims"]:
            return None
        [x] = inner.inputs
        first = reduced_axes(inner)
        left = [axis for axis in range(len(x.shape)) if axis not in first]
        axes = (*first, *(left[axis] for axis in reduced_axes(step)))
        shape = tuple(n for axis, n in enumerate(x.shape) if axis not in axes)
        total = apply("sum", [x], shape, axis=axes).in_place_of(step)
        if shape == step.shape:
            return total
        return apply("reshape", [total], step.shape, shape=step.shape).in_place_of(step)

    return plan.rewrite(rule)


def gather_sums(plan: Plan) -> Plan:
    """Make sums of products one product, and add first what does not wait for the last round.

    A1 B1 + A2 B2 + … is the product of the joined factors. The gradient of a weight that all steps
    share is such a sum over time; the adjoint of a state that four gates read is one over gates.
    """
    users = plan.users()
    loops = recurrent(plan)
    argument = {x: i for i, x in enumerate(plan.arguments)}
    inner = {
        step
        for step in plan.steps
        if _is_plain_sum(step)
        and len(users[step]) == 1
        and _is_plain_sum(users[step][0])
        and users[step][0].shape == step.shape
        and step not in plan.outputs
    }
    new: dict[Step, Step] = {}
    stacks = Stacks(plan, "t")
    for step in plan.steps:
        if step in inner:
            continue
        if not _is_plain_sum(step):
            new[step] = step.on([new[x] for x in step.inputs])
            continue
        terms = terms_of(step, inner)
        shared = {x for x in terms if len(users[x]) > 1 or x in plan.outputs}
        total = _summed(step, terms, shared, new, loops, argument, stacks)
        new[step] = total.in_place_of(step)
    return plan.ending_in([new[x] for x in plan.outputs])


def _is_plain_sum(step: Step) -> bool:
    """Whether it is an addition of terms of one kind of number, which may come in any order."""
    return step.kind == "add" and all(x.dtype == step.dtype for x in step.inputs)


def terms_of(step: Step, inner: set[Step]) -> list[Step]:
    """What is added up, through all sums that nobody else needs."""
    terms: list[Step] = []
    stack = list(step.inputs[::-1])
    while stack:
        x = stack.pop()
        if x in inner:
            stack += x.inputs[::-1]
        else:
            terms.append(x)
    return terms


def _summed(
    step: Step,
    terms: Sequence[Step],
    shared: set[Step],
    new: dict[Step, Step],
    loops: dict[Step, int],
    argument: dict[Step, int],
    stacks: Stacks,
) -> Step:
    kinds: dict[Any, list[Step]] = {}
    for x in terms:
        forms = tuple(i.form for i in x.inputs)
        if x.kind == "matmul" and len(x.shape) == 2 and x not in shared:
            kind: Any = ("products", forms, loops.get(x))
        elif x.key and x.shape == step.shape:
            kind = ("rounds", x.operation, forms, x.key)
        else:
            kind = (x,)
        kinds.setdefault(kind, []).append(x)
    early: list[Step] = []
    late: list[Step] = []
    for kind, xs in kinds.items():
        total = new[xs[0]]
        if len(xs) > 1 and kind[0] == "products":
            xs.sort(key=lambda x: (_argument(x, argument), x.order))
            factors = zip(*(new[x].inputs for x in xs), strict=True)
            rounds = xs[0].key == xs[1].key
            operands = [stacks(factor, "t" if rounds else "g") for factor in factors]
            total = derived(CONTRACT, operands, xs[0].shape, CONTRACT.defaults)
            total.dtype = step.dtype
            total.key = hash(("contract", *(x.key for x in xs[:8])))
        elif len(xs) > 2:
            total = _sum_of_rounds(sorted(xs, key=lambda x: x.order), new, stacks)
        elif len(xs) > 1:
            total = apply("add", [new[x] for x in xs], step.shape)
        (late if xs[0] in loops else early).append(total)
    total, *others = (*early, *late)
    for x in others:
        total = apply("add", [total, x], np.broadcast_shapes(total.shape, x.shape))
    return total


def _sum_of_rounds(xs: Sequence[Step], new: dict[Step, Step], stacks: Stacks) -> Step:
    """What one step gives in all rounds of a loop, summed: a sum of sums is one sum."""
    first = new[xs[0]]
    parameters = [new[x].parameters for x in xs]
    if first.kind == "sum" and all(p == parameters[0] for p in parameters):
        keepdims = parameters[0]["keepdims"]
        below = stacks([new[x].inputs[0] for x in xs])
        shape = (1, *first.shape) if keepdims else first.shape
        later = (0, *(i + 1 for i in reduced_axes(first)))
        total = apply("sum", [below], shape, axis=later, keepdims=keepdims)
        total.dtype = first.dtype
        return apply("reshape", [total], first.shape, shape=first.shape) if keepdims else total
    return apply("sum", [stacks([new[x] for x in xs])], first.shape, axis=0)


def _argument(step: Step, argument: dict[Step, int]) -> int:
    """Sorts products by the argument that they take, so that stacks agree on one order."""
    for x in step.inputs:
        while x.kind == "transpose":
            x = x.inputs[0]
        if x in argument:
            return argument[x]
    return -1
