"""What `diagnose` says to write, tried as a user would: in the place of the formula, at the point and away from it."""

from __future__ import annotations

import math as std
import re
from collections.abc import Callable
from typing import Any

import mpmath
import pytest

from autograd_lite import Value, errstate, grad, math, primitives, stop_gradient

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")
PAIRS = [(row.name, wrong, right) for row in primitives.table.values() for wrong, right in row.stable_forms]
LETTERS = ("x", "y", "z", "t", "u", "v", "w")


def program(text: str, *letters: str) -> Callable[..., Any]:
    names = {**vars(primitives), **vars(math), "abs": abs}
    return eval(f"lambda {', '.join(letters)}: {text}", names)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("row", "wrong", "right"), PAIRS)
def test_both_sides_of_the_table_are_one_function(row: str, wrong: str, right: str) -> None:
    xs = "[x, u, v]" if re.search(r"exp\(x\) /|offset\(x", wrong) else "[u, v, w]"
    sides = [program(re.sub(r"\bxs\b", xs, text), *LETTERS) for text in (wrong.replace("offset(", "sub("), right)]
    below = (-0.4, 0.8, 0.3, 0.9, 0.5, 0.6, 0.7)
    points = [(0.4, *below[1:]), (1.7, 2.3, 0.6, 1.2, 1.5, 0.9, 1.1)]
    if right == "log(-expm1(x))":
        points = [below]
    elif right in ("abs(x)", "sign(x)") or row == "cbrt":
        points.append(below)  # right on both sides
    with errstate(all="ignore"):
        for point in points:
            before, after = [(side(*point), grad(side, range(7))(*point)) for side in sides]
            assert after[0] == pytest.approx(before[0], rel=1e-9, abs=1e-12)
            assert list(after[1]) == pytest.approx(list(before[1]), rel=1e-8, abs=1e-8)


