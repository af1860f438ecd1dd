"""An LSTM over arrays (n, m, T) that are made beforehand, with caches in lists and dicts."""

import numpy as np


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - np.max(z, axis=0))
    return e / e.sum(axis=0)


def cell_forward(xt, a_prev, c_prev, p):
    concat = np.concatenate((a_prev, xt), axis=0)
    ft = sigmoid(np.dot(p["Wf"], concat) + p["bf"])
    it = sigmoid(np.dot(p["Wi"], concat) + p["bi"])
    cct = np.tanh(np.dot(p["Wc"], concat) + p["bc"])
    c_next = ft * c_prev + it * cct
    ot = sigmoid(np.dot(p["Wo"], concat) + p["bo"])
    a_next = ot * np.tanh(c_next)
    yt = softmax(np.dot(p["Wy"], a_next) + p["by"])
    return a_next, c_next, yt, {"c": c_next, "c_prev": c_prev, "z": concat, "f": ft,
                                "i": it, "g": cct, "o": ot}  # fmt: skip


def forward(x, y, a0, p):
    n_a, m = a0.shape
    T = x.shape[2]
    a, c, yhat = np.zeros((n_a, m, T)), np.zeros((n_a, m, T)), np.zeros((y.shape[0], m, T))
    a_next, c_next = a0, np.zeros((n_a, m))
    caches = []
    for t in range(T):
        a_next, c_next, yt, cache = cell_forward(x[:, :, t], a_next, c_next, p)
        a[:, :, t] = a_next
        c[:, :, t] = c_next
        yhat[:, :, t] = yt
        caches.append(cache)
    loss = -np.sum(y * np.log(yhat)) / m
    return loss, a, yhat, caches


def cell_backward(da_next, dc_next, cache, p):
    n_a = da_next.shape[0]
    o, f, i, g = cache["o"], cache["f"], cache["i"], cache["g"]
    tanh_c = np.tanh(cache["c"])
    dc = dc_next + da_next * o * (1 - tanh_c**2)
    d = {
        "o": da_next * tanh_c * o * (1 - o),
        "f": dc * cache["c_prev"] * f * (1 - f),
        "i": dc * g * i * (1 - i),
        "c": dc * i * (1 - g**2),
    }
    grads = {}
    dz = 0
    for k in "fico":
        grads["W" + k] = np.dot(d[k], cache["z"].T)
        grads["b" + k] = np.sum(d[k], axis=1, keepdims=True)
        dz = dz + np.dot(p["W" + k].T, d[k])
    return dz[:n_a], dc * f, grads


def backward(x, y, a, yhat, caches, p):
    n_a, m, T = a.shape
    grads = {k: np.zeros(v.shape) for k, v in p.items()}
    da_prev, dc_prev = np.zeros((n_a, m)), np.zeros((n_a, m))
    for t in reversed(range(T)):
        dy = (yhat[:, :, t] - y[:, :, t]) / m
        grads["Wy"] += np.dot(dy, a[:, :, t].T)
        grads["by"] += dy.sum(axis=1, keepdims=True)
        da = np.dot(p["Wy"].T, dy) + da_prev
        da_prev, dc_prev, of_step = cell_backward(da, dc_prev, caches[t], p)
        for k in of_step:
            grads[k] += of_step[k]
    return grads


rng = np.random.default_rng(3)
n_x, n_a, n_y, m, T = 3, 4, 2, 5, 3
params = {}
for k in "fico":
    params["W" + k] = rng.normal(0, 0.4, (n_a, n_a + n_x))
    params["b" + k] = np.zeros((n_a, 1))
params["Wy"] = rng.normal(0, 0.4, (n_y, n_a))
params["by"] = np.zeros((n_y, 1))
labels = rng.integers(n_y, size=(m, T))
inputs = (
    rng.normal(size=(n_x, m, T)),
    np.moveaxis(np.eye(n_y)[labels], 2, 0),
    rng.normal(size=(n_a, m)),
)


def run(params, x, y, a0):
    loss, a, yhat, caches = forward(x, y, a0, params)
    return loss, backward(x, y, a, yhat, caches, params)
