"""`lstm derive`."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from lstm.__main__ import main


def test_prints_section_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive"]) == 0
    text = capsys.readouterr().out
    assert "3.10 Computing ∂J/∂a⁽ᵗ⁻¹⁾ and ∂J/∂x⁽ᵗ⁾" in text
    assert "∂J/∂ŷ⁽ᵗ⁾ (diag(ŷ⁽ᵗ⁾) - ŷ⁽ᵗ⁾ (ŷ⁽ᵗ⁾)ᵀ)" in text


def test_layout(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["derive", "--layout", "gradient"]) == 0
    assert "∂J/∂W_oa|t = a⁽ᵗ⁻¹⁾ (∂J/∂z_o⁽ᵗ⁾)ᵀ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("form", "start"),
    [("latex", "\\documentclass"), ("markdown", "# Long"), ("numpy", '"""J'), ("text", "Long")],
)
def test_formats_and_file(form: str, start: str, tmp_path: Path) -> None:
    file = tmp_path / "derivation"
    assert main(["derive", "--format", form, "--out", str(file)]) == 0
    assert file.read_text("utf-8").startswith(start)


def test_file_that_cannot_be_written(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["derive", "--out", str(tmp_path / "none" / "file")]) == 2
    assert "lstm derive: " in capsys.readouterr().err


def test_what_is_interrupted_leaves_the_file_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "derivation"
    file.write_text("as it was")
    monkeypatch.setattr("lstm.derive_command.derivation_of_lstm", interrupted)
    assert main(["derive", "--out", str(file)]) == 130
    assert file.read_text() == "as it was"
    assert capsys.readouterr().err == "lstm: interrupted\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is full")
def test_no_room_for_what_is_printed() -> None:
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "lstm", "derive"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert re.fullmatch(r"lstm: .*No space left on device\n", done.stderr)


def test_a_reader_that_has_seen_enough() -> None:
    command = [sys.executable, "-m", "lstm", "derive"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0
