"""Calls: the shortest way to the kernel, results written into the caller's arrays, bound calls, rows in blocks."""

from __future__ import annotations

import gc
import importlib.util
import itertools
import math as std
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import math
from autograd_lite.compiler.batching import rows as rows_module
from autograd_lite.trees import register_pytree_node

has_jax = pytest.mark.skipif(
    not importlib.util.find_spec("jax"), reason="JAX is not installed: it is in the extra `jax`"
)
targets = pytest.mark.parametrize("target", ["python", "llvm", pytest.param("jax", marks=has_jax)])
native = pytest.mark.parametrize("target", ["python", "llvm"])


def product(a: Any, b: Any) -> Any:
    return sum(x * y for x, y in zip(a, b)) if math.sin(a[0]) > -2 else 0.0


def branching(x: Any, y: Any) -> Any:
    if x[0] > y:
        return math.exp(x[0] - y) * x[1]
    while y < 10:
        y = abs(y) * 2 + 1
    return x[1] / y


# ---- one point -------------------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_calls_of_every_kind_one_after_the_other_are_the_functions_own(data: Any) -> None:
    """Whatever kinds of arguments come in whatever order, a call never takes what it finds for what came before."""
    f = ag.compile(branching, argnums=(0, 1))
    number = st.floats(-3, 30).map(lambda x: round(x, 2) + 0.0)
    for _ in range(data.draw(st.integers(2, 8))):
        pair, y = [data.draw(number), data.draw(number)], data.draw(number)
        x: Any = data.draw(
            st.sampled_from(
                [
                    np.array(pair),
                    np.array([*pair, 1.0])[:2],
                    np.array([pair[0], 9.0, pair[1]])[::2],
                    np.array(pair[::-1])[::-1],
                    np.array(pair, dtype=">f8"),
                    np.array(pair, dtype=np.longdouble),
                    pair,
                    tuple(pair),
                    np.array([pair, [1.0, 2.0]], order="F")[0],
                ]
            )
        )
        at: Any = data.draw(st.sampled_from([y, np.float64(y), int(y), np.array(y), np.float32(int(y)), y > 0]))
        wanted, slopes = ag.value_and_grad(branching, (0, 1))(pair, float(at))
        value, (by_x, by_y) = f.value_and_grad(x, at)
        assert value == pytest.approx(wanted, rel=1e-14)
        assert type(value) is float
        assert list(by_x) == pytest.approx(slopes[0], rel=1e-14)
        assert type(by_x) is (np.ndarray if isinstance(x, np.ndarray) else type(x))
        assert by_y == pytest.approx(slopes[1], rel=1e-14)
        assert f(x, at) == value


def test_arguments_of_one_size_and_different_shapes_are_told_apart() -> None:
    f = ag.compile(lambda a: a[0].sum() if a.ndim == 2 else a[0])
    a = np.arange(6.0)
    for _ in range(2):
        assert f(a) == 0.0
        assert f(a.reshape(2, 3)) == 3.0
        assert f(a.reshape(3, 2)) == 1.0
        assert f(a.reshape(1, 6)) == 15.0


def test_too_few_and_too_many_arguments_are_told_of_after_a_call_as_before() -> None:
    f = ag.compile(lambda a, b: a * b)
    for _ in range(2):
        with pytest.raises(TypeError, match="missing 1 required positional argument"):
            f(2.0)
        with pytest.raises(TypeError, match="3 were given"):
            f(2.0, 3.0, 4.0)
        assert f(2.0, 3.0) == 6.0
        with pytest.raises(OverflowError):
            f(2.0, 10**400)
        with pytest.raises(TypeError, match="expected a real number"):
            f(2.0, "3")


def test_calls_keep_nothing_and_lose_nothing() -> None:
    f = ag.compile(product)
    a, b = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    f(a, b)
    counts = [sys.getrefcount(x) for x in (a, b)]
    sizes = []
    for _ in range(3):
        for _ in range(500):
            f.value_and_grad(a, b)
            f(a, [3.0, 4.0])
            f(a, b[::-1])
        sizes.append(sys.getallocatedblocks())
    assert [sys.getrefcount(x) for x in (a, b)] == counts
    assert sizes[2] - sizes[1] < 500
    result = f.grad(a, b)
    del f
    gc.collect()
    assert result.tolist() == [3.0, 4.0]


def test_an_event_is_reported_each_time_and_on_the_short_way_too() -> None:
    f = ag.compile(lambda x: 1.0 / x)
    assert f(2.0) == 0.5
    for _ in range(3):
        with pytest.warns(RuntimeWarning, match="divide by zero"):
            assert f(0.0) == std.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert [f(x) for x in (4.0, -4.0)] == [0.25, -0.25]


