"""J and its gradients, by the derivation that minigrad wrote."""

import numpy as np


_LOWEST = {'e': -11, 'f': -88, 'F': -88}


def sigmoid(x):
    y = 1 / (1 + np.exp(-np.maximum(x, _LOWEST.get(x.dtype.char, -709))))
    return y


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


def gradients(
    *, W_fa, W_fx, b_f, W_ua, W_ux, b_u, W_oa, W_ox, b_o, W_ca, W_cx, b_c, W_ya, b_y, a0, c0, x, y
):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    W_fa: 5, 5
    W_fx: 3, 5
    b_f: 5, 1
    W_ua: 5, 5
    W_ux: 3, 5
    b_u: 5, 1
    W_oa: 5, 5
    W_ox: 3, 5
    b_o: 5, 1
    W_ca: 5, 5
    W_cx: 3, 5
    b_c: 5, 1
    W_ya: 5, 7
    b_y: 7, 1
    a0: 5, 2
    c0: 5, 2
    x: T, 3, 2
    y: T, 7, 2
    """
    _require_floats("x", x, None, None, None)
    T = len(x)
    _require_time("x", T, 1)
    _require_floats("W_fa", W_fa, None, len(W_fa))
    _require_floats("W_fx", W_fx, x.shape[1], len(W_fa))
    _require_floats("b_f", b_f, len(W_fa), 1)
    _require_floats("W_ua", W_ua, len(W_fa), len(W_fa))
    _require_floats("W_ux", W_ux, x.shape[1], len(W_fa))
    _require_floats("b_u", b_u, len(W_fa), 1)
    _require_floats("W_oa", W_oa, len(W_fa), len(W_fa))
    _require_floats("W_ox", W_ox, x.shape[1], len(W_fa))
    _require_floats("b_o", b_o, len(W_fa), 1)
    _require_floats("W_ca", W_ca, len(W_fa), len(W_fa))
    _require_floats("W_cx", W_cx, x.shape[1], len(W_fa))
    _require_floats("b_c", b_c, len(W_fa), 1)
    _require_floats("W_ya", W_ya, len(W_fa), None)
    _require_floats("b_y", b_y, W_ya.shape[1], 1)
    _require_floats("a0", a0, len(W_fa), x.shape[2])
    _require_floats("c0", c0, len(W_fa), x.shape[2])
    _require_shape("y", y, T, W_ya.shape[1], x.shape[2])
    Gamma_f = {}
    Gamma_u = {}
    Gamma_o = {}
    c_tilde = {}
    c = {0: c0}
    a = {0: a0}
    y_hat = {}
    tanh_c = {}
    for t in range(1, T + 1):
        # z_f⁽ᵗ⁾ = W_faᵀ a⁽ᵗ⁻¹⁾ + W_fxᵀ x⁽ᵗ⁾ + b_f
        z_f = W_fa.T @ a[t - 1] + W_fx.T @ x[t - 1] + b_f
        Gamma_f[t] = sigmoid(z_f)  # Γ_f⁽ᵗ⁾ = σ(z_f⁽ᵗ⁾)
        # z_u⁽ᵗ⁾ = W_uaᵀ a⁽ᵗ⁻¹⁾ + W_uxᵀ x⁽ᵗ⁾ + b_u
        z_u = W_ua.T @ a[t - 1] + W_ux.T @ x[t - 1] + b_u
        Gamma_u[t] = sigmoid(z_u)  # Γ_u⁽ᵗ⁾ = σ(z_u⁽ᵗ⁾)
        # z_o⁽ᵗ⁾ = W_oaᵀ a⁽ᵗ⁻¹⁾ + W_oxᵀ x⁽ᵗ⁾ + b_o
        z_o = W_oa.T @ a[t - 1] + W_ox.T @ x[t - 1] + b_o
        Gamma_o[t] = sigmoid(z_o)  # Γ_o⁽ᵗ⁾ = σ(z_o⁽ᵗ⁾)
        # z_c⁽ᵗ⁾ = W_caᵀ a⁽ᵗ⁻¹⁾ + W_cxᵀ x⁽ᵗ⁾ + b_c
        z_c = W_ca.T @ a[t - 1] + W_cx.T @ x[t - 1] + b_c
        c_tilde[t] = np.tanh(z_c)  # c̃⁽ᵗ⁾ = tanh(z_c⁽ᵗ⁾)
        # c⁽ᵗ⁾ = Γ_u⁽ᵗ⁾ ∘ c̃⁽ᵗ⁾ + Γ_f⁽ᵗ⁾ ∘ c⁽ᵗ⁻¹⁾
        c[t] = Gamma_u[t] * c_tilde[t] + Gamma_f[t] * c[t - 1]
        tanh_c[t] = np.tanh(c[t])  # tanh_c⁽ᵗ⁾ = tanh(c⁽ᵗ⁾)
        a[t] = tanh_c[t] * Gamma_o[t]  # a⁽ᵗ⁾ = tanh(c⁽ᵗ⁾) ∘ Γ_o⁽ᵗ⁾
        z_y = W_ya.T @ a[t] + b_y  # z_y⁽ᵗ⁾ = W_yaᵀ a⁽ᵗ⁾ + b_y
        y_hat[t] = softmax(z_y)  # ŷ⁽ᵗ⁾ = softmax(z_y⁽ᵗ⁾)
    # J = -Σ(t=1..T) Σ y⁽ᵗ⁾ ∘ log(ŷ⁽ᵗ⁾)
    J = -sum([np.sum(y[t - 1] * np.log(y_hat[t])) for t in range(1, T + 1)])
    dJ_dW_ya = np.zeros_like(W_ya)
    dJ_db_y = np.zeros_like(b_y)
    dJ_da_next = 0
    dJ_dc_next = 0
    dJ_dW_oa = np.zeros_like(W_oa)
    dJ_dW_ox = np.zeros_like(W_ox)
    dJ_db_o = np.zeros_like(b_o)
    dJ_dW_ua = np.zeros_like(W_ua)
    dJ_dW_ux = np.zeros_like(W_ux)
    dJ_db_u = np.zeros_like(b_u)
    dJ_dW_fa = np.zeros_like(W_fa)
    dJ_dW_fx = np.zeros_like(W_fx)
    dJ_db_f = np.zeros_like(b_f)
    dJ_dW_ca = np.zeros_like(W_ca)
    dJ_dW_cx = np.zeros_like(W_cx)
    dJ_db_c = np.zeros_like(b_c)
    dJ_dx = np.zeros_like(x)
    for t in range(T, 0, -1):
        dJ_dy_hat = -(y[t - 1] / y_hat[t])  # ∂J/∂ŷ⁽ᵗ⁾ = -y⁽ᵗ⁾ / ŷ⁽ᵗ⁾
        # ∂J/∂z_y⁽ᵗ⁾ = (∂J/∂ŷ⁽ᵗ⁾ - 𝟏ᵀ (∂J/∂ŷ⁽ᵗ⁾ ∘ ŷ⁽ᵗ⁾)) ∘ ŷ⁽ᵗ⁾
        dJ_dz_y = (dJ_dy_hat - np.sum(dJ_dy_hat * y_hat[t], axis=0, keepdims=True)) * y_hat[t]
        dJ_dW_ya += a[t] @ dJ_dz_y.T  # ∂J/∂W_ya|t = a⁽ᵗ⁾ (∂J/∂z_y⁽ᵗ⁾)ᵀ
        dJ_db_y += np.sum(dJ_dz_y, axis=1, keepdims=True)  # ∂J/∂b_y|t = ∂J/∂z_y⁽ᵗ⁾ 𝟏
        dJ_da = dJ_da_next + W_ya @ dJ_dz_y  # ∂J/∂a⁽ᵗ⁾ = ∂J/∂a⁽ᵗ⁾|t+1 + W_ya ∂J/∂z_y⁽ᵗ⁾
        dJ_dGamma_o = dJ_da * tanh_c[t]  # ∂J/∂Γ_o⁽ᵗ⁾ = ∂J/∂a⁽ᵗ⁾ ∘ tanh(c⁽ᵗ⁾)
        # ∂J/∂c⁽ᵗ⁾ = ∂J/∂c⁽ᵗ⁾|t+1 + ∂J/∂a⁽ᵗ⁾ ∘ Γ_o⁽ᵗ⁾ ∘ (1 - tanh²(c⁽ᵗ⁾))
        dJ_dc = dJ_dc_next + dJ_da * Gamma_o[t] * (1 - tanh_c[t] ** 2)
        # ∂J/∂z_o⁽ᵗ⁾ = ∂J/∂Γ_o⁽ᵗ⁾ ∘ Γ_o⁽ᵗ⁾ ∘ (1 - Γ_o⁽ᵗ⁾)
        dJ_dz_o = dJ_dGamma_o * Gamma_o[t] * (1 - Gamma_o[t])
        dJ_dW_oa += a[t - 1] @ dJ_dz_o.T  # ∂J/∂W_oa|t = a⁽ᵗ⁻¹⁾ (∂J/∂z_o⁽ᵗ⁾)ᵀ
        dJ_dW_ox += x[t - 1] @ dJ_dz_o.T  # ∂J/∂W_ox|t = x⁽ᵗ⁾ (∂J/∂z_o⁽ᵗ⁾)ᵀ
        dJ_db_o += np.sum(dJ_dz_o, axis=1, keepdims=True)  # ∂J/∂b_o|t = ∂J/∂z_o⁽ᵗ⁾ 𝟏
        dJ_dGamma_u = dJ_dc * c_tilde[t]  # ∂J/∂Γ_u⁽ᵗ⁾ = ∂J/∂c⁽ᵗ⁾ ∘ c̃⁽ᵗ⁾
        dJ_dc_tilde = dJ_dc * Gamma_u[t]  # ∂J/∂c̃⁽ᵗ⁾ = ∂J/∂c⁽ᵗ⁾ ∘ Γ_u⁽ᵗ⁾
        dJ_dGamma_f = dJ_dc * c[t - 1]  # ∂J/∂Γ_f⁽ᵗ⁾ = ∂J/∂c⁽ᵗ⁾ ∘ c⁽ᵗ⁻¹⁾
        # ∂J/∂z_u⁽ᵗ⁾ = ∂J/∂Γ_u⁽ᵗ⁾ ∘ Γ_u⁽ᵗ⁾ ∘ (1 - Γ_u⁽ᵗ⁾)
        dJ_dz_u = dJ_dGamma_u * Gamma_u[t] * (1 - Gamma_u[t])
        dJ_dW_ua += a[t - 1] @ dJ_dz_u.T  # ∂J/∂W_ua|t = a⁽ᵗ⁻¹⁾ (∂J/∂z_u⁽ᵗ⁾)ᵀ
        dJ_dW_ux += x[t - 1] @ dJ_dz_u.T  # ∂J/∂W_ux|t = x⁽ᵗ⁾ (∂J/∂z_u⁽ᵗ⁾)ᵀ
        dJ_db_u += np.sum(dJ_dz_u, axis=1, keepdims=True)  # ∂J/∂b_u|t = ∂J/∂z_u⁽ᵗ⁾ 𝟏
        # ∂J/∂z_f⁽ᵗ⁾ = ∂J/∂Γ_f⁽ᵗ⁾ ∘ Γ_f⁽ᵗ⁾ ∘ (1 - Γ_f⁽ᵗ⁾)
        dJ_dz_f = dJ_dGamma_f * Gamma_f[t] * (1 - Gamma_f[t])
        dJ_dW_fa += a[t - 1] @ dJ_dz_f.T  # ∂J/∂W_fa|t = a⁽ᵗ⁻¹⁾ (∂J/∂z_f⁽ᵗ⁾)ᵀ
        dJ_dW_fx += x[t - 1] @ dJ_dz_f.T  # ∂J/∂W_fx|t = x⁽ᵗ⁾ (∂J/∂z_f⁽ᵗ⁾)ᵀ
        dJ_db_f += np.sum(dJ_dz_f, axis=1, keepdims=True)  # ∂J/∂b_f|t = ∂J/∂z_f⁽ᵗ⁾ 𝟏
        dJ_dz_c = dJ_dc_tilde * (1 - c_tilde[t] ** 2)  # ∂J/∂z_c⁽ᵗ⁾ = ∂J/∂c̃⁽ᵗ⁾ ∘ (1 - (c̃⁽ᵗ⁾)²)
        dJ_dW_ca += a[t - 1] @ dJ_dz_c.T  # ∂J/∂W_ca|t = a⁽ᵗ⁻¹⁾ (∂J/∂z_c⁽ᵗ⁾)ᵀ
        dJ_dW_cx += x[t - 1] @ dJ_dz_c.T  # ∂J/∂W_cx|t = x⁽ᵗ⁾ (∂J/∂z_c⁽ᵗ⁾)ᵀ
        dJ_db_c += np.sum(dJ_dz_c, axis=1, keepdims=True)  # ∂J/∂b_c|t = ∂J/∂z_c⁽ᵗ⁾ 𝟏
        # ∂J/∂x⁽ᵗ⁾ = W_ox ∂J/∂z_o⁽ᵗ⁾ + W_cx ∂J/∂z_c⁽ᵗ⁾ + W_ux ∂J/∂z_u⁽ᵗ⁾ + W_fx ∂J/∂z_f⁽ᵗ⁾
        dJ_dx[t - 1] = W_ox @ dJ_dz_o + W_cx @ dJ_dz_c + W_ux @ dJ_dz_u + W_fx @ dJ_dz_f
        dJ_dc_next = dJ_dc * Gamma_f[t]  # ∂J/∂c⁽ᵗ⁻¹⁾ = ∂J/∂c⁽ᵗ⁾ ∘ Γ_f⁽ᵗ⁾
        # ∂J/∂a⁽ᵗ⁻¹⁾ = W_oa ∂J/∂z_o⁽ᵗ⁾ + W_ca ∂J/∂z_c⁽ᵗ⁾ + W_ua ∂J/∂z_u⁽ᵗ⁾ + W_fa ∂J/∂z_f⁽ᵗ⁾
        dJ_da_next = W_oa @ dJ_dz_o + W_ca @ dJ_dz_c + W_ua @ dJ_dz_u + W_fa @ dJ_dz_f
    return J, {
        "W_fa": dJ_dW_fa,
        "W_fx": dJ_dW_fx,
        "b_f": dJ_db_f,
        "W_ua": dJ_dW_ua,
        "W_ux": dJ_dW_ux,
        "b_u": dJ_db_u,
        "W_oa": dJ_dW_oa,
        "W_ox": dJ_dW_ox,
        "b_o": dJ_db_o,
        "W_ca": dJ_dW_ca,
        "W_cx": dJ_dW_cx,
        "b_c": dJ_db_c,
        "W_ya": dJ_dW_ya,
        "b_y": dJ_db_y,
        "a0": dJ_da_next,
        "c0": dJ_dc_next,
        "x": dJ_dx,
    }
