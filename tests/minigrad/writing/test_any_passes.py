"""Passes over time that nobody has thought of: any directions, distances, states and losses."""

import re
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad as mg
from tests.minigrad.writing.passes import Leaf, leaves
from tests.minigrad.writing.source.test_module import arrays_in, given_and_wanted
from tests.minigrad.writing.test_passes import gradients_of

FIRST = 3  # so that inputs and states may stand before it


@dataclass(frozen=True)
class Pass:
    """One pass: upward or downward, what it reads, where it starts from, and what J reads of it."""

    sign: int
    own: frozenset[int]
    others: frozenset[tuple[int, int]]
    has_states: bool
    names_z: bool
    late: int
    end: int | None
    loss: str


@st.composite
def passes(draw: st.DrawFn) -> list[Pass]:
    found: list[Pass] = []
    for i in range(draw(st.integers(1, 3))):
        sources = st.integers(-1, i - 1)  # -1 is the input
        found.append(
            Pass(
                draw(st.sampled_from([1, -1])),
                draw(st.frozensets(st.integers(1, 3), max_size=2)),
                draw(st.frozensets(st.tuples(sources, st.integers(-2, 2)), max_size=3)),
                draw(st.booleans()),
                draw(st.booleans()),
                draw(st.integers(0, 1)),
                draw(st.none() | st.integers(0, i - 1)) if i else None,
                draw(st.sampled_from(["every state", "every step", "last", "none"])),
            )
        )
    return found


def flow_of(described: list[Pass], T: int) -> mg.GradientFlow:
    """The gradient flow of some passes, all values of four by three numbers."""
    leaf = leaves()
    steps = range(FIRST, FIRST + T)
    x = {t: leaf("x", 4, 3, t=t) for t in range(1, steps.stop + 2)}
    values, terms = {-1: x}, [(x[FIRST] ** 2).sum()]
    for i, p in enumerate(described):
        values[i] = computed(leaf, i, p, values, steps)
        here = [values[i][t] for t in steps if t in values[i]]
        read = {"every state": [*values[i].values()], "every step": here, "none": []}
        terms += [(h**2).sum() for h in read.get(p.loss, here[:: p.sign][-1:])]
    return mg.gradient_flow(sum(terms[1:], terms[0]).named("J"))


def computed(leaf: Leaf, i: int, p: Pass, values: Any, steps: range) -> dict[int, Any]:
    """The values of a pass, and its states."""
    own = {d * p.sign: leaf(f"U_{i}_{d}", 4, 3) for d in sorted(p.own)}
    others = {read: leaf(f"W_{i}_{j}", 4, 3) for j, read in enumerate(sorted(p.others))}
    bias = leaf(f"b_{i}", 4, 3)
    order = [*steps[:: p.sign]][p.late if len(steps) > 1 else 0 :]
    before = {t - d for t in order for d in own} - {*order} if p.has_states else set()
    h: dict[int, Any] = {t: leaf(f"h_{i}", 4, 3, t=t) for t in sorted(before)}
    for t in order:
        with mg.step(t):
            z = bias * 1
            for d, U in own.items():
                z = z + U * h[t - d] if t - d in h else z
            for (source, d), W in others.items():
                z = z + W * values[source][t + d] if t + d in values[source] else z
            if p.end is not None:
                z = z + values[p.end][max(values[p.end])]
            h[t] = mg.tanh(z.named(f"z_{i}") if p.names_z else z).named(f"h_{i}")
    return h


@settings(max_examples=60)
@given(passes(), st.integers(1, 6))
def test_lines_and_source_of_any_passes(described: list[Pass], T: int) -> None:
    flow = flow_of(described, T)
    derivation = mg.derive(flow)
    for chained in (False, True):
        report = derivation.check(flow, chained=chained)
        assert report.ok, report
    given, wanted = given_and_wanted(derivation)
    J, found = gradients_of(derivation)(**given)
    np.testing.assert_allclose(J, flow.J.item(), rtol=1e-12)
    assert found.keys() == wanted.keys()
    for argument, expected in wanted.items():
        for a, b in zip(arrays_in(found[argument]), arrays_in(expected), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13, strict=True)


@settings(max_examples=40)
@given(passes(), st.integers(6, 9), st.integers(1, 3))
def test_source_holds_for_another_length_or_refuses_it(
    described: list[Pass], T: int, more: int
) -> None:
    """It may not be wrong without a word."""
    reading = [replace(p, end=None, others=p.others | {(-1, 0)}) for p in described]
    longer = flow_of(reading, T + more)
    given, wanted = given_and_wanted(mg.derive(longer))
    try:
        J, found = gradients_of(mg.derive(flow_of(reading, T)))(**given)
    except ValueError as error:
        assert re.search("expected the (shape|steps)", str(error))
        return
    np.testing.assert_allclose(J, longer.J.item(), rtol=1e-12)
    for argument, expected in wanted.items():
        np.testing.assert_allclose(found[argument], expected, rtol=1e-10, atol=1e-12)
