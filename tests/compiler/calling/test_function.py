"""`compile`: the same meaning as the function's own, at every nesting, branch and number; over rows as over points."""

from __future__ import annotations

import copy
import importlib.util
import itertools
import math as std
import os
import pickle
import subprocess
import sys
import threading
import traceback
import warnings
from collections import namedtuple
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, errstate, math
from autograd_lite.compiler import Compiled, Tracer
from autograd_lite.compiler.calling import function

TARGETS = ["python", *(["llvm"] if importlib.util.find_spec("llvmlite") else [])]
each_target = pytest.mark.parametrize("target", TARGETS)
Point = namedtuple("Point", "x y")


def rosenbrock(x: Any) -> Any:
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x))


MANY_WAYS = pytest.mark.filterwarnings("ignore:.*branches in many ways:RuntimeWarning")


def collatz_like(x: Any) -> Any:
    steps = 0.0
    while x < 100.0:
        x = x * x + 1.0 if x > 3.0 else x * 1.5 + 0.5
        steps += 1.0
    return x * steps


def model(w: Any, x: Any, y: Any) -> Any:
    return (math.tanh(w["a"] @ x + w["b"]) - y) ** 2


W = {"a": np.array([0.5, -0.25, 1.5]), "b": 0.125}


def rows_of(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.normal(size=(n, 3)), rng.normal(size=n)


# ---- points ----------------------------------------------------------------------------------------------------------


@each_target
def test_every_derivative_is_the_eager_one(target: str) -> None:
    f = ag.compile(rosenbrock, target=target)
    x = [0.5, -1.25, 2.0]
    value, gradient = ag.value_and_grad(rosenbrock)(x)
    assert f(x) == pytest.approx(value, rel=1e-15)
    assert f.value_and_grad(x) == (pytest.approx(value, rel=1e-15), pytest.approx(gradient, rel=1e-14))
    assert f.grad(x) == pytest.approx(gradient, rel=1e-14)
    assert np.allclose(f.hessian(x), ag.hessian(rosenbrock)(x), rtol=1e-14, atol=0)
    assert f.hvp((x,), ([1.0, 2.0, 3.0],)) == pytest.approx(ag.hvp(rosenbrock, (x,), ([1.0, 2.0, 3.0],)), rel=1e-14)
    g = ag.compile(lambda x, y: [x * y, math.sin(x), 3.0], argnums=(0, 1), target=target)
    assert g.jacobian(2.0, 5.0) == [(5.0, 2.0), (std.cos(2.0), 0.0), (0.0, 0.0)]
    assert g(2.0, 5.0) == [10.0, std.sin(2.0), 3.0]
    assert ag.compile(lambda x, y: x * y, target=target).grad(2.0, 5.0, argnums=1) == 2.0


@each_target
@pytest.mark.parametrize(
    "x",
    [
        [2.0, 3.0],
        (2.0, 3.0),
        Point(2.0, 3.0),
        {"y": 2.0, "x": 3.0},
        np.array([2.0, 3.0]),
        np.array([[2, 3]], dtype=np.int32),
        np.array([2.0, 3.0], dtype=np.float32),
        np.array([2.0, 9.0, 3.0])[::2],
        [np.array([2.0]), (None, {"a": 3})],
        [np.float64(2), np.array(3.0)],
        [2, True],
    ],
    ids=repr,
)
def test_nestings_in_and_out(target: str, x: Any) -> None:
    def f(tree: Any) -> Any:
        a, b = ag.trees.flatten(tree)[0]
        return {"product": a * b, "same": tree, "none": None}

    found = ag.compile(f, target=target)(x)
    a, b = [float(leaf) for leaf in ag.trees.flatten(x)[0]]
    assert found["product"] == a * b
    assert found["none"] is None
    assert type(found["same"]) is type(x)
    assert [float(leaf) for leaf in ag.trees.flatten(found["same"])[0]] == [a, b]
    gradient = ag.compile(lambda tree: f(tree)["product"], target=target).grad(x)
    assert ag.trees.flatten(gradient)[0] == [b, a]


@each_target
def test_keywords_and_labels(target: str) -> None:
    f = ag.compile(lambda x, *rest, scale: (x + sum(rest)) * scale["s"], target=target)
    assert f(1.0, 2.0, 3.0, scale={"s": 2.0}) == 12.0
    assert f.program.inputs == ("x", "rest[0]", "rest[1]", "scale['s']")
    assert "scale_s" in f.source


def test_the_program_is_that_of_the_last_trace_whatever_its_shape() -> None:
    f = ag.compile(lambda x: sum(x) if isinstance(x, list) else -x if x > 0.0 else x * x)
    for x, ops in (
        (2.0, ["neg"]),
        ([1.0, 2.0], ["add", "add"]),
        ([3.0, 4.0], ["add", "add"]),
        (5.0, ["neg"]),
    ):
        f(x)
        made = [op.name for op, *_ in f.program.instructions if op.result_type is float]
        assert made == ops
        assert {"neg": "neg(x)", "add": " + "}[ops[0]] in f.source


@each_target
def test_derivatives_inside_a_compiled_function(target: str) -> None:
    assert ag.compile(ag.grad(rosenbrock), target=target)([1.0, 2.0]) == [-400.0, 200.0]
    # The published cases of perturbation confusion, and a derivative at a number of the function's own.
    f = ag.compile(lambda x: x * ag.grad(lambda y: x * y)(1.0), target=target)
    assert (f(3.0), f.grad(3.0), f.hessian(3.0)) == (9.0, 6.0, 2.0)
    g = ag.compile(lambda x: ag.grad(lambda y: x * y * y)(x * x), target=target)
    assert (g(3.0), g.grad(3.0)) == (54.0, 54.0)
    newton = ag.compile(lambda a, x: x - (x**3 - a) / ag.grad(lambda x: x**3 - a)(x), target=target)
    assert newton.grad(7.0, 2.0) == pytest.approx(1 / 12, rel=1e-15)
    assert ag.compile(lambda x: ag.jvp(math.sin, (x,), (2.0 * x,))[1], target=target)(0.5) == std.cos(0.5)
    stopped = ag.compile(lambda x: ag.stop_gradient(x) * x, target=target)
    assert stopped.grad(3.0) == 3.0

    def frozen(x: Any) -> Any:
        with ag.no_grad():
            y = x * x
        return y * x

    assert ag.compile(frozen, target=target).grad(3.0) == ag.grad(frozen)(3.0) == 9.0
    own = ag.compile(lambda x: sum([x, x * x], Value(0.0)) + Value(1.0) * 2, target=target)
    assert (own(3.0), own.grad(3.0)) == (14.0, 7.0)


# ---- branches --------------------------------------------------------------------------------------------------------


@each_target
def test_branches_are_guarded(target: str) -> None:
    f = ag.compile(collatz_like, target=target)
    for x in (2.0, 50.0, 3.0, 200.0, 2.0, 1.0, 9.0, 2.0):
        assert f(x) == collatz_like(x)
        assert f.grad(x) == pytest.approx(ag.grad(collatz_like)(x), rel=1e-14)
    for branchy in (
        lambda x: max(x, 3.0) + min(1.0, x),
        lambda x: sorted([x, 2.0, -x])[1],
        lambda x: 1.0 if x else 2.0,
        lambda x: (1.0 if x == 2.0 else x) + (x != 2.0),
        lambda x: x if 1.0 <= x < 3.0 else -x,
        abs,
    ):
        g = ag.compile(branchy, target=target)
        for x in (0.0, -0.0, 1.0, 2.0, 3.0, -4.0, std.nan, std.inf):
            assert repr(float(g(x))) == repr(float(branchy(x))) or (std.isnan(g(x)) and std.isnan(branchy(x)))


def test_a_trace_is_kept_for_each_way_to_branch() -> None:
    calls: list[Any] = []

    def f(x: Any) -> Any:
        calls.append(x)
        return x * 2 if x > 0 else -x

    g = ag.compile(f, target="python")
    assert [g(x) for x in (1.0, 2.0, -1.0, -5.0, 3.0)] == [2.0, 4.0, 1.0, 5.0, 6.0]
    assert [type(x) for x in calls] == [Tracer, Value, Value]  # the first way is compiled, the other eager at first
    while isinstance(calls[-1], Value):  # until it has been worth it
        assert g(-7.0) == 7.0
    count = len(calls)
    assert [g(x) for x in (1.0, -1.0, 3.0)] == [2.0, 1.0, 6.0]
    assert len(calls) == count


def test_all_derivatives_are_of_one_trace() -> None:
    """The function runs once for each way to branch, whatever is asked of it, and again where an event is reported."""
    runs = []

    def f(x: Any, y: Any) -> Any:
        runs.append(x)
        return math.sin(x) * y if x > y else x * x * y

    compiled = ag.compile(f, argnums=(0, 1), target="python")
    for args, traces in ((2.0, 1.0), 1), ((0.5, 1.5), 0):  # the other way is eager at first
        before = len(runs)
        for operator in ("value_and_grad", "grad", "jacobian", "hessian"):
            assert getattr(compiled, operator)(*args) == getattr(ag, operator)(f, (0, 1))(*args)
        assert compiled(*args) == f(*args)
        assert compiled.hvp(args, (1.0, 2.0)) == ag.hvp(f, args, (1.0, 2.0))
        assert sum(isinstance(x, Tracer) for x in runs[before:]) == traces
    with pytest.warns(RuntimeWarning, match="log"):
        ag.compile(lambda x: math.log(x) * 2.0).grad(0.0)
    with ag.no_grad():
        in_no_grad = ag.compile(lambda x: math.sin(x) * x, target="python")
        assert in_no_grad(2.0) == std.sin(2.0) * 2.0
    assert in_no_grad.grad(2.0) == ag.grad(lambda x: math.sin(x) * x)(2.0)


def test_no_more_traces_are_kept_than_the_bound() -> None:
    f = ag.compile(collatz_like, target="python", most_traces=2)
    traces = f._specialization("value").traces(ag.trees.flatten(((2.0,), {}))[1])
    for x in (2.0, 50.0, 3.5, 200.0, 2.0, 9.0, 2.0):
        traces.at([x])
        assert f(x) == collatz_like(x)
        assert 1 <= len(traces.kept()) <= 2


@MANY_WAYS
@given(st.lists(st.floats(-5, 5), min_size=2, max_size=2), st.integers(0, 3))
def test_programs_with_branches_and_loops(x: list[float], turns: int) -> None:
    def f(p: Any) -> Any:
        a, b = p
        for _ in range(turns):
            if a > b:
                a, b = b * 0.5, a + 1.0
            while abs(b) > 2.0:
                b = b / 2.0
            a = max(a, -b) if a * b < 0 else math.sin(a)
        return a * b + a

    g = COMPILED.setdefault(turns, ag.compile(f, target="python"))
    expected = ag.value_and_grad(f)(x)
    found = g.value_and_grad(x)
    assert found[0] == pytest.approx(expected[0], rel=1e-12, abs=1e-300)
    assert found[1] == pytest.approx(expected[1], rel=1e-12, abs=1e-300)


COMPILED: dict[int, Compiled] = {}


# ---- what would be baked in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fn", "words"),
    [
        (lambda x: x.data * 2, ".data cannot be read"),
        (lambda x: float(x), "so float() gives no number"),
        (lambda x: [1.0, 2.0][x], "it is no index"),
        (lambda x: std.sin(x), "so float() gives no number"),
        (lambda x: x * OUTSIDE, "Value(w=2.0) is a Value from outside"),
        (lambda x: x * (OUTSIDE + 1.0), "Value(w=2.0) is a Value from outside"),
    ],
)
def test_nothing_is_baked_in(fn: Any, words: str) -> None:
    with pytest.raises(TypeError) as caught:
        ag.compile(fn)(1.0)
    message = str(caught.value)
    assert words in message.partition(f" ({os.path.basename(__file__)}")[0]
    assert f"({os.path.basename(__file__)}, line {fn.__code__.co_firstlineno}: (lambda x: " in message
    assert "\n" not in message


