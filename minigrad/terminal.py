"""Say on a terminal what is being done, once it takes long."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

Show: TypeAlias = Callable[[str], None]
_PATIENCE = 2  # seconds


@contextmanager
def progress(task: str) -> Iterator[Show]:
    """Show what a task is at, on a terminal alone, and no more when it is done.

    Parameters
    ----------
    task
        What it is called, in front of what is shown.

    Yields
    ------
    callable
        Is told what is being done. It shows it in one line of standard error, from two seconds
        after the start on.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.progress("count") as show:
    ...     for number in range(3):
    ...         show(f"{number} of 3")
    """
    start = time.monotonic()

    def write(text: str) -> None:
        if sys.stderr.isatty() and time.monotonic() - start > _PATIENCE:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    try:
        yield lambda text: write(f"{task}: {text}")
    finally:
        write("")
