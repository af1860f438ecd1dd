"""Every single-line error that correct derivations admit, and how well the checker names them.

`python -m tests.mutants --out docs/checking.md` writes the table of that page.
"""

import argparse
import ast
import collections
import copy
import inspect
import itertools
import runpy
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import lstm
import minigrad as mg
from lstm.derivation import section_3
from minigrad.derivation.claims import ALL_STEPS, THIS_STEP, Adjoint, Value
from minigrad.derivation.truth import Truth
from minigrad.rounding import compared

EXAMPLES = Path(__file__).parent.parent / "docs" / "examples"


@dataclass
class Mutant:
    """A line with one error, and the kind of the error."""

    index: int
    kind: str
    what: str
    line: object


def lstm_flow(n_x=3, n_a=4, n_y=5, T=3, B=6, seed=0, dtype=float):
    """The seed's LSTM at random values, nothing zero, symmetric or repeated."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(T, n_x, B)), rng.uniform(0.2, 1, size=(T, n_y, B))
    states = rng.normal(size=(2, n_a, B))
    params = lstm.init_params(n_x, n_a, n_y, seed, dtype)
    run = lstm.forward(params, *(v.astype(dtype) for v in (x, y, *states)))
    return mg.gradient_flow(run.loss)


def derivations():
    """The correct derivations: each with the function that makes a flow to check it on."""
    yield section_3, lstm_flow
    for name in ("classifier", "gru", "bidirectional", "language_model", "attention"):
        example = runpy.run_path(str(EXAMPLES / f"{name}.py"))
        yield example["derivation"], example["flow"]


# --- making mutants -------------------------------------------------------------------------------


def mutants(derivation, truth):
    """Every mutant of every line that changes its value."""
    for index, line in enumerate(derivation.lines):
        for kind, what, mutant in itertools.chain(
            of_source(line, truth), of_inputs(line, truth), of_claim(line, truth)
        ):
            if changes_value(line, mutant, truth):
                if kind == "broadcast" and not agrees_by_broadcasting(line, mutant, truth):
                    kind = "shape"
                yield Mutant(index, kind, what, mutant)


def of_source(line, truth):
    """Mutants of the text of a line's function."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(line.function))).body[0]
    for i, statement in enumerate(tree.body):
        for kind, what, changed in edits(statement, shapes_of(line, truth), numbers_in(tree)):
            yield kind, what, mutated(line, tree, i, changed)
    result = tree.body[-1].value
    wholes = [
        ("scale", f"times {k:.3g}", ast.BinOp(result, ast.Mult(), ast.Constant(k)))
        for k in (2, 0.5, -3, 1 / (truth.batch or 7))
    ]
    wholes.append(("sign", "times -1", ast.UnaryOp(ast.USub(), result)))
    wholes.append(("transpose", "transposed", transposed(result)))
    wholes.append(("all zero", "times 0", ast.BinOp(result, ast.Mult(), ast.Constant(0.0))))
    for kind, what, new in wholes:
        yield kind, what, mutated(line, tree, -1, with_node(tree.body[-1], result, new))


def mutated(line, tree, i, statement):
    """The line with one statement replaced."""
    tree = copy.copy(tree)
    tree.body = list(tree.body)
    tree.body[i] = statement
    return replace(line, function=compiled(tree, line.function))


def numbers_in(tree):
    """The names of sizes and other numbers that a function works with."""
    names = set()
    for statement in ast.walk(tree):
        match statement:
            case ast.Assign(targets=[target], value=x) if is_number(x, names):
                names |= {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}
            case ast.For(target=ast.Name(id=name), iter=ast.Call(func=ast.Name(id="range"))):
                names.add(name)
    return names


