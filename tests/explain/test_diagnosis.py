"""The birth of a nan or an inf is found, forward before backward, and told with its inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd_lite import Value, errstate, math

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def test_all_finite() -> None:
    x = Value(2.0, "x")
    found = math.log(x * x).diagnose()
    assert found.finite
    assert found.node is None
    assert str(found) == "all finite: every number and every gradient."


def test_forward_the_first_of_several() -> None:
    a, b = Value(3.0, "a"), Value(3.0, "b")
    gap = a - b
    ratio = a / gap
    f = math.sqrt(ratio) - math.exp(ratio)
    found = f.diagnose()
    assert (found.direction, found.node) == ("forward", ratio)
    assert found.inputs == ((a, 3.0), (gap, 0.0))
    assert str(found) == (
        "ratio = a ÷ gap = 3 ÷ 0 = inf: the first inf, out of finite numbers, with a = 3, gap = 0. "
        "It became nan in f = sqrt(ratio) − exp(ratio) = inf − inf = nan, "
        "with sqrt(ratio) = inf, exp(ratio) = inf. Choose before the operation: "
        "where(gap != 0, sqrt(ratio) - exp(ratio), 0), with what it should be there for 0."
    )


def test_a_number_that_came_in_so() -> None:
    x = Value(float("nan"), "x")
    assert str((x * 2).diagnose()) == "x = nan: it came in with a leaf, no operation made it."
    assert str((Value(2.0) * float("inf")).diagnose()) == "inf: it came in with a constant, no operation made it."


def test_what_was_recorded_counts_not_what_a_leaf_is_now() -> None:
    x = Value(0.0, "x")
    f = math.log(x)
    x.data = 1.0
    assert f.diagnose().node is f
    assert f.replay().diagnose().finite


def test_backward_an_infinite_local_gradient() -> None:
    x, w = Value(0.0, "x"), Value(3.0, "w")
    root = math.sqrt(x)
    found = (root * w).diagnose()
    assert (found.direction, found.node, found.operand, found.inputs) == ("backward", root, 0, ((x, 0.0),))
    assert str(found) == (
        "the gradient becomes inf on the way from root to x: the local gradient of root by x is inf, with x = 0. "
        "Choose before the operation: where(x > 0, sqrt(x), 0)."
    )
    assert math.where(False, root, 0.0).diagnose().finite  # a choice is no path


def test_backward_zero_times_infinity_names_both_factors() -> None:
    x = Value(0.0, "x")
    root = math.sqrt(x)
    found = (root * 0.0 + x).diagnose()
    assert (found.direction, found.node, found.operand) == ("backward", root, 0)
    assert str(found) == (
        "the gradient becomes nan on the way from root to x: 0 × inf here, for the local gradient of root × 0 by root "
        "is 0 and the local gradient of root by x is inf, with x = 0. "
        "Choose before the operation: where(x > 0, root * 0, 0)."
    )
    f = math.cbrt(x**3)
    assert str(f.diagnose()) == (
        "the gradient becomes inf on the way from f to x ** 3: the local gradient of f by x ** 3 is inf, with "
        "x ** 3 = 0. It becomes nan on the way from x ** 3 to x: 0 × inf here, for the local gradient of x ** 3 by x "
        "is 0 and the local gradient of f by x ** 3 is inf, with x = 0. Write x instead of cbrt(x ** 3)."
    )
    from autograd_lite.explain import diagnose

    assert "0 × inf here, for the gradient of root is 0 and the local gradient" in str(diagnose(root, 0.0))


def test_saturation_is_told_though_the_value_is_finite() -> None:
    x = Value(1000.0, "x")
    assert str(math.exp(-math.exp(x)).named("f").diagnose()) == (
        "exp(x) = exp(1000) = inf: the first inf, out of finite numbers, with x = 1000. Backward, the gradient becomes "
        "nan on the way from exp(x) to x: 0 × inf here, for the local gradient of f by −exp(x) is 0 and the local "
        "gradient of exp(x) by x is inf, with x = 1000. Write exp(minimum(x, 709)) instead of exp(x)."
    )


def test_backward_a_product_and_a_sum_that_overflow() -> None:
    x, big = Value(1e-200, "x"), 1e200
    product = x * big * big * 1e-100
    found = (product * big).diagnose()
    assert found.direction == "backward"
    assert "the product overflows, 1e+200 × 1e+300 = inf" in str(found)
    y = Value(1e-10, "y")
    found = (y * 1.7e308 + y * 1.7e308).diagnose()
    assert "the sum overflows, 1.7e+308 + 1.7e+308, with y = 1e−10." in str(found)


def test_a_seed_that_is_not_finite() -> None:
    from autograd_lite.explain import diagnose

    assert "the sweep starts with nan" in str(diagnose(Value(2.0, "x") * 3, float("nan")))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5), st.integers(1, 5)), min_size=1, max_size=10))
def test_it_is_finite_exactly_if_everything_is(program: list[tuple[int, int, int]]) -> None:
    operations = [
        lambda a, b: a + b,
        lambda a, b: a - b,
        lambda a, b: a / b,
        lambda a, b: math.log(a),
        lambda a, b: math.sqrt(b),
        lambda a, b: a * b,
    ]
    nodes = [Value(0.5), Value(1.0), Value(0.0)]
    with errstate(all="ignore"):
        for which, i, j in program:
            nodes.append(operations[which](nodes[-min(i, len(nodes))], nodes[-min(j, len(nodes))]))
    z = nodes[-1]
    z.backward()
    reached = [node for node in nodes if node.reached]
    numbers_finite = all(node.data - node.data == 0.0 for node in reached)
    grads_finite = all(node.grad - node.grad == 0.0 for node in reached)
    found = z.diagnose()
    assert (found.direction != "forward") == numbers_finite
    assert found.finite == (numbers_finite and grads_finite)
    if found.direction == "forward" and found.node is not None:
        assert all(x - x == 0.0 for _, x in found.inputs)


def test_a_long_chain() -> None:
    f = Value(2.0)
    for _ in range(5_000):
        f = f * 2.0
    assert f.diagnose().direction == "forward"
