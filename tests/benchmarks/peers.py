"""One LSTM training gradient, computed by minigrad and by each of its peers.

A peer is a factory `(params, x, y) -> callable`. The factory imports its library and converts the
inputs to that library's types, once; calling the callable computes J and the gradients of the 14
parameters, and is what is timed. Results stay in the peer's own array type (`np.asarray` reads
all of them), so that nobody pays for a conversion that a user of that library would not make.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import lstm
import minigrad as mg

Array = NDArray[Any]
Arrays = dict[str, Array]
# J and the gradients, by name, in the peer's own types.
Result = tuple[Any, dict[str, Any]]
Factory = Callable[[Arrays, Array, Array], Callable[[], Result]]

GATES = "fuoc"


@dataclass(frozen=True)
class Peer:
    """What takes part in the benchmark.

    Attributes
    ----------
    name
        The row's name in the table.
    factory
        Makes the callable that is timed.
    distribution
        The package to state the version of, if it is not part of this repository.
    has_gradients
        False for one that does only part of the work, as a bound on the rest.
    """

    name: str
    factory: Factory
    distribution: str | None = None
    has_gradients: bool = True


def minigrad_eager(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """Ours: the generic backward pass, with nothing compiled or recorded for replay."""
    value_and_grad = mg.value_and_grad(lstm.loss)
    return lambda: value_and_grad(params, x, y)


def minigrad_plan(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """Ours, compiled: NumPy's products, and runs of elementwise steps by LLVM."""
    import llvmlite  # noqa: F401 - the extra [fast]; without it the plan is the other one

    step = mg.compile(mg.value_and_grad(lstm.loss), fast=True)
    return lambda: step(params, x, y)


