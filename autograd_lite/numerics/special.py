"""Functions on plain floats that Python's `math` lacks, or has with fewer good digits than a primitive promises.

All follow IEEE 754 and raise for no float: poles and overflow give ±inf, points outside a domain nan, and nan gives
nan. Unless a docstring says otherwise a result is within 4 ulp of the exact one, subnormal results included, and
within 8 ulp in the gamma family; the tests measure it against mpmath. Only the standard library is used: `math`, and
`decimal` where terms cancel (see `digits`). The methods are the textbook ones (Abramowitz & Stegun, the DLMF, Dekker
1971).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import accumulate

INF, NAN = math.inf, math.nan
_CANCELLED = 0.25  # a difference that is less than this part of its terms needs more digits than theirs


# Exact products ------------------------------------------------------------------------------------------------------


def fma(x: float, y: float, z: float) -> float:
    """x * y + z, rounded once: `math.fma` of Python 3.13, with IEEE 754 results where that one raises.

    >>> fma(0.1, 10.0, -1.0), 0.1 * 10.0 - 1.0
    (5.551115123125783e-17, 0.0)
    """
    try:
        return _fma(x, y, z)
    except ValueError:
        return NAN
    except OverflowError:
        return math.copysign(INF, x * y + z)


def sumprod(p: Sequence[float], q: Sequence[float]) -> float:
    """The sum of p[i] * q[i] as if in extended precision: `math.sumprod` of Python 3.12, and rounded once before it.

    A sum that is finite does not overflow on the way. Raises ValueError if the lengths differ.

    >>> sumprod([1e200, 1.0, -1e200], [1e200, 1.0, 1e200])
    1.0
    """
    if len(p) != len(q):
        raise ValueError("Inputs are not the same length")
    try:
        total = _sumprod(p, q)
        if _TINY < abs(total) < INF:
            return total
    except (OverflowError, ValueError):  # fsum's, of a sum that overflows and of inf - inf
        pass
    return _sum_exactly(p, q)


# Roots ---------------------------------------------------------------------------------------------------------------


def cbrt(x: float) -> float:
    """The cube root: `math.cbrt`, which may be 3 ulp off, and a step of Newton's method with an exact residual.

    >>> cbrt(27.0), cbrt(-5e-324)
    (3.0, -1.7031839360032603e-108)
    """
    if not 1e-280 < abs(x) < 1e280:  # the exact cube would leave the range of floats
        if x == 0.0 or x - x != 0.0:
            return x
        return (
            math.ldexp(cbrt(math.ldexp(x, 600)), -200) if abs(x) < 1.0 else math.ldexp(cbrt(math.ldexp(x, -600)), 200)
        )
    y = math.cbrt(x)
    square, error = two_product(y, y)
    cube, rest = two_product(square, y)
    return y + ((x - cube) - rest - error * y) / (3.0 * square)


# Logistic functions --------------------------------------------------------------------------------------------------


def sech(x: float) -> float:
    """The hyperbolic secant, 1 / cosh(x).

    >>> sech(0.0), sech(-720.0)
    (1.0, 4.06446160484e-313)
    """
    e = math.exp(-abs(x))
    return 2.0 * e / (1.0 + e * e)


def sigmoid(x: float) -> float:
    """The logistic function, 1 / (1 + exp(-x)).

    >>> sigmoid(0.0), sigmoid(-720.0), sigmoid(720.0)
    (0.5, 2.0322308024e-313, 1.0)
    """
    e = math.exp(-abs(x))
    return e / (1.0 + e) if x < 0.0 else 1.0 / (1.0 + e)


def softmax2(a: float, b: float) -> float:
    """exp(a) / (exp(a) + exp(b)), the logistic function of a - b, whose rounding error is made good.

    >>> softmax2(1e16, 1e16 - 2.0), softmax2(-1000.0, 0.0)
    (0.8807970779778823, 0.0)
    """
    difference = a - b
    if abs(difference) > 800.0 or difference != difference:
        return NAN if a != a or b != b else 0.5 if a == b else 1.0 if a > b else 0.0
    other = a - difference  # Knuth's two-sum
    error = (a - (difference + other)) + (other - b)
    return sigmoid(difference) * (1.0 + error * sigmoid(-difference))


def softplus(x: float) -> float:
    """log(1 + exp(x)), the integral of `sigmoid`.

    >>> softplus(0.0), softplus(-50.0), softplus(1000.0)
    (0.6931471805599453, 1.9287498479639178e-22, 1000.0)
    """
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def silu(x: float) -> float:
    """x * sigmoid(x), and its limit -0.0 at -inf.

    >>> silu(1.0), silu(-712.0), silu(-INF)
    (0.7310585786300049, -4.313292185103229e-307, -0.0)
    """
    if x < -700.0:  # where sigmoid is subnormal, or nearly, and the product is not
        half = math.exp(0.5 * x)
        return x * half * half if x > -INF else -0.0
    return x * sigmoid(x)


# The zero of the slope of silu, 1 + x + exp(x), in two parts, and its exponential.
_SILU_LEAST, _SILU_LEAST_LOW, _SILU_LEAST_EXP = -1.2784645427610737, -1.0946994183093437e-16, 0.2784645427610738


def silu_derivative(x: float, n: float) -> float:
    """The n-th derivative of `silu`; nan where n is no integer from 0 to 170.

    The first is sigmoid(x) sigmoid(-x) (1 + x + exp(x)), and the last factor less the same at its zero does not cancel.
    The others are n!/2 (x b[n] + b[n-1]) with the Taylor coefficients b of tanh(x/2), which has 2 tanh' = 1 - tanh**2;
    next to a zero many digits are used up to n = 40.

    >>> silu_derivative(0.0, 1), silu_derivative(-1.278464542761074, 1), silu_derivative(0.0, 2)
    (0.5, -2.452007938935708e-17, 0.5)
    """
    if n == 0.0:
        return silu(x)
    if not 0.0 < n <= 170.0 or n % 1.0 != 0.0 or x != x:
        return NAN
    y = -abs(x)
    # e is exp(y) in two factors, the second taken last: the whole may underflow where the result does not.
    e, rest = (math.exp(y), 1.0) if y > -700.0 else (math.exp(0.5 * y), math.exp(0.5 * y))
    scale = 1.0 + e * rest
    if n == 1.0:
        if y == -INF:
            return 1.0 if x > 0.0 else 0.0
        distance = (y - _SILU_LEAST) - _SILU_LEAST_LOW
        factor = 1.0 + y + e if y > -0.5 else distance + _SILU_LEAST_EXP * math.expm1(distance)
        slope = factor / (scale * scale) * e * rest
        return 1.0 - slope if x > 0.0 else slope
    if y == -INF:
        return 0.0
    if -1e-290 < y < 0.0 and n % 2.0 == 1.0:  # a multiple of x here, of which subnormal terms would lose digits
        return math.ldexp(silu_derivative(math.ldexp(x, 60), n), -60)
    tanh = math.tanh(0.5 * x)
    weight = 4.0 / (scale * scale) * e * rest  # 1 - tanh**2, a factor of every coefficient
    b, sizes = [0.0, 0.5], [0.0, 0.5]  # and the same with nothing cancelled
    for k in range(1, int(n)):
        square, size = 0.0, 0.0
        for i in range(1, k):
            square += b[i] * b[k - i]
            size += sizes[i] * sizes[k - i]
        b.append(-(2.0 * tanh * b[k] + weight * square) / (2.0 * (k + 1.0)))
        sizes.append((2.0 * abs(tanh) * sizes[k] + weight * size) / (2.0 * (k + 1.0)))
    sum_, size = x * b[int(n)] + b[int(n) - 1], abs(x) * sizes[int(n)] + sizes[int(n) - 1]
    value = 2.0 * math.factorial(int(n)) / (scale * scale) * sum_ * e * rest
    if abs(sum_) < _CANCELLED * size and n <= 40.0:
        return _silu_derivative_in_digits(value, x, n)
    return value


def logit(p: float) -> float:
    """log(p / (1 - p)), the inverse of `sigmoid`; ∓inf at 0 and 1, nan outside of [0, 1].

    >>> logit(0.5), logit(1e-300), logit(1.0), logit(1.5)
    (0.0, -690.7755278982137, inf, nan)
    """
    if not 0.0 < p < 1.0:
        return -INF if p == 0.0 else INF if p == 1.0 else NAN
    if 0.25 <= p <= 0.75:
        return 2.0 * math.atanh(2.0 * p - 1.0)  # the argument is exact
    return math.log(p / (1.0 - p))


def logaddexp(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), also where that is close to 0.

    >>> logaddexp(-1000.0, -1000.0), logaddexp(-1e-20, -46.0), logaddexp(-math.inf, -math.inf)
    (-999.3068528194401, 5.3061735755381295e-22, -inf)
    """
    if a < b:
        a, b = b, a
    if a == INF or b == -INF:
        return b if math.isnan(b) else a
    if not -1.2 < a < 1.0:
        return a + math.log1p(math.exp(b - a))
    excess = math.expm1(a) + math.exp(b)
    if a < 0.0 and abs(excess) < math.exp(b):
        excess = _sum_of_exponentials_less_one(a, b)
    return math.log1p(excess)


