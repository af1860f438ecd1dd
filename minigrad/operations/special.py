"""SciPy's special functions; imported when one is called, which needs SciPy."""

import math
from typing import Any

import numpy as np
import scipy.special as sp

from minigrad.operation import Operation, operation
from minigrad.operations.elementwise import equal, sigmoid
from minigrad.protocol import NUMPY, stands_in_for

NUMPY[sp.expit] = sigmoid
_ROOT_OF_PI = math.sqrt(math.pi)


@stands_in_for(sp.logit)
def logit(x: Any) -> Any:
    return np.log(x / (1 - x))


erf = operation(
    sp.erf,
    lambda g, y, x: g * (2 / _ROOT_OF_PI) * np.exp(-x * x),
    numpy=sp.erf,
    latex=r"\operatorname{{erf}}({0})",
)


erfc = operation(
    sp.erfc,
    lambda g, y, x: -g * (2 / _ROOT_OF_PI) * np.exp(-x * x),
    numpy=sp.erfc,
    latex=r"\operatorname{{erfc}}({0})",
)

ndtr = operation(
    sp.ndtr,
    lambda g, y, x: g * np.exp(-x * x / 2) / math.sqrt(2 * math.pi),
    numpy=sp.ndtr,
    latex=r"\Phi({0})",
    text="Φ({0})",
)


def _polygamma(x: Any, *, n: int = 0) -> Any:
    if x.dtype.kind == "c":  # SciPy has no complex ones: the imaginary part is a derivative's
        return _polygamma(x.real, n=n) + 1j * x.imag * _polygamma(x.real, n=n + 1)
    return np.asarray(sp.polygamma(n, x), x.dtype)


polygamma: Operation = operation(
    _polygamma,
    lambda g, y, x, n: g * polygamma.on(x, n=n + 1),
    name="polygamma",
    kind="elementwise",
    shapes="positive numbers",
    latex=r"\psi_{{{{n}}}}({0})",
    text="ψ[{{n}}]({0})",
    domain=(0.5, 3.0),
    examples=(((2, 3),), ((2,), {"n": 1})),
)


def _gammaln(x: Any) -> Any:
    if x.dtype.kind != "c":
        return sp.gammaln(x)
    return sp.gammaln(x.real) + 1j * x.imag * sp.digamma(x.real)


gammaln = operation(
    _gammaln,
    lambda g, y, x: g * polygamma.on(x, n=0),
    name="gammaln",
    numpy=sp.gammaln,
    kind="elementwise",
    latex=r"\log \Gamma({0})",
    text="log Γ({0})",
    domain=(0.5, 3.0),
)


@stands_in_for(sp.digamma)
def digamma(x: Any) -> Any:
    return polygamma(x, n=0)


@stands_in_for(sp.xlogy)
def xlogy(x: Any, y: Any) -> Any:
    """x log(y), and 0 where x is 0."""
    safe = np.where(equal(x, 0), 1, y)
    return x * np.log(safe)


@stands_in_for(sp.xlog1py)
def xlog1py(x: Any, y: Any) -> Any:
    """x log(1 + y), and 0 where x is 0."""
    return x * np.log1p(np.where(equal(x, 0), 0, y))


for _name in ("exp2", "expm1", "log1p", "cbrt"):
    NUMPY[getattr(sp, _name)] = NUMPY[getattr(np, _name)]
