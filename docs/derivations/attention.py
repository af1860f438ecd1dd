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


def gradients(*, X, W_Q, W_K, W_V, Y):
    """Compute J and its gradients, in the shapes of the arguments.

    The shapes that it was derived with:
    X: 6, 5
    W_Q: 5, 4
    W_K: 5, 4
    W_V: 5, 3
    Y: 6, 3
    """
    _require_floats("X", X, None, None)
    _require_floats("W_Q", W_Q, X.shape[1], 4, because="1/2")
    _require_floats("W_K", W_K, X.shape[1], 4, because="1/2")
    _require_floats("W_V", W_V, X.shape[1], None)
    _require_shape("Y", Y, len(X), W_V.shape[1])
    Q = X @ W_Q  # Q = X W_Q
    K = X @ W_K  # K = X W_K
    V = X @ W_V  # V = X W_V
    S = Q @ K.T / 2  # S = 1/2 Q Kᵀ
    P = softmax(S, axis=1)  # P = softmax_{axis 1}(S)
    O = P @ V  # O = P V
    J = np.sum((O - Y) ** 2) / 2  # J = 1/2 Σ (O - Y)²
    dJ_dO = O - Y  # ∂J/∂O = O - Y
    dJ_dP = dJ_dO @ V.T  # ∂J/∂P = ∂J/∂O Vᵀ
    dJ_dV = P.T @ dJ_dO  # ∂J/∂V = Pᵀ ∂J/∂O
    dJ_dW_V = X.T @ dJ_dV  # ∂J/∂W_V = Xᵀ ∂J/∂V
    # ∂J/∂S = (∂J/∂P - (∂J/∂P ∘ P) 𝟏) ∘ P
    dJ_dS = (dJ_dP - np.sum(dJ_dP * P, axis=1, keepdims=True)) * P
    dJ_dQ = dJ_dS @ K / 2  # ∂J/∂Q = 1/2 ∂J/∂S K
    dJ_dK = dJ_dS.T @ Q / 2  # ∂J/∂K = 1/2 (∂J/∂S)ᵀ Q
    # ∂J/∂X = ∂J/∂V W_Vᵀ + ∂J/∂K W_Kᵀ + ∂J/∂Q W_Qᵀ
    dJ_dX = dJ_dV @ W_V.T + dJ_dK @ W_K.T + dJ_dQ @ W_Q.T
    dJ_dW_K = X.T @ dJ_dK  # ∂J/∂W_K = Xᵀ ∂J/∂K
    dJ_dW_Q = X.T @ dJ_dQ  # ∂J/∂W_Q = Xᵀ ∂J/∂Q
    return J, {
        "X": dJ_dX,
        "W_Q": dJ_dW_Q,
        "W_K": dJ_dW_K,
        "W_V": dJ_dW_V,
    }
