"""The complex-step reference of the main job, against PyTorch's numbers."""

import numpy as np
import pytest

from lstm.complex_step import EQUATIONS, derivatives
from tests.derivatives import assert_close
from tests.lstm import equations, sines
from tests.lstm.test_model import PYTORCH
from tests.programs import slope

PARAMS, X, Y, (A0, C0) = sines.parameters(), sines.inputs(), sines.labels(), sines.states()
DERIVATIVE = derivatives(PARAMS, X, Y, A0, C0)


@pytest.mark.parametrize("name", sines.SHAPES)
def test_shares_of_a_parameter_add_up_to_its_gradient(name: str) -> None:
    shares = [DERIVATIVE(name, t) for t in range(1, sines.T + 1)]
    assert_close([np.sum(shares, axis=0)], [PYTORCH[name]], 1e-13)


def test_inputs_and_initial_states() -> None:
    by_x = [DERIVATIVE("x", t) for t in range(1, sines.T + 1)]
    assert_close(by_x, PYTORCH["x"], 1e-13)
    a0, c0 = (DERIVATIVE(name, 1) for name in ("a(t-1)", "c(t-1)"))
    assert_close([a0, c0], [PYTORCH["a0"], PYTORCH["c0"]], 1e-13)


@pytest.mark.parametrize("name", [name for name, _ in EQUATIONS])
def test_values_on_the_way(name: str) -> None:
    """Against a second writing of the equations, along a direction."""
    program, start = equations.lstm(Y), equations.given(PARAMS, X, A0, C0)
    for t in range(1, sines.T + 1):
        found = DERIVATIVE(name, t)
        direction = np.cos(np.arange(found.size)).reshape(found.shape)
        expected = slope(program, start, (name, t), direction)
        assert np.vdot(found, direction) == pytest.approx(expected, rel=1e-11)
