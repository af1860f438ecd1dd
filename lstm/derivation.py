"""Section 3 of the derivation, line by line, in its layout and order.

`section_3` reads the text so that it is right; `section_3_as_printed` takes it literally. Names are
the text's, `J_a` stands for dJ/da, and every array has a batch of columns (rows, for adjoints).
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, Derivation, adjoint, value

section_3 = Derivation("Section 3")
line = section_3.line


def tied_parameters(ref: str, z: str, state: str, t: int, x: str = "") -> None:
    """The weights and the bias of z = W_state^T state(t) + W_x^T x + b.

    The text gives the share of one step; the gradient is the sum of the shares.
    """
    gate = z[-1]

    def shares(name: str, function: Callable[..., Any]) -> None:
        line(ref, adjoint(name, via=THIS_STEP))(function)

        @line(f"{ref} summed", adjoint(name))
        def _(shares=adjoint(name, t=ALL_STEPS, via=THIS_STEP)):
            return sum(shares.values())

    def weight(J_z=adjoint(z), a=value(state, t=t)):
        return J_z.T @ a.T

    def weight_of_x(J_z=adjoint(z), x=value("x")):
        return J_z.T @ x.T

    def bias(J_z=adjoint(z)):
        return J_z.sum(axis=0, keepdims=True)  # over the batch; the text has one column

    shares(f"W_{gate}a", weight)
    if x:
        shares(f"W_{gate}x", weight_of_x)
    shares(f"b_{gate}", bias)


# --- 3.1 the prediction ---------------------------------------------------------------------------


@line("3.1", adjoint("y_hat"))
def _(y=value("y"), y_hat=value("y_hat")):
    return -(y / y_hat).T


# --- 3.2 the output layer -------------------------------------------------------------------------


@line("3.2", adjoint("z_y"))
def _(J_y_hat=adjoint("y_hat"), y_hat=value("y_hat")):
    rows = [J @ (np.diag(y) - np.outer(y, y)) for J, y in zip(J_y_hat, y_hat.T, strict=True)]
    return np.stack(rows)


tied_parameters("3.2", "z_y", "a", t=0)

# --- 3.3 the state a ------------------------------------------------------------------------------


@line("3.3 Comp-2", adjoint("a", via="z_y"))
def _(J_z_y=adjoint("z_y"), W_ya=value("W_ya")):
    return J_z_y @ W_ya.T


@line("3.3", adjoint("a"))
def _(comp_1=adjoint("a", via=NEXT_STEP), comp_2=adjoint("a", via="z_y")):
    return comp_1 + comp_2


# --- 3.4 the output gate and the state c ----------------------------------------------------------


@line("3.4", adjoint("Gamma_o"))
def _(J_a=adjoint("a"), c=value("c")):
    return J_a * np.tanh(c).T


@line("3.4 Comp-2", adjoint("c", via="a"))
def _(J_a=adjoint("a"), Gamma_o=value("Gamma_o"), c=value("c")):
    return J_a * (Gamma_o * (1 - np.tanh(c) ** 2)).T


@line("3.4", adjoint("c"))
def _(comp_1=adjoint("c", via=NEXT_STEP), comp_2=adjoint("c", via="a")):
    return comp_1 + comp_2


# --- 3.5 the output gate's parameters -------------------------------------------------------------


@line("3.5", adjoint("z_o"))
def _(J_Gamma_o=adjoint("Gamma_o"), Gamma_o=value("Gamma_o")):
    return J_Gamma_o * (Gamma_o * (1 - Gamma_o)).T


tied_parameters("3.5", "z_o", "a", t=-1, x="x")

# --- 3.6 the gates and the state before -----------------------------------------------------------


@line("3.6", adjoint("Gamma_u"))
def _(J_c=adjoint("c"), c_tilde=value("c_tilde")):
    return J_c * c_tilde.T


@line("3.6", adjoint("c_tilde"))
def _(J_c=adjoint("c"), Gamma_u=value("Gamma_u")):
    return J_c * Gamma_u.T


@line("3.6", adjoint("Gamma_f"))
def _(J_c=adjoint("c"), c_before=value("c", t=-1)):
    return J_c * c_before.T


# Comp-1 of 3.4 for step t-1; the text writes it as the whole derivative.
@line("3.6", adjoint("c", t=-1, via=NEXT_STEP))
def _(J_c=adjoint("c"), Gamma_f=value("Gamma_f")):
    return J_c * Gamma_f.T


# --- 3.7 the update gate's parameters -------------------------------------------------------------


@line("3.7", adjoint("z_u"))
def _(J_Gamma_u=adjoint("Gamma_u"), Gamma_u=value("Gamma_u")):
    return J_Gamma_u * (Gamma_u * (1 - Gamma_u)).T


tied_parameters("3.7", "z_u", "a", t=-1, x="x")

# --- 3.8 the forget gate's parameters -------------------------------------------------------------


@line("3.8", adjoint("z_f"))
def _(J_Gamma_f=adjoint("Gamma_f"), Gamma_f=value("Gamma_f")):
    return J_Gamma_f * (Gamma_f * (1 - Gamma_f)).T


tied_parameters("3.8", "z_f", "a", t=-1, x="x")

# --- 3.9 the candidate's parameters ---------------------------------------------------------------


@line("3.9", adjoint("z_c"))
def _(J_c_tilde=adjoint("c_tilde"), z_c=value("z_c")):
    return J_c_tilde * (1 - np.tanh(z_c) ** 2).T


tied_parameters("3.9", "z_c", "a", t=-1, x="x")

# --- 3.10 the state before and the input ----------------------------------------------------------


def component(ref: str, z: str) -> None:
    """What flows through one gate to a(t-1) and to x(t)."""
    gate = z[-1]

    @line(ref, adjoint("a", t=-1, via=z))
    def _(J_z=adjoint(z), W=value(f"W_{gate}a")):
        return J_z @ W.T

    @line(ref, adjoint("x", via=z))
    def _(J_z=adjoint(z), W=value(f"W_{gate}x")):
        return J_z @ W.T


component("3.10 Comp-1", "z_o")
component("3.10 Comp-2", "z_c")
component("3.10 Comp-3", "z_u")
component("3.10 Comp-4", "z_f")


# Comp-1 of 3.3 for step t-1; the text writes it as the whole derivative.
@line("3.10", adjoint("a", t=-1, via=NEXT_STEP))
def _(
    comp_1=adjoint("a", t=-1, via="z_o"),
    comp_2=adjoint("a", t=-1, via="z_c"),
    comp_3=adjoint("a", t=-1, via="z_u"),
    comp_4=adjoint("a", t=-1, via="z_f"),
):
    return comp_1 + comp_2 + comp_3 + comp_4


@line("3.10", adjoint("x"))
def _(
    comp_1=adjoint("x", via="z_o"),
    comp_2=adjoint("x", via="z_c"),
    comp_3=adjoint("x", via="z_u"),
    comp_4=adjoint("x", via="z_f"),
):
    return comp_1 + comp_2 + comp_3 + comp_4


# --- as printed -----------------------------------------------------------------------------------

section_3_as_printed = Derivation("Section 3, taken literally")


@section_3_as_printed.line("3.1", adjoint("y_hat"))
def _(y=value("y"), y_hat=value("y_hat")):
    return (y / y_hat).T


def as_the_whole(line: Any) -> Any:
    """What the text does not call a component is the whole derivative."""
    part = line.claim.via in (THIS_STEP, NEXT_STEP)
    return replace(line, claim=replace(line.claim, via=None)) if part else line


# The text has no sums over the steps.
section_3_as_printed.lines += [
    as_the_whole(x) for x in section_3.lines[1:] if not x.ref.endswith("summed")
]
