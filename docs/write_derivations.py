"""Write docs/derivations: `python docs/write_derivations.py`."""

import argparse
import importlib
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import minigrad as mg
from lstm.derive_command import derivation_of_lstm
from minigrad.notation.forms import typeset
from minigrad.notation.printing import Latex
from minigrad.tensor import OPERATIONS
from minigrad.writing.formats import guarded

DOCS = Path(__file__).parent
EXAMPLES = {
    "classifier": "A two-layer softmax classifier",
    "gru": "A GRU",
    "bidirectional": "A bidirectional RNN",
    "language_model": "A recurrent model of words",
    "attention": "Scaled dot-product attention",
    "residual": "A residual block with layer normalisation",
}


def documents() -> Iterator[tuple[str, str]]:
    """The name and the text of each file."""
    lstm = derivation_of_lstm(1)
    lstm.title = "Long short-term memory: section 3, regenerated from the model"
    yield "section_3.md", lstm.markdown()
    yield "section_3.py", derivation_of_lstm(2).numpy_source()
    for name, title in EXAMPLES.items():
        flow = runpy.run_path(str(DOCS / "examples" / f"{name}.py"))["flow"]()
        derivation = mg.derive(flow, layout="gradient")
        derivation.title = title
        yield f"{name}.md", derivation.markdown()
        yield f"{name}.py", derivation.numpy_source()
    yield "operations.md", operations()
    titles = {"section_3": "The seed's section 3", **EXAMPLES}
    rows = [f"- {title}: [text]({name}.md), [NumPy]({name}.py)" for name, title in titles.items()]
    yield (
        "README.md",
        "# Derivations that minigrad writes\n\n"
        "Everything here is written by `python docs/write_derivations.py`.\n\n"
        + "\n".join([*rows, "- Every operation of the table: [text](operations.md)"])
        + "\n",
    )


def operations() -> str:
    """Every operation of the table: its value, and what its inputs get of its adjoint."""
    rows = [
        "# The table of rules",
        "What each input of an operation gets of dJ/dy, in gradient layout.",
        "| operation | y | contributions |\n|---|---|---|",
    ]
    for room in ("catalogue", "special"):  # what is imported when it is called
        importlib.import_module(f"minigrad.operations.{room}")
    for name, operation in sorted(OPERATIONS.items()):
        if operation.differentiable:
            derivation = mg.derive(flow_through(operation), layout="gradient")
            [y, *_] = [e for e in derivation.model.equations if e.value.name == "y"]
            p = Latex(scalars=frozenset() if y.value.shape else frozenset("y"))
            parts = [
                guarded(f"{p.adjoint(part.of.name)} = {p(typeset(part.expression))}")
                for section in derivation.model.sections
                for item in section
                for part in item.parts
                if part.via.name == "y"
            ]
            rule = guarded(p(typeset(y.expression)))
            rows[-1] += f"\n| {name} | {rule} | {'<br>'.join(parts)} |"
    return "\n\n".join(rows) + "\n"


def flow_through(operation: Any) -> mg.GradientFlow:
    """The gradient flow of a loss behind one operation, with its first example's inputs."""
    *inputs, last = operation.examples[0]
    parameters = last if isinstance(last, dict) else {}
    inputs += [] if isinstance(last, dict) else [last]
    rng = np.random.default_rng(0)
    low, high = operation.domain
    names = "abcd" if len(inputs) > 1 else ("x",)
    leaves = [
        mg.tensor(rng.uniform(low, high, size=x), requires_grad=True, name=name)
        if isinstance(x, tuple)
        else mg.tensor(x, name=name, requires_grad=np.asarray(x).dtype.kind == "f")
        for name, x in zip(names, inputs, strict=False)
    ]
    y = operation(*leaves, **parameters) if operation.arity else operation(leaves, **parameters)
    y.named("y")
    weights = mg.tensor(rng.normal(size=y.shape), name="w")
    return mg.gradient_flow((weights * y).sum())


def main() -> None:
    argparse.ArgumentParser(description="Write docs/derivations, all of it anew.").parse_args()
    for name, text in documents():
        path = DOCS / "derivations" / name
        mg.write_file(path, text)
        print(f"wrote {path}", file=sys.stderr)


if __name__ == "__main__":
    main()
