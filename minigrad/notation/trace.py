"""What leads to some outputs: to which step each tensor belongs, and which steps are alike."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from minigrad.backprop import by_age, inputs_of
from minigrad.operations.elementwise import add
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
    terms
        For each sum over steps its terms. It may be written as a chain, J = ((L(1) + L(2)) + L(3)):
        what is inside of the chain belongs to no step.
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
        self._total: dict[Tensor, Tensor] = {}  # of each addition in a sum over steps
        self.step = self._steps()
        self.terms: dict[Tensor, list[Tensor]] = {}
        for x, total in sorted(self._total.items(), key=lambda item: by_age(item[0])):
            terms = [i for i in _terms(x) if self._total.get(i) is not total]
            self.terms.setdefault(total, []).extend(terms)
        self._members: dict[int, list[Tensor]] = {}
        self._place: dict[Tensor, int] = {}  # among those of its step
        for x in self.nodes:
            t = self.step[x]
            if t is not None:
                self._place[x] = len(self._members.setdefault(t, []))
                self._members[t].append(x)

    def alike(self, x: Tensor, steps: Iterable[int | None]) -> list[Tensor]:
        """What stands, in steps that are alike, where a tensor stands in its own."""
        return [self._members[t][self._place[x]] for t in steps if t is not None]

    def beside(self, t: int, u: int) -> Iterator[tuple[Tensor, Tensor]]:
        """The tensors of two steps that are alike, in pairs."""
        return zip(self._members[t], self._members[u], strict=True)

    def _steps(self) -> dict[Tensor, int | None]:
        from_inputs: dict[Tensor, list[int]] = {}  # of several steps, two are kept
        for x in self.nodes:
            if x._name is not None:
                from_inputs[x] = [] if x._t is None else [x._t]
            else:
                from_inputs[x] = sorted({t for i in x._inputs or () for t in from_inputs[i]})[:2]
        step: dict[Tensor, int | None] = {}
        for x in reversed(self.nodes):
            if x._name is not None:
                step[x] = x._t
            else:
                used, own = {step[user] for user in self.users[x]}, from_inputs[x]
                if len(used) == 1 and None not in used:
                    step[x] = used.pop()
                else:
                    step[x] = own[0] if len(own) == 1 else None
            if x._operation is add:
                mixed = len({t for i in _terms(x) for t in from_inputs[i]}) > 1
                self._add_to_sum(x, step, mixed)
        return step

    def _add_to_sum(self, x: Tensor, step: dict[Tensor, int | None], mixed: bool) -> None:
        """Take chains of additions across steps as one sum each."""
        [user] = self.users[x] if len(self.users[x]) == 1 else [None]
        inside = user is not None and x._name is None and user in self._total
        if inside and (mixed or len(_terms(x)) == 1):
            self._total[x] = self._total[user]  # type: ignore[index]
            step[x] = None
        elif mixed and step[x] is None:
            self._total[x] = x

    def blocks(self, steps: Collection[int] | None = None, roll: bool = True) -> list["Steps"]:
        """The steps in order; consecutive ones of the same structure as one."""
        members, place = self._members, self._place
        outside = {x: k for k, x in enumerate(x for x in self.nodes if self.step[x] is None)}

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
                    [outside[self._total.get(u, u)] for u in self.users[x] if u in outside],
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


def _terms(x: Tensor) -> list[Tensor]:
    """What an addition adds, without the number 0 that Python's `sum` begins with."""
    return [i for i in x._inputs or () if i._operation or i._name or i.ndim or i._data.item()]
