"""Making leaves and naming values."""

import numpy as np
import pytest

import minigrad as mg


@pytest.mark.parametrize(
    ("data", "dtype"),
    [
        (1, np.int64),
        (1.5, np.float64),
        ([True, False], np.bool_),
        ([[1, 2.0]], np.float64),
        (np.float32(1.5), np.float32),
        (np.ones((2, 0), np.float32), np.float32),
        (1j, np.complex128),
    ],
)
def test_tensor_takes_the_dtype_of_the_data(data: object, dtype: type) -> None:
    x = mg.tensor(data)  # type: ignore[arg-type]
    assert x.dtype == dtype
    np.testing.assert_array_equal(x.data, data)  # type: ignore[arg-type]


def test_dtype_converts() -> None:
    assert mg.tensor([1, 2], dtype=np.float32, requires_grad=True).dtype == np.float32
    assert mg.tensor([1.7], dtype=int).data.tolist() == [1]


def test_tensor_copies() -> None:
    data = np.array([1.0, 2.0])
    x = mg.tensor(data)
    y = mg.tensor(x, requires_grad=True, name="y")
    data[:] = 9
    x.data[:] = 8
    assert y.data.tolist() == [1, 2]
    assert (y.requires_grad, x.requires_grad, x.name) == (True, False, None)


def test_named_returns_itself() -> None:
    x = mg.tensor(1.0)
    assert x.named("x") is x
    assert x.named("z").name == "z"


def test_name_tensors_names_what_has_no_name() -> None:
    x = mg.tensor(1.0, name="x")
    mapping = {"renamed": x, "y": x * x, "n": 3, "array": np.ones(2), "again": None}
    with mg.step(4), mg.scope("cell"):
        mg.name_tensors(mapping)
    assert x.name == "x"
    assert (mapping["y"].name, mapping["y"].t) == ("cell.y", 4)  # type: ignore[union-attr]
