"""A derivation is a list of lines; a line computes what it claims from what it is given."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from minigrad.derivation.claims import ALL_STEPS, Adjoint, Claim, Step, Value

if TYPE_CHECKING:
    from minigrad.derivation.report import Report
    from minigrad.flow import GradientFlow
    from minigrad.writing.formats import Document

LAYOUTS = ("gradient", "numerator")

_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Line:
    """One line of a derivation.

    Attributes
    ----------
    ref
        Where it stands in the text, such as "3.4".
    claim
        What it says it computes.
    function
        Computes it, from arrays given by keyword.
    given
        What each of the function's parameters stands for: an array, or the number of a step.
    steps
        The steps at which it holds, if it holds at some only of those at which its claim exists.
    """

    ref: str
    claim: Claim
    function: Callable[..., Any]
    given: Mapping[str, Claim | Step]
    steps: frozenset[int] | None = field(default=None, kw_only=True)

    @property
    def inputs(self) -> dict[str, Claim]:
        """The parameters that are given arrays."""
        return {name: x for name, x in self.given.items() if not isinstance(x, Step)}

    @property
    def is_indexed(self) -> bool:
        """Whether it is given the number of a step."""
        return len(self.given) > len(self.inputs)


class Derivation:
    """Lines in the order of the text, written by hand or by minigrad.

    Parameters
    ----------
    title
        What it derives.
    layout
        "numerator": dJ/dv is the transpose of v, a row for a column vector. "gradient": dJ/dv has
        the shape of v. Values are given as they are in both.

    Attributes
    ----------
    lines : list of Line

    Raises
    ------
    ValueError
        If there is no such layout.

    Examples
    --------
    >>> import minigrad as mg
    >>> square = mg.Derivation("J = x^2", layout="gradient")
    >>> @square.line("1", mg.adjoint("x"))
    ... def _(x=mg.value("x")):
    ...     return 2 * x
    >>> x = mg.tensor(3.0, requires_grad=True, name="x")
    >>> square.check(mg.gradient_flow(x * x)).ok
    True
    """

    def __init__(self, title: str, layout: str = "numerator") -> None:
        require_layout("Derivation", layout)
        self.title = title
        self.layout = layout
        self.lines: list[Line] = []

    def line(self, ref: str, claim: Claim) -> Callable[[_Function], _Function]:
        """Decorate the function of a line, and add the line.

        The function takes arrays; the default value of each parameter, `value(...)` or
        `adjoint(...)`, says which; `THIS_STEP` gives it the number of the step, as an index. It is
        written once, for a general step t.

        Parameters
        ----------
        ref
            Where the line stands in the text.
        claim
            What it computes.

        Raises
        ------
        TypeError
            If there is no claim, or a parameter does not say what it is given.
        ValueError
            If a line with this reference makes this claim already.
        """
        if not isinstance(claim, Value | Adjoint) or claim.t is ALL_STEPS:
            raise TypeError(
                f"line {ref}: expected a claim such as adjoint('a', t=-1, via='z_o'), got {claim}"
            )

        def add(function: _Function) -> _Function:
            if any(line.ref == ref and line.claim == claim for line in self.lines):
                raise ValueError(
                    f"line {ref}: there is one for {claim} already; give this one another "
                    "reference, or make the Derivation anew to replace it"
                )
            self.lines.append(Line(ref, claim, function, given_by(ref, function)))
            return function

        return add

    def check(self, flow: "GradientFlow", chained: bool = False) -> "Report":
        """Compare every line, at every step, with what the gradient flow holds.

        Parameters
        ----------
        flow
            The gradient flow of the model, by `minigrad.gradient_flow`.
        chained
            False gives each line the true values and adjoints, so that exactly the wrong lines
            fail. True gives it what the earlier lines computed, which finds a wrong order, a
            missing line or a wrong boundary too.

        Returns
        -------
        Report

        Raises
        ------
        TypeError
            If `flow` is no gradient flow.
        """
        from minigrad.derivation.checking import check
        from minigrad.flow import GradientFlow

        if not isinstance(flow, GradientFlow):
            raise TypeError(f"check: expected minigrad.gradient_flow(J), got {type(flow).__name__}")
        return check(self, flow, chained)

    def latex(self, fragment: bool = False) -> str:
        """A LaTeX document, or a fragment to be included in one."""
        from minigrad.writing import formats

        return formats.latex(self._document(), fragment)

    def markdown(self) -> str:
        """Markdown with formulas between dollar signs, as GitHub shows them."""
        from minigrad.writing import formats

        return formats.markdown(self._document(), formats.guarded)

    def text(self) -> str:
        """Unicode text, for a terminal."""
        from minigrad.writing import formats

        return formats.text(self._document())

    def numpy_source(self) -> str:
        """A Python module that needs only NumPy, with a function for each line."""
        from minigrad.writing import by_hand

        return by_hand.numpy_source(self)

    def _document(self) -> "Document":
        from minigrad.writing import by_hand
        from minigrad.writing.formats import Document

        return Document(self.title, list(by_hand.blocks(self)), last=by_hand.LAST)

    def _repr_markdown_(self) -> str:
        from minigrad.writing import formats

        return formats.markdown(self._document())

    def __repr__(self) -> str:
        return f"Derivation({self.title!r}, layout={self.layout!r}), {len(self.lines)} lines"


def given_by(ref: str, function: Callable[..., Any]) -> dict[str, Claim | Step]:
    """What the parameters of a line's function say by their default values."""
    given = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if not isinstance(parameter.default, Value | Adjoint | Step):
            raise TypeError(
                f"line {ref}: parameter {name} does not say what it is given; write "
                f"{name}=value('a name'), {name}=adjoint('a name') or, of a step, {name}=THIS_STEP"
            )
        given[name] = parameter.default
    return given


def require_layout(function: str, layout: str) -> None:
    """Raise if there is no such layout."""
    if layout not in LAYOUTS:
        raise ValueError(
            f"{function}: expected layout {' or '.join(map(repr, LAYOUTS))}, got {layout!r}"
        )
