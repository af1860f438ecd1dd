"""Find where the first NaN or infinity was made."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.context import setting
from minigrad.operation import Operation, Rule
from minigrad.tensor import Tensor, describe, value_of

_PACKAGE = os.path.dirname(__file__)


@contextmanager
def detect_nonfinite() -> Iterator[None]:
    """Stop at the first operation that makes a NaN or an infinity, forward or backward.

    Raises
    ------
    FloatingPointError
        It names the operation, the value, its step and the source line.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor([1.0, 0.0], requires_grad=True, name="x")
    >>> with mg.detect_nonfinite():
    ...     y = mg.sqrt(x).sum()
    ...     y.backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: the backward pass of sqrt first made inf, in the cotangent of x; ...
    """
    with setting("nonfinite", NonfiniteDetector()), np.errstate(all="ignore"):
        yield


class NonfiniteDetector:
    """Looks at every value and cotangent, and remembers the source line of each operation."""

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}  # by the age of the result
        self._backward: str | None = None  # the line of the operation whose rule is at work

    def check_forward(self, y: Tensor, operation: Operation, inputs: Sequence[Tensor]) -> None:
        self._lines[y._index] = self._backward or _source_line()
        if self._backward is None and (bad := _nonfinite(y._data)):
            given = ", ".join(
                describe(x) + (" (which has it)" * bool(_nonfinite(x._data))) for x in inputs
            )
            raise FloatingPointError(
                f"{operation.name} of {given} first made {bad}; at {self._lines[y._index]}"
            )

    def check_backward(self, rule: Rule, node: Tensor, x: Tensor, *operands: Any) -> Any:
        """Apply a rule of `node` for its input `x`; what the rule records counts as made there."""
        line = self._backward = self._lines.get(
            node._index, "a line that ran before detect_nonfinite()"
        )
        try:
            contribution = rule(*operands, **node._parameters)
        finally:
            self._backward = None
        if bad := _nonfinite(value_of(contribution)):
            raise FloatingPointError(
                f"the backward pass of {node._operation.name} first made {bad}, in the cotangent "
                f"of {describe(x)}; the operation is at {line}"
            )
        return contribution


def _nonfinite(array: Any) -> str | None:
    """Which kind of bad number an array holds."""
    if np.isnan(array).any():
        return "nan"
    return "inf" if np.isinf(array).any() else None


def _source_line() -> str:
    """The innermost line outside of this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
