"""Whatever a program does with arrays, the recorded values have the gradients of its outputs."""

import numpy as np
import pytest

import minigrad as mg


def views_and_aliases(w):
    h = np.zeros((2, 3))
    alias = h.T
    for t in range(3):
        h[:, t] = np.tanh(w @ (h[:, t - 1] if t else np.ones(2)))
    alias[1] *= 2
    h += alias.T[:, ::-1]
    return np.sum(h[0] * h[1])


def fancy_and_masked(w):
    y = np.zeros(4)
    y[[0, 3]] = w[0]
    y[y > 0.5] *= 3
    y[[1, 1]] += w[1]
    np.add.at(y, [2, 2], w[1, 0])
    return (y**3).sum()


def numbers(w):
    total, largest = 0.0, -np.inf
    for row in w:
        for x in row:
            total += x * x
            largest = max(largest, x)
    return float(total) * largest.item()


def written_by_out(w):
    y = np.empty_like(w)
    np.multiply(w, w, out=y)
    np.exp(y, out=y)
    kept = y.copy()
    y[...] = 0
    np.copyto(y, kept[::-1])
    return np.dot(y.ravel(), np.array([w[0], kept[1]]).flatten())


def lists_of_arrays(w):
    rows = [w[0]]
    for _ in range(2):
        rows.append(np.array([rows[-1][1], np.sin(rows[-1][0])]))
    stacked = np.asarray(rows)
    return stacked.sum() + stacked.T.dot(stacked)[0].max()


def later_writes_leave_what_was_seen(w):
    cached = w * 2
    seen = cached[0]
    y = np.sum(seen * seen)
    cached[0] = 0
    cached -= 1
    return y + np.sum(cached**2)


W = np.array([[0.7, 0.4], [0.2, -0.3]])


@pytest.mark.parametrize(
    "f",
    [
        views_and_aliases,
        fancy_and_masked,
        numbers,
        written_by_out,
        lists_of_arrays,
        later_writes_leave_what_was_seen,
    ],
)
def test_gradients_are_those_of_differences(f):
    J = mg.record(f, W)
    assert J.item() == pytest.approx(float(f(W.copy())), rel=1e-14)
    truth = mg.gradient_flow(J).adjoint("w").data
    for i in np.ndindex(W.shape):
        losses = []
        for step in (1e-6, -1e-6):
            moved = W.copy()
            moved[i] += step
            losses.append(float(f(moved)))
        assert truth[i] == pytest.approx((losses[0] - losses[1]) / 2e-6, abs=1e-7)


def test_values_are_called_what_the_author_calls_them():
    J = mg.record(views_and_aliases, W)
    assert {("w", None), ("h", 0), ("h", 1), ("h", 2)} <= mg.gradient_flow(J).values.keys()


def test_outputs_may_be_a_nest():
    found = mg.record(lambda w: {"a": w + 1, "b": [w.sum(), 3]}, W)
    assert found["a"].shape == (2, 2)
    assert found["b"][0].item() == W.sum()
