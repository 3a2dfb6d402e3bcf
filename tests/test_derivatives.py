"""The derivative operators: against mpmath and closed forms, nested without confusion, in every nesting of inputs."""

from __future__ import annotations

import copy
import inspect
import itertools
import math as std
import pickle
import threading
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, errstate, math, primitives

Point = namedtuple("Point", "x y")


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a**2) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x))


def rosenbrock_hessian(x: list[float]) -> list[list[float]]:
    # Its published closed form: tridiagonal.
    n = len(x)
    h = [[0.0] * n for _ in range(n)]
    for i in range(n - 1):
        h[i][i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        h[i + 1][i + 1] += 200
        h[i][i + 1] = h[i + 1][i] = -400 * x[i]
    return h


# ---- gradients -------------------------------------------------------------------------------------------------------


def test_grad_takes_floats_and_gives_floats() -> None:
    assert ag.grad(lambda x: x * x)(3.0) == 6.0
    assert type(ag.grad(lambda x: x * x)(3)) is float
    assert ag.grad(lambda x, y: x * y, argnums=(1, 0))(2.0, 5.0) == (2.0, 5.0)
    assert ag.grad(lambda x, y: x * y, argnums=-1)(2.0, 5.0) == 2.0
    assert ag.grad(lambda x, y: x * y, argnums=np.int64(1))(2.0, 5.0) == 2.0
    assert ag.grad(lambda x, y: x * y, argnums=range(2))(2.0, 5.0) == (5.0, 2.0)
    assert ag.grad(lambda x, y: x * y, argnums=[1])(2.0, 5.0) == (2.0,)
    assert ag.grad(lambda x: np.array(x * x, dtype=object))(3.0) == 6.0  # a 0-d array is a number
    assert ag.grad(lambda x, y=1.0: x * y)(2.0, y=5.0) == 5.0
    assert ag.value_and_grad(lambda x: x * x)(3.0) == (9.0, 6.0)


@pytest.mark.parametrize(
    "given_",
    [
        [2.0, 3.0],
        (2.0, 3.0),
        Point(2.0, 3.0),
        {"y": 2.0, "x": 3.0},
        {2: 2.0, "x": 3.0},
        np.array([2.0, 3.0]),
        np.array([[2, 3]]),
        [np.array([2.0]), (None, {"a": 3})],
        [np.float64(2), np.array(3.0)],
    ],
    ids=repr,
)
def test_gradients_have_the_nesting_of_the_argument(given_: Any) -> None:
    def f(tree: Any) -> Any:
        a, b = (leaf for leaf in ag.trees.flatten(tree)[0])
        return a * a * b

    found = ag.grad(f)(given_)
    assert type(found) is type(given_)
    leaves, tree = ag.trees.flatten(found)
    assert tree == ag.trees.flatten(given_)[1]
    order = [float(leaf) for leaf in ag.trees.flatten(given_)[0]]
    assert leaves == [2 * order[0] * order[1], order[0] ** 2]
    if isinstance(given_, np.ndarray):
        assert found.dtype == np.float64
        assert found.shape == given_.shape
    if isinstance(given_, dict):
        assert list(found) == list(given_)


def test_arguments_not_differentiated_pass_as_they_are() -> None:
    marker = object()

    def f(x: Any, other: Any, *, key: Any) -> Any:
        assert other is marker
        assert key is marker
        return x * 2

    assert ag.grad(f)(1.0, marker, key=marker) == 2.0


def test_has_aux() -> None:
    def f(x: Any) -> Any:
        return x * x, {"twice": 2 * x, "note": "n", "none": None}

    assert ag.grad(f, has_aux=True)(3.0) == (6.0, {"twice": 6.0, "note": "n", "none": None})
    assert ag.value_and_grad(f, has_aux=True)(3.0) == ((9.0, {"twice": 6.0, "note": "n", "none": None}), 6.0)
    assert ag.jacobian(f, has_aux=True)(3.0)[0] == 6.0
    assert ag.hessian(f, has_aux=True)(3.0) == (2.0, {"twice": 6.0, "note": "n", "none": None})
    assert ag.jvp(f, (3.0,), (1.0,), has_aux=True)[:2] == (9.0, 6.0)
    output, pullback, aux = ag.vjp(f, 3.0, has_aux=True)
    assert (output, pullback(1.0), aux["twice"]) == (9.0, (6.0,), 6.0)
    for numbers in (ag.grad(f, has_aux=True)(3.0)[1], aux, ag.jvp(f, (3.0,), (1.0,), has_aux=True)[2]):
        assert type(numbers["twice"]) is float  # a Value would be equal to it
    with pytest.raises(TypeError, match="must return a pair"):
        ag.grad(lambda x: x, has_aux=True)(1.0)


def test_every_order_of_derivative() -> None:
    def f(x: Any) -> Any:
        return math.exp(2 * x) * math.sin(x) + x**5 / (1 + x * x)

    derivative = f
    for n in range(7):
        with mpmath.workdps(60):
            truth = mpmath.diff(lambda x: mpmath.exp(2 * x) * mpmath.sin(x) + x**5 / (1 + x * x), mpmath.mpf(0.75), n)
        found = derivative(0.75)
        assert found == pytest.approx(float(truth), rel=1e-12), n
        derivative = ag.grad(derivative)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_powers_at_zero_have_every_derivative(n: int) -> None:
    # x·x at 0 has second derivative 2, and beyond the n-th all are 0 though 0·∞ stands in the formula of each.
    for power in (lambda x: x**n, lambda x: std.prod([x] * n, start=Value(1.0)), lambda x: x ** float(n)):
        derivative: Any = power
        for order in range(1, 6):
            derivative = ag.grad(derivative)
            assert derivative(0.0) == (std.factorial(n) if order == n else 0.0), order


def test_a_power_by_its_exponent_where_its_slope_ends() -> None:
    """At a base of 0 the mixed derivative is a**(b-1) * (1 + b*ln a); at a negative one there is none, of no order."""
    mixed = ag.hessian(lambda p: p[0] ** p[1])
    for exponent, slope in ((3.0, 0.0), (2.0, 0.0), (1.5, 0.0), (1.0, -std.inf), (0.5, -std.inf)):
        assert mixed([0.0, exponent])[1] == [slope, 0.0]
    by_exponent = ag.grad(lambda p: p[0] ** p[1])
    assert ag.hessian(lambda p: by_exponent(p)[1])([0.0, 2.0])[0][0] == -std.inf
    for base, exponent in ((-2.0, 3.0), (0.0, 0.0)):
        for order in (ag.grad, ag.hessian, lambda f: ag.grad(ag.hessian(f))):
            assert std.isnan(order(lambda b, base=base: base**b)(exponent))
    assert std.isnan(ag.hessian(lambda x: x**x)(0.0))


def test_rosenbrock_against_its_closed_form() -> None:
    x = [0.5, -1.25, 2.0, 0.75]
    assert np.allclose(ag.hessian(rosenbrock)(x), rosenbrock_hessian(x), rtol=1e-13, atol=0)
    assert np.allclose(ag.hessian(rosenbrock)(np.array(x)), rosenbrock_hessian(x), rtol=1e-13, atol=0)
    v = [1.0, -2.0, 0.5, 3.0]
    product = [sum(a * b for a, b in zip(row, v)) for row in rosenbrock_hessian(x)]
    assert ag.hvp(rosenbrock, (x,), (v,)) == pytest.approx(product, rel=1e-13)
    assert ag.grad(lambda x: ag.jvp(rosenbrock, (x,), (v,))[1])(x) == pytest.approx(product, rel=1e-13)
    assert ag.jvp(ag.grad(rosenbrock), (x,), (v,))[1] == pytest.approx(product, rel=1e-13)


# ---- Jacobians -------------------------------------------------------------------------------------------------------


def polar(p: Any) -> Any:
    r, t = p
    return [r * math.cos(t), r * math.sin(t), r]


def test_jacobian_in_both_shapes_agrees_with_mpmath() -> None:
    r, t = 2.0, 0.7
    tall = ag.jacobian(polar)([r, t])
    assert tall == [[std.cos(t), -r * std.sin(t)], [std.sin(t), r * std.cos(t)], [1.0, 0.0]]

    def wide(p: Any) -> Any:
        return (p[0] * p[1] * p[2], math.sin(p[0]) + p[3])

    at = [1.5, -2.0, 0.25, 3.0]
    rows = ag.jacobian(wide)(at)
    assert rows == ([-0.5, 0.375, -3.0, 0.0], [std.cos(1.5), 0.0, 0.0, 1.0])


def test_jacobian_picks_the_mode_by_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite import derivatives, sweep

    used: list[str] = []
    for module, name in ((derivatives, "reverse"), (sweep, "forward")):
        real = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, name=name, real=real: (used.append(name), real(*args))[1])
    ag.jacobian(lambda x: [x[0], x[1] * x[0], x[1]])([1.0, 2.0])
    ag.jacobian(lambda x: [x[0] * x[1], x[2]])([1.0, 2.0, 3.0])
    ag.jacobian(lambda x: x[0] * x[1])([1.0, 2.0])
    ag.jacobian(lambda x: [x[0] * x[1], x[1]])([1.0, 2.0])
    assert used == ["forward", "reverse", "reverse", "forward"]


