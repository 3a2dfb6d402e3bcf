"""Native code beside eager code: every row, random programs, every layout of rows, and what a translation may meet."""

from __future__ import annotations

import array
import contextlib
import copy
import ctypes
import gc
import itertools
import math
import os
import pickle
import random
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rows import CASES, SPECIAL, expected, far, points_of

from autograd_lite import primitives
from autograd_lite.compiler import Builder, Program, reverse
from autograd_lite.derivatives import custom
from autograd_lite.numerics import special
from autograd_lite.primitives import Primitive

pytest.importorskip("llvmlite", reason="llvmlite is not installed: pip install 'autograd_lite[compile]'")
from autograd_lite.compiler.targets import llvm
from autograd_lite.compiler.targets.llvm import intrinsics

FLOATS = st.floats(width=64) | st.sampled_from(SPECIAL) | st.floats(-10.0, 10.0)


def program_of(row: Primitive, arity: int) -> Program:
    builder = Builder()
    args = [builder.input() for _ in range(arity)]
    y = row(*args)
    return builder.program([y, *(row.derivative(i)(y, *args) for i in range(arity))])


def run_rows(program: Program, points: Any, **options: Any) -> list[list[float]]:
    """The program at each point, by the kernel over rows."""
    kernel = llvm.rows(program, [True] * len(program.inputs), [False] * len(program.outputs), **options)
    given, found = np.array(points).reshape(len(points), -1), np.full((len(points), len(program.outputs)), 7.0)
    assert kernel(columns(given), columns(found), len(points)) == [0.0] * len(program.outputs)
    return found.tolist()  # type: ignore[no-any-return]


def columns(table: Any) -> list[Any]:
    return [table] if table.ndim == 1 else list(table.T)


