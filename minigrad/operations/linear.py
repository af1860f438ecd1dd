"""The matrix product."""

from collections.abc import Sequence

import numpy as np

from minigrad.operation import operation
from minigrad.tensor import Array


def sum_of_products(left: Sequence[Array], right: Sequence[Array]) -> Array | None:
    """Sum the products `l @ r` of pairs of matrices by one product of the joined factors.

    The gradient of a weight that T steps share is such a sum. Joining copies the factors, adding
    touches the result T times: None says that adding is the cheaper, or that they are no matrices.
    """
    if {x.ndim for x in (*left, *right)} != {2}:
        return None
    copied = len(left) * (left[0].size + right[0].size)
    added = len(left) * left[0].shape[0] * right[0].shape[1]
    if copied > max(added, SMALL):
        return None
    product: Array = np.concatenate(left, axis=1) @ np.concatenate(right, axis=0)
    return product


SMALL = 10_000  # elements; below, a call costs more than what it copies

matmul = operation(
    np.matmul,
    lambda g, y, a, b: g @ b.mT,
    lambda g, y, a, b: a.mT @ g,
    sums=(
        lambda g, y, a, b: sum_of_products(g, [x.mT for x in b]),
        lambda g, y, a, b: sum_of_products([x.mT for x in a], g),
    ),
    shapes="(m, k) and (k, n)",
    latex="{0} {1}",
    symbol="·",
    examples=(
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((2, 3), (5, 3, 4)),
        ((2, 1, 2, 3), (4, 3, 2)),
    ),
)
