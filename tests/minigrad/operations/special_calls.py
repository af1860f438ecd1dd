"""Calls of SciPy's special functions."""

import numpy as np
import scipy.special as sp

from tests.minigrad.operations.calls import POSITIVE, X, call

P = np.array([0.2, 0.9, 0.5])
ZERO = np.array([0.0, 1.3, -0.4])

CALLS = {
    sp.expit: [call(X)],
    sp.logit: [call(P)],
    sp.erf: [call(X)],
    sp.erfc: [call(X)],
    sp.ndtr: [call(X)],
    sp.gammaln: [call(POSITIVE)],
    sp.digamma: [call(POSITIVE)],
    sp.xlogy: [call(X, POSITIVE), call(2.0, P)],
    sp.xlog1py: [call(X, POSITIVE)],
    sp.exp2: [call(X)],
    sp.expm1: [call(X)],
    sp.log1p: [call(POSITIVE)],
    sp.cbrt: [call(POSITIVE)],
}
