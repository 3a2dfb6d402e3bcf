"""The ledger sums to `.grad` exactly, whatever was swept, forgotten or set; and says so where it cannot."""

from __future__ import annotations

import gc
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, errstate, math, stop_gradient
from autograd_lite.explain import explain

OPERATIONS = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a - b * 0.1,
    lambda a, b: math.sin(a * b),
    lambda a, b: math.maximum(a, b),
    lambda a, b: a * a,
]
PROGRAMS = st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=12)
INPUTS = st.lists(st.floats(-3, 3), min_size=3, max_size=3)
EVENTS = st.lists(
    st.tuples(st.sampled_from(["backward", "backward", "zero_grad", "by hand"]), st.integers(1, 8), st.floats(-2, 2)),
    min_size=1,
    max_size=8,
)


def run(program: list[tuple[int, int, int]], inputs: list[float]) -> list[Value]:
    nodes = [Value(x) for x in inputs]
    for operation, i, j in program:
        nodes.append(OPERATIONS[operation](nodes[-min(i, len(nodes))], nodes[-min(j, len(nodes))]))
    return nodes


def added(terms: list[float]) -> float:
    total = 0.0
    for term in terms:
        total += term
    return total


@given(PROGRAMS, INPUTS, EVENTS)
def test_everything_sums_to_grad_exactly(
    program: list[tuple[int, int, int]], inputs: list[float], events: list[tuple[str, int, float]]
) -> None:
    nodes = run(program, inputs)
    for event, which, seed in events:
        node = nodes[-min(which, len(nodes))]
        if event == "backward":
            node.backward(seed)
        elif event == "zero_grad":
            node.zero_grad()
        else:
            for other in nodes:
                other.grad = 0.0
    for node in nodes:
        ledger = explain(node)
        assert ledger.remainder == 0.0
        assert ledger.total == ledger.gradient == node.grad
        assert added([section.gradient for section in ledger.sections for _ in range(section.calls)]) == node.grad
        for section in ledger.sections:
            if section.root is not node:
                assert added([line.term for line in section.lines]) == section.gradient


@given(PROGRAMS, INPUTS)
def test_of_an_output_that_is_named_nothing_else_counts(
    program: list[tuple[int, int, int]], inputs: list[float]
) -> None:
    nodes = run(program, inputs)
    grads = [node.grad for node in nodes]
    found = [explain(node, nodes[-1]) for node in nodes]
    assert [node.grad for node in nodes] == grads
    nodes[-1].backward()
    for node, ledger in zip(nodes, found):
        assert ledger.gradient == node.grad
        assert bool(ledger.sections) == ledger.reached == node.reached


def test_each_term_is_the_local_gradient_times_the_gradient_from_above() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    q = x + y
    f = q * z + x * x
    f.backward()
    by_hand = [(q, 0, 1.0, -4.0, -4.0), (f.parents[1], 0, -2.0, 1.0, -2.0), (f.parents[1], 1, -2.0, 1.0, -2.0)]
    lines = x.explain().lines
    assert sorted((line.local_grad, line.adjoint, line.term) for line in lines) == sorted(row[2:] for row in by_hand)
    assert {(line.successor, line.operand) for line in lines} == {row[:2] for row in by_hand}


def test_operands_off_the_path_have_their_names_too() -> None:
    x, y = Value(2.0), Value(0.5)
    f = x * (math.sin(y) + 1)
    f.backward()
    assert "via f = x × (sin(y) + 1):" in str(explain(x))


def test_sections_are_weighted_by_seed_and_number_of_calls() -> None:
    x = Value(3.0)
    f, g = x * x, x * 5
    f.backward()
    f.backward()
    g.backward(2.0)
    f.backward()
    sections = x.explain().sections
    assert [(section.root, section.seed, section.calls, section.gradient) for section in sections] == [
        (f, 1.0, 2, 6.0),
        (g, 2.0, 1, 10.0),
        (f, 1.0, 1, 6.0),
    ]
    assert "sum over the sweeps: 2 × 6 + 10 + 6 = 28" in str(x.explain())


def test_what_was_set_by_hand_is_not_explained_away() -> None:
    x = Value(3.0, "x")
    f = (x * x).named("f")
    x.grad = 5.0
    assert (x.explain().sections, x.explain().remainder) == ([], 5.0)
    f.backward()
    assert x.explain().remainder == 5.0
    assert "unexplained remainder: 11 − 6 = 5" in str(x.explain())
    x.grad = 0.0
    f.backward()
    assert x.explain().remainder == 0.0
    assert "remainder" not in str(x.explain())


