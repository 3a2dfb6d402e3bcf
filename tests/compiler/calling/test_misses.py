"""When another specialization is made, on a clock that the function itself moves."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import Value
from autograd_lite.compiler import Tracer
from autograd_lite.compiler.calling import trace_cache
from autograd_lite.compiler.calling.misses import Misses


class Clock:
    """Seconds that pass while a function is traced (`tracing` each time), and while it runs eagerly (one)."""

    def __init__(self, tracing: float) -> None:
        self.now, self.tracing = 0.0, tracing
        self.traced = self.eager = 0

    def perf_counter(self) -> float:
        return self.now

    def passes(self, x: Any) -> None:
        if isinstance(x, Tracer):
            self.now += self.tracing
            self.traced += 1
        elif isinstance(x, Value):
            self.now += 1.0
            self.eager += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock(30.0)
    monkeypatch.setattr(trace_cache, "time", types.SimpleNamespace(perf_counter=made.perf_counter))
    return made


@pytest.mark.filterwarnings("ignore:.*branches in many ways")
def test_another_way_is_compiled_once_its_eager_calls_have_taken_as_long(clock: Clock) -> None:
    def f(x: Any) -> Any:
        clock.passes(x)
        return x * 2.0 if x > 0 else -x

    g = ag.compile(f, target="python")
    assert g(1.0) == 2.0
    assert (clock.traced, clock.eager) == (1, 0)  # the first call compiles
    for i in range(1, 11):  # tracing is taken for ten eager calls, and here all of the compile time is tracing
        assert g(-1.0) == 1.0
        assert (clock.traced, clock.eager) == (1, i)
    assert [g(x) for x in (-1.0, -2.0, 1.0, -3.0)] == [1.0, 2.0, 2.0, 3.0]
    assert (clock.traced, clock.eager) == (2, 10)


@pytest.mark.filterwarnings("ignore:.*branches in many ways")
@pytest.mark.parametrize("over_rows", [False, True])
def test_whatever_is_called_the_total_is_within_three_times_the_eager_time(clock: Clock, over_rows: bool) -> None:
    def f(x: Any) -> Any:
        clock.passes(x)
        turns = 0.0
        while x > 1.0:
            x, turns = x * 0.97, turns + 1.0
        return x + turns

    points = np.exp(np.random.default_rng(3).uniform(0.0, 6.0, 1000))
    expected = [float(f(x)) for x in points]
    g = ag.compile(f, in_axes=0 if over_rows else None, target="python")
    found = g(points).tolist() if over_rows else [g(float(x)) for x in points]
    assert found == expected
    assert clock.now - 30.0 < 3.0 * len(points)  # after the first compile
    assert clock.traced > 2  # and ways that come often are compiled


def test_one_warning_names_the_line_and_what_would_compile() -> None:
    def f(x: Any) -> Any:
        while x > 1.0:
            x = x * 0.5
        return x

    g = ag.compile(f, target="python")
    with pytest.warns(
        RuntimeWarning, match=r"line \d+: while x > 1.0:.*runs eagerly.*while_loop.*take.*interp"
    ) as found:
        assert [g(2.0**k) for k in reversed(range(40))] == [1.0] * 40
    assert len(found) == 1
    assert found[0].filename == __file__


def test_a_few_ways_are_no_reason_to_warn() -> None:
    g = ag.compile(lambda x: x if x > 1 else -x if x < -1 else x * x, target="python")
    assert [g(x) for x in (2.0, -3.0, 0.5) * 5] == [2.0, 3.0, 0.25] * 5


def test_times_of_many_places_are_forgotten_and_calls_go_on() -> None:
    misses = Misses()
    for where in range(25_000):
        misses.ran(where, 1.0)
        assert not misses.is_worth(where) or where >= 0
    misses.built(24_999, 5.0, 1.0)
    for k in range(1, 10):
        misses.ran(7, 1.0)
        assert misses.is_worth(7) == (k >= 5)