OUTSIDE = Value(2.0, "w")


def test_clear_refusals() -> None:
    with pytest.raises(TypeError, match="returned None, which has no number: does it lack a return statement"):
        ag.compile(lambda x: None)(1.0)
    with pytest.raises(TypeError, match=r"compile: expected a function, got float 1\.0"):
        ag.compile(1.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='the target is "auto", "python", "llvm" or "jax", not \'fortran\''):
        ag.compile(lambda x: x, target="fortran")(1.0)
    with pytest.raises(TypeError, match="expected a real number, got str 'a'"):
        ag.compile(lambda x: x)("a")
    with pytest.raises(RuntimeError, match="no trace yet: call it first"):
        _ = ag.compile(lambda x: x).source
    with pytest.raises(ValueError, match="no argument 3"):
        ag.compile(lambda x: x * x, argnums=3).grad(1.0)
    rows = ag.compile(model, in_axes=(None, 0, 0))
    x, y = rows_of(4)
    with pytest.raises(ValueError, match="in_axes has an entry for each of 3 arguments, and 2 were given"):
        rows(W, x)
    with pytest.raises(ValueError, match="argument 2 has 3 rows, those before it have 4"):
        rows(W, x, y[:3])
    with pytest.raises(TypeError, match="argument 1 has rows of <U1"):
        rows(W, np.array([["a", "b", "c"]]), y[:1])
    with pytest.raises(ValueError, match="argument 2 has 0 axes"):
        rows(W, x, 1.0)


