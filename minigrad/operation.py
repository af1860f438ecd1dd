"""One record for each operation: what it computes, its derivatives, how it is written and drawn."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any, Literal, TypeAlias

import numpy as np

from minigrad import guard
from minigrad.complex_step import NotAStepError
from minigrad.context import current
from minigrad.documentation import docstring_of, signature_of
from minigrad.leaf import constant, stacked
from minigrad.protocol import NUMPY
from minigrad.refusals import explain, refuse_promotion
from minigrad.tensor import OPERATIONS, Tensor

Rule = Callable[..., Any]
Drawn: TypeAlias = Literal["box", "circle", "doublecircle", "formula", "line"]
Kind: TypeAlias = Literal[
    "elementwise", "reduction", "view", "product", "lookup", "linear algebra", "other"
]
Template = str | Callable[..., str]

# How tightly a written operation holds together, from the loosest to the tightest.
SUM, SIGN, PRODUCT, MATRIX_PRODUCT, POWER, FUNCTION = range(1, 7)


class Operation:
    """A primitive: one record of the table, and the function that applies it to tensors.

    Attributes
    ----------
    name
        What it is called, in messages and in the table.
    forward
        The value, `forward(*arrays, **parameters)`.
    vjps
        For each input its rule, `rule(g, y, *inputs, **parameters)`: the cotangent of the input
        from the cotangent `g` of the output `y`; None where there is no gradient. A rule is an
        expression in NumPy's terms: on arrays it computes, on tensors it extends the graph. What
        it returns may be broader than the input: the engine undoes broadcasting.
    sums
        For rules where it pays, by the rule: its sum over many uses of the same input at once,
        called as the rule is but with a list for each argument; gives None if it does not apply.
    kernel
        Where NumPy's own functions would do it in several arrays: `kernel(y, *inputs,
        **parameters)` writes the value into `y`. A plan calls it.
    kind
        What can be said of it without looking at its rule: "elementwise", where each element is
        computed of those in its place, with NumPy's broadcasting; "reduction", along axes;
        "view", which moves elements and changes none; "product", which adds up along axes that
        inputs share; "lookup", by whole numbers; "linear algebra", of matrices; or "other". A plan
        and the printer go by it.
    shapes
        What shapes it takes, in words for people who gave others.
    latex, text
        How it is typeset, and written in plain text: format strings with `{0}`, `{1}` for the
        inputs, and `{{shape}}` for a parameter. With any number of inputs, `{0}` is their list.
        `{{axis}}` is written as a subscript, and only where it is not the default; `{{before}}` as
        a colon for each axis before it.
    precedence
        How tightly what is written so holds together: what needs parentheses in what.
    python
        How it is written in NumPy: a format string like `latex`, or a function that makes one from
        the parameters; None if that is a call of the NumPy function of the same meaning, or else of
        `forward`, whose source is then printed.
    numpy
        The NumPy function that means the same; None if there is none.
    written_in_input
        Whether people write its derivative in its input, 1 - tanh^2(z), and not in its value.
    symbol
        What a picture shows.
    drawn
        As what a picture shows it: "box", "circle" or "doublecircle" for a node with the symbol;
        "formula" for a part of the formula around it; "line" for nothing, since it changes nothing.
    examples
        Shapes of inputs, and parameters, that it is tested on.
    domain
        The interval that inputs are drawn from where it is differentiable.
    """

    def __init__(
        self,
        name: str,
        forward: Callable[..., Any],
        vjps: Iterable[Rule | None],
        sums: Sequence[Rule | None] | None,
        shapes: str,
        latex: str,
        text: str,
        precedence: int,
        python: Template | None,
        numpy: Callable[..., Any] | None,
        written_in_input: bool,
        symbol: str,
        drawn: Drawn,
        examples: Sequence[tuple[Any, ...]],
        domain: tuple[float, float],
        kernel: Callable[..., None] | None = None,
        kind: Kind = "other",
    ) -> None:
        self.name = name
        self.forward = forward
        self.kind = kind
        self.vjps = vjps
        self.kernel = kernel
        self.sums = None if sums is None else dict(zip(vjps, sums, strict=True))
        self.shapes = shapes
        self.latex = latex
        self.text = text
        self.precedence = precedence
        self.python = python
        self.numpy = numpy
        self.written_in_input = written_in_input
        self.symbol = symbol
        self.drawn = drawn
        self.examples = examples
        self.domain = domain
        self.arity = None if isinstance(vjps, _EachInput) else len(tuple(vjps))
        self.differentiable = self.arity is None or any(rule is not None for rule in self.vjps)
        # Parameters are what the function takes by keyword only.
        self.defaults: dict[str, Any] = getattr(forward, "__kwdefaults__", None) or {}
        given = () if self.arity is None else vjps
        rule = next((rule for rule in given if rule is not None), None)
        self.__signature__ = signature_of(rule, self.arity, self.defaults)
        written = without_axes(text).format(*("x",) if self.arity == 1 else "abcd")
        # NumPy's own text tells of options, such as `out`, that there are none of here.
        own = None if forward is numpy else forward.__doc__
        self.__doc__ = own or docstring_of(name, self.__signature__, written, shapes, examples)

    def __repr__(self) -> str:
        return f"<operation {self.name}>"

    def __call__(self, *args: Any, **parameters: Any) -> Tensor:
        """Apply the operation; record it if an input requires a gradient or is known by name."""
        if self.defaults or parameters or len(args) != self.arity:
            args, parameters = self._bind(args, parameters)
        for x in args:
            if type(x) is not Tensor:
                args = tuple(map(stacked, args))
                args = tuple(
                    [v if type(v) is Tensor else constant(v, args, self.name) for v in args]
                )
                break
        arrays = []
        requires_grad = record = opened = False
        for x in args:
            arrays.append(x._data)
            if x.requires_grad:
                requires_grad = record = True
            elif x._operation is not None or x._name is not None:  # known what it was made of
                record = True
            if x._guard is not None and x._guard.opened:
                opened = True
        settings = current()
        observer = settings.observer
        forward = self.forward if observer is None else observer.forward_of(self, args)
        try:
            y = forward(*arrays, **parameters)
        except NotAStepError:
            raise
        except (TypeError, ValueError, IndexError) as error:
            explain(self.name, self.shapes, args, parameters, error)
        if type(y) is not np.ndarray:
            y = np.asarray(y)
        if len(arrays) > 1:
            dtype = y.dtype
            for array in arrays:
                if array is y:
                    y = y.view()  # as any other result that shows an input
                if array.dtype is not dtype:
                    refuse_promotion(self.name, args, dtype)
        elif arrays and y is arrays[0]:
            y = y.view()
        if record and settings.recording:
            result = Tensor(y, requires_grad and self.differentiable, self, args, parameters)
        else:
            result = Tensor(y)
        if y.base is not None and forward is self.forward:  # else it stands in, and shows nothing
            guard.share(result, args)
        if opened:
            guard.seal(result)
        if observer is not None:
            observer.computed(result, self, args, parameters)
        return result

    def on(self, *args: Any, **parameters: Any) -> Any:
        """Apply the operation inside a rule: on arrays it computes, on tensors it is recorded."""
        for x in args:
            if type(x) is Tensor:
                return self(*args, **parameters)
        return self.forward(*args, **parameters)

    def _bind(
        self, args: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Split the arguments into inputs and parameters."""
        if len(args) == self.arity and given.keys() <= self.defaults.keys():
            return args, {**self.defaults, **given}
        if self.arity is None:  # a sequence of inputs, as in np.concatenate((a, b), axis=0)
            if not args or not isinstance(args[0], tuple | list) or not args[0]:
                raise TypeError(
                    f"{self.name}: expected a sequence of tensors, got {args[:1]!r:.80}"
                )
            inputs, extra = tuple(args[0]), args[1:]
        else:
            inputs, extra = args[: self.arity], args[self.arity :]
        names = tuple(self.defaults)
        unknown = [name for name in given if name not in self.defaults]
        if unknown or len(extra) > len(names) or (self.arity and len(inputs) != self.arity):
            wanted = [f"{self.arity} tensors" if self.arity else "a sequence of tensors", *names]
            got = [type(x).__name__ for x in args] + [f"{name}=" for name in given]
            raise TypeError(f"{self.name}: expected {', '.join(wanted)}; got {', '.join(got)}")
        return inputs, {**self.defaults, **dict(zip(names, extra, strict=False)), **given}


def operation(
    forward: Callable[..., Any],
    *vjps: Rule | None,
    name: str | None = None,
    numpy: Callable[..., Any] | None = None,
    each: Rule | None = None,
    sums: Sequence[Rule | None] | None = None,
    kernel: Callable[..., None] | None = None,
    kind: Kind | None = None,
    shapes: str = "shapes that broadcast together",
    latex: str | None = None,
    text: str | None = None,
    precedence: int = FUNCTION,
    python: Template | None = None,
    written_in_input: bool = False,
    symbol: str | None = None,
    drawn: Drawn = "box",
    examples: Sequence[tuple[Any, ...]] | None = None,
    domain: tuple[float, float] = (-2.0, 2.0),
) -> Operation:
    r"""Add an operation to the table.

    Parameters
    ----------
    forward
        Computes the value from arrays. Parameters that are no inputs come by keyword and have a
        default.
    *vjps
        The rule of each input; see `Operation`.
    name
        By default that of `forward`.
    numpy
        The NumPy function that means the same; by default `forward` itself, if it is NumPy's.
    each
        Instead of `vjps`, for any number of inputs: the one rule, `each(g, y, inputs, i=i,
        **parameters)`. It is given all inputs as one sequence, and the position.
    kind
        See `Operation`; by default "elementwise" of a ufunc, else "other", of which nothing is
        taken for granted.
    sums, kernel, shapes, latex, text, precedence, python, written_in_input, symbol, drawn
        See `Operation`.
    examples, domain
        See `Operation`.

    Returns
    -------
    Operation
        The function that applies it to tensors.

    Raises
    ------
    ValueError
        If the table has an operation of that name.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> cube = mg.operation(
    ...     lambda x: x**3, lambda g, y, x: 3 * g * x**2, name="cube", latex="{0}^3", symbol="x³"
    ... )
    >>> mg.grad(cube)(2.0)
    np.float64(12.0)
    """
    name = name or forward.__name__
    if name in OPERATIONS:
        raise ValueError(f"operation: expected a new name, got {name!r}, which the table has")
    rules = vjps if each is None else _EachInput(each)
    if examples is None:
        examples = _SHAPES[len(vjps)]
    if numpy is None and getattr(np, name, None) is forward:
        numpy = forward
    call = "(" + ", ".join(f"{{{i}}}" for i in range(len(vjps) or 1)) + ")"
    record = Operation(
        name,
        forward,
        rules,
        sums,
        shapes,
        latex or rf"\operatorname{{{{{_escaped(name)}}}}}" + call,
        text or name + call,
        precedence,
        python,
        numpy,
        written_in_input,
        symbol or name,
        drawn,
        examples,
        domain,
        kernel,
        kind or _kind_of(forward),
    )
    OPERATIONS[name] = record
    if numpy is not None:
        NUMPY[numpy] = record
    return record


# What operations of one, two and three inputs are tested on where nothing else is said.
_SHAPES: dict[int, Sequence[tuple[Any, ...]]] = {
    0: (),
    1: (((2, 3),), ((),)),
    2: (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (2,))),
    3: (((2, 3), (2, 3), (2, 3)), ((2, 1), (3,), ())),
}


def without_gradient(
    name: str, forward: Callable[..., Any], arity: int, python: Template | None = None
) -> Operation:
    """Make a record that is not in the table, of a function that has no derivative to speak of.

    The table is what can be differentiated; these are for what a trace has to record besides.
    """
    rules = (None,) * arity
    inputs = ", ".join(f"{{{i}}}" for i in range(arity))
    return Operation(
        name=name,
        forward=forward,
        vjps=rules,
        sums=None,
        shapes="shapes that broadcast together",
        latex=rf"\operatorname{{{{{_escaped(name)}}}}}({inputs})",
        text=f"{name}({inputs})",
        precedence=FUNCTION,
        python=python,
        numpy=None,
        written_in_input=False,
        symbol=name,
        drawn="box",
        examples=(),
        domain=(-2.0, 2.0),
        kind=_kind_of(forward),
    )


def _kind_of(forward: Callable[..., Any]) -> Kind:
    is_elementwise = isinstance(forward, np.ufunc) and forward.signature is None
    return "elementwise" if is_elementwise else "other"


class _EachInput:
    """The rules of an operation with any number of inputs: one rule, told the position."""

    def __init__(self, rule: Rule) -> None:
        self.rule = rule

    def __iter__(self) -> Iterator[Rule]:
        return (partial(self.rule, i=i) for i in count())


def without_axes(template: str) -> str:
    """A template of an operation along its default axis."""
    return template.replace("{{axis}}", "").replace("{{before}}", "")


def _escaped(name: str) -> str:
    return name.replace("_", r"\_")
