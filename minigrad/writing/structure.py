"""What a derivation says, before it is written: equations, and contributions in sections.

Time steps become relative here. What holds in the same words at many steps is one `Equation` or one
`Part`, with the steps at which it holds.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace

from minigrad.flow import GradientFlow, Label
from minigrad.notation.expression import (
    Expression,
    Number,
    Reader,
    Symbol,
    shifted,
    symbols,
    transform,
)
from minigrad.notation.simplify import gathered, simplified
from minigrad.tensor import Array, Tensor


@dataclass(frozen=True)
class Equation:
    """What a value is computed as, at the steps where it is computed so."""

    number: int
    value: Symbol
    expression: Expression
    steps: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """The contribution to the adjoint of a value that comes through the next one.

    `via` is at the step at hand, and `of` as many steps away as its `t` says.
    """

    of: Symbol
    via: Symbol
    expression: Expression
    steps: tuple[int, ...]


@dataclass(frozen=True)
class Leaf:
    """What the model is given: a parameter, an input at each step, or an initial state."""

    name: str
    shape: tuple[int, ...]
    steps: tuple[int, ...]
    requires_grad: bool


@dataclass(frozen=True)
class Item:
    """A value, and the parts of its adjoint that the step at hand gives."""

    of: Symbol
    parts: tuple[Part, ...]
    from_next: bool  # whether more comes from the step after

    @property
    def is_shared(self) -> bool:
        """Whether every step has a share of its adjoint, as of a weight."""
        return self.of.t is None and any(part.via.t is not None for part in self.parts)

    @property
    def via(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.via.name for part in self.parts))


@dataclass(frozen=True)
class Model:
    """Everything that a derivation of a gradient flow is written from.

    Attributes
    ----------
    J
        What the loss is called.
    steps
        The time steps of the values that are computed; empty without steps.
    sections
        The items in the order of backpropagation.
    arrays
        Arrays that nobody has named, by their names here.
    """

    J: str
    steps: tuple[int, ...]
    equations: tuple[Equation, ...]
    sections: tuple[tuple[Item, ...], ...]
    leaves: tuple[Leaf, ...]
    arrays: dict[str, Array]

    def equations_of(self, name: str) -> list[Equation]:
        return [equation for equation in self.equations if equation.value.name == name]


def model_of(flow: GradientFlow, wrt: Collection[str] | None = None) -> Model:
    """Read a gradient flow: the equations, and the contributions grouped in sections."""
    values = {x: Symbol(name, t, x.shape) for (name, t), x in flow.values.items()}
    reader = Reader(values | {J: Number(1) for J in [flow.adjoint(*_label(flow))]}, simplified)
    J = _label(flow)[0]
    equations = _equations(flow, reader)
    leaves: dict[object, Expression] = {}
    for (name, t), x in flow.values.items():
        if flow.values[name, t] is not flow.J and flow.reaches(name, t) and x.requires_grad:
            leaves[flow.adjoint(name, t)] = Symbol(name, t, x.shape, "adjoint")
    reader.leaves = {**reader.leaves, **leaves}  # type: ignore[dict-item]
    parts = _parts(flow, reader)
    items = _items(parts)
    if wrt is not None:
        items = _leading_to(wrt, items)
    computed = {x.t for e in equations for x in [e.value] if x.t is not None}
    steps = sorted({t for e in equations if computed for t in e.steps})
    for name, t in reader.arrays:
        if t is not None:
            raise ValueError(
                f"derive: an array that enters at step {t} as {name!r} has no name, and another "
                "comes at each step; make it with tensor(..., name=...) in a step(t) block"
            )
    arrays = {name: array for (name, _), array in reader.arrays.items()}
    sections = _sections(items, equations, J)
    return Model(J, tuple(steps), tuple(equations), tuple(sections), _leaves(flow), arrays)


def _label(flow: GradientFlow) -> Label:
    return next(label for label, x in flow.values.items() if x is flow.J)


def _leaves(flow: GradientFlow) -> tuple[Leaf, ...]:
    steps: dict[str, list[int]] = {}
    first: dict[str, Tensor] = {}
    for (name, t), x in flow.values.items():
        if x._operation is None:
            steps.setdefault(name, []).extend([] if t is None else [t])
            first.setdefault(name, x)
    return tuple(
        Leaf(name, x.shape, tuple(steps[name]), x.requires_grad) for name, x in first.items()
    )


def _equations(flow: GradientFlow, reader: Reader) -> list[Equation]:
    """The forward pass in the order of the program, each equation once."""
    found: dict[str, dict[tuple[Symbol, Expression], list[int]]] = {}
    for (name, t), x in flow.values.items():
        if x._operation is None:
            continue
        expression = reader.read(x) if t is not None else gathered(reader.read(x))
        of = Symbol(name, None if t is None else 0, x.shape)
        steps = found.setdefault(name, {}).setdefault((of, shifted(expression, -(t or 0))), [])
        steps += [] if t is None else [t]
    return [
        Equation(number, of, expression, tuple(steps))
        for number, variants in enumerate(found.values(), 1)
        for (of, expression), steps in variants.items()
    ]


def _parts(flow: GradientFlow, reader: Reader) -> list[Part]:
    """All contributions, each once for all steps at which it reads the same."""
    found: dict[tuple[Symbol, Symbol, Expression], list[int]] = {}
    for (name, t), x in flow.values.items():
        if not x.requires_grad:
            continue
        for (m, s), contribution in flow.contributions(name, t).items():
            at = s if s is not None else t
            of = Symbol(name, None if t is None or at is None else t - at, x.shape)
            _require_one_step(of, m)
            via = Symbol(m, None if s is None else 0, flow.values[m, s].shape)
            expression = shifted(reader.read_contribution(contribution), -(at or 0))
            steps = found.setdefault((of, via, expression), [])
            steps += [] if at is None else [at]
    return [Part(*key, tuple(sorted(steps))) for key, steps in found.items()]


def _require_one_step(of: Symbol, via: str) -> None:
    """Refuse what a recurrence of one step can't say."""
    if of.t is not None and of.t > 0:
        raise ValueError(
            "derive: expected steps numbered in the order in which they are computed, but "
            f"{of.name} acts on {via} of an earlier step; number the steps of that pass the other "
            "way round"
        )
    if of.t is not None and of.t < -1:
        raise ValueError(
            f"derive: expected values to act on their own step and the next, but {of.name} acts on "
            f"{via} {-of.t} steps later; name a copy of it at the steps between"
        )


