"""grad, vjp, jvp, jacobian, hessian, hvp: against derivatives worked out by algebra."""

from typing import Any, NamedTuple

import numpy as np
import pytest

import minigrad as mg
from tests import derivatives

X = np.array([0.5, -1.0, 2.0])
A = np.array([[1.0, 2.0, -1.0], [0.0, 3.0, 0.5]])


def cubes(x: Any) -> Any:
    return (x**3).sum()


# --- first order --------------------------------------------------------------------------------


def test_value_and_grad() -> None:
    value, gradient = mg.value_and_grad(cubes)(X)
    assert value == pytest.approx(0.125 - 1 + 8, rel=1e-15)
    np.testing.assert_allclose(gradient, 3 * X**2, rtol=1e-15)
    assert not isinstance(value, mg.Tensor)
    assert type(gradient) is np.ndarray
    gradient += 1  # it is the caller's


def test_argnums() -> None:
    def f(x: Any, y: Any, z: Any) -> Any:
        return x * y + 2 * z

    assert mg.grad(f)(2.0, 3.0, 4.0) == 3
    assert mg.grad(f, 1)(2.0, 3.0, 4.0) == 2
    assert mg.grad(f, -1)(2.0, 3.0, 4.0) == 2
    assert mg.grad(f, (2, 0))(2.0, 3.0, 4.0) == (2, 3)
    assert mg.grad(f, [0])(2.0, 3.0, 4.0) == (3,)


def test_keywords_and_other_arguments_are_passed_on() -> None:
    def f(x: Any, how: str, *, times: int) -> Any:
        assert how == "sum"
        return times * x.sum()

    np.testing.assert_array_equal(mg.grad(f)(X, "sum", times=2), [2, 2, 2])


class Pair(NamedTuple):
    left: Any
    right: Any


def test_nests() -> None:
    def f(p: Any) -> Any:
        (a, b), pair = p["list"], p["pair"]
        return (a * b).sum() + 3 * pair.left["w"] + 0 * p["unused"].sum()

    p = {
        "list": [X, np.array(2.0)],
        "pair": Pair({"w": 5.0}, (np.ones(2, np.float32),)),
        "unused": np.ones((2, 2)),
    }
    value, g = mg.value_and_grad(f)(p)
    assert value == pytest.approx(2 * 1.5 + 15)
    np.testing.assert_array_equal(g["list"][0], [2, 2, 2])
    assert g["list"][1] == 1.5
    assert g["pair"].left == {"w": 3}
    assert isinstance(g["pair"], Pair)
    (never_used,) = g["pair"].right
    assert never_used.dtype == np.float32
    np.testing.assert_array_equal(never_used, [0, 0])
    np.testing.assert_array_equal(g["unused"], np.zeros((2, 2)))


def test_arguments_are_named_by_their_keys() -> None:
    seen = []

    def f(p: Any) -> Any:
        seen.extend([p["W"].name, p["inner"]["b"].name])
        return p["W"].sum() + p["inner"]["b"]

    mg.grad(f)({"W": X, "inner": {"b": 1.0}})
    assert seen == ["W", "b"]


def test_one_array_given_twice_is_two_arguments() -> None:
    assert mg.grad(lambda x, y: x * y * y, (0, 1))(3.0, 3.0) == (9, 18)
    x = mg.tensor(3.0, requires_grad=True)
    gx, gy = mg.grad(lambda x, y: x * y * y, (0, 1))(x, x)
    assert (gx.item(), gy.item()) == (9, 18)


def test_vjp_can_be_called_many_times() -> None:
    y, pull_back = mg.vjp(lambda x: A @ x, X)
    np.testing.assert_allclose(y, A @ X)
    for row, e in zip(A, np.eye(2), strict=True):
        (g,) = pull_back(e)
        np.testing.assert_array_equal(g, row)


def test_vjp_of_a_nest() -> None:
    y, pull_back = mg.vjp(lambda x, z: {"a": 2 * x, "b": [x * z, z]}, X, np.float64(3.0))
    np.testing.assert_array_equal(y["b"][0], 3 * X)
    gx, gz = pull_back({"a": np.ones(3), "b": [np.array([1.0, 0, 0]), 5.0]})
    np.testing.assert_array_equal(gx, [2 + 3, 2, 2])
    assert gz == 0.5 + 5


