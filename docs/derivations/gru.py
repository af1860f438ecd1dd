"""J and its gradients, by the derivation that minigrad wrote."""

import numpy as np


_LOWEST = {'e': -11, 'f': -88, 'F': -88}


def sigmoid(x):
    y = 1 / (1 + np.exp(-np.maximum(x, _LOWEST.get(x.dtype.char, -709))))
    return y


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


def gradients(*, W_r, U_r, b_r, W_u, U_u, b_u, W_n, U_n, b_n, h0, y, x):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    W_r: 3, 4
    U_r: 4, 4
    b_r: 4, 1
    W_u: 3, 4
    U_u: 4, 4
    b_u: 4, 1
    W_n: 3, 4
    U_n: 4, 4
    b_n: 4, 1
    h0: 4, 6
    y: T, 4, 6
    x: T, 3, 6
    """
    _require_floats("x", x, None, None, None)
    T = len(x)
    _require_time("x", T, 1)
    _require_floats("W_r", W_r, x.shape[1], 4, because="1/2")
    _require_floats("U_r", U_r, 4, 4, because="1/2")
    _require_floats("b_r", b_r, 4, 1, because="1/2")
    _require_floats("W_u", W_u, x.shape[1], 4, because="1/2")
    _require_floats("U_u", U_u, 4, 4, because="1/2")
    _require_floats("b_u", b_u, 4, 1, because="1/2")
    _require_floats("W_n", W_n, x.shape[1], 4, because="1/2")
    _require_floats("U_n", U_n, 4, 4, because="1/2")
    _require_floats("b_n", b_n, 4, 1, because="1/2")
    _require_floats("h0", h0, 4, x.shape[2], because="1/2")
    _require_shape("y", y, T, 4, x.shape[2], because="1/2")
    r = {}
    u = {}
    s = {}
    n = {}
    h = {0: h0}
    for t in range(1, T + 1):
        z_r = W_r.T @ x[t - 1] + U_r.T @ h[t - 1] + b_r  # z_r⁽ᵗ⁾ = W_rᵀ x⁽ᵗ⁾ + U_rᵀ h⁽ᵗ⁻¹⁾ + b_r
        r[t] = sigmoid(z_r)  # r⁽ᵗ⁾ = σ(z_r⁽ᵗ⁾)
        z_u = W_u.T @ x[t - 1] + U_u.T @ h[t - 1] + b_u  # z_u⁽ᵗ⁾ = W_uᵀ x⁽ᵗ⁾ + U_uᵀ h⁽ᵗ⁻¹⁾ + b_u
        u[t] = sigmoid(z_u)  # u⁽ᵗ⁾ = σ(z_u⁽ᵗ⁾)
        s[t] = U_n.T @ h[t - 1]  # s⁽ᵗ⁾ = U_nᵀ h⁽ᵗ⁻¹⁾
        z_n = W_n.T @ x[t - 1] + r[t] * s[t] + b_n  # z_n⁽ᵗ⁾ = W_nᵀ x⁽ᵗ⁾ + r⁽ᵗ⁾ ∘ s⁽ᵗ⁾ + b_n
        n[t] = np.tanh(z_n)  # n⁽ᵗ⁾ = tanh(z_n⁽ᵗ⁾)
        h[t] = (1 - u[t]) * n[t] + u[t] * h[t - 1]  # h⁽ᵗ⁾ = (1 - u⁽ᵗ⁾) ∘ n⁽ᵗ⁾ + u⁽ᵗ⁾ ∘ h⁽ᵗ⁻¹⁾
    # J = 1/2 Σ(t=1..T) Σ (h⁽ᵗ⁾ - y⁽ᵗ⁾)²
    J = sum([np.sum((h[t] - y[t - 1]) ** 2) for t in range(1, T + 1)]) / 2
    dJ_dh_next = 0
    dJ_dW_u = np.zeros_like(W_u)
    dJ_dU_u = np.zeros_like(U_u)
    dJ_db_u = np.zeros_like(b_u)
    dJ_dW_n = np.zeros_like(W_n)
    dJ_db_n = np.zeros_like(b_n)
    dJ_dU_n = np.zeros_like(U_n)
    dJ_dW_r = np.zeros_like(W_r)
    dJ_dU_r = np.zeros_like(U_r)
    dJ_db_r = np.zeros_like(b_r)
    dJ_dx = np.zeros_like(x)
    for t in range(T, 0, -1):
        dJ_dh = dJ_dh_next + h[t] - y[t - 1]  # ∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|t+1 + h⁽ᵗ⁾ - y⁽ᵗ⁾
        dJ_du = dJ_dh * (h[t - 1] - n[t])  # ∂J/∂u⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾ ∘ (h⁽ᵗ⁻¹⁾ - n⁽ᵗ⁾)
        dJ_dn = dJ_dh * (1 - u[t])  # ∂J/∂n⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾ ∘ (1 - u⁽ᵗ⁾)
        dJ_dz_u = dJ_du * u[t] * (1 - u[t])  # ∂J/∂z_u⁽ᵗ⁾ = ∂J/∂u⁽ᵗ⁾ ∘ u⁽ᵗ⁾ ∘ (1 - u⁽ᵗ⁾)
        dJ_dW_u += x[t - 1] @ dJ_dz_u.T  # ∂J/∂W_u|t = x⁽ᵗ⁾ (∂J/∂z_u⁽ᵗ⁾)ᵀ
        dJ_dU_u += h[t - 1] @ dJ_dz_u.T  # ∂J/∂U_u|t = h⁽ᵗ⁻¹⁾ (∂J/∂z_u⁽ᵗ⁾)ᵀ
        dJ_db_u += np.sum(dJ_dz_u, axis=1, keepdims=True)  # ∂J/∂b_u|t = ∂J/∂z_u⁽ᵗ⁾ 𝟏
        dJ_dz_n = dJ_dn * (1 - n[t] ** 2)  # ∂J/∂z_n⁽ᵗ⁾ = ∂J/∂n⁽ᵗ⁾ ∘ (1 - (n⁽ᵗ⁾)²)
        dJ_dW_n += x[t - 1] @ dJ_dz_n.T  # ∂J/∂W_n|t = x⁽ᵗ⁾ (∂J/∂z_n⁽ᵗ⁾)ᵀ
        dJ_db_n += np.sum(dJ_dz_n, axis=1, keepdims=True)  # ∂J/∂b_n|t = ∂J/∂z_n⁽ᵗ⁾ 𝟏
        dJ_dr = dJ_dz_n * s[t]  # ∂J/∂r⁽ᵗ⁾ = ∂J/∂z_n⁽ᵗ⁾ ∘ s⁽ᵗ⁾
        dJ_ds = dJ_dz_n * r[t]  # ∂J/∂s⁽ᵗ⁾ = ∂J/∂z_n⁽ᵗ⁾ ∘ r⁽ᵗ⁾
        dJ_dU_n += h[t - 1] @ dJ_ds.T  # ∂J/∂U_n|t = h⁽ᵗ⁻¹⁾ (∂J/∂s⁽ᵗ⁾)ᵀ
        dJ_dz_r = dJ_dr * r[t] * (1 - r[t])  # ∂J/∂z_r⁽ᵗ⁾ = ∂J/∂r⁽ᵗ⁾ ∘ r⁽ᵗ⁾ ∘ (1 - r⁽ᵗ⁾)
        dJ_dW_r += x[t - 1] @ dJ_dz_r.T  # ∂J/∂W_r|t = x⁽ᵗ⁾ (∂J/∂z_r⁽ᵗ⁾)ᵀ
        dJ_dU_r += h[t - 1] @ dJ_dz_r.T  # ∂J/∂U_r|t = h⁽ᵗ⁻¹⁾ (∂J/∂z_r⁽ᵗ⁾)ᵀ
        dJ_db_r += np.sum(dJ_dz_r, axis=1, keepdims=True)  # ∂J/∂b_r|t = ∂J/∂z_r⁽ᵗ⁾ 𝟏
        # ∂J/∂x⁽ᵗ⁾ = W_n ∂J/∂z_n⁽ᵗ⁾ + W_u ∂J/∂z_u⁽ᵗ⁾ + W_r ∂J/∂z_r⁽ᵗ⁾
        dJ_dx[t - 1] = W_n @ dJ_dz_n + W_u @ dJ_dz_u + W_r @ dJ_dz_r
        # ∂J/∂h⁽ᵗ⁻¹⁾ = ∂J/∂h⁽ᵗ⁾ ∘ u⁽ᵗ⁾ + U_u ∂J/∂z_u⁽ᵗ⁾ + U_n ∂J/∂s⁽ᵗ⁾ + U_r ∂J/∂z_r⁽ᵗ⁾
        dJ_dh_next = dJ_dh * u[t] + U_u @ dJ_dz_u + U_n @ dJ_ds + U_r @ dJ_dz_r
    return J, {
        "W_r": dJ_dW_r,
        "U_r": dJ_dU_r,
        "b_r": dJ_db_r,
        "W_u": dJ_dW_u,
        "U_u": dJ_dU_u,
        "b_u": dJ_db_u,
        "W_n": dJ_dW_n,
        "U_n": dJ_dU_n,
        "b_n": dJ_db_n,
        "h0": dJ_dh_next,
        "x": dJ_dx,
    }
