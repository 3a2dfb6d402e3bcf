"""`check_gradients` finds what is wrong, says where, and passes what is right: of ours, and of anybody's."""

from __future__ import annotations

import math as python_math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd_lite as ag
from autograd_lite import Value, math, primitives, sweep
from autograd_lite.testing import GradientError, Program, check_gradients, domain, programs, taylor_test


def plant(monkeypatch: pytest.MonkeyPatch, name: str, i: int, change: Callable[..., Any]) -> None:
    """Change local derivative `i` of a row: ``change(slope, y, *args)``."""
    row = primitives.table[name]
    rules = list(row.derivatives)
    right = rules[i]
    rules[i] = lambda *args: change(right(*args), *args)
    monkeypatch.setattr(row, "derivatives", tuple(rules))


def rosenbrock(x: Any, y: Any) -> Any:
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


# ---- what is right ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("oracle", ["auto", "enclosure", "mpmath", "differences"])
@pytest.mark.parametrize("modes", [("reverse",), ("forward",), ("reverse", "forward")])
def test_right_gradients_pass(oracle: str, modes: tuple[str, ...]) -> None:
    assert check_gradients(rosenbrock, 0.3, -0.7, oracle=oracle, modes=modes).numbers >= 2
    assert check_gradients(lambda x: math.sin(x) * math.exp(-x), 1.25, oracle=oracle, modes=modes).undecided == []


@pytest.mark.parametrize("order", [1, 2, 3])
def test_every_order(order: int) -> None:
    report = check_gradients(lambda x, y: math.exp(x * y) / (1 + x * x), 0.5, 1.5, order=order)
    assert report.numbers > 5 * 2**order - 5
    assert report.wide == 0


def test_every_nesting_of_arguments_and_outputs() -> None:
    report = check_gradients(
        lambda w, b: {"y": [w["a"] * w["c"][0] + b, w["a"] ** 2]}, {"a": 2.0, "c": (3.0, 1.0)}, 4.0
    )
    assert report.numbers == 2 * (1 + 3 * 4)


def test_arrays_of_numpy() -> None:
    import numpy as np

    w = np.array([[1.0, 2.0], [3.0, -4.0]])
    assert check_gradients(lambda w, x: np.tanh(w @ x).sum(), w, np.array([0.25, -0.5])).numbers == 1 + 3 * 6


def test_values_as_arguments_are_left_as_they_are() -> None:
    x = Value(2.0, "x")
    check_gradients(lambda x: x * x, x)
    assert not x.reached


# ---- what is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("relative", [1e-2, 1e-6, 1e-12])
def test_a_relative_error_in_one_rule(monkeypatch: pytest.MonkeyPatch, relative: float) -> None:
    plant(monkeypatch, "exp", 0, lambda slope, *args: slope * (1 + relative))
    with pytest.raises(GradientError):
        check_gradients(lambda x, y: math.sin(x * math.exp(y)) * y, 0.3, 1.7)
    with pytest.raises(GradientError):
        check_gradients(lambda x, y: math.sin(x * math.exp(y)) * y, 0.3, 1.7, oracle="mpmath")


def test_a_failure_says_which_number_and_where_and_why(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "exp", 0, lambda slope, *args: slope * (1 + 1e-9))
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x, y: math.sin(x * math.exp(y)) * y, 0.3, 1.7)
    text = str(caught.value)
    assert "∂f/∂x1 of <lambda> is wrong, in reverse mode, at x0=0.3, x1=1.7" in text
    assert "found   " in text
    assert "truth   between 0.79832768" in text
    assert " ulp away" in text.split("first wrong edge")[0]
    assert "first wrong edge: exp(x1=1.7) = 5.4739473917272: its local gradient by operand 0 is 5.4739473972" in text
    assert "not 5.4739473917271995177, 6.16e+06 ulp away (exp is good to 4 ulp)" in text
    assert "the ledger of x1:" in text
    assert "via exp(x1):" in text  # the arithmetic of the chain rule
    assert "v3 = p.mul(x0, v2)" in text  # the graph as a program
    drawing = Path(text.rsplit("the graph drawn: ", 1)[1])
    assert drawing.read_text(encoding="utf-8").lstrip().startswith("<")
    assert str(caught.value) is text  # made once


