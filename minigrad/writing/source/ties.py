"""Which axes are equally long whatever their length is: the sizes that arguments have in common."""

from collections.abc import Iterable, Sequence
from itertools import count
from typing import Any, TypeAlias

from minigrad.notation.expression import Apply, Expression, MovingNumber, Number, OverSteps, Symbol
from minigrad.notation.indices import WHOLE, each
from minigrad.notation.shapes import is_elementwise, thin_index
from minigrad.operations import reduction
from minigrad.operations.linear import matmul
from minigrad.operations.lookup import pick, take
from minigrad.operations.shape import (
    broadcast_to,
    concatenate,
    getitem,
    reshape,
    stack,
    transpose,
)
from minigrad.writing.structure import Equation

# An axis of a named value, or one that is known by its number alone; ("", n) has one element for
# each of n steps.
Axis: TypeAlias = tuple[str, int] | int

REDUCTIONS = (reduction.sum, reduction.mean, reduction.max, reduction.logsumexp)


class Ties:
    """The axes of a program, tied where an operation takes them for equally long.

    Parameters
    ----------
    equations
        What the values are computed as.

    Examples
    --------
    >>> from minigrad.notation.nodes import matrix_product
    >>> W, x, z = Symbol("W", None, (2, 3)), Symbol("x", 0, (3, 4)), Symbol("z", 0, (2, 4))
    >>> ties = Ties([Equation(1, z, matrix_product(W, x), (1, 2))])
    >>> ties.root(("W", 1)) == ties.root(("x", 0)), ties.root(("W", 0)) == ties.root(("x", 1))
    (True, False)
    """

    def __init__(self, equations: Iterable[Equation]) -> None:
        self._tied: dict[Axis, Axis] = {}
        self._new = count().__next__
        self._numbers_of_steps: set[int] = set()
        for e in equations:
            self._tie_all(self._axes(e.value), self._axes(e.expression))

    def root(self, axis: Axis) -> Axis:
        """One axis that stands for all that are as long."""
        while axis in self._tied:
            axis = self._tied[axis]
        return axis

    def _tie(self, *axes: Axis) -> Axis:
        first, *others = dict.fromkeys(map(self.root, axes))
        self._tied |= dict.fromkeys(others, first)
        return first

    def _tie_all(self, *of_arrays: Sequence[Axis]) -> list[Axis]:
        return [self._tie(*axes) for axes in zip(*of_arrays, strict=True)]

    def _fresh(self, n: int) -> list[Axis]:
        return [self._new() for _ in range(n)]

    def _axes(self, e: Expression) -> list[Axis]:
        """The axes of an expression; new ones where it is not known what they are as long as."""
        if isinstance(e, Symbol):
            return [(e.name, i) for i in range(len(e.shape))]
        if isinstance(e, Number | MovingNumber):
            return self._fresh(len(e.shape))
        if isinstance(e, OverSteps):
            return self._put_together(e, [self._axes(e.term)])
        inputs = [self._axes(x) for x in e.inputs]
        if e.operation is matmul:
            return self._of_product(inputs[0], inputs[1])
        if e.operation in (stack, concatenate):
            return self._put_together(e, inputs)
        if e.operation in (broadcast_to, *REDUCTIONS) or is_elementwise(e):
            return self._broadcast(e, inputs)
        found = self._of_one(e, inputs)
        return self._fresh(len(e.shape)) if found is None else found

    def _of_product(self, a: Sequence[Axis], b: Sequence[Axis]) -> list[Axis]:
        self._tie(a[-1], b[-2:][0])
        in_front = max(a[:-2], b[:-2], key=len)
        return [*in_front, *a[:-1][-1:], *b[1:][-1:]] if len(b) > 1 else [*a[:-1]]

    def _put_together(self, e: Apply | OverSteps, inputs: Sequence[Sequence[Axis]]) -> list[Axis]:
        """The axes of a sum over steps, a stack, or arrays side by side."""
        if "axis" not in e.parameters:
            return self._tie_all(*inputs)
        if e.parameters["axis"] is None:  # all elements in one row
            return [self._new()]
        axis = e.parameters["axis"] % len(e.shape)
        rest = [[*x[:axis], *x[axis + (e.operation is concatenate) :]] for x in inputs]
        tied = self._tie_all(*rest)
        is_of_steps = isinstance(e, OverSteps) and e.operation is stack
        along: Axis = ("", e.shape[axis]) if is_of_steps else self._new()
        self._numbers_of_steps |= {e.shape[axis]} if is_of_steps else set()
        return [*tied[:axis], along, *tied[axis:]]

    @property
    def of_steps(self) -> dict[Axis, int]:
        """The axes with one element for each step, and how many those are."""
        return {self.root(("", n)): n for n in self._numbers_of_steps}

    def _broadcast(self, e: Apply, inputs: Sequence[Sequence[Axis]]) -> list[Axis]:
        """The axes of a function of each element, of what is repeated, and of sums along axes."""
        axes = self._fresh(len(e.shape))
        if e.operation in REDUCTIONS:
            axis, [x] = e.parameters["axis"], inputs
            gone = range(len(x)) if axis is None else {i % len(x) for i in each(axis)}
            left = [self._new() if i in gone else a for i, a in enumerate(x)]
            return left if e.parameters["keepdims"] else [a for a in left if a in x]
        for given, known in zip(e.inputs, inputs, strict=True):
            for i in range(1, len(known) + 1):
                if given.shape[-i] == e.shape[-i] != 1:
                    axes[-i] = self._tie(known[-i], axes[-i])
        return axes

    def _of_one(self, e: Apply, inputs: Sequence[Sequence[Axis]]) -> list[Axis] | None:
        """The axes of what takes an array apart or turns it, of a lookup, and along an axis."""
        x, parameters = inputs[0], e.parameters
        if e.operation is transpose:
            order = parameters["axes"] or range(len(x))[::-1]
            return [x[i] for i in order]
        if e.operation is reshape and (index := thin_index(e.inputs[0].shape, e.shape)) is not None:
            return self._indexed(x, index)
        if e.operation is getitem:
            return self._indexed(x, parameters["index"])
        if e.operation is take and parameters["axis"] is not None:
            axis = parameters["axis"] % len(x)
            return [*x[:axis], *inputs[1], *x[axis + 1 :]]
        if e.operation is reduction.one_hot:
            axis = parameters["axis"] % len(e.shape)
            return [*x[:axis], self._new(), *x[axis:]]
        if e.operation is pick:
            return [self._tie(x[1 - parameters["axis"]], *inputs[1])]
        if e.operation in (reduction.softmax, reduction.log_softmax):
            return [*x]
        if e.operation is reduction.softmax_cross_entropy:
            axis = parameters["axis"] % max(len(x), 1)
            left = [*x[:axis], *x[axis + 1 :]]
            self._tie_all(x if len(inputs[1]) == len(x) else left, inputs[1])
            return left if len(e.shape) == len(left) else None
        return None

    def _indexed(self, x: Sequence[Axis], index: Any) -> list[Axis] | None:
        """The axes of x[index]; None if arrays are among what it is indexed by."""
        given = [*each(index)]
        if any(
            not (i is None or isinstance(i, int | slice | MovingNumber | type(...))) for i in given
        ):
            return None
        if Ellipsis in given:
            at = given.index(Ellipsis)
            given[at : at + 1] = [WHOLE] * (len(x) - sum(i is not None for i in given) + 1)
        axes, found = [*x], list[Axis]()
        for i in given:
            if i == WHOLE:
                found.append(axes[0])
            elif i is None or isinstance(i, slice):
                found.append(self._new())
            axes = axes[i is not None :]
        return [*found, *axes]
