"""The gradient flow: every named value's adjoint, and the contributions that it is the sum of."""

import functools
import itertools
from collections.abc import Container, Mapping
from operator import add
from types import MappingProxyType
from typing import TypeAlias

import numpy as np

from minigrad.backprop import by_age, graph, inputs_of, sweep, unbroadcast
from minigrad.operations.elementwise import positive
from minigrad.tensor import Tensor, describe

# A named value: its name and its time step.
Label: TypeAlias = tuple[str, int | None]


def gradient_flow(J: Tensor) -> "GradientFlow":
    """Backpropagate a loss and keep, for every named value, how its adjoint comes about.

    Parameters
    ----------
    J
        The loss, a scalar. If it has no name, it is called "J" here.

    Returns
    -------
    GradientFlow

    Raises
    ------
    ValueError
        If `J` is no scalar, needs no gradient, or two different values have the same name and step.
    RuntimeError
        If a backward pass has given the graph back.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(2.0, requires_grad=True, name="x")
    >>> u, v = (3 * x).named("u"), (x * x).named("v")
    >>> flow = mg.gradient_flow(u + v)
    >>> flow.adjoint("x").item()
    7.0
    >>> {m: part.item() for m, part in flow.contributions("x").items()}
    {('v', None): 4.0, ('u', None): 3.0}
    """
    return GradientFlow(J)


class GradientFlow:
    """The adjoints and contributions of the named values that a loss depends on.

    Attributes
    ----------
    J : Tensor
        The loss.
    values : mapping
        From (name, step) to the value: all named values that `J` was computed from, constants too,
        in the order in which the program made them. No others are known.

    Notes
    -----
    Adjoints and contributions are tensors, and so their own graphs are the backward pass: a
    contribution is an expression in the adjoint of one later value, which is named "dJ/d" and the
    value's name, and in named values.
    """

    def __init__(self, J: Tensor) -> None:
        if J.size != 1:
            raise ValueError(
                f"gradient_flow: expected a scalar, {describe(J)} has shape {J.shape}; sum it"
            )
        if not J.requires_grad:
            raise ValueError(
                f"gradient_flow: {describe(J)} was computed from nothing that requires a gradient; "
                "make the leaves with requires_grad=True"
            )
        self.J = J
        self.values: Mapping[Label, Tensor] = MappingProxyType(_named_values(J))
        self._labels = {x: label for label, x in self.values.items()}
        self._contributions: dict[Label, dict[Label, Tensor]] = {}
        self._adjoints: dict[Label, Tensor] = {}
        self._backpropagate()

    def value(self, name: str, t: int | None = None) -> Tensor:
        """The value itself.

        Raises
        ------
        KeyError
            If no value of that name and step is known; it says which are.
        """
        return self._find(name, t)

    def adjoint(self, name: str, t: int | None = None) -> Tensor:
        """dJ/dv in the shape of v; zero where all ways from v to J are cut (see `reaches`).

        Raises
        ------
        KeyError
            If J was not computed from a value of that name and step; it says which are known. A
            value that leads nowhere can't be told from one of another model, or from a slip of
            the pen.
        ValueError
            If the value requires no gradient.
        """
        value = self._find(name, t)
        if not value.requires_grad:
            raise ValueError(
                f"adjoint: {describe(value)} requires no gradient; make it with requires_grad=True"
            )
        if (name, t) in self._adjoints:
            return self._adjoints[name, t]
        return Tensor(np.zeros_like(value._data))

    def contributions(self, name: str, t: int | None = None) -> Mapping[Label, Tensor]:
        """What dJ/dv is the sum of: one part for each next named value that v reaches J through.

        They come in the order in which they are added: first those of the latest step; within a
        step, values nearer to J first, and of equally near ones the later in the program first.

        Raises
        ------
        KeyError
            If no value of that name and step is known; it says which are.
        """
        self._find(name, t)
        return MappingProxyType(self._contributions.get((name, t), {}))

    def reaches(self, name: str, t: int | None = None) -> bool:
        """Whether a gradient flows from J to the value.

        None does to a constant, nor to a value from which J was computed by operations without a
        derivative alone, such as a sign.
        """
        self._find(name, t)
        return (name, t) in self._adjoints

    def __repr__(self) -> str:
        lines = [f"gradient flow of {self.J.name or 'J'}"]
        for label in self._adjoints:
            parts = " + ".join(f"via {_spelled(m)}" for m in self._contributions.get(label, {}))
            lines.append(f"  {_spelled(label)}: {parts or 'the output'}")
        return "\n".join(lines)

    def _find(self, name: str, t: int | None) -> Tensor:
        if (name, t) in self.values:
            return self.values[name, t]
        steps = [s for n, s in self.values if n == name and s is not None]
        if steps:
            known = f"{name} has steps {min(steps)} to {max(steps)}; say which, as t={max(steps)}"
        elif (name, None) in self.values:
            known = f"{name} has no steps; leave t out"
        else:
            names = ", ".join(dict.fromkeys(n for n, _ in self.values))
            known = f"known are {names}; the loss was computed from no others"
        raise KeyError(f"no value is called {_spelled((name, t))}; {known}")

    def _backpropagate(self) -> None:
        """Go from J to the leaves, one named value at a time."""
        distance: dict[Label, int] = {self._labels[self.J]: 0}
        seed = Tensor(np.ones_like(self.J._data), requires_grad=True)
        for label, m in sorted(self.values.items(), key=lambda item: -by_age(item[1])):
            if m is self.J:
                adjoint = seed
            elif label in self._contributions:
                parts = self._contributions[label]
                distance[label] = 1 + max(distance[k] for k in parts)
                ordered = dict(
                    sorted(parts.items(), key=lambda part: self._order(part[0], distance))
                )
                self._contributions[label] = ordered
                adjoint = _sum(ordered)
            else:
                continue  # a constant, or a value that reaches J through constants alone
            adjoint._name, adjoint._t = f"dJ/d{m._name or 'J'}", m._t
            self._adjoints[label] = adjoint
            reached = {m: adjoint}
            sweep(unnamed_behind(m, self._labels), reached, keep_graph=True)
            for x, contribution in reached.items():
                if x in self._labels and x is not m:
                    parts = self._contributions.setdefault(self._labels[x], {})
                    parts[label] = unbroadcast(contribution, x)

    def _order(self, label: Label, distance: Mapping[Label, int]) -> tuple[float, int, int]:
        """Where a contribution stands in the sum: by step, then by distance from J, then by age."""
        _, t = label
        return (
            -np.inf if t is None else -t,
            distance[label],
            -self.values[label]._index,
        )


