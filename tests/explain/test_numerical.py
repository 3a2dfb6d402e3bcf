"""The numerical derivatives know their own error: right gradients agree, and a planted wrong one does not."""

from __future__ import annotations

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd_lite import Value, errstate, math, primitives
from autograd_lite.explain import numerical_gradients
from autograd_lite.explain.numerical import Quotient

OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "sub": (lambda a, b: a - b, lambda a, b: a - b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "div": (lambda a, b: a / (2.0 + b * b), lambda a, b: a / (2 + b * b)),
    "sin": (lambda a, b: math.sin(a - b), lambda a, b: mpmath.sin(a - b)),
    "tanh": (lambda a, b: math.tanh(a + b), lambda a, b: mpmath.tanh(a + b)),
    "exp": (lambda a, b: math.exp(-a * a), lambda a, b: mpmath.exp(-a * a)),
    "log1p": (lambda a, b: math.log1p(a * a), lambda a, b: mpmath.log1p(a * a)),
    "square": (lambda a, b: a**2, lambda a, b: a * a),
}
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=10
)
INPUTS = st.lists(st.floats(-3, 3), min_size=2, max_size=2)


def run(program: list[tuple[str, int, int]], inputs: list, which: int = 0) -> list:
    nodes = list(inputs)
    for name, i, j in program:
        nodes.append(OPERATIONS[name][which](nodes[-min(i, len(nodes))], nodes[-min(j, len(nodes))]))
    return nodes


@given(PROGRAMS, INPUTS)
@settings(deadline=None)
def test_right_gradients_are_never_called_wrong(program: list[tuple[str, int, int]], inputs: list[float]) -> None:
    z = run(program, [Value(x) for x in inputs])[-1]
    for node, estimate in numerical_gradients(z).items():
        assert estimate.verdict in ("agrees", "unknown"), (node, estimate)
        assert not estimate.at_kink


@given(PROGRAMS, INPUTS)
@settings(deadline=None)
def test_the_error_is_no_smaller_than_it_says(program: list[tuple[str, int, int]], inputs: list[float]) -> None:
    leaves = [Value(x) for x in inputs]
    found = numerical_gradients(run(program, leaves)[-1], leaves)
    with mpmath.workdps(400):
        for i, leaf in enumerate(leaves):

            def along(x: mpmath.mpf, i: int = i) -> mpmath.mpf:
                return run(program, [x if j == i else mpmath.mpf(e) for j, e in enumerate(inputs)], 1)[-1]

            true = mpmath.diff(along, mpmath.mpf(inputs[i]), h=mpmath.mpf(10) ** -100)
            estimate = found[leaf]
            assert estimate.error == float("inf") or abs(estimate.value - true) <= estimate.error + 1e-150


@given(
    PROGRAMS.filter(lambda program: any(name == "sin" for name, _, _ in program)),
    INPUTS,
)
@settings(deadline=None)
def test_a_wrong_row_is_caught(program: list[tuple[str, int, int]], inputs: list[float]) -> None:
    right = primitives.sin.derivatives
    nodes = run(program, [Value(x) for x in inputs])
    z = nodes[-1]
    z.backward()
    before = {node: node.grad for node in nodes}
    z.zero_grad()
    primitives.sin.derivatives = (lambda y, x: primitives.cos(x) + 1e-4,)
    try:
        found = numerical_gradients(z)
    finally:
        primitives.sin.derivatives = right
    for node, estimate in found.items():
        # It is the planted gradient that is judged; what the plant moved by more than the error must be noticed.
        off = abs(estimate.gradient - before.get(node, estimate.gradient))
        if estimate.verdict == "agrees" and node in before:
            assert off <= 2.0 * estimate.error
        if off == 0.0 and node in before:
            assert estimate.verdict in ("agrees", "unknown")


def test_the_planted_row_is_noticed_at_the_nodes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    x, w = Value(0.7, "x"), Value(2.0, "w")
    s = math.sin(x * w)
    z = s * w
    monkeypatch.setattr(primitives.sin, "derivatives", (lambda y, x: primitives.cos(x) * (1.0 + 1e-9),))
    found = numerical_gradients(z)
    assert [found[node].verdict for node in (x, w, s, z)] == ["mismatch", "mismatch", "agrees", "agrees"]


ROWS = [
    (op, box)
    for op in primitives.table.values()
    if op.name != "constant" and op.all_slopes is None and op.result_type is float
    for box in range(len(op.domain.boxes))
]


@pytest.mark.parametrize(("op", "box"), ROWS, ids=lambda part: str(part))
def test_every_row_agrees_with_itself_in_the_middle_of_its_domain(op, box) -> None:
    arity = len(op.derivatives)
    domains = op.domain.box(box, arity)
    candidates = [0.3, 0.71, 1.4, 2.2, 3.0, -0.4, -1.3, -2.6, 1.0]
    for shift in range(len(candidates)):
        numbers = []
        for i, domain in enumerate(domains):
            inside = [x for x in candidates[shift + i :] + candidates[: shift + i] if x in domain]
            numbers.append(inside[0] if inside else 0.0)
        with errstate(all="ignore"):
            node = op(*map(Value, numbers))
        for estimate in numerical_gradients(node).values():
            assert estimate.verdict != "mismatch", (op, numbers, estimate)


