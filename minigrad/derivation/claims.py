"""What a line of a derivation speaks of: a named value, or an adjoint, whole or in part."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class AllSteps(Enum):
    """Every time step, in the place of one."""

    ALL_STEPS = "all steps"

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Step:
    """The step at some distance from a value's own; `THIS_STEP + 2` is two steps later.

    Examples
    --------
    >>> from minigrad import THIS_STEP
    >>> THIS_STEP + 1, THIS_STEP - 2
    (NEXT_STEP, THIS_STEP - 2)
    >>> THIS_STEP + 0.5
    Traceback (most recent call last):
    TypeError: expected a whole number of steps, as in THIS_STEP + 2, got 0.5
    """

    distance: int

    def __add__(self, steps: int) -> "Step":
        if isinstance(steps, bool) or not isinstance(steps, int):
            raise TypeError(f"expected a whole number of steps, as in {self!r} + 2, got {steps!r}")
        return Step(self.distance + steps)

    __radd__ = __add__

    def __sub__(self, steps: int) -> "Step":
        return self + -steps

    def __repr__(self) -> str:
        named = {0: "THIS_STEP", 1: "NEXT_STEP"}
        sign = "+" if self.distance > 0 else "-"
        return named.get(self.distance, f"THIS_STEP {sign} {abs(self.distance)}")

    def __str__(self) -> str:
        named = {-1: "the step before", 0: "this step", 1: "the next step"}
        side = "later" if self.distance > 0 else "earlier"
        return named.get(self.distance, f"{abs(self.distance)} steps {side}")


ALL_STEPS = AllSteps.ALL_STEPS
THIS_STEP, NEXT_STEP = Step(0), Step(1)


@dataclass(frozen=True)
class Value:
    """A named value, `t` steps from the step at hand; see `value`."""

    name: str
    t: int | AllSteps = 0

    def __str__(self) -> str:
        return self.name + _distance(self.t)


@dataclass(frozen=True)
class Adjoint:
    """The adjoint of a named value, or a part of the sum that it is; see `adjoint`."""

    name: str
    t: int | AllSteps = 0
    via: str | Step | None = None

    def __str__(self) -> str:
        whole = f"dJ/d{self.name}{_distance(self.t)}"
        if not isinstance(self.via, Step):
            return whole if self.via is None else f"{whole} via {self.via}"
        if isinstance(self.t, AllSteps):
            return f"{whole} from {self.via}"
        return f"{whole}, its part from step {_at(self.t + self.via.distance)}"

    @property
    def source(self) -> str:
        """How it is written in Python."""
        t = f", t={self.t!r}" if self.t else ""
        via = "" if self.via is None else f", via={self.via!r}"
        return f"adjoint({self.name!r}{t}{via})"

    @property
    def is_from_another_step(self) -> bool:
        """Whether it is what flows in from another step than the value's own."""
        return isinstance(self.via, Step) and self.via != THIS_STEP


Claim: TypeAlias = Value | Adjoint


def value(name: str, t: int | AllSteps = 0) -> Value:
    """Speak of a named value, as the default value of a line's parameter.

    Parameters
    ----------
    name
        What the program calls it.
    t
        Its time step, counted from the step at hand: -1 is the step before. `ALL_STEPS` gives a
        dict from every step to the value there. Parameters and constants have no step: `t` is
        not looked at.

    Raises
    ------
    TypeError
        If `name` is no string or `t` no whole number.

    Examples
    --------
    >>> from minigrad import value
    >>> print(value("a", t=-1))
    a(t-1)
    """
    _require_name("value", name)
    _require_step("value", t)
    return Value(name, t)


def adjoint(name: str, t: int | AllSteps = 0, via: str | Step | None = None) -> Adjoint:
    """Speak of dJ/dv, or of a part of it: as what a line claims, or as what it is given.

    Parameters
    ----------
    name, t
        The value v, as in `value`.
    via
        None is the whole adjoint. A name is the one contribution that comes through the value of
        that name; for a weight that is used in every step, through that value at the step at hand.
        `NEXT_STEP` is the sum of the contributions from the step after v's own, `THIS_STEP + 2`
        of those from two steps after it, `THIS_STEP - 1` from the step before it (of a pass against
        time), and `THIS_STEP` of those from v's own step; of a weight, which has none, THIS_STEP is
        the share of the step at hand.

    Raises
    ------
    TypeError
        If `name` is no string, `t` no whole number, or `via` neither a name nor a step.

    Examples
    --------
    >>> from minigrad import NEXT_STEP, adjoint
    >>> print(adjoint("a"), adjoint("a", t=-1, via="z_o"), adjoint("a", via=NEXT_STEP), sep="; ")
    dJ/da; dJ/da(t-1) via z_o; dJ/da, its part from step t+1
    """
    _require_name("adjoint", name)
    _require_step("adjoint", t)
    if not (via is None or isinstance(via, str | Step)):
        raise TypeError(
            "adjoint: expected via='a name' or a step such as NEXT_STEP or THIS_STEP - 1, "
            f"got {via!r}"
        )
    return Adjoint(name, t, via)


def _distance(t: int | AllSteps) -> str:
    if isinstance(t, AllSteps):
        return f" at {t.value}"
    return f"({_at(t)})" if t else ""


def _at(t: int) -> str:
    return f"t{t:+d}" if t else "t"


def _require_name(function: str, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise TypeError(f"{function}: expected a name such as 'z_f', got {name!r}")


def _require_step(function: str, t: object) -> None:
    if t is not ALL_STEPS and (isinstance(t, bool) or not isinstance(t, int)):
        raise TypeError(
            f"{function}: expected t in steps from the one at hand, such as -1, or ALL_STEPS, "
            f"got {t!r}"
        )
