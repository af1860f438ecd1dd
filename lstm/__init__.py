"""The seed's LSTM: its model, its section 3 in closed form and line by line, and them compared."""

from lstm import closed_form
from lstm.derivation import section_3, section_3_as_printed
from lstm.model import forward, init_params, loss

__all__ = [
    "closed_form",
    "forward",
    "init_params",
    "loss",
    "section_3",
    "section_3_as_printed",
]