def test_one_sided_at_kinks() -> None:
    x = Value(0.0, "x")
    r = math.relu(x)
    estimate = numerical_gradients(r * 3.0)[x]
    assert (round(estimate.left.value, 9), round(estimate.right.value, 9)) == (0.0, 3.0)
    assert (estimate.at_kink, estimate.verdict, estimate.gradient) == (True, "agrees", 0.0)
    both = numerical_gradients(math.relu(x) - math.relu(-x))[x]
    assert (round(both.value, 9), both.gradient, both.verdict) == (1.0, 0.0, "kink")


def test_a_square_of_a_negative_number_is_no_kink() -> None:
    x = Value(-2.0, "x")
    assert not numerical_gradients(x**2)[x].at_kink


def test_near_a_kink_the_steps_stay_on_one_side() -> None:
    for near in (1e-9, 1e-4, -1e-6):
        x = Value(near, "x")
        estimate = numerical_gradients(abs(x) + math.exp(x))[x]
        assert (estimate.verdict, estimate.at_kink) == ("agrees", False)
        assert estimate.error < 1e-3


def test_without_an_estimate_it_says_so() -> None:
    with errstate(all="ignore"):
        assert numerical_gradients(math.log(Value(float("nan")))).popitem()[1].verdict == "unknown"
    fast = Value(3.0) * 2.0**60
    assert all(e.verdict != "mismatch" for e in numerical_gradients(math.sin(fast)).values())


@pytest.mark.parametrize(
    ("function", "at"),
    [
        (lambda x: math.sqrt(x) * 2.0, 0.0),
        (lambda x: math.sqrt(x) + abs(x) + 3.0, 0.0),
        (lambda x: math.cbrt(x - 1.0) + 3.0, 1.0),
        (lambda x: -math.sqrt(-x), 0.0),
        (lambda x: x**0.9, 0.0),
        (math.acos, -1.0),
    ],
)
def test_an_infinite_gradient_beside_quotients_that_grow_without_bound(function, at: float) -> None:
    x = Value(at)
    found = numerical_gradients(function(x))[x]
    assert (found.verdict, found.value, found.error) == ("agrees", found.gradient, 0.0)
    assert abs(found.gradient) == float("inf")


def test_an_infinite_gradient_where_the_slope_is_finite_is_not_confirmed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primitives.sin, "derivatives", (lambda y, x: float("inf"),))
    for at, function in (
        (1.0, math.sin),
        (1.0, lambda x: math.sin(math.floor(x) + x)),  # a jump to one side
        (0.0, lambda x: math.sign(x) + math.sin(x)),  # and to both
    ):
        x = Value(at)
        found = numerical_gradients(function(x))[x]
        assert (found.verdict == "agrees", found.value == found.gradient) == (False, False)


def test_an_infinite_gradient_that_one_side_only_confirms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(primitives.abs, "derivatives", (lambda y, x: 1.0,))
    x = Value(0.0)
    found = numerical_gradients(math.sqrt(abs(x)))[x]
    assert (found.gradient, found.verdict) == (float("inf"), "kink")
    assert (found.left.error, found.right) == (float("inf"), Quotient(float("inf"), 0.0))
    with errstate(all="ignore"):
        nowhere = numerical_gradients(math.sqrt(-abs(x)))[x]
    assert (nowhere.gradient, nowhere.verdict) == (float("-inf"), "kink")


def test_a_product_with_zero_has_slope_zero() -> None:
    x, y = Value(0.0), Value(1.0)
    found = numerical_gradients(x * y)[y]
    assert (found.verdict, found.value) == ("agrees", 0.0)
    assert found.error < 1e-300


def test_a_slope_that_only_steps_below_the_noise_would_see_is_unknown() -> None:
    x = Value(0.0)
    found = numerical_gradients(math.sqrt(x + 1e-40) + 1.0)[x]
    assert (found.verdict, found.error, found.gradient) == ("unknown", float("inf"), 5e19)


def test_what_rounding_takes_from_the_gradient_is_no_mismatch() -> None:
    u = Value(2.0**-34)
    x = u * 1024.0
    d, s = math.sin(x - x), x + x
    w = math.log1p(s * s)
    w = d + (w + w)
    w = w + w
    estimates = numerical_gradients((1.0 + d + w) * w)
    found = estimates[x]
    assert estimates[u].rounding > 1000.0 * found.rounding
    assert abs(found.gradient - found.value) > found.error  # terms of 1 and -1 beside a sum of 2e-6
    assert found.verdict == "agrees"
    assert found.rounding < 1e-13


def test_nodes_for_which_the_work_is_not_enough_have_no_estimate() -> None:
    x = Value(0.5)
    y = math.sin(math.sin(math.sin(x)))
    order = [x, y.parents[0].parents[0], y.parents[0], y]
    assert set(numerical_gradients(y, order, most=3)) == {x}
    assert set(numerical_gradients(y, order[1:], most=3)) == {*order[1:3]}
    assert set(numerical_gradients(y, order, most=2)) == {*order[1:2]}


def test_no_path_and_a_stopped_gradient_have_slope_zero() -> None:
    x, y = Value(1.0), Value(2.0)
    z = x * 2.0 + primitives.stop_gradient(x)
    found = numerical_gradients(z, [x, y])
    assert (round(found[x].value, 9), found[x].verdict) == (2.0, "agrees")
    assert (found[y].value, found[y].gradient, found[y].verdict) == (0.0, 0.0, "agrees")


def test_a_leaf_that_changed_since_is_judged_as_recorded() -> None:
    x = Value(3.0)
    z = x * x
    x.data = 100.0
    assert numerical_gradients(z)[x].verdict == "agrees"
    assert abs(numerical_gradients(z)[x].value - 6.0) < 1e-9
