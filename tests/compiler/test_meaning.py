"""One meaning on every target: random expressions, random programs with branches and loops, specials among the numbers.

Each instruction's result is held beside the row's own value at the operands that the target itself had (`agreement`):
on the Python target, on LLVM at one point and precise over rows it is the same to the last bit, elsewhere within what
docs/compile.md has measured; a nan, an infinity and the sign of a zero are the same everywhere. What is run whole
(branches, sweeps, rows) is held beside eager code, bit for bit. At the end faults are planted, and caught.
"""

from __future__ import annotations

import functools
import itertools
import linecache
import math as std
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import agreement
import numpy as np
import pytest
from agreement import differences, is_same
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, errstate, primitives
from autograd_lite.compiler import Builder, Program, reverse
from autograd_lite.graph import topological_order
from autograd_lite.primitives import Primitive
from autograd_lite.testing import Program as Expression
from autograd_lite.testing import programs

pytest.importorskip("llvmlite", reason="llvmlite is not installed: pip install 'autograd_lite[compile]'")
from autograd_lite.compiler import host
from autograd_lite.compiler.batching import rows as rows_room
from autograd_lite.compiler.targets.llvm import intrinsics
from autograd_lite.compiler.targets.llvm.ir import Code, Truth
from autograd_lite.compiler.tracing.guards import Trace

pytest.importorskip("jax", reason="JAX is not installed: it is in the extra `jax`")

INF, NAN = std.inf, std.nan
LEAST, TINY, HUGE = 5e-324, 2.0**-1022, 1.7976931348623157e308
SPECIAL = [0.0, -0.0, 1.0, -1.0, LEAST, -LEAST, TINY, -2.2e-308, HUGE, -HUGE, 1e-200, -1e300, 1e17, INF, -INF, NAN]
wholes = st.integers(-3, 3).map(float)
numbers = (
    st.sampled_from(SPECIAL)
    | st.sampled_from([NAN, INF, -INF, 0.0, -0.0])
    | st.integers(-4, 4).map(float)
    | st.floats(-8.0, 8.0)
    | st.floats(width=64)
)


# ---- what is documented ----------------------------------------------------------------------------------------------


def documented() -> dict[str, dict[str, float]]:
    """The ulps from the truth that the docs' table has, by target and row."""
    text = (Path(__file__).parents[2] / "docs" / "compile.md").read_text(encoding="utf-8")
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.*\|$", text, re.M)]
    start = next(i for i, cells in enumerate(lines) if cells[0] == "row")
    head, found = lines[start][1:], {target: {} for target in lines[start][1:]}
    for name, *cells in lines[start + 2 :]:
        for target, cell in zip(head, cells, strict=True):
            found[target][name] = float(cell)
    return found


DOCUMENTED = documented()
EXACT = {"python", "llvm", "llvm rows, precise"}
HYPOT = 2.0  # C's own is not CPython's, though both are within an ulp


def allowed(target: str, op: Primitive) -> float:
    """How many ulps from eager code's value: both are within those of the truth. What was measured is not the worst."""
    if target in EXACT:
        return HYPOT if op is primitives.hypot and target != "python" else 0.0
    own, eager = DOCUMENTED[target].get(op.name, 0.0), DOCUMENTED["python"].get(op.name, 0.0)
    return 0.0 if max(own, eager) <= 0.5 else 2.0 * (own + eager)


def is_wrong(target: str, d: agreement.Difference) -> bool:
    """Whether a difference is more than is documented."""
    if target == "jax" and any(0.0 < abs(x) < 2.0 * TINY for x in (*d.args, d.expected)):
        return False  # XLA takes subnormal numbers for zero
    if target == "jax" and d.op in (primitives.div, primitives.ratio):  # and divides all rows by one by its reciprocal
        return not (d.ulps <= 1.0 or abs(d.args[1]) > 2.0**1021)
    return not d.ulps <= allowed(target, d.op)


def check(program: Program, target: str, points: Sequence[tuple[float, ...]]) -> None:
    """Each instruction on its own; then whether the program that keeps none of their results gives the same."""
    wrong = [d for d in differences(program, target, points) if is_wrong(target, d)]
    assert not wrong, "\n".join(map(str, [target, program, *wrong[:5]]))
    whole = agreement.TARGETS[target](agreement.every_result(program))(points)
    for point, found, all_results in zip(points, agreement.TARGETS[target](program)(points), whole, strict=True):
        expected = [all_results[x] if isinstance(x, int) else x for x in program.outputs]
        assert all(map(is_same, found, expected)), f"{target} at {point}: {found}, not {expected}\n{program}"


