"""The functions in many digits are rounded once: within half an ulp of mpmath's."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from accuracy import ulps
from mpmath import mp, mpf

from autograd_lite.numerics import digits
from autograd_lite.testing import oracles

rng = random.Random(5)
NEGATIVE = [rng.uniform(-30, 0) for _ in range(60)] + [-(10.0 ** rng.uniform(1, 9)) + 0.3 for _ in range(20)]
NEAR_ZEROS = [-0.504083008264455, -1.5734984731623904, -2.4570247382208006, -2.747682646727413, 1.4302966531242027]


CASES: list[tuple[Callable[..., float], Callable[..., Any], list[tuple[float, ...]]]] = [
    (digits.polygamma, lambda n, x: oracles._polygamma(int(n), x), [(n, x) for n in range(5) for x in NEGATIVE[n::3]]),
    (digits.polygamma, lambda n, x: oracles._polygamma(int(n), x), [(n, -x) for n in range(3) for x in NEGATIVE[n::4]]),
    (digits.lgamma, oracles._log_abs_gamma, [(x,) for x in [*NEAR_ZEROS, *NEGATIVE[:60]]]),
    (
        digits.sinc_derivative,
        lambda n, x: oracles._sinc_derivative(int(n), x),
        [(n, x) for n in range(6) for x in [*NEAR_ZEROS, *NEGATIVE[n::6]]],
    ),
    (
        digits.silu_derivative,
        lambda x, n: oracles._silu_derivative(oracles.points, int(n), x),
        [(x, n) for n in range(2, 7) for x in [*NEAR_ZEROS, -2.399357280520532, 2.4, *NEGATIVE[n:60:4]]],
    ),
]


@pytest.mark.parametrize(("function", "oracle", "places"), CASES)
def test_rounded_once(
    function: Callable[..., float], oracle: Callable[..., Any], places: list[tuple[float, ...]]
) -> None:
    with mp.workdps(90):
        for args in places:
            error = ulps(function(*args), oracle(*map(mpf, args)))
            assert error <= 0.5000001, f"{function.__name__}{args} is {error} ulp off"
