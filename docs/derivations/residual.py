"""J and its gradients, by the derivation that minigrad wrote."""

import numpy as np


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


def gradients(*, x, gamma, beta, W_1, b_1, W_2, b_2, y):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    x: 4, 6
    gamma: 4, 1
    beta: 4, 1
    W_1: 4, 5
    b_1: 5, 1
    W_2: 5, 4
    b_2: 4, 1
    y: 4, 6
    """
    _require_floats("x", x, 4, None, because="mean_{axis 0}(x)")
    _require_floats("gamma", gamma, 4, 1, because="mean_{axis 0}(x)")
    _require_floats("beta", beta, 4, 1, because="mean_{axis 0}(x)")
    _require_floats("W_1", W_1, 4, None, because="mean_{axis 0}(x)")
    _require_floats("b_1", b_1, W_1.shape[1], 1)
    _require_floats("W_2", W_2, W_1.shape[1], 4, because="mean_{axis 0}(x)")
    _require_floats("b_2", b_2, 4, 1, because="mean_{axis 0}(x)")
    _require_shape("y", y, 4, x.shape[1], because="mean_{axis 0}(x)")
    mu = np.mean(x, axis=0, keepdims=True)  # μ = 1/4 𝟏ᵀ x
    d = x - mu  # d = x - μ
    v = np.mean(d ** 2, axis=0, keepdims=True)  # v = 1/4 𝟏ᵀ d²
    s = np.sqrt(v + 1e-05)  # s = √(v + 10⁻⁵)
    x_hat = d / s  # x̂ = d / s
    h = gamma * x_hat + beta  # h = γ ∘ x̂ + β
    z = W_1.T @ h + b_1  # z = W_1ᵀ h + b_1
    r = np.maximum(z, 0)  # r = max(z, 0)
    o = x + W_2.T @ r + b_2  # o = x + W_2ᵀ r + b_2
    J = np.sum((o - y) ** 2) / 2  # J = 1/2 Σ (o - y)²
    dJ_do = o - y  # ∂J/∂o = o - y
    dJ_dW_2 = r @ dJ_do.T  # ∂J/∂W_2 = r (∂J/∂o)ᵀ
    dJ_db_2 = np.sum(dJ_do, axis=1, keepdims=True)  # ∂J/∂b_2 = ∂J/∂o 𝟏
    dJ_dr = W_2 @ dJ_do  # ∂J/∂r = W_2 ∂J/∂o
    dJ_dz = dJ_dr * (z > 0)  # ∂J/∂z = ∂J/∂r ∘ [z > 0]
    dJ_dW_1 = h @ dJ_dz.T  # ∂J/∂W_1 = h (∂J/∂z)ᵀ
    dJ_db_1 = np.sum(dJ_dz, axis=1, keepdims=True)  # ∂J/∂b_1 = ∂J/∂z 𝟏
    dJ_dh = W_1 @ dJ_dz  # ∂J/∂h = W_1 ∂J/∂z
    dJ_dgamma = np.sum(dJ_dh * x_hat, axis=1, keepdims=True)  # ∂J/∂γ = (∂J/∂h ∘ x̂) 𝟏
    dJ_dbeta = np.sum(dJ_dh, axis=1, keepdims=True)  # ∂J/∂β = ∂J/∂h 𝟏
    dJ_dx_hat = dJ_dh * gamma  # ∂J/∂x̂ = ∂J/∂h ∘ γ
    dJ_ds = -(np.sum(dJ_dx_hat * x_hat, axis=0, keepdims=True) / s)  # ∂J/∂s = -𝟏ᵀ (∂J/∂x̂ ∘ x̂) / s
    dJ_dv = dJ_ds / s / 2  # ∂J/∂v = 1/2 ∂J/∂s / s
    dJ_dd = dJ_dx_hat / s + dJ_dv * d / 2  # ∂J/∂d = ∂J/∂x̂ / s + 1/2 ∂J/∂v ∘ d
    dJ_dmu = -np.sum(dJ_dd, axis=0, keepdims=True)  # ∂J/∂μ = -𝟏ᵀ ∂J/∂d
    dJ_dx = dJ_do + dJ_dd + dJ_dmu / 4  # ∂J/∂x = ∂J/∂o + ∂J/∂d + 1/4 ∂J/∂μ
    return J, {
        "x": dJ_dx,
        "gamma": dJ_dgamma,
        "beta": dJ_dbeta,
        "W_1": dJ_dW_1,
        "b_1": dJ_db_1,
        "W_2": dJ_dW_2,
        "b_2": dJ_db_2,
    }
