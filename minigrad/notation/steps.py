"""What reads alike at many steps, but for an index that moves with the step."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    MovingNumber,
    Number,
    OverSteps,
    Parameters,
    Symbol,
    has_moving_number,
    shifted,
    subexpressions,
    symbols,
    transform,
    with_indices,
    with_moved,
)
from minigrad.notation.indices import each
from minigrad.notation.nodes import product, split_number
from minigrad.notation.numbers import at_step, moving, without_numbers
from minigrad.operations.elementwise import add
from minigrad.operations.shape import concatenate, getitem, scatter, stack

Said = TypeVar("Said")
AtSteps = dict[int, Expression]  # steps count from each


def aligned(
    found: Mapping[tuple[Said, Expression], list[int]],
) -> dict[tuple[Said, Expression], list[int]]:
    """What is said of expressions at some steps; of those that read alike, of one expression."""
    alike: dict[tuple[Said, Expression], dict[Expression, list[int]]] = {}
    for (said, e), steps in found.items():
        alike.setdefault((said, _without_indices(e)), {})[e] = steps
    result: dict[tuple[Said, Expression], list[int]] = {}
    for (said, _), variants in alike.items():
        at = {t: e for e, steps in variants.items() for t in steps}
        one = _moving(at) if len(variants) > 1 else None
        for e, steps in variants.items() if one is None else [(one, list(at))]:
            result[said, e] = steps
    return _with_moving_numbers(_followed(result))


def _followed(
    found: Mapping[tuple[Said, Expression], list[int]],
) -> dict[tuple[Said, Expression], list[int]]:
    """At a step of its own, X[0] is X[t] too, if it is so at the other steps."""
    moving: dict[tuple[Said, Expression], Parameters] = {}
    for said, e in found:
        for x in subexpressions(e):
            if isinstance(x, Apply) and x.operation is getitem and has_moving_number(x):
                moving[said, x.inputs[0]] = x.parameters

    def followed(said: Said, e: Expression, t: int) -> Expression:
        def change(x: Expression) -> Expression:
            if not (isinstance(x, Apply) and (said, x.inputs[0]) in moving):
                return x
            there = with_moved(moving[said, x.inputs[0]], lambda i: i.at(t))
            same = x.operation is getitem and x.parameters == there
            return replace(x, parameters=moving[said, x.inputs[0]]) if same else x

        return transform(e, change)

    return {
        (said, followed(said, e, steps[0]) if len(steps) == 1 else e): steps
        for (said, e), steps in found.items()
    }


def _with_moving_numbers(
    found: Mapping[tuple[Said, Expression], list[int]],
) -> dict[tuple[Said, Expression], list[int]]:
    """What differs in numbers alone, by a rule, as one; with those steps where that comes to it."""
    alike: dict[tuple[Said, Expression], dict[int, Expression]] = {}
    for (said, e), steps in found.items():
        alike.setdefault((said, without_numbers(e)), {}).update(dict.fromkeys(steps, e))
    general: dict[tuple[Said, Expression], Expression] = {}
    for (said, form), at in alike.items():
        if len(set(at.values())) > 2 and (one := moving(dict(sorted(at.items())))):
            general[said, form] = one
    result: dict[tuple[Said, Expression], list[int]] = {}
    for (said, e), steps in found.items():
        of_said = [x for (what, _), x in general.items() if what == said]
        fits = [x for x in of_said if all(at_step(x, t) == e for t in steps)]
        one = general.get((said, without_numbers(e)), fits[0] if fits else e)
        result.setdefault((said, one), []).extend(steps)
    return result


def lengthened(e: Expression, last: int, by: int) -> Expression:
    """The same for a program of more steps than `last`: what is at the last step stays there."""

    def moved(x: Expression) -> Expression:
        if isinstance(x, Symbol) and x.t is not None and x.t >= last:
            return replace(x, t=x.t + by)
        if isinstance(x, OverSteps) and x.last >= last - 1:
            return replace(x, last=x.last + by)
        return x

    return transform(e, moved)


def gathered(e: Expression) -> Expression:
    """Write x(1) + x(2) + ... + x(T) as a sum over the steps, wherever it occurs; so a stack."""
    return transform(e, _with_gathered_terms)


def _with_gathered_terms(e: Expression) -> Expression:
    if not (isinstance(e, Apply) and e.operation in (add, stack, concatenate)):
        return e
    groups: dict[Expression, list[tuple[int, Expression]]] = {}
    for x in e.inputs:
        t = max((s.t for s in symbols(x) if s.t is not None), default=0)
        groups.setdefault(_without_indices(shifted(x, -t)), []).append((t, shifted(x, -t)))
    if e.operation is not add:
        [terms, *others] = groups.values()
        over = None if others else _over_steps(e, terms)
        return over or e
    joined = _by_rule([*groups.values()])
    result = [_number_out(x) for terms in joined for x in _gathered_terms(e, terms)]
    return result[0] if len(result) == 1 else Apply(add, tuple(result), e.shape, NONE)


def _by_rule(groups: list[list[tuple[int, Expression]]]) -> list[list[tuple[int, Expression]]]:
    """Terms together that differ in numbers alone which follow a rule: x(1) + 2 x(2) + 3 x(3)."""
    alike: dict[Expression, dict[int, Expression]] = {}
    for [(t, x), *others] in groups:
        if not others:
            alike.setdefault(without_numbers(x), {})[t] = x
    for at in alike.values():
        one = moving(dict(sorted(at.items()))) if len(at) > 2 else None
        if one is None:
            continue
        fit = [len(x) == 1 and _is_at(one, *x[0], at) for x in groups]
        together = sorted(t for [(t, _), *_], fits in zip(groups, fit, strict=True) if fits)
        if together == list(range(together[0], together[-1] + 1)):
            left = [terms for terms, fits in zip(groups, fit, strict=True) if not fits]
            return _by_rule([[(t, one) for t in together], *left])
    return groups


def _is_at(one: Expression, t: int, x: Expression, at: Mapping[int, Expression]) -> bool:
    """Whether a term is what the rule gives at its step; of those `at` steps it was made of."""
    return at.get(t) is x or (t not in at and at_step(one, t) == x)


def _number_out(e: Expression) -> Expression:
    """The sum over the steps of n x is n times that of x."""
    if not isinstance(e, OverSteps) or e.operation is not add:
        return e
    number, rest = split_number(e.term)
    return e if number == 1 or rest is None else product(Number(number), replace(e, term=rest))


def _gathered_terms(e: Apply, terms: list[tuple[int, Expression]]) -> Iterator[Expression]:
    """Terms that read alike, as one sum if they are those of steps without a gap."""
    over = _over_steps(e, terms)
    if over is not None:
        yield over
        return
    same: dict[Expression, list[tuple[int, Expression]]] = {}
    for t, x in terms:
        same.setdefault(x, []).append((t, x))
    for some in same.values():
        over = _over_steps(e, some)
        yield from [over] if over else (shifted(x, t) for t, x in some)


def _over_steps(e: Apply, terms: list[tuple[int, Expression]]) -> OverSteps | None:
    """The terms of a sum or a stack as one that moves with the step; None if they are no such."""
    at = dict(terms)
    steps = sorted(at) if e.operation is add else list(at)
    whole = len(at) == len(terms) > 1 and steps == list(range(steps[0], steps[-1] + 1))
    term = _moving(at) if whole else None
    if term is None:
        return None
    shape = term.shape if e.operation is add else e.shape
    over = OverSteps(term, steps[0], steps[-1], shape, e.operation, e.parameters)
    return _as_stack(over) or over


def _as_stack(e: OverSteps) -> OverSteps | None:
    """The sum of pieces that are put among zeros, each after the one before, is a stack of them."""
    number, among_zeros = split_number(e.term)
    if not (isinstance(among_zeros, Apply) and among_zeros.operation is scatter):
        return None
    piece = product(Number(number), *among_zeros.inputs)
    index = among_zeros.parameters["index"]
    given = each(index)
    axis, n = len(given) - 1, e.last - e.first + 1
    length, rest = divmod(e.shape[axis], n)
    if given[:-1] != (slice(None),) * axis or rest:
        return None
    start = MovingNumber(-e.first * length, length)
    if given[-1] == start and length == 1:
        return OverSteps(piece, e.first, e.last, e.shape, stack, Parameters(axis=axis))
    if given[-1] == slice(start, start.shifted(1)):
        return OverSteps(piece, e.first, e.last, e.shape, concatenate, Parameters(axis=axis))
    return None


def moving_between(a: Parameters, b: Parameters, t: int, u: int) -> Parameters:
    """Parameters whose single indices move with the step, from those at one to those at another.

    Examples
    --------
    >>> from minigrad.notation.steps import moving_between
    >>> moving_between(Parameters(index=(2, 0)), Parameters(index=(3, 0)), t=3, u=4)
    {'index': (MovingNumber(offset=-1, factor=1), 0)}
    """
    starts, others = list[Any](), list[Any]()
    with_indices(a, starts.append)
    with_indices(b, others.append)
    if len(starts) != len(others):
        return a
    factors = [divmod(y - x, u - t) for x, y in zip(starts, others, strict=True)]
    left = iter(zip(starts, factors, strict=True))

    def moving(_: object) -> int | MovingNumber:
        start, (factor, rest) = next(left)
        return start if rest or not factor else MovingNumber(start - factor * t, factor)

    return with_indices(a, moving)


def _moving(at: AtSteps) -> Expression | None:
    """The one expression that all are, with indices that move; None if they move unevenly.

    Any two numbers lie on a line: of two steps that are no neighbours it would say nothing.
    """
    found = {t: _indices(e) for t, e in at.items()}
    (t, start), (u, other), *more = found.items()
    if not more and abs(u - t) > 1 and start != other:
        return None
    factors = [(b - a) // (u - t) for a, b in zip(start, other, strict=True)]
    lines = [MovingNumber(a - factor * t, factor) for a, factor in zip(start, factors, strict=True)]
    if any([line.at(t) for line in lines] != indices for t, indices in found.items()):
        return None
    left = iter(lines)

    def moving(_: object) -> int | MovingNumber:
        line = next(left)
        return line if line.factor else line.offset

    return _with_indices(at[t], moving)


def _indices(e: Expression) -> list[int]:
    """The single indices in it, from the left to the right."""
    found: list[int] = []
    _with_indices(e, found.append)
    return found


def _without_indices(e: Expression) -> Expression:
    return _with_indices(e, lambda i: 0)


def _with_indices(e: Expression, change: Callable[[Any], Any]) -> Expression:
    def changed(x: Expression) -> Expression:
        if not isinstance(x, Apply):
            return x
        return replace(x, parameters=with_indices(x.parameters, change))

    return transform(e, changed)
