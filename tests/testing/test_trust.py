"""No false alarm on right gradients of other libraries, no planted error missed; `tests/benchmarks/bench_trust.py`
measures the same at length."""

from __future__ import annotations

import contextlib
import copy
import math as python_math
import time
import warnings
from collections.abc import Callable
from typing import Any

import gradients
import numpy as np
import pytest
from gradients import Case
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, math, no_grad
from autograd_lite.testing import GradientError, Program, check_gradients, programs
from autograd_lite.testing.ghostwriter import write_test

pytestmark = pytest.mark.filterwarnings("ignore")  # of other libraries, on being imported


def points(case: Case) -> st.SearchStrategy[list[float]]:
    near = st.floats(max(case.least, -8.0), min(case.most, 8.0))
    wide = st.floats(max(case.least, -1e4), min(case.most, 1e4))
    whole = st.integers(-4, 4).map(float).map(lambda x: min(max(x, case.least), case.most))
    return st.lists(st.one_of(near, wide, whole), min_size=case.count, max_size=case.count)


RIGHT, PLANTED = gradients.right_cases(), gradients.planted_cases()


def quickly(count: int) -> Callable[[Any], Any]:
    return settings(
        max_examples=max(count, settings().max_examples * count // 100), database=None, derandomize=True, deadline=None,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.name)
def test_no_right_gradient_is_refused(case: Case) -> None:
    double = case.name.startswith("jax") and case.name.endswith("float64")

    @quickly(4)
    @given(points(case))
    def passes(xs: list[float]) -> None:
        with pytest.importorskip("jax").enable_x64(True) if double else contextlib.nullcontext():
            case.check(check_gradients, xs)

    passes()


@pytest.mark.parametrize("case", PLANTED, ids=lambda case: case.name)
def test_a_planted_error_is_found(case: Case) -> None:
    drawn: list[list[float]] = []
    quickly(100)(given(points(case))(lambda xs: drawn.append(xs)))()
    for xs in drawn:
        try:
            case.check(check_gradients, xs)
        except GradientError:
            return
    pytest.fail(f"{case.name}: not found in {len(drawn)} examples")


# ---- the judgement ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fn", "x", "gradient"),
    [
        (lambda x: x**2, 0.0, lambda x: 2 * x),
        (lambda x: x**3, 0.0, lambda x: 3 * x**2),
        (np.sin, 8193.0, np.cos),
        (lambda t: np.sin(2000 * np.pi * t), 0.3, lambda t: 2000 * np.pi * np.cos(2000 * np.pi * t)),
        (lambda x: 1.0 - np.cos(x), 1e-4, np.sin),
        (lambda x: 0.1 * x**3, 1.7, lambda x: 0.3 * x**2),
        (np.log, 1e-5, lambda x: 1 / x),
        (lambda x: np.float32(x) ** 2, 1.7, lambda x: 2 * x),
        (np.exp, -1e4, np.exp),
    ],
)
def test_right_at_stationary_points_at_large_numbers_and_with_rounded_constants(
    fn: Any, x: float, gradient: Any
) -> None:
    assert check_gradients(fn, x, gradient=gradient)


def test_what_is_undecided_is_never_called_right() -> None:
    with pytest.raises(GradientError):
        check_gradients(np.log, 1e-5, gradient=lambda x: 12345.0)
    report = check_gradients(lambda x: np.floor(np.float64(1e9 * x)), 0.3, gradient=lambda x: 0.0)  # of floats alone
    assert not report
    assert report.numbers == len(report.undecided) == 1
    assert "0 of 1 numbers are right" in repr(report)


def test_tolerances() -> None:
    with pytest.raises(GradientError):
        check_gradients(np.sin, 1.0, gradient=lambda x: np.cos(x) * 1.001)
    assert check_gradients(np.sin, 1.0, gradient=lambda x: np.cos(x) * 1.001, rtol=0.01)
    assert check_gradients(np.sin, 1.0, gradient=lambda x: np.cos(x) + 1e-3, atol=0.01)


def test_ties_along_directions() -> None:
    tie = np.array([1.0, 1.0])
    for wrong in ([1.0, 1.0], [0.0, 0.0]):
        with pytest.raises(GradientError, match="as at a tie"):
            check_gradients(np.max, tie, gradient=lambda x, wrong=wrong: np.array(wrong))
    for right in ([0.5, 0.5], [1.0, 0.0], [0.0, 1.0]):
        assert check_gradients(np.max, tie, gradient=lambda x, right=right: np.array(right))


def test_nothing_of_second_order_is_certified_at_a_kink() -> None:
    for fn, x in ((lambda x: abs(x) ** 2, 0.0), (lambda x: np.linalg.norm(x) ** 2, np.zeros(2))):
        report = check_gradients(fn, x, order=2)
        assert not report
        assert any("kink" in why for why in report.undecided)


def test_the_message_says_where_and_by_how_much() -> None:
    weights = {"weight": np.array([[1.0, 2.0], [3.0, 4.0]])}
    factors = np.array([[2.0, 2.0], [2.0, 4.0]])
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda p: np.sum(p["weight"] ** 2), weights, gradient=lambda p: factors * p["weight"])
    assert "∂f/∂x0['weight'][1, 1] of <lambda> is wrong" in str(caught.value)
    assert "ratio   2" in str(caught.value)
    with pytest.raises(GradientError, match="the sign is wrong\n  2 other of the 3"):
        check_gradients(lambda x: np.sum(x**2), np.array([1.0, 2.0, 3.0]), gradient=lambda x: -2 * x)


