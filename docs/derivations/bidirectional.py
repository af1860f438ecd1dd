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


def _require_distributions(name, array, axis):
    """Raise unless labels add up to one along an axis; the gradient would have another factor."""
    if not np.allclose(np.sum(array, axis=axis), 1):
        raise ValueError(
            f"{name}: expected numbers that add up to 1 along axis {axis}, as in the derivation; "
            "derive again with these"
        )


def gradients(*, W_f, U_f, b_f, W_b, U_b, b_b, V_f, V_b, b_y, h_f0, h_b_end, x, y):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    W_f: 3, 4
    U_f: 4, 4
    b_f: 4, 1
    W_b: 3, 4
    U_b: 4, 4
    b_b: 4, 1
    V_f: 4, 5
    V_b: 4, 5
    b_y: 5, 1
    h_f0: 4, 6
    h_b_end: 4, 6 at step T + 1
    x: T, 3, 6
    y: T, 5, 6
    """
    _require_floats("x", x, None, None, None)
    T = len(x)
    _require_time("x", T, 1)
    _require_floats("W_f", W_f, x.shape[1], None)
    _require_floats("U_f", U_f, W_f.shape[1], W_f.shape[1])
    _require_floats("b_f", b_f, W_f.shape[1], 1)
    _require_floats("W_b", W_b, x.shape[1], None)
    _require_floats("U_b", U_b, W_b.shape[1], W_b.shape[1])
    _require_floats("b_b", b_b, W_b.shape[1], 1)
    _require_floats("V_f", V_f, W_f.shape[1], None)
    _require_floats("V_b", V_b, W_b.shape[1], V_f.shape[1])
    _require_floats("b_y", b_y, V_f.shape[1], 1)
    _require_floats("h_f0", h_f0, W_f.shape[1], x.shape[2])
    _require_floats("h_b_end", h_b_end, W_b.shape[1], x.shape[2])
    _require_shape("y", y, T, V_f.shape[1], x.shape[2])
    _require_distributions("y", y, -2)
    h_f = {0: h_f0}
    for t in range(1, T + 1):
        # z_f⁽ᵗ⁾ = W_fᵀ x⁽ᵗ⁾ + U_fᵀ h_f⁽ᵗ⁻¹⁾ + b_f
        z_f = W_f.T @ x[t - 1] + U_f.T @ h_f[t - 1] + b_f
        h_f[t] = np.tanh(z_f)  # h_f⁽ᵗ⁾ = tanh(z_f⁽ᵗ⁾)
    h_b = {T + 1: h_b_end}
    z_y = {}
    for t in range(T, 0, -1):
        # z_b⁽ᵗ⁾ = W_bᵀ x⁽ᵗ⁾ + U_bᵀ h_b⁽ᵗ⁺¹⁾ + b_b
        z_b = W_b.T @ x[t - 1] + U_b.T @ h_b[t + 1] + b_b
        h_b[t] = np.tanh(z_b)  # h_b⁽ᵗ⁾ = tanh(z_b⁽ᵗ⁾)
        z_y[t] = V_f.T @ h_f[t] + V_b.T @ h_b[t] + b_y  # z_y⁽ᵗ⁾ = V_fᵀ h_f⁽ᵗ⁾ + V_bᵀ h_b⁽ᵗ⁾ + b_y
    # J = Σ(t=1..T) -Σ y⁽ᵗ⁾ ∘ log softmax(z_y⁽ᵗ⁾)
    J = sum(
        [np.sum(-np.sum(y[t - 1] * log_softmax(z_y[t], axis=0), axis=0)) for t in range(1, T + 1)]
    )
    dJ_dz_y = {}
    dJ_dV_f = np.zeros_like(V_f)
    dJ_dV_b = np.zeros_like(V_b)
    dJ_db_y = np.zeros_like(b_y)
    dJ_dh_b_prev = 0
    dJ_dW_b = np.zeros_like(W_b)
    dJ_dU_b = np.zeros_like(U_b)
    dJ_db_b = np.zeros_like(b_b)
    dJ_dx = np.zeros_like(x)
    for t in range(1, T + 1):
        dJ_dz_y[t] = softmax(z_y[t]) - y[t - 1]  # ∂J/∂z_y⁽ᵗ⁾ = softmax(z_y⁽ᵗ⁾) - y⁽ᵗ⁾
        dJ_dV_f += h_f[t] @ dJ_dz_y[t].T  # ∂J/∂V_f|t = h_f⁽ᵗ⁾ (∂J/∂z_y⁽ᵗ⁾)ᵀ
        dJ_dV_b += h_b[t] @ dJ_dz_y[t].T  # ∂J/∂V_b|t = h_b⁽ᵗ⁾ (∂J/∂z_y⁽ᵗ⁾)ᵀ
        dJ_db_y += np.sum(dJ_dz_y[t], axis=1, keepdims=True)  # ∂J/∂b_y|t = ∂J/∂z_y⁽ᵗ⁾ 𝟏
        dJ_dh_b = dJ_dh_b_prev + V_b @ dJ_dz_y[t]  # ∂J/∂h_b⁽ᵗ⁾ = ∂J/∂h_b⁽ᵗ⁾|t-1 + V_b ∂J/∂z_y⁽ᵗ⁾
        dJ_dz_b = dJ_dh_b * (1 - h_b[t] ** 2)  # ∂J/∂z_b⁽ᵗ⁾ = ∂J/∂h_b⁽ᵗ⁾ ∘ (1 - (h_b⁽ᵗ⁾)²)
        dJ_dW_b += x[t - 1] @ dJ_dz_b.T  # ∂J/∂W_b|t = x⁽ᵗ⁾ (∂J/∂z_b⁽ᵗ⁾)ᵀ
        dJ_dU_b += h_b[t + 1] @ dJ_dz_b.T  # ∂J/∂U_b|t = h_b⁽ᵗ⁺¹⁾ (∂J/∂z_b⁽ᵗ⁾)ᵀ
        dJ_db_b += np.sum(dJ_dz_b, axis=1, keepdims=True)  # ∂J/∂b_b|t = ∂J/∂z_b⁽ᵗ⁾ 𝟏
        dJ_dx[t - 1] += W_b @ dJ_dz_b  # ∂J/∂x⁽ᵗ⁾|z_b⁽ᵗ⁾ = W_b ∂J/∂z_b⁽ᵗ⁾
        dJ_dh_b_prev = U_b @ dJ_dz_b  # ∂J/∂h_b⁽ᵗ⁺¹⁾ = U_b ∂J/∂z_b⁽ᵗ⁾
    dJ_dh_f_next = 0
    dJ_dW_f = np.zeros_like(W_f)
    dJ_dU_f = np.zeros_like(U_f)
    dJ_db_f = np.zeros_like(b_f)
    for t in range(T, 0, -1):
        dJ_dh_f = dJ_dh_f_next + V_f @ dJ_dz_y[t]  # ∂J/∂h_f⁽ᵗ⁾ = ∂J/∂h_f⁽ᵗ⁾|t+1 + V_f ∂J/∂z_y⁽ᵗ⁾
        dJ_dz_f = dJ_dh_f * (1 - h_f[t] ** 2)  # ∂J/∂z_f⁽ᵗ⁾ = ∂J/∂h_f⁽ᵗ⁾ ∘ (1 - (h_f⁽ᵗ⁾)²)
        dJ_dW_f += x[t - 1] @ dJ_dz_f.T  # ∂J/∂W_f|t = x⁽ᵗ⁾ (∂J/∂z_f⁽ᵗ⁾)ᵀ
        dJ_dU_f += h_f[t - 1] @ dJ_dz_f.T  # ∂J/∂U_f|t = h_f⁽ᵗ⁻¹⁾ (∂J/∂z_f⁽ᵗ⁾)ᵀ
        dJ_db_f += np.sum(dJ_dz_f, axis=1, keepdims=True)  # ∂J/∂b_f|t = ∂J/∂z_f⁽ᵗ⁾ 𝟏
        dJ_dx[t - 1] += W_f @ dJ_dz_f  # ∂J/∂x⁽ᵗ⁾|z_f⁽ᵗ⁾ = W_f ∂J/∂z_f⁽ᵗ⁾
        dJ_dh_f_next = U_f @ dJ_dz_f  # ∂J/∂h_f⁽ᵗ⁻¹⁾ = U_f ∂J/∂z_f⁽ᵗ⁾
    return J, {
        "W_f": dJ_dW_f,
        "U_f": dJ_dU_f,
        "b_f": dJ_db_f,
        "W_b": dJ_dW_b,
        "U_b": dJ_dU_b,
        "b_b": dJ_db_b,
        "V_f": dJ_dV_f,
        "V_b": dJ_dV_b,
        "b_y": dJ_db_y,
        "h_f0": dJ_dh_f_next,
        "h_b_end": dJ_dh_b_prev,
        "x": dJ_dx,
    }
