"""Figures 1 and 2 of the seed: one block of the LSTM, forward and backward."""

from typing import TYPE_CHECKING

import numpy as np

import minigrad as mg
from lstm.model import Forward, forward, init_params

if TYPE_CHECKING:
    from pathlib import Path

# Rows of both figures, from left to right: the gates in the order of equations 1 to 8, but for the
# output gate, which comes last as it is used last.
GATES = (("z_f", "z_u", "z_c", "z_o"), ("Gamma_f", "Gamma_u", "c_tilde", "Gamma_o"))
EQUATIONS = (
    *("z_f", "Gamma_f", "z_u", "Gamma_u", "z_o", "Gamma_o"),
    *("z_c", "c_tilde", "c", "a", "z_y", "y_hat"),
)


def draw_figure_1() -> "mg.Drawing":
    """Figure 1: forward propagation through one block at step t, equations 1 to 12.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> import lstm
    >>> lstm.draw_figure_1()
    <drawing of Figure 1: forward propagation through an LSTM block at step t: 32 nodes, 37 edges>
    """
    return mg.draw(
        _three_steps().y_hat,
        steps=[2],
        origin=2,
        ranks=GATES,
        notes={name: f"eq. {k}" for k, name in enumerate(EQUATIONS, start=1)},
        title="Figure 1: forward propagation through an LSTM block at step t",
    )


def draw_figure_2() -> "mg.Drawing":
    """Figure 2: the gradient flow through one block at step t.

    The plus nodes are numbered as in the text: 1 makes dJ/da(t), 2 makes dJ/dc(t); 3, 4, 5 add up
    what flows to a(t-1), and 6, 7, 8 what flows to x(t), in the order output gate, candidate,
    update gate, forget gate.

    Returns
    -------
    Drawing

    Examples
    --------
    >>> import lstm
    >>> lstm.draw_figure_2()
    <drawing of Figure 2: gradient flow through an LSTM block at step t: 66 nodes, 71 edges>
    """
    return mg.draw(
        mg.gradient_flow(_three_steps().loss),
        steps=[2],
        origin=2,
        ranks=GATES,
        title="Figure 2: gradient flow through an LSTM block at step t",
    )


def write_figures(out: "Path") -> "list[Path]":
    """Write both figures, each as SVG, PNG and PDF, into a folder; returns the files."""
    out.mkdir(parents=True, exist_ok=True)
    paths = []
    for k, drawing in enumerate((draw_figure_1(), draw_figure_2()), start=1):
        for suffix in ("svg", "png", "pdf"):
            paths.append(out / f"figure-{k}.{suffix}")
            drawing.save(paths[-1])
    return paths


def _three_steps() -> Forward:
    """A run of three steps on one example: step 2 has a step before it and one after it."""
    params = init_params(n_x=3, n_a=4, n_y=2)
    rng = np.random.default_rng(0)
    return forward(params, rng.normal(size=(3, 3, 1)), np.eye(2)[[0, 1, 0]][:, :, None])