def minigrad_plan_of_numpy(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """Ours, compiled, by NumPy alone."""
    step = mg.compile(mg.value_and_grad(lstm.loss), fast=False)
    return lambda: step(params, x, y)


def numpy_by_hand(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """The derivation's section 3 in plain NumPy; it also gives dJ/dx, dJ/da0 and dJ/dc0."""
    return lambda: lstm.closed_form.gradients(params, x, y)


def _equations(
    p: dict[str, Any],
    xs: Sequence[Any],
    ys: Sequence[Any],
    a: Any,
    sigmoid: Callable[[Any], Any],
    tanh: Callable[[Any], Any],
    cross_entropy: Callable[[Any, Any], Any],
) -> Any:
    """Compute J as the equations stand on paper, in whatever library the arguments belong to.

    Parameters
    ----------
    p
        The parameters by name.
    xs, ys
        Input and target of each step.
    a
        The state before the first step; it is zero, and so it serves as the cell state too.
    sigmoid, tanh, cross_entropy
        The library's functions; the last is of `(z_y, y)` at one step, summed over the batch.
    """
    c = a
    J: Any = 0
    for x, y in zip(xs, ys, strict=True):
        Gamma_f = sigmoid(p["W_fa"].T @ a + p["W_fx"].T @ x + p["b_f"])
        Gamma_u = sigmoid(p["W_ua"].T @ a + p["W_ux"].T @ x + p["b_u"])
        Gamma_o = sigmoid(p["W_oa"].T @ a + p["W_ox"].T @ x + p["b_o"])
        c_tilde = tanh(p["W_ca"].T @ a + p["W_cx"].T @ x + p["b_c"])
        c = Gamma_u * c_tilde + Gamma_f * c
        a = tanh(c) * Gamma_o
        J = J + cross_entropy(p["W_ya"].T @ a + p["b_y"], y)
    return J


def _zero_state(params: Arrays, x: Array) -> Array:
    """Give the initial state, (n_a, B)."""
    return np.zeros((params["W_fa"].shape[0], x.shape[2]), x.dtype)


def torch_eager(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """PyTorch, equation by equation."""
    import torch
    from torch.nn.functional import cross_entropy

    p = {name: torch.tensor(value, requires_grad=True) for name, value in params.items()}
    xs, labels = list(torch.tensor(x)), list(torch.tensor(y.argmax(axis=1)))
    a0 = torch.tensor(_zero_state(params, x))

    def step_loss(z_y: Any, label: Any) -> Any:
        return cross_entropy(z_y.T, label, reduction="sum")

    def run() -> Result:
        J = _equations(p, xs, labels, a0, torch.sigmoid, torch.tanh, step_loss)
        gradients = torch.autograd.grad(J, list(p.values()))
        return J.detach(), dict(zip(p, gradients, strict=True))

    return run


def torch_lstm(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """PyTorch's own layers, nn.LSTM and nn.Linear, holding our weights."""
    import torch
    from torch.nn.functional import cross_entropy

    (n_x, n_a), n_y = params["W_fx"].shape, params["W_ya"].shape[1]
    order = "ufco"  # nn.LSTM stacks the gates as row blocks: input, forget, cell, output
    dtype = torch.tensor(x).dtype
    recurrent = torch.nn.LSTM(n_x, n_a, dtype=dtype)
    linear = torch.nn.Linear(n_a, n_y, dtype=dtype)
    ours = {
        recurrent.weight_ih_l0: np.vstack([params[f"W_{gate}x"].T for gate in order]),
        recurrent.weight_hh_l0: np.vstack([params[f"W_{gate}a"].T for gate in order]),
        recurrent.bias_ih_l0: np.vstack([params[f"b_{gate}"] for gate in order])[:, 0],
        linear.weight: params["W_ya"].T,
        linear.bias: params["b_y"][:, 0],
    }
    with torch.no_grad():
        recurrent.bias_hh_l0.zero_()  # the equations have one bias a gate, nn.LSTM has two
        for parameter, value in ours.items():
            parameter.copy_(torch.tensor(value))
    weights = list(ours)
    xs = torch.tensor(x.transpose(0, 2, 1).copy())
    labels = torch.tensor(y.argmax(axis=1).reshape(-1))

    def run() -> Result:
        z_y = linear(recurrent(xs)[0])
        J = cross_entropy(z_y.reshape(-1, n_y), labels, reduction="sum")
        dW_x, dW_a, db, dW_ya, db_y = torch.autograd.grad(J, weights)
        gradients = {"W_ya": dW_ya.T, "b_y": db_y[:, None]}
        for gate, W_x, W_a, b in zip(order, dW_x.chunk(4), dW_a.chunk(4), db.chunk(4), strict=True):
            gradients |= {f"W_{gate}x": W_x.T, f"W_{gate}a": W_a.T, f"b_{gate}": b[:, None]}
        return J.detach(), gradients

    return run


def hips_autograd(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """HIPS autograd, equation by equation."""
    import autograd
    from autograd import numpy as anp
    from autograd.scipy.special import expit, logsumexp

    a0 = _zero_state(params, x)

    def step_loss(z_y: Any, y_t: Any) -> Any:
        return anp.sum(logsumexp(z_y, axis=0)) - anp.sum(y_t * z_y)

    def loss(p: dict[str, Any]) -> Any:
        return _equations(p, list(x), list(y), a0, expit, anp.tanh, step_loss)

    value_and_grad = autograd.value_and_grad(loss)
    return lambda: value_and_grad(params)


def mygrad(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """MyGrad, equation by equation."""
    import mygrad as my
    from mygrad.nnet.activations import logsoftmax, sigmoid

    my.turn_memory_guarding_off()  # its manual's advice for code that is known to be right
    p = {name: my.tensor(value) for name, value in params.items()}
    a0 = my.tensor(_zero_state(params, x), constant=True)

    def step_loss(z_y: Any, y_t: Any) -> Any:
        return -my.sum(y_t * logsoftmax(z_y, axis=0))

    def run() -> Result:
        J = _equations(p, list(x), list(y), a0, sigmoid, my.tanh, step_loss)
        J.backward()
        return J.data, {name: parameter.grad for name, parameter in p.items()}

    return run


def jax_scan(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """JAX, compiled: the four gates as one product, the steps as a scan."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)  # else it turns float64 into float32; not vice versa
    a0 = _zero_state(params, x)

    def loss(p: dict[str, Any], x: Any, y: Any) -> Any:
        W_a = jnp.concatenate([p[f"W_{gate}a"] for gate in GATES], axis=1)
        W_x = jnp.concatenate([p[f"W_{gate}x"] for gate in GATES], axis=1)
        b = jnp.concatenate([p[f"b_{gate}"] for gate in GATES])

        def cell(state: tuple[Any, Any], x_t: Any) -> tuple[tuple[Any, Any], Any]:
            a, c = state
            z_f, z_u, z_o, z_c = jnp.split(W_a.T @ a + W_x.T @ x_t + b, 4)
            c = jax.nn.sigmoid(z_u) * jnp.tanh(z_c) + jax.nn.sigmoid(z_f) * c
            a = jnp.tanh(c) * jax.nn.sigmoid(z_o)
            return (a, c), a

        a = jax.lax.scan(cell, (a0, a0), x)[1]
        z_y = p["W_ya"].T @ a + p["b_y"]
        return -jnp.sum(y * jax.nn.log_softmax(z_y, axis=1))

    value_and_grad = jax.jit(jax.value_and_grad(loss))
    inputs = jax.device_put((params, x, y))
    return lambda: jax.block_until_ready(value_and_grad(*inputs))


def products_alone(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """The matrix products of equation-by-equation code and nothing else."""
    a, a0 = (np.full_like(_zero_state(params, x), value) for value in (0.5, 0.0))
    dz, dz_y = np.full_like(a, 0.5), np.full_like(y[0], 0.5)
    W_ya = params["W_ya"]
    weights = [(params[f"W_{gate}a"], params[f"W_{gate}x"]) for gate in GATES]

    def run() -> Result:
        for t, x_t in enumerate(x):
            a_prev = a if t else a0
            for W_a, W_x in weights:
                W_a.T @ a_prev
                W_x.T @ x_t
                a_prev @ dz.T
                x_t @ dz.T
                if t:  # the initial state needs no gradient
                    W_a @ dz
            W_ya.T @ a
            a @ dz_y.T
            W_ya @ dz_y
        return np.nan, {}

    return run


def joined_products_alone(params: Arrays, x: Array, y: Array) -> Callable[[], Result]:
    """The same work in the fewest products: gates stacked, and all steps in one where they can be.

    Steps lie beside each other in the columns, as BLAS multiplies them fastest here.
    """
    T, n_x, B = x.shape
    n_a, n_y = params["W_ya"].shape
    shapes = {"W": (4 * n_a, n_a), "W_x": (4 * n_a, n_x), "W_y": (n_y, n_a)}
    W, W_x, W_y = (np.full(shape, 0.5, x.dtype) for shape in shapes.values())
    rows = {"x": n_x, "a": n_a, "dz": 4 * n_a, "dz_y": n_y}
    X, A, dZ, dZ_y = (np.full((n, T * B), 0.5, x.dtype) for n in rows.values())

    def run() -> Result:
        W_x @ X
        for _ in range(T - 1):  # the initial state is zero, and needs no gradient
            W @ A[:, :B]
            W.T @ dZ[:, :B]
        W_y @ A
        W_y.T @ dZ_y
        for rows, columns in ((dZ, A), (dZ, X), (dZ_y, A)):
            rows @ columns.T
        return np.nan, {}

    return run


PEERS = (
    Peer("minigrad eager", minigrad_eager),
    Peer("minigrad compiled, NumPy alone", minigrad_plan_of_numpy),
    Peer("minigrad compiled, with [fast]", minigrad_plan, "llvmlite"),
    Peer("NumPy by hand, equation by equation", numpy_by_hand),
    Peer("PyTorch eager", torch_eager, "torch"),
    Peer("PyTorch nn.LSTM + nn.Linear", torch_lstm, "torch"),
    Peer("HIPS autograd", hips_autograd, "autograd"),
    Peer("MyGrad", mygrad, "mygrad"),
    Peer("JAX jit(scan)", jax_scan, "jax"),
    Peer("products alone, equation by equation", products_alone, has_gradients=False),
    Peer("products alone, gates and steps joined", joined_products_alone, has_gradients=False),
)
