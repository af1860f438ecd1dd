"""A picture as data: nodes, edges and blocks, before anything is laid out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from minigrad.drawing.formula import GRADIENTS, Formula


@dataclass
class Node:
    """One node.

    Attributes
    ----------
    id
        Unique in its picture.
    kind
        "value" (a named value or adjoint, written into the wire), "box" (an operation), "formula"
        (several), "circle" and "doublecircle" (a symbol in a circle), "plus" (a circle in which
        contributions meet), "end" (where gradients end),
        "stub" (a step that is not drawn).
    label
        What is written in it.
    caption
        What is written beside it: the factor of a Hadamard product, the number of a plus node.
    name
        The named value that it shows, such as "z_f"; "c(t-1)" for one of another step.
    block
        The index of the block that it stands in.
    side
        "in" or "out" if it stands on the border of its block, where a flow comes in or goes out.
    age
        Of the value that it is about; older values are named first.
    subject
        The value that it is about, by name and step, if it is one.
    through
        If it is one share of a parameter's gradient: the values that it comes through.
    gradient
        What comes out of it in a backward picture, if it is an operation.
    summary
        Lines of small print: shape and statistics.
    alarm
        "nan", "vanishing" or "exploding" where the numbers are bad.
    """

    id: str
    kind: str
    label: Formula
    caption: Formula | None = None
    name: str | None = None
    block: int | None = None
    side: str = ""
    age: int = 0
    subject: tuple[str, int | None] | None = None
    through: tuple[tuple[str, int | None], ...] = ()
    gradient: Any = None
    summary: tuple[str, ...] = ()
    alarm: str = ""

    @property
    def is_round(self) -> bool:
        """Whether it is a circle."""
        return self.kind in ("circle", "doublecircle", "plus")

    @property
    def is_wired(self) -> bool:
        """Whether it stands in the wire, with no box around it."""
        return self.is_round or self.kind in ("value", "stub")


@dataclass
class Edge:
    """One edge, in the direction in which the value or the gradient flows.

    Attributes
    ----------
    tail, head
        Identifiers of nodes.
    carries
        What flows along it, in plain text: "z_f(t)" or "dJ/dz_f(t)".
    operand
        Which operand it brings to what is another operation with others in their place: "1", or
        "1, 2" if it brings both.
    recurrent
        Whether it goes to the next repeat of its block.
    width
        In points.
    alarm
        As a node's.
    """

    tail: str
    head: str
    carries: str
    operand: str = ""
    recurrent: bool = False
    width: float = 1.0
    alarm: str = ""


@dataclass
class Block:
    """A time step, or several alike that are drawn once."""

    title: str


@dataclass
class Picture:
    """What there is to draw."""

    title: str
    backward: bool
    heading: str = ""  # a title that is written above it
    incoming: Formula = GRADIENTS[0]  # how formulas call the gradient that comes in
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    _edge: dict[tuple[str, str], Edge] = field(default_factory=dict, repr=False)

    def of_block(self, block: int | None) -> list[Node]:
        """The nodes of one block, or those outside of all."""
        return [node for node in self.nodes.values() if node.block == block]

    def add(self, node: Node) -> str:
        """Add a node; returns its identifier."""
        self.nodes[node.id] = node
        return node.id

    def connect(
        self, tail: str, head: str, carries: str, operand: str = "", recurrent: bool = False
    ) -> None:
        """Add an edge; what brings several operands is one edge."""
        edge = self._edge.get((tail, head))
        if edge is None:
            edge = self._edge[tail, head] = Edge(tail, head, carries, operand, recurrent)
            self.edges.append(edge)
        elif operand:
            edge.operand += f", {operand}"

    def merge(self, into: Mapping[str, str]) -> None:
        """Let the nodes that some lead to stand for them."""
        for name in into:
            del self.nodes[name]
        self.edges = [edge for edge in self.edges if edge.tail not in into]
        for edge in self.edges:
            edge.head = into.get(edge.head, edge.head)
        self._edge = {(edge.tail, edge.head): edge for edge in self.edges}