def test_what_is_called_in_python_may_raise_on_the_short_way_too() -> None:
    def careful(x: float) -> float:
        if x > 900.0:
            raise KeyError(f"{x} is too much")
        return 1.0 / (x - 800.0)

    row = ag.custom(careful, lambda y, x: -y * y, name="careful")
    f, x = ag.compile(lambda x: row(x[0]) * x[1]), np.array([801.0, 2.0])
    assert f(x) == 2.0
    assert f._specialization("value")._fast_paths
    bound = f.bind(x, of="value_and_grad")
    for _ in range(3):
        x[0] = 804.0
        assert f(x) == 0.5
        assert [float(bound()[0]), *bound()[1]] == [0.5, -0.125, 0.25]
        x[0] = 1000.0
        for call in (lambda: f(x), bound, lambda: f.grad(x)):
            with pytest.raises(KeyError, match="is too much"):
                call()
    dropped = ag.compile(lambda x: math.where(math.greater(x[0], 900.0), 0.0, row(x[0])))
    assert dropped(np.array([804.0])) == 0.25
    with pytest.raises(KeyError, match="is too much"):
        dropped(np.array([1000.0]))


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A shell's job in the background ignores interrupts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are sent by os.kill")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@targets
@pytest.mark.parametrize("over_rows", [True, False])
def test_an_interrupt_in_a_callback_arrives_and_no_result_that_it_touched(
    target: str, over_rows: bool, interruptible: None
) -> None:
    x = np.linspace(-2.999, -2.001, 300)
    f = ag.compile(math.lgamma, in_axes=0 if over_rows else None, target=target)  # whose zeros there are Python's to do

    def call() -> list[float]:
        return f(x).tolist() if over_rows else [f(a) for a in x]

    expected = call()
    caught = 0
    for k in range(12):
        timer = threading.Timer(0.004 * k, lambda: os.kill(os.getpid(), signal.SIGINT))
        try:
            timer.start()
            found = call()
            assert found == expected  # before any interrupt
            timer.join()
            time.sleep(5.0)  # till it arrives, outside
            pytest.fail("the interrupt is lost")
        except KeyboardInterrupt:
            caught += 1
            timer.join()
    assert caught == 12
    assert call() == expected


# ---- out -------------------------------------------------------------------------------------------------------------


@targets
def test_results_are_written_where_they_are_to_be(target: str) -> None:
    f = ag.compile(product, argnums=(0, 1), target=target)
    a, b = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    by_a, by_b = np.empty(3), np.empty(3, dtype=np.float32)
    for _ in range(2):
        by_a[:] = by_b[:] = np.nan
        value, (found_a, found_b) = f.value_and_grad(a, b, out=(None, (by_a, by_b)))
        assert value == 32.0
        assert found_a is by_a
        assert found_b is by_b
        assert (by_a.tolist(), by_b.tolist()) == (b.tolist(), a.tolist())
    into = np.array(0.0)
    assert f(a, b, out=into) is into
    assert into == 32.0
    fresh = f.grad(a, b, out=(None, by_b))
    assert fresh[0].tolist() == b.tolist()
    assert fresh[1] is by_b
    square = np.zeros((3, 3), order="F")
    assert ag.compile(lambda x: product(x, x), target=target).hessian(a, out=square) is square
    assert square.tolist() == (2 * np.eye(3)).tolist()
    named = ag.compile(lambda x: {"double": x * 2, "first": x[0]}, target=target)(
        a, out={"first": None, "double": by_a}
    )
    assert named["double"] is by_a
    assert (by_a.tolist(), named["first"]) == ([2.0, 4.0, 6.0], 1.0)


@native
@pytest.mark.parametrize("kind", ["plain", "fortran", "strided", "float32", "swapped", "over an input", "threads"])
def test_rows_are_written_where_they_are_to_be(target: str, kind: str) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.normal(size=(37, 2)), rng.normal(size=37)
    wanted = [ag.grad(branching, (0, 1))(a, b) for a, b in zip(x, y.tolist())]
    f = ag.compile(branching, in_axes=0, argnums=(0, 1), target=target)
    by_x: Any = {
        "fortran": lambda: np.empty((37, 2), order="F"),
        "strided": lambda: np.empty((74, 5))[::2, 1::3],
        "float32": lambda: np.empty((37, 2), dtype=np.float32),
        "swapped": lambda: np.empty((37, 2), dtype=">f8"),
        "over an input": lambda: x,
    }.get(kind, lambda: np.empty((37, 2)))()
    by_y = y[::-1] if kind == "over an input" else np.empty(37)
    found = f.grad(x, y, out=(by_x, by_y), threads=2 if kind == "threads" else 1)
    assert found[0] is by_x
    assert found[1] is by_y
    tolerance = 1e-6 if kind == "float32" else 1e-13
    assert np.allclose(by_x, [a for a, _ in wanted], rtol=tolerance, atol=0)
    assert np.allclose(by_y, [b for _, b in wanted], rtol=1e-13, atol=0)


