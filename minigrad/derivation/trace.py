"""The expression that a line computes, recorded once, so that it can be run again with changes.

A line is a plain NumPy function. Called with `Traced` values instead of arrays it says what it
does, by NumPy's protocols (NEP 13 and NEP 18). A step that raises is recorded like any other, so
that a line that raises has an expression too. A line that can't be recorded is one opaque step.
"""

import operator
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.derivation.claims import ALL_STEPS, Step
from minigrad.derivation.derivation import Line
from minigrad.derivation.sizes import require_size

# What a change does to the value at a site, or to what one user of it is given.
Change: TypeAlias = Callable[[Any], Any]
# A node; or only one use of it: by which node, as which operand.
Site: TypeAlias = tuple[int, tuple[int, int] | None]


@dataclass(frozen=True)
class Node:
    """One step of an expression: a function of earlier nodes, a parameter or a constant."""

    function: Callable[..., Any] | None = None
    inputs: tuple[int, ...] = ()
    call: Callable[..., Any] | None = None
    parameter: tuple[str, int | None] | None = None
    constant: Any = None

    def compute(self, given: Mapping[str, Any], operands: Sequence[Any]) -> Any:
        """The value, from the line's arguments and the values of the inputs."""
        if self.call is not None:
            return self.call(*operands)
        return self.constant if self.parameter is None else argument(given, self.parameter)


@dataclass
class Expression:
    """The nodes of a line in the order in which they are computed; the last is the result."""

    nodes: list[Node] = field(default_factory=list)
    result: int = -1

    def run(
        self,
        given: Mapping[str, Any],
        changes: Mapping[Site, Change] | None = None,
        each: Callable[[int, Any], Any] | None = None,
        limit: int | None = None,
    ) -> Any:
        """Compute the result.

        Parameters
        ----------
        given
            The line's arguments.
        changes
            What to change, and where.
        each
            Is applied to the number of every node and its value.
        limit
            The most entries that an array may have.

        Raises
        ------
        ValueError
            If an array would be larger; it is not computed.
        """
        changes = changes or {}
        values: list[Any] = []
        for i, node in enumerate(self.nodes[: self.result + 1]):
            operands = [values[j] for j in node.inputs]
            for k, j in enumerate(node.inputs):
                if (j, (i, k)) in changes:
                    operands[k] = changes[j, (i, k)](operands[k])
            if limit is not None:
                require_size(node.function, operands, limit)
            x = node.compute(given, operands)
            x = x if each is None else each(i, x)
            values.append(changes[i, None](x) if (i, None) in changes else x)
        return values[self.result]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """What every node computes; None where it raises, or what it needs does."""
        values: list[Any] = []
        for node in self.nodes:
            operands = [values[j] for j in node.inputs]
            try:
                failed = any(x is None for x in operands)
                values.append(None if failed else node.compute(given, operands))
            except Exception:  # it raises with wrong shapes, say
                values.append(None)
        return values


def argument(given: Mapping[str, Any], parameter: tuple[str, int | None]) -> Any:
    """The array of a parameter, or its array at one step."""
    name, step = parameter
    return given[name] if step is None else given[name][step]


def expression_of(line: Line, given: Mapping[str, Any]) -> Expression:
    """Record a line's expression; of one that can't be recorded, a single opaque node.

    Whether it gives what the line gives is for the caller to see, with these arguments and others.
    """
    expression = Expression()
    try:
        function = _with_recorded_arrays(line.function, expression)
        result = function(**_parameters(expression, line, given))
        expression.result = _node_of(expression, result)
    except Exception:  # whatever the line does with what is no array
        return opaque(line, given)
    return expression


