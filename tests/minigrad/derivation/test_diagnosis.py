"""Each kind of error, put into a line on purpose, is found there and called by its name."""

import numpy as np
import pytest

from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, adjoint, value
from tests.minigrad.derivation import models
from tests.minigrad.derivation.models import derivation, flow

FLOW = flow()


def raises(ds=adjoint("s"), x=value("x")):
    raise RuntimeError("not done yet")


def changes_its_input(dh=adjoint("h"), h=value("h")):
    dh *= 1 - h**2
    return dh


def invented(dh=adjoint("h"), h=value("h")):
    ds = dh * (1 - h**2)
    return np.sin(7 * ds) * h


def with_loop(dh=adjoint("h"), h=value("h")):
    ds = np.empty_like(dh)
    for i in range(len(dh)):
        ds[i] = dh[i] * (1 + h[i] ** 2)
    return ds


def signed_loop(dh=adjoint("h"), h=value("h")):
    ds = np.empty_like(dh)
    for i in range(len(dh)):
        ds[i] = dh[i] * (h[i] ** 2 - 1)
    return ds


def case(kind, words, **changed):
    [(ref, line)] = changed.items()
    return pytest.param(kind, words, ref, line, id=f"{kind}: {words}")


def given(function, **inputs):
    """The function with other default values: what it is given."""
    function.__defaults__ = tuple(inputs.values())
    return function


