"""The complex-step reference of the main job, against PyTorch's numbers."""

import numpy as np
import pytest

from lstm.complex_step import EQUATIONS, derivative
from tests import derivatives
from tests.lstm import equations, sines
from tests.lstm.test_model import PYTORCH
from tests.programs import slope

PARAMS, X, Y, (A0, C0) = sines.parameters(), sines.inputs(), sines.labels(), sines.states()


@pytest.mark.parametrize("name", sines.SHAPES)
def test_shares_of_a_parameter_add_up_to_its_gradient(name: str) -> None:
    shares = [derivative(PARAMS, X, Y, name, t, A0, C0) for t in range(1, sines.T + 1)]
    derivatives.assert_close([np.sum(shares, axis=0)], [PYTORCH[name]], 1e-13)


def test_inputs_and_initial_states() -> None:
    by_x = [derivative(PARAMS, X, Y, "x", t, A0, C0) for t in range(1, sines.T + 1)]
    derivatives.assert_close(by_x, PYTORCH["x"], 1e-13)
    a0, c0 = (derivative(PARAMS, X, Y, name, 1, A0, C0) for name in ("a(t-1)", "c(t-1)"))
    derivatives.assert_close([a0, c0], [PYTORCH["a0"], PYTORCH["c0"]], 1e-13)


@pytest.mark.parametrize("name", [name for name, _ in EQUATIONS])
def test_values_on_the_way(name: str) -> None:
    """Against a second writing of the equations, along a direction."""
    program, start = equations.lstm(Y), equations.given(PARAMS, X, A0, C0)
    for t in range(1, sines.T + 1):
        found = derivative(PARAMS, X, Y, name, t, A0, C0)
        direction = np.cos(np.arange(found.size)).reshape(found.shape)
        expected = slope(program, start, (name, t), direction)
        assert np.vdot(found, direction) == pytest.approx(expected, rel=1e-11)
