"""What holds inside of a `with` block: recording, steps and scopes; and for one thread alone."""

import threading

import numpy as np
import pytest

import minigrad as mg


def test_no_grad_records_nothing() -> None:
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    with mg.no_grad():
        y = (x * x).sum()
        leaf = mg.tensor(1.0, requires_grad=True)
    assert not y.requires_grad
    assert leaf.requires_grad
    assert (x * y + leaf).requires_grad


def test_no_grad_ends_with_an_error() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    with pytest.raises(KeyError), mg.no_grad():
        raise KeyError
    assert (x * x).requires_grad


def test_no_grad_around_a_transform_is_not_its_business() -> None:
    with mg.no_grad():
        assert mg.grad(lambda x: x * x)(3.0) == 6


def test_no_grad_inside_a_function_makes_a_constant() -> None:
    def f(x: mg.Tensor) -> mg.Tensor:
        with mg.no_grad():
            c = x * x
        return c * x

    assert mg.grad(f)(3.0) == 9


def test_steps_and_scopes_qualify_names() -> None:
    def value() -> tuple[str | None, int | None]:
        x = mg.tensor(1.0, name="x")
        return x.name, x.t

    assert value() == ("x", None)
    with mg.step(0):
        assert value() == ("x", 0)
        with mg.scope("layer1"), mg.step(np.int64(2)), mg.scope("gate"):
            assert value() == ("layer1.gate.x", 2)
        assert value() == ("x", 0)
    assert value() == ("x", None)


def test_steps_end_with_an_error() -> None:
    with pytest.raises(KeyError), mg.step(1), mg.scope("a"):
        raise KeyError
    assert mg.tensor(1.0, name="x").t is None
    assert mg.tensor(1.0, name="x").name == "x"


def test_the_scope_is_that_of_naming() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    with mg.step(1):
        y = x * x
    assert y.t is None
    with mg.step(2):
        assert y.named("y").t == 2
    assert y.name == "y"


def test_every_thread_has_its_own() -> None:
    seen = []

    def look() -> None:
        x = mg.tensor(1.0, requires_grad=True, name="x")
        seen.append((x.name, x.t, (x * x).requires_grad))

    with mg.no_grad(), mg.step(3), mg.scope("a"):
        thread = threading.Thread(target=look)
        thread.start()
        thread.join()
        look()
    assert seen == [("x", None, True), ("a.x", 3, False)]


def test_a_context_can_be_entered_again_inside_of_itself() -> None:
    x = mg.tensor(1.0, requires_grad=True)
    constants, third = mg.no_grad(), mg.step(3)
    with constants, third:
        with constants, third:
            pass
        assert not (x * x).requires_grad
        assert mg.tensor(1.0, name="y").t == 3
    assert (x * x).requires_grad
    assert mg.tensor(1.0, name="y").t is None
