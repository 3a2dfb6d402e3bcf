"""Loops compiled beside JAX's: a double pendulum, Lotka–Volterra and its fit, a GARCH likelihood of 10⁵ steps.

Run as a script: ``python tests/benchmarks/bench_loops.py [pendulum|lotka|garch|fit …]``. All in one process on one
processor; the systems take turns, and their numbers are compared first. "first" is the first result, with compiling.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import autograd_lite as ag


def runge_kutta(rate: Callable[[Any], Any], y: Any, h: float) -> Any:
    def moved(k: Any, by: float) -> Any:
        return tuple([a + by * b for a, b in zip(y, k)])

    k1 = rate(y)
    k2 = rate(moved(k1, h / 2))
    k3 = rate(moved(k2, h / 2))
    k4 = rate(moved(k3, h))
    return tuple([a + h / 6 * (b + 2 * c + 2 * d + e) for a, b, c, d, e in zip(y, k1, k2, k3, k4)])


def pendulum(math: Any, scan: Any, pack: Any) -> Callable[..., Any]:
    sin, cos = math.sin, math.cos

    def f(p: Any) -> Any:
        m1, m2, l1, l2, start1, start2 = p

        def rate(y: Any) -> Any:
            a, b, u, v = y
            d = a - b
            below = 2 * m1 + m2 - m2 * cos(2 * a - 2 * b)
            push = m2 * (v * v * l2 + u * u * l1 * cos(d))
            du = -9.81 * (2 * m1 + m2) * sin(a) - m2 * 9.81 * sin(a - 2 * b) - 2 * sin(d) * push
            dv = 2 * sin(d) * (u * u * l1 * (m1 + m2) + 9.81 * (m1 + m2) * cos(a) + v * v * l2 * m2 * cos(d))
            return u, v, du / (l1 * below), dv / (l2 * below)

        first = (start1, start2, 0.0 * start1, 0.0 * start1)
        return pack(scan(lambda y, _: (runge_kutta(rate, y, 0.01), None), first, None, length=500)[0])

    return f


def lotka(math: Any, scan: Any, pack: Any, every: bool = False) -> Callable[..., Any]:
    def f(p: Any) -> Any:
        a, b, c, d, x, y = p

        def rate(state: Any) -> Any:
            return a * state[0] - b * state[0] * state[1], d * state[0] * state[1] - c * state[1]

        last, (xs, ys) = scan(lambda s, _: (runge_kutta(rate, s, 0.02), s), (x, y), None, length=500)
        return pack([*xs[::25], *ys[::25]] if every else last)

    return f


def garch(math: Any, scan: Any, pack: Any) -> Callable[..., Any]:
    def f(p: Any, returns: Any) -> Any:
        w, a, b = p

        def step(carry: Any, r: Any) -> Any:
            h, total = carry
            return (w + a * r * r + b * h, total + math.log(h) + r * r / h), None

        return 0.5 * scan(step, (w / (1 - a - b), 0.0), returns)[0][1]

    return f


def timed(call: Callable[[], Any]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def beside_jax(name: str, make: Any, of: str, args: tuple[Any, ...], derivative: str) -> None:
    import jax

    began = time.perf_counter()
    ours = ag.compile(make(ag.math, ag.scan, list))
    mine = getattr(ours, of)(*args)
    first = time.perf_counter() - began
    with jax.enable_x64(True):
        began = time.perf_counter()
        theirs = jax.jit(getattr(jax, derivative)(make(jax.numpy, jax.lax.scan, jax.numpy.stack)))
        np.testing.assert_allclose(mine, theirs(*args), rtol=1e-8)
        first_jax = time.perf_counter() - began
        runs = [
            (timed(lambda: getattr(ours, of)(*args)), timed(lambda: jax.block_until_ready(theirs(*args))))
            for _ in range(30)
        ]
    run, run_jax = np.median(np.array(runs), axis=0) * 1e6
    print(f"{name:28} first {first:.2f} s, JAX {first_jax:.2f} s; run {run:.0f} µs, JAX {run_jax:.0f} µs", flush=True)


def fit() -> None:
    """Least squares by SciPy: with our Jacobian, and by finite differences of plain Python."""
    from scipy.optimize import least_squares

    truth, start = np.array([1.1, 0.4, 0.4, 0.1, 10.0, 5.0]), np.array([1.0, 0.45, 0.42, 0.11, 9.0, 5.5])
    plain = lotka(ag.math, ag.scan, list, every=True)
    data = np.array(plain(truth.tolist()))

    def ours() -> Any:
        f = ag.compile(plain)
        return least_squares(lambda p: np.array(f(p)) - data, start, jac=lambda p: np.array(f.jacobian(p)))

    def differences() -> Any:
        return least_squares(lambda p: np.array(plain(p.tolist())) - data, start)

    np.testing.assert_allclose(ours().x, truth, rtol=1e-6)
    print(
        f"{'Lotka–Volterra, whole fit':28} {timed(ours):.2f} s; finite differences {timed(differences):.2f} s",
        flush=True,
    )


PENDULUM = (np.array([1.0, 1.2, 1.0, 0.8, 1.1, 0.7]),)
LOTKA = (np.array([1.1, 0.4, 0.4, 0.1, 10.0, 5.0]),)
RETURNS = np.array([1e-5, 0.08, 0.9]), np.random.default_rng(0).standard_normal(100_000) * 0.01
BENCHMARKS: dict[str, Callable[[], None]] = {
    "pendulum": lambda: beside_jax("double pendulum, Jacobian", pendulum, "jacobian", PENDULUM, "jacfwd"),
    "lotka": lambda: beside_jax("Lotka–Volterra, Jacobian", lotka, "jacobian", LOTKA, "jacfwd"),
    "garch": lambda: beside_jax("GARCH of 10⁵ steps, gradient", garch, "grad", RETURNS, "grad"),
    "fit": fit,
}

if __name__ == "__main__":
    for each in sys.argv[1:] or BENCHMARKS:
        BENCHMARKS[each]()
