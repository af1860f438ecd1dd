"""The factor that all gradients of a program have in common, and what it most likely is."""

import itertools
from collections.abc import Sequence

import numpy as np

from minigrad.rounding import largest
from minigrad.tensor import Array


def common_scale(pairs: Sequence[tuple[Array, Array]], tolerance: float) -> float:
    """The factor k with x = k truth for most of the elements; 1 if there is none, or no need."""
    votes: dict[float, int] = {}
    for x, truth in pairs:
        k = _factor(x, truth, tolerance)
        if k is not None:
            alike = next((other for other in votes if abs(k / other - 1) < 100 * tolerance), k)
            votes[alike] = votes.get(alike, 0) + 1
    if not votes or max(votes.values()) < 2 <= len(pairs):
        return 1.0
    best = max(votes, key=lambda k: votes[k])
    return 1.0 if abs(best - 1) < 100 * tolerance or 2 * votes[best] <= len(pairs) else best


def _factor(x: Array, truth: Array, tolerance: float) -> float | None:
    if x.shape != truth.shape or not truth.any() or x.dtype.kind != "f":
        return None
    k = float(np.vdot(truth, x) / np.vdot(truth, truth))
    return k if k and largest(x - k * truth) <= 10 * tolerance * largest(x) else None


def name_of_scale(k: float, sizes: Sequence[tuple[str, tuple[int, ...]]]) -> str:
    """A factor by the axes whose lengths it is the product of, or its reciprocal."""
    lengths = {f"{name}.shape[{i}]": n for name, shape in sizes for i, n in enumerate(shape)}
    named = {"": 1, **{name: n for name, n in lengths.items() if n > 1}}
    for a, b in itertools.combinations(lengths, 2):
        if a.split(".")[0] == b.split(".")[0] and lengths[a] > 1 < lengths[b]:
            named[f"{a} {b}"] = lengths[a] * lengths[b]
    for number in (1, 2, -1, -2):
        for name, n in named.items():
            for value, text in ((n, name), (1 / n, name and f"1/({name})")):
                if abs(k / (number * value) - 1) < 1e-6:
                    return " ".join(x for x in ("" if number == 1 else str(number), text) if x)
    return "1/2" if abs(2 * k - 1) < 1e-6 else f"{k:.6g}"
