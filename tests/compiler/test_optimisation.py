"""Public test functions of optimisation, written as people write them with NumPy: all run on Values, and compile.

Their definitions: Jamil & Yang, A literature survey of benchmark functions for global optimisation problems (2013);
Moré, Garbow & Hillstrom (1981). The known minimum is the oracle for the value where there is one; NumPy on floats for
others; for the gradient it is the eager one, which the package's other tests hold to the truth.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value

pytest.importorskip("llvmlite", reason="llvmlite is not installed: pip install 'autograd_lite[compile]'")


def ackley(x: Any) -> Any:
    a = -20.0 * np.exp(-0.2 * np.sqrt(np.mean(x**2)))
    return a - np.exp(np.mean(np.cos(2 * np.pi * x))) + 20.0 + np.e


def rosenbrock(x: Any) -> Any:
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def griewank(x: Any) -> Any:
    return 1.0 + np.sum(x**2) / 4000.0 - np.prod(np.cos(x / np.sqrt(np.arange(1, len(x) + 1))))


def levy(x: Any) -> Any:
    w = 1.0 + (x - 1.0) / 4.0
    middle = np.sum((w[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * w[:-1] + 1) ** 2))
    return np.sin(np.pi * w[0]) ** 2 + middle + (w[-1] - 1) ** 2 * (1 + np.sin(2 * np.pi * w[-1]) ** 2)


def rastrigin(x: Any) -> Any:
    return 10 * len(x) + (x * x - 10 * np.cos(2 * np.pi * x)).sum()


def schwefel(x: Any) -> Any:
    return 418.9828872724338 * x.size - np.sum(x * np.sin(np.sqrt(np.abs(x))))


def schwefel_2_22(x: Any) -> Any:
    return np.abs(x).sum() + np.abs(x).prod()


def schwefel_2_21(x: Any) -> Any:
    return np.max(np.abs(x))


def schwefel_1_2(x: Any) -> Any:
    return np.sum(np.cumsum(x) ** 2)


def sphere(x: Any) -> Any:
    return x @ x


def sum_squares(x: Any) -> Any:
    return np.dot(np.arange(1, len(x) + 1), x**2)


def sum_of_powers(x: Any) -> Any:
    return sum(abs(xi) ** (i + 2) for i, xi in enumerate(x))


def zakharov(x: Any) -> Any:
    s = 0.5 * np.arange(1, len(x) + 1) @ x
    return np.sum(x**2) + s**2 + s**4


def dixon_price(x: Any) -> Any:
    i = np.arange(2, len(x) + 1)
    return (x[0] - 1) ** 2 + np.sum(i * (2 * x[1:] ** 2 - x[:-1]) ** 2)


def styblinski_tang(x: Any) -> Any:
    return 0.5 * np.sum(x**4 - 16 * x**2 + 5 * x)


def michalewicz(x: Any) -> Any:
    i = np.arange(1, len(x) + 1)
    return -np.sum(np.sin(x) * np.sin(i * x**2 / np.pi) ** 20)


def salomon(x: Any) -> Any:
    r = np.linalg.norm(x)
    return 1 - np.cos(2 * np.pi * r) + 0.1 * r


def alpine(x: Any) -> Any:
    return np.sum(np.fabs(x * np.sin(x) + 0.1 * x))


def powell(x: Any) -> Any:
    a, b, c, d = x
    return (a + 10 * b) ** 2 + 5 * (c - d) ** 2 + (b - 2 * c) ** 4 + 10 * (a - d) ** 4


def wood(x: Any) -> Any:
    a, b, c, d = x
    first = 100 * (a**2 - b) ** 2 + (a - 1) ** 2 + (c - 1) ** 2 + 90 * (c**2 - d) ** 2
    return first + 10.1 * ((b - 1) ** 2 + (d - 1) ** 2) + 19.8 * (b - 1) * (d - 1)


def step(x: Any) -> Any:
    return sum(math.floor(xi + 0.5) ** 2 for xi in x) + 0 * x[0]


def quartic(x: Any) -> Any:
    return sum((i + 1) * xi**4 for i, xi in enumerate(x))


def bent_cigar(x: Any) -> Any:
    return x[0] ** 2 + 1e6 * (x[1:] ** 2).sum()


def discus(x: Any) -> Any:
    return 1e6 * x[0] ** 2 + (x[1:] ** 2).sum()


def elliptic(x: Any) -> Any:
    n = len(x)
    return sum((1e6 ** (i / (n - 1))) * x[i] ** 2 for i in range(n))


def happy_cat(x: Any) -> Any:
    n, r = len(x), np.sum(x**2)
    return ((r - n) ** 2) ** 0.125 + (0.5 * r + x.sum()) / n + 0.5


def weierstrass(x: Any) -> Any:
    k = np.arange(12)
    a, b = 0.5**k, 3.0**k
    outer = sum(np.sum(a * np.cos(2 * np.pi * b * (xi + 0.5))) for xi in x)
    return outer - len(x) * np.sum(a * np.cos(np.pi * b))


def katsuura(x: Any) -> Any:
    product, d = 1.0, len(x)
    for i, xi in enumerate(x):
        product *= 1 + (i + 1) * sum(abs(2**k * xi - round(2**k * xi)) * 2.0**-k for k in range(1, 12))
    return 10 / d**2 * product ** (10 / d**1.2) - 10 / d**2


def penalised(x: Any) -> Any:
    def u(z: Any, a: float, k: float, m: int) -> Any:
        return k * (z - a) ** m if z > a else k * (-z - a) ** m if z < -a else 0.0 * z

    y = 1 + (x + 1) / 4
    inner = np.sum((y[:-1] - 1) ** 2 * (1 + 10 * np.sin(np.pi * y[1:]) ** 2))
    value = np.pi / len(x) * (10 * np.sin(np.pi * y[0]) ** 2 + inner + (y[-1] - 1) ** 2)
    return value + sum(u(xi, 10, 100, 4) for xi in x)


def beale(p: Any) -> Any:
    x, y = p
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def booth(p: Any) -> Any:
    return (p[0] + 2 * p[1] - 7) ** 2 + (2 * p[0] + p[1] - 5) ** 2


def matyas(p: Any) -> Any:
    return 0.26 * (p**2).sum() - 0.48 * p.prod()


def himmelblau(p: Any) -> Any:
    x, y = p
    return (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2


def goldstein_price(p: Any) -> Any:
    x, y = p
    a = 1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)
    return a * (30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2))


def branin(p: Any) -> Any:
    x, y = p
    b, c, t = 5.1 / (4 * np.pi**2), 5 / np.pi, 1 / (8 * np.pi)
    return (y - b * x**2 + c * x - 6) ** 2 + 10 * (1 - t) * np.cos(x) + 10


def easom(p: Any) -> Any:
    return -np.prod(np.cos(p)) * np.exp(-np.sum((p - np.pi) ** 2))


def bukin(p: Any) -> Any:
    x, y = p
    return 100 * np.sqrt(abs(y - 0.01 * x**2)) + 0.01 * abs(x + 10)


def cross_in_tray(p: Any) -> Any:
    r = np.abs(100 - np.linalg.norm(p) / np.pi)
    return -0.0001 * (np.abs(np.prod(np.sin(p)) * np.exp(r)) + 1) ** 0.1


def drop_wave(p: Any) -> Any:
    r2 = np.dot(p, p)
    return -(1 + np.cos(12 * np.sqrt(r2))) / (0.5 * r2 + 2)


def eggholder(p: Any) -> Any:
    x, y = p
    return -(y + 47) * np.sin(np.sqrt(abs(x / 2 + y + 47))) - x * np.sin(np.sqrt(abs(x - y - 47)))


def holder_table(p: Any) -> Any:
    x, y = p
    return -abs(np.sin(x) * np.cos(y) * np.exp(abs(1 - np.hypot(x, y) / np.pi)))


def mccormick(p: Any) -> Any:
    x, y = p
    return np.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1


def six_hump_camel(p: Any) -> Any:
    x, y = p
    return (4 - 2.1 * x**2 + x**4 / 3) * x**2 + x * y + (-4 + 4 * y**2) * y**2


def three_hump_camel(p: Any) -> Any:
    x, y = p
    return 2 * x**2 - 1.05 * x**4 + x**6 / 6 + x * y + y**2


def schaffer_2(p: Any) -> Any:
    s = np.square(p)
    return 0.5 + (np.sin(s[0] - s[1]) ** 2 - 0.5) / (1 + 0.001 * s.sum()) ** 2


def shubert(p: Any) -> Any:
    i = np.arange(1, 6)
    return np.prod([np.sum(i * np.cos((i + 1) * z + i)) for z in p])


def bohachevsky(p: Any) -> Any:
    x, y = p
    return x**2 + 2 * y**2 - 0.3 * np.cos(3 * np.pi * x) - 0.4 * np.cos(4 * np.pi * y) + 0.7


def helical_valley(p: Any) -> Any:
    x, y, z = p
    theta = np.arctan2(y, x) / (2 * np.pi)
    return 100 * ((z - 10 * theta) ** 2 + (np.sqrt(x**2 + y**2) - 1) ** 2) + z**2


def colville(x: Any) -> Any:
    return wood(x) + 0.0 * np.std(x)


def trid(x: Any) -> Any:
    return np.sum((x - 1) ** 2) - np.sum(x[1:] * x[:-1])


def perm(x: Any) -> Any:
    j = np.arange(1, len(x) + 1)
    return sum(np.sum((j + 0.5) * ((x / j) ** k - 1)) ** 2 for k in range(1, len(x) + 1))


def exponential(x: Any) -> Any:
    return -np.exp(-0.5 * np.sum(x**2))


def xin_she_yang(x: Any) -> Any:
    return np.sum(np.abs(x)) * np.exp(-np.sum(np.sin(x**2)))


def hartmann(x: Any) -> Any:
    A = np.array([[3.0, 10, 30], [0.1, 10, 35], [3.0, 10, 30], [0.1, 10, 35]])
    P = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
    return -np.array([1.0, 1.2, 3.0, 3.2]) @ np.exp(-np.sum(A * (x - P) ** 2, axis=1))


def shekel(x: Any) -> Any:
    C = np.array([[4.0, 4, 4, 4], [1, 1, 1, 1], [8, 8, 8, 8], [6, 6, 6, 6], [3, 7, 3, 7]])
    b = np.array([0.1, 0.2, 0.2, 0.4, 0.4])
    return -np.sum(1 / (np.sum((x - C) ** 2, axis=1) + b))


def schmidt_vetters(x: Any) -> Any:
    a, b, c = x
    return 1 / (1 + (a - b) ** 2) + np.sin((np.pi * b + c) / 2) + np.exp(((a + b) / b - 2) ** 2)


def keane(p: Any) -> Any:
    x, y = p
    return -(np.sin(x - y) ** 2) * np.sin(x + y) ** 2 / np.sqrt(x**2 + y**2)


def modified_ackley_with_divmod(x: Any) -> Any:
    return sum(q + r**2 for q, r in (divmod(xi, 0.75) for xi in x))


FOUR, TWO, THREE = [0.3, -1.2, 2.1, 0.7], [0.8, -1.3], [0.4, 0.9, 0.2]
FUNCTIONS: list[tuple[Callable[..., Any], list[float], tuple[list[float], float] | None]] = [
    (ackley, FOUR, ([1e-14] * 4, 0.0)),
    (rosenbrock, FOUR, ([1.0] * 4, 0.0)),
    (griewank, FOUR, ([0.0] * 4, 0.0)),
    (levy, FOUR, ([1.0] * 4, 0.0)),
    (rastrigin, FOUR, ([0.0] * 4, 0.0)),
    (schwefel, [300.0, -120.0, 40.0], ([420.968746] * 3, 0.0)),
    (schwefel_2_22, FOUR, ([0.0] * 4, 0.0)),
    (schwefel_2_21, FOUR, None),
    (schwefel_1_2, FOUR, ([0.0] * 4, 0.0)),
    (sphere, FOUR, ([0.0] * 4, 0.0)),
    (sum_squares, FOUR, ([0.0] * 4, 0.0)),
    (sum_of_powers, FOUR, ([0.0] * 4, 0.0)),
    (zakharov, FOUR, ([0.0] * 4, 0.0)),
    (dixon_price, FOUR, ([1.0, 2**-0.5], 0.0)),
    (styblinski_tang, FOUR, ([-2.903534] * 3, -39.16616570377142 * 3)),
    (michalewicz, [2.1, 1.5, 1.2], ([2.20290552, 1.57079633], -1.8013034)),
    (salomon, FOUR, None),
    (alpine, FOUR, ([0.0] * 4, 0.0)),
    (powell, FOUR, ([0.0] * 4, 0.0)),
    (wood, FOUR, ([1.0] * 4, 0.0)),
    (step, FOUR, ([0.2] * 4, 0.0)),
    (quartic, FOUR, ([0.0] * 4, 0.0)),
    (bent_cigar, FOUR, ([0.0] * 4, 0.0)),
    (discus, FOUR, ([0.0] * 4, 0.0)),
    (elliptic, FOUR, ([0.0] * 4, 0.0)),
    (happy_cat, FOUR, ([-1.0] * 4, 0.0)),
    (weierstrass, [0.1, -0.3], ([0.0] * 2, 0.0)),
    (katsuura, [0.11, 0.37], ([0.0] * 2, 0.0)),
    (penalised, [0.3, -11.2, 12.1, 0.7], ([-1.0] * 4, 0.0)),
    (beale, TWO, ([3.0, 0.5], 0.0)),
    (booth, TWO, ([1.0, 3.0], 0.0)),
    (matyas, TWO, ([0.0, 0.0], 0.0)),
    (himmelblau, TWO, ([3.0, 2.0], 0.0)),
    (goldstein_price, TWO, ([0.0, -1.0], 3.0)),
    (branin, TWO, ([np.pi, 2.275], 0.39788735772973816)),
    (easom, [2.8, 3.3], ([np.pi, np.pi], -1.0)),
    (bukin, [-9.0, 1.5], ([-10.0, 1.0], 0.0)),
    (cross_in_tray, TWO, ([1.349406608602084] * 2, -2.062611870822739)),
    (drop_wave, TWO, ([0.0, 0.0], -1.0)),
    (eggholder, [100.0, 200.0], ([512.0, 404.2319], -959.6407)),
    (holder_table, TWO, ([8.05502, 9.66459], -19.2085)),
    (mccormick, TWO, ([-0.54719, -1.54719], -1.9132)),
    (six_hump_camel, TWO, ([0.0898, -0.7126], -1.0316)),
    (three_hump_camel, TWO, ([0.0, 0.0], 0.0)),
    (schaffer_2, TWO, ([0.0, 0.0], 0.0)),
    (shubert, TWO, None),
    (bohachevsky, TWO, ([0.0, 0.0], 0.0)),
    (helical_valley, THREE, ([1.0, 0.0, 0.0], 0.0)),
    (colville, FOUR, None),
    (trid, FOUR, ([4.0, 6.0, 6.0, 4.0], -16.0)),
    (perm, THREE, ([1.0, 2.0, 3.0], 0.0)),
    (exponential, FOUR, ([0.0] * 4, -1.0)),
    (xin_she_yang, FOUR, ([0.0] * 4, 0.0)),
    (hartmann, THREE, ([0.114614, 0.555649, 0.852547], -3.86278)),
    (shekel, FOUR, None),
    (schmidt_vetters, [0.78547, 0.78547, 0.9], None),
    (keane, TWO, None),
    (modified_ackley_with_divmod, FOUR, None),
]


@pytest.mark.parametrize("case", FUNCTIONS, ids=lambda case: case[0].__name__)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # the slope of a root at 0
def test_it_runs_eagerly_and_compiles(case: Any) -> None:
    fn, start, minimum = case
    if minimum is not None:
        assert float(fn(np.array(minimum[0]))) == pytest.approx(minimum[1], abs=2e-4)
    x = np.array(start)
    eager = fn(np.frompyfunc(Value, 1, 1)(x))
    assert eager.data == pytest.approx(float(fn(x)), rel=1e-12)
    f, over_rows = ag.compile(fn, target="llvm"), ag.compile(fn, in_axes=0, target="llvm")
    assert ag.compile(fn, target="python")(x) == f(x) == pytest.approx(eager.data, rel=1e-13)
    np.testing.assert_allclose(f.grad(x), ag.grad(fn)(x), rtol=1e-10, atol=1e-12)
    rows = np.array([x, x * 1.1, x * 0.7])
    np.testing.assert_allclose(over_rows(rows), [f(row) for row in rows], rtol=1e-10, atol=1e-12)
