"""What a line of a derivation speaks of: a named value, or an adjoint, whole or in part."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias


class Steps(Enum):
    """Time steps other than a fixed distance from the step at hand."""

    THIS_STEP = "this step"
    NEXT_STEP = "the next step"
    ALL_STEPS = "all steps"

    def __repr__(self) -> str:
        return self.name


THIS_STEP, NEXT_STEP, ALL_STEPS = Steps.THIS_STEP, Steps.NEXT_STEP, Steps.ALL_STEPS


@dataclass(frozen=True)
class Value:
    """A named value, `t` steps from the step at hand; see `value`."""

    name: str
    t: int | Steps = 0

    def __str__(self) -> str:
        return self.name + _distance(self.t)


@dataclass(frozen=True)
class Adjoint:
    """The adjoint of a named value, or a part of the sum that it is; see `adjoint`."""

    name: str
    t: int | Steps = 0
    via: str | Steps | None = None

    def __str__(self) -> str:
        whole = f"dJ/d{self.name}{_distance(self.t)}"
        if self.via is None:
            return whole
        return f"{whole} {'from' if isinstance(self.via, Steps) else 'via'} {spelled(self.via)}"


Claim: TypeAlias = Value | Adjoint


def value(name: str, t: int | Steps = 0) -> Value:
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


def adjoint(name: str, t: int | Steps = 0, via: str | Steps | None = None) -> Adjoint:
    """Speak of dJ/dv, or of a part of it: as what a line claims, or as what it is given.

    Parameters
    ----------
    name, t
        The value v, as in `value`.
    via
        None is the whole adjoint. A name is the one contribution that comes through the value of
        that name; for a weight that is used in every step, through that value at the step at hand.
        `NEXT_STEP` is the sum of the contributions from the step after v's own, `THIS_STEP` of
        those from v's own step; of a weight, which has none, THIS_STEP is the share of the step at
        hand.

    Raises
    ------
    TypeError
        If `name` is no string, `t` no whole number, or `via` neither a name nor one of the two.

    Examples
    --------
    >>> from minigrad import NEXT_STEP, adjoint
    >>> print(adjoint("a"), adjoint("a", t=-1, via="z_o"), adjoint("a", via=NEXT_STEP), sep="; ")
    dJ/da; dJ/da(t-1) via z_o; dJ/da from the next step
    """
    _require_name("adjoint", name)
    _require_step("adjoint", t)
    if via is ALL_STEPS or not (via is None or isinstance(via, str | Steps)):
        raise TypeError(f"adjoint: expected via='a name', NEXT_STEP or THIS_STEP, got {via!r}")
    return Adjoint(name, t, via)


def spelled(via: str | Steps) -> str:
    """A part of a sum, in words."""
    return via.value if isinstance(via, Steps) else via


def _distance(t: int | Steps) -> str:
    if isinstance(t, Steps):
        return f" at {t.value}"
    return f"(t{t:+d})" if t else ""


def _require_name(function: str, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise TypeError(f"{function}: expected a name such as 'z_f', got {name!r}")


def _require_step(function: str, t: object) -> None:
    if t is not ALL_STEPS and (isinstance(t, bool) or not isinstance(t, int)):
        raise TypeError(
            f"{function}: expected t in steps from the one at hand, such as -1, or ALL_STEPS, "
            f"got {t!r}"
        )
