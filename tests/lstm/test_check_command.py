"""The commands `lstm check` and `lstm template`."""

import pytest

from lstm.__main__ import main


def test_check_prints_both_readings_of_section_3(capsys):
    assert main(["check"]) == 0
    printed = capsys.readouterr().out
    assert "All 53 are right." in printed
    assert "17 of 39 are wrong." in printed


def test_check_chained(capsys):
    assert main(["check", "--chained"]) == 0
    assert "given what the lines before it computed" in capsys.readouterr().out


def test_the_template_is_right_and_an_error_in_it_is_found(tmp_path, capsys):
    path = tmp_path / "mine.py"
    assert main(["template", str(path)]) == 0
    assert main(["check", "--derivation", str(path)]) == 0
    assert "All 5 are right." in capsys.readouterr().out
    path.write_text(path.read_text("utf-8").replace("-(y / y_hat).T", "(y / y_hat).T"), "utf-8")
    assert main(["check", "--derivation", str(path), "--seed", "3"]) == 1
    assert "1  dJ/dy_hat: sign." in capsys.readouterr().out
    assert main(["template", str(path)]) == 2  # it is not overwritten
    assert "(y / y_hat).T" in path.read_text("utf-8")


def test_the_template_can_be_printed(capsys):
    assert main(["template"]) == 0
    compile(capsys.readouterr().out, "template", "exec")


def test_a_file_may_bring_its_own_model(tmp_path, capsys):
    path = tmp_path / "square.py"
    path.write_text(
        "import minigrad as mg\n"
        "derivation = mg.Derivation('square')\n"
        "@derivation.line('1', mg.adjoint('x'))\n"
        "def _(x=mg.value('x')):\n"
        "    return x\n"
        "def flow():\n"
        "    x = mg.tensor([[1.0, 2.0, 5.0]], requires_grad=True, name='x')\n"
        "    return mg.gradient_flow((x @ x.T).sum())\n",
        "utf-8",
    )
    assert main(["check", "--derivation", str(path)]) == 1
    assert "gives shape (1, 3), and dJ/dx has shape (3, 1)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "no such file"),
        ("derivation = 1", "expected a Derivation called `derivation`"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def", "SyntaxError"),
    ],
)
def test_a_file_that_is_not_usable_is_said_to_be_so(text, words, tmp_path, capsys):
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text, "utf-8")
    assert main(["check", "--derivation", str(path)]) == 2
    assert words in capsys.readouterr().err


def test_what_is_wrong_with_a_file_is_one_line_that_names_it_once(tmp_path, capsys):
    path = tmp_path / "mine.py"
    assert main(["check", "--derivation", str(path)]) == 2
    assert capsys.readouterr().err == f"lstm check: {path}: no such file\n"
    path.touch()
    assert main(["template", str(path)]) == 2
    assert capsys.readouterr().err == f"lstm template: {path} exists; expected a new file\n"
    assert main(["template", str(tmp_path / "no" / "mine.py")]) == 2
    assert "mine.py: No such file or directory" in capsys.readouterr().err


def test_that_the_file_is_run_is_said(capsys):
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    assert "run this file" in capsys.readouterr().out
    main(["template"])
    assert "The command runs this file." in capsys.readouterr().out
