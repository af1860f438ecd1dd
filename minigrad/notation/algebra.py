"""Rules of algebra: sums, and products element by element."""

from minigrad.notation.expression import NONE, Apply, Expression, Number, has_adjoint
from minigrad.notation.nodes import broadcast, fraction, is_, product, split_number, total
from minigrad.operations.elementwise import add, divide, multiply, power
from minigrad.operations.linear import matmul
from minigrad.operations.shape import broadcast_to

# --- sums ---------------------------------------------------------------------------------------


def difference(e: Apply) -> Expression:
    """a - b = a + (-1) b"""
    a, b = e.inputs
    return total(a, product(Number(-1), b))


def sum_of_sums(e: Apply) -> Expression | None:
    """(a + b) + c = a + b + c; a - (b - c) = a - b + c"""
    terms: list[Expression] = []
    for x in e.inputs:
        number, rest = split_number(x)
        if isinstance(rest, Apply) and is_(rest, add) and abs(number) == 1:
            terms += [_times(number, u) for u in rest.inputs]
        else:
            terms.append(x)
    return Apply(add, tuple(terms), e.shape, NONE)


def like_terms(e: Apply) -> Expression | None:
    """2 a + 3 a = 5 a; 0 + a = a"""
    counts: dict[Expression, float] = {}
    for x in e.inputs:
        number, rest = split_number(x)
        key = Number(1, x.shape) if rest is None else rest
        counts[key] = counts.get(key, 0) + number
    terms = tuple(_times(n, rest) for rest, n in counts.items() if n != 0)
    if len(terms) == len(e.inputs) > 1:
        return None
    if not terms:
        return Number(0, e.shape)
    if len(terms) == 1:
        return terms[0] if terms[0].shape == e.shape else None
    return Apply(add, terms, e.shape, NONE) if broadcast(terms) == e.shape else None


def common_adjoint(e: Apply) -> Expression | None:
    """g a - g b = g (a - b), where g is an adjoint"""
    rests = []
    adjoint: Expression | None = None
    for x in e.inputs:
        factors = x.inputs if isinstance(x, Apply) and is_(x, multiply) else (x,)
        held = [u for u in factors if has_adjoint(u)]
        if len(held) != 1 or adjoint not in (None, held[0]):
            return None
        adjoint = held[0]
        values = [u for u in factors if u is not adjoint]
        rests.append(product(*values) if values else Number(1, ()))
    assert adjoint is not None
    together = total(*rests)
    result = product(adjoint, together)
    return result if len(rests) > 1 and result.shape == e.shape else None


def without_broadcast(e: Apply) -> Expression | None:
    """Broadcasting by hand, where NumPy and the reader do it anyway."""
    for i, x in enumerate(e.inputs):
        plain = _plain(x)
        if plain is not x:
            inputs = (*e.inputs[:i], plain, *e.inputs[i + 1 :])
            if broadcast(inputs) == e.shape:
                return Apply(e.operation, inputs, e.shape, NONE)
    return None


def _plain(e: Expression) -> Expression:
    if isinstance(e, Number) and e.shape:
        return Number(e.value)
    if isinstance(e, Apply) and is_(e, broadcast_to):
        return e.inputs[0]
    if isinstance(e, Apply) and is_(e, multiply):
        factors = tuple(map(_plain, e.inputs))
        return e if factors == e.inputs else product(*factors)
    return e


# --- products element by element ----------------------------------------------------------------


def minus(e: Apply) -> Expression:
    """-a = (-1) a"""
    return product(Number(-1), e.inputs[0])


def product_of_products(e: Apply) -> Expression | None:
    """(a b) c = a b c; the number comes first, then adjoints, then values, in their order."""
    number, factors = 1.0, list[Expression]()
    for x in e.inputs:
        n, rest = split_number(x)
        number *= n
        if rest is not None:
            factors += rest.inputs if isinstance(rest, Apply) and is_(rest, multiply) else [rest]
    if number == 0:
        return Number(0, e.shape)
    factors.sort(key=lambda x: not has_adjoint(x))
    inputs = tuple(factors)
    if not inputs:
        return Number(number, e.shape)
    if broadcast(inputs) != e.shape:  # a number of the full shape made it so: keep that
        inputs = (*inputs, Number(1, e.shape))
    if number != 1:
        inputs = (Number(number), *inputs)
    return inputs[0] if len(inputs) == 1 else Apply(multiply, inputs, e.shape, NONE)


