"""A small machine for runs of elementwise steps, compiled by Numba (the extra `[fast]`).

A run is a table with one line for each step. The machine does all lines for one row of the values
before it goes on to the next row, so that what lies between two steps stays in the cache. It is
compiled once for each dtype, not once for each plan, and Numba keeps it on disk.

Its exponential is the text-book one: x = n log 2 + r, a Taylor polynomial in r, and 2^n put
together from bits. It computes exp(x) - 1, which keeps small results accurate, so that tanh can use
it too: tanh x = (exp(2x) - 1) / (exp(2x) + 1). Nothing branches on a value: the compiler can
vectorise.
"""

from math import factorial, log
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

OPERATIONS = (
    *("multiply", "add", "subtract", "sigmoid", "tanh", "negative", "copy", "divide", "relu"),
)
OPCODES = {name: i for i, name in enumerate(OPERATIONS)}
# The columns of a table: what to do, on how many elements; then for the result and two inputs where
# they start, how far it is to the next row, and for inputs how far to the next element.
COLUMNS = ("operation", "n", "y", "y_row", "a", "a_row", "a_next", "b", "b_row", "b_next")

_F, _D = np.float32, np.float64
# Adding 1.5 2^(bits of the fraction) rounds to a whole number, which is then in the last bits.
_ROUND_F, _ROUND_D = _F(1.5 * 2.0**23), _D(1.5 * 2.0**52)
_PER_LOG2_F, _PER_LOG2_D = _F(1 / log(2)), _D(1 / log(2))
# log 2 in two parts; n times the first is exact.
_HIGH_F, _HIGH_D = _F(355 / 512), _D(0x162E42FEE0 / 2**37)
_LOW_F, _LOW_D = (
    kind(np.longdouble("0.693147180559945309417232121458176568") - np.longdouble(high))
    for kind, high in ((_F, _HIGH_F), (_D, _HIGH_D))
)
_C_F = tuple(_F(1 / factorial(i)) for i in range(8))
_C_D = tuple(_D(1 / factorial(i)) for i in range(14))
_FAST: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "cache": True}


def _expm1(x: Any) -> Any:
    """exp(x) - 1, for x that is neither huge nor tiny enough to leave the range of 2^n."""


@overload(_expm1)
def _(x: Any) -> Any:
    return _expm1_single if x == types.float32 else _expm1_double


def _expm1_single(x: Any) -> Any:
    t = x * _PER_LOG2_F + _ROUND_F
    n = t - _ROUND_F
    r = (x - n * _HIGH_F) - n * _LOW_F
    p = _C_F[6] + r * _C_F[7]
    p = _C_F[2] + r * (_C_F[3] + r * (_C_F[4] + r * (_C_F[5] + r * p)))
    p = r + r * r * p
    bits = np.int32((np.float32(t).view(np.int32) << np.int32(23)) + np.int32(127 << 23))
    power = np.int32(bits).view(np.float32)
    return power * p + (power - _F(1))


def _expm1_double(x: Any) -> Any:
    t = x * _PER_LOG2_D + _ROUND_D
    n = t - _ROUND_D
    r = (x - n * _HIGH_D) - n * _LOW_D
    p = _C_D[10] + r * (_C_D[11] + r * (_C_D[12] + r * _C_D[13]))
    p = _C_D[6] + r * (_C_D[7] + r * (_C_D[8] + r * (_C_D[9] + r * p)))
    p = _C_D[2] + r * (_C_D[3] + r * (_C_D[4] + r * (_C_D[5] + r * p)))
    p = r + r * r * p
    power = np.int64((np.float64(t).view(np.int64) << 52) + (1023 << 52)).view(np.float64)
    return power * p + (power - 1.0)


@njit(**_FAST)
def _within(x, limit):  # type: ignore[no-untyped-def]
    x = limit if x > limit else x
    return -limit if x < -limit else x


def entry(dtype: np.dtype[Any]) -> Any:
    """The machine for one dtype, without Numba's search for it in every call."""
    kind = types.float32 if dtype == np.float32 else types.float64
    signature = (kind[::1], types.int64[:, ::1], types.int64, kind[:, ::1])
    run.compile(signature)
    return run.get_overload(signature)


@njit(**_FAST)
def run(memory, table, rows, scratch):  # type: ignore[no-untyped-def]
    """Do a run.

    Parameters
    ----------
    memory
        All values, in one array of one dtype.
    table
        Whole numbers, (lines, columns); see `COLUMNS`.
    rows
        How often each line is done.
    scratch
        Two rows for inputs that do not lie side by side; in a third the numbers 1 and `far`, where
        exp stops: exp(far) and exp(-far) are still in the dtype's range.
    """
    one, far = scratch[2, 0], scratch[2, 1]
    two = one + one
    for row in range(rows):
        for line in range(table.shape[0]):
            operation, n = table[line, 0], table[line, 1]
            start = table[line, 2] + row * table[line, 3]
            y = memory[start : start + n]
            start, step = table[line, 4] + row * table[line, 5], table[line, 6]
            if step == 1:
                a = memory[start : start + n]
            else:
                a = scratch[0, :n]
                for i in range(n):
                    a[i] = memory[start + i * step]
            if operation == 3:
                for i in range(n):
                    y[i] = one / (two + _expm1(_within(-a[i], far)))
                continue
            if operation == 4:
                for i in range(n):
                    e = _expm1(_within(a[i] + a[i], far))
                    y[i] = e / (e + two)
                continue
            if operation == 5:
                for i in range(n):
                    y[i] = -a[i]
                continue
            if operation == 6:
                for i in range(n):
                    y[i] = a[i]
                continue
            if operation == 8:
                for i in range(n):
                    y[i] = a[i] if not a[i] <= 0 else one - one
                continue
            start, step = table[line, 7] + row * table[line, 8], table[line, 9]
            if step == 1:
                b = memory[start : start + n]
            else:
                b = scratch[1, :n]
                for i in range(n):
                    b[i] = memory[start + i * step]
            if operation == 0:
                for i in range(n):
                    y[i] = a[i] * b[i]
            elif operation == 1:
                for i in range(n):
                    y[i] = a[i] + b[i]
            elif operation == 2:
                for i in range(n):
                    y[i] = a[i] - b[i]
            elif operation == 7:
                for i in range(n):
                    y[i] = a[i] / b[i]
