"""Functions of every shape, read once: what native code and JavaScript make of them is what Python gives."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from autograd_lite.compiler import Builder, Program
from autograd_lite.compiler.targets import javascript
from autograd_lite.compiler.tracing.python_form import Apply, Assign, If, Return, Variable, While, nodes
from autograd_lite.compiler.tracing.python_reader import Reader
from autograd_lite.compiler.tracing.python_source import Untranslatable
from autograd_lite.primitives import Primitive

F = Variable("", float)
needs_llvm = pytest.mark.skipif(
    not importlib.util.find_spec("llvmlite"), reason="llvmlite is not installed: pip install 'autograd_lite[compile]'"
)


def negated_int(x: float) -> float:
    return -int(x)


def swapped(x: float) -> float:
    a, b = x, 1.0
    for _ in range(3):
        a, b = b, a + b
    return a * 100 + b


def widened(x: float) -> float:
    total = 0
    while total < 5:
        total += 0.5 * abs(x) + 0.5
    return total


def left_in_the_middle(x: float) -> float:
    total = 0.0
    for i in range(5):
        for j in range(5):
            if j > x:
                break
            if j * x == 1.0:
                continue
            total += i * 10.0 + j
        if total > 100.0:
            break
    return total


def changed_in_try(x: float) -> float:
    y = 5.0
    try:
        y = math.log(x)
        y = y + math.sqrt(y)
    except ValueError:
        return -1.0
    return y


def unchanged_in_except(x: float) -> float:
    y = 5.0
    try:  # noqa: SIM105
        y = math.log(x)
    except ValueError:
        pass
    return y


def kept_in_a_tuple(x: float) -> float:
    pair = (x, x + 1.0)
    x = 100.0
    return pair[0] * pair[1] + x


def kept_in_a_list(x: float) -> float:
    xs = [x * k for k in (1, 2, 3)]
    x = 50.0
    return sum(xs) + x


def chained(x: float) -> float:
    return 1.0 if 0.0 < math.sin(x) < 0.5 else 2.0


def not_evaluated(x: float) -> float:
    return 1.0 / x if x != 0.0 and 1.0 / x > 0.1 else math.frexp(x)[0] if x == 0.0 or 1.0 / x > 2.0 else -1.0


def returned_in_a_loop(x: float) -> float:
    while True:
        x = x * 0.5 + 1.0
        if abs(x) < 3.0 or x != x or abs(x) == math.inf:
            return x


def chosen_in_pairs(x: float) -> float:
    a, b = (x, 2.0) if x > 1.0 else (3.0, x)
    return a - b


def counted_down(x: float) -> float:
    total = 0.0
    for k in range(int(abs(x)) % 6, 0, -1):
        total = total / k + x
    return total


def summed(x: float) -> float:
    return sum(math.pow(x, k) for k in range(3)) + sum([a * b for a, b in zip((x, 2.0), (3.0, x))])


def true(x: float) -> float:
    if not x:
        return 7.0
    return float(bool(x)) + (x > 0)


def raised_and_caught(x: float) -> float:
    try:
        if x > 2.0:
            raise ValueError
        return x
    except ValueError:
        return -x


FUNCTIONS: list[Callable[[float], float]] = [
    negated_int, swapped, widened, left_in_the_middle, changed_in_try, unchanged_in_except, kept_in_a_tuple,
    kept_in_a_list, chained, not_evaluated, returned_in_a_loop, chosen_in_pairs, counted_down, summed, true,
    raised_and_caught,
]  # fmt: skip
POINTS = [0.0, -0.0, 0.3, -0.3, 1.0, 2.0, -1.0, 3.5, 17.0, -4.2, 0.05, 100.0, math.inf, -math.inf, math.nan, 1e-310]
CALLED = {unchanged_in_except}  # what a name stands for after it depends on where the exception was raised


def value(f: Callable[[float], float], x: float) -> float:
    try:
        return float(f(x))
    except (ArithmeticError, ValueError):
        return math.nan


def same(a: float, b: float) -> bool:
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))


def program_of(f: Callable[[float], float]) -> Program:
    builder = Builder()
    return builder.program([Primitive(f.__name__, f, ieee=lambda x: math.nan)(builder.input())])


@needs_llvm
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_native_code_is_python_bit_for_bit(f: Callable[[float], float]) -> None:
    np: Any = pytest.importorskip("numpy")
    from autograd_lite.compiler.targets import llvm

    kernel, rows = llvm.scalar(program_of(f)), llvm.rows(program_of(f), [True], [False], precise=True)
    found = np.empty(len(POINTS))
    rows([np.array(POINTS)], [found], len(POINTS))
    for x, over in zip(POINTS, found.tolist(), strict=True):
        assert same(kernel(x)[0], value(f, x)), x
        assert same(over, value(f, x)), x
    assert ("@python" in kernel.assembly) == (f in CALLED)


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_is_python() -> None:
    functions = [f for f in FUNCTIONS if f not in CALLED]
    runs = ", ".join(f"[{javascript.emit(program_of(f))}]" for f in functions)
    points = ", ".join(map(javascript.number, POINTS))
    text = f"console.log(JSON.stringify([{runs}].map(([f]) => [{points}].map((x) => String(f([x])[0])))));"
    done = subprocess.run(["node", "-"], input=text, capture_output=True, text=True, check=True)
    for f, found in zip(functions, json.loads(done.stdout), strict=True):
        for x, y in zip(POINTS, found, strict=True):
            expected = value(f, x)
            assert float(y) == pytest.approx(expected, rel=1e-14, nan_ok=True), (f.__name__, x)


def test_what_is_fixed_is_gone() -> None:
    def polynomial(coefficients: tuple[float, ...], x: float) -> float:
        total = 0.0
        for coefficient in reversed(coefficients):
            total = total * x + coefficient
        return total if len(coefficients) > 1 else 0.0

    function = Reader().read(polynomial, [(1.0, 2.0), F])  # type: ignore[arg-type]
    assert function.parameters == (Variable("x", float),)
    assert [type(node) for node in function.body] == [Assign, Assign, Return]
    assert not any(isinstance(node, (If, While)) for node in nodes(function.body))
    assert Reader().read(polynomial, [(1.0,), F]).body[-1] == Return(0.0)  # type: ignore[arg-type]


def test_a_function_is_read_once_for_one_pattern() -> None:
    reader = Reader()
    f: Any = lambda x: math.sin(x) + 1.0
    assert reader.read(f, [F]) is reader.read(f, [F])
    assert reader.read(f, [2.0]) is not reader.read(f, [F])
    (returned,) = reader.read(f, [F]).body
    assert isinstance(returned, Return)
    assert isinstance(returned.value, Apply)
    assert returned.value.kind is float


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda x: f"{x}", "goes beyond arithmetic"),
        (lambda x, base=2.0: x, "defaults"),
        (lambda x: x(1.0), "which it was given"),
        (lambda x: (1.0, 2.0)[int(x)], "a place in a sequence depends on a number"),
        (lambda x: int(x) + int(x), "an int of any size"),
        (lambda x: None, "no number"),
        (lambda x, y: x, "takes 2 arguments, not 1"),
    ],
)
def test_what_cannot_be_read_says_why(f: Any, reason: str) -> None:
    with pytest.raises(Untranslatable, match=reason):
        Reader().read(f, [F])