def test_jacobian_nests_outputs_by_inputs() -> None:
    def f(a: Any, b: Any) -> Any:
        return {"s": a["w"].sum() * b, "v": a["w"] @ np.array([1.0, 2.0])}

    w = np.arange(6.0).reshape(3, 2)
    found = ag.jacobian(f, argnums=(0, 1))({"w": w}, 2.0)
    assert set(found) == {"s", "v"}
    by_w, by_b = found["s"]
    assert by_w["w"].tolist() == [[2.0, 2.0]] * 3
    assert by_b == 15.0
    by_w, by_b = found["v"]
    assert by_w["w"].shape == (3, 3, 2)
    assert by_w["w"].tolist() == np.einsum("ij,k->ijk", np.eye(3), [1.0, 2.0]).tolist()
    assert by_b.tolist() == [0.0, 0.0, 0.0]
    second = ag.hessian(lambda a: (a["w"] ** 2).sum())({"w": w})
    assert second["w"]["w"].shape == (3, 2, 3, 2)
    assert second["w"]["w"].reshape(6, 6).tolist() == (2 * np.eye(6)).tolist()


def test_jacobian_of_repeated_constant_and_input_outputs() -> None:
    def f(x: Any) -> Any:
        y = x[0] * x[1]
        return [y, y, 3.0, x[0]]

    assert ag.jacobian(f)([2.0, 5.0]) == [[5.0, 2.0], [5.0, 2.0], [0.0, 0.0], [1.0, 0.0]]
    assert ag.jacobian(lambda x: f(x)[:2])([2.0, 5.0, 1.0]) == [[5.0, 2.0, 0.0]] * 2
    assert ag.hessian(lambda x: x[0] * 2 + x[1])([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]


def test_a_matrix_has_nan_only_where_a_direction_has() -> None:
    # √ has an infinite slope at 0: it makes its own direction nan where a zero meets it, and no other, in either mode.
    def f(x: Any) -> Any:
        return [math.sqrt(x[0]) * x[1], math.where(x[0] > 0, math.sqrt(x[0]), 0.0), x[1] * 2, x[1]]

    forward = ag.jacobian(f)([0.0, 0.0])
    assert forward[1:] == [[0.0, 0.0], [0.0, 2.0], [0.0, 1.0]]
    assert std.isnan(forward[0][0])  # an infinite tangent times zero
    assert forward[0][1] == 0.0
    reverse = ag.jacobian(lambda x: f(x)[:2])([0.0, 0.0, 0.0])
    assert std.isnan(reverse[0][0])
    assert [reverse[0][1:], reverse[1]] == [[0.0, 0.0], [0.0, 0.0, 0.0]]


@pytest.mark.parametrize("row", [primitives.fsum, primitives.hypot, primitives.sumprod, primitives.prod], ids=repr)
def test_a_node_of_many_arguments_asks_once_for_its_slopes(row: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else the gradient of a sum of n numbers would take n² steps.
    calls, rule = [], row.all_slopes
    monkeypatch.setattr(row, "all_slopes", lambda *record: (calls.append(record), rule(*record))[1])
    x = [1.0 + k / 64 for k in range(50)]
    leaves = [Value(number) for number in x]
    y = row(*leaves)
    for sweep_once in (
        y.backward,
        lambda: y.local_grads,
        lambda: ag.gradient(y, leaves),
        lambda: ag.grad(lambda x: row(*x))(x),
        lambda: ag.jvp(lambda x: row(*x), (x,), (x,)),
        lambda: ag.jvp(lambda x: row(*x), (leaves,), (x,)),
    ):
        calls.clear()
        sweep_once()
        assert len(calls) == 1


def test_the_slope_of_a_constant_factor_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    products, value = [], primitives.prod.value
    monkeypatch.setattr(primitives.prod, "value", lambda *xs: (products.append(xs), value(*xs))[1])
    assert ag.grad(lambda x: math.prod([2.0, x, 3.0]))(5.0) == 6.0
    assert products == [(2.0, 5.0, 3.0), (2.0, 3.0)]


# ---- forward and reverse ---------------------------------------------------------------------------------------------

OPERATIONS = {
    "add": (lambda a, b: a + b, lambda a, b: a + b),
    "mul": (lambda a, b: a * b, lambda a, b: a * b),
    "sin": (lambda a, b: math.sin(a - b), lambda a, b: mpmath.sin(a - b)),
    "tanh": (lambda a, b: math.tanh(a + b), lambda a, b: mpmath.tanh(a + b)),
}
PROGRAMS = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(1, 6), st.integers(1, 6)), min_size=1, max_size=8
)
NUMBERS = st.lists(st.floats(-2, 2), min_size=2, max_size=2)


def compiled(program: list[tuple[str, int, int]], which: int = 0) -> Any:
    def f(inputs: Any) -> Any:
        numbers = list(inputs)
        for name, i, j in program:
            numbers.append(OPERATIONS[name][which](numbers[-min(i, len(numbers))], numbers[-min(j, len(numbers))]))
        return numbers[-1]

    return f


