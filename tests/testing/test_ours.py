"""This engine, by the tools it offers: every row in both modes and the second order, random programs, and the laws of
the calculus on random graphs. No row is named: what is true of all is asked of all."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, event, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.graph import operations, successors, topological_order
from autograd_lite.operators import quietly
from autograd_lite.primitives import Primitive, table
from autograd_lite.recording import no_grad
from autograd_lite.testing import Program, check_gradients, domain, inputs_for, programs
from autograd_lite.testing.edges import fault_of_slope
from autograd_lite.testing.enclosure import enclose, program_of

ROWS = [op for op in table.values() if max(op.arities) > 0]
each_row = pytest.mark.parametrize("op", ROWS, ids=repr)
smooth_or_not = pytest.mark.parametrize("smooth", [True, False])
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # infinities and nans are what is asked about here


def thorough(examples: int) -> settings:
    """So many examples, and in a night's run as many times more as the profile has."""
    return settings(max_examples=max(examples, examples * settings().max_examples // 100))


# ---- every row -------------------------------------------------------------------------------------------------------


@each_row
@smooth_or_not
def test_a_row_all_over_its_domain(op: Primitive, smooth: bool) -> None:
    @thorough(20)
    @given(domain(op, smooth=smooth, allow_subnormal=False))
    def in_both_modes(args: tuple[float, ...]) -> None:
        check_gradients(op, *args)

    in_both_modes()


@each_row
def test_a_row_in_every_second_order(op: Primitive) -> None:
    @thorough(12)
    @given(programs(primitives=[op], min_size=1, max_size=1))
    def in_both_modes(program: Program) -> None:
        check_gradients(program, *program.point, order=2)

    in_both_modes()


@each_row
def test_a_row_at_its_special_points(op: Primitive) -> None:
    for args, _ in op.special_slopes:
        y = op(*args)
        for i in range(len(args)):
            slope = quietly(op.derivative(i), (y, *args))
            assert fault_of_slope(op, (y, *args), i, slope, None) is None


# ---- random programs -------------------------------------------------------------------------------------------------


@thorough(150)
@given(programs())
def test_programs(program: Program) -> None:
    check_gradients(program, *program.point)


def test_the_forward_mode_may_round_away_what_the_sweep_keeps() -> None:
    sums = [("sumprod", 0, 0), ("add", 1, 0), ("add", 2, 2), ("add", 3, 1), ("sub", 4, 3)]
    check_gradients(Program((8e-265,), sums), 8e-265)


@thorough(60)
@given(programs(smooth=False))
def test_programs_at_kinks(program: Program) -> None:
    check_gradients(program, *program.point)


@thorough(40)
@given(programs(max_size=8))
def test_programs_in_the_second_order(program: Program) -> None:
    check_gradients(program, *program.point, order=2)


@thorough(5)
@given(programs(inputs=1, max_size=3))
def test_programs_in_the_third_order(program: Program) -> None:
    check_gradients(program, *program.point, order=3)


@settings(parent=thorough(8), phases=[Phase.explicit, Phase.reuse, Phase.generate])  # it would shrink for minutes
@given(programs(min_size=100, max_size=300))
def test_programs_of_a_few_hundred_nodes(program: Program) -> None:
    report = check_gradients(program, *program.point, modes=("reverse",))
    event(f"decided by enclosures: {report.wide == 0}")


@thorough(40)
@given(st.data(), programs())
def test_programs_at_other_points(data: st.DataObject, program: Program) -> None:
    check_gradients(program, *data.draw(inputs_for(program)))


def test_most_programs_are_decided_by_their_enclosures() -> None:
    numbers, wide = [], []

    @settings(max_examples=200, derandomize=True)
    @given(programs())
    def count(program: Program) -> None:
        report = check_gradients(program, *program.point)
        numbers.append(report.numbers)
        wide.append(report.wide)
        assert not report.undecided

    count()
    assert sum(wide) < 0.15 * sum(numbers)


# ---- shapes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", [1, 10, 60])
def test_diamonds(depth: int) -> None:
    def diamonds(x: Any) -> Any:
        for _ in range(depth):
            x = (ag.math.sin(x) + ag.math.cos(x)) * 0.75
        return x

    check_gradients(diamonds, 0.5, modes=("reverse",))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_one_operand_many_times(n: int) -> None:
    check_gradients(lambda x: ag.math.prod([x] * n) + ag.math.fsum([x] * n), 1.5, order=2)


def test_a_long_chain() -> None:
    def chain(x: Any) -> Any:
        for _ in range(500):
            x = x * 1.001 - 0.001 * x * x
        return x

    check_gradients(chain, 0.75)


@thorough(60)
@given(programs())
def test_orders_and_successors(program: Program) -> None:
    inputs = [Value(x) for x in program.point]
    z = program(*inputs)
    order = topological_order(z)
    place = {node: k for k, node in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is z
    assert all(place[parent] < place[node] for node in order for parent in node.parents)
    computed = operations(z)
    assert len(set(computed)) == len(computed)
    assert set(computed) == {node for node in order if node.parents}
    arcs = successors(order)
    assert set(arcs) == set(order)
    assert arcs[z] == []
    assert sum(map(len, arcs.values())) == sum(len(node.parents) for node in order)


# ---- laws ------------------------------------------------------------------------------------------------------------


def gradient_of(fn: Callable[..., Any], point: tuple[float, ...]) -> tuple[list[float], list[Any]]:
    """The gradient, and the enclosures it must lie in."""
    inputs = [Value(x) for x in point]
    z = fn(*inputs)
    found = [g.data for g in ag.gradient(z, inputs)]
    program, _ = program_of(z, inputs)
    return found, enclose(program, point)[1]


def agree(found: list[float], others: list[Any]) -> None:
    """Each number lies in the enclosure of the same derivative, computed another way, where there is one."""
    for number, within in zip(found, others):
        if within is None:
            assert number == 0.0
        elif math.isfinite(within.low) and math.isfinite(within.high) and math.isfinite(number):
            assert number in within


TWO = programs(inputs=2, min_size=1, max_size=6)


@thorough(60)
@given(st.data(), TWO, TWO)
def test_product_rule(data: st.DataObject, f: Program, g: Program) -> None:
    point = f.point
    fx, gx = f(*point), g(*point)
    if not (math.isfinite(fx) and math.isfinite(gx)):
        return
    whole = ag.grad(lambda *xs: f(*xs) * g(*xs), (0, 1))(*point)
    _, within = gradient_of(
        lambda *xs: f(*xs) * Value(gx) + Value(fx) * g(*xs), point
    )  # the factors held still, one after the other
    agree(list(whole), within)


@thorough(60)
@given(programs(inputs=1, max_size=5), programs(inputs=1, max_size=5))
def test_chain_rule_under_substitution(outer: Program, inner: Program) -> None:
    (x,) = inner.point
    u = inner(x)
    outer_slope, inner_slope = ag.grad(outer)(u), ag.grad(inner)(x)
    _, (within,) = gradient_of(lambda x: outer(inner(x)), (x,))
    if within is None:
        assert outer_slope * inner_slope == 0.0
        return
    # The two slopes are rounded on their own: their product may be off by the sum of their enclosures' widths.
    _, (a,) = gradient_of(outer, (u,))
    _, (b,) = gradient_of(inner, (x,))
    if a is None or b is None or not all(map(math.isfinite, (within.low, within.high, a.low, a.high, b.low, b.high))):
        return
    corners = [p * q for p in (a.low, a.high) for q in (b.low, b.high)]
    assert min(corners) <= within.high
    assert max(corners) >= within.low
    assert math.isfinite(outer_slope * inner_slope)


@thorough(60)
@given(programs(inputs=3, max_size=8), st.lists(st.integers(-3, 3), min_size=3, max_size=3), st.integers(-3, 3))
def test_forward_and_reverse_are_adjoint(program: Program, direction: list[int], weight: int) -> None:
    """⟨w, J v⟩ = ⟨Jᵀ w, v⟩."""
    tangent = tuple(map(float, direction))
    _, pushed = ag.jvp(program, program.point, tangent)
    _, pullback = ag.vjp(program, *program.point)
    pulled = pullback(float(weight))
    products = [g * v for g, v in zip(pulled, tangent)]
    if not all(map(math.isfinite, [*products, pushed])):
        return
    _, within = gradient_of(lambda t: program(*[x + t * v for x, v in zip(program.point, tangent)]), (0.0,))
    agree([pushed], within)
    agree(
        [pushed * weight], [within[0] and type(within[0])(*sorted((within[0].low * weight, within[0].high * weight)))]
    )
    # The sum of products, in floats, is off by a few roundings of its terms, and by those of the gradient.
    _, parts = gradient_of(program, program.point)
    slack = sum(
        0.0 if part is None else abs(weight * v) * (part.high - part.low) for part, v in zip(parts, tangent)
    ) + 2.0**-48 * sum(map(abs, products))
    if math.isfinite(slack) and within[0] is not None and not within[0].is_vague:
        width = abs(weight) * (within[0].high - within[0].low)
        assert abs(weight * pushed - math.fsum(products)) <= slack + width + 1e-300


@thorough(40)
@given(programs(inputs=3, max_size=7))
def test_hessians_are_symmetric(program: Program) -> None:
    inputs = [Value(x) for x in program.point]
    z = program(*inputs)
    if not isinstance(z, Value):
        return
    rows = ag.gradient(z, inputs)
    enclosed = []
    for g in rows:
        partial, _ = program_of(g, inputs)
        enclosed.append(enclose(partial, program.point)[1])
    for i in range(3):
        for j in range(3):
            agree([ag.gradient(rows[i], inputs)[j].data], [enclosed[j][i]])


@thorough(60)
@given(st.data(), programs(min_size=2, max_size=12))
def test_the_order_in_which_nodes_are_made_is_no_matter(data: st.DataObject, program: Program) -> None:
    """Instructions in another order that respects what they need: the same graph, and the same numbers, bit by bit."""
    rng = random.Random(data.draw(st.integers(0, 2**16)))
    n = len(program.point)
    left, place, made = list(range(len(program))), {k: k for k in range(n)}, []
    while left:
        ready = [k for k in left if all(type(x) is float or x in place for x in program.instructions[k].operands)]
        k = rng.choice(ready)
        if k == len(program) - 1 and len(left) > 1:
            continue  # the result stays last
        left.remove(k)
        place[n + k] = n + len(made)
        op, operands, _ = program.instructions[k]
        made.append((op, *[place[x] if type(x) is int else x for x in operands]))
    shuffled = Program(program.point, made)
    assert [x for x, _ in zip(ag.grad(shuffled, tuple(range(n)))(*program.point), range(n))] == list(
        ag.grad(program, tuple(range(n)))(*program.point)
    )


@thorough(40)
@given(programs(max_size=8), st.text(max_size=5))
def test_labels_are_no_matter(program: Program, label: str) -> None:
    def gradient(labels: list[str | None]) -> list[float]:
        inputs = [Value(x, text) for x, text in zip(program.point, labels)]
        z = program(*inputs)
        for node in topological_order(z):
            node.label = labels[0]
        z.backward()
        return [x.grad for x in inputs]

    n = len(program.point)
    assert repr(gradient([label] * n)) == repr(gradient([None] * n))


@thorough(40)
@given(programs(inputs=1, min_size=1, max_size=5), st.floats(-2, 2))
def test_nested_derivatives_are_not_confused(program: Program, a: float) -> None:
    """d/dx [x · d/dy f(x₀ + a·(x − x₀) + (y − y₀))] with the inner point held at x: the inner derivative is taken by y
    alone, and its dependence on x counts for the outer one."""
    (x,) = program.point

    def outer(u: Any) -> Any:
        # Two inner derivatives, not one of the sum: a·u would drown in what cancels inside of f′.
        return u * (ag.grad(program)(u) + ag.grad(lambda v: a * u * v)(u))

    found = ag.grad(outer)(x)
    first = ag.grad(program)(x)
    second = ag.grad(ag.grad(program))(x)
    if not all(map(math.isfinite, (found, first, second))):
        return
    # u·(f′(u) + a·u): its derivative is f′ + u·f″ + 2·a·u.
    truth = math.fsum([first, x * second, 2 * a * x])
    size = abs(first) + abs(x * second) + abs(2 * a * x)
    assert abs(found - truth) <= 2.0**-44 * size + 1e-300


@thorough(40)
@given(programs(max_size=8))
def test_twice_backward_is_twice_the_gradient(program: Program) -> None:
    inputs = [Value(x) for x in program.point]
    z = program(*inputs)
    z.backward()
    once = [node.grad for node in topological_order(z)]
    z.backward()
    assert [node.grad for node in topological_order(z)] == [2.0 * g for g in once]


@thorough(40)
@given(programs(max_size=8))
def test_a_replayed_graph_is_the_graph_of_its_inputs(program: Program) -> None:
    inputs = [Value(x) for x in program.point]
    z = program(*inputs)
    z.replay()
    z.backward()
    assert [x.grad for x in inputs] == [x.grad for x in _fresh(program, program.point)]
    with no_grad():
        assert program(*inputs).parents == ()


def test_a_replay_reports_what_it_makes_out_of_finite_numbers() -> None:
    x = Value(2.0, "x")
    z = x * x
    x.data = 1e200
    with ag.errstate(over="raise"), pytest.raises(FloatingPointError, match="overflow encountered in x=1e\\+200"):
        z.replay()


def _fresh(program: Program, point: tuple[float, ...]) -> list[Value]:
    inputs = [Value(x) for x in point]
    program(*inputs).backward()
    return inputs


# ---- drawings --------------------------------------------------------------------------------------------------------


@thorough(10)
@given(programs(max_size=8, smooth=False), st.text(max_size=8))
def test_drawings_of_random_graphs_never_fail_and_are_deterministic(program: Program, label: str) -> None:
    def drawn() -> list[str]:
        inputs = [Value(x, f"{label}{i}") for i, x in enumerate(program.point)]
        z = program(*inputs)
        z.backward()
        picture = z.draw(names=False)
        return [picture.source, picture.text()]

    assert drawn() == drawn()
