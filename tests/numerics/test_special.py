"""The special functions against 50-digit evaluations by mpmath, in ulps, and at special points against IEEE 754.

The points are crowded where it is hard: at zeros, poles, the ends of domains and of the range of floats. Products
are checked against exact fractions.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import mpmath
import pytest
from mpmath import mp, mpf

from autograd_lite.numerics import special

INF, NAN = math.inf, math.nan
LEAST, GREATEST = 5e-324, 1.7976931348623157e308
Oracle = Callable[..., Any]
Points = Sequence[tuple[float, ...]]


@pytest.fixture(autouse=True)
def fifty_digits() -> Any:
    with mp.workdps(50):
        yield


# Points ---------------------------------------------------------------------------------------------------------------

rng = random.Random(20240229)


def uniform(low: float, high: float, n: int = 150) -> list[float]:
    return [rng.uniform(low, high) for _ in range(n)]


def logarithmic(low: float, high: float, n: int = 150) -> list[float]:
    return [math.exp(rng.uniform(math.log(low), math.log(high))) for _ in range(n)]


def negated(xs: Sequence[float]) -> list[float]:
    return [-x for x in xs]


def signed(xs: Sequence[float]) -> list[float]:
    return [rng.choice((x, -x)) for x in xs]


def crowded(at: float, width: float = 0.3, n: int = 150) -> list[float]:
    """Points on both sides of `at`, down to its neighbours."""
    return [at + d for d in signed(logarithmic(math.ulp(at), width, n))]


def single(*groups: Sequence[float]) -> Points:
    return [(x,) for group in groups for x in group]


def nonintegers(*groups: Sequence[float]) -> Points:
    return [(x,) for group in groups for x in group if x % 1.0]


EVERYWHERE = single(signed(logarithmic(LEAST, 800, 300)), uniform(-30, 30), uniform(-750, -700), uniform(700, 750))
SUBNORMALS = logarithmic(LEAST, 1e-307, 100)
NEAR_POLES = [rng.randrange(-180, 0) + d for d in signed(logarithmic(1e-15, 0.5, 200))]
TO_MINUS_10 = uniform(-10, 0, 300)
TO_MINUS_190 = uniform(-190, -9, 300)


def near_zero_of_logaddexp() -> list[tuple[float, float]]:
    points = []
    for b in negated(logarithmic(0.7, 730, 200)):
        with mp.workdps(360):
            a = float(mpmath.log1p(-mpmath.exp(mpf(b))))
        a *= 1.0 + rng.choice((0.0, 1e-15, 1e-9, 1e-3, 0.3)) * rng.uniform(-1, 1)
        points.append(rng.choice(((a, b), (b, a))))
    return points


# Oracles --------------------------------------------------------------------------------------------------------------


def precisely(oracle: Oracle, digits: int) -> Oracle:
    """`oracle` with as many digits: where its own terms cancel."""

    def evaluate(*args: mpf) -> mpf:
        with mp.workdps(digits):
            return oracle(*args)

    return evaluate


def log_abs_gamma(x: mpf) -> mpf:
    return mpmath.re(mpmath.loggamma(x))


def inverse_erf(p: mpf) -> mpf:
    """mpmath.erfinv works at the digits of p; near 1 it loses some, so it is polished by Newton's method."""
    y = mpmath.erfinv(p)
    return y - (mpmath.erf(y) - p) * mpmath.sqrt(mp.pi) / 2 * mpmath.exp(y * y)


