"""The value that remembers how it was made: one node of the computation graph."""

import itertools
import operator
import sys
import weakref
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from minigrad import guard
from minigrad.context import current, setting
from minigrad.guard import Guard
from minigrad.methods import ArrayMethods

Array = NDArray[Any]

# Every operation by its name. `minigrad.operation` fills it; the operators below look theirs up.
OPERATIONS: dict[str, Callable[..., "Tensor"]] = {}

next_index = itertools.count(1).__next__


class Tensor(ArrayMethods):
    """An array, and the operation and inputs that it was computed from.

    Make leaves with `minigrad.tensor`; operations make all other tensors. An operation is recorded
    when one of its inputs requires a gradient, so a graph is made of tensors alone: there is no
    tape. A tensor is always younger than its inputs, and `_index` numbers tensors by age: sorting
    by it is a topological order.

    Attributes
    ----------
    data : ndarray
        The value. Assigning to it replaces the array.
    grad : ndarray or None
        What `backward` has added up for a leaf, in the shape of the data.
    requires_grad : bool
        Whether gradients flow to or through it.
    name, t
        What the author calls it, and the time step that it belongs to; None without one.
    """

    __slots__ = (
        *("_data", "grad", "requires_grad", "_name", "_t"),
        *("_operation", "_inputs", "_parameters", "_index"),
        *("_guard", "_seals", "_transposed", "__weakref__"),
    )

    def __init__(
        self,
        data: Array,
        requires_grad: bool = False,
        operation: Any = None,
        inputs: "tuple[Tensor, ...] | None" = (),
        parameters: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self._data = data
        self.requires_grad = requires_grad
        self._operation = operation
        self._inputs = inputs
        self._parameters = parameters
        self._index = next_index()
        self.grad: Array | None = None
        self._name: str | None = None
        self._t: int | None = None
        self._guard: Guard | None = None
        self._seals: dict[Tensor | None, int] | None = None
        self._transposed: weakref.ref[Tensor] | None = None

    @property
    def data(self) -> Array:
        """The array. Who holds it may change it, so from here on changes are looked for."""
        value_known(self)
        guard.guard_of(self).open()
        return self._data

    @data.setter
    def data(self, array: ArrayLike) -> None:
        if self._operation is not None:
            raise ValueError(
                f"data of {describe(self)}: it was computed, so it can't be replaced; "
                "make a new tensor, or x.detach()"
            )
        new = np.array(array, dtype=self.dtype)
        if new.shape != self.shape:
            raise ValueError(
                f"data of {describe(self)}: expected shape {self.shape}, got {new.shape}; "
                "make a new tensor for a value of another shape"
            )
        self._data = new
        Guard(replaced=next_index()).cover(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._data.dtype

    @property
    def ndim(self) -> int:
        return self._data.ndim

    @property
    def size(self) -> int:
        return self._data.size

    @property
    def name(self) -> str | None:
        return self._name

    @property
    def t(self) -> int | None:
        return self._t

    def named(self, name: str) -> "Tensor":
        """Give it a name, qualified by the scope and step at hand; returns itself.

        Examples
        --------
        >>> import minigrad as mg
        >>> z = mg.tanh([0.0, 1.0]).named("z")
        >>> z.name
        'z'
        """
        if not isinstance(name, str) or not name:
            raise ValueError(f"named: expected a name, got {name!r}")
        settings = current()
        self._name = settings.scope + name
        self._t = settings.step
        return self

    def item(self) -> Any:
        """The one number it holds, as a Python number."""
        if self._data.size != 1:
            raise ValueError(
                f"item: expected one number, {describe(self)} has shape {self.shape}; "
                "index it first"
            )
        return value_known(self).item()

    def detach(self) -> "Tensor":
        """A constant with the same value; no gradient flows through it."""
        with setting("recording", False):
            return OPERATIONS["astype"](self, dtype=self.dtype)

    def backward(self, keep_graph: bool = False) -> None:
        """Add the gradient of this scalar to `.grad` of every leaf that it was computed from.

        Parameters
        ----------
        keep_graph
            Keep what a second backward pass needs. Otherwise memory is given back on the way.

        Raises
        ------
        ValueError
            If this is not a scalar, or an array was changed since it was used.
        RuntimeError
            If an earlier backward pass has given the graph back.

        Examples
        --------
        >>> import minigrad as mg
        >>> x = mg.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        array([2., 4.])
        """
        from minigrad import backprop  # the layer above; only this shorthand reaches up to it

        backprop.backward(self, keep_graph)

    def __repr__(self) -> str:
        parts = [np.array2string(self._data, separator=", ", prefix="tensor(")]
        if self._data.dtype != np.float64:
            parts.append(f"dtype={self._data.dtype}")
        if self._name is not None:
            parts.append(f"name={self._name!r}" + ("" if self._t is None else f", t={self._t}"))
        if self._operation is not None:
            parts.append(f"operation={self._operation.name}")
        elif self.requires_grad:
            parts.append("requires_grad=True")
        return f"tensor({', '.join(parts)})"

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form else str(self)

    def __reduce__(self) -> Any:
        """Leaves, such as parameters, can be copied and pickled; a graph can't."""
        if self._operation is not None:
            raise TypeError(f"copy: {describe(self)} was computed; copy x.detach() instead")
        state = {"grad": self.grad, "_name": self._name, "_t": self._t}
        return Tensor, (self._data.copy(), self.requires_grad), (None, state)

    # --- as an array ----------------------------------------------------------------------------

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> Array:
        """A copy of the value alone, for NumPy functions that look but do not differentiate."""
        if copy is False:
            raise ValueError(f"{describe(self)}: expected copy=None or True; x.data is no copy")
        array = value_known(self)
        require_no_history(self, "a plain array")
        return np.array(array, dtype)

    def __bool__(self) -> bool:
        return bool(value_known(self))

    def __float__(self) -> float:
        value_known(self)
        require_no_history(self, "a plain number")
        return float(self.item())

    def __int__(self) -> int:
        return int(value_known(self).item())  # whole numbers have no gradient to lose

    def __index__(self) -> int:
        return operator.index(value_known(self).item())

    @property
    def T(self) -> "Tensor":
        """The transpose: all axes in reverse order."""
        # The transpose of a parameter is asked for at every step. Sharing one node lets the
        # gradient of all steps be made by one product (see `Operation.sums`).
        shared = None if self._transposed is None else self._transposed()
        recorded = self.requires_grad and current().recording
        if (
            shared is None
            or shared._guard is not self._guard  # it shows an array that was replaced
            or shared._name is not None
            or shared.requires_grad != recorded
        ):
            shared = OPERATIONS["transpose"](self)
            if self._operation is None:
                self._transposed = weakref.ref(shared)
        return shared

    @property
    def mT(self) -> "Tensor":
        """The transpose of the last two axes."""
        if self.ndim == 2:
            return self.T
        if self.ndim < 2:
            raise ValueError(f"mT: expected two axes or more, {describe(self)} has {self.shape}")
        return OPERATIONS["transpose"](self, axes=(*range(self.ndim - 2), -1, -2))

    def astype(self, dtype: DTypeLike) -> "Tensor":
        dtype = np.dtype(dtype).newbyteorder("=")
        differentiable = dtype.kind in "fc"  # whole numbers have no derivative
        with setting("recording", current().recording and differentiable):
            return OPERATIONS["astype"](self, dtype=dtype)


def value_of(x: Any) -> Any:
    """The array of a tensor; anything else as it is."""
    return x._data if type(x) is Tensor else x


def is_hidden(x: Any) -> bool:
    """Whether `x` is a tensor whose value is not known, since a function is traced."""
    observer = current().observer
    return observer is not None and type(x) is Tensor and observer.hides(x)


def value_known(x: Any) -> Any:
    """The array of a tensor, where Python goes on by what is in it; a trace can't."""
    if is_hidden(x):
        raise TypeError(
            f"compile: the value of {describe(x)} is not known while the function is traced, so it "
            "can't decide a branch, become an index or leave as an array; write mg.where for an "
            "if, or pass what the branch depends on as a Python number"
        )
    return value_of(x)


# Who asks these for an array shows or compares it, and computes nothing that is differentiated.
_ONLY_LOOKING = ("numpy.testing", "_pytest", "matplotlib")


def require_no_history(x: Tensor, form: str) -> None:
    """Raise if a gradient would be lost, since a value becomes something that has none."""
    if x.requires_grad and current().recording:
        asking = sys._getframe(2).f_globals.get("__name__", "")
        if not asking.startswith(_ONLY_LOOKING):
            raise TypeError(
                f"{describe(x)} was to become {form} while its gradient is recorded, and the "
                "gradient would be lost; compute with the tensor itself (mg.stack makes one of "
                "several), or take x.data or x.detach() where no gradient is wanted"
            )


def describe(x: Tensor) -> str:
    """Name a value in an error message: by its name and step, or by how it was made."""
    if x._name is not None:
        return x._name if x._t is None else f"{x._name} at step {x._t}"
    if x._operation is not None:
        of = ", ".join(describe(v) for v in x._inputs or () if v._name is not None)
        return f"a result of {x._operation.name}" + (f" of {of}" if of else "")
    return "an unnamed tensor" if x.requires_grad else "a constant"