def test_jvp() -> None:
    v = np.array([1.0, 2.0, 3.0])
    y, tangent = mg.jvp(lambda x: A @ x**2, (X,), (v,))
    np.testing.assert_allclose(y, A @ X**2)
    np.testing.assert_allclose(tangent, A @ (2 * X * v), rtol=1e-15)
    _, alone = mg.jvp(lambda x: A @ x**2, X, v)
    np.testing.assert_array_equal(alone, tangent)


def test_jvp_of_several_and_of_nests() -> None:
    def f(p: Any, s: Any) -> Any:
        return {"y": p["a"] * s, "z": p["a"].sum(), "linear": 3 * s, "constant": mg.tensor([7.0])}

    y, tangent = mg.jvp(f, ({"a": X}, 2.0), ({"a": np.ones(3)}, 10.0))
    np.testing.assert_allclose(tangent["y"], 2 + 10 * X)
    assert tangent["z"] == 3
    assert tangent["linear"] == 30
    assert tangent["constant"].tolist() == [0]
    assert y["constant"].tolist() == [7]


def test_jacobian() -> None:
    J = mg.jacobian(lambda x: A @ np.sin(x))(X)
    np.testing.assert_allclose(J, A * np.cos(X), rtol=1e-15)
    of_matrix = mg.jacobian(lambda x: A @ x)(np.ones((3, 2)))
    assert of_matrix.shape == (2, 2, 3, 2)
    np.testing.assert_array_equal(of_matrix, np.einsum("ik,jl->ijkl", A, np.eye(2)))


def test_jacobian_of_nests() -> None:
    J = mg.jacobian(lambda p: {"y": A @ p["x"] + p["b"]})({"x": X, "b": np.ones(2)})
    np.testing.assert_array_equal(J["y"]["x"], A)
    np.testing.assert_array_equal(J["y"]["b"], np.eye(2))
    by_x, by_s = mg.jacobian(lambda x, s: s * x, (0, 1))(X, 2.0)
    np.testing.assert_array_equal(by_x, 2 * np.eye(3))
    np.testing.assert_array_equal(by_s, X)


# --- higher orders and nesting ------------------------------------------------------------------


def test_grad_of_grad_of_grad() -> None:
    f: Any = lambda x: mg.sin(2 * x)  # noqa: E731
    expected = [2 * np.cos(1.0), -4 * np.sin(1.0), -8 * np.cos(1.0), 16 * np.sin(1.0)]
    for slope in expected:
        f = mg.grad(f)
        assert f(0.5) == pytest.approx(slope, rel=1e-14)


def test_grad_of_a_function_with_a_grad_inside() -> None:
    """d/dx of x * f'(x) with f = sin: cos x - x sin x."""
    slope = mg.grad(lambda x: x * mg.grad(mg.sin)(x))(0.7)
    assert slope == pytest.approx(np.cos(0.7) - 0.7 * np.sin(0.7), rel=1e-14)


def test_closure_over_an_outer_variable() -> None:
    """Inner and outer variable are told apart: d/dx [x * d/dy (x + y)] = 1, not 2."""
    assert mg.grad(lambda x: x * mg.grad(lambda y: x + y)(1.0))(5.0) == 1
    # d/dx of x * d/dy (x y^2) at y = 3: of 6 x^2.
    assert mg.grad(lambda x: x * mg.grad(lambda y: x * y * y)(3.0))(5.0) == 60
    assert mg.grad(lambda x: mg.jvp(lambda y: x * y * y, 3.0, 1.0)[1])(5.0) == 6
    outer = mg.tensor(5.0, requires_grad=True)
    inner = mg.grad(lambda y: outer * y * y)(mg.tensor(3.0, requires_grad=True))
    assert inner.item() == 30
    assert mg.gradients(inner, [outer]) == [6]


def test_a_tensor_among_arrays_makes_the_result_a_tensor() -> None:
    w = mg.tensor(5.0, requires_grad=True)
    slope = mg.grad(lambda x, w: w * x * x)(3.0, w)
    assert slope.item() == 30
    assert mg.gradients(slope, [w]) == [6]


@pytest.mark.parametrize(
    "transform",
    [
        lambda f, x: mg.grad(f)(x),
        lambda f, x: mg.jacobian(f)(x),
        lambda f, x: mg.vjp(f, x)[1](1.0),
        lambda f, x: mg.jvp(f, x, 1.0),
        lambda f, x: mg.hvp(f, x, 1.0),
    ],
)
def test_what_a_function_closes_over_keeps_its_graph(transform: Any) -> None:
    w = mg.tensor(2.0, requires_grad=True)
    h = mg.exp(w)
    transform(lambda x: h * x * x, 3.0)
    h.backward()
    assert w.grad == np.exp(2.0)


