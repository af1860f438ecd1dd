"""What an import, a long chain and the checking of a gradient cost, each in a fresh process."""

import os
import subprocess
import sys
import tempfile
from statistics import median

# Each program prints seconds, or bytes, by what they were spent on.
IMPORT = """
import time, {library}
start = time.perf_counter()
import {package}
print("import", time.perf_counter() - start)
"""

CHAIN = """
import time
import numpy as np, minigrad as mg
from tests.benchmarks.workers import resident

def timed(what, f):
    start = time.perf_counter()
    y = f()
    print(what, time.perf_counter() - start)
    return y

def build():
    y = x
    for _ in range(1_000_000):
        y = y * 1.0000001
    return y

x = mg.tensor(np.ones(3), requires_grad=True)
before = resident("VmRSS")
J = timed("build", build).sum()
timed("backward", J.backward)
assert np.allclose(x.grad, 1.0000001**1_000_000)
print("bytes", resident("VmHWM") - before)
y = build()
def free():
    global y
    del y
timed("free", free)
"""

CHECK = """
import time
import numpy as np
from tests.benchmarks.workers import SIZES, make_problem
params, x, y = make_problem(SIZES["seed"], "float64")
{setup}
start = time.perf_counter()
check()
print("check", time.perf_counter() - start)
"""

OURS = """
import lstm, minigrad as mg
def check():
    mg.check_gradients(lambda p: lstm.loss(p, x, y), params)
"""

GRADCHECK = """
import torch
from tests.benchmarks import peers
names = list(params)
xs, labels = list(torch.tensor(x)), list(torch.tensor(y.argmax(axis=1)))
a0 = torch.tensor(peers._zero_state(params, x))
leaves = [torch.tensor(value, requires_grad=True) for value in params.values()]
def step_loss(z_y, label):
    return torch.nn.functional.cross_entropy(z_y.T, label, reduction="sum")
def loss(*values):
    p = dict(zip(names, values))
    return peers._equations(p, xs, labels, a0, torch.sigmoid, torch.tanh, step_loss)
def check():
    assert torch.autograd.gradcheck(loss, leaves)
"""


def run(program: str, bytecode: str) -> dict[str, float] | None:
    """Run a program, keeping bytecode in a folder; None if it needs what is not installed."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": bytecode}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    if done.returncode:
        if "ModuleNotFoundError" in done.stderr:
            return None
        raise SystemExit(done.stderr)
    return {what: float(number) for what, number in map(str.split, done.stdout.splitlines())}


def _medians(program: str, rounds: int) -> dict[str, float] | None:
    with tempfile.TemporaryDirectory() as bytecode:
        run(program, bytecode)  # compiles what is imported, as an installation does
        results = [run(program, bytecode) for _ in range(rounds)]
    known = [result for result in results if result is not None]
    return {what: median(r[what] for r in known) for what in known[0]} if known else None


def report(rounds: int) -> str:
    """Measure, and write the section of the page."""
    numpy = _medians(IMPORT.format(library="sys", package="numpy"), rounds)
    ours = _medians(IMPORT.format(library="numpy", package="minigrad"), rounds)
    with tempfile.TemporaryDirectory() as bytecode:
        chain = run(CHAIN, bytecode)
    check = _medians(CHECK.format(setup=OURS), rounds)
    assert numpy and ours and chain and check
    gradcheck = _medians(CHECK.format(setup=GRADCHECK), rounds)
    theirs = f"{gradcheck['check']:.2f} s" if gradcheck else "not installed"
    return (
        "## Other costs\n\n"
        f"- `import numpy` takes {1e3 * numpy['import']:.0f} ms, `import minigrad` after it "
        f"{1e3 * ours['import']:.0f} ms more.\n"
        f"- A chain of 1,000,000 operations: {chain['build']:.1f} s to build, "
        f"{chain['backward']:.1f} s to backpropagate,\n  {chain['free']:.1f} s to free without "
        f"that; {chain['bytes'] / 1e6:.0f} MB.\n"
        "- Every entry of the 14 gradients checked at size seed, float64: "
        f"{check['check']:.2f} s by `check_gradients`, with\n  complex step and central "
        f"differences; {theirs} by PyTorch's `gradcheck`, with central differences.\n"
    )
