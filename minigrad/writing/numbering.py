"""The numbers of plus nodes, which are those that the picture of the gradient flow has."""

from collections.abc import Callable, Container, Sequence
from functools import partial

from minigrad.notation.expression import Symbol
from minigrad.notation.numbering import flow_order
from minigrad.writing.structure import Item, Model


def plus_numbers(
    model: Model, are_added: Callable[[Item], bool]
) -> dict[tuple[Symbol, bool], list[int]]:
    """The numbers at each sum; what has a step and what has none are counted apart.

    Parameters
    ----------
    model
        The derivation.
    are_added
        Whether the parts of an item meet.

    Returns
    -------
    dict
        By the value, and whether the sum is one at a step, as the share of a step is.
    """
    items = [item for section in model.sections for item in section]
    items.sort(key=lambda item: model.oldest_first.index(item.of))
    computed = {equation.value.name for equation in model.equations}
    numbers: dict[tuple[Symbol, bool], list[int]] = {}
    for has_step in (False, True):
        owner: dict[str, Symbol] = {}
        tails: dict[str, list[str]] = {}
        for item in items:
            if not _is_added(item, has_step, computed):
                continue
            key, by_step = _key(item.of), _flowing_in(item, has_step)
            if item.is_shared and has_step:
                key += " of a step"
            if not are_added(item):
                tails[key] = [source for sources in by_step for source in sources]
                continue
            # Those of a step meet first, two at a time, and then the sums of the steps.
            added = partial(_added, item.of, key, owner, tails)
            tails[key] = [added([added(sources) for sources in by_step])]
        order = [name for name in flow_order(owner, tails) if name in owner]
        for number, plus in enumerate(order, 1):
            numbers.setdefault((owner[plus], has_step), []).append(number)
    return numbers


def _added(
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
        return item.is_shared or item.of.t is not None
    return item.of.name in computed if item.is_shared else item.of.t is None


def _key(s: Symbol) -> str:
    return f"{s.name} {s.t}"


def _flowing_in(item: Item, has_step: bool) -> list[list[str]]:
    """What comes through values, by the step that it comes from; of a weight, what a step gives."""
    through = {part.via.name: part.via for part in item.parts}
    if item.is_shared and not has_step:
        return [["all steps", *(_key(via) for via in through.values() if via.t is None)]]
    own = [_key(via) for via in through.values() if via.t is not None or not item.is_shared]
    steps = {0: own} | {d: [f"{item.of.name} from {d}"] for d in item.from_steps}
    return [steps[d] for d in sorted(steps, reverse=True) if steps[d]]
