"""Which steps a picture shows, and how they are written."""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TypeAlias

from minigrad.drawing.formula import Formula, leaf, named, unnamed
from minigrad.drawing.picture import Block
from minigrad.notation.expression import Expression, Parameters
from minigrad.notation.reader import number_of
from minigrad.notation.steps import moving_between
from minigrad.notation.trace import Steps, Trace
from minigrad.operation import SUM
from minigrad.tensor import Tensor

Pairs: TypeAlias = Iterable[tuple[Tensor, Tensor]]


class Blocks:
    """The blocks of a picture: for each the steps that it stands for.

    Parameters
    ----------
    trace
        The graph.
    steps
        Draw these alone; by default all.
    roll
        Draw steps that are alike once.
    origin
        The step that is written t, its neighbours t-1 and t+1; by default steps of a block that
        stands for several are written so, and others by their numbers.
    """

    def __init__(
        self, trace: Trace, steps: Collection[int] | None, roll: bool, origin: int | None
    ) -> None:
        if steps is not None:
            known = {t for t in trace.step.values() if t is not None}
            missing = sorted(set(steps) - known)
            if missing or not steps:
                raise ValueError(
                    f"draw: expected steps from {min(known, default='none')} to "
                    f"{max(known, default='none')}, got {missing or 'none'}"
                )
        self.trace = trace
        self.steps = trace.blocks(steps, roll and steps is None)
        self.origin = origin
        self._of_step = {t: k for k, block in enumerate(self.steps) for t in _range(block)}
        self._only = None if steps is None else set(steps)

    @property
    def are_chosen(self) -> bool:
        """Whether some steps are to be drawn alone."""
        return self._only is not None

    def __getitem__(self, t: int | None) -> int | None:
        """The index of the block that a step is in; None if it is not drawn."""
        return None if t is None else self._of_step.get(t)

    def is_shown(self, t: int | None) -> bool:
        """Whether the values of a step are drawn themselves; those outside of all blocks are."""
        block = self[t]
        if block is None:
            return t is None or self._only is None or t in self._only
        return self.steps[block].shown == t

    def shown(self, t: int) -> int | None:
        """The step that stands for this one; None if it is not drawn."""
        block = self[t]
        if block is None:
            return t if self.is_shown(t) else None
        return self.steps[block].shown

    def alike(self, t: int | None) -> Sequence[int | None]:
        """The steps that a step stands for."""
        block = self[t]
        return [t] if block is None else list(_range(self.steps[block]))

    def written(self, t: int | None, seen_from: int | None) -> str:
        """How a step is written where another one is at hand."""
        if t is None:
            return ""
        origin = self.origin
        block = self[seen_from]
        if origin is None and block is not None and len(self.steps[block]) > 1:
            origin = self.steps[block].shown
        return str(t) if origin is None else _relative(t, origin)

    def label(self, name: str, t: int | None, seen_from: int | None, bold: bool) -> Formula:
        """A named value at a step.

        In mathematics t is the step of the block that it stands in: the block's title says which.
        """
        return named(name, self.symbol(t, seen_from), self.written(t, seen_from), bold)

    def number(self, x: Tensor) -> Expression | None:
        """A number that differs from repeat to repeat: from the least to the greatest."""
        t = self.trace.step.get(x)
        if x._operation is not None or x._name is not None or self[t] is None:
            return None
        numbers = {y: number_of(y) for y in self.trace.alike(x, self.alike(t))}
        known = {y: number.value for y, number in numbers.items() if number is not None}
        if len(known) < len(numbers) or len(set(known.values())) == 1:
            return None
        least, most = (unnamed(end(known, key=known.__getitem__)) for end in (min, max))
        latex, text = rf"{least.latex} \ldots {most.latex}", f"{least.text}…{most.text}"
        return leaf(x, Formula(latex, text, SUM))

    def moving(self, here: int | None, beside: Callable[[int], Pairs]) -> dict[Tensor, Parameters]:
        """Parameters that are others at each step that this one stands for, as the index in X[t-1].

        Parameters
        ----------
        beside
            What stands at this step, each with what stands in its place at another one.
        """
        block = self[here]
        if here is None or block is None:
            return {}
        first, last = self.steps[block].first, self.steps[block].last
        found: dict[Tensor, list[Parameters]] = {}
        for other in {first, min(here + 1, last), last} - {here}:
            for x, y in beside(other):
                if "index" in x._parameters:
                    both = Parameters(x._parameters), Parameters(y._parameters)
                    found.setdefault(x, []).append(moving_between(*both, here, other))
        return {x: way for x, (way, *others) in found.items() if all(w == way for w in others)}

    def symbol(self, t: int | None, seen_from: int | None) -> str:
        """How a step is written in mathematics."""
        block = self[seen_from]
        if block is None or t is None:
            return self.written(t, seen_from)
        return _relative(t, self.steps[block].shown)

    def titled(self) -> list[Block]:
        """The blocks with their titles."""
        return [Block(self._title(steps)) for steps in self.steps]

    def _title(self, steps: Steps) -> str:
        if len(steps) == 1:
            here = "t =" if self.origin is None else "step"
            return f"{here} {self.written(steps.first, steps.first)}"
        # What is another at each step, and does not move evenly, is that of the step that is drawn.
        title = f"t = {steps.first} … {steps.last}   ×{len(steps)}"
        return f"{title}   (drawn: t = {steps.shown})"


def _relative(t: int, origin: int) -> str:
    return "t" if t == origin else f"t{t - origin:+d}"


def _range(steps: Steps) -> range:
    return range(steps.first, steps.last + 1)