# ---- expressions over the whole table --------------------------------------------------------------------------------


def compiled(expression: Expression) -> Program:
    """The expression as a program of the compiler's."""
    builder = Builder()
    return builder.program([expression(*[builder.input() for _ in expression.point])])


def points(count: int, most: int, least: int = 1) -> Any:
    return st.lists(st.tuples(*[numbers] * count), min_size=least, max_size=most)


WITH_SLOPES = settings(max_examples=30, deadline=None)


@pytest.mark.parametrize("target", [target for target in agreement.TARGETS if target != "jax"])
@WITH_SLOPES
@given(st.data())
def test_expressions_and_their_gradients(target: str, data: Any) -> None:
    check_expressions(target, data)


def check_expressions(target: str, data: Any, rows: Sequence[Primitive] | None = None) -> None:
    expression = data.draw(programs(primitives=rows, smooth=False, min_size=1, max_size=8))
    program = compiled(expression)
    for _ in range(data.draw(st.integers(0, 1))):
        program = reverse(program)
    check(program, target, [expression.point, *data.draw(points(len(program.inputs), 17))])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_expressions_and_their_gradients_on_jax(data: Any) -> None:
    expression = data.draw(programs(smooth=False, max_size=5))
    program = compiled(expression)
    for _ in range(data.draw(st.integers(0, 1))):
        program = reverse(program)
    # Always as many points: JAX compiles each operation anew for each shape.
    check(program, "jax", [expression.point, *data.draw(points(len(program.inputs), 7, 7))])


# ---- programs with branches and loops --------------------------------------------------------------------------------

# Not the same to the last bit in LLVM and Python with all slopes: C's hypot, and what divides by it, is not CPython's;
# and copysign shows the sign of a nan, which is anyone's.
APART = {primitives.table[name] for name in ("hypot", "atan", "atan2", "asinh", "copysign")}
ANYWHERE = [
    op for op in primitives.table.values() if max(op.arities) > 0 and op.result_type is float and op not in APART
]
# What is exact on small whole numbers, and so the same in whatever order it is summed.
WHOLE = [primitives.table[name] for name in ("add", "sub", "mul", "neg", "abs", "relu", "maximum", "minimum", "where")]
# What is one instruction, in vectors too.
ARITHMETIC = [
    *WHOLE,
    *map(primitives.table.__getitem__, ("div", "sqrt", "fma", "floor", "rint", "step", "sign", "ratio")),
]


