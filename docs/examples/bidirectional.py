"""A bidirectional RNN, read by a softmax at every step, and its derivation by hand.

One pass goes from the first step to the last, the other from the last to the first; h_f begins
before step 1, h_b after step T. J is the cross-entropy of all steps. Gradient layout.
"""

import numpy as np

import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, adjoint, value


def forth(p, x, h_f):
    """From x(t) and h_f(t-1) to h_f(t)."""
    z_f = p["W_f"].T @ x + p["U_f"].T @ h_f + p["b_f"]
    h_f = mg.tanh(z_f)
    mg.name_tensors(locals())
    return h_f


def back(p, x, h_b):
    """From x(t) and h_b(t+1) to h_b(t)."""
    z_b = p["W_b"].T @ x + p["U_b"].T @ h_b + p["b_b"]
    h_b = mg.tanh(z_b)
    mg.name_tensors(locals())
    return h_b


def flow(n_x=3, n_h=4, n_y=5, B=6, T=4, seed=0, dtype=float):
    """The model as a program, and its gradient flow at random values."""
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    p = {}
    for d in "fb":
        shapes = {f"W_{d}": (n_x, n_h), f"U_{d}": (n_h, n_h), f"b_{d}": (n_h, 1)}
        p |= {name: leaf(name, *shape) for name, shape in shapes.items()}
    V_f, V_b, b_y = leaf("V_f", n_h, n_y), leaf("V_b", n_h, n_y), leaf("b_y", n_y, 1)
    x, h_f, h_b = {}, {}, {}
    with mg.step(0):
        h_f[0] = leaf("h_f", n_h, B)
    with mg.step(T + 1):
        h_b[T + 1] = leaf("h_b", n_h, B)
    for t in range(1, T + 1):
        with mg.step(t):
            x[t] = leaf("x", n_x, B)
            h_f[t] = forth(p, x[t], h_f[t - 1])
    for t in range(T, 0, -1):
        with mg.step(t):
            h_b[t] = back(p, x[t], h_b[t + 1])
    losses = []
    for t in range(1, T + 1):
        with mg.step(t):
            y = mg.tensor(np.eye(n_y, dtype=dtype)[rng.integers(n_y, size=B)].T, name="y")
            z_y = (V_f.T @ h_f[t] + V_b.T @ h_b[t] + b_y).named("z_y")
            losses.append(mg.softmax_cross_entropy(z_y, y).sum())
    return mg.gradient_flow(mg.stack(losses).sum().named("J"))


derivation = mg.Derivation("A bidirectional RNN", layout="gradient")
line = derivation.line


@line("1", adjoint("z_y"))
def _(z_y=value("z_y"), y=value("y")):
    e = np.exp(z_y)
    return e / e.sum(axis=0, keepdims=True) - y


@line("2", adjoint("h_f", via="z_y"))
def _(dz_y=adjoint("z_y"), V_f=value("V_f")):
    return V_f @ dz_y


@line("3", adjoint("h_f"))
def _(out=adjoint("h_f", via="z_y"), dh_next=adjoint("h_f", via=NEXT_STEP)):
    return out + dh_next


@line("4", adjoint("h_b", via="z_y"))
def _(dz_y=adjoint("z_y"), V_b=value("V_b")):
    return V_b @ dz_y


@line("5", adjoint("h_b"))
def _(out=adjoint("h_b", via="z_y"), dh_before=adjoint("h_b", via=THIS_STEP - 1)):
    return out + dh_before


@line("6", adjoint("z_f"))
def _(dh=adjoint("h_f"), h=value("h_f")):
    return dh * (1 - h**2)


@line("7", adjoint("z_b"))
def _(dh=adjoint("h_b"), h=value("h_b")):
    return dh * (1 - h**2)


@line("8", adjoint("h_f", t=-1, via=NEXT_STEP))
def _(dz=adjoint("z_f"), U=value("U_f")):
    return U @ dz


@line("9", adjoint("h_b", t=1, via=THIS_STEP - 1))
def _(dz=adjoint("z_b"), U=value("U_b")):
    return U @ dz


@line("10", adjoint("x"))
def _(dz_f=adjoint("z_f"), W_f=value("W_f"), dz_b=adjoint("z_b"), W_b=value("W_b")):
    return W_f @ dz_f + W_b @ dz_b


@line("11", adjoint("U_f"))
def _(dz=adjoint("z_f", t=ALL_STEPS), h=value("h_f", t=ALL_STEPS)):
    return sum(h[t - 1] @ dz[t].T for t in dz)


@line("12", adjoint("U_b"))
def _(dz=adjoint("z_b", t=ALL_STEPS), h=value("h_b", t=ALL_STEPS)):
    return sum(h[t + 1] @ dz[t].T for t in dz)


def add_parameters(ref, W, b, z, x):
    """The gradients of a weight and a bias that all steps use."""

    @line(f"{ref}.1", adjoint(W))
    def _(dz=adjoint(z, t=ALL_STEPS), x=value(x, t=ALL_STEPS)):
        return sum(x[t] @ dz[t].T for t in dz)

    @line(f"{ref}.2", adjoint(b))
    def _(dz=adjoint(z, t=ALL_STEPS)):
        return sum(dz[t].sum(axis=1, keepdims=True) for t in dz)


add_parameters("13", "W_f", "b_f", "z_f", "x")
add_parameters("14", "W_b", "b_b", "z_b", "x")
add_parameters("15", "V_f", "b_y", "z_y", "h_f")


@line("16", adjoint("V_b"))
def _(dz=adjoint("z_y", t=ALL_STEPS), h=value("h_b", t=ALL_STEPS)):
    return sum(h[t] @ dz[t].T for t in dz)
