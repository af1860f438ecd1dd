"""Programs as they stand are right, or their gradients are wrong where a fault was planted."""

import inspect

import numpy as np
import pytest

import minigrad as mg
from minigrad.nests import leaves, map_leaves
from tests.minigrad.program.mutants import PROGRAMS, Mutant


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_is_right(name):
    program = PROGRAMS[name]
    names = dict(vars(program))
    before = map_leaves(np.copy, (program.params, program.inputs))
    report = mg.check_program(program.run, program.params, *program.inputs)
    assert report.ok, report
    assert len(report.gradients) == len(leaves(program.params))
    assert not report.notes
    assert vars(program).keys() == names.keys()
    assert all(vars(program)[key] is x for key, x in names.items())
    after = (program.params, program.inputs)
    assert all(map(np.array_equal, leaves(before), leaves(after)))


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_right_program_is_right_in_single_precision(name):
    def single(x):
        floating = isinstance(x, np.ndarray) and x.dtype.kind == "f"
        return x.astype(np.float32) if floating else x

    program = PROGRAMS[name]
    params, inputs = map_leaves(single, (program.params, program.inputs))
    assert mg.check_program(program.run, params, *inputs).ok


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_truth_is_that_of_differences_of_the_loss(name):
    program, rng = PROGRAMS[name], np.random.default_rng(0)
    params = map_leaves(lambda x: x + 0.1 * rng.normal(size=x.shape), program.params)
    report = mg.check_program(program.run, params, *program.inputs, perturb=False)
    for gradient, x in zip(report.gradients, leaves(params), strict=True):
        direction = rng.normal(size=x.shape)

        def loss(step, x=x, direction=direction):
            moved = map_leaves(lambda y: y + step * direction if y is x else y, params)
            return program.run(moved, *program.inputs)[0]

        slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
        expected = np.sum(report.flow.adjoint(gradient.name).data * direction)
        assert slope == pytest.approx(expected, rel=1e-6, abs=1e-8)


FAULTS = [
    (
        *("char_rnn", "(1 - hs[t] * hs[t]) * dh", "(1 - hs[t]) * dh", {"Wxh", "Whh", "bh"}),
        "draw = (1 - hs[t] ** 2) * dh",
    ),
    (
        *("char_rnn", "hs[t - 1].T)", "hs[t].T)", {"Whh"}),
        "dWhh += np.dot(draw, hs[t - 1].T)",
    ),
    (
        *("char_rnn", "dhnext = np.dot(Whh.T, draw)", "dhnext = np.dot(Whh, draw)"),
        *({"Wxh", "Whh", "bh"}, "dhnext = np.dot(Whh.T, draw)"),
    ),
    (
        *("mlp", "da1[a1 <= 0] = 0", "da1[a1 > 0] = 0", {"W1", "b1"}),
        "da1[a1 <= 0] = 0",
    ),
    (
        *("mlp", "grads[name] += decay", "grads[name] += 2 * decay", {"W1", "W2"}),
        "grads[name] += decay * params[name]",
    ),
    (
        *("lstm_course", "dc * f, grads", "dc * i, grads"),
        *({"Wf", "bf", "Wi", "bi", "Wc", "bc"}, "return dz[:n_a], dc * cache['f'], grads"),
    ),
    (
        *("layers", "* self.out * (1.0", "* (1.0", {"params[0][0]", "params[0][1]"}),
        "return upstream * (1.0 - self.out) * self.out",
    ),
]


@pytest.mark.parametrize(("name", "right", "wrong", "gradients", "repair"), FAULTS)
def test_a_fault_is_found_at_its_statement_and_mended(name, right, wrong, gradients, repair):
    program = changed(PROGRAMS[name], right, wrong)
    report = mg.check_program(program.run, program.params, *program.inputs)
    assert gradients <= {gradient.name for gradient in report.gradients if not gradient.ok}
    source = inspect.getsource(PROGRAMS[name])
    [fault] = report.faults
    assert fault.line == source[: source.index(right)].count("\n") + 1
    assert fault.repair == repair
    assert fault.verified
    assert repair in str(report)


def test_a_function_has_its_code_again_after_its_repair():
    program = changed(PROGRAMS["mlp"], "da1[a1 <= 0] = 0", "da1[a1 > 0] = 0")
    code = program.backward.__code__
    assert not mg.check_program(program.run, program.params, *program.inputs).ok
    assert program.backward.__code__ is code


def changed(program, right, wrong):
    """A program with a change in its source, in memory."""
    source = inspect.getsource(program)
    assert source.count(right) == 1
    return Mutant(program.__name__, "", 0, source.replace(right, wrong)).module()


def test_a_common_scale_is_named():
    def run(params, x, y):
        d = params["W"] @ x - y
        return np.mean(d**2), {"W": 2 * d @ x.T * 3, "b": None}

    x, y = np.ones((2, 5)), np.zeros((3, 5))
    report = mg.check_program(run, {"W": np.eye(3, 2), "b": np.zeros(3)}, x, y)
    assert report.ok
    assert "times the loss" in report.notes[0]


def test_a_parameter_that_the_loss_does_not_depend_on_has_no_gradient():
    def run(params):
        return np.sum(params["w"] ** 2), {"w": 2 * params["w"], "v": params["v"]}

    report = mg.check_program(run, {"w": np.ones(2), "v": np.ones(2)})
    assert [gradient.ok for gradient in report.gradients] == [True, False]
    assert "the loss does not depend on it" in str(report)


def test_a_loss_that_left_numpy_is_refused():
    with pytest.raises(ValueError, match="not have left NumPy"):
        mg.check_program(lambda w: (float(np.sum(w)) * 3.7, w), np.ones(2))
    with pytest.raises(ValueError, match="does not depend on the parameters"):
        mg.check_program(lambda w: (np.sum(np.full(3, 0.3)), w), np.ones(2))


def test_random_numbers_are_as_before_and_numpy_too_after_an_error():
    zeros = np.zeros
    state = np.random.get_state()[1].copy()

    def run(w):
        np.random.rand(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mg.check_program(run, np.ones(2))
    assert np.zeros is zeros
    assert np.array_equal(np.random.get_state()[1], state)
