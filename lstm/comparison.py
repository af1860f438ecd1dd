"""Every quantity of section 3 three times: generic, by the closed form, and by complex step."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import minigrad as mg
from lstm import closed_form, complex_step
from lstm.model import PARAMETERS, forward

Array = NDArray[Any]

TOLERANCE = {"float64": 1e-10, "float32": 1e-3}


@dataclass(frozen=True)
class Row:
    """One quantity, and its largest relative difference over all steps.

    Attributes
    ----------
    section, quantity
        Where the derivation has it, and what it is the derivative by.
    shape
        In numerator layout, as the derivation has it.
    closed_form, complex_step
        How far each of them is from the generic derivative; see `minigrad.relative_error`.
    ok
        Whether both are within the tolerance of the dtype.
    """

    section: str
    quantity: str
    shape: tuple[int, ...]
    closed_form: float
    complex_step: float
    ok: bool


def compare_section_3(
    params: Mapping[str, Array],
    x: Array,
    y: Array,
    progress: Callable[[str], None] = lambda quantity: None,
) -> list[Row]:
    """Compare what the engine, section 3 and the complex step say, quantity by quantity.

    Parameters
    ----------
    params, x, y
        As `lstm.forward` has them, from zero initial states.
    progress
        Told each quantity as its turn comes.

    Examples
    --------
    >>> import lstm
    >>> from lstm.comparison import compare_section_3
    >>> from lstm.words import next_characters
    >>> rows = compare_section_3(lstm.init_params(3, 5, 3), *next_characters("anna", "abn"))
    >>> len(rows), all(row.ok for row in rows)
    (29, True)
    """
    flow = mg.gradient_flow(forward(params, x, y).loss)
    _, by_hand = closed_form.derivatives(params, x, y)
    tolerance = TOLERANCE[str(x.dtype)]
    zero = np.zeros((params["W_ya"].shape[0], x.shape[2]))
    exact = {name: value.astype(np.float64) for name, value in params.items()}
    derivative = complex_step.derivatives(exact, x, y, zero, zero)
    rows = []
    for section, quantities in closed_form.QUANTITIES.items():
        for name in quantities:
            progress(name)
            errors = []
            for t, derivatives in enumerate(by_hand, start=1):
                generic = generic_derivative(flow, name, t).T
                others = derivatives[name], derivative(name, t).T
                errors.append([mg.relative_error(x, generic, tolerance) for x in others])
            worst = [max(error) for error in zip(*errors, strict=True)]
            ok = all(error <= tolerance for error in worst)
            rows.append(Row(section, name, generic.shape, worst[0], worst[1], ok))
    return rows


def generic_derivative(flow: mg.GradientFlow, name: str, t: int) -> mg.Tensor:
    """What a quantity of section 3 at step t is in the gradient flow.

    An adjoint; of a parameter the share of the step; of a(t-1) and c(t-1) what comes from step t.
    """
    of_step = name in PARAMETERS or name.endswith("(t-1)")
    if not of_step:
        return flow.adjoint(name, t)
    label = (name, None) if name in PARAMETERS else (name.removesuffix("(t-1)"), t - 1)
    parts = [part for (_, step), part in flow.contributions(*label).items() if step == t]
    return mg.stack(parts).sum(axis=0)