def lying(n: int, shape: tuple[int, ...], way: str, numbers: Any) -> Any:
    """An array of `n` rows with those numbers, lying in that way."""
    k = std.prod(shape)
    if way == "unaligned":
        made = np.zeros(n * 8 * k + 4, np.uint8)[4:].view(np.float64).reshape(n, *shape)
    elif way == "rows apart":
        made = np.zeros((2 * n, *shape))[::2]
    elif way == "backwards":
        made = np.zeros((n, *shape))[::-1]
    elif way == "columns apart":
        made = np.zeros((n, *shape[:-1], 2 * shape[-1]))[..., ::2] if shape else np.zeros((n, 3))[:, 1]
    elif way in ("F", "float32", ">f8"):
        made = np.zeros((n, *shape), order="F" if way == "F" else "C", dtype=np.float64 if way == "F" else way)
    elif way == "memmap":
        made = np.zeros((n, *shape)).view(np.memmap)
    elif way == "one row" and numbers is not None:
        return np.broadcast_to(numbers[:1], (n, *shape))
    else:
        made = np.zeros((n, *shape))
    if numbers is not None:
        made[...] = numbers
        made.flags.writeable = way != "read-only"
    return made


WAYS = ["C", "F", "rows apart", "backwards", "columns apart", "unaligned", "float32", ">f8", "memmap"]
READ = [*WAYS, "read-only", "one row"]


@settings(deadline=None, max_examples=40)
@given(st.data())
def test_rows_of_every_kind_one_after_the_other_are_the_functions_own(data: Any) -> None:
    """Whatever arrays come in whatever order, a call never takes what it finds for what came before."""
    f = ag.compile(lambda k, w, x, y: k * (w @ x).sum() + y * y, in_axes=(None, None, 0, 0), argnums=(1, 2))
    for i in range(data.draw(st.integers(2, 8))):
        rng, n = np.random.default_rng(i), data.draw(st.sampled_from([0, 1, 5, 8, 33]))
        k: Any = data.draw(st.sampled_from([2.0, 3, np.float64(1.5), np.array(0.5)]))
        w = lying(2, (3,), data.draw(st.sampled_from(READ)), np.round(rng.normal(size=(2, 3)), 2).astype("f4"))
        pair = np.round(rng.normal(size=(n, 3, 2)), 2).astype("f4"), np.round(rng.normal(size=n), 2).astype("f4")
        x, y = (lying(n, a.shape[1:], data.draw(st.sampled_from(READ if n else WAYS)), a) for a in pair)
        by_x: Any = lying(n, (3, 2), data.draw(st.sampled_from(WAYS)), None)
        out = data.draw(st.sampled_from(["none", "some", "all", "over an input"]))
        if out == "over an input" and x.flags.writeable and x.dtype == np.float64:
            by_x = x
        value, by_w = np.empty(()), np.empty((2, 3))
        given_out = {"none": None, "all": (value, (by_w, by_x))}.get(out, (None, (None, by_x)))
        w8, x8, y8 = (float(k) * w.astype("f8"), x.astype("f8"), y.astype("f8"))
        wanted_value = np.einsum("ab,nbc->", w8, x8) + (y8 * y8).sum()
        wanted = float(k) * x8.sum((0, 2)) * np.ones((2, 1)), w8.sum(0)[:, None] * np.ones((n, 1, 2))
        found = f.value_and_grad(k, w, x, y, out=given_out, threads=data.draw(st.sampled_from([None, 1, 2])))
        assert np.allclose(found[0], wanted_value, rtol=1e-12)
        assert np.allclose(found[1][0], wanted[0], rtol=1e-12)
        assert np.allclose(found[1][1], wanted[1], rtol=1e-6 if by_x.dtype.itemsize < 8 else 1e-12)
        assert out == "none" or found[1][1] is by_x
        assert out != "all" or (found[0] is value and found[1][0] is by_w)