@given(PROGRAMS, NUMBERS, NUMBERS)
def test_modes_agree_to_the_second_order(program: Any, x: list[float], v: list[float]) -> None:
    f = compiled(program)
    scale = 1e-12 * 8.0 ** len(program)
    slope = sum(a * b for a, b in zip(ag.grad(f)(x), v))
    value, along = ag.jvp(f, (x,), (v,))
    assert value == f(x) if isinstance(value, float) else True
    assert along == pytest.approx(slope, rel=scale, abs=scale)
    h = ag.hessian(f)(x)
    assert h[0][1] == pytest.approx(h[1][0], rel=scale, abs=scale)
    product = [sum(a * b for a, b in zip(row, v)) for row in h]
    assert ag.hvp(f, (x,), (v,)) == pytest.approx(product, rel=scale, abs=scale)  # forward over reverse
    reverse_over_forward = ag.grad(lambda x: ag.jvp(f, (x,), (v,))[1])(x)
    assert reverse_over_forward == pytest.approx(product, rel=scale, abs=scale)
    forward_over_forward = ag.jvp(lambda x: ag.jvp(f, (x,), (v,))[1], (x,), (v,))[1]
    assert forward_over_forward == pytest.approx(sum(a * b for a, b in zip(product, v)), rel=scale, abs=scale)


@given(PROGRAMS, NUMBERS)
def test_hessians_agree_with_mpmath(program: Any, x: list[float]) -> None:
    h = ag.hessian(compiled(program))(x)
    with mpmath.workdps(60):
        truth = compiled(program, 1)
        for i, orders in enumerate([(2, 0), (1, 1)]):
            exact = mpmath.diff(lambda a, b: truth([a, b]), tuple(map(mpmath.mpf, x)), orders)
            assert abs(h[0][i] - exact) <= 1e-10 * (1 + abs(exact)) * 8.0 ** len(program)


def test_vjp_is_the_transpose_of_jvp() -> None:
    outputs, pullback = ag.vjp(polar, [2.0, 0.7])
    assert outputs == [2 * std.cos(0.7), 2 * std.sin(0.7), 2.0]
    u, v = [1.0, -2.0, 0.5], [3.0, 0.25]
    (back,) = pullback(u)
    _, along = ag.jvp(polar, ([2.0, 0.7],), (v,))
    assert sum(a * b for a, b in zip(back, v)) == pytest.approx(sum(a * b for a, b in zip(u, along)), rel=1e-14)
    assert pullback(u)[0] == back  # as often as one likes
    # A pullback of Values is differentiated in turn: ∂(ūᵀJ)/∂ū is Jᵀ.
    assert ag.jacobian(lambda u: pullback(u)[0])(u) == [list(row) for row in zip(*ag.jacobian(polar)([2.0, 0.7]))]


# ---- nested differentiation ------------------------------------------------------------------------------------------


def test_no_perturbation_confusion() -> None:
    d = ag.grad
    # Siskind & Pearlmutter (2005): d/dx (x · d/dy (x + y) at 1) at 1 is 1, and 2 where the two are confused.
    assert d(lambda x: x * d(lambda y: x + y)(1.0))(1.0) == 1.0
    assert d(lambda x: x * d(lambda y: x * y)(2.0))(3.0) == 6.0
    assert d(lambda x: x * d(lambda y: x * y)(x))(3.0) == 6.0
    assert d(lambda x: d(lambda y: x * y * y)(x * x))(3.0) == 6 * 9.0  # d/dx 2·x·x²
    # The same in forward mode, and in all mixtures.

    def slope(f: Any, x: Any) -> Any:
        return ag.jvp(f, (x,), (1.0,))[1]

    for outer in (lambda f, x: d(f)(x), slope):
        for inner in (lambda f, x: d(f)(x), slope):
            assert outer(lambda x, inner=inner: x * inner(lambda y: x + y, 1.0), 1.0) == 1.0
            assert outer(lambda x, inner=inner: x * inner(lambda y: x * y, x), 3.0) == 6.0
            assert outer(lambda x, inner=inner: inner(lambda y: x * y * y, x * x), 3.0) == 54.0
    # Three deep: d/dx d/dy d/dz (x·y·z)² at (2, 3, 5) = 8xyz.
    assert d(lambda x: d(lambda y: d(lambda z: (x * y * z) ** 2)(5.0))(3.0))(2.0) == 8 * 2 * 3 * 5


def test_the_amazing_bug_of_functions_that_return_functions() -> None:
    # Manzyuk, Pearlmutter, Radul, Rush & Siskind (2019): D s 0 (D s 0 exp) at 1, with s u f x = f(u + x), is e.
    def shifted(u: Any) -> Any:
        return lambda f: lambda x: f(u + x)

    def derivative_of_shift_at_zero(f: Any) -> Any:
        return lambda x: ag.jvp(lambda u: shifted(u)(f)(x), (0.0,), (1.0,))[1]

    once = derivative_of_shift_at_zero(math.exp)
    assert derivative_of_shift_at_zero(once)(1.0) == pytest.approx(std.e, rel=1e-15)


def test_a_gradient_by_gradients() -> None:
    # The derivative of a Newton step of f = x³ − a by a: x₁ = x − (x³ − a)/(3x²).
    def step(a: Any) -> Any:
        x = 2.0
        value, slope = ag.value_and_grad(lambda x: x**3 - a)(x)
        return x - value / slope

    assert ag.grad(step)(7.0) == pytest.approx(1 / 12, rel=1e-15)


def test_values_in_values_out() -> None:
    x = Value(3.0, "x")
    y = ag.grad(lambda t: t**3)(x)
    assert isinstance(y, Value)
    assert y.data == 27.0
    y.backward()
    assert x.grad == 18.0
    w = Value(2.0)
    outside = ag.grad(lambda t: w * t)(1.0)  # w is in the derivative: it comes back as a Value, with its path to w
    outside.backward()
    assert (outside.data, w.grad) == (2.0, 1.0)
    assert not isinstance(ag.grad(lambda t: t * 2)(1.0), Value)
    # A leaf that the function makes itself is its own affair.
    assert type(ag.grad(lambda t: sum((t * t, t), Value(0.0)) + Value(1.0))(1.0)) is float
    assert ag.grad(lambda t: ag.grad(lambda u: Value(2.0) * u * t)(1.0) * t)(3.0) == 12.0


def test_directions_that_are_values() -> None:
    v = Value(1.0)
    along = ag.jvp(lambda x: x * x, (3.0,), (v,))[1]
    back = ag.vjp(lambda x: x * x, 3.0)[1](v)[0]
    assert ag.gradient(along, v).data == ag.gradient(back, v).data == 6.0
    assert ag.grad(lambda t: ag.jvp(lambda x: x * x, (3.0,), (t,))[1])(1.0) == 6.0


