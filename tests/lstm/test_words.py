"""The real names, and texts as sequences."""

import numpy as np
import pytest

from lstm.words import names, next_characters


def test_names_are_real_ones() -> None:
    words = names()
    assert len(words) == len(set(words)) > 7000
    assert {"wilhelmina", "anna", "zoe", "bob"} <= set(words)
    assert all(word == word.lower() and word.split() == [word] for word in words)


def test_next_characters() -> None:
    x, y = next_characters("abca", "abc", np.float32)
    assert x.shape == y.shape == (3, 3, 1)
    assert x.dtype == y.dtype == np.float32
    assert [x_t[:, 0].tolist() for x_t in x] == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert [y_t[:, 0].tolist() for y_t in y] == [[0, 1, 0], [0, 0, 1], [1, 0, 0]]


def test_errors() -> None:
    with pytest.raises(ValueError, match="expected two characters or more, got 'a'"):
        next_characters("a", "abc")
    with pytest.raises(ValueError, match="expected characters of 'abc', got 'xz'"):
        next_characters("azbx", "abc")
