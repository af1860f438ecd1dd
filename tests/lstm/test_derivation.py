"""Section 3, line by line: right as it is read, wrong where errata.md says as it is printed."""

import numpy as np
import pytest

import lstm
import minigrad as mg
from tests.mutants import lstm_flow

TIED = {
    ref: names.split()
    for ref, names in {
        "3.2": "W_ya b_y",
        "3.5": "W_oa W_ox b_o",
        "3.7": "W_ua W_ux b_u",
        "3.8": "W_fa W_fx b_f",
        "3.9": "W_ca W_cx b_c",
    }.items()
}


@pytest.mark.parametrize("chained", [False, True])
@pytest.mark.parametrize(
    "sizes",
    [
        {},
        {"T": 1},
        {"B": 1},
        {"n_x": 1, "n_a": 1, "n_y": 1, "B": 1, "T": 2},
        {"n_x": 4, "n_a": 4, "n_y": 4, "B": 4, "T": 4},
        {"T": 12, "n_a": 7, "dtype": np.float32},
    ],
)
def test_section_3_is_right(sizes, chained):
    report = lstm.section_3.check(lstm_flow(**sizes), chained)
    assert report.ok, report


def test_section_3_covers_every_quantity_of_the_text():
    claimed = {line.claim.name for line in lstm.section_3.lines}
    states = {"y_hat", "z_y", "a", "c", "x", "c_tilde"}
    gates = {f"{kind}_{gate}" for kind in ("z", "Gamma") for gate in "fuo"} | {"z_c"}
    assert claimed == set(lstm.init_params(1, 1, 1)) | states | gates
    refs = [line.ref.split()[0] for line in lstm.section_3.lines]
    assert refs == sorted(refs, key=lambda ref: float(ref.removeprefix("3.")))


def test_as_printed_exactly_the_errata_are_found():
    report = lstm.section_3_as_printed.check(lstm_flow())
    found = {(line.ref, str(line.claim)): line.diagnosis.kind for line in report.wrong}
    expected = {("3.1", "dJ/dy_hat"): "sign"}
    expected |= {(ref, f"dJ/d{n}"): "missing sum" for ref, names in TIED.items() for n in names}
    expected |= dict.fromkeys(BEFORE, "missing contribution")
    assert found == expected


BEFORE = [("3.6", "dJ/dc(t-1)"), ("3.10", "dJ/da(t-1)")]


def test_the_messages_would_have_told_the_author():
    report = lstm.section_3_as_printed.check(lstm_flow())
    said = {(line.ref, str(line.claim)): line for line in report.wrong}
    assert "multiplied by -1" in said["3.1", "dJ/dy_hat"].diagnosis.message
    assert "over the steps" in said["3.5", "dJ/dW_oa"].diagnosis.message
    assert "via a(t-1)" in said["3.6", "dJ/dc(t-1)"].diagnosis.message
    assert "via z_y(t-1)" in said["3.10", "dJ/da(t-1)"].diagnosis.message
    # The initial states do not reach y_hat(0): there the printed lines are right.
    assert said["3.10", "dJ/da(t-1)"].steps == (2, 3)


def test_in_a_chain_the_sign_of_3_1_spreads_and_the_rest_is_told_apart():
    report = lstm.section_3_as_printed.check(lstm_flow(), chained=True)
    kinds = {(line.ref, str(line.claim)): line.diagnosis.kind for line in report.wrong}
    assert kinds["3.1", "dJ/dy_hat"] == "sign"
    assert kinds["3.2", "dJ/dz_y"] == "inherited"
    # 3.3 asks for Comp-1, which no line as printed claims: 3.10 calls it the whole.
    assert kinds["3.3", "dJ/da"] == "missing line"


def test_the_closed_form_agrees_array_by_array():
    rng = np.random.default_rng(3)
    params = lstm.init_params(3, 4, 5, seed=2)
    x, y = rng.normal(size=(4, 3, 6)), rng.uniform(0.1, 1, size=(4, 5, 6))
    a0, c0 = rng.normal(size=(2, 4, 6))
    flow = mg.gradient_flow(lstm.forward(params, x, y, a0, c0).loss)
    _, gradients = lstm.closed_form.gradients(params, x, y, a0, c0)
    arrays = {name: gradients[name] for name in params}
    arrays |= {("a", 0): gradients["a0"], ("c", 0): gradients["c0"]}
    arrays |= {("x", t + 1): g for t, g in enumerate(gradients["x"])}
    assert mg.compare(flow, arrays).ok
    transposed = {"W_fa": gradients["W_fa"].T, "b_f": 2 * gradients["b_f"]}
    wrong = {x.ref: x.diagnosis.kind for x in mg.compare(flow, transposed).wrong}
    assert wrong == {"W_fa": "transpose", "b_f": "scale"}