def test_parameters_in_the_loss_of_a_derivative() -> None:
    # As a physics-informed network has it: the loss is of du/dx, its gradient by the parameters.
    a, b = Value(2.0), Value(0.5)
    slope = ag.grad(lambda x: a * math.sin(b * x))(1.0)
    ((slope - 1.0) ** 2).backward()
    s, c = std.sin(0.5), std.cos(0.5)
    residual = 2 * 0.5 * c - 1.0
    assert a.grad == pytest.approx(2 * residual * 0.5 * c, rel=1e-14)
    assert b.grad == pytest.approx(2 * residual * 2.0 * (c - 0.5 * s), rel=1e-14)


def test_inner_derivatives_stop_at_their_inputs() -> None:
    # The past of an argument is not swept again: a chain of n inner gradients takes n steps, not n².
    x: Any = Value(1.0)
    swept = 0
    real = ag.derivatives.operations

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal swept
        order = real(*args, **kwargs)
        swept += len(order)
        return order

    ag.derivatives.operations = counting  # type: ignore[assignment]
    try:
        for _ in range(200):
            x = ag.grad(lambda t: t * t * 0.5)(x)
    finally:
        ag.derivatives.operations = real
    assert swept <= 200 * 5
    x.backward()
    assert x.data == 1.0


def test_where_with_a_bad_branch() -> None:
    with errstate(invalid="ignore"):
        root = lambda x: math.where(x > 0, math.sqrt(x), 0)
        assert [ag.grad(root)(x) for x in (-1.0, 0.0, 4.0)] == [0.0, 0.0, 0.25]
        assert [ag.jvp(root, (x,), (1.0,))[1] for x in (-1.0, 0.0, 4.0)] == [0.0, 0.0, 0.25]
        assert [ag.grad(ag.grad(root))(x) for x in (-1.0, 0.0, 4.0)] == [0.0, 0.0, -1 / 32]
        sinc = lambda x: math.where(x == 0, 1, math.sin(x) / x)
        assert [ag.grad(sinc)(0.0), ag.grad(ag.grad(sinc))(0.0), ag.jvp(sinc, (0.0,), (1.0,))[1]] == [0.0] * 3


# ---- of a recorded graph ---------------------------------------------------------------------------------------------


def test_gradient_of_a_recorded_graph() -> None:
    x, y = Value(3.0, "x"), Value(2.0, "y")
    inner = x * y
    z = inner * inner + math.sin(y)
    found = ag.gradient(z, {"x": x, "rest": [y, inner]})
    assert found["x"].data == 2 * 6 * 2
    assert found["rest"][1].data == 12.0
    assert found["rest"][0].data == pytest.approx(2 * 6 * 3 + std.cos(2.0), rel=1e-15)
    assert not x.reached
    assert ag.gradient(ag.gradient(z, x), y).data == 4 * 6  # d/dy 2xy²
    assert ag.gradient(z, z).data == 1.0
    assert ag.gradient(z, Value(1.0)).data == 0.0
    assert ag.gradient(z, x, seed=0.5).data == 12.0
    with pytest.raises(TypeError, match=r"expected a Value to differentiate, got float 3.0"):
        ag.gradient(3.0, x)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"wrt\[1\] is str 'y'"):
        ag.gradient(z, [x, "y"])


def test_a_slope_of_one_adds_no_node() -> None:
    x, y = Value(3.0), Value(2.0)
    inner = x + 1.0
    by_x, by_inner = ag.gradient(inner * y, [x, inner])
    assert by_x is by_inner


def test_what_was_not_chosen_absorbs_an_infinite_adjoint() -> None:
    # √ passes back inf at 0; what relu and where did not choose has no influence, in floats and in Values.
    for choose in (math.relu, lambda x: math.where(x > 0, x, 0), lambda x: math.maximum(x, 0.0)):
        f = lambda x, choose=choose: math.sqrt(choose(x))
        x = Value(-1.0)
        assert ag.gradient(f(x), x).data == ag.grad(f)(-1.0) == ag.jvp(f, (x,), (Value(1.0),))[1].data == 0.0
        assert ag.grad(ag.grad(f))(-1.0) == ag.hessian(f)(-1.0) == 0.0
    x = Value(0.0)
    assert ag.gradient(math.sqrt(ag.stop_gradient(x)), x).data == 0.0


def test_gradient_is_taken_at_the_recorded_numbers() -> None:
    x = Value(3.0)
    z = x * x * x
    x.data = 100.0
    first = ag.gradient(z, x)
    assert first.data == 27.0
    assert ag.gradient(first, x).data == 18.0
    z.backward()
    assert x.grad == 27.0


def test_a_long_chain_of_values() -> None:
    x = Value(1.0)
    y = x
    for _ in range(50_000):
        y = y * 1.0 + 0.0
    assert ag.gradient(y, x).data == 1.0
    assert ag.jvp(lambda x: sum((x for _ in range(20_000)), Value(0.0)), (1.0,), (1.0,)) == (20_000.0, 20_000.0)


def test_infinite_slopes_are_answers_not_events() -> None:
    x = Value(0.0)
    with errstate(all="raise"):
        assert ag.gradient(math.sqrt(x), x).data == std.inf
        assert ag.grad(math.cbrt)(0.0) == std.inf
        quotient = Value(1.0, "a")
        with errstate(divide="ignore"):
            z = quotient / 0.0
        assert ag.gradient(z, quotient).data == std.inf
        assert ag.jvp(math.sqrt, (Value(0.0),), (Value(1.0),))[1].data == std.inf


# ---- stop_gradient, no_grad ------------------------------------------------------------------------------------------


def test_stop_gradient() -> None:
    assert ag.grad(lambda x: ag.stop_gradient(x) * x)(3.0) == 3.0
    assert ag.jvp(lambda x: ag.stop_gradient(x) * x, (3.0,), (1.0,)) == (9.0, 3.0)
    assert ag.grad(ag.grad(lambda x: ag.stop_gradient(x * x) * x))(3.0) == 0.0
    stopped = ag.stop_gradient([Value(1.0), (2.0, None)])
    assert (stopped[0].data, stopped[1]) == (1.0, (2.0, None))
    inf = Value(0.0)
    (ag.stop_gradient(math.sqrt(inf)) * 2).backward()  # 0 · inf
    assert inf.grad == 0.0


def test_derivatives_inside_no_grad() -> None:
    w = Value(2.0)
    with ag.no_grad():
        assert ag.grad(lambda x: x * x)(3.0) == 6.0
        assert ag.grad(lambda x: w * x * x)(3.0) == 12.0  # a plain number: nothing is recorded here
        assert ag.hessian(lambda x: w * x * x)(Value(3.0)) == 4.0
        assert ag.gradient(Value(1.0), w).data == 0.0
        assert (w * w).parents == ()

    def f(x: Any) -> Any:
        with ag.no_grad():
            frozen = x * x
        return frozen * x

    assert ag.grad(f)(3.0) == 9.0


# ---- constants -------------------------------------------------------------------------------------------------------


def hinge(w: Any) -> Any:
    return max(0, 1 - w)