def same(a: float, b: float) -> bool:
    """Bit by bit, but for which nan it is."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def ulps(a: float, b: float) -> float:
    return 0.0 if same(a, b) else abs(a - b) / math.ulp(b)


def allowed(row: Primitive, found: Sequence[float], wanted: Sequence[float], bound: float) -> list[Any]:
    """Which of a row's numbers are wrong: not the same as eager code's, and further from it than `bound` ulp."""
    return [(a, b) for a, b in zip(found, wanted, strict=True) if not same(a, b) and not ulps(a, b) <= bound]


# CPython has a hypot of its own, C another; both are right within an ulp an argument, and their slopes divide by them.
HYPOT = 2.0


@pytest.mark.parametrize(("row", "arity"), CASES, ids=lambda x: str(x))
def test_a_row_is_the_same_number_for_number(row: Primitive, arity: int) -> None:
    program, points = program_of(row, arity), points_of(row, arity)
    kernel = llvm.scalar(program)
    bound = HYPOT if row in (primitives.hypot, primitives.atan, primitives.atan2, primitives.asinh) else 0.0
    wrong = [(p, w) for p in points if (w := allowed(row, kernel(*p), expected(row, p), bound))]
    assert not wrong
    found = run_rows(program, points, precise=True)
    wrong = [(p, w) for p, y in zip(points, found) if (w := allowed(row, y, expected(row, p), bound))]
    assert not wrong


@pytest.mark.parametrize(("row", "arity"), CASES, ids=lambda x: str(x))
def test_a_row_in_vectors_has_the_same_specials_and_is_near(row: Primitive, arity: int) -> None:
    points = points_of(row, arity)
    found = run_rows(program_of(row, arity), points)
    wrong = [
        f"{row}{p}: {a} is not {b}"
        for p, y in zip(points, found, strict=True)
        for a, b in zip(y, expected(row, p), strict=True)
        if far(a, b)
    ]
    assert not wrong, "\n".join(wrong[:20])


@pytest.mark.parametrize("name", sorted({*intrinsics._ONE, "atan2", "pow", "hypot"}))
def test_a_vector_function_is_within_the_documented_ulps(name: str) -> None:
    row = primitives.table[name]
    arity = len(row.derivatives) or 2
    rng = random.Random(name)
    points = [tuple(rng.choice([-1.0, 1.0]) * 10.0 ** rng.uniform(-8, 2.5) for _ in range(arity)) for _ in range(5000)]
    points += [tuple(rng.uniform(-3.0, 3.0) for _ in range(arity)) for _ in range(5000)]
    builder = Builder()
    args = [builder.input() for _ in range(arity)]
    found = run_rows(builder.program([row(*args)]), points)
    worst = max(ulps(y, row(*p)) for (y,), p in zip(found, points) if math.isfinite(row(*p)))
    assert worst <= intrinsics.ULPS


# ---- programs --------------------------------------------------------------------------------------------------------

ROWS = [
    row
    for row in primitives.table.values()
    if row not in (primitives.constant, primitives.polygamma, primitives.sinc_derivative, primitives.nextafter)
]
EXACT = [row for row in ROWS if row is not primitives.hypot]


@st.composite
def programs(draw: Any, rows: Sequence[Primitive] = EXACT, most: int = 12) -> Program:
    """A random program: rows applied to inputs, constants and earlier values."""
    builder = Builder()
    values: list[Any] = [builder.input() for _ in range(draw(st.integers(1, 4)))]
    for _ in range(draw(st.integers(1, most))):
        row = draw(st.sampled_from(rows))
        arity = draw(st.sampled_from([1, 2, 3])) if row.all_slopes else len(row.derivatives)
        if row is primitives.sumprod:
            arity = 2
        args = [draw(st.sampled_from(values) | FLOATS) for _ in range(arity)]
        if not any(hasattr(arg, "builder") for arg in args):
            args[0] = values[0]
        values.append(row(*args))
    outputs = draw(st.lists(st.sampled_from(values) | FLOATS, min_size=1, max_size=4))
    return builder.program(outputs)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_random_programs_are_the_same_number_for_number(data: Any) -> None:
    program = data.draw(programs())
    points = data.draw(st.lists(st.tuples(*[FLOATS] * len(program.inputs)), min_size=1, max_size=20))
    wanted = [program(*point) for point in points]
    kernel = llvm.scalar(program)
    found = [kernel(*point) for point in points]
    assert all(same(a, b) for y, w in zip(found, wanted) for a, b in zip(y, w, strict=True)), (found, wanted)
    found = run_rows(program, points, precise=True)
    assert all(same(a, b) for y, w in zip(found, wanted) for a, b in zip(y, w, strict=True)), (found, wanted)


SMOOTH = [
    primitives.table[name]
    for name in (
        *("add", "sub", "mul", "div", "neg", "fma", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh"),
        *("sigmoid", "softplus", "abs", "relu", "maximum", "minimum", "where", "less", "floor", "pow"),
    )
]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_gradients_of_random_programs_are_the_same_number_for_number(data: Any) -> None:
    forward = data.draw(programs(SMOOTH, most=8))
    program = reverse(forward)
    points = data.draw(st.lists(st.tuples(*[FLOATS] * len(program.inputs)), min_size=1, max_size=12))
    wanted = [program(*point) for point in points]
    kernel = llvm.scalar(program)
    for found in ([kernel(*point) for point in points], run_rows(program, points, precise=True)):
        assert all(same(a, b) for y, w in zip(found, wanted) for a, b in zip(y, w, strict=True)), (found, wanted)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_a_program_in_pieces_is_the_same(data: Any) -> None:
    program = data.draw(programs(EXACT, most=25))
    points = data.draw(st.lists(st.tuples(*[FLOATS] * len(program.inputs)), min_size=1, max_size=9))
    before = llvm.kernel._PIECE
    llvm.kernel._PIECE = data.draw(st.integers(1, 20))
    try:
        kernel, found = llvm.scalar(program), run_rows(program, points, precise=True)
    finally:
        llvm.kernel._PIECE = before
    for point, row in zip(points, found):
        wanted = program(*point)
        assert all(same(a, b) for a, b in zip(kernel(*point), wanted, strict=True))
        assert all(same(a, b) for a, b in zip(row, wanted, strict=True))


def test_a_long_program_compiles_in_pieces_and_is_right() -> None:
    builder = Builder()
    x, y = builder.input(), builder.input()
    early = x * y
    total: Any = x
    for k in range(4000):
        total = primitives.where(total < early, total * 0.5 + float(k), total - y)
    program = builder.program([total, early])
    kernel = llvm.scalar(program)
    assert kernel.assembly.count("define internal void @kernel.whole.") > 4
    assert kernel(3.0, 1000.0) == list(program(3.0, 1000.0))
    assert run_rows(program, [(3.0, 1000.0), (-1.0, 2.0)]) == [list(program(3.0, 1000.0)), list(program(-1.0, 2.0))]


@pytest.mark.parametrize("n", [10001.0, -10001.0, 3.0])
def test_a_number_in_place_of_an_operand(n: float) -> None:
    builder = Builder()
    x = builder.input()
    program = builder.program([primitives.ldexp(x, n)])
    assert [llvm.scalar(program)(y) for y in (0.0, 1.5, -2.0)] == [list(program(y)) for y in (0.0, 1.5, -2.0)]


def test_what_needs_no_instruction() -> None:
    builder = Builder()
    x = builder.input()
    program = builder.program([x, 1.5, -0.0, x])
    assert llvm.scalar(program)(3.0) == [3.0, 1.5, -0.0, 3.0]
    assert run_rows(program, [(3.0,), (4.0,)]) == [[3.0, 1.5, -0.0, 3.0], [4.0, 1.5, -0.0, 4.0]]
    assert llvm.scalar(Builder().program([]))() == []


# ---- rows ------------------------------------------------------------------------------------------------------------


@st.composite
def layouts(draw: Any, n: int, k: int) -> np.ndarray[Any, Any]:
    """An (n, k) array of doubles, lying anyhow."""
    way = draw(st.sampled_from(["C", "F", "rows apart", "backwards", "columns apart", "unaligned", "one row"]))
    if way == "one row" and n:
        return np.broadcast_to(np.arange(1.0, k + 1.0), (n, k))
    if way == "unaligned":
        return np.zeros(n * (8 * k + 3) + 1, np.uint8)[1:].view([("x", "<f8", (k,)), ("pad", "u1", 3)])["x"][:n]
    made = {
        "C": lambda: np.zeros((n, k)),
        "F": lambda: np.zeros((n, k), order="F"),
        "rows apart": lambda: np.zeros((n, k + 3))[:, 1 : k + 1],
        "backwards": lambda: np.zeros((n, k))[::-1, ::-1],
        "columns apart": lambda: np.zeros((n, 2 * k))[:, ::2],
        "one row": lambda: np.zeros((n, k)),
    }
    return made[way]()  # type: ignore[no-any-return]


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_rows_in_any_layout(data: Any) -> None:
    n, k = data.draw(st.integers(0, 90) | st.sampled_from([500, 1003])), data.draw(st.integers(1, 9))
    builder = Builder()
    xs = [builder.input() for _ in range(k)]
    shared = builder.input()
    kernel = llvm.rows(
        builder.program([*[x * shared + float(i) for i, x in enumerate(xs)], sum(xs, 0.0)]),
        [True] * k + [False],
        [False] * (k + 1),
    )
    x = data.draw(layouts(n, k))
    if x.flags.writeable:
        x[...] = np.random.default_rng(n).normal(size=(n, k))
    out = data.draw(layouts(n, k).filter(lambda a: a.flags.writeable))
    total = np.zeros(n)
    inputs = [*columns(x), 3.0]
    written = [out] if data.draw(st.booleans()) else columns(out)
    if data.draw(st.booleans()):
        inputs = [x, 3.0]  # as a table
    with chunks_of(data.draw(st.sampled_from([1, 1000, llvm.kernel._CHUNK]))):
        kernel(inputs, [*written, total], n, threads=data.draw(st.integers(1, 3)))
    assert (out == x * 3.0 + np.arange(float(k))).all()
    running = np.zeros(n)
    for i in range(k):
        running = running + x[:, i]
    assert (total == running).all()


def test_rows_write_nothing_but_their_columns() -> None:
    builder = Builder()
    x, y = builder.input(), builder.input()
    kernel = llvm.rows(builder.program([x + y, x - y, x * y]), [True, True], [False] * 3)
    for n in range(40):
        given, room = np.ones((n, 2)), np.full((n + 20, 5), 9.0)
        kernel(columns(given), columns(room[10 : 10 + n, 1:4]), n, threads=1)
        inside = room[10 : 10 + n, 1:4]
        assert (inside == [2.0, 0.0, 1.0]).all()
        assert (room == 9.0).sum() == room.size - inside.size


@contextlib.contextmanager
def chunks_of(instructions: int) -> Iterator[None]:
    """Let threads take as little as that at a time."""
    before, llvm.kernel._CHUNK = llvm.kernel._CHUNK, instructions
    try:
        yield
    finally:
        llvm.kernel._CHUNK = before


@pytest.mark.parametrize("n", [0, 1, 7, 8, 9, 1000, 12345])
@pytest.mark.parametrize("instructions", [1, 10_000, 1_000_000])
def test_sums_over_the_rows_are_the_same_for_any_number_of_threads(n: int, instructions: int) -> None:
    builder = Builder()
    a, x = builder.input(), builder.input()
    program = builder.program([a * x, x, primitives.sin(x), 1.0])
    kernel = llvm.rows(program, [False, True], [True, False, True, True])
    x = np.random.default_rng(n).lognormal(0.0, 3.0, n)
    found = []
    with chunks_of(instructions):
        for threads in (1, 2, 3, 7, 1, 2):
            out = np.empty(n)
            found.append(kernel([2.0, x], [None, out, None, None], n, threads=threads))
            assert (out == x).all()
    assert found == [found[0]] * len(found)
    sums = found[0]
    assert sums[3] == n
    assert sums[0] == pytest.approx(math.fsum(2.0 * x), rel=4e-16)
    size = math.fsum(abs(np.sin(x)))
    assert abs(sums[2] - math.fsum(map(math.sin, x))) <= 1e-15 * size


def test_rows_in_several_rounds_are_the_rows_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder()
    x = builder.input()
    kernel = llvm.rows(builder.program([x * x, x * x]), [True], [True, False])
    x, out = np.random.default_rng(2).normal(size=5003), np.empty(5003)
    monkeypatch.setattr(llvm.kernel, "_SLICE", 1)  # a batch a chunk,
    monkeypatch.setattr(llvm.kernel, "_CHUNKS", 3)  # and six a round
    for threads in (1, 2, 3):
        out[:] = 0.0
        total, _ = kernel([x], [None, out], len(x), threads=threads)
        assert (out == x * x).all()
        assert total == pytest.approx(math.fsum(x * x), rel=4e-16)


def test_many_sums_over_many_rows_take_little_memory() -> None:
    builder = Builder()
    x = builder.input()
    sums, n = 1500, 300_000
    kernel = llvm.rows(builder.program([x + float(i) for i in range(sums)]), [True], [True] * sums)
    x = np.arange(float(n))
    kernel([x[:9]], [None] * sums, 9)
    tracemalloc.start()
    found = kernel([x], [None] * sums, n, threads=2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == [n * (n - 1) / 2 + i * n for i in range(sums)]
    assert peak < 12e6  # an array of rows by sums would be 3.6e9


def test_a_sum_over_many_rows_loses_nothing_where_terms_cancel() -> None:
    builder = Builder()
    x = builder.input()
    kernel = llvm.rows(builder.program([x]), [True], [True])
    n = 200_000
    x = np.concatenate([np.full(n, 1e16), np.ones(n), np.full(n, -1e16)])
    (found,) = kernel([x], [None], 3 * n, threads=1)
    assert abs(found - n) <= 2 * kernel.batch  # ones in a batch with large numbers; added in turn all would be lost


@pytest.mark.parametrize(
    ("xs", "total"), [([math.inf, 1.0], math.inf), ([1e308] * 20, math.inf), ([math.inf, -math.inf], math.nan)]
)
def test_sums_that_are_not_finite(xs: list[float], total: float) -> None:
    builder = Builder()
    x = builder.input()
    kernel = llvm.rows(builder.program([x]), [True], [True])
    for threads, times in ((1, 1), (1, 50), (2, 50)):
        with chunks_of(1):
            assert same(kernel([np.array(xs * times)], [None], len(xs) * times, threads=threads)[0], total)


def test_wrong_numbers_of_arguments_are_refused() -> None:
    builder = Builder()
    x, y = builder.input(), builder.input()
    program = builder.program([x + y])
    with pytest.raises(TypeError, match="2 inputs"):
        llvm.scalar(program)(1.0)
    with pytest.raises(ValueError, match="varying has an entry for each input"):
        llvm.rows(program, [True], [False])
    with pytest.raises(TypeError, match="2 inputs, not 1"):
        llvm.rows(program, [True, True], [False])([np.zeros(3)], [np.zeros(3)], 3)
    with pytest.raises(TypeError, match="1 outputs, not 0"):
        llvm.rows(program, [True, True], [False])([np.zeros((3, 2))], [], 3)
    kernel, x = llvm.rows(program, [True, True], [False]), np.zeros(3)
    for wrong in (
        np.zeros(4),
        np.zeros((4, 1)),
        np.zeros((3, 1, 1)),
        np.zeros(3, "f4"),
        np.zeros(3, ">f8"),
        [0.0] * 3,
        0.0,
    ):
        with pytest.raises(TypeError, match="a column"):
            kernel([x, wrong], [np.zeros(3)], 3)
    with pytest.raises(TypeError, match="read-only"):
        kernel([x, x], [np.broadcast_to(1.0, 3)], 3)


# ---- translation -----------------------------------------------------------------------------------------------------


def _collatz(x: float) -> float:
    steps = 0.0
    while x > 1.0:
        x = x / 2.0 if x % 2.0 == 0.0 else 3.0 * x + 1.0
        steps += 1.0
        if steps > 50.0:
            break
    return steps


def _odds(x: float) -> float:
    total = 0.0
    for k in range(int(x) % 20):
        if k % 2 == 0:
            continue
        total += k * x
        if total > 100.0:
            return -total
    return total


def _caught(x: float) -> float:
    y = 1.0
    try:
        y = 2.0
        y = math.sqrt(x) + 1.0 / (x - 4.0)
    except ZeroDivisionError:
        return y + 100.0
    except ValueError:
        return -1.0
    return y


def _caught_alike(x: float) -> float:
    try:
        y = math.exp(x) / (x - 4.0)
    except (ZeroDivisionError, OverflowError):
        y = 7.0
    return y + 1.0


def _nested(x: float) -> float:
    found = 0.0
    if x > 0.0:
        if x > 1.0:
            found = math.log(x)
        elif not x > 0.5 or x == 0.75:
            return 5.0
        found += 1.0
    elif -2.0 < x <= -1.0:
        found = math.exp(x)
    else:
        a, b = (x, 2.0) if x < -3.0 else (1.0, x)
        found = a - b
    return found


def _recursive(x: float) -> float:
    return x if not 1.0 < abs(x) < 1e300 else 1.0 + _recursive(x / 64.0)


def _of_lists(x: float) -> float:
    powers = [x**0.0 if False else math.pow(x, k) for k in range(4)]
    first, *_ = powers if True else [0.0]
    return (
        sum(powers[1:3]) + max(*powers) + min(powers[0], x) + first + math.prod([x - k for k in (1, 2)]) + len(powers)
    )


def _dynamic_product(x: float) -> float:
    return math.prod([x - k for k in range(1, int(abs(x)) % 7)])


def _picked(x: float) -> float:
    return (1.0, x, x * x)[int(x) % 3]


def _raises(x: float) -> float:
    if x > 3.0:
        raise ValueError("too large")
    return x


def _whole_parts(x: float) -> float:
    parts = 0.5 + math.floor(x) + 0.5 * math.ceil(x / 2.0) - 1.5 * math.trunc(x / 3.0) + 2.5 * round(x / 7.0)
    return parts + math.frexp(x)[1] + x // 2.0


def _large_ints(x: float) -> float:
    return float(math.floor(x) + 1 - int(x))


FUNCTIONS: list[Callable[[float], float]] = [
    _collatz, _odds, _caught_alike, _nested, _recursive, _raises, _whole_parts,
]  # fmt: skip
ORDINARY = [*SPECIAL, 3.0, 4.0, 7.0, 27.0, 0.75, 0.6, -1.5, -4.5, 12.0, 1e5, 97.0, 2.5, 710.0]


@pytest.mark.parametrize(
    "f", [*FUNCTIONS, _caught, _dynamic_product, _of_lists, _picked, _large_ints], ids=lambda f: f.__name__
)
def test_a_function_of_ones_own_means_the_same(f: Callable[[float], float]) -> None:
    builder = Builder()
    row = Primitive(f.__name__, f)
    program = builder.program([row(builder.input())])
    kernel = llvm.scalar(program)
    wanted = [float(row(x)) for x in ORDINARY]
    assert all(same(kernel(x)[0], y) for x, y in zip(ORDINARY, wanted)), [kernel(x)[0] for x in ORDINARY]
    found = run_rows(program, [(x,) for x in ORDINARY], precise=True)
    assert all(same(a, b) for (a,), b in zip(found, wanted)), (found, wanted)
    if f in FUNCTIONS:
        assert "@python" not in kernel.assembly


def test_what_cannot_be_translated_is_called() -> None:
    table = {1.0: 10.0, 2.0: 20.0}
    builder = Builder()
    x, y = builder.input(), builder.input()
    row = Primitive("looked_up", lambda x, y: table.get(x, -1.0) + y)
    program = builder.program([row(x, y) * 2.0])
    assert llvm.scalar(program)(1.0, 0.5) == [21.0]
    points = [(float(k % 3), float(k)) for k in range(30)]
    assert run_rows(program, points) == [list(program(*point)) for point in points]


def test_only_the_lanes_that_need_it_call_python() -> None:
    seen: list[float] = []

    def rare(x: float) -> float:
        seen.append(x)
        return -x

    row = Primitive("sometimes", lambda x: rare(x) if x > 5.0 else x)
    builder = Builder()
    program = builder.program([row(builder.input())])
    assert run_rows(program, [(1.0,), (6.0,), (2.0,), (7.0,), (3.0,)]) == [[1.0], [-6.0], [2.0], [-7.0], [3.0]]
    assert set(seen) == {6.0, 7.0}


@pytest.mark.parametrize("threads", [1, 3])
def test_what_a_callback_raises_is_raised(threads: int) -> None:
    def careful(x: float) -> float:
        if x > 900.0:
            raise KeyError(f"{x} is too much")
        return 1.0 / (x - 800.0)

    row = custom(careful, lambda y, x: -y * y, name="careful")
    builder = Builder()
    program = builder.program([row(builder.input())])
    kernel, over = llvm.scalar(program), llvm.rows(program, [True], [False])
    x, y = np.arange(700.0), np.empty(700)
    with chunks_of(1):
        over([x], [y], 700, threads=threads)
    assert y.tolist() == [1.0 / (v - 800.0) for v in x.tolist()]
    with pytest.raises(KeyError, match="is too much"):
        kernel(1000.0)
    with pytest.raises(ZeroDivisionError):
        kernel(800.0)
    assert kernel(801.0) == [1.0]
    x, y = np.arange(1000.0), np.empty(1000)
    with pytest.raises((KeyError, ZeroDivisionError)), chunks_of(1):
        over([x], [y], 1000, threads=threads)


def test_a_custom_operation_that_cannot_raise_is_native() -> None:
    cube = custom(lambda x: x * x * x, lambda y, x: 3 * x * x, name="cube")
    builder = Builder()
    kernel = llvm.scalar(reverse(builder.program([cube(builder.input())])))
    assert kernel(2.0) == [8.0, 12.0]
    assert "@python" not in kernel.assembly


@pytest.mark.parametrize("piece", [3, 800])
def test_choices_across_pieces(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # What is not chosen has no say, on its way to an output, a sum, another choice, another piece.
    monkeypatch.setattr(llvm.kernel, "_PIECE", piece)
    monkeypatch.setattr(llvm.kernel, "_WHOLE", 0)
    builder = Builder()
    g, d = builder.input(), builder.input()
    root = primitives.sqrt(primitives.relu(g)) * d
    y = primitives.where(g > 0.0, root / g, primitives.maximum(d, g))
    program = reverse(builder.program([y, primitives.ratio(g, d), primitives.minimum(y, -d) + 1.0]), 2)
    values = [0.0, -0.0, 1.0, -2.0, 5e-324, math.inf, -math.inf, math.nan]
    points = [(1.0, 1.0)] * 11 + list(itertools.product(values, repeat=2)) + [(2.0, 3.0)] * 5
    kernel = llvm.scalar(program)
    for found in ([kernel(*point) for point in points], run_rows(program, points, precise=True)):
        for point, numbers in zip(points, found):
            assert all(same(a, b) for a, b in zip(numbers, program(*point), strict=True)), point


def test_exact_sums_ask_python_where_terms_cancel() -> None:
    builder = Builder()
    xs = [builder.input() for _ in range(4)]
    kernel = llvm.scalar(builder.program([primitives.fsum(*xs), primitives.sumprod(*xs)]))
    for point in itertools.product([1e308, -1e308, 1.0, 1e-20, 0.1, -0.1, 0.0], repeat=4):
        assert kernel(*point) == [primitives.fsum(*point), special.sumprod(point[:2], point[2:])]


def test_exact_sums_next_to_the_middle_of_two_floats() -> None:
    # The rounding of the first three terms is a tie, which the last, below what their error can hold, decides.
    builder = Builder()
    kernel = llvm.scalar(builder.program([primitives.fsum(*[builder.input() for _ in range(4)])]))
    for last in (0.0, 1e-40, -1e-40, 5e-324, -5e-324):
        for point in (
            (1.0, 2.0**-53, 0.0, last),
            (1.0 + 2.0**-52, 2.0**-53, 0.0, last),
            (0.69146246, -5e-301, 0.5, last),
        ):
            assert kernel(*point) == [math.fsum(point)], point
    assert kernel(1.0, 2.0**-53, 0.0, 5e-324) != kernel(1.0, 2.0**-53, 0.0, -5e-324)


# ---- processes, threads, memory --------------------------------------------------------------------------------------


def _example() -> Program:
    builder = Builder()
    x, y = builder.input("x"), builder.input("y")
    return reverse(builder.program([primitives.exp(x) * y + primitives.relu(x - y)]))


def test_a_program_can_be_pickled_and_compiled_again() -> None:
    program = _example()
    for again in (pickle.loads(pickle.dumps(program)), copy.deepcopy(program)):
        assert str(again) == str(program)
        assert llvm.scalar(again)(1.0, 2.0) == llvm.scalar(program)(1.0, 2.0)


@pytest.fixture(params=["built-in", "in Python"])
def both_forms(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "in Python":
        monkeypatch.setattr(llvm.kernel.host, "c_interface", lambda: False)


@pytest.mark.usefixtures("both_forms")
def test_arrays_in_and_out() -> None:
    kernel = llvm.scalar(_example())
    x, y = np.array([1.0, 2.0]), np.empty(3)
    wanted = kernel(1.0, 2.0)
    assert kernel.into(x, y) is y
    assert y.tolist() == wanted
    kernel.run(x.ctypes.data, (z := np.empty(3)).ctypes.data)
    assert z.tolist() == wanted
    assert kernel.into(array.array("d", [1.0, 2.0]), array.array("d", [0.0] * 3)).tolist() == wanted
    assert kernel.into((ctypes.c_double * 2)(1.0, 2.0), (ctypes.c_double * 3)())[:] == wanted
    assert kernel.into(np.array([[1.0], [2.0]]), np.empty((1, 3))).tolist() == [wanted]


@pytest.mark.usefixtures("both_forms")
def test_what_is_no_array_of_doubles_is_refused() -> None:
    kernel = llvm.scalar(_example())
    x, y = np.array([1.0, 2.0]), np.empty(3)
    kinds = (TypeError, ValueError, BufferError)
    for wrong, found in [
        (x[:1], y), (x, y[:2]), (x[::-1], y), (x.astype("f4"), y), (x.view("i8"), y), (x.astype(">f8"), y), (3.0, y),
        (x, None), (x, np.broadcast_to(1.0, 3)), (np.zeros(4)[::2], y), (x.view("c16"), y),
    ]:  # fmt: skip
        counts = [sys.getrefcount(e) for e in (x, y)]
        with pytest.raises(kinds):
            kernel.into(wrong, found)
        assert [sys.getrefcount(e) for e in (x, y)] == counts
    with pytest.raises(TypeError):
        kernel.into(x)


@pytest.mark.usefixtures("both_forms")
def test_numbers_in_and_out() -> None:
    kernel = llvm.scalar(_example())
    wanted = kernel(1.0, 2.0)
    assert kernel.call(1, np.float64(2.0)) == wanted
    assert kernel.call(-1.0, -1.0) == kernel(-1.0, -1.0)
    with pytest.raises(TypeError, match="this program has 2 inputs"):
        kernel.call(1.0)
    with pytest.raises(TypeError):
        kernel.call("one", 2.0)
    with pytest.raises(OverflowError):
        kernel.call(10**400, 2.0)


def test_a_call_outlives_its_kernel() -> None:
    kernel = llvm.scalar(_example())
    call, wanted = kernel.call, kernel(1.0, 2.0)
    del kernel
    gc.collect()
    assert call(1.0, 2.0) == wanted


def test_calls_leak_nothing() -> None:
    kernel = llvm.scalar(_example())
    x, y = np.array([1.0, 2.0]), np.empty(3)
    before = sys.getrefcount(x), sys.getrefcount(y)
    blocks = []
    for _ in range(3):
        for _ in range(1000):
            kernel.into(x, y)
            kernel.call(1.0, 2.0)
        blocks.append(sys.getallocatedblocks())
    assert (sys.getrefcount(x), sys.getrefcount(y)) == before
    assert blocks[2] - blocks[1] < 500


def test_threads_share_a_kernel() -> None:
    program = _example()
    kernel, over = llvm.scalar(program), llvm.rows(program, [True, False], [False, False, True])
    wrong: list[Any] = []

    def work(seed: int) -> None:
        x = np.random.default_rng(seed).normal(size=3000)
        out = np.empty((3000, 2))
        for _ in range(20):
            *_, total = over([x, float(seed)], [*columns(out), None], 3000, threads=2)
            wanted = [kernel(v, float(seed)) for v in x[:50]]
            if not np.allclose(out[:50], [w[:2] for w in wanted], rtol=1e-12):
                wrong.append(seed)
            if not math.isclose(total, math.fsum(kernel(v, float(seed))[2] for v in x), rel_tol=1e-9):
                wrong.append(total)

    workers = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    with chunks_of(1000):
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_runs_what_was_compiled_before_and_compiles_more() -> None:
    text = """
