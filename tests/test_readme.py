"""The Python code of README.md and docs/ runs as it is written; its commands and links are real."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = PAGES[0].read_text("utf-8")

# Each block runs alone: a reader may start anywhere. One that is not to run is ```python skip.
BLOCKS = [
    pytest.param(page, code, id=f"{page.relative_to(ROOT)}:{number}")
    for page in PAGES
    for number, code in enumerate(
        re.findall(r"^```python\n(.*?)^```", page.read_text("utf-8"), re.M | re.S), start=1
    )
]


@pytest.mark.parametrize(("page", "code"), BLOCKS)
def test_code_runs_as_written(
    page: Path, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # what it saves goes there
    exec(compile(code, str(page), "exec"), {"__name__": "__main__"})


def test_there_is_code() -> None:
    assert any(page == PAGES[0] for page, _ in (block.values for block in BLOCKS))


def test_the_table_is_what_the_command_prints() -> None:
    """The digits of rounding errors may differ from machine to machine, nothing else may."""
    (table,) = re.findall(r"^```text\n('.*?)^```", README, re.M | re.S)
    run = subprocess.run([sys.executable, "-m", "lstm"], capture_output=True, check=True)
    printed = run.stdout.decode()

    def without_digits(text: str) -> list[str]:
        return re.sub(r"\d\.\de-\d\d|0\.0e\+00", "#", text).split()

    assert without_digits(table) == without_digits(printed)


def test_commands_name_what_there_is() -> None:
    """Every `python -m lstm ...` in a page is one that the command takes."""
    commands = {
        match
        for page in PAGES
        for match in re.findall(r"python -m lstm((?: --?\w[^`\n|&]*)?)", page.read_text("utf-8"))
    }
    assert commands
    options = subprocess.run(
        [sys.executable, "-m", "lstm", "--help"], capture_output=True, check=True
    ).stdout.decode()
    for command in commands:
        for word in shlex.split(command):
            if word.startswith("--"):
                assert word in options, command


def test_links_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
