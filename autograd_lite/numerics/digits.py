"""Special functions in many decimal digits, for the few places where terms of full size cancel in floats.

`special` turns to them next to zeros that lie between two poles or two waves; a call takes some 0.1 ms. The formulas
hold everywhere: recurrence, asymptotic series, reflection (DLMF 5.11, 5.15) and Leibniz' rule. Imports `decimal`.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from fractions import Fraction
from typing import ParamSpec

_P = ParamSpec("_P")

DIGITS = 60
PI = Decimal("3.141592653589793238462643383279502884197169399375105820974944592307816406286208998628034825")
_FROM = 40  # where the asymptotic series have DIGITS digits


def _in_many_digits(f: Callable[_P, Decimal]) -> Callable[_P, float]:
    @functools.wraps(f)
    def rounded(*args: _P.args, **kwargs: _P.kwargs) -> float:
        with localcontext(Context(prec=DIGITS)):
            return float(f(*args, **kwargs))

    return rounded


@_in_many_digits
def polygamma(n: float, x: float) -> Decimal:
    """The n-th derivative of digamma (itself for n = 0), at no pole.

    >>> polygamma(0, -0.504083008264455)
    4.042965717222496e-15
    """
    exact, order = Decimal(x), int(n)
    if x > 0.0:
        return _polygamma(order, exact)
    sine, cosine = _sine_and_cosine(exact)
    # The derivatives of π cot πx are polynomials in c = cot πx, since c' = -π (1 + c²).
    coefficients = [0, 1]
    for _ in range(order):
        slopes = [k * p for k, p in enumerate(coefficients)][1:]
        coefficients = [-a - b for a, b in zip([*slopes, 0, 0], [0, 0, *slopes])]
    waves = Decimal(0)
    for p in reversed(coefficients):
        waves = waves * (cosine / sine) + p
    mirrored = _polygamma(order, 1 - exact)
    return (-mirrored if order % 2 else mirrored) - PI ** (order + 1) * waves


@_in_many_digits
def lgamma(x: float) -> Decimal:
    """log(abs(gamma(x))), at no pole.

    >>> lgamma(-2.4570247382208006)
    5.619192358950097e-17
    """
    y, product = Decimal(x), Decimal(1)
    while y < _FROM:
        product *= y
        y += 1
    return (y - Decimal("0.5")) * y.ln() - y + (2 * PI).ln() / 2 + _series(-1, y) - abs(product).ln()


@_in_many_digits
def sinc_derivative(n: float, x: float) -> Decimal:
    """The n-th derivative of sin(pi x) / (pi x), for x of ordinary size.

    >>> sinc_derivative(1, 1.4302966531242027)
    -5.3972132071961494e-17
    """
    exact, order = Decimal(x), int(n)
    sine, cosine = _sine_and_cosine(exact)
    waves = (sine, cosine, -sine, -cosine)
    return sum(
        (
            (-1) ** k * math.perm(order, k) * PI ** (order - k - 1) * waves[(order - k) % 4] / exact ** (k + 1)
            for k in range(order + 1)
        ),
        Decimal(0),
    )


@_in_many_digits
def silu_derivative(x: float, n: float) -> Decimal:
    """The n-th derivative of x / (1 + exp(-x)), for n > 1.

    >>> silu_derivative(-2.399357280520532, 2)
    -4.635296565658263e-13
    """
    exact, order = Decimal(x), int(n)
    e = (-exact).exp()
    b = [(1 - e) / (1 + e)]  # the Taylor coefficients of tanh(x/2)
    for k in range(order):
        b.append(((k == 0) - sum((p * q for p, q in zip(b, reversed(b))), Decimal(0))) / (2 * (k + 1)))
    return math.factorial(order) * (exact * b[order] + b[order - 1]) / 2


def _polygamma(n: int, x: Decimal) -> Decimal:
    """For positive x."""
    total, sign = Decimal(0), -1 if n % 2 else 1
    while x < _FROM + n:
        total -= sign * math.factorial(n) / x ** (n + 1)
        x += 1
    total -= sign * math.factorial(n) / (2 * x ** (n + 1))
    total += x.ln() if n == 0 else -sign * math.factorial(n - 1) / x**n
    return total - sign * _series(n, x)


def _sine_and_cosine(x: Decimal) -> tuple[Decimal, Decimal]:
    """sin(pi x) and cos(pi x), by their Taylor series at the distance from the nearest whole number."""
    nearest = x.to_integral_value()
    t = PI * (x - nearest)
    terms, power = [Decimal(0), Decimal(0)], Decimal(1)
    for k in range(64):
        terms[k % 2] += power if k % 4 < 2 else -power
        power *= t / (k + 1)
    sign = -1 if int(nearest) % 2 else 1
    return sign * terms[1], sign * terms[0]


def _series(n: int, x: Decimal) -> Decimal:
    """The sum of B(2k) (2k + n - 1)! / (2k)! / x**(2k + n), by Horner's scheme."""
    square, total = 1 / (x * x), Decimal(0)
    for coefficient in _coefficients(n):
        total = (total + coefficient) * square
    return total / x**n


@functools.cache
def _coefficients(n: int) -> list[Decimal]:
    """B(2k) (2k + n - 1)! / (2k)! for k = 27, 26, ..., 1."""
    bernoulli = [Fraction(1)]
    for m in range(1, 55):
        bernoulli.append(-sum(math.comb(m + 1, j) * b for j, b in enumerate(bernoulli)) / Fraction(m + 1))
    exact = [bernoulli[m] * math.factorial(m + n - 1) / math.factorial(m) for m in range(54, 1, -2)]
    with localcontext(Context(prec=DIGITS)):
        return [Decimal(c.numerator) / c.denominator for c in exact]
