"""The plan as data: steps in order, each one operation on values that earlier steps made."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigrad.operation import Operation
from minigrad.operations.shape import index_source
from minigrad.tensor import OPERATIONS

Array = NDArray[Any]
EMPTY: Mapping[str, Any] = MappingProxyType({})


class Step:
    """One value of a plan, and the operation that makes it.

    Attributes
    ----------
    operation
        A record of the table; None for an argument and a constant.
    kind
        The operation's name; "argument" or "constant" without one.
    inputs
        The steps whose values it takes.
    parameters
        Of the operation.
    shape, dtype
        Of the value.
    key
        Equal for steps that come from the same place in the program: the rounds of a loop.
    order
        The age of the forward value that it belongs to; rounds of a loop are sorted by it.
    name, t
        What the author calls it.
    value
        Of a constant; None for anything else.
    lead
        What the first axes are that a pass has added: "t" rounds of a loop, "g" gates, which are
        alike steps of one round.
    """

    __slots__ = (
        "dtype",
        "inputs",
        "key",
        "kind",
        "lead",
        "name",
        "operation",
        "order",
        "parameters",
        "shape",
        "t",
        "value",
    )

    def __init__(
        self,
        operation: Operation | None,
        inputs: Sequence["Step"],
        parameters: Mapping[str, Any],
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        key: int = 0,
        order: int = 0,
        name: str | None = None,
        t: int | None = None,
        value: Array | None = None,
        lead: str = "",
    ) -> None:
        self.operation = operation
        self.inputs = tuple(inputs)
        self.parameters = parameters
        self.shape = shape
        self.dtype = dtype
        self.key = key
        self.order = order
        self.name = name
        self.t = t
        self.value = value
        self.lead = lead
        if operation is not None:
            self.kind = operation.name
        else:
            self.kind = "argument" if value is None else "constant"

    def on(self, inputs: Sequence["Step"]) -> "Step":
        """The same step, taking other inputs."""
        inputs = tuple(inputs)
        if inputs == self.inputs:
            return self
        return Step(
            self.operation,
            inputs,
            self.parameters,
            self.shape,
            self.dtype,
            self.key,
            self.order,
            self.name,
            self.t,
            lead=self.lead,
        )

    def in_place_of(self, step: "Step") -> "Step":
        """Take over the dtype, place in the program and name of a step; returns itself."""
        self.dtype, self.key, self.order = step.dtype, step.key, step.order
        self.name, self.t = step.name, step.t
        return self

    @property
    def form(self) -> tuple[tuple[int, ...], np.dtype[Any]]:
        """Values of one form can be stacked."""
        return self.shape, self.dtype

    @property
    def label(self) -> str:
        """What it is called in a listing, without a number."""
        name = self.name or ""
        return name if self.t is None or not name else f"{name}({self.t})"


class Plan:
    """Arguments, outputs, and the steps between them; passes make a new plan of a plan.

    Attributes
    ----------
    arguments
        The steps that stand for the arrays of the call.
    outputs
        The steps whose values are given back.
    steps
        All that the outputs need, each after its inputs. What they do not need is not there.
    notes
        What each pass did, in words.
    """

    def __init__(
        self,
        arguments: Sequence[Step],
        outputs: Sequence[Step],
        notes: Sequence[str] = (),
    ) -> None:
        self.arguments = tuple(arguments)
        self.outputs = tuple(outputs)
        self.notes = tuple(notes)
        self.steps = in_order(self.outputs)

    def rewrite(self, rule: Callable[[Step, list[Step]], Step | None]) -> "Plan":
        """Replace each step by what the rule gives for it and its new inputs; None keeps it."""
        new: dict[Step, Step] = {}
        changed = False
        for step in self.steps:
            inputs = [new[x] for x in step.inputs]
            found = rule(step, inputs) or step.on(inputs)
            new[step] = found
            changed = changed or found is not step
        return self.ending_in([new[x] for x in self.outputs]) if changed else self

    def ending_in(self, outputs: Sequence[Step]) -> "Plan":
        """The plan with other outputs."""
        return Plan(self.arguments, outputs, self.notes)

    def scheduled(self) -> "Plan":
        """The plan in another order: what waits longest comes first, what is short comes late.

        So a step that needs little stands right before the one that needs it, and elementwise
        steps between two products stand together.
        """
        depth: dict[Step, int] = {}
        for step in self.steps:
            depth[step] = 1 + max((depth[x] for x in step.inputs), default=0)
        found = self.ending_in(self.outputs)
        found.steps = in_order(self.outputs, depth)
        return found

    def users(self) -> dict[Step, list[Step]]:
        """For each step those that take its value, once for each use."""
        found: dict[Step, list[Step]] = {step: [] for step in self.steps}
        for step in self.steps:
            for x in step.inputs:
                found[x].append(step)
        return found

    def evaluate(self, arguments: Sequence[Array]) -> list[Array]:
        """Compute the outputs step by step, by the table's own functions: slow and plain."""
        values: dict[Step, Any] = dict(zip(self.arguments, arguments, strict=True))
        for step in self.steps:
            if step.operation is not None:
                inputs = [values[x] for x in step.inputs]
                values[step] = step.operation.forward(*inputs, **step.parameters)
            elif step.value is not None:
                values[step] = step.value
        return [np.asarray(values[x]) for x in self.outputs]

    def __str__(self) -> str:
        return listing(self.steps, describe)


