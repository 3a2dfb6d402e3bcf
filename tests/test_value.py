"""`Value`: published gradients, Python's number protocols, comparison, the graph's promises and `backward`'s."""

from __future__ import annotations

import math as std
import operator
import random
import threading
import time
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, errstate, math

# ---- published circuits ----------------------------------------------------------------------------------------------


def test_the_circuit_of_three_inputs() -> None:
    x, y, z = Value(-2.0, "x"), Value(5.0, "y"), Value(-4.0, "z")
    f = (x + y) * z
    f.backward()
    assert (f.data, x.grad, y.grad, z.grad, f.grad) == (-12.0, -4.0, -4.0, 3.0, 1.0)
    assert f.local_grads == (-4.0, 3.0)
    assert f.parents[0].local_grads == (1.0, 1.0)
    assert f.parents[0].grad == -4.0


@pytest.mark.parametrize("logistic", [lambda s: 1 / (1 + math.exp(-s)), math.sigmoid], ids=["gates", "sigmoid"])
def test_the_sigmoid_neuron(logistic: Any) -> None:
    # CS231n's figures, to the two decimals they are published with.
    w, x = [Value(a) for a in (2.0, -3.0, -3.0)], [Value(a) for a in (-1.0, -2.0)]
    f = logistic(w[0] * x[0] + w[1] * x[1] + w[2])
    f.backward()
    assert f.data == pytest.approx(0.73, abs=0.005)
    assert [a.grad for a in w] == pytest.approx([-0.20, -0.39, 0.20], abs=0.005)
    assert [a.grad for a in x] == pytest.approx([0.39, -0.59], abs=0.005)


def test_the_scoring_network_has_the_matrix_forms_gradients() -> None:
    # s = Uᵀ f(W2 f(W1 x + b1) + b2), 3 inputs, 4 and 2 units; error signals δ in plain floats.
    rng = random.Random(42)
    x = [rng.uniform(-1, 1) for _ in range(3)]
    n1 = [[rng.uniform(-1, 1) for _ in range(3)] for _ in range(4)]
    n2 = [[rng.uniform(-1, 1) for _ in range(4)] for _ in range(2)]
    c1, c2, u = ([rng.uniform(-1, 1) for _ in range(n)] for n in (4, 2, 2))

    w1, w2 = ([[Value(a) for a in row] for row in rows] for rows in (n1, n2))
    b1, b2 = [Value(a) for a in c1], [Value(a) for a in c2]
    a2 = [math.sigmoid(sum(w * a for w, a in zip(row, x)) + b) for row, b in zip(w1, b1)]
    a3 = [math.sigmoid(sum(w * a for w, a in zip(row, a2)) + b) for row, b in zip(w2, b2)]
    sum(weight * a for weight, a in zip(u, a3)).backward()  # type: ignore[union-attr]

    def f(z: float) -> float:
        return 1 / (1 + std.exp(-z))

    h2 = [f(sum(w * a for w, a in zip(row, x)) + b) for row, b in zip(n1, c1)]
    h3 = [f(sum(w * a for w, a in zip(row, h2)) + b) for row, b in zip(n2, c2)]
    delta3 = [weight * a * (1 - a) for weight, a in zip(u, h3)]
    delta2 = [sum(n2[k][j] * delta3[k] for k in range(2)) * h2[j] * (1 - h2[j]) for j in range(4)]
    for k in range(2):
        assert b2[k].grad == pytest.approx(delta3[k], rel=1e-12)
        assert [w.grad for w in w2[k]] == pytest.approx([delta3[k] * a for a in h2], rel=1e-12)
    for j in range(4):
        assert b1[j].grad == pytest.approx(delta2[j], rel=1e-12)
        assert [w.grad for w in w1[j]] == pytest.approx([delta2[j] * a for a in x], rel=1e-12)