WRONG = [
    case("sign", "multiplied by -1", e=given(lambda h: -np.ones_like(h), h=value("h"))),
    case(
        "sign",
        "h^2 has the other sign",
        s=given(lambda dh, h: dh * (1 + h**2), dh=adjoint("h"), h=value("h")),
    ),
    case("sign", "multiplied by -1", s=signed_loop),
    case(
        "scale",
        "multiplied by 1/2",
        s=given(lambda dh, h: 2 * dh * (1 - h**2), dh=adjoint("h"), h=value("h")),
    ),
    case(
        "scale",
        "multiplied by B",
        s=given(lambda dh, h: dh * (1 - h**2) / 5, dh=adjoint("h"), h=value("h")),
    ),
    case(
        "scale",
        "multiplied by 1/B",
        s=given(lambda dh, h: dh * (1 - h**2) * h.shape[1], dh=adjoint("h"), h=value("h")),
    ),
    case(
        "scale",
        "multiplied by T",
        W=given(lambda w: sum(w.values()) / len(w), w=adjoint("W", t=ALL_STEPS, via=THIS_STEP)),
    ),
    case(
        "scale",
        "without the factor 1.7",
        s=given(lambda dh, h: 1.7 * dh * (1 - h**2), dh=adjoint("h"), h=value("h")),
    ),
    case(
        "transpose",
        "when transposed",
        W_share=given(lambda ds, x: ds @ x.T, ds=adjoint("s"), x=value("x")),
    ),
    case(
        "transpose",
        "U is transposed",
        h_before=given(lambda ds, U: U.T @ ds, ds=adjoint("s"), U=value("U")),
    ),
    case(
        "transpose",
        "dJ/ds is transposed",
        W_share=given(lambda ds, x: x @ ds, ds=adjoint("s"), x=value("x")),
    ),
    case("missing sum", "axis 1 (the batch)", b_share=given(lambda ds: ds, ds=adjoint("s"))),
    case(
        "missing sum",
        "over the steps",
        b=given(lambda ds: ds.sum(axis=1, keepdims=True), ds=adjoint("s")),
    ),
    case(
        "missing sum",
        "share of step 1",
        W=given(lambda w: w[1], w=adjoint("W", t=ALL_STEPS, via=THIS_STEP)),
    ),
    case(
        "shape",
        "reshaped from (4,) to (4, 1)",
        b_share=given(lambda ds: ds.sum(axis=1), ds=adjoint("s")),
    ),
    case(
        "broadcast",
        "only by broadcasting",
        b_share=given(lambda ds: ds.sum(axis=1, keepdims=True) + 0 * ds, ds=adjoint("s")),
    ),
    case("missing contribution", "via e", h=given(lambda n: n, n=adjoint("h", via=NEXT_STEP))),
    case("missing contribution", "via s(t+1)", h=given(lambda o: o, o=adjoint("h", via="e"))),
    case(
        "double-counted contribution",
        "via e",
        h=given(lambda o, n: o + n + o, o=adjoint("h", via="e"), n=adjoint("h", via=NEXT_STEP)),
    ),
    case(
        "double-counted contribution", "via s(t+1)", h_via_e=given(lambda dh: dh, dh=adjoint("h"))
    ),
    case(
        "wrong operand",
        "given h(t-1) for h",
        U=given(
            lambda ds, h: sum(h[t] @ ds[t].T for t in ds),
            ds=adjoint("s", t=ALL_STEPS),
            h=value("h", t=ALL_STEPS),
        ),
    ),
    case(
        "wrong operand",
        "given h for s",
        s=given(lambda dh, s: dh * (1 - s**2), dh=adjoint("h"), s=value("s")),
    ),
    case(
        "wrong operand",
        "given dJ/ds for dJ/dh",
        b_share=given(lambda d: d.sum(axis=1, keepdims=True), d=adjoint("h")),
    ),
    case(
        "wrong operand",
        "given y for h(t-1)",
        h_via_e=given(
            lambda de, h, y: de * h * y, de=adjoint("e"), h=value("h"), y=value("h", t=-1)
        ),
    ),
    case("missing factor", "1 - h", s=given(lambda dh, h: dh, dh=adjoint("h"), h=value("h"))),
    case("missing factor", "U", h_before=given(lambda ds: ds, ds=adjoint("s"))),
    case("missing factor", "y", h_via_e=given(lambda de, h: de * h, de=adjoint("e"), h=value("h"))),
    case(
        "missing factor",
        "h is squared",
        s=given(lambda dh, h: dh * (1 - h), dh=adjoint("h"), h=value("h")),
    ),
    case(
        "extra factor",
        "without the factor y",
        h_via_e=given(lambda de, h, y: de * h * y * y, de=adjoint("e"), h=value("h"), y=value("y")),
    ),
    case(
        "missing factor",
        "and by dJ/dh",
        s=given(lambda dh, h: np.ones_like(h), dh=adjoint("h"), h=value("h")),
    ),
    case(
        "not finite",
        "not finite",
        s=given(lambda dh, h: dh / (h - h), dh=adjoint("h"), h=value("h")),
    ),
    case("raised", "RuntimeError: not done yet", W_share=raises),
    case("changed input", "changes its input dh", s=changes_its_input),
    case("wrong type", "list", e=given(lambda h: h.tolist(), h=value("h"))),
    case("wrong type", "NoneType", e=given(lambda h: None, h=value("h"))),
    case("wrong type", "complex", e=given(lambda h: h + 0j, h=value("h"))),
    case("unexplained", "differ most", s=invented),
    case("sign", "h[…]^2 has the other sign", s=with_loop),
    case(
        "transpose and sign",
        "-1",
        h_before=given(lambda ds, U: -U.T @ ds, ds=adjoint("s"), U=value("U")),
    ),
    case(
        "wrong operand and sign",
        "given h for s",
        s=given(lambda dh, s: dh * (s**2 - 1), dh=adjoint("h"), s=value("s")),
    ),
    case(
        "sign and missing sum",
        "over the steps",
        b=given(lambda ds: -ds.sum(axis=1, keepdims=True), ds=adjoint("s")),
    ),
    case(
        "missing sum",
        "(the batch) and summed over the steps",
        b=given(lambda ds: ds, ds=adjoint("s")),
    ),
    case("raised", "no value is called z", e=given(lambda z: z, z=value("z"))),
    case("raised", "does not reach J through z", e=(adjoint("h", via="z"), raises)),
    case("raised", "y requires no gradient", e=(adjoint("y"), raises)),
    case("raised", "at no step", x=given(lambda ds: ds, ds=adjoint("s", t=-9))),
]


@pytest.mark.parametrize(("kind", "words", "ref", "line"), WRONG)
def test_a_wrong_line_is_found_and_named(kind, words, ref, line):
    report = derivation(**{ref: line}).check(FLOW)
    [wrong] = report.wrong
    assert wrong.ref == ref.replace("_", " ")
    assert wrong.diagnosis.kind == kind, wrong.diagnosis
    assert words in wrong.diagnosis.message, wrong.diagnosis


def test_a_line_that_is_right_for_another_step_says_which_claim():
    """dJ/dh(t-1) has a part within step t-1, y h, and one from step t, U dJ/ds(t)."""
    claim = adjoint("h", t=-1, via=THIS_STEP)
    report = derivation(h_before=(claim, models.h_before)).check(FLOW)
    [line] = report.wrong
    assert line.diagnosis.kind == "wrong claim"
    assert "adjoint('h', t=-1, via=NEXT_STEP)" in line.diagnosis.message
    assert "dJ/dh(t-1), its part from step t-1" in str(report)


def test_a_line_that_gives_another_quantity_says_which():
    [line] = derivation(h_via_e=(adjoint("h", via="e"), models.s)).check(FLOW).wrong
    messages = [line.diagnosis.message, *(other.message for other in line.diagnosis.others)]
    assert any("his is dJ/ds." in message for message in messages)
