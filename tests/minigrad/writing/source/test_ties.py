"""Which axes are as long as others, and arguments that do not fit each other."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import minigrad as mg
from minigrad.writing.source.ties import Ties
from tests.minigrad.writing.programs import FLOWS, lstm_flow
from tests.minigrad.writing.source.test_module import given_and_wanted

# Sizes by hand: each letter is a length that nothing else has to have.
PROGRAMS: dict[str, tuple[Callable[..., mg.Tensor], str, str]] = {
    "product": (lambda a, b: a @ b, "nm", "mk"),
    "product of many": (lambda a, b: a @ b, "bnm", "mk"),
    "product with a vector": (lambda a, b: a @ b, "nm", "m"),
    "product of a vector": (lambda a, b: a @ b, "n", "nk"),
    "sum": (lambda a, b: a + b, "nm", "nm"),
    "sum with a row": (lambda a, b: a + b, "nm", "m"),
    "transpose": (lambda a, b: a.T + b, "nm", "mn"),
    "permuted": (lambda a, b: mg.transpose(a, (2, 0, 1)) + b, "nmk", "knm"),
    "sum along an axis": (lambda a, b: mg.sum(a, axis=1) + b, "nmk", "nk"),
    "mean that keeps it": (lambda a, b: mg.max(a, axis=0, keepdims=True) + b, "nm", "km"),
    "softmax": (lambda a, b: mg.softmax(a, axis=1) * b, "nm", "nm"),
    "cross-entropy": (lambda a, b: mg.softmax_cross_entropy(a, b, axis=0), "nm", "nm"),
    "column": (lambda a, b: a[:, None] * b, "n", "nm"),
    "reshaped": (lambda a, b: a.reshape(2, 1, 3) * b, "nm", "nkm"),
    "slice": (lambda a, b: a[..., 1:] + b, "nm", "nk"),
    "row": (lambda a, b: a[0] + b, "nm", "m"),
    "stack": (lambda a, b: mg.stack([a, b], axis=1), "nm", "nm"),
    "side by side": (lambda a, b: mg.concatenate([a, b], axis=1), "nm", "nk"),
    "repeated": (lambda a, b: np.broadcast_to(a, (4, 3)) * b, "m", "nm"),
    "lookup": (lambda a, b: a[:, mg.tensor([0, 1], name="words")] + b, "nm", "nk"),
}
SIZES = {"n": 2, "m": 3, "k": 4, "b": 5}
SHAPES = {
    "mean that keeps it": ((2, 3), (4, 3)),
    "reshaped": ((2, 3), (2, 4, 3)),
    "slice": ((2, 5), (2, 4)),
    "repeated": ((3,), (4, 3)),
    "lookup": ((3, 4), (3, 2)),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_axes_with_one_letter_are_tied(name: str) -> None:
    f, *letters = PROGRAMS[name]
    shapes = SHAPES.get(name) or [tuple(SIZES[x] for x in axes) for axes in letters]
    a, b = (
        mg.tensor(np.full(s, 0.1), requires_grad=True, name=x)
        for x, s in zip("ab", shapes, strict=True)
    )
    z = f(a, b).named("z")
    ties = Ties(mg.derive(mg.gradient_flow(mg.sum(mg.exp(z)).named("J"))).model.equations)
    axes = [(x, i) for x, axes in zip("ab", letters, strict=True) for i in range(len(axes))]
    for x, p in zip(axes, "".join(letters), strict=True):
        for y, q in zip(axes, "".join(letters), strict=True):
            assert (ties.root(x) == ties.root(y)) == (p == q), (x, y)


# --- arguments that do not fit ------------------------------------------------------------------


def lstm_source() -> tuple[Callable[..., Any], dict[str, Any]]:
    """The written LSTM, and arguments of other sizes than those of the derivation."""
    namespace: dict[str, Any] = {}
    exec(mg.derive(lstm_flow()).numpy_source(), namespace)
    longer = lstm_flow(T=7, B=2)
    return namespace["gradients"], given_and_wanted(mg.derive(longer))[0]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("y", lambda y: y[:, :, :1]),  # one column, which NumPy would repeat
        ("y", lambda y: y[:, :1]),
        ("y", lambda y: np.concatenate([y, y])),  # of more steps, which the loop would not see
        ("x", lambda x: x[:5]),
        ("c0", lambda c: c[:1]),
        ("b_f", lambda b: b[:1]),
        ("W_fx", lambda W: W.T),
        ("b_u", lambda b: b[:, 0]),
    ],
)
def test_refuses_arguments_that_do_not_fit_each_other(
    name: str, change: Callable[..., Any]
) -> None:
    gradients, given = lstm_source()
    gradients(**given)
    with pytest.raises(ValueError, match=": expected the shape"):
        gradients(**{**given, name: change(given[name])})


def test_refuses_whole_numbers_that_would_cut_a_gradient() -> None:
    gradients, given = lstm_source()
    with pytest.raises(TypeError, match=r"^x: expected floating-point numbers, got int64"):
        gradients(**{**given, "x": given["x"].astype(int)})


@pytest.mark.parametrize("change", [lambda y: y[:, :1], lambda y: y[:1], lambda y: y[:, 0]])
def test_refuses_labels_that_do_not_fit(change: Callable[..., Any]) -> None:
    """One label for a row of them would be repeated by NumPy."""
    flow = FLOWS["language model"]()
    namespace: dict[str, Any] = {}
    exec(mg.derive(flow).numpy_source(), namespace)
    given = given_and_wanted(mg.derive(flow))[0]
    namespace["gradients"](**given)
    with pytest.raises(ValueError, match="y: expected the shape"):
        namespace["gradients"](**{**given, "y": change(given["y"])})


@pytest.mark.parametrize("name", ["x", "W_fa", "b_f", "y", "c0"])
def test_refuses_what_is_no_array(name: str) -> None:
    gradients, given = lstm_source()
    with pytest.raises(TypeError, match=rf"^{name}: expected a NumPy array, got a list$"):
        gradients(**{**given, name: given[name].tolist()})


def test_refuses_an_array_for_a_number() -> None:
    w, k = mg.tensor(np.ones(3), requires_grad=True, name="w"), mg.tensor(0.5, name="k")
    namespace: dict[str, Any] = {}
    exec(mg.derive(mg.gradient_flow((k * w**2).sum().named("J"))).numpy_source(), namespace)
    assert namespace["gradients"](w=np.ones(3), k=2.0)[0] == 6
    with pytest.raises(ValueError, match=r"^k: expected the shape \(\)"):
        namespace["gradients"](w=np.ones(3), k=np.ones(3))


def test_the_derivative_of_a_named_sum_may_be_a_number() -> None:
    w = mg.tensor(np.arange(4.0), requires_grad=True, name="w")
    s = mg.tensor(2.0, requires_grad=True, name="s")
    namespace: dict[str, Any] = {}
    J = w.sum(axis=0).named("L") + s * s
    exec(mg.derive(mg.gradient_flow(J.named("J"))).numpy_source(), namespace)
    J, found = namespace["gradients"](w=np.arange(4.0), s=2.0)
    assert J == 10
    np.testing.assert_array_equal(found["w"], np.ones(4))
