"""Single faults planted in the backward passes of right programs, and where they are found.

`python -m tests.minigrad.program.mutants` says how many are found at exactly their statement.
"""

import argparse
import ast
import collections
import copy
import importlib
import inspect
import linecache
import pkgutil
import types
from dataclasses import dataclass

import numpy as np

import minigrad as mg
from tests.minigrad.program import programs

PROGRAMS = {
    name: importlib.import_module(f"{programs.__name__}.{name}")
    for _, name, _ in pkgutil.iter_modules(programs.__path__)
}


@dataclass(frozen=True)
class Mutant:
    """A program with one fault: its kind, the line it is at, and the source."""

    name: str
    kind: str
    line: int
    source: str

    def module(self):
        """The program, with a source that tracebacks find."""
        file = f"<mutant of {self.name}: {hash(self.source)}>"
        linecache.cache[file] = len(self.source), None, self.source.splitlines(True), file
        module = types.ModuleType(self.name)
        exec(compile(self.source, file, "exec"), vars(module))
        return module

    def outcome(self):
        """Whether the fault is found at its line alone, among others, or not; or does no harm."""
        try:
            program = self.module()
            with np.errstate(all="ignore"):
                report = mg.check_program(program.run, program.params, *program.inputs)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            return "raises"
        if report.ok:
            return "no harm"
        lines = [fault.line for fault in report.faults]
        return "exact" if lines == [self.line] else "among" if self.line in lines else "missed"


def changes(node):
    """Kinds of fault, and what an expression or statement becomes by each."""
    match node:
        case ast.BinOp(left, ast.Add(), right):
            yield "sign", ast.BinOp(left, ast.Sub(), right)
            yield from (("missing term", x) for x in (left, right))
        case ast.BinOp(left, ast.Sub(), right):
            yield "sign", ast.BinOp(left, ast.Add(), right)
        case ast.BinOp(left, ast.Mult(), right):
            yield from (("missing factor", x) for x in (left, right))
        case ast.BinOp(left, ast.Div() | ast.Pow(), _):
            yield "missing factor", left
        case ast.Attribute(value, "T"):
            yield "transpose", value
        case ast.Subscript(value, ast.BinOp(left, _, _), ctx):
            yield "index", ast.Subscript(value, left, ctx)
        case ast.AugAssign(target, ast.Add(), value):
            yield "overwritten", ast.Assign([target], value)


def mutants(name):
    """All mutants of a program's functions that compute gradients."""
    tree = ast.parse(inspect.getsource(PROGRAMS[name]))
    nodes = list(ast.walk(tree))
    functions = (f for f in nodes if isinstance(f, ast.FunctionDef) and "backward" in f.name)
    for function in functions:
        for statement in ast.walk(function):
            if isinstance(statement, ast.stmt) and not hasattr(statement, "body"):
                for node in ast.walk(statement):
                    for kind, new in changes(node):
                        at = nodes.index(node), nodes.index(statement)
                        yield Mutant(name, kind, *_changed(tree, *at, new))


def _changed(tree, node, statement, new):
    """The line of a statement and the source, with one node of a tree in another's place."""
    tree = copy.deepcopy(tree)
    nodes = list(ast.walk(tree))
    old, around = nodes[node], nodes[statement]
    new = copy.deepcopy(new)

    class Change(ast.NodeTransformer):
        def visit(self, x):
            return new if x is old else self.generic_visit(x)

    tree = ast.fix_missing_locations(Change().visit(tree))
    place = list(ast.walk(tree)).index(new if around is old else around)
    source = ast.unparse(tree)
    return list(ast.walk(ast.parse(source)))[place].lineno, source


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="*", default=list(PROGRAMS))
    parser.add_argument("--missed", action="store_true", help="show those not found exactly")
    options = parser.parse_args()
    for name in options.programs:
        counts = collections.Counter()
        for mutant in mutants(name):
            outcome = mutant.outcome()
            counts[outcome] += 1
            if options.missed and outcome in ("missed", "among"):
                print(
                    f"{name}:{mutant.line}",
                    mutant.kind,
                    mutant.source.splitlines()[mutant.line - 1],
                )
        print(name, dict(counts))


if __name__ == "__main__":
    main()
