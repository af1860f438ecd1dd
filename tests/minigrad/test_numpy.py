"""All of NumPy's public functions: each has a stand-in, or says that it has none, or looks only."""

import inspect
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.protocol import NUMPY
from tests.minigrad.operations.calls import all_calls

MODULES = np, np.linalg, np.fft, np.lib.stride_tricks

# What is no function of arrays: settings, files, types, dates, and makers of new arrays by shape.
OTHERS = {
    *("apply_over_axes", "base_repr", "binary_repr", "bmat", "busday_count", "busday_offset"),
    *("datetime_as_string", "datetime_data", "is_busday", "isnat", "einsum_path", "fromfile"),
    *("from_dlpack", "frombuffer", "fromfunction", "fromregex", "fromstring", "frompyfunc"),
    *("genfromtxt", "get_include", "get_printoptions", "getbufsize", "geterr", "geterrcall"),
    *("info", "isdtype", "iterable", "load", "loadtxt", "mask_indices", "mintypecode"),
    *("nested_iters", "printoptions", "set_printoptions", "setbufsize", "seterr", "seterrcall"),
    *("show_config", "show_runtime", "test", "typename", "promote_types", "issubdtype", "isscalar"),
    *("format_float_positional", "format_float_scientific", "broadcast_shapes", "bartlett"),
    *("blackman", "hamming", "hanning", "kaiser", "diag_indices", "empty", "eye", "identity"),
    *("indices", "ones", "tri", "tril_indices", "triu_indices", "zeros", "isfortran"),
    *("fftfreq", "rfftfreq", "ix_", "asmatrix", "row_stack"),
}


def functions() -> dict[str, Callable[..., Any]]:
    """The public functions by their names."""
    return {
        f"{module.__name__}.{name}": f
        for module in MODULES
        for name in dir(module)
        if not name.startswith("_") and name not in OTHERS
        if callable(f := getattr(module, name)) and not isinstance(f, type)
    }


WITHOUT_A_RULE = {name: f for name, f in functions().items() if f not in NUMPY}
ARGUMENTS = {
    "copyto": (np.zeros(3),),
    "place": (np.zeros(3), np.ones(3, bool)),
    "put": (np.zeros(3), [0, 1, 2]),
    "putmask": (np.zeros(3), np.ones(3, bool)),
    "put_along_axis": (np.zeros(3), np.array([0, 1, 2])),
    "fill_diagonal": (np.zeros((3, 3)),),
    "fromiter": (),
    "full": (3,),
}


@pytest.mark.parametrize("name", WITHOUT_A_RULE)
def test_what_has_no_rule_says_so_and_gives_no_constant(name: str) -> None:
    """Whatever the other arguments are: the tensor is refused before NumPy looks at them."""
    f = WITHOUT_A_RULE[name]
    x = mg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    short = name.rsplit(".", 1)[1]
    after = {"fromiter": (float,), "put_along_axis": (0,)}.get(short, ())
    given = [*ARGUMENTS[short], x, *after] if short in ARGUMENTS else [x] * _required(f)
    with pytest.raises((TypeError, ValueError)) as refused:
        f(*given)
    message = str(refused.value) + str(refused.value.__cause__)
    assert "docs/numpy.md" in message or "was to become a plain" in message, message


def _required(f: Callable[..., Any]) -> int:
    if isinstance(f, np.ufunc):
        return f.nin
    try:
        parameters = inspect.signature(f).parameters.values()
    except ValueError:
        return 1
    return max(
        1, sum(p.default is p.empty and p.kind <= p.POSITIONAL_OR_KEYWORD for p in parameters)
    )


def test_calls_of_every_function_are_there() -> None:
    called = {function for _, function, _ in all_calls()}
    assert len(called & {*functions().values()}) > 200


def test_the_page_is_what_the_table_says() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = runpy.run_path(str(docs / "write_numpy.py"))["page"]
    assert "\n".join(page()) == (docs / "numpy.md").read_text("utf-8"), (
        "run python docs/write_numpy.py"
    )
