"""The ways to write an operation, and what each of them can be applied to."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from tests.fuzz.program import Array, written_array

T = TypeVar("T")
Shape = tuple[int, ...]


class UnfitError(Exception):
    """What was drawn can't be applied to anything that is there."""


class Pool(Protocol):
    """What operands are drawn from."""

    rng: np.random.Generator

    def value(self, fits: Callable[[Array], bool] = ...) -> int:
        """The place of a value that fits."""

    def of_shape(self, shape: Shape) -> int:
        """The place of a value of some shape, made if there is none."""

    def data(self, place: int) -> Array:
        """The value at a place."""


# An expression, and the places of what it reads.
Drawn = tuple[str, Sequence[int]]
Form = Callable[[Pool], Drawn]


def one(pool: Pool, options: Sequence[T]) -> T:
    return options[int(pool.rng.integers(len(options)))]


def chance(pool: Pool, probability: float = 0.5) -> bool:
    return bool(pool.rng.random() < probability)


# --- element by element ---------------------------------------------------------------------------

UNARY = (
    *("-{0}", "+{0}", "np.negative({0})", "np.positive({0})", "{0} * {0}", "np.square({0})"),
    *("np.exp({0})", "np.sin({0})", "np.cos({0})", "np.tanh({0})", "mg.tanh({0})"),
    *("mg.sigmoid({0})", "mg.softplus({0})", "mg.relu({0})", "np.abs({0})", "mg.abs({0})"),
    *('OPERATIONS["astype"]({0})', "np.ravel({0})", "{0}.T", "np.transpose({0})"),
    *("{0} ** 0", "{0} ** 1", "{0} ** 2", "{0} ** 3.0", "np.power({0}, 2)", "1.5 ** {0}"),
    *("2 * {0}", "{0} / 3", "1 - {0}", "{0} + 0.5", "0.25 - {0}", "np.maximum({0}, 0)"),
    *("mg.clip({0}, -0.5, 1)", "np.clip({0}, -1, None)", "mg.clip({0}, None, 0.5)"),
    *(
        "np.minimum(1, {0})",
        "{0} * np.sign({0})",
        '{0} + OPERATIONS["sign"]({0})',
        'OPERATIONS["finite"]({0})',
    ),
    *("{0} - np.floor({0})", "mg.where(np.less_equal({0}, 0.5), {0}, 0)"),
    *(
        "{0} + np.ones_like({0})",
        "{0} / (1 + np.size({0}))",
        "{0} / (1 + np.abs({0}))",
        "mg.tanh({0} / 2) / 2 + 0.5",
    ),
    *("1 / (1 + mg.exp(-{0}))", "mg.log(mg.exp({0}) + 1)", "mg.sqrt({0} ** 2 + 1)"),
    *("{0} * mg.sigmoid({0})", "{0} * np.tanh(mg.softplus({0}))"),
)
POSITIVE = (
    *("np.log({0})", "mg.log({0})", "np.sqrt({0})", "mg.sqrt({0})", "{0} ** 0.5", "{0} ** -1.5"),
    "{0} ** (1 / 3)",
)
NONZERO = ("1 / {0}", "np.reciprocal({0})", "{0} ** -1", "{0} ** -2", "2 / {0}", "-1 / {0} ** 2")
BINARY = (
    *("{0} + {1}", "{0} - {1}", "{0} * {1}", "np.add({0}, {1})", "np.multiply({0}, {1})"),
    *("np.subtract({0}, {1})", "mg.hadamard({0}, {1})", "np.maximum({0}, {1})"),
    *("mg.minimum({0}, {1})", "np.where(np.greater({0}, {1}), {0}, {1})"),
    *('mg.where(OPERATIONS["greater"]({0}, {1}), {1}, 0.5)', "{0} * (1 - {1})", "{0} - 2 * {1}"),
    *('np.where(OPERATIONS["equal"]({0}, {1}), 2 * {0}, {1})', "{0} * {1} + {0}"),
    *("mg.tanh({0} + {1})", "mg.sigmoid({0} - {1})", "({0} - {1}) ** 2"),
)


