"""Products of several axes: `np.einsum`, and NumPy functions that are made of matrix products."""

import string
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
from numpy._core import einsumfunc

from minigrad.axes import axes_of
from minigrad.complex_step import real_part
from minigrad.leaf import operand
from minigrad.operation import operation
from minigrad.operations import composite, elementwise
from minigrad.operations.matrices import diagonal
from minigrad.protocol import NUMPY, stands_in_for
from minigrad.tensor import Array, value_of

# --- the record: a sum of products --------------------------------------------------------------

# Elements; below, NumPy takes longer to look for matrix products than they save.
_SMALL = 1000


def _forward(*arrays: Array, subscripts: str = "") -> Any:
    return np.einsum(subscripts, *arrays, optimize=max(x.size for x in arrays) > _SMALL)


def _contribution(g: Any, y: Any, arrays: Any, i: int, subscripts: str) -> Any:
    """What the `i`-th array gets: the sum of the products of all others with the cotangent."""
    inputs, output = subscripts.split("->")
    letters = [output, *inputs.split(",")]
    own = letters.pop(i + 1)
    others = (g, *arrays[:i], *arrays[i + 1 :])
    found = np.einsum(f"{','.join(letters)}->{own}", *others, optimize=True)
    # Along an axis where all others have length 1, the cotangent is the same everywhere.
    return np.broadcast_to(found, np.broadcast_shapes(found.shape, arrays[i].shape))


sum_of_products = operation(
    _forward,
    each=_contribution,
    name="einsum",
    kind="product",
    shapes="lengths of axes that agree where their letters do",
    latex=r"\operatorname{{einsum}}_{{\mathrm{{{{subscripts}}}}}}({0})",
    text="einsum[{{subscripts}}]({0})",
    python=lambda subscripts: f"np.einsum({subscripts!r}, {{0}})",
    symbol="einsum",
    drawn="formula",
    examples=(
        ((2, 3), (3, 4), {"subscripts": "ij,jk->ki"}),
        ((2, 3), (2, 3), (3,), {"subscripts": "ij,ij,j->i"}),
        ((5, 2, 3), (5, 3), (2, 4), {"subscripts": "bij,bj,ik->bk"}),
        ((3,), (3,), {"subscripts": "i,i->"}),
    ),
)


@stands_in_for(np.einsum)
def einsum(*operands: Any, optimize: Any = False) -> Any:
    """`np.einsum`; in which order it multiplies is its own choice, whatever `optimize` says.

    First each array alone: of letters that it has twice the diagonal, and the sum over those that
    nothing else has. What is left is a transpose, or the record.
    """
    subscripts, arrays = _read(*operands)
    arrays = [operand(x, "np.einsum") for x in arrays]
    given, output = _expanded(subscripts, arrays)
    uses = Counter(output + "".join("".join(set(letters)) for letters in given))
    terms = []
    for i, letters in enumerate(given):
        for letter in sorted(set(letters)):
            if letters.count(letter) > 1:
                arrays[i], letters = _of_diagonal(arrays[i], letters, letter)
        lonely = tuple(k for k, letter in enumerate(letters) if uses[letter] == 1)
        if lonely:
            arrays[i] = np.sum(arrays[i], axis=lonely)
        terms.append("".join(letter for letter in letters if uses[letter] > 1))
    if len(arrays) == 1:
        return np.transpose(arrays[0], [terms[0].index(letter) for letter in output])
    return sum_of_products(arrays, subscripts=f"{','.join(terms)}->{output}")


