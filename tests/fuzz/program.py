"""A program as data: leaves and instructions, which can be computed by NumPy and written down."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Label = tuple[str, int | None]


@dataclass(frozen=True)
class Leaf:
    """What the program starts from: a parameter to differentiate by, or a constant."""

    data: Array
    is_parameter: bool = False
    name: str | None = None
    t: int | None = None
    origin: int = 0

    reads = ()


@dataclass(frozen=True)
class Instruction:
    """A value that is computed.

    Attributes
    ----------
    text
        An expression in Python, in which `{0}`, `{1}`, ... stand for what it reads. What `np`, `mg`
        and `OPERATIONS` mean in it is up to who computes it.
    reads
        The places of what it reads in the program.
    name, t
        What the value is called, and its step.
    origin
        Instructions of other steps that do the same have the same.
    """

    text: str
    reads: tuple[int, ...]
    name: str | None = None
    t: int | None = None
    origin: int = 0

    def written(self, names: Mapping[int, str]) -> str:
        """The expression, with a name for each value that it reads."""
        return self.text.format(*(names[read] for read in self.reads))


Node = Leaf | Instruction
# What is read comes before who reads it. The last is J, a single number.
Program = tuple[Node, ...]


def compute(node: Node, values: Sequence[Any], namespace: Mapping[str, Any]) -> Any:
    """The value of one instruction, from those before it."""
    if isinstance(node, Leaf):
        return node.data
    return eval(_compiled(node), {**namespace, "v": values})


@lru_cache(1000)
def _compiled(node: Instruction) -> Any:
    names = {read: f"v[{read}]" for read in node.reads}
    return compile(node.written(names), "<instruction>", "eval")


def without_the_dead(nodes: Sequence[Node], result: int) -> Program:
    """The program that computes one of the values, and nothing else."""
    needed = {result}
    for i in range(result, -1, -1):
        if i in needed:
            needed.update(nodes[i].reads)
    kept = sorted(needed)
    places = {old: new for new, old in enumerate(kept)}

    def moved(node: Node) -> Node:
        if isinstance(node, Leaf):
            return node
        return replace(node, reads=tuple(places[read] for read in node.reads))

    return tuple(moved(nodes[i]) for i in kept)


def parameters(program: Program) -> list[int]:
    """The places of the leaves to differentiate by."""
    return [i for i, x in enumerate(program) if isinstance(x, Leaf) and x.is_parameter]


def differentiable(program: Program) -> set[int]:
    """The places of what is computed from a parameter."""
    found = set(parameters(program))
    for i, node in enumerate(program):
        if not found.isdisjoint(node.reads):
            found.add(i)
    return found


def labels(program: Program) -> dict[int, Label]:
    """The names and steps of the values that have a name, and of J."""
    last = len(program) - 1
    named = {i: (x.name, x.t) for i, x in enumerate(program) if x.name is not None}
    return {last: ("J", program[last].t), **named}


# --- as a person would write it -------------------------------------------------------------------


def source(program: Program) -> str:
    """A Python function of the parameters that gives J, and the arrays to call it with."""
    given = parameters(program)
    names = {i: f"v{i}" for i in range(len(program))}
    arguments = ", ".join(names[i] for i in given)
    lines = [
        "import numpy as np",
        "import minigrad as mg",
        *(["from minigrad.tensor import OPERATIONS"] if _uses_the_table(program) else []),
        "",
        "",
        f"def program({arguments}):",
        *(f"    {line}" for line in _statements(program, names)),
        f"    return {names[len(program) - 1]}",
        "",
        "",
        "arrays = [",
        *(f"    {written_array(program[i].data)}," for i in given),  # type: ignore[union-attr]
        "]",
    ]
    return "\n".join(lines) + "\n"


def _statements(program: Program, names: Mapping[int, str]) -> Iterator[str]:
    for t, nodes in groupby(enumerate(program), key=lambda node: node[1].t):
        block = [line for i, node in nodes if (line := _statement(node, i, names))]
        if t is None or not block:
            yield from block
        else:
            yield f"with mg.step({t}):"
            yield from (f"    {line}" for line in block)


def _statement(node: Node, i: int, names: Mapping[int, str]) -> str:
    if isinstance(node, Instruction):
        value = node.written(names)
        return f"{names[i]} = " + (f"({value}).named({node.name!r})" if node.name else value)
    if node.is_parameter:
        return f"{names[i]}.named({node.name!r})" if node.name else ""
    name = f", name={node.name!r}" if node.name else ""
    return f"{names[i]} = mg.tensor({written_array(node.data)}{name})"


def _uses_the_table(program: Program) -> bool:
    return any(isinstance(x, Instruction) and "OPERATIONS" in x.text for x in program)


def written_array(x: Array) -> str:
    if not x.size:
        return f"np.zeros({x.shape}, {x.dtype.name!r})"
    return f"np.array({x.tolist()})"


def function_of(program: Program) -> Callable[..., Any]:
    """The program as a function of tensors, by the source that a person is shown."""
    namespace: dict[str, Any] = {}
    exec(source(program), namespace)
    made: Callable[..., Any] = namespace["program"]
    return made