def _sum_of_exponentials_less_one(a: float, b: float) -> float:
    """exp(a) + exp(b) - 1 in as many digits as cancel, and 40 more."""
    from decimal import Context, Decimal

    context = Context(prec=40 + int(-b / math.log(10.0)), traps=[])
    powers = context.add(context.exp(Decimal(a)), context.exp(Decimal(b)))
    return float(context.subtract(powers, Decimal(1)))


# Gaussian functions --------------------------------------------------------------------------------------------------

_SQRT_HALF, _SQRT_HALF_LOW = 0.7071067811865476, -4.833646656726457e-17
_HALF_SQRT_PI = 0.886226925452758
_INV_SQRT_PI = 0.5641895835477563
_INV_SQRT_2PI = 0.3989422804014327


def gauss(x: float) -> float:
    """exp(-x * x), with the rounding error of x * x made good.

    >>> gauss(1.0), gauss(26.1)
    (0.36787944117144233, 1.4264481256516652e-296)
    """
    if abs(x) > 40.0:  # the rest would overflow in an exact product
        return 0.0
    square, error = two_product(x, x)
    return math.exp(-square) * (1.0 - error)


def norm_pdf(x: float) -> float:
    """The density of the standard normal distribution, exp(-x * x / 2) / sqrt(2 pi).

    >>> norm_pdf(0.0), norm_pdf(38.0)
    (0.3989422804014327, 1.097221052e-314)
    """
    if abs(x) > 40.0:
        return 0.0
    square, error = two_product(x, x)
    return math.exp(-0.5 * square) * (_INV_SQRT_2PI - 0.5 * _INV_SQRT_2PI * error)