def test_an_output_that_is_gone_leaves_a_remainder() -> None:
    x = Value(3.0, "x")
    f = x * 2
    f.backward()
    (x * 10).backward()
    gc.collect()
    ledger = x.explain()
    assert [section.root for section in ledger.sections] == [f]
    assert (ledger.total, ledger.remainder) == (2.0, 10.0)
    assert "unexplained remainder: 12 − 2 = 10" in str(ledger)


def test_a_replayed_graph_has_forgotten_its_gradients() -> None:
    x = Value(3.0, "x")
    f = x * x
    f.backward()
    x.data = 4.0
    f.replay()
    assert not x.explain().sections
    f.backward()
    assert (x.explain().total, x.grad, x.explain().remainder) == (8.0, 8.0, 0.0)


def test_without_a_gradient_it_says_how_to_get_one() -> None:
    x = Value(3.0, "x")
    f = (x * 2).named("f")
    assert "no backward sweep has come by" in str(x.explain())
    assert "explain(z)" in str(x.explain())
    assert "(x × 2)." not in str((x * 2).explain())
    assert str(f.explain(x)) == "f = x × 2 = 6:  no path leads from x back to f, so x does not depend on it"
    assert str(x.explain(f)).startswith("x = 3,  ∂f/∂x = 2\n")
    assert not x.reached


def test_what_has_no_gradient_is_refused() -> None:
    f = Value(3.0) * 2
    with pytest.raises(ValueError, match="2 is a constant and has no gradient"):
        f.parents[1].explain()
    with pytest.raises(TypeError, match="expected a Value, got float"):
        f.explain(3.0)  # type: ignore[arg-type]


def test_the_error_signal_of_a_layer_times_the_activation() -> None:
    a = [math.sigmoid(Value(0.3)), math.sigmoid(Value(-0.7))]
    w = [Value(0.5, "w_0"), Value(-0.2, "w_1")]
    z3 = w[0] * a[0] + w[1] * a[1]
    s = math.sigmoid(z3) * Value(-2.0, "u")
    s.backward()
    delta = z3.grad
    (line,) = w[1].explain().lines
    assert (line.local_grad, line.adjoint) == (a[1].data, delta)
    assert "a[1] × ∂s/∂z3" in str(w[1].explain())


def test_what_was_not_chosen_is_told_from_what_is_stopped_and_what_has_steps() -> None:
    x, y = Value(0.0, "x"), Value(2.0, "y")
    with errstate(divide="ignore"):
        log = math.log(x).named("l")
    f = (math.maximum(y, x) + math.floor(y) + stop_gradient(log * y)).named("f")
    f.backward()
    assert str(y.explain()).splitlines()[3:6] == [
        "  via l × y:      0 (no path leads here)",
        "  via floor(y):   0 (floor is constant between steps)",
        "  via max(y, x):  1 × 1 = 1                              1 × ∂f/∂f",
    ]
    assert re.search(r"via max\(y, x\): +0 \(not chosen\)", str(x.explain()))
    assert "f ← stop ← × ← y:   0 (stopped)" in str(y.explain())
    steps = str(f.steps())
    for told in ("to l × y:  0 (stopped)", "to x:  0 (not chosen)", "to y:  0 (floor is constant between steps)"):
        assert told in steps
    assert "to x:  0 (no path leads here)\n" in steps


def test_the_term_of_what_was_not_chosen() -> None:
    x = Value(0.0, "x")
    with pytest.warns(RuntimeWarning):
        y = math.log(x)
    f = math.where(x.data > 0, y, 0.0)
    f.backward()
    assert "via y = log(x):  0 (no path leads here)" in str(x.explain())
    assert "f ← y ← x:  0 (not chosen)" in str(x.explain())


def test_a_long_chain_and_many_successors() -> None:
    x = Value(1.0, "x")
    f = x
    for _ in range(5_000):
        f = f * 1.0 + x * 0.0
    f.backward()
    ledger = x.explain()
    assert (ledger.total, len(ledger.lines), ledger.path_count) == (x.grad, 5_001, 5_001)
    text = str(ledger)
    assert "… and 4,989 more terms" in text
    assert "more" in text
    assert len(text) < 10_000
