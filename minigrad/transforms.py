"""Functions of functions: grad, vjp, jvp, jacobian, hessian, as in JAX.

Arguments and results are arrays, or nested dicts, lists and tuples of arrays. A function that is
given tensors gives tensors, so transforms nest.
"""

import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.backprop import backpropagate, graph
from minigrad.complex_step import real_part
from minigrad.context import current, setting
from minigrad.leaf import name_tensors, numbers
from minigrad.nests import leaves, map_leaves
from minigrad.operations.elementwise import positive
from minigrad.tensor import Tensor, next_index, value_known, value_of

Function = Callable[..., Any]


def value_and_grad(
    f: Function, argnums: int | Sequence[int] = 0, *, allow_unused: bool = False
) -> Function:
    """Make a function that gives both the value of a scalar function and its gradient.

    Parameters
    ----------
    f
        Takes arrays or nests of them, and gives a scalar tensor.
    argnums
        Which arguments to differentiate with respect to.
    allow_unused
        Give zeros, and no error, where the value depends on none of these arguments.

    Returns
    -------
    callable
        Takes what `f` takes and gives (value, gradient). The gradient has the nesting of the
        argument; of several arguments, it is a tuple. What the value does not depend on has
        gradient zero, if it depends on anything. Where `f` closes over tensors that require a
        gradient, both are tensors, so that gradients flow to these too.

    Raises
    ------
    TypeError
        If an argument holds something other than real floating-point numbers, or `f` does not give
        a tensor.
    ValueError
        If the value is no scalar, or does not depend on what it is differentiated by.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> def f(params, x):
    ...     return (params["w"] * x).sum()
    >>> value, gradient = mg.value_and_grad(f)({"w": np.array([1.0, 2.0])}, np.array([3.0, 4.0]))
    >>> value, gradient
    (np.float64(11.0), {'w': array([3., 4.])})
    """

    def differentiated(*args: Any, **options: Any) -> tuple[Any, Any]:
        run = _Run(f, argnums, args, options)
        if not isinstance(run.y, Tensor) or run.y.size != 1:
            shapes = [y.shape for y in leaves(run.y)]
            raise ValueError(
                f"grad: expected a scalar from the function, got {shapes}; sum it, or take "
                "mg.jacobian or mg.vjp"
            )
        if not (allow_unused or run.derives or run.reaches(run.y)):
            raise ValueError(
                f"grad: expected {getattr(f, '__name__', f)} to give a value that depends on "
                f"argument {argnums}, got one that no differentiable function connects with it; "
                "compute it from that argument, or pass allow_unused=True for zeros"
            )
        gradient = run.cotangents(run.y, np.ones_like(run.y._data), keep_graph=run.nested)
        return run.result(run.y), gradient if isinstance(argnums, Sequence) else gradient[0]

    return differentiated


def grad(f: Function, argnums: int | Sequence[int] = 0, *, allow_unused: bool = False) -> Function:
    """Make a function that gives the gradient of a scalar function; see `value_and_grad`.

    Examples
    --------
    >>> import minigrad as mg
    >>> mg.grad(mg.grad(mg.tanh))(0.5)
    np.float64(-0.7268619813835873)
    """
    both = value_and_grad(f, argnums, allow_unused=allow_unused)
    return lambda *args, **options: both(*args, **options)[1]


def vjp(f: Function, *primals: Any) -> tuple[Any, Function]:
    """Evaluate `f`, and prepare the product of a cotangent with its Jacobian.

    Parameters
    ----------
    f
        Takes arrays or nests of them, and gives a tensor of any shape, or a nest of them.
    *primals
        Where to evaluate it.

    Returns
    -------
    y : ndarray
        The value.
    pull_back : callable
        Takes a cotangent in the shape of `y` and gives a tuple: for each primal its cotangent. It
        can be called many times.

    Raises
    ------
    ValueError
        If the cotangent does not have the nesting and shapes of the value.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> y, pull_back = mg.vjp(mg.exp, np.array([0.0, 1.0]))
    >>> pull_back(np.array([1.0, 0.0]))
    (array([1., 0.]),)
    """
    run = _Run(f, range(len(primals)), primals, {})

    def pull_back(cotangents: Any) -> Any:
        pairs = zip(run.results, _matched("vjp", run.y, cotangents), strict=True)
        parts = [run.cotangents(y, g) for y, g in pairs]
        return functools.reduce(lambda a, b: map_leaves(operator.add, a, b), parts)

    return map_leaves(run.result, run.y), pull_back


def jvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Evaluate `f`, and the product of its Jacobian with tangents.

    The pull-back is linear in the cotangent, so its own pull-back is the push-forward: there are
    no forward-mode rules.

    Parameters
    ----------
    f
        Takes arrays or nests of them, and gives a tensor of any shape, or a nest of them.
    primals, tangents
        A tuple of arguments, and one of directions with the same nesting and shapes.

    Returns
    -------
    y, tangent : ndarray
        The value and its derivative along the tangents.

    Raises
    ------
    ValueError
        If the tangents do not have the nesting and shapes of the primals.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.jvp(mg.sin, (np.array([0.0, 1.0]),), (np.array([2.0, 0.0]),))
    (array([0.        , 0.84147098]), array([2., 0.]))
    """
    primals, tangents = _several(primals), _several(tangents)
    run = _Run(f, range(len(primals)), primals, {})
    directions = _matched("jvp", run.inputs, tangents)

    def push_forward(y: Tensor) -> Any:
        u = Tensor(np.zeros_like(y._data), requires_grad=True)
        # sum over the inputs of (J^T u) v: linear in u, and its gradient is J v
        pulled = run.adjoints(y, u)
        total = Tensor(np.zeros((), y.dtype))
        for x, v in zip(run.leaves, directions, strict=True):
            if x in pulled:
                total = total + (pulled[x] * _constant(v, x)).sum()
        if not total.requires_grad:
            return run.result(Tensor(np.zeros_like(y._data)))
        one = np.ones_like(total._data)
        adjoints = backpropagate(total, Tensor(one) if run.nested else one, {u}, keep_graph=True)
        return run.result(adjoints[u])

    return map_leaves(run.result, run.y), map_leaves(push_forward, run.y)


def jacobian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Make a function that gives the Jacobian, of shape `y.shape + x.shape`.

    Parameters
    ----------
    f
        Takes arrays or nests of them, and gives a tensor of any shape, or a nest of them.
    argnums
        Which arguments to differentiate with respect to.

    Returns
    -------
    callable
        Gives, with the nesting of the value and inside of it that of the argument, arrays.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.jacobian(np.square)(np.array([1.0, 2.0]))
    array([[2., 0.],
           [0., 4.]])
    """

    def differentiated(*args: Any, **options: Any) -> Any:
        run = _Run(f, argnums, args, options)

        def of(y: Tensor) -> Any:
            basis = np.eye(y.size, dtype=y.dtype).reshape(y.size, *y.shape)
            rows = [run.cotangents(y, e) for e in basis]

            def stacked(x: Tensor, *of_x: Any) -> Any:
                shape = y.shape + x.shape
                return np.stack(of_x).reshape(shape) if of_x else np.zeros(shape, y.dtype)

            whole = map_leaves(stacked, run.inputs, *rows)
            return whole if isinstance(argnums, Sequence) else whole[0]

        return map_leaves(of, run.y)

    return differentiated


def hessian(f: Function, argnums: int | Sequence[int] = 0) -> Function:
    """Make a function that gives the Hessian of a scalar function; see `jacobian`.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.hessian(lambda x: x[0] * x[1] ** 2)(np.array([1.0, 2.0]))
    array([[0., 4.],
           [4., 2.]])
    """
    return jacobian(grad(f, argnums), argnums)


