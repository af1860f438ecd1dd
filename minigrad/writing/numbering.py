"""The numbers of plus nodes, which are those that the picture of the gradient flow has."""

from collections.abc import Callable, Container, Iterator, Sequence
from functools import partial
from typing import TypeAlias

from minigrad.notation.expression import Symbol
from minigrad.notation.numbering import flow_order
from minigrad.notation.trace import Steps
from minigrad.writing.structure import Item, Model

_Sources: TypeAlias = list[list[str]]  # what flows in, by the step that it comes from


class PlusNumbers:
    """The numbers at each sum; what has a step and what has none are counted apart.

    Of steps that are alike, one stands for all, as in the picture, whose blocks are numbered anew.

    Parameters
    ----------
    model
        The derivation.
    added
        Which of the components of an item meet at a step, by their places: what comes from other
        steps, then what comes through each value.
    """

    def __init__(self, model: Model, added: Callable[[Item, int], Sequence[int]]) -> None:
        items = [item for section in model.sections for item in section]
        self.items = sorted(items, key=lambda item: model.oldest_first.index(item.of))
        self.computed = {equation.value.name for equation in model.equations}
        self.added = added
        middle = model.steps[len(model.steps) // 2] if model.steps else 0
        self.blocks = model.blocks
        self.usual_first = sorted(model.blocks, key=lambda x: (-len(x), abs(x.shown - middle)))
        self.at: dict[int | None, dict[Symbol, list[int]]] = {}

    def __bool__(self) -> bool:
        """Whether there is a plus node."""
        return any(self._numbers(t) for t in (None, *(x.shown for x in self.usual_first)))

    def of_sum(self, item: Item, held: Sequence[int] = ()) -> list[int]:
        """The numbers at a sum, which is made so at the steps `held`, or at all."""
        if not item.has_step:
            return self.over_steps(item)
        shown = [x.shown for x in self.usual_first if not held or self._stands_for(x, held, item)]
        for t in [*shown, *held]:
            if item.of in self._numbers(t):
                return self._numbers(t)[item.of]
        return []

    def _stands_for(self, block: Steps, held: Sequence[int], item: Item) -> bool:
        """Whether the step that is drawn of a block adds what one of some steps does."""
        added = self.added(item, block.shown)
        return any(t in block and self.added(item, t) == added for t in held)

    def over_steps(self, item: Item) -> list[int]:
        """The numbers at a sum outside of the steps."""
        return self._numbers(None).get(item.of, [])

    def _numbers(self, t: int | None) -> dict[Symbol, list[int]]:
        """Those at a step, or outside of the steps."""
        if t in self.at:
            return self.at[t]
        found = self.at[t] = {}
        here = [item for item in self.items if _is_added(item, t is not None, self.computed)]
        if t is None:
            flowing_in = [(_outside_of_steps(item, self.blocks), True) for item in here]
        else:
            flowing_in = [_at_a_step(item, self.added(item, t)) for item in here]
        for number, of in enumerate(_in_order(here, flowing_in, t is not None), 1):
            found.setdefault(of, []).append(number)
        return found


def _in_order(
    items: Sequence[Item], flowing_in: Sequence[tuple[_Sources, bool]], has_step: bool
) -> Iterator[Symbol]:
    """What the plus nodes belong to, in the order of the flow."""
    owner: dict[str, Symbol] = {}
    tails: dict[str, list[str]] = {}
    for item, (by_step, meet) in zip(items, flowing_in, strict=True):
        key = _key(item.of)
        if item.is_shared and has_step:
            key += " of a step"
        if not meet:
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


def _at_a_step(item: Item, together: Sequence[int]) -> tuple[_Sources, bool]:
    """What comes through values, by the step that it comes from, and whether it is added."""
    through = {part.via.name: part.via for part in item.parts}
    components: list[int | Symbol] = [*item.from_steps, *through.values()]
    steps: dict[int, list[str]] = {}
    for x in [components[i] for i in together] or components:
        if isinstance(x, int):
            steps[x] = [f"{item.of.name} from {x}"]
        elif x.t is not None or not item.is_shared:
            steps.setdefault(0, []).append(_key(x))
    return [steps[d] for d in sorted(steps, reverse=True)], bool(together)


def _outside_of_steps(item: Item, blocks: Sequence[Steps]) -> _Sources:
    """What comes from outside of the steps, and then, the latest first, what each block gives."""
    outside = [_key(part.via) for part in item.parts if part.via.t is None]
    given = [x.shown for x in blocks if any(x.shown in part.steps for part in item.parts)]
    by_block = [[f"{item.of.name} of {t}"] for t in reversed(given) if item.is_shared]
    return [sources for sources in (list(dict.fromkeys(outside)), *by_block) if sources]
