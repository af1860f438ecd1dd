"""Reads expressions off a graph, as far as the next named values."""

import inspect
from collections.abc import Callable, Mapping
from itertools import chain

import numpy as np

from minigrad.notation.expression import (
    NONE,
    Apply,
    Decimal,
    Expression,
    Number,
    Parameters,
    Symbol,
    symbols,
)
from minigrad.notation.indices import WHOLE, by_axis, is_plain
from minigrad.notation.irrational import PI, meaning
from minigrad.notation.nodes import is_
from minigrad.operation import Operation
from minigrad.operations.elementwise import add, astype
from minigrad.operations.reduction import one_hot
from minigrad.operations.reduction import sum as sum_
from minigrad.operations.shape import getitem, transpose
from minigrad.tensor import Array, Tensor


class Reader:
    """Reads expressions off the graph, as far as the next named values.

    Attributes
    ----------
    arrays : dict
        Arrays that nobody has named, by the names that they are given here, and their steps.
    distributions : dict
        The axes along which labels add up to one, by their names, where that has been made use of.
    """

    def __init__(
        self,
        leaves: Mapping[Tensor, Expression],
        simplify: Callable[[Apply], Expression] = lambda e: e,
    ) -> None:
        self.leaves = leaves
        self.simplify = simplify
        self.arrays: dict[tuple[str, int | None], Array] = {}
        self.distributions: dict[str, int] = {}
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
        return self._simple(known[root])

    def read_contribution(self, root: Tensor) -> Expression:
        """The expression of a contribution, which may be another value's adjoint unchanged."""
        return self.leaves[root] if root in self.leaves else self.read(root)

    def _expression(self, x: Tensor, known: Mapping[Tensor, Expression]) -> Expression:
        constant = self._view(x) if x._operation is None else None
        if (labels := distribution_in(x)) and labels[0]._name is not None:
            self.distributions[labels[0]._name] = labels[1]
        if constant := constant or number_of(x):
            return constant
        if x._operation is None:
            return Symbol("", None, x.shape, "constant")
        inputs = tuple(self.leaves[u] if u in self.leaves else known[u] for u in x._inputs or ())
        for i, u in enumerate(x._inputs or ()):
            if inputs[i] == Symbol("", None, u.shape, "constant") or _counts(x, i):
                constant = self._named(x, i, u._data, inputs)
                inputs = (*inputs[:i], constant, *inputs[i + 1 :])
        if x._operation is add:
            terms = [u.inputs if is_(u, add) else (u,) for u in inputs]
            return Apply(add, tuple(chain(*terms)), x.shape, NONE)
        operands = tuple(map(self._simple, inputs))
        return self.simplify(Apply(x._operation, operands, x.shape, Parameters(x._parameters)))

    def _simple(self, e: Expression) -> Expression:
        """A sum of any number of terms is simplified once, when all of them are there."""
        return self.simplify(e) if is_(e, add) else e

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
        for (name, step), given in self.arrays.items():
            if given is array and step == t:  # by the name that another use of it suggested
                return Symbol(name, t, array.shape, "constant")
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


def _counts(x: Tensor, i: int) -> bool:
    """Whether an input has whole numbers that count along an axis, such as words or classes.

    They are no number, though they may be equal.
    """
    u = (x._inputs or ())[i]
    is_given = u._operation is None and u._name is None
    along_axis = x._operation.arity == 2 and "axis" in x._parameters
    return is_given and along_axis and u.ndim > 0 and u.dtype.kind in "iu"


def _argument_name(operation: Operation, i: int) -> str:
    """What the operation calls its argument: `labels`; a ufunc has no telling names."""
    if isinstance(operation.numpy, np.ufunc) or operation.arity is None:
        return "k"
    return list(inspect.signature(operation.forward).parameters)[i]


def number_of(x: Tensor) -> Number | None:
    """The number that a constant holds everywhere, if it does and no named value is behind it.

    Of labels that add up to one, the sum is that number, so that nobody has to write it.
    """
    if distribution_in(x):
        return Number(1, x.shape)
    found = None if x.requires_grad else _number(x._data)
    to_visit = [x] if found else []
    while to_visit:
        u = to_visit.pop()
        if u.requires_grad or u._name is not None:
            return None
        to_visit += u._inputs or ()
    return found


def _number(array: Array) -> Number | None:
    """The number that an array holds everywhere."""
    if array.size == 0 or array.dtype.kind not in "fiu":
        return None
    if array.dtype.kind != "f":  # whole numbers stay so: they may count
        is_one = (array == array.flat[0]).all()
        return Number(int(array.flat[0]), array.shape) if is_one else None
    value = float(str(array.flat[0] + 0))  # the shortest decimal that means this number
    is_one = np.isfinite(value) and np.ptp(array.astype(float)) == 0
    return Number(_as_typed(value), array.shape) if is_one else None


def _as_typed(value: float) -> float:
    """A number, as a decimal if it is short; but 0.5 and 0.25 people write as fractions."""
    is_short = float(f"{value:.3g}") == value
    return Decimal(value) if is_short and not (8 * value).is_integer() else value


def is_typed(value: float) -> bool:
    """Whether a number has few digits, or comes from π."""
    digits = f"{abs(value):.12g}".partition("e")[0].replace(".", "").strip("0")
    meant = meaning(abs(value))
    return len(digits) <= 6 or (meant is not None and PI in symbols(meant))


def distribution_in(x: Tensor) -> tuple[Tensor, int] | None:
    """The labels that a constant is the sum of, and along which axis, if that is one everywhere.

    They are a leaf with a name, or one at each class number.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> from minigrad.notation.reader import distribution_in
    >>> y = mg.tensor(np.array([[[0.2, 0.8]], [[0.6, 0.4]]]), name="y")
    >>> labels, axis = distribution_in(y[0].sum(axis=1, keepdims=True))
    >>> labels is y, axis
    (True, 2)
    """
    if x.requires_grad or x._operation is not sum_ or not x._parameters["keepdims"]:
        return None
    [y], axis = x._inputs or (), x._parameters["axis"]
    noise = 4 * np.finfo(x._data.dtype).eps if x._data.dtype.kind == "f" else 0
    if not isinstance(axis, int) or not np.allclose(x._data, 1, rtol=noise, atol=0):
        return None
    axis %= y.ndim
    while y._operation is astype:
        [y] = y._inputs or ()
    if y._operation is getitem and is_plain(index := y._parameters["index"]):
        [y] = y._inputs or ()
        taken = by_axis(index, y.ndim)
        axis = [i for i, part in enumerate(taken) if isinstance(part, slice)][axis]
        if taken[axis] != WHOLE:
            return None
    is_given = y._operation is None and y._name is not None
    return (y, axis) if is_given or y._operation is one_hot else None
