"""Files are written as a whole: what was there stays if there is no room for what is new."""

import errno
import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import minigrad as mg
from lstm.__main__ import main


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """The system refuses what goes beyond so many bytes of a file, after it has written them."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def write_text(path: Path) -> None:
    mg.write_file(path, "x" * 10_000)


def save_drawing(path: Path) -> None:
    x = mg.tensor(np.ones(3), requires_grad=True, name="x")
    mg.draw(mg.sum(x * x)).save(path)


def derive_lstm(path: Path) -> None:
    if main(["derive", "--out", str(path)]):
        raise OSError(errno.EFBIG, "no room")


@pytest.mark.parametrize("write", [write_text, save_drawing, derive_lstm])
def test_without_room_the_old_file_stays(tmp_path: Path, write: Callable[[Path], None]) -> None:
    path = tmp_path / "file.svg"
    path.write_text("as it was")
    with room_for(100), pytest.raises(OSError, match=r"large|no room"):
        write(path)
    assert path.read_text() == "as it was"
    assert os.listdir(tmp_path) == ["file.svg"]
    write(path)
    assert path.stat().st_size > 1000
    assert os.listdir(tmp_path) == ["file.svg"]


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "file"
    with pytest.raises(FileNotFoundError) as caught:
        mg.write_file(path, b"")
    assert caught.value.filename == str(path)


def test_the_place_keeps_its_rights_and_links(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    mg.write_file(link, "new")
    assert link.is_symlink()
    assert target.read_text() == "new"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_device_is_written_to_and_not_replaced() -> None:
    mg.write_file(os.devnull, "gone")
    assert not Path(os.devnull).is_file()
