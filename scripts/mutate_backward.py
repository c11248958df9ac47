"""Break every line of every backward method, and see that a test goes red.

    python scripts/mutate_backward.py [--only CLASS]

A mutant is one method with one small error: a statement left out, a sign flipped, a factor 2, an
operator, axis or transpose changed. Each runs the tests of its class, stopping at the first that
fails, in a forked process, so that the tests are collected once. Prints the mutants that no test
noticed, and exits with status 1 if there are any.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import inspect
import os
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

LAYERS = sorted((ROOT / "src/glassnet/nn/layers").glob("[!_]*.py"))
METHODS = [
    *(("backward", f"glassnet.nn.layers.{file.stem}") for file in LAYERS),
    ("backward", "glassnet.nn.losses"),
    ("backward", "glassnet.nn.passes"),
    ("gradient", "glassnet.optim.penalties"),
]
TESTS = [
    *("tests/nn/test_gradients.py", "tests/nn/test_passes.py", "tests/optim/test_penalties.py"),
    *("tests/nn/test_freezing.py", "tests/nn/test_namespaces.py"),
    *("-k", "not jax and not native"),  # which have threads: nothing to be forked
]

SWAPS: dict[type[ast.AST], list[type[ast.AST]]] = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.Gt: [ast.GtE, ast.Lt],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Lt: [ast.LtE, ast.Gt],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
SURVIVED, NOTICED, BROKEN = range(3)
OTHER_AXIS = {"0": "1", "1": "0", "-1": "0"}
OTHER_FUNCTION = {"sum": "mean", "mean": "sum"}

# Results of which a multiple is the same → why. Every other mutant has to be noticed.
EQUIVALENT = {"namespace(w).zeros_like(w)": "zero, whatever its sign and however often"}


@dataclass(frozen=True)
class Mutant:
    """A method with one error, in place `line` of its file."""

    cls: type
    method: ast.FunctionDef
    line: int
    was: str
    now: str

    def install(self) -> None:
        """Put the broken method into its class."""
        made: dict[str, object] = {}
        exec(ast.unparse(self.method), vars(sys.modules[self.cls.__module__]), made)
        setattr(self.cls, self.method.name, made[self.method.name])

    def __str__(self) -> str:
        file = Path(inspect.getfile(self.cls)).relative_to(ROOT)
        return f"{file}:{self.line}: {self.cls.__name__}: {self.was}  ->  {self.now}"


def all_mutants(only: str | None) -> Iterator[Mutant]:
    """Give the mutants of every class that defines such a method itself."""
    for name, module in METHODS:
        for cls in vars(importlib.import_module(module)).values():
            own = isinstance(cls, type) and cls.__module__ == module and name in vars(cls)
            if own and only in (None, cls.__name__):
                yield from mutants(cls, name)


def mutants(cls: type, name: str) -> Iterator[Mutant]:
    """Give every mutant of one method."""
    lines, first = inspect.getsourcelines(vars(cls)[name])
    original = ast.parse(textwrap.dedent("".join(lines))).body[0]
    assert isinstance(original, ast.FunctionDef)
    original.returns = None
    for argument in original.args.args:
        argument.annotation = None
    for place, (node, parent) in enumerate(below(original)):
        for other in alternatives(node, parent):
            method = copy.deepcopy(original)
            replace(*list(below(method))[place], other)
            line = first + node.lineno - 1  # type: ignore[attr-defined]
            yield Mutant(cls, method, line, ast.unparse(node), ast.unparse(other))


def below(function: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    """Give what a method is made of, each part with what it stands in, without docstrings."""
    for parent in ast.walk(function):
        for node in ast.iter_child_nodes(parent):
            is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
            if isinstance(node, ast.stmt | ast.expr | ast.Slice) and not is_text:
                yield node, parent


def replace(node: ast.AST, parent: ast.AST, other: ast.AST) -> None:
    """Put another part in the place of one."""
    for name, value in ast.iter_fields(parent):
        if value is node:
            setattr(parent, name, other)
        elif isinstance(value, list):
            value[:] = [other if entry is node else entry for entry in value]


def alternatives(node: ast.AST, parent: ast.AST) -> Iterator[ast.AST]:
    """Give the errors that could stand in the place of a part."""
    if isinstance(node, ast.stmt):
        yield ast.Pass()
    if isinstance(parent, ast.If | ast.IfExp) and node is parent.test:
        yield from (ast.Constant(True), ast.Constant(False))
    if is_term(node, parent) or is_result(node, parent):
        yield from (expression(text, node) for text in ("-({})", "2 * ({})", "0 * ({})"))
    match node:
        case ast.BinOp(left, op, right):
            for swap in SWAPS.get(type(op), []):
                yield ast.BinOp(left, swap(), right)  # type: ignore[arg-type]
            yield from (left, right)
        case ast.Compare(left, [op], comparators):
            for swap in SWAPS.get(type(op), []):
                yield ast.Compare(left, [swap()], comparators)  # type: ignore[list-item]
        case ast.UnaryOp(_, operand):
            yield operand
        case ast.Attribute(value, "T"):
            yield value
        case ast.Slice(ast.expr() as lower, ast.expr() as upper):
            yield from (ast.Slice(None, upper), ast.Slice(lower, None))
        case ast.Constant(bool(value)):
            yield ast.Constant(not value)
        case ast.Constant(int() | float() as value) if not is_axis(node, parent):
            yield from (ast.Constant(value + 1), ast.Constant(2 * value + 3))
        case ast.Call(function, arguments, keywords):
            yield from arguments[:1]
            for i in range(len(keywords)):
                yield ast.Call(function, arguments, keywords[:i] + keywords[i + 1 :])
            if isinstance(function, ast.Attribute) and function.attr in OTHER_FUNCTION:
                other = ast.Attribute(function.value, OTHER_FUNCTION[function.attr], ast.Load())
                yield ast.Call(other, arguments, keywords)
    if is_axis(node, parent):
        yield expression(OTHER_AXIS[ast.unparse(node)], node)


def expression(text: str, node: ast.AST) -> ast.expr:
    """Return an expression around a part."""
    return ast.parse(text.format(ast.unparse(node)), mode="eval").body


def is_term(node: ast.AST, parent: ast.AST) -> bool:
    """Say whether a part is added to another, or taken from it."""
    is_sum = isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Add | ast.Sub)
    return is_sum and isinstance(node, ast.expr)


def is_result(node: ast.AST, parent: ast.AST) -> bool:
    """Say whether a part is what a line computes: to keep, to return or to set as a gradient."""
    computed = isinstance(node, ast.BinOp | ast.Call) and ast.unparse(node) not in EQUIVALENT
    option = isinstance(parent, ast.keyword) and parent.arg in ("axis", "keepdims")
    result = isinstance(parent, ast.Assign | ast.AnnAssign | ast.Return | ast.keyword)
    return computed and result and not option


def is_axis(node: ast.AST, parent: ast.AST) -> bool:
    """Say whether a part is the number of an axis, in ``axis=…`` or ``shape[…]``."""
    of_shape = isinstance(parent, ast.Subscript) and ast.unparse(parent.value).endswith(".shape")
    named = isinstance(parent, ast.keyword) and parent.arg == "axis"
    return (named or of_shape) and ast.unparse(node) in OTHER_AXIS


class Trial:
    """Stands in for pytest's loop over the tests: one process for each mutant, two at a time."""

    def __init__(self, only: str | None) -> None:
        self.mutants = list(all_mutants(only))
        self.survivors: list[Mutant] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Run every mutant, and no test as it is."""
        running: dict[int, Mutant | None] = {}
        for mutant in (None, *self.mutants):
            if len(running) == os.cpu_count():
                self._wait(running)
            pid = os.fork()
            if pid == 0:
                status = BROKEN
                with suppress(BaseException):
                    status = NOTICED if noticed(mutant, session) else SURVIVED
                os._exit(status)
            running[pid] = mutant
        while running:
            self._wait(running)
        return True

    def _wait(self, running: dict[int, Mutant | None]) -> None:
        pid, status = os.wait()
        mutant, outcome = running.pop(pid), os.waitstatus_to_exitcode(status)
        if mutant is None and outcome != SURVIVED:
            raise pytest.UsageError("These tests fail as things are: mend that first.")
        if outcome not in (NOTICED, SURVIVED):
            raise RuntimeError(f"This mutant could not be tried: {mutant}")
        if mutant is not None and outcome == SURVIVED:
            self.survivors.append(mutant)


def noticed(mutant: Mutant | None, session: pytest.Session) -> bool:
    """Run the tests of a mutant's class until one fails; without a mutant, all tests."""
    session.config.pluginmanager.unregister(name="terminalreporter")
    if mutant is not None:
        mutant.install()
    for item in session.items:
        if mutant is None or concerns(item, mutant.cls):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
            if session.testsfailed:
                return True
    return False


def concerns(item: pytest.Item, cls: type) -> bool:
    """Say whether a test has a row that makes that class, or has no row and is named after it."""
    from tests.cases import Case

    call = getattr(item, "callspec", None)
    rows = [value for value in call.params.values() if isinstance(value, Case)] if call else []
    if rows:
        return any(isinstance(row.make(), cls) for row in rows)
    return cls.__name__.lower() in f"{item.path.stem} {item.name}".lower().replace("_", "")


def main() -> int:
    """Run all mutants and report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", metavar="CLASS", help="the mutants of one class")
    trial = Trial(parser.parse_args().only)
    start = time.perf_counter()
    os.chdir(ROOT)
    status = pytest.main(["-qq", "-p", "no:cacheprovider", *TESTS], plugins=[trial])
    if status not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return int(status)
    for survivor in trial.survivors:
        print(survivor)
    seconds = time.perf_counter() - start
    print(f"{len(trial.survivors)} of {len(trial.mutants)} mutants survived, in {seconds:.0f} s.")
    return 1 if trial.survivors else 0


if __name__ == "__main__":
    sys.exit(main())
