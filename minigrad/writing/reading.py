"""Reads the model of a derivation off a gradient flow. Time steps become relative here."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from minigrad.backprop import graph, inputs_of
from minigrad.flow import GradientFlow, Label
from minigrad.notation.expression import (
    Expression,
    Number,
    Symbol,
    has_moving_number,
    shifted,
)
from minigrad.notation.reader import Reader, is_typed, number_of
from minigrad.notation.simplify import simplified
from minigrad.notation.steps import aligned, gathered
from minigrad.notation.trace import Trace
from minigrad.tensor import Tensor
from minigrad.writing.sections import in_sections
from minigrad.writing.structure import Equation, Item, Leaf, Model, Part


def model_of(flow: GradientFlow, wrt: Collection[str] | None = None) -> Model:
    """Read a gradient flow: the equations, and the contributions grouped in sections."""
    values = {x: Symbol(name, t, x.shape) for (name, t), x in flow.values.items()}
    reader = Reader(values | {J: Number(1) for J in [flow.adjoint(*_label(flow))]}, simplified)
    J = _label(flow)[0]
    _require_names(flow)
    _require_clear_names(flow)
    equations = _equations(flow, reader)
    numbers = _numbers(flow, equations)
    leaves: dict[object, Expression] = {}
    for (name, t), x in flow.values.items():
        if flow.values[name, t] is not flow.J and flow.reaches(name, t) and x.requires_grad:
            leaves[flow.adjoint(name, t)] = Symbol(name, t, x.shape, "adjoint")
    reader.leaves = {**reader.leaves, **leaves}  # type: ignore[dict-item]
    parts = _parts(flow, reader)
    items = _items(parts)
    if wrt is not None:
        items = _leading_to(wrt, items)
    leaves_found = _leaves(flow, reader.distributions)
    steps = {t for e in equations for t in e.steps} or {t for x in leaves_found for t in x.steps}
    for name, t in reader.arrays:
        if t is not None:
            raise ValueError(
                f"derive: an array that has no name is another at each step (the {name} of an "
                f"operation on values of step {t}); make it with tensor(..., name=...) in its "
                "step(t) block"
            )
    arrays = {name: array for (name, _), array in reader.arrays.items()}
    sections = in_sections(items, equations, J)
    oldest_first = _oldest_first(flow, [item.of for item in items], sorted(steps))
    return Model(
        J,
        tuple(sorted(steps)),
        tuple(equations),
        tuple(sections),
        leaves_found,
        arrays,
        numbers,
        oldest_first,
        tuple(Trace([flow.J]).blocks()),
    )


def _oldest_first(
    flow: GradientFlow, values: Collection[Symbol], steps: Sequence[int]
) -> tuple[Symbol, ...]:
    """Values in the order of the program, as at the second step, before which there is one."""
    at = steps[:2][-1] if steps else 0
    ages = {label: age for age, label in enumerate(flow.values)}
    first = {name: age for (name, _), age in reversed(ages.items())}

    def age(of: Symbol) -> int:
        return ages.get((of.name, None if of.t is None else at + of.t), first[of.name])

    return tuple(sorted(values, key=age))


def _require_names(flow: GradientFlow) -> None:
    """Refuse a leaf whose gradient is asked for, and can't be spoken of."""
    for x in graph(flow.J):
        if x._operation is None and x.requires_grad and x._name is None and x is not flow.J:
            raise ValueError(
                f"derive: a leaf of shape {x.shape} requires a gradient and has no name, so that "
                "its derivative can't be written; make it with tensor(..., name=...)"
            )


def _require_clear_names(flow: GradientFlow) -> None:
    """Refuse one name for values with and without a step, and for the loss and other values."""
    stepless = {name for name, t in flow.values if t is None} | {_label(flow)[0]}
    for label in flow.values:
        if label[0] in stepless and label[1] is not None and label != _label(flow):
            raise ValueError(
                f"derive: {label[0]} is the name of values at steps, and also of the loss or of a "
                "value without a step; give that one another name, as in (1 * x).named('J')"
            )


def _label(flow: GradientFlow) -> Label:
    return next(label for label, x in flow.values.items() if x is flow.J)


def _leaves(flow: GradientFlow, distributions: Mapping[str, int]) -> tuple[Leaf, ...]:
    steps: dict[str, list[int]] = {}
    first: dict[str, Tensor] = {}
    for (name, t), x in flow.values.items():
        if x._operation is None:
            steps.setdefault(name, []).extend([] if t is None else [t])
            first.setdefault(name, x)
    return tuple(
        Leaf(name, x.shape, tuple(sorted(steps[name])), distributions.get(name))
        for name, x in first.items()
    )


