"""Machine code for runs of elementwise steps, made by LLVM (the extra `[fast]`).

A run becomes one nest of loops. What lies between two of its steps stays in a register, and goes to
memory only if somebody else reads it.

The exponential is the text-book one: x = n log 2 + r, a Taylor polynomial in r, and 2^n put
together from bits. It is computed as exp(x) - 1 where small results count, so that tanh can use it
too: tanh x = (exp(2x) - 1) / (exp(2x) + 1). Nothing branches on a value.
"""

import ctypes
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache, reduce
from math import factorial, log
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numpy as np
from llvmlite import ir

from minigrad.forks import forkable_lock

VECTOR = 64  # bytes that are computed at once, at most
INDEX = ir.IntType(64)


@dataclass(frozen=True)
class Kernel:
    """What is done for each element of a nest of loops.

    Attributes
    ----------
    dtype
        "f" or "d".
    sizes
        How often each loop runs, the outermost first.
    strides
        For each operand the way to the next element along each loop, in elements.
    code
        Instructions; the value of one is known by its number. `("load", operand)`,
        `("store", operand, value)`, or the name of an operation and the values that it takes.
    """

    dtype: str
    sizes: tuple[int, ...]
    strides: tuple[tuple[int, ...], ...]
    code: tuple[tuple[Any, ...], ...]


# --- functions of vectors -----------------------------------------------------------------------


class Format(NamedTuple):
    """A kind of floating-point number, and what the exponential has to know of it.

    Attributes
    ----------
    real
        What LLVM calls it.
    bits, fraction, bias
        Of a number, of its fraction, and what its exponent is greater by.
    terms
        Of the series.
    far
        exp(far) is nearly the largest number; so far `_expm1` is right, and it stops there.
    high, low
        log 2 = high + low; a whole number times `high` is exact.
    """

    real: ir.Type
    bits: int
    fraction: int
    bias: int
    terms: int
    far: float
    high: float
    low: float


HIGH = {"f": 355 / 512, "d": 0x162E42FEE0 / 2**37}
LOW = {
    dtype: float(Fraction("0.693147180559945309417232121458176568") - Fraction(high))
    for dtype, high in HIGH.items()
}
FORMATS = {
    "f": Format(ir.FloatType(), 32, 23, 127, 8, 88.0, HIGH["f"], LOW["f"]),
    "d": Format(ir.DoubleType(), 64, 52, 1023, 14, 709.0, HIGH["d"], LOW["d"]),
}


class Vectors:
    """Writes arithmetic on vectors of one width.

    Parameters
    ----------
    builder
        Where instructions go.
    form
        Of an element.
    width
        The number of elements.
    """

    def __init__(self, builder: ir.IRBuilder, form: Format, width: int) -> None:
        self.builder = builder
        self.form = form
        self.width = width
        self.type = ir.VectorType(form.real, width)
        self.whole_type = ir.VectorType(ir.IntType(form.bits), width)

    def number(self, x: float) -> Any:
        return ir.Constant(self.type, [x] * self.width)

    def whole(self, n: int) -> Any:
        return ir.Constant(self.whole_type, [n] * self.width)

    def everywhere(self, x: Any) -> Any:
        """A number that is known only at run time, in all places."""
        one = self.builder.insert_element(
            ir.Constant(self.type, ir.Undefined), x, ir.Constant(ir.IntType(32), 0)
        )
        places = ir.Constant(ir.VectorType(ir.IntType(32), self.width), None)
        return self.builder.shuffle_vector(one, one, places)

    def call(self, name: str, *xs: Any) -> Any:
        """An intrinsic function of LLVM."""
        module = self.builder.module
        name = f"llvm.{name}.v{self.width}f{self.form.bits}"
        function = module.globals.get(name) or ir.Function(
            module, ir.FunctionType(self.type, [self.type] * len(xs)), name
        )
        return self.builder.call(function, xs)

    def fma(self, a: Any, b: Any, c: Any) -> Any:
        """A b + c, by one instruction where the processor has it."""
        return self.call("fmuladd", a, b, c)

    def within(self, x: Any, low: float, high: float) -> Any:
        """X, or the nearest number between; NaN stays."""
        b = self.builder
        for comparison, limit in (("<", self.number(low)), (">", self.number(high))):
            x = b.select(b.fcmp_ordered(comparison, x, limit), limit, x)
        return x

    def power_of_two(self, n: Any) -> Any:
        """2^n, for whole numbers n of which only the last bits count."""
        exponent = self.builder.add(n, self.whole(self.form.bias))
        bits = self.builder.shl(exponent, self.whole(self.form.fraction))
        return self.builder.bitcast(bits, self.type)


