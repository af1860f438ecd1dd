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
    ['x', 'u', 'u_2', 'u_3', 'u_4', 'u_5', 'u_6', 'u_7', 'u_8', 'u_9', 'J']
    """
    nodes = graph(flow.J, constants=True)
    uses = Counter(y for x in nodes for y in inputs_of(x))
    named = {*flow.values.values()}
    too_long = _too_long(nodes, uses, named)
    written = _Lengths(uses)
    parts: list[Tensor] = []
    forms: set[Form] = set()  # of what is used more than once; the last state of a loop has it too
    for x in nodes if too_long else ():
        length = 0 if x in named else written.of(x)
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
    written = _Lengths(uses)
    found: set[Tensor] = set()
    for x in nodes:
        length = written.of(x)
        found |= {x} if x in named and length > LONGEST else set()
        written[x] = 0 if x in named else length
    for x in reversed(nodes):
        found |= {u for u in inputs_of(x) if u not in named} if x in found else set()
    return found - named


class _Lengths(dict[Tensor, int]):
    """How many operations tensors take where they are used; 0 for what is written by its name.

    With more terms a sum is no harder to read: it takes as many as its longest term, and as the
    terms that are used elsewhere too, one of each form.
    """

    def __init__(self, uses: Mapping[Tensor, int]) -> None:
        super().__init__()
        self._uses = uses
        self._terms: dict[Tensor, tuple[int, dict[Form, int]]] = {}

    def of(self, x: Tensor) -> int:
        """The length of a tensor whose inputs are measured."""
        if x._operation is None:
            return 0
        is_sum = x._operation in (add, subtract)
        if not is_sum and x._operation.arity is not None:
            return 1 + sum(self[u] for u in inputs_of(x))
        longest, shared = 0, dict[Form, int]()
        for u in inputs_of(x):
            of_u, of_others = self._terms_of(u, is_sum)
            longest = max(longest, of_u)
            shared |= {form: max(n, shared.get(form, 0)) for form, n in of_others.items()}
        self._terms[x] = longest, shared
        return 1 + longest + sum(shared.values())

    def _terms_of(self, u: Tensor, in_sum: bool) -> tuple[int, dict[Form, int]]:
        """The longest of the terms that an input brings, and those that are used elsewhere."""
        if self._uses[u] > 1:
            return 0, {_form(u): self[u]}
        goes_on = in_sum and u._operation in (add, subtract) and self[u]
        return self._terms[u] if goes_on else (self[u], {})


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
