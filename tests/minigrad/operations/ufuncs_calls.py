"""Calls of methods of ufuncs."""

import numpy as np

from tests.minigrad.operations.calls import POSITIVE, U, V, X, Z, call

CALLS = {
    np.add.reduce: [call(V), call(X), call(X, axis=1, keepdims=True), call(Z, axis=(0, 1))],
    np.multiply.reduce: [call(V), call(X)],
    np.maximum.reduce: [call(X, 1)],
    np.minimum.reduce: [call(X)],
    np.logaddexp.reduce: [call(V)],
    np.subtract.reduce: [call(X), call(X, 1, keepdims=True)],
    np.divide.reduce: [call(POSITIVE)],
    np.add.accumulate: [call(V), call(X)],
    np.multiply.accumulate: [call(X, 1)],
    np.maximum.accumulate: [call(V), call(X, axis=1)],
    np.minimum.accumulate: [call(V)],
    np.logaddexp.accumulate: [call(V)],
    np.subtract.accumulate: [call(X)],
    np.multiply.outer: [call(V, U), call(X, V), call(2.0, V)],
    np.subtract.outer: [call(V, X)],
    np.arctan2.outer: [call(V, U)],
}
