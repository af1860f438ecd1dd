"""The packages as a whole: public names, and what importing them costs."""

import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

import lstm
import minigrad as mg

# What users and the other parts rely on.
PUBLIC = """
tensor Tensor name_tensors step scope no_grad
add subtract multiply divide negative power matmul transpose reshape broadcast_to exp log sqrt tanh
sigmoid relu softplus sin cos abs maximum minimum where clip sum mean max logsumexp softmax
log_softmax softmax_cross_entropy concatenate stack hadamard
gradients grad value_and_grad vjp jvp jacobian hessian hvp check_gradients
gradient_flow GradientFlow operation detect_nonfinite
Derivation value adjoint NEXT_STEP THIS_STEP ALL_STEPS compare Report
"""


@pytest.mark.parametrize("name", PUBLIC.split())
def test_public_names(name: str) -> None:
    assert hasattr(mg, name)
    assert name in mg.__all__


def test_all_is_what_there_is() -> None:
    for package in (mg, lstm):
        assert sorted(package.__all__) == sorted(set(package.__all__))
        assert all(hasattr(package, name) for name in package.__all__)


def imported(statement: str) -> set[str]:
    """The top-level modules that a fresh interpreter has after a statement."""
    program = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return set(run.stdout.decode().split())


def test_importing_costs_numpy_and_little_more() -> None:
    """Milliseconds would depend on the machine; what is loaded does not."""
    of_numpy = imported("import numpy")
    more = imported("import minigrad, lstm") - of_numpy - {"minigrad", "lstm"}
    assert more <= sys.stdlib_module_names
    slow = {"asyncio", "concurrent", "email", "http", "multiprocessing", "unittest", "urllib"}
    assert not more & slow


def test_lstm_uses_public_names_of_minigrad_alone() -> None:
    for source in Path(lstm.__file__).parent.glob("*.py"):
        for line in source.read_text("utf-8").splitlines():
            if match := re.match(r"\s*from minigrad import (.*)", line):
                assert set(match.group(1).split(", ")) <= set(mg.__all__), f"{source}: {line}"
            elif match := re.match(r"\s*(from|import) minigrad.*", line):
                assert match.group(0).strip() == "import minigrad as mg", f"{source}: {line}"
        for name in re.findall(r"\bmg\.(\w+)", source.read_text("utf-8")):
            assert name in mg.__all__, f"{source}: mg.{name}"


def test_numpy_is_all_that_the_engine_needs() -> None:
    needed = [text for text in requires("minigrad-lstm") or [] if "extra ==" not in text]
    assert any(text.startswith("numpy>=2") for text in needed)


def test_packages_are_typed() -> None:
    for package in (mg, lstm):
        assert (Path(package.__file__).parent / "py.typed").exists()