def is_number(node, names):
    """Whether an expression is a number that depends on sizes alone."""
    match node:
        case ast.Constant():
            return True
        case ast.Name(id=name):
            return name in names
        case ast.Attribute(attr="shape" | "size"):
            return True
        case ast.Subscript(value=x):
            return is_number(x, names)
        case ast.UnaryOp(operand=x):
            return is_number(x, names)
        case ast.BinOp(left=a, right=b):
            return is_number(a, names) and is_number(b, names)
        case ast.Call(func=ast.Name(id="len")):
            return True
        case ast.Call(func=ast.Attribute(attr="sqrt"), args=[x]):
            return is_number(x, names)
    return False


def edits(statement, shapes, numbers):
    """Every change of a statement: the kind of the error, what was done, the statement."""
    left_alone = set()  # sizes, indices, ranges, axes and exponents
    for x in ast.walk(statement):
        apart = []
        match x:
            case ast.Attribute(attr="shape" | "size"):
                apart = [x]
            case ast.Call(func=ast.Name(id="len" | "range")):
                apart = [x]
            case ast.Subscript():
                apart = [x.slice]
            case ast.keyword() | ast.Assign(targets=[ast.Tuple()]):
                apart = [x]
            case ast.BinOp(op=ast.Pow(), right=b):
                apart = [b]
        left_alone.update(y for part in apart for y in ast.walk(part))
    for node in ast.walk(statement):
        if node not in left_alone:
            for kind, new in edits_of(node, shapes, numbers):
                what = f"{ast.unparse(node)} -> {ast.unparse(new)}"
                yield kind, what, with_node(statement, node, new)


def edits_of(node, shapes, numbers):
    """The errors that one node of the syntax tree admits."""
    match node:
        case ast.Attribute(value=x, attr="T"):
            yield "transpose", x
        case ast.Name(id=name, ctx=ast.Load()) if name in shapes:
            if len(shapes[name]) > 1:
                yield "transpose", transposed(node)
            yield "sign", ast.UnaryOp(ast.USub(), node)
            yield "complement", ast.BinOp(ast.Constant(1), ast.Sub(), node)
            for other, shape in shapes.items():
                if other != name and shape == shapes[name]:
                    yield "wrong operand", ast.Name(other, ast.Load())
        case ast.UnaryOp(op=ast.USub(), operand=x):
            yield "sign", x
        case ast.BinOp(left=a, op=ast.Mult() | ast.MatMult(), right=b):
            for kept, dropped in ((a, b), (b, a)):
                yield ("scale" if is_number(dropped, numbers) else "missing factor"), kept
            if isinstance(node.op, ast.Mult):
                kind = "scale" if is_number(b, numbers) else "extra factor"
                yield kind, ast.BinOp(node, ast.Mult(), b)
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            yield ("scale" if is_number(b, numbers) else "missing factor"), a
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            yield ("scale" if is_number(a, numbers) else "missing factor"), a
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            yield "missing contribution", a
            yield "missing contribution", b
            yield "double-counted contribution", ast.BinOp(node, ast.Add(), b)
            yield "double-counted contribution", ast.BinOp(node, ast.Add(), a)
            yield "sign", ast.BinOp(a, ast.Sub(), b)
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            yield "sign", ast.BinOp(a, ast.Add(), b)
            if isinstance(a, ast.Constant) and a.value == 1:
                yield "complement", b
        case ast.Call(func=ast.Attribute(attr="tanh" | "exp" | "log"), args=[_]):
            yield "extra function", ast.Call(node.func, [node], [])
        case ast.Call(func=ast.Attribute(value=x, attr="sum")):
            yield "missing sum", node.args[0] if ast.unparse(x) == "np" else x
            flat = copy.copy(node)
            flat.keywords = [k for k in node.keywords if k.arg != "keepdims"]
            yield "broadcast", flat
        case ast.Call(func=ast.Name(id="sum"), args=[shares]):
            items = ast.Call(ast.Name("list", ast.Load()), [shares], [])
            yield "missing sum", ast.Subscript(items, ast.Constant(0), ast.Load())


