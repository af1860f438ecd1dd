"""The command: its table, its exit status, and one clear line for bad values."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lstm import closed_form
from lstm.__main__ import main

Capture = pytest.CaptureFixture[str]


def test_table(capsys: Capture) -> None:
    assert main(["--word", "anna", "--hidden", "3"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == "'anna': 3 steps, n_a = 3, float64"
    rows = [line.split() for line in lines if line[:2] == "3."]
    quantities = [name for names in closed_form.QUANTITIES.values() for name in names]
    assert [row[1] for row in rows] == quantities
    assert {row[-1] for row in rows} == {"agree"}
    assert all(float(error) < 1e-10 for row in rows for error in row[-3:-1])
    assert "29 of 29 agree" in out


def test_json(capsys: Capture) -> None:
    assert main(["--word", "wilhelmina", "--seed", "3", "--hidden", "5", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["sequence"], result["ok"], len(result["rows"])) == ("wilhelmina", True, 29)
    assert {"section", "quantity", "shape", "closed_form", "complex_step", "ok"} <= set(
        result["rows"][0]
    )


def test_the_seed_chooses_the_name_and_the_numbers(capsys: Capture) -> None:
    outputs = []
    for seed in ("1", "1", "2"):
        assert main(["--seed", seed, "--hidden", "2"]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] != outputs[2]


def test_float32(capsys: Capture) -> None:
    assert main(["--word", "anna", "--dtype", "float32"]) == 0
    assert "float32" in capsys.readouterr().out


def test_any_text(capsys: Capture, tmp_path: Path) -> None:
    text = tmp_path / "text"
    text.write_text("Größe in µm\n" * 10, "utf-8")
    assert main(["--text", str(text), "--hidden", "3", "--length", "5"]) == 0
    assert "'Größe': 4 steps" in capsys.readouterr().out


def test_a_long_text_is_cut(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = tmp_path / "text"
    text.write_text("ab\n" * 1000, "utf-8")
    monkeypatch.setattr("lstm.__main__.compare_section_3", lambda params, x, y, progress: [])
    main(["--text", str(text)])
    assert "24 steps" in capsys.readouterr().out


def test_a_word_with_other_characters(capsys: Capture) -> None:
    assert main(["--word", "Zoë!", "--hidden", "2"]) == 0


def test_a_wrong_line_gives_status_1(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Section 3.1 as the text has it, with a plus: everything changes sign."""
    right = closed_form.section_3

    def without_minus(p, v, y, dJ_da_next, dJ_dc_next):  # type: ignore[no-untyped-def]
        return right(p, v, -y, dJ_da_next, dJ_dc_next)

    monkeypatch.setattr(closed_form, "section_3", without_minus)
    assert main(["--word", "anna"]) == 1
    out = capsys.readouterr().out
    assert out.count("DIFFER") == 29
    assert "0 of 29 agree" in out


BAD = {
    "--word a": "--word: expected two characters or more, got 'a'",
    "--hidden 9999999999999999999999": "--hidden 9999999999999999999999",
    "--text no-such-file": "no-such-file",
    "--text .": "lstm: ",
    "--text {empty}": "expected two characters or more",
    "--text {binary}": "expected UTF-8",
    "--text {long} --word anna": "expected --word or --text, got both",
}


@pytest.mark.parametrize("arguments", BAD)
def test_bad_values_give_one_line_and_status_2(
    arguments: str, capsys: Capture, tmp_path: Path
) -> None:
    files = {"empty": b"", "binary": b"\xff\xfe\x00", "long": b"a long text"}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    paths = {name: tmp_path / name for name in files}
    assert main(arguments.format(**paths).split()) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith("lstm: ")
    assert BAD[arguments] in err


UNUSABLE = {
    "--hidden 0": "lstm: --hidden: expected a whole number from 1 on, got '0'; see lstm --help",
    "--hidden many": "lstm: --hidden: expected a whole number from 1 on, got 'many'",
    "--seed -1": "lstm: --seed: expected a whole number from 0 on, got '-1'",
    "--text x --length 1": "lstm: --length: expected a whole number from 2 on, got '1'",
    "--dtype float16": "lstm: --dtype: invalid choice: 'float16'",
    "--nonsense": "lstm: unrecognized arguments: --nonsense",
    "nonsense": "lstm: COMMAND: invalid choice: 'nonsense'",
    "check --seed 0.5": "lstm check: --seed: expected a whole number from 0 on, got '0.5'",
    "figures": "lstm figures: the following arguments are required: --out",
}


@pytest.mark.parametrize("arguments", UNUSABLE)
def test_arguments_that_are_none_give_one_line_and_status_2(
    arguments: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments.split())
    assert caught.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.splitlines()) == 1
    assert err.startswith(UNUSABLE[arguments])


def test_a_text_is_read_no_further_than_needed(capsys: Capture, tmp_path: Path) -> None:
    """Behind what is used there may be anything, and a byte order mark is no character."""
    text = tmp_path / "text"
    text.write_bytes("\ufeffabc".encode() * 3 + b"x" * 10**6 + b"\xff")
    assert main(["--text", str(text), "--length", "3", "--hidden", "2"]) == 0
    assert "'abc': 2 steps" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["--word", "anna", "--hidden", "2"], ["derive"]])
def test_a_terminal_of_few_characters(arguments: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "lstm", *arguments],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert b"\\x" in run.stdout


def test_as_a_module_and_as_a_script() -> None:
    script = Path(sys.executable).with_name("lstm")
    for command in ([sys.executable, "-m", "lstm"], [str(script)]):
        run = subprocess.run([*command, "--word", "bob", "--hidden", "2"], capture_output=True)
        assert run.returncode == 0
        assert "29 of 29 agree" in run.stdout.decode()
        assert run.stderr == b""


def test_help_shows_every_option(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0
    out = capsys.readouterr().out
    for option in ("--word", "--text", "--hidden", "--seed", "--dtype", "--json"):
        assert option in out


def test_nothing_is_random_but_by_seed() -> None:
    state = np.random.get_state()[1]
    main(["--word", "anna", "--hidden", "2"])
    np.testing.assert_array_equal(state, np.random.get_state()[1])
