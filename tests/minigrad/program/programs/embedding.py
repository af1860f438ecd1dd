"""Word vectors with negative sampling: repeated words, gradients added at rows."""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def loss_and_gradients(center, context, words, targets, negatives):
    dcenter, dcontext = np.zeros_like(center), np.zeros_like(context)
    cost = 0.0
    for word, target, negative in zip(words, targets, negatives, strict=True):
        v = center[word]
        indices = [target, *negative]
        labels = np.array([1.0] + [-1.0] * len(negative))
        u = context[indices]
        score = sigmoid(labels * (u @ v))
        cost -= np.log(score).sum()
        delta = (score - 1) * labels
        dcenter[word] += delta.dot(u)
        np.add.at(dcontext, indices, np.outer(delta, v))
    return cost, dcenter, dcontext


rng = np.random.default_rng(9)
params = (rng.normal(0, 0.5, (5, 3)), rng.normal(0, 0.5, (5, 3)))
inputs = ([0, 2, 2, 4], [1, 3, 0, 3], [[2, 4], [1, 1], [4, 2], [0, 2]])


def run(params, words, targets, negatives):
    cost, *gradients = loss_and_gradients(*params, words, targets, negatives)
    return cost, tuple(gradients)
