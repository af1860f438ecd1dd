"""The numbers of plus nodes are those of the picture."""

import re

import pytest

import minigrad as mg
from minigrad.writing.derivation import WrittenDerivation
from minigrad.writing.formats import line_text
from tests.minigrad.writing.contexts import encoded
from tests.minigrad.writing.passes import leaves
from tests.minigrad.writing.programs import FLOWS
from tests.minigrad.writing.unnamed import UNNAMED

ONE_BLOCK = (
    "lstm",
    "gru",
    "rnn",
    "residual",
    "attention",
    "bidirectional",
    "heads",
    "stacked lstm",
    "attention to all states",
    "keys",
)


def in_picture(flow: mg.GradientFlow) -> dict[tuple[str, int | None], list[int]]:
    """The numbers at each value, told by its name and how far it is from the step of its block."""
    found: dict[tuple[str, int | None], list[int]] = {}
    for node in mg.draw(flow).picture.nodes.values():
        if node.kind == "plus":
            assert node.caption is not None
            name, *steps = node.id.removeprefix("plus-").rsplit("-", node.id.count("-") - 1)
            known = [int(t) for t in steps[:-1] if t != "None"]
            distance = known[0] - known[-1] if "None" not in steps[:1] else None
            key = re.sub("_([0-9a-f]{2})_", lambda m: chr(int(m[1], 16)), name), distance
            found.setdefault(key, []).append(int(node.caption.text))
    return {key: sorted(numbers) for key, numbers in found.items()}


def in_text(derivation: WrittenDerivation) -> dict[tuple[str, int | None], list[int]]:
    """The numbers at each value, in all of its sums."""
    found: dict[tuple[str, int | None], list[int]] = {}
    for line in derivation.lines:
        for row in line.rows.of_line(line):
            text = line_text([row], derivation.model)
            if labels := re.search(r"\(plus ((\d+, )*\d+)(\)|, (t|\d+ <))", text):
                key = line.item.of.name, line.item.of.t
                found.setdefault(key, []).extend(map(int, labels[1].split(", ")))
    return {key: sorted(numbers) for key, numbers in found.items()}


@pytest.mark.parametrize("name", ONE_BLOCK)
def test_text_has_the_numbers_of_the_picture(name: str) -> None:
    derivation = mg.derive(FLOWS[name]())
    assert in_text(derivation) == in_picture(derivation.flow)


@pytest.mark.parametrize("name", {**FLOWS, **UNNAMED})
def test_every_plus_node_of_the_picture_is_in_the_text(name: str) -> None:
    """Of sums that are alike in several blocks, which are numbered anew, the text has one."""
    derivation = mg.derive({**FLOWS, **UNNAMED}[name]())
    found, expected = in_text(derivation), in_picture(derivation.flow)
    assert found.keys() == expected.keys()
    for of, numbers in found.items():
        assert set(numbers) <= set(expected[of])


def test_shares_and_values_that_were_made_the_other_way_round() -> None:
    leaves = {name: mg.tensor([[0.5, 0.25]] * 2, requires_grad=True, name=name) for name in "ABx"}
    A, B, x = leaves.values()
    s, m = (A @ x).named("s"), (B @ x).named("m")
    z = (m + mg.exp(s)).named("z")
    flow = mg.gradient_flow((z**2).sum() + (m**2).sum() + mg.exp(s).sum())
    assert (
        in_text(mg.derive(flow))
        == in_picture(flow)
        == {("m", None): [2], ("s", None): [1], ("x", None): [3]}
    )


def test_what_comes_within_a_step_meets_before_what_comes_from_others() -> None:
    """A recurrence whose state has several uses in its step, one of which has several in turn."""
    leaf, J = leaves(), 0
    W, h = leaf("W", 3, 3), leaf("h", 3, 2, t=0)
    for t in range(1, 6):
        with mg.step(t):
            h = mg.tanh(W @ h + leaf("x", 3, 2, t=t, requires_grad=False)).named("h")
            mu = h.mean(axis=0, keepdims=True).named("mu")
            v = ((h - mu) ** 2).mean(axis=0, keepdims=True).named("v")
            J = J + (((h - mu) / mg.sqrt(v + 1)).named("q") ** 3).sum()
    flow = mg.gradient_flow(J)
    assert in_text(mg.derive(flow)) == in_picture(flow) == {("h", 0): [1, 3, 4], ("mu", 0): [2]}


@pytest.mark.parametrize(
    ("is_last_alone", "sums"),
    [
        (False, ["|t+1 + |o⁽ᵗ⁾    (plus 1, t < T)", "|o⁽ᵗ⁾ + |q    (plus 1, t = T)"]),
        (True, ["|t+1    (t < T)", "|q + |o    (plus 1, t = T)"]),
    ],
)
def test_a_sum_has_the_components_that_are_there_together(
    is_last_alone: bool, sums: list[str]
) -> None:
    """A loss on the last state, and one on it too or on each, so that three are never there."""
    leaf, J = leaves(), 0
    U, V, Q, h = leaf("U", 3, 3), leaf("V", 3, 3), leaf("Q", 3, 3), leaf("h", 3, 2, t=0)
    for t in range(1, 5):
        with mg.step(t):
            h = mg.tanh(U @ h).named("h")
            if not is_last_alone:
                J = J + ((V @ h).named("o") ** 2).sum()
    if is_last_alone:
        J = ((V @ h).named("o") ** 3).sum()
    flow = mg.gradient_flow(J + ((Q @ h).named("q") ** 2).sum())
    text = mg.derive(flow).text()
    for row in sums:
        assert f"    ∂J/∂h⁽ᵗ⁾ = {row.replace('|', '∂J/∂h⁽ᵗ⁾|')}\n" in text
    assert in_picture(flow)["h", 0] == [1] * (1 if is_last_alone else 2)


def test_what_meets_at_the_last_step_alone_is_numbered_there() -> None:
    """A decoder that reads h(T), which is in the loss too: two blocks, each with its plus 1."""
    leaf, h = encoded(5)
    A, C, s, J = leaf("A", 4, 4), leaf("C", 3, 4), leaf("s", 4, 3, t=0), mg.sum(h[5] ** 3)
    for t in h:
        with mg.step(t):
            s = mg.tanh(A.T @ s + C.T @ h[5]).named("s")
            J = J + mg.sum(s**2)
    derivation = mg.derive(mg.gradient_flow(J.named("J")))
    assert "∂J/∂s⁽ᵗ⁾ = ∂J/∂s⁽ᵗ⁾|t+1 + ∂J/∂s⁽ᵗ⁾|J    (plus 1)" in derivation.text()
    assert "∂J/∂h⁽ᵗ⁾ = ∂J/∂h⁽ᵗ⁾|J + ∂J/∂h⁽ᵗ⁾|h_T    (plus 1, t = T)" in derivation.text()
    found = in_picture(derivation.flow)
    assert (found["s", 0], found["h", 0]) == ([1], [1])
