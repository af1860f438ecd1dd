"""How a contribution is laid out: numerator layout, and derivatives written in the input."""

from minigrad.notation.expression import Apply, Expression, Symbol, transform
from minigrad.notation.nodes import simplified, transposed


def laid_out(e: Expression, layout: str) -> Expression:
    """A contribution in a layout; it is read off the graph in "gradient" layout.

    In "numerator" layout each adjoint is the transpose of what it is in the other, and so is the
    result; the rules of simplification push the two transposes towards each other.
    """
    return e if layout == "gradient" else transposed(transform(e, _of_transposed))


def _of_transposed(e: Expression) -> Expression:
    if isinstance(e, Symbol) and e.kind == "adjoint" and len(e.shape) > 1:
        shape = (*e.shape[:-2], e.shape[-1], e.shape[-2])
        return transposed(Symbol(e.name, e.t, shape, "adjoint"))
    return simplified(e)


def in_input(e: Expression, of: Symbol, equation: Expression) -> Expression:
    """Write the derivative of a function in its input, where that is the custom.

    The rule of tanh computes 1 - y^2 from the value; on paper it is 1 - tanh^2(z). Where the input
    is a formula without a name, 1 - y^2 is shorter.
    """
    if not (isinstance(equation, Apply) and equation.operation.written_in_input):
        return e
    if not isinstance(equation.inputs[0], Symbol):
        return e
    return transform(e, lambda x: equation if x == of else x)
