"""Calls of sums, products, differences and statistics."""

import numpy as np

from tests.minigrad.operations.calls import C, U, V, X, Y, Z, call

ZEROS = np.array([[0.3, 0.0, 2.0], [0.0, 0.0, 0.7]])
NAN = np.array([[0.3, np.nan, 2.0], [1.1, 0.4, np.nan]])
W = np.array([0.2, 0.5, 0.3])

CALLS = {
    np.cumsum: [call(V), call(X), call(X, 0), call(Z, axis=-1)],
    np.cumprod: [call(V), call(X), call(X, 1), call(ZEROS, axis=1), call(ZEROS)],
    np.cumulative_sum: [call(V), call(X, axis=1, include_initial=True)],
    np.cumulative_prod: [call(V), call(X, axis=0, include_initial=True)],
    np.prod: [
        *(call(V), call(X, 1), call(Z, (0, 2), keepdims=True), call(ZEROS, axis=0)),
        *(call(ZEROS), call(C), call(np.zeros((0, 2)), axis=0)),
    ],
    np.diff: [
        *(call(V), call(V, 2), call(X, axis=0), call(X, n=0), call(X, prepend=1.0)),
        *(call(V, append=U[:2]), call(X, 1, 1, Y[:, :1], 0.5)),
    ],
    np.gradient: [call(V), call(V, 0.5), call(X, axis=1), call(Z), call(X, 0.5, 2.0)],
    np.trapezoid: [
        *(call(V), call(X, dx=0.5), call(X, np.array([0.0, 1.0, 3.0])), call(X, axis=0)),
        call(X, Y, axis=1),
    ],
    np.average: [
        *(call(X), call(X, 1), call(X, axis=1, weights=W), call(X, weights=Y**2)),
        *(call(V, returned=True), call(X, 0, keepdims=True)),
    ],
    np.cov: [call(X), call(V), call(V, U), call(X, rowvar=False), call(X, bias=True)],
    np.corrcoef: [call(V, U), call(X[:, :2] ** 2), call(V)],
    np.nansum: [call(NAN), call(NAN, 1)],
    np.nanprod: [call(NAN), call(NAN, axis=0, keepdims=True)],
    np.nancumsum: [call(NAN, 1)],
    np.nancumprod: [call(NAN, 0)],
    np.nanmean: [call(NAN), call(NAN, 0)],
    np.nanvar: [call(NAN, 1), call(NAN, ddof=1)],
    np.nanstd: [call(NAN, 1, keepdims=True)],
    np.nanmax: [call(NAN), call(NAN, 1)],
    np.nanmin: [call(NAN), call(NAN, 0)],
    np.linspace: [call(C, 2.0, 5), call(V, U, 4, endpoint=False), call(V, 1.0, 3, axis=-1)],
    np.logspace: [call(C, 2.0, 4), call(V, U, 3, base=2.0)],
    np.polyval: [call(V, U), call(V, 2.0), call(V, X)],
    np.apply_along_axis: [
        call(lambda x: x[1:] * x[0], 1, X),
        call(lambda x: (x**2).sum(), 0, X),
        call(lambda x: np.outer(x, x), 1, Z),
    ],
    np.meshgrid: [call(V, W), call(V, W, indexing="ij"), call(V, W, C, sparse=True), call(V)],
    np.bincount: [call(np.array([0, 2, 2, 0]), V), call(np.array([0, 2, 2, 0]), V, minlength=5)],
    np.var: [call(X), call(X, 1, ddof=1)],
    np.std: [call(X, 0, keepdims=True)],
    np.sum: [call(X), call(Z, (0, 1))],
    np.mean: [call(X), call(Z, 1, keepdims=True)],
    np.max: [call(X, 1)],
    np.min: [call(X, 1)],
}
