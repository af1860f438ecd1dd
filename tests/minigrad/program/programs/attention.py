"""Self-attention with several heads, in four dimensions."""

import numpy as np


def softmax(s):
    e = np.exp(s - s.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def split(x, heads):
    B, T, D = x.shape
    return x.reshape(B, T, heads, D // heads).transpose(0, 2, 1, 3)


def merge(x):
    B, H, T, d = x.shape
    return x.transpose(0, 2, 1, 3).reshape(B, T, H * d)


def forward(x, p, heads):
    q, k, v = (split(x @ p[name], heads) for name in ("Wq", "Wk", "Wv"))
    scores = q @ k.swapaxes(-1, -2) / np.sqrt(q.shape[-1])
    weights = softmax(scores)
    mixed = merge(weights @ v)
    return mixed @ p["Wo"], (x, q, k, v, weights, mixed)


def backward(dout, cache, p, heads):
    x, q, k, v, weights, mixed = cache
    grads = {"Wo": np.einsum("bti,btj->ij", mixed, dout)}
    dmixed = split(dout @ p["Wo"].T, heads)
    dweights = dmixed @ v.swapaxes(-1, -2)
    dv = weights.swapaxes(-1, -2) @ dmixed
    dscores = weights * (dweights - np.sum(dweights * weights, axis=-1, keepdims=True))
    dscores /= np.sqrt(q.shape[-1])
    dq = dscores @ k
    dk = dscores.swapaxes(-1, -2) @ q
    for name, d in (("Wq", dq), ("Wk", dk), ("Wv", dv)):
        grads[name] = np.tensordot(x, merge(d), axes=([0, 1], [0, 1]))
    return grads


rng = np.random.default_rng(8)
params = {name: rng.normal(0, 0.5, (4, 4)) for name in ("Wq", "Wk", "Wv", "Wo")}
inputs = (rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 4)), 2)


def run(params, x, y, heads):
    out, cache = forward(x, params, heads)
    loss = 0.5 * np.sum(np.square(out - y))
    return loss, backward(out - y, cache, params, heads)
