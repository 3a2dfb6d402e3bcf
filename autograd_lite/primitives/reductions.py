"""Sums and products of any number of arguments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ..numerics import special
from ..numerics.domains import INF
from .primitive import Primitive, primitive

# ---- any number of arguments -----------------------------------------------------------------------------------------


def _pairs(args: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    half = len(args) // 2
    return args[:half], args[half:]


def _partners(y: Any, *args: Any) -> tuple[Any, ...]:
    left, right = _pairs(args)
    return right + left


fsum: Primitive = primitive(
    "fsum",
    lambda *xs: math.fsum(xs),
    all_slopes=lambda y, *xs: [1.0] * len(xs),
    commutative=True,
    symbol="Σ",
    ieee=lambda *xs: special.sumprod(xs, [1.0 for _ in xs]),
    description="the sum, rounded once",
)


def _product(*xs: float) -> float:
    # By mantissas and exponents: a partial product may overflow where the whole does not.
    mantissa, exponent = 1.0, 0
    for x in xs:
        factor, power = math.frexp(x)
        mantissa, shift = math.frexp(mantissa * factor)
        exponent += power + shift
    return math.ldexp(mantissa, exponent)


class _ProductsOfOthers(Sequence[Any]):
    # Computed when asked for: a constant's slope is not wanted, and each takes as long as the product itself.
    def __init__(self, xs: tuple[Any, ...]) -> None:
        self.xs = xs

    def __len__(self) -> int:
        return len(self.xs)

    def __getitem__(self, i: Any) -> Any:
        self.xs[i]  # an IndexError beyond the last
        return prod(*self.xs[:i], *self.xs[i + 1 :])


prod: Primitive = primitive(
    "prod",
    _product,
    all_slopes=lambda y, *xs: _ProductsOfOthers(xs),
    commutative=True,
    symbol="Π",
    ieee=lambda *xs: INF * math.prod(math.copysign(1.0, x) for x in xs),
)
sumprod: Primitive = primitive(
    "sumprod",
    lambda *args: special.sumprod(args[: len(args) // 2], args[len(args) // 2 :]),
    all_slopes=_partners,
    arities=(2, 4, 6),
    symbol="Σ·",
    description="the sum of products of pairs, rounded once",
)