def _read(*operands: Any) -> tuple[str, list[Any]]:
    """Subscripts and arrays; of the form `x, [0, 1], y, [1, 2], [0, 2]` too."""
    if isinstance(operands[0], str):
        return operands[0].replace(" ", ""), [*operands[1:]]
    letters = string.ascii_uppercase + string.ascii_lowercase

    def written(numbers: Any) -> str:
        return "".join("..." if n is Ellipsis else letters[n] for n in numbers)

    subscripts = ",".join(map(written, operands[1::2]))
    if len(operands) % 2:
        subscripts += "->" + written(operands[-1])
    return subscripts, [*operands[: len(operands) // 2 * 2 : 2]]


def _expanded(subscripts: str, arrays: list[Any]) -> tuple[list[str], str]:
    """The letters of each array and of the result, none left out."""
    parse = einsumfunc._parse_einsum_input  # type: ignore[attr-defined] # NumPy's own
    inputs, output, _ = parse([subscripts, *map(value_of, arrays)])
    return inputs.split(","), output


def _of_diagonal(x: Any, letters: str, letter: str) -> tuple[Any, str]:
    """Take the diagonal of the axes with a letter, which becomes the last."""
    while letters.count(letter) > 1:
        first, second = letters.index(letter), letters.rindex(letter)
        if x.shape[first] != x.shape[second]:
            raise ValueError(
                f"np.einsum: expected axes of one length for {letter!r}, got shape {x.shape}"
            )
        x = diagonal(x, 0, first, second)
        letters = "".join(c for k, c in enumerate(letters) if k not in (first, second)) + letter
    return x, letters


# --- made of matrix products --------------------------------------------------------------------


@stands_in_for(np.tensordot, np.linalg.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = operand(a, "np.tensordot"), operand(b, "np.tensordot")
    if isinstance(axes, int | np.integer):
        axes = range(-axes, 0), range(axes)
    of_a, of_b = axes_of(axes[0], a.ndim), axes_of(axes[1], b.ndim)
    summed = tuple(a.shape[i] for i in of_a)
    if summed != tuple(b.shape[i] for i in of_b):
        raise ValueError(
            f"np.tensordot: expected axes of equal lengths, got {a.shape} and {b.shape} along "
            f"{of_a}, {of_b}"
        )
    kept_a = tuple(i for i in range(a.ndim) if i not in of_a)
    kept_b = tuple(i for i in range(b.ndim) if i not in of_b)
    rows, columns = tuple(a.shape[i] for i in kept_a), tuple(b.shape[i] for i in kept_b)
    k = int(np.prod(summed))
    left = a.transpose(kept_a + of_a).reshape((int(np.prod(rows)), k))
    right = b.transpose(of_b + kept_b).reshape((k, int(np.prod(columns))))
    return (left @ right).reshape(rows + columns)


@stands_in_for(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    if np.ndim(a) and np.ndim(b):
        return tensordot(a, b, (-1, -1))
    return elementwise.multiply(a, b)


@stands_in_for(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    return np.dot(_unconjugated(a, "np.vdot").reshape(-1), operand(b, "np.vdot").reshape(-1))


def _unconjugated(x: Any, name: str) -> Any:
    """An operand that NumPy would conjugate, which for a complex step would be wrong."""
    x = operand(x, name)
    real_part(value_of(x), name)  # raises if it is complex and no step
    return x


@stands_in_for(np.vecdot, np.linalg.vecdot)
def vecdot(x1: Any, x2: Any, /, *, axis: int = -1, keepdims: bool = False) -> Any:
    x1, x2 = _unconjugated(x1, "np.vecdot"), operand(x2, "np.vecdot")
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(
            f"np.vecdot: expected vectors of one length, got {x1.shape} and {x2.shape} along {axis}"
        )
    return (x1 * x2).sum(axis=axis, keepdims=keepdims)


def _matvec(x1: Any, x2: Any, /) -> Any:
    return (x1 @ operand(x2, "np.matvec")[..., None])[..., 0]


def _vecmat(x1: Any, x2: Any, /) -> Any:
    return (_unconjugated(x1, "np.vecmat")[..., None, :] @ x2)[..., 0, :]


if hasattr(np, "matvec"):  # since NumPy 2.2
    NUMPY.update({np.matvec: _matvec, np.vecmat: _vecmat})
NUMPY[np.linalg.matmul] = composite.matmul
NUMPY[np.linalg.outer] = NUMPY[np.outer]


@stands_in_for(np.kron)
def kron(a: Any, b: Any) -> Any:
    a, b = operand(a, "np.kron"), operand(b, "np.kron")
    ndim = max(a.ndim, b.ndim)
    m, n = ((1,) * (ndim - x.ndim) + x.shape for x in (a, b))
    blocks = a.reshape([k for length in m for k in (length, 1)])
    within = b.reshape([k for length in n for k in (1, length)])
    return (blocks * within).reshape([i * k for i, k in zip(m, n, strict=True)])


def _components(x: Any, axis: int) -> tuple[Any, ...]:
    """The components of vectors that lie along an axis."""
    x = operand(x, "np.cross")
    x = np.moveaxis(x, axis, -1)
    if x.shape[-1] not in (2, 3):
        raise ValueError(f"np.cross: expected vectors of length 2 or 3, got shape {x.shape}")
    return tuple(x[..., i] for i in range(x.shape[-1]))


@stands_in_for(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = _components(a, axisa), _components(b, axisb)
    third = a[0] * b[1] - a[1] * b[0]
    if len(a) == len(b) == 2:
        return third
    (a0, a1, a2), (b0, b1, b2) = (*a, 0.0)[:3], (*b, 0.0)[:3]
    return np.stack((a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, third), axis=axisc)


@stands_in_for(np.linalg.cross)
def cross_of_vectors(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    return cross(x1, x2, axis=axis)


@stands_in_for(np.linalg.multi_dot)
def multi_dot(arrays: Any) -> Any:
    """`np.linalg.multi_dot`: the product of many matrices, in the order that takes least work."""
    factors = [operand(x, "np.linalg.multi_dot") for x in arrays]
    if len(factors) < 2:
        raise ValueError(f"np.linalg.multi_dot: expected two arrays or more, got {len(factors)}")
    # A vector is a row at the beginning, and a column at the end.
    lengths = [1] * (factors[0].ndim == 1) + [x.shape[0] for x in factors]
    lengths += [1] if factors[-1].ndim == 1 else [factors[-1].shape[1]]

    @cache
    def cheapest(i: int, j: int) -> tuple[int, int]:
        """How many multiplications factors i to j take, and after which of them to split."""
        if i == j:
            return 0, i
        n = lengths
        return min(
            (cheapest(i, k)[0] + cheapest(k + 1, j)[0] + n[i] * n[k + 1] * n[j + 1], k)
            for k in range(i, j)
        )

    def product(i: int, j: int) -> Any:
        k = cheapest(i, j)[1]
        return factors[i] if i == j else product(i, k) @ product(k + 1, j)

    return product(0, len(factors) - 1)


@stands_in_for(np.linalg.matrix_power)
def matrix_power(a: Any, n: int) -> Any:
    """`np.linalg.matrix_power`, by squaring."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(f"matrix_power: expected square matrices, got shape {a.shape}")
    if n < 0:
        return matrix_power(np.linalg.inv(a), -n)
    if n == 0:
        return elementwise.positive(np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))
    if n == 1:
        return elementwise.positive(a)
    half = matrix_power(a, n // 2)
    return half @ half @ a if n % 2 else half @ half
