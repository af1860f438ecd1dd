"""The numbers of plus nodes, which are those that the picture of the gradient flow has."""

from collections.abc import Callable

from minigrad.notation.expression import Symbol
from minigrad.notation.numbering import flow_order
from minigrad.writing.structure import Item, Model


def plus_numbers(model: Model, are_added: Callable[[Item], bool]) -> dict[Symbol, list[int]]:
    """The numbers at the sum of each item; what has a step and what has none are counted apart.

    Parameters
    ----------
    model
        The derivation.
    are_added
        Whether the parts of an item meet.
    """
    items = [item for section in model.sections for item in section]
    items.sort(key=lambda item: model.oldest_first.index(item.of))
    numbers: dict[Symbol, list[int]] = {}
    for has_step in (False, True):
        here = [item for item in items if has_step == (item.is_shared or item.of.t is not None)]
        owner: dict[str, Symbol] = {}
        tails: dict[str, list[str]] = {}
        for item in here:
            sources = [_key(via) for via in _flowing_in(item)]
            if are_added(item):
                total, *others = sources
                for k, source in enumerate(others):
                    plus = f"{_key(item.of)} plus {k}"
                    tails[plus], owner[plus] = [total, source], item.of
                    total = plus
                sources = [total]
            tails[_key(item.of)] = sources
        order = [name for name in flow_order(owner, tails) if name in owner]
        for number, plus in enumerate(order, 1):
            numbers.setdefault(owner[plus], []).append(number)
    return numbers


def _key(s: Symbol) -> str:
    return f"{s.name} {s.t}"


def _flowing_in(item: Item) -> list[Symbol]:
    """What comes from other steps, then through each value; of a weight, what a step gives."""
    from_steps = [Symbol(f"{item.of.name} from", d, ()) for d in item.from_steps]
    through = {part.via.name: part.via for part in item.parts}
    shared = [via for via in through.values() if via.t is not None or not item.is_shared]
    return [*from_steps, *shared]