def test_a_wrong_operation_inside_a_composite_is_named() -> None:
    cube = ag.custom(lambda x: x**3, lambda y, x: 2 * x**2, name="cube")
    with pytest.raises(GradientError, match="first wrong operation: ∂f/∂x0 of cube"):
        check_gradients(lambda x: math.sin(cube(x)) * x, 0.7)


# ---- dropped paths ---------------------------------------------------------------------------------------------------


def without_recording(x: Any) -> Any:
    with no_grad():
        y = x * x
    return y * x


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x.data * x,
        lambda x: Value(x.data) * x + math.sin(x),
        lambda x: 1e6 * x + x.data,
        lambda x: x.data * 2.0,
        without_recording,
    ],
)
def test_a_dropped_path_is_found(fn: Any) -> None:
    with pytest.raises(GradientError, match="drops a path"):
        check_gradients(fn, 2.3)


def test_what_is_no_dropped_path() -> None:
    def shifted(x: Any, y: Any) -> Any:
        top = max(x.data, y.data)
        return top + math.log(math.exp(x - top) + math.exp(y - top))

    assert check_gradients(shifted, 2.3, 1.0)
    assert check_gradients(lambda x: [2.0, 3.0, 4.0][int(x.data)] * x, 1.5)
    assert check_gradients(lambda w: max(0, 1 - w), 2.0)
    assert check_gradients(lambda x: copy.deepcopy(x) * x, 2.3)  # a copy keeps its path
    assert "1 stop_gradient" in repr(check_gradients(lambda x: ag.stop_gradient(x) * x, 2.3))


# ---- arguments, libraries, scale -------------------------------------------------------------------------------------


def test_arguments_that_are_no_floats_are_passed_on_as_they_are() -> None:
    def power(x: Any, n: Any, mode: str, *, by: float = 1.0) -> Any:
        assert type(n) is int
        assert mode == "up"
        return by * x**n

    assert check_gradients(
        power, 3.0, 2, "up", kwargs={"by": 2.0}, gradient=lambda x, n, mode, by: by * n * x ** (n - 1)
    )
    assert check_gradients(lambda x, n: sum(x * x for _ in range(n)), 3.0, 3)
    assert check_gradients(lambda x, y: x * y, 3.0, 2.0, argnums=1, gradient=lambda x, y: x).numbers == 1
    single = np.array([1.0, 2.0], dtype=np.float32)
    assert check_gradients(lambda x: np.sum(x * x) if x.dtype == np.float32 else None, single, gradient=lambda x: 2 * x)


