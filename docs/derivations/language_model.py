"""J and its gradients, by the derivation that minigrad wrote."""

import numpy as np


def log_softmax(x, *, axis=0):
    x = x - np.maximum.reduce(x.real, axis=axis, keepdims=True)
    return x - np.log(np.add.reduce(np.exp(x), axis=axis, keepdims=True))


def softmax(x, *, axis=0):
    e = np.exp(x - np.maximum.reduce(x.real, axis=axis, keepdims=True))
    return e / np.add.reduce(e, axis=axis, keepdims=True)


def _require_floats(name, array, *shape, because=""):
    """Raise unless an array can be differentiated by; a gradient of whole numbers would be cut."""
    _require_shape(name, array, *shape, because=because)
    dtype = np.asarray(array).dtype
    if dtype.kind not in "fc":
        raise TypeError(f"{name}: expected floating-point numbers, got {dtype}")


def _require_shape(name, array, *shape, because=""):
    """Raise unless an array has the sizes that are expected; None stands for any."""
    if shape and not isinstance(array, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array, got a {type(array).__name__}")
    found = np.shape(array)
    if found == shape:
        return
    if len(found) != len(shape) or any(n not in (None, m) for n, m in zip(shape, found)):
        expected = ", ".join("any" if n is None else str(n) for n in shape)
        raise ValueError(
            f"{name}: expected the shape ({expected}) of the derivation and the other arguments"
            f"{because and f', because of {because}'}, got {found}; derive again for other sizes"
        )


def _require_time(name, steps, least):
    """Raise unless there are as many steps as tell the first of them from the last."""
    if steps < least:
        raise ValueError(f"{name}: expected {least} steps or more, got {steps}; derive again")


def gradients(*, E, W, U, b, V, b_y, h0, words, y):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    E: 3, 7
    W: 3, 4
    U: 4, 4
    b: 4, 1
    V: 4, 7
    b_y: 7, 1
    h0: 4, 5
    words: T, 5
    y: 4, 5
    """
    _require_shape("words", words, None, None)
    T = len(words)
    _require_time("words", T, 1)
    _require_floats("E", E, None, 7, because="one_hot(y)")
    _require_floats("W", W, len(E), None)
    _require_floats("U", U, W.shape[1], W.shape[1])
    _require_floats("b", b, W.shape[1], 1)
    _require_floats("V", V, W.shape[1], 7, because="one_hot(y)")
    _require_floats("b_y", b_y, 7, 1, because="one_hot(y)")
    _require_floats("h0", h0, W.shape[1], words.shape[1])
    _require_shape("y", y, T, words.shape[1])
    e = {}
    h = {0: h0}
    for t in range(1, T + 1):
        e[t] = E[:, words[t - 1]]  # e⁽ᵗ⁾ = E[:, words⁽ᵗ⁾]
        z = W.T @ e[t] + U.T @ h[t - 1] + b  # z⁽ᵗ⁾ = Wᵀ e⁽ᵗ⁾ + Uᵀ h⁽ᵗ⁻¹⁾ + b
        h[t] = np.tanh(z)  # h⁽ᵗ⁾ = tanh(z⁽ᵗ⁾)
    H = np.stack([h[t] for t in range(1, T + 1)])  # H = stack(h⁽¹⁾, ..., h⁽ᵀ⁾)
    Z = V.T @ H + b_y  # Z = Vᵀ H + b_y
    # J = -Σ one_hot(y) ∘ log softmax_{axis 1}(Z)
    J = np.sum(
        -np.sum(np.moveaxis(np.eye(7, dtype='int8')[y], -1, 1) * log_softmax(Z, axis=1), axis=1)
    )
    # ∂J/∂Z = softmax_{axis 1}(Z) - one_hot(y)
    dJ_dZ = softmax(Z, axis=1) - np.moveaxis(np.eye(7, dtype='int8')[y], -1, 1)
    dJ_dV = np.sum(H @ dJ_dZ.mT, axis=0)  # ∂J/∂V = Σ_{axis 0} H (∂J/∂Z)ᵀ
    dJ_db_y = np.sum(dJ_dZ, axis=(0, 2), keepdims=True)[0]  # ∂J/∂b_y = Σ_{axes 0, 2} ∂J/∂Z
    dJ_dH = V @ dJ_dZ  # ∂J/∂H = V ∂J/∂Z
    dJ_dh_next = 0
    dJ_dW = np.zeros_like(W)
    dJ_dU = np.zeros_like(U)
    dJ_db = np.zeros_like(b)
    dJ_dE = np.zeros_like(E)
    for t in range(T, 0, -1):
        dJ_dh = dJ_dh_next + dJ_dH[t - 1]  # ∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|t+1 + (∂J/∂H)[t-1]
        dJ_dz = dJ_dh * (1 - h[t] ** 2)  # ∂J/∂z⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾ ∘ (1 - (h⁽ᵗ⁾)²)
        dJ_dW += e[t] @ dJ_dz.T  # ∂J/∂W|t = e⁽ᵗ⁾ (∂J/∂z⁽ᵗ⁾)ᵀ
        dJ_dU += h[t - 1] @ dJ_dz.T  # ∂J/∂U|t = h⁽ᵗ⁻¹⁾ (∂J/∂z⁽ᵗ⁾)ᵀ
        dJ_db += np.sum(dJ_dz, axis=1, keepdims=True)  # ∂J/∂b|t = ∂J/∂z⁽ᵗ⁾ 𝟏
        dJ_de = W @ dJ_dz  # ∂J/∂e⁽ᵗ⁾ = W ∂J/∂z⁽ᵗ⁾
        np.add.at(dJ_dE, np.s_[:, words[t - 1]], dJ_de)  # (∂J/∂E)[:, words⁽ᵗ⁾]|t = ∂J/∂e⁽ᵗ⁾
        dJ_dh_next = U @ dJ_dz  # ∂J/∂h⁽ᵗ⁻¹⁾ = U ∂J/∂z⁽ᵗ⁾
    return J, {
        "E": dJ_dE,
        "W": dJ_dW,
        "U": dJ_dU,
        "b": dJ_db,
        "V": dJ_dV,
        "b_y": dJ_db_y,
        "h0": dJ_dh_next,
    }