def test_hessian() -> None:
    H = mg.hessian(lambda x: x[0] * x[1] ** 2 + np.exp(x[2]))(X)
    np.testing.assert_allclose(H, [[0, -2, 0], [-2, 1, 0], [0, 0, np.exp(2)]], rtol=1e-15)


def test_hessian_of_a_nest() -> None:
    H = mg.hessian(lambda p: (p["x"] ** 2).sum() * p["s"])({"x": X, "s": 3.0})
    np.testing.assert_array_equal(H["x"]["x"], 6 * np.eye(3))
    np.testing.assert_array_equal(H["x"]["s"], 2 * X)
    np.testing.assert_array_equal(H["s"]["x"], 2 * X)
    assert H["s"]["s"] == 0


def test_hessian_of_something_linear_is_zero() -> None:
    np.testing.assert_array_equal(mg.hessian(lambda x: x.sum())(X), np.zeros((3, 3)))
    np.testing.assert_array_equal(mg.hvp(lambda x: x.sum(), (X,), (np.ones(3),)), np.zeros(3))


def test_hvp() -> None:
    v = np.array([1.0, -2.0, 0.5])
    M = A.T @ A

    def f(x: Any) -> Any:
        return (x @ M @ x) ** 2 / 4

    q = X @ M @ X
    expected = 2 * np.outer(M @ X, M @ X) @ v + q * M @ v
    np.testing.assert_allclose(mg.hvp(f, (X,), (v,)), expected, rtol=1e-14)
    np.testing.assert_allclose(mg.hessian(f)(X) @ v, expected, rtol=1e-14)


def test_jvp_of_grad_and_grad_of_jvp() -> None:
    v = np.array([1.0, 2.0, 3.0])
    gradient, tangent = mg.jvp(mg.grad(cubes), (X,), (v,))
    np.testing.assert_allclose(gradient, 3 * X**2)
    np.testing.assert_allclose(tangent, 6 * X * v)
    along = mg.grad(lambda x: mg.jvp(cubes, (x,), (v,))[1])(X)
    np.testing.assert_allclose(along, 6 * X * v)


def test_jacobian_of_jacobian() -> None:
    third = mg.jacobian(mg.jacobian(mg.jacobian(lambda x: (x**3).sum())))(X)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 6
    np.testing.assert_allclose(third, expected, atol=1e-14)


def test_vjp_inside_of_grad() -> None:
    def f(x: Any) -> Any:
        y, pull_back = mg.vjp(mg.exp, x)
        (g,) = pull_back(y)
        return g.sum()  # of exp(2 x)

    np.testing.assert_allclose(mg.grad(f)(X), 2 * np.exp(2 * X), rtol=1e-14)


def test_transforms_give_tensors_to_who_gives_tensors() -> None:
    x = mg.tensor(X, requires_grad=True)
    value, gradient = mg.value_and_grad(cubes)(x)
    assert isinstance(value, mg.Tensor)
    assert isinstance(gradient, mg.Tensor)
    (gradient * gradient).sum().backward()
    np.testing.assert_allclose(x.grad, 36 * X**3)
    assert isinstance(mg.grad(cubes)(mg.tensor(X)), np.ndarray)  # a constant needs no graph


def test_transform_can_be_differentiated_as_any_function() -> None:
    derivatives.check(mg.grad(lambda x: mg.exp(np.sin(x)).sum()), X)


@pytest.mark.parametrize("transform", [mg.grad, mg.jacobian, mg.hessian])
def test_float32_stays(transform: Any) -> None:
    x = X.astype(np.float32)
    assert transform(lambda x: mg.tanh(2.0 * x).sum())(x).dtype == np.float32
    y, tangent = mg.jvp(mg.tanh, (x,), (np.ones(3),))
    assert y.dtype == tangent.dtype == np.float32
    assert mg.vjp(mg.tanh, x)[1](np.ones(3))[0].dtype == np.float32


def test_derivatives_of_a_constant_function_are_zero_where_that_is_asked_for() -> None:
    assert mg.grad(lambda x: mg.tensor(3.0), allow_unused=True)(1.0) == 0
    assert mg.value_and_grad(lambda x: x.detach(), allow_unused=True)(1.0) == (1, 0)
    np.testing.assert_array_equal(mg.jacobian(lambda x: mg.tensor([1.0, 2.0]))(X), np.zeros((2, 3)))


