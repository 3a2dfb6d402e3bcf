"""How far each row of the table is from the truth: its value and its slopes, in ulps, over its domain.

The points are spread over the domain on a log scale and crowded where it is hard: next to the ends, kinks, poles and
zeros, among the subnormals and at the largest floats; the domain columns and the special points of the row say where.
``python tests/accuracy.py [ROW …]`` measures every row and prints a table.
"""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from mpmath import mp, mpf

from autograd_lite import primitives
from autograd_lite.numerics.domains import Domain, Interval
from autograd_lite.operators import quietly
from autograd_lite.primitives import Primitive
from autograd_lite.testing import oracles

POINTS = 2000
Args = tuple[float, ...]
_GREATEST = sys.float_info.max


class Error(NamedTuple):
    """How far one number is from the truth."""

    ulps: float
    row: Primitive
    slope: int | None  # by which argument; None for the value
    args: Args
    found: float

    def __str__(self) -> str:
        what = "" if self.slope is None else f"∂{self.slope} "
        return f"{what}{self.row}({', '.join(map(repr, self.args))}) = {self.found!r} is {self.ulps:.4g} ulp off"


def errors(row: Primitive, count: int = POINTS) -> Iterator[Error]:
    """The error of the value and of each slope at `count` points or more: those of the value lie in the row's domain,
    those of the slopes where it is smooth besides, and what they are computed `through` is normal."""
    smooth = 0
    for seen, args in enumerate(_points(row, 50 * count), 1):
        y = row(*args)
        yield Error(ulps(y, oracles.true_value(row, args)), row, None, args, y)
        if args in row.smooth and (row.intermediates is None or all(map(_is_normal, row.intermediates(y, *args)))):
            smooth += 1
            for i in range(len(args)):
                slope = float(quietly(row.derivative(i), (y, *args)))
                yield Error(ulps(slope, oracles.true_slope(row, i, args)), row, i, args, slope)
        if min(seen, smooth) >= count:
            break


def _is_normal(x: float) -> bool:
    return sys.float_info.min <= abs(x) <= _GREATEST


def ulps(found: float, truth: oracles.Number) -> float:
    """How many units in the last place of `truth` a float is from it; inf counts as 2¹⁰²⁴, as does what is greater.

    >>> ulps(1.0 + 2**-52, mpf(1)), ulps(1e-323, mpf(0)), ulps(math.inf, mpf(10) ** 400), ulps(math.nan, mpf(0))
    (1.0, 2.0, 0.0, inf)
    """
    if found != found:
        return math.inf
    with mp.workdps(oracles.DIGITS + 10):
        top = mpf(2) ** 1024
        number = mpf(found) if found - found == 0.0 else math.copysign(1.0, found) * top
        truth = max(-top, min(top, truth))
        exponent = max(mp.mag(truth) - 53, -1074) if truth else -1074
        return float(abs(number - truth) * mpf(2) ** -min(exponent, 971))


# ---- where to look ---------------------------------------------------------------------------------------------------


def points(row: Primitive, count: int = POINTS) -> list[Args]:
    """`count` different points of a row's domain, or all there are; the same in every run.

    >>> len(points(primitives.tanh, 100))
    100
    """
    return list(itertools.islice(_points(row, 50 * count), count))


def _points(row: Primitive, draws: int) -> Iterator[Args]:
    """Different points of the domain, of which the random ones are the ones inside of so many draws."""
    rng = random.Random(row.name)
    found: set[Args] = set()
    zeros = (near for args in _crossings(row, rng) for near in _around(rng, args))
    anywhere = (_somewhere(rng, row) for _ in range(draws))
    for args in itertools.chain((args for args, *_ in row.special_slopes), zeros, anywhere):
        point = tuple(x + 0.0 for x in args)  # one zero, as the reals have
        if args in row.domain and point not in found:
            found.add(point)
            yield point


def _somewhere(rng: random.Random, row: Primitive) -> Args:
    boxes, arity = row.domain.boxes, rng.choice(row.arities)
    box = row.domain.box(rng.randrange(len(boxes)), arity)
    args = [_draw(rng, domain, _landmarks(row, i)) for i, domain in enumerate(box)]
    if arity > 1 and rng.random() < 0.3:  # two arguments alike: ties, and what cancels
        i, j = rng.sample(range(arity), 2)
        if not (box[i].discrete or box[j].discrete):
            args[j] = rng.choice((1.0, -1.0)) * _nearby(rng, args[i])
    return tuple(args)


