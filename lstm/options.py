"""What the commands share: options that are checked, and one line for those that are not usable."""

import argparse
from collections.abc import Callable
from typing import NoReturn


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong; its commands do so too."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}; see {self.prog} --help\n")


def whole_number(least: int) -> Callable[[str], int]:
    """A type of options: a whole number that is not too small.

    Examples
    --------
    >>> from lstm.options import whole_number
    >>> whole_number(least=1)("12")
    12
    """

    def parsed(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(
                f"expected a whole number from {least} on, got {text!r}"
            )
        return number

    return parsed