def _exponential(v: Vectors, x: Any) -> tuple[Any, Any]:
    """Whole numbers n and numbers p, such that exp(x) = 2^n (1 + p)."""
    b, form = v.builder, v.form
    # Adding 1.5 2^(bits of the fraction) rounds to a whole number, which is then in the last bits.
    rounding = v.number(1.5 * 2.0**form.fraction)
    shifted = v.fma(x, v.number(1 / log(2)), rounding)
    n = b.fsub(shifted, rounding)
    r = v.fma(n, v.number(-form.low), v.fma(n, v.number(-form.high), x))
    series = [v.number(1 / factorial(i)) for i in range(2, form.terms)]
    p = reduce(lambda total, term: v.fma(total, r, term), series[::-1])
    p = v.fma(b.fmul(r, r), p, r)
    whole = b.sub(b.bitcast(shifted, v.whole_type), b.bitcast(rounding, v.whole_type))
    return whole, p


def _exp(v: Vectors, x: Any) -> Any:
    # 2^n by halves, since it may leave the range of the dtype's normal numbers.
    b = v.builder
    n, p = _exponential(v, v.within(x, -1.2 * v.form.far, 1.03 * v.form.far))
    half = b.ashr(n, v.whole(1))
    y = b.fmul(b.fadd(p, v.number(1)), v.power_of_two(half))
    return b.fmul(y, v.power_of_two(b.sub(n, half)))


def _expm1(v: Vectors, x: Any) -> Any:
    n, p = _exponential(v, v.within(x, -v.form.far, v.form.far))
    power = v.power_of_two(n)
    return v.fma(power, p, v.builder.fsub(power, v.number(1)))


def _sigmoid(v: Vectors, x: Any) -> Any:
    b = v.builder
    e = _expm1(v, b.fsub(v.number(-0.0), x))
    return b.fdiv(v.number(1), b.fadd(v.number(2), e))


def _tanh(v: Vectors, x: Any) -> Any:
    b = v.builder
    e = _expm1(v, b.fadd(x, x))
    return b.fdiv(e, b.fadd(e, v.number(2)))


def _relu(v: Vectors, x: Any) -> Any:
    zero = v.number(0)
    return v.builder.select(v.builder.fcmp_ordered("<=", x, zero), zero, x)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "add": lambda v, a, b: v.builder.fadd(a, b),
    "subtract": lambda v, a, b: v.builder.fsub(a, b),
    "multiply": lambda v, a, b: v.builder.fmul(a, b),
    "divide": lambda v, a, b: v.builder.fdiv(a, b),
    "negative": lambda v, x: v.builder.fneg(x),
    "plan.copy": lambda v, x: x,
    "abs": lambda v, x: v.call("fabs", x),
    "sqrt": lambda v, x: v.call("sqrt", x),
    "maximum": lambda v, a, b: v.call("maximum", a, b),
    "minimum": lambda v, a, b: v.call("minimum", a, b),
    "exp": _exp,
    "sigmoid": _sigmoid,
    "tanh": _tanh,
    "relu": _relu,
}


# --- loops --------------------------------------------------------------------------------------


