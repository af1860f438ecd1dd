"""A derivation by hand, to be checked: python -m lstm check --derivation FILE.py

Write a line for every result of yours. A line's function takes NumPy arrays; the default value of
each parameter says which:

    value("c")                      c(t), as the model computes it
    value("c", t=-1)                c(t-1); a parameter such as W_ya has no step
    adjoint("a")                    dJ/da(t), all of it
    adjoint("a", via="z_y")         the part of dJ/da(t) that comes through z_y
    adjoint("a", via=NEXT_STEP)     the part that flows in from step t+1; zero at the last step
    adjoint("W_ya", via=THIS_STEP)  the share of step t in the gradient of a weight
    t=ALL_STEPS                     a dict from every step to the array there

The line's claim says what it computes, in the same words. It is written once, for a general t.

Names are those of the model: W_fa W_fx b_f W_ua W_ux b_u W_oa W_ox b_o W_ca W_cx b_c W_ya b_y, and
x y z_f Gamma_f z_u Gamma_u z_o Gamma_o z_c c_tilde c a z_y y_hat J. To check another model, define
a function `flow()` here that gives its minigrad.gradient_flow(J). The command runs this file.
"""

import numpy as np

from minigrad import ALL_STEPS, NEXT_STEP, THIS_STEP, Derivation, adjoint, value

# "numerator": dJ/dv is the transpose of v. "gradient": it has the shape of v.
derivation = Derivation("My derivation", layout="numerator")


@derivation.line("1", adjoint("y_hat"))
def _(y=value("y"), y_hat=value("y_hat")):
    return -(y / y_hat).T


@derivation.line("2", adjoint("a"))
def _(from_next=adjoint("a", via=NEXT_STEP), J_z_y=adjoint("z_y"), W_ya=value("W_ya")):
    return from_next + J_z_y @ W_ya.T


@derivation.line("3", adjoint("Gamma_o"))
def _(J_a=adjoint("a"), c=value("c")):
    return J_a * np.tanh(c).T


@derivation.line("4", adjoint("W_ya", via=THIS_STEP))
def _(J_z_y=adjoint("z_y"), a=value("a")):
    return J_z_y.T @ a.T


@derivation.line("5", adjoint("W_ya"))
def _(shares=adjoint("W_ya", t=ALL_STEPS, via=THIS_STEP)):
    return sum(shares.values())