def test_the_first_wrong_edge_is_not_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "sin", 0, lambda slope, *args: 2.0 * slope)
    with pytest.raises(GradientError) as caught:
        check_gradients(lambda x: math.sin(math.sin(math.exp(x))), 0.5)
    assert "first wrong edge: sin(1.6487212707001282)" in str(caught.value)


def test_a_wrong_value(monkeypatch: pytest.MonkeyPatch) -> None:
    row = primitives.table["exp"]
    right = row.value
    monkeypatch.setattr(row, "value", lambda x: right(x) * (1 + 1e-12))
    with pytest.raises(GradientError, match="the value of <lambda> is wrong"):
        check_gradients(lambda x: math.exp(x), 1.0)


def test_a_wrong_sweep(monkeypatch: pytest.MonkeyPatch) -> None:
    right = sweep.reverse

    def overwrites(order: Any, adjoints: Any, pull: Any) -> Any:
        for node in order:
            if node.parents and node in adjoints:
                adjoints.update((p, t) for p, t in zip(node.parents, pull(node, adjoints[node])) if t is not None)
        return adjoints

    monkeypatch.setattr(sweep, "reverse", overwrites)
    with pytest.raises(GradientError, match="every edge of the graph is right: the sweep is wrong"):
        check_gradients(lambda x: x * x + x, 3.0)
    monkeypatch.setattr(sweep, "reverse", right)
    assert check_gradients(lambda x: x * x + x, 3.0)


def test_a_wrong_forward_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd_lite import derivatives

    right = derivatives.jvp
    monkeypatch.setattr(derivatives, "jvp", lambda *args: (right(*args)[0], [t * (1 + 1e-9) for t in right(*args)[1]]))
    with pytest.raises(GradientError, match="in forward mode"):
        check_gradients(lambda x: x * x + x, 3.0)
    assert check_gradients(lambda x: x * x + x, 3.0, modes=("reverse",))


