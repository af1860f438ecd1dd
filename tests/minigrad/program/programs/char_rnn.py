"""A recurrent network over characters: loss and gradients from one function, module globals."""

import numpy as np

n_hidden, n_letters = 5, 4
rng = np.random.default_rng(1)
Wxh = rng.normal(0, 0.3, (n_hidden, n_letters))
Whh = rng.normal(0, 0.3, (n_hidden, n_hidden))
Why = rng.normal(0, 0.3, (n_letters, n_hidden))
bh = np.zeros((n_hidden, 1))
by = np.zeros((n_letters, 1))


def loss_fun(inputs, targets, hprev):
    xs, hs, ps = {}, {}, {}
    hs[-1] = np.copy(hprev)
    loss = 0
    for t in range(len(inputs)):
        xs[t] = np.zeros((n_letters, 1))
        xs[t][inputs[t]] = 1
        hs[t] = np.tanh(np.dot(Wxh, xs[t]) + np.dot(Whh, hs[t - 1]) + bh)
        y = np.dot(Why, hs[t]) + by
        ps[t] = np.exp(y) / np.sum(np.exp(y))
        loss += -np.log(ps[t][targets[t], 0])
    dWxh, dWhh, dWhy = np.zeros_like(Wxh), np.zeros_like(Whh), np.zeros_like(Why)
    dbh, dby = np.zeros_like(bh), np.zeros_like(by)
    dhnext = np.zeros_like(hs[0])
    for t in reversed(range(len(inputs))):
        dy = np.copy(ps[t])
        dy[targets[t]] -= 1
        dWhy += np.dot(dy, hs[t].T)
        dby += dy
        dh = np.dot(Why.T, dy) + dhnext
        draw = (1 - hs[t] * hs[t]) * dh
        dbh += draw
        dWxh += np.dot(draw, xs[t].T)
        dWhh += np.dot(draw, hs[t - 1].T)
        dhnext = np.dot(Whh.T, draw)
    return loss, dWxh, dWhh, dWhy, dbh, dby


params = {"Wxh": Wxh, "Whh": Whh, "Why": Why, "bh": bh, "by": by}
inputs = ([0, 1, 2, 2], [1, 2, 2, 3], np.zeros((n_hidden, 1)))


def run(params, letters, targets, hprev):
    global Wxh, Whh, Why, bh, by
    Wxh, Whh, Why, bh, by = (params[k] for k in ("Wxh", "Whh", "Why", "bh", "by"))
    loss, *gradients = loss_fun(letters, targets, hprev)
    return loss, dict(zip(("Wxh", "Whh", "Why", "bh", "by"), gradients, strict=True))
