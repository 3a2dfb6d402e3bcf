"""What a function reads from outside is found when it is rebound; what only happens in a trace is told."""

from __future__ import annotations

import functools
import random
import types
import warnings
from typing import Any

import numpy as np
import pytest

import autograd_lite as ag
from autograd_lite import math

RATE = 2.0
SETTINGS = types.SimpleNamespace(rate=2.0)
GENERATOR = random.Random(1)
NUMPYS = np.random.default_rng(1)
COUNT = 0


def helper(x: Any) -> Any:
    return RATE * x


def decorated(fn: Any) -> Any:
    @functools.wraps(fn)
    def outer(*args: Any) -> Any:
        return fn(*args) + 0.0

    return outer


@decorated
def wrapped(x: Any) -> Any:
    return helper(x)


FORMS = {
    "global": lambda x: RATE * x,
    "through a helper": lambda x: helper(x),
    "in a comprehension": lambda x: sum(helper(x) for _ in range(1)),
    "in an inner function": lambda x: (lambda y: RATE * y)(x),
    "decorated": wrapped,
    "partial": functools.partial(lambda scale, x: RATE * scale * x, 1.0),
    "compiled": lambda x: ag.compile(helper, target="python")(x),
}


@pytest.mark.parametrize("fn", FORMS.values(), ids=FORMS)
def test_a_global_that_is_rebound(fn: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    f = ag.compile(fn, target="python")
    assert (f(3.0), f.grad(3.0)) == (6.0, 2.0)
    monkeypatch.setitem(globals(), "RATE", 5.0)
    assert (f(3.0), f.grad(3.0)) == (15.0, 5.0)


def test_other_names_that_are_rebound(monkeypatch: pytest.MonkeyPatch) -> None:
    k = 2.0

    def closed(x: Any, *, by: float = 1.0) -> Any:
        return k * x * by

    f, g = ag.compile(closed, target="python"), ag.compile(lambda x: SETTINGS.rate * x, target="python")
    h = ag.compile(lambda x: math.sin(helper(x)), target="python")
    assert (f(3.0), g(3.0), h(0.0)) == (6.0, 6.0, 0.0)
    k = 5.0
    closed.__kwdefaults__["by"] = 10.0
    monkeypatch.setattr(SETTINGS, "rate", 7.0)
    monkeypatch.setitem(globals(), "helper", lambda x: x + 1.0)
    assert (f(3.0), g(3.0), h(0.0)) == (150.0, 21.0, math.sin(1.0))


def test_one_call_never_mixes_two_values_of_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    f = ag.compile(lambda x: RATE if x > 0 else RATE * 100, in_axes=0, target="python")
    assert f(np.array([1.0, 2.0])).tolist() == [2.0, 2.0]
    monkeypatch.setitem(globals(), "RATE", 3.0)
    assert f(np.array([1.0, -1.0])).tolist() == [3.0, 300.0]


def test_attributes_of_the_object_that_a_method_is_of() -> None:
    class Line:
        def __init__(self, slope: float) -> None:
            self.slope = slope

        @ag.compile
        def at(self, x: Any) -> Any:
            return self.scaled(x)

        def scaled(self, x: Any) -> Any:
            return self.slope * x

    one, two = Line(2.0), Line(3.0)
    assert (one.at(1.0), two.at(1.0), one.at.grad(1.0)) == (2.0, 3.0, 2.0)
    one.slope = 7.0
    assert (one.at(1.0), two.at(1.0)) == (7.0, 3.0)


def counting(x: Any) -> Any:
    global COUNT
    COUNT += 1
    return x


EFFECTS = {
    "random": lambda x: x * random.random(),
    "a generator": lambda x: x * GENERATOR.gauss(0.0, 1.0),
    "NumPy's": lambda x: x * np.random.rand(),
    "a generator of NumPy's": lambda x: x * NUMPYS.normal(),
    "print": lambda x: print("here") or x,
    "rebound": counting,
}


@pytest.mark.parametrize("fn", EFFECTS.values(), ids=EFFECTS)
def test_what_happens_in_a_trace_alone_is_told_once(fn: Any, capsys: pytest.CaptureFixture[str]) -> None:
    f = ag.compile(fn, target="python")
    what = {"print": r"prints \(test_outside.py, line \d+: \"print\"", "rebound": "rebinds a name"}
    name = next(name for name, each in EFFECTS.items() if each is fn)
    with pytest.warns(RuntimeWarning, match=what.get(name, "draws random numbers")) as caught:
        first = f(1.0)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert capsys.readouterr().out == ("here\n" if name == "print" else "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f(1.0) == first
        f([1.0][0])
        f.grad(1.0)


def test_what_has_no_effect_is_not_told() -> None:
    f = ag.compile(lambda x: x * np.random.default_rng(5).normal() + len(str(GENERATOR)), target="python")
    assert f(1.0) == f(1.0)
