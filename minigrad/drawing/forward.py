"""The forward picture: named values, and the operations between them at the level of equations."""

import re
from functools import partial

from minigrad.drawing.blocks import Blocks
from minigrad.drawing.formula import INCOMING, Formula, expression, leaf, unnamed
from minigrad.drawing.picture import Node, Picture
from minigrad.notation.expression import Expression, Parameters
from minigrad.notation.trace import Trace
from minigrad.operation import Operation
from minigrad.operations.elementwise import add, maximum, minimum, multiply
from minigrad.tensor import Tensor

# A formula of more operations than this is drawn in several boxes.
LARGEST = 12
# Whose operands may change places.
COMMUTATIVE = (add, multiply, maximum, minimum)


class ForwardPicture:
    """Builds the picture of a graph.

    Named values are written into the wires. Between them, operations whose record says so are
    nodes; those drawn as "formula" are folded into one box with what they are made of, and so is a
    sum whose terms are such formulas.
    """

    def __init__(self, trace: Trace, blocks: Blocks, every_operation: bool) -> None:
        self.trace = trace
        self.blocks = blocks
        self.every_operation = every_operation
        # With time steps, parameters are in every formula: as nodes they would hide the flow.
        self.parameters = not blocks.steps
        self.picture = Picture("computation", backward=False, blocks=blocks.titled())
        self._kind: dict[Tensor, str] = {}
        self._folded: set[Tensor] = set()
        self._wanted: set[Tensor] = set()
        self._moving: dict[Tensor, Parameters] = {}
        for t in (steps.shown for steps in blocks.steps):
            self._moving |= blocks.moving(t, partial(trace.beside, t))

    def build(self) -> Picture:
        """Draw all that the outputs lead back to."""
        drawn = [x for x in self.trace.nodes if self.blocks.is_shown(self.trace.step[x])]
        size: dict[Tensor, int] = {}
        for x in drawn:
            self._classify(x, size)
        for x in reversed(drawn):
            is_output = not self.trace.users[x]
            if x._operation is None:
                if is_output:
                    self._value(x, x._t)
            elif x._name is not None or is_output or x in self._wanted:
                self._draw(x)
        self._add_flow_out(drawn)
        self.picture.nodes = dict(sorted(self.picture.nodes.items(), key=lambda n: n[1].age))
        return self.picture

    # --- what is a node and what is folded ------------------------------------------------------

    def _classify(self, x: Tensor, size: dict[Tensor, int]) -> None:
        """Decide as what an operation is drawn, and which of its inputs are folded into it."""
        if x._operation is None:
            return
        drawn = x._operation.drawn
        if self.every_operation or x in self.trace.terms:
            self._kind[x] = drawn if "circle" in drawn else "box"
            return
        inputs = [self._through_lines(i) for i in x._inputs or ()]
        folded = [i for i in inputs if self._can_fold(i, x, size)]
        if drawn == "circle" and folded:
            computed = [i for i in inputs if i._name is None and i._operation is not None]
            drawn = "formula" if len(computed) == len(folded) else drawn
        self._kind[x] = drawn
        size[x] = 1
        if drawn == "formula":
            size[x] += sum(size[i] for i in folded)
            self._folded.update(folded)

    def _can_fold(self, x: Tensor, user: Tensor, size: dict[Tensor, int]) -> bool:
        """Whether an unnamed input is written as a part of the formula of its only user."""
        if x._name is not None or self._kind.get(x) != "formula" or size[x] > LARGEST:
            return False
        if self._is_parametric(x):
            return True
        return len(self.trace.users[x]) == 1 and self.trace.step[x] == self.trace.step[user]

    def _is_parametric(self, x: Tensor) -> bool:
        """Whether it is one operation on parameters, such as the transpose of a weight."""
        return all(i._operation is None and self.trace.step[i] is None for i in x._inputs or ())

    def _through_lines(self, x: Tensor) -> Tensor:
        """Past operations that change nothing."""
        while (
            not self.every_operation
            and x._name is None
            and x._operation is not None
            and x._operation.drawn == "line"
        ):
            x = x._inputs[0]  # type: ignore[index]
        return x

    # --- nodes ----------------------------------------------------------------------------------

    def _draw(self, x: Tensor) -> None:
        """Draw a value and the operation that made it."""
        operation = x._operation
        if x._name is not None:
            value = self._value(x, seen_from=x._t)
            if operation.drawn == "line" and not self.every_operation:
                self._connect(x._inputs[0], value, x)  # type: ignore[index]
                return
            made_by = self._operation(x)
            self.picture.connect(made_by, value, self.picture.nodes[value].label.text)
            return
        if operation.drawn == "line" and not self.every_operation:
            self._wanted.add(self._through_lines(x))
            return
        self._operation(x)

    def _operation(self, x: Tensor) -> str:
        """Draw the operation that made a value, and the edges into it."""
        kind, operation = self._kind[x], x._operation
        sources: list[Tensor] = []
        if kind == "formula":
            label = self._formula(x, sources)
        else:
            sources = self.trace.terms.get(x) or list(x._inputs or ())
            label = symbol(operation)
        node = Node(
            f"op{x._index}", kind, label, block=self.blocks[self.trace.step[x]], age=x._index
        )
        self.picture.add(node)
        counted = kind != "formula" and operation not in COMMUTATIVE and len(sources) > 1
        for k, source in enumerate(sources, 1):
            self._connect(source, node.id, x, str(k) if counted else "")
        return node.id

    def _formula(self, x: Tensor, sources: list[Tensor]) -> Formula:
        """Write the formula of a value, and collect what it takes in along edges."""
        t = self.trace.step[x]

        def written(i: Tensor) -> Expression | None:
            if i is x:
                return None
            if i._name is not None:
                if i._t is not None or i._operation is not None or self.parameters:
                    sources.append(i)
                return leaf(i, self.blocks.label(i._name, i._t, t, i.ndim > 0))
            if i._operation is None:
                return self.blocks.number(i)
            if i in self._folded or i._operation.drawn == "line":
                return None
            sources.append(i)
            return leaf(i, INCOMING)

        return expression(x, written, self._moving)

    def _connect(self, x: Tensor, to: str, user: Tensor, operand: str = "") -> None:
        """Draw the edge by which a value comes into a node."""
        x = self._through_lines(x)
        step, here = self.trace.step[x], self.trace.step[user]
        block = self.blocks[step]
        if self.blocks.is_shown(step):
            tail = self._carrier(x, here)
        elif step is not None and here is None:
            return  # of steps that are alike, one is drawn
        elif block is not None and block != self.blocks[here]:
            shown = self._at_shown_step(x)
            if shown is None:
                return
            tail = self._carrier(shown, here)
        else:
            tail = self._from_another_step(x, user)
        self.picture.connect(tail, to, self._carried(x, tail), operand)

    def _carried(self, x: Tensor, tail: str) -> str:
        """What flows out of a node, in words."""
        if tail in self.picture.nodes and x._name is not None:
            return self.picture.nodes[tail].label.text
        return f"result of {x._operation.name}" if x._operation else unnamed(x).text

    def _carrier(self, x: Tensor, seen_from: int | None) -> str:
        """The node that a value comes out of."""
        if x._name is not None or x._operation is None:
            return self._value(x, x._t if x._t is not None else seen_from)
        self._wanted.add(x)
        return f"op{x._index}"

    def _value(self, x: Tensor, seen_from: int | None) -> str:
        """The node of a named value or of a leaf."""
        node_id = f"v{x._index}"
        if node_id not in self.picture.nodes:
            label = (
                expression(x, self.blocks.number)
                if x._name is None
                else self.blocks.label(x._name, x._t, seen_from, x.ndim > 0)
            )
            step = self.trace.step[x]
            node = Node(node_id, "value", label, name=x._name, block=self.blocks[step])
            node.age = x._index
            node.subject = None if x._name is None else (x._name, x._t)
            self.picture.add(node)
        return node_id

    # --- between steps --------------------------------------------------------------------------

    def _from_another_step(self, x: Tensor, user: Tensor) -> str:
        """What comes in from a step that is not drawn, or from the repeat before."""
        here = self.trace.step[user]
        node_id = f"in{x._index}"
        if node_id in self.picture.nodes:
            return node_id
        label = INCOMING if x._name is None else self.blocks.label(x._name, x._t, here, x.ndim > 0)
        node = Node(node_id, "value", label, name=label.text, block=self.blocks[here], side="in")
        node.age = x._index
        self.picture.add(node)
        if x._name is not None and here is not None and x._t is not None:
            self._feed(node_id, (x._name, x._t), here)
        return node_id

    def _feed(self, node_id: str, label: tuple[str, int], here: int) -> None:
        """Draw where a value of another step comes from: a repeat, or outside of the block."""
        (name, t), block = label, self.blocks[here]
        if block is None or self.blocks[t] != block:
            return
        steps = self.blocks.steps[block]
        outside = (steps.first if t < here else steps.last) + t - here
        for source in (here, outside):
            other = self.trace.named.get((name, source))
            shown = None if other is None else self._at_shown_step(other)
            if shown is not None:
                tail = self._value(shown, shown._t)
                text = self.picture.nodes[tail].label.text
                self.picture.connect(tail, node_id, text, recurrent=source == here)

    def _at_shown_step(self, x: Tensor) -> Tensor | None:
        """The value that stands for this one in its block."""
        if x._name is None or x._t is None:
            return None
        return self.trace.named.get((x._name, self.blocks.shown(x._t)))

    def _add_flow_out(self, drawn: list[Tensor]) -> None:
        """Show which values go on to steps that are not drawn."""
        for x in drawn:
            if f"v{x._index}" not in self.picture.nodes or x._t is None:
                continue
            later = {self.trace.step[user] for user in self.trace.users[x]} - {None, x._t}
            gone = sorted(t for t in later if t is not None and self.blocks[t] is None)
            for t in gone[:1]:
                text = self.blocks.written(t, x._t)
                stub = Node(
                    f"out{x._index}",
                    "stub",
                    Formula(rf"\text{{to }}{text}", f"to {text}"),
                    block=self.blocks[x._t],
                    side="out",
                    age=x._index,
                )
                self.picture.add(stub)
                label = self.picture.nodes[f"v{x._index}"].label
                self.picture.connect(f"v{x._index}", stub.id, label.text)


def symbol(operation: Operation) -> Formula:
    """The symbol of an operation: a word upright, a sign as it is."""
    text = operation.symbol
    if re.fullmatch(r"[A-Za-z][\w-]+", text):
        escaped = text.replace("_", r"\_")
        return Formula(rf"\text{{{escaped}}}", text)
    return Formula(_SIGNS.get(text, text), text)


_SIGNS = {"σ": r"\sigma", "∘": r"\circ", "−": "-", "Σ": r"\sum", "⊤": r"\top", "√": r"\surd"}
