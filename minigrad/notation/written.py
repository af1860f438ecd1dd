"""Functions that people write, and that are no operations of the table."""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.operation import FUNCTION, MATRIX_PRODUCT, Kind, Operation


def only_written(
    name: str,
    forward: Callable[..., Any],
    latex: str | None = None,
    text: str | None = None,
    precedence: int = FUNCTION,
    kind: Kind = "other",
) -> Operation:
    """A function that people write and nobody differentiates: no operation of the table."""
    return Operation(
        name=name,
        forward=forward,
        vjps=(None,) * forward.__code__.co_argcount,
        sums=None,
        shapes="a matrix",
        latex=latex or rf"\operatorname{{{{{name}}}}}{{{{axis}}}}({{0}})",
        text=text or f"{name}{{{{axis}}}}({{0}})",
        precedence=precedence,
        python=None,
        numpy=getattr(np, name, None),
        written_in_input=False,
        symbol=name,
        drawn="box",
        examples=(),
        domain=(0, 1),
        kind=kind,
    )


diag = only_written("diag", lambda x: np.diagflat(x))
repeat = only_written("repeat", lambda x, *, axis=None, shape=(): np.broadcast_to(x, shape))
permuted = only_written(
    "transpose",
    lambda x, *, axes=(): np.transpose(x, axes),
    r"\operatorname{{transpose}}_{{({{axes}})}}({0})",
    "transpose({0}, ({{axes}}))",
)
reshaped = only_written(
    "reshape",
    lambda x, *, shape=(): np.reshape(x, shape),
    r"\operatorname{{reshape}}_{{({{shape}})}}({0})",
    "reshape({0}, ({{shape}}))",
)
less = only_written(
    "less", lambda a, b: np.less(a, b), "[{0} < {1}]", "[{0} < {1}]", kind="elementwise"
)
root = only_written("sqrt", lambda n: np.sqrt(n), r"\sqrt{{{0}}}", "√{0}", kind="elementwise")
outer = only_written(
    "outer", lambda x, y: np.outer(x, y), r"{0} {1}^\top", "{0} {1}ᵀ", MATRIX_PRODUCT
)
