"""Expressions as data: what a value or an adjoint is, in terms of named ones."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any, Literal, TypeAlias

import numpy as np

from minigrad.operation import Operation
from minigrad.operations.elementwise import add, multiply
from minigrad.operations.shape import transpose
from minigrad.tensor import Array, Tensor

Shape: TypeAlias = tuple[int, ...]


@dataclass(frozen=True)
class Symbol:
    """A leaf with a name: a value, the adjoint of a value, or an array that nobody has named.

    `t` is its time step. Where an expression holds for many steps, it counts from the step at hand.
    """

    name: str
    t: int | None
    shape: Shape
    kind: Literal["value", "adjoint", "constant"] = "value"


class Decimal(float):
    """A number that was typed as a decimal, such as 0.01, and not as 1/100; so are its multiples.

    Examples
    --------
    >>> from minigrad.notation.expression import Decimal
    >>> type(2 * Decimal(0.01)), type(Decimal(0.3) / 3)
    (<class 'minigrad.notation.expression.Decimal'>, <class 'minigrad.notation.expression.Decimal'>)
    """

    def __mul__(self, other: float) -> "Decimal":
        return Decimal(f"{float(self) * other:.15g}")  # 0.3 and not 0.30000000000000004

    def __truediv__(self, other: float) -> "Decimal":
        return self * (1 / other)

    def __neg__(self) -> "Decimal":
        return self * -1

    def __abs__(self) -> "Decimal":
        return self * (-1 if self < 0 else 1)

    __rmul__ = __mul__


@dataclass(frozen=True)
class Number:
    """A number, or an array that holds one number everywhere."""

    value: float
    shape: Shape = ()


@dataclass(frozen=True)
class Apply:
    """An operation of the table, applied. Sums and products have any number of inputs."""

    operation: Operation
    inputs: "tuple[Expression, ...]"
    shape: Shape
    parameters: "Parameters"


class Parameters(dict[str, Any]):
    """The parameters of an operation, as something that can be compared and hashed: they stay."""

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Parameters) and self._key == other._key

    @cached_property
    def _key(self) -> str:
        return repr([(name, _comparable(value)) for name, value in sorted(self.items())])


def _comparable(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.tolist()
    return tuple(map(_comparable, value)) if isinstance(value, tuple) else value


NONE = Parameters()


@dataclass(frozen=True)
class MovingIndex:
    """An index that moves with the time step: `factor` t + `offset`, among the parameters.

    Examples
    --------
    >>> from minigrad.notation.expression import MovingIndex
    >>> t = MovingIndex(0)
    >>> 2 * (t - 1)
    MovingIndex(offset=-2, factor=2)
    """

    offset: int
    factor: int = 1

    def __add__(self, other: int) -> "MovingIndex":
        return MovingIndex(self.offset + other, self.factor)

    def __sub__(self, other: int) -> "MovingIndex":
        return self + -other

    def __mul__(self, other: int) -> "MovingIndex":
        return MovingIndex(self.offset * other, self.factor * other)

    __radd__, __rmul__ = __add__, __mul__

    def at(self, t: int) -> int:
        """The index at a step."""
        return self.factor * t + self.offset

    def shifted(self, by: int) -> "MovingIndex":
        """The same index, with steps counted from another one."""
        return MovingIndex(self.at(by), self.factor)


@dataclass(frozen=True)
class OverSteps:
    """The sum, or the stack, of a term at each step from `first` to `last`, from which t counts."""

    term: "Expression"
    first: int
    last: int
    shape: Shape
    operation: Operation = add
    parameters: Parameters = NONE


Expression: TypeAlias = Symbol | Number | Apply | OverSteps


def inputs_of(e: Expression) -> tuple[Expression, ...]:
    """What an expression is directly made of."""
    if isinstance(e, Apply):
        return e.inputs
    return (e.term,) if isinstance(e, OverSteps) else ()


def with_inputs(e: Expression, inputs: tuple[Expression, ...]) -> Expression:
    """The same expression of other inputs of the same shapes."""
    if isinstance(e, Apply):
        return replace(e, inputs=inputs)
    return replace(e, term=inputs[0]) if isinstance(e, OverSteps) else e


def subexpressions(e: Expression) -> Iterator[Expression]:
    """The expression and everything that it is made of, from the left to the right."""
    to_visit = [e]
    while to_visit:
        e = to_visit.pop()
        yield e
        to_visit.extend(reversed(inputs_of(e)))


def symbols(e: Expression) -> list[Symbol]:
    """The leaves that have a name, each once, from the left to the right."""
    return list(dict.fromkeys(x for x in subexpressions(e) if isinstance(x, Symbol)))


def has_adjoint(e: Expression) -> bool:
    """Whether an adjoint occurs in it."""
    return any(isinstance(x, Symbol) and x.kind == "adjoint" for x in subexpressions(e))


def has_moving_index(e: Expression) -> bool:
    """Whether it reads otherwise at another step, though its values were the same."""
    found: list[MovingIndex] = []
    for x in subexpressions(e):
        if isinstance(x, Apply):
            with_moved(x.parameters, found.append)
    return found != []


def transform(e: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Change every part, from the leaves to the root."""
    inputs = inputs_of(e)
    changed = tuple(transform(x, change) for x in inputs)
    return change(e if all(map(_same, changed, inputs)) else with_inputs(e, changed))


