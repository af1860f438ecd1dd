"""The command `lstm`, or `python -m lstm`."""

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import asdict
from io import TextIOWrapper
from pathlib import Path

import minigrad as mg
from lstm.check_command import add_commands
from lstm.comparison import TOLERANCE, Row, compare_section_3
from lstm.derive_command import add_derive_command
from lstm.figures import write_figures
from lstm.model import init_params
from lstm.options import Parser, whole_number
from lstm.words import names, next_characters


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status.

    0: all agree; 1: something differs; 2: the arguments are not usable, or there is no room for the
    output; 130: interrupted.

    Examples
    --------
    >>> from lstm.__main__ import main
    >>> main(["--word", "a"])
    2
    """
    parser = Parser(
        prog="lstm",
        description="Backpropagate the seed's LSTM through a word, generically and by section 3 of "
        "the derivation, and lay the two side by side.",
    )
    parser.add_argument("--word", help="the sequence, one-hot characters; by default a first name")
    parser.add_argument(
        "--text", type=Path, metavar="FILE", help="the sequence: the start of a text"
    )
    parser.add_argument(
        "--length", type=whole_number(2), default=25, help="characters of the text (25)"
    )
    parser.add_argument(
        "--hidden", type=whole_number(1), default=8, help="n_a, the size of a(t) and c(t) (8)"
    )
    parser.add_argument(
        "--seed", type=whole_number(0), default=0, help="of the parameters and the name (0)"
    )
    parser.add_argument("--dtype", choices=TOLERANCE, default="float64")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.set_defaults(run=verify)
    commands = parser.add_subparsers(title="other commands", metavar="COMMAND")
    add_commands(commands)
    add_derive_command(commands)
    figures = commands.add_parser("figures", help="write figures 1 and 2 into the folder --out DIR")
    figures.add_argument("--out", type=Path, required=True, metavar="DIR", help="where they go")
    figures.set_defaults(run=draw_figures)
    options = parser.parse_args(arguments)
    if isinstance(sys.stdout, TextIOWrapper):  # not every terminal's encoding has Γ and ×
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except MemoryError as error:
        print(f"lstm: more memory than there is: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("lstm: interrupted", file=sys.stderr)
        return 130  # as a shell says it
    except OSError as error:  # of standard output, which nothing more may be written to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):  # the reader, such as head, has seen enough
            return 0
        print(f"lstm: {error}", file=sys.stderr)
        return 2
    return status


def draw_figures(options: argparse.Namespace) -> int:
    """Write figures 1 and 2, and print the names of the files."""
    try:
        for path in write_figures(options.out):
            print(path)
    except (OSError, RuntimeError) as error:
        print(f"lstm: {error}", file=sys.stderr)
        return 2
    return 0


def verify(options: argparse.Namespace) -> int:
    """The main job: compare every quantity of section 3 on a real sequence."""
    try:
        word, alphabet = _sequence(options)
        x, y = next_characters(word, alphabet, options.dtype)
    except (OSError, ValueError) as error:
        print(f"lstm: {error}", file=sys.stderr)
        return 2
    n = len(alphabet)
    try:
        params = init_params(n, options.hidden, n, options.seed, options.dtype)
    except ValueError as error:  # NumPy's, of sizes beyond what it can count
        raise MemoryError(f"--hidden {options.hidden}: {error}") from error
    with mg.progress("lstm") as show:
        rows = compare_section_3(params, x, y, show)
    print(_as_json(word, rows) if options.json else _as_table(word, options, rows))
    return 0 if all(row.ok for row in rows) else 1


def _sequence(options: argparse.Namespace) -> tuple[str, str]:
    """The text to learn, and its alphabet."""
    if options.text is not None:
        if options.word is not None:
            raise ValueError("expected --word or --text, got both")
        try:
            with options.text.open(encoding="utf-8-sig") as file:  # a byte order mark is no text
                text = file.read(options.length)
        except UnicodeDecodeError:
            raise ValueError(f"--text: expected UTF-8, {options.text} is not") from None
        if len(text) < 2:
            raise ValueError(f"--text: expected two characters or more in {options.text}")
        return text, "".join(sorted(set(text)))
    words = names()
    word = options.word
    if word is None:
        word = random.Random(options.seed).choice(words)
    if len(word) < 2:
        raise ValueError(f"--word: expected two characters or more, got {word!r}")
    return word, "".join(sorted(set("".join(words)) | set(word)))


def _as_json(word: str, rows: Sequence[Row]) -> str:
    ok = all(row.ok for row in rows)
    return json.dumps({"sequence": word, "ok": ok, "rows": [asdict(row) for row in rows]}, indent=2)


def _as_table(word: str, options: argparse.Namespace, rows: Sequence[Row]) -> str:
    lines = [
        f"{word!r}: {len(word) - 1} steps, n_a = {options.hidden}, {options.dtype}",
        "",
        "section  dJ/d       shape      closed form  complex step  verdict",
        "-------  ---------  ---------  -----------  ------------  -------",
    ]
    for row in rows:
        shape = " × ".join(map(str, row.shape))
        verdict = "agree" if row.ok else "DIFFER"
        lines.append(
            f"{row.section:7}  {row.quantity:9}  {shape:9}  {row.closed_form:11.1e}  "
            f"{row.complex_step:12.1e}  {verdict}"
        )
    agreed = sum(row.ok for row in rows)
    lines += [
        "",
        f"{agreed} of {len(rows)} agree to {TOLERANCE[options.dtype]:.0e}: generic gradients "
        "against section 3 and",
        "complex step; largest difference relative to the largest entry, worst over the steps.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
