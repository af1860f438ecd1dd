"""The seed's LSTM: its model, its section 3 in closed form and line by line, and them compared."""

from lstm import closed_form
from lstm.derivation import section_3, section_3_as_printed
from lstm.figures import draw_figure_1, draw_figure_2
from lstm.model import forward, init_params, loss

__all__ = [
    "closed_form",
    "draw_figure_1",
    "draw_figure_2",
    "forward",
    "init_params",
    "loss",
    "section_3",
    "section_3_as_printed",
]