def test_the_short_way_over_rows_is_for_what_can_be_read_where_it_lies() -> None:
    f = ag.compile(lambda w, x: w * x[0] * x[1], in_axes=(None, 0), argnums=1)
    x, out = np.ones((9, 2)), np.empty((9, 2))
    f.grad(2.0, x, out=out)
    short = f._specialization("grad")._rows_fast_path
    assert short is not None
    assert short((2.0, x), out, None) is out
    assert short((2.0, x), None, 2).tolist() == [[2.0, 2.0]] * 9
    assert short((2.0, np.ones((70, 2))[3:60:3]), None, 1).shape == (19, 2)
    assert short((2.0, x[::-1]), out[::-1], 1).base is out
    assert short((2, x), None, 1).tolist() == [[2.0, 2.0]] * 9
    for args, given_out in [
        ((std, x), None),
        ((ag.Value(2.0), x), None),
        ((2.0, x[:0]), None),
        ((2.0, np.ones((9, 3))), None),
        ((2.0, np.ones((9, 1))), None),
        ((2.0, np.ones(9)), None),
        ((2.0, np.ones(())), None),
        ((2.0, np.ones((9, 2, 1))), None),
        ((2.0, np.ones((9, 2), order="F")), None),
        ((2.0, np.ones((9, 2), np.float32)), None),
        ((2.0, np.ones((9, 2), ">f8")), None),
        ((2.0, np.ones((9, 2)).tolist()), None),
        ((2.0, lying(9, (2,), "unaligned", 1.0)), None),
        ((2.0, x.view(np.memmap)), None),
        ((2.0,), None),
        ((2.0, x, x), None),
        ((2.0, x), x),
        ((2.0, x), x[::-1]),
        ((2.0, out[1:]), out[:-1]),
        ((2.0, x), np.empty((8, 2))),
        ((2.0, x), np.empty((9, 2), order="F")),
        ((2.0, x), np.empty((9, 2), np.float32)),
        ((2.0, x), np.empty(18)),
        ((2.0, x), lying(9, (2,), "read-only", 1.0)),
        ((2.0, x), [[0.0, 0.0]] * 9),
    ]:
        assert short(args, given_out, None) is None
    branches = ag.compile(lambda x: x * x if x > 0 else -x, in_axes=0)
    branches(np.ones(3))
    assert branches._specialization("value")._rows_fast_path is None


class Own(list[float]):
    """No list that is known to be one."""


def test_numbers_in_nests_lists_and_by_name_go_the_short_way() -> None:
    def f(a: Any, b: Any, *, c: Any) -> Any:
        return a["w"][0] * b[0] + a["w"][1] * b[1] + a["v"][1, 0] * c[0][0]

    def call(w: Any, v: Any, b: Any, c: Any) -> Any:
        return compiled({"w": w, "v": v}, b, c=c)

    compiled = ag.compile(f)
    square, pair = np.array([[1.0, 2.0], [3.0, 4.0]]), (5.0, 6.0)
    assert call([1.0, 2.0], square, pair, [[7.0], 8.0]) == 5.0 + 12.0 + 21.0
    path = compiled._specialization("value")._fast_paths[0]
    assert path is not None
    for w, v, b, c in [
        ([1, 2], square, pair, [[7.0], True]),
        ([np.float32(1.5), np.int64(2)], square.astype("f4"), pair, [[7.0], 8.0]),
        ([1.0, 2.0], square.T, pair, [[-0.0], 8.0]),
        ([1.0, 2.0], square.astype(int), pair, [[7.0], 8.0]),
        ([1.0, 2.0], square[::-1], pair, [[7.0], 8.0]),
    ]:
        found = path.evaluate(({"v": v, "w": w}, b), {"c": c}, np.empty(path.size))
        assert path.results(found) == f({"w": w, "v": v}, b, c=c) == call(w, v, b, c)
    for w, v, b, c in [
        ((1.0, 2.0), square, pair, [[7.0], 8.0]),
        (Own([1.0, 2.0]), square, pair, [[7.0], 8.0]),
        ([1.0, 2.0, 3.0], square, pair, [[7.0], 8.0]),
        ([1.0, Fraction(1, 2)], square, pair, [[7.0], 8.0]),
        ([1.0, np.array(2.0)], square, pair, [[7.0], 8.0]),
        ([1.0, 2.0], square.tolist(), pair, [[7.0], 8.0]),
        ([1.0, 2.0], square, pair, [7.0, [8.0]]),
    ]:
        args, kwargs = ({"v": v, "w": w}, b), {"c": c}
        assert path.evaluate(args, kwargs, np.empty(path.size)) is None
    for args, kwargs in [(({"v": square}, pair), {"c": [[7.0], 8.0]}), ((pair,), {}), ((1.0, pair), {"c": 1.0})]:
        assert path.evaluate(args, kwargs, np.empty(path.size)) is None
    for wrong in ("1", None, 1j, 10**400, [1.0]):
        with pytest.raises((TypeError, OverflowError, ValueError)):
            compiled({"w": [1.0, wrong], "v": square}, pair, c=[[7.0], 8.0])