@pytest.mark.parametrize(
    ("fn", "inside", "slope", "curvature", "beyond"),
    [
        (hinge, 0.5, -1.0, 0.0, 2.0),
        (lambda x: x if x > 0 else 0.0, 3.0, 1.0, 0.0, -3.0),
        (lambda x: min(x * x, Fraction(1, 2)), 0.5, 1.0, 2.0, 2.0),
        (lambda x: 2 * x if x < 1 else np.float32(2), 0.5, 2.0, 0.0, 2.0),
        (lambda x: x if x < 1 else True, 0.5, 1.0, 0.0, 2.0),
        (lambda x: 3 * x if x < 1 else np.array(3), 0.5, 3.0, 0.0, 2.0),
        (lambda x: np.clip(np.array([x, 2 * x]), -1.0, 1.0).sum(), 0.25, 3.0, 0.0, 2.0),
        (lambda x: np.maximum(np.array([x, 1.0]), 1.0)[0], 2.0, 1.0, 0.0, 0.5),
    ],
)
def test_a_branch_that_is_a_constant_has_derivative_zero(
    fn: Callable[[Any], Any], inside: float, slope: float, curvature: float, beyond: float
) -> None:
    compiled = ag.compile(fn)
    for grad, jacobian, hessian in (
        (ag.grad(fn), ag.jacobian(fn), ag.hessian(fn)),
        (compiled.grad, compiled.jacobian, compiled.hessian),
    ):
        assert (grad(inside), jacobian(inside), hessian(inside)) == (slope, slope, curvature)
        assert (grad(beyond), jacobian(beyond), hessian(beyond)) == (0.0, 0.0, 0.0)
        assert type(grad(beyond)) is float
    assert compiled(beyond) == float(fn(beyond))
    assert ag.value_and_grad(fn)(beyond) == (float(fn(beyond)), 0.0)
    assert ag.jvp(fn, (beyond,), (1.0,)) == (float(fn(beyond)), 0.0)
    assert ag.vjp(fn, beyond)[1](1.0) == (0.0,)
    assert ag.hvp(fn, (beyond,), (1.0,)) == 0.0
    assert ag.grad(lambda x: x * ag.grad(fn)(x))(beyond) == 0.0
    assert ag.grad(lambda x: ag.value_and_grad(fn)(x)[0] * x)(beyond) == float(fn(beyond))
    assert ag.grad(lambda x: (fn(x), x), has_aux=True)(beyond) == (0.0, beyond)
    assert isinstance(ag.grad(fn)(Value(beyond)), Value)
    rows = ag.compile(lambda x, scale: fn(x) * scale, in_axes=(0, None))
    assert rows.grad(np.array([inside, beyond, inside]), 2.0).tolist() == [2 * slope, 0.0, 2 * slope]
    alone = ag.compile(fn, in_axes=0)
    assert alone.grad(np.array([beyond, beyond])).tolist() == [0.0, 0.0]
    assert alone.hessian(np.array([beyond])).tolist() == [0.0]


def test_outputs_of_which_some_are_constants() -> None:
    def f(x: Any) -> Any:
        return {"a": [1, x * x], "b": np.array([x, 2.0], dtype=object), "c": np.ones((2, 2))}

    found = ag.jacobian(f)(3.0)
    assert found["a"] == [0.0, 6.0]
    assert found["b"].tolist() == [1.0, 0.0]
    assert found["c"].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert ag.jacobian(lambda x: np.zeros(2))(np.ones(3)).tolist() == np.zeros((2, 3)).tolist()
    compiled = ag.compile(f).jacobian(3.0)
    assert (compiled["a"], compiled["b"].tolist(), compiled["c"].tolist()) == ([0.0, 6.0], [1.0, 0.0], [[0.0] * 2] * 2)


def test_what_is_no_constant_of_an_outer_derivative_is_a_value() -> None:
    # Each inner output has no path from the inner input; to the outer one it has.
    assert ag.grad(lambda w: ag.value_and_grad(lambda x: w * w)(1.0)[0])(3.0) == 6.0
    assert ag.grad(lambda w: ag.jvp(lambda x: w, (1.0,), (1.0,))[0])(3.0) == 1.0
    assert ag.grad(lambda w: ag.vjp(lambda x: [w, x], 1.0)[0][0])(3.0) == 1.0
    assert ag.grad(lambda w: ag.value_and_grad(lambda x: (x * x, w * 5), has_aux=True)(2.0)[0][1])(3.0) == 5.0
    assert ag.grad(lambda w: ag.grad(lambda x: (1.0, {"a": w * 5}), has_aux=True)(2.0)[1]["a"])(3.0) == 5.0
    assert ag.grad(lambda w: ag.vjp(lambda x: (x, w), 2.0, has_aux=True)[2])(3.0) == 1.0


def test_hinge_losses_under_scipy() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    x, y = np.array([[1.0, 2.0], [-1.0, -1.0], [3.0, 1.0]]), np.array([1.0, -1.0, 1.0])

    def loss(w: Any) -> Any:
        return sum(max(0, 1 - t * (w @ row)) for row, t in zip(x, y))

    for fun in (ag.value_and_grad(loss), ag.compile(loss).value_and_grad):
        found = optimize.minimize(fun, np.zeros(2), jac=True, method="CG")
        assert found.fun == 0.0  # the rows are separable; at the end every branch is the constant 0
        assert fun(found.x)[1].tolist() == [0.0, 0.0]


# ---- copies ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    w: Any
    rest: Any = ()