def unary(pool: Pool) -> Drawn:
    return one(pool, UNARY), [pool.value()]


def positive(pool: Pool) -> Drawn:
    return one(pool, POSITIVE), [pool.value(lambda x: bool((x > 0.05).all()))]


def nonzero(pool: Pool) -> Drawn:
    return one(pool, NONZERO), [pool.value(lambda x: bool((abs(x) > 0.05).all()))]


def beside(pool: Pool, shape: Shape) -> int:
    """A value that broadcasts with a shape."""
    if chance(pool):
        return pool.value(lambda x: _broadcast(x.shape, shape))
    kept = [n if chance(pool, 0.7) else 1 for n in shape]
    if chance(pool, 0.3):
        kept = kept[1:]
    return pool.of_shape(tuple(kept))


def _broadcast(a: Shape, b: Shape) -> bool:
    return all(1 in (m, n) or m == n for m, n in zip(a[::-1], b[::-1], strict=False))


def binary(pool: Pool) -> Drawn:
    x = pool.value()
    reads = [x, beside(pool, pool.data(x).shape)]
    return one(pool, BINARY), reads if chance(pool) else reads[::-1]


def quotient(pool: Pool) -> Drawn:
    by = pool.value(lambda x: bool((abs(x) > 0.05).all()))
    return one(pool, ("{0} / {1}", "np.divide({0}, {1})")), [beside(pool, pool.data(by).shape), by]


def power(pool: Pool) -> Drawn:
    base = pool.value(lambda x: bool((x > 0.05).all()))
    return one(pool, ("{0} ** {1}", "mg.power({0}, {1})")), [
        base,
        beside(pool, pool.data(base).shape),
    ]


def whole_powers(pool: Pool) -> Drawn:
    """An array of whole numbers as exponent."""
    x = pool.value(lambda x: x.ndim > 0 and x.shape[-1] > 0)
    exponents = pool.rng.integers(0, 4, pool.data(x).shape[-1])
    return f"{{0}} ** {written_array(exponents)}", [x]


def choice(pool: Pool) -> Drawn:
    x = pool.value()
    shape = pool.data(x).shape
    text = one(pool, ("np.where(np.greater({0}, 0), {1}, {2})", "mg.where({0} > {0}, {1}, {2})"))
    return text, [x, beside(pool, shape), beside(pool, shape)]


# --- products -------------------------------------------------------------------------------------


def product(pool: Pool) -> Drawn:
    a = pool.value(lambda x: x.ndim > 0)
    shape = pool.data(a).shape
    k, n = shape[-1], int(pool.rng.integers(1, 4))
    b = one(pool, ((k,), (k, n), (k, n), (k, n), (2, k, n)))
    if len(shape) > 2 and len(b) > 2:
        b = (*shape[:-2], k, n)
    return one(pool, ("{0} @ {1}", "mg.matmul({0}, {1})")), [a, pool.of_shape(b)]


def product_with_transposed(pool: Pool) -> Drawn:
    b = pool.value(lambda x: x.ndim == 2)
    k = pool.data(b).shape[0]
    a = pool.of_shape((k, int(pool.rng.integers(1, 4))))
    return one(pool, ("{0}.T @ {1}", "np.dot({0}.T, {1})", "({1}.mT @ {0}).T")), [a, b]


def outer(pool: Pool) -> Drawn:
    a, b = pool.value(lambda x: x.ndim == 1), pool.value(lambda x: x.ndim == 1)
    return one(pool, ("np.outer({0}, {1})", "np.dot({0}, {0}) * {1}", "{0}[:, None] * {1}")), [a, b]


# --- reductions -----------------------------------------------------------------------------------

REDUCTIONS = (
    *("np.sum", "mg.sum", "np.mean", "mg.mean", "np.max", "mg.max", "np.min", "np.amax"),
    *("np.amin", "mg.min", "mg.logsumexp", "np.var", "np.std"),
)
ALONG_AXIS = ("mg.softmax", "mg.log_softmax")