def norm_cdf(x: float) -> float:
    """The distribution function of the standard normal distribution, erfc(-x / sqrt 2) / 2; both tails keep all digits.

    The rounding error of x / sqrt(2) is made good by the derivative of erfc.

    >>> norm_cdf(0.0), norm_cdf(-38.0), norm_cdf(1.0)
    (0.5, 2.88542835e-316, 0.841344746068543)
    """
    if abs(x) > 40.0:
        return 0.0 if x < 0.0 else 1.0
    t, error = two_product(-x, _SQRT_HALF)
    error -= x * _SQRT_HALF_LOW
    return 0.5 * math.erfc(t) - _INV_SQRT_PI * math.exp(-t * t) * error


# The asymptotic series of norm_cdf(x) * -x / norm_pdf(x) in powers of 1 / x**2 (DLMF 7.12.1): far out on the left.
_MILLS = (1.0, -1.0, 3.0, -15.0, 105.0, -945.0, 10395.0, -135135.0)


def gelu(x: float) -> float:
    """x * norm_cdf(x), and its limit -0.0 at -inf.

    >>> gelu(1.0), gelu(-38.0), gelu(-INF)
    (0.841344746068543, -1.096462777e-314, -0.0)
    """
    if x < -37.0:  # where norm_cdf is subnormal, or nearly, and the product is not
        return -norm_pdf(x) * _horner(_MILLS, 1.0 / x / x)
    return x * norm_cdf(x)


# The zero of gelu's slope in two parts, and the slope's Taylor series there, without its factor x - zero.
_GELU_LEAST, _GELU_LEAST_LOW = -0.7517915246935645, 1.4956759177009883e-17
_GELU_SLOPE = (
    0.4314939923140469, 0.388284982990552, -0.018199676398671087, -0.1140082332972217, -0.014771522148244337,
    0.019421679838189067, 0.004539228379125415, -0.002239538068073497, -0.0007448268386746817, 0.00018633974623233514,
    8.615947861116571e-05, -1.121438018842664e-05, -7.74846130700372e-06, 4.3284506257392273e-07,
    5.702764979242107e-07, -1.6044265494246427e-09, -3.5459866461783865e-08, -1.396942086426202e-09,
    1.90319840501314e-09, 1.4506418938779426e-10, -8.950037692726255e-11, -9.950340824808053e-12,
    3.725967039270119e-12, 5.482292964742324e-13, -1.3820118240601056e-13, -2.5871508475507507e-14,
)  # fmt: skip


