"""Do several steps of one kind by one step, on values that are stacked along a new first axis."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from minigrad.axes import is_basic
from minigrad.operation import without_gradient
from minigrad.operations.reduction import one_hot
from minigrad.plan.adjacent import is_stack
from minigrad.plan.axes import permutation, reduced_axes
from minigrad.plan.graph import Plan, Step, apply, derived, is_slice_of
from minigrad.tensor import OPERATIONS

Group = tuple[Step, ...]


# --- stacking values ----------------------------------------------------------------------------


class Stacks:
    """Makes stacks of values, each one once.

    Parameters
    ----------
    plan
        Stacks that it has already are found again.
    axis
        What the new axis is: "t" for the rounds of a loop, "g" for gates (see `Step.lead`).
    """

    def __init__(self, plan: Plan, axis: str) -> None:
        self._known: dict[tuple[Step, ...], Step] = {}
        self._axis = axis
        for step in plan.steps:
            if is_stack(step):
                self._known.setdefault(step.inputs, step)

    def __call__(self, steps: Sequence[Step], axis: str | None = None) -> Step:
        """The values of steps along a new first axis; what lies side by side already is found."""
        steps, axis = tuple(steps), axis or self._axis
        if steps not in self._known:
            self._known[steps] = self._found(steps) or self._made(steps, axis)
        return self._known[steps]

    def _found(self, steps: tuple[Step, ...]) -> Step | None:
        places = [is_slice_of(step) for step in steps]
        if places[0] is None:
            return None
        of, start = places[0]
        if places != [(of, start + i) for i in range(len(steps))]:
            return None
        if len(steps) == of.shape[0]:
            return of
        index = slice(start, start + len(steps))
        return apply("getitem", [of], (len(steps), *steps[0].shape), index=index)

    def _made(self, steps: tuple[Step, ...], axis: str) -> Step:
        shape = (len(steps), *steps[0].shape)
        kind = steps[0].kind
        if kind == "transpose" and all(_is_alike(x, steps[0]) for x in steps):
            below = self([x.inputs[0] for x in steps], axis)
            axes = (0, *(axis + 1 for axis in permutation(steps[0])))
            return apply("transpose", [below], shape, axes=axes)
        if axis == "t" and all(_is_alike_item(x, steps[0]) for x in steps):
            below = self([x.inputs[0] for x in steps], axis)
            return apply(
                "getitem", [below], shape, index=(slice(None), steps[0].parameters["index"])
            )
        if axis == "g" and all(is_stack(x) and _is_alike(x, steps[0]) for x in steps):
            # Gates of rounds: the rounds stay outside.
            rounds = [self(xs, "g") for xs in zip(*(x.inputs for x in steps), strict=True)]
            outer = self(rounds, "t")
            axes = (1, 0, *range(2, len(shape)))
            return apply("transpose", [outer], shape, axes=axes)
        step = apply("stack", steps, shape)
        step.lead = axis + steps[0].lead
        return step


def _is_alike(x: Step, y: Step) -> bool:
    if x.kind == y.kind == "transpose":
        return permutation(x) == permutation(y)
    return x.kind == y.kind and len(x.inputs) == len(y.inputs) and "t" in x.lead[:1]


def _is_alike_item(x: Step, y: Step) -> bool:
    """Whether both are the same item, of values that are gates side by side."""
    x_place, y_place = is_slice_of(x), is_slice_of(y)
    if x_place is None or y_place is None:
        return False
    return x_place[1] == y_place[1] and x_place[0].lead[:1] == "g"


def aligned(x: Step, member_ndim: int) -> Step:
    """Put axes of length 1 behind the first axis, so that members of that rank broadcast."""
    missing = member_ndim + 1 - len(x.shape)
    if missing <= 0:
        return x
    shape = (x.shape[0], *(1,) * missing, *x.shape[1:])
    index = (slice(None), *(None,) * missing)
    return apply("getitem", [x], shape, index=index)


# --- the one operation that plans add -----------------------------------------------------------


def _contract(a: Any, b: Any, *, axis: int = 0) -> Any:
    return np.add.reduce(np.matmul(a, b), axis=axis)


CONTRACT = without_gradient("plan.contract", _contract, 2)
PRODUCTS = ("matmul", CONTRACT.name)


# --- the same operation with one more axis ------------------------------------------------------

Parameters = Mapping[str, Any]
Lift = Callable[[Step], Parameters | None]


def _axes_later(member: Step) -> Parameters:
    axes = tuple(i + 1 for i in reduced_axes(member))
    return {**member.parameters, "axis": axes[0] if len(axes) == 1 else axes}


def _axis_later(member: Step) -> Parameters | None:
    """An axis that is counted from the end stays; without an axis all are one."""
    axis = member.parameters["axis"]
    if axis is None:
        return None
    return {**member.parameters, "axis": axis + 1 if axis >= 0 else axis}


def _index_later(member: Step) -> Parameters | None:
    index = member.parameters["index"]
    if not is_basic(index):
        return None
    parts = index if type(index) is tuple else (index,)
    return {**member.parameters, "index": (slice(None), *parts)}


def _records(*names: str) -> set[Any]:
    return {OPERATIONS[name] for name in names}


REDUCTIONS = _records("sum", "mean", "max", "logsumexp")
SOFTMAX_FAMILY = _records("softmax", "log_softmax", "softmax_cross_entropy")
# What becomes of the parameters; what is neither here nor elementwise stays as it is.
LIFTS: dict[Any, Lift] = {
    OPERATIONS["matmul"]: lambda m: {},
    **dict.fromkeys(REDUCTIONS | SOFTMAX_FAMILY, _axes_later),
    **dict.fromkeys(_records("stack", "concatenate") | {one_hot, CONTRACT}, _axis_later),
    OPERATIONS["getitem"]: _index_later,
    OPERATIONS["transpose"]: lambda m: {"axes": (0, *(axis + 1 for axis in permutation(m)))},
    **dict.fromkeys(_records("reshape", "broadcast_to"), lambda m: {"shape": None}),
}


def is_elementwise(step: Step) -> bool:
    """Whether each element is computed of those in its place."""
    return step.operation is not None and step.operation.kind == "elementwise"


def _lift_of(step: Step) -> Lift | None:
    return (lambda m: m.parameters) if is_elementwise(step) else LIFTS.get(step.operation)


def can_be_lifted(step: Step) -> bool:
    """Whether it is known how to do the operation with one more axis."""
    return _lift_of(step) is not None


def lifted(
    members: Sequence[Step],
    inputs: Sequence[Sequence[Step]],
    stack: Callable[[Sequence[Step]], Step],
) -> Step | None:
    """One step that does what the members do, or None.

    Parameters
    ----------
    members
        Steps of one operation, with equal parameters and shapes.
    inputs
        For each member its inputs.
    stack
        Makes one value of several.
    """
    first = members[0]
    operation: Any = first.operation
    lift = _lift_of(first)
    parameters = None if lift is None else lift(first)
    if parameters is None:
        return None
    shape = (len(members), *first.shape)
    if parameters.get("shape", ...) is None:
        parameters = {"shape": shape}
    rank = len(first.shape) + (operation is CONTRACT)
    broadcasting = is_elementwise(first) or first.kind in PRODUCTS
    operands = []
    for xs in zip(*inputs, strict=True):
        if broadcasting and all(x is xs[0] for x in xs):
            operands.append(xs[0])
        elif broadcasting or first.kind == "broadcast_to":
            operands.append(aligned(stack(xs), rank))
        else:
            operands.append(stack(xs))
    if all(x is xs[0] for x, xs in zip(operands, zip(*inputs, strict=True), strict=True)):
        return None  # all members are the same step
    step = derived(operation, operands, shape, parameters)
    step.dtype = first.dtype
    step.key = hash(("group", *(x.key for x in members[:8])))
    names = [x.name for x in members]
    if names[0] is not None:
        same = all(name == names[0] for name in names)
        step.name = f"{names[0]}(1…)" if same else "[" + " ".join(map(str, names)) + "]"
        step.t = None if same else first.t
    return step


# --- what may be done together ------------------------------------------------------------------


def together(plan: Plan, groups: Sequence[Group], axis: str) -> Plan:
    """Do each group by one step, where no member needs another; for `axis` see `Stacks`."""
    unit = {step: i for i, group in enumerate(groups) for step in group}
    order = units_in_order(plan, groups, unit)
    if order is None:
        cyclic = {node for cycle in components(plan, unit) for node in cycle}
        unit = {step: i for step, i in unit.items() if i not in cyclic}
        order = units_in_order(plan, groups, unit) or []
    if not unit:
        return plan
    new: dict[Step, Step] = {}
    stack = Stacks(plan, axis)
    for members in order:
        inputs = [[new[x] for x in step.inputs] for step in members]
        whole = None
        if len(members) > 1:
            whole = lifted(members, inputs, stack)
            if whole is not None:
                whole.lead = axis + members[0].lead
        for i, step in enumerate(members):
            if whole is None:
                new[step] = step.on(inputs[i])
                if is_stack(step):
                    new[step] = stack(new[step].inputs, step.lead[:1])
            else:
                item = apply("getitem", [whole], step.shape, index=i)
                new[step] = item.in_place_of(step)
    return plan.ending_in([new[x] for x in plan.outputs])


def units_in_order(
    plan: Plan, groups: Sequence[Group], unit: Mapping[Step, int]
) -> list[Group] | None:
    """Groups and single steps, each after what its members need; None if that can't be."""
    order: list[Group] = []
    done: set[int | Step] = set()
    entered: set[int | Step] = set()
    stack = [unit.get(x, x) for x in reversed(plan.outputs)]
    while stack:
        node = stack[-1]
        if node in done:
            stack.pop()
            continue
        members = groups[node] if isinstance(node, int) else (node,)
        below = [unit.get(x, x) for step in members for x in step.inputs]
        waiting = [x for x in below if x not in done]
        if not waiting:
            done.add(node)
            order.append(members)
        elif node in entered:
            return None
        entered.add(node)
        stack += waiting[::-1]
    return order


def components(plan: Plan, unit: Mapping[Step, Any]) -> list[list[Any]]:
    """The cycles that arise if the steps of a unit count as one: Tarjan's strong components."""
    below: dict[Any, dict[Any, None]] = {}
    for step in plan.steps:
        edges = below.setdefault(unit.get(step, step), {})
        for x in step.inputs:
            edges[unit.get(x, x)] = None
    found: list[list[Any]] = []
    number: dict[Any, int] = {}
    low: dict[Any, int] = {}
    path: list[Any] = []
    on_path: set[Any] = set()
    for root in below:
        if root in number:
            continue
        work = [(root, iter(below[root]))]
        number[root] = low[root] = len(number)
        path.append(root)
        on_path.add(root)
        while work:
            node, edges_left = work[-1]
            for x in edges_left:
                if x not in number:
                    number[x] = low[x] = len(number)
                    path.append(x)
                    on_path.add(x)
                    work.append((x, iter(below[x])))
                    break
                if x in on_path:
                    low[node] = min(low[node], number[x])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    component = path[path.index(node) :] if path[-1] is not node else [node]
                    del path[len(path) - len(component) :]
                    on_path.difference_update(component)
                    if len(component) > 1 or node in below[node]:
                        found.append(component)
    return found
