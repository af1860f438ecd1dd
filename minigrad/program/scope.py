"""What can be read at a statement of a program, while it runs."""

import ast
from collections.abc import Iterator, Sequence
from functools import cached_property
from types import FrameType, FunctionType, ModuleType
from typing import Any

import numpy as np

from minigrad.program.syntax import Context, text_of

_SCALAR_TYPES = (int, float, np.number)


class Scope:
    """The variables of a program that stopped at a statement.

    Parameters
    ----------
    frame
        Where it stopped.
    context
        The statement, and what is around it.
    """

    def __init__(self, frame: FrameType, context: Context) -> None:
        self.globals, self.locals = frame.f_globals, dict(frame.f_locals)
        self.context = context
        loops = (ast.walk(loop.target) for loop in context.loops)
        names = (x.id for nodes in loops for x in nodes if isinstance(x, ast.Name))
        self.counters = {x: self.locals[x] for x in names if isinstance(self.locals.get(x), int)}

    def is_at(self, steps: Sequence[int]) -> bool:
        """Whether a loop is at one of some steps."""
        return not steps or any(t in steps for t in self.counters.values())

    def value(self, x: ast.expr) -> Any:
        """What an expression is here; None of what can't be told without calling a function."""
        if any(isinstance(node, ast.Call) and not self._is_numpys(node) for node in ast.walk(x)):
            return None
        return self._evaluated(ast.unparse(x))

    def is_nest(self, x: ast.expr) -> bool:
        """Whether an expression is known to be no number and no array."""
        value = self.value(x)
        return value is not None and not _is_numeric(value)

    def is_array(self, x: ast.expr) -> bool:
        return isinstance(self.value(x), np.ndarray)

    def is_number(self, x: ast.expr) -> bool:
        return _is_numeric(self.value(x))

    def is_whole_number(self, x: ast.expr) -> bool:
        return isinstance(self.value(x), int | np.integer)

    def like(self, x: ast.expr) -> Iterator[str]:
        """Other values of the shape that an expression has."""
        value, text = self.value(x), ast.unparse(x)
        if _is_numeric(value):
            for atom, other in self.atoms.items():
                same_kind = isinstance(other, int) == isinstance(value, int)
                if atom != text and np.shape(other) == np.shape(value) and same_kind:
                    yield atom

    def factors_of(self, x: ast.expr) -> Iterator[str]:
        """Arrays that an expression can be multiplied by, and keeps its shape."""
        value = self.value(x)
        shape = value.shape if isinstance(value, np.ndarray) else ()
        for atom, other in self.atoms.items():
            if isinstance(other, np.ndarray) and shape:
                try:
                    if np.broadcast_shapes(shape, other.shape) == shape:
                        yield atom
                except ValueError:
                    continue

    @cached_property
    def atoms(self) -> dict[str, Any]:
        """Numbers and arrays, by what they are called: variables, and what is in them."""
        named = {x.id for x in ast.walk(self.context.function) if isinstance(x, ast.Name)}
        of_module = {name: x for name, x in self.globals.items() if name in named}
        found: dict[int, tuple[str, Any]] = {}
        for name, x in (self.locals | of_module).items():
            for text, value in self._parts(name, x, deep=2):
                found.setdefault(id(value), (text, value))
        for read in self.context.reads:
            if _is_numeric(value := self.value(read)):
                found[id(value)] = ast.unparse(read), value
        return dict(found.values())

    @cached_property
    def whole_numbers(self) -> list[str]:
        return [name for name, x in self.locals.items() if type(x) is int]

    @cached_property
    def sizes(self) -> list[str]:
        """Numbers that gradients may be multiplied by, each once: those in variables, and sizes."""
        by_value: dict[float, str] = {}
        for name, x in self.atoms.items():
            if isinstance(x, _SCALAR_TYPES) and x not in (0, 1):
                by_value.setdefault(float(x), name)
        for name, x in self.atoms.items():
            for i, n in enumerate(np.shape(x)):
                if n > 1:
                    by_value.setdefault(float(n), f"{name}.shape[{i}]")
        return list(by_value.values())

    @cached_property
    def functions(self) -> list[str]:
        """Functions of one value that the program defines."""
        return [
            name
            for name, x in self.globals.items()
            if isinstance(x, FunctionType) and x.__code__.co_argcount == 1
        ]

    @cached_property
    def numpy(self) -> str:
        """What the program calls NumPy."""
        return next((name for name, x in self.globals.items() if x is np), "np")

    def _parts(self, name: str, x: Any, deep: int) -> Iterator[tuple[str, Any]]:
        if _is_numeric(x):
            yield name, x
        elif isinstance(x, dict) and deep:
            for key, item in x.items():
                if isinstance(key, str):
                    yield from self._parts(f"{name}[{key!r}]", item, deep - 1)
            yield from self._steps(name, x, None)
        elif isinstance(x, list | tuple) and deep:
            yield from self._steps(name, x, len(x))
        elif (
            deep and hasattr(x, "__dict__") and not isinstance(x, ModuleType | type | FunctionType)
        ):
            for key, item in vars(x).items():
                yield from self._parts(f"{name}.{key}", item, deep - 1)

    def _steps(self, name: str, x: Any, n: int | None) -> Iterator[tuple[str, Any]]:
        """What is kept for the step that the loops are at, the one before and the one after."""
        for counter, t in self.counters.items():
            for text, i in ((counter, t), (f"{counter} - 1", t - 1), (f"{counter} + 1", t + 1)):
                if i in x if n is None else 0 <= i < n:
                    item = x[i]
                    if _is_numeric(item):
                        yield f"{name}[{text}]", item

    def _is_numpys(self, call: ast.Call) -> bool:
        return text_of(call.func).split(".")[0] == self.numpy or (
            isinstance(call.func, ast.Attribute) and call.func.attr in vars(np.ndarray)
        )

    def _evaluated(self, text: str) -> Any:
        try:
            with np.errstate(all="ignore"):
                return eval(text, self.globals, self.locals)
        except Exception:  # it may be anything
            return None


def _is_numeric(x: Any) -> bool:
    is_array = isinstance(x, np.ndarray) and x.dtype.kind in "fiub"
    return is_array or (isinstance(x, _SCALAR_TYPES) and not isinstance(x, bool))
