"""What holds for the code at hand: is it recorded, at which step, in which scope."""

import threading
from collections.abc import Callable
from typing import Any


class _Context(threading.local):
    """The settings of one thread; the class attributes are what a new thread starts with."""

    recording: bool = True
    differentiating: Any = None  # who evaluates the code at hand, to differentiate it
    step: int | None = None
    scope: str = ""
    observer: Any = None  # the Observer at work


context = _Context()


class Observer:
    """Is told of every operation, and of what a backward pass does. Alone, it changes nothing.

    Attributes
    ----------
    node
        The value whose rules are at work, while a backward pass runs.
    """

    node: Any = None

    def forward_of(self, operation: Any, inputs: Any) -> Callable[..., Any]:
        """What computes the operation's value."""
        return operation.forward  # type: ignore[no-any-return]

    def computed(self, y: Any, operation: Any, inputs: Any, parameters: Any) -> None:
        """An operation has given `y`."""

    def pulled_back(self, contribution: Any, x: Any) -> None:
        """A rule of `node` has given a contribution to the adjoint of its input `x`."""

    def hides(self, x: Any) -> bool:
        """Whether the array of `x` only stands in for a value."""
        return False


class setting:  # noqa: N801 - used as a function
    """Set one of the context's settings for a `with` block."""

    def __init__(self, name: str, value: Any) -> None:
        self._name, self._value = name, value
        self._before: list[Any] = []  # one may be entered again inside of itself

    def __enter__(self) -> None:
        self._before.append(getattr(context, self._name))
        setattr(context, self._name, self._value)

    def __exit__(self, *_: object) -> None:
        setattr(context, self._name, self._before.pop())


def no_grad() -> setting:
    """Record nothing: what is computed inside has no graph and needs no gradient.

    Examples
    --------
    >>> import minigrad as mg
    >>> x = mg.tensor(3.0, requires_grad=True)
    >>> with mg.no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """
    return setting("recording", False)


def step(t: int) -> setting:
    """Let what is named inside belong to time step `t`.

    Parameters
    ----------
    t
        The step. Steps count from 1; step 0 holds the initial states, and of a pass against time
        the step after the last.

    Raises
    ------
    ValueError
        If `t` is not a whole number from 0 on.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.step(3):
    ...     a = mg.tensor([1.0, 2.0], name="a")
    >>> a.name, a.t
    ('a', 3)
    """
    if isinstance(t, bool) or not hasattr(t, "__index__") or t.__index__() < 0:
        raise ValueError(f"step: expected a whole number from 0 on, got {t!r}")
    return setting("step", t.__index__())


def scope(name: str) -> setting:
    """Qualify the names given inside, so that a block can be used twice in one model.

    Parameters
    ----------
    name
        Goes before the names, with a dot between. Scopes nest.

    Raises
    ------
    ValueError
        If `name` is empty or not a string.

    Examples
    --------
    >>> import minigrad as mg
    >>> with mg.scope("layer1"):
    ...     z = mg.tensor([1.0, 2.0], name="z")
    >>> z.name
    'layer1.z'
    """
    if not isinstance(name, str) or not name:
        raise ValueError(f"scope: expected a name, got {name!r}")
    return setting("scope", f"{context.scope}{name}.")
