"""Tracing against the eager engine: every row, random graphs, and what must never be folded."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rows import CASES, expected, points_of

from autograd_lite import Value, primitives, stop_gradient
from autograd_lite import math as agmath
from autograd_lite.compiler import Builder, Program, Tracer, forward, from_graph, reverse
from autograd_lite.primitives import Primitive

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
FLOATS = st.floats(-3.0, 3.0) | st.sampled_from([0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, 1e308, 5e-324])
PLAIN = [
    row
    for row, arity in CASES
    if row.all_slopes is None and not row.arg_types and row.result_type is float and arity <= 2
]
DISCRETE = {"polygamma", "sinc_derivative", "ldexp"}  # an argument of theirs is a whole number


def same(a: float, b: float) -> bool:
    return a.hex() == b.hex()


def alike(a: float, b: float) -> bool:
    """The same but for the sign of zero: a zero that absorbs has none to keep."""
    return same(a + 0.0, b + 0.0)


@pytest.mark.parametrize(("row", "arity"), CASES, ids=lambda x: str(x))
def test_a_traced_row_computes_what_the_row_does(row: Primitive, arity: int):
    builder = Builder()
    args = [builder.input() for _ in range(arity)]
    y = row(*args)
    program = builder.program([y, *(row.derivative(i)(y, *args) for i in range(arity))])
    program.verify()
    for point in points_of(row, arity):
        for got, truth in zip(program(*point), expected(row, point), strict=True):
            assert same(got, truth), f"{row}{point}"


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[Value], Value]:
    """Leaves, and a random graph over them as a list of instructions."""
    leaves = [Value(draw(FLOATS), f"x{i}") for i in range(draw(st.integers(1, 3)))]
    nodes: list[Any] = [*leaves]
    for _ in range(draw(st.integers(1, 12))):
        row = draw(st.sampled_from([row for row in PLAIN if row.name not in DISCRETE]))
        args = [draw(st.sampled_from(nodes) | FLOATS) for _ in row.derivatives]
        if any(isinstance(arg, Value) for arg in args):
            nodes.append(row(*args))
    return leaves, nodes[-1]


@given(graphs())
def test_a_recorded_graph_as_a_program_gives_every_number_of_the_picture(drawn: tuple[list[Value], Value]):
    _, root = drawn
    root.backward()
    program, nodes = from_graph(root)
    program.verify()
    numbers = iter(program(*[node.data for node in nodes if node.op is None]))
    for node in nodes:
        assert same(next(numbers), node.data)
    for node in nodes:
        assert alike(next(numbers), node.grad), f"gradient of {node} in\n{program}"
    for node in nodes:
        for slope in node.local_grads:
            assert same(next(numbers), slope), f"local gradients of {node} in\n{program}"
    terms: dict[Value, list[float]] = {}
    for node in nodes:
        for parent in node.parents:
            terms.setdefault(parent, []).append(next(numbers))
    assert next(numbers, None) is None
    for node, summands in terms.items():
        if node.op is not primitives.constant and len(summands) <= 2:
            assert alike(sum(summands[1:], summands[0]), node.grad)


@given(graphs())
def test_the_sweeps_over_a_program_are_those_over_its_graph(drawn: tuple[list[Value], Value]):
    _, root = drawn
    root.backward()
    program, nodes = from_graph(root)
    inputs = [node for node in nodes if node.op is None]
    point = [node.data for node in inputs]
    alone = Program(program.inputs, program.instructions, (program.outputs[len(nodes) - 1],))
    backward = reverse(alone)
    backward.verify()
    for got, leaf in zip(backward(*point)[1:], inputs, strict=True):
        both_finite = math.isfinite(got) and math.isfinite(leaf.grad)
        assert alike(got, leaf.grad) or (both_finite and math.isclose(got, leaf.grad, rel_tol=1e-9, abs_tol=1e-9))


def polynomial(x: Any, y: Any) -> Any:
    return x * x * y + agmath.sin(x * y) / (y + 2.0) - agmath.maximum(x, y)


def test_reverse_and_forward_sweeps_agree():
    builder = Builder()
    program = builder.program([polynomial(builder.input("x"), builder.input("y"))])
    _, by_x, by_y = reverse(program)(0.7, -0.4)
    x, y = Value(0.7), Value(-0.4)
    polynomial(x, y).backward()
    assert (by_x, by_y) == pytest.approx((x.grad, y.grad), rel=1e-15)
    assert forward(program)(0.7, -0.4, 1.0, 0.0)[1] == pytest.approx(by_x, rel=1e-15)
    assert forward(program)(0.7, -0.4, 0.5, -2.0)[1] == pytest.approx(0.5 * by_x - 2.0 * by_y, rel=1e-14)
    second = reverse(reverse(program), 1)(0.7, -0.4)
    h = 1e-5
    numerical = (reverse(program)(0.7 + h, -0.4)[1] - reverse(program)(0.7 - h, -0.4)[1]) / (2 * h)
    assert second[3] == pytest.approx(numerical, rel=1e-8)


def test_an_input_without_a_path_has_a_gradient_of_zero():
    builder = Builder()
    x, y = builder.input(), builder.input()
    assert reverse(builder.program([x * 2.0, y]))(1.0, 1.0) == (2.0, 1.0, 2.0, 0.0)
    assert reverse(builder.program([3.0]))(1.0, 1.0) == (3.0, 0.0, 0.0)
    assert reverse(builder.program([x]))(5.0, 1.0) == (5.0, 1.0, 0.0)


def test_no_derivative_flows_through_a_truth():
    builder = Builder()
    x = builder.input()
    program = reverse(builder.program([primitives.where(x > 1.0, x * x, -x)]))
    assert [i.op.name for i in program.instructions].count("less") == 1
    assert "add" not in [i.op.name for i in reverse(builder.program([primitives.where(x > 1.0, x, 2.0)])).instructions]
    assert [program(a)[1] for a in (3.0, -3.0)] == [6.0, -1.0]


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: 1.0 / agmath.maximum(x, 0.0), -1.0),  # an infinite adjoint meets what was not chosen
        (lambda x: agmath.sqrt(agmath.relu(x)), -2.0),
        (lambda x: x * agmath.log(x), 0.0),
        (lambda x: agmath.sqrt(x * 0.0) * 0.0, 3.0),
    ],
)
def test_zeros_and_choices_in_a_program_are_those_of_the_graph(f: Any, x: float):
    leaf = Value(x)
    root = f(leaf)
    root.backward()
    program, nodes = from_graph(root)
    assert same(program(x)[len(nodes) + nodes.index(leaf)], leaf.grad)


def test_the_second_derivative_at_a_zero_adjoint():
    builder = Builder()
    x = builder.input()
    assert reverse(reverse(builder.program([x * x])), 1)(0.0) == (0.0, 0.0, 2.0)


def test_what_changes_no_result_is_left_out():
    builder = Builder()
    x = builder.input()
    assert [y.operand for y in (x * 1.0, 1.0 * x, x / 1.0, x - 0.0, x + -0.0, -0.0 + x, +x)] == [0] * 7
    assert (x * x).operand == (x * x).operand
    assert (builder.constant(2.0) * 3.0).operand == 6.0
    assert (builder.constant(1.0) / 0.0).operand == math.inf
    assert primitives.where(builder.constant(1.0), x, 2.0).operand == 0
    assert primitives.where(builder.constant(0.0), x, 2.0).operand == 2.0
    assert primitives.where(builder.constant(math.nan), x, 2.0).operand == 0


@pytest.mark.parametrize(
    ("made", "point"),
    [
        (lambda x: x * 0.0, math.inf),
        (lambda x: x * 0.0, -1.0),
        (lambda x: x - x, math.inf),
        (lambda x: x + 0.0, -0.0),
        (lambda x: 0.0 - x, 0.0),
        (lambda x: x / x, 0.0),
        (lambda x: x**0.5, -0.0),
        (lambda x: primitives.equal(x, x), math.nan),
        (lambda x: (x * 0.0) / (x * -0.0), math.nan),
    ],
)
def test_what_changes_a_result_is_kept(made: Any, point: float):
    builder = Builder()
    program = builder.program([made(builder.input())])
    assert program.instructions
    assert same(program(point)[0], float(made(_Eager(point))))


class _Eager(float):
    """A float whose division is IEEE 754's, so that the same lambda can be run on it."""

    def __truediv__(self, other: float) -> float:
        return float(primitives.div(float(self), float(other)))

    def __mul__(self, other: float) -> _Eager:
        return _Eager(float(self) * float(other))


