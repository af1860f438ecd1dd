"""Words and texts as sequences: one-hot characters, and the character that comes next."""

from importlib.resources import files

import numpy as np
from numpy.typing import DTypeLike, NDArray


def names() -> list[str]:
    """The first names in the package's data, in small letters.

    Examples
    --------
    >>> from lstm.words import names
    >>> "wilhelmina" in names()
    True
    """
    data = files("lstm") / "data"
    lists = ("female-first-names.txt", "male-first-names.txt")
    words = {word.lower() for name in lists for word in (data / name).read_text("utf-8").split()}
    return sorted(words)


def next_characters(
    text: str, alphabet: str, dtype: DTypeLike = np.float64
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Make x(t) of the characters of a text but the last, and y(t) of those that follow.

    Parameters
    ----------
    text
        Two characters or more.
    alphabet
        Every character that occurs, once.

    Returns
    -------
    x, y : ndarray
        One-hot, (T, n, 1) with T one less than the length of the text, and n the alphabet's.

    Raises
    ------
    ValueError
        If the text is too short, or has a character that the alphabet lacks.

    Examples
    --------
    >>> from lstm.words import next_characters
    >>> x, y = next_characters("anna", "abn")
    >>> x[:, :, 0]
    array([[1., 0., 0.],
           [0., 0., 1.],
           [0., 0., 1.]])
    """
    if len(text) < 2:
        raise ValueError(f"expected two characters or more, got {text!r}")
    if missing := set(text) - set(alphabet):
        raise ValueError(f"expected characters of {alphabet!r}, got {''.join(sorted(missing))!r}")
    columns = np.eye(len(alphabet), dtype=dtype)[[alphabet.index(c) for c in text], :, np.newaxis]
    return columns[:-1], columns[1:]
