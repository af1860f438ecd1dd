"""minigrad writes the derivation: expressions off the graph, simplified, laid out and printed."""

from collections.abc import Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigrad.flow import GradientFlow
    from minigrad.writing.derivation import WrittenDerivation

__all__ = ["derive"]


def derive(
    flow: "GradientFlow", wrt: Collection[str] | None = None, layout: str = "numerator"
) -> "WrittenDerivation":
    """Write the derivation of a gradient flow, as a careful author would.

    What is computed once and read at every step, such as the last state of an encoder, gets a name.

    Parameters
    ----------
    flow
        The gradient flow of a model with named values.
    wrt
        Names of the values whose derivatives are wanted, or one name; by default all. What they
        build on comes with them.
    layout
        "numerator": dJ/dv is the transpose of v, a row for a column vector. "gradient": dJ/dv has
        the shape of v.

    Returns
    -------
    WrittenDerivation

    Raises
    ------
    TypeError
        If `flow` is no gradient flow.
    ValueError
        If there is no such layout or no such name, an unnamed array differs from step to step, or
        names are not clear: one for values with and without a step, or two for values that depend
        on each other within a step in either order.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> W = mg.tensor(np.ones((3, 2)), requires_grad=True, name="W")
    >>> z = (W.T @ mg.tensor(np.ones((3, 1)), name="x")).named("z")
    >>> flow = mg.gradient_flow(mg.sum(mg.tanh(z)))
    >>> derivation = mg.derive(flow)
    >>> for line in derivation.lines:
    ...     print(line)
    3.1  ∂J/∂z = (1 - tanh²(z))ᵀ
    3.1  ∂J/∂W = (∂J/∂z)ᵀ xᵀ
    """
    from minigrad.derivation.derivation import require_layout
    from minigrad.flow import GradientFlow
    from minigrad.writing.derivation import WrittenDerivation  # for those who need it

    if not isinstance(flow, GradientFlow):
        raise TypeError(
            f"derive: expected a gradient flow, got {type(flow).__name__}; "
            "write derive(gradient_flow(J))"
        )
    require_layout("derive", layout)
    return WrittenDerivation(flow, wrt, layout)