class Source:
    """A Python function of `count` numbers being written: assignments, branches and loops, nested."""

    def __init__(self, draw: Any, rows: Sequence[Primitive], count: int, constants: Any) -> None:
        self.draw, self.rows, self.constants = draw, st.sampled_from(rows), constants
        inputs = [f"x{i}" for i in range(count)]  # which are not assigned to: what is returned depends on one
        self.names = [*inputs, "v", "w"]
        self.lines = [f"def f({', '.join(inputs)}):", f"    v, w = {inputs[0]}, {inputs[-1]}"]
        self.loops = 0
        self.block(1, draw(st.integers(2, 5)))
        self.lines.append(f"    return {self.names[-1]} + {draw(st.sampled_from(self.names))} + x0")

    def block(self, depth: int, size: int) -> None:
        for _ in range(size):
            kind = self.draw(st.sampled_from(["=", "=", "=", "if", "for", "while", "max"] if depth < 3 else ["="]))
            getattr(self, {"=": "assign", "if": "branch", "for": "count", "while": "repeat", "max": "built_in"}[kind])(
                depth
            )

    def write(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def operand(self) -> str:
        if self.draw(st.integers(0, 4)):
            return str(self.draw(st.sampled_from(self.names)))
        return repr(self.draw(self.constants))

    def name(self, depth: int) -> str:
        """A new name, or in a nested block one that there is whichever way is taken."""
        if depth == 1 and self.draw(st.booleans()):
            self.names.append(f"v{len(self.names)}")
            return self.names[-1]
        return str(self.draw(st.sampled_from([name for name in self.names if name[0] != "x"])))

    def assign(self, depth: int) -> None:
        op = self.draw(self.rows)
        arity = self.draw(st.sampled_from(op.arities))
        args = [self.operand() for _ in range(arity)]
        for i, domain in enumerate(op.domain.box(0, arity)):
            if domain.discrete:  # an order: a constant, and a small one
                args[i] = f"{float(self.draw(st.integers(0, 2)))}"
        if op is primitives.pow and args[1][0] not in "xvw":
            args[1] = args[0]  # a constant power may be products, which round otherwise
        self.write(depth, f"{self.name(depth)} = p.{op.name}({', '.join(args)})")

    def built_in(self, depth: int) -> None:
        a, b, c = self.operand(), self.operand(), self.operand()
        value = self.draw(
            st.sampled_from([f"max({a}, {b})", f"min({a}, {b}, {c})", f"abs({a})", f"sorted([{a}, {b}, {c}])[1]"])
        )
        self.write(depth, f"{self.name(depth)} = {value}")

    def test(self) -> str:
        return f"{self.operand()} {self.draw(st.sampled_from(['<', '<=', '>', '>=', '==', '!=']))} {self.operand()}"

    def branch(self, depth: int) -> None:
        self.write(depth, f"if {self.test()}:")
        self.block(depth + 1, self.draw(st.integers(1, 2)))
        if self.draw(st.booleans()):
            self.write(depth, "else:")
            self.block(depth + 1, self.draw(st.integers(1, 2)))

    def count(self, depth: int) -> None:
        self.write(depth, f"for _ in range({self.draw(st.integers(0, 3))}):")
        self.block(depth + 1, self.draw(st.integers(1, 2)))

    def repeat(self, depth: int) -> None:
        self.loops += 1
        turns = f"turns{self.loops}"
        self.write(depth, f"{turns} = 0")
        self.write(depth, f"while {self.test()} and {turns} < 4:")
        self.write(depth + 1, f"{turns} += 1")
        self.block(depth + 1, self.draw(st.integers(1, 2)))


def defined(text: str) -> Callable[..., Any]:
    """The function that a text defines; its lines are in tracebacks."""
    namespace: dict[str, Any] = {"p": primitives, "inf": INF, "nan": NAN}
    filename = f"<{hash(text)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    exec(compile(text, filename, "exec"), namespace)
    return namespace["f"]  # type: ignore[no-any-return]


@st.composite
def functions(draw: Any, rows: Sequence[Primitive], count: int, constants: Any = numbers) -> str:
    return "\n".join(Source(draw, rows, count, constants).lines) + "\n"


def flat(tree: Any) -> list[float]:
    return [x.data if isinstance(x, Value) else float(x) for x in ag.trees.flatten(tree)[0]]


def assert_same(found: Any, expected: Any, *about: Any) -> None:
    pairs = list(zip(flat(found), flat(expected), strict=True))
    assert all(is_same(a, b) for a, b in pairs), "\n".join(map(str, [*about, pairs]))


def is_written_once(fn: Callable[..., Any], point: Sequence[float]) -> bool:
    """Whether no operation of the graph is another's double, nor one that a program does without: what compiled code
    computes once, and adds up the adjoints of before it goes on, eager code carries on one by one."""
    output = fn(*[Value(x) for x in point])
    if not isinstance(output, Value):
        return True
    numbers: dict[Value, Any] = {}
    seen: set[Any] = set()
    for node in topological_order(output):
        if node.op is None or node.op is primitives.constant:
            numbers[node] = node.data.hex() if node.op else node
            continue
        args = tuple([numbers[parent] for parent in node.parents])
        key = node.op, *args
        if key in seen or node.op.neutral or node.op.rewrite:
            known = [x if isinstance(x, str) else None for x in args]
            without = [n is not None and k == n.hex() for n, k in zip(node.op.neutral, known)]
            if key in seen or any(without) or (node.op.rewrite and any(known)):
                return False
        seen.add(key)
        numbers[node] = node
    return True


@pytest.mark.parametrize("target", ["python", "llvm"])
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_functions_with_branches_and_loops(target: str, data: Any) -> None:
    check_functions(target, data)


def check_functions(target: str, data: Any, rows: Sequence[Primitive] = ANYWHERE) -> None:
    text = data.draw(functions(rows, 2))
    fn = defined(text)
    f = ag.compile(fn, argnums=(0, 1), target=target)
    with errstate(all="ignore"):
        for point in data.draw(points(2, 6)):
            expected = fn(*map(Value, point))
            assert_same(f(*point), expected, text, point)
            value, gradient = f.value_and_grad(*point)
            assert_same(value, expected, text, point)
            (traces,) = f._specialization("value", None).by_shape().values()
            program = traces.at(list(point)).program  # a call may have run eagerly
            # The same sweep, of the same graph: in eager code, on the function's own and on what the program computes.
            merged = ag.grad(functools.partial(run, program), (0, 1))(*point)
            assert_same(gradient, merged, text, point, "merged")
            if is_written_once(fn, point):
                assert_same(gradient, ag.grad(fn, (0, 1))(*point), text, point)


def run(program: Program, *inputs: Any) -> Any:
    """The first output of a program, on numbers of any kind: eager code."""
    values = list(inputs)
    for op, operands, _ in program.instructions:
        values.append(op(*[values[x] if isinstance(x, int) else x for x in operands]))
    output = program.outputs[0]
    return values[output] if isinstance(output, int) else output


# ---- over rows -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["python", "llvm"])
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_rows_that_branch_differently(target: str, data: Any) -> None:
    check_rows(target, data)


def check_rows(target: str, data: Any, some: Sequence[Primitive] = ARITHMETIC) -> None:
    text = data.draw(functions(some, 2))
    fn = defined(text)
    rows = data.draw(points(2, 33))
    x, y = np.array(rows).T.copy()
    one, over = ag.compile(fn, argnums=(0, 1), target="python"), ag.compile(fn, 0, (0, 1), target)
    with errstate(all="ignore"):
        assert_same(over(x, y), [fn(*map(Value, row)) for row in rows], text, rows)
        slopes = [one.grad(*row) for row in rows]  # which are eager code's: see above
        assert_same(over.jacobian(x, y), [[s[0] for s in slopes], [s[1] for s in slopes]], text, rows)
        shared = ag.compile(fn, (0, None), (0, 1), target)
        value, (by_x, by_y) = shared.value_and_grad(x, y[0])
        slopes = [one.value_and_grad(a, y[0]) for a in x]
        assert_same(by_x, [by[0] for _, by in slopes], text, rows)
        assert_sum(value, [v for v, _ in slopes], text, rows)
        assert_sum(by_y, [by[1] for _, by in slopes], text, rows)


def assert_sum(found: float, terms: Sequence[float], *about: Any) -> None:
    """A sum over few rows: what infinities and nan make of it, or within a rounding an addition."""
    size = sum(map(abs, terms))
    if size < INF:
        assert abs(found - std.fsum(terms)) <= len(terms) * 2.0**-53 * size, about
    elif not any(abs(x) > HUGE / len(terms) for x in terms if abs(x) < INF):  # else it may overflow on the way
        assert is_same(found, sum(terms)), about


@settings(max_examples=4, deadline=None)
@given(st.data())
def test_functions_on_jax(data: Any) -> None:
    text = data.draw(functions(WHOLE, 2, wholes))
    fn = defined(text)
    rows = data.draw(st.lists(st.tuples(wholes, wholes), min_size=3, max_size=3))
    x, y = np.array(rows).T.copy()
    # XLA contracts products and sums, which changes no whole number.
    f, over = ag.compile(fn, argnums=(0, 1), target="jax"), ag.compile(fn, 0, (0, 1), "jax")
    assert over(x, y).tolist() == [fn(*row) for row in rows]
    slopes = [ag.value_and_grad(fn, (0, 1))(*row) for row in rows]
    assert_close(f.value_and_grad(*rows[0]), slopes[0], text, rows)
    assert_close(over.grad(x, y), np.array([by for _, by in slopes]).T, text, rows)


# ---- second derivatives ----------------------------------------------------------------------------------------------


def assert_close(found: Any, expected: Any, *about: Any) -> None:
    """The same: of small whole numbers all sums are exact, in whatever order. Of huge ones, nearly."""
    pairs = list(zip(flat(found), flat(expected), strict=True))
    assert all(a == b or 2.0**30 < abs(a - b) * 1e9 < abs(b) for a, b in pairs), "\n".join(map(str, [*about, pairs]))


@pytest.mark.parametrize("target", ["python", "llvm"])
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_second_derivatives(target: str, data: Any) -> None:
    text = data.draw(functions(WHOLE, 2, wholes))
    fn = defined(text)
    f = ag.compile(fn, argnums=(0, 1), target=target)
    rows = data.draw(st.lists(st.tuples(wholes, wholes), min_size=1, max_size=5))
    expected = [ag.hessian(fn, (0, 1))(*row) for row in rows]
    for row, hessian in zip(rows, expected):
        assert_close(f.hessian(*row), hessian, text, row)
        assert_close(f.hvp(row, (2.0, -1.0)), ag.hvp(fn, row, (2.0, -1.0)), text, row)
    over = ag.compile(fn, 0, (0, 1), target)
    assert_close(over.hessian(*np.array(rows).T), np.moveaxis(np.array(expected), 0, -1), text, rows)


@pytest.mark.parametrize("target", ["python", "llvm", "llvm rows", "llvm rows, precise"])
@settings(max_examples=8, deadline=None)
@given(st.data())
def test_second_derivatives_of_expressions(target: str, data: Any) -> None:
    expression = data.draw(programs(smooth=False, max_size=4))
    program = reverse(reverse(compiled(expression)), output=-1)
    check(program, target, [expression.point, *data.draw(points(len(program.inputs), 9))])


# ---- identities ------------------------------------------------------------------------------------------------------

FEW = [0.0, -0.0, 1.0, -1.0, 2.0, 3.0, 4.0, 0.5, LEAST, -2.2e-308, HUGE, INF, -INF, NAN]


def ways_to_write(op: Primitive) -> Iterator[tuple[Any, ...]]:
    """What the row may be given in a program: constants, and inputs by their numbers; of two also one input twice."""
    domain = op.domain.box(0, len(op.derivatives))
    inputs: list[Any] = [(0, 0), (0, 1)] if len(domain) == 2 else [tuple(range(len(domain)))]
    for places in inputs:
        yield from itertools.product(
            *[[0.0, 1.0, 2.0] if place.discrete else [i, *some_for(op)] for i, place in zip(places, domain)]
        )


def some_for(op: Primitive) -> list[float]:
    return FEW if len(op.derivatives) < 3 else [0.0, -0.0, 1.0, INF, NAN, 3.0]


REWRITTEN = [
    op
    for op in primitives.table.values()
    if op.neutral or op.rewrite or (len(op.derivatives) == 2 and not op.all_slopes)
] + [primitives.where]


@pytest.mark.parametrize("op", dict.fromkeys(REWRITTEN), ids=repr)
def test_what_a_program_does_without_changes_no_number(op: Primitive) -> None:
    check_rewriting(op)


def check_rewriting(op: Primitive) -> None:
    """``0*x``, ``x-x``, ``x/x``, ``x+0.0`` …: whatever the builder makes of a row, at every special operand."""
    for operands in ways_to_write(op):
        builder = Builder()
        inputs = [builder.input() for _ in operands]
        y = op(*[inputs[x] if type(x) is int else x for x in operands])
        program = builder.program([builder.floated(y)])
        used = sorted({x for x in operands if type(x) is int})
        for numbers in itertools.product(some_for(op), repeat=len(used)):
            at = dict(zip(used, numbers))
            args = [at[x] if type(x) is int else x for x in operands]
            (found,), expected = program(*[at.get(i, NAN) for i in range(len(operands))]), float(op(*args))
            # A power that is products is rounded otherwise: within what the row may be off.
            near = op.rewrite is not None and agreement.distance(found, expected) <= op.ulps
            assert is_same(found, expected) or (near and expected), f"{op}{args}: {found}, not {expected}\n{program}"


@pytest.mark.parametrize("op", [op for op in primitives.table.values() if op.neutral], ids=repr)
def test_a_neutral_operand_gives_the_other_bit_by_bit(op: Primitive) -> None:
    for place, neutral in enumerate(op.neutral):
        for x in [*SPECIAL, *FEW, 0.1, -1e-310]:
            if neutral is not None:
                assert is_same(op(neutral, x) if place == 0 else op(x, neutral), x), (op, place, x)


# ---- the checks, checked ---------------------------------------------------------------------------------------------


def planted(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, change: Callable[..., Any]) -> None:
    """Replace ``where.name`` by ``change(original, *args)``."""
    original = getattr(where, name)
    monkeypatch.setattr(where, name, lambda *args, **options: change(original, *args, **options))


def _swapped_in_libmvec(m: Any) -> None:
    planted(m, host, "vector_address", lambda f, name, *args: f({"sin": "cos"}.get(name, name), *args))


def _an_ulp_off(m: Any) -> None:
    exp = intrinsics.QUIET[std.exp]
    m.setitem(intrinsics.QUIET, std.exp, lambda lanes, x: lanes.code.arithmetic("fmul", exp(lanes, x), 1.0 + 2.0**-52))


def _flipped_choice(m: Any) -> None:
    planted(m, Code, "select", lambda f, code, t, a, b: f(code, t, b, a) if isinstance(t, Truth) else f(code, t, a, b))


def _lost_sign_of_a_zero(m: Any) -> None:
    planted(m, Code, "negate", lambda f, code, x: code.arithmetic("fsub", 0.0, x))


def _instead(instruction: str, other: str) -> Callable[[Any], None]:
    """Another instruction of LLVM's for one that the code is made of."""
    return lambda m: planted(m, Code, "op", lambda f, code, text, *w: f(code, re.sub(instruction, other, text), *w))


def _folded(op: Primitive, is_it: Callable[..., bool], value: float) -> Callable[[Any], None]:
    def plant(m: Any) -> None:
        def emit(f: Any, builder: Builder, row: Primitive, args: Any, label: Any = None) -> Any:
            return builder.constant(value) if row is op and is_it(*args) else f(builder, row, args, label)

        planted(m, Builder, "emit", emit)

    return plant


def _is_zero(a: Any, b: Any) -> bool:
    return any(isinstance(x, float) and x == 0.0 for x in (getattr(a, "operand", a), getattr(b, "operand", b)))


def _never_another_branch(m: Any) -> None:
    planted(m, Trace, "checked", lambda f, trace: _with_last(f(trace), 0.0))


def _all_rows_fit(m: Any) -> None:
    planted(m, rows_room, "guarded", lambda f, trace, *rest: _with_last(f(trace, *rest), 1.0, bool(trace.outcomes)))


def _with_last(program: Program, output: float, guarded: bool = True) -> Program:
    outputs = (*program.outputs[:-1], output) if guarded else program.outputs
    return Program(program.inputs, program.instructions, outputs)


def _other_rows_are_summed(m: Any) -> None:
    # The choice between a row's output and 0.0.
    planted(m, primitives, "where", lambda f, c, a, b: a if type(b) is float and type(a) is not float else f(c, a, b))


def some(*names: str) -> list[Primitive]:
    return [primitives.table[name] for name in names]


FAULTS: list[tuple[str, Callable[[Any], None], Any, str, Any]] = [
    ("sin is cos", _swapped_in_libmvec, check_expressions, "llvm rows", some("sin", "mul")),
    ("exp is an ulp off", _an_ulp_off, check_expressions, "llvm", some("exp", "mul")),
    ("choices flipped", _flipped_choice, check_expressions, "llvm", some("relu", "maximum", "where")),
    ("0 - x for -x", _lost_sign_of_a_zero, check_expressions, "llvm", some("neg", "mul")),
    ("nan is less", _instead("fcmp olt", "fcmp ult"), check_expressions, "llvm rows", some("less", "relu", "where")),
    ("fused", _instead("^f(add|mul) ", r"f\1 contract "), check_expressions, "llvm", some("add", "mul")),
    ("reciprocals", _instead("^fdiv double", "fdiv arcp double"), check_expressions, "llvm", some("div", "add")),
    ("one trace for all", _never_another_branch, check_functions, "python", some("add", "mul")),
    ("one trace for all rows", _all_rows_fit, check_rows, "python", some("add", "mul")),
    ("other rows summed", _other_rows_are_summed, check_rows, "python", some("add", "mul")),
]


@pytest.mark.parametrize(("fault", "check", "target", "rows"), [f[1:] for f in FAULTS], ids=[f[0] for f in FAULTS])
def test_planted_faults_are_caught(monkeypatch: Any, fault: Any, check: Any, target: str, rows: Any) -> None:
    @settings(
        max_examples=400,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    @given(st.data())
    def again(data: Any) -> None:
        check(target, data, rows)

    fault(monkeypatch)
    with pytest.raises(AssertionError):
        again()


@pytest.mark.parametrize(
    ("op", "is_it", "value"),
    [
        (primitives.mul, _is_zero, 0.0),
        (primitives.sub, lambda a, b: a is b, 0.0),
        (primitives.div, lambda a, b: a is b, 1.0),
        (primitives.maximum, lambda a, b: type(a) is float and a == INF, INF),
        (primitives.pow, lambda a, b: type(a) is float and a == 0.0, 0.0),
    ],
    ids=["0*x", "x-x", "x/x", "max(inf, x)", "0**x"],
)
def test_what_is_folded_wrongly_is_caught(monkeypatch: Any, op: Primitive, is_it: Any, value: float) -> None:
    _folded(op, is_it, value)(monkeypatch)
    with pytest.raises(AssertionError):
        check_rewriting(op)