def axis_of(pool: Pool, ndim: int) -> int:
    return int(pool.rng.integers(-ndim, ndim))


def axes_of(pool: Pool, ndim: int) -> Any:
    """All axes, one, or several; counted from the front or the back."""
    if not ndim or chance(pool, 0.25):
        return None
    if chance(pool, 0.6):
        return axis_of(pool, ndim)
    axes = pool.rng.permutation(ndim)[: pool.rng.integers(1, ndim + 1)]
    return tuple(int(i) - ndim * chance(pool) for i in axes)


def reduction(pool: Pool) -> Drawn:
    x = pool.value()
    axis = axes_of(pool, pool.data(x).ndim)
    options = f", keepdims={chance(pool)}" if chance(pool) else ""
    return f"{one(pool, REDUCTIONS)}({{0}}, axis={axis}{options})", [x]


def along_axis(pool: Pool) -> Drawn:
    x = pool.value(lambda x: x.ndim > 0 and 0 not in x.shape)
    ndim = pool.data(x).ndim
    axis = "" if chance(pool) else f", axis={axis_of(pool, ndim)}"
    if chance(pool, 0.1):
        axis = f", axis={axes_of(pool, ndim)}"
    return f"{one(pool, ALONG_AXIS)}({{0}}{axis})", [x]


def cross_entropy(pool: Pool) -> Drawn:
    z = pool.value(lambda x: x.ndim > 0 and x.size > 0)
    shape = pool.data(z).shape
    axis = axis_of(pool, len(shape))
    if chance(pool):
        labels = [pool.of_shape(shape)]
        return f"mg.softmax_cross_entropy({{0}}, {{1}}, axis={axis})", [z, *labels]
    left = list(shape)
    classes = left.pop(axis)
    numbers = written_array(pool.rng.integers(0, classes, left))
    labels_text = f"mg.tensor({numbers})" if chance(pool) else numbers
    return f"mg.softmax_cross_entropy({{0}}, {labels_text}, axis={axis})", [z]


# --- moving elements ------------------------------------------------------------------------------


def reshaped(pool: Pool) -> Drawn:
    x = pool.value()
    data = pool.data(x)
    axes = [int(i) for i in pool.rng.permutation(data.ndim)]
    source, to = (axis_of(pool, data.ndim) for _ in range(2)) if data.ndim else (0, 0)
    shape = [*data.shape]
    shape.insert(int(pool.rng.integers(data.ndim + 1)), 1)
    back = int(pool.rng.integers(-data.ndim - 1, data.ndim + 1))
    whole = ", ".join(map(str, data.shape[::-1]))
    options = [
        *("np.squeeze({0})", "{0}.reshape(-1)", "{0}.T", f"np.reshape({{0}}, {tuple(shape)})"),
        *(f"np.expand_dims({{0}}, {back})", f"{{0}}.reshape({whole or '()'})"),
        f"np.broadcast_to({{0}}, {(2, *data.shape)})",
    ]
    if data.ndim:
        options += [
            f"np.transpose({{0}}, {axes})",
            f"np.swapaxes({{0}}, {source}, {to})",
            f"np.moveaxis({{0}}, {source}, {to})",
            f"mg.transpose({{0}}, axes={tuple(i - data.ndim for i in axes)})",
        ]
    return one(pool, options), [x]


def indexed(pool: Pool) -> Drawn:
    """An index in brackets: numbers, slices, masks and arrays of numbers."""
    x = pool.value(lambda x: x.ndim > 0)
    shape = pool.data(x).shape
    mask = pool.rng.random(shape[0]) < 0.5
    options = ["1:", "::-1", "::2", "...", "None", ":-1", "..., None", f"np.array({mask.tolist()})"]
    if shape[0]:
        several = pool.rng.integers(-shape[0], shape[0], 3).tolist()
        options += ["0", "-1", "..., 1:", f"np.array({several})", f"{several}", "0:1"]
    if len(shape) > 1 and 0 not in shape:
        rows, columns = (pool.rng.integers(0, n, 3).tolist() for n in shape[:2])
        options += [":, 0", "0, ..., -1", f"np.array({rows}), np.array({columns})"]
        options += [f":, np.array({columns})", "1:, None, ::2"]
    return f"{{0}}[{one(pool, options)}]", [x]