# ---- events ----------------------------------------------------------------------------------------------------------


@each_target
def test_events_are_reported_as_in_eager_code(target: str) -> None:
    f = ag.compile(lambda x: math.log(x) / x, target=target)
    assert f(1.0) == 0.0
    with pytest.warns(RuntimeWarning) as caught:
        assert f(0.0) == -std.inf
    assert [str(w.message) for w in caught] == ["divide by zero encountered in log(x=0.0) = -inf"]
    with errstate(all="raise"), pytest.raises(FloatingPointError, match=r"log\(x=0\.0\)"):
        f(0.0)
    with errstate(all="ignore"):
        assert f(0.0) == -std.inf
        assert repr(f.grad(0.0)) == repr(ag.grad(lambda x: math.log(x) / x)(0.0))


# ---- rows ------------------------------------------------------------------------------------------------------------


@each_target
def test_rows_are_the_points_one_by_one(target: str) -> None:
    x, y = rows_of(37)
    f = ag.compile(model, in_axes=(None, 0, 0), target=target)
    single = [model(W, a, b) for a, b in zip(x, y)]
    assert f(W, x, y).shape == (37,)
    assert f(W, x, y) == pytest.approx(single, rel=1e-13)
    value, gradient = f.value_and_grad(W, x, y)
    assert value == pytest.approx(sum(single), rel=1e-13)
    each = [ag.grad(model, (0, 1, 2))(W, a, b) for a, b in zip(x, y)]
    assert gradient["b"] == pytest.approx(sum(g[0]["b"] for g in each), rel=1e-12)
    assert gradient["a"] == pytest.approx(sum(g[0]["a"] for g in each), rel=1e-12)
    by_w, by_x, by_y = f.grad(W, x, y, argnums=(0, 1, 2))
    assert by_w["b"] == gradient["b"]
    assert by_x.shape == x.shape
    assert np.allclose(by_x, [g[1] for g in each], rtol=1e-12, atol=0)
    assert np.allclose(by_y, [g[2] for g in each], rtol=1e-12, atol=0)
    jacobian = f.jacobian(W, x, y)
    assert jacobian["a"].shape == (37, 3)
    assert np.allclose(jacobian["a"], [g[0]["a"] for g in each], rtol=1e-12, atol=0)
    assert f.hessian(W, x, y)["a"]["a"].shape == (37, 3, 3)
    assert np.allclose(
        f.hessian(W, x, y)["a"]["b"], [ag.hessian(model)(W, a, b)["a"]["b"] for a, b in zip(x, y)], rtol=1e-11
    )