def test_the_readme_of_micrograd() -> None:
    # Its example, with the figures it prints.
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert (f"{a.grad:.4f}", f"{b.grad:.4f}") == ("138.8338", "645.5773")


def test_a_step_of_descent() -> None:
    p = Value(3)
    loss = (p - 1) ** 2
    loss.backward()
    p.data -= 0.25 * p.grad
    assert (p.data, type(p.data)) == (2.0, float)
    p.grad = 0
    assert p.grad == 0.0


# ---- operators -------------------------------------------------------------------------------------------------------

OPERATORS = {
    "add": (lambda a, b: a + b, 1.0, 1.0),
    "sub": (lambda a, b: a - b, 1.0, -1.0),
    "mul": (lambda a, b: a * b, 2.0, 3.0),
    "div": (lambda a, b: a / b, 0.5, -0.75),
    "pow": (lambda a, b: a**b, 6.0, 9.0 * std.log(3.0)),
    "mod": (lambda a, b: a % b, 1.0, -1.0),
    "floordiv": (lambda a, b: a // b, 0.0, 0.0),
}


@pytest.mark.parametrize("name", OPERATORS)
@pytest.mark.parametrize("kind", [int, float, Fraction, np.float64, np.int64, np.array])
def test_operators_and_their_reflections(name: str, kind: Any) -> None:
    operate, by_left, by_right = OPERATORS[name]
    a, b = Value(3.0), Value(2.0)
    expected = operate(3.0, 2.0)
    for result in (operate(a, b), operate(a, kind(2)), operate(kind(3), b)):
        assert isinstance(result, Value)
        assert result.data == expected
        result.backward()
    assert a.grad == pytest.approx(2 * by_left, rel=1e-15)
    assert b.grad == pytest.approx(2 * by_right, rel=1e-15)


def test_bools_are_numbers() -> None:
    x = Value(3.0)
    results = x + True, True + x, x * True, False * x, Value(True)
    assert [r.data for r in results] == [4.0, 4.0, 3.0, 0.0, 1.0]
    assert all(type(r.data) is float for r in results)


def test_power_by_both() -> None:
    x, y = Value(2.0), Value(3.0)
    (x**y).backward()
    assert x.grad == 12.0
    assert y.grad == pytest.approx(8 * std.log(2), rel=1e-15)
    exponent = Value(3.0)
    (2**exponent).backward()
    assert exponent.grad == pytest.approx(8 * std.log(2), rel=1e-15)
    with pytest.raises(TypeError):
        pow(x, y, 5)  # type: ignore[misc]


def test_negative_base_to_a_broken_power_is_nan() -> None:
    with pytest.warns(RuntimeWarning, match="invalid value"):
        assert std.isnan((Value(-2.0) ** 0.5).data)


def test_divmod_neg_pos_abs_and_rounding() -> None:
    x = Value(-7.5)
    assert [v.data for v in divmod(x, 2)] == [-4.0, 0.5]
    assert [v.data for v in divmod(8, Value(3.0))] == [2.0, 2.0]
    assert ((-x).data, +x is x, abs(x).data) == (7.5, True, 7.5)
    assert [f(x).data for f in (std.floor, std.ceil, std.trunc, round)] == [-8.0, -7.0, -7.0, -8.0]
    with pytest.raises(TypeError, match=r"\.data"):
        round(x, 2)


def test_sum_and_in_place() -> None:
    xs = [Value(float(i)) for i in range(4)]
    total: Any = sum(xs)
    assert total.data == 6.0
    total.backward()
    assert [x.grad for x in xs] == [1.0] * 4
    x = y = Value(2.0)
    x += 1
    assert x is not y
    assert (x.data, y.data, x.parents[0] is y) == (3.0, 2.0, True)


# ---- text ------------------------------------------------------------------------------------------------------------


def test_text() -> None:
    v = Value(std.pi, "p")
    assert f"{v:.3f}" == "3.142"
    assert f"{v}" == str(v) == repr(v) == f"Value(p={std.pi!r})"
    assert len(repr(Value(1.0, "x" * 10_000))) < 100
    assert len(repr(Value(1.0, "\n\x00" * 5_000))) < 100
    assert "\n" not in repr(Value(1.0, "a\nb"))
    v.backward()
    assert "grad=1" in repr(v)


# ---- comparison ------------------------------------------------------------------------------------------------------


def test_comparison_is_of_data_and_hash_of_identity() -> None:
    a, b = Value(1.0), Value(1.0)
    assert a == b
    assert (a != b) is False
    assert a == 1
    assert operator.eq(1.0, a)
    assert a == Fraction(1)
    assert a == Decimal(1)
    assert a < 2
    assert operator.gt(2, a)
    assert a <= b
    assert a >= b
    assert not a > b
    assert a != "1"
    assert (a == None) is False  # noqa: E711
    assert len({a, b}) == 2
    assert {a: "a", b: "b"}[b] == "b"
    assert Value(std.nan) != Value(std.nan)
    assert bool(a)
    assert not Value(0.0)
    assert max(Value(1.0), Value(3.0), Value(2.0)).data == 3.0
    assert [v.data for v in sorted([Value(2.0), Value(1.0)])] == [1.0, 2.0]
    with pytest.raises(TypeError):
        assert a < "1"


# ---- the graph -------------------------------------------------------------------------------------------------------


def test_parents_are_ordered_and_repeated() -> None:
    x, y = Value(3.0), Value(2.0)
    assert (x * x).parents == (x, x)
    assert (y - x).parents[0] is y
    assert x.parents == ()
    assert x.op is None
    assert (x - y).op.name == "sub"  # type: ignore[union-attr]


def test_diamonds_are_swept_once_a_node() -> None:
    x = Value(1.0)
    y = x
    for _ in range(50):
        y = y + y
    y.backward()
    assert (y.data, x.grad) == (2.0**50, 2.0**50)


# ---- backward --------------------------------------------------------------------------------------------------------


def test_backward_adds_on_every_node() -> None:
    x = Value(3.0)
    inner = x * x
    f = inner * 2 + x
    f.backward()
    once = [node.grad for node in (x, inner, f)]
    assert once == [13.0, 2.0, 1.0]
    f.backward()
    assert [node.grad for node in (x, inner, f)] == [26.0, 4.0, 2.0]
    f.zero_grad()
    assert [(node.grad, node.reached) for node in (x, inner, f)] == [(0.0, False)] * 3


def test_two_outputs_add() -> None:
    x = Value(3.0)
    shared = x * x
    (shared + 1).backward()
    (shared * 2).backward()
    assert (shared.grad, x.grad) == (3.0, 18.0)


@pytest.mark.parametrize("seed", [2.5, 2, Fraction(5, 2), 0.0])
def test_seed(seed: Any) -> None:
    x = Value(3.0)
    f = x * x
    f.backward(seed)
    assert (x.grad, f.grad) == (6.0 * float(seed), float(seed))


def test_no_path_is_not_a_zero_gradient() -> None:
    x, y = Value(1.0), Value(2.0)
    (x * 0).backward()
    assert (x.reached, x.grad, y.reached, y.grad) == (True, 0.0, False, 0.0)
    f = 2 * y
    f.backward()
    assert not f.parents[0].reached  # a constant


def test_an_interrupted_sweep_changes_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite import value

    x = Value(3.0)
    f = math.sin(x) / x
    f.backward()
    before = x.grad, f.grad, f.parents[0].grad
    pull, calls = value.pull, []

    def interrupted(node: Value, adjoint: float) -> Any:
        calls.append(node)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return pull(node, adjoint)

    monkeypatch.setattr(value, "pull", interrupted)
    with pytest.raises(KeyboardInterrupt):
        f.backward()
    assert len(calls) == 2
    assert (x.grad, f.grad, f.parents[0].grad) == before


def test_an_interrupt_while_gradients_are_added_comes_after_them() -> None:
    class Interrupting(Value):
        __slots__ = ("kept", "once")

        @property
        def _grad(self) -> float | None:
            return self.kept

        @_grad.setter
        def _grad(self, grad: float | None) -> None:
            self.kept = grad
            if grad is not None and self.once:
                self.once = False
                raise KeyboardInterrupt

    x, y = Interrupting(3.0), Value(2.0)
    x.once = True
    f = y * x + y
    with pytest.raises(KeyboardInterrupt):
        f.backward()
    assert (f.grad, f.parents[0].grad, x.grad, y.grad) == (1.0, 1.0, 2.0, 4.0)


def test_a_sweep_inside_of_a_sweep_over_the_same_nodes() -> None:
    x = Value(3.0)
    w = x * x

    def inner(y: float, a: float) -> float:
        (w * 10.0).backward()
        return 1.0

    f = ag.custom(lambda a: a, inner)(w) + w * x
    f.backward()
    assert (w.grad, x.grad) == (1.0 + 3.0 + 10.0, 6.0 * 4.0 + 9.0 + 60.0)


def test_a_refused_seed_changes_no_gradient() -> None:
    x = Value(3.0)
    f = x * x
    with pytest.raises(TypeError):
        f.backward("1")  # type: ignore[arg-type]
    assert not x.reached


def test_threads_have_their_own_graphs_and_errstates() -> None:
    results: dict[int, Any] = {}
    barrier = threading.Barrier(4)

    def work(k: int) -> None:
        x = y = Value(1.0 + k)
        barrier.wait()
        with errstate(divide="raise" if k % 2 else "ignore"):
            for _ in range(2000):
                y = y * 1.0 + x
            y.backward()
            barrier.wait()
            try:
                pole = str(Value(1.0) / 0)
            except FloatingPointError:
                pole = "raised"
            results[k] = x.grad, pole

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {k: (2001.0, "raised" if k % 2 else "Value(inf)") for k in range(4)}


# ---- replay ----------------------------------------------------------------------------------------------------------


def test_replay_evaluates_the_recorded_graph_again() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")
    f = math.maximum(x * x, y) + math.where(x > 0, x, -x)
    f.backward()
    x.data, y.data = 1.0, 7.0
    assert f.replay() is f
    assert (f.data, f.reached, x.reached) == (8.0, False, False)
    f.backward()
    assert (x.grad, y.grad) == (1.0, 1.0)  # maximum chose anew; the comparison is a number that was recorded
    x.data = 1.0
    assert (x * 2).replay().data == 2.0
    assert Value(3.0).replay().data == 3.0


def test_replay_reports_events_and_goes_deep() -> None:
    x = Value(1.0, "x")
    f = math.log(x)
    x.data = 0.0
    with pytest.warns(RuntimeWarning, match=r"log\(x=0.0\)"):
        f.replay()
    assert f.data == -std.inf
    y = x
    for _ in range(100_000):
        y = y + x
    x.data = 2.0
    assert y.replay().data == 200_002.0


def test_no_thread_reads_a_gradient_while_another_adds_to_it() -> None:
    class Slow(Value):
        """Takes its time between being read and being written."""

        __slots__ = ("kept",)

        @property
        def _grad(self) -> float | None:
            kept = self.kept
            time.sleep(0.002)
            return kept

        @_grad.setter
        def _grad(self, grad: float | None) -> None:
            self.kept = grad

    x = Slow(1.0)
    threads = [threading.Thread(target=(x * 1.0).backward) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert x.grad == 8.0


def test_threads_that_share_nodes_lose_no_gradient() -> None:
    import sys

    x = Value(1.0)
    outputs = [sum((x for _ in range(50)), Value(0.0)) for _ in range(8)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=lambda z=z: [z.backward() for _ in range(40)]) for z in outputs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert x.grad == 8 * 40 * 50