def look_up(pool: Pool) -> Drawn:
    """Numbers that are a tensor, or an input of an operation of their own."""
    x = pool.value(lambda x: x.ndim > 0 and 0 not in x.shape)
    shape = pool.data(x).shape
    axis = int(pool.rng.integers(len(shape)))
    size = one(pool, ((), (2,), (3,), (2, 2)))
    numbers = written_array(pool.rng.integers(0, shape[axis], size))
    many = int(np.prod(shape))
    counted = one(pool, (axis, axis - len(shape)))
    options = [
        f"{{0}}[{':, ' * axis}mg.tensor({numbers})]",
        f"np.take({{0}}, {numbers}, axis={counted})",
        f"np.take({{0}}, mg.tensor({written_array(pool.rng.integers(0, many, 2))}))",
    ]
    n = shape[0]
    into = written_array(pool.rng.integers(0, 4, n))
    options += [
        f'OPERATIONS["add_at"]({{0}}, {into}, n=4)',
        f'OPERATIONS["scatter"]({{0}}, index={into}, shape={(4, *shape[1:])})',
    ]
    if len(shape) == 1:
        options.append(f'OPERATIONS["put_at"]({{0}}, {into}, axis={one(pool, (0, 1))}, n=4)')
    if len(shape) == 2:
        one_each = written_array(pool.rng.integers(0, shape[axis], shape[1 - axis]))
        each = f"np.arange({shape[1 - axis]})"
        index = (one_each, each) if axis == 0 else (each, one_each)
        options += [
            f'OPERATIONS["pick"]({{0}}, {one_each}, axis={axis})',
            f"{{0}}[{', '.join(index)}]",
        ]
    return one(pool, options), [x]


def joined(pool: Pool) -> Drawn:
    x = pool.value(lambda x: x.ndim > 0)
    shape = pool.data(x).shape
    axis = axis_of(pool, len(shape))
    longer = list(shape)
    longer[axis] = int(pool.rng.integers(0, 3))
    others = [pool.of_shape(tuple(longer)) for _ in range(pool.rng.integers(1, 3))]
    reads = [x, *others]
    axis_text = f"axis={axis}" if chance(pool, 0.9) else "axis=None"
    return f"{one(pool, ('np', 'mg'))}.concatenate([{_listed(reads)}], {axis_text})", reads


def stacked(pool: Pool) -> Drawn:
    x = pool.value()
    shape = pool.data(x).shape
    reads = [x, *(pool.of_shape(shape) for _ in range(pool.rng.integers(1, 3)))]
    axis = int(pool.rng.integers(-len(shape) - 1, len(shape) + 1))
    return f"{one(pool, ('np', 'mg'))}.stack([{_listed(reads)}], axis={axis})", reads


def _listed(reads: Sequence[int]) -> str:
    return ", ".join(f"{{{i}}}" for i in range(len(reads)))


def number_at_largest(pool: Pool) -> Drawn:
    """A branch by value, which a plan has to refuse."""
    return "{0}[np.argmax({0})]", [pool.value(lambda x: x.ndim == 1 and x.size > 0)]


# How often each is drawn.
WEIGHTS: dict[Form, int] = {
    unary: 24,
    binary: 16,
    positive: 5,
    nonzero: 4,
    quotient: 4,
    power: 2,
    whole_powers: 1,
    choice: 1,
    product: 8,
    product_with_transposed: 4,
    outer: 1,
    reduction: 10,
    along_axis: 4,
    cross_entropy: 3,
    reshaped: 7,
    indexed: 5,
    look_up: 5,
    joined: 2,
    stacked: 2,
}
FORMS = [*WEIGHTS]
SHARES = np.array([*WEIGHTS.values()]) / sum(WEIGHTS.values())
