"""Write minigrad/__init__.pyi from the table: `python docs/write_stub.py`.

Operations are records that are called; type checkers and editors see functions with signatures.
"""

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import minigrad as mg
from minigrad.operation import Operation

PACKAGE = Path(mg.__file__).parent
STUB = PACKAGE / "__init__.pyi"
HEAD = """# Written by docs/write_stub.py from the table of operations.

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike
"""
TYPES = {bool: "bool", int: "int", float: "float"}


def imports() -> Iterator[tuple[str, str]]:
    """The module and the name of each public name that a module defines."""
    for node in ast.walk(ast.parse((PACKAGE / "__init__.py").read_text())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if alias.name in mg.__all__:
                    yield node.module or "", alias.name


def definition(name: str, record: Operation) -> str:
    """A function with the arguments of an operation."""
    arguments = [argument(p) for p in inspect.signature(record).parameters.values()]
    if record.arity is None:
        arguments[0] = "arrays: Sequence[Operand]"
    return f"def {name}({', '.join(arguments)}) -> Tensor: ..."


def argument(parameter: inspect.Parameter) -> str:
    """An input, or a parameter with its default."""
    default: Any = parameter.default
    if default is parameter.empty:
        return f"{parameter.name}: Operand"
    return f"{parameter.name}: {TYPES.get(type(default), 'Any')} = {default!r}"


def stub() -> str:
    """The text of the stub."""
    records = {name for name in mg.__all__ if isinstance(getattr(mg, name), Operation)}
    lines = [f"from {m} import {n} as {n}" for m, n in imports() if n not in records]
    functions = [definition(name, getattr(mg, name)) for name in sorted(records)]
    operand = "Operand = Tensor | ArrayLike | Sequence[Any]"
    return "\n".join([HEAD, *sorted(lines), "", operand, "", *functions, ""])


if __name__ == "__main__":
    STUB.write_text(stub())