def test_complex_numbers_are_refused_in_words() -> None:
    with pytest.raises(TypeError, match="real and the imaginary part"):
        check_gradients(abs, 1.0 + 2.0j, gradient=lambda x: 1.0)
    with pytest.raises(TypeError, match="returned complex numbers"):
        check_gradients(lambda x: x * 1j, 1.0, gradient=lambda x: 1.0)


def test_rules_with_random_cotangents() -> None:
    x, y = np.array([1.0, 2.0]), 3.0

    def vjp(x: Any, y: Any) -> Any:
        return np.sin(x) * y, lambda g: (g * np.cos(x) * y, np.sum(g * np.sin(x)))

    def jvp(primals: Any, tangents: Any) -> Any:
        (x, y), (dx, dy) = primals, tangents
        return np.sin(x) * y, np.cos(x) * y * dx + np.sin(x) * dy

    assert check_gradients(lambda x, y: np.sin(x) * y, x, y, vjp=vjp, jvp=jvp)
    with pytest.raises(GradientError, match="not linear in its tangent"):  # along 1 alone it would be right
        check_gradients(np.sin, 1.3, jvp=lambda primals, ts: (np.sin(primals[0]), np.cos(primals[0]) * abs(ts[0])))
    with pytest.raises(AssertionError, match="other outputs"):
        check_gradients(lambda x, y: np.cos(x) * y, x, y, vjp=vjp)


def test_ten_thousand_inputs_and_the_wrong_one() -> None:
    x = np.linspace(-3.0, 3.0, 10_000)

    def gradient(x: Any) -> Any:
        g = np.cos(x)
        g[7777] *= 2
        return g

    assert check_gradients(lambda x: np.sum(np.sin(x)), x, gradient=np.cos).numbers == 10_000
    with pytest.raises(GradientError, match=r"∂f/∂x0\[7777\]"):
        check_gradients(lambda x: np.sum(np.sin(x)), x, gradient=gradient)


def test_a_budget_is_kept() -> None:
    def slow(x: float) -> float:
        until = time.process_time() + 0.02
        while time.process_time() < until:
            pass
        return python_math.sin(x)

    report = check_gradients(slow, 3.0, gradient=python_math.cos, budget=0.001)
    assert report.undecided == ["for lack of time"]


class Busy:
    """A function of an array that keeps the processor busy, in its first call alone or in each."""

    def __init__(self, first: float, each: float) -> None:
        self.seconds, self.each = first, each

    def __call__(self, x: Any) -> Any:
        until = time.process_time() + self.seconds
        while time.process_time() < until:
            pass
        self.seconds = self.each
        return np.sum(np.sin(np.asarray(x, dtype=float)))  # floats alone


@pytest.mark.parametrize("first", [0.0, 0.5])
def test_one_input_has_one_verdict_however_slow_the_first_call_is(first: float) -> None:
    x = np.linspace(-3.0, 3.0, 16)
    slow = Busy(first, 0.0)
    assert (
        repr(check_gradients(slow, x, gradient=np.cos)) == "Report(16 numbers are right, 0 by their edges, 0 undecided)"
    )

    def wrong(x: Any) -> Any:
        g = np.cos(x)
        g[11] += 1e-9
        return g

    with pytest.raises(GradientError, match=r"∂f/∂x0\[11\]"):
        check_gradients(Busy(first, 0.0), x, gradient=wrong)


def test_what_there_was_no_time_for_is_not_called_right() -> None:
    x = np.linspace(-3.0, 3.0, 16)
    report = check_gradients(Busy(0.0, 1e-3), x, gradient=np.cos, budget=0.05)
    assert not report
    assert set(report.undecided) == {"for lack of time"}
    with pytest.raises(GradientError, match=r"∂f/∂x0\[7\]"):  # along all inputs at once it is found all the same
        check_gradients(Busy(0.0, 1e-3), x, gradient=lambda x: np.cos(x) * (1 + (x == x[7])), budget=0.05)
    assert check_gradients(Busy(0.0, 0.0), x[:5], gradient=np.cos, budget=0.004)  # as small as a function may be


