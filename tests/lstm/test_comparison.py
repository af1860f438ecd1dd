"""The comparison of section 3 finds what differs, and nothing else."""

from typing import Any

import numpy as np
import pytest

import lstm
from lstm import closed_form, complex_step
from lstm.comparison import compare_section_3
from lstm.words import next_characters
from tests.lstm import sines

PARAMS, X, Y = sines.parameters(), sines.inputs(), sines.labels()


def test_all_agree() -> None:
    rows = compare_section_3(PARAMS, X, Y)
    expected = [(s, name) for s, names in closed_form.QUANTITIES.items() for name in names]
    assert [(row.section, row.quantity) for row in rows] == expected
    assert all(row.ok for row in rows)
    assert max(max(row.closed_form, row.complex_step) for row in rows) < 1e-13


def test_shapes_are_the_texts() -> None:
    shapes = {row.quantity: row.shape for row in compare_section_3(PARAMS, X, Y)}
    for name in sines.SHAPES:
        assert shapes[name] == sines.SHAPES[name][::-1]
    assert shapes["x"] == (sines.B, sines.N_X)
    assert shapes["a(t-1)"] == (sines.B, sines.N_A)


ERRORS = {
    "W_fa": lambda v: v.T,  # square: no shape tells
    "c(t-1)": lambda v: -v,
    "b_o": lambda v: 2 * v,
    "x": lambda v: np.where(np.arange(v.size).reshape(v.shape) == 3, v + 1e-6, v),
    "a(t-1)": lambda v: v * np.nan,
}


@pytest.mark.parametrize("quantity", ERRORS)
@pytest.mark.parametrize("at", [1, sines.T - 1])
def test_an_error_in_one_place_is_found_there_alone(
    monkeypatch: pytest.MonkeyPatch, quantity: str, at: int
) -> None:
    right = closed_form.derivatives

    def wrong(*args: Any) -> Any:
        J, steps = right(*args)
        steps[at][quantity] = ERRORS[quantity](steps[at][quantity])
        return J, steps

    monkeypatch.setattr(closed_form, "derivatives", wrong)
    differ = [row for row in compare_section_3(PARAMS, X, Y) if not row.ok]
    assert [row.quantity for row in differ] == [quantity]
    assert differ[0].complex_step < 1e-13


def test_disagreement_with_the_complex_step_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = complex_step.derivatives

    def wrong(*args: Any) -> Any:
        derivative = right(*args)
        return lambda name, t: derivative(name, t) * (1.001 if name == "z_u" else 1)

    monkeypatch.setattr(complex_step, "derivatives", wrong)
    rows = compare_section_3(PARAMS, X, Y)
    assert [row.quantity for row in rows if not row.ok] == ["z_u"]


def test_float32_is_held_to_what_it_can() -> None:
    x, y = next_characters("wilhelmina", "aehilmnw", np.float32)
    rows = compare_section_3(lstm.init_params(8, 6, 8, dtype=np.float32), x, y)
    assert all(row.ok for row in rows)
    assert max(row.complex_step for row in rows) > 1e-9  # it is float32 that was compared