def sinc_derivative_oracle(x: mpf, n: mpf) -> mpf:
    """The Taylor series of sinc, differentiated term by term; for large x Leibniz' rule for sin(pi x) / (pi x)."""
    order = int(n)
    if abs(x) < 5:
        first = (order + 1) // 2
        terms = [
            (-1) ** k * mp.pi ** (2 * k) * x ** (2 * k - order) / mpmath.factorial(2 * k - order) / (2 * k + 1)
            for k in range(first, first + 60)
        ]
        return mpmath.fsum(terms)
    with mp.workdps(60 + 2 * order):
        sine, cosine = mpmath.sinpi(x), mpmath.cospi(x)
        waves = (sine, cosine, -sine, -cosine)
        return mpmath.fsum(
            mpmath.binomial(order, k) * mp.pi ** (order - k) * waves[(order - k) % 4]
            * (-1) ** k * mpmath.factorial(k) / (mp.pi * x ** (k + 1))
            for k in range(order + 1)
        )  # fmt: skip


def ulps(got: float, exact: mpf, scale: mpf | float = 0) -> float:
    """How many units in the last place of `exact`, or of `scale` if greater, `got` is off; overflow must be ±inf."""
    size = max(abs(exact), abs(mpf(scale)))
    if abs(exact) >= mpf(2) ** 1024 * (1 - mpf(2) ** -54):
        return 0.0 if got == math.copysign(INF, exact) else INF
    if not math.isfinite(got):
        return INF
    exponent = mpmath.frexp(size)[1] if size else -1100
    return float(abs(mpf(got) - exact) / mpf(2) ** max(exponent - 53, -1074))


def assert_accurate(
    name: str, oracle: Oracle, points: Points, bound: float, scale: Callable[..., Any] | None = None
) -> None:
    function = getattr(special, name)
    assert len(points) >= 300
    for point in points:
        got, exact = function(*point), oracle(*map(mpf, point))
        error = ulps(got, exact, scale(*map(mpf, point)) if scale else 0)
        assert error <= bound, f"{name}{point} = {got!r} is {error:.2f} ulp from {mpmath.nstr(exact, 20)}"


# Accuracy -------------------------------------------------------------------------------------------------------------

ZERO_OF_DIGAMMA = 1.4616321449683622
POSITIVE = single(
    logarithmic(LEAST, 1e300), uniform(0, 3), uniform(0, 12, 300), uniform(9, 180, 200), crowded(1.0), crowded(2.0),
    crowded(ZERO_OF_DIGAMMA), crowded(10.0, n=50), SUBNORMALS,
)  # fmt: skip
HALF = mpf(1) / 2

