"""The seed's LSTM: its model, its section 3 in closed form, and the two compared."""

from lstm import closed_form
from lstm.model import forward, init_params, loss

__all__ = ["closed_form", "forward", "init_params", "loss"]
