"""Write docs/numpy.md from the table: `python docs/write_numpy.py`."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from minigrad.operation import Operation
from minigrad.protocol import WITHOUT_GRADIENT, refused_options, stand_in_of

# A module of NumPy, or SciPy's ufuncs.
MODULES = np, np.linalg, np.fft, np.lib.stride_tricks, scipy.special
INTRODUCTION = """# NumPy's functions on tensors

Written by `python docs/write_numpy.py` from the table of operations. "record" is an operation of
the table with rules of its own, drawn and derived under its name; "made of others" is a function
over these, with NumPy's arguments; "no gradient" looks at values, or is constant between jumps, and
gives plain arrays and numbers. Any other function that NumPy lets us answer raises an error that
points here, and one that asks for a plain array raises while a gradient is recorded: none gives a
constant in silence. An option that is not taken is refused by its name.

## At kinks

Where a function has no derivative, the gradient is one of its subgradients:

| function | there | gradient |
|---|---|---|
| `abs`, `fabs`, `hypot`, norms | at 0 | 0 |
| `maximum`, `minimum`, `fmax`, `fmin` | equal operands | one half to each |
| `max`, `min`, `ptp`, `nanmax`, `nanmin` | several are the largest | equal shares |
| `clip` | on a limit | one half |
| `relu` | at 0 | 0 |
| `sort`, `partition`, `median`, `quantile` | equal elements | to those a stable sort takes |
| `sign`, `floor`, `ceil`, `round`, `trunc` | anywhere | none: constant between jumps |
| `mod`, `fmod` | anywhere | 1, and minus the whole quotient, as between jumps |
| `power` | 0 ** 0 | 0 |
"""


def answer(function: Callable[..., Any]) -> str:
    """How a function is answered."""
    stand_in = stand_in_of(function)
    if stand_in is None:
        return "—"
    if function in WITHOUT_GRADIENT:
        return "no gradient"
    return f"record: {stand_in.kind}" if isinstance(stand_in, Operation) else "made of others"


def options(function: Callable[..., Any]) -> str:
    """The options of a function that tensors do not take."""
    stand_in = stand_in_of(function)
    if stand_in is None or function in WITHOUT_GRADIENT or isinstance(function, np.ufunc):
        return ""
    return " ".join(f"`{name}=`" for name in sorted(refused_options(function, stand_in)))


def functions(module: Any) -> dict[Callable[..., Any], list[str]]:
    """The functions of a module that NumPy lets tensors answer, with all their names."""
    found: dict[Callable[..., Any], list[str]] = {}
    for name in dir(module):
        f = getattr(module, name)
        if isinstance(f, np.ufunc) or hasattr(f, "_implementation"):
            found.setdefault(f, []).append(name)
    return found


def page() -> Iterator[str]:
    """The lines of the page."""
    yield INTRODUCTION
    for module in MODULES:
        known = functions(module)
        if module is scipy.special:
            known = {f: names for f, names in known.items() if stand_in_of(f) is not None}
        n = sum(stand_in_of(f) is not None for f in known)
        yield f"## {module.__name__}\n"
        yield f"{n} functions are answered.\n"
        yield "| function | tensors | not taken |"
        yield "|---|---|---|"
        for f, names in known.items():
            yield f"| {', '.join(f'`{n}`' for n in names)} | {answer(f)} | {options(f)} |"
        yield ""


def main() -> None:
    (Path(__file__).parent / "numpy.md").write_text("\n".join(page()), "utf-8")


if __name__ == "__main__":
    main()