def product_of_fractions(e: Apply) -> Expression | None:
    """n a (b / c) = n (a b / c)"""
    numbers = [x for x in e.inputs if isinstance(x, Number)]
    factors = [x for x in e.inputs if not isinstance(x, Number)]
    for i, x in enumerate(factors):
        if len(factors) > 1 and isinstance(x, Apply) and is_(x, divide):
            above, below = x.inputs
            rest = (*factors[:i], above, *factors[i + 1 :])
            if broadcast(rest) == e.shape:
                return product(*numbers, fraction(product(*rest), below))
    return None


def square(e: Apply) -> Expression | None:
    """x x = x^2; x^2 x = x^3"""
    exponents: dict[Expression, float] = {}
    for x in e.inputs:
        base, n = _base_and_exponent(x)
        exponents[base] = exponents.get(base, 0) + n
    if len(exponents) == len(e.inputs):
        return None
    factors = [
        x if n == 1 else Apply(power, (x, Number(n)), x.shape, NONE) for x, n in exponents.items()
    ]
    return product(*factors)


def fraction_of_fractions(e: Apply) -> Expression | None:
    """(a / b) / c = a / (b c); (n a) / (m b) = (n / m) (a / b)"""
    above, below = e.inputs
    if isinstance(above, Apply) and is_(above, divide):
        return fraction(above.inputs[0], product(above.inputs[1], below))
    n, a = split_number(above)
    m, b = split_number(below)
    if m == 0 or (n == m == 1 and a is not None and b is not None):
        return None
    if b is None and a is not None:
        return product(Number(n / m), a) if a.shape == e.shape else None
    if b is None:
        return Number(n / m, e.shape)
    if a is None:  # a reciprocal
        return None if n / m == 1 else product(Number(n / m), fraction(Number(1, above.shape), b))
    return product(Number(n / m), fraction(a, b)) if broadcast((a, b)) == e.shape else None


def number_in_front(e: Apply) -> Expression | None:
    """(n A) (m B) = n m (A B); A 0 = 0"""
    (n, a), (m, b) = map(split_number, e.inputs)
    if n * m == 0:
        return Number(0, e.shape)
    if n * m == 1 or a is None or b is None or a.shape != e.inputs[0].shape:
        return None
    return product(Number(n * m), Apply(matmul, (a, b), e.shape, NONE))


def simple_power(e: Apply) -> Expression | None:
    """x^1 = x; x^0 = 1"""
    base, exponent = e.inputs
    if isinstance(exponent, Number) and base.shape == e.shape:
        if exponent.value == 1:
            return base
        if exponent.value == 0:
            return Number(1, e.shape)
        if exponent.shape:
            return Apply(power, (base, Number(exponent.value)), e.shape, NONE)
    return None


def selection(e: Apply) -> Expression | None:
    """where(c, a, 0) = a [c] and where(c, 0, b) = b (1 - [c]); the bracket is 1 where c holds"""
    condition, a, b = e.inputs
    if isinstance(b, Number) and b.value == 0:
        return Apply(multiply, (a, condition), e.shape, NONE)
    if isinstance(a, Number) and a.value == 0:
        return product(b, total(Number(1), product(Number(-1), condition)))
    return None


def _times(n: float, e: Expression) -> Expression:
    if isinstance(e, Number):
        return Number(n * e.value, e.shape)
    return e if n == 1 else product(Number(n), e)


def _base_and_exponent(e: Expression) -> tuple[Expression, float]:
    if isinstance(e, Apply) and is_(e, power) and isinstance(e.inputs[1], Number):
        return e.inputs[0], e.inputs[1].value
    return e, 1
