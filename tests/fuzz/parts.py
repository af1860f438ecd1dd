"""What is held against the truth: every part of minigrad that a program goes through."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np

import minigrad as mg
from minigrad.writing.source.program import Program as SourceProgram
from tests.fuzz.generate import trusted
from tests.fuzz.program import Array, Leaf, Node, Program, function_of, parameters
from tests.fuzz.reference import Truth
from tests.fuzz.vocabulary import UnfitError
from tests.minigrad.writing.source.test_module import array_of, arrays_in

TOLERANCE = 1e-8


class MismatchError(Exception):
    """Something differs from the truth; `args` are what it is and the numbers."""


# What is refused by a documented, clear error, by words of its message.
REFUSALS = (
    "is not known while the function is traced",
    "an array that has no name is another at each step",
    "a leaf of shape",
    "is the name of values at steps, and also of the loss",
    "depend on each other within a step, here in one order",
    "would both be",
    "numpy_source: no loop",
)


class Case:
    """A program with its truth, and what minigrad makes of it, made when it is first asked for."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.program = program = truth.program
        self.function = function_of(program)
        self.places = parameters(program)
        self.arrays = arrays_of(program)
        self.slopes = [self.truth.adjoint(i) for i in self.places]
        self.J = self.truth.value(len(program) - 1)
        self.scale = scale_of([*self.slopes, self.J])

    @cached_property
    def value_and_grad(self) -> Callable[..., Any]:
        return mg.value_and_grad(self.function, range(len(self.places)))

    @cached_property
    def flow(self) -> mg.GradientFlow:
        leaves = [mg.tensor(x, requires_grad=True) for x in self.arrays]
        return mg.gradient_flow(self.function(*leaves))

    @cached_property
    def derivation(self) -> Any:
        return mg.derive(self.flow)

    def same(self, what: str, got: Any, expected: Array, scale: float = 0.0) -> None:
        """Raise if something is not what it should be.

        Parameters
        ----------
        scale
            Of numbers that it is computed from, where that is larger than those of the program.
        """
        got = np.asarray(got)
        if got.shape != expected.shape:
            raise MismatchError(f"{what}: shape", f"{got.shape} for {expected.shape}")
        if not np.allclose(got, expected, rtol=0, atol=TOLERANCE * max(scale, self.scale)):
            raise MismatchError(what, f"{got.tolist()}\nfor {expected.tolist()}")

    def gradients(self, got: Sequence[Any]) -> None:
        for slope, x in zip(self.slopes, got, strict=True):
            self.same("gradient", np.zeros(slope.shape) if x is None else x, slope)


def arrays_of(program: Program) -> list[Array]:
    """What the program's function is called with."""
    return [x.data for x in program if isinstance(x, Leaf) and x.is_parameter]


def scale_of(arrays: Sequence[Array]) -> float:
    return float(max(1.0, *(np.max(abs(x), initial=0) for x in arrays)))


# --- the parts ------------------------------------------------------------------------------------


def eager(case: Case) -> None:
    """The value, and the gradient by a transform and by `backward`."""
    J, gradients = case.value_and_grad(*case.arrays)
    case.same("value", np.reshape(J, ()), case.J.reshape(()))
    case.gradients(gradients)
    leaves = [mg.tensor(x, requires_grad=True) for x in case.arrays]
    case.function(*leaves).backward()
    case.gradients([x.grad for x in leaves])


def compiled(case: Case, fast: bool) -> None:
    """A plan, called with the arrays that it was traced on and with others."""
    step = mg.compile(case.value_and_grad, fast=fast)
    for at in (case, *elsewhere(case)):
        J, gradients = step(*at.arrays)
        at.same("value", np.reshape(J, ()), at.J.reshape(()))
        at.gradients(gradients)


def elsewhere(case: Case) -> Iterator[Case]:
    """The program at other parameters, where its truth can be trusted there."""
    with suppress(UnfitError):
        yield Case(trusted(tuple(map(_moved, case.program))))


def _moved(node: Node) -> Node:
    if isinstance(node, Leaf) and node.is_parameter:
        return replace(node, data=1.25 * node.data)
    return node


def flow(case: Case) -> None:
    """The adjoint of every named value, and its contributions: each, and their sum."""
    found, truth = case.flow, case.truth
    rng = np.random.default_rng(0)
    for i, label in truth.labels.items():
        expected = truth.adjoint(i)
        if label not in found.values and not expected.any():
            continue  # read by comparisons alone
        value = found.value(*label)
        case.same("named value", value.data, truth.value(i))
        if not value.requires_grad:
            continue
        parts = found.contributions(*label)
        scale = scale_of([expected, *(part.data for part in parts.values())])
        case.same("adjoint", found.adjoint(*label).data, expected, scale)
        if parts:
            total = sum(part.data for part in parts.values())
            case.same("sum of contributions", total, expected, scale)
        direction = np.asarray(rng.normal(size=expected.shape))
        for via, of in truth.labels.items():
            slope = truth.contribution(i, via, direction) if via > i else None
            part = parts[of].data if of in parts else np.zeros(expected.shape)
            shape = f"contribution: shape {part.shape} for {expected.shape}"
            if part.shape != expected.shape:
                raise MismatchError("contribution: shape", shape)
            along = np.asarray(np.sum(part * direction))
            case.same("contribution", along, np.asarray(slope or 0.0), scale)


