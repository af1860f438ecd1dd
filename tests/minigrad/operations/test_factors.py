"""Factors where they have no derivative, and what of NumPy's forms is refused."""

import numpy as np
import pytest

import minigrad as mg
from tests import derivatives
from tests.minigrad.operations.calls import X

EQUAL = np.diag([2.0, 2.0, 5.0])  # two equal eigenvalues, in any basis
TURN = np.linalg.qr(np.array([[2.0, 0.3, -0.4], [0.1, 1.5, 0.6], [0.7, -0.2, 1.8]]))[0]


@pytest.mark.parametrize("turn", [np.eye(3), TURN])
def test_vectors_of_equal_values_have_no_gradient(turn: np.ndarray) -> None:
    a = turn @ EQUAL @ turn.T
    for f in (
        lambda a: np.linalg.eigh(a).eigenvectors[0, 0],
        lambda a: np.linalg.svd(a).U[0, -1],
        lambda a: np.linalg.svd(a).Vh[-1, 0],
    ):
        assert np.isnan(mg.grad(f)(a)).any()
        with pytest.raises(FloatingPointError, match="nan"), mg.detect_nonfinite():
            mg.grad(f)(a)


@pytest.mark.parametrize("turn", [np.eye(3), TURN])
def test_values_that_are_equal_have_a_gradient(turn: np.ndarray) -> None:
    a = turn @ EQUAL @ turn.T
    for f in (
        lambda a: np.linalg.eigh(a).eigenvalues.sum(),
        lambda a: np.linalg.eigvalsh(a).sum(),
        lambda a: np.linalg.svd(a).S.sum(),
        lambda a: np.linalg.norm(a, "nuc"),
    ):
        np.testing.assert_allclose(mg.grad(f)(a), np.eye(3), atol=1e-14)


def test_a_vector_of_its_own_value_has_a_gradient_beside_equal_ones() -> None:
    def f(a: mg.Tensor) -> mg.Tensor:
        return np.linalg.eigh(a).eigenvectors[:, 2][0] ** 2

    a = TURN @ EQUAL @ TURN.T
    step = np.array([[0.2, -0.4, 0.1], [0.0, 0.3, 0.5], [0.7, 0.2, -0.3]])
    expected = derivatives.central_difference(lambda xs: f(mg.tensor(xs[0])).data, [a], [step])
    np.testing.assert_allclose((mg.grad(f)(a) * step).sum(), expected, rtol=1e-8)


def test_at_zero_norms_have_slope_0() -> None:
    for order in ("fro", "nuc", 2, 1, np.inf):
        assert not mg.grad(lambda x, order=order: np.linalg.norm(x, order))(np.zeros((2, 3))).any()
    for order in (None, 1, 2, 3, np.inf):
        assert not mg.grad(lambda x, order=order: np.linalg.norm(x, order))(np.zeros(3)).any()


def test_errors_are_numpys() -> None:
    singular = mg.tensor(np.ones((2, 2)), name="W")
    with pytest.raises(np.linalg.LinAlgError, match=r"inv: expected square .* got W \(2, 2\)"):
        np.linalg.inv(singular)
    with pytest.raises(np.linalg.LinAlgError, match="positive definite"):
        np.linalg.cholesky(-singular)


def test_what_has_no_derivative_is_refused() -> None:
    x = mg.tensor(X, name="x")
    with pytest.raises(TypeError, match="full_matrices=False"):
        np.linalg.svd(x)
    with pytest.raises(TypeError, match="mode='reduced'"):
        np.linalg.qr(x.T, "complete")
    with pytest.raises(TypeError, match="real matrices only"):
        np.linalg.svdvals(mg.tensor(X + 1e-30j))
