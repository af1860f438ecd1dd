"""Find where the first NaN or infinity was made."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from minigrad.context import Observer, setting
from minigrad.operation import Operation
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
    with setting("observer", NonfiniteDetector()), np.errstate(all="ignore"):
        yield


class NonfiniteDetector(Observer):
    """Looks at every value and cotangent, and remembers the source line of each operation."""

    def __init__(self) -> None:
        self._lines: dict[int, str] = {}  # by the age of the result

    def computed(
        self, y: Tensor, operation: Operation, inputs: Sequence[Tensor], parameters: Any
    ) -> None:
        # What a backward pass records counts as made where the operation was.
        self._lines[y._index] = _source_line() if self.node is None else self._line_of(self.node)
        if self.node is None and (bad := _nonfinite(y._data)):
            given = ", ".join(
                describe(x) + (" (which has it)" * bool(_nonfinite(x._data))) for x in inputs
            )
            raise FloatingPointError(
                f"{operation.name} of {given} first made {bad}; at {self._lines[y._index]}"
            )

    def pulled_back(self, contribution: Any, x: Tensor) -> None:
        if bad := _nonfinite(value_of(contribution)):
            raise FloatingPointError(
                f"the backward pass of {self.node._operation.name} first made {bad}, in the "
                f"cotangent of {describe(x)}; the operation is at {self._line_of(self.node)}"
            )

    def _line_of(self, node: Tensor) -> str:
        return self._lines.get(node._index, "a line that ran before detect_nonfinite()")


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
