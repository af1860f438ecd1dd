r"""Functions of each element that not every program needs.

At a kink the rule takes the middle of the slopes on its sides, as in `elementwise`. Functions that
are constant between jumps (`sign`, `floor`, `heaviside`) have no gradient, and give plain arrays.
"""

import math
from typing import Any

import numpy as np

from minigrad.complex_step import real_part
from minigrad.operation import POWER, Operation, operation
from minigrad.operations.elementwise import equal
from minigrad.protocol import stands_in_for

# --- exponentials and logarithms ----------------------------------------------------------------

LOG_2, LOG_10 = math.log(2), math.log(10)

expm1 = operation(
    np.expm1, lambda g, y, x: g * (y + 1), latex=r"(\exp({0}) - 1)", text="(exp({0}) - 1)"
)
exp2 = operation(
    np.exp2, lambda g, y, x: g * y * LOG_2, latex="2^{{{0}}}", text="2^{0}", precedence=POWER
)
_ABOVE = (0.2, 2.0)
log1p = operation(
    np.log1p,
    lambda g, y, x: g / (1 + x),
    latex=r"\log(1 + {0})",
    text="log(1 + {0})",
    domain=_ABOVE,
)
log2 = operation(
    np.log2, lambda g, y, x: g / (x * LOG_2), latex=r"\log_2({0})", text="log₂({0})", domain=_ABOVE
)
log10 = operation(
    np.log10,
    lambda g, y, x: g / (x * LOG_10),
    latex=r"\log_{{10}}({0})",
    text="log₁₀({0})",
    domain=_ABOVE,
)


def _share_of(a: Any, b: Any, base: float) -> Any:
    """The slope of log(base^a + base^b) by `a`: the softmax of the two."""
    return 1 / (1 + np.exp((b - a) * math.log(base)))


def _logaddexp(ufunc: np.ufunc, base: float) -> Operation:
    """The log of the sum of two powers; of complex numbers too, which NumPy does not take."""

    def forward(a: Any, b: Any) -> Any:
        if np.result_type(a, b).kind != "c":
            return ufunc(a, b)
        larger = np.where(real_part(a, "logaddexp") > real_part(b, "logaddexp"), a, b)
        sums = np.exp((a - larger) * math.log(base)) + np.exp((b - larger) * math.log(base))
        return larger + np.log(sums) / math.log(base)

    name = ufunc.__name__
    return operation(
        forward,
        lambda g, y, a, b: g * _share_of(a, b, base),
        lambda g, y, a, b: g * _share_of(b, a, base),
        name=name,
        numpy=ufunc,
        kind="elementwise",
    )


logaddexp = _logaddexp(np.logaddexp, math.e)
logaddexp2 = _logaddexp(np.logaddexp2, 2.0)

# --- trigonometry -------------------------------------------------------------------------------

_INSIDE = (-0.9, 0.9)


def _named(
    ufunc: np.ufunc, latex: str, rule: Any, domain: tuple[float, float] = (-1.2, 1.2)
) -> Any:
    return operation(ufunc, rule, latex=rf"\{latex}({{0}})", domain=domain)


tan = _named(np.tan, "tan", lambda g, y, x: g * (1 + y * y))
sinh = _named(np.sinh, "sinh", lambda g, y, x: g * np.cosh(x))
cosh = _named(np.cosh, "cosh", lambda g, y, x: g * np.sinh(x))
arcsin = _named(np.arcsin, "arcsin", lambda g, y, x: g / np.sqrt(1 - x * x), _INSIDE)
arccos = _named(np.arccos, "arccos", lambda g, y, x: -g / np.sqrt(1 - x * x), _INSIDE)
arctan = _named(np.arctan, "arctan", lambda g, y, x: g / (1 + x * x))
arcsinh = _named(np.arcsinh, "operatorname{{arsinh}}", lambda g, y, x: g / np.sqrt(x * x + 1))
arccosh = _named(
    np.arccosh,
    "operatorname{{arcosh}}",
    lambda g, y, x: g / (np.sqrt(x - 1) * np.sqrt(x + 1)),
    (1.2, 3.0),
)
arctanh = _named(np.arctanh, "operatorname{{artanh}}", lambda g, y, x: g / (1 - x * x), _INSIDE)


def _arctan2(y: Any, x: Any) -> Any:
    if np.result_type(y, x).kind != "c":
        return np.arctan2(y, x)
    # Analytic: the angle of the real parts, and the small one by which the imaginary parts turn it.
    a, b = real_part(y, "arctan2"), real_part(x, "arctan2")
    return np.arctan2(a, b) + 1j * np.imag((y * b - x * a) / (a * a + b * b))


arctan2 = operation(
    _arctan2,
    lambda g, z, y, x: g * x / (x * x + y * y),
    lambda g, z, y, x: -g * y / (x * x + y * y),
    name="arctan2",
    numpy=np.arctan2,
    kind="elementwise",
    domain=(0.2, 2.0),
)


@stands_in_for(np.degrees, np.rad2deg)
def degrees(x: Any) -> Any:
    return x * (180 / math.pi)