@each_target
@pytest.mark.parametrize("kind", ["strided", "fortran", "float32", "int", "list", "readonly", "memmap", "axis 1"])
def test_rows_in_every_memory(target: str, kind: str, tmp_path: Any) -> None:
    x, y = rows_of(19)
    in_axes: Any = (None, 0, 0)
    given_x: Any = x
    if kind == "strided":
        given_x = np.repeat(np.repeat(x, 2, axis=0), 2, axis=1)[::2, ::2]
    elif kind == "fortran":
        given_x = np.asfortranarray(x)
    elif kind == "float32":
        given_x, x = x.astype(np.float32), x.astype(np.float32).astype(float)
    elif kind == "int":
        given_x = (x * 4).astype(int)
        x = given_x.astype(float)
    elif kind == "list":
        given_x = x.tolist()
    elif kind == "readonly":
        given_x = x.copy()
        given_x.flags.writeable = False
    elif kind == "memmap":
        np.save(tmp_path / "x.npy", x)
        given_x = np.load(tmp_path / "x.npy", mmap_mode="r")
    else:
        given_x, in_axes = np.ascontiguousarray(x.T), (None, 1, 0)
    f = ag.compile(model, in_axes=in_axes, target=target)
    assert f(W, given_x, y) == pytest.approx([model(W, a, b) for a, b in zip(x, y)], rel=1e-13)


