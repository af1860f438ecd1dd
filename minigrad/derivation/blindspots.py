"""What the data at hand can't tell apart, so that a wrong line may pass or be misread."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from minigrad.backprop import graph
from minigrad.derivation.truth import Truth
from minigrad.tensor import Array

_RANDOM = "take random values"


def blind_spots(truth: Truth) -> tuple[str, ...]:
    """What can't be told apart, and what data would."""
    return tuple(_blind_spots(truth))


def _blind_spots(truth: Truth) -> Iterator[str]:
    parameters = {
        name: truth.values[name, t]
        for (name, t), x in truth.flow.values.items()
        if t is None and x._operation is None and x.requires_grad
    }
    square = [n for n, x in parameters.items() if x.ndim == 2 and x.shape[0] == x.shape[1] > 1]
    if square:
        yield (
            f"{', '.join(square)}: square, so a forgotten transpose shows in the values but not "
            "in the shapes; where the model allows it, take sizes that all differ"
        )
    symmetric = [n for n in square if np.array_equal(parameters[n], parameters[n].T)]
    if symmetric:
        yield f"{', '.join(symmetric)}: symmetric, so a transpose changes nothing; {_RANDOM}"
    if truth.batch == 1:
        yield "B = 1: a sum over the batch can't be told from none; take several columns"
    yield from _few_steps(len([t for t in truth.steps if t > 0]))
    yield from _coincidences(truth, parameters)
    for name in _constants(truth):
        yield from _labels(truth, name)
    zero = [n for n, arrays in truth.by_name().items() if not any(map(np.any, arrays))]
    if zero:
        yield f"{', '.join(zero)}: zero, so a factor or term with it can't be seen; {_RANDOM}"
    yield from _zero_states(truth, zero)
    alike = [n for n, arrays in truth.adjoints_by_name().items() if all(map(_is_constant, arrays))]
    if alike:
        yield (
            f"{', '.join(f'dJ/d{n}' for n in alike)}: all entries equal, so which of them goes "
            "where can't be seen; let J weight them"
        )
    names = list(parameters)
    for i, name in enumerate(names):
        same = [n for n in names[i + 1 :] if np.array_equal(parameters[n], parameters[name])]
        if same and name not in zero:
            yield f"{name} equals {', '.join(same)}: they can't be told apart; {_RANDOM}"


def _few_steps(T: int) -> Iterator[str]:
    if T == 1:
        yield (
            "T = 1: the share of a step can't be told from the sum over all, and nothing flows "
            "from a next step; take several steps"
        )
    if T == 2:
        yield (
            "T = 2: every step is the first or the last, so what holds in between can't be seen, "
            "and a factor T can't be told from 2; take three steps or more"
        )


def _coincidences(truth: Truth, parameters: Mapping[str, Array]) -> Iterator[str]:
    """Sizes that are equal by chance, of which one may be written for the other."""
    counts = {"T": len([t for t in truth.steps if t > 0]), "B": truth.batch}
    axes = {
        f"axis {axis} of {name}": n
        for name, x in parameters.items()
        for axis, n in enumerate(x.shape)
    }
    for n in sorted({n for n in counts.values() if n is not None and n > 1}):
        a, *rest = [what for what, m in counts.items() if m == n]
        alike = [a, *rest, *[what for what, m in axes.items() if m == n][:1]]
        if len(alike) > 1:
            both = "both" if len(alike) == 2 else "all"
            yield (
                f"1/{a}, or 1/{n} for {' or for '.join(alike[1:])}: {both} are {n}, so a factor "
                "or a sum of the one can't be told from the other's; take sizes that all differ"
            )


def _zero_states(truth: Truth, zero: Sequence[str]) -> Iterator[str]:
    """What is zero at the start alone, with a name or without one."""
    flow = truth.flow
    named = [
        f"{name} at step {t}"
        for (name, t), x in truth.values.items()
        if t is not None
        and x.ndim
        and not x.any()
        and name not in zero
        and t == min(s for n, s in truth.values if n == name and s is not None)
    ]
    unnamed = {
        f"zeros of shape {x.shape} made in the model"
        for x in graph(flow.J, constants=True)
        if x._operation is None and x._name is None and x.ndim and not x._data.any()
        if x.dtype.kind == "f"
    }
    for what in (*named, *sorted(unnamed)):
        yield (
            f"{what}: a factor or term with it can't be seen at the first step; start from "
            "random values"
        )


def _is_constant(x: Array) -> bool:
    return x.size > 1 and float(np.ptp(x)) == 0 and bool(x.any())


def _constants(truth: Truth) -> list[str]:
    return list(dict.fromkeys(n for (n, t), x in truth.flow.values.items() if not x.requires_grad))


def _labels(truth: Truth, name: str) -> Iterator[str]:
    arrays = truth.by_name()[name]
    if any(x.ndim < 2 or x.dtype.kind != "f" for x in arrays):
        return
    for axis in (0, -1):
        if all(np.allclose(x.sum(axis), 1) for x in arrays):
            if all(np.isin(x, (0, 1)).all() for x in arrays):
                yield (
                    f"{name} is one-hot: {name} can't be told from {name}^2, nor sum({name}) "
                    "from 1; take labels that are positive numbers of any sum"
                )
            return