def listing(steps: Sequence[Step], line: Callable[[Step, Mapping[Step, int]], str]) -> str:
    """Steps with a line each; of the rounds of a loop that are alike, the first one."""
    number = {step: i for i, step in enumerate(steps)}
    lines = []
    for start, length, times in repetitions([step.key or step for step in steps]):
        lines += [line(step, number) for step in steps[start : start + length]]
        if times > 1:
            last = start + length * times - 1
            lines.append(f"…     {times - 1} more rounds of these {length} steps, up to %{last}")
    return "\n".join(lines)


def repetitions(keys: Sequence[Any]) -> Iterator[tuple[int, int, int]]:
    """Cut a sequence into stretches: the start, the length, and how often it comes in a row.

    What comes alone is a stretch of its own.

    Examples
    --------
    >>> from minigrad.plan.graph import repetitions
    >>> list(repetitions("xxababaz"))
    [(0, 1, 1), (1, 1, 1), (2, 2, 2), (6, 1, 1), (7, 1, 1)]
    """
    following: list[int] = [0] * len(keys)  # how far it is to the next of the same kind
    seen: dict[Any, int] = {}
    for i in reversed(range(len(keys))):
        following[i] = seen.get(keys[i], len(keys)) - i
        seen[keys[i]] = i
    start = 0
    while start < len(keys):
        length, times = following[start], 1
        block = keys[start : start + length]
        while keys[start + times * length : start + (times + 1) * length] == block:
            times += 1
        if 1 in (times, length):
            length, times = 1, 1
        yield start, length, times
        start += length * times


def describe(step: Step, number: Mapping[Step, int]) -> str:
    """One line of a listing."""
    inputs = ", ".join(f"%{number[x]}" for x in step.inputs)
    if len(step.inputs) > 6:
        inputs = f"%{number[step.inputs[0]]}, … {len(step.inputs)} in all"
    defaults = {} if step.operation is None else step.operation.defaults
    chosen = [(k, v) for k, v in step.parameters.items() if v is not defaults.get(k)]
    shown = "".join(f", {k}={v}" for k, v in chosen if len(str(v)) < 40)
    call = f"{step.kind}({inputs}{shown})"
    if step.kind == "getitem":
        call = f"{inputs}[{index_source(step.parameters['index'])}]"
    shape = "×".join(map(str, step.shape)) or "scalar"
    text = f"%{number[step]:<4} {step.label:12} {call}"
    return f"{text:64} {step.dtype} {shape}"


def in_order(outputs: Iterable[Step], depth: Mapping[Step, int] | None = None) -> list[Step]:
    """All steps that the outputs need, each after its inputs; of those the deepest first."""
    order: dict[Step, None] = {}
    entered: set[Step] = set()  # what is here and not in the order waits for its inputs
    stack = list(outputs)[::-1]
    while stack:
        step = stack[-1]
        if step in order:
            stack.pop()
            continue
        waiting = [x for x in step.inputs if x not in order]
        if not waiting:
            order[step] = None
            stack.pop()
            continue
        if step in entered:
            raise RuntimeError(f"a plan has a cycle through {step.kind}: a pass is wrong")
        entered.add(step)
        if depth is not None:
            waiting.sort(key=lambda x: -depth[x])
        stack += waiting[::-1]
    return list(order)


# --- making steps -------------------------------------------------------------------------------


def constant(value: Array) -> Step:
    """A value that is the same in every call."""
    return Step(None, (), EMPTY, value.shape, value.dtype, value=value)


def apply(name: str, inputs: Sequence[Step], shape: tuple[int, ...], /, **parameters: Any) -> Step:
    """A step by an operation of the table; key, order and step of time are its inputs'."""
    record: Any = OPERATIONS[name]
    return derived(record, inputs, shape, {**record.defaults, **parameters})


def derived(
    operation: Operation,
    inputs: Sequence[Step],
    shape: tuple[int, ...],
    parameters: Mapping[str, Any] = EMPTY,
) -> Step:
    """A step that a pass adds: rounds of a loop have equal keys if those of their inputs are."""
    key = hash((operation.name, *(x.key for x in inputs[:8])))
    order = max(x.order for x in inputs)
    return Step(operation, inputs, parameters, shape, inputs[0].dtype, key, order)


def is_slice_of(step: Step) -> tuple[Step, int] | None:
    """The value and the place that `step` is one whole item of, along the first axis."""
    if step.kind == "getitem" and type(step.parameters["index"]) is int:
        of = step.inputs[0]
        return of, step.parameters["index"] % of.shape[0]
    return None
