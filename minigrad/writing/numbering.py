"""The numbers of plus nodes, which are those that the picture of the gradient flow has."""

from collections.abc import Callable, Container

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
            key, sources = _key(item.of), _flowing_in(item, has_step)
            if item.is_shared and has_step:
                key += " of a step"
            if are_added(item):
                total, *others = sources
                for k, source in enumerate(others):
                    plus = f"{key} plus {k}"
                    tails[plus], owner[plus] = [total, source], item.of
                    total = plus
                sources = [total]
            tails[key] = sources
        order = [name for name in flow_order(owner, tails) if name in owner]
        for number, plus in enumerate(order, 1):
            numbers.setdefault((owner[plus], has_step), []).append(number)
    return numbers


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


def _flowing_in(item: Item, has_step: bool) -> list[str]:
    """What comes from other steps, then through each value; of a weight, what a step gives."""
    from_steps = [f"{item.of.name} from {d}" for d in item.from_steps]
    through = {part.via.name: part.via for part in item.parts}
    if not item.is_shared:
        return [*from_steps, *map(_key, through.values())]
    if has_step:
        return [_key(via) for via in through.values() if via.t is not None]
    loose = [_key(via) for via in through.values() if via.t is None]
    return ["all steps", *loose]
