"""Models in which something is computed once and read at every step; `named` gives it a name."""

from collections.abc import Callable
from functools import partial
from typing import Any

import minigrad as mg
from tests.minigrad.writing.passes import leaves, loss, recurrence, sequence

Named = Callable[[mg.Tensor, str], mg.Tensor]


def not_named(x: mg.Tensor, name: str) -> mg.Tensor:
    """What an author writes who gives it no name."""
    return x


def named(x: mg.Tensor, name: str) -> mg.Tensor:
    """What an author writes who does."""
    return (1 * x).named(name)


def encoded(T: int) -> tuple[Any, dict[int, Any]]:
    """A maker of leaves, and the states of an encoder."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    return leaf, {t: h[t] for t in x}


def decoder(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """Every step reads the last state of the encoder."""
    leaf, h = encoded(T)
    A, V, s, outputs = leaf("A", 3, 4), leaf("V", 4, 4), leaf("s", 4, 3, t=0), {}
    context = named(h[T], "h_T")
    for t in h:
        with mg.step(t):
            s = outputs[t] = mg.tanh(V.T @ s + A.T @ context).named("s")
    return mg.gradient_flow(loss(leaf, outputs).named("J"))


def later_decoder(T: int = 4, named: Named = not_named, S: int = 3) -> mg.GradientFlow:
    """Its steps come after those of the encoder, and its first is of a form of its own."""
    leaf, h = encoded(T)
    A, V, s, outputs = leaf("A", 3, 4), leaf("V", 4, 4), None, {}
    context = named(h[T], "h_last")
    for t in range(T + 1, T + S + 1):
        with mg.step(t):
            z = A.T @ context if s is None else V.T @ s + A.T @ context
            s = outputs[t] = mg.tanh(z).named("s")
    return mg.gradient_flow(sum(mg.sum(s**2) for s in outputs.values()).named("J"))


def first_and_last(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """A step reads the first state, the last, and its own, which may be one of them."""
    leaf, h = encoded(T)
    A, B, C, y = leaf("A", 3, 4), leaf("B", 3, 4), leaf("C", 3, 4), {}
    first, last = named(h[1], "h_1"), named(h[T], "h_T")
    for t in h:
        with mg.step(t):
            y[t] = (A.T @ first + B.T @ h[t] + C.T @ last).named("y")
    return mg.gradient_flow(sum(mg.sum(mg.exp(x)) for x in y.values()).named("J"))


def last_input(T: int = 4) -> mg.GradientFlow:
    """The last input, which needs no gradient, is read at every step before."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    W, U, V, h, J = leaf("W", 5, 3), leaf("U", 3, 3), leaf("V", 5, 3), leaf("h", 3, 3, t=0), 0
    for t in x:
        with mg.step(t):
            h = mg.tanh(W.T @ x[t] + U.T @ h + V.T @ x[T]).named("h")
            J = J + (h**2).sum()
    return mg.gradient_flow(J.named("J"))


def attention(
    T: int = 4, named: Named = not_named, anew: bool = False, with_keys: bool = False
) -> mg.GradientFlow:
    """A decoder attends to all states, stacked once or `anew` in each step, or to keys of them."""
    leaf, h = encoded(T)
    V, s, outputs = leaf("V", 3, 3), leaf("s", 3, 3, t=0), {}
    H = named(mg.stack(list(h.values())), "H")
    K = named(leaf("A", 3, 3) @ H, "c_h") if with_keys else None
    for t in h:
        with mg.step(t):
            if anew:
                H = mg.stack(list(h.values()))
            alpha = mg.softmax(mg.sum((H if K is None else K) * s, axis=1), axis=0).named("alpha")
            c = mg.sum(alpha.reshape(T, 1, 3) * H, axis=0).named("c")
            s = outputs[t] = mg.tanh(V.T @ s + c).named("s")
    return mg.gradient_flow(loss(leaf, outputs).named("J"))


def attention_from_the_last(T: int = 5, named: Named = not_named) -> mg.GradientFlow:
    """A decoder attends to a stack of all states, and starts from the last of them."""
    leaf, h = encoded(T)
    V, outputs = leaf("V", 3, 3), {}
    s = named(h[T], "h_T")
    H = named(mg.concatenate([*h.values()], axis=1), "H")
    for t in h:
        with mg.step(t):
            a = mg.softmax(H.T @ s, axis=0).named("a")
            s = outputs[t] = mg.tanh(V.T @ s + H @ a).named("s")
    return mg.gradient_flow(loss(leaf, outputs).named("J"))


def pooled(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """A smooth maximum over the steps, of a stack."""
    _, h = encoded(T)
    H = named(mg.stack(list(h.values())), "H")
    p = mg.logsumexp(H, axis=0).named("p")
    return mg.gradient_flow(mg.sum(p**2).named("J"))


def in_the_loss(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """What is added to the loss at each step has no name, and reads the last state."""
    _, h = encoded(T)
    last = named(h[T], "h_T")
    return mg.gradient_flow(sum(mg.sum(mg.exp(h[t] * last)) for t in h if t < T).named("J"))


def from_its_start(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """A recurrence that reads its given start at every step."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    W, U, V, h, J = leaf("W", 5, 3), leaf("U", 3, 3), leaf("V", 3, 3), {}, 0
    if named is not_named:
        start = h[0] = leaf("h", 3, 3, t=0)
    else:
        start = leaf("h_0", 3, 3)
        with mg.step(0):
            h[0] = named(start, "h")
    for t in x:
        with mg.step(t):
            z = (W.T @ x[t] + U.T @ h[t - 1] + V.T @ start).named("z")
            h[t] = mg.tanh(z).named("h")
            J = J + (h[t] ** 2).sum()
    return mg.gradient_flow(J.named("J"))


def masked_mean(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """A mean of squares over what a mask leaves of the steps."""
    leaf, h = encoded(T)
    squares, count = 0, 0
    for t, x in h.items():
        m = leaf("m", 1, 3, t=t, requires_grad=False)
        squares, count = squares + (x**2 * m).sum(), count + m.sum()
    return mg.gradient_flow((named(squares, "c") / named(count, "c_m")).named("J"))


def weighted_mean(T: int = 4, named: Named = not_named) -> mg.GradientFlow:
    """A mean over the steps with weights that depend on the states."""
    leaf, h = encoded(T)
    v, above, below = leaf("v", 3, 1), 0, 0
    for x in h.values():
        w = mg.exp(v.T @ x)
        above, below = above + w * x, below + w
    mean = named(above, "c_h") / named(below, "c_h_2")
    return mg.gradient_flow((mean**2).sum().named("J"))


CONTEXTS = {
    "decoder": decoder,
    "later decoder": later_decoder,
    "first and last": first_and_last,
    "last input": last_input,
    "attention to all states": attention,
    "attention to a stack made anew": partial(attention, anew=True),
    "keys": partial(attention, with_keys=True),
    "attention from the last": attention_from_the_last,
    "pooled": pooled,
    "in the loss": in_the_loss,
    "from its start": from_its_start,
    "masked mean": masked_mean,
    "weighted mean": weighted_mean,
}
