"""The numbers of plus nodes, which are those that the picture of the gradient flow has."""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from functools import partial

from minigrad.notation.expression import Symbol
from minigrad.notation.numbering import flow_order
from minigrad.writing.structure import Item, Model


def plus_numbers(
    model: Model, added: Callable[[Item, int | None], Sequence[int]]
) -> dict[tuple[Symbol, bool], list[int]]:
    """The numbers at each sum; what has a step and what has none are counted apart.

    Of the steps, one between stands for all, as in the picture, whose blocks are numbered anew.
    What meets only at the last or the first step has the numbers that it has there.

    Parameters
    ----------
    model
        The derivation.
    added
        Which of the components of an item meet at a step, or at any if it is None, by their places:
        what comes from other steps, then what comes through each value.

    Returns
    -------
    dict
        By the value, and whether the sum is one at a step, as the share of a step is.
    """
    items = [item for section in model.sections for item in section]
    items.sort(key=lambda item: model.oldest_first.index(item.of))
    computed = {equation.value.name for equation in model.equations}
    numbers: dict[tuple[Symbol, bool], list[int]] = {}
    steps = model.steps and (model.steps[len(model.steps) // 2], model.steps[-1], model.steps[0])
    for has_step, t in ((False, None), *((True, t) for t in (*steps, None))):
        here = [item for item in items if _is_added(item, has_step, computed)]
        found: dict[Symbol, list[int]] = {}
        together = [(item, added(item, t) if has_step else range(len(item.via))) for item in here]
        for number, of in enumerate(_in_order(together, has_step), 1):
            found.setdefault(of, []).append(number)
        numbers = {(of, has_step): of_sum for of, of_sum in found.items()} | numbers
    return numbers


def _in_order(items: Iterable[tuple[Item, Sequence[int]]], has_step: bool) -> Iterator[Symbol]:
    """What the plus nodes belong to, in the order of the flow."""
    owner: dict[str, Symbol] = {}
    tails: dict[str, list[str]] = {}
    for item, together in items:
        key, by_step = _key(item.of), _flowing_in(item, has_step, together)
        if item.is_shared and has_step:
            key += " of a step"
        if not together:
            tails[key] = [source for sources in by_step for source in sources]
            continue
        # Those of a step meet first, two at a time, and then the sums of the steps.
        add_up = partial(_added_up, item.of, key, owner, tails)
        tails[key] = [add_up([add_up(sources) for sources in by_step])]
    return (owner[name] for name in flow_order(owner, tails) if name in owner)


def _added_up(
    of: Symbol,
    key: str,
    owner: dict[str, Symbol],
    tails: dict[str, list[str]],
    sources: Sequence[str],
) -> str:
    """Put in the plus nodes at which sources meet; the last of them, or what there is alone."""
    total, *others = sources
    for source in others:
        plus = f"{key} plus {len(owner)}"
        tails[plus], owner[plus] = [total, source], of
        total = plus
    return total


def _is_added(item: Item, has_step: bool, computed: Container[str]) -> bool:
    """Whether the parts of an item meet at a step, or outside of the steps.

    The shares of a step meet at the step; those of all steps have a node if the value is computed,
    while the gradient of a weight ends at each step.
    """
    if has_step:
        return item.has_step
    return item.of.name in computed if item.is_shared else item.of.t is None


def _key(s: Symbol) -> str:
    return f"{s.name} {s.t}"


def _flowing_in(item: Item, has_step: bool, together: Sequence[int]) -> list[list[str]]:
    """What comes through values, by the step that it comes from; of a weight, what a step gives."""
    through = {part.via.name: part.via for part in item.parts}
    if item.is_shared and not has_step:
        return [["all steps", *(_key(via) for via in through.values() if via.t is None)]]
    components: list[int | Symbol] = [*item.from_steps, *through.values()]
    steps: dict[int, list[str]] = {}
    for x in [components[i] for i in together] or components:
        if isinstance(x, int):
            steps[x] = [f"{item.of.name} from {x}"]
        elif x.t is not None or not item.is_shared:
            steps.setdefault(0, []).append(_key(x))
    return [steps[d] for d in sorted(steps, reverse=True)]
