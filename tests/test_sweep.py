"""Properties of the two sweeps on random graphs: lists of instructions that point back, the shape that finds bugs."""

from __future__ import annotations

import itertools

import mpmath
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, gradient, math, sweep
from autograd_lite.graph import successors, topological_order

OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "sin": (lambda a, b: math.sin(a - b), lambda a, b: mpmath.sin(a - b)),
    "tanh": (lambda a, b: math.tanh(a + b), lambda a, b: mpmath.tanh(a + b)),
}
INPUTS = st.lists(st.floats(-2, 2), min_size=2, max_size=2)
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12
)


def run(program: list[tuple[str, int, int]], inputs: list, which: int) -> list:
    numbers = list(inputs)
    for name, i, j in program:
        numbers.append(OPERATIONS[name][which](numbers[-min(i, len(numbers))], numbers[-min(j, len(numbers))]))
    return numbers


@given(PROGRAMS, INPUTS)
def test_the_reverse_sweep_agrees_with_mpmath(program: list[tuple[str, int, int]], inputs: list[float]) -> None:
    leaves = [Value(x) for x in inputs]
    run(program, leaves, 0)[-1].backward()
    with mpmath.workdps(50):
        for i, leaf in enumerate(leaves):

            def along(x: mpmath.mpf, i: int = i) -> mpmath.mpf:
                return run(program, [x if j == i else mpmath.mpf(e) for j, e in enumerate(inputs)], 1)[-1]

            slope = mpmath.diff(along, mpmath.mpf(inputs[i]))
            # Relative to the sum of the absolute values that were added up, the rounding of a few hundred operations.
            assert abs(leaf.grad - slope) <= 1e-10 * (1 + abs(slope)) * 4.0 ** len(program)


@given(PROGRAMS, INPUTS)
def test_the_forward_sweep_agrees_with_the_reverse_sweep(
    program: list[tuple[str, int, int]], inputs: list[float]
) -> None:
    leaves = [Value(x) for x in inputs]
    z = run(program, leaves, 0)[-1]
    z.backward()
    tangents = sweep.forward(
        topological_order(z),
        {leaves[0]: 1.0, leaves[1]: 0.0},
        lambda node, along: [
            None if tangent is None else slope * tangent for slope, tangent in zip(node.local_grads, along)
        ],
    )
    assert abs(tangents.get(z, 0.0) - leaves[0].grad) <= 1e-12 * (1 + abs(leaves[0].grad)) * 4.0 ** len(program)


def test_a_tangent_that_is_given_stays() -> None:
    x = Value(3.0)
    y = x * x
    z = y * 2.0
    slope = lambda node, along: [t and t * g for t, g in zip(along, node.local_grads)]
    assert sweep.forward(topological_order(z), {x: 1.0, y: 5.0}, slope)[z] == 10.0


@given(PROGRAMS, INPUTS)
def test_every_arc_leads_from_a_node_to_one_after_it(program: list[tuple[str, int, int]], inputs: list[float]) -> None:
    order = topological_order(run(program, [Value(x) for x in inputs], 0)[-1])
    place = {node: k for k, node in enumerate(order)}
    arcs = successors(order)
    assert sum(map(len, arcs.values())) == sum(len(node.parents) for node in order)
    assert all(place[node] < place[after] for node, found in arcs.items() for after, _ in found)


def test_conditions_of_equal_numbers_are_told_apart() -> None:
    """Three paths into one node, under "b and c", "b" and "a": replayed where `a` alone holds, that path is there."""
    x, a, b, c = leaves = [Value(n) for n in (0.3, 1.0, 1.0, 1.0)]
    y = math.sin(x)
    both = math.where(math.greater(b, 0.0), math.where(math.greater(c, 0.0), y * 3, 0.0), 0.0)
    z = both + math.where(math.greater(b, 0.0), y * 2, 0.0) + math.where(math.greater(a, 0.0), y * 1, 0.0)
    slope = gradient(z, x)
    for a.data, b.data, c.data in itertools.product((-1.0, 1.0), repeat=3):
        slope.replay()
        z.replay()
        z.backward()
        assert slope.data == leaves[0].grad