def _landmarks(row: Primitive, i: int) -> list[float]:
    """The row's special points in argument `i`, and small whole numbers and halves."""
    special = [args[i] for args, *_ in row.special_slopes if i < len(args) and math.isfinite(args[i])]
    return [*special, *(k / 2 for k in range(-6, 7))]


def _draw(rng: random.Random, domain: Domain, landmarks: list[float]) -> float:
    interval = rng.choice(domain.intervals)
    if interval.integers == "only":
        return float(rng.randint(int(max(interval.low, -30)), int(min(interval.high, 30))))
    ways: list[Callable[[], float]] = [
        lambda: rng.choice((-1.0, 1.0)) * math.pow(2.0, rng.uniform(-1074, 1024)),
        lambda: rng.choice((-1.0, 1.0)) * math.pow(10.0, rng.uniform(-4, 3)),
        lambda: rng.uniform(-8.0, 8.0),
        lambda: _nearby(rng, rng.choice(landmarks)),
        lambda: _nearby(rng, float(rng.randint(-40, 40))),
    ]
    ways += [lambda end=end: _nearby(rng, end) for end in _ends(interval)]  # type: ignore[misc]
    if interval.high - interval.low < math.inf:
        ways.append(lambda: rng.uniform(interval.low, interval.high))
    return rng.choice(ways)()


def _ends(interval: Interval) -> list[float]:
    return [min(max(end, -_GREATEST), _GREATEST) for end in (interval.low, interval.high)]


def _nearby(rng: random.Random, x: float) -> float:
    """`x` moved by a few floats, or by any part of its size."""
    if rng.random() < 0.5:
        for _ in range(rng.randrange(4)):
            x = math.nextafter(x, rng.choice((-math.inf, math.inf)))
        return x
    if x == 0.0:
        return rng.choice((-1.0, 1.0)) * math.pow(2.0, rng.uniform(-1074, 0))
    return x * (1.0 + rng.choice((-1.0, 1.0)) * math.pow(2.0, rng.uniform(-53, 0)))


def _around(rng: random.Random, args: Args) -> Iterator[Args]:
    yield args
    for _ in range(6):
        yield tuple(_nearby(rng, x) for x in args)


def _crossings(row: Primitive, rng: random.Random, most: int = 40) -> Iterator[Args]:
    """Where the value or a slope changes its sign, as one argument moves: the zeros, found by bisection."""
    for _ in range(20 * most):
        args = _somewhere(rng, row)
        i = rng.randrange(len(args))
        which = rng.choice((None, *range(len(args))))
        other = _somewhere(rng, row)
        if len(other) != len(args) or row.domain.box(0, len(args))[i].discrete:
            continue

        def sign(x: float) -> float:
            at = (*args[:i], x, *args[i + 1 :])  # noqa: B023
            if at not in row.domain:
                return math.nan
            y = row(*at)
            number: float = y if which is None else quietly(row.derivative(which), (y, *at))  # noqa: B023
            return 1.0 if 0.0 < number < math.inf else -1.0 if -math.inf < number < 0.0 else math.nan

        low, high = args[i], other[i]
        if sign(low) * sign(high) == -1.0:
            for _ in range(80):
                middle = low / 2.0 + high / 2.0
                if middle in (low, high):
                    break
                low, high = (middle, high) if sign(middle) == sign(low) else (low, middle)
            yield (*args[:i], low, *args[i + 1 :])
            most -= 1
            if not most:
                return


# ---- as a table ------------------------------------------------------------------------------------------------------


class Worst(NamedTuple):
    """The worst of a row's errors: of its value, and of any of its slopes."""

    value: Error
    slope: Error | None


def worst(row: Primitive, count: int = POINTS) -> Worst:
    """The worst errors of a row at `count` points."""
    value: Error | None = None
    slope: Error | None = None
    for error in errors(row, count):
        if error.slope is None:
            value = error if value is None or error.ulps > value.ulps else value
        else:
            slope = error if slope is None or error.ulps > slope.ulps else slope
    assert value is not None, f"{row} has no points"
    return Worst(value, slope)


def main(names: Iterable[str]) -> None:
    """Measure the rows of those names, or all, and print a line each."""
    print(f"{'row':16}{'bound':>8}{'value':>10}{'slopes':>10}   reason of the bound")
    for row in [primitives.table[name] for name in names] or primitives.table.values():
        if row.name in oracles.NO_ORACLE:
            continue
        value, slope = worst(row)
        slopes = "" if slope is None else f"{slope.ulps:.3g}"
        print(f"{row.name:16}{row.ulps:8g}{value.ulps:10.3g}{slopes:>10}   {row.note}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
