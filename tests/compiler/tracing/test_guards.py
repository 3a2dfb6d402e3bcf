"""Compiled means what eager means: whatever Python does with a traced number does it, guards it, or is refused."""

from __future__ import annotations

import math as std
import pickle
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, errstate, math

A = np.array([1.0, 2.0, 3.0])
TARGETS = ["python", "llvm"]
each_target = pytest.mark.parametrize("target", TARGETS)
pytest.importorskip("llvmlite", reason="llvmlite is not installed: pip install 'autograd_lite[compile]'")


@dataclass
class Pair:
    a: Any
    b: Any

    def norm(self) -> Any:
        return (self.a**2 + self.b**2) ** 0.5


INNER = ag.compile(lambda x: x * x * x, target="python")
RUN: dict[str, Any] = {
    "array on the right": lambda x: sum(((x + A) * (x - A) / (x * A) + x // A + x % A + x**A).tolist()),
    "array on the left": lambda x: sum(((A + x) * (A - x) / (A * x) + A // x + A % x + A**x).tolist()),
    "NumPy's scalar": lambda x: np.float64(2.0) ** x + x * np.float64(3.0) - np.array(2.0) / x,
    "divmod": lambda x: sum(divmod(x, 2.0)) + sum(divmod(7, x)),
    "methods": lambda x: x.tanh() + x.arcsinh() + x.exp().log1p().named("y") + x.hypot(2.0) + x.degrees(),
    "np.tanh of an array": lambda x: np.tanh(np.array([x, x * 0.5])).sum(),
    "np.exp": lambda x: np.exp(x) + np.sqrt(x) + np.arctan2(x, 2.0),
    "np.linalg.norm": lambda x: np.linalg.norm(np.array([x, 2 * x, 3.0])),
    "np.std": lambda x: np.std(np.array([x, x * x, 3.0])) + np.var(np.array([x, 1.0])),
    "polynomial": lambda x: np.polyval([1.0, 2.0, 3.0], x),
    "rounding": lambda x: round(x * 10) + std.floor(x * 7) + std.ceil(x * 7) + std.trunc(x * 9),
    "dataclass": lambda x: Pair(x, 2.0).norm(),
    "compiled inside": lambda x: INNER(x) + INNER.grad(x) + ag.grad(INNER)(x) + ag.hessian(INNER)(x),
    "is True": lambda x: x * 2.0 if (x > 0) is True else x,
    "is not False": lambda x: x * 2.0 if (x > 5) is not False else x,
    "isinstance": lambda x: x * 2.0 if isinstance(x > 0, bool) else x,
    "type": lambda x: x * 2.0 if type(x > 0) is bool else x,
    "match": lambda x: matched(x > 0) * x,
    "index by a truth": lambda x: [x, x * x][x > 0.1] + int(x > 0) + float(x > 1),
    "look up a truth": lambda x: {True: x, False: 2 * x}[x > 0.1],
    "a set of truths": lambda x: x * len({x > 0, x > 1, x < 7}),
    "& | ^ ~": lambda x: math.where((x > 0) & (x < 1), x, 2 * x) + ((x > 0) | (x < -9)) + ((x > 0) ^ (x > 5)),
    "== None": lambda x: x if x != None and x != "a" else 2 * x,  # noqa: E711
    "in a list": lambda x: x if x in (0.3, 1.0) else 2 * x,
    "logical": lambda x: x * np.logical_xor(x, 0.0) + np.all(np.array([x, x]) > 0),
    "str": lambda x: x * len(str(x)) + len(f"{x:.2f}") + len(repr([x])),
}


def matched(c: Any) -> float:
    match c:
        case True:
            return 2.0
        case _:
            return 3.0


@each_target
@pytest.mark.parametrize("fn", RUN.values(), ids=RUN)
def test_what_runs_eagerly_compiles(fn: Any, target: str) -> None:
    f, over_rows = ag.compile(fn, target=target), ag.compile(fn, in_axes=0, target=target)
    for x in (0.3, 1.7):
        expected = fn(Value(x))
        assert f(x) == pytest.approx(float(getattr(expected, "data", expected)), rel=1e-13)
        assert f.grad(x) == pytest.approx(ag.grad(fn)(x), rel=1e-12)
        assert over_rows(np.array([x, x]))[1] == pytest.approx(f(x), rel=1e-13)


REFUSED = {
    "in a set": (lambda x: x in {1.0, 2.0}, "no set and no dict finds it"),
    "a dict": (lambda x: {1.0: 20.0}.get(x, x), "no set and no dict finds it"),
    "two in a set": (lambda x: len({x, x * 1.0}) * x, "no set and no dict finds it"),
    "hash": (lambda x: hash(x) * x, "no set and no dict finds it"),
    "float": (lambda x: std.sin(float(x)), "float\\(\\) gives no number"),
    "math.sin": (lambda x: std.sin(x), r"autograd_lite.math.sin\(x\)"),
    "range": (lambda x: sum(range(x)), "static_argnums"),
    "a list's index": (lambda x: [1.0, 2.0][x], r"autograd_lite.take\(xs, i\)"),
    "an array's index": (lambda x: A[x], r"autograd_lite.take\(xs, i\)"),
    "an attribute": (lambda x: x.foo, r"it has no .foo"),
    "backward": (lambda x: x.backward(), "derivatives are those of autograd_lite.grad"),
    "a digit": (lambda x: round(x, 2), "rounds to whole numbers only"),
}


@pytest.mark.parametrize(("fn", "why"), REFUSED.values(), ids=REFUSED)
def test_what_would_be_another_number_is_refused_with_the_line(fn: Any, why: str) -> None:
    for each in (ag.compile(fn, target="python"), ag.compile(fn, in_axes=0, target="python")):
        with pytest.raises((TypeError, AttributeError), match=why) as raised:
            each(np.array([1.0, 2.0]) if each.in_axes == 0 else 1.0)
        assert "test_guards.py, line" in str(raised.value)
        assert "Tracer" not in str(raised.value)


def test_masks_of_where_are_no_guards() -> None:
    def clipped(x: Any) -> Any:
        inside = (x > -1.0) & (x < 1.0)
        return math.where(inside, x, math.where(x < 0.0, -1.0, 1.0))

    f = ag.compile(clipped, in_axes=0, target="llvm")
    assert f(np.array([-3.0, 0.5, 3.0])).tolist() == [-1.0, 0.5, 1.0]
    ((_, traces),) = f._specialization("value").by_shape().items()
    assert [trace.outcomes for trace in traces.kept()] == [()]


@each_target
def test_exceptions_are_caught_as_eagerly(target: str) -> None:
    def f(x: Any) -> Any:
        try:
            return 1.0 / x
        except ArithmeticError:
            return 7.0 + x

    x = np.array([1.0, 0.0, 2.0, 0.0])
    over_rows = ag.compile(f, in_axes=0, target=target)
    with errstate(all="raise"):
        assert over_rows(x).tolist() == [1.0, 7.0, 0.5, 7.0]
        assert ag.compile(f, target=target)(0.0) == float(f(Value(0.0)).data) == 7.0
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert over_rows(x).tolist() == [1.0, std.inf, 0.5, std.inf]


@each_target
def test_a_row_is_named(target: str) -> None:
    def careful(x: float) -> float:
        if x == 3.0:
            raise KeyError("three")
        return x

    def fn(x: Any) -> Any:
        if x > 5.0:
            raise ValueError("too large")
        return x

    custom = ag.custom(careful, lambda y, x: 1.0, name="careful")
    x = np.arange(100.0)
    for f, row in ((ag.compile(fn, 0, target=target), 6), (ag.compile(lambda x: custom(x), 0, target=target), 3)):
        for _ in range(2):
            with pytest.raises((ValueError, KeyError)) as raised:
                f(x)
            assert any(f"in row {row} of" in note for note in raised.value.__notes__)
            assert f(x[:2]).tolist() == [0.0, 1.0]


@each_target
def test_a_masked_array_is_refused(target: str) -> None:
    x = np.ma.array([1.0, 2.0], mask=[False, True])
    for call in (ag.compile(lambda x: x * 2, 0, target=target), ag.compile(lambda x: x.sum(), target=target)):
        with pytest.raises(TypeError, match=r"masked array.*filled"):
            call(x)


@each_target
def test_static_arguments(target: str) -> None:
    f = ag.compile(lambda x, n: x**n if type(n) is int else x * n, static_argnums=1, target=target)
    assert [f(3.0, n) for n in (2, 2.0, True, 1, -0.0)] == [9.0, 6.0, 3.0, 3.0, -0.0]
    assert std.copysign(1.0, f(3.0, -0.0)) == -1.0
    assert std.copysign(1.0, f(3.0, 0.0)) == 1.0
    assert f.grad(3.0, 2) == 6.0
    assert ag.compile(lambda A, i: A[i] * 2, static_argnums=-1, target=target)(A, 2) == 6.0
    rows = ag.compile(lambda x, name: getattr(math, name)(x), (0, None), static_argnums=(1,), target=target)
    assert rows(A, "sqrt").tolist() == np.sqrt(A).tolist()
    with pytest.raises(TypeError, match="argument 1 is static, and has to be hashable"):
        f(1.0, [2])


@each_target
def test_compiled_inside_derivatives_and_compiled_functions(target: str) -> None:
    rows = ag.compile(lambda w, x: w * x * x, (None, 0), target=target)
    point = ag.compile(lambda x: x[0] ** 2 * x[1], target=target)
    assert ag.grad(lambda w: rows(w, A).sum())(3.0) == 14.0
    assert ag.grad(lambda a: rows(2.0, np.array([a, 2 * a])).sum())(3.0) == 60.0
    assert ag.compile(lambda w: rows(w, A).sum(), target=target).grad(3.0) == 14.0
    assert ag.hessian(point)([1.0, 2.0]) == [[4.0, 2.0], [2.0, 0.0]]
    assert ag.jvp(point, ([1.0, 2.0],), ([1.0, 0.0],)) == (2.0, 4.0)
    x = Value(3.0)
    ag.compile(lambda x: x * x, target=target)(x).backward()
    assert x.grad == 6.0


@ag.compile
def decorated(x: Any) -> Any:
    return x * 3.0


def test_a_decorated_function_is_pickled_by_its_name() -> None:
    assert pickle.loads(pickle.dumps(decorated)) is decorated


def test_a_solver_of_conjugate_gradients() -> None:
    def solve(matrix: Any, b: Any) -> Any:
        x, r = np.zeros_like(b), b
        p, size = r, r @ r
        while size > 1e-20:
            along = matrix @ p
            step = size / (p @ along)
            x, r = x + step * p, r - step * along
            p, size = r + (r @ r) / size * p, r @ r
        return x

    matrix, b = np.array([[4.0, 1.0], [1.0, 3.0]]), np.array([1.0, 2.0])
    f = ag.compile(solve, argnums=1)
    np.testing.assert_allclose(f(matrix, b), np.linalg.solve(matrix, b), rtol=1e-12)
    np.testing.assert_allclose(f.jacobian(matrix, b), np.linalg.inv(matrix), rtol=1e-9)


def test_diagnose_says_where_the_nan_of_a_row_is_born() -> None:
    f = ag.compile(lambda w, x: w * x * math.log(x), (None, 0))
    text = str(f.diagnose(2.0, np.array([1.0, 0.0, 3.0]), row=1))
    assert "log(x) = log(0) = −inf" in text
    assert "xlogy" in text
    with pytest.raises(ValueError, match="one of the 3 rows"):
        f.diagnose(2.0, np.ones(3))


# ---- random programs -------------------------------------------------------------------------------------------------

UNARY = [
    *("-{}", "abs({})", "{}.tanh()", "{}.arctan()", "np.sin({})", "np.cos({}).named('c')", "math.sqrt({} * {} + 1.0)"),
    *("round({})", "std.floor({})", "np.linalg.norm(np.array([{}, 2.0]))", "np.std(np.array([{}, 1.0, 3.0]))"),
    *("np.array([{}, 0.5 * {}]).sum()", "INNER({})", "{} ** 2"),
]
BINARY = ["{} + {}", "{} - {}", "{} * {}", "{} / (1.0 + {} ** 2)", "max({}, {})", "min({}, {})", "{}.hypot({})"]
BINARY += ["math.where({} > {}, 1.0, 2.0)", "math.maximum({}, {})", "[{}, {}][x > y]", "divmod({}, 2.0)[1] * {}"]
TESTS = ["{} > {}", "({} <= {}) is True", "{} in ({}, 1.0)", "not {} < {}", "({} > 0.0) & ({} < 1.0)"]


@st.composite
def texts(draw: Any) -> str:
    names, lines = ["x", "y"], ["def f(x, y):"]

    def operand() -> str:
        return draw(st.sampled_from(names))

    def expression() -> str:
        kind = draw(st.sampled_from([*UNARY, *BINARY]))
        return kind.format(*[operand() for _ in range(kind.count("{}"))]) + " + 0.0 * x"  # a number of the graph

    for k in range(draw(st.integers(2, 6))):
        kind = draw(st.sampled_from(["=", "=", "=", "if", "while"]))
        lines.append(f"    v{k} = {expression()}")
        names.append(f"v{k}")
        if kind == "if":
            lines += [
                f"    if {draw(st.sampled_from(TESTS)).format(operand(), operand())}:",
                f"        v{k} = {expression()}",
            ]
        if kind == "while":
            lines += [
                f"    n{k} = 0",
                f"    while v{k} > 0.5 and n{k} < 4:",
                f"        v{k} = 0.5 * v{k} - 0.1 * {operand()}",
            ]
            lines += [f"        n{k} += 1"]
    return "\n".join([*lines, f"    return {names[-1]} + x * {operand()}"])


@each_target
@settings(max_examples=15, deadline=None)
@given(texts(), st.lists(st.tuples(*[st.floats(-3.0, 3.0)] * 2), min_size=1, max_size=5))
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_random_programs_of_python_and_numpy(target: str, text: str, points: list[tuple[float, float]]) -> None:
    names: dict[str, Any] = {"np": np, "math": math, "std": std, "INNER": INNER}
    exec(text, names)
    fn = names["f"]
    f, over_rows = (ag.compile(fn, axes, (0, 1), target=target) for axes in (None, 0))
    expected = [fn(Value(x), Value(y)).data for x, y in points]
    np.testing.assert_allclose([f(x, y) for x, y in points], expected, rtol=1e-11, atol=1e-12, err_msg=text)
    found = over_rows(*np.array(points).T)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-10, err_msg=text)
    for x, y in points[:2]:
        np.testing.assert_allclose(f.grad(x, y), ag.grad(fn, (0, 1))(x, y), rtol=1e-9, atol=1e-10, err_msg=text)
