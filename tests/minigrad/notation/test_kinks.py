"""Where a derivative jumps."""

import numpy as np
import pytest

import minigrad as mg

A, B = np.array([1.0, -2.0, 0.5, 0.25]), np.array([0.5, 3.0, 1.5, 0.25])
ABOVE = (A > 0).astype(float)  # by hand, on the side of each number
MARGIN = (1 - A + B > 0).astype(float)
MORE = np.where(A == B, 0.5, A > B)

KINKS = {
    "a ramp": (lambda a, b: mg.relu(a), ABOVE, 0 * B),
    "two ramps": (lambda a, b: mg.relu(a) + mg.relu(a + 1), ABOVE + (A + 1 > 0), 0 * B),
    "twice a ramp": (lambda a, b: -2 * mg.relu(a), -2 * ABOVE, 0 * B),
    "a margin": (lambda a, b: mg.relu(1 - a + b), -MARGIN, MARGIN),
    "the greater": (lambda a, b: mg.maximum(a, b), MORE, 1 - MORE),
    "the greatest": (lambda a, b: b * mg.max(a), np.array([B.sum(), 0, 0, 0]), np.ones(4)),
    "one beside the other": (lambda a, b: b * mg.relu(a), B * ABOVE, A * ABOVE),
}


@pytest.mark.parametrize("name", KINKS)
def test_brackets_are_numbers(name: str) -> None:
    """In lines and in the source, in the dtype of the arrays; NumPy's conditions do not add."""
    f, *expected = KINKS[name]
    for dtype in (np.float64, np.float32):
        given = {
            x: mg.tensor(v.astype(dtype), requires_grad=True, name=x)
            for x, v in zip("ab", (A, B), strict=True)
        }
        flow = mg.gradient_flow(mg.sum(f(*given.values())).named("J"))
        for layout in ("gradient", "numerator"):
            derivation = mg.derive(flow, layout=layout)
            assert derivation.check(flow).ok
            assert derivation.check(flow, chained=True).ok
        namespace: dict[str, object] = {}
        exec(derivation.numpy_source(), namespace)
        arguments = {x: v.data for x, v in given.items() if (x, None) in flow.values}
        _, found = namespace["gradients"](**arguments)  # type: ignore[operator]
        for x, g in zip("ab", expected, strict=True):
            if x in found:
                np.testing.assert_allclose(found[x], g, rtol=1e-6)
                assert found[x].dtype == dtype


def test_an_array_of_other_numbers_is_no_bracket() -> None:
    """where(m, x, 0) is x wherever m is not zero, and not the product."""
    m = mg.tensor(np.array([2.0, 0.0, 3.0, 1.0]), name="m")
    x = mg.tensor(A, requires_grad=True, name="x")
    flow = mg.gradient_flow(mg.sum(np.where(m, x * x, 0)).named("J"))
    [line] = mg.derive(flow, layout="gradient").lines
    np.testing.assert_array_equal(line.function(m=np.asarray(m), x=A), 2 * A * (m.data != 0))