@each_target
@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", "g", ">f8", ">f4", "<i2", ">i4", "u1", "?"], ids=lambda d: np.dtype(d).str
)
def test_numbers_of_every_dtype(target: str, dtype: str) -> None:
    x = np.array([[1, 0, 3], [0, 2, 5], [1, 1, 1], [2, 0, 1]]).astype(dtype)
    wanted = [model(W, [float(v) for v in row], 0.5) for row in x]
    over, one = ag.compile(model, (None, 0, None), target=target), ag.compile(model, target=target)
    backwards = x[::-1].copy()[::-1], x[:, ::-1].copy()[:, ::-1]
    for rows in (x, *backwards, np.asfortranarray(x), np.repeat(x, 2, axis=0)[::2]):
        assert over(W, rows, 0.5) == pytest.approx(wanted, rel=1e-13)
    assert over(W, x[::-1], 0.5) == pytest.approx(wanted[::-1], rel=1e-13)
    for _ in range(2):  # by the general way, and by the shortest
        assert [one(W, row, np.array(0.5)) for row in x] == pytest.approx(wanted, rel=1e-13)
        assert [one(W, row, 0.5) for row in backwards[1]] == pytest.approx(wanted, rel=1e-13)
    assert over(W, x[:0], 0.5).shape == (0,)


@each_target
def test_rows_that_branch(target: str) -> None:
    x = np.array([2.0, 3.0, 50.0, 200.0, 1.5, 2.0, 90.0, 2.5, 3.0001])
    f = ag.compile(collatz_like, in_axes=0, target=target)
    assert f(x).tolist() == [collatz_like(a) for a in x]
    slopes = [ag.grad(collatz_like)(float(a)) for a in x]
    assert f.value_and_grad(x)[0] == pytest.approx(sum(collatz_like(a) for a in x), rel=1e-14)
    assert f.grad(x) == pytest.approx(slopes, rel=1e-14)
    g = ag.compile(lambda w, x: math.log(x * w) if x > 0 else w * x, in_axes=(None, 0), target=target)
    rows = np.array([1.0, -2.0, 3.0, -4.0, 0.0])  # a row that is not its own must not put a nan into the sum
    value, slope = g.value_and_grad(2.0, rows)
    assert value == pytest.approx(std.log(2) + std.log(6) - 12, rel=1e-14)
    assert slope == pytest.approx(0.5 + 0.5 - 6, rel=1e-14)


@each_target
def test_no_rows_at_all(target: str) -> None:
    x, y = rows_of(0)
    f = ag.compile(model, in_axes=(None, 0, 0), target=target)
    assert f(W, x, y).shape == (0,)
    value, gradient = f.value_and_grad(W, x, y)
    assert (value, gradient["b"], gradient["a"].tolist()) == (0.0, 0.0, [0.0] * 3)
    assert f.grad(W, x, y, argnums=1).shape == (0, 3)


@each_target
def test_rows_give_inf_and_nan_in_silence(target: str) -> None:
    f = ag.compile(math.log, in_axes=0, target=target)
    found = f(np.array([1.0, 0.0, -1.0, std.inf, std.nan]))
    assert [repr(float(y)) for y in found] == ["0.0", "-inf", "nan", "inf", "nan"]


@each_target
def test_rows_of_nested_arrays(target: str) -> None:
    f = ag.compile(lambda p: p["a"].sum() * p["b"], in_axes=0, target=target)
    a, b = np.arange(24.0).reshape(4, 2, 3), np.arange(4.0)
    assert f({"a": a, "b": b}).tolist() == (a.sum(axis=(1, 2)) * b).tolist()
    gradient = f.grad({"a": a, "b": b})
    assert gradient["a"].shape == (4, 2, 3)
    assert gradient["b"].tolist() == a.sum(axis=(1, 2)).tolist()
    pairs = ag.compile(lambda x: (x, [x * x, 1.0]), in_axes=0, target=target)(b)
    assert [part.tolist() for part in (pairs[0], *pairs[1])] == [b.tolist(), (b * b).tolist(), [1.0] * 4]


