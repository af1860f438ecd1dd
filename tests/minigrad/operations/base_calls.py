"""Calls of what `import minigrad` brings, and of what has no gradient."""

import numpy as np

from tests.minigrad.operations.calls import POSITIVE, S, U, V, X, Y, call, plain

CALLS = {
    **{f: [call(X)] for f in (np.negative, np.positive, np.exp, np.square, np.abs)},
    **{f: [call(X, Y)] for f in (np.add, np.subtract, np.multiply, np.divide)},
    **{f: [call(X, Y)] for f in (np.maximum, np.minimum)},
    np.power: [call(POSITIVE, Y)],
    np.matmul: [call(X, Y.T), call(S, X[0]), call(V, U)],
    np.dot: [call(X, Y.T), call(V, U)],
    np.outer: [call(V, U), call(X, Y)],
    np.clip: [call(X, -0.5, 1.15), call(X, min=-0.5)],
    np.amin: [call(X, 1)],
    np.amax: [call(X, 1)],
    # What has no gradient.
    **{
        f: [plain(X, Y), plain(X, 0.3)]
        for f in (
            *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal),
            *(np.logical_and, np.logical_or, np.logical_xor, np.floor_divide),
            *(np.allclose, np.isclose, np.array_equal, np.array_equiv, np.isin),
        )
    },
    **{
        f: [plain(X)]
        for f in (
            *(np.isfinite, np.isnan, np.isinf, np.signbit, np.logical_not, np.isreal, np.iscomplex),
            *(np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around),
            *(np.any, np.all, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero),
            *(np.isrealobj, np.iscomplexobj, np.shape, np.ndim, np.size),
            *(np.zeros_like, np.ones_like, np.argmax, np.argmin, np.argsort),
            *(np.nanargmax, np.nanargmin, np.isneginf, np.isposinf),
        )
    },
    **{f: [plain(X, Y)] for f in (np.may_share_memory, np.shares_memory)},
    **{f: [plain(S)] for f in (np.diag_indices_from, np.tril_indices_from, np.triu_indices_from)},
    np.argpartition: [plain(V, 1)],
    np.lexsort: [plain((V, U))],
    np.searchsorted: [plain(np.sort(V), U)],
    np.digitize: [plain(V, np.sort(U))],
}
