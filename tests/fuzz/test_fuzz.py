"""Random programs: a few in every run of the tests. `python -m tests.fuzz` tries more."""

import re
import subprocess
import sys
from functools import wraps
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.context import Observer, setting
from minigrad.protocol import NUMPY
from minigrad.tensor import OPERATIONS
from tests.fuzz.__main__ import main
from tests.fuzz.generate import Builder
from tests.fuzz.parts import PARTS
from tests.fuzz.program import Instruction, Leaf, Program, compute
from tests.fuzz.reference import Truth
from tests.fuzz.search import faults, shown, smallest

PROGRAMS, AT_ONCE = 500, 20
# Each part goes over one program of so many; the slower it is, the fewer.
EVERY = {
    "eager": 1,
    "compiled": 5,
    "fast": 25,
    "flow": 5,
    "derive": 10,
    "source": 20,
    "written": 50,
    "draw": 125,
}
# What looks at a value and gives nothing that goes on to J.
LOOKING = {
    *(np.less, np.greater_equal, np.not_equal, np.isfinite, np.isnan, np.isinf, np.ceil, np.rint),
    *(np.argmin, np.argsort, np.allclose, np.array_equal, np.isclose, np.shape, np.ndim, np.equal),
    *(np.save, np.savez, np.savez_compressed, np.savetxt, np.zeros_like),
    *(np.array_equiv, np.any, np.all, np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero),
    *(np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.isin, np.trunc),
    *(np.isreal, np.iscomplex, np.isrealobj, np.iscomplexobj, np.signbit, np.floor_divide),
    *(np.array2string, np.array_repr, np.array_str, np.argpartition, np.lexsort),
    *(np.isneginf, np.isposinf, np.common_type, np.can_cast, np.result_type, np.min_scalar_type),
    *(np.may_share_memory, np.shares_memory, np.empty_like, np.diag_indices_from),
    *(np.tril_indices_from, np.triu_indices_from),
    *(np.searchsorted, np.nanargmax, np.nanargmin, np.digitize, np.round, np.around, np.fix),
}


@pytest.mark.parametrize("first", range(0, PROGRAMS, AT_ONCE))
def test_agrees_with_the_complex_step(first: int) -> None:
    for index in range(first, first + AT_ONCE):
        parts = [part for part in PARTS if index % EVERY[part] == 0]
        for fault, program in faults((0, index), parts):
            if not fault.is_refusal:
                program, fault = smallest(program, fault)
                text = f"{fault.kind}: {fault.message}\n\n{shown(program, fault)}"
                pytest.fail(text, pytrace=False)


class Seen(Observer):
    """The operations that were used."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def computed(self, y: Any, operation: Any, inputs: Any, parameters: Any) -> None:
        self.names.add(operation.name)


def test_uses_the_whole_table(monkeypatch: pytest.MonkeyPatch) -> None:
    operations, functions = Seen(), set()

    def noted(function: Any, stand_in: Any) -> Any:
        @wraps(stand_in)
        def call(*args: Any, **options: Any) -> Any:
            functions.add(function)
            return stand_in(*args, **options)

        return call

    for function, stand_in in [*NUMPY.items()]:
        monkeypatch.setitem(NUMPY, function, noted(function, stand_in))
    with setting("observer", operations):
        for seed in range(40):
            apply_random_instructions(Builder(np.random.default_rng(seed)))
    n_operations, n_functions = counts_at_import()
    assert {*[*OPERATIONS][:n_operations]} - operations.names == set()
    assert {*[*NUMPY][:n_functions]} - functions - LOOKING == set()


def counts_at_import() -> list[int]:
    """How many operations and functions `import minigrad` brings; others come when called."""
    program = (
        "import minigrad; from minigrad.tensor import OPERATIONS; "
        "from minigrad.protocol import NUMPY; print(len(OPERATIONS), len(NUMPY))"
    )
    counts = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return [int(n) for n in counts.stdout.split()]


def apply_random_instructions(builder: Builder) -> None:
    """Apply random instructions to tensors."""
    for _ in range(4):
        builder.leaf(builder.shape())
    for _ in range(50):
        builder.instruction()
    values = [mg.tensor(np.array(np.real(x), float)) for x in builder.values]
    for node in builder.nodes:
        compute(node, values, {"np": np, "mg": mg, "OPERATIONS": OPERATIONS})


# --- the search itself ----------------------------------------------------------------------------


def test_truth_by_algebra() -> None:
    """J = sum of max(x, y) z: x and y share equally where they are equal."""
    x, y, z = np.array([1.0, 2.0]), np.array([1.0, -2.0]), np.array([3.0, 5.0])
    program: Program = (
        *(Leaf(data, True) for data in (x, y, z)),
        Instruction("mg.maximum({0}, {1})", (0, 1), "m"),
        Instruction("np.sum({0} * {1})", (3, 2)),
    )
    truth = Truth(program)
    np.testing.assert_allclose(truth.value(4), 13)
    np.testing.assert_allclose(truth.adjoint(0), [1.5, 5])
    np.testing.assert_allclose(truth.adjoint(1), [1.5, 0])
    np.testing.assert_allclose(truth.adjoint(2), [1, 2])
    np.testing.assert_allclose(truth.adjoint(3), [3, 5])
    assert truth.contribution(0, 3, np.array([2.0, 1.0])) == pytest.approx(8)
    assert truth.contribution(0, 4, np.ones(2)) is None


def test_a_planted_fault_is_found_and_made_small(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(mg.sin, "vjps", (lambda g, y, x: g * y,))
    assert main(["--programs", "40", "--parts", "eager"]) == 1
    shown = capsys.readouterr().out
    assert "## eager: gradient\n" in shown
    [program] = re.findall(r"```python\n(.*?)```", shown, re.DOTALL)
    assert program.count(" = ") <= 3
    assert "np.sin(v0)" in program
    exec(program, {})


def test_says_that_nothing_was_found(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--programs", "2", "--seed", "3", "--parts", "eager"]) == 0
    assert capsys.readouterr().out == "2 programs, 0 faults of 0 kinds\n"