def hvp(f: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """Multiply the Hessian of a scalar function, by its first argument, with tangents.

    Parameters
    ----------
    f
        Takes arrays or nests of them, and gives a scalar tensor.
    primals, tangents
        As `jvp` has them.

    Examples
    --------
    >>> import numpy as np
    >>> import minigrad as mg
    >>> mg.hvp(lambda x: (x**3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 1.0]),))
    array([ 6., 12.])
    """
    return jvp(grad(f), primals, tangents)[1]


class _Run:
    """One evaluation of a function on tensors, ready to be differentiated.

    Attributes
    ----------
    nested
        Whether the results have to be differentiable too: inside of another transform, on tensors,
        or where the function closes over what requires a gradient.
    derives
        Whether the function has differentiated something itself: such a value may rightly depend
        on nothing, as the derivative of `3 * x` does.
    """

    def __init__(
        self, f: Function, argnums: int | Sequence[int], args: Sequence[Any], options: Any
    ) -> None:
        positions = argnums if isinstance(argnums, Sequence) else (argnums,)
        if any(not -len(args) <= i < len(args) for i in positions):
            raise ValueError(
                f"argnums: expected positions of the {len(args)} arguments given, got {argnums}"
            )
        self.derives = False
        self.nested = current().differentiating is not None or any(
            type(x) is Tensor and x.requires_grad for x in leaves(list(args))
        )
        arguments = list(args)
        for i in positions:
            arguments[i] = _variables(args[i])
        self.inputs = tuple(arguments[i] for i in positions)
        self.leaves: list[Tensor] = leaves(self.inputs)
        for i in positions:
            arguments[i] = map_leaves(lambda x: x, arguments[i])  # `f` may change its own nest
        start = next_index()
        with setting("recording", True), setting("differentiating", self):
            self.y = f(*arguments, **options)
        self.results: list[Tensor] = leaves(self.y)
        for y in self.results:
            if type(y) is not Tensor:
                raise TypeError(
                    f"{getattr(f, '__name__', f)}: expected it to give tensors, got "
                    f"{type(y).__name__}; compute the result from the arguments by minigrad's or "
                    "NumPy's functions"
                )
            real_part(y._data, "grad")
        self._orders = {y: graph(y) if y.requires_grad else [] for y in self.results}
        if not self.nested and current().recording:
            own = set(self.leaves)  # and what `f` has made itself is no more than a part of it
            behind = itertools.chain.from_iterable(self._orders.values())
            self.nested = any(
                x._operation is None and x not in own and x._index < start for x in behind
            )

    def reaches(self, y: Tensor) -> bool:
        """Whether a result depends on any of the inputs."""
        return not set(self.leaves).isdisjoint(self._orders[y])

    def result(self, x: Any) -> Any:
        """What the caller gets of a result: a tensor or, if nothing asks for one, an array."""
        return x if self.nested else np.array(value_of(x))[()]

    def adjoints(self, y: Tensor, g: Any, keep_graph: bool = True) -> dict[Tensor, Any]:
        """Those of the inputs that `y` depends on, from the adjoint of `y`."""
        order = self._orders[y]
        if not order:
            return {}
        return backpropagate(y, g, set(self.leaves), keep_graph=keep_graph, order=order)

    def cotangents(self, y: Tensor, g: Any, keep_graph: bool = True) -> tuple[Any, ...]:
        """The cotangent of each argument, in its nesting; zero where `y` does not depend on it."""
        g = _constant(g, y) if self.nested else np.asarray(value_known(g), y.dtype)
        adjoints = self.adjoints(y, g, keep_graph)

        def of(x: Tensor) -> Any:
            return self.result(adjoints[x] if x in adjoints else Tensor(np.zeros_like(x._data)))

        return tuple(map_leaves(of, x) for x in self.inputs)


def _variables(tree: Any) -> Any:
    """A nest of leaves to differentiate with respect to, named by the keys of dicts."""

    def variable(x: Any) -> Tensor:
        if type(x) is Tensor and x.requires_grad:
            return positive(x)  # another tensor, lest one tensor given twice count as one
        # A copy, since the caller may change an array before the gradient is taken.
        leaf = x.detach() if type(x) is Tensor else Tensor(np.array(numbers(x, "grad")))
        if leaf.dtype.kind not in "fc":
            raise TypeError(
                f"grad: expected real floating-point arguments, got {leaf.dtype}: {x!r:.60}; "
                "write 1.0 for 1, or leave the argument out of argnums"
            )
        real_part(leaf._data, "grad")
        leaf.requires_grad = True
        return leaf

    def name(tree: Any) -> None:
        if isinstance(tree, dict):
            name_tensors({str(key): x for key, x in tree.items()})
        if isinstance(tree, dict | list | tuple):
            for x in tree.values() if isinstance(tree, dict) else tree:
                name(x)

    variables = map_leaves(variable, tree)
    name(variables)
    return variables


def _constant(x: Any, like: Tensor) -> Tensor:
    """A tensor of the dtype of another."""
    return x if type(x) is Tensor else Tensor(np.array(x, like.dtype))


def _several(arguments: Any) -> tuple[Any, ...]:
    """Take one argument for a tuple of one."""
    return tuple(arguments) if isinstance(arguments, tuple | list) else (arguments,)


def _matched(name: str, nest: Any, given: Any) -> list[Any]:
    """The leaves of what was given for a nest, if it has the same nesting and shapes."""
    expected, got = map_leaves(np.shape, nest), map_leaves(np.shape, given)
    if expected != got:
        raise ValueError(f"{name}: expected the nesting and shapes {expected}, got {got}")
    return leaves(given)
