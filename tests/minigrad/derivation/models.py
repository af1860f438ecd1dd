"""A small recurrent model and its derivation, to put errors into.

h(t) = tanh(s(t)) with s(t) = U^T h(t-1) + W^T x(t) + b, and J = sum of h(t)^2 y(t) / 2.
By hand: dJ/ds = dJ/dh (1 - h^2), dJ/dh(t-1) has y h and U dJ/ds(t), dJ/dW = sum of x dJ/ds^T.
"""

import numpy as np

import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, Derivation, adjoint, value


def flow(n_x=3, n_h=4, B=5, T=3, seed=0, dtype=float):
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    W, U, b = leaf("W", n_x, n_h), leaf("U", n_h, n_h), leaf("b", n_h, 1)
    with mg.step(0):
        h = leaf("h", n_h, B)
    parts = []
    for t in range(1, T + 1):
        with mg.step(t):
            x = leaf("x", n_x, B)
            y = mg.tensor(rng.uniform(0.5, 2.0, size=(n_h, B)), name="y", dtype=dtype)
            s = (U.T @ h + W.T @ x + b).named("s")
            h = mg.tanh(s).named("h")
            e = (h * h * y / 2).named("e")
        parts.append(e.sum())
    return mg.gradient_flow(mg.stack(parts).sum().named("J"))


def e(h=value("h")):
    return np.ones_like(h)


def h_of_e(de=adjoint("e"), h=value("h"), y=value("y")):
    return de * h * y


def h(out=adjoint("h", via="e"), from_next=adjoint("h", via=NEXT_STEP)):
    return out + from_next


def s(dh=adjoint("h"), h=value("h")):
    return dh * (1 - h**2)


def h_before(ds=adjoint("s"), U=value("U")):
    return U @ ds


def x(ds=adjoint("s"), W=value("W")):
    return W @ ds


def W(ds=adjoint("s"), x=value("x")):
    return x @ ds.T


def W_summed(shares=adjoint("W", t=ALL_STEPS, via=THIS_STEP)):
    return sum(shares.values())


def U(ds=adjoint("s", t=ALL_STEPS), h=value("h", t=ALL_STEPS)):
    return sum(h[t - 1] @ ds[t].T for t in ds)


def b_share(ds=adjoint("s")):
    return ds.sum(axis=1, keepdims=True)


def b_summed(shares=adjoint("b", t=ALL_STEPS, via=THIS_STEP)):
    return sum(shares.values())


LINES = {
    "e": (adjoint("e"), e),
    "h via e": (adjoint("h", via="e"), h_of_e),
    "h": (adjoint("h"), h),
    "s": (adjoint("s"), s),
    "h before": (adjoint("h", t=-1, via=NEXT_STEP), h_before),
    "x": (adjoint("x"), x),
    "W share": (adjoint("W", via=THIS_STEP), W),
    "W": (adjoint("W"), W_summed),
    "U": (adjoint("U"), U),
    "b share": (adjoint("b", via=THIS_STEP), b_share),
    "b": (adjoint("b"), b_summed),
}


def derivation(layout="gradient", without=(), **changed):
    """The derivation, with lines left out or their functions or claims changed."""
    lines = dict(LINES)
    found = Derivation("A small network", layout)
    for ref, (claim, function) in lines.items():
        if ref not in without:
            new = changed.get(ref.replace(" ", "_"), function)
            claim, function = new if isinstance(new, tuple) else (claim, new)
            found.line(ref, claim)(function)
    return found
