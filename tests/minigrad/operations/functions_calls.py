"""Calls of functions of each element: also far out, where a formula would overflow."""

import numpy as np

from tests.minigrad.operations.calls import POSITIVE, SMALL, V, X, Y, call

B = np.array([0.7, -1.1, 1.6])

CALLS = {
    **{f: [call(X)] for f in (np.expm1, np.exp2, np.sin, np.cos, np.tanh, np.sinh, np.cosh)},
    **{f: [call(X)] for f in (np.arctan, np.arcsinh, np.cbrt, np.degrees, np.rad2deg)},
    **{f: [call(X)] for f in (np.radians, np.deg2rad, np.square, np.reciprocal, np.absolute)},
    **{f: [call(X, kinked=True)] for f in (np.fabs, np.nan_to_num)},
    **{f: [call(POSITIVE)] for f in (np.log1p, np.log2, np.log10, np.sqrt, np.log)},
    **{f: [call(SMALL)] for f in (np.arcsin, np.arccos, np.arctanh, np.tan)},
    **{f: [call(X, Y), call(X, B), call(V, 0.5)] for f in (np.logaddexp, np.logaddexp2)},
    **{f: [call(X, Y), call(X, B)] for f in (np.arctan2, np.hypot, np.fmax, np.fmin)},
    **{f: [call(X, B), call(V, -0.45)] for f in (np.remainder, np.fmod)},
    np.arccosh: [call(POSITIVE + 1)],
    np.sinc: [call(X), call(np.array([0.0, 1e-3, -5e-3]))],
    np.float_power: [call(POSITIVE, B)],
    np.copysign: [call(X, Y)],
    np.divmod: [call(X, B)],
    np.modf: [call(X)],
    np.ldexp: [call(V, np.array([1, 0, 3, -2]))],
    np.heaviside: [call(np.array([0.0, 1.0, -1.0]), B)],
}
