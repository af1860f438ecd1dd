"""The parameters of a step that are axes, in one form: none negative, none left out."""

from typing import Any

from minigrad.plan.graph import Step


def permutation(step: Step) -> list[int]:
    """Where each axis of a transpose comes from."""
    axes, n = step.parameters["axes"], len(step.shape)
    return [*range(n)][::-1] if axes is None else [axis % n for axis in axes]


def is_matrix_transpose(step: Step) -> bool:
    """Whether it turns the rows of a matrix into columns."""
    return step.kind == "transpose" and permutation(step) == [1, 0]


def reduced_axes(step: Step) -> tuple[int, ...]:
    """The axes of its input that a reduction, or a step of the softmax family, goes over."""
    axis, n = step.parameters["axis"], len(step.inputs[0].shape)
    axes = range(n) if axis is None or n == 0 else axis if isinstance(axis, tuple) else (axis,)
    return tuple(i % n for i in axes)


def is_basic(index: Any) -> bool:
    """Whether an index picks a view, and keeps the order of axes."""
    parts = index if type(index) is tuple else (index,)
    return all(p is None or p is Ellipsis or type(p) in (int, slice) for p in parts)