def gelu_slope(x: float) -> float:
    """The derivative of `gelu`, norm_cdf(x) + x norm_pdf(x); around its zero by its Taylor series there.

    >>> gelu_slope(0.0), gelu_slope(-0.7517915246935645), gelu_slope(-INF)
    (0.5, -6.4537517293677524e-18, 0.0)
    """
    if abs(x) > 40.0:
        return 0.0 if x < 0.0 else 1.0
    if x < -37.0:  # where the density is subnormal, or nearly, and the result is not
        square, error = two_product(x, x)
        half = math.exp(-0.25 * square)
        return (x - _horner(_MILLS, 1.0 / x / x) / x) * _INV_SQRT_2PI * (1.0 - 0.5 * error) * half * half
    distance = (x - _GELU_LEAST) - _GELU_LEAST_LOW
    if abs(distance) < 0.75:
        return distance * _horner(_GELU_SLOPE, distance)
    return norm_cdf(x) + x * norm_pdf(x)


def erfinv(x: float) -> float:
    """The inverse of `math.erf`: ±inf at ±1, nan outside of [-1, 1].

    Winitzki's approximation, good to 0.4 %, and three of Halley's steps, each of which triples the digits.

    >>> erfinv(0.5), erfinv(-0.9999), erfinv(1.0)
    (0.4769362762044699, -2.75106390571208, inf)
    """
    if not -1.0 < x < 1.0:
        return math.copysign(INF, x) if abs(x) == 1.0 else NAN
    p = abs(x)
    if p < 1e-8:
        return x * _HALF_SQRT_PI
    logarithm = math.log1p(-p * p) if p < 0.5 else math.log((1.0 - p) * (1.0 + p))
    centre = 4.33 + 0.5 * logarithm
    y = math.sqrt(-6.8 * logarithm / (math.sqrt(centre * centre - 6.8 * logarithm) + centre))
    for _ in range(3):
        excess = math.erf(y) - p if p < 0.5 else (1.0 - p) - math.erfc(y)
        newton = excess * _HALF_SQRT_PI * math.exp(y * y)
        y -= newton / (1.0 + y * newton)
    return math.copysign(y, x)


def erfinv_slope(x: float) -> float:
    """The derivative of `erfinv`, sqrt(pi) / 2 exp(erfinv(x)**2): inf at ±1, nan outside of [-1, 1].

    What the rounding of erfinv(x) does to the exponential is made good by one more step of Newton's method.

    >>> erfinv_slope(0.0), erfinv_slope(1.0 - 2**-53)
    (0.886226925452758, 757347920544974.1)
    """
    if not -1.0 < x < 1.0:
        return INF if abs(x) == 1.0 else NAN
    p, y = abs(x), abs(erfinv(x))
    excess = math.erf(y) - p if p < 0.5 else (1.0 - p) - math.erfc(y)
    square, error = two_product(y, y)
    slope = _HALF_SQRT_PI * math.exp(square)
    return slope * (1.0 + (error - 2.0 * y * (excess * slope)))


# The gamma family ----------------------------------------------------------------------------------------------------

# B(2), B(4), ..., B(20): each of the asymptotic series below takes its coefficients from here.
_BERNOULLI = (
    1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330,
)  # fmt: skip
_STIRLING = tuple(b / (2 * k * (2 * k - 1)) for k, b in enumerate(_BERNOULLI, 1))
_DIGAMMA = tuple(b / (2 * k) for k, b in enumerate(_BERNOULLI, 1))
_EULER_MACLAURIN = tuple(b / math.factorial(2 * k) for k, b in enumerate(_BERNOULLI, 1))

# zeta(k) - 1 for k = 2, 3, ..., 32; log gamma(2 + z) = (1 - Euler's constant) z + sum of (-z)**k (zeta(k) - 1) / k.
_ZETA_LESS_ONE = (
    0.6449340668482264, 0.2020569031595943, 0.08232323371113819, 0.03692775514336993, 0.01734306198444914,
    0.008349277381922827, 0.00407735619794434, 0.0020083928260822143, 0.0009945751278180853, 0.0004941886041194645,
    0.0002460865533080483, 0.00012271334757848915, 6.124813505870483e-05, 3.058823630702049e-05, 1.528225940865187e-05,
    7.637197637899763e-06, 3.81729326499984e-06, 1.908212716553939e-06, 9.539620338727962e-07, 4.769329867878064e-07,
    2.38450502727733e-07, 1.1921992596531106e-07, 5.960818905125948e-08, 2.980350351465228e-08, 1.4901554828365043e-08,
    7.45071178983543e-09, 3.725334024788457e-09, 1.862659723513049e-09, 9.313274324196682e-10, 4.656629065033784e-10,
    2.3283118336765053e-10,
)  # fmt: skip
_LOG_GAMMA_AT_2 = (0.42278433509846713, *((-1) ** k * c / k for k, c in enumerate(_ZETA_LESS_ONE, 2)))

