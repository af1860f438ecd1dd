"""Section 3 in plain NumPy, against PyTorch's numbers and the complex step."""

import ast
import inspect

import numpy as np
import pytest

from lstm import closed_form
from tests import derivatives, programs
from tests.lstm import equations, sines
from tests.lstm.test_model import PYTORCH

PARAMS, X, Y, (A0, C0) = sines.parameters(), sines.inputs(), sines.labels(), sines.states()


def test_gradients_are_pytorchs() -> None:
    value, gradients = closed_form.gradients(PARAMS, X, Y, A0, C0)
    assert value == pytest.approx(float(PYTORCH["J"]), rel=1e-13)
    names = [*sines.SHAPES, "x", "a0", "c0"]
    assert sorted(gradients) == sorted(names)
    derivatives.assert_close([gradients[n] for n in names], [PYTORCH[n] for n in names], 1e-13)


def test_states_are_zero_by_default() -> None:
    zero = np.zeros((sines.N_A, sines.B))
    value, gradients = closed_form.gradients(PARAMS, X, Y)
    again, expected = closed_form.gradients(PARAMS, X, Y, zero, zero)
    assert value == again
    np.testing.assert_array_equal(gradients["W_fa"], expected["W_fa"])


@pytest.mark.parametrize("section", closed_form.QUANTITIES)
def test_every_quantity_of_section_3_at_every_step(section: str) -> None:
    program, start = equations.lstm(Y), equations.given(PARAMS, X, A0, C0)
    _, steps = closed_form.derivatives(PARAMS, X, Y, A0, C0)

    def via(of: programs.Label, *names: str) -> np.ndarray:
        parts = [programs.derivative(program, start, of, shape, via=(name, t)) for name in names]
        return sum(parts[1:], parts[0])

    shapes = {**sines.SHAPES, "x": X[0].shape}
    shapes |= dict.fromkeys(("z_y", "y_hat"), (sines.N_Y, sines.B))
    for name in closed_form.QUANTITIES[section]:
        shape = shapes.get(name, (sines.N_A, sines.B))
        for t, step in enumerate(steps, start=1):
            if name == "c(t-1)":  # one component: Comp-1 of 3.4 for step t - 1
                truth = via(("c", t - 1), "c")
            elif name == "a(t-1)":  # Comp-1 of 3.3 for step t - 1
                truth = via(("a", t - 1), "z_o", "z_c", "z_u", "z_f")
            elif name in PARAMS:  # the share of the step
                truth = via((name, None), f"z_{name[2]}")
            else:
                truth = programs.derivative(program, start, (name, t), shape)
            derivatives.assert_close([step[name].T], [truth], 1e-13)


def test_quantities_are_all_that_a_step_gives() -> None:
    _, steps = closed_form.derivatives(PARAMS, X, Y)
    listed = [name for names in closed_form.QUANTITIES.values() for name in names]
    assert [list(step) for step in steps] == [listed] * sines.T


def test_float32_stays() -> None:
    params = {name: value.astype(np.float32) for name, value in PARAMS.items()}
    _, gradients = closed_form.gradients(params, X.astype(np.float32), Y.astype(np.float32))
    assert {g.dtype for g in gradients.values()} == {np.dtype(np.float32)}


def test_saturated_gates_make_no_warning() -> None:
    params = {name: 1e3 * value for name, value in PARAMS.items()}
    params["W_ya"], params["b_y"] = PARAMS["W_ya"], PARAMS["b_y"]
    _, gradients = closed_form.gradients(params, X, Y)
    assert all(np.isfinite(g).all() for g in gradients.values())


def test_it_imports_numpy_alone() -> None:
    standard = {"collections", "functools", "operator", "types", "typing"}
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(closed_form))):
        if isinstance(node, ast.Import):
            imported |= {name.name.split(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add((node.module or "").split(".")[0])
    assert imported - standard == {"numpy"}


@pytest.mark.parametrize("labels", [np.zeros((4, 2), int), Y[:3], Y[:, :4], Y[..., :1]])
def test_labels_of_another_shape_are_refused(labels: np.ndarray) -> None:
    """Class numbers, and what has one column, would broadcast and give wrong numbers."""
    with pytest.raises(ValueError) as caught:
        closed_form.gradients(PARAMS, X, labels)
    words = f"y: expected distributions of shape (4, 5, 2), got {labels.shape}"
    assert str(caught.value) == words