COPIES: dict[str, Any] = {
    "copy": lambda x: copy.copy(x) * 2.0,
    "the copy itself": copy.copy,
    "deepcopy": lambda x: copy.deepcopy(x) ** 2,
    "of an inner node": lambda x: copy.deepcopy(x * x) * x,
    "of copies": lambda x: copy.copy(copy.deepcopy(copy.copy(x))) ** 3,
    "of a list": lambda x: math.prod(copy.deepcopy([x, x, 3.0])),
    "of a dict": lambda x: copy.deepcopy({"a": (x, 1.0)})["a"][0] / 2,
    "of an array": lambda x: copy.deepcopy(np.array([x, x * x], dtype=object)).sum(),
    "np.copy": lambda x: np.copy(np.array([x, 1.0], dtype=object))[0] * 4,
    "array.copy": lambda x: np.array([x, x], dtype=object).copy().prod(),
    "of a dataclass": lambda x: copy.deepcopy(Layer(x, [x])).rest[0] * x,
    "shallow, of a dataclass": lambda x: copy.copy(Layer(x)).w * 7,
}
TRUTHS = {
    "copy": (2.0, 0.0), "the copy itself": (1.0, 0.0), "deepcopy": (2.5, 2.0), "of an inner node": (4.6875, 7.5),
    "of copies": (4.6875, 7.5), "of a list": (7.5, 6.0), "of a dict": (0.5, 0.0), "of an array": (3.5, 2.0),
    "np.copy": (4.0, 0.0), "array.copy": (2.5, 2.0), "of a dataclass": (2.5, 2.0),
    "shallow, of a dataclass": (7.0, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_copies_inside_a_derivative_keep_the_path(name: str) -> None:
    fn, (slope, curvature) = COPIES[name], TRUTHS[name]
    compiled = ag.compile(fn)
    assert [ag.grad(fn)(1.25), compiled.grad(1.25), ag.jvp(fn, (1.25,), (1.0,))[1]] == [slope] * 3
    assert [ag.grad(ag.grad(fn))(1.25), ag.hessian(fn)(1.25), compiled.hessian(1.25)] == [curvature] * 3
    assert ag.grad(fn)(Value(1.25)).data == slope
    assert ag.grad(lambda p: fn(copy.deepcopy(p)["w"]))({"w": 1.25}) == {"w": slope}


@pytest.mark.parametrize(
    "pickled", [lambda x: pickle.loads(pickle.dumps(x)), lambda x: pickle._loads(pickle._dumps(x))]
)  # type: ignore[attr-defined]
def test_a_pickle_inside_a_derivative_is_refused(pickled: Any) -> None:
    for fn in (lambda x: pickled(x), lambda x: pickled([x * 2])[0], lambda x: pickled(Layer(x)).w):
        with pytest.raises(TypeError, match=r"drop its gradient.*copy\.deepcopy.*\.data"):
            ag.grad(fn)(2.0)
        with pytest.raises(TypeError, match=r"cannot be pickled.*copy\.deepcopy"):
            ag.compile(fn).grad(2.0)
    with ag.no_grad():
        x = Value(1.0)
        assert pickled(x).data == 1.0


def test_a_parameter_from_outside_is_copied_as_it_is_elsewhere() -> None:
    w = Value(2.0, "w")
    assert ag.grad(lambda x: copy.deepcopy(w) * x * x)(3.0) == 12.0
    assert ag.grad(lambda u: ag.grad(lambda x: copy.deepcopy(u) * x * x)(1.5))(2.0) == 3.0  # u is the outer one's own
    with pytest.raises(TypeError, match="baked in"):
        ag.compile(lambda x: copy.copy(w) * x)(3.0)
    f = copy.deepcopy(w * w)
    f.backward()
    assert w.grad == 0.0


def test_a_copy_of_a_subclass_inside_a_derivative_keeps_class_and_attributes() -> None:
    class Named(Value):
        tags: list[str]

    def f(x: Any) -> Any:
        p = Named(1.0, "p")
        p.tags = ["a"]
        q = copy.deepcopy(p)
        assert (type(q), q.tags, q.label, q.parents) == (Named, ["a"], "p", (p,))
        assert q.tags is not p.tags
        return q * x

    assert ag.grad(f)(3.0) == 1.0


# ---- dataclasses, named tuples, registered classes -------------------------------------------------------------------


@dataclass(frozen=True)
class Model:
    weights: Any
    bias: float
    kind: str = field(default="linear", metadata={"static": True})

    def __post_init__(self) -> None:
        if isinstance(self.bias, float) and self.bias < 0.0:
            raise ValueError("a bias is at least 0")

    def __call__(self, x: Any) -> Any:
        z = sum(w * v for w, v in zip(self.weights, x)) + self.bias
        return math.tanh(z) if self.kind == "tanh" else z * z


class Interval:
    def __init__(self, low: Any, high: Any, name: str) -> None:
        self.low, self.high, self.name = low, high, name


ag.register_pytree_node(Interval, lambda i: ((i.low, i.high), i.name), lambda name, ends: Interval(*ends, name))


def test_dataclasses_as_arguments() -> None:
    model, x = Model([2.0, -3.0], 0.5), [1.0, 4.0]
    z = 2.0 - 12.0 + 0.5

    def f(m: Any, x: Any) -> Any:
        return m(x)

    for found in (ag.grad(f)(model, x), ag.compile(f).grad(model, x)):
        assert (type(found), found.weights, found.bias, found.kind) == (Model, [2 * z, 8 * z], 2 * z, "linear")
    by_both = ag.grad(f, argnums=(0, 1))(model, x)
    assert by_both[1] == ag.compile(f, argnums=(0, 1)).grad(model, x)[1] == [4 * z, -6 * z]
    second = ag.hessian(f)(model, x)
    assert (second.weights[1].weights, second.bias.bias) == ([8.0, 32.0], 2.0)
    product = ag.hvp(lambda m: m(x), (model,), (Model([0.0, 0.0], 1.0),))
    assert (product.weights, product.bias) == ([2.0, 8.0], 2.0)
    assert ag.jvp(lambda m: m(x), (model,), (Model([0.0, 1.0], 0.0),)) == (z * z, 8 * z)
    assert ag.vjp(lambda m: m, model)[1](Model([1.0, 2.0], 3.0)) == (Model([1.0, 2.0], 3.0),)
    with pytest.raises(ValueError, match="nested as the primals are"):
        ag.jvp(lambda m: m(x), (model,), (Model([0.0, 1.0], 0.0, "tanh"),))
    with pytest.raises(TypeError, match=r"argument 0\.weights\[1\] of .*got str 'a'"):
        ag.grad(f)(Model([1.0, "a"], 0.0), x)
    curved = Model([0.1, 0.0], 0.0, "tanh")  # of another static field: another trace
    for grad in (ag.grad(f), ag.compile(f).grad):
        assert grad(curved, x).bias == pytest.approx(1 / std.cosh(0.1) ** 2, rel=1e-15)


def test_a_dataclass_computes_what_its_constructor_does() -> None:
    @dataclass
    class Box:
        width: Any
        height: Any
        area: Any = field(init=False)

        def __post_init__(self) -> None:
            self.area = self.width * self.height

    assert ag.grad(lambda b: b.area * b.width)(Box(2.0, 3.0)).height == 4.0
    assert ag.grad(lambda b: b.area * b.width)(Box(2.0, 3.0)).width == 12.0

    @dataclass
    class Rounded:
        x: Any

        def __post_init__(self) -> None:
            self.x = float(self.x)

    with pytest.raises(TypeError, match="drop its gradient"):
        ag.grad(lambda r: r.x)(Rounded(2.0))


def test_registered_classes_and_named_tuples_as_arguments() -> None:
    def width(i: Any, p: Any) -> Any:
        return (i.high - i.low) ** 2 * p.x

    interval, point = Interval(1.0, np.array([3.0, 4.0]), "i"), Point(2.0, 0.0)

    def total(i: Any, p: Any) -> Any:
        return width(i, p).sum()

    for grad in (ag.grad(total, argnums=(0, 1)), ag.compile(total, argnums=(0, 1)).grad):
        found, by_point = grad(interval, point)
        assert (type(found), found.low, found.high.tolist(), found.name) == (Interval, -20.0, [8.0, 12.0], "i")
        assert by_point == Point(13.0, 0.0)
    both = ag.jacobian(lambda x: Interval(x, Point(x * x, 2.0), "j"))(3.0)
    assert (both.low, both.high, both.name) == (1.0, Point(6.0, 0.0), "j")
    with pytest.raises(TypeError, match="expected a class, got str 'Interval'"):
        ag.register_pytree_node("Interval", lambda i: ((), None), lambda aux, ends: None)  # type: ignore[arg-type]


def test_a_0d_array_is_its_number() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]])

    def f(a: Any) -> Any:
        return np.tensordot(a, a, 2)

    assert ag.grad(f)(a).tolist() == (2 * a).tolist()
    assert ag.jacobian(f)(a).tolist() == (2 * a).tolist()
    assert ag.hessian(lambda a: {"y": f(a)})(a)["y"][0, 1].tolist() == [[0.0, 2.0], [0.0, 0.0]]
    assert ag.jvp(f, (a,), (np.ones((2, 2)),)) == (30.0, 20.0)
    assert ag.vjp(lambda a: (f(a), 1), a)[1]((1.0, 0.0))[0].tolist() == (2 * a).tolist()
    compiled = ag.compile(lambda a: [f(a), f(a)])
    assert compiled(a) == [30.0, 30.0]
    assert ag.compile(f).grad(a).tolist() == ag.compile(f).jacobian(a).tolist() == (2 * a).tolist()
    assert ag.compile(f, in_axes=0)(np.array([a, 2 * a])).tolist() == [30.0, 120.0]
    x = Value(3.0)
    assert ag.gradient(x * x, [np.array(x, dtype=object)])[0].data == 6.0


