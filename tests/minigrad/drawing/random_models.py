"""Losses of random recurrent models: parameters used in, before and after the steps."""

import numpy as np

import minigrad as mg
from tests.minigrad.drawing.pictures import leaf


def random_model(seed):
    """A loss; equations of the steps read values up to two steps away, and some steps differ."""
    rng = np.random.default_rng(seed)
    T, way = int(rng.integers(2, 7)), int(rng.choice([1, -1]))
    parameters = [leaf(name, 2, 2) for name in ("W", "U", "V")]
    names = ["h", "k", "m"][: rng.integers(1, 4)]
    order = list(range(3, T + 3))[::way]
    before = [order[0] - way, order[0] - 2 * way]
    states = {}
    for name in names:
        for t in before:
            with mg.step(t):
                states[name, t] = leaf(name, 2, 1)
    plan = [_equation(rng, k, names) for k in range(len(names))]
    special = set(rng.choice(order, size=rng.integers(0, 2)).tolist())
    if rng.random() < 0.5:
        parameters.append(mg.tanh(parameters[0] @ parameters[1]).named("P"))
    losses = []
    for t in order:
        with mg.step(t):
            for name, (which, reads) in zip(names, plan, strict=True):
                z = parameters[which % len(parameters)]
                terms = [z @ states[other, t - lag * way] for other, lag in reads]
                if t in special:
                    terms.append(parameters[0] @ terms[0])
                states[name, t] = mg.tanh(sum(terms[1:], terms[0])).named(name)
            if rng.random() < 0.5 or seed % 2:
                losses.append((states[names[-1], t] ** 2).sum().named("L"))
    last = states[names[0], order[-1]]
    for k in range(rng.integers(0, 3)):
        last = mg.tanh(parameters[k % len(parameters)] @ last)
        last = last.named(f"y{k}") if rng.random() < 0.7 else last
    if rng.random() < 0.3:  # every step is read after the steps
        losses.append((states[names[0], order[0]] * last).sum())
    losses.append(last.sum())
    return mg.stack(losses).sum().named("J")


def _equation(rng, k, names):
    """Which parameter an equation has, and which values, of what distance, it reads."""
    reads = [(names[k], 1)]
    if k and rng.random() < 0.7:
        reads.append((names[k - 1], 0))
    if rng.random() < 0.5:
        reads.append((names[rng.integers(len(names))], int(rng.integers(1, 3))))
    return int(rng.integers(4)), list(dict.fromkeys(reads))
