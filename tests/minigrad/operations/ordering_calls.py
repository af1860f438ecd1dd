"""Calls of the functions that sort."""

import numpy as np

from tests.minigrad.operations.calls import V, X, Z, call

NAN = np.array([0.3, np.nan, 1.2, -0.4])

CALLS = {
    np.sort: [call(V), call(X, 0), call(X, None), call(Z, axis=-2, kind="stable")],
    np.partition: [call(V, 1), call(X, 1, axis=1), call(X, 2, None)],
    np.median: [call(V), call(X), call(X, 1), call(Z, (0, 2), keepdims=True), call(V[:3])],
    np.quantile: [
        *(call(V, 0.3), call(X, [0.1, 0.9], axis=1), call(Z, 0.5, (0, 1)), call(X, 1.0)),
        *(call(V, 0.3, method=m) for m in ("lower", "higher", "midpoint", "nearest")),
        call(X, [[0.2, 0.5]], 0, keepdims=True),
    ],
    np.percentile: [call(V, 30), call(X, [10, 90], axis=1)],
    np.ptp: [call(V), call(X, 0), call(X, 1, keepdims=True)],
}