# ---- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operator", [ag.grad, ag.value_and_grad, ag.jacobian, ag.hessian])
@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (lambda x: None, ["<lambda> returned None", "return statement"]),
        (lambda x: "2", ["str '2'", "float('2')"]),
        (lambda x: [], ["<lambda> returned []", "no number"]),
        (lambda x: {"a": None}, ["<lambda> returned {'a': None}", "no number"]),
        (lambda x: 2j, ["complex 2j"]),
        (lambda x: Decimal(2), ["Decimal", "float("]),
        (lambda x: np.array("2"), ["str_", "'2'"]),
    ],
)
def test_a_function_that_returns_no_number(operator: Any, fn: Any, words: list[str]) -> None:
    with pytest.raises(TypeError) as caught:
        operator(fn)(2.0)
    message = str(caught.value)
    assert message.startswith(operator.__name__ + ": ")
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_a_gradient_of_several_outputs_is_refused() -> None:
    with pytest.raises(TypeError, match=r"grad: <lambda> returned 2 numbers, \[\*, \*\].*use jacobian"):
        ag.grad(lambda x: [x, x])(1.0)
    with pytest.raises(TypeError, match=r"returned 1 number, \[\*\].*return that number itself"):
        ag.grad(lambda x: [x])(1.0)
    with pytest.raises(TypeError, match=r"returned 1000 numbers, \[[^]]*… of 1000 numbers: a gradient"):
        ag.grad(lambda x: [x] * 1000)(1.0)
    with pytest.raises(TypeError, match=r"jacobian: what <lambda> returned\['b'\]\[1\]: .*got str 's'"):
        ag.jacobian(lambda x: {"a": x, "b": [x, "s"]})(1.0)


@pytest.mark.parametrize("operator", [ag.grad, ag.value_and_grad, ag.jacobian, ag.hessian])
@pytest.mark.parametrize(
    ("argnums", "error", "words"),
    [
        (2, ValueError, "no argument 2 to differentiate by: 2 positional arguments were given"),
        (-3, ValueError, "no argument -3"),
        ((0, 5), ValueError, "no argument 5"),
        ((0, -2), ValueError, r"\(0, -2\) name an argument twice"),
        ((), ValueError, "empty"),
        ("x", TypeError, "an int or a tuple of ints, not str 'x'"),
        (1.0, TypeError, "not float 1.0"),
        (True, TypeError, "not bool True"),
        ((0, None), TypeError, r"not tuple \(0, None\)"),
    ],
)
def test_wrong_argnums(operator: Any, argnums: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words) as caught:
        operator(lambda x, y: x * y, argnums)(1.0, 2.0)
    assert str(caught.value).startswith(operator.__name__)


def test_what_is_no_number_is_named_by_its_place() -> None:
    def f(p: Any) -> Any:
        return p["w"][0]

    with pytest.raises(TypeError, match=r"grad: argument 0\['w'\]\[1\] of f: expected a real number, got str 'a'"):
        ag.grad(f)({"w": [1.0, "a"]})
    with pytest.raises(TypeError, match=r"argument 1\[1, 0\] of <lambda>.*complex"):
        ag.grad(lambda a, b: a, argnums=1)(1.0, np.array([[1.0], [1j]], dtype=object))
    with pytest.raises(TypeError, match=r"grad: expected a function, got float 1\.0"):
        ag.grad(1.0)  # type: ignore[arg-type]


def test_wrong_tangents_and_cotangents() -> None:
    with pytest.raises(
        ValueError, match=r"jvp: the tangents must be nested as the primals are, \(\[\*, \*\],\), not as"
    ):
        ag.jvp(lambda x: x[0], ([1.0, 2.0],), ([1.0],))
    with pytest.raises(TypeError, match="jvp: the primals are a tuple with one entry an argument, not float"):
        ag.jvp(lambda x: x, 1.0, 1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"jvp: the tangents\[0\]\['b'\]: expected a real number, got str 'a'"):
        ag.jvp(lambda p: p["b"], ({"b": 1.0},), ({"b": "a"},))
    with pytest.raises(TypeError, match=r"vjp: the cotangents\[1\]: expected a real number, got complex"):
        ag.vjp(lambda x: [x, x], 1.0)[1]([1.0, 1j])
    with pytest.raises(TypeError, match=r"hvp: the primals are a tuple with one entry an argument, not float 2\.0"):
        ag.hvp(lambda x: x, 2.0, 1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="hvp: the tangents"):
        ag.hvp(lambda x: x, (1.0,), (1.0, 2.0))
    with pytest.raises(ValueError, match="vjp: the cotangents must be nested as the outputs are"):
        ag.vjp(lambda x: [x, x], 1.0)[1](1.0)
    assert ag.jvp(lambda p: p["a"] * p["b"], ({"a": 2.0, "b": 3.0},), ({"b": 1.0, "a": 0.0},)) == (6.0, 2.0)


def test_an_exception_in_the_function_leaves_all_clean() -> None:
    def f(x: Any) -> Any:
        raise KeyError("mine")

    with ag.no_grad(), pytest.raises(KeyError):
        ag.grad(f)(1.0)
    assert ag.recording.is_recording()
    assert ag.recording.open_scopes == []


def test_derived_functions_know_their_names() -> None:
    def f(x: Any) -> Any:
        """Squares."""
        return x * x

    assert ag.grad(f).__name__ == "grad(f)"
    assert ag.hessian(f).__name__ == "hessian(hessian(f))" or ag.hessian(f).__name__ == "hessian(f)"
    assert "Squares." in str(ag.grad(f).__doc__)


# ---- operations of the user's own ------------------------------------------------------------------------------------

cube = ag.custom(lambda x: x**3, lambda y, x: 3 * x * x, name="cube", symbol="x³")


@ag.custom(derivatives=[lambda y, a, b: math.cos(a) * b, lambda y, a, b: math.sin(a)])
def sin_times(a: float, b: float) -> float:
    """sin(a)·b, in one node."""
    return std.sin(a) * b