def test_a_staircase_of_rounding_is_no_slope() -> None:
    def gelu(x: float) -> float:
        return 0.5 * x * (1.0 + python_math.tanh(0.7978845608 * (x + 0.044715 * x**3)))

    def slope(x: float) -> float:
        t = python_math.tanh(0.7978845608 * (x + 0.044715 * x**3))
        return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 3 * 0.044715 * x * x)

    for x in (-6.959690726766279, -6.74576987891883, -6.770867614307016):
        assert not check_gradients(gelu, x, gradient=slope)
    with pytest.raises(GradientError):
        check_gradients(gelu, -1.5, gradient=lambda x: slope(x) * (1 + 1e-9))


def test_terms_of_an_input_at_zero_are_as_large_as_the_other_inputs_make_them() -> None:
    jax, jnp = pytest.importorskip("jax"), pytest.importorskip("jax.numpy")
    x = jnp.array([-1.401298464324817e-45, -7.451217993926008, -7.451217993926008])
    check_gradients(lambda x: jax.nn.log_softmax(x)[0], x)


def test_points_beyond_the_domain_warn_nobody() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert check_gradients(np.sqrt, 1e-3, gradient=lambda x: 0.5 / np.sqrt(x))


def test_a_function_that_draws_numbers_is_found_out_though_it_gives_the_same_twice() -> None:
    torch = pytest.importorskip("torch")
    state = torch.get_rng_state()
    for seed in range(12):  # of four truths the sum is often the same
        torch.manual_seed(seed)
        x = torch.ones(4, dtype=torch.float64)
        report = check_gradients(lambda x: torch.nn.functional.dropout(x, 0.5).sum(), x)
        assert report, report
        assert report.notes == ["the same random numbers in every call"]
    torch.set_rng_state(state)


def test_outputs_that_are_constant_have_second_derivatives_too() -> None:
    torch, jnp = pytest.importorskip("torch"), pytest.importorskip("jax.numpy")
    assert check_gradients(lambda x: torch.tensor(3.0), torch.tensor([1.0]), order=2)
    assert check_gradients(lambda x: (x * x, torch.tensor(3.0)), torch.tensor([1.0]), order=2)
    assert check_gradients(lambda x: (x * x, 3.0), jnp.array([1.0, 2.0]), order=2)


def test_a_complex_gradient_of_real_numbers_is_refused() -> None:
    torch = pytest.importorskip("torch")
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    with pytest.raises(TypeError, match="complex"):
        check_gradients(lambda x: (x * x).sum(), x, gradient=lambda x: 2 * x + 1j)


# ---- strategies, and a test that is written --------------------------------------------------------------------------


def test_most_programs_have_a_gradient() -> None:
    found: list[bool] = []

    @settings(max_examples=300, database=None, derandomize=True, deadline=None, phases=[Phase.generate])
    @given(programs())
    def collect(program: Program) -> None:
        inputs = [Value(x) for x in program.point]
        z = program(*inputs)
        if isinstance(z, Value):
            z.backward()
        found.append(any(x.grad for x in inputs))

    collect()
    assert sum(found) >= 0.8 * len(found)
    assert len(find(programs(primitives=["log"], min_size=4), lambda p: True)) >= 4


def test_a_written_test_runs() -> None:
    text = write_test("scipy.optimize:rosen")
    assert "check_gradients(rosen, np.array(x), gradient=rosen_der)" in text
    scope: dict[str, Any] = {}
    exec(text, scope)
    scope["test_gradient_of_rosen"] = settings(max_examples=5, deadline=None)(scope["test_gradient_of_rosen"])
    scope["test_gradient_of_rosen"]()
    for target, told in (("math", "module:function"), ("math:sine", "has no 'sine'"), ("nowhere:f", "no module")):
        with pytest.raises(ValueError, match=told):
            write_test(target)
