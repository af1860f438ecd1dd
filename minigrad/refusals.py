"""Errors of operations: what was expected and what came, in the author's names."""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from minigrad.tensor import Tensor, describe


def refuse_promotion(name: str, inputs: Sequence[Tensor], dtype: np.dtype[Any]) -> None:
    """Raise if an input was promoted to another precision by what it met."""
    for x in inputs:
        if x.dtype.kind == dtype.kind == "f" and x.dtype != dtype:
            got = " and ".join(f"{x.dtype} ({describe(x)})" for x in inputs)
            raise TypeError(
                f"{name}: expected one precision, got {got}; convert one of them by "
                "x.astype(dtype), or make it with tensor(..., dtype=...)"
            )


def explain(
    name: str,
    shapes: str,
    inputs: Sequence[Tensor],
    parameters: Mapping[str, Any],
    error: Exception,
) -> NoReturn:
    """Say what was expected and what came, in the author's names."""
    got = ", ".join(f"{describe(x)} {x.shape}" for x in inputs)
    with_parameters = "".join(f", {key}={value!r}" for key, value in parameters.items())
    kinds = np.linalg.LinAlgError, TypeError, ValueError, IndexError
    kind = next(k for k in kinds if isinstance(error, k))
    raise kind(
        f"{name}: expected {shapes}, got {got}{with_parameters}; "
        f"reshape, transpose or index them so that they fit (NumPy: {error})"
    ) from error
