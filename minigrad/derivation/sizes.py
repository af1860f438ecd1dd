"""How large a result will be, before it is computed."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def require_size(function: Callable[..., Any] | None, operands: Sequence[Any], limit: int) -> None:
    """Refuse what would make an array of more than so many entries.

    Elementwise functions and products are known to make arrays that are larger than what they are
    given; of others nothing is said.

    Raises
    ------
    ValueError
        If the result would be larger, or the operands don't go together.
    """
    if len(operands) != 2:
        return
    a, b = map(np.shape, operands)
    size = 0
    if function in (np.outer, np.multiply.outer, np.kron):
        size = math.prod(a) * math.prod(b)
    elif function in (np.matmul, np.dot) and a and b:
        rows, columns = a[-2:-1], b[-1:] if len(b) > 1 else ()
        outside = np.broadcast_shapes(a[:-2], b[:-2]) if function is np.matmul else a[:-2] + b[:-2]
        size = math.prod(outside + rows + columns)
    elif isinstance(function, np.ufunc) and function.signature is None:
        size = math.prod(np.broadcast_shapes(a, b))
    if size > limit:
        raise ValueError(f"an array of {size} entries")