def test_a_custom_operation_is_one_node() -> None:
    x = Value(2.0, "x")
    y = cube(x)
    assert (y.data, y.op, y.parents, y.local_grads) == (8.0, cube, (x,), (12.0,))
    y.backward()
    assert x.grad == 12.0
    assert cube(2) == 8.0
    assert type(cube(2)) is float
    assert (ag.grad(cube)(2.0), ag.grad(ag.grad(cube))(2.0), ag.grad(ag.grad(ag.grad(cube)))(2.0)) == (12.0, 12.0, 6.0)
    assert ag.jvp(cube, (2.0,), (1.0,)) == (8.0, 12.0)
    assert (repr(cube), cube.symbol) == ("cube", "x³")


def test_a_decorated_custom_operation() -> None:
    x = 0.7, 3.0
    assert ag.grad(sin_times, (0, 1))(*x) == (std.cos(0.7) * 3.0, std.sin(0.7))
    assert ag.hessian(sin_times, (0, 1))(*x)[0][1] == ag.hessian(sin_times, (0, 1))(*x)[1][0] == std.cos(0.7)
    with mpmath.workdps(30):
        truth = mpmath.diff(lambda a: mpmath.sin(a) * 3, 0.7, 3)
    third = ag.grad(ag.grad(ag.grad(sin_times)))(*x)
    assert third == pytest.approx(float(truth), rel=1e-14)
    assert repr(sin_times) == sin_times.__name__ == "sin_times"
    assert sin_times.__doc__ == "sin(a)·b, in one node."
    assert list(inspect.signature(sin_times).parameters) == ["a", "b"]
    assert ag.grad(sin_times).__name__ == "grad(sin_times)"


def test_custom_operations_copy_and_pickle_by_name() -> None:
    f = cube(Value(2.0)) * sin_times(Value(1.0), 2.0)
    for g in (copy.deepcopy(f), pickle.loads(pickle.dumps(f))):
        assert [parent.op for parent in g.parents] == [cube, sin_times]
        g.backward()
    assert pickle.loads(pickle.dumps(cube)) is cube
    local = ag.custom(lambda x: x, lambda y, x: 1.0)
    with pytest.raises(pickle.PicklingError, match="no global name"):
        pickle.dumps(local(Value(1.0)))
    assert copy.deepcopy({"f": local})["f"] is local


def test_an_exception_inside_a_custom_rule() -> None:
    def forward(x: float) -> float:
        if x < 0:
            raise ValueError("mine: negative")
        return std.sqrt(x)

    def rule(y: Any, x: Any) -> Any:
        if x > 100:
            raise KeyError("mine: large")
        return 0.5 / y

    root = ag.custom(forward, rule)
    x = Value(4.0)
    with pytest.raises(ValueError, match="mine: negative"):  # no IEEE 754 event of ours, and no nan
        root(Value(-1.0))
    with pytest.raises(ValueError, match="mine: negative"):
        root(-1.0)
    f = root(x) * root(Value(121.0))
    with pytest.raises(KeyError, match="mine: large"):
        f.backward()
    assert not x.reached
    with pytest.raises(KeyError, match="mine: large"):
        ag.grad(lambda x: root(x))(121.0)
    assert ag.recording.open_scopes == []
    root(x).backward()
    assert x.grad == 0.25
    assert root(Value(0.0)).local_grads == (std.inf,)  # a rule's own division by zero is IEEE 754's


def test_a_custom_operation_of_any_number_of_arguments_has_those_listed() -> None:
    spread = ag.custom(
        lambda *xs: max(xs) - min(xs) + sum(xs),
        lambda y, a, b, c: 1 + (a >= math.maximum(b, c)) - (a <= math.minimum(b, c)),
        lambda y, *xs: 1.0,
        None,
        name="spread",
    )
    assert ag.grad(spread, argnums=(0, 1, 2))(5.0, 2.0, 1.0) == (2.0, 1.0, 0.0)
    scaled = ag.custom(lambda a, *xs: a * sum(xs), lambda y, a, b, c: b + c, *[lambda y, a, b, c: a] * 2)
    assert ag.grad(scaled, argnums=(0, 1, 2))(5.0, 2.0, 1.0) == (3.0, 5.0, 5.0)
    assert ag.hessian(lambda p: scaled(*p))([5.0, 2.0, 1.0]) == [[0.0, 1.0, 1.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0]]
    assert ag.compile(scaled).grad(5.0, 2.0, 1.0) == 3.0


def test_custom_operations_that_are_wrong() -> None:
    with pytest.raises(TypeError, match="takes 2 arguments and has 1 local derivative: give one an argument"):
        ag.custom(lambda a, b: a * b, lambda y, a, b: b)
    with pytest.raises(TypeError, match="any number of arguments"):
        ag.custom(lambda *xs: sum(xs))
    with pytest.raises(TypeError, match="any number of arguments"):
        ag.custom(lambda a, b, *xs: sum(xs), lambda y, a: 1.0)
    total = ag.custom(lambda *xs: sum(xs), lambda y, a, b: 1.0, lambda y, a, b: 1.0, name="total")
    with pytest.raises(TypeError, match="total takes 2 arguments, one for each of its local derivatives, not 3"):
        total(1.0, 2.0, 3.0)
    with pytest.raises(TypeError, match="custom: expected a function, got int 3"):
        ag.custom(3)
    with pytest.raises(TypeError, match="cube takes 1 argument, one for each of its local derivatives, not 2"):
        cube(1.0, 2.0)
    with pytest.raises(TypeError, match="custom must return a number: expected a real number, got str"):
        ag.custom(lambda x: "no", lambda y, x: 1.0)(Value(1.0))
    with pytest.raises(TypeError, match=r"local derivative 0 of custom must return a number.*NoneType None"):
        ag.custom(lambda x: x, lambda y, x: None)(Value(1.0)).backward()
    with pytest.raises(TypeError, match=r"float\('2'\)"):
        cube("2")
    with pytest.raises(TypeError, match=r"local derivative 1 of mul is a function .*or None, not float 1\.0"):
        ag.custom(lambda a, b: a * b, lambda y, a, b: b, 1.0, name="mul")  # type: ignore[arg-type]
    half = ag.custom(lambda x, n: x * n, lambda y, x, n: n, None)
    assert ag.grad(half, (0, 1))(2.0, 3.0) == (3.0, 0.0)


def test_a_custom_operation_of_integers_and_numpy_numbers() -> None:
    f = ag.custom(lambda x: np.float64(x) * 2, lambda y, x: 2)
    assert type(f(1)) is float
    assert f(Value(3)).data == 6.0
    assert ag.grad(f)(3) == 2.0
    assert ag.grad(ag.grad(f))(3) == 0.0


def test_builtins_serve_as_custom_functions() -> None:
    f = ag.custom(std.sin, lambda y, x: math.cos(x))
    assert ag.grad(f)(0.5) == std.cos(0.5)
    assert repr(f) == "sin"
    assert f is not primitives.sin


# ---- threads ---------------------------------------------------------------------------------------------------------


def test_threads_differentiate_on_their_own() -> None:
    results: dict[int, Any] = {}

    def work(k: int) -> None:
        for _ in range(20):
            results[k] = ag.hessian(rosenbrock)([0.5 * k, -1.25, 2.0])

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k in range(4):
        assert np.allclose(results[k], rosenbrock_hessian([0.5 * k, -1.25, 2.0]), rtol=1e-13, atol=0)
