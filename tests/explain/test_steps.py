"""The steps are the backward pass: its floats, in an order in which every gradient is complete when it is passed on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, math

OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: math.sin(a) - b,
    lambda a, b: math.maximum(a, b),
    lambda a, b: a * 3 + 2 * a,
]
PROGRAMS = st.lists(st.tuples(st.integers(0, 4), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12)
INPUTS = st.lists(st.floats(-3, 3), min_size=3, max_size=3)


def run(program: list[tuple[int, int, int]], inputs: list[float]) -> list[Value]:
    nodes = [Value(x) for x in inputs]
    for operation, i, j in program:
        nodes.append(OPERATIONS[operation](nodes[-min(i, len(nodes))], nodes[-min(j, len(nodes))]))
    return nodes


@given(PROGRAMS, INPUTS, st.floats(-2, 2))
def test_the_last_of_each_gradient_is_what_backward_gives(
    program: list[tuple[int, int, int]], inputs: list[float], seed: float
) -> None:
    nodes = run(program, inputs)
    z = nodes[-1]
    steps = z.steps(seed, forward=True)
    found = list(steps)
    assert all(not node.reached for node in nodes)
    z.backward(seed)
    assert len(found) == len(steps)
    assert [step.index for step in found] == list(range(len(steps)))
    backward = [step for step in found if not step.is_forward]
    assert {step.node: step.adjoint for step in backward} == {node: node.grad for node in steps.nodes}
    assert found[-1].adjoints == {node: node.grad for node in steps.nodes}
    done: set[Value] = set()
    for step in backward:
        assert not done & {term.parent for term in step.terms}  # nothing is sent to what has passed its gradient on
        done.add(step.node)
    seen: set[Value] = set()
    for step in found[: len(steps) // 2]:
        assert step.is_forward
        assert all(parent in seen or not parent.parents for parent in step.node.parents)
        seen.add(step.node)


def circuit() -> Value:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = (x + y).named("q")
    return (q * z + x).named("f")


def test_the_text_of_both_passes() -> None:
    f = circuit()
    assert str(f.steps(forward=True)) == "\n".join(
        [
            "1.  x = −2",
            "2.  y = 5",
            "3.  q = x + y = −2 + 5 = 3",
            "4.  z = −4",
            "5.  q × z = 3 × −4 = −12",
            "6.  f = q × z + x = −12 + −2 = −14",
            "7.  f = q × z + x:  ∂f/∂f = 1",
            "      to q × z:  1 × ∂f/∂f = 1 × 1 = 1",
            "      to x:  1 × ∂f/∂f = 1 × 1 = 1",
            "8.  q × z:  ∂f/∂(q × z) = 1",
            "      to q:  z × ∂f/∂(q × z) = −4 × 1 = −4",
            "      to z:  q × ∂f/∂(q × z) = 3 × 1 = 3",
            "9.  z:  ∂f/∂z = 3",
            "10. q = x + y:  ∂f/∂q = −4",
            "      to x:  1 × ∂f/∂q = 1 × −4 = −4;  so far 1 − 4 = −3",
            "      to y:  1 × ∂f/∂q = 1 × −4 = −4",
            "11. y:  ∂f/∂y = −4",
            "12. x:  ∂f/∂x = −3",
        ]
    )


def test_adjoints_so_far_include_unfinished_ones() -> None:
    f = circuit()
    x = f.parents[1]
    assert f.steps()[0].adjoints == {f: 1.0, f.parents[0]: 1.0, x: 1.0}
    assert f.steps()[1].adjoints[x] == 1.0
    assert f.steps()[-1].adjoints[x] == -3.0


def test_a_sequence_like_any_other() -> None:
    steps = circuit().steps()
    nodes = [step.node for step in steps]
    assert [steps[i].node for i in range(len(steps))] == nodes
    assert [step.node for step in steps[1:4]] == nodes[1:4]
    assert [step.node for step in steps[::-2]] == nodes[::-2]
    assert steps[10:20] == []
    assert steps[-1].node is nodes[-1]
    assert repr(steps[0]) == "<Step 1: f = q × z + x:  ∂f/∂f = 1>"
    assert repr(steps) == "<Steps from f: 6; print them, iterate, or .save('steps.html')>"
    with pytest.raises(IndexError):
        steps[6]
    with pytest.raises(TypeError, match="expected a real number"):
        circuit().steps("1")  # type: ignore[arg-type]


def test_a_long_chain_is_abridged_in_print_only() -> None:
    f = Value(1.0)
    for _ in range(10_000):
        f = f * -1.0
    steps = f.steps()
    assert len(steps) == sum(1 for _ in steps) == 10_001
    assert str(steps).endswith("\n… and 9,501 more steps: iterate over them")


def test_what_no_gradient_comes_to_has_a_step_forward_and_none_backward():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    compared = math.equal(x, 3).named("f")
    assert str(compared.steps()) == "1. f = x == 3:  ∂f/∂f = 1"
    mixed = (math.greater(x, 1) * y).named("g")
    assert next(step.node for step in mixed.steps()) is mixed
    assert x not in [step.node for step in mixed.steps()]
    assert (len(mixed.steps()), len(mixed.steps(forward=True))) == (3, 7)
    assert len(list(mixed.steps(forward=True))) == 7
