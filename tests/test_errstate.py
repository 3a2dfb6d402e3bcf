"""Events: what each row reports, in which words and at which line, and `errstate`, which says what becomes of it."""

from __future__ import annotations

import math as std
import warnings
from typing import Any

import pytest

from autograd_lite import Value, errstate, math

EVENTS = [
    (lambda: Value(1.0, "a") / Value(0.0, "b"), "divide", std.inf, ["divide by zero", "a=1.0", "÷", "b=0.0"]),
    (lambda: math.log(Value(0.0, "x")), "divide", -std.inf, ["divide by zero", "log(x=0.0)"]),
    (lambda: math.exp(Value(1e3, "x")), "over", std.inf, ["overflow", "exp(x=1000.0)"]),
    (lambda: Value(1e300, "x") * 1e300, "over", std.inf, ["overflow", "x=1e+300 × 1e+300"]),
    (lambda: math.prod([Value(1e300, "x"), 1e300]), "over", std.inf, ["overflow", "prod(x=1e+300, 1e+300)"]),
    (lambda: Value(-10.0, "x") ** 309, "over", -std.inf, ["overflow", "x=-10.0 ** 309.0"]),
    (lambda: math.sqrt(Value(-1.0, "x")), "invalid", std.nan, ["invalid value", "sqrt(x=-1.0)"]),
    (lambda: Value(0.0, "x") / 0, "invalid", std.nan, ["invalid value", "x=0.0 ÷ 0.0"]),
    (lambda: math.sin(Value(std.inf, "x")), "invalid", std.nan, ["invalid value", "sin(x=inf)"]),
]


@pytest.mark.parametrize(("make", "kind", "result", "words"), EVENTS)
def test_events_warn_raise_or_pass(make: Any, kind: str, result: float, words: list[str]) -> None:
    with pytest.warns(RuntimeWarning) as caught:
        assert repr(make().data) == repr(result)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert all(word in str(caught[0].message) for word in words)
    with errstate(**{kind: "raise"}), pytest.raises(FloatingPointError) as raised:
        make()
    assert str(raised.value) == str(caught[0].message)
    with errstate(**{kind: "ignore"}):
        assert repr(make().data) == repr(result)


def test_errstates_nest_and_decorate() -> None:
    @errstate(all="ignore")
    def quiet() -> Value:
        return Value(1.0) / 0

    with errstate(all="raise"):
        with errstate(divide="ignore"):
            assert (Value(1.0) / 0).data == std.inf
            with pytest.raises(FloatingPointError):
                math.sqrt(-1.0)
        assert quiet().data == std.inf
        with pytest.raises(FloatingPointError):
            Value(1.0) / 0
    with pytest.warns(RuntimeWarning):
        Value(1.0) / 0
    with pytest.raises(ValueError, match="action"):
        errstate(all="loud")


def test_inf_and_nan_from_inf_and_nan_are_no_events() -> None:
    nan, inf = Value(std.nan), Value(std.inf)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        choices = math.maximum(nan, 1.0), math.maximum(1.0, nan), math.minimum(1.0, nan)
        for v in (nan + 1, nan.relu(), math.sqrt(nan), *choices):
            assert std.isnan(v.data)
        assert (inf + 1).data == std.inf
        f = nan.relu() * 2
        f.backward()
    assert std.isnan(nan.grad)


def test_an_unselected_branch_makes_no_nan() -> None:
    for at in (-1.0, 0.0):
        x = Value(at)
        with errstate(invalid="ignore"):
            f = math.where(x > 0, math.sqrt(x), 0)
        f.backward()
        assert (f.data, x.grad) == (0.0, 0.0)
    x = Value(4.0)
    math.where(x > 0, math.sqrt(x), 0).backward()
    assert x.grad == 0.25
