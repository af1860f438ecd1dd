"""The factors that the true contributions are made of, by what an author would call them."""

from collections.abc import Iterator, Mapping

import numpy as np

from minigrad.backprop import by_age
from minigrad.derivation.claims import Adjoint, Claim, Value
from minigrad.derivation.spelling import spell
from minigrad.derivation.truth import Truth
from minigrad.flow import Label
from minigrad.notation.template import Written
from minigrad.operation import POWER
from minigrad.tensor import Array, Tensor


def factors(truth: Truth, claim: Claim, t: int | None) -> dict[str, Array]:
    """What the adjoints are multiplied by on the way to a claim, and the adjoints, at step t.

    Products are there with their parts: Gamma_o (1 - Gamma_o), 1 - Gamma_o and Gamma_o.
    """
    part = truth.part(claim, t)
    tied = part.label[1] is None
    found: dict[str, Array] = {}
    for m, contribution in truth.flow.contributions(*part.label).items():
        if m in part.through and not (tied and t is not None and m[1] not in (t, None)):
            adjoint = truth.flow.adjoint(*m)
            names = _names(truth, t, m)
            for x in _met(contribution, adjoint, names):
                found.setdefault(_spelled(x, names).within(POWER), x._data)
            for x in _divisors(contribution, names):
                found.setdefault(f"1/{_spelled(x, names).within(POWER)}", 1 / x._data)
    return found


def _names(truth: Truth, t: int | None, m: Label) -> dict[Tensor, str]:
    """What named values, and the adjoint of one, are called as seen from step t."""
    names = {
        x: str(Value(name, 0 if s is None or t is None else s - t))
        for (name, s), x in truth.flow.values.items()
    }
    distance = 0 if m[1] is None or t is None else m[1] - t
    return names | {truth.flow.adjoint(*m): str(Adjoint(m[0], distance))}


def _met(contribution: Tensor, adjoint: Tensor, names: Mapping[Tensor, str]) -> list[Tensor]:
    """The operands that the adjoint meets on its way to the contribution, and what it becomes."""
    on_the_way = {adjoint: None}
    beside: list[Tensor] = []
    for node in sorted(_behind(contribution, names), key=by_age):
        if any(x in on_the_way for x in node._inputs or ()):
            on_the_way[node] = None
            beside += [x for x in node._inputs or () if x not in on_the_way]
    parts = (part for x in beside for part in _behind(x, names))
    return [
        *(x for x in dict.fromkeys(parts) if x._operation or x in names or x.ndim),
        *(x for x in on_the_way if x is not contribution),
    ]


def _divisors(contribution: Tensor, names: Mapping[Tensor, str]) -> list[Tensor]:
    """What is divided by on the way to a contribution, and the factors of that."""
    divisors = [
        node._inputs[1]
        for node in _behind(contribution, names)
        if node._operation is not None and node._operation.name == "divide" and node._inputs
    ]
    parts = (part for x in divisors for part in _behind(x, names))
    return [x for x in dict.fromkeys(parts) if x._operation or x in names]


def _behind(x: Tensor, names: Mapping[Tensor, str]) -> Iterator[Tensor]:
    """A tensor and what it was computed from, as far as what has a name."""
    found, to_visit = {x}, [x]
    while to_visit:
        node = to_visit.pop()
        yield node
        for operand in () if node in names else node._inputs or ():
            if operand not in found:
                found.add(operand)
                to_visit.append(operand)


def _spelled(x: Tensor, names: Mapping[Tensor, str]) -> Written:
    if x in names:
        return Written(names[x])
    if x._operation is None:
        mask = bool(np.isin(x._data, (0, 1)).all())
        return Written(f"{x._data:g}" if not x.ndim else "a mask" if mask else "a constant")
    return spell(x._operation.name, [_spelled(operand, names) for operand in x._inputs or ()])
