"""Inverses, determinants, and what is made of them: stacks of matrices, as in `np.linalg`."""

import math
from typing import Any

import numpy as np

from minigrad.complex_step import real_part
from minigrad.leaf import operand
from minigrad.operation import POWER, operation, without_gradient
from minigrad.protocol import stands_in_for
from minigrad.tensor import Array, value_known

# What records are tested on: far from a matrix that has no inverse, and from repeated eigenvalues.
SQUARE = np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.6], [0.7, -0.2, 1.8]])
SYMMETRIC = np.array([[2.0, 0.3, 0.4], [0.3, 1.1, 0.6], [0.4, 0.6, 3.2]])  # positive definite
STACK = np.stack([SQUARE[:2, :2], SYMMETRIC[1:, 1:]])
TALL = np.array([[0.3, 1.2], [-2.0, 1.1], [0.4, 0.7]])


def real(x: Array, name: str) -> Array:
    """A matrix; complex ones are refused, since LAPACK would conjugate."""
    if x.dtype.kind == "c":
        raise TypeError(f"{name} takes real matrices only, which a complex step is not")
    return x


inv = operation(
    np.linalg.inv,
    lambda g, y, x: -y.mT @ g @ y.mT,
    numpy=np.linalg.inv,
    kind="linear algebra",
    shapes="square matrices (..., n, n) that have an inverse",
    latex="{0}^{{-1}}",
    text="{0}⁻¹",
    precedence=POWER,
    python="np.linalg.inv({0})",
    examples=((SQUARE,), (STACK,)),
)

_solve = operation(
    np.linalg.solve,
    lambda g, y, a, b: -np.linalg.solve(a.mT, g) @ y.mT,
    lambda g, y, a, b: np.linalg.solve(a.mT, g),
    kind="linear algebra",
    shapes="matrices (..., n, n) that have an inverse, and (..., n, k)",
    latex="{0}^{{-1}} {1}",
    text="{0}⁻¹ {1}",
    precedence=POWER,
    python="np.linalg.solve({0}, {1})",
    examples=((SQUARE, (3, 2)), (STACK, (2, 3))),
)


@stands_in_for(np.linalg.solve)
def solve(a: Any, b: Any) -> Any:
    a, b = operand(a, "np.linalg.solve"), operand(b, "np.linalg.solve")
    return _solve(a, b[:, None])[..., 0] if b.ndim == 1 else _solve(a, b)


# --- determinants -------------------------------------------------------------------------------

det = operation(
    np.linalg.det,
    lambda g, y, x: (g * y)[..., None, None] * np.linalg.inv(x).mT,
    numpy=np.linalg.det,
    kind="linear algebra",
    shapes="square matrices (..., n, n), for the gradient with an inverse",
    latex=r"\det({0})",
    python="np.linalg.det({0})",
    examples=((SQUARE,), (STACK,)),
)


def _log_det(x: Array) -> Any:
    sign, size = np.linalg.slogdet(x)
    if x.dtype.kind != "c":
        return size
    # The logarithm of det / ±1: its real part is that of |det|, and it is analytic.
    return size + np.log(sign * np.sign(real_part(sign, "slogdet")))


log_det = operation(
    _log_det,
    lambda g, y, x: g[..., None, None] * np.linalg.inv(x).mT,
    name="log_det",
    kind="linear algebra",
    shapes="square matrices (..., n, n) that have an inverse",
    latex=r"\log \lvert \det({0}) \rvert",
    text="log |det({0})|",
    python="np.linalg.slogdet({0})[1]",
    examples=((SQUARE,), (STACK,)),
)

_sign_of_det = without_gradient(
    "sign_of_det",
    lambda x: np.sign(real_part(np.linalg.slogdet(x)[0], "slogdet")),
    1,
    python="np.linalg.slogdet({0})[0]",
)

_SlogdetResult: Any = type(np.linalg.slogdet(SQUARE))


@stands_in_for(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    return _SlogdetResult(_sign_of_det(a), log_det(a))


# --- where there is no inverse ------------------------------------------------------------------


def _cotangent_of_pinv(g: Any, y: Any, x: Any, rtol: Any) -> Any:
    """Of matrices whose rank does not change; see Golub and Pereyra (1973)."""
    left = g.mT - x @ (y @ g.mT)
    right = g.mT - (g.mT @ y) @ x
    return left @ (y @ y.mT) + (y.mT @ y) @ right - y.mT @ g @ y.mT


_pinv = operation(
    lambda x, *, rtol=1e-15: np.linalg.pinv(real(x, "pinv"), rtol),
    _cotangent_of_pinv,
    name="pinv",
    kind="linear algebra",
    shapes="real matrices (..., m, n)",
    latex="{0}^+",
    text="{0}⁺",
    precedence=POWER,
    python=lambda rtol: f"np.linalg.pinv({{0}}, {rtol})",
    examples=((SQUARE,), (TALL,), (TALL.T,)),
)


@stands_in_for(np.linalg.pinv)
def pinv(a: Any, rcond: Any = None, *, rtol: Any = None) -> Any:
    given = next((x for x in (rcond, rtol) if x is not None), 1e-15)
    return _pinv(a, rtol=given)


@stands_in_for(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    a, b = operand(a, "np.linalg.lstsq"), operand(b, "np.linalg.lstsq")
    m, n = a.shape
    if rcond is None:
        rcond = np.finfo(a.dtype).eps * max(m, n)
    singular_values = np.linalg.svdvals(a)
    known = value_known(singular_values)
    rank = int(np.sum(known > rcond * known.max(initial=0)))
    x = pinv(a, rcond) @ b
    residuals = np.sum((b - a @ x) ** 2, axis=0, keepdims=b.ndim == 1)
    if m <= n or rank < n:
        residuals = residuals[:0]
    return x, residuals, rank, singular_values


# --- of arrays with more axes -------------------------------------------------------------------


@stands_in_for(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    a, b = operand(a, "np.linalg.tensorsolve"), operand(b, "np.linalg.tensorsolve")
    if axes is not None:
        kept = [i for i in range(a.ndim) if i not in axes]
        a = a.transpose((*kept, *axes))
    shape = a.shape[b.ndim :]
    return solve(a.reshape((-1, math.prod(shape))), b.reshape(-1)).reshape(shape)


@stands_in_for(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    if ind <= 0:
        raise ValueError(f"np.linalg.tensorinv: expected ind > 0, got {ind}")
    rows, columns = a.shape[:ind], a.shape[ind:]
    return inv(a.reshape((math.prod(rows), -1))).reshape((*columns, *rows))
