"""What calls with NumPy's arguments do not say of functions that move elements."""

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize(
    ("trim", "kept"),
    [
        ("f", slice(2, 6)),
        ("b", slice(5)),
        ("fb", slice(2, 5)),
    ],
)
def test_trimmed_zeros_get_no_gradient(trim: str, kept: slice) -> None:
    x = np.array([0.0, 0.0, 1.2, 0.0, 2.1, 0.0])
    expected = np.zeros(6)
    expected[kept] = 2 * x[kept] + 1
    gradient = mg.grad(lambda x: np.sum(np.trim_zeros(x, trim) * (np.trim_zeros(x, trim) + 1)))(x)
    np.testing.assert_allclose(gradient, expected, rtol=1e-15)


def test_other_ways_to_pad_are_refused() -> None:
    with pytest.raises(TypeError, match=r"np.pad: expected mode=.constant., .* got mode=.mean."):
        np.pad(mg.tensor([1.0]), 1, mode="mean")