_SQRT_2PI = 2.5066282746310007
_HALF_LOG_2PI = 0.9189385332046728
_E, _E_LOW = 2.718281828459045, 1.4456468917292502e-16
_SERIES_FROM = 10.0  # where gamma, lgamma and digamma turn to their asymptotic series


def gamma(x: float) -> float:
    """The gamma function: ±inf at ±0, nan at the negative integers and at -inf. At the integers it is rounded once.

    `math.gamma` is up to 9.4 ulp off, at -3.65396733023872.

    >>> gamma(5.0), gamma(0.5), gamma(-0.0), gamma(-1.0), gamma(172.0)
    (24.0, 1.772453850905516, -inf, nan, inf)
    """
    if x - x != 0.0:
        return INF if x == INF else NAN
    if x == 0.0:
        return math.copysign(INF, x)
    if x >= 172.0:
        return INF
    if x % 1.0 == 0.0:
        return float(math.factorial(int(x) - 1)) if x > 0.0 else NAN
    if abs(x) < _SERIES_FROM:
        z, factor, divisor = _from_gamma_at_2(x)
        return math.exp(_log_gamma_at_2(z)) * factor / divisor
    y = abs(x)
    if y > 190.0:
        return math.copysign(0.0, -sinpi(y))
    root = math.pow(y, 0.5 * y - 0.25)  # the whole power would overflow before gamma does
    rest = _SQRT_2PI * math.exp(-y) * math.exp(_stirling(y))
    return root * rest * root if x > 0.0 else -math.pi / (y * sinpi(y) * rest * root) / root


def lgamma(x: float) -> float:
    """log(abs(gamma(x))): inf at zero, at the negative integers and at ±inf. Within 8 ulp for positive x.

    `math.lgamma` is thousands of ulp off near 1 and 2. At the zeros between negative integers, where the logarithms of
    two factors cancel, many digits are needed; elsewhere the terms' own suffice.

    >>> lgamma(1.0), lgamma(2.0001), lgamma(-0.5), lgamma(1e300)
    (0.0, 4.2281658112919945e-05, 1.2655121234846454, 6.897755278982137e+302)
    """
    if x - x != 0.0:
        return abs(x)
    if x <= 0.0 and x % 1.0 == 0.0:
        return INF
    y = abs(x)
    if y < _SERIES_FROM:
        z, factor, divisor = _from_gamma_at_2(x)
        size = math.log(abs(factor)) - math.log(abs(divisor))  # of which one is 0
        value = _log_gamma_at_2(z) + size
    else:
        size = (y - 0.5) * (math.log(y) - 1.0) + (_HALF_LOG_2PI - 0.5 + _stirling(y))
        value = size if x > 0.0 else math.log(math.pi / abs(y * sinpi(y))) - size
    return _lgamma_in_digits(value, x) if x < 0.0 and abs(value) < _CANCELLED * (1.0 + abs(size)) else value


def _from_gamma_at_2(x: float) -> tuple[float, float, float]:
    """z, factor and divisor, so that gamma(x) is gamma(2 + z) * factor / divisor and -0.6 <= z <= 0.4."""
    nearest = math.floor(x + 0.6)  # lgamma is least near 1.46: there z is negative, lest two terms cancel
    factor, divisor = 1.0, 1.0
    for k in range(1, nearest - 1):
        factor *= x - k
    for k in range(2 - nearest):
        divisor *= x + k
    return x - nearest, factor, divisor


def _log_gamma_at_2(z: float) -> float:
    """log(gamma(2 + z)) by its Taylor series, for -0.6 <= z <= 0.4."""
    return z * _horner(_LOG_GAMMA_AT_2, z)


def _stirling(x: float) -> float:
    """What Stirling's formula for log(gamma(x)) leaves over: 1/(12 x) - 1/(360 x**3) + ..."""
    return _horner(_STIRLING, 1.0 / (x * x)) / x


