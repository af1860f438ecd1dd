"""`lstm derive`."""

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