def _same(a: object, b: object) -> bool:
    return a is b


def shifted(e: Expression, by: int) -> Expression:
    """Move every time step, as from step 5 of the program to "the step at hand"."""
    if by == 0:
        return e
    if isinstance(e, Symbol):
        return e if e.t is None else replace(e, t=e.t + by)
    if isinstance(e, OverSteps):
        return replace(e, first=e.first + by, last=e.last + by)
    if isinstance(e, Number):
        return e
    inputs = tuple(shifted(x, by) for x in e.inputs)
    return replace(e, inputs=inputs, parameters=with_moved(e.parameters, lambda i: i.shifted(by)))


def with_moved(parameters: Parameters, change: Callable[[MovingIndex], Any]) -> Parameters:
    """The parameters with every index changed that moves with the time step."""
    return with_indices(parameters, lambda i: change(i) if isinstance(i, MovingIndex) else i)


def with_indices(parameters: Parameters, change: Callable[[int | MovingIndex], Any]) -> Parameters:
    """The parameters with every single index changed, those at the ends of slices too."""

    def changed(x: Any) -> Any:
        if isinstance(x, int | MovingIndex) and not isinstance(x, bool):
            return change(x)
        if isinstance(x, slice):
            return slice(changed(x.start), changed(x.stop), x.step)
        return tuple(map(changed, x)) if isinstance(x, tuple) else x

    index = parameters.get("index")
    return parameters if index is None else Parameters({**parameters, "index": changed(index)})


def evaluate(e: Expression, lookup: Callable[[Symbol], Any], t: int = 0) -> Any:
    """The number that an expression stands for.

    Parameters
    ----------
    e
        The expression.
    lookup
        The array of each symbol.
    t
        The step at hand.
    """
    if isinstance(e, Symbol):
        return lookup(e)
    if isinstance(e, Number):
        return np.broadcast_to(e.value, e.shape) if e.shape else e.value
    if isinstance(e, OverSteps):
        steps = range(e.first, e.last + 1)
        arguments = [evaluate(shifted(e.term, s), lookup) for s in steps]
    else:
        arguments = [evaluate(x, lookup, t) for x in e.inputs]
    if e.operation in (add, multiply):
        return reduce(e.operation.forward, arguments)
    result = e.operation.forward(*arguments, **with_moved(e.parameters, lambda i: i.at(t)))
    return result * 1.0 if np.asarray(result).dtype == bool else result  # [0 < x] is a number


