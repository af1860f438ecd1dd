"""Names for what is computed once and read at many steps, such as the last state of an encoder.

A careful author gives it one: `h_T = h⁽ᵀ⁾`. Without it, its distance from the step at hand would be
another at each, and nothing of it could be said for general t.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

from minigrad.backprop import by_age, graph, inputs_of
from minigrad.flow import GradientFlow, gradient_flow
from minigrad.notation.expression import Parameters
from minigrad.operations.elementwise import add, divide, multiply, negative, positive, subtract
from minigrad.operations.reduction import mean
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import concatenate, getitem, reshape, stack
from minigrad.tensor import Tensor
from minigrad.writing.dependence import behind
from minigrad.writing.source.repeated import unused

# A tensor where it stands: what was computed from it, and as which input.
Use: TypeAlias = tuple[Tensor, int]
LINEAR = (add, subtract, negative, positive, sum_, mean, reshape)
_Uses: TypeAlias = dict[Tensor, set[Use]]
_Found: TypeAlias = dict[Tensor, set[Use]]  # by the value that it stands in


def with_contexts(flow: GradientFlow, gathered: bool = False) -> GradientFlow:
    """The flow of the same program with a name for everything that is read as one at many steps.

    Parameters
    ----------
    gathered
        Whether stacks and sums of values at steps get a name too that are read outside of the
        steps.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.step(1):
    ...     h = mg.tensor(0.5, requires_grad=True, name="h")
    >>> J = 0
    >>> for t in (1, 2, 3):
    ...     with mg.step(t):
    ...         J = J + mg.exp(t * h).named("y")
    >>> sorted(name for name, t in with_contexts(mg.gradient_flow(J)).values if t is None)
    ['J', 'h_last']
    """
    nodes = graph(flow.J, constants=True)
    uses, starts = _contexts(flow, nodes)
    if gathered:
        uses |= {c: found for c, found in _gathered(flow).items() if c not in uses}
    if not (uses or starts):
        return flow
    uses |= {x: found | uses.get(x, set()) for x, found in starts.items()}
    return gradient_flow(_copied(nodes, _named(uses, flow), uses, starts)[flow.J])


# --- what is read at many steps -------------------------------------------------------------------


def _contexts(flow: GradientFlow, nodes: Sequence[Tensor]) -> tuple[_Uses, _Uses]:
    """What values read as the same at all their steps, or all but one; and where they do.

    The second are starts of recurrences, which all of their steps read.
    """
    same = _first_alike(nodes)
    reads = {name: set[str]() for name, _ in flow.values}
    for (name, _), x in flow.values.items():
        reads[name] |= {y._name for y in _read(x) if y._name is not None}
    uses = _far(flow, reads)
    within: _Uses = {}  # what it depends on itself, as in a recurrence
    starts: _Uses = {}
    for name, alike, least in _alike(flow):
        for c, at in _in_all(alike, same).items():
            found = {use for of_one in at.values() for use in of_one}
            depends = {y._name for y in ([c] if c._name else _read(c)) if y._name is not None}
            is_before = all(name != m and name not in behind(m, reads) for m in depends)
            if len(at) >= least or not is_before:
                (uses if is_before else within).setdefault(c, set()).update(found)
            if len(at) >= least and not is_before:
                for start, of_start in _starts(c, found, reads):
                    starts.setdefault(start, set()).update(of_start)
    uses = {c: left for c, found in uses.items() if (left := found - within.get(c, set()))}
    return uses, starts


def _far(flow: GradientFlow, reads: Mapping[str, Collection[str]]) -> _Uses:
    """What a single step reads far away, as a decoder its start: how far depends on their number.

    It is the first or the last of a name.
    """
    steps: dict[str, list[int]] = {}
    for name, t in flow.values:
        steps.setdefault(name, []).extend([] if t is None else [t])
    found: dict[tuple[str, str, int], list[Use]] = {}
    readers: dict[tuple[str, Tensor], set[int]] = {}
    for (name, t), x in flow.values.items():
        for use in _uses(x) if t is not None else ():
            c, is_stacked = _input(use), use[0]._operation in (stack, concatenate)
            if c._name is not None and c._t is not None and t is not None and not is_stacked:
                found.setdefault((name, c._name, c._t - t), []).append(use)
                readers.setdefault((name, c), set()).add(t)
    uses: _Uses = {}
    for (name, m, distance), [use, *others] in found.items():
        c = _input(use)
        is_alone = not others and len(readers[name, c]) == 1 and abs(distance) > 1
        is_before = name != m and name not in behind(m, reads)
        if is_alone and is_before and c._t in (min(steps[m]), max(steps[m])):
            uses.setdefault(c, set()).add(use)
    return uses


def _starts(
    c: Tensor, found: set[Use], reads: Mapping[str, Collection[str]]
) -> Iterator[tuple[Tensor, set[Use]]]:
    """Values of a recurrence that nothing else of it takes part in, and where they are read."""
    if c._name is None:  # a function of them: that is read otherwise if they are
        found = {use for use in _uses(c) if _input(use) in {*_read(c)}}
    for x in {_input(use) for use in found}:
        before = {y._name for y in graph(x, constants=True) if y._name is not None and y is not x}
        if all(x._name not in {m, *behind(m, reads)} for m in before):
            yield x, {use for use in found if _input(use) is x}


def _gathered(flow: GradientFlow) -> dict[Tensor, set[Use]]:
    """Stacks and sums over steps without a name in values without a step, and where they are read.

    Of a sum that is read linearly the terms do not meet, and it needs no name.
    """
    found: dict[Tensor, set[Use]] = {}
    for (_, t), x in flow.values.items():
        for use in _uses(x) if t is None else ():
            c = _input(use)
            is_sum = c._operation is add and not _is_linear(use[0])
            is_of_steps = c._operation in (stack, concatenate) or is_sum
            if c._name is None and is_of_steps and len(_read(c)) > 1:
                found.setdefault(c, set()).add(use)
    return found


def _is_linear(x: Tensor) -> bool:
    """Whether what depends on steps is added in it, at most with factors that do not."""
    moving = [y for y in inputs_of(x) if y._t is not None or _read(y)]
    return x._operation in LINEAR or (x._operation in (multiply, divide) and len(moving) < 2)


def _in_all(alike: Sequence[Tensor], same: Mapping[Tensor, Tensor]) -> dict[Tensor, _Found]:
    """What stands at the same place in each and its neighbour; in one of a form of its own, all."""
    found: dict[Tensor, _Found] = {}
    for x, y in pairwise(alike):
        for use, other in _in_both(x, y, same):
            at = found.setdefault(same[_input(use)], {})
            at.setdefault(x, set()).add(use)
            at.setdefault(y, set()).add(other)
    for x in alike if found else ():
        read: dict[Tensor | None, set[Use]] = {}
        for use in _uses(x):
            read.setdefault(same.get(_input(use)), set()).add(use)
        for c in found.keys() & read.keys():
            found[c].setdefault(x, read[c])
    return found


def _alike(flow: GradientFlow) -> Iterator[tuple[str, list[Tensor], int]]:
    """The values of a name at all its steps, and the terms of sums; how many must read the same."""
    computed: dict[str, list[Tensor]] = {}
    for (name, t), x in flow.values.items():
        if t is None:
            yield name, _terms(x), 2
        elif x._operation is not None:
            computed.setdefault(name, []).append(x)
    for name, at in computed.items():
        yield name, sorted(at, key=lambda x: x._t or 0), max(2, len(at) - 1)


def _terms(x: Tensor) -> list[Tensor]:
    """What is added or stacked to a value, from the oldest to the youngest."""
    found, to_visit = list[Tensor](), [x]
    while to_visit:
        y = to_visit.pop()
        if y._operation in (add, stack, concatenate) and (y is x or y._name is None):
            to_visit += inputs_of(y)
        elif y._operation is not None:
            found.append(y)
    return sorted(found, key=by_age)


def _first_alike(nodes: Sequence[Tensor]) -> dict[Tensor, Tensor]:
    """For what depends on a step, the first tensor that was computed in the same way."""
    found: dict[Tensor, Tensor] = {}
    first: dict[object, Tensor] = {}
    for x in nodes:
        inputs = [found.get(y, y) for y in inputs_of(x)]
        if x._t is not None:
            found[x] = x
        elif x._name is None and not found.keys().isdisjoint(inputs):
            found[x] = first.setdefault((x._operation, *inputs, Parameters(x._parameters)), x)
    return found


def _in_both(x: Tensor, y: Tensor, same: Mapping[Tensor, Tensor]) -> Iterator[tuple[Use, Use]]:
    """Where the same stands at the same place in two of the same form."""
    to_visit, seen = [(x, y)], {(x, y)}
    while to_visit:
        a, b = to_visit.pop()
        are_alike = a._operation is b._operation and len(inputs_of(a)) == len(inputs_of(b))
        if not are_alike or _is_own_piece(a):
            continue
        for i, (p, q) in enumerate(zip(inputs_of(a), inputs_of(b), strict=True)):
            is_same = p in same and same[p] is same.get(q)
            if is_same and (p is q or _joins(p, same)):
                yield (a, i), (b, i)
            elif p._name is None and q._name is None and (p, q) not in seen:
                seen.add((p, q))
                to_visit.append((p, q))


def _is_own_piece(x: Tensor) -> bool:
    """Whether it is taken from an unnamed stack, of which each step may read what is its own."""
    return x._operation is getitem and inputs_of(x)[0]._operation in (stack, concatenate)


def _joins(x: Tensor, same: Mapping[Tensor, Tensor]) -> bool:
    """Whether several values meet in it that depend on steps, as in a stack of them."""
    return len({same[y] for y in inputs_of(x) if y in same}) > 1


def _uses(x: Tensor) -> Iterator[Use]:
    """All that a value is computed from, as far as the next named values, where it stands."""
    to_visit, seen = [x], {x}
    while to_visit:
        user = to_visit.pop()
        for i, y in enumerate(inputs_of(user)):
            yield user, i
            if y._name is None and y not in seen:
                seen.add(y)
                to_visit.append(y)


def _input(use: Use) -> Tensor:
    user, i = use
    return inputs_of(user)[i]


def _read(x: Tensor) -> list[Tensor]:
    """The values with a step that a value is computed from."""
    return [y for y in map(_input, _uses(x)) if y._name is not None and y._t is not None]


# --- the program with names for it ----------------------------------------------------------------


def _named(contexts: Iterable[Tensor], flow: GradientFlow) -> dict[Tensor, str]:
    """What an author may call them: h_T is h at the last step, H all of h, and c_h a function."""
    ends = dict(sorted((name, t) for name, t in flow.values if t is not None))
    computed = [label for label, x in flow.values.items() if x._operation is not None]
    T = max((t for _, t in computed if t is not None), default=None)
    taken = {name for name, _ in flow.values}
    named: dict[Tensor, str] = {}
    for x in sorted(contexts, key=by_age):
        read = list(dict.fromkeys(str(y._name) for y in _read(x)))
        if x._name is not None:
            end = "last" if x._t == ends[x._name] else x._t
            name = f"{x._name}_{'T' if x._t == T else end}"
        elif x._operation in (stack, concatenate) and len(read) == 1:
            name = read[0][:1].upper() + read[0][1:]
        else:
            name = f"c_{read[0]}" if len(read) == 1 else "c"
        named[x] = unused(name, taken)
        taken.add(named[x])
    return named


def _copied(
    nodes: Sequence[Tensor], named: Mapping[Tensor, str], uses: _Uses, starts: Container[Tensor]
) -> dict[Tensor, Tensor]:
    """Copy a graph; what is in `named` has its name in those `uses`.

    Of a start it is the value itself, `h_0`, and what the recurrence begins with is `h⁽⁰⁾ = h_0`.
    """
    copy: dict[Tensor, Tensor] = {}
    contexts: dict[Tensor, Tensor] = {}
    read_as: dict[Use, Tensor] = {}
    for x in nodes:
        inputs = [read_as.get((x, i), copy[y]) for i, y in enumerate(inputs_of(x))]
        copy[x] = remade(x, x._operation, inputs, x._parameters)
        copy[x]._name, copy[x]._t = x._name, x._t
        if x not in named:
            continue
        if x._name is not None:
            contexts[x] = remade(x, positive, [copy[x]], {})
        else:  # made again, as a value without a step that only these uses read
            unnamed = {y: contexts[y] for y in inputs_of(x) if y in contexts and y._name is None}
            inputs = [unnamed.get(y, z) for y, z in zip(inputs_of(x), inputs, strict=True)]
            contexts[x] = remade(x, x._operation, inputs, x._parameters)
        if x in starts:
            copy[x], contexts[x] = contexts[x], copy[x]
            copy[x]._name, copy[x]._t = x._name, x._t
            contexts[x]._t = None
        contexts[x]._name = named[x]
        read_as |= dict.fromkeys(uses[x], contexts[x])
    return copy


def remade(
    x: Tensor, operation: object, inputs: Iterable[Tensor], parameters: Mapping[str, Any]
) -> Tensor:
    """What has the array of a tensor, though made in another way."""
    return Tensor(x._data, x.requires_grad, operation, tuple(inputs), parameters)
