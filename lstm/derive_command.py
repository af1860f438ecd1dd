"""The command `lstm derive`: print the derivation that minigrad writes of the LSTM."""

import argparse
import sys
from pathlib import Path

import numpy as np

import minigrad as mg
from lstm.model import forward, init_params
from lstm.options import Parser

FORMATS = ("text", "markdown", "latex", "numpy")


def add_derive_command(commands: "argparse._SubParsersAction[Parser]") -> None:
    """Add the command to those of a parser."""
    parser = commands.add_parser(
        "derive",
        help="write section 3 of the derivation from the model",
        description="Print the derivation that minigrad writes of the LSTM, sections 2 and 3; or "
        "the NumPy module that computes it.",
    )
    parser.add_argument(
        "--layout",
        choices=("numerator", "gradient"),
        default="numerator",
        help="of derivatives in print (numerator); NumPy source has gradients in the shapes of the "
        "arguments",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="(text)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="by default, print it")
    parser.set_defaults(run=derive)


def derive(options: argparse.Namespace) -> int:
    """Print the derivation, or write it to a file."""
    # As in the text, a value is one column; a program takes a batch of them.
    derivation = derivation_of_lstm(2 if options.format == "numpy" else 1, options.layout)
    written = {
        "text": derivation.text,
        "markdown": derivation.markdown,
        "latex": derivation.latex,
        "numpy": derivation.numpy_source,
    }[options.format]()
    if options.out is None:
        print(written, end="")
        return 0
    try:
        mg.write_file(options.out, written)
    except OSError as error:
        print(f"lstm derive: {error}", file=sys.stderr)
        return 2
    return 0


def derivation_of_lstm(columns: int, layout: str = "numerator") -> mg.Derivation:
    """The derivation that minigrad writes of the LSTM, with a batch of so many columns.

    Examples
    --------
    >>> from lstm.derive_command import derivation_of_lstm
    >>> print(derivation_of_lstm(1).lines[0])
    3.1  ∂J/∂ŷ⁽ᵗ⁾ = -(y⁽ᵗ⁾ / ŷ⁽ᵗ⁾)ᵀ
    """
    T, n_x, n_a, n_y = 4, 3, 5, 7
    rng = np.random.default_rng(0)
    x = rng.normal(size=(T, n_x, columns))
    y = rng.uniform(0.2, 1.0, size=(T, n_y, columns))
    a0, c0 = rng.normal(size=(2, n_a, columns))
    flow = mg.gradient_flow(forward(init_params(n_x, n_a, n_y), x, y, a0, c0).loss)
    derivation = mg.derive(flow, layout=layout)
    derivation.title = "Long short-term memory: the derivatives of J"
    return derivation
