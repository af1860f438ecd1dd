"""How a contribution is laid out: numerator layout, and derivatives written in the input."""

from collections.abc import Collection
from dataclasses import replace

from minigrad.notation.expression import Apply, Expression, Symbol, transform
from minigrad.notation.nodes import simplified, transposed, without_sign
from minigrad.operations.elementwise import add


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


def positive_first(e: Expression, as_in: Collection[Expression]) -> Expression:
    """Sums begin with what is added, y - x and not -x + y; those of the program stay as they are.

    Parameters
    ----------
    e
        A contribution.
    as_in
        What the program computes, of which the reader has read already.
    """

    def ordered(x: Expression) -> Expression:
        if not isinstance(x, Apply) or x.operation is not add or x in as_in:
            return x
        first = next((u for u in x.inputs if without_sign(u) is None), None)
        return replace(x, inputs=tuple(sorted(x.inputs, key=lambda u: u is not first)))

    return transform(e, ordered)


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
