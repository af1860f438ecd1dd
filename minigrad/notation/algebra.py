"""Rules of algebra: sums, and products element by element."""

from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import replace

from minigrad.notation.expression import (
    NONE,
    Apply,
    Expression,
    Number,
    has_adjoint,
    inputs_of,
    subexpressions,
)
from minigrad.notation.nodes import (
    as_fraction,
    broadcast,
    fraction,
    is_,
    product,
    simplified,
    split_number,
    split_scalars,
    times,
    total,
)
from minigrad.notation.shapes import is_longer_in_front, vector_in
from minigrad.notation.written import outer
from minigrad.operations.elementwise import abs as abs_
from minigrad.operations.elementwise import (
    add,
    divide,
    multiply,
    power,
    sqrt,
)
from minigrad.operations.linear import matmul
from minigrad.operations.shape import broadcast_to, reshape

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
        if is_(rest, add) and abs(number) == 1:
            terms += [times(number, u) for u in rest.inputs]
        else:
            terms.append(x)
    return Apply(add, tuple(terms), e.shape, NONE)


def like_terms(e: Apply) -> Expression | None:
    """2 a + 3 a = 5 a; a b + b a = 2 a b; 0 + a = a; 1 + an array of ones = an array of twos"""
    of_numbers = broadcast(tuple(x for x in e.inputs if isinstance(x, Number)))
    counts: dict[Expression, float] = {}
    alike: dict[Hashable, Expression] = {}
    for x in e.inputs:
        number, rest = split_number(x)
        like = Number(1, of_numbers) if rest is None else rest
        first = alike.setdefault(_unordered(like), like)
        counts[first] = counts.get(first, 0) + number
    terms = tuple(times(n, like) for like, n in counts.items() if n != 0)
    if len(terms) == len(e.inputs) > 1:
        return None
    if all(isinstance(x, Number) for x in terms):
        return Number(sum(x.value for x in terms if isinstance(x, Number)), e.shape)
    if len(terms) == 1:
        return terms[0] if terms[0].shape == e.shape else None
    return Apply(add, terms, e.shape, NONE) if broadcast(terms) == e.shape else None


def _unordered(e: Expression) -> Hashable:
    """What an expression is, whatever the order of its terms and factors."""
    if not isinstance(e, Apply):
        return e
    inputs = tuple(map(_unordered, e.inputs))
    commutes = e.operation in (add, multiply)
    return e.operation, frozenset(Counter(inputs).items()) if commutes else inputs, e.parameters


def common_adjoint(e: Apply) -> Expression | None:
    """g a - g / b = g (a - 1 / b), where g is an adjoint"""
    rests = []
    adjoint: Expression | None = None
    for x in e.inputs:
        number, rest = split_number(x)
        is_fraction = is_(rest, divide)
        above, below = inputs_of(rest) if rest and is_fraction else (rest or Number(1), Number(1))
        factors = inputs_of(above) if is_(above, multiply) else (above,)
        held = [u for u in factors if has_adjoint(u)]
        if len(held) != 1 or adjoint not in (None, held[0]):
            return None
        adjoint = held[0]
        values = [u for u in factors if u is not adjoint]
        rests.append(fraction(product(Number(number), *values), below))
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
    if is_(e, broadcast_to):
        return e.inputs[0]
    if is_(e, reshape):
        return e.inputs[0] if is_longer_in_front(e.inputs[0].shape, e.shape) else e
    if is_(e, multiply):
        factors = tuple(map(_plain, e.inputs))
        return e if factors == e.inputs else product(*factors)
    return e


# --- products element by element ----------------------------------------------------------------


def minus(e: Apply) -> Expression:
    """-a = (-1) a"""
    return product(Number(-1), e.inputs[0])


def product_of_products(e: Apply) -> Expression | None:
    """(a b) c = a b c; in order: the number, scalars, sums, arrays, adjoints first."""
    number, factors = 1.0, list[Expression]()
    for x in e.inputs:
        n, rest = split_number(x)
        number *= n
        if rest is not None:
            factors += rest.inputs if is_(rest, multiply) else [rest]
    if number == 0:
        return Number(0, e.shape)
    factors.sort(key=lambda x: (x.shape != (), _is_sum(x), not has_adjoint(x)))
    inputs = tuple(factors)
    if not inputs:
        return Number(number, e.shape)
    if broadcast(inputs) != e.shape:  # a number of the full shape made it so: keep that
        inputs = (*inputs, Number(1, e.shape))
    if number != 1:
        inputs = (Number(number), *inputs)
    return inputs[0] if len(inputs) == 1 else Apply(multiply, inputs, e.shape, NONE)


def _is_sum(e: Expression) -> bool:
    """Whether it is a scalar that arrays come down to, which is easier to read after others."""
    return not e.shape and any(x.shape for x in subexpressions(e))


def product_of_fractions(e: Apply) -> Expression | None:
    """n a (b / c) = n (a b / c); n (1 / c) = n / c"""
    numbers = [x for x in e.inputs if isinstance(x, Number)]
    factors = [x for x in e.inputs if not isinstance(x, Number)]
    for i, x in enumerate(factors):
        if not (is_(x, divide)):
            continue
        above, below = x.inputs
        if len(factors) == 1 and isinstance(above, Number):
            inside = product(*numbers, above)
            return fraction(inside, below) if x.shape == e.shape else None
        rest = (*factors[:i], above, *factors[i + 1 :])
        if len(factors) > 1 and broadcast(rest) == e.shape:
            return product(*numbers, fraction(product(*rest), below))
    return None


