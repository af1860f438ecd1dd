"""What tests of error texts share: tensors with names to look for, and the check itself."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import minigrad as mg

# A bad call, what it raises, and the words that must be in the message.
Case = tuple[Callable[[], Any], type[Exception], Sequence[str]]


def parameter(*shape: int, name: str | None = None, dtype: Any = float) -> mg.Tensor:
    return mg.tensor(np.ones(shape), requires_grad=True, name=name, dtype=dtype)


def at_step_3(*shape: int, name: str) -> mg.Tensor:
    with mg.step(3):
        return parameter(*shape, name=name)


def check(case: Case) -> None:
    call, kind, words = case
    with pytest.raises(kind) as caught:
        call()
    message = caught.value.args[0]
    for part in words:
        assert part in message, message