ACCURATE: list[tuple[str, Oracle, Points, float]] = [
    ("sech", mpmath.sech, EVERYWHERE, 4),
    ("sigmoid", lambda x: 1 / (1 + mpmath.exp(-x)), EVERYWHERE, 4),
    ("softplus", lambda x: mpmath.log1p(mpmath.exp(x)), EVERYWHERE, 4),
    (
        "logit",
        precisely(lambda p: mpmath.log(p) - mpmath.log1p(-p), 70),
        single(
            uniform(0, 1), logarithmic(LEAST, 0.5), [1 - d for d in logarithmic(1.2e-16, 0.5)], crowded(0.5), SUBNORMALS
        ),
        4,
    ),
    (
        "logaddexp",
        precisely(lambda a, b: mpmath.log(mpmath.exp(a) + mpmath.exp(b)), 400),
        [
            *zip(uniform(-3, 3), uniform(-3, 3), strict=True),
            *zip(uniform(-800, 800), uniform(-800, 800), strict=True),
            *zip(signed(logarithmic(1e-20, 2)), uniform(-50, 1), strict=True),
            *near_zero_of_logaddexp(),
        ],
        4,
    ),
    ("gauss", lambda x: mpmath.exp(-x * x), single(uniform(-27.4, 27.4, 400), uniform(26, 27.4), SUBNORMALS), 4),
    ("norm_pdf", mpmath.npdf, single(uniform(-38.7, 38.7, 400), uniform(37, 38.7), SUBNORMALS), 4),
    (
        "norm_cdf",
        lambda x: mpmath.erfc(-x / mpmath.sqrt(2)) / 2,
        single(uniform(-39, 9, 300), uniform(-4, 2, 300), uniform(-38.6, -37), SUBNORMALS),
        4,
    ),
    (
        "erfinv",
        inverse_erf,
        single(
            uniform(-1, 1, 250),
            crowded(0.5, n=50),
            signed(logarithmic(1e-12, 1e-4, 100)),
            [1 - d for d in logarithmic(1.2e-16, 0.5, 100)],
        ),
        4,
    ),
    ("erfinv", lambda p: p * mpmath.sqrt(mp.pi) / 2, single(signed(logarithmic(LEAST, 1e-12, 200)), SUBNORMALS), 4),
    ("gamma", mpmath.gamma, [*POSITIVE, *nonintegers(TO_MINUS_10, TO_MINUS_190, NEAR_POLES, negated(SUBNORMALS))], 8),
    ("lgamma", log_abs_gamma, POSITIVE, 8),
    ("digamma", precisely(mpmath.digamma, 70), POSITIVE, 8),
    (
        "polygamma",
        lambda n, x: mpmath.psi(int(n), x),
        [
            *((rng.randrange(1, 14), x) for (x,) in POSITIVE[::2]),
            *((1, x) for (x,) in POSITIVE[::4]),
            *(
                (1 + 2 * rng.randrange(5), x)
                for (x,) in nonintegers(TO_MINUS_10[::2], uniform(-99, -9, 50), NEAR_POLES[::4])
            ),
        ],
        8,
    ),
    (
        "sinpi",
        mpmath.sinpi,
        nonintegers(uniform(-3, 3), uniform(-1e4, 1e4), signed(logarithmic(LEAST, 4e15)), NEAR_POLES),
        4,
    ),
    ("cospi", mpmath.cospi, single(uniform(-3, 3), signed(logarithmic(LEAST, 2e15)), [x + 0.5 for x in NEAR_POLES]), 4),
    (
        "sinc",
        lambda x: mpmath.sincpi(x),
        nonintegers(uniform(-3, 3), uniform(-1e4, 1e4), signed(logarithmic(LEAST, 4e15)), NEAR_POLES),
        4,
    ),
    (
        "sinc_derivative",
        precisely(sinc_derivative_oracle, 80),
        [(x, n) for n in (*range(1, 14), 40) for x in (*uniform(-0.3, 0.3, 20), *signed(logarithmic(LEAST, 0.3, 20)))],
        4,
    ),
]


@pytest.mark.parametrize(("name", "oracle", "points", "bound"), ACCURATE)
def test_within_few_ulp(name: str, oracle: Oracle, points: Points, bound: float) -> None:
    assert_accurate(name, oracle, points, bound)


def distance_from_pole(x: mpf) -> mpf:
    return abs(x - mpmath.nint(x))


NEGATIVE = nonintegers(TO_MINUS_10, TO_MINUS_190, NEAR_POLES, negated(logarithmic(LEAST, 1e15)))

# Where terms cancel the error is relative to their size: the last column.
NEAR_ZEROS: list[tuple[str, Oracle, Points, float, Callable[..., Any]]] = [
    ("lgamma", precisely(log_abs_gamma, 70), NEGATIVE, 4, lambda x: max(1, mpmath.loggamma(-x))),
    ("digamma", precisely(mpmath.digamma, 70), NEGATIVE, 8, lambda x: mpmath.digamma(1 - x) + 1),
    (
        "polygamma",
        lambda n, x: mpmath.psi(int(n), x),
        [(2 * rng.randrange(1, 7), x) for (x,) in nonintegers(TO_MINUS_10, uniform(-100, -10, 40), NEAR_POLES[::4])],
        4,
        lambda n, x: mpmath.factorial(n) / distance_from_pole(x) ** (n + 1),
    ),
    (
        "sinc_derivative",
        sinc_derivative_oracle,
        [
            (x, n)
            for n in (*range(1, 14), 40)
            for x in (*uniform(-n, n, 15), *uniform(-99, 99, 5), *signed(logarithmic(1, 1e308, 10)), 3.0, -4.5)
        ],
        4,
        lambda x, n: mp.pi**n / max(n + 1, mp.pi * abs(x)),
    ),
]


