"""One meaning on every target: random expressions, random programs with branches and loops, specials among the numbers.

Each instruction's result is held beside the row's own value at the operands that the target itself had (`agreement`):
on the Python target, on LLVM at one point and precise over rows it is the same to the last bit, elsewhere within what
docs/compile.md has measured; a nan, an infinity and the sign of a zero are the same everywhere. What is run whole
(branches, sweeps, rows) is held beside eager code, bit for bit. At the end faults are planted, and caught.
"""

from __future__ import annotations

import functools
import linecache
import math as std
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, errstate, primitives
from autograd_lite.compiler import Builder, Program, reverse
from autograd_lite.graph import topological_order
from autograd_lite.primitives import Primitive
from autograd_lite.testing import Program as Expression
from autograd_lite.testing import agreement, programs
from autograd_lite.testing.agreement import differences, is_same

pytest.importorskip("llvmlite", reason="llvmlite is not installed: pip install 'autograd_lite[compile]'")
pytest.importorskip("jax", reason="JAX is not installed: it is in the extra `jax`")

INF, NAN = std.inf, std.nan
LEAST, TINY, HUGE = 5e-324, 2.0**-1022, 1.7976931348623157e308
SPECIAL = [0.0, -0.0, 1.0, -1.0, LEAST, -LEAST, TINY, -2.2e-308, HUGE, -HUGE, 1e-200, -1e300, 1e17, INF, -INF, NAN]
numbers = st.sampled_from(SPECIAL) | st.integers(-4, 4).map(float) | st.floats(-8.0, 8.0) | st.floats(width=64)


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


WITH_SLOPES = settings(max_examples=50, deadline=None)


@pytest.mark.parametrize("target", [target for target in agreement.TARGETS if target != "jax"])
@WITH_SLOPES
@given(st.data())
def test_expressions_and_their_gradients(target: str, data: Any) -> None:
    expression = data.draw(programs(smooth=False, max_size=8))
    program = compiled(expression)
    for _ in range(data.draw(st.integers(0, 1))):
        program = reverse(program)
    check(program, target, [expression.point, *data.draw(points(len(program.inputs), 17))])


@settings(max_examples=40, deadline=None)
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
APART = {primitives.row(name) for name in ("hypot", "atan", "atan2", "asinh", "copysign")}
ANYWHERE = [op for op in primitives.table.values() if max(op.arities) > 0 and op.gives is float and op not in APART]
# What is exact on small whole numbers, and so the same in whatever order it is summed.
WHOLE = [primitives.row(name) for name in ("add", "sub", "mul", "neg", "abs", "relu", "maximum", "minimum", "where")]
# What is one instruction, in vectors too.
ARITHMETIC = [
    *WHOLE,
    *map(primitives.row, ("div", "sqrt", "fma", "floor", "rint", "step", "sign", "chain")),
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
        if key in seen or node.op.neutral or node.op.simpler:
            known = [x if isinstance(x, str) else None for x in args]
            without = [n is not None and k == n.hex() for n, k in zip(node.op.neutral, known)]
            if key in seen or any(without) or (node.op.simpler and any(known)):
                return False
        seen.add(key)
        numbers[node] = node
    return True


@pytest.mark.parametrize("target", ["python", "llvm"])
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_functions_with_branches_and_loops(target: str, data: Any) -> None:
    text = data.draw(functions(ANYWHERE, 2))
    fn = defined(text)
    f = ag.compile(fn, argnums=(0, 1), target=target)
    with errstate(all="ignore"):
        for point in data.draw(points(2, 6)):
            expected = fn(*map(Value, point))
            assert_same(f(*point), expected, text, point)
            value, gradient = f.value_and_grad(*point)
            assert_same(value, expected, text, point)
            program = f._mode("value", None).latest().program
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
