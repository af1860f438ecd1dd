"""What `help` and editors say of an operation, from its record."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_KINDS = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD


def signature_of(
    rule: Callable[..., Any] | None, arity: int | None, defaults: Mapping[str, Any]
) -> inspect.Signature:
    """How an operation is called: its inputs, named as its rules name them, and its parameters.

    Parameters
    ----------
    rule
        One of its rules, `rule(g, y, *inputs, **parameters)`, if there is one.
    arity
        The number of inputs; None for one sequence of them.
    defaults
        The parameters, and what they are by default.

    Examples
    --------
    >>> from minigrad.documentation import signature_of
    >>> signature_of(lambda g, y, z, axis: g, 1, {"axis": 0})
    <Signature (z, /, axis=0)>
    """
    code = getattr(rule, "__code__", None)
    names = ["arrays"] if arity is None else "x" if arity == 1 else ["a", "b", "c", "d"][:arity]
    if arity and code is not None and code.co_argcount >= arity + 2:
        names = code.co_varnames[2 : arity + 2]
    inputs = [inspect.Parameter(name, _KINDS[0]) for name in names]
    return inspect.Signature(
        [*inputs, *(inspect.Parameter(k, _KINDS[1], default=v) for k, v in defaults.items())]
    )


def docstring_of(
    name: str,
    signature: inspect.Signature,
    written: str,
    shapes: str,
    examples: Sequence[tuple[Any, ...]],
) -> str:
    """What an operation computes, of what, and an example of a call."""
    inputs = [p.name for p in signature.parameters.values() if p.kind is _KINDS[0]]
    options = "".join(
        f"\n{p.name}\n    By default {p.default!r}."
        for p in signature.parameters.values()
        if p.kind is not _KINDS[0]
    )
    example = _example(name, examples[0], inputs == ["arrays"]) if examples else ""
    return (
        f"{name}{signature}\n\nCompute {written}.\n\nParameters\n----------\n"
        f"{', '.join(inputs)}\n    Tensors, arrays or numbers. Expected: {shapes}.{options}\n\n"
        f"Returns\n-------\nTensor\n{example}"
    )


def _example(name: str, use: tuple[Any, ...], is_sequence: bool) -> str:
    given = [f"np.ones({x})" for x in use if type(x) is tuple]
    if len(given) < sum(type(x) is not dict for x in use):
        return ""  # of labels or conditions, ones are none
    arrays = ", ".join(given)
    parameters = [f", {k}={v!r}" for x in use if type(x) is dict for k, v in x.items()]
    call = f"{name}({f'[{arrays}]' if is_sequence else arrays}{''.join(parameters)})"
    return (
        "\nExamples\n--------\n>>> import numpy as np\n>>> import minigrad as mg\n"
        f">>> y = mg.{call}\n"
    )
