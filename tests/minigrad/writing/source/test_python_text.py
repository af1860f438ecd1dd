"""Expressions as Python: in the precision of the arguments, whatever they were derived with."""

from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.notation.expression import NONE, Apply, Symbol
from minigrad.operations.elementwise import add
from minigrad.writing.source.places import Places
from minigrad.writing.source.python_text import source_of, sum_of
from tests.minigrad.writing.passes import leaves
from tests.minigrad.writing.programs import FLOWS
from tests.minigrad.writing.source.test_module import given_and_wanted

PRECISE = ["lstm", "gru", "language model", "attention", "residual", "labels as classes"]


@pytest.mark.parametrize("name", [*PRECISE, "likelihood in rows", "likelihood in columns"])
def test_source_computes_in_the_precision_of_its_arguments(name: str) -> None:
    flow = FLOWS[name]()
    derivation = mg.derive(flow)
    namespace: dict[str, Any] = {}
    exec(derivation.numpy_source(), namespace)
    given, wanted = given_and_wanted(derivation)
    single = {k: x.astype(np.float32) if x.dtype.kind == "f" else x for k, x in given.items()}
    J, found = namespace["gradients"](**single)
    assert J.dtype == np.float32
    np.testing.assert_allclose(J, flow.J.item(), rtol=1e-5)
    for argument, expected in wanted.items():
        assert found[argument].dtype == np.float32, argument
        size = np.abs(expected).max()
        np.testing.assert_allclose(found[argument], expected, rtol=1e-3, atol=1e-4 * size)


def test_fractions_and_differences_are_written_as_people_do() -> None:
    leaf = leaves()
    u, h = leaf("u", 3), leaf("h", 3)
    J = 2 / 35 * mg.sum(mg.exp(-h + u) * h)
    source = mg.derive(mg.gradient_flow(J.named("J")), layout="gradient").numpy_source()
    assert "J = 2 * np.sum(exp_J * h) / 35" in source
    assert "exp_J = np.exp(u - h)" in source


def test_a_sum_of_very_many_terms_is_no_deeper() -> None:
    """With signs between them, each would be nested in the next: Python's parser gives up."""
    terms = tuple(Symbol("x", t, ()) for t in range(5000))
    written = source_of(Apply(add, terms, (), NONE), Places({"x"}, (), {}, None, 1).outside())
    assert eval(written, {"x": range(5000)}) == 4999 * 2500
    assert eval(sum_of(["x", "-1"] * 2500), {"x": 3}) == 2 * 2500
