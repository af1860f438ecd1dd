"""Numbers of many digits: as roots, logarithms and multiples of π, where they are that exactly."""

import math

import numpy as np
import pytest

import minigrad as mg
from tests.minigrad.notation.by_eye import evaluate

WRITTEN = {
    "x / √2": 1 / math.sqrt(2),
    "√3 x": math.sqrt(3),
    "-√2 x": -math.sqrt(2),
    "√(2 / 3) x": math.sqrt(2 / 3),
    "√(2 / π) x": math.sqrt(2 / math.pi),
    "x / √(2 π)": 1 / math.sqrt(2 * math.pi),
    "log(2) x": math.log(2),
    "x / log(2)": 1 / math.log(2),
    "-log(2 π) x / 2": -math.log(2 * math.pi) / 2,
    "π x": math.pi,
    "3 π x / 4": 3 * math.pi / 4,
    "2.71828 x": math.e,
    "1.41421 x": 1.41421,
    "0.841471 x": math.sin(1),
    "0.9 x": 0.9,
    "1/9 x": 1 / 9,
}


@pytest.mark.parametrize("text", WRITTEN)
def test_number_is_written_as_what_it_is(text: str) -> None:
    x = mg.tensor(np.array([1.0, 2.0]), requires_grad=True, name="x")
    flow = mg.gradient_flow((WRITTEN[text] * x).named("y").sum().named("J"))
    derivation = mg.derive(flow, layout="gradient")
    assert f"y = {text}    (eq. 1)" in derivation.text()
    got = evaluate(text, {"x": x.data, "π": np.array(math.pi)})
    np.testing.assert_allclose(got, WRITTEN[text] * x.data, rtol=1e-5)
    if any(letter in text for letter in "√πg"):
        np.testing.assert_allclose(got, WRITTEN[text] * x.data, rtol=1e-14)
        assert str(WRITTEN[text])[-9:] in derivation.numpy_source()


def test_numbers_in_sums_and_exponents() -> None:
    x = mg.tensor(0.5, requires_grad=True, name="x")
    flow = mg.gradient_flow((x * 2**x - math.sqrt(5)).named("J"))
    derivation = mg.derive(flow, layout="gradient")
    assert "J = x 2^(x) - √5    (eq. 1)" in derivation.text()
    assert [str(line) for line in derivation.lines] == ["3.1  ∂J/∂x = 2^(x) + log(2) x 2^(x)"]