@pytest.mark.parametrize(("name", "oracle", "points", "bound", "scale"), NEAR_ZEROS)
def test_error_near_zeros_is_small_against_the_terms_that_cancel(
    name: str, oracle: Oracle, points: Points, bound: float, scale: Callable[..., Any]
) -> None:
    assert_accurate(name, oracle, points, bound, scale)


@pytest.mark.parametrize("n", [171, 172, 300, 5000, 10**6])
def test_polygamma_of_high_order(n: int) -> None:
    """Around n / e the factorial and the power balance; the series of the zeta function takes a few terms there."""
    for x in [n / math.e * math.exp(d * min(1.0, 600 / n)) for d in uniform(-1, 1, 20)]:
        with mp.workdps(80):
            terms = [mpmath.exp(-(n + 1) * mpmath.log1p(mpf(k) / x)) for k in range(400)]
            log_first = mpmath.loggamma(n + 1) - (n + 1) * mpmath.log(mpf(x))
            exact = (-1) ** (n + 1) * mpmath.exp(log_first) * mpmath.fsum(terms)
        assert ulps(special.polygamma(n, x), exact) <= 8


def test_gamma_of_integers_is_a_factorial_rounded_once() -> None:
    assert [special.gamma(float(n)) for n in range(1, 172)] == [float(math.factorial(n - 1)) for n in range(1, 172)]


# Special points -------------------------------------------------------------------------------------------------------

