"""A support vector machine: the hinge loss and its gradient by loops over examples and classes."""

import numpy as np


def svm_loss(W, X, y, reg):
    dW = np.zeros(W.shape)
    num_classes = W.shape[1]
    num_train = X.shape[0]
    loss = 0.0
    for i in range(num_train):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(num_classes):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= num_train
    dW /= num_train
    loss += reg * np.sum(W * W)
    dW += 2 * reg * W
    return loss, dW


rng = np.random.default_rng(5)
params = {"W": rng.normal(0, 0.5, (4, 3))}
inputs = (rng.normal(size=(6, 4)), rng.integers(3, size=6), 0.05)


def run(params, X, y, reg):
    loss, dW = svm_loss(params["W"], X, y, reg)
    return loss, {"W": dW}
