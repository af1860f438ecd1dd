"""A Python module that computes J and every gradient, as a person would write it in NumPy."""

import textwrap
from collections.abc import Iterable, Sequence

import numpy as np

from minigrad.tensor import Array
from minigrad.writing.program import Program, Statement
from minigrad.writing.python_text import helpers, identifier, in_docstring
from minigrad.writing.sizes import REQUIRE_SHAPE, fixed_sizes
from minigrad.writing.steps import condition
from minigrad.writing.structure import Model

WIDTH = 100


def numpy_source(model: Model) -> str:
    """The module of a model; see `WrittenDerivation.numpy_source`."""
    program = Program(model)
    body = _body(program)
    functions = helpers(statement.source for statement in program.statements)
    if "_require_shape(" in body:
        functions.append(REQUIRE_SHAPE)
    constants = [
        f"{identifier(name)} = np.array({_elements(array)})" for name, array in model.arrays.items()
    ]
    parts = [
        f'"""{in_docstring(model.J)} and its gradients, by the derivation that minigrad wrote."""',
        "import numpy as np",
        *constants,
        *(f"\n{function}" for function in functions),
        f"\n{_signature(program.arguments)}\n{_docstring(program)}\n{body}",
    ]
    return "\n\n".join(parts) + "\n"


def _elements(array: Array) -> str:
    return np.array2string(array, separator=", ", threshold=array.size + 1, floatmode="unique")


def _signature(arguments: Sequence[str]) -> str:
    names = ", ".join(["*", *arguments])
    line = f"def gradients({names}):"
    if len(line) <= WIDTH:
        return line
    indent = " " * 4
    names = textwrap.fill(names, WIDTH, initial_indent=indent, subsequent_indent=indent)
    return f"def gradients(\n{names}\n):"


def _docstring(p: Program) -> str:
    """What the function takes and gives."""
    shapes = []
    for leaf, argument in zip(p.model.leaves, p.arguments, strict=True):
        shape = leaf.shape if leaf.name not in p.sequences else ("T", *leaf.shape)
        shapes.append(f"    {argument}: {', '.join(map(str, shape)) or 'a number'}")
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


def _body(p: Program) -> str:
    """The body of the function."""
    lines: list[str] = []
    steps, model = p.model.steps, p.model
    shapes = {
        p.argument(x): (len(x.steps), *x.shape) if x.name in p.sequences else x.shape
        for x in model.leaves
    }
    for argument, sizes in fixed_sizes(model, shapes):
        lines.append(f'    _require_shape("{argument}", {argument}{sizes})')
    lines += _block(p, p.before)
    if p.forward:
        full = [x.name for x in model.leaves if x.steps == steps and x.name in p.sequences]
        sequence = identifier(sorted(full)[0]) if full else None
        before = (
            f" {steps[0] - 1:+d}".replace("+", "+ ").replace("-", "- ") if steps[0] != 1 else ""
        )
        T = str(steps[-1]) if sequence is None else f"len({sequence}){before}"
        lines.append(f"    T = {T}")
        initial = {x.name: p.argument(x) for x in model.leaves if x.name in p.computed}
        for name in [*p.stored_names()]:
            start = f"{steps[0] - 1}: {initial[name]}" if name in initial else ""
            lines.append(f"    {identifier(name)} = {{{start}}}")
        lines.append(f"    for t in range({steps[0]}, T + 1):")
        lines += _block(p, p.forward, "        ")
    lines += _block(p, p.between)
    if p.backward:
        lines.append(f"    for t in range(T, {steps[0] - 1}, -1):")
        lines += _block(p, p.backward, "        ")
    lines += _block(p, p.after)
    results = [f'        "{name}": {value},' for name, value in p.results.items()]
    lines += [f"    return {identifier(model.J)}, {{", *results, "    }"]
    return "\n".join(lines)


def _block(p: Program, statements: Iterable[Statement], indent: str = "    ") -> list[str]:
    lines, held = [], ""
    for s in statements:
        needed = condition(s.steps, p.model.steps)
        if needed and needed != held:
            lines.append(f"{indent}if {needed}:")
        held = needed
        inner = indent + ("    " if needed else "")
        line = f"{inner}{s.source}"
        if s.comment and len(line) + len(s.comment) + 4 <= WIDTH:
            line += f"  # {s.comment}"
        elif s.comment:
            lines.append(f"{inner}# {s.comment}")
        lines.append(line)
    return lines
