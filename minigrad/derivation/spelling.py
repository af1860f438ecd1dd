"""Write expressions as plain text, for messages: `dJ/da tanh(c)^T`."""

from collections.abc import Sequence
from typing import NamedTuple

SUM, PRODUCT, POWER, ATOM = range(1, 5)


class Spelled(NamedTuple):
    """A text, and how tightly its outermost sign binds."""

    text: str
    binding: int = ATOM

    def within(self, binding: int) -> str:
        """The text, in parentheses where the sign around it binds tighter."""
        return self.text if self.binding >= binding else f"({self.text})"


# How the operations and NumPy functions of these names are written: the format, how tightly its
# sign binds, and how tightly each operand's has to.
_SIGNS: dict[str, tuple[str, int, tuple[int, ...]]] = {
    "add": ("{} + {}", SUM, (SUM, SUM)),
    "subtract": ("{} - {}", SUM, (SUM, PRODUCT)),
    "multiply": ("{} {}", PRODUCT, (PRODUCT, PRODUCT)),
    "matmul": ("{} @ {}", PRODUCT, (PRODUCT, POWER)),
    "divide": ("{} / {}", PRODUCT, (PRODUCT, POWER)),
    "negative": ("-{}", SUM, (PRODUCT,)),
    "power": ("{}^{}", POWER, (ATOM, ATOM)),
    "square": ("{}^2", POWER, (ATOM,)),
    "transpose": ("{}^T", ATOM, (ATOM,)),
    "matrix_transpose": ("{}^T", ATOM, (ATOM,)),
}
_SILENT = ("positive", "reshape", "broadcast_to", "expand_dims", "squeeze", "astype", "copy")


def spell(name: str, operands: Sequence[Spelled]) -> Spelled:
    """Write the function of this name of some operands."""
    if name in _SILENT and operands:
        return operands[0]
    if "transpose" in name and operands[0].text.endswith("^T"):
        return Spelled(operands[0].text.removesuffix("^T"))
    if name == "multiply" and operands[0] == operands[1]:
        return spell("square", operands[:1])
    form, binding, wanted = _SIGNS.get(name, ("", ATOM, ()))
    if form and len(operands) == len(wanted):
        texts = (x.within(b) for x, b in zip(operands, wanted, strict=True))
        return Spelled(form.format(*texts), binding)
    return Spelled(f"{name}({', '.join(x.text for x in operands)})")
