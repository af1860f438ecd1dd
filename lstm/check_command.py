"""The commands `lstm check` and `lstm template`: check a derivation line by line."""

import argparse
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from lstm.derivation import section_3, section_3_as_printed
from lstm.model import forward, init_params
from lstm.options import Parser, whole_number

TEMPLATE = Path(__file__).with_name("template.py")


def add_commands(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the two commands to those of a parser."""
    checker = commands.add_parser(
        "check",
        help="check section 3 of the derivation line by line, or a derivation of your own",
        description="Check section 3, read so that it is right and as printed; or a derivation "
        "of your own, in a file that `lstm template` starts. The file is Python and is run: "
        "check only files that you trust.",
    )
    checker.add_argument(
        "--derivation",
        type=Path,
        metavar="FILE.py",
        help="run this file and check the derivation in it",
    )
    checker.add_argument(
        "--chained",
        action="store_true",
        help="give each line what the lines before it computed, not the true values",
    )
    checker.add_argument("--seed", type=whole_number(0), default=0, help="of the random values (0)")
    checker.set_defaults(run=check)
    template = commands.add_parser(
        "template", help="start a derivation of your own", description="Write a file to start from."
    )
    template.add_argument(
        "file", type=Path, nargs="?", metavar="FILE.py", help="a new file; by default, print it"
    )
    template.set_defaults(run=write_template)


def check(options: argparse.Namespace) -> int:
    """Print the reports; the exit status is 1 if a line is wrong that should be right."""
    flow = random_flow(options.seed)
    if options.derivation is None:
        right = section_3.check(flow, options.chained)
        print(right, section_3_as_printed.check(flow, options.chained), sep="\n\n\n")
        return 0 if right.ok else 1
    if not options.derivation.is_file():
        print(f"lstm check: {options.derivation}: no such file", file=sys.stderr)
        return 2
    try:
        derivation, flow = _load(options.derivation, flow)
    except Exception as error:  # whatever the file raises
        print(f"lstm check: {options.derivation}: {_in_words(error)}", file=sys.stderr)
        return 2
    report = derivation.check(flow, options.chained)
    print(report)
    return 0 if report.ok else 1


def write_template(options: argparse.Namespace) -> int:
    """Print the template, or write it to a new file."""
    text = TEMPLATE.read_text("utf-8")
    if options.file is None:
        print(text, end="")
        return 0
    if options.file.exists():
        print(f"lstm template: {options.file} exists; expected a new file", file=sys.stderr)
        return 2
    try:
        mg.write_file(options.file, text)
    except OSError as error:
        print(f"lstm template: {options.file}: {error.strerror}", file=sys.stderr)
        return 2
    return 0


def random_flow(seed: int = 0) -> mg.GradientFlow:
    """The gradient flow of the LSTM at random values, so that nothing agrees by accident.

    All sizes differ, there are several steps and columns, the initial states are not zero, and the
    labels are positive numbers of any sum.

    Parameters
    ----------
    seed
        Of the values.

    Examples
    --------
    >>> from lstm.check_command import random_flow
    >>> random_flow().value("a", 4).shape
    (5, 6)
    """
    T, n_x, n_a, n_y, B = 4, 3, 5, 7, 6
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(T, n_x, B))
    y = rng.uniform(0.2, 1.0, size=(T, n_y, B))
    a0, c0 = rng.normal(size=(2, n_a, B))
    return mg.gradient_flow(forward(init_params(n_x, n_a, n_y, seed), x, y, a0, c0).loss)


def _load(path: Path, flow: mg.GradientFlow) -> tuple[mg.Derivation, mg.GradientFlow]:
    """The derivation of a file, and the flow to check it on: its own, or the LSTM's."""
    names: dict[str, Any] = runpy.run_path(str(path))
    derivation = names.get("derivation")
    if not isinstance(derivation, mg.Derivation):
        raise ValueError("expected a Derivation called `derivation`; see `lstm template`")
    return derivation, names["flow"]() if "flow" in names else flow


def _in_words(error: Exception) -> str:
    known = isinstance(error, OSError | ValueError)
    return str(error) if known else f"{type(error).__name__}: {error}"
