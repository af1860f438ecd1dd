"""The factors that the true contributions are made of, by what an author would call them."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np

from minigrad.backprop import by_age
from minigrad.derivation.claims import Adjoint, Claim, Value
from minigrad.derivation.spelling import spell
from minigrad.derivation.truth import Truth
from minigrad.flow import Label
from minigrad.notation.template import Written
from minigrad.operation import POWER
from minigrad.tensor import Array, Tensor

LONGEST = 80  # characters of what an author would take for one factor


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
            texts = _texts(contribution, names)
            for x in _met(contribution, adjoint, names):
                if x in texts:
                    found.setdefault(texts[x].within(POWER), x._data)
            for x in _divisors(contribution, names):
                if x in texts:
                    found.setdefault(f"1/{texts[x].within(POWER)}", 1 / x._data)
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
    for node in sorted(_behind([contribution], names), key=by_age):
        if any(x in on_the_way for x in node._inputs or ()):
            on_the_way[node] = None
            beside += [x for x in node._inputs or () if x not in on_the_way]
    return [
        *(x for x in _behind(beside, names) if x._operation or x in names or x.ndim),
        *(x for x in on_the_way if x is not contribution),
    ]


def _divisors(contribution: Tensor, names: Mapping[Tensor, str]) -> list[Tensor]:
    """What is divided by on the way to a contribution, and the factors of that."""
    divisors = [
        node._inputs[1]
        for node in _behind([contribution], names)
        if node._operation is not None and node._operation.name == "divide" and node._inputs
    ]
    return [x for x in _behind(divisors, names) if x._operation or x in names]


def _behind(xs: Iterable[Tensor], names: Mapping[Tensor, str]) -> Iterator[Tensor]:
    """Tensors and what they were computed from, as far as what has a name."""
    to_visit = list(dict.fromkeys(xs))[::-1]
    found = set(to_visit)
    while to_visit:
        node = to_visit.pop()
        yield node
        for operand in () if node in names else node._inputs or ():
            if operand not in found:
                found.add(operand)
                to_visit.append(operand)


def _texts(contribution: Tensor, names: Mapping[Tensor, str]) -> dict[Tensor, Written]:
    """How the values on the way to a contribution are written, but for those that are too long."""
    texts: dict[Tensor, Written] = {}
    for x in sorted(_behind([contribution], names), key=by_age):
        operands = [texts[operand] for operand in x._inputs or () if operand in texts]
        if x in names:
            texts[x] = Written(names[x])
        elif x._operation is None:
            texts[x] = Written(_constant(x._data))
        elif len(operands) == len(x._inputs or ()):
            text = spell(x._operation.name, operands)
            if len(text.text) <= LONGEST:
                texts[x] = text
    return texts


def _constant(x: Array) -> str:
    return f"{x:g}" if not x.ndim else "a mask" if np.isin(x, (0, 1)).all() else "a constant"