def mp(**more: Any) -> dict[str, Any]:
    names = {name: getattr(mpmath, name) for name in ["exp", "log", "sqrt", "sin", "cos", "cosh", "gamma", "log1p"]}
    names |= {"cbrt": lambda x: mpmath.sign(x) * mpmath.cbrt(abs(x)), "log2": lambda x: mpmath.log(x, 2)}
    names |= {"sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)), "abs": abs, "minimum": min}
    return names | more


CASES = [  # the formula, where, what is written instead, from which side its truth is taken
    ("sqrt(x) * x", (0.0,), "x ** 1.5", 1),
    ("sqrt(x) ** 2", (0.0,), "x", 1),
    ("sqrt(x) * sqrt(x)", (0.0,), "x", 1),
    ("0.0 * sqrt(x) + x", (0.0,), "where(x > 0, 0 * sqrt(x), 0)", 1),
    ("exp(-exp(x))", (1000.0,), "exp(minimum(x, 709))", 0),
    ("log(1 + exp(x))", (1000.0,), "softplus(x)", 0),
    ("log(exp(x) + 1)", (1000.0,), "softplus(x)", 0),
    ("log1p(exp(x))", (1000.0,), "softplus(x)", 0),
    ("exp(log(x))", (0.0,), "x", 1),
    ("cbrt(x ** 3)", (0.0,), "x", 0),
    ("1 / (1 / x)", (0.0,), "x", 1),
    ("sqrt((x - y) ** 2)", (3.0, 1.0), None, 0),
    ("log(x ** 2)", (1e-200,), "2 * log(abs(x))", 0),
    ("log(sigmoid(x))", (-820.0,), "log_sigmoid(x)", 0),
    ("log(1 - sigmoid(x))", (1000.0,), "log_sigmoid(-x)", 0),
    ("y * log(x)", (0.0, 0.0), "xlogy(y, x)", None),
    ("log(exp(x) + exp(y))", (0.0, 1000.0), "logsumexp([x, y])", 0),
    ("log(exp(x) + exp(y))", (-1000.0, -1001.0), "logsumexp([x, y])", 0),
    ("log(exp(x) / (exp(x) + exp(y)))", (0.0, 1000.0), "x - logsumexp([x, y])", 0),
    ("exp(x) / (exp(y) + exp(x))", (999.0, 1000.0), "exp(x - logsumexp([y, x]))", 0),
    ("exp(x) / exp(y)", (1000.0, 1001.0), "exp(x - y)", 0),
    ("1 / (1 + exp(-x))", (-800.0,), "sigmoid(x)", 0),
    ("exp(x) / (1 + exp(x))", (800.0,), "sigmoid(x)", 0),
    ("(exp(x) - exp(-x)) / (exp(x) + exp(-x))", (800.0,), "tanh(x)", 0),
    ("log(cosh(x))", (1000.0,), "logaddexp(x, -x) - log(2)", 0),
    ("log(gamma(x))", (200.0,), "lgamma(x)", 0),
    ("gamma(x) / gamma(y)", (200.0, 199.0), "exp(lgamma(x) - lgamma(y))", 0),
    ("log(1 - exp(x))", (-1e-20,), "log(-expm1(x))", 0),
    ("log(x * y)", (1e-200, 1e-200), "log(x) + log(y)", 0),
    ("sqrt(1 + x ** 2)", (1e200,), "hypot(1, x)", 0),
    ("sin(x) / x", (0.0,), "sinc(x / pi)", 0),
    ("(1 - cos(x)) / x", (0.0,), "sin(x / (2)) * sinc(x / (2 * pi))".replace("(2))", "2)"), 0),
    ("(1 - cos(x)) / x ** 2", (0.0,), "sinc(x / (2 * pi)) ** 2 / 2", 0),
    ("(exp(x) - 1) / x", (0.0,), "where(abs(x) > 1e-5, expm1(x) / x, 1 + x / 2 + x * x / 6)", 0),
    ("x / (exp(x) - 1)", (0.0,), "where(abs(x) > 1e-5, x / expm1(x), 1 - x / 2 + x * x / 12)", 0),
    ("log(1 + x) / x", (0.0,), "where(abs(x) > 1e-5, log1p(x) / x, 1 - x / 2 + x * x / 3)", 0),
    ("exp(-1 / x ** 2)", (0.0,), "where(x ** 2 != 0, exp(-1 / x ** 2), 0)", 0),
    ("x * abs(x) ** 0.5", (0.0,), None, 0),
]


@pytest.mark.parametrize(("text", "point", "told", "side"), CASES)
def test_the_advice_works_when_followed(
    text: str, point: tuple[float, ...], told: str | None, side: int | None
) -> None:
    letters = ("x", "y")[: len(point)]
    with errstate(all="ignore"):
        found = str(program(text, *letters)(*map(Value, point, letters)).diagnose(names=False))
        if told is None:
            assert found.startswith("all finite") or "Choose before" in found
            return
        assert f"Write {told} instead of " in found or f"Choose before the operation: {told}." in found
        formula = re.search(r"instead of (.*)\.$", found)
        whole = text.replace("0.0", "0")
        part = formula[1] if formula else re.search(r", (.*), 0\)$", told)[1]  # type: ignore[index]
        assert part in whole
        followed = program(whole.replace(part, told), *letters)
        value, slopes = followed(*map(Value, point)), grad(followed, range(len(point)))(*point)
        value = getattr(value, "data", value)
    assert value == value
    assert all(slope == slope for slope in slopes)
    if side is None:
        return  # no derivative there
    with mpmath.workdps(2000):
        h = mpmath.mpf(10) ** (-300 if any(point) else -200) * (max(map(abs, point)) or 1)
        truth = eval(f"lambda {', '.join(letters)}: {text}", mp())
        at = [mpmath.mpf(x) + h * (1 if not any(point) else 0) for x in point]
        assert value == pytest.approx(float(truth(*at)), rel=1e-12, abs=1e-90)
        for i, slope in enumerate(slopes):
            ends = [[x + s * h * (i == j) for j, x in enumerate(at)] for s in (1, 0)]
            quotient = (truth(*ends[0]) - truth(*ends[1])) / h
            assert slope == pytest.approx(float(quotient), rel=1e-9, abs=1e-90)


def test_norms_of_any_length_however_they_are_added() -> None:
    xs = [Value(0.0, f"x_{i}") for i in range(5)]
    told = "Write hypot(x_0, x_1, x_2, x_3, x_4) instead of "
    for norm in (
        math.sqrt(sum(x * x for x in xs)),
        math.sqrt(math.fsum(x**2 for x in xs)),
        sum(x**2 for x in xs) ** 0.5,
        math.sqrt(xs[0] * xs[0] + (xs[1] ** 2 + math.fsum(x * x for x in xs[2:]))),
    ):
        assert told in str(norm.diagnose())
        assert told in str((norm**2).diagnose())


def test_the_engines_own_softmax_in_a_logarithm() -> None:
    a, b = Value(0.0, "a"), Value(1000.0, "b")
    with errstate(divide="ignore"):
        f = math.log(math.softmax([a, b])[0])
    assert "Write a - logsumexp([a, b]) instead of " in str(f.diagnose())


def test_operands_are_the_users_own_in_pythons_words() -> None:
    x, w = Value(40.0, "x"), Value(30.0, "w")
    with errstate(over="ignore", divide="ignore"):
        f = math.log(1 + math.exp(w * x - 0.125 * math.sigmoid(x)))
        g = math.log(math.sigmoid(-(w * x)))
    assert "Write softplus(w * x - 0.125 * sigmoid(x)) instead of " in str(f.diagnose())
    assert "Write log_sigmoid(-(w * x)) instead of log(sigmoid(-(w * x)))." in str(g.diagnose())


def test_advice_that_would_not_help_is_not_given() -> None:
    x, y = Value(0.0, "x"), Value(0.0, "y")
    with errstate(all="ignore"):
        assert "2 * log" not in str(math.log(x**2).diagnose())  # a pole all the same
        assert "Choose before the operation: where(x ** 2 > 0" in str(math.log(x**2).diagnose())
        assert "where(y != 0 or x != 0, atan2(x, y), 0)" in str((math.atan2(x, y)).diagnose())
        assert "scale them" in str((Value(1e200, "a") * 1e200).diagnose())
        assert str((x * Value(float("nan"), "n")).diagnose()).endswith("no operation made it.")


@pytest.mark.parametrize(
    ("make", "at", "advice", "mended"),
    [
        (
            lambda x: (-2.0) ** x,
            3.0,
            "Write a constant > 0 in place of -2, such as abs(-2); or stop_gradient(x), if it is a whole number and "
            "needs no derivative.",
            [lambda x: abs(-2) ** x, lambda x: (-2.0) ** stop_gradient(x) + x],
        ),
        (lambda x: math.xlogy(x, -2.0), 1.5, "Write a constant > 0 in place of -2, such as abs(-2).", []),
        (lambda x: x / 0.0, 1.5, "Write a constant != 0 in place of 0.", []),
    ],
)
def test_a_constant_without_a_derivative(make: Any, at: float, advice: str, mended: list[Any]) -> None:
    x = Value(at, "x")
    with errstate(all="ignore"):
        f = make(x).named("f")
        f.backward()
    assert str(f.diagnose()).endswith(advice)
    for other in mended:
        assert std.isfinite(grad(other)(at))
