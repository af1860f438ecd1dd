"""The matrix product."""

from collections.abc import Sequence

import numpy as np

from minigrad.operation import MATRIX_PRODUCT, operation
from minigrad.tensor import Array

SMALL = 10_000  # elements; below, a call costs more than what it copies


def pays_to_join(g: Sequence[Array], other: Sequence[Array], axis: int) -> bool:
    """Whether one product of joined factors is the cheapest way to sum many products.

    The gradient of a weight that T steps share is a sum of T products. Joining copies all factors
    along the axis that the product sums over; adding touches the result T times.
    """
    if {x.ndim for x in g} != {2}:
        return False
    summed = g[0].shape[axis]
    copied = g[0].size + other[0].size
    added = g[0].size * other[0].size // max(summed, 1) ** 2
    return copied <= added or copied * len(g) <= SMALL


matmul = operation(
    np.matmul,
    lambda g, y, a, b: g @ b.mT,
    lambda g, y, a, b: a.mT @ g,
    sums=(
        lambda g, y, a, b: (
            np.concatenate(g, 1) @ np.concatenate(b, 1).mT if pays_to_join(g, b, 1) else None
        ),
        lambda g, y, a, b: (
            np.concatenate(a, 0).mT @ np.concatenate(g, 0) if pays_to_join(g, a, 0) else None
        ),
    ),
    kind="product",
    shapes="(m, k) and (k, n)",
    latex="{0} {1}",
    text="{0} {1}",
    precedence=MATRIX_PRODUCT,
    python="{0} @ {1}",
    symbol="·",
    drawn="formula",
    examples=(
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((2, 1, 2, 3), (4, 3, 2)),
    ),
)