def test_a_lone_array_of_any_type_and_layout_goes_the_short_way() -> None:
    f = ag.compile(lambda x: x[0, 1] * x[1, 0] + x[1, 1])
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    assert f(x) == 10.0
    path = f._specialization("value")._fast_paths[0]
    assert path is not None
    for each in (x, x.T, x.astype("f4"), x.astype(int), x[::-1, ::-1].copy("F")):
        found = f.fn(each)
        out = path.evaluate((each,), {}, np.empty(path.size))
        assert (f(each) if out is None else out[0]) == float(found)
    assert path.evaluate((x.astype("f4"),), {}, np.empty(path.size)) is not None
    assert path.evaluate((x.astype(object),), {}, np.empty(path.size)) is None
    assert path.evaluate((x[0],), {}, np.empty(path.size)) is None


def test_results_over_rows_are_freed_when_they_are_dropped() -> None:
    """Without the garbage collector: arrays of rows are large, and memory that is new each time is slow."""
    f = ag.compile(branching, in_axes=0, argnums=(0, 1))
    smooth = ag.compile(product, in_axes=0, argnums=(0, 1))
    x, y = np.ones((9, 2)), np.ones(9)
    gc.collect()
    gc.disable()
    try:
        for call in (
            lambda: f.grad(x, y),
            lambda: smooth.grad(x, x),
            lambda: smooth(x, x, threads=2),
            lambda: smooth.value_and_grad(x, x)[1],
        ):
            for _ in range(3):  # the general way, and then the short one
                found = call()
                arrays = [weakref.ref(a) for a in (found if isinstance(found, tuple) else [found])]
                del found
                assert [a() is None for a in arrays] == [True] * len(arrays)
    finally:
        gc.enable()


@native
def test_sums_are_written_where_they_are_to_be(target: str) -> None:
    f = ag.compile(lambda w, x: (w @ x) ** 2, in_axes=(None, 0), target=target)
    w, x = np.array([1.0, -1.0]), np.arange(10.0).reshape(5, 2) ** 2
    gradient, value = np.empty(2), np.empty(())
    found = f.value_and_grad(w, x, out=(value, gradient))
    assert found[0] is value
    assert found[1] is gradient
    assert value == sum((x @ w) ** 2)
    assert gradient.tolist() == (2 * (x @ w) @ x).tolist()


@dataclass(frozen=True)
class Batch:
    x: Any
    y: Any
    scale: float = field(default=2.0, metadata={"static": True})


@native
def test_dataclasses_have_rows_and_are_results(target: str) -> None:
    def loss(w: Any, batch: Any) -> Any:
        return batch.scale * (w["a"] * batch.x.sum() - batch.y) ** 2

    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(7, 3)), rng.normal(size=7)
    f = ag.compile(loss, in_axes=(None, 0), argnums=(0, 1), target=target)
    error = 1.5 * x.sum(1) - y
    batch = Batch(x, y)
    for _ in range(2):
        by_w, by_batch = f.grad({"a": 1.5}, batch)
        np.testing.assert_allclose(by_w["a"], (4 * error * x.sum(1)).sum(), rtol=1e-13)
        np.testing.assert_allclose(by_batch.x, np.outer(6 * error, np.ones(3)), rtol=1e-13)
        np.testing.assert_allclose(by_batch.y, -4 * error, rtol=1e-13)
        assert (type(by_batch), by_batch.scale) == (Batch, 2.0)
    out = Batch(np.empty((7, 3)), None)
    found = f.grad({"a": 1.5}, batch, out=(None, out))[1]
    assert found.x is out.x
    assert found.y.tolist() == by_batch.y.tolist()
    assert out.x.tolist() == by_batch.x.tolist()
    with pytest.raises(TypeError, match=r"out\[1\] is to be a Batch with the keys \['x', 'y'\]"):
        f.grad({"a": 1.5}, batch, out=(None, {"x": None, "y": None}))
    alone = ag.compile(lambda b: Batch(b.y, b.x[0] * b.y), target=target)
    given = Batch(np.empty(()), np.empty(()))
    assert alone(Batch(x[0], y[0]), out=given).y is given.y
    assert given.x == y[0]
    assert given.y == x[0][0] * y[0]
    assert alone.jacobian(Batch([3.0], 4.0)) == Batch(Batch([0.0], 1.0), Batch([4.0], 3.0))
    once = ag.compile(_of_batch, target=target)
    once.grad(Batch(1.0, 1.0))
    restored = pickle.loads(pickle.dumps(once))
    assert restored.grad(Batch(3.0, 4.0)) == Batch(8.0, 6.0)
    with pytest.raises(TypeError, match="bind takes numbers and arrays"):
        restored.bind(Batch(3.0, 4.0))