def test_a_derivative_whose_own_derivative_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right in value and no graph: only the second order can tell."""
    plant(monkeypatch, "sin", 0, lambda slope, y, x: Value(slope.data) if isinstance(slope, Value) else slope)
    assert check_gradients(lambda x: math.sin(x) * x, 1.0)
    with pytest.raises(GradientError):
        check_gradients(lambda x: math.sin(x) * x, 1.0, order=2)


def test_a_rule_with_the_right_value_and_another_derivative(monkeypatch: pytest.MonkeyPatch) -> None:
    """cos written as a function that has its value at this point alone: the enclosure of that graph would agree."""
    plant(monkeypatch, "sin", 0, lambda slope, y, x: slope if type(x) is float else x * (slope.data / x.data))
    assert check_gradients(math.sin, 1.0)
    with pytest.raises(GradientError, match="is that of another function"):
        check_gradients(math.sin, 1.0, order=2)


# ---- kinks -----------------------------------------------------------------------------------------------------------

KINKS = [
    (abs, (0.0,)),
    (math.relu, (0.0,)),
    (math.maximum, (2.0, 2.0)),
    (math.minimum, (-1.0, -1.0)),
    (math.floor, (3.0,)),
    (math.hypot, (0.0, 0.0)),
    (math.copysign, (0.0, 2.0)),
    (lambda x: math.clip(x, 0.0, 1.0), (1.0,)),
    (lambda x: math.relu(x) - math.relu(-x), (0.0,)),
    (math.sqrt, (0.0,)),
    (lambda x: x**0.5, (0.0,)),
]


@pytest.mark.parametrize(("fn", "point"), KINKS)
def test_documented_slopes_at_kinks_pass(fn: Any, point: tuple[float, ...]) -> None:
    check_gradients(fn, *point)


@pytest.mark.parametrize(
    ("name", "fn", "point", "slope"),
    [
        ("abs", abs, (0.0,), 1.0),  # a subgradient, but not the documented one
        ("abs", abs, (0.0,), 1.5),  # none
        ("relu", math.relu, (0.0,), 0.5),
        ("maximum", math.maximum, (2.0, 2.0), 1.0),  # not named in the row: by the oracle's rule
        ("floor", math.floor, (3.0,), 1.0),
        ("sqrt", math.sqrt, (0.0,), 0.0),
    ],
)
def test_another_slope_at_a_kink_fails(
    monkeypatch: pytest.MonkeyPatch, name: str, fn: Any, point: tuple[float, ...], slope: float
) -> None:
    plant(monkeypatch, name, 0, lambda right, y, *args: slope if tuple(args) == point else right)
    with pytest.raises(GradientError, match="first wrong edge"):
        check_gradients(fn, *point)


def test_wide_enclosures_are_counted_and_decided_by_their_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    def cancels(x: Any) -> Any:
        return math.sin((x + 1e17) - 1e17) * x

    report = check_gradients(cancels, 3.0)
    assert report.wide > 0
    assert report.undecided == []
    assert "by their edges" in repr(report)
    plant(monkeypatch, "sin", 0, lambda slope, *args: slope * (1 + 1e-9))
    with pytest.raises(GradientError, match="first wrong edge: sin"):
        check_gradients(cancels, 3.0)


def test_what_nothing_can_decide_is_told() -> None:
    with ag.errstate(all="ignore"):
        report = check_gradients(lambda x: math.exp(math.exp(x)) * 0.0, 7.0)  # inf · 0
    assert set(report.undecided) == {"a number on the way is no finite float"}
    assert not report


# ---- what is not ours ------------------------------------------------------------------------------------------------


def test_a_gradient_written_by_hand() -> None:
    def f(x: Any, y: Any) -> Any:
        return math.sin(x) * y**2

    assert check_gradients(f, 1.0, 2.0, gradient=lambda x, y: (math.cos(x) * y**2, 2 * math.sin(x) * y))
    with pytest.raises(GradientError, match=r"∂f/∂x1 of f is wrong, in the gradient handed in, at x0=1\.0"):
        check_gradients(f, 1.0, 2.0, gradient=lambda x, y: (math.cos(x) * y**2, 2.000000000001 * math.sin(x) * y))


def test_a_gradient_written_by_hand_in_pythons_math() -> None:
    def f(x: float) -> float:
        return python_math.exp(python_math.sin(x))

    def right(x: float) -> float:
        return python_math.cos(x) * f(x)

    assert check_gradients(f, 1.0, gradient=right).numbers == 1
    with pytest.raises(GradientError, match="by finite differences"):
        check_gradients(f, 1.0, gradient=lambda x: right(x) * (1 + 1e-8))
    with pytest.raises(TypeError, match="cannot be run with more digits"):
        check_gradients(f, 1.0, gradient=right, oracle="mpmath")


def test_a_gradient_written_by_hand_of_several_outputs() -> None:
    rows = [[2.0, 0.0], [5.0, 3.0]]
    assert check_gradients(lambda x, y: [x**2, x * y], 3.0, 5.0, gradient=lambda x, y: [[2 * x, 0.0], [y, x]])
    with pytest.raises(GradientError):
        check_gradients(lambda x, y: [x**2, x * y], 3.0, 5.0, gradient=lambda x, y: rows)
    with pytest.raises(TypeError, match="2 numbers: 2 output"):
        check_gradients(lambda x, y: [x**2, x * y], 3.0, 5.0, gradient=lambda x, y: [x, y])


def test_a_function_of_numpy() -> None:
    import numpy as np

    x = np.array([1.0, -2.0, 0.5])
    assert check_gradients(lambda x: np.sum(np.exp(-(x**2))), x, gradient=lambda x: -2 * x * np.exp(-(x**2)))
    with pytest.raises(GradientError):
        check_gradients(lambda x: np.sum(np.exp(-(x**2))), x, gradient=lambda x: 2 * x * np.exp(-(x**2)))


def test_a_kink_of_a_foreign_function() -> None:
    assert check_gradients(lambda x: python_math.fabs(x), 0.0, gradient=lambda x: 0.25)
    with pytest.raises(GradientError):
        check_gradients(lambda x: python_math.fabs(x), 0.0, gradient=lambda x: 1.25)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # PyTorch's own, on being imported
def test_functions_of_pytorch() -> None:
    torch = pytest.importorskip("torch")

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x.exp()

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad * ctx.saved_tensors[0].exp() * (1 + 1e-6)

    w, x = torch.tensor([[1.0, -0.5], [0.25, 2.0]], dtype=torch.float64), torch.tensor([0.5, -1.0], dtype=torch.float64)
    assert check_gradients(lambda w, x: torch.tanh(w @ x), w, x).numbers == 2 * 2 * 6
    with pytest.raises(GradientError, match="in reverse mode"):
        check_gradients(lambda x: Wrong.apply(x).sum(), x, modes=("reverse",))


def test_functions_of_jax() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    @jax.custom_jvp
    def wrong(x: Any) -> Any:
        return jnp.exp(x)

    wrong.defjvp(lambda primals, tangents: (jnp.exp(primals[0]), 1.01 * jnp.exp(primals[0]) * tangents[0]))
    x = jnp.array([0.5, -1.0])  # of 32 bits, unless told otherwise
    assert check_gradients(lambda x: jnp.sum(jnp.sin(x) * x), x).numbers == 4
    with pytest.raises(GradientError):
        check_gradients(lambda x: jnp.sum(wrong(x)), x)


def test_an_operation_of_the_users_own() -> None:
    cube = ag.custom(lambda x: x**3, lambda y, x: 3 * x**2, name="cube")
    assert check_gradients(cube, 2.0, order=3)
    assert check_gradients(lambda x: math.sin(cube(x)), 0.5)
    nearly = ag.custom(lambda x: x**3, lambda y, x: 3.000000000001 * x**2, name="nearly")
    with pytest.raises(GradientError, match="to 50 digits"):
        check_gradients(nearly, 2.0)
    foreign = ag.custom(python_math.cosh, lambda y, x: python_math.sinh(x) * (1 + 1e-8), name="foreign")
    with pytest.raises(GradientError, match="by finite differences"):
        check_gradients(foreign, 2.0)
    flat = ag.custom(lambda x: x**3, lambda y, x: 3 * getattr(x, "data", x) ** 2, name="flat")
    with pytest.raises(GradientError, match="∂"):
        check_gradients(flat, 2.0, order=2)


def test_formulas_beside_tiny_numbers() -> None:
    lerp = ag.custom(
        lambda a, b, t: a + (b - a) * t, lambda y, a, b, t: 1 - t, lambda y, a, b, t: t, lambda y, a, b, t: b - a
    )
    assert check_gradients(lerp, 1.0, 0.0, 7.6e-202, oracle="mpmath")
    assert check_gradients(lerp, 1e300, 2.0, 5e-324, oracle="mpmath")
    wrong = ag.custom(lambda x: x**3, lambda y, x: 3.000001 * x**2, name="wrong")
    with pytest.raises(GradientError, match="is wrong"):
        check_gradients(wrong, 1e-100, oracle="mpmath")


def test_an_estimate_of_a_difference_s_error_that_is_too_small_is_no_verdict() -> None:
    """At these points the first estimates are, one in some thousands."""
    bell = ag.custom(lambda x: python_math.exp(-x * x), lambda y, x: -2 * x * y, name="bell")
    assert check_gradients(bell, 3.4336102601215366, oracle="differences")
    lerp = ag.custom(
        lambda a, b, t: a + (b - a) * t, lambda y, a, b, t: 1 - t, lambda y, a, b, t: t, lambda y, a, b, t: b - a
    )
    assert check_gradients(lerp, 1.5320435127079648, 0.0, 1.0, oracle="differences")
    wrong = ag.custom(lambda x: python_math.exp(-x * x), lambda y, x: -2 * x * y * (1 + 1e-10), name="wrong")
    with pytest.raises(GradientError, match="by finite differences"):
        check_gradients(wrong, 3.4336102601215366, oracle="differences")


def test_an_operation_that_has_a_rows_name_is_not_that_row() -> None:
    sin = ag.custom(lambda x: x**3, lambda y, x: 3 * x**2, name="sin")
    assert check_gradients(sin, 2.0)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "told"),
    [
        (lambda: check_gradients(abs, 1.0, oracle="guess"), ValueError, "oracle='guess'"),
        (lambda: check_gradients(abs, 1.0, modes="reverse"), ValueError, "a tuple of"),
        (lambda: check_gradients(abs, 1.0, modes=("sideways",)), ValueError, "modes="),
        (lambda: check_gradients(abs, 1.0, order=0), ValueError, "order=0"),
        (lambda: check_gradients(abs), TypeError, "give the point"),
        (lambda: check_gradients(lambda x: "x", 1.0), TypeError, "no number"),
        (lambda: check_gradients(abs, "1.0"), TypeError, "write floats"),
        (lambda: check_gradients(abs, 1.0, gradient=abs, order=2), ValueError, "check its gradient"),
        (lambda: check_gradients(abs, 1.0, gradient=abs, oracle="enclosure"), ValueError, "graphs of this engine"),
        (
            lambda: check_gradients(ag.custom(lambda x: x, lambda y, x: 1.0), 1.0, oracle="enclosure"),
            ValueError,
            "outside the table of primitives",
        ),
        (lambda: taylor_test(abs, [1.0], [1.0], [1.0, 2.0]), ValueError, "differ in length: 1, 1, 2"),
    ],
)
def test_bad_arguments(call: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        call()


def test_taylors_remainder() -> None:
    assert taylor_test(rosenbrock, [0.3, -0.7], [-2 * 0.7 - 400 * 0.3 * -0.79, 200 * -0.79], [1.0, 2.0]) > 1.9
    with pytest.raises(GradientError, match=r"vanishes as h\^1.0"):
        taylor_test(rosenbrock, [0.3, -0.7], [1.0, 200 * -0.79], [1.0, 2.0])


# ---- with hypothesis -------------------------------------------------------------------------------------------------


def test_a_failing_property_shrinks_to_one_instruction_at_a_simple_point(monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch, "cosh", 0, lambda slope, *args: slope * (1 + 1e-6))
    found: list[Program] = []

    @settings(max_examples=300, database=None, derandomize=True)
    @given(programs(primitives=["add", "mul", "sin", "cosh"]))
    def property_(program: Program) -> None:
        try:
            check_gradients(program, *program.point)
        except GradientError:
            found.append(program)
            raise

    with pytest.raises(GradientError, match="first wrong edge: cosh"):
        property_()
    assert [op.name for op, *_ in found[-1].instructions] == ["cosh"]


@given(st.data())
@settings(max_examples=20)
def test_the_truth_does_not_depend_on_precision_set_by_the_user(data: st.DataObject) -> None:
    args = data.draw(domain("atan2", smooth=True, allow_subnormal=False))
    with mpmath.workdps(data.draw(st.integers(2, 30))):
        check_gradients(math.atan2, *args)


def test_an_error_can_be_pickled() -> None:
    error = GradientError("∂f/∂x is wrong")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