@each_target
def test_sums_of_large_rows(target: str) -> None:
    f = ag.compile(lambda w, x: w * x, in_axes=(None, 0), target=target)
    for rows, total in (([1e308, -1e308, 1.0], 1.0), ([std.inf, 1.0], std.inf), ([std.inf, -std.inf], std.nan)):
        assert repr(f.grad(1.0, np.array(rows))) == repr(total)


# ---- one array in ----------------------------------------------------------------------------------------------------


@each_target
def test_calls_with_an_array_are_the_same_the_second_time(target: str) -> None:
    def f(x: Any) -> Any:
        return math.log(x[0]) * x[1] if x[1] > 0 else x[0] + x[2]

    g = ag.compile(f, target=target)
    wide = np.array([2.0, 9.0, 3.0, 9.0, 5.0])
    arrays = [
        *(np.array([2.0, 3.0, 5.0]), np.array([2.0, -3.0, 5.0]), np.array([3.0, 4.0, 5.0]), wide[::2], wide[::-2]),
        *(np.array([2, 3, 5]), np.array([2.0, 3.0, 5.0], dtype=">f8"), np.array([[2.0, 3.0, 5.0]]).ravel()),
    ]
    for x in [*arrays, *arrays]:
        expected, slopes = ag.value_and_grad(f)(x)
        value, gradient = g.value_and_grad(x)
        assert value == pytest.approx(expected, rel=1e-15)
        assert type(value) is float
        assert gradient == pytest.approx(slopes, rel=1e-15)
        assert g(x) == value
        assert np.allclose(g.hessian(x), ag.hessian(f)(x), rtol=1e-14, atol=0)
    kept = g.grad(arrays[0])
    g.grad(arrays[2])
    assert kept == pytest.approx(ag.grad(f)(arrays[0]), rel=1e-15)  # a result is the caller's own


@each_target
def test_events_of_calls_with_an_array(target: str) -> None:
    f = ag.compile(lambda x: math.log(x[0]) + x[1], target=target)
    assert f(np.array([1.0, 2.0])) == 2.0
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match=r"log\(x\[0\]=0\.0\)"):
            assert f(np.array([0.0, 2.0])) == -std.inf
        assert f(np.array([1.0, 2.0])) == 2.0


@each_target
def test_results_of_every_nesting_from_an_array(target: str) -> None:
    f = ag.compile(lambda x: {"a": x * 2, "b": (x[0], [x[1], 3.0]), "c": np.outer(x, x), "n": None}, target=target)
    for _ in range(2):
        found = f(np.array([2.0, 5.0]))
        assert found["a"].tolist() == [4.0, 10.0]
        assert found["b"] == (2.0, [5.0, 3.0])
        assert found["c"].tolist() == [[4.0, 10.0], [10.0, 25.0]]
        assert found["n"] is None


# ---- sparsity --------------------------------------------------------------------------------------------------------


@each_target
def test_sparse_matrices_hold_what_has_a_path(target: str) -> None:
    pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    f = ag.compile(rosenbrock, target=target)
    x = np.linspace(-1.0, 1.5, 6)
    h = f.hessian(x, sparse=True)
    assert h.format == "csr"
    assert h.nnz == 6 + 2 * 5  # tridiagonal
    assert np.allclose(h.toarray(), ag.hessian(rosenbrock)(x), rtol=1e-14, atol=0)
    g = ag.compile(lambda x: [a * b for a, b in itertools.pairwise(x)] + [3.0, math.floor(x[0])], target=target)
    j = g.jacobian(x.tolist(), sparse=True)
    assert j.shape == (7, 6)
    assert j.nnz == 10
    assert np.allclose(j.toarray(), np.array(ag.jacobian(g.fn)(x.tolist())), rtol=1e-15, atol=0)
    wide = ag.compile(lambda x: [x[0] * x[5], x[1]], target=target).jacobian(x, sparse=True)
    assert (wide.shape, wide.nnz) == ((2, 6), 3)
    with pytest.raises(ValueError, match=r"jacobian\(sparse=True\) is of one point"):
        ag.compile(model, in_axes=(None, 0, 0)).jacobian(W, *rows_of(3), sparse=True)


@each_target
def test_a_sparse_matrix_is_the_callers_own(target: str) -> None:
    f = ag.compile(rosenbrock, target=target)
    x = np.array([0.5, -1.0, 2.0])
    for _ in range(3):
        matrix = f.hessian(x, sparse=True)
        assert np.allclose(matrix.toarray(), ag.hessian(rosenbrock)(x), rtol=1e-14, atol=0)
        matrix.data[:] = matrix.indices[:] = 0


