"""What a loop hands on from one round to the next, and what need not wait for that."""

from collections import Counter
from typing import Any

import numpy as np

from minigrad.operation import without_gradient
from minigrad.plan.graph import Plan, Step, apply, derived
from minigrad.plan.groups import PRODUCTS, components


def recurrent(plan: Plan) -> dict[Step, int]:
    """The steps that one round of a loop hands on to the next, each with its loop's number."""
    unit = {step: step.key for step in plan.steps if step.key}
    loop_of: dict[Any, int] = {}
    for i, cycle in enumerate(components(plan, unit)):
        loop_of.update(dict.fromkeys(cycle, i))
    return {step: loop_of[key] for step, key in unit.items() if key in loop_of}


def reassociate(plan: Plan) -> Plan:
    """Write (r p) q as r (p q), if only r waits for the last round: p q is then made early.

    Of what the chain rule multiplies, all but the adjoint is there before the loop starts.
    """
    loops = recurrent(plan)
    users = plan.users()
    loop_of: dict[Step, int | None] = {}  # that a step of the new plan waits for
    factors: dict[tuple[Step, Step], Step] = {}

    def regrouped(step: Step, inputs: list[Step], loop: int) -> Step | None:
        for old, inner, q in zip(step.inputs, inputs, inputs[::-1], strict=True):
            alone = len(users[old]) == 1 and old not in plan.outputs
            if not alone or inner.kind != "multiply" or loop_of[q] == loop:
                continue
            for r, p in (inner.inputs, inner.inputs[::-1]):
                alike = r.dtype == p.dtype == q.dtype  # else p q might overflow before it widens
                if alike and loop_of[r] == loop != loop_of[p]:
                    shape = np.broadcast_shapes(p.shape, q.shape)
                    factor = factors.setdefault((p, q), apply("multiply", [p, q], shape))
                    loop_of[factor] = None
                    return apply("multiply", [r, factor], step.shape).in_place_of(step)
        return None

    def rule(step: Step, inputs: list[Step]) -> Step:
        loop = loops.get(step)
        new = None
        if step.kind == "multiply" and loop is not None:
            new = regrouped(step, inputs, loop)
        new = new or step.on(inputs)
        loop_of[new] = loop
        return new

    return plan.rewrite(rule)


CONTIGUOUS = without_gradient("plan.contiguous", np.ascontiguousarray, 1)
MANY = 512  # columns that products of a loop have, for which it pays to turn a factor first


def store_transposed(plan: Plan) -> Plan:
    """Store transposed, once, what a loop's products take so: BLAS reads rows with less effort."""
    waiting = recurrent(plan)
    columns: Counter[Step] = Counter()
    for step in waiting:
        if step.kind in PRODUCTS:
            for x, n in zip(step.inputs, step.shape[:-3:-1], strict=False):
                if x.kind == "transpose" and x not in waiting:
                    columns[x] += n

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        if columns[step] < MANY:
            return None
        new = derived(CONTIGUOUS, [step.on(inputs)], step.shape).in_place_of(step)
        new.lead = inputs[0].lead
        return new

    return plan.rewrite(rule)
