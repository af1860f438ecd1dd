"""What all tests share: how Hypothesis runs, and a table of operations that each test leaves as it
was."""

import importlib
from collections.abc import Iterator

import pytest
from hypothesis import settings

from minigrad.protocol import NUMPY
from minigrad.tensor import OPERATIONS

# The whole table: its last rooms are imported when one of their functions is called, and a test
# that called one would take back what it brought.
importlib.import_module("minigrad.operations.catalogue")
importlib.import_module("minigrad.operations.special")

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
