"""Matrix factors: Cholesky's, QR, eigenvectors of symmetric matrices, and singular vectors.

Of a symmetric matrix NumPy reads the lower triangle alone, and so the gradient lies there: the
derivative by an element above the diagonal is 0, and one below has its own and its mirror's.

Vectors that belong to equal eigenvalues or singular values can be turned, and have no derivative:
the gradient is NaN where the loss depends on them, up to rounding. That of the values is right even
then; take `np.linalg.eigvalsh` and `np.linalg.svdvals` where the values are all that is needed. A
loss that changes with the sign of a vector has the gradient that belongs to the sign LAPACK chose.

A record has one value, and so vectors on both sides are packed into one array.
"""

from typing import Any

import numpy as np

from minigrad.leaf import operand
from minigrad.operation import Operation, operation
from minigrad.operations.elementwise import sign
from minigrad.operations.linalg import STACK, SYMMETRIC, TALL, real
from minigrad.protocol import stands_in_for
from minigrad.tensor import Array


def _symmetric(x: Any) -> Any:
    """The symmetric matrix that a lower triangle stands for."""
    return np.tril(x) + np.tril(x, -1).mT


def _on_triangle(g: Any) -> Any:
    """What the lower triangle gets of the cotangent of the symmetric matrix."""
    return np.tril(g) + np.tril(g.mT, -1)


# --- Cholesky's ---------------------------------------------------------------------------------


def _cholesky(x: Array) -> Array:
    if x.dtype.kind != "c":
        return np.linalg.cholesky(x)
    # LAPACK would conjugate. Column by column, the factor is analytic.
    y = np.zeros_like(x)
    for j in range(x.shape[-1]):
        left = y[..., j:, :j] @ y[..., j, :j, None]
        column = x[..., j:, j] - left[..., 0]
        y[..., j:, j] = column / np.sqrt(column[..., :1])
    return y


def _cotangent_of_cholesky(g: Any, y: Any, x: Any) -> Any:
    inner = np.tril(y.mT @ g)
    inner = inner - inner * (0.5 * np.eye(x.shape[-1], dtype=x.dtype))
    return _on_triangle(np.linalg.solve(y.mT, np.linalg.solve(y.mT, inner.mT).mT))


_factor = operation(
    _cholesky,
    _cotangent_of_cholesky,
    name="cholesky",
    kind="linear algebra",
    shapes="positive definite matrices (..., n, n), of which it reads the lower triangle",
    python="np.linalg.cholesky({0})",
    examples=((SYMMETRIC,), (STACK,)),
)


@stands_in_for(np.linalg.cholesky)
def cholesky(a: Any, /, *, upper: bool = False) -> Any:
    return _factor(a.mT).mT if upper else _factor(a)


# --- QR -----------------------------------------------------------------------------------------


def _qr(x: Array) -> Array:
    """Q, and below it the transpose of R."""
    if x.shape[-2] < x.shape[-1]:
        raise ValueError("there are more columns than rows")
    q, r = np.linalg.qr(x.real)
    if x.dtype.kind == "c":  # LAPACK would conjugate; by Cholesky's factor it is analytic
        signs = np.sign(np.diagonal(r, 0, -2, -1))
        r = signs[..., None] * _cholesky(x.mT @ x).mT
        q = x @ np.linalg.inv(r)
    return np.concatenate([q, r.mT], -2)


def _cotangent_of_qr(g: Any, y: Any, x: Any) -> Any:
    m = x.shape[-2]
    q, r = y[..., :m, :], y[..., m:, :].mT
    of_q, of_r = g[..., :m, :], np.tril(g[..., m:, :])
    inner = _symmetric(r @ of_r - of_q.mT @ q)
    return np.linalg.solve(r, (of_q + q @ inner).mT).mT


_q_and_r = operation(
    _qr,
    _cotangent_of_qr,
    name="q_and_r",
    kind="linear algebra",
    shapes="matrices (..., m, n) with m >= n and independent columns",
    examples=((TALL,), (STACK,)),
)

_QRResult: Any = type(np.linalg.qr(SYMMETRIC))