# The positive zero of digamma in two parts, and what the difference of digamma from it needs: the distances of the zero
# from the first poles, and the zero moved up by as many steps.
_ZERO, _ZERO_LOW = 1.4616321449683622, 9.549995429965697e-17
_ZERO_TO_POLES = tuple(_ZERO + k for k in range(9))
_ZERO_ABOVE = _ZERO + 9
# With u and v for 1 / x**2 at both, the digamma series in u less that in v is (u - v) times a polynomial in u: the
# quotient of Horner's scheme at v, here with a factor v.
_ZERO_SQUARED = _ZERO_ABOVE * _ZERO_ABOVE
_DIGAMMA_QUOTIENT = tuple(
    q / _ZERO_SQUARED for q in accumulate(reversed(_DIGAMMA), lambda q, b: b + q / _ZERO_SQUARED)
)[::-1]


def digamma(x: float) -> float:
    """The logarithmic derivative of gamma: ∓inf at ±0, nan at the negative integers. Within 8 ulp for positive x.

    At its zeros between negative integers, where two terms cancel, many digits are needed.

    >>> digamma(1.0), digamma(1.4616321449683622), digamma(0.0), digamma(-1.0)
    (-0.5772156649015329, -9.241265521729427e-17, -inf, nan)
    """
    if x - x != 0.0:
        return INF if x == INF else NAN
    if x <= 0.0:
        if x % 1.0 == 0.0:
            return math.copysign(INF, -x) if x == 0.0 else NAN
        size, other = (digamma(1.0 + x), 1.0 / x) if x > -0.5 else (digamma(1.0 - x), math.pi * cospi(x) / sinpi(x))
        value = size - other
        return _polygamma_in_digits(value, 0.0, x) if abs(value) < _CANCELLED * (1.0 + abs(size)) else value
    if x >= _SERIES_FROM:
        u = 1.0 / (x * x)
        return math.log(x) - 0.5 / x - u * _horner(_DIGAMMA, u)
    # The recurrence and the asymptotic series, less the same at the zero. Every term has the factor x - zero, and what
    # is left of them is positive: nothing cancels.
    above = x + 9.0
    u = 1.0 / (above * above)
    difference = (x - _ZERO) - _ZERO_LOW
    slope = (above + _ZERO_ABOVE) * u * _horner(_DIGAMMA_QUOTIENT, u)
    slope += 0.5 / (above * _ZERO_ABOVE) + math.log1p(difference / _ZERO_ABOVE) / difference
    return difference * math.fsum([slope, *(1.0 / ((x + k) * distance) for k, distance in enumerate(_ZERO_TO_POLES))])


def polygamma(n: float, x: float) -> float:
    """The n-th derivative of digamma, (-1)**(n + 1) n! zeta(n + 1, x); nan where n is no non-negative integer.

    At its poles, zero and the negative integers, it is inf for odd n; for even n nan, or ∓inf at ±0. For negative x and
    even n the terms on the two sides of x may cancel: up to n = 40 many digits are used then, beyond the error is at
    most 4 ulp of n! / y**(n + 1), y the distance from the nearest pole.

    >>> polygamma(1, 1.0), polygamma(2, 0.0), polygamma(1000, 400.0)
    (1.6449340668482264, -inf, -9.546328660228908e-38)
    """
    if n == 0.0:
        return digamma(x)
    if not n > 0.0 or n % 1.0 != 0.0 or math.isnan(x) or x == -INF:
        return NAN
    s = n + 1.0
    sign = 1.0 if n % 2.0 else -1.0
    if x == INF:
        return sign * 0.0
    if x > 0.0:
        return sign * _factorial_over_power(n, x, _scaled_zeta(s, x))
    pole_side = math.remainder(x, 1.0)
    if pole_side == 0.0:
        return INF if sign > 0.0 else math.copysign(INF, -x) if x == 0.0 else NAN
    # The terms (x + k)**-s: those on the side of the nearest pole, those on its other side, and those beyond x, which
    # the series lacks.
    y = abs(pole_side)
    near = _scaled_zeta(s, y)
    far = math.exp(-s * math.log1p((1.0 - 2.0 * y) / y)) * _scaled_zeta(s, 1.0 - y)
    beyond = math.exp(-s * math.log((1.0 - x) / y)) * _scaled_zeta(s, 1.0 - x)
    left, right = (far, near) if pole_side > 0.0 else (near, far)
    factor = right + sign * (left - beyond)
    value = sign * _factorial_over_power(n, y, factor)
    return _polygamma_in_digits(value, n, x) if abs(factor) < _CANCELLED and n <= 40.0 else value


