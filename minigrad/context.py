"""What holds for the code at hand: is it recorded, at which step, in which scope.

The settings are an immutable chain, a link for each `with` block, in a variable of `contextvars`:
a thread starts with nothing set, an asyncio task with what is set where it is started, and neither
sees what another sets later. For whom a block holds is told in `no_grad`.

Python gives a generator no context of its own. But the frame of one that has stopped has no caller,
and so its blocks can be left out as long as it rests.
"""

import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any


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


class Settings:
    """What holds inside of some blocks: a link for the innermost one to what holds outside of it.

    Attributes
    ----------
    recording
        Whether a graph is made.
    differentiating
        Who evaluates the code at hand, to differentiate it; None outside of all transforms.
    step, scope
        What names given here are qualified by.
    observer
        The Observer at work.
    outer, block
        What holds outside of the innermost block, and that block; None where there is none.
    generator
        The frame of the generator that has entered the block, if it was one.
    may_rest
        Whether a generator has entered any of the blocks.
    """

    __slots__ = (
        *("recording", "differentiating", "step", "scope", "observer"),
        *("outer", "block", "generator", "may_rest"),
    )

    def __init__(
        self,
        recording: bool = True,
        differentiating: Any = None,
        step: int | None = None,
        scope: str = "",
        observer: Any = None,
        outer: Any = None,
        block: Any = None,
        generator: FrameType | None = None,
        may_rest: bool = False,
    ) -> None:
        self.recording = recording
        self.differentiating = differentiating
        self.step = step
        self.scope = scope
        self.observer = observer
        self.outer: Settings = outer
        self.block: setting = block
        self.generator = generator
        self.may_rest = may_rest

    def inside(self, block: "setting", generator: FrameType | None) -> "Settings":
        """What holds inside of one block more."""
        inner = Settings(
            self.recording,
            self.differentiating,
            self.step,
            self.scope,
            self.observer,
            self,
            block,
            generator,
            self.may_rest or generator is not None,
        )
        setattr(inner, block.name, block.value(self))
        return inner

    def entered(self, block: "setting", generator: FrameType | None) -> "Settings":
        """Enter a block. A generator at rest will go on inside of it: its blocks stay innermost."""
        if self.may_rest and self._rests():
            return self.outer.entered(block, generator).inside(self.block, self.generator)
        return self.inside(block, generator)

    def left(self, block: "setting") -> "Settings":
        """Leave a block; what was entered since stays."""
        if self.block is None:  # it was entered by another thread or task
            return self
        if self.block is block and not self._rests():
            return self.outer
        return self.outer.left(block).inside(self.block, self.generator)

    def awake(self) -> "Settings":
        """Without the blocks of generators at rest."""
        if not self.may_rest:
            return self
        outer = self.outer.awake()
        if self._rests():
            return outer
        return self if outer is self.outer else outer.inside(self.block, self.generator)

    def _rests(self) -> bool:
        return self.generator is not None and self.generator.f_back is None


_OUTERMOST = Settings()
_settings = ContextVar("minigrad settings", default=_OUTERMOST)


def current() -> Settings:
    """What holds for the code that calls it."""
    settings = _settings.get()
    return settings.awake() if settings.may_rest else settings


# Generators that these run stop in the middle of a block so that it holds for others.
_HOLDING = ("contextlib", "_pytest.fixtures")
_IS_GENERATOR = 0x20  # inspect.CO_GENERATOR; to import inspect takes longer than minigrad may


def _generator(frame: FrameType | None) -> FrameType | None:
    """The frame of the generator that enters a block in this frame, or by what it calls there."""
    while frame is not None:
        if frame.f_code.co_flags & _IS_GENERATOR:
            if not _holds(frame.f_back):
                return frame
        elif not _holds(frame):
            return None
        frame = frame.f_back
    return None


def _holds(frame: FrameType | None) -> bool:
    return frame is not None and frame.f_globals.get("__name__") in _HOLDING


class setting:  # noqa: N801 - used as a function
    """Set one of the settings for a `with` block; it may be entered again inside of itself."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self._value = value

    def value(self, outer: Settings) -> Any:
        """The value inside of the block."""
        return self._value

    def __enter__(self) -> None:
        _settings.set(_settings.get().entered(self, _generator(sys._getframe(1))))

    def __exit__(self, *_: object) -> None:
        _settings.set(_settings.get().left(self))


class _Scope(setting):
    def value(self, outer: Settings) -> str:
        return f"{outer.scope}{self._value}."


def no_grad() -> setting:
    """Record nothing: what is computed inside has no graph and needs no gradient.

    Notes
    -----
    This holds, as `step` and `scope` do, for the thread or the asyncio task that enters the block,
    and for the tasks that it starts inside. A generator that yields inside of the block takes it
    with it until it goes on: its caller records as before. Only where the generator makes a context
    manager (`contextlib`) or a pytest fixture does the block hold for the caller too, and where it
    is asynchronous, for its task. Blocks may end in any order: each ends what it set itself.

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
    """Let what is named inside belong to time step `t`; see `no_grad` for whom it holds.

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
    """Qualify the names given inside, so that a block can be used twice; see `no_grad` for whom.

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
    return _Scope("scope", name)
