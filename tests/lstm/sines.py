"""An LSTM and its sequence from a formula: programs need not share a random generator.

Entry k of array number i is sin(i + 0.7 k); weights and states are scaled.
"""

import numpy as np

N_X, N_A, N_Y, T, B = 3, 4, 5, 4, 2

SHAPES = {
    **{f"W_{gate}a": (N_A, N_A) for gate in "fuoc"},
    **{f"W_{gate}x": (N_X, N_A) for gate in "fuoc"},
    **{f"b_{gate}": (N_A, 1) for gate in "fuoc"},
    "W_ya": (N_A, N_Y),
    "b_y": (N_Y, 1),
}


def sines(number: int, shape: tuple[int, ...]) -> np.ndarray:
    return np.sin(number + 0.7 * np.arange(np.prod(shape))).reshape(shape)


def parameters() -> dict[str, np.ndarray]:
    return {name: 0.8 * sines(i, shape) for i, (name, shape) in enumerate(SHAPES.items())}


def inputs() -> np.ndarray:
    return sines(20, (T, N_X, B))


def labels() -> np.ndarray:
    """Soft labels, from 0 to 1, that do not sum to one."""
    return (1 + sines(21, (T, N_Y, B))) / 2


def states() -> tuple[np.ndarray, np.ndarray]:
    """a(0) and c(0)."""
    return 0.5 * sines(22, (N_A, B)), 0.5 * sines(23, (N_A, B))