def _scaled_zeta(s: float, x: float) -> float:
    """x**s zeta(s, x), the sum of (1 + k/x)**-s over k = 0, 1, ..., by the Euler-Maclaurin formula."""
    terms, term, k = [], 1.0, 0
    while x + k < s + 8.0:
        terms.append(term)
        k += 1
        term = math.exp(-s * math.log1p(k / x))
        if term < 1e-18:
            return math.fsum(terms)
    x += k
    rest = x / (s - 1.0) + 0.5
    rising = s / x
    for j, coefficient in enumerate(_EULER_MACLAURIN):
        rest += coefficient * rising
        rising *= ((s + (2 * j + 1)) / x) * ((s + (2 * j + 2)) / x)
    terms.append(term * rest)
    return math.fsum(terms)


def _factorial_over_power(n: float, y: float, factor: float) -> float:
    """n! / y**(n + 1) * factor, which may be finite where parts of it are not."""
    try:
        if n <= 170.0:
            mantissa, exponent = math.frexp(y)
            factorial, binary_places = math.frexp(gamma(n + 1.0))
            scaled = factorial * math.pow(2.0 * mantissa, -n - 1.0) * factor
            return math.ldexp(scaled, binary_places - (exponent - 1) * int(n + 1.0))
        # Stirling's formula, with what rounding n / (e y) does to its n-th power made good.
        base = n / _E / y
        if not 0.01 < base < 100.0:
            return math.copysign(0.0 if base < 1.0 else INF, factor)
        product, error = two_product(base, y)
        scaled_product, scaled_error = two_product(product, _E)
        missing = ((n - scaled_product) - scaled_error - error * _E - product * _E_LOW) / n
        root = math.pow(base, 0.5 * n)
        return root * (_SQRT_2PI * math.sqrt(n) / y * math.exp(n * missing + _stirling(n)) * factor) * root
    except OverflowError:
        return math.copysign(INF, factor)


# The sinc function ---------------------------------------------------------------------------------------------------

_NEAR_A_ZERO = 0.125
_PI_LOW = 1.2246467991473532e-16  # what pi has beyond math.pi


def sinpi(x: float) -> float:
    """sin(pi x), accurate next to its zeros because x is reduced exactly; nan at ±inf.

    >>> sinpi(1.0), sinpi(0.5), sinpi(1e15 + 0.125)
    (0.0, 1.0, 0.3826834323650898)
    """
    if x - x != 0.0:
        return NAN
    r = math.remainder(x, 2.0)
    if abs(r) > 0.5:
        r = math.copysign(1.0, r) - r
    return math.sin(math.pi * r)


def cospi(x: float) -> float:
    """cos(pi x), accurate next to its zeros because x is reduced exactly; nan at ±inf.

    >>> cospi(1.0), cospi(0.5), cospi(1e15 + 0.125)
    (-1.0, 0.0, 0.9238795325112867)
    """
    if x - x != 0.0:
        return NAN
    r = abs(math.remainder(x, 2.0))
    return math.sin(math.pi * (0.5 - r)) if r > 0.25 else math.cos(math.pi * r)


def sinc(x: float) -> float:
    """sin(pi x) / (pi x), as NumPy's, and 1 at 0; exactly 0 at the other integers and at ±inf.

    >>> sinc(0.0), sinc(0.5), sinc(3.0)
    (1.0, 0.6366197723675814, 0.0)
    """
    if x == 0.0:
        return 1.0
    if (abs(x) >= 1.0 and x % 1.0 == 0.0) or abs(x) == INF:
        return 0.0
    return sinpi(x) / (math.pi * x)


