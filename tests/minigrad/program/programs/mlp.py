"""A perceptron with two layers, a softmax and weight decay; gradients are added up in place."""

import numpy as np


def forward(params, X, labels, decay):
    z1 = X @ params["W1"] + params["b1"]
    a1 = np.maximum(0, z1)
    scores = a1 @ params["W2"] + params["b2"]
    scores -= scores.max(axis=1, keepdims=True)
    probs = np.exp(scores)
    probs /= probs.sum(axis=1, keepdims=True)
    n = len(labels)
    loss = -np.log(probs[np.arange(n), labels]).mean()
    for name in ("W1", "W2"):
        loss += 0.5 * decay * np.sum(params[name] ** 2)
    return loss, (X, a1, probs)


def backward(params, cache, labels, decay):
    X, a1, probs = cache
    grads = {name: np.zeros_like(p) for name, p in params.items()}
    n = len(labels)
    dscores = probs.copy()
    dscores[range(n), labels] -= 1
    dscores /= n
    grads["W2"] += a1.T.dot(dscores)
    grads["b2"] += dscores.sum(axis=0)
    da1 = dscores.dot(params["W2"].T)
    da1[a1 <= 0] = 0
    grads["W1"] += X.T.dot(da1)
    grads["b1"] += np.sum(da1, axis=0)
    for name in ("W1", "W2"):
        grads[name] += decay * params[name]
    return grads


rng = np.random.default_rng(2)
params = {
    "W1": rng.normal(0, 0.5, (3, 6)),
    "b1": np.zeros(6),
    "W2": rng.normal(0, 0.5, (6, 4)),
    "b2": np.zeros(4),
}
inputs = (rng.normal(size=(5, 3)), np.array([0, 3, 1, 1, 2]), 0.1)


def run(params, X, labels, decay):
    loss, cache = forward(params, X, labels, decay)
    return loss, backward(params, cache, labels, decay)
