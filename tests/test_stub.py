"""What type checkers and editors know of the package: the stub that the table writes."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import minigrad as mg
from minigrad.operation import Operation
from minigrad.tensor import OPERATIONS

ROOT = Path(__file__).parent.parent


def test_the_stub_is_what_the_table_says(tmp_path: Path) -> None:
    before = (ROOT / "minigrad" / "__init__.pyi").read_text()
    written = subprocess.run(
        [sys.executable, "-c", "from write_stub import stub; print(stub(), end='')"],
        cwd=ROOT / "docs",
        env={"PYTHONPATH": f"{ROOT}:{ROOT / 'docs'}"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert written == before


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("mg.softmax(x, axis=-1)", None),
        ("mg.sum(x, keepdims=True)", None),
        ("mg.concatenate([x, x], 0)", None),
        ("mg.grad(mg.tanh)", None),
        ("mg.drwa(x)", "attr-defined"),
        ("mg.softmax(x, axes=1)", "call-arg"),
        ("mg.maximum(x)", "call-arg"),
        ("mg.tensor(1).shpae", "attr-defined"),
    ],
)
def test_type_checkers_tell_right_from_wrong(line: str, error: str | None, tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"import minigrad as mg\n\nx = mg.tensor([1.0])\n{line}\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--cache-dir", str(ROOT / ".mypy_cache"), str(program)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (f"[{error}]" in checked.stdout) if error else checked.returncode == 0, checked.stdout


def test_public_names_and_nothing_else() -> None:
    assert dir(mg) == sorted(mg.__all__)
    assert all(hasattr(mg, name) for name in mg.__all__)
    assert isinstance(mg.softmax, Operation)


@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_help_shows_how_an_operation_is_called(name: str) -> None:
    record = OPERATIONS[name]
    assert isinstance(record, Operation)
    parameters = inspect.signature(record).parameters
    assert parameters.keys() >= record.defaults.keys()
    assert len(parameters) == (record.arity or 1) + len(record.defaults)
