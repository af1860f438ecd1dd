"""Models whose time is not one recurrence from step to step: several passes, and either way."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minigrad as mg

Leaf = Callable[..., mg.Tensor]


def leaves(seed: int = 0) -> Leaf:
    """Makes leaves with random values, of which those at a step are inputs."""
    rng = np.random.default_rng(seed)

    def leaf(name: str, *shape: int, t: int | None = None, requires_grad: bool = True) -> mg.Tensor:
        data = rng.normal(size=shape) / 2
        if t is None:
            return mg.tensor(data, requires_grad=requires_grad, name=name)
        with mg.step(t):
            return mg.tensor(data, requires_grad=requires_grad, name=name)

    return leaf


def sequence(leaf: Leaf, name: str, n: int, steps: Sequence[int], **options: Any) -> dict[int, Any]:
    """An input at each of some steps, three columns."""
    return {t: leaf(name, n, 3, t=t, **options) for t in steps}


def recurrence(
    leaf: Leaf,
    inputs: dict[int, Any],
    n: int,
    name: str = "h",
    reads: Sequence[int] = (-1,),
    start: str = "states",
    weights: dict[str, Any] | None = None,
) -> dict[int, Any]:
    """h(t) = tanh(W^T x(t) + sum of U^T h(t+d)) in the order in which h can be computed."""
    suffix = name.removeprefix("h")
    size = next(iter(inputs.values())).shape[0]
    p: dict[str, Any] = {} if weights is None else weights
    p.setdefault("W", leaf(f"W{suffix}", size, n))
    for i, d in enumerate(reads, 1):
        p.setdefault(f"U{d}", leaf(f"U{suffix}" + (f"_{i}" if len(reads) > 1 else ""), n, n))
    order = sorted(inputs, reverse=max(reads) > 0)
    h: dict[int, Any] = {}
    if start == "states":
        before = {t + d for t in inputs for d in reads} - set(inputs)
        h = {t: leaf(name, n, 3, t=t) for t in sorted(before)}
    for t in order:
        with mg.step(t):
            z = p["W"].T @ inputs[t]
            for d in reads:
                if t + d in h:
                    z = z + p[f"U{d}"].T @ h[t + d]
            h[t] = mg.tanh(z.named(f"z{suffix}")).named(name)
    return h


def loss(leaf: Leaf, states: dict[int, Any], name: str = "y") -> Any:
    """The squared distance of each state from a target."""
    terms = []
    for t, h in states.items():
        y = leaf(name, *h.shape, t=t, requires_grad=False)
        terms.append(((h - y) ** 2).sum())
    return sum(terms[1:], terms[0])


def computed(h: dict[int, Any]) -> dict[int, Any]:
    return {t: x for t, x in h.items() if x._operation is not None}


def ar2(T: int = 6) -> mg.GradientFlow:
    """h(t) from h(t-1) and h(t-2), with its first two states given."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(2, T + 1))
    h = recurrence(leaf, x, 3, reads=(-1, -2))
    return mg.gradient_flow(loss(leaf, computed(h)).named("J"))


def dilated(T: int = 6) -> mg.GradientFlow:
    """h(t) from h(t-2) alone, without states before the first."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1))
    h = recurrence(leaf, x, 3, reads=(-2,), start="zeros")
    return mg.gradient_flow(loss(leaf, h).named("J"))


def bidirectional(T: int = 4, start: str = "states", tied: bool = False) -> mg.GradientFlow:
    """Two passes in opposite directions, both read at every step."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1))
    W = {"W": leaf("W", 5, 3)} if tied else {}
    f = recurrence(leaf, x, 3, "h_f", (-1,), start, dict(W))
    b = recurrence(leaf, x, 3, "h_b", (1,), start, dict(W))
    V_f, V_b, b_y = leaf("V_f", 3, 4), leaf("V_b", 3, 4), leaf("b_y", 4, 1)
    outputs = {}
    for t in x:
        with mg.step(t):
            outputs[t] = (V_f.T @ f[t] + V_b.T @ b[t] + b_y).named("z_y")
    return mg.gradient_flow(loss(leaf, outputs).named("J"))


