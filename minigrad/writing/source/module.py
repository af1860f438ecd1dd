"""A Python module that computes J and every gradient, as a person would write it in NumPy."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from minigrad.tensor import Array
from minigrad.writing.source.arguments import Argument
from minigrad.writing.source.backward import Backward
from minigrad.writing.source.program import Block, Program, Statement
from minigrad.writing.source.python_text import helpers, identifier, in_docstring
from minigrad.writing.source.sizes import required, requirements
from minigrad.writing.source.wrapping import WIDTH, comment_lines, statement_lines
from minigrad.writing.steps import condition, number, range_over
from minigrad.writing.structure import Model


def numpy_source(model: Model) -> str:
    """The module of a model; see `WrittenDerivation.numpy_source`."""
    program = Program(model)
    backward = Backward(program)
    blocks = [*program.forward(), *backward.blocks]
    functions = helpers(s.source for block in blocks for s in (*block.setup, *block.statements))
    # Helper functions are those of the table, which take arrays.
    numbers = [a.name for a in program.arguments if a.shape == () and not a.is_by_step]
    arrays = [f"    {name} = np.asarray({name})" for name in numbers if functions]
    body = "\n".join([*arrays, _body(program, blocks, backward.results)])
    functions += required(body)
    constants = [f"{identifier(name)} = {_array(array)}" for name, array in model.arrays.items()]
    parts = [
        f'"""{in_docstring(model.J)} and its gradients, by the derivation that minigrad wrote."""',
        "import numpy as np",
        *constants,
        *(f"\n{function}" for function in functions),
        f"\n{_signature(program.arguments)}\n{_docstring(program)}\n{body}",
    ]
    return "\n\n".join(parts) + "\n"


def _array(array: Array) -> str:
    """An array of the program, with all of its elements."""
    if not array.size:
        return f"np.empty({array.shape}, np.{array.dtype})"
    elements = np.array2string(array, separator=", ", threshold=array.size + 1, floatmode="unique")
    in_numpy = re.sub("inf|nan", lambda name: f"np.{name[0]}", elements)
    return f"np.array({in_numpy})"


def _signature(arguments: Sequence[Argument]) -> str:
    names = ", ".join(["*", *(argument.name for argument in arguments)])
    line = f"def gradients({names}):"
    if len(line) <= WIDTH:
        return line
    indent = " " * 4
    names = textwrap.fill(
        names, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False
    )
    return f"def gradients(\n{names}\n):"


def _docstring(p: Program) -> str:
    """What the function takes and gives."""
    shapes = []
    for argument in p.arguments:
        in_front = ("T",) if argument.first is not None and not argument.is_by_step else ()
        shape = ", ".join(map(str, (*in_front, *argument.leaf.shape))) or "a number"
        steps = ", ".join(map(str, argument.steps))
        if argument.is_by_step:
            shape += f" at each of the steps {steps}, in a dict"
        elif argument.steps and argument.first is None and argument.steps[0] >= p.model.steps[-1]:
            shape += f" at step {number(argument.steps[0], p.last)}"
        shapes.append(f"    {argument.name}: {shape}")
    J = in_docstring(p.model.J)
    return "\n".join(
        [
            f'    """Compute {J} and its gradients, in the shapes of the arguments.',
            "",
            "    The shapes that it was derived with:",
            *shapes,
            '    """',
        ]
    )


def _body(p: Program, blocks: Sequence[Block], results: Mapping[str, str]) -> str:
    """The body of the function."""
    lines: list[str] = []
    for statement in requirements(p, blocks, results):
        source = statement.lstrip()
        lines += statement_lines(source, " " * (4 + len(statement) - len(source)))
    for block in blocks:
        lines += _written(block.setup, "    ")
        if block.steps is not None:
            lines.append(f"    for t in {range_over(block.steps, p.last, p.model.reach)}:")
        lines += _statements(p, block)
    gradients = [f'        "{name}": {value},' for name, value in results.items()]
    lines += [f"    return {identifier(p.model.J)}, {{", *gradients, "    }"]
    return "\n".join(lines)


def _statements(p: Program, block: Block) -> Iterator[str]:
    """The statements of a block; those that hold at the same steps only, under one condition."""
    if block.steps is None:
        yield from _written(block.statements, "    ")
        return
    indent = " " * 8
    left: set[int] = set()  # the steps at which the condition before does not hold
    for steps, group in groupby(_together(block.statements), key=lambda s: s.steps):
        needed = condition(steps, sorted(block.steps), p.last, p.model.reach)
        is_else = bool(needed) and set(steps) == left
        if needed:
            yield f"{indent}else:" if is_else else f"{indent}if {needed}:"
        yield from _written(group, f"{indent}    " if needed else indent)
        left = set(block.steps).difference(steps) if needed and not is_else else set()


def _together(statements: Iterable[Statement]) -> list[Statement]:
    """Those that hold at the same steps one after the other, if none between holds at these."""
    result: list[Statement] = []
    for s in statements:
        i = len(result)
        while i and s.steps and result[i - 1].steps and not {*s.steps} & {*result[i - 1].steps}:
            i -= 1
        is_alike = i > 0 and result[i - 1].steps == s.steps
        result.insert(i if is_alike else len(result), s)
    return result


def _written(statements: Iterable[Statement], indent: str) -> Iterator[str]:
    for s in statements:
        first, *rest = statement_lines(s.source, indent)
        if s.comment and not rest and len(first) + len(s.comment) + 4 <= WIDTH:
            first += f"  # {s.comment}"
        elif s.comment:
            yield from comment_lines(s.comment, indent)
        yield from (first, *rest)
