"""Run a program with other statements in the place of some of its own, in memory."""

import ast
import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import CodeType, FrameType, FunctionType
from typing import Any

from minigrad.program.syntax import tree_of


class Functions:
    """The functions of a file, which may have the code of another source for a while."""

    def __init__(self, file: str) -> None:
        self.file, self.tree = file, tree_of(file)
        self._functions = [
            x
            for x in gc.get_objects()
            if isinstance(x, FunctionType) and x.__code__.co_filename == file
        ]

    @contextmanager
    def mended(self, tree: ast.Module) -> Iterator[None]:
        """Run functions as another tree has them."""
        new = [x for x, old in zip(tree.body, self.tree.body, strict=True) if x is not old]
        module = ast.Module(new, [])
        codes = {_key(code): code for code in _codes(compile(module, self.file, "exec"))}
        before = [(f, f.__code__) for f in self._functions if _key(f.__code__) in codes]
        try:
            for function, code in before:
                function.__code__ = codes[_key(code)]
            yield
        finally:
            for function, code in before:
                function.__code__ = code


def _key(code: CodeType) -> tuple[str, int]:
    return code.co_qualname, code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    for x in code.co_consts:
        if isinstance(x, CodeType):
            yield x
            yield from _codes(x)


class Mending:
    """A program with statements in the place of some of its own.

    Attributes
    ----------
    trees
        The source of each file that has been changed.
    """

    def __init__(self) -> None:
        self.trees: dict[str, ast.Module] = {}
        self._functions: dict[str, Functions] = {}

    def tree(self, file: str) -> ast.Module:
        return self.trees.get(file, tree_of(file))

    @contextmanager
    def mended(self, file: str = "", tree: ast.Module | None = None) -> Iterator[None]:
        """Run the program as it is mended; with another source of one file."""
        with ExitStack() as stack:
            for name, its_tree in (self.trees | ({file: tree} if tree else {})).items():
                if name not in self._functions:
                    self._functions[name] = Functions(name)
                stack.enter_context(self._functions[name].mended(its_tree))
            yield


@contextmanager
def stopping(file: str, line: int, look: Callable[[FrameType], None]) -> Iterator[None]:
    """Look at the frame of a program each time that it comes to a line."""

    def called(frame: FrameType, event: str, argument: Any) -> Any:
        return at_line if frame.f_code.co_filename == file else None

    def at_line(frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line" and frame.f_lineno == line:
            look(frame)
        return at_line

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield
    finally:
        sys.settrace(before)