def test_pull_back_is_at_the_point_of_evaluation() -> None:
    """Also if the caller has changed its array, or the value, since then."""
    x, params = np.array([1.0, 2.0]), {"w": np.array([3.0, 4.0])}
    y, pull_back = mg.vjp(lambda x, p: x * x * p["w"], x, params)
    x[:], params["w"][:], y[:] = 9, 9, 9
    dx, dp = pull_back(np.ones(2))
    assert dx.tolist() == [6, 16]
    assert dp["w"].tolist() == [1, 4]


def test_jacobian_of_an_empty_value() -> None:
    J = mg.jacobian(lambda p: p["x"][:0])({"x": X, "s": 2.0})
    assert J["x"].shape == (0, 3)
    assert J["s"].shape == (0,)


def test_a_function_may_change_the_nest_that_it_is_given() -> None:
    """The gradient is that by what was given, and the caller's nest stays as it is."""
    mask = np.array([1.0, 0.0])

    def updated(p: Any) -> Any:
        p["W"] = p["W"] * mask
        p["rows"].append(p["rows"].pop() * 3)
        return (p["W"] ** 2).sum() + p["rows"][0]

    W, row = np.array([3.0, 4.0]), np.array(2.0)
    given = {"W": W, "rows": [row]}
    gradient = mg.grad(updated)(given)
    assert gradient["W"].tolist() == [6, 0]
    assert gradient["rows"] == [3]
    [pulled] = mg.vjp(updated, given)[1](1.0)
    assert pulled["W"].tolist() == [6, 0]
    assert mg.jacobian(updated)(given)["W"].tolist() == [6, 0]
    assert mg.jvp(updated, (given,), (given,))[1] == 6 * 3 + 3 * 2
    assert given["W"] is W and given["rows"] == [row]


def test_a_function_that_changes_the_callers_array_is_differentiated_at_what_was_given() -> None:
    a = np.array([1.0, 2.0, 3.0])

    def f(x: Any) -> Any:
        y = (x * x).sum()
        a[:] = 7
        return y

    assert mg.grad(f)(a).tolist() == [2, 4, 6]


def test_what_a_function_closes_over_keeps_its_gradient() -> None:
    """As a gradient penalty needs it: d/dw |d/dx w x^2|^2 = 8 w x^2."""
    w = mg.tensor(3.0, requires_grad=True)
    slope = mg.grad(lambda x: w * x * x)(2.0)
    assert isinstance(slope, mg.Tensor)
    (slope**2).backward()
    assert w.grad == 8 * 3 * 4
    _, pull_back = mg.vjp(lambda x: w * x * x, 2.0)
    [again] = mg.gradients(pull_back(1.0)[0] ** 2, [w])
    assert again == 96
    with mg.no_grad():
        assert isinstance(mg.grad(lambda x: w * x * x)(2.0), float)
    assert isinstance(mg.grad(lambda x: w.detach() * x * x)(2.0), float)


def test_depending_on_a_closure_alone_is_an_error() -> None:
    w = mg.tensor(3.0, requires_grad=True)
    with pytest.raises(ValueError, match="expected <lambda> to give a value that depends on arg"):
        mg.grad(lambda x: w * w)(2.0)


def test_second_derivatives_where_an_input_is_unused_or_enters_linearly() -> None:
    def f(p: Any) -> Any:
        return (p["a"] ** 2).sum() + (3 * p["b"]).sum()

    p = {"a": np.array([1.0, 2.0]), "b": np.array([1.0]), "unused": np.array([5.0])}
    H = mg.hessian(f)(p)
    assert H["a"]["a"].tolist() == [[2, 0], [0, 2]]
    assert H["a"]["unused"].shape == (2, 1) and H["unused"]["unused"].tolist() == [[0]]
    assert H["b"]["b"].tolist() == [[0]]
    product = mg.hvp(f, (p,), (p,))
    assert product["a"].tolist() == [2, 4]
    assert product["b"].tolist() == product["unused"].tolist() == [0]
    assert mg.grad(mg.grad(lambda x: 3 * x))(2.0) == 0
    assert mg.grad(mg.grad(mg.grad(lambda x: x * x)))(2.0) == 0
    mg.check_gradients(lambda a, b: (a**2).sum(), X, X, order=2)


def test_a_leaf_that_the_function_makes_is_not_closed_over() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        return (x * mg.tensor(3.0, requires_grad=True)).sum()

    value, gradient = mg.value_and_grad(f)(2.0)
    assert type(value) is type(gradient) is np.float64
    assert (value, gradient) == (6, 3)