def _named_values(J: Tensor) -> dict[Label, Tensor]:
    """All named values behind J, and J itself, from the oldest to the youngest."""
    values: dict[Label, Tensor] = {}
    for x in graph(J, constants=True):
        if x._name is None and x is not J:
            continue
        label = (x._name or "J", x._t)
        if label in values:
            raise ValueError(
                f"gradient_flow: two different values are called {_spelled(label)}; tell them "
                "apart by step(t) or scope(name), or by their names"
            )
        values[label] = x
    return values


def unnamed_behind(m: Tensor, named: Container[Tensor]) -> list[Tensor]:
    """`m` and what it was computed from, as far as the next named values, oldest first."""
    region, to_visit = {m}, [m]
    while to_visit:
        for x in inputs_of(to_visit.pop()):
            if x.requires_grad and x not in named and x not in region:
                region.add(x)
                to_visit.append(x)
    return sorted(region, key=by_age)


def _sum(contributions: Mapping[Label, Tensor]) -> Tensor:
    """Add contributions within each step first, two at a time, then across the steps."""
    of_steps = [
        functools.reduce(add, (part for _, part in group))
        for _, group in itertools.groupby(contributions.items(), key=lambda item: item[0][1])
    ]
    total = functools.reduce(add, of_steps)
    # The adjoint gets a name of its own, and may be another value's adjoint unchanged.
    return positive(total) if len(contributions) == 1 else total


def _spelled(label: Label) -> str:
    name, t = label
    return name if t is None else f"{name} at step {t}"