def test_zeros_of_two_signs_are_two_constants():
    builder = Builder()
    x = builder.input()
    program = builder.program([primitives.atan2(x, 0.0), primitives.atan2(x, -0.0)])
    assert program(0.0) == (0.0, math.pi)


def test_what_no_output_needs_is_dropped_and_every_input_kept():
    builder = Builder()
    x, y = builder.input("x"), builder.input("y")
    primitives.exp(primitives.sin(x))
    assert str(builder.program([y + 1.0])) == 'program(%0 "x", %1 "y")\n  %2 = add(%1, 1.0)\n  return %2'


def test_comparisons_are_instructions_and_truths():
    builder = Builder()
    x, y = builder.input(), builder.input()
    truths = [x < y, x <= y, x > y, x >= y, x == y, x != y]
    assert all(isinstance(truth, Tracer) for truth in truths)
    program = builder.program(truths)
    assert all(program.kind(output) is bool for output in program.outputs)
    for a in (0.0, -0.0, 1.0, math.inf, math.nan):
        for b in (0.0, 1.0, math.nan):
            assert program(a, b) == (a < b, a <= b, a > b, a >= b, a == b, a != b)


def test_truths_and_floats_are_converted_in_the_open():
    builder = Builder()
    x = builder.input()
    program = builder.program([(x > 0.0) * x, primitives.where(x, 1.0, 2.0)])
    program.verify()
    assert [program(a) for a in (3.0, -3.0)] == [(3.0, 1.0), (-0.0, 1.0)]
    assert program(0.0)[1] == program(-0.0)[1] == 2.0
    assert program(math.nan)[1] == 1.0


