"""Try parts on programs, and find the smallest program that shows what was found."""

import traceback
import warnings
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from tests.fuzz.generate import random_program, trusted
from tests.fuzz.parts import PARTS, REFUSALS, Case, MismatchError, ending
from tests.fuzz.program import (
    Array,
    Instruction,
    Leaf,
    Node,
    Program,
    differentiable,
    source,
    without_the_dead,
)
from tests.fuzz.reference import Truth
from tests.fuzz.vocabulary import UnfitError

MOST_TRIALS = 300  # of smaller programs, for one fault


@dataclass(frozen=True)
class Fault:
    """What a part has found.

    Attributes
    ----------
    kind
        What it is and where it was raised, with nothing in it of the program at hand.
    is_refusal
        Whether it is a documented error.
    """

    part: str
    kind: str
    message: str
    is_refusal: bool = False


def fault_of(part: str, case: Case) -> Fault | None:
    """Try a part; None if it agrees with the truth."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            PARTS[part](case)
    except MismatchError as error:
        what, message = error.args
        return Fault(part, f"{part}: {what}", message)
    except Exception as error:
        message = str(error)
        words = next((words for words in REFUSALS if words in message), "")
        if words:
            return Fault(part, f"{part}: {words}", message, is_refusal=True)
        place = traceback.extract_tb(error.__traceback__)
        ours = [frame for frame in place if "/minigrad/" in frame.filename] or place
        where = f"{ours[-1].filename.rpartition('/minigrad/')[2]}, {ours[-1].name}"
        return Fault(part, f"{type(error).__name__} in {where}", message)
    return None


def faults(seed: Sequence[int], parts: Collection[str]) -> Iterator[tuple[Fault, Program]]:
    """What parts find of one random program, each kind once."""
    case = Case(random_program(seed))
    known: set[str] = set()
    for part in parts:
        fault = fault_of(part, case)
        if fault is not None and fault.kind not in known:
            known.add(fault.kind)
            yield fault, case.program


# --- the smallest ---------------------------------------------------------------------------------


def smallest(program: Program, fault: Fault) -> tuple[Program, Fault]:
    """The smallest program found in which a part finds the same, and what it finds there."""
    truth, start, trials = Truth(program), 0, 0
    while trials < MOST_TRIALS:
        for place, candidate in islice(enumerate(_smaller(truth)), start, None):
            try:
                smaller = trusted(candidate)
            except UnfitError:
                continue
            trials += 1
            again = fault_of(fault.part, Case(smaller))
            if again is not None and again.kind == fault.kind:
                truth, fault, start = smaller, again, place  # what came before was in vain
                break
        else:
            if not start:
                break
            start = 0
    return truth.program, fault


def _smaller(truth: Truth) -> Iterator[Program]:
    """Smaller programs, those that drop the most first."""
    program = truth.program
    last = len(program) - 1
    depends = differentiable(program)

    def as_leaf(i: int) -> Node:
        data = np.array(truth.value(i)) if truth.values[i].dtype.kind == "c" else truth.values[i]
        return Leaf(data, i in depends, program[i].name, program[i].t, program[i].origin)

    by_origin: dict[int, list[int]] = {}
    for i, node in enumerate(program[:last]):
        if isinstance(node, Instruction):
            by_origin.setdefault(node.origin, []).append(i)
    places = sorted(by_origin.values(), key=max, reverse=True)
    for group in [*(g for g in places if len(g) > 1), *([i] for g in places for i in g)]:
        yield _changed(program, {i: as_leaf(i) for i in group})
    for i, node in reversed([*enumerate(program)]):
        for read in node.reads:
            if truth.values[read].shape == truth.values[i].shape:
                yield _without(program, i, read)
    yield from _simpler(program)


def _changed(program: Program, nodes: dict[int, Node]) -> Program:
    return without_the_dead([nodes.get(i, x) for i, x in enumerate(program)], len(program) - 1)


def _without(program: Program, i: int, instead: int) -> Program:
    """The program in which another value is read instead of one."""

    def reading(node: Node) -> Node:
        if isinstance(node, Leaf):
            return node
        return replace(node, reads=tuple(instead if read == i else read for read in node.reads))

    is_last = i == len(program) - 1
    return without_the_dead([*map(reading, program)], instead if is_last else len(program) - 1)


def _simpler(program: Program) -> Iterator[Program]:
    """Programs of as many nodes, each of which has less about it."""
    changes: list[Callable[[Node], Node]] = [
        lambda node: replace(node, name=None, t=None),
        lambda node: replace(node, t=None),
        lambda node: replace(node, is_parameter=False) if isinstance(node, Leaf) else node,
        lambda node: replace(node, data=_rounded(node.data)) if isinstance(node, Leaf) else node,
    ]
    for i, node in enumerate(program):
        for change in changes:
            simpler = change(node)
            if _sketch(simpler) != _sketch(node):
                yield _changed(program, {i: simpler})


def _rounded(x: Array) -> Array:
    """Whole numbers where they are not zero, at which much is undefined."""
    return np.where(abs(x) < 0.5, x, np.round(x)).astype(x.dtype)


def _sketch(node: Node) -> str:
    """A text that tells nodes apart."""
    return f"{node} {node.data.tolist()}" if isinstance(node, Leaf) else f"{node}"


def shown(program: Program, fault: Fault) -> str:
    """A program that can be run and shows what was found."""
    return f"{source(program)}{ending(fault.part)}"
