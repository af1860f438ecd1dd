"""NumPy functions on tensors, by NumPy's own protocols (NEP 13 and NEP 18)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

# What stands in for a NumPy function when one of its arguments is a tensor. Operations enter
# theirs as they are made; `minigrad.operations.composite` enters what is built from several.
NUMPY: dict[Callable[..., Any], Callable[..., Any]] = {}


def array_ufunc(
    ufunc: np.ufunc, method: str, inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Answer `np.tanh(x)` (NEP 13)."""
    if method != "__call__":
        raise TypeError(_no_rule(f"numpy.{ufunc.__name__}.{method}"))
    return array_function(ufunc, inputs, options)


def array_function(
    function: Callable[..., Any], inputs: Sequence[Any], options: Mapping[str, Any]
) -> Any:
    """Answer `np.sum(x, axis=0)` (NEP 18)."""
    if function not in NUMPY:
        place = getattr(function, "__module__", None) or "numpy"
        raise TypeError(_no_rule(f"{place}.{function.__name__}"))
    if options.get("out") is not None:
        raise TypeError(
            f"np.{function.__name__}: expected no out=, since a tensor is not written to; "
            "use the result"
        )
    return NUMPY[function](*inputs, **options)


def _no_rule(name: str) -> str:
    return (
        f"{name}: expected a function that minigrad can differentiate, and this one has no "
        "rule; add one with minigrad.operation, or take x.data where no gradient is needed"
    )