class Reader:
    """Reads expressions off the graph, as far as the next named values.

    Attributes
    ----------
    arrays : dict
        Arrays that nobody has named, by the names that they are given here, and their steps.
    """

    def __init__(
        self,
        leaves: Mapping[Tensor, Expression],
        simplify: Callable[[Apply], Expression] = lambda e: e,
    ) -> None:
        self.leaves = leaves
        self.simplify = simplify
        self.arrays: dict[tuple[str, int | None], Array] = {}
        self._places = {_place(x._data): e for x, e in leaves.items()}

    def read(self, root: Tensor) -> Expression:
        """The expression of a tensor; of a named one, what it was computed as."""
        known: dict[Tensor, Expression] = {}
        to_visit = [root]
        while to_visit:
            x = to_visit[-1]
            missing = [u for u in x._inputs or () if u not in known and u not in self.leaves]
            if missing and (x is root or x not in self.leaves):
                to_visit += missing
                continue
            to_visit.pop()
            if x not in known:
                known[x] = self._expression(x, known)
        return known[root]

    def read_contribution(self, root: Tensor) -> Expression:
        """The expression of a contribution, which may be another value's adjoint unchanged."""
        return self.leaves[root] if root in self.leaves else self.read(root)

    def _expression(self, x: Tensor, known: Mapping[Tensor, Expression]) -> Expression:
        constant = self._view(x) if x._operation is None else None
        if constant := constant or number_of(x):
            return constant
        if x._operation is None:
            return Symbol("", None, x.shape, "constant")
        inputs = tuple(self.leaves[u] if u in self.leaves else known[u] for u in x._inputs or ())
        for i, u in enumerate(x._inputs or ()):
            if inputs[i] == Symbol("", None, u.shape, "constant"):
                constant = self._named(x, i, u._data, inputs)
                inputs = (*inputs[:i], constant, *inputs[i + 1 :])
        return self.simplify(Apply(x._operation, inputs, x.shape, Parameters(x._parameters)))

    def _view(self, x: Tensor) -> Expression | None:
        """What a constant shows, if it is a named value or the transpose of one.

        How constants are made is not recorded; a transpose is seen from where its elements lie.
        """
        for array, turned in ((x._data, False), (x._data.mT if x.ndim > 1 else x._data, True)):
            if _place(array) in self._places:
                e = self._places[_place(array)]
                axes = None if x.ndim == 2 else (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2)
                if not turned:
                    return e
                return self.simplify(Apply(transpose, (e,), x.shape, Parameters(axes=axes)))
        return None

    def _named(self, x: Tensor, i: int, array: Array, inputs: tuple[Expression, ...]) -> Symbol:
        """Give an array that nobody has named the name and the step that its use suggests."""
        steps = [s.t for e in inputs for s in symbols(e) if s.t is not None]
        t = max(steps) if steps else None
        base = _argument_name(x._operation, i)
        taken = {e.name for e in self.leaves.values() if isinstance(e, Symbol)}
        for n in range(1, len(self.arrays) + len(taken) + 2):
            name = base if n == 1 else f"{base}_{n}"
            if name in taken:
                continue
            given = self.arrays.setdefault((name, t), array)
            if given is array or np.array_equal(given, array):
                break
        return Symbol(name, t, array.shape, "constant")


def _place(array: Array) -> tuple[int, tuple[int, ...], tuple[int, ...]]:
    """Where the elements of an array lie in memory, and in which order."""
    return array.__array_interface__["data"][0], array.shape, array.strides


def _argument_name(operation: Operation, i: int) -> str:
    """What the operation calls its argument: `labels`; a ufunc has no telling names."""
    if isinstance(operation.forward, np.ufunc) or operation.arity is None:
        return "k"
    return list(inspect.signature(operation.forward).parameters)[i]


def number_of(x: Tensor) -> Number | None:
    """The number that a constant, or what is computed of constants, holds everywhere, if it does.

    What holds one number because a named value does, keeps that name.
    """
    found = None if x.requires_grad else _number(x._data)
    to_visit = [x] if found else []
    while to_visit:
        u = to_visit.pop()
        if u.requires_grad or (u._name is not None and _number(u._data)):
            return None
        to_visit += u._inputs or ()
    return found


def _number(array: Array) -> Number | None:
    """The number that an array holds everywhere; the noise of the last digits is none."""
    if array.size == 0 or array.dtype.kind not in "fiub":
        return None
    value = float(str(array.flat[0] + 0))  # the shortest decimal that means this number
    spread = np.ptp(array.astype(float))
    if spread == 0 and np.isfinite(value):
        return Number(_as_typed(value), array.shape)
    if array.dtype.kind == "f" and spread <= 4 * np.finfo(array.dtype).eps * abs(value):
        return Number(float(f"{value:.6g}"), array.shape)  # as labels that sum to one
    return None


def _as_typed(value: float) -> float:
    """A number, as a decimal if it is short; but 0.5 and 0.25 people write as fractions."""
    is_short = float(f"{value:.3g}") == value
    return Decimal(value) if is_short and not (8 * value).is_integer() else value
