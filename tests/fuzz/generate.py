"""Make random programs: values computed one by one, and recurrences over steps."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tests.fuzz.program import (
    Array,
    Instruction,
    Leaf,
    Node,
    Program,
    compute,
    parameters,
    without_the_dead,
)
from tests.fuzz.reference import NEAR, Reference, Truth, extended
from tests.fuzz.vocabulary import FORMS, SHARES, Shape, UnfitError, chance, number_at_largest, one

LARGEST = 100.0  # of all values; the larger they are, the more of the digits is rounding
LENGTHS = (0, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4)
NAMES = (
    *("W", "x", "h", "z", "b", "U", "c_tilde", "Gamma_f", "y_hat", "alpha", "mu", "s", "k", "A"),
    *("W_xh", "lambda", "enc.h", "delta_1", "theta", "loss", "E", "n", "T", "sum", "x2", "g"),
)


def random_program(seed: Sequence[int]) -> Truth:
    """A program whose values and derivatives are bounded, and not by chance near a kink."""
    rng = np.random.default_rng(seed)
    while True:
        try:
            return trusted(Builder(rng).program())
        except UnfitError:
            continue


def trusted(program: Program) -> Truth:
    """What the complex step says of a program.

    Raises
    ------
    UnfitError
        If it can't be trusted, or the program has nothing to differentiate.
    """
    if not parameters(program):
        raise UnfitError
    truth = Truth(program)
    values = [x for x in truth.values if x.dtype.kind == "c"]
    are_real = all(not np.imag(x).any() for x in values)
    if truth.to_kink < NEAR or not are_real or not all(map(_is_moderate, values)):
        raise UnfitError
    slopes = [truth.adjoint(i) for i in parameters(program)]
    largest = max(np.max(abs(x), initial=0) for x in slopes)
    if not 0 < largest < LARGEST**2:
        raise UnfitError
    return truth


def _is_moderate(x: Array) -> bool:
    return bool(np.max(abs(x), initial=0) < LARGEST)


class Builder:
    """A program in the making; the pool that operands are drawn from.

    Attributes
    ----------
    nodes, values
        What there is so far, and what it is by the reference.
    known
        The places that may be read.
    t
        The step at hand.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.nodes: list[Node] = []
        self.values: list[Any] = []
        self.known: list[int] = []
        self.sequences: list[dict[int, int]] = []
        self.t: int | None = None
        self.reference = Reference()
        self.names = iter(self._names())

    def _names(self) -> Iterable[str]:
        yield from (NAMES[i] for i in self.rng.permutation(len(NAMES)))
        yield from (f"v_{i}" for i in range(1000))

    # --- the pool ---------------------------------------------------------------------------------

    def value(self, fits: Callable[[Array], bool] = lambda x: True) -> int:
        """The place of a value that fits, rather a recent one; sometimes of a new one."""
        if chance(self, 0.05):
            self.leaf(self.shape())
        fitting = [i for i in self.known if self.values[i].dtype.kind == "c" and fits(self.data(i))]
        if not fitting:
            raise UnfitError
        return one(self, fitting[-3:] if chance(self, 0.7) else fitting)

    def of_shape(self, shape: Shape) -> int:
        """The place of a value of some shape, made if there is none."""
        fitting = [
            i
            for i in self.known
            if self.data(i).shape == shape and self.values[i].dtype.kind == "c"
        ]
        return one(self, fitting) if fitting and chance(self) else self.leaf(shape)

    def _numbers(self) -> list[int]:
        return [i for i in self.known if self.values[i].dtype.kind == "c"]

    def data(self, place: int) -> Array:
        return np.real(self.values[place])

    # --- what is put into it ----------------------------------------------------------------------

    def shape(self) -> Shape:
        """Rather a matrix than anything else; now and then with an empty axis."""
        ndim = one(self, (0, 1, 1, 2, 2, 2, 2, 3))
        lengths = LENGTHS if chance(self, 0.2) else LENGTHS[1:]
        return tuple(one(self, lengths) for _ in range(ndim))

    def numbers(self, shape: Shape) -> Array:
        """Eighths, so that sums are exact and ties are ties; or few different ones, or positive."""
        kind = self.rng.random()
        if kind < 0.15:
            return self.rng.integers(-1, 2, shape) * 1.0
        low = 1 if kind < 0.5 else -16
        return self.rng.integers(low, 17, shape) / 8

    def leaf(self, shape: Shape) -> int:
        """A parameter, or a constant with or without a name; the same at all steps."""
        is_parameter = chance(self, 0.75)
        name = next(self.names) if is_parameter or chance(self) else None
        return self.put(Leaf(self.numbers(shape), is_parameter, name))

    def put(self, node: Node) -> int:
        """Put a value at the end.

        Raises
        ------
        UnfitError
            If the operation can't be applied, or its value is out of bounds.
        """
        place = len(self.nodes)
        with np.errstate(all="ignore"):
            try:
                x = compute(node, self.values, self.reference.namespace)
            except (ValueError, IndexError, TypeError, ZeroDivisionError) as error:
                raise UnfitError from error
        x = extended(np.asarray(x))
        to_kink, self.reference.to_kink = self.reference.to_kink, np.inf
        if x.size > 100 or not _is_moderate(x) or to_kink < NEAR:
            raise UnfitError
        self.nodes.append(replace(node, origin=place) if not node.origin else node)
        self.values.append(x)
        self.known.append(place)
        return place

    def instruction(self) -> int:
        """A random instruction."""
        for _ in range(100):
            try:
                form = FORMS[self.rng.choice(len(FORMS), p=SHARES)]
                text, reads = form(self) if chance(self, 0.995) else number_at_largest(self)
                # All `W.T` are one value, so that a name for one would be a name for all.
                name = next(self.names) if chance(self) and text != "{0}.T" else None
                return self.put(Instruction(text, tuple(reads), name, self.t))
            except UnfitError:
                continue
        raise UnfitError

    # --- recurrences ------------------------------------------------------------------------------

    def loop(self) -> None:
        """Make a recurrence: what the first step does is random, and the others do the same."""
        n = int(self.rng.integers(1, 5))
        lags = one(self, ((1,), (1,), (1,), (1, 2), ()))
        first = max(lags, default=1)
        steps = range(first, first + n)[:: one(self, (1, 1, 1, -1))]
        outside = self.known
        inputs = [self._inputs(steps) for _ in range(self.rng.integers(0, 3))]
        shape, name = self.shape(), next(self.names)
        states = self._initial_states(shape, name, [steps[0] - lag * steps.step for lag in lags])

        def read_at(t: int) -> list[int]:
            return [*(states[t - lag * steps.step] for lag in lags), *(x[t] for x in inputs)]

        read = read_at(steps[0])
        self.t, self.known = steps[0], [*outside[-2:], *read]
        body = self._body(shape, name, read[: len(lags)])
        states[self.t] = body[-1]
        for self.t in steps[1:]:
            states[self.t] = self._repeat(body, dict(zip(read, read_at(self.t), strict=True)))
        self.t = None
        self.sequences.append({t: states[t] for t in steps})
        self.known = [*outside, *self.sequences[-1].values()]

    def _initial_states(self, shape: Shape, name: str, steps: Sequence[int]) -> dict[int, int]:
        """States that are given, or zeros."""
        if steps and chance(self, 0.3):
            zeros = self.put(Leaf(np.zeros(shape)))
            return dict.fromkeys(steps, zeros)
        return {t: self.put(Leaf(self.numbers(shape), chance(self, 0.8), name, t)) for t in steps}

    def _inputs(self, steps: Sequence[int]) -> dict[int, int]:
        """An input for each step: a leaf, the states of an earlier recurrence, rows of an array."""
        fitting = [x for x in self.sequences if x.keys() >= {*steps}]
        if fitting and chance(self):
            return one(self, fitting)
        shape, name = self.shape(), next(self.names)
        if chance(self, 0.2):
            rows = self.put(Leaf(self.numbers((max(steps), *shape)), True, name))
            return {t: self.put(Instruction(f"{{0}}[{t - 1}]", (rows,), None, t)) for t in steps}
        is_parameter = chance(self)
        return {t: self.put(Leaf(self.numbers(shape), is_parameter, name, t)) for t in steps}

    def _body(self, shape: Shape, name: str, states: Sequence[int]) -> list[int]:
        """The instructions of the first step; the last gives the next state."""
        before = len(self.nodes)
        last = [self.instruction() for _ in range(self.rng.integers(1, 5))][-1]
        if self.data(last).shape == shape and chance(self, 0.8):
            text, reads = one(self, ("mg.tanh({0})", "{0} / 2", "mg.sigmoid({0})")), [last]
        elif states:
            text, reads = "mg.tanh({0} / 2 + mg.sum({1}))", [states[0], last]
        else:
            text, reads = "mg.tanh({0} + mg.mean({1}))", [self.leaf(shape), last]
        state = self.put(Instruction(text, tuple(reads), name, self.t))
        return [i for i in range(before, state + 1) if self.nodes[i].t is not None]

    def _repeat(self, body: Sequence[int], places: dict[int, int]) -> int:
        """Do at the step at hand what another does, reading other places; gives the next state."""
        for i in body:
            node = self.nodes[i]
            assert isinstance(node, Instruction)
            reads = tuple(places.get(read, read) for read in node.reads)
            places[i] = self.put(replace(node, reads=reads, t=self.t))
        return places[body[-1]]

    # --- the whole --------------------------------------------------------------------------------

    def program(self) -> Program:
        """Values and recurrences, and J, which is the sum of what nobody else has read."""
        for _ in range(self.rng.integers(1, 3)):
            self.leaf(self.shape())
        for _ in range(one(self, (0, 0, 1, 1, 2))):
            self.loop()
        least = 0 if self.sequences else 2
        for _ in range(self.rng.integers(least, 9)):
            self.instruction()
        terms = [self._term(i) for i in self._unread()[-4:]]
        if self.sequences and chance(self):
            for t, i in self.sequences[-1].items():
                self.t = t
                terms.append(self._term(i))
            self.t = None
        J = terms[0]
        for term in terms[1:]:
            J = self.put(Instruction(one(self, ("{0} + {1}", "{0} + {1}", "{0} - {1}")), (J, term)))
        name = one(self, (None, "J"))
        J = self.put(
            Instruction(one(self, ("1 * {0}", "{0} / 2", "+{0}", "{0}.reshape(1, 1)")), (J,), name)
        )
        return without_the_dead(self.nodes, J)

    def _unread(self) -> list[int]:
        read = {i for node in self.nodes for i in node.reads}
        made = [i for i in self.known if isinstance(self.nodes[i], Instruction) and i not in read]
        if not made:
            raise UnfitError
        return made

    def _term(self, i: int) -> int:
        text = one(self, ("mg.sum({0})", "mg.sum({0} ** 2)", "np.mean({0} * {0})", "mg.max({0})"))
        return self.put(Instruction(text, (i,), None, self.t))
