"""Loops in programs: random ones mean compiled what they mean eagerly, in every mode and order; the oracles are the
eager loop, `jax.lax`, and closed forms.
"""

from __future__ import annotations

import pickle
import signal
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import math, primitives
from autograd_lite.compiler import Program

# ---- random loops ----------------------------------------------------------------------------------------------------

OPERATIONS: dict[str, Callable[..., Any]] = {
    "add": lambda a, b: a + b,
    "mul": lambda a, b: a * b,
    "sin": lambda a, b: math.sin(a),
    "sqrt": lambda a, b: math.sqrt(a),  # nan and infinite slopes
    "div": lambda a, b: primitives.div(a, b),  # floats as IEEE 754 has them
    "maximum": lambda a, b: math.maximum(a, b),
    "relu": lambda a, b: math.relu(a),
    "where": lambda a, b: math.where(a > b, a, b * b),
    "sqrt or not": lambda a, b: math.where(a > 0, math.sqrt(a), b),
    "floor": lambda a, b: primitives.floor(a) + 0.0 * b,
    "loop": lambda a, b: ag.scan(lambda c, x: (c * x + b, None), a, [0.5, b, -1.5])[0],
    "loop of choices": lambda a, b: ag.scan(lambda c, x: (math.where(c > b, x, c * c), c), a, [0.5, b])[1][1],
    "while": lambda a, b: ag.while_loop(lambda v: v[0] < 3.0, lambda v: (v[0] + 1.0, v[1] * b), (a, b))[1],
}
steps = st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 9), st.integers(0, 9))
numbers = st.sampled_from([0.0, 1.0, -0.5, 0.25, 2.0, -2.0, 0.7])


@st.composite
def loops(draw: Any) -> Callable[..., Any]:
    """A function of two numbers with a scan of a random body in it."""
    body = draw(st.lists(steps, min_size=1, max_size=6))
    carry, new, made = draw(st.lists(numbers, max_size=1)), draw(st.lists(st.integers(0, 9), min_size=3)), draw(steps)
    xs = draw(st.lists(numbers, max_size=4))
    reverse, dead = draw(st.booleans()), draw(st.booleans())
    used = draw(st.lists(st.integers(0, 4), max_size=3))

    def f(a: Any, b: Any) -> Any:
        def step(state: Any, x: Any) -> Any:
            values = [*state, x, a, math.cos(b), 1.5]
            for name, i, j in body:
                values.append(OPERATIONS[name](values[i % len(values)], values[j % len(values)]))
            return tuple(values[k % len(values)] for k in new[: len(state)]), (values[made[1] % len(values)], state[0])

        first = (a, b, carry[0] if carry else 0.5)
        last, outputs = ag.scan(step, first, xs, reverse=reverse)
        if not xs:
            return last[0] * b + last[1]
        total = 0.0 if dead else last[0] + last[1] * last[2]
        for k in used:
            total = total + outputs[0][k % len(xs)] * outputs[1][-1]
        return total

    return f


def derivatives(f: Callable[..., Any]) -> list[Callable[..., Any]]:
    def sums(a: Any, b: Any) -> Any:
        y = f(a, b)
        return [y, y * a, y + b]

    return [
        f,
        ag.grad(f, argnums=(0, 1)),
        ag.jacobian(sums, argnums=(0, 1)),  # forward
        lambda a, b: ag.hvp(f, (a, b), (1.0, -0.5)),
        ag.hessian(f, argnums=(0, 1)),
    ]


@pytest.mark.parametrize("target", ["python", "llvm"])
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(loops(), numbers, numbers)
def test_random_loops_are_what_they_are_eagerly(target: str, f: Callable[..., Any], a: float, b: float) -> None:
    if target == "llvm":
        pytest.importorskip("llvmlite")
    with ag.errstate(all="ignore"):
        for of in derivatives(f):
            expected = np.ravel(of(a, b))
            compiled = ag.compile(of, target=target)
            np.testing.assert_allclose(np.ravel(compiled(a, b)), expected, rtol=1e-9, atol=1e-12)
            program = compiled.program
            program.verify()
            assert str(Program.parse(str(program))) == str(program)
            np.testing.assert_array_equal(program(a, b)[: len(expected)], np.ravel(compiled(a, b)))


# ---- other oracles ---------------------------------------------------------------------------------------------------


def lotka_volterra(sin: Any, scan: Any) -> Callable[..., Any]:
    def f(p: Any, ts: Any) -> Any:
        def rate(t: Any, x: Any, y: Any) -> Any:
            return p[0] * x - p[1] * x * y, p[2] * x * y - y + 0.1 * sin(t)

        def step(state: Any, t: Any) -> Any:  # Heun's
            x, y = state
            a, b = rate(t, x, y)
            c, d = rate(t + 0.1, x + 0.1 * a, y + 0.1 * b)
            return (x + 0.05 * (a + c), y + 0.05 * (b + d)), x * y

        (x, y), products = scan(step, (p[3], 1.0), ts)
        return [x, y, products[7]]

    return f