def _with_recorded_arrays(
    function: Callable[..., Any], expression: Expression
) -> Callable[..., Any]:
    """The function, where it calls NumPy by its name, with arrays that it makes recorded too."""
    if not isinstance(function, types.FunctionType):
        return function
    numpy = RecordingNumPy(expression)
    names = {k: numpy if v is np else v for k, v in function.__globals__.items()}
    copy = types.FunctionType(
        function.__code__, names, argdefs=function.__defaults__, closure=function.__closure__
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


class RecordingNumPy:
    """Stands in for NumPy: arrays that it makes are traced, so that a line may fill them."""

    _MAKERS = frozenset(["array", "asarray", "empty", "eye", "full", "identity", "ones", "zeros"])

    def __init__(self, expression: Expression) -> None:
        self._expression = expression

    def __getattr__(self, name: str) -> Any:
        function = getattr(np, name)
        if name not in self._MAKERS:
            return function
        return lambda *args, **options: _record(self._expression, function, args, options)


def copied(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that a line may change without harm."""
    return {
        name: {step: np.array(x) for step, x in g.items()} if isinstance(g, dict) else _copy(g)
        for name, g in given.items()
    }


def _copy(x: Any) -> Any:
    """An array of its own; the number of a step stays one, as a key of what holds all steps."""
    return x if isinstance(x, int) else np.array(x)


def _parameters(expression: Expression, line: Line, given: Mapping[str, Any]) -> dict[str, Any]:
    """A traced value for each array that the line is given."""

    def leaf(name: str, step: int | None) -> "Traced":
        expression.nodes.append(Node(parameter=(name, step)))
        return Traced(expression, len(expression.nodes) - 1, argument(given, (name, step)))

    return {
        name: {step: leaf(name, step) for step in given[name]}
        if not isinstance(claim, Step) and claim.t is ALL_STEPS
        else leaf(name, None)
        for name, claim in line.given.items()
    }


def opaque(line: Line, given: Mapping[str, Any]) -> Expression:
    """The line as one step from its arguments to its result."""
    expression = Expression()
    _parameters(expression, line, given)
    keys = [node.parameter for node in expression.nodes]

    def call(*arrays: Any) -> Any:
        arguments: dict[str, Any] = {}
        for key, array in zip(keys, arrays, strict=True):
            assert key is not None
            name, step = key
            if step is None:
                arguments[name] = _copy(array)
            else:
                arguments.setdefault(name, {})[step] = np.array(array)
        return line.function(**arguments)

    expression.nodes.append(Node(call, tuple(range(len(keys))), call))
    expression.result = len(keys)
    return expression


_ATTRIBUTES: dict[str, Callable[..., Any]] = {
    "T": np.transpose,
    "mT": np.matrix_transpose,
    "real": np.real,
}


class Traced(NDArrayOperatorsMixin):
    """Stands in for an array, and records what is done with it."""

    __array_priority__ = 1000

    def __init__(self, expression: Expression, node: int, known: Any) -> None:
        self._expression, self._node, self._known = expression, node, known

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        if method == "at":
            return self._change_at(ufunc, *inputs)
        options.pop("out", None)  # x += y gives a new value; other uses are found out by comparing
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return _record(self._expression, function, inputs, options)

    def _change_at(self, ufunc: np.ufunc, x: Any, *operands: Any) -> None:
        if not isinstance(x, Traced):
            raise TypeError("an array that is not traced can't be filled with traced values")
        x._become(_changed_at, ufunc, x, *operands)

    def _become(self, function: Callable[..., Any], *inputs: Any) -> None:
        """Stand for what a change in place makes of it."""
        changed = _record(self._expression, function, inputs, {})
        self._node, self._known = changed._node, changed._known

    def record(self, function: Callable[..., Any], inputs: Any, options: Any) -> "Traced":
        """Record a function that NumPy's protocols do not reach as one step."""
        return _record(self._expression, function, inputs, dict(options))

    def __array_function__(
        self, function: Callable[..., Any], types: Any, inputs: Any, options: Any
    ) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return function(self._value, *inputs[1:], **options)
        return _record(self._expression, function, inputs, options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("a traced value is no array")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        attribute = getattr(np.ndarray, name)
        if name in _ATTRIBUTES:
            return _record(self._expression, _ATTRIBUTES[name], (self,), {})
        if not callable(attribute):
            return getattr(self._value, name)

        def method(x: Any, *args: Any, **options: Any) -> Any:
            return getattr(x, name)(*args, **options)

        method.__name__ = name
        function = getattr(np, name) if name in ("sum", "mean", "dot") else method
        return lambda *args, **options: _record(self._expression, function, (self, *args), options)

    def __getitem__(self, index: Any) -> "Traced":
        return _record(self._expression, operator.getitem, (self, index), {})

    def __setitem__(self, index: Any, x: Any) -> None:
        self._become(_with_item, self, index, x)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> "Iterator[Traced]":
        return (self[i] for i in range(len(self)))

    @property
    def _value(self) -> Any:
        if self._known is None:
            raise ValueError("an earlier step of the line raises")
        return self._known


def _record(
    expression: Expression, function: Callable[..., Any], args: Any, options: dict[str, Any]
) -> Traced:
    """Add a node for a function of traced values and others; compute it, if it can be."""
    inputs: list[int] = []
    known: list[Any] = []
    numbers = isinstance(function, np.ufunc)

    def bind(x: Any) -> Callable[[Sequence[Any]], Any]:
        """Put a place for the value where a traced one stands, however deep."""
        if isinstance(x, Traced) or (numbers and isinstance(x, int | float | np.ndarray)):
            inputs.append(_node_of(expression, x))
            known.append(x._known if isinstance(x, Traced) else x)
            position = len(inputs) - 1
            return lambda operands: operands[position]
        if isinstance(x, slice):
            ends = bind((x.start, x.stop, x.step))
            return lambda operands: slice(*ends(operands))
        if isinstance(x, list | tuple):
            items = [bind(item) for item in x]
            return lambda operands: type(x)(item(operands) for item in items)
        return lambda operands: x

    bound = [bind(x) for x in args]
    named = {name: bind(x) for name, x in options.items()}

    def call(*operands: Any) -> Any:
        keywords = {name: x(operands) for name, x in named.items()}
        return function(*(x(operands) for x in bound), **keywords)

    node = Node(function, tuple(inputs), call)
    expression.nodes.append(node)
    try:
        value = None if any(x is None for x in known) else node.compute({}, known)
    except Exception:  # so does the line
        value = None
    return Traced(expression, len(expression.nodes) - 1, value)


def _with_item(x: Any, index: Any, item: Any) -> Any:
    """What `x[index] = item` makes of x."""
    x = np.array(x)
    x[index] = item
    return x


def _changed_at(ufunc: np.ufunc, x: Any, *operands: Any) -> Any:
    """What `np.add.at(x, index, y)` makes of x."""
    x = np.array(x)
    ufunc.at(x, *operands)
    return x


def _node_of(expression: Expression, x: Any) -> int:
    """The node of a traced value; for anything else a new constant."""
    if isinstance(x, Traced):
        return x._node
    expression.nodes.append(Node(constant=x))
    return len(expression.nodes) - 1