def sinc_derivative(x: float, n: float) -> float:
    """The n-th derivative of `sinc`; nan where n is no integer from 0 to 600, from where on it soon overflows.

    By the recurrence x f[n] + n f[n-1] = pi**(n-1) sin(pi x + n pi / 2): upwards from sinc where pi abs(x) is at least
    n + 1, and else downwards from an order that no longer matters, so that either way errors are damped. The error is
    at most 4 ulp of the envelope, pi**n / max(n + 1, pi abs(x)); next to a zero, which is one of a difference, many
    digits are used up to n = 40.

    >>> sinc_derivative(0.0, 2), sinc_derivative(1.0, 1)
    (-3.289868133696453, -1.0)
    """
    if n == 0.0:
        return sinc(x)
    if not 0.0 < n <= 600.0 or n % 1.0 != 0.0 or math.isnan(x):
        return NAN
    y, order = abs(x), int(n)
    if y == INF:
        return 0.0
    if 0.0 < y < 1e-290 and order % 2:  # a multiple of x here, of which subnormal terms would lose digits
        return math.ldexp(sinc_derivative(math.ldexp(x, 60), n), -60)
    z = math.pi * y
    scale = math.pow(math.pi, n)
    scale += scale * (n * _PI_LOW / math.pi)
    s, c = scale * sinpi(y), scale * cospi(y)
    waves = (s, c, -s, -c)  # sin(z + k pi / 2) for k = 0, 1, 2, 3
    if n + 1.0 <= z:
        f = s / y  # not z, which may overflow
        for k in range(1, order + 1):
            f = (waves[k % 4] - k / math.pi * f) / y
        f /= math.pi
    else:
        top, decay = order, 1.0
        while decay > 1e-18 * min(1.0, y):
            top += 1
            decay *= z / top
        f = 0.0
        for k in range(top, order, -1):
            f = (waves[k % 4] - z * f) / k
    value = -f if order % 2 and math.copysign(1.0, x) < 0.0 else f
    if abs(f) * max(n + 1.0, z) < _NEAR_A_ZERO * scale and y > 0.25 and n <= 40.0:
        return _sinc_derivative_in_digits(value, n, x)
    return value


# Shared pieces -------------------------------------------------------------------------------------------------------


# Each of these takes the place of a `coarse` difference that has lost too many digits; in a language without decimals
# that is what it stays.


def _silu_derivative_in_digits(coarse: float, x: float, n: float) -> float:
    from . import digits

    return digits.silu_derivative(x, n)


def _lgamma_in_digits(coarse: float, x: float) -> float:
    from . import digits

    return digits.lgamma(x)


def _polygamma_in_digits(coarse: float, n: float, x: float) -> float:
    from . import digits

    return digits.polygamma(n, x)


def _sinc_derivative_in_digits(coarse: float, n: float, x: float) -> float:
    from . import digits

    return digits.sinc_derivative(n, x)


def two_product(x: float, y: float) -> tuple[float, float]:
    """x * y and its rounding error, which is exact unless it underflows; nan where x, y or x * y nearly overflows.

    >>> two_product(0.1, 10.0)
    (1.0, 5.551115123125783e-17)
    """
    product = x * y
    x_high, x_low = _split(x)
    y_high, y_low = _split(y)
    return product, ((x_high * y_high - product) + x_high * y_low + x_low * y_high) + x_low * y_low


def _split(x: float) -> tuple[float, float]:
    """Two floats of 26 bits with the sum x (Veltkamp)."""
    scaled = 134217729.0 * x  # 2**27 + 1
    high = scaled - (scaled - x)
    return high, x - high


def _horner(coefficients: Sequence[float], x: float) -> float:
    """The sum of coefficients[k] * x**k."""
    total = 0.0
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total


_TINY = 1e-280  # a product below it may have a rounding error that underflows


def _fma_in_python(x: float, y: float, z: float) -> float:
    if z == 0.0 and (x == 0.0 or y == 0.0):
        return x * y + z  # for the sign of zero
    product, error = two_product(x, y)
    if abs(product) > _TINY and not math.isnan(error):
        try:
            return math.fsum((product, error, z))
        except OverflowError:
            pass
    return _sum_exactly((x, z), (y, 1.0))


def _sumprod_in_python(p: Sequence[float], q: Sequence[float]) -> float:
    return math.fsum(part for x, y in zip(p, q, strict=True) for part in two_product(x, y))


def _sum_exactly(p: Sequence[float], q: Sequence[float]) -> float:
    """The sum of products by integer arithmetic, rounded once."""
    infinite = [x * y for x, y in zip(p, q, strict=True) if x - x != 0.0 or y - y != 0.0]
    if infinite:
        return sum(infinite)
    ratios = [(x.as_integer_ratio(), y.as_integer_ratio()) for x, y in zip(p, q, strict=True)]
    denominator = max((b * d for (_, b), (_, d) in ratios), default=1)  # a power of 2, as all of them are
    numerator = sum(a * c * (denominator // (b * d)) for (a, b), (c, d) in ratios)
    try:
        return numerator / denominator
    except OverflowError:
        return INF if numerator > 0 else -INF


_fma: Callable[[float, float, float], float] = getattr(math, "fma", _fma_in_python)
_sumprod: Callable[[Sequence[float], Sequence[float]], float] = getattr(math, "sumprod", _sumprod_in_python)
