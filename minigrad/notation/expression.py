"""Expressions as data: what a value or an adjoint is, in terms of named ones."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, reduce
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from minigrad.operation import Operation
from minigrad.operations.elementwise import add, multiply

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

    @cached_property
    def _hash(self) -> int:
        return hash((self.operation, self.inputs, self.shape, self.parameters))

    def __hash__(self) -> int:  # of each node once, however often it is asked for
        return self._hash


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
class MovingNumber:
    """A number that moves with the time step: `factor` t + `offset`.

    It stands among the parameters, as an index, or by itself in an expression.

    Examples
    --------
    >>> from minigrad.notation.expression import MovingNumber
    >>> t = MovingNumber(0)
    >>> 2 * (t - 1)
    MovingNumber(offset=-2, factor=2)
    """

    offset: int
    factor: int = 1
    shape: ClassVar[Shape] = ()

    def __add__(self, other: int) -> "MovingNumber":
        return MovingNumber(self.offset + other, self.factor)

    def __sub__(self, other: int) -> "MovingNumber":
        return self + -other

    def __mul__(self, other: int) -> "MovingNumber":
        return MovingNumber(self.offset * other, self.factor * other)

    __radd__, __rmul__ = __add__, __mul__

    def at(self, t: int) -> int:
        """The index at a step."""
        return self.factor * t + self.offset

    def shifted(self, by: int) -> "MovingNumber":
        """The same number, with steps counted from another one."""
        return MovingNumber(self.at(by), self.factor)


@dataclass(frozen=True)
class OverSteps:
    """The sum, or the stack, of a term at each step from `first` to `last`, from which t counts."""

    term: "Expression"
    first: int
    last: int
    shape: Shape
    operation: Operation = add
    parameters: Parameters = NONE


Expression: TypeAlias = Symbol | Number | MovingNumber | Apply | OverSteps


def inputs_of(e: Expression) -> tuple[Expression, ...]:
    """What an expression is directly made of."""
    if isinstance(e, Apply):
        return e.inputs
    return (e.term,) if isinstance(e, OverSteps) else ()


def with_inputs(e: Expression, inputs: tuple[Expression, ...]) -> Expression:
    """The same expression of other inputs of the same shapes; itself if they are no others."""
    if all(a is b for a, b in zip(inputs, inputs_of(e), strict=True)):
        return e
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


def has_moving_number(e: Expression) -> bool:
    """Whether it reads otherwise at another step, though its values were the same."""
    found: list[MovingNumber] = []
    for x in subexpressions(e):
        if isinstance(x, Apply):
            with_moved(x.parameters, found.append)
        elif isinstance(x, MovingNumber):
            return True
    return found != []


def transform(e: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """Change every part, from the leaves to the root."""
    return change(with_inputs(e, tuple(transform(x, change) for x in inputs_of(e))))


def shifted(e: Expression, by: int) -> Expression:
    """Move every time step, as from step 5 of the program to "the step at hand"."""
    if by == 0:
        return e
    if isinstance(e, Symbol):
        return e if e.t is None else replace(e, t=e.t + by)
    if isinstance(e, OverSteps):
        return replace(e, first=e.first + by, last=e.last + by)
    if isinstance(e, MovingNumber):
        return e.shifted(by)
    if isinstance(e, Number):
        return e
    inputs = tuple(shifted(x, by) for x in e.inputs)
    return replace(e, inputs=inputs, parameters=with_moved(e.parameters, lambda i: i.shifted(by)))


def with_moved(parameters: Parameters, change: Callable[[MovingNumber], Any]) -> Parameters:
    """The parameters with every index changed that moves with the time step."""
    return with_indices(parameters, lambda i: change(i) if isinstance(i, MovingNumber) else i)


def with_indices(parameters: Parameters, change: Callable[[int | MovingNumber], Any]) -> Parameters:
    """The parameters with every single index changed, those at the ends of slices too."""

    def changed(x: Any) -> Any:
        if isinstance(x, int | MovingNumber) and not isinstance(x, bool):
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
    if isinstance(e, MovingNumber):
        return e.at(t)
    if isinstance(e, OverSteps):
        steps = range(e.first, e.last + 1)
        arguments = [evaluate(shifted(e.term, s), lookup) for s in steps]
    else:
        arguments = [evaluate(x, lookup, t) for x in e.inputs]
    if e.operation in (add, multiply):
        return reduce(e.operation.forward, arguments)
    result = _applied(e.operation, arguments, with_moved(e.parameters, lambda i: i.at(t)))
    is_bracket = getattr(result, "dtype", None) == np.dtype(bool)
    return result * 1.0 if is_bracket else result  # [0 < x] is a number


def _applied(operation: Operation, arguments: Sequence[Any], parameters: Parameters) -> Any:
    """What an operation makes of arrays, or of what stands in for them and records it."""
    if operation.arity == 1 or operation.defaults:  # they ask for the shape or the dtype
        arguments = [np.asarray(x) if isinstance(x, int | float) else x for x in arguments]
    try:
        return operation.forward(*arguments, **parameters)
    except TypeError:
        recorder = next((x for x in arguments if hasattr(x, "record")), None)
        if recorder is None:
            raise
        return recorder.record(operation.forward, arguments, parameters)
