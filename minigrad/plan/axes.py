"""The parameters of a step that are axes, in one form: none negative, none left out."""

from minigrad.axes import axes_of, permutation_of
from minigrad.plan.graph import Step


def permutation(step: Step) -> list[int]:
    """Where each axis of a transpose comes from."""
    return list(permutation_of(step.parameters["axes"], len(step.shape)))


def is_matrix_transpose(step: Step) -> bool:
    """Whether it turns the rows of a matrix into columns."""
    return step.kind == "transpose" and permutation(step) == [1, 0]


def reduced_axes(step: Step) -> tuple[int, ...]:
    """The axes of its input that a reduction, or a step of the softmax family, goes over."""
    n = len(step.inputs[0].shape)
    return axes_of(step.parameters["axis"] if n else None, n)
