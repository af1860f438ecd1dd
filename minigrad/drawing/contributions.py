"""The operations that lead from one adjoint to its contribution to the next."""

from collections.abc import Callable

from minigrad.drawing.adjoints import Adjoints
from minigrad.drawing.blocks import Pairs
from minigrad.drawing.formula import expression, leaf, listed
from minigrad.drawing.forward import COMMUTATIVE, symbol
from minigrad.drawing.picture import Node
from minigrad.flow import Label
from minigrad.notation.expression import Expression, Parameters
from minigrad.notation.nodes import transposed
from minigrad.tensor import Tensor


class Contributions:
    """Draws contributions, each as the operations that the gradient passes."""

    def __init__(self, adjoints: Adjoints, every_operation: bool) -> None:
        self.adjoints = adjoints
        self.flow, self.blocks = adjoints.flow, adjoints.blocks
        self.picture = adjoints.picture
        self.every_operation = every_operation
        self._depends: dict[Tensor, bool] = {}
        self._places: dict[int, Tensor] = {}
        self._moving: dict[Tensor, Parameters] = {}

    def draw(self, v: Label, m: Label, part: Tensor) -> str:
        """Draw the operations that lead from dJ/dm to a part of dJ/dv; returns the last node."""
        adjoint = self.flow.adjoint(*m)
        here = v[1] if m[1] is None else m[1]
        self._moving |= self.blocks.moving(here, lambda u: self._beside(v, m, u - (here or 0)))
        if self.every_operation:
            return self._draw_operations(v, m, part)
        path = self._path(part, adjoint)
        tail, carried = self.adjoints.node(m), self.adjoints.derivative(m, here).text
        done = adjoint
        for k, x in enumerate(path):
            if not self._is_node(x, path[k + 1 :]):
                continue
            node_id = f"g{x._index}"
            if node_id not in self.picture.nodes:
                self.picture.add(self._operation(node_id, x, done, here))
            self.picture.connect(tail, node_id, carried)
            tail, done = node_id, x
            carried = (
                f"{self.adjoints.derivative(v, here).text} via {self.adjoints.name(m, here).text}"
            )
        return tail

    def _beside(self, v: Label, m: Label, distance: int) -> Pairs:
        """What a contribution is made of, each with what that of another step is made of."""
        there_v, there_m = ((name, t if t is None else t + distance) for name, t in (v, m))
        there = self.flow.contributions(*there_v) if there_v in self.flow.values else {}
        to_visit = [(self.flow.contributions(*v)[m], there[there_m])] if there_m in there else []
        while to_visit:
            x, y = to_visit.pop()
            if x is not y and x._operation is y._operation and x._name is None:
                yield x, y
                to_visit += zip(x._inputs or (), y._inputs or (), strict=True)

    def _draw_operations(self, v: Label, m: Label, part: Tensor) -> str:
        """Draw every operation between dJ/dm and a part of dJ/dv; returns the last node."""
        adjoint = self.flow.adjoint(*m)
        here = v[1] if m[1] is None else m[1]
        ids = {adjoint: self.adjoints.node(m)}
        to_draw = [part]
        while to_draw:
            x = to_draw[-1]
            onwards = [i for i in x._inputs or () if self._depends_on(adjoint, i)]
            missing = [i for i in onwards if i not in ids]
            to_draw += missing
            if missing or x in ids:
                if not missing:
                    to_draw.pop()
                continue
            to_draw.pop()
            ids[x] = self._primitive(x, onwards, here)
            counted = x._operation not in COMMUTATIVE and len(onwards) > 1
            for k, i in enumerate(onwards, 1):
                carried = self.adjoints.derivative(m if i is adjoint else v, here).text
                self.picture.connect(ids[i], ids[x], carried, str(k) if counted else "")
        return ids[part]

    def _primitive(self, x: Tensor, onwards: list[Tensor], here: int | None) -> str:
        """The node of one operation, with its other inputs, or with all if their order matters."""
        operation = x._operation
        kind = operation.drawn if operation.drawn in ("circle", "doublecircle") else "box"
        node = Node(f"g{x._index}", kind, symbol(operation), block=self.blocks[here])
        node.age, node.gradient = x._index, x._data
        rest = [i for i in x._inputs or () if not any(i is o for o in onwards)]
        if rest and len(set(onwards)) == 1 and operation not in COMMUTATIVE:
            node.caption = expression(x, self._written(here, onwards[0]))
        else:
            node.caption = listed([expression(i, self._written(here)) for i in rest])
        return self.picture.add(node)

    def _path(self, part: Tensor, adjoint: Tensor) -> list[Tensor]:
        """The operations that the gradient passes, up to where it has branched."""
        path = []
        x = part
        while x is not adjoint:
            path.append(x)
            onwards = {i for i in x._inputs or () if self._depends_on(adjoint, i)}
            if len(onwards) != 1:
                break
            [x] = onwards
        return path[::-1]

    def _depends_on(self, adjoint: Tensor, x: Tensor) -> bool:
        """Whether a value was computed from an adjoint, with no other adjoint between."""
        to_visit = [x]
        while to_visit:
            y = to_visit[-1]
            if y is adjoint or y in self._depends or y._index < adjoint._index or y._name:
                self._depends.setdefault(y, y is adjoint)
                to_visit.pop()
                continue
            unknown = [i for i in y._inputs or () if i not in self._depends]
            if unknown:
                to_visit += unknown
                continue
            self._depends[y] = any(self._depends[i] for i in y._inputs or ())
            to_visit.pop()
        return self._depends[x]

    def _is_node(self, x: Tensor, following: list[Tensor]) -> bool:
        """Whether an operation on the way is drawn, or written into the formula that follows."""
        drawn = x._operation.drawn
        if drawn in ("line", "doublecircle"):
            return bool(drawn == "doublecircle")
        rest = [y._operation.drawn for y in following if y._operation.drawn != "line"]
        return not rest or rest[0] == "doublecircle"

    def _operation(self, node_id: str, x: Tensor, incoming: Tensor, here: int | None) -> Node:
        """The node of an operation, or of several up to it, that the gradient passes."""
        written = self._written(here, incoming)
        others = [i for i in x._inputs or () if not self._depends.get(i)]
        if x._operation.drawn == "doublecircle" and len(others) == 1:
            node = Node(node_id, "doublecircle", symbol(x._operation))
            node.caption = expression(others[0], written, self._moving)
        else:
            node = Node(node_id, "formula", expression(x, written, self._moving))
        node.block, node.age, node.gradient = self.blocks[here], x._index, x._data
        return node

    def _written(
        self, here: int | None, incoming: Tensor | None = None
    ) -> Callable[[Tensor], Expression | None]:
        """How far formulas go: down to named values and to the gradient that comes in."""

        def written(x: Tensor) -> Expression | None:
            if x is incoming:
                return leaf(x, self.picture.incoming)
            if x._name is not None:
                return leaf(x, self.adjoints.name((x._name, x._t), here, x))
            if x._operation is None:
                return self._view(x, here) or self.blocks.number(x)
            return None

        return written

    def _view(self, x: Tensor, here: int | None) -> Expression | None:
        """The name of a constant whose array it shows: rules record nothing on constants."""
        if not self._places:
            self._places = {_place(y): y for y in self.flow.values.values() if y.size > 1}
        y = self._places.get(_place(x))
        if y is None:
            return None
        whole_value = leaf(y, self.adjoints.name((y._name or "J", y._t), here))
        # By the strides too: a square array has the shape of its transpose.
        shown, whole = ((v._data.shape, v._data.strides) for v in (x, y))
        if shown == whole:
            return whole_value
        reversed_axes = (whole[0][::-1], whole[1][::-1])
        return transposed(whole_value) if shown == reversed_axes else None


def _place(x: Tensor) -> int:
    """Where in memory an array begins."""
    address: int = x._data.__array_interface__["data"][0]
    return address
