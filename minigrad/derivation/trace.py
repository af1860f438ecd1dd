"""The expression that a line computes, recorded once, so that it can be run again with changes.

A line is a plain NumPy function. Called with `Traced` values instead of arrays it says what it
does, by NumPy's protocols (NEP 13 and NEP 18). Nothing is computed while it does, so that a line
that raises has an expression too. A line that can't be recorded is one opaque step.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from minigrad.derivation.claims import ALL_STEPS
from minigrad.derivation.derivation import Line

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


@dataclass
class Expression:
    """The nodes of a line in the order in which they are computed; the last is the result."""

    nodes: list[Node] = field(default_factory=list)
    result: int = -1

    def run(
        self,
        given: Mapping[str, Any],
        changes: Mapping[Site, Change] | None = None,
        each: Change | None = None,
    ) -> Any:
        """Compute the result.

        Parameters
        ----------
        given
            The line's arguments.
        changes
            What to change, and where.
        each
            Is applied to every value on the way.
        """
        changes = changes or {}
        values: list[Any] = []
        for i, node in enumerate(self.nodes[: self.result + 1]):
            if node.call is not None:
                operands = [values[j] for j in node.inputs]
                for k, j in enumerate(node.inputs):
                    if (j, (i, k)) in changes:
                        operands[k] = changes[j, (i, k)](operands[k])
                x = node.call(*operands)
            elif node.parameter is not None:
                x = argument(given, node.parameter)
            else:
                x = node.constant
            x = x if each is None else each(x)
            values.append(changes[i, None](x) if (i, None) in changes else x)
        return values[self.result]

    def values(self, given: Mapping[str, Any]) -> list[Any]:
        """What every node computes; None from where one raises."""
        values: list[Any] = []
        for i in range(len(self.nodes)):
            try:
                values.append(Expression(self.nodes, i).run(given))
            except Exception:  # it raises with wrong shapes, say
                values.append(None)
        return values


def argument(given: Mapping[str, Any], parameter: tuple[str, int | None]) -> Any:
    """The array of a parameter, or its array at one step."""
    name, step = parameter
    return given[name] if step is None else given[name][step]


def expression_of(line: Line, given: Mapping[str, Any]) -> Expression:
    """Record a line's expression; of one that can't be recorded, a single opaque node."""
    expression = Expression()
    try:
        expression.result = _node_of(
            expression, line.function(**_parameters(expression, line, given))
        )
    except Exception:  # whatever the line does with what is no array
        return _opaque(line, given)
    try:
        plain = line.function(**copied(given))
    except Exception:  # it raises; its expression will too, until it is changed
        return expression
    try:
        replayed = expression.run(given)
        same = np.shape(plain) == np.shape(replayed) and np.array_equal(
            plain, replayed, equal_nan=True
        )
    except Exception:  # what it gives is no array, or it can't be run again
        return _opaque(line, given)
    return expression if same else _opaque(line, given)


def copied(given: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments that a line may change without harm."""
    return {
        name: {step: np.array(x) for step, x in g.items()} if isinstance(g, dict) else np.array(g)
        for name, g in given.items()
    }


def _parameters(expression: Expression, line: Line, given: Mapping[str, Any]) -> dict[str, Any]:
    """A traced value for each array that the line is given."""

    def leaf(name: str, step: int | None) -> "Traced":
        expression.nodes.append(Node(parameter=(name, step)))
        return Traced(expression, len(expression.nodes) - 1, given)

    return {
        name: {step: leaf(name, step) for step in given[name]}
        if claim.t is ALL_STEPS
        else leaf(name, None)
        for name, claim in line.inputs.items()
    }


def _opaque(line: Line, given: Mapping[str, Any]) -> Expression:
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
                arguments[name] = np.array(array)
            else:
                arguments.setdefault(name, {})[step] = np.array(array)
        return line.function(**arguments)

    expression.nodes.append(Node(call, tuple(range(len(keys))), call))
    expression.result = len(keys)
    return expression


class Traced(NDArrayOperatorsMixin):
    """Stands in for an array, and records what is done with it."""

    __array_priority__ = 1000

    def __init__(self, expression: Expression, node: int, given: Mapping[str, Any]) -> None:
        self._expression, self._node, self._given = expression, node, given

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        options.pop("out", None)  # x += y gives a new value; other uses are found out by comparing
        return self._record(
            ufunc if method == "__call__" else getattr(ufunc, method), inputs, options
        )

    def __array_function__(
        self, function: Callable[..., Any], types: Any, inputs: Any, options: Any
    ) -> Any:
        if function in (np.shape, np.ndim, np.size):
            return function(self._value, *inputs[1:], **options)
        return self._record(function, inputs, options)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        raise TypeError("a traced value is no array")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        attribute = getattr(np.ndarray, name)
        if name in ("T", "mT"):
            return self._record(np.transpose if name == "T" else np.matrix_transpose, (self,), {})
        if not callable(attribute):
            return getattr(self._value, name)

        def method(x: Any, *args: Any, **options: Any) -> Any:
            return getattr(x, name)(*args, **options)

        method.__name__ = name
        function = getattr(np, name, method) if name in ("sum", "mean", "transpose") else method
        return lambda *args, **options: self._record(function, (self, *args), options)

    def __getitem__(self, index: Any) -> "Traced":
        return self._record(operator.getitem, (self, index), {})

    def __len__(self) -> int:
        return len(self._value)

    def __iter__(self) -> "Iterator[Traced]":
        return (self[i] for i in range(len(self)))

    @property
    def _value(self) -> Any:
        return Expression(self._expression.nodes, self._node).run(self._given)

    def _record(self, function: Callable[..., Any], args: Any, options: dict[str, Any]) -> "Traced":
        inputs: list[int] = []
        expression = self._expression
        numbers = isinstance(function, np.ufunc)

        def bind(x: Any) -> Callable[[tuple[Any, ...]], Any]:
            """Put a place for the value where a traced one stands, however deep."""
            if isinstance(x, Traced) or (numbers and isinstance(x, int | float | np.ndarray)):
                inputs.append(_node_of(expression, x))
                position = len(inputs) - 1
                return lambda operands: operands[position]
            if isinstance(x, list | tuple):
                items = [bind(item) for item in x]
                return lambda operands: type(x)(item(operands) for item in items)
            return lambda operands: x

        bound = [bind(x) for x in args]
        named = {name: bind(x) for name, x in options.items()}

        def call(*operands: Any) -> Any:
            keywords = {name: x(operands) for name, x in named.items()}
            return function(*(x(operands) for x in bound), **keywords)

        expression.nodes.append(Node(function, tuple(inputs), call))
        return Traced(expression, len(expression.nodes) - 1, self._given)


def _node_of(expression: Expression, x: Any) -> int:
    """The node of a traced value; for anything else a new constant."""
    if isinstance(x, Traced):
        return x._node
    expression.nodes.append(Node(constant=x))
    return len(expression.nodes) - 1