@pytest.mark.parametrize("target", ["python", "llvm", "jax"])
def test_the_derivatives_of_an_ode_are_those_of_jax(target: str) -> None:
    jax = pytest.importorskip("jax")
    p, ts = np.array([1.1, 0.4, 0.3, 2.0]), np.linspace(0.0, 2.0, 20)
    compiled = ag.compile(lotka_volterra(math.sin, ag.scan), target=target)
    with jax.enable_x64(True):
        reference = lotka_volterra(jax.numpy.sin, jax.lax.scan)
        expected = [jax.jacfwd(reference)(p, ts), jax.jacrev(reference, argnums=1)(p, ts)]
        second = jax.hessian(lambda p: reference(p, ts)[0])(p)
    np.testing.assert_allclose(compiled.jacobian(p, ts), expected[0], rtol=1e-11)  # forward
    np.testing.assert_allclose(compiled.jacobian(p, ts, argnums=1), expected[1], rtol=1e-11, atol=1e-14)  # reverse
    found = ag.compile(lambda p: lotka_volterra(math.sin, ag.scan)(p, ts)[0], target=target).hessian(p)
    np.testing.assert_allclose(found, second, rtol=1e-10)


@pytest.mark.parametrize("target", ["python", "llvm"])
def test_newton_s_method_has_the_derivatives_of_the_root(target: str) -> None:
    mpmath = pytest.importorskip("mpmath")

    def root(a: Any) -> Any:  # of x exp(x) = a: Lambert's W
        def newton(x: Any) -> Any:
            e = math.exp(x)
            return x - (x * e - a) / (e * (x + 1.0))

        return ag.while_loop(lambda x: abs(x * math.exp(x) - a) > 1e-14, newton, 1.0)

    for order, f in enumerate([root, ag.grad(root), ag.grad(ag.grad(root))]):
        expected = float(mpmath.diff(mpmath.lambertw, 2.0, order).real)
        assert ag.compile(f, target=target)(2.0) == pytest.approx(expected, rel=1e-9)
    assert ag.compile(lambda a: ag.jvp(root, (a,), (1.0,))[1], target=target)(2.0) == pytest.approx(
        float(mpmath.diff(mpmath.lambertw, 2.0).real), rel=1e-9
    )


@pytest.mark.parametrize("target", ["python", "llvm"])
def test_a_derivative_in_a_body_is_differentiated(target: str) -> None:
    def descent(rate: Any, start: Any) -> Any:
        def loss(w: Any, t: Any) -> Any:
            return (w - t) ** 2 * math.exp(w * rate)

        def step(w: Any, t: Any) -> Any:
            return w - rate * ag.grad(loss)(w, t), ag.while_loop(lambda v: v < t, lambda v: v * 1.5 + rate * w, w)

        w, found = ag.scan(step, start, [1.0, 2.0, 3.0] * 3)
        return w + found[4]

    f = ag.grad(descent, argnums=(0, 1))
    assert ag.compile(f, target=target)(0.05, 0.3) == pytest.approx(f(0.05, 0.3), rel=1e-11)
    second = np.array(ag.hessian(descent)(0.05, 0.3))
    assert ag.compile(descent, target=target).hessian(0.05, 0.3) == pytest.approx(second, rel=1e-10)


def test_no_path_is_no_zero() -> None:
    """The first step's infinite slope is of an output that nobody uses."""

    def f(a: Any) -> Any:
        return ag.scan(lambda c, _: (c + 1.0, math.sqrt(c * a)), 0.0, length=3)[1][2]

    for target in ("python", "llvm"):
        compiled = ag.compile(f, target=target)
        assert compiled.grad(2.0) == ag.grad(f)(2.0) == 0.5
        assert ag.compile(lambda a: ag.jvp(f, (a,), (1.0,))[1], target=target)(2.0) == 0.5


# ---- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
def test_rows_take_as_many_steps_as_each_needs(axes: tuple[int | None, ...]) -> None:
    pytest.importorskip("llvmlite")

    def f(a: Any, xs: Any) -> Any:
        (c, d), ys = ag.scan(lambda s, x: ((s[0] * a + x[0], s[1] * 0.9 + x[1]), s[0] * s[1]), (a, 1.0), xs)
        w = ag.while_loop(lambda v: v < 30.0 * c * c + 1.0, lambda v: v * (1.5 + 0.1 * c * c) + 0.1, 1.0)
        z, _ = ag.scan(lambda s, k: (s * k + c, None), w, [0.5, 0.25, 0.125] * 4, reverse=True)
        return c * d + sum(ys) + w + z + max(w, 3.0)

    rng = np.random.default_rng(1)
    a, xs = rng.standard_normal(203), rng.standard_normal((203, 5, 2)) * 0.5
    given = a if axes[0] == 0 else a[0], xs if axes[1] == 0 else xs[0]
    one = ag.compile(f, target="python")
    rows = [
        (given[0] if axes[0] is None else given[0][i], given[1] if axes[1] is None else given[1][i]) for i in range(203)
    ]
    compiled = ag.compile(f, in_axes=axes)
    np.testing.assert_allclose(compiled(*given), [one(*row) for row in rows], rtol=1e-12)
    slopes = [np.stack(each) for each in zip(*[one.grad(*row, argnums=(0, 1)) for row in rows])]
    for found, slope, axis in zip(compiled.grad(*given, argnums=(0, 1)), slopes, axes):
        np.testing.assert_allclose(found, slope if axis == 0 else slope.sum(axis=0), rtol=1e-9, atol=1e-12)