AT_POINTS: list[tuple[str, tuple[float, ...], float]] = [
    ("sech", (INF,), 0.0),
    ("sech", (-0.0,), 1.0),
    ("sigmoid", (-INF,), 0.0),
    ("sigmoid", (INF,), 1.0),
    ("softplus", (-INF,), 0.0),
    ("softplus", (INF,), INF),
    ("logit", (0.0,), -INF),
    ("logit", (-0.0,), -INF),
    ("logit", (0.5,), 0.0),
    ("logit", (1.0,), INF),
    ("logit", (1.0000000000000002,), NAN),
    ("logit", (-LEAST,), NAN),
    ("logaddexp", (-INF, -INF), -INF),
    ("logaddexp", (INF, INF), INF),
    ("logaddexp", (INF, -INF), INF),
    ("logaddexp", (-INF, 3.0), 3.0),
    ("logaddexp", (INF, NAN), NAN),
    ("logaddexp", (NAN, -INF), NAN),
    ("logaddexp", (-INF, NAN), NAN),
    ("gauss", (-INF,), 0.0),
    ("norm_pdf", (INF,), 0.0),
    ("norm_cdf", (0.0,), 0.5),
    ("norm_cdf", (-INF,), 0.0),
    ("norm_cdf", (INF,), 1.0),
    ("erfinv", (-0.0,), -0.0),
    ("erfinv", (1.0,), INF),
    ("erfinv", (-1.0,), -INF),
    ("erfinv", (1.0000000000000002,), NAN),
    ("gamma", (0.0,), INF),
    ("gamma", (-0.0,), -INF),
    ("gamma", (-3.0,), NAN),
    ("gamma", (INF,), INF),
    ("gamma", (-INF,), NAN),
    ("gamma", (172.0,), INF),
    ("gamma", (-200.5,), -0.0),
    ("gamma", (-201.5,), 0.0),
    ("lgamma", (1.0,), 0.0),
    ("lgamma", (2.0,), 0.0),
    ("lgamma", (-0.0,), INF),
    ("lgamma", (-7.0,), INF),
    ("lgamma", (INF,), INF),
    ("lgamma", (-INF,), INF),
    ("digamma", (0.0,), -INF),
    ("digamma", (-0.0,), INF),
    ("digamma", (-2.0,), NAN),
    ("digamma", (INF,), INF),
    ("digamma", (-INF,), NAN),
    ("polygamma", (0, 0.0), -INF),
    ("polygamma", (1, 0.0), INF),
    ("polygamma", (1, -0.0), INF),
    ("polygamma", (2, 0.0), -INF),
    ("polygamma", (2, -0.0), INF),
    ("polygamma", (1, -3.0), INF),
    ("polygamma", (2, -3.0), NAN),
    ("polygamma", (1, INF), 0.0),
    ("polygamma", (2, INF), -0.0),
    ("polygamma", (1, -INF), NAN),
    ("polygamma", (1.5, 2.0), NAN),
    ("polygamma", (-1, 2.0), NAN),
    ("polygamma", (INF, 2.0), NAN),
    ("polygamma", (1e300, 2.0), -INF),  # an even order
    ("sinpi", (-0.0,), -0.0),
    ("sinpi", (7.0,), 0.0),
    ("sinpi", (INF,), NAN),
    ("cospi", (0.5,), 0.0),
    ("cospi", (7.0,), -1.0),
    ("cospi", (-INF,), NAN),
    ("sinc", (0.0,), 1.0),
    ("sinc", (LEAST,), 1.0),
    ("sinc", (-5.0,), 0.0),
    ("sinc", (GREATEST,), 0.0),
    ("sinc", (-INF,), 0.0),
    ("sinc_derivative", (2.0, 0), 0.0),
    ("sinc_derivative", (0.0, 1), -0.0),
    ("sinc_derivative", (-0.0, 1), 0.0),
    ("sinc_derivative", (1.0, 1), -1.0),
    ("sinc_derivative", (INF, 3), 0.0),
    ("sinc_derivative", (1.0, -1), NAN),
    ("sinc_derivative", (1.0, 0.5), NAN),
    ("sinc_derivative", (1.0, 601), NAN),
    ("fma", (INF, 0.0, 1.0), NAN),
    ("fma", (INF, 1.0, -INF), NAN),
    ("fma", (1e308, -1e308, INF), INF),
    ("fma", (1e308, 1e308, 1.0), INF),
    ("fma", (1e308, -1e308, -1.0), -INF),
    ("fma", (1.7e308, 1.0, 1e308), INF),
    ("fma", (1e308, 10.0, -INF), -INF),
    ("fma", (-0.0, 1.0, -0.0), -0.0),
    ("fma", (-0.0, 1.0, 0.0), 0.0),
    ("fma", (-LEAST, LEAST, 0.0), -0.0),
    ("fma", (3.0, 3.0, -9.0), 0.0),
]


def same(a: float, b: float) -> bool:
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


@pytest.mark.parametrize(("name", "args", "expected"), AT_POINTS)
def test_special_points(name: str, args: tuple[float, ...], expected: float) -> None:
    assert same(getattr(special, name)(*args), expected)


UNARY = (
    "sech", "sigmoid", "softplus", "logit", "gauss", "norm_pdf", "norm_cdf", "erfinv", "gamma", "lgamma", "digamma",
    "sinpi", "cospi", "sinc",
)  # fmt: skip
EXTREMES = (
    0.0, LEAST, 2.2250738585072014e-308, 1e-200, 1e-16, 0.5, 1.0, 2.5, 39.0, 171.7, 746.0, 2.0**52 - 0.5, 2.0**53,
    1e155, 1e300, GREATEST, INF,
)  # fmt: skip
BOTH_SIGNS = (*EXTREMES, *negated(EXTREMES), NAN)


@pytest.mark.parametrize("name", UNARY)
def test_no_float_raises_and_nan_gives_nan(name: str) -> None:
    function = getattr(special, name)
    assert all(isinstance(function(x), float) for x in BOTH_SIGNS)
    assert math.isnan(function(NAN))


