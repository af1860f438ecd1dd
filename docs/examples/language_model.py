"""A recurrent model of words, its states in one array, and its derivation by hand.

Each word is looked up in a table of embeddings, and the states of all steps are stacked, so that
one product gives the logits of all words that come next. Gradient layout.
"""

import numpy as np

import minigrad as mg
from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, adjoint, value


def block(p, words, h):
    """From the words of step t and h(t-1) to h(t)."""
    e = p["E"][:, words]
    z = p["W"].T @ e + p["U"].T @ h + p["b"]
    h = mg.tanh(z)
    mg.name_tensors(locals())
    return h


def flow(n_words=7, n_e=3, n_h=4, B=5, T=4, seed=0, dtype=float):
    """The model as a program, and its gradient flow at random values."""
    rng = np.random.default_rng(seed)

    def leaf(name, *shape):
        return mg.tensor(rng.normal(size=shape), requires_grad=True, name=name, dtype=dtype)

    p = {"E": leaf("E", n_e, n_words), "W": leaf("W", n_e, n_h), "U": leaf("U", n_h, n_h)}
    p |= {"b": leaf("b", n_h, 1)}
    V, b_y = leaf("V", n_h, n_words), leaf("b_y", n_words, 1)
    text = rng.integers(n_words, size=(T + 1, B))
    with mg.step(0):
        h = leaf("h", n_h, B)
    states = []
    for t in range(1, T + 1):
        with mg.step(t):
            h = block(p, mg.tensor(text[t - 1]), h)
        states.append(h)
    H = mg.stack(states).named("H")
    Z = (V.T @ H + b_y).named("Z")
    y = mg.tensor(text[1:], name="y")
    return mg.gradient_flow(mg.softmax_cross_entropy(Z, y, axis=1).sum().named("J"))


derivation = mg.Derivation("A recurrent model of words", layout="gradient")
line = derivation.line


@line("1", adjoint("Z"))
def _(Z=value("Z"), y=value("y")):
    e = np.exp(Z)
    p = e / e.sum(axis=1, keepdims=True)
    return p - np.moveaxis(np.eye(Z.shape[1])[y], -1, 1)


@line("2", adjoint("V"))
def _(dZ=adjoint("Z"), H=value("H")):
    return sum(h @ dz.T for h, dz in zip(H, dZ, strict=True))


@line("3", adjoint("b_y"))
def _(dZ=adjoint("Z")):
    return dZ.sum(axis=(0, 2)).reshape(-1, 1)


@line("4", adjoint("H"))
def _(dZ=adjoint("Z"), V=value("V")):
    return V @ dZ


@line("5", adjoint("h", via="H"))
def _(dH=adjoint("H"), t=THIS_STEP):
    return dH[t - 1]


@line("6", adjoint("h"))
def _(out=adjoint("h", via="H"), dh_next=adjoint("h", via=NEXT_STEP)):
    return out + dh_next


@line("7", adjoint("z"))
def _(dh=adjoint("h"), h=value("h")):
    return dh * (1 - h**2)


@line("8", adjoint("h", t=-1, via=NEXT_STEP))
def _(dz=adjoint("z"), U=value("U")):
    return U @ dz


@line("9", adjoint("e"))
def _(dz=adjoint("z"), W=value("W")):
    return W @ dz


@line("10", adjoint("U"))
def _(dz=adjoint("z", t=ALL_STEPS), h=value("h", t=ALL_STEPS)):
    return sum(h[t - 1] @ dz[t].T for t in dz)


@line("11", adjoint("W"))
def _(dz=adjoint("z", t=ALL_STEPS), e=value("e", t=ALL_STEPS)):
    return sum(e[t] @ dz[t].T for t in dz)


@line("12", adjoint("b"))
def _(dz=adjoint("z", t=ALL_STEPS)):
    return sum(dz[t].sum(axis=1, keepdims=True) for t in dz)


@line("13", adjoint("E"))
def _(de=adjoint("e", t=ALL_STEPS), words=value("words", t=ALL_STEPS), E=value("E")):
    return sum(de[t] @ np.eye(E.shape[1])[words[t]] for t in de)