@pytest.mark.parametrize(
    "use",
    [
        lambda x: 1 if x > 0.0 else 2,
        lambda x: x and x,
        lambda x: x in [2.0],
        lambda x: max(x, 1.0),
        lambda x: float(x),
        lambda x: int(x),
        lambda x: math.sin(x),
        lambda x: [1, 2][x],
        lambda x: x.data,
    ],
)
def test_no_number_is_baked_in(use: Any):
    with pytest.raises(TypeError, match="being traced has no value yet"):
        use(Builder().input("x"))


def test_a_tracer_of_another_trace_is_refused():
    x, y = Builder().input(), Builder().input()
    with pytest.raises(ValueError, match="another trace"):
        x + y
    with pytest.raises(TypeError, match="expected a real number, got Value"):
        x * Value(1.0)
    with pytest.raises(TypeError, match="expected a real number, got str"):
        x + "1"


def test_a_builder_may_decide():
    class Recorder(Builder):
        def decide(self, truth: Tracer) -> bool:
            asked.append(truth)
            return True

    asked: list[Tracer] = []
    x = Recorder().input()
    assert (1 if x > 0.0 else 2) == 1
    assert [truth.op for truth in asked] == [primitives.less]


def test_a_deep_graph_is_a_program():
    x = Value(1.0, "x")
    f = x
    for _ in range(20_000):
        f = f * 1.0001
    f.backward()
    program, nodes = from_graph(f)
    outputs = program(1.0)
    assert same(outputs[len(nodes) - 1], f.data)
    assert same(outputs[len(nodes)], x.grad)


def test_a_recorded_program_has_a_term_for_every_edge_where_no_path_leads_too() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    recorded = from_graph(agmath.maximum(y, x) * y + stop_gradient(x * y))
    edges = sum(len(node.parents) for node in recorded.nodes)
    assert len(recorded.program.outputs) == 2 * len(recorded.nodes) + 2 * edges


CHAINS: dict[str, Callable[[Any, Any, float], Any]] = {
    "kept": lambda y, x, i: primitives.where(x > i, y, primitives.sin(x + i)),
    "gone on": lambda y, x, i: primitives.where(x > i, primitives.sin(y + i) * x, y),
    "greatest": lambda y, x, i: primitives.maximum(y, primitives.sin(x * (i + 0.5))),
}


@pytest.mark.parametrize("step", CHAINS.values(), ids=CHAINS)
def test_a_derivative_of_many_choices_grows_as_they_do(step: Callable[[Any, Any, float], Any]) -> None:
    def size(steps: int) -> int:
        builder = Builder()
        x = builder.input()
        y = x
        for i in range(steps):
            y = step(y, x, float(i))
        return len(reverse(builder.program([y])).instructions)

    assert size(200) < 2.2 * size(100)
