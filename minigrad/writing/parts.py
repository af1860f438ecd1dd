"""Names for the parts of what is too long to be written out.

An author computes in parts what takes many operations. Where nobody has named them, they are
written out wherever they are used, and once more in each factor of each derivative: of a loop over
T steps without names, the formulas would be T steps deep, and T times as many.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeAlias

from minigrad.backprop import graph, inputs_of
from minigrad.flow import GradientFlow, Label, gradient_flow
from minigrad.operations.elementwise import add, subtract
from minigrad.tensor import Tensor
from minigrad.writing.contexts import remade
from minigrad.writing.source.repeated import unused

# An operation, and those of its inputs.
Form: TypeAlias = tuple[object, ...]

LONGEST = 24  # operations that are written out
PART = 6  # operations of a part of what has more
REPEATED = 3  # and of a part that is used more than once


def with_parts(flow: GradientFlow) -> GradientFlow:
    """The flow of the same program with names for the parts of all that is too long.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(0.5, requires_grad=True, name="x")
    >>> y = x
    >>> for _ in range(30):
    ...     y = mg.sin(x * y)
    >>> [name for name, _ in with_parts(mg.gradient_flow(y)).values]
    ['x', 'u', 'u_2', 'u_3', 'u_4', 'u_5', 'u_6', 'u_7', 'J']
    """
    nodes = graph(flow.J, constants=True)
    uses = Counter(y for x in nodes for y in inputs_of(x))
    named = {*flow.values.values()}
    too_long = _too_long(nodes, uses, named)
    written: dict[Tensor, int] = {}
    parts: list[Tensor] = []
    forms: set[Form] = set()  # of what is used more than once; the last state of a loop has it too
    for x in nodes if too_long else ():
        length = 0 if x in named else _length(x, written, uses)
        if x in too_long and uses[x] > 1 and length >= REPEATED:
            forms.add(_form(x))
        is_part = x in too_long and length >= (REPEATED if _form(x) in forms else PART)
        parts += [x] if is_part else []
        written[x] = 0 if is_part else length
    return gradient_flow(_with_names(nodes, _names(nodes, parts, flow))[flow.J]) if parts else flow


def _form(x: Tensor) -> Form:
    return x._operation, *(u._operation for u in inputs_of(x))


def _too_long(
    nodes: Sequence[Tensor], uses: Mapping[Tensor, int], named: set[Tensor]
) -> set[Tensor]:
    """What has no name and is written in a formula that is too long."""
    written: dict[Tensor, int] = {}  # how many operations, where a tensor is used
    found: set[Tensor] = set()
    for x in nodes:
        length = _length(x, written, uses)
        found |= {x} if x in named and length > LONGEST else set()
        written[x] = 0 if x in named else length
    for x in reversed(nodes):
        found |= {u for u in inputs_of(x) if u not in named} if x in found else set()
    return found - named


def _length(x: Tensor, written: Mapping[Tensor, int], uses: Mapping[Tensor, int]) -> int:
    """How many operations a tensor takes; of a sum or a stack of many terms, those of the longest.

    With more terms it is no harder to read, if each of them is written once.
    """
    if x._operation is None:
        return 0
    is_sum = x._operation in (add, subtract)
    if not is_sum and x._operation.arity is not None:
        return 1 + sum(written[u] for u in inputs_of(x))
    once = [u for u in inputs_of(x) if uses[u] == 1]
    again = sum(written[u] for u in inputs_of(x) if uses[u] > 1)
    goes_on = is_sum and any(u._operation in (add, subtract) and written[u] for u in once)
    return max((written[u] for u in once), default=0) + again + (not goes_on)


def _names(
    nodes: Iterable[Tensor], parts: Collection[Tensor], flow: GradientFlow
) -> dict[Tensor, Label]:
    """The names of parts, v or u, and their steps: the latest that they are computed from."""
    taken = {name.partition("_")[0] for name, _ in flow.values}
    with_step, without = unused("v", taken), unused("u", taken)
    steps: dict[Tensor, int | None] = {}
    names: dict[Tensor, Label] = {}
    known: Counter[int | None] = Counter()
    chosen = {*parts}
    for x in nodes:
        read = [t for u in inputs_of(x) if (t := steps[u]) is not None]
        t = steps[x] = max(read, default=None) if x._name is None else x._t
        if x in chosen:
            known[t] += 1
            names[x] = (
                (without if t is None else with_step) + (f"_{n}" if (n := known[t]) > 1 else ""),
                t,
            )
    return names


def _with_names(nodes: Iterable[Tensor], names: Mapping[Tensor, Label]) -> dict[Tensor, Tensor]:
    """Copies of tensors, some with new names."""
    copy: dict[Tensor, Tensor] = {}
    for x in nodes:
        copy[x] = remade(x, x._operation, [copy[u] for u in inputs_of(x)], x._parameters)
        copy[x]._name, copy[x]._t = names.get(x, (x._name, x._t))
    return copy