def test_a_large_sparse_hessian_is_never_dense() -> None:
    pytest.importorskip("scipy.sparse", reason="scipy is not installed")
    n = 300
    h = ag.compile(rosenbrock, target="python").hessian(np.full(n, 0.5), sparse=True)
    assert (h.shape, h.nnz) == ((n, n), n + 2 * (n - 1))
    assert h[5, 5] == 1200 * 0.25 - 400 * 0.5 + 2 + 200
    assert h[5, 6] == -200.0


# ---- copies, threads -------------------------------------------------------------------------------------------------


def test_pickle_and_copies() -> None:
    f = ag.compile(rosenbrock, target="python")
    x = [1.0, 2.0]
    f(x)
    for g in (pickle.loads(pickle.dumps(f)), copy.deepcopy(f)):
        assert g(x) == f(x)
        assert g.grad(x) == f.grad(x)
    assert repr(f) == "<compiled rosenbrock>"
    assert f.__name__ == "rosenbrock"
    assert f.__wrapped__ is rosenbrock


@MANY_WAYS
def test_threads() -> None:
    f = ag.compile(collatz_like, target="python")
    points = [1.0 + 0.37 * k for k in range(40)]
    expected = [collatz_like(x) for x in points]
    found: dict[int, Any] = {}

    def work(k: int) -> None:
        found[k] = [f(x) for x in points[k:] + points[:k]]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {k: expected[k:] + expected[:k] for k in range(4)}


@each_target
def test_copies_keep_everything_but_the_code(target: str) -> None:
    f = ag.compile(collatz_like, 0, target=target)
    x = np.array([2.0, 3.0, 50.0, 200.0, 1.5])
    value, gradient = f(x), f.grad(x)
    f.hessian(x)
    for g in (pickle.loads(pickle.dumps(f)), copy.deepcopy(f), pickle.loads(pickle.dumps(copy.copy(f)))):
        assert g is not f
        assert (g(x) == value).all()
        assert (g.grad(x) == gradient).all()


@MANY_WAYS
@each_target
def test_threads_share_every_mode_and_the_rows(target: str) -> None:
    f = ag.compile(collatz_like, 0, target=target)
    rows = [np.array([1.0 + 0.37 * ((k * i) % 11) for i in range(1, 40)]) for k in range(6)]
    one = ag.compile(collatz_like, target=target)
    expected = [(one.value_and_grad(float(x[0])), [collatz_like(a) for a in x.tolist()]) for x in rows]
    wrong: list[Any] = []
    barrier = threading.Barrier(6)

    def work(k: int) -> None:
        barrier.wait()
        try:
            for i in [*range(k, 6), *range(k)]:
                point, values = expected[i]
                if f(rows[i], threads=2).tolist() != values or one.value_and_grad(float(rows[i][0])) != point:
                    wrong.append((k, i))
                g = pickle.loads(pickle.dumps(f))  # while others trace
                if g(rows[i]).tolist() != values:
                    wrong.append((k, i, "copy"))
        except Exception as error:
            wrong.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@each_target
def test_forked_processes_run_on(target: str) -> None:
    text = f"""
import multiprocessing, numpy as np, autograd_lite as ag
f = ag.compile(lambda w, x: w * x if x > 3 else x - w, (None, 0), target={target!r})
x = np.arange(1.0, 3000.0)
before = f.value_and_grad(2.0, x, threads=2)

def work(k):
    new = ag.compile(lambda a: a * a * k, 0, target={target!r})  # compiles in the child
    return f.value_and_grad(2.0, x, threads=2) == before, new(x[:5]).tolist() == (x[:5] ** 2 * k).tolist()

with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(work, range(4)))
assert f.value_and_grad(2.0, x, threads=2) == before
"""
    command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.stdout.strip(), done.stderr) == (str([(True, True)] * 4), "")


def test_a_traceback_shows_the_source() -> None:
    def forward(x: float) -> float:
        raise KeyError("mine") if x > 5 else None or ValueError

    custom = ag.custom(lambda x: x if x < 5 else forward(x), lambda y, x: 1.0, name="mine")
    f = ag.compile(lambda x: custom(x * 2) + 1, target="python")
    assert f(1.0) == 3.0
    try:
        f(3.0)
    except KeyError:
        assert "mine(v1)" in traceback.format_exc()
    else:
        pytest.fail("no error")


