"""The plot of a function: its numbers, and no line where there is none."""

from __future__ import annotations

import math as python
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import autograd_lite as ag
from autograd_lite import Value, math

pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed: pip install autograd_lite[plot]")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    pyplot.switch_backend("Agg")
    yield
    pyplot.close("all")


def lines(axes: Any) -> dict[str, list[tuple[float, float]]]:
    """What is drawn, by its label."""
    return {line.get_label(): list(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.get_lines()}


def test_value_derivative_and_tangent() -> None:
    found = lines(ag.plot(math.sin, -1, 2, at=0.5))
    assert found["sin(x)"][0] == (-1.0, python.sin(-1))
    for x, y in found["sin(x)"]:
        assert y == pytest.approx(python.sin(x), abs=1e-15)
    for x, slope in found["dsin/dx"]:
        assert slope == pytest.approx(python.cos(x), abs=1e-15)
    (left, at_left), (right, at_right) = found["tangent at 0.5: slope 0.8776"]
    assert (left, right) == (-1, 2)
    assert (at_right - at_left) / 3 == pytest.approx(python.cos(0.5))
    assert at_left == pytest.approx(python.sin(0.5) - 1.5 * python.cos(0.5))
    assert "kink" not in found


@pytest.mark.parametrize(
    ("fn", "kinks"),
    [
        (lambda x: abs(x - 0.3), [0.3]),
        (lambda x: math.clip(x, -0.5, 0.7), [-0.5, 0.7]),
        (lambda x: math.maximum(x * x, 1 - x), [(python.sqrt(5) - 1) / 2]),
        (lambda x: math.sqrt(abs(x)), [0.0]),
        (lambda x: math.tanh(50 * x), []),
        (lambda x: math.cbrt(x), []),
        (lambda x: math.sqrt(x), []),  # the end of a domain is no kink
        (lambda x: 1 / (x - 0.1) ** 2, []),
        (lambda x: math.relu(x) * math.sin(x), []),  # a node at a kink that the function does not have
        (lambda x: x if x > 0.25 else 0.5 * x + 0.125, [0.25]),  # of Python's own if
        (lambda x: 3.0, []),
    ],
)
def test_kinks_are_marked(fn: Callable[[Value], Value], kinks: list[float]) -> None:
    for samples in (400, 401):
        marked = [x for x, _ in lines(ag.plot(fn, -1, 1, samples=samples)).get("kink", [])]
        assert marked == pytest.approx(kinks, abs=1e-12)


@pytest.mark.parametrize(
    ("fn", "at"),
    [
        (lambda x: 1 / x, [0.0]),
        (lambda x: math.floor(2 * x), [-0.5, 0.0, 0.5]),
        (lambda x: x + 1.0 if x > 0.3 else x, [0.3]),
        (lambda x: math.tan(x * python.pi), [-0.5, 0.5]),
        (lambda x: math.sign(x - 0.2) * (2 + x), [0.2]),
    ],
)
@pytest.mark.parametrize("samples", [400, 401, 37])
def test_no_line_is_drawn_through_a_jump_or_a_pole(fn: Callable[[Value], Value], at: list[float], samples: int) -> None:
    drawn = next(line for label, line in lines(ag.plot(fn, -0.9, 0.95, samples=samples)).items() if "(x)" in label)
    gaps = [x for x, y in drawn if not python.isfinite(y)]
    step = 1.85 / (samples - 1)
    for place in at:
        assert any(abs(gap - place) <= step * 1.01 for gap in gaps), (place, gaps)
    assert all(any(abs(gap - place) <= step * 1.01 for place in at) for gap in gaps)


def test_where_there_is_no_number_there_is_no_line() -> None:
    found = lines(ag.plot(math.log, -1, 3))
    assert all(python.isnan(y) == (x < 0) for x, y in found["log(x)"] if x)

    def picky(x: Value) -> Value:
        if x < 0:
            raise ValueError("negative")
        return x * 2

    assert all(python.isnan(y) == (x < 0) for x, y in lines(ag.plot(picky, -1, 1))["picky(x)"])
    assert {y for _, y in lines(ag.plot(lambda x: 3.0, 0, 1))["df/dx"]} == {0.0}


def test_a_pole_leaves_the_rest_to_be_seen() -> None:
    low, high = ag.plot(lambda x: 1 / x, -2, 2).get_ylim()
    assert -100 < low < high < 100
    low, high = ag.plot(math.exp, 0, 1).get_ylim()
    assert low <= 1 < python.e <= high


def test_axes_that_are_given_are_drawn_into() -> None:
    axes = pyplot.subplots()[1]
    assert ag.plot(math.exp, 0, 1, ax=axes) is axes


def test_what_is_wrong_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for ends in ((1, 0), (0, float("inf")), (0, 0)):
        with pytest.raises(ValueError, match="expected a < b"):
            ag.plot(math.exp, *ends)
    with pytest.raises(ValueError, match="at is a point between 0 and 1, not 2"):
        ag.plot(math.exp, 0, 1, at=2)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(RuntimeError, match=r"needs the package matplotlib: `pip install autograd_lite\[plot\]`"):
        ag.plot(math.exp, 0, 1)
