"""Write expressions for messages, `dJ/da ∘ tanh(c)ᵀ`: by the records of the table."""

import re
from collections.abc import Sequence
from typing import Any

from minigrad.notation.template import Written, filled
from minigrad.operation import without_axes
from minigrad.operations.elementwise import power
from minigrad.operations.shape import transpose
from minigrad.tensor import OPERATIONS

# NumPy's functions that the table has under another name, and those that change no element.
_ALIASES = {"matrix_transpose": "transpose", "absolute": "abs"}
_SILENT = ("positive", "reshape", "broadcast_to", "expand_dims", "squeeze", "astype", "copy")


def spell(name: str, operands: Sequence[Written]) -> Written:
    """Write the function of this name, of NumPy or of the table, of some operands."""
    if name in _SILENT and operands:
        return operands[0]
    if name == "square" or (name == "multiply" and operands[0] == operands[1]):
        return filled(power, power.text, [operands[0], Written("2")])
    operation: Any = OPERATIONS.get(_ALIASES.get(name, name))
    if operation is transpose and operands[0].text.endswith("ᵀ"):
        return Written(operands[0].text.removesuffix("ᵀ"))
    if operation is None or operation.arity not in (None, len(operands)):
        return Written(f"{name}({', '.join(x.text for x in operands)})")
    template = without_axes(operation.text)
    template = re.sub(r"\{\{\w+\}\}", "…", template)  # such as an index
    return filled(operation, template, operands)
