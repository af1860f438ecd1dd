"""Complex numbers are there for the complex step: the imaginary part is a derivative's, and tiny.

A function with a kink, such as abs, is analytic on either side of it. The real part tells which
side holds; what is done there is done to the imaginary part too. So the complex step passes, and
gives the slope that the rules give: in the middle of a kink, the mean of those on its sides.
"""

from typing import Any

import numpy as np

LARGEST_STEP = 1e-8  # relative to the real part, where that is large


class NotAStepError(TypeError):
    """Complex numbers that are no complex step, where only such have a meaning."""


def real_part(x: Any, place: str) -> Any:
    """What tells on which side of a kink a number or an array is; an error names the place."""
    dtype = getattr(x, "dtype", None)
    if dtype is None or dtype.kind != "c":
        return x
    far = np.abs(x.imag) > LARGEST_STEP * np.maximum(np.abs(x.real), 1)
    if np.any(far):
        raise NotAStepError(
            f"{place}: expected real numbers, got {np.extract(far, x)[0]}; complex ones have no "
            "order and no gradient here, and are for the complex step, whose imaginary part is "
            "tiny; compute with the real and the imaginary part"
        )
    return x.real
