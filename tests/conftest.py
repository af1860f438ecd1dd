"""What all tests share: how Hypothesis runs, and a table of operations that each test leaves as it
was."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from minigrad.protocol import NUMPY
from minigrad.tensor import OPERATIONS

# The same examples on every machine: a failure here is a failure everywhere.
settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("repeatable")


@pytest.fixture(autouse=True)
def table() -> Iterator[None]:
    """Take back the operations that a test has added."""
    before = dict(OPERATIONS), dict(NUMPY)
    yield
    for mapping, old in zip((OPERATIONS, NUMPY), before, strict=True):
        mapping.clear()
        mapping.update(old)
