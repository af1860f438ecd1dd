"""A GRU step, used in every step of a sequence, and its derivation by hand.

J is half the squared distance of every h(t) from a target. Gradient layout.
"""

import numpy as np

import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, adjoint, value


def step(p, x, h):
    """From x(t) and h(t-1) to h(t)."""
    z_r = p["W_r"].T @ x + p["U_r"].T @ h + p["b_r"]
    r = mg.sigmoid(z_r)
    z_u = p["W_u"].T @ x + p["U_u"].T @ h + p["b_u"]
    u = mg.sigmoid(z_u)
    s = p["U_n"].T @ h
    z_n = p["W_n"].T @ x + r * s + p["b_n"]
    n = mg.tanh(z_n)
    h = (1 - u) * n + u * h
    mg.name_tensors(locals())
    return h


def flow(n_x=3, n_h=4, B=6, T=3, seed=0, dtype=float):
    """The model as a program, and its gradient flow at random values."""
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    shapes = {"W": (n_x, n_h), "U": (n_h, n_h), "b": (n_h, 1)}
    p = {
        f"{k}_{gate}": leaf(f"{k}_{gate}", *shape) for gate in "run" for k, shape in shapes.items()
    }
    with mg.step(0):
        h = leaf("h", n_h, B)
    losses = []
    for t in range(1, T + 1):
        with mg.step(t):
            y = mg.tensor(rng.normal(size=(n_h, B)), name="y", dtype=dtype)
            h = step(p, leaf("x", n_x, B), h)
            losses.append(((h - y) ** 2).sum() / 2)
    return mg.gradient_flow(mg.stack(losses).sum().named("J"))


derivation = mg.Derivation("A GRU step", layout="gradient")
line = derivation.line


@line("1", adjoint("h", via="J"))
def _(h=value("h"), y=value("y")):
    return h - y


@line("2", adjoint("h"))
def _(out=adjoint("h", via="J"), dh_next=adjoint("h", via=NEXT_STEP)):
    return out + dh_next


@line("3", adjoint("u"))
def _(dh=adjoint("h"), h_before=value("h", t=-1), n=value("n")):
    return dh * (h_before - n)


@line("4", adjoint("n"))
def _(dh=adjoint("h"), u=value("u")):
    return dh * (1 - u)


@line("5", adjoint("z_n"))
def _(dn=adjoint("n"), n=value("n")):
    return dn * (1 - n**2)


@line("6", adjoint("r"))
def _(dz_n=adjoint("z_n"), s=value("s")):
    return dz_n * s


@line("7", adjoint("s"))
def _(dz_n=adjoint("z_n"), r=value("r")):
    return dz_n * r


@line("8", adjoint("z_u"))
def _(du=adjoint("u"), u=value("u")):
    return du * u * (1 - u)


@line("9", adjoint("z_r"))
def _(dr=adjoint("r"), r=value("r")):
    return dr * r * (1 - r)


@line("10", adjoint("h", t=-1, via=NEXT_STEP))
def _(
    dh=adjoint("h"),
    u=value("u"),
    dz_u=adjoint("z_u"),
    U_u=value("U_u"),
    dz_r=adjoint("z_r"),
    U_r=value("U_r"),
    ds=adjoint("s"),
    U_n=value("U_n"),
):
    return dh * u + U_u @ dz_u + U_r @ dz_r + U_n @ ds


@line("11", adjoint("x"))
def _(
    dz_r=adjoint("z_r"),
    W_r=value("W_r"),
    dz_u=adjoint("z_u"),
    W_u=value("W_u"),
    dz_n=adjoint("z_n"),
    W_n=value("W_n"),
):
    return W_r @ dz_r + W_u @ dz_u + W_n @ dz_n


@line("12", adjoint("U_n", via=THIS_STEP))
def _(ds=adjoint("s"), h_before=value("h", t=-1)):
    return h_before @ ds.T


@line("13", adjoint("U_n"))
def _(shares=adjoint("U_n", t=ALL_STEPS, via=THIS_STEP)):
    return sum(shares.values())


def add_parameters(ref, gate, weights_of_h):
    """The gradients of a gate's parameters, each one sum over the steps."""

    @line(f"{ref}.1", adjoint(f"W_{gate}"))
    def _(dz=adjoint(f"z_{gate}", t=ALL_STEPS), x=value("x", t=ALL_STEPS)):
        return sum(x[t] @ dz[t].T for t in dz)

    @line(f"{ref}.2", adjoint(f"b_{gate}"))
    def _(dz=adjoint(f"z_{gate}", t=ALL_STEPS)):
        return sum(dz[t].sum(axis=1, keepdims=True) for t in dz)

    if weights_of_h:

        @line(f"{ref}.3", adjoint(f"U_{gate}"))
        def _(dz=adjoint(f"z_{gate}", t=ALL_STEPS), h=value("h", t=ALL_STEPS)):
            return sum(h[t - 1] @ dz[t].T for t in dz)


add_parameters("14", "n", weights_of_h=False)
add_parameters("15", "u", weights_of_h=True)
add_parameters("16", "r", weights_of_h=True)
