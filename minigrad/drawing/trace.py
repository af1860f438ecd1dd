"""What leads to some outputs: to which step each tensor belongs, and which steps are alike."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from minigrad.backprop import by_age, inputs_of
from minigrad.tensor import Tensor


class Trace:
    """A graph, and the step that each of its tensors belongs to.

    Attributes
    ----------
    nodes
        All tensors that lead to the outputs, constants too, from the oldest to the youngest.
    named
        The named ones by name and step.
    users
        For each the tensors that were computed from it.
    step
        For each its step; None outside of the steps. An unnamed value belongs to the step that
        uses it; where several do, or none, to the step of its inputs.
    """

    def __init__(self, outputs: Sequence[Tensor]) -> None:
        found, to_visit = set(outputs), list(outputs)
        self.users: dict[Tensor, list[Tensor]] = {x: [] for x in outputs}
        while to_visit:
            user = to_visit.pop()
            for x in dict.fromkeys(inputs_of(user)):
                if x not in found:
                    found.add(x)
                    to_visit.append(x)
                self.users.setdefault(x, []).append(user)
        self.nodes = sorted(found, key=by_age)
        self.named = {(x._name, x._t): x for x in self.nodes if x._name is not None}
        self.step = self._steps()

    def _steps(self) -> dict[Tensor, int | None]:
        from_inputs: dict[Tensor, int | None] = {}
        for x in self.nodes:
            if x._name is not None:
                from_inputs[x] = x._t
            else:
                from_inputs[x] = _common(from_inputs[i] for i in x._inputs or ())
        step: dict[Tensor, int | None] = {}
        for x in reversed(self.nodes):
            if x._name is not None:
                step[x] = x._t
            else:
                used = {step[user] for user in self.users[x]}
                step[x] = used.pop() if len(used) == 1 and None not in used else from_inputs[x]
        return step

    def blocks(self, steps: Collection[int] | None = None, roll: bool = True) -> list["Steps"]:
        """The steps in order; consecutive ones of the same structure as one."""
        members: dict[int, list[Tensor]] = {}
        outside: dict[Tensor, int] = {}
        place: dict[Tensor, int] = {}
        for x in self.nodes:
            t = self.step[x]
            if t is None:
                outside[x] = len(outside)
            else:
                place[x] = len(members.setdefault(t, []))
                members[t].append(x)

        def reference(x: Tensor, t: int) -> object:
            s = self.step[x]
            if x._name is not None:
                return x._name, None if s is None else s - t
            return outside[x] if s is None else (place[x], s - t)

        def structure(t: int) -> object:
            return [
                (
                    x._name,
                    x._operation and x._operation.name,
                    [reference(i, t) for i in x._inputs or ()],
                    [outside[user] for user in self.users[x] if user in outside],
                )
                for x in members[t]
            ]

        found: list[Steps] = []
        last = None
        # Initial states make no block: a step is one in which something is computed.
        steps = {t for t in members if any(x._operation for x in members[t])} & set(
            members if steps is None else steps
        )
        for t in sorted(steps):
            this = structure(t) if roll else None
            if roll and found and found[-1].last == t - 1 and this == last:
                found[-1] = Steps(found[-1].first, t)
            else:
                found.append(Steps(t, t))
            last = this
        return found


@dataclass(frozen=True)
class Steps:
    """Consecutive steps of the same structure; one of them stands for all."""

    first: int
    last: int

    @property
    def shown(self) -> int:
        """The step that is drawn: one with a step before it and one after it, if there is any."""
        return (self.first + self.last) // 2

    def __contains__(self, t: object) -> bool:
        return isinstance(t, int) and self.first <= t <= self.last

    def __len__(self) -> int:
        return self.last - self.first + 1


def _common(steps: Iterable[int | None]) -> int | None:
    """The one step that values belong to; None if they belong to several, or to none."""
    found = {t for t in steps if t is not None}
    return found.pop() if len(found) == 1 else None