@pytest.mark.parametrize("name", ["logaddexp", "sinc_derivative", "polygamma"])
def test_no_pair_of_floats_raises_and_nan_gives_nan(name: str) -> None:
    function = getattr(special, name)
    for pair in product(BOTH_SIGNS, repeat=2):
        result = function(*pair)
        assert isinstance(result, float)
        assert math.isnan(result) or not any(map(math.isnan, pair))


# Exact products -------------------------------------------------------------------------------------------------------


def rounded(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return INF if exact > 0 else -INF


def awkward() -> float:
    """A float of any size, or a moderate one, or a special one."""
    kind = rng.random()
    if kind < 0.4:
        return math.ldexp(rng.uniform(-2, 2), rng.randrange(-1100, 1024))
    return math.ldexp(rng.uniform(-2, 2), rng.randrange(-30, 30)) if kind < 0.9 else rng.choice(BOTH_SIGNS)


def awkward_triple() -> tuple[float, float, float]:
    """z is often near -x * y, so that the error of the product is what is left."""
    x, y = awkward(), awkward()
    z = rng.choice((awkward(), -x * y, math.nextafter(-x * y, rng.choice((INF, -INF)))))
    return x, y, z


TRIPLES = [awkward_triple() for _ in range(3000)]


@pytest.mark.parametrize("fma", [special.fma, special._fma_in_python])
def test_fma_is_rounded_once(fma: Callable[[float, float, float], float]) -> None:
    for x, y, z in TRIPLES:
        got = fma(x, y, z)
        if not all(map(math.isfinite, (x, y, z))):
            expected = z if math.isfinite(x) and math.isfinite(y) else x * y + z
            assert got == expected or (math.isnan(got) and math.isnan(expected))
            continue
        exact = Fraction(x) * Fraction(y) + Fraction(z)
        assert got == rounded(exact), (x, y, z)
        if exact:
            assert math.copysign(1.0, got) == (1.0 if exact > 0 else -1.0), (x, y, z)


def refuse(error: type[Exception]) -> Callable[..., float]:
    def raising(*args: object) -> float:
        raise error

    return raising


def test_fma_where_that_of_python_3_13_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(special, "_fma", refuse(OverflowError))
    assert special.fma(-1e200, 1e200, 1.0) == -INF
    monkeypatch.setattr(special, "_fma", refuse(ValueError))
    assert math.isnan(special.fma(INF, 0.0, 1.0))


@pytest.mark.parametrize("built_in", [special._sumprod, special._sumprod_in_python, refuse(OverflowError)])
def test_sumprod_has_lost_nothing_before_it_rounds(
    built_in: Callable[..., float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(special, "_sumprod", built_in)
    for _ in range(700):
        pairs = [(awkward(), awkward()) for _ in range(rng.randrange(6))]
        if pairs and rng.random() < 0.5:  # the first product nearly cancels
            pairs.append((-pairs[0][0], math.nextafter(pairs[0][1], 0.0)))
        p, q = [x for x, _ in pairs], [y for _, y in pairs]
        got = special.sumprod(p, q)
        infinite = [x * y for x, y in pairs if not (math.isfinite(x) and math.isfinite(y))]
        if infinite:
            assert got == sum(infinite) or (math.isnan(got) and math.isnan(sum(infinite))), (p, q)
        else:
            expected = rounded(sum((Fraction(x) * Fraction(y) for x, y in pairs), Fraction()))
            tolerance = math.ulp(expected) if built_in is getattr(math, "sumprod", None) else 0.0
            assert got == expected or abs(got - expected) <= tolerance, (p, q)


def test_sumprod_wants_equal_lengths() -> None:
    with pytest.raises(ValueError, match="not the same length"):
        special.sumprod([1.0], [1.0, 2.0])


def test_two_product_is_exact() -> None:
    for _ in range(500):
        x, y = (math.ldexp(rng.uniform(-2, 2), rng.randrange(-400, 400)) for _ in range(2))
        assert sum(map(Fraction, special.two_product(x, y))) == Fraction(x) * Fraction(y)
