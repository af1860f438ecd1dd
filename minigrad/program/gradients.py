"""The gradients that a program computed, beside the true ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from minigrad.flow import GradientFlow
from minigrad.program.scale import common_scale
from minigrad.recording.storage import Node
from minigrad.rounding import compared, rounding_errors
from minigrad.tensor import Tensor, value_of

LOOSELY = 100  # a program may take another way, which rounds by another conditioning


@dataclass(frozen=True)
class Gradient:
    """A gradient that a program computed, beside the true one.

    Attributes
    ----------
    name
        The parameter, called by its key.
    ok
        Whether it is right, up to the scale that all gradients have in common.
    error, tolerance
        The largest deviation, relative to the largest entry of the truth, and what rounding
        explains of it. Infinite, where there is nothing to compare.
    """

    name: str
    ok: bool
    error: float
    tolerance: float


class Gradients:
    """The true gradients by the parameters of a program.

    Attributes
    ----------
    unused
        The parameters that the loss does not depend on.
    scale
        What the program's gradients have in common as a factor.
    """

    def __init__(
        self, flow: GradientFlow, variables: Mapping[str, Node], by_hand: Mapping[str, Any]
    ) -> None:
        self.unused = [name for name in by_hand if (name, None) not in flow.values]
        self._truth = {
            name: Tensor(np.zeros_like(variables[name].value))
            if name in self.unused
            else flow.adjoint(name)
            for name in by_hand
        }
        kinds = [flow.J.dtype, *(node.value.dtype for node in variables.values())]
        self.precision = LOOSELY * max(float(np.finfo(kind).eps) for kind in kinds)
        pairs = [(np.array(x), value_of(self._truth[name])) for name, x in by_hand.items()]
        self.scale = common_scale(pairs, self.precision)
        self._rounding: dict[str, float] = {}

    def beside(self, by_hand: Mapping[str, Any]) -> list[Gradient]:
        """The gradients that a program computed beside the true ones."""
        found = {name: self._compared(name, x) for name, x in by_hand.items()}
        doubtful = [x for x in found if not found[x].ok and x not in self._rounding]
        errors = rounding_errors([[self._truth[name]] for name in doubtful], self.precision)
        self._rounding.update(zip(doubtful, errors, strict=True))
        return [g if g.ok else self._compared(name, by_hand[name]) for name, g in found.items()]

    def _compared(self, name: str, x: Any) -> Gradient:
        truth = self._truth[name]
        if np.shape(x) != truth.shape:
            return Gradient(name, False, float("inf"), self.precision)
        scaled = np.asarray(x) / self.scale
        rounding = self._rounding.get(name, 0.0)
        found = compared(scaled, value_of(truth), self.precision, rounding)
        return Gradient(name, found.ok, found.error, found.tolerance)
