"""J and its gradients, by the derivation that minigrad wrote."""

import numpy as np


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


def gradients(*, x, W_1, b_1, W_2, b_2, y):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    x: 3, 6
    W_1: 3, 4
    b_1: 4, 1
    W_2: 4, 5
    b_2: 5, 1
    y: 5, 6
    """
    _require_floats("x", x, 3, 6, because="-1/6")
    _require_floats("W_1", W_1, 3, 4, because="-1/6")
    _require_floats("b_1", b_1, 4, 1, because="-1/6")
    _require_floats("W_2", W_2, 4, None, because="-1/6")
    _require_floats("b_2", b_2, W_2.shape[1], 1)
    _require_shape("y", y, W_2.shape[1], 6, because="-1/6")
    z_1 = W_1.T @ x + b_1  # z_1 = W_1ᵀ x + b_1
    h = np.tanh(z_1)  # h = tanh(z_1)
    z_2 = W_2.T @ h + b_2  # z_2 = W_2ᵀ h + b_2
    y_hat = softmax(z_2)  # ŷ = softmax(z_2)
    J = -(np.sum(y * np.log(y_hat)) / 6)  # J = -1/6 Σ y ∘ log(ŷ)
    dJ_dy_hat = -(y / y_hat / 6)  # ∂J/∂ŷ = -1/6 y / ŷ
    # ∂J/∂z_2 = (∂J/∂ŷ - 𝟏ᵀ (∂J/∂ŷ ∘ ŷ)) ∘ ŷ
    dJ_dz_2 = (dJ_dy_hat - np.sum(dJ_dy_hat * y_hat, axis=0, keepdims=True)) * y_hat
    dJ_dW_2 = h @ dJ_dz_2.T  # ∂J/∂W_2 = h (∂J/∂z_2)ᵀ
    dJ_db_2 = np.sum(dJ_dz_2, axis=1, keepdims=True)  # ∂J/∂b_2 = ∂J/∂z_2 𝟏
    dJ_dh = W_2 @ dJ_dz_2  # ∂J/∂h = W_2 ∂J/∂z_2
    dJ_dz_1 = dJ_dh * (1 - h ** 2)  # ∂J/∂z_1 = ∂J/∂h ∘ (1 - h²)
    dJ_dW_1 = x @ dJ_dz_1.T  # ∂J/∂W_1 = x (∂J/∂z_1)ᵀ
    dJ_dx = W_1 @ dJ_dz_1  # ∂J/∂x = W_1 ∂J/∂z_1
    dJ_db_1 = np.sum(dJ_dz_1, axis=1, keepdims=True)  # ∂J/∂b_1 = ∂J/∂z_1 𝟏
    return J, {
        "x": dJ_dx,
        "W_1": dJ_dW_1,
        "b_1": dJ_db_1,
        "W_2": dJ_dW_2,
        "b_2": dJ_db_2,
    }