def derive(case: Case) -> None:
    """Its own lines are right, each alone and chained."""
    for chained in (False, True):
        report = case.derivation.check(case.flow, chained=chained)
        if not report.ok:
            wrong = "\n".join(f"{line.claim}: {line.diagnosis}" for line in report.wrong)
            raise MismatchError("own line marked wrong" + " when chained" * chained, wrong)


def written(case: Case) -> None:
    """It is printed in every format, and every line is explained."""
    derivation = case.derivation
    for text in (derivation.text(), derivation.latex(), derivation.markdown()):
        if not text.strip():
            raise MismatchError("nothing is written", "")
    latex = derivation.latex(fragment=True).replace(r"\{", "").replace(r"\}", "")
    if latex.count("{") != latex.count("}"):
        raise MismatchError("braces in LaTeX", latex)
    for line in derivation.lines:
        line.explain()


def source(case: Case) -> None:
    """The module of NumPy, run on the program's arrays."""
    derivation = case.derivation
    places = {label: i for i, label in case.truth.labels.items()}
    namespace: dict[str, Any] = {}
    text = derivation.numpy_source()
    try:
        exec(text, namespace)
        given, wanted = _arguments(derivation, case.truth, places)
        J, found = namespace["gradients"](**given)
    except Exception as error:
        raise MismatchError(f"{type(error).__name__} when it is run", str(error)) from error
    case.same("value", np.reshape(J, ()), case.J.reshape(()))
    if found.keys() != wanted.keys():
        raise MismatchError("names of gradients", f"{[*found]} for {[*wanted]}")
    for name, expected in wanted.items():
        for x, y in zip(arrays_in(found[name]), arrays_in(expected), strict=True):
            case.same("gradient", x, np.asarray(y))


def _arguments(
    derivation: Any, truth: Truth, places: Mapping[Any, int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the written function is given, and the gradients that it should give."""

    class Plain:
        def __init__(self, data: Array) -> None:
            self.data = data

    def value(name: str, t: int | None) -> Any:
        node = truth.program[places[name, t]]
        return Plain(node.data if isinstance(node, Leaf) else truth.value(places[name, t]))

    def adjoint(name: str, t: int | None) -> Any:
        return Plain(truth.adjoint(places[name, t]))

    given, wanted = {}, {}
    for argument in SourceProgram(derivation.model).arguments:
        given[argument.name] = array_of(argument, value)
        steps = argument.steps or (None,)
        if any(places[argument.leaf.name, t] in truth.differentiable for t in steps):
            wanted[argument.name] = array_of(argument, adjoint)
    return given, wanted


def draw(case: Case) -> None:
    """Pictures of the graph and of the flow, in DOT and in SVG."""
    for what in (case.flow, case.flow.J):
        drawing = mg.draw(what)
        if not drawing.source.startswith("digraph"):
            raise MismatchError("DOT", drawing.source)
        ET.fromstring(drawing.svg())


PARTS: dict[str, Callable[[Case], None]] = {
    "eager": eager,
    "compiled": lambda case: compiled(case, fast=False),
    "fast": lambda case: compiled(case, fast=True),
    "flow": flow,
    "derive": derive,
    "written": written,
    "source": source,
    "draw": draw,
}
# What a person types after the program to see what a part has found.
STATEMENTS = {
    "eager": "mg.value_and_grad(program, range(len(arrays)))(*arrays)",
    "compiled": "mg.compile(mg.value_and_grad(program, range(len(arrays))), fast=False)(*arrays)",
    "fast": "mg.compile(mg.value_and_grad(program, range(len(arrays))), fast=True)(*arrays)",
    "flow": "flow",
    "derive": "mg.derive(flow).check(flow, chained=True)",
    "written": "mg.derive(flow).latex()",
    "source": "mg.derive(flow).numpy_source()",
    "draw": "mg.draw(flow).svg()",
}
FLOW = "flow = mg.gradient_flow(program(*(mg.tensor(x, requires_grad=True) for x in arrays)))\n"


def ending(part: str) -> str:
    """What stands below a program, so that it shows what a part has found."""
    flow = FLOW if "flow" in STATEMENTS[part] else ""
    return f"{flow}print({STATEMENTS[part]})\n"