def _items(parts: Iterable[Part]) -> list[Item]:
    """Parts of the same adjoint together; one part may read differently at different steps."""
    grouped: dict[Symbol, list[Part]] = {}
    for part in parts:
        grouped.setdefault(part.of, []).append(part)
    later = {of.name for of in grouped if of.t is not None and of.t < 0}
    items = [Item(of, tuple(ps), of.t == 0 and of.name in later) for of, ps in grouped.items()]
    # A state that reaches J through the next step alone has no part of its own step.
    alone = later - {of.name for of in grouped if of.t == 0}
    return items + [Item(replace(of, t=0), (), True) for of in grouped if of.name in alone]


def _leading_to(wrt: Collection[str], items: list[Item]) -> list[Item]:
    """Those items that the adjoints of the wanted values are computed from."""
    known = {item.of.name for item in items}
    unknown = [name for name in wrt if name not in known]
    if unknown:
        raise ValueError(f"derive: expected wrt of {', '.join(sorted(known))}; got {unknown[0]}")
    needed, before = set(wrt), set[str]()
    while needed != before:
        before = set(needed)
        needed |= {name for item in items if item.of.name in before for name in item.via}
    return [item for item in items if item.of.name in needed]


# --- sections -----------------------------------------------------------------------------------


def _sections(items: list[Item], equations: list[Equation], J: str) -> list[tuple[Item, ...]]:
    """Group and order the items as the text has them.

    Values that the same equations give come together, and parameters with the value that they
    make. A section comes as soon as all that it builds on is there; one that reads like the
    section before, with other names, comes right after it.
    """
    order = _order_in_equations(items, equations)
    computed = {equation.value.name for equation in equations}
    leaves = {x.of.name for x in items if x.of.t is None and x.of.name not in computed}
    groups: dict[tuple[str, ...], list[Item]] = {}
    for item in sorted((x for x in items if x.of.name not in leaves), key=order):
        groups.setdefault(tuple(sorted(item.via)), []).append(item)
    parameters = sorted((x for x in items if x.of.name in leaves), key=order)
    done, sections = {J}, list[tuple[Item, ...]]()
    ready: list[tuple[str, ...]] = []
    while len(sections) < len(groups):
        ready += [
            key
            for key in sorted(groups, key=lambda key: _last_needed(key, sections))
            if key not in ready and done.issuperset(key)
        ]
        waiting = [key for key in ready if not _is_written(groups[key], sections)]
        if not waiting:
            missing = [key for key in groups if key not in ready]
            raise ValueError(f"derive: {missing[0]} depend on each other within a step")
        before = [x for x in sections[-1] if x.of.name not in leaves] if sections else []
        alike = [k for k in waiting if _reads(groups[k]) == _reads(before)]
        group = sorted(groups[(alike or waiting)[0]], key=lambda item: item.from_next)
        done |= {item.of.name for item in group if item.of.t in (0, None)}
        joining = [p for p in parameters if done.issuperset(p.via)]
        parameters = [p for p in parameters if p not in joining]
        done |= {p.of.name for p in joining}
        sections.append((*group, *joining))
    if parameters:
        sections.append(tuple(parameters))
    return sections


def _is_written(group: list[Item], sections: list[tuple[Item, ...]]) -> bool:
    return any(group[0] in section for section in sections)


def _last_needed(key: tuple[str, ...], sections: list[tuple[Item, ...]]) -> tuple[int, int]:
    """Where in the text so far the last of these values stands."""
    places = [
        (i, j)
        for i, section in enumerate(sections)
        for j, item in enumerate(section)
        if item.of.name in key
    ]
    return max(places, default=(-1, -1))


def _order_in_equations(items: list[Item], equations: list[Equation]):  # type: ignore[no-untyped-def]
    """The order in which values stand in the equations that use them, the last equation first."""
    places: dict[tuple[str, int | None], tuple[int, int]] = {}
    for equation in equations:
        for position, x in enumerate(symbols(equation.expression)):
            places[x.name, x.t] = (-equation.number, position)
    return lambda item: places.get((item.of.name, item.of.t), (0, 0))


def _reads(items: Iterable[Item]) -> list[Expression]:
    """The parts without their names: what two sections that read alike have in common."""
    return [_anonymous(part.expression) for item in items for part in item.parts]


def _anonymous(e: Expression) -> Expression:
    names: dict[str, str] = {}

    def rename(x: Expression) -> Expression:
        if not isinstance(x, Symbol):
            return x
        return replace(x, name=names.setdefault(x.name, str(len(names))))

    return transform(e, rename)
