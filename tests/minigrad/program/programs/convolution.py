"""A convolution and max pooling by nested loops over images, filters and windows."""

import numpy as np


def conv_forward(A_prev, W, b, stride, pad):
    m, H_prev, W_prev, _ = A_prev.shape
    f, _, _, n_C = W.shape
    H, Wd = (H_prev - f + 2 * pad) // stride + 1, (W_prev - f + 2 * pad) // stride + 1
    Z = np.zeros((m, H, Wd, n_C))
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    for i in range(m):
        image = padded[i]
        for h in range(H):
            for w in range(Wd):
                for c in range(n_C):
                    s = image[h * stride : h * stride + f, w * stride : w * stride + f, :]
                    Z[i, h, w, c] = np.sum(s * W[..., c]) + float(b[0, 0, 0, c])
    return Z, (A_prev, W, stride, pad)


def conv_backward(dZ, cache):
    A_prev, W, stride, pad = cache
    f = W.shape[0]
    m, H, Wd, n_C = dZ.shape
    dW, db = np.zeros_like(W), np.zeros((1, 1, 1, n_C))
    padded = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dpadded = np.zeros_like(padded)
    for i in range(m):
        for h in range(H):
            for w in range(Wd):
                rows, columns = slice(h * stride, h * stride + f), slice(w * stride, w * stride + f)
                for c in range(n_C):
                    dpadded[i, rows, columns, :] += W[..., c] * dZ[i, h, w, c]
                    dW[..., c] += padded[i, rows, columns, :] * dZ[i, h, w, c]
                    db[..., c] += dZ[i, h, w, c]
    return dpadded[:, pad:-pad, pad:-pad, :], dW, db


def pool_forward(A):
    m, H, W, C = A.shape
    out = np.zeros((m, H // 2, W // 2, C))
    for h in range(H // 2):
        for w in range(W // 2):
            out[:, h, w] = A[:, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2].max(axis=(1, 2))
    return out


def pool_backward(dout, A):
    m, H, W, C = dout.shape
    dA = np.zeros_like(A)
    for i in range(m):
        for h in range(H):
            for w in range(W):
                for c in range(C):
                    window = A[i, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2, c]
                    mask = window == np.max(window)
                    dA[i, 2 * h : 2 * h + 2, 2 * w : 2 * w + 2, c] += mask * dout[i, h, w, c]
    return dA


rng = np.random.default_rng(7)
params = {"W": rng.normal(0, 0.5, (2, 2, 2, 2)), "b": np.zeros((1, 1, 1, 2))}
inputs = (rng.normal(size=(2, 4, 4, 2)), rng.normal(size=(2, 1, 1, 2)))


def run(params, x, y):
    Z, cache = conv_forward(x, params["W"], params["b"], 2, 1)
    A = np.tanh(Z)
    P = pool_forward(A)
    loss = 0.5 * np.sum((P - y) ** 2)
    dZ = pool_backward(P - y, A) * (1 - A**2)
    _, dW, db = conv_backward(dZ, cache)
    return loss, {"W": dW, "b": db}
