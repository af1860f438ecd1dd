"""Operations that act on each element, with NumPy's broadcasting.

Where a function has a kink, the rule takes the middle of the slopes: 0 for `abs` at 0, one half
each for the two equal inputs of a `maximum`; `relu` has slope 0 at 0, as is the custom. Forward
expressions do the same to complex numbers (see `minigrad.complex_step`).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from minigrad.complex_step import real_part
from minigrad.operation import POWER, PRODUCT, SIGN, SUM, operation
from minigrad.tensor import Array, Tensor

# --- steps, for rules: 1 where a comparison holds, else 0 (the Iverson bracket); no gradient -----

greater = operation(
    lambda a, b: np.greater(real_part(a, "greater"), real_part(b, "greater")),
    None,
    None,
    name="greater",
    kind="elementwise",
    latex="[{0} > {1}]",
    text="[{0} > {1}]",
    python="{0} > {1}",
    symbol=">",
)

equal = operation(
    lambda a, b: np.equal(real_part(a, "equal"), real_part(b, "equal")),
    None,
    None,
    name="equal",
    kind="elementwise",
    latex="[{0} = {1}]",
    text="[{0} = {1}]",
    python="{0} == {1}",
    symbol="=",
)

sign = operation(
    lambda x: np.sign(real_part(x, "sign")),
    None,
    name="sign",
    kind="elementwise",
    python="np.sign({0})",
)

# --- arithmetic ---------------------------------------------------------------------------------

add = operation(
    np.add,
    lambda g, y, a, b: g,
    lambda g, y, a, b: g,
    latex="{0} + {1}",
    text="{0} + {1}",
    precedence=SUM,
    python="{0} + {1}",
    symbol="+",
    drawn="circle",
)

subtract = operation(
    np.subtract,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g,
    latex="{0} - {1}",
    text="{0} - {1}",
    precedence=SUM,
    python="{0} - {1}",
    symbol="−",
    drawn="circle",
)

multiply = operation(
    np.multiply,
    lambda g, y, a, b: g * b,
    lambda g, y, a, b: g * a,
    latex=r"{0} \circ {1}",
    text="{0} ∘ {1}",
    precedence=PRODUCT,
    python="{0} * {1}",
    symbol="∘",
    drawn="doublecircle",
)

divide = operation(
    np.divide,
    lambda g, y, a, b: g / b,
    lambda g, y, a, b: -g * y / b,
    latex=r"\frac{{{0}}}{{{1}}}",
    text="{0} / {1}",
    precedence=PRODUCT,
    python="{0} / {1}",
    symbol="÷",
    drawn="formula",
    domain=(0.5, 2.0),
)

negative = operation(
    np.negative,
    lambda g, y, x: -g,
    latex="-{0}",
    text="-{0}",
    precedence=SIGN,
    python="-{0}",
    symbol="−",
    drawn="formula",
)

positive = operation(
    np.positive,
    lambda g, y, x: g,
    latex="{0}",
    text="{0}",
    precedence=SUM,
    python="+{0}",
    symbol="=",
    drawn="line",
)


def _is_constant(x: Any) -> bool:
    """Whether nobody asks for the derivative by `x`: not by a rule, nor by a complex step."""
    return not x.requires_grad if type(x) is Tensor else x.dtype.kind != "c"


def _slope_of_power(g: Any, y: Any, a: Any, b: Any) -> Any:
    """b a^(b-1), and 0 for 0^0.

    A constant exponent 0 has slope 0 everywhere: then a^(-1), which may overflow, is left out. For
    another it is not, since it is the derivative of the slope by b.
    """
    flat = equal.on(b, 0) if _is_constant(b) else equal.on(a, 0) * equal.on(b, 0)
    return g * b * a ** np.where(flat, 1, b - 1)


power = operation(
    np.power,
    _slope_of_power,
    lambda g, y, a, b: g * y * np.log(np.where(greater.on(a, 0), a, 1)),
    latex="{0}^{{{1}}}",
    text="{0}^{1}",
    precedence=POWER,
    python="{0} ** {1}",
    symbol="xⁿ",
    drawn="formula",
    domain=(0.5, 2.0),
)

# --- functions ----------------------------------------------------------------------------------

exp = operation(
    np.exp,
    lambda g, y, x: g * y,
    latex=r"\exp({0})",
    drawn="formula",
)

log = operation(
    np.log,
    lambda g, y, x: g / x,
    latex=r"\log({0})",
    drawn="formula",
    domain=(0.5, 2.0),
)

sqrt = operation(
    np.sqrt,
    lambda g, y, x: g / (2 * y),
    latex=r"\sqrt{{{0}}}",
    text="√({0})",
    symbol="√",
    drawn="formula",
    domain=(0.5, 2.0),
)

sin = operation(
    np.sin,
    lambda g, y, x: g * np.cos(x),
    latex=r"\sin({0})",
)

cos = operation(
    np.cos,
    lambda g, y, x: -g * np.sin(x),
    latex=r"\cos({0})",
)


# For small arrays, NumPy takes as long over a Python number as over the operation.
_ONE = {dtype: np.ones((), dtype) for dtype in "efdgFDG"}
_TWO, _TWENTY = np.array(2.0), np.array(20.0)


def _tanh_into(y: Array, x: Array) -> None:
    if y.dtype != np.float64:
        np.tanh(x, y)
        return
    # expm1(2x) / (expm1(2x) + 2) takes half the time of NumPy's tanh of doubles; beyond 20 it is 1.
    np.minimum(x, _TWENTY, out=y)
    np.add(y, y, y)
    np.expm1(y, y)
    np.divide(y, y + _TWO, y)


tanh = operation(
    np.tanh,
    lambda g, y, x: g * (1 - y * y),
    kernel=_tanh_into,
    latex=r"\tanh({0})",
    written_in_input=True,
)


# exp(-x) overflows below, where the sigmoid is zero to rounding.
_LOWEST = {"e": -11, "f": -88, "F": -88}
_LOWEST_OF = {dtype: np.array(_LOWEST.get(dtype, -709), dtype) for dtype in "efdgFDG"}


def _sigmoid(x: Array) -> Array:
    y: Array = 1 / (1 + np.exp(-np.maximum(x, _LOWEST.get(x.dtype.char, -709))))
    return y


def _sigmoid_into(y: Array, x: Array) -> None:
    np.maximum(x, _LOWEST_OF[y.dtype.char], out=y)
    np.negative(y, y)
    np.exp(y, y)
    np.add(y, _ONE[y.dtype.char], y)
    np.reciprocal(y, y)


sigmoid = operation(
    _sigmoid,
    lambda g, y, x: g * (y * (1 - y)),
    kernel=_sigmoid_into,
    name="sigmoid",
    kind="elementwise",
    latex=r"\sigma({0})",
    text="σ({0})",
    symbol="σ",
)


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(np.minimum(x, -x)))


softplus = operation(
    _softplus,
    lambda g, y, x: g * sigmoid.on(x),
    name="softplus",
    kind="elementwise",
    latex=r"\log(1 + \exp({0}))",
    text="log(1 + exp({0}))",
)

# --- functions with kinks -----------------------------------------------------------------------


def _relu(x: Array) -> Any:
    y = np.maximum(x, 0)
    return y if y.dtype.kind != "c" else np.where(real_part(x, "relu") == 0, 0, y)


relu = operation(
    _relu,
    lambda g, y, x: np.where(greater.on(x, 0), g, 0),
    name="relu",
    kind="elementwise",
    latex=r"\max({0}, 0)",
    text="max({0}, 0)",
    python="np.maximum({0}, 0)",
)


def _abs(x: Array) -> Any:
    return np.abs(x) if x.dtype.kind != "c" else x * np.sign(real_part(x, "abs"))


abs = operation(
    _abs,
    lambda g, y, x: g * sign.on(x),
    name="abs",
    kind="elementwise",
    numpy=np.abs,
    latex=r"\lvert {0} \rvert",
    text="|{0}|",
    symbol="|x|",
    drawn="formula",
)


def _chosen_by(ufunc: np.ufunc) -> Callable[[Array, Array], Any]:
    """One of two inputs; of complex ones by the real part alone, and their mean if it is equal."""
    name = ufunc.__name__

    def chosen(a: Array, b: Array) -> Any:
        y = ufunc(a, b)
        if y.dtype.kind != "c":
            return y
        return np.where(real_part(a, name) == real_part(b, name), (a + b) / 2, y)

    return chosen


maximum = operation(
    _chosen_by(np.maximum),
    lambda g, y, a, b: np.where(greater.on(a, b), g, np.where(equal.on(a, b), g / 2, 0)),
    lambda g, y, a, b: np.where(greater.on(b, a), g, np.where(equal.on(a, b), g / 2, 0)),
    name="maximum",
    kind="elementwise",
    kernel=lambda y, a, b: np.maximum(a, b, out=y),
    numpy=np.maximum,
    latex=r"\max({0}, {1})",
    text="max({0}, {1})",
    symbol="max",
    drawn="formula",
)


minimum = operation(
    _chosen_by(np.minimum),
    lambda g, y, a, b: np.where(greater.on(b, a), g, np.where(equal.on(a, b), g / 2, 0)),
    lambda g, y, a, b: np.where(greater.on(a, b), g, np.where(equal.on(a, b), g / 2, 0)),
    name="minimum",
    kind="elementwise",
    kernel=lambda y, a, b: np.minimum(a, b, out=y),
    numpy=np.minimum,
    latex=r"\min({0}, {1})",
    text="min({0}, {1})",
    symbol="min",
    drawn="formula",
)

where = operation(
    lambda condition, a, b: np.where(condition, a, b),
    None,
    lambda g, y, condition, a, b: np.where(condition, g, 0),
    lambda g, y, condition, a, b: np.where(condition, 0, g),
    name="where",
    kind="elementwise",
    numpy=np.where,
    latex=r"\operatorname{{where}}({0}, {1}, {2})",
    drawn="formula",
    examples=((np.array([[True], [False]]), (2, 3), (3,)),),
)

# --- dtype --------------------------------------------------------------------------------------

astype = operation(
    lambda x, *, dtype=np.float64: x.astype(dtype),
    lambda g, y, x, dtype: g.astype(x.dtype),
    name="astype",
    kind="elementwise",
    latex="{0}",
    text="{0}",
    precedence=SUM,
    python=lambda dtype: f"{{0}}.astype(np.{np.dtype(dtype)})",
    symbol="dtype",
    drawn="line",
)
