"""What a program means in plain NumPy, by functions that carry a derivative as imaginary part."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.fuzz.program import Array, Instruction, Program, compute, differentiable, labels

H = 1e-30
NEAR = 1e-7  # a kink as near as this may be crossed by rounding


class Reference:
    """NumPy's and minigrad's functions on complex arrays, analytic but at kinks.

    At a kink they follow the convention: what is equal shares equally, and `relu` and `abs` have
    slope 0 at 0. `to_kink` is the distance of the nearest kink, other than one that is met exactly.
    """

    def __init__(self) -> None:
        self.to_kink = np.inf
        self.namespace = {"np": self, "mg": self, "OPERATIONS": self}

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def _above(self, a: Any, b: Any = 0) -> Any:
        """-1, 0 or 1: whether a is below, at or above b."""
        gap = np.asarray(np.real(a) - np.real(b))
        gap = np.where(abs(gap) <= H, 0, gap)  # a product of two imaginary parts is no gap
        distance = abs(gap[gap != 0])
        self.to_kink = min(self.to_kink, distance.min(initial=np.inf))
        return np.sign(gap)

    # --- kinks ------------------------------------------------------------------------------------

    def greater(self, a: Any, b: Any) -> Any:
        return self._above(a, b) > 0

    def less_equal(self, a: Any, b: Any) -> Any:
        return self._above(a, b) <= 0

    def equal(self, a: Any, b: Any) -> Any:
        return self._above(a, b) == 0

    def sign(self, x: Any) -> Any:
        return self._above(x)

    def floor(self, x: Any) -> Any:
        nearest = np.round(x.real)
        return nearest - (self._above(x, nearest) < 0)

    def argmax(self, x: Any) -> Any:
        return np.argmax(self._above(x, x.real.max()))

    def sqrt(self, x: Any) -> Any:
        self.to_kink = min(self.to_kink, np.min(abs(x), initial=np.inf))  # of infinite slope
        return np.sqrt(x)

    def abs(self, x: Any) -> Any:
        return x * self._above(x)

    def relu(self, x: Any) -> Any:
        return np.where(self._above(x) > 0, x, 0)

    def maximum(self, a: Any, b: Any) -> Any:
        above = self._above(a, b)
        return (a * (1 + above) + b * (1 - above)) / 2

    def minimum(self, a: Any, b: Any) -> Any:
        return -self.maximum(-a, -b)

    def clip(self, x: Any, low: Any = None, high: Any = None) -> Any:
        x = x if low is None else self.maximum(x, low)
        return x if high is None else self.minimum(x, high)

    def max(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        largest = np.max(x.real, axis=axis, keepdims=True)
        share = self._above(x, largest) == 0
        options = {"axis": axis, "keepdims": keepdims}
        return np.sum(x * share, **options) / np.sum(share, **options)

    def min(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return -self.max(-x, axis, keepdims)

    amax, amin = max, min

    # --- functions that NumPy does not have -------------------------------------------------------

    def tensor(self, data: Any) -> Any:
        return data

    def finite(self, x: Any) -> Any:
        return x + 0  # no value of a program is infinite

    def astype(self, x: Any) -> Any:
        return x

    def hadamard(self, a: Any, b: Any) -> Any:
        return a * b

    def sigmoid(self, x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def softplus(self, x: Any) -> Any:
        return np.log(1 + np.exp(x))

    def logsumexp(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))

    def softmax(self, x: Any, axis: Any = 0) -> Any:
        return np.exp(self.log_softmax(x, axis))

    def log_softmax(self, x: Any, axis: Any = 0) -> Any:
        return x - self.logsumexp(x, axis, True)

    def softmax_cross_entropy(self, z: Any, labels: Any, axis: int = 0) -> Any:
        if labels.dtype.kind == "i":
            one_hot = np.arange(z.shape[axis]) == labels[..., np.newaxis]
            labels = np.moveaxis(one_hot, -1, axis)
        return -np.sum(labels * self.log_softmax(z, axis), axis=axis)

    # --- functions that NumPy has for real numbers, or with a warning -----------------------------

    def mean(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        options = {"axis": axis, "keepdims": keepdims}
        return np.sum(x, **options) / np.sum(np.ones(x.shape), **options)

    def var(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        centred = x - self.mean(x, axis, True)
        return self.mean(centred * centred, axis, keepdims)

    def std(self, x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return self.sqrt(self.var(x, axis, keepdims))

    # --- moving elements --------------------------------------------------------------------------

    def scatter(self, x: Any, index: Any, shape: Any) -> Any:
        y = np.zeros(shape, x.dtype)
        np.add.at(y, index, x)
        return y

    def add_at(self, x: Any, indices: Any, axis: int = 0, n: int = 1) -> Any:
        y = np.zeros((*x.shape[:axis], n, *x.shape[axis + indices.ndim :]), x.dtype)
        for place in np.ndindex(indices.shape):
            before = (slice(None),) * axis
            y[(*before, indices[place])] += x[(*before, *place)]
        return y

    def pick(self, x: Any, indices: Any, axis: int = 0) -> Any:
        return np.take_along_axis(x, np.expand_dims(indices, axis), axis).squeeze(axis)

    def put_at(self, x: Any, indices: Any, axis: int = 0, n: int = 1) -> Any:
        is_there = np.arange(n) == (indices % n)[:, np.newaxis]
        y = np.where(is_there, x[:, np.newaxis], 0)
        return y if axis else y.T


def extended(x: Array) -> Array:
    """A value with room for an imaginary part, more precise than what it is compared with."""
    return x.astype(np.clongdouble) if x.dtype.kind == "f" else x


class Truth:
    """The values of a program, and the derivatives of J by the complex step.

    Parameters
    ----------
    program

    Attributes
    ----------
    values : list
        Of each node of the program.
    to_kink : float
        How near a kink is that is not met exactly.
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.labels = labels(program)
        self.differentiable = differentiable(program)
        reference = Reference()
        self.values = self._run({}, reference)
        self.to_kink = reference.to_kink
        self._adjoints: dict[int, Array] = {}

    def value(self, i: int) -> Array:
        return np.array(np.real(self.values[i]), float)

    def adjoint(self, i: int) -> Array:
        """The derivative of J by a value, entry by entry."""
        if i not in self._adjoints:
            found = np.zeros(self.values[i].shape)
            for entry in np.ndindex(found.shape):
                unit = np.zeros(found.shape)
                unit[entry] = 1
                found[entry] = self.slope({i: unit})
            self._adjoints[i] = found
        return self._adjoints[i]

    def slope(self, moved: Mapping[int, Array]) -> float:
        """How fast J moves when values move by tangents."""
        J = self._run(moved)[len(self.program) - 1]
        return float(np.imag(J).item() / H)

    def contribution(self, i: int, via: int, direction: Array) -> float | None:
        """How fast J moves when a value moves, as far as the next named value sees it.

        None if the next named value does not read it, or reads it through named ones alone.
        """
        region = self._unnamed_behind(via)
        if not any(i in self.program[j].reads for j in region):
            return None
        values = list(self.values)
        values[i] = values[i] + 1j * H * direction
        namespace = Reference().namespace
        with np.errstate(all="ignore"):
            for j in sorted(region):
                values[j] = np.asarray(compute(self.program[j], values, namespace))
        return self.slope({via: np.imag(values[via] - self.values[via]) / H})

    def _unnamed_behind(self, via: int) -> set[int]:
        """A named value, and what it was computed from as far as the next named ones."""
        region, to_visit = {via}, [via]
        while to_visit:
            for read in self.program[to_visit.pop()].reads:
                is_passed = read in self.differentiable and read not in self.labels
                if is_passed and isinstance(self.program[read], Instruction):
                    region.add(read)
                    to_visit.append(read)
        return region

    def _run(self, moved: Mapping[int, Array], reference: Reference | None = None) -> list[Any]:
        """All values, where some move by tangents."""
        namespace = (reference or Reference()).namespace
        first = min(moved, default=0)
        values = self.values[:first] if moved else []
        with np.errstate(all="ignore"):
            for i, node in enumerate(self.program[first:], first):
                x = extended(np.asarray(compute(node, values, namespace)))
                values.append(x + 1j * H * moved[i] if i in moved else x)
        return values