def _of_batch(b: Any) -> Any:
    return b.x * b.y * b.scale


class Pair(NamedTuple):
    x: Any
    y: Any


class Line:
    def __init__(self, x: Any, y: Any) -> None:
        self.x, self.y = x, y


register_pytree_node(Line, lambda line: ((line.x, line.y), None), lambda aux, children: Line(*children))


@pytest.mark.parametrize("target", ["python", "llvm", pytest.param("jax", marks=has_jax)])
@pytest.mark.parametrize("kind", [Batch, Pair, Line])
def test_axes_in_a_nesting_like_the_argument(kind: type, target: str) -> None:
    x, t = np.array([1.0, 2.0, 3.0]), np.array([0.5, -1.0, 4.0])
    f = ag.compile(lambda p, t: (p.x * t + p.y) ** 2, in_axes=(kind(0, None), 0), target=target)
    error = x * t + 2.0
    assert f(kind(x, 2.0), t).tolist() == (error**2).tolist()
    for _ in range(2):
        value, by = f.value_and_grad(kind(x, 2.0), t)
        assert (type(by), value, by.x.tolist(), by.y) == (
            kind,
            (error**2).sum(),
            (2 * error * t).tolist(),
            (2 * error).sum(),
        )
    rows = f.hessian(kind(x, 2.0), t)
    assert (rows.x.y.tolist(), rows.y.y.tolist()) == ((2 * t).tolist(), [2.0, 2.0, 2.0])
    primals, tangents = (kind(x, 2.0), t), (kind(np.ones(3), 1.0), np.zeros(3))
    assert f.hvp(primals, tangents)[0].y.tolist() == (2 * t + 2).tolist()
    one = ag.compile(lambda p: p.x * p.y, in_axes=kind(None, 0), target=target)
    by = one.grad(kind(2.0, t))
    assert (by.x, by.y.tolist()) == (t.sum(), [2.0, 2.0, 2.0])
    both = ag.compile(lambda d: d["p"].x * d["w"][0] + d["w"][1], in_axes=({"p": kind(0, None), "w": [None, 0]},))
    by = both.grad({"p": kind(x, 0.0), "w": [5.0, t]})
    assert (by["w"][0], by["w"][1].tolist(), by["p"].x.tolist(), by["p"].y) == (6.0, [1.0] * 3, [5.0] * 3, 0.0)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        ((Pair(0, 0.5), 0), r"in_axes has 0.5 for argument 0\[1\], 1.0: write the axis of rows"),
        (({"x": 0}, 0), r"in_axes has \{'x': 0\} for argument 0, Pair\(x=array.*a nesting like it"),
        ((0, [0, None]), r"in_axes has \[0, None\] for argument 1, array"),
        (Pair(0, None), "in_axes has an entry for each of 1 arguments, and 2 were given"),
    ],
)
def test_axes_unlike_the_argument(axes: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        ag.compile(lambda p, t: p.x * t, in_axes=axes)(Pair(np.ones(3), 1.0), np.ones(3))


@native
def test_what_cannot_be_written_to_is_refused(target: str) -> None:
    f = ag.compile(lambda x: (x.sum(), [x, {"a": x[0]}]), target=target)
    x = np.arange(3.0)
    locked = np.zeros(3)
    locked.flags.writeable = False
    for out, words in [
        (np.zeros(3), r"out is to be a tuple or list of 2"),
        ((None, [np.zeros(3)]), r"out\[1\] is to be a tuple or list of 2"),
        ((None, [np.zeros(3), np.zeros(3)]), r"out\[1\]\[1\] is to be a dict with the keys \['a'\]"),
        ((None, [np.zeros(3), {"b": None}]), r"out\[1\]\[1\] is to be a dict with the keys \['a'\]"),
        ((1.0, None), r"out\[0\] is to be an array of shape \(\), not float"),
        ((None, [np.zeros(2), None]), r"out\[1\]\[0\] has shape \(2,\), the result there \(3,\)"),
        ((None, [locked, None]), r"out\[1\]\[0\] is read-only"),
        ((None, [np.zeros(3, dtype=int), None]), r"out\[1\]\[0\] is an array of int64, which cannot hold floats"),
    ]:
        for _ in range(2):
            with pytest.raises((TypeError, ValueError), match=words):
                f(x, out=out)
    g = ag.compile(lambda x: x * 2, in_axes=0, target=target)
    with pytest.raises(ValueError, match=r"out has shape \(2,\), the result there \(3,\)"):
        g(x, out=np.zeros(2))
    with pytest.raises(ValueError, match="leave out= away"):
        ag.compile(lambda x: x * 2, target=target).jacobian(x, sparse=True, out=np.zeros((3, 3)))


# ---- bound calls -----------------------------------------------------------------------------------------------------


@targets
def test_a_bound_call_reads_and_writes_its_arrays(target: str) -> None:
    f = ag.compile(branching, argnums=(0, 1), target=target)
    x, by_x = np.array([5.0, 2.0]), np.empty(2)
    call = f.bind(x, 1.5, of="value_and_grad", out=(None, (by_x, None)))
    for pair in [(5.0, 2.0), (6.0, -1.0), (1.0, 3.0), (0.5, 1.0), (7.0, 7.0)]:  # the third takes the other branch
        x[:] = pair
        value, slopes = call()
        assert slopes[0] is by_x
        wanted = ag.value_and_grad(branching, (0, 1))(list(pair), 1.5)
        assert value == pytest.approx(wanted[0], rel=1e-14)
        assert by_x.tolist() == pytest.approx(wanted[1][0], rel=1e-14)
        assert slopes[1] == pytest.approx(wanted[1][1], rel=1e-14)
        assert call()[0] is value


def test_a_bound_call_reports_events_and_outlives_what_it_was_made_of() -> None:
    x = np.array([1.0])
    call = ag.compile(lambda x: math.log(x[0])).bind(x)
    gc.collect()
    assert call() == 0.0
    x[0] = 0.0
    with pytest.warns(RuntimeWarning, match="log"):
        assert call() == -std.inf
    x[0] = std.e
    assert call() == 1.0
    two = ag.compile(lambda x, y: x[0] * y[1]).bind(x, np.array([1.0, 3.0]))
    gc.collect()
    assert two() == 3.0 * std.e


def test_what_cannot_be_bound_is_refused() -> None:
    f, x = ag.compile(lambda x: x * 2), np.arange(4.0)
    for wrong in (x[::2], x.astype("f4"), x.astype(">f8"), x.astype(int), [1.0, 2.0]):
        with pytest.raises(TypeError, match="argument 0"):
            f.bind(wrong)
    with pytest.raises(ValueError, match="bind knows no 'slope'"):
        f.bind(x, of="slope")
    with pytest.raises(TypeError, match="contiguous array of float64 to be bound"):
        f.bind(x, out=np.zeros(8)[::2])
    with pytest.raises(ValueError, match="has rows"):
        ag.compile(lambda x: x * 2, in_axes=0).bind(x)


# ---- rows in blocks --------------------------------------------------------------------------------------------------


@native
@pytest.mark.parametrize("dtype", ["f8", "f4", "i2", ">f8"])
def test_rows_in_blocks_are_the_rows_at_once(target: str, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "_BLOCK", 7)
    rng = np.random.default_rng(2)
    x, y = (rng.normal(size=(40, 2)) * 4).astype(dtype), rng.normal(size=40)
    f = ag.compile(branching, in_axes=0, argnums=(0, 1), target=target)
    points = [(a.astype(float).tolist(), b) for a, b in zip(x, y.tolist())]
    assert f(x, y).tolist() == pytest.approx([branching(a, b) for a, b in points], rel=1e-13)
    shared = ag.compile(branching, in_axes=(0, None), argnums=(0, 1), target=target)
    value, (by_x, by_y) = shared.value_and_grad(x, 0.5)
    wanted = [ag.value_and_grad(branching, (0, 1))(a, 0.5) for a, _ in points]
    assert value == pytest.approx(std.fsum(v for v, _ in wanted), rel=1e-13)
    assert np.allclose(by_x, [a for _, (a, _) in wanted], rtol=1e-13, atol=0)
    assert by_y == pytest.approx(std.fsum(b for _, (_, b) in wanted), rel=1e-12)


def test_a_sum_over_blocks_loses_nothing_where_terms_cancel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "_BLOCK", 3)
    x = np.array([1e16, 1.0, -1e16, 1.0, 1e16, 1.0, -1e16, 1.0, 1.0, 1.0])
    f = ag.compile(lambda w, x: w if x < -1e300 else w * x, in_axes=(None, 0))
    assert f.grad(1.0, x) == 6.0
    assert f.grad(1.0, np.array([std.inf, 1.0, 2.0, 3.0, 4.0])) == std.inf
    assert std.isnan(f.grad(1.0, np.array([std.inf, 1.0, 2.0, 3.0, -1e308, std.nan])))


