"""`scan` and `while_loop` run eagerly: values and derivatives as `jax.lax` has them, nestings, messages, drawings."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value, math


def pendulum(np: Any, sin: Any, scan: Any, theta: Any, g: Any, length: int) -> Any:
    def step(state: Any, _: Any) -> Any:
        angle, speed = state
        speed = speed - 0.1 * g * sin(angle)
        return (angle + 0.1 * speed, speed), angle * speed

    return scan(step, (theta, 0.0), None, length=length)


@pytest.mark.parametrize("length", [1, 7])
def test_values_and_gradients_are_those_of_jax(length: int) -> None:
    jax = pytest.importorskip("jax")

    def f(numpy: Any, sin: Any, scan: Any) -> Any:
        def of(theta: Any, g: Any) -> Any:
            (angle, speed), ys = pendulum(numpy, sin, scan, theta, g, length)
            return angle * speed + ys[-1]

        return of

    with jax.enable_x64(True):
        expected = jax.value_and_grad(f(jax.numpy, jax.numpy.sin, jax.lax.scan), argnums=(0, 1))(1.2, 9.81)
    found = ag.value_and_grad(f(np, math.sin, ag.scan), argnums=(0, 1))(1.2, 9.81)
    assert found[0] == pytest.approx(float(expected[0]), rel=1e-12)
    assert found[1] == pytest.approx([float(x) for x in expected[1]], rel=1e-12)


def test_outputs_are_stacked_in_the_nesting_of_a_step() -> None:
    def step(carry: Any, x: Any) -> Any:
        return carry + 1, ({"n": carry, "list": [carry, x]}, np.array([x, 2.0 * x]), None)

    last, (found, array, nothing) = ag.scan(step, 0, np.array([3.0, 5.0]))
    assert last == 2
    assert nothing is None
    assert found == {"n": [0, 1], "list": [[0, 3.0], [1, 5.0]]}
    assert array.tolist() == [[3.0, 6.0], [5.0, 10.0]]
    assert all(type(x) is float for pair in found["list"] for x in pair[1:])  # no NumPy scalars


def test_stacked_outputs_serve_as_xs_again() -> None:
    rows = [{"a": [float(i), 2.0], "b": (float(-i), np.array([1.0, i]))} for i in range(3)]
    _, first = ag.scan(lambda c, x: (c, (x["a"], x["b"], {"n": x["a"][0]})), 0.0, rows)
    seen: list[Any] = []
    _, second = ag.scan(lambda c, x: (seen.append(x), (c, x))[1], 0.0, first)
    assert [x[0] for x in seen] == [row["a"] for row in rows]
    assert repr(first) == repr(second)


def test_reverse_goes_from_the_last_and_keeps_the_places() -> None:
    assert ag.scan(lambda c, x: (c * 10 + x, c), 0, [1, 2, 3], reverse=True) == (321, [32, 3, 0])


def test_no_steps_give_the_first_carry_and_no_outputs() -> None:
    assert ag.scan(lambda c, x: 1 / 0, (1.0, [2.0]), []) == ((1.0, [2.0]), [])
    assert ag.scan(lambda c, x: 1 / 0, 1.0, length=0) == (1.0, [])


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: ag.scan(lambda c, x: (c, x), 0.0), ValueError, "give length, the number of steps"),
        (lambda: ag.scan(lambda c, x: (c, x), 0.0, ()), ValueError, "give length"),
        (lambda: ag.scan(lambda c, x: (c, x), 0.0, length=-1), ValueError, "length is the number of steps, not -1"),
        (lambda: ag.scan(lambda c, x: (c, x), 0.0, [1.0], length=2), ValueError, r"length is 2, and xs has 1"),
        (
            lambda: ag.scan(lambda c, x: (c, x), 0.0, {"t": [1.0], "y": ([2.0], range(3))}),
            ValueError,
            r"xs\['t'\] has 1, and xs\['y'\]\[1\] has 3",
        ),
        (lambda: ag.scan(lambda c, x: (c, x), 0.0, ([1.0], 2.0)), TypeError, r"xs\[1\] is 2.0, not a list or an array"),
        (lambda: ag.scan(lambda c, x: c, 0.0, [1.0]), TypeError, r"f returns a pair \(carry, y\).*returned 0.0"),
        (
            lambda: ag.scan(lambda c, x: ((c[0], {"w": [x]}), x), (0.0, {"w": x0}), [1.0]),
            TypeError,
            r"carry that is not nested like the one it was given, at \[1\]\['w'\]: \[\*\], not \*",
        ),
        (
            lambda: ag.scan(lambda c, x: (c, [x] * int(x)), 0.0, [1.0, 2.0]),
            TypeError,
            r"output that is not nested like the one before it: \[\*, \*\], not \[\*\]",
        ),
        (
            lambda: ag.while_loop(lambda v: v < 3, lambda v: (v,), 0.0),
            TypeError,
            r"body_fun returned a carry that is not nested like .*: \(\*,\), not \*",
        ),
    ],
)
def test_messages(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


x0 = 1.0


def test_while_loop_has_a_gradient_in_reverse() -> None:
    def newton(a: Any) -> Any:
        return ag.while_loop(lambda x: abs(x * x - a) > 1e-13, lambda x: (x + a / x) / 2, a)

    assert newton(2.0) == pytest.approx(2.0**0.5)
    assert ag.grad(newton)(2.0) == pytest.approx(0.5 * 2.0**-0.5)
    assert ag.while_loop(lambda v: v[0] < 0, lambda v: v, [1.0, 2.0]) == [1.0, 2.0]


def test_the_steps_are_one_group_of_a_drawing() -> None:
    x = Value(0.5, "x")
    last, _ = ag.scan(lambda c, _: (math.sin(c * x), None), x, length=9)
    assert last.group == ("scan × 9",)
    assert "scan × 9" in last.draw(depth=1).text()
    assert (last + 1.0).group == ()


# ---- take, interp ----------------------------------------------------------------------------------------------------

RNG = np.random.default_rng(5)
XP, FP = np.sort(RNG.uniform(0.0, 10.0, 30)), RNG.normal(size=30)
PLACES = [*RNG.uniform(-1.0, 11.0, 30), *XP[:4], XP[-1], -np.inf, np.inf, np.nan]


@pytest.mark.parametrize("target", ["python", "auto"])
def test_interp_is_numpys_and_its_gradients_are_jaxs(target: str) -> None:
    f = ag.compile(lambda x, xp, fp: ag.interp(x, xp, fp), argnums=(0, 1, 2), target=target)
    over_rows = ag.compile(lambda x: ag.interp(x, XP, FP), in_axes=0, target=target)
    expected = np.interp(PLACES, XP, FP)
    np.testing.assert_allclose([f(x, XP, FP) for x in PLACES], expected, rtol=1e-13)
    np.testing.assert_allclose(over_rows(np.array(PLACES)), expected, rtol=1e-12)
    np.testing.assert_allclose(ag.interp(np.array(PLACES), XP, FP), expected, rtol=1e-13)
    for x in PLACES[:-1]:
        for a, b in zip(f.grad(x, XP, FP), ag.grad(ag.interp, (0, 1, 2))(x, XP, FP)):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    for x in PLACES[:30]:
        for a, b in zip(f.grad(x, XP, FP), jax.grad(jax.numpy.interp, (0, 1, 2))(x, XP, FP)):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("target", ["python", "auto"])
def test_take_is_the_entry_or_nan(target: str) -> None:
    xs, table = RNG.normal(size=7), RNG.normal(size=(4, 3))
    f = ag.compile(lambda xs, i: ag.take(xs, i), target=target)
    for i in (-7, -1, 0, 3, 6):
        picked = ag.take(np.frompyfunc(Value, 1, 1)(xs), Value(float(i)))
        assert f(xs, i) == ag.take(xs, i) == picked.data == xs[i]
        assert (
            f.grad(xs, i).tolist()
            == ag.grad(lambda xs, i: ag.take(xs, i))(xs, i).tolist()
            == [float(k == i % 7) for k in range(7)]
        )
    for i in (7, -8, 1e300, np.inf, -np.inf, np.nan):
        assert np.isnan([f(xs, i), ag.take(xs, i)]).all()
    assert f(xs, 2.9) == ag.take(xs, 2.9) == xs[2]
    rows = ag.compile(lambda i: ag.take(table, i), in_axes=0, target=target)
    assert rows(np.array([3.0, 0.0, 1.0])).tolist() == table[[3, 0, 1]].tolist()
    with pytest.raises(TypeError, match="take: xs has entries, all nested alike"):
        ag.take([1.0, [2.0]], 0)
    with pytest.raises(ValueError, match="interp: as many values"):
        ag.interp(1.0, [1.0, 2.0], [1.0])