# ---- what is asked of a compiled loop --------------------------------------------------------------------------------


def test_a_program_does_not_grow_with_the_number_of_steps() -> None:
    def instructions(n: int) -> int:
        f = ag.compile(lambda a: ag.scan(lambda c, x: (math.sin(a * c) + x, None), 1.0, range(n))[0], target="python")
        f.grad(0.5)
        return len(str(f._specialization("grad").latest().program).replace(", ", "").splitlines())

    assert instructions(10) == instructions(300)


def test_long_outputs_are_indexed_and_gone_along() -> None:
    def f(a: Any) -> Any:
        _, ys = ag.scan(lambda c, _: (c * a, c), 1.0, length=5000)
        total, _ = ag.scan(lambda s, y: (s + y, None), 0.0, ys)
        return total + ys[-1] * len(ys) + sum(ys[2:4]), ys

    total, ys = ag.compile(f)(0.5)
    assert total == pytest.approx(2.0 + 0.375, rel=1e-15)
    assert ys[:3] == [1.0, 0.5, 0.25]
    assert len(ys) == 5000
    with pytest.raises(
        TypeError, match=r"5000 steps are too many .* go along them .*test_loops.py, line \d+: .*sum\(ys\)"
    ):
        ag.compile(lambda a: (lambda ys: sum(ys))(f(a)[1]))(0.5)


def test_a_body_that_branches_is_refused_with_its_line() -> None:
    def step(c: Any, x: Any) -> Any:
        if c > 1.0:
            return c, None
        return c * x, None

    with pytest.raises(TypeError, match=r"traced once for all of its steps.*where\(c, a, b\).*if c > 1.0:"):
        ag.compile(lambda a: ag.scan(step, a, [1.0, 2.0])[0])(0.5)


def test_a_value_of_a_body_means_nothing_outside_of_it() -> None:
    kept: list[Any] = []
    with pytest.raises(ValueError, match="belongs to another trace"):
        ag.compile(lambda a: (ag.scan(lambda c, x: (kept.append(c * x), (c, None))[1], a, [1.0]), kept[0] + a)[1])(0.5)


def test_jax_has_no_reverse_mode_of_a_while_loop() -> None:
    pytest.importorskip("jax")
    f = ag.compile(lambda a: ag.while_loop(lambda v: v < 3.0, lambda v: v * a, 1.0), target="jax")
    assert f(2.0) == 4.0
    with pytest.raises(TypeError, match="JAX has no reverse mode of while_loop"):
        f.grad(2.0)


def test_loops_are_pickled_and_printed_with_their_function() -> None:
    f = pickle.loads(pickle.dumps(ag.compile(triangle, target="python")))
    assert f(4.0) == 24.0
    assert "for i in reversed(range(4)):" in f.source


def triangle(a: Any) -> Any:
    return ag.scan(lambda c, x: (c + a * x, None), 0.0, range(4), reverse=True)[0]


def test_nothing_is_differentiated_through_a_loop_in_no_grad() -> None:
    def f(a: Any) -> Any:
        with ag.no_grad():
            b, _ = ag.scan(lambda c, _: (c * a, None), a, length=3)
        return a * b

    assert ag.grad(f)(2.0) == ag.compile(f).grad(2.0) == 16.0


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")
def test_an_endless_loop_is_interrupted() -> None:
    pytest.importorskip("llvmlite")
    f = ag.compile(lambda a: ag.while_loop(lambda v: v < a, lambda v: v * 1.0, 0.5))
    assert f(0.25) == 0.5

    class Interrupted(Exception):
        pass

    def interrupt(*_: Any) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(Interrupted):
            f(1.0)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert f(0.25) == 0.5


def test_what_a_while_loop_stored_is_freed() -> None:
    pytest.importorskip("llvmlite")
    resource = pytest.importorskip("resource")
    f = ag.compile(lambda a: ag.while_loop(lambda v: v[0] < 1e5, lambda v: (v[0] + 1.0, v[1] * a), (0.0, a))[1])
    f.grad(1.0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):  # 0.8 MB each
        assert f.grad(1.0) == 100_001.0
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KB


def test_a_guard_asks_once_for_what_is_used_twice() -> None:
    def f(x: Any) -> Any:
        for _ in range(200):
            x = (x + x) * 0.5
        return x if x > 0.0 else -x  # once for each way to x there would be 2²⁰⁰

    assert ag.compile(f)(3.0) == 3.0