def against_time(T: int = 4, start: str = "states") -> mg.GradientFlow:
    """One pass, from the last step to the first."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1))
    h = recurrence(leaf, x, 3, reads=(1,), start=start)
    return mg.gradient_flow(loss(leaf, {t: h[t] for t in x}).named("J"))


def stacked_in_opposite_directions(T: int = 4) -> mg.GradientFlow:
    """A second pass, against time, over the states of the first."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    first = recurrence(leaf, x, 3, "h_1", (-1,))
    second = recurrence(leaf, {t: first[t] for t in x}, 4, "h_2", (1,))
    return mg.gradient_flow(loss(leaf, {t: second[t] for t in x}).named("J"))


def smoother(T: int = 5) -> mg.GradientFlow:
    """Forth and back: s(t) from h(t) and s(t+1), with gates; what is read back is near s too."""
    leaf = leaves()
    x = sequence(leaf, "x", 3, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    G = leaf("G", 3, 3)
    s: Any = h[T]
    terms = [((s - x[T]) ** 2).sum()]
    for t in range(T - 1, 0, -1):
        with mg.step(t):
            g = mg.sigmoid(G.T @ h[t]).named("g")
            s = (g * h[t] + (1 - g) * s).named("s")
            terms.append(((s - x[t]) ** 2).sum())
    return mg.gradient_flow(sum(terms[1:], terms[0]).named("J"))


def encoder_decoder(T: int = 4, reads: str = "at first", S: int | None = None) -> mg.GradientFlow:
    """A decoder over the same steps, that reads the last state of the encoder."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    C, U, V = leaf("C", 3, 3), leaf("U_s", 3, 3), leaf("V", 3, 4)
    if reads == "by name":
        context = mg.tanh(C.T @ h[T]).named("context")
    s, outputs = {}, {}
    if reads == "before":
        with mg.step(0):
            s[0] = (C.T @ h[T]).named("s")
    for t in range(1, (S or T) + 1):
        with mg.step(t):
            z: Any = U.T @ s[t - 1] if t - 1 in s else 0
            if reads == "by name":
                z = z + context
            elif reads == "at every step" or (reads == "at first" and t == 1):
                z = z + C.T @ h[T]
            s[t] = mg.tanh(z.named("z_s")).named("s")
            outputs[t] = (V.T @ s[t]).named("o")
    return mg.gradient_flow(loss(leaf, outputs).named("J"))


def attention_over_earlier_states(T: int = 4) -> mg.GradientFlow:
    """The context at step t is read off h(1) to h(t), of one column, and takes part in h(t+1)."""
    leaf = leaves()
    x = {t: leaf("x", 5, 1, t=t) for t in range(1, T + 1)}
    W, U, C = leaf("W", 5, 3), leaf("U", 3, 3), leaf("C", 3, 3)
    h, c = {0: leaf("h", 3, 1, t=0)}, {}
    for t in x:
        with mg.step(t):
            z = W.T @ x[t] + U.T @ h[t - 1]
            if t > 1:
                z = z + C.T @ c[t - 1]
            h[t] = mg.tanh(z.named("z")).named("h")
            H = mg.concatenate([h[s] for s in range(1, t + 1)], axis=1).named("H")
            P = mg.softmax((H.T @ h[t]).named("S"), axis=0).named("P")
            c[t] = (H @ P).named("c")
    return mg.gradient_flow(loss(leaf, c).named("J"))


def decoder_of_all_states(T: int = 3) -> mg.GradientFlow:
    """Every step of the decoder reads all states of the encoder, by their places."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    U, A = leaf("U_s", 3, 3), {k: leaf(f"A_{k}", 3, 3) for k in x}
    s = {0: leaf("s", 3, 3, t=0)}
    for t in x:
        with mg.step(t):
            z = U.T @ s[t - 1] + sum(A[k].T @ h[k] for k in x)
            s[t] = mg.tanh(z.named("z_s")).named("s")
    return mg.gradient_flow(loss(leaf, computed(s)).named("J"))


def attention_of_a_decoder(T: int = 3) -> mg.GradientFlow:
    """Every step of the decoder, of one column, looks at all states of the encoder."""
    leaf = leaves()
    x = {t: leaf("x", 5, 1, t=t) for t in range(1, T + 1)}
    W, U, h = leaf("W", 5, 3), leaf("U", 3, 3), {0: leaf("h", 3, 1, t=0)}
    for t in x:
        with mg.step(t):
            h[t] = mg.tanh((W.T @ x[t] + U.T @ h[t - 1]).named("z")).named("h")
    H = mg.concatenate([h[t] for t in x], axis=1).named("H")
    s = {0: leaf("s", 3, 1, t=0)}
    for t in x:
        with mg.step(t):
            P = mg.softmax((H.T @ s[t - 1]).named("S"), axis=0).named("P")
            s[t] = mg.tanh((H @ P).named("c")).named("s")
    return mg.gradient_flow(loss(leaf, computed(s)).named("J"))


def lagged_inputs(T: int = 4) -> mg.GradientFlow:
    """A convolution over time, which reads inputs before and after each step."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(T + 2))
    K = [leaf(f"K_{name}", 5, 3) for name in ("prev", "here", "next")]
    h = {}
    for t in range(1, T + 1):
        with mg.step(t):
            z: Any = sum(k.T @ x[t + d] for k, d in zip(K, (-1, 0, 1), strict=True)).named("z")
            h[t] = mg.tanh(z).named("h")
    return mg.gradient_flow(loss(leaf, h).named("J"))


def inputs_at_odd_steps(T: int = 5) -> mg.GradientFlow:
    """Inputs and targets at every other step; one state is given in the middle."""
    leaf = leaves()
    W, U = leaf("W", 5, 3), leaf("U", 3, 3)
    h = {0: leaf("h", 3, 3, t=0), 4: leaf("h", 3, 3, t=4)}
    for t in (1, 2, 3, 5):
        with mg.step(t):
            z = U.T @ h[t - 1]
            if t % 2:
                z = z + W.T @ leaf("x", 5, 3, t=t)
            h[t] = mg.tanh(z).named("h")
    return mg.gradient_flow(loss(leaf, {t: h[t] for t in (1, 3, 5)}).named("J"))


def states_in_the_loss(T: int = 4) -> mg.GradientFlow:
    """A loss on all states, those that are given too."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    g = recurrence(leaf, x, 3, "h_b", (1,))
    terms = [(v**2).sum() for v in (*h.values(), *g.values())]
    return mg.gradient_flow(sum(terms[1:], terms[0]).named("J"))


def weight_in_a_sum(T: int = 4) -> mg.GradientFlow:
    """A weight has a part that is another one's adjoint unchanged, and shares of all steps."""
    leaf = leaves()
    U, V = leaf("U", 3, 3), leaf("V", 3, 3)
    S = (U + V).named("S")
    h = leaf("h", 3, 4, t=0)
    for t in range(1, T + 1):
        with mg.step(t):
            h = mg.tanh((U.T @ h).named("z")).named("h")
    return mg.gradient_flow(((S**2).sum() + (h**2).sum()).named("J"))


def function_of_a_given_state(T: int = 4) -> mg.GradientFlow:
    """tanh(h(t-1)), which is tanh of a state that is given at the first step."""
    leaf = leaves()
    U, h, terms = leaf("U", 3, 3), leaf("h", 3, 4, t=0), []
    for t in range(1, T + 1):
        with mg.step(t):
            h = (U.T @ mg.tanh(h) + mg.tanh(h)).named("h")
        terms.append((mg.tanh(h) ** 2).sum())
    return mg.gradient_flow(sum(terms[1:], terms[0]).named("J"))


def adaptive_mean(T: int = 4) -> mg.GradientFlow:
    """What a step gives to the mean before it, and to that at hand, begins with a minus sign."""
    leaf = leaves()
    k, m, terms = leaf("k", 3, 1), leaf("m", 3, 2, t=0), []
    for t in range(1, T + 1):
        with mg.step(t):
            z = leaf("z", 3, 2, t=t)
            m = (m * k).named("m")
            terms.append(((z - m) ** 2).sum().named("L"))
    return mg.gradient_flow((sum(terms[1:], terms[0]) - (m**2).sum()).named("J"))


def mean_of_inputs(T: int = 4) -> mg.GradientFlow:
    """The mean of all inputs is taken from each of them."""
    leaf = leaves()
    x = sequence(leaf, "x", 3, range(1, T + 1))
    m = (sum(x.values()) / T).named("m")  # type: ignore[operator]
    U, h = leaf("U", 3, 3), leaf("h", 3, 3, t=0)
    for t in x:
        with mg.step(t):
            h = mg.tanh((U.T @ h + x[t] - m).named("z")).named("h")
    return mg.gradient_flow(((h**2).sum() + (m**2).sum()).named("J"))


def inputs_alone(T: int = 4) -> mg.GradientFlow:
    """Nothing that is computed has a step."""
    leaf = leaves()
    w, u, x = leaf("w", 3, 1), leaf("u", 3, 1), sequence(leaf, "x", 3, range(1, T + 1))
    m = mg.tanh(u * w).named("m")
    return mg.gradient_flow(sum((w * v**2 + m * v).sum() for v in x.values()).named("J"))  # type: ignore[union-attr]


def residual_from_zero(T: int = 4) -> mg.GradientFlow:
    """What uses of an adjoint have in common is there from the second step on."""
    leaf = leaves()
    x = sequence(leaf, "x", 3, range(1, T + 1))
    W, U, h, J = leaf("W", 3, 3), leaf("U", 3, 3), None, 0
    for t in x:
        with mg.step(t):
            z = W.T @ x[t]
            h = (mg.tanh(z) if h is None else h + mg.tanh(z + U.T @ h) / 2).named("h")
            J = J + (h**2).sum()
    return mg.gradient_flow(J.named("J"))


def ends_put_together(T: int = 5) -> mg.GradientFlow:
    """The first and the last state, of as many rows as there are steps between them."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 4)
    o = (leaf("V", 8, 2).T @ mg.concatenate([h[1], h[T]])).named("o")
    return mg.gradient_flow((o**2).sum().named("J"))


def roughness(T: int = 4) -> mg.GradientFlow:
    """The loss is how much the states change, that after the given one too."""
    leaf = leaves()
    x = sequence(leaf, "x", 5, range(1, T + 1), requires_grad=False)
    h = recurrence(leaf, x, 3)
    return mg.gradient_flow(sum(((h[t] - h[t - 1]) ** 2).sum() for t in x).named("J"))  # type: ignore[union-attr]


def started_by_two(T: int = 4) -> mg.GradientFlow:
    """Two states are computed of one parameter at step 0, which no other step uses."""
    leaf = leaves()
    P, z, W = leaf("P", 2, 4), leaf("z", 2, 3), leaf("W", 4, 4)
    with mg.step(0):
        h, c = mg.tanh(P.T @ z).named("h"), mg.sigmoid(P.T @ z).named("c")
    for t in range(1, T + 1):
        with mg.step(t):
            c = (c * mg.tanh(W @ h)).named("c")
            h = mg.tanh(c + h).named("h")
    return mg.gradient_flow((h**2).sum().named("J"))


def normalised_from_a_computed_start(T: int = 4) -> mg.GradientFlow:
    """What uses of an adjoint have in common is broader than it, and not there at step 0."""
    leaf = leaves()
    X, W = leaf("X", 4, 3), leaf("W", 4, 4)
    with mg.step(0):
        h = mg.tanh(X).named("h")
    for t in range(1, T + 1):
        with mg.step(t):
            mu = h.mean(axis=0, keepdims=True).named("mu")
            s = mg.sqrt(((h - mu) ** 2).mean(axis=0, keepdims=True) + 1e-5).named("s")
            h = (h + mg.tanh(W @ ((h - mu) / s))).named("h")
    return mg.gradient_flow((h**2).sum().named("J"))


PASSES: dict[str, Callable[[], mg.GradientFlow]] = {
    "ar2": ar2,
    "dilated": dilated,
    "bidirectional": bidirectional,
    "bidirectional from zero, tied": lambda: bidirectional(start="zeros", tied=True),
    "against time": against_time,
    "against time from zero": lambda: against_time(start="zeros"),
    "stacked in opposite directions": stacked_in_opposite_directions,
    "smoother": smoother,
    "encoder-decoder": encoder_decoder,
    "decoder that starts before": lambda: encoder_decoder(reads="before"),
    "decoder that reads at every step": lambda: encoder_decoder(reads="at every step"),
    "decoder of a context": lambda: encoder_decoder(reads="by name"),
    "shorter decoder": lambda: encoder_decoder(T=5, S=3),
    "longer decoder": lambda: encoder_decoder(T=3, S=5),
    "attention over earlier states": attention_over_earlier_states,
    "decoder of all states": decoder_of_all_states,
    "attention of a decoder": attention_of_a_decoder,
    "lagged inputs": lagged_inputs,
    "inputs at odd steps": inputs_at_odd_steps,
    "states in the loss": states_in_the_loss,
    "residual from zero": residual_from_zero,
    "weight in a sum": weight_in_a_sum,
    "function of a given state": function_of_a_given_state,
    "adaptive mean": adaptive_mean,
    "mean of inputs": mean_of_inputs,
    "inputs alone": inputs_alone,
    "ends put together": ends_put_together,
    "roughness": roughness,
    "started by two": started_by_two,
    "normalised from a computed start": normalised_from_a_computed_start,
}