@stands_in_for(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    m, n = a.shape[-2:]
    if mode not in ("reduced", "r") and (mode != "complete" or m > n):
        raise TypeError(
            f"np.linalg.qr: expected mode='reduced' or mode='r', got mode={mode!r}; what Q "
            "has beyond that has no derivative"
        )
    packed = _q_and_r(a[..., : min(m, n)])
    q: Any = packed[..., :m, :]
    r: Any = packed[..., m:, :].mT
    if m < n:
        r = np.concatenate((r, q.mT @ a[..., m:]), axis=-1)
    return r if mode == "r" else _QRResult(q, r)


# --- eigenvectors and singular vectors ----------------------------------------------------------


def _use(g: Any) -> Any:
    """How much the loss depends on each vector, by the columns of their cotangent; 0 if not."""
    return np.sum(np.abs(g), axis=-2)


def _divided(m: Any, gaps: Any, size: Any, use: Any) -> Any:
    """`m / gaps`; where a gap is none, up to rounding, NaN, or 0 if the vectors are of no use."""
    closed = np.abs(gaps) <= np.finfo(m.dtype).eps * m.shape[-1] * size
    quotients = m * np.where(closed, np.nan, 1 / np.where(closed, 1, gaps))
    return np.where(np.where(closed, use, 1) == 0, 0, quotients)


def _by_gaps(m: Any, values: Any, use: Any) -> Any:
    """Each element off the diagonal, divided by the value of its column less that of its row."""
    size = np.max(np.abs(values), axis=-1)[..., None, None]
    unit = np.eye(m.shape[-1], dtype=m.dtype)
    gaps = values[..., None, :] - values[..., :, None]
    both = use[..., None, :] + use[..., :, None]
    return _divided(m * (1 - unit), gaps + unit * size, size, both)


def _cotangent_of_eigvalsh(g: Any, y: Any, x: Any) -> Any:
    vectors = eigenvectors.on(x)
    return _on_triangle((vectors * g[..., None, :]) @ vectors.mT)


eigvalsh = operation(
    lambda x: np.linalg.eigvalsh(real(x, "eigvalsh")),
    _cotangent_of_eigvalsh,
    name="eigvalsh",
    kind="linear algebra",
    shapes="symmetric matrices (..., n, n), of which it reads the lower triangle",
    python="np.linalg.eigvalsh({0})",
    examples=((SYMMETRIC,), (STACK,)),
)


def _cotangent_of_eigenvectors(g: Any, y: Any, x: Any) -> Any:
    values = np.sum(y * (_symmetric(x) @ y), axis=-2)
    return _on_triangle(y @ _by_gaps(y.mT @ g, values, _use(g)) @ y.mT)


eigenvectors: Operation = operation(
    lambda x: np.linalg.eigh(real(x, "eigh"))[1],
    _cotangent_of_eigenvectors,
    name="eigenvectors",
    kind="linear algebra",
    shapes="symmetric matrices (..., n, n), of which it reads the lower triangle",
    python="np.linalg.eigh({0})[1]",
    examples=((SYMMETRIC,), (STACK,)),
)

_EighResult: Any = type(np.linalg.eigh(SYMMETRIC))


def _lower(a: Any, UPLO: str) -> Any:
    """The matrix with the triangle that is read below the diagonal.

    Vectors may then have other signs than NumPy's, as they may on another machine.
    """
    if UPLO.upper() not in ("L", "U"):
        raise ValueError(f"np.linalg.eigh: expected UPLO='L' or UPLO='U', got {UPLO!r}")
    return a if UPLO.upper() == "L" else a.mT


@stands_in_for(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    a = _lower(a, UPLO)
    return _EighResult(eigvalsh(a), eigenvectors(a))


@stands_in_for(np.linalg.eigvalsh)
def eigenvalues(a: Any, UPLO: str = "L") -> Any:
    return eigvalsh(_lower(a, UPLO))


def _cotangent_of_svdvals(g: Any, y: Any, x: Any) -> Any:
    m = x.shape[-2]
    vectors = singular_vectors.on(x)
    # At a singular value 0 there is a kink, as of abs: its slope is taken for 0.
    of_values = (g * sign.on(y))[..., None, :]
    return (vectors[..., :m, :] * of_values) @ vectors[..., m:, :].mT


svdvals = operation(
    lambda x: np.linalg.svd(real(x, "svd"), compute_uv=False),
    _cotangent_of_svdvals,
    name="svdvals",
    kind="linear algebra",
    shapes="real matrices (..., m, n)",
    python="np.linalg.svdvals({0})",
    numpy=np.linalg.svdvals,
    examples=((TALL,), (TALL.T,), (STACK,)),
)


def _singular_vectors(x: Array) -> Array:
    """The left singular vectors, and below them the right ones."""
    u, _, vh = np.linalg.svd(real(x, "svd"), full_matrices=False)
    return np.concatenate([u, vh.mT], -2)


def _cotangent_of_singular_vectors(g: Any, y: Any, x: Any) -> Any:
    """See Townsend, Differentiating the singular value decomposition (2016)."""
    m, n = x.shape[-2:]
    u, v = y[..., :m, :], y[..., m:, :]
    of_u, of_v = g[..., :m, :], g[..., m:, :]
    values = np.sum(u * (x @ v), axis=-2)
    turned_u, turned_v = u.mT @ of_u, v.mT @ of_v
    row, column = values[..., None, :], values[..., :, None]
    squares = values * values
    use = _use(of_u) + _use(of_v)
    inner = _by_gaps(turned_u - turned_u.mT, squares, use) * row
    inner = inner + column * _by_gaps(turned_v - turned_v.mT, squares, use)
    found = u @ inner @ v.mT
    largest = np.max(values, axis=-1)[..., None, None]
    # The vectors turn out of the space they span, too, if that is not the whole.
    if m > n:
        of_u = of_u - u @ turned_u
        found = found + _divided(of_u, row, largest, use[..., None, :]) @ v.mT
    if n > m:
        of_v = of_v - v @ turned_v
        found = found + u @ _divided(of_v, row, largest, use[..., None, :]).mT
    return found


singular_vectors: Operation = operation(
    _singular_vectors,
    _cotangent_of_singular_vectors,
    name="singular_vectors",
    kind="linear algebra",
    shapes="real matrices (..., m, n)",
    examples=((TALL,), (TALL.T,), (STACK,)),
)

_SVDResult: Any = type(np.linalg.svd(SYMMETRIC))


@stands_in_for(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    a = operand(a, "np.linalg.svd")
    m, n = a.shape[-2:]
    if not compute_uv:
        return svdvals(a)
    if full_matrices and m != n:
        raise TypeError(
            f"np.linalg.svd: expected full_matrices=False for shape {a.shape}; the vectors that "
            "belong to no singular value have no derivative"
        )
    vectors = singular_vectors(a)
    return _SVDResult(vectors[..., :m, :], svdvals(a), vectors[..., m:, :].mT)