def test_a_file_of_rows_takes_no_memory_of_its_size(tmp_path: Any) -> None:
    count = 3_000_000
    file = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=(count, 4))
    for begin in range(0, count, 500_000):
        file[begin : begin + 500_000] = np.arange(4.0) + begin
    del file
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    out = np.lib.format.open_memmap(tmp_path / "y.npy", mode="w+", dtype=np.float32, shape=(count,))
    f = ag.compile(lambda w, x: (w @ x) if x[0] < 1e6 else w[0] * x[0], in_axes=(None, 0))
    w = np.array([1.0, 0.5, 0.0, 2.0])
    f(w, x[:10]), f.grad(w, x[:10]), f(w, x[-10:]), f.grad(w, x[-10:])
    tracemalloc.start()
    try:
        gradient = f.grad(w, x)
        assert f(w, x, out=out) is out
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 32e6 < 8 * count * 4  # doubles of it all would be 96 MB
    assert out[:2].tolist() == [6.5, 6.5]
    assert out[-1] == count - 500_000
    begins = np.repeat(np.arange(0, count, 500_000), 500_000)
    columns = [begins + k for k in range(4)]
    wanted = [columns[0].sum(), *(np.where(begins < 1e6, column, 0).sum() for column in columns[1:])]
    assert gradient.tolist() == wanted