def of_inputs(line, truth):
    """Mutants that are given another value or adjoint of the same shape."""
    t = truth.steps_of(line)[-1]
    names = [
        (name, distance)
        for distance in (0, -1)
        for name in truth.by_name()
        if distance == 0 or (name, None) not in truth.values
    ]
    others = [Value(*x) for x in names] + [Adjoint(*x) for x in names]
    for name, claim in line.inputs.items():
        if claim.t is not ALL_STEPS:
            alike = [
                other
                for other in others
                if type(other) is type(claim)
                and other not in line.inputs.values()
                and given_shape(truth, other, t) == truth.given(claim, t).shape
                and (
                    isinstance(other, Value) or truth.label(other, t) != truth.label(line.claim, t)
                )
            ]
            for other in alike[:: max(1, len(alike) // 3)]:
                given = {**line.given, name: other}
                yield "wrong operand", f"{claim} -> {other}", replace(line, given=given)
    yield from of_all_inputs(line, truth, t)


def of_all_inputs(line, truth, t):
    """Mutants of which two inputs have changed places, or all are of another step."""
    inputs = {name: claim for name, claim in line.inputs.items() if claim.t is not ALL_STEPS}
    for (m, a), (n, b) in itertools.combinations(inputs.items(), 2):
        if a != b and truth.given(a, t).shape == truth.given(b, t).shape:
            what = f"{a} <-> {b}"
            yield "exchanged operands", what, replace(line, given={**line.given, m: b, n: a})
    moving = {name: x for name, x in inputs.items() if truth.label(x, 1)[1] is not None}
    others = {name: replace(x, t=x.t - 1) for name, x in moving.items()}
    if len(others) > 1 and all(
        isinstance(x, Adjoint) or given_shape(truth, x, t) for x in others.values()
    ):
        yield "wrong step", "all one step earlier", replace(line, given={**line.given, **others})


def of_claim(line, truth):
    """The share of a step, taken for the sum over the steps."""
    if line.claim.via is THIS_STEP and (line.claim.name, None) in truth.values:
        claim = replace(line.claim, via=None)
        yield "missing sum", f"{line.claim} -> {claim}", replace(line, claim=claim)


def changes_value(line, mutant, truth):
    """Whether a mutant gives anything but what the line gives, at any step."""
    if mutant.claim != line.claim:
        return len(truth.steps) > 1
    for t in truth.steps_of(mutant):
        try:
            new, old = (result(x, t, truth) for x in (mutant, line))
        except Exception:  # it raises, and the line does not
            return True
        if np.shape(new) != np.shape(old):
            return True
        rounding = truth.rounding(line.claim, t)
        if not compared(new, old, 1e-10, 1e6 * rounding).ok:
            return True
    return False


def agrees_by_broadcasting(line, mutant, truth):
    """Whether NumPy would spread the mutant's result to the shape of the right one, or has."""
    t = truth.steps_of(mutant)[-1]
    try:
        new, old = (np.shape(result(x, t, truth)) for x in (mutant, line))
        return np.broadcast_shapes(new, old) in (new, old)
    except ValueError:  # inside of the line
        return True


def result(line, t, truth):
    return line.function(**{name: truth.given(c, t) for name, c in line.inputs.items()})


def given_shape(truth, claim, t):
    label = truth.label(claim, t)
    known = label in truth.values and (
        isinstance(claim, Value) or truth.flow.values[label].requires_grad
    )
    return truth.given(claim, t).shape if known else None


def shapes_of(line, truth):
    """The shape of each parameter that is an array."""
    t = truth.steps_of(line)[-1]
    return {
        name: truth.given(claim, t).shape
        for name, claim in line.inputs.items()
        if claim.t is not ALL_STEPS
    }


def compiled(tree, function):
    """The function of a changed syntax tree, with the names that the first one sees."""
    tree = copy.deepcopy(tree)
    tree.decorator_list, tree.name, tree.args.defaults = [], "mutant", []
    free = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    factory = ast.parse(f"def factory({', '.join(free)}):\n    return mutant").body[0]
    factory.body.insert(0, tree)
    names = dict(function.__globals__)
    module = ast.fix_missing_locations(ast.Module([factory], []))
    exec(compile(module, "<mutant>", "exec"), names)
    return names["factory"](*(cell.cell_contents for cell in free.values()))


def with_node(tree, old, new):
    """A copy of a tree with one node replaced."""
    return copy.deepcopy(tree, {id(old): copy.deepcopy(new)})


def transposed(node):
    return ast.Attribute(node, "T", ast.Load())


# --- measuring ------------------------------------------------------------------------------------


@dataclass
class Score:
    """What became of some mutants."""

    made: int = 0
    found: int = 0
    named: int = 0


def judged(derivation, flow, every=1):
    """Check every mutant, or one of so many: the mutant, the wrong lines, the diagnosis."""
    truth = Truth(flow, derivation.layout)
    for mutant in itertools.islice(mutants(derivation, truth), 0, None, every):
        changed = mg.Derivation(derivation.title, derivation.layout)
        changed.lines = list(derivation.lines)
        changed.lines[mutant.index] = mutant.line
        report = changed.check(flow)
        wrong = [i for i, line in enumerate(report.lines) if not line.ok]
        yield mutant, wrong, report.lines[mutant.index].diagnosis


def measured(every):
    """The scores by derivation and by kind; prints what is not named right."""
    by_title, by_kind = collections.defaultdict(Score), collections.defaultdict(Score)
    for derivation, flow in derivations():
        for mutant, wrong, diagnosis in judged(derivation, flow(), every):
            named = diagnosis is not None and diagnosis.kind == mutant.kind
            for score in (by_title[derivation.title], by_kind[mutant.kind], by_title["all"]):
                score.made += 1
                score.found += wrong == [mutant.index]
                score.named += named
            if not named:
                print(mutant.line.ref, mutant.kind, mutant.what, diagnosis, sep=" | ")
    by_title["all"] = by_title.pop("all")  # last
    return by_title, by_kind


def random_flow(flow, seed):
    """A flow of random sizes: the step's length, the batch and every layer from 1 to 7."""
    rng = np.random.default_rng(seed)
    sizes = [name for name in inspect.signature(flow).parameters if name not in ("seed", "dtype")]
    drawn = {name: int(rng.integers(1, 8)) for name in sizes}
    return flow(**drawn, seed=seed, dtype=(np.float64, np.float32)[seed % 2])


def false_alarms(flows):
    """How many checks of right derivations found something wrong, and the largest error."""
    alarms, worst = 0, 0.0
    for derivation, flow in derivations():
        for seed in range(flows):
            data = random_flow(flow, seed)
            for chained in (False, True):
                report = derivation.check(data, chained)
                alarms += not report.ok
                worst = max([worst, *(line.error / line.tolerance for line in report.lines)])
    return alarms, worst


def written(by_title, by_kind, flows, alarms, worst):
    """The measured part of the page."""
    tables = []
    for head, scores in (("derivation", by_title), ("kind of error", by_kind)):
        rows = [f"| {head} | mutants | found | named |", "|---|---|---|---|"]
        rows += [f"| {key} | {s.made} | {s.found} | {s.named} |" for key, s in scores.items()]
        tables.append("\n".join(rows))
    tables.append(
        f"False alarms on the correct derivations, each with {flows} random sizes and seeds, half "
        f"in float64 and half in float32, alone and in a chain: {alarms}. The largest error "
        f"was {worst:.2g} of its tolerance."
    )
    return "\n\n".join(tables) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="one mutant of so many (1)")
    parser.add_argument("--flows", type=int, default=200, help="random flows of each model (200)")
    parser.add_argument("--out", type=Path, help="the page to put the tables into")
    options = parser.parse_args()
    text = written(*measured(options.every), options.flows, *false_alarms(options.flows))
    if options.out is None:
        print(text)
    else:
        head, mark, _ = options.out.read_text("utf-8").partition("<!-- measured -->\n")
        options.out.write_text(f"{head}{mark}\n{text}", "utf-8")


if __name__ == "__main__":
    main()
