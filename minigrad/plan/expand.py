"""A pass that writes large operations in smaller ones, so that they can share what is alike."""

from collections.abc import Callable

from minigrad.operations.elementwise import astype
from minigrad.operations.reduction import one_hot
from minigrad.plan.axes import reduced_axes
from minigrad.plan.graph import Plan, Step, apply, derived


def expand(plan: Plan) -> Plan:
    """Write the softmax family in exp, sum and the like: a loss and its gradient share the most."""

    def rule(step: Step, inputs: list[Step]) -> Step | None:
        if step.kind not in EXPANSIONS or inputs[0].dtype != step.dtype:
            return None
        new = EXPANSIONS[step.kind](step, inputs)
        new.name, new.t = step.name, step.t
        return new

    return plan.rewrite(rule)


def _elementwise(name: str, step: Step, *inputs: Step) -> Step:
    new = apply(name, inputs, step.shape)
    new.lead = step.lead
    return new


def _reduced(name: str, x: Step, axes: tuple[int, ...]) -> Step:
    shape = tuple(1 if i in axes else n for i, n in enumerate(x.shape))
    new = apply(name, [x], shape, axis=axes, keepdims=True)
    new.lead = x.lead
    return new


def _exponentials(x: Step, step: Step) -> tuple[Step, Step, Step]:
    """x - max x along the axes of `step`, its exponential, and the sum of that."""
    axes = reduced_axes(step)
    less = _elementwise("subtract", x, x, _reduced("max", x, axes))
    e = _elementwise("exp", x, less)
    return less, e, _reduced("sum", e, axes)


def _softmax(step: Step, inputs: list[Step]) -> Step:
    _, e, total = _exponentials(inputs[0], step)
    return _elementwise("divide", inputs[0], e, total)


def _log_softmax(step: Step, inputs: list[Step]) -> Step:
    less, _, total = _exponentials(inputs[0], step)
    return _elementwise("subtract", inputs[0], less, _elementwise("log", total, total))


def _distributions(labels: Step, z: Step, step: Step) -> Step:
    """Labels as distributions, by the steps that the gradient has."""
    if labels.dtype == z.dtype:
        return labels
    if labels.dtype.kind not in "iu" or len(labels.shape) == len(z.shape):
        new = derived(astype, [labels], z.shape, {"dtype": z.dtype})
    else:
        axis = step.parameters["axis"]
        parameters = {"classes": z.shape[axis], "axis": axis, "dtype": z.dtype}
        new = derived(one_hot, [labels], z.shape, parameters)
    new.dtype = z.dtype
    return new


def _softmax_cross_entropy(step: Step, inputs: list[Step]) -> Step:
    z, labels = inputs
    log_p = _log_softmax(step, [z])
    weighted = _elementwise("multiply", z, _distributions(labels, z, step), log_p)
    total = apply("sum", [weighted], step.shape, axis=step.parameters["axis"])
    total.lead = step.lead
    return _elementwise("negative", step, total)


EXPANSIONS: dict[str, Callable[[Step, list[Step]], Step]] = {
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "softmax_cross_entropy": _softmax_cross_entropy,
}
