"""The sums that make adjoints, each of which one statement adds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from minigrad.notation.expression import Expression, Symbol
from minigrad.notation.nodes import total
from minigrad.notation.printing import Text
from minigrad.writing.source.pieces import in_pieces
from minigrad.writing.structure import Item, Part


@dataclass(frozen=True)
class Sum:
    """Parts of an adjoint that one statement adds.

    Attributes
    ----------
    piece
        What they are added to: the adjoint, or what a slice takes of it.
    parts
        What they give to that.
    steps
        `()` is always.
    """

    piece: Expression
    parts: tuple[Part, ...]
    steps: tuple[int, ...]

    @property
    def expression(self) -> Expression:
        terms = [part.expression for part in self.parts]
        return terms[0] if len(terms) == 1 else total(*terms)

    @property
    def t(self) -> int:
        """A step at which it holds; 0 without steps."""
        return min(self.parts[0].steps, default=0)

    @property
    def is_whole(self) -> bool:
        return isinstance(self.piece, Symbol)

    @property
    def has_step(self) -> bool:
        return any(part.has_step for part in self.parts)

    @property
    def origin(self) -> int | None:
        return next((p.origin for p in self.parts if p.origin is not None and p.has_step), None)


def sums_of(parts: Iterable[Part], steps: range | None) -> list[Sum]:
    """The parts added up, for each piece and each set of steps of a loop; all if that is None."""
    by_steps: dict[tuple[int, ...], list[tuple[Expression, Part]]] = {}
    for piece, part in _in_pieces(parts):
        if steps is None or not set(steps).isdisjoint(part.steps):
            by_steps.setdefault(held_in(part.steps, steps), []).append((piece, part))
    overlap = sum(map(len, by_steps)) > len(set().union(*by_steps))
    if overlap and () not in by_steps:  # then nothing is there yet that they can be added to
        by_steps = _apart(by_steps)
    return [s for held, found in by_steps.items() for s in _by_piece(found, held)]


def held_in(steps: Sequence[int], to: range | None) -> tuple[int, ...]:
    """Those steps of a loop at which something holds, `()` if it is at all of them."""
    return () if to is None or set(steps) >= set(to) else tuple(t for t in steps if t in to)


def _in_pieces(parts: Iterable[Part]) -> list[tuple[Expression, Part]]:
    """Parts by the pieces that they go to, what they give to one each once for all its steps."""
    found: dict[tuple[Expression, Symbol, Expression], list[Part]] = {}
    for part in parts:
        for piece, e in in_pieces(part.expression, replace(part.of, kind="adjoint")).items():
            found.setdefault((piece, part.via, e), []).append(part)
    return [
        (
            piece,
            replace(same[0], expression=e, steps=tuple(sorted(t for p in same for t in p.steps))),
        )
        for (piece, _, e), same in found.items()
    ]


def _apart(
    by_steps: Mapping[tuple[int, ...], Sequence[tuple[Expression, Part]]],
) -> dict[tuple[int, ...], list[tuple[Expression, Part]]]:
    """What holds at some steps, so that all that holds at one of them is together."""
    at: dict[int, list[tuple[Expression, Part]]] = {}
    for held, found in by_steps.items():
        for t in held:
            at.setdefault(t, []).extend(found)
    together: dict[tuple[int, ...], list[tuple[Expression, Part]]] = {}
    for _, found in sorted(at.items(), key=itemgetter(0)):
        together[tuple(sorted(t for t in at if at[t] == found))] = found
    return together


def _by_piece(found: Iterable[tuple[Expression, Part]], steps: tuple[int, ...]) -> list[Sum]:
    """A sum for each piece, that of the whole first."""
    parts: dict[Expression, list[Part]] = {}
    for piece, part in found:
        parts.setdefault(piece, []).append(part)
    sums = [Sum(piece, tuple(some), steps) for piece, some in parts.items()]
    return sorted(sums, key=lambda s: not s.is_whole)


def part_text(s: Sum, item: Item, p: Text) -> str:
    """What is added, as mathematics: a share, a contribution, or all that the step gives."""
    vias = list(dict.fromkeys(part.via for part in s.parts))
    of_step = {part.via.name for part in item.parts if part.has_step}
    is_all = s.has_step and of_step <= {via.name for via in vias}
    if is_all and (len(vias) > 1 or item.of.t is None):
        source = p.step(0)
    else:
        source = ", ".join(p.name(via.name, via.t) for via in vias)
    return p.restricted(p(s.piece), source)