def test_scipy_minimizes_a_compiled_function() -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="scipy is not installed")
    f = ag.compile(rosenbrock)
    found = optimize.minimize(f.value_and_grad, np.full(5, 0.5), jac=True)
    assert np.allclose(found.x, 1.0, atol=1e-5)
    residuals = ag.compile(lambda x: np.array([10.0 * (x[1] - x[0] ** 2), 1.0 - x[0]]))
    found = optimize.least_squares(residuals, np.array([-1.0, 2.0]), jac=residuals.jacobian)
    assert np.allclose(found.x, 1.0, atol=1e-8)


@each_target
def test_scipy_takes_a_sparse_jacobian_and_hessian(target: str) -> None:
    optimize = pytest.importorskip("scipy.optimize", reason="scipy is not installed")
    residuals = ag.compile(
        lambda x: np.array([b - a * a for a, b in itertools.pairwise(x)] + [x[0] - 1.0]), target=target
    )
    sparse = lambda x: residuals.jacobian(x, sparse=True)
    found = optimize.least_squares(residuals, np.full(8, 0.5), jac=sparse)
    assert np.allclose(found.x, 1.0, atol=1e-6)
    f = ag.compile(rosenbrock, target=target)
    hess = lambda x: f.hessian(x, sparse=True)
    found = optimize.minimize(f.value_and_grad, np.full(6, 0.5), jac=True, hess=hess, method="trust-constr")
    assert np.allclose(found.x, 1.0, atol=1e-4)


_RESIDENT = """
import gc
import numpy as np
import autograd_lite as ag
from autograd_lite.compiler.calling import function

def resident():
    gc.collect()
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 2**20

def some(count):
    for i in range(count):
        {work}
        if i % 20 == 0:
            gc.collect()
    return resident()
"""


def _growth(work: str, warm_up: int, count: int) -> float:
    """The resident memory that `count` runs of some lines take, in MB."""
    program = _RESIDENT.format(work=work) + f"\nbefore = some({warm_up})\nprint(some({count}) - before)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=300, check=True)
    return float(done.stdout)


_linux = pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="resident memory is read from /proc")


@_linux
def test_a_function_that_is_dropped_leaves_no_memory() -> None:
    """llvmlite kept 77 kB with each run of its passes."""
    assert _growth("ag.compile(lambda x, y: x * y + float(i))(2.0, 3.0)", 60, 200) < 8.0


@_linux
def test_the_shapes_of_inputs_that_are_kept_are_bounded() -> None:
    work = (
        "function._MOST_SHAPES = 20; f = globals().setdefault('f', ag.compile(lambda x: x[0] * 2.0)); f(np.ones(1 + i))"
    )
    assert _growth(work, 40, 120) < 25.0


def test_the_shape_used_least_recently_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(function, "_MOST_SHAPES", 3)
    runs: list[int] = []

    def total(x: list[Any]) -> Any:
        runs.append(len(x))
        return sum(x)

    f = ag.compile(total)
    for count in (*range(1, 9), 1, 8):
        assert f([1.0] * count) == count
    assert runs == [*range(1, 9), 1]
    assert len(f._specialization("value").by_shape()) == 3


def test_an_event_is_told_once_a_line_and_never_where_it_is_ignored() -> None:
    runs: list[int] = []

    def inverse(x: Any) -> Any:
        runs.append(1)
        return 1.0 / x

    f = ag.compile(inverse)
    assert f(2.0) == 0.5
    traced = len(runs)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        with errstate(all="ignore"):
            for _ in range(3):
                assert f(0.0) == std.inf
        assert (len(seen), len(runs)) == (0, traced)
        for state in ({"over": "ignore"}, {}, {"divide": "ignore"}, {}):
            with errstate(**state):
                for _ in range(3):
                    assert f(0.0) == std.inf
        assert len(seen) >= 1
        assert len(runs) == traced + 3  # one for each state, though the line is one
        assert f(-0.0) == -std.inf
        assert len(runs) == traced + 4
    for _ in range(3):
        with pytest.raises(FloatingPointError, match="divide by zero"), errstate(all="raise"):
            f(0.0)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with pytest.raises(RuntimeWarning, match="divide by zero"):
                f(0.0)