import os, numpy as np
from autograd_lite.compiler import Builder
from autograd_lite.compiler.targets import llvm
builder = Builder()
x = builder.input()
program = builder.program([x * x])
kernel = llvm.rows(program, [True], [False])
x, y = np.arange(5000.0), np.empty(5000)
kernel([x], [y], 5000, threads=2)
child = os.fork()
if not child:
    z = np.empty(5000)
    kernel([x], [z], 5000, threads=2)
    os._exit(0 if (y == z).all() and llvm.scalar(program)(3.0) == [9.0] else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text], capture_output=True, text=True, timeout=120
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_without_llvmlite_the_error_says_what_to_install() -> None:
    text = """
import sys
sys.modules["llvmlite"] = None
import autograd_lite.compiler
from autograd_lite.compiler import Builder
from autograd_lite.compiler.targets import llvm
builder = Builder()
try:
    llvm.scalar(builder.program([builder.input()]))
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, timeout=120)
    assert "pip install 'autograd_lite[compile]'" in done.stdout
    assert done.stderr == ""


def test_more_outputs_than_a_stack_holds_go_straight_into_an_array() -> None:
    builder = Builder()
    x, y = builder.input(), builder.input()
    kernel = llvm.scalar(builder.program([*[x + float(i) for i in range(33_000)], y * 0.0]))
    out = np.empty(33_001)
    assert kernel.into(np.array([0.5, 1.0]), out) is out
    np.testing.assert_array_equal(out[:-1], np.arange(33_000) + 0.5)
    assert kernel(0.5, 1.0) == out.tolist()


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_exact_sums_of_few_terms_need_no_python(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder()
    xs = [builder.input() for _ in range(count)]
    kernel = llvm.rows(builder.program([primitives.fsum(*xs)]), [True] * count, [False])
    rows = np.random.default_rng(5).normal(size=(4000, count)).round(2)
    rows[::3, -1] *= 1e9
    wanted = [math.fsum(row) for row in rows.tolist()]
    found = np.empty(len(rows))
    calls: list[Any] = []
    exactly = math.fsum
    monkeypatch.setattr(intrinsics.math, "fsum", lambda xs: calls.append(xs) or exactly(xs))
    kernel([rows], [found], len(rows))
    assert found.tolist() == wanted
    assert len(calls) <= len(rows) // 100
