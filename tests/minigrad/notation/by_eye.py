"""A reader of printed formulas, who knows what the head of a derivation says and nothing else.

Juxtaposed are matrix products, which come before what is done element by element; Σ is of what
follows it in its term. An array of one axis is a column in a product, and beside a matrix a row. A
bold 1 is, in a product, a column of as many ones as fit.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
NAME = r"[A-Za-zα-ω][A-Za-z0-9_]*"
TOKEN = re.compile(rf"\s*([0-9]+/[0-9]+|10⁻[⁰¹²³⁴-⁹]+|[0-9.]+|∂J/∂{NAME}(?:\|{NAME})?|{NAME}|\S)")
FUNCTIONS: dict[str, Callable[[Array], Array]] = {
    "tanh": np.tanh,
    "exp": np.exp,
    "log": np.log,
    "√": np.sqrt,
    "σ": lambda x: 1 / (1 + np.exp(-x)),
    "mean": np.mean,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=0),
}
POWERS = {sign: n for n, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}


@dataclass
class Ones:
    """A column of ones, or a row of them, whose number follows from what stands beside it."""

    is_row: bool = False


def evaluate(formula: str, values: Mapping[str, Array]) -> Array:
    """The number that a formula stands for; arrays of one axis are one-dimensional.

    Raises
    ------
    ValueError
        If it can't be read so: shapes that do not fit, ones whose number nothing tells.
    """
    reader = Reader(formula, values)
    result = reader.sum()
    if reader.token:
        raise ValueError(f"{formula!r}: {reader.token!r} is left over")
    return result


class Reader:
    """Recursive descent: a sum of terms, of factors with circles and bars, of matrix products."""

    def __init__(self, formula: str, values: Mapping[str, Array]) -> None:
        self.tokens = TOKEN.findall(formula)
        self.values = values

    @property
    def token(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def taken(self, *tokens: str) -> str:
        return self.tokens.pop(0) if self.token in tokens else ""

    def sum(self) -> Array:
        sign = -1 if self.taken("-") else 1
        result = sign * self.term()
        while operator := self.taken("+", "-"):
            f = np.add if operator == "+" else np.subtract
            result = elementwise(f, result, self.term())
        return result

    def term(self) -> Array:
        result = self.product()
        while sign := self.taken("∘", "/"):
            result = elementwise(np.multiply if sign == "∘" else np.divide, result, self.product())
        return result

    def product(self) -> Array:
        factors: list[Array | Ones] = []
        while self.token and self.token not in "+-∘/)|":
            factors.append(np.sum(self.term()) if self.taken("Σ") else self.factor())
        return chain(factors)

    def factor(self) -> Array | Ones:
        token = self.tokens.pop(0)
        name = next((f for f in FUNCTIONS if f == token), None)
        power = POWERS[self.tokens.pop(0)] if name and self.token in POWERS else 1
        result: Array | Ones
        if token == "𝟏":
            result = Ones()
        elif token == "(":
            result = self.sum()
            self.tokens.remove(")")
        elif token == "|":
            result = np.abs(self.sum())
            self.tokens.remove("|")
        elif name:
            argument = self.factor()
            assert not isinstance(argument, Ones)
            result = FUNCTIONS[name](argument) ** power
        else:
            result = self.leaf(token)
        while mark := self.taken("ᵀ", *POWERS):
            if isinstance(result, Ones):
                result = Ones(is_row=True)
            else:
                turned = result[None] if result.ndim == 1 else result.T
                result = turned if mark == "ᵀ" else result ** POWERS[mark]
        return result

    def leaf(self, token: str) -> Array:
        if token in self.values:
            return self.values[token]
        if token.startswith("10⁻"):
            return np.array(10.0 ** -int("".join(str(POWERS[d]) for d in token[3:])))
        above, _, below = token.partition("/")
        return np.array(float(above) / float(below or 1))


def elementwise(f: Callable[[Array, Array], Array], a: Array, b: Array) -> Array:
    """With NumPy's broadcasting; an array of one axis beside a column is a column."""
    for x, y in ((a, b), (b, a)):
        if x.ndim == 1 and y.shape == (1, 1):
            a, b = (np.squeeze(u) if u.ndim == 2 else u for u in (a, b))
            break
        if x.ndim == 1 and y.ndim == 2 and y.shape == (len(x), 1) != (1, 1):
            a, b = (u[:, None] if u.ndim == 1 else u for u in (a, b))
            break
    return f(a, b)


def chain(factors: list[Array | Ones]) -> Array:
    """The product of matrices and scalars, with ones of the sizes that fit; at an end, any."""
    scalar = np.array(np.prod([x for x in factors if not isinstance(x, Ones) and x.ndim == 0]))
    rest = [x for x in factors if isinstance(x, Ones) or x.ndim]
    if len(rest) < 2:
        return scalar * (rest[0] if rest and not isinstance(rest[0], Ones) else np.ones(()))
    sized: list[Array | Ones] = [
        x[:, None] if not isinstance(x, Ones) and x.ndim == 1 else x for x in rest
    ]
    matrices = []
    for i, x in enumerate(sized):
        if isinstance(x, Ones):
            beside = sized[i + 1 : i + 2] if x.is_row else sized[max(i - 1, 0) : i]
            n = 1
            for y in beside:
                if isinstance(y, Ones) and y.is_row != x.is_row:
                    raise ValueError("how many ones?")
                n = 1 if isinstance(y, Ones) else y.shape[0 if x.is_row else 1]
            x = np.ones((1, n) if x.is_row else (n, 1))
        matrices.append(x)
    product: Array = matrices[0]
    for i, x in enumerate(matrices[1:], 2):
        if product.shape == (1, 1) != x.shape[:1] * 2:  # a scalar, and what stands behind it
            last = rest[-1]
            product = product[0, 0] * (x if i < len(rest) or isinstance(last, Ones) else last)
        else:
            product = product @ x
    return scalar * product
