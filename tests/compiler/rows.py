"""Every row of the table at hundreds of points, special ones among them, and what Python has there."""

from __future__ import annotations

import itertools
import math
import random

from autograd_lite import primitives
from autograd_lite.numerics.domains import Domain, Interval
from autograd_lite.operators import quietly
from autograd_lite.primitives import Primitive

NAN, INF = math.nan, math.inf
SPECIAL = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    -0.5,
    2.0,
    -3.0,
    5e-324,
    -2.2e-308,
    1.7976931348623157e308,
    -1e300,
    INF,
    -INF,
    NAN,
]
POINTS = 300
ROWS = [row for row in primitives.table.values() if row is not primitives.constant]


def arities(row: Primitive) -> list[int]:
    if row.all_slopes is None:
        return [len(row.derivatives)]
    return [2, 4] if row is primitives.sumprod else [1, 2, 4]


def ordinary(rng: random.Random, interval: Interval) -> float:
    low, high = max(interval.low, -1e3), min(interval.high, 1e3)
    if interval.integers == "only":
        return float(rng.randint(math.ceil(max(low, -20)), math.floor(min(high, 20))))
    way = rng.random()
    if way < 0.3:
        return rng.uniform(low, high)
    size = 10.0 ** rng.uniform(-12, 2.5)
    return min(max(low + size if interval.low > -INF else high - size if interval.high < INF else size, low), high)


def points_of(row: Primitive, arity: int) -> list[tuple[float, ...]]:
    rng = random.Random(f"{row.name} {arity}")
    specials = list(itertools.product(SPECIAL, repeat=arity)) if arity < 3 else []
    found = [*specials, *(tuple(rng.choice(SPECIAL) for _ in range(arity)) for _ in range(50))]
    found += [point for point, _ in row.special_slopes if len(point) == arity]
    while len(found) < POINTS + len(specials):
        box = row.domain.box(rng.randrange(len(row.domain.boxes)), arity)
        sign = rng.choice([1.0, -1.0])
        point = tuple(ordinary(rng, rng.choice(domain.intervals)) for domain in box)
        signed = tuple(sign * x for x in point)
        found.append(signed if signed in row.domain else point)
    if any(is_discrete(domain) for domain in row.domain.box(0, arity)):  # an order, a number of steps
        found = [point for point in found if point in row.domain]
    return found


def is_discrete(domain: Domain) -> bool:
    return all(interval.integers == "only" for interval in domain)


def expected(row: Primitive, point: tuple[float, ...]) -> list[float]:
    y = float(row(*point))
    return [y, *(float(quietly(row.derivative(i), (y, *point))) for i in range(len(point)))]


def far(a: float, b: float, tolerance: float = 1e-12) -> bool:
    if a != a or b != b:
        return a == a or b == b
    if a == b:
        return math.copysign(1.0, a) != math.copysign(1.0, b)
    return not abs(a - b) <= tolerance * max(abs(a), abs(b)) + 5e-324


CASES = [(row, arity) for row in ROWS for arity in arities(row)]
