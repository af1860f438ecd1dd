"""Files that are there as a whole, or not at all."""

import os
from pathlib import Path
from shutil import copymode
from uuid import uuid4


def write_file(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file; what was there stays if that fails, as on a full disk.

    Parameters
    ----------
    path
        Where it goes.
    content
        All of it; text is written as UTF-8.

    Examples
    --------
    >>> import os, tempfile
    >>> import minigrad as mg
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     mg.write_file(f"{folder}/note.txt", "two words")
    ...     os.listdir(folder)
    ['note.txt']
    """
    target = Path(path).resolve()  # a link stays one
    data = content.encode() if isinstance(content, str) else content
    if target.exists() and not target.is_file():  # of a device or a pipe nothing can be kept
        target.write_bytes(data)
        return
    partial = target.with_name(f".{uuid4().hex}.partial")
    try:
        partial.write_bytes(data)
        if target.exists():
            copymode(target, partial)
        partial.replace(target)
    except OSError as error:
        error.filename, error.filename2 = os.fspath(path), None
        raise
    finally:
        partial.unlink(missing_ok=True)
