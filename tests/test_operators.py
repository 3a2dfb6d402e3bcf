"""One set of operators for every kind of number: each kind gives what the primitive gives on floats."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

import pytest
from mpmath import mpf

from autograd_lite import Value, primitives
from autograd_lite.compiler.tracing.tracer import Builder, Tracer
from autograd_lite.operators import Operators, Quiet, quietly
from autograd_lite.testing.exact import Exact

BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "lt", "le", "gt", "ge", "eq", "ne"]
NAMES = {"truediv": "div", "lt": "less", "le": "less_equal", "eq": "equal", "ne": "unequal"}


def traced(x: float) -> Tracer:
    return Builder().input(f"x{x}")


def number(y: Any) -> Any:
    return {Value: lambda: y.data, Exact: lambda: float(y.number)}.get(type(y), lambda: y)()


@pytest.mark.parametrize("kind", [Value, Quiet, lambda x: Exact(mpf(x))], ids=["Value", "Quiet", "Exact"])
@pytest.mark.parametrize("name", BINARY)
def test_an_operator_gives_python_s_number_on_either_side(kind: Callable[[float], Any], name: str) -> None:
    f = getattr(operator, name)
    for a, b in [(7.5, 2.0), (-7.5, 2.0), (2.0, 2.0)]:
        for found in (f(kind(a), kind(b)), f(kind(a), b), f(a, kind(b))):
            assert number(found) == pytest.approx(f(a, b), rel=1e-15)
            assert isinstance(found, bool if name in ("lt", "le", "gt", "ge", "eq", "ne") else Operators)


@pytest.mark.parametrize("name", [name for name in BINARY if name not in ("gt", "ge")])
def test_an_operator_is_its_primitive(name: str) -> None:
    x = traced(1.0)
    for found, parents in ((getattr(operator, name)(x, 2.5), "[%0, 2.5]"), (getattr(operator, name)(x, x), "[%0, %0]")):
        assert found.op is primitives.table[NAMES.get(name, name)]
        assert str(list(found.parents)) == parents


def test_quiet_floats_do_not_raise() -> None:
    zero = Quiet(0.0)
    assert [1.0 / zero, -1.0 / zero, Quiet(10.0) ** 400, zero**-1.0] == [math.inf, -math.inf, math.inf, math.inf]
    assert all(math.isnan(x) for x in (zero / 0.0, 5.0 % zero, Quiet(-2.0) ** 0.5))
    assert quietly(lambda x: 1.0 / x + x % 0.0 * 0.0, (0.0,)) != 0.0
    assert hash(Quiet(2.0)) == hash(2.0)