def test_a_row_that_vectors_would_decide_otherwise_is_its_own_point() -> None:
    """Where a guard hangs on the last bit of a function, the vectors' may come out otherwise than Python's."""
    sine, at = ag.compile(math.sin, in_axes=0), 1.0
    while True:  # a number whose sine the vectors round up where Python does not
        xs = at + np.arange(4000) * 1e-3
        found = sine(xs)
        above = found > [std.sin(x) for x in xs]
        if above.any():
            break
        at += 4.0
    odd, bound = float(xs[above][0]), float(found[above][0])
    traces = itertools.count()

    def f(x: Any) -> Any:
        next(traces)
        return x * 2 if math.sin(x) >= bound else x * 3

    rows = np.array([0.1, odd, 0.2, odd])  # the first row's trace is not right for `odd` in vectors, and no other is
    assert ag.compile(f, in_axes=0)(rows).tolist() == (rows * 3).tolist()
    assert ag.compile(f, in_axes=(0,)).grad(rows).tolist() == [3.0] * 4
    assert next(traces) == 2


# ---- long work -------------------------------------------------------------------------------------------------------


def test_progress_counts_the_rows(capsys: pytest.CaptureFixture[str]) -> None:
    x = np.linspace(0.0, 1.0, 50_000)
    wanted = ag.compile(math.sin, in_axes=0)(x)
    assert (ag.compile(math.sin, in_axes=0)(x, progress=True) == wanted).all()
    shown = capsys.readouterr().err
    assert "50.0k/50.0k" in shown
    assert "sin" in shown


@pytest.mark.skipif(os.name != "posix", reason="sends a signal")
@pytest.mark.parametrize("threads", [1, 2])
def test_long_work_can_be_interrupted_and_leaves_nothing_running(threads: int) -> None:
    text = f"""
import os, signal, threading, time
import numpy as np
import autograd_lite as ag
from autograd_lite import math

def slow(x):
    for _ in range(300):
        x = math.sin(x) + math.exp(-x * x)
    return x

f = ag.compile(slow, in_axes=0)
x = np.linspace(0.0, 1.0, 4_000_000)
f(x[:100], threads={threads})
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started without
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.process_time()
try:
    f(x, threads={threads})
    print("not interrupted")
except KeyboardInterrupt:
    used = time.process_time()
    time.sleep(0.3)
    print("interrupted", time.process_time() - used < 0.1)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=300)
    assert (done.stdout.strip(), done.stderr) == ("interrupted True", "")


# ---- exactly ---------------------------------------------------------------------------------------------------------


def test_precise_rows_are_what_one_evaluation_gives() -> None:
    xs = np.random.default_rng(3).uniform(-20.0, 20.0, 3000)
    wanted = [std.sin(x) * std.exp(-x) for x in xs]
    precise = ag.compile(lambda x: math.sin(x) * math.exp(-x), in_axes=0, precise=True)
    assert precise(xs).tolist() == wanted
    quick = ag.compile(lambda x: math.sin(x) * math.exp(-x), in_axes=0)(xs)
    assert np.allclose(quick, wanted, rtol=2e-15, atol=0)


@has_jax
def test_jax_has_no_precise_rows() -> None:
    with pytest.raises(ValueError, match="precise=True is for"):
        ag.compile(math.sin, target="jax", precise=True)(1.0)