def square(e: Apply) -> Expression | None:
    """x x = x^2; x^2 x = x^3; sqrt(x) sqrt(x) = x"""
    exponents = _exponents(e)
    if len(exponents) == len(e.inputs):
        return None
    factors = _powers(exponents)
    if broadcast(tuple(factors)) != e.shape:  # x sqrt(x) x^-1.5 is an array of ones, and not 1
        factors.append(Number(1, e.shape))
    return None if factors == list(e.inputs) else product(*factors)


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


def root_of_square(e: Apply) -> Expression | None:
    """sqrt(x^2) = |x|"""
    [x] = e.inputs
    if is_(x, power) and x.inputs[1] == Number(2):
        return Apply(abs_, x.inputs[:1], e.shape, NONE)
    return None


# --- fractions ----------------------------------------------------------------------------------


def fraction_of_fractions(e: Apply) -> Expression | None:
    """(a / b) / c = a / (b c); a / (b / c) = a c / b; (n a) / (m b) = (n / m) (a / b)"""
    above, below = e.inputs
    if is_(above, divide):
        return fraction(above.inputs[0], product(above.inputs[1], below))
    if is_(below, divide):
        return fraction(product(above, below.inputs[1]), below.inputs[0])
    n, a = split_number(above)
    m, b = split_number(below)
    if m == 0 or (n == m == 1 and a is not None and b is not None):
        return None
    if b is None and a is not None:
        return product(Number(n / m), a) if a.shape == e.shape else None
    if b is None:
        return Number(n / m, e.shape)
    if a is None:
        return _reciprocal(n / m, b, e)
    return product(Number(n / m), fraction(a, b)) if broadcast((a, b)) == e.shape else None


def _reciprocal(number: float, below: Expression, e: Apply) -> Expression | None:
    """3 / (2 b), with whole numbers where there are any."""
    whole = as_fraction(number)
    n, m = (whole.numerator, whole.denominator) if whole else (number, 1)
    inputs = (Number(n), product(Number(m), below))
    return None if broadcast(inputs) != e.shape else Apply(divide, inputs, e.shape, NONE)


def common_factors(e: Apply) -> Expression | None:
    """(a b) / (a c) = b / c; x / x^2 = 1 / x"""
    above, below = map(_exponents, e.inputs)
    common = [x for x in above if x in below and not isinstance(x, Number)]
    if not common:
        return None
    for x in common:
        less = min(above[x], below[x])
        above[x] -= less
        below[x] -= less
    over, under = (product(*_powers(exponents), Number(1)) for exponents in (above, below))
    if broadcast((over, under)) != e.shape:
        return Number(over.value, e.shape) if isinstance(over, Number) and under == over else None
    return over if under == Number(1) else fraction(over, under)


# --- matrix products ----------------------------------------------------------------------------


def scalars_in_front(e: Apply) -> Expression | None:
    """(n A) (m B) = n m (A B), for numbers and other factors without axes; A 0 = 0"""
    for i, x in enumerate(e.inputs):
        if is_(x, divide) and not x.inputs[1].shape:
            inputs = (*e.inputs[:i], x.inputs[0], *e.inputs[i + 1 :])
            return fraction(simplified(replace(e, inputs=inputs)), x.inputs[1])
    (n, a), (m, b) = map(split_scalars, e.inputs)
    if any(isinstance(x, Number) and x.value == 0 for x in (a, b)):
        return Number(0, e.shape)
    if not (n or m) or (a.shape, b.shape) != tuple(x.shape for x in e.inputs):
        return None
    return product(*n, *m, simplified(Apply(matmul, (a, b), e.shape, NONE)))


def product_of_vectors(e: Apply) -> Expression | None:
    """A column times a row, which were made of vectors, is x y^T."""
    x, y = vector_in(e.inputs[0], (-1, 1)), vector_in(e.inputs[1], (1, -1))
    return Apply(outer, (x, y), e.shape, NONE) if x and y else None


def product_with_scalar(e: Apply) -> Expression | None:
    """A matrix of one element that was made of a scalar multiplies as the scalar does."""
    for x, other in (e.inputs, e.inputs[::-1]):
        if x.shape != (1, 1) or other.shape != e.shape:
            continue
        if isinstance(x, Number):
            return product(Number(x.value), other)
        if is_(x, reshape) and x.inputs[0].shape == ():
            return product(x.inputs[0], other)
    return None


# --- what the rules have in common --------------------------------------------------------------


def _exponents(e: Expression) -> dict[Expression, float]:
    """What an expression is the product of, and how often each; half of it is a square root."""
    exponents: dict[Expression, float] = {}
    alike: dict[Hashable, Expression] = {}
    for x in e.inputs if is_(e, multiply) else (e,):
        base, n = x, 1.0
        if is_(x, power) and isinstance(x.inputs[1], Number):
            base, n = x.inputs[0], x.inputs[1].value
        elif is_(x, sqrt):
            base, n = x.inputs[0], 0.5
        first = alike.setdefault(_unordered(base), base)
        exponents[first] = exponents.get(first, 0) + n
    return exponents


def _powers(exponents: Mapping[Expression, float]) -> list[Expression]:
    """The factors of a product."""
    factors: list[Expression] = []
    for x, n in exponents.items():
        root = n % 1 == 0.5 and n > 0
        whole = n - 0.5 if root else n
        if whole == 1:
            factors.append(x)
        elif whole != 0:
            factors.append(Apply(power, (x, Number(whole)), x.shape, NONE))
        if root:
            factors.append(Apply(sqrt, (x,), x.shape, NONE))
    return factors