class Writer:
    """Writes the function of a kernel."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.module = ir.Module()
        of_addresses = ir.FunctionType(ir.VoidType(), [INDEX.as_pointer()])
        function = ir.Function(self.module, of_addresses, "kernel")
        self.builder = b = ir.IRBuilder(function.append_basic_block())
        self.item = np.dtype(kernel.dtype).itemsize
        width = min(VECTOR // self.item, kernel.sizes[-1])
        self.vectors = Vectors(b, FORMATS[kernel.dtype], 1 << width.bit_length() - 1)
        self.invariant: dict[int, Any] = {}  # operands that do not change in the innermost loop
        [table] = function.args
        starts = [b.load(b.gep(table, [ir.Constant(INDEX, i)])) for i in range(len(kernel.strides))]
        self.nest(0, starts)
        b.ret_void()

    def nest(self, level: int, at: Sequence[Any]) -> None:
        """Write the loops from a level on; the operands are at these addresses there."""
        kernel, v = self.kernel, self.vectors
        for i, strides in enumerate(kernel.strides):
            if i not in self.invariant and not any(strides[level:]) and self.is_read(i):
                self.invariant[i] = v.everywhere(self.load(v.form.real, at[i]))
        n = kernel.sizes[level]
        if level < len(kernel.sizes) - 1:
            with self.loop(n, 1) as i:
                moves = zip(at, kernel.strides, strict=True)
                self.nest(level + 1, [self.moved(x, i, s[level]) for x, s in moves])
            for i in [i for i in self.invariant if any(kernel.strides[i][: level + 1])]:
                del self.invariant[i]
            return
        # What is left over at the end is done with what comes before it, a second time.
        whole = n - n % v.width
        with self.loop(whole, v.width) as i:
            self.body(at, i)
        if whole < n:
            self.body(at, ir.Constant(INDEX, n - v.width))

    def is_read(self, operand: int) -> bool:
        return ("load", operand) in self.kernel.code

    @contextmanager
    def loop(self, end: int, step: int) -> Iterator[Any]:
        """A loop from 0 on, which gives its index."""
        b = self.builder
        before, inside = b.block, b.append_basic_block()
        b.branch(inside)
        b.position_at_end(inside)
        i = b.phi(INDEX)
        i.add_incoming(ir.Constant(INDEX, 0), before)
        yield i
        following = b.add(i, ir.Constant(INDEX, step))
        i.add_incoming(following, b.block)
        behind = b.append_basic_block()
        b.cbranch(b.icmp_signed("<", following, ir.Constant(INDEX, end)), inside, behind)
        b.position_at_end(behind)

    def body(self, at: Sequence[Any], i: Any) -> None:
        """Do the code for the elements from the i-th on."""
        values: list[Any] = []
        for operation, *arguments in self.kernel.code:
            if operation == "load":
                [operand] = arguments
                values.append(self.invariant.get(operand) or self.loaded(at[operand], i, operand))
            elif operation == "store":
                operand, value = arguments
                pointer = self.pointer(self.vectors.type, self.moved(at[operand], i, 1))
                values.append(self.builder.store(values[value], pointer, align=self.item))
            else:
                values.append(FUNCTIONS[operation](self.vectors, *(values[x] for x in arguments)))

    def loaded(self, at: Any, i: Any, operand: int) -> Any:
        """The elements of an operand from the i-th on."""
        v, stride = self.vectors, self.kernel.strides[operand][-1]
        at = self.moved(at, i, stride)
        if stride == 1:
            return self.load(v.type, at)
        y = ir.Constant(v.type, ir.Undefined)
        for place in range(v.width):
            x = self.load(v.form.real, self.moved(at, ir.Constant(INDEX, place), stride))
            y = self.builder.insert_element(y, x, ir.Constant(ir.IntType(32), place))
        return y

    def moved(self, address: Any, i: Any, stride: int) -> Any:
        """The address so many strides further on."""
        if stride == 0:
            return address
        distance = self.builder.mul(i, ir.Constant(INDEX, stride * self.item))
        return self.builder.add(address, distance)

    def pointer(self, kind: ir.Type, address: Any) -> Any:
        return self.builder.inttoptr(address, kind.as_pointer())

    def load(self, kind: ir.Type, address: Any) -> Any:
        return self.builder.load(self.pointer(kind, address), align=self.item)


# --- compilation --------------------------------------------------------------------------------

_lock = forkable_lock()


@cache
def _host() -> tuple[Any, dict[str, Any]]:
    """This machine, and how to compile for it."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    options = {"cpu": llvm.get_host_cpu_name(), "features": features, "opt": 3, "jit": True}
    return llvm.Target.from_default_triple(), options


@lru_cache(maxsize=128)
def compiled(kernel: Kernel) -> Callable[[Any], None]:
    """The function of a kernel; it takes a pointer to the addresses of the operands."""
    with _lock:
        module = llvm.parse_assembly(str(Writer(kernel).module))
        module.verify()
        target, options = _host()
        # Each engine has a target machine of its own, which goes with it.
        engine = llvm.create_mcjit_compiler(module, target.create_target_machine(**options))
        engine.finalize_object()
        address = engine.get_function_address("kernel")
    function: Any = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(address)
    function.engine = engine  # owns the code
    return function  # type: ignore[no-any-return]