def _equations(flow: GradientFlow, reader: Reader) -> list[Equation]:
    """The forward pass in the order of the program, each equation once."""
    found: dict[str, dict[tuple[Symbol, Expression], list[int]]] = {}
    for name in _in_order(flow):
        found[name] = {}
    for (name, t), x in flow.values.items():
        if x._operation is None:
            continue
        expression = reader.read(x) if t is not None else gathered(reader.read(x))
        of = Symbol(name, None if t is None else 0, x.shape)
        steps = found[name].setdefault((of, shifted(expression, -(t or 0))), [])
        steps += [] if t is None else [t]
    return [
        Equation(number, of, expression, tuple(sorted(steps)))
        for number, variants in enumerate(found.values(), 1)
        for (of, expression), steps in aligned(variants).items()
    ]


def _numbers(flow: GradientFlow, equations: Iterable[Equation]) -> tuple[float, ...]:
    """The numbers that may have been computed of sizes, but for those that move by a rule."""
    moving = {e.value.name for e in equations if has_moving_number(e.expression)}
    found: Counter[tuple[str, float]] = Counter()
    for (name, _), value in flow.values.items():
        to_visit = [value]
        while to_visit:
            for x in inputs_of(to_visit.pop()):
                number = number_of(x) if x._name is None and x._operation is None else None
                if number is not None and not is_typed(number.value):
                    found[name, number.value] += 1
                to_visit += [x] if x._name is None else []
    return tuple(dict.fromkeys(v for (name, v), n in found.items() if n > 1 or name not in moving))


def _in_order(flow: GradientFlow) -> list[str]:
    """What is computed, in the order of the program; what begins before the others, as they do."""
    ages: dict[str, dict[int | None, int]] = {}
    for age, ((name, t), x) in enumerate(flow.values.items()):
        if x._operation is not None:
            ages.setdefault(name, {})[t] = age
    begins = {
        name: min(t for t in at if t is not None) for name, at in ages.items() if {*at} - {None}
    }
    counts = Counter(begins.values())
    usual = max(counts, key=lambda t: (counts[t], t), default=0)

    def place(name: str) -> int:
        at = ages[name]
        is_early = begins.get(name, usual) < usual and usual in at
        return at[usual] if is_early else min(at.values())

    return sorted(ages, key=place)


def _parts(flow: GradientFlow, reader: Reader) -> list[Part]:
    """All contributions, each once for all steps at which it reads the same."""
    found: dict[tuple[tuple[Symbol, Symbol], Expression], list[int]] = {}
    for (name, t), x in flow.values.items():
        if not x.requires_grad:
            continue
        for (m, s), contribution in flow.contributions(name, t).items():
            at = s if s is not None else t
            of = Symbol(name, None if t is None or at is None else t - at, x.shape)
            via = Symbol(m, None if s is None else 0, flow.values[m, s].shape)
            expression = reader.read_contribution(contribution)
            expression = gathered(expression) if at is None else shifted(expression, -at)
            steps = found.setdefault(((of, via), expression), [])
            steps += [] if at is None else [at]
    return [
        Part(of, via, expression, tuple(sorted(steps)))
        for ((of, via), expression), steps in aligned(found).items()
    ]


def _items(parts: Iterable[Part]) -> list[Item]:
    """Parts of the same adjoint together; one part may read differently at different steps."""
    grouped: dict[tuple[str, int | None], list[Part]] = {}
    for part in parts:
        grouped.setdefault((part.of.name, part.of.t), []).append(part)
    apart: dict[str, set[int]] = {}
    for name, t in grouped:
        if t:
            apart.setdefault(name, set()).add(-t)
    items = []
    for (name, t), of_value in grouped.items():
        steps = sorted(apart.get(name, ()), reverse=True) if t == 0 else ()
        items.append(Item(of_value[0].of, tuple(of_value), tuple(steps)))
    # A state that reaches J through other steps alone has no part of its own step.
    for name, distances in apart.items():
        if (name, 0) not in grouped:
            of = replace(grouped[name, -max(distances)][0].of, t=0)
            items.append(Item(of, (), tuple(sorted(distances, reverse=True))))
    return items


def _leading_to(wrt: Collection[str], items: list[Item]) -> list[Item]:
    """Those items that the adjoints of the wanted values are computed from."""
    wrt = [wrt] if isinstance(wrt, str) else wrt
    known = {item.of.name for item in items}
    unknown = [name for name in wrt if name not in known]
    if unknown or not wrt:
        got = unknown[0] if unknown else "none"
        raise ValueError(f"derive: expected wrt of {', '.join(sorted(known))}; got {got}")
    needed, before = set(wrt), set[str]()
    while needed != before:
        before = set(needed)
        needed |= {name for item in items if item.of.name in before for name in item.via}
    return [item for item in items if item.of.name in needed]