@stands_in_for(np.radians, np.deg2rad)
def radians(x: Any) -> Any:
    return x * (math.pi / 180)


def _hypot(a: Any, b: Any) -> Any:
    return np.hypot(a, b) if np.result_type(a, b).kind != "c" else np.sqrt(a * a + b * b)


def _by_leg(g: Any, y: Any, leg: Any) -> Any:
    """The slope of a length by one leg; 0 where the length is 0, in the middle of the slopes."""
    is_zero = equal.on(y, 0)
    return np.where(is_zero, 0, g * leg / np.where(is_zero, 1, y))


hypot = operation(
    _hypot,
    lambda g, y, a, b: _by_leg(g, y, a),
    lambda g, y, a, b: _by_leg(g, y, b),
    name="hypot",
    numpy=np.hypot,
    kind="elementwise",
    latex=r"\sqrt{{{0}^2 + {1}^2}}",
    text="√({0}² + {1}²)",
    domain=(0.2, 2.0),
)


@stands_in_for(np.sinc)
def sinc(x: Any) -> Any:
    """sin(πx) / (πx); near 0 by its series, which has all derivatives there."""
    z = x * math.pi
    near = np.abs(z) < 0.02
    square = np.where(near, z * z, 0)
    series = 1 - square / 6 * (1 - square / 20 * (1 - square / 42 * (1 - square / 72)))
    safe = np.where(near, 1, z)
    return np.where(near, series, np.sin(safe) / safe)


# --- roots, absolute values, limits -------------------------------------------------------------


def _cbrt(x: Any) -> Any:
    if x.dtype.kind != "c":
        return np.cbrt(x)
    root = np.cbrt(real_part(x, "cbrt"))
    return root + 1j * x.imag / (3 * root * root)


cbrt = operation(
    _cbrt,
    lambda g, y, x: g / (3 * y * y),
    name="cbrt",
    numpy=np.cbrt,
    kind="elementwise",
    latex=r"\sqrt[3]{{{0}}}",
    text="∛({0})",
    domain=(0.2, 2.0),
)


@stands_in_for(np.fabs)
def fabs(x: Any) -> Any:
    return np.abs(x)


def _without_nan(x: Any, other: Any) -> Any:
    """`x`, or where that is not a number `other`."""
    return np.where(np.isnan(x), other, x)


@stands_in_for(np.fmax)
def fmax(a: Any, b: Any) -> Any:
    return np.maximum(_without_nan(a, b), _without_nan(b, a))


@stands_in_for(np.fmin)
def fmin(a: Any, b: Any) -> Any:
    return np.minimum(_without_nan(a, b), _without_nan(b, a))


@stands_in_for(np.float_power)
def float_power(a: Any, b: Any) -> Any:
    return np.power(a, b)


@stands_in_for(np.copysign)
def copysign(x: Any, sign: Any) -> Any:
    """|x| with the other's sign, which is constant but for a jump."""
    return np.where(np.signbit(sign), -np.abs(x), np.abs(x))


@stands_in_for(np.nan_to_num)
def nan_to_num(x: Any, nan: float = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    limits = np.finfo(x.dtype)
    x = _without_nan(x, nan)
    x = np.where(np.equal(x, np.inf), limits.max if posinf is None else posinf, x)
    return np.where(np.equal(x, -np.inf), limits.min if neginf is None else neginf, x)


# --- division with remainder --------------------------------------------------------------------


def _remainder(ufunc: np.ufunc, text: str) -> Operation:
    """a - n b for the whole number n of times that b goes into a, which is constant but for jumps.

    Its slope is 1 by `a`, and -n by `b`.
    """
    name = ufunc.__name__

    def forward(a: Any, b: Any) -> Any:
        if np.result_type(a, b).kind != "c":
            return ufunc(a, b)
        u, v = real_part(a, name), real_part(b, name)
        return a - b * np.rint((u - ufunc(u, v)) / v)

    return operation(
        forward,
        lambda g, y, a, b: g,
        lambda g, y, a, b: -g * np.rint((a - y) / b),
        name=name,
        numpy=ufunc,
        kind="elementwise",
        latex=r"({0} \bmod {1})",
        text=text,
        domain=(0.5, 0.9),
    )


remainder = _remainder(np.remainder, "({0} mod {1})")
fmod = _remainder(np.fmod, "fmod({0}, {1})")


@stands_in_for(np.divmod)
def divmod(a: Any, b: Any) -> Any:
    return np.floor_divide(a, b), remainder(a, b)


@stands_in_for(np.modf)
def modf(x: Any) -> Any:
    whole = np.trunc(x)
    return x - whole, whole


@stands_in_for(np.ldexp)
def ldexp(x: Any, n: Any) -> Any:
    return x * np.exp2(np.asarray(n, x.dtype))


@stands_in_for(np.heaviside)
def heaviside(x: Any, h0: Any) -> Any:
    """0 below, 1 above, and at 0 what is asked for, which has a gradient there."""
    return np.where(np.equal(x, 0), h0, np.greater(x, 0))
