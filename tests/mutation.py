"""Is the suite any good? Break the engine in every way one can think of, one at a time, and see whether a test fails.

Run as a script: ``python tests/mutation.py [rows … | sweeps]``. Mutants are made from the table (each row's value, each
local derivative, each special point) and from the syntax of the sweeps; nothing is listed by hand. Each runs in a
process of its own, forked after everything is imported: the tests that know the row; for a sweep those of random
programs and then, if they pass, the files of tests that mirror it. Controls, with nothing broken, must pass. What
changes no number to the last bit is no mutant. A survivor is a bug of the suite: exit status 1.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import itertools
import math
import os
import signal
import sys
import textwrap
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent / "testing")]
os.environ["HYPOTHESIS_PROFILE"] = "mutation"

from hypothesis import Phase, given, settings  # noqa: E402 - the profile comes before the tests are imported

settings.register_profile(
    "mutation", deadline=None, database=None, derandomize=True, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("mutation")

import accuracy  # noqa: E402
import pytest  # noqa: E402
import test_ours as ours  # type: ignore[import-not-found]  # noqa: E402

import autograd_lite as ag  # noqa: E402
from autograd_lite import graph, sweep, value  # noqa: E402
from autograd_lite.operators import Quiet, quietly  # noqa: E402
from autograd_lite.primitives import Primitive, table  # noqa: E402
from autograd_lite.testing import Program, programs  # noqa: E402

SWEEP_TESTS = [
    "tests/test_sweep.py",
    "tests/test_value.py",
    "tests/test_derivatives.py",
    "tests/numerics/test_ieee.py",
    "tests/explain",
]
LIMIT = 120  # seconds: a mutant that runs for ever is caught
Function = Callable[..., Any]


class Mutant(NamedTuple):
    """Something broken: what kind of break it is, in what, how to make it, and the tests that should see it."""

    kind: str
    name: str
    make: Callable[[], None]
    checks: list[Callable[[], Any]]
    files: list[str]


# ---- the rows of the table -------------------------------------------------------------------------------------------


def _swapped(f: Function, first: int) -> Function:
    return lambda *args: f(*args[:first], args[first + 1], args[first], *args[first + 2 :])


BREAKS: dict[str, Callable[[Function, int], Function]] = {
    "sign": lambda f, first: lambda *args: -f(*args),
    "factor": lambda f, first: lambda *args: f(*args) * 2.0,
    "relative 1e-6": lambda f, first: lambda *args: f(*args) * (1.0 + 1e-6),
    "dropped": lambda f, first: lambda *args: 0.0 * f(*args),
    "a term more": lambda f, first: lambda *args: f(*args) + 1.0,
    "swapped": _swapped,
}


def of_row(row: Primitive) -> Iterator[Mutant]:
    """The row with its value broken, each of its derivatives, and each of its special points."""
    checks = _checks(row)
    yield Mutant("control", f"{row}: nothing is broken", lambda: None, checks, [])
    arity = max(row.arities)
    points = [args for args in accuracy.points(row, 300) if args in row.domain and len(args) in row.arities]
    for name, break_ in BREAKS.items():
        if name != "swapped" or arity > 1:
            broken = break_(row.value, 0)
            if _differ(row.value, broken, points):
                yield Mutant("value", f"{row}: {name}", _setting(row, "value", broken), checks, [])
    for i in range(arity):
        rule = row.derivative(i)
        for name, break_ in BREAKS.items():
            if name != "swapped" or arity > 1:
                broken = break_(rule, 1)
                if _differ(rule, broken, [(row(*args), *args) for args in points if len(args) > i]):
                    yield Mutant("derivative", f"∂{i} {row}: {name}", _ruling(row, i, broken), checks, [])
    for args, slopes in row.special_slopes:
        for i, slope in enumerate(slopes):
            other = slope + 1.0 if math.isfinite(slope) else 0.0
            broken = _at(row.derivative(i), args, other)
            yield Mutant("special point", f"∂{i} {row}{args} = {other}", _ruling(row, i, broken), checks, [])


def _checks(row: Primitive) -> list[Callable[[], Any]]:
    return [
        lambda: ours.test_a_row_at_its_special_points(row),
        lambda: ours.test_a_row_all_over_its_domain(row, True),
        lambda: ours.test_a_row_all_over_its_domain(row, False),
        lambda: ours.test_a_row_in_every_second_order(row),
    ]


def _setting(row: Primitive, column: str, broken: Any) -> Callable[[], None]:
    return lambda: setattr(row, column, broken)


def _ruling(row: Primitive, i: int, broken: Function) -> Callable[[], None]:
    """Put `broken` in place of the local derivative by argument `i`."""
    if row.all_slopes is None:
        return _setting(row, "derivatives", (*row.derivatives[:i], broken, *row.derivatives[i + 1 :]))
    each = row.all_slopes
    return _setting(row, "all_slopes", lambda k: broken if k == i else each(k))


def _at(rule: Function, point: tuple[float, ...], other: float) -> Function:
    """`rule`, but for one point."""

    def broken(y: Any, *args: Any) -> Any:
        numbers = [getattr(x, "data", x) for x in args]
        same = all(type(x) in (float, Quiet) and _is(float(x), p) for x, p in zip(numbers, point))
        return other if same and len(numbers) == len(point) else rule(y, *args)

    return broken


def _is(a: float, b: float) -> bool:
    return (a == b or (a != a and b != b)) and math.copysign(1.0, a) == math.copysign(1.0, b)


def _differ(right: Function, broken: Function, points: Iterable[tuple[float, ...]]) -> bool:
    def at(f: Function, args: tuple[float, ...]) -> float:
        try:
            return float(quietly(f, args))
        except (ArithmeticError, ValueError, IndexError):
            return math.nan

    return any(abs(at(right, args)) != abs(at(broken, args)) or at(right, args) != at(broken, args) for args in points)


# ---- the sweeps ------------------------------------------------------------------------------------------------------

SWEEPS = [
    (module, function)
    for module in (graph, sweep)
    for name, function in sorted(vars(module).items())
    if inspect.isfunction(function) and function.__module__ == module.__name__
] + [(value, value.pull), (value, value.push), (value, value.Value.backward), (value, value.Value.replay)]

_SWAPS: dict[type[ast.AST], Callable[[], ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
}


def of_sweep(module: Any, function: Any) -> Iterator[Mutant]:
    """The function with one piece of its syntax changed: an operator, a condition, a constant, a statement left out."""
    source = ast.parse(textwrap.dedent(inspect.getsource(function)))
    yield _sweep_mutant("control", f"{function.__qualname__}: nothing is broken", module, function, source, [])
    for k in itertools.count():
        changed = copy.deepcopy(source)
        what = _change(changed, k)
        if what is None:
            return
        ast.fix_missing_locations(changed)
        name = f"{module.__name__.rpartition('.')[2]}.{function.__qualname__}: {what}"
        yield _sweep_mutant("sweep", name, module, function, changed, SWEEP_TESTS)


def _sweep_mutant(kind: str, name: str, module: Any, function: Any, tree: ast.Module, files: list[str]) -> Mutant:
    checks = [
        ours.test_programs,
        ours.test_orders_and_successors,
        ours.test_a_replay_reports_what_it_makes_out_of_finite_numbers,
        ours.test_programs_at_kinks,
        ours.test_programs_in_the_second_order,
        ours.test_a_replayed_graph_is_the_graph_of_its_inputs,
        ours.test_twice_backward_is_twice_the_gradient,
    ]
    return Mutant(kind, name, _recompiled(module, function, tree), checks, files)


def _change(tree: ast.Module, k: int) -> str | None:
    """Make the `k`-th change there is to make, and say which; None if there are fewer."""
    (definition,) = tree.body
    assert isinstance(definition, ast.FunctionDef)
    count = -1
    body = [
        node for statement in definition.body[bool(ast.get_docstring(definition)) :] for node in ast.walk(statement)
    ]
    for node in body:
        where = f"line {getattr(node, 'lineno', '?')}, "
        for field, child in ast.iter_fields(node):
            if type(child) in _SWAPS:
                count += 1
                if count == k:
                    setattr(node, field, _SWAPS[type(child)]())
                    return f"{where}{type(child).__name__} → {_SWAPS[type(child)].__name__}"  # type: ignore[attr-defined]
            if isinstance(child, list) and len(child) == 1 and type(child[0]) in _SWAPS:
                count += 1
                if count == k:
                    other = _SWAPS[type(child[0])]
                    setattr(node, field, [other()])
                    return f"{where}{type(child[0]).__name__} → {other.__name__}"  # type: ignore[attr-defined]
            if field in ("body", "orelse") and isinstance(child, list):
                for at, statement in enumerate(child):
                    if isinstance(statement, (ast.Expr, ast.Assign, ast.Continue, ast.If)):
                        count += 1
                        if count == k:
                            child[at] = ast.Pass()
                            return f"line {statement.lineno}, left out: {ast.unparse(statement).splitlines()[0]}"
        if isinstance(node, (ast.If, ast.IfExp)):
            count += 1
            if count == k:
                node.test = ast.UnaryOp(ast.Not(), node.test)
                return f"{where}the condition turned round"
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            count += 1
            if count == k:
                node.value = node.value + 1
                return f"{where}{node.value - 1} → {node.value}"
    return None


def _recompiled(module: Any, function: Any, changed: ast.Module) -> Callable[[], None]:
    def make() -> None:
        scope: dict[str, Any] = {}
        code = compile(
            changed, f"<mutant of {function.__qualname__}>", "exec", flags=__future__.annotations.compiler_flag
        )
        exec(code, vars(module), scope)
        function.__code__ = scope[function.__name__].__code__

    return make


# ---- running them ----------------------------------------------------------------------------------------------------


SAME = 2  # a child's exit status where nothing at all changed


def drawn_programs() -> list[Program]:
    found: list[Program] = []

    @settings(max_examples=300)
    @given(programs() | programs(smooth=False))
    def collect(program: Program) -> None:
        found.append(program)

    collect()
    return found


def behaviour(drawn: list[Program]) -> str:
    """What the engine makes of graphs, to the last bit: values, both modes, the order of nodes, a replay."""
    told = []
    for program in drawn:
        inputs = [value.Value(x) for x in program.point]
        z = program(*inputs)
        z.backward()
        order = graph.topological_order(z)
        told.append([(node.data, node.grad, str(node.op)) for node in order])
        told.append([(str(node.op), place) for ends in graph.successors(order).values() for node, place in ends])
        told.append(sorted(str(node.op) for node in graph.operations(z)))
        told.append([g.data for g in ag.gradient(z, inputs)])
        told.append(ag.jvp(program, program.point, tuple(1.0 for _ in program.point)))
        for x in inputs:
            x.data = x.data + 0.0
        told.append([node.data for node in graph.topological_order(z.replay())])
    return repr(told)


def is_caught(mutant: Mutant) -> bool:
    """Whether a test fails with the mutant in place. In a process of its own: there is no way back."""
    try:
        mutant.make()
        for check in mutant.checks:
            check()
    except BaseException:
        return True
    return (
        bool(mutant.files)
        and pytest.main(
            ["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", *mutant.files]
        )
        != 0
    )


def run(mutants: Iterable[Mutant], workers: int) -> Iterator[tuple[Mutant, int]]:
    """Each mutant with the exit status of its process, as they come: 0 where it survived."""
    warnings.simplefilter("ignore")
    drawn = drawn_programs()
    right = behaviour(drawn)
    under_way: dict[int, tuple[Mutant, float]] = {}
    waiting = iter(mutants)
    while True:
        while len(under_way) < workers and (mutant := next(waiting, None)) is not None:
            child = os.fork()
            if child == 0:
                _be(mutant, drawn, right)
            under_way[child] = mutant, time.monotonic()
        if not under_way:
            return
        child, status = os.wait()
        mutant, _ = under_way.pop(child)
        yield mutant, os.waitstatus_to_exitcode(status)


def _be(mutant: Mutant, drawn: list[Program], right: str) -> None:
    signal.alarm(LIMIT)  # a process that is killed has caught it, too
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    if is_caught(mutant):
        os._exit(1)
    os._exit(SAME if mutant.kind == "sweep" and behaviour(drawn) == right else 0)


def main(names: list[str]) -> int:
    rows = [table[name] for name in names if name in table] or ([] if names else ours.ROWS)
    mutants = itertools.chain(
        [Mutant("control", f"{SWEEP_TESTS}: nothing is broken", lambda: None, [ours.test_programs], SWEEP_TESTS)],
        (m for row in rows for m in of_row(row)),
        () if names and names != ["sweeps"] else (m for pair in SWEEPS for m in of_sweep(*pair)),
    )
    start, made, caught = time.monotonic(), Counter[str](), Counter[str]()
    amiss = False
    for mutant, status in run(mutants, os.cpu_count() or 1):
        if status == SAME:  # a way round for speed: what it leads to is the same
            print(f"no change  {mutant.name}, to the last bit", flush=True)
            continue
        made[mutant.kind] += 1
        caught[mutant.kind] += status != 0
        if (status != 0) == (mutant.kind == "control"):
            amiss = True
            print(f"{'fails' if status else 'survives'}  {mutant.kind:<14} {mutant.name}", flush=True)
    print(f"{made['control'] - caught['control']} of {made.pop('control')} controls, with nothing broken, pass")
    del caught["control"]
    for kind in made:
        print(f"{kind:<14} {caught[kind]:>5} of {made[kind]:>5} caught")
    total, score = made.total(), caught.total()
    print(f"score: {score} of {total}, {100 * score / total:.2f}%, in {time.monotonic() - start:.0f} s")
    return int(amiss)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
