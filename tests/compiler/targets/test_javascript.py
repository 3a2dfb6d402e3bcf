"""Every row in JavaScript, run by node or by Chromium, against the row in Python."""

from __future__ import annotations

import json
import math
import os
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rows import CASES, POINTS, expected, far, points_of

from autograd_lite import custom
from autograd_lite import math as agmath
from autograd_lite.compiler import Builder
from autograd_lite.compiler.targets.javascript import Untranslatable, emit, number
from autograd_lite.primitives import Primitive

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NODE = shutil.which("node")
needs_javascript = pytest.mark.skipif(not NODE and not CHROMIUM, reason="Node is not installed, nor is Chromium")


def run(script: str, tmp_path: Path) -> Any:
    """What a script, an expression, evaluates to, by way of JSON."""
    if NODE:
        file = tmp_path / "script.js"
        file.write_text(f"process.stdout.write(JSON.stringify({script}))", encoding="utf-8")
        done = subprocess.run([NODE, str(file)], capture_output=True, text=True, encoding="utf-8", timeout=120)
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        try:
            return json.loads(browser.new_page().evaluate(f"JSON.stringify({script})"))
        finally:
            browser.close()


TEXTS = "(y) => Array.from(y, (x) => Object.is(x, -0) ? '-0.0' : String(x))"  # JSON knows no nan, no inf and no -0


def evaluated(functions: list[str], points: list[list[tuple[float, ...]]], tmp_path: Path) -> list[list[list[float]]]:
    """Each function, JavaScript from numbers to numbers, at each of its points."""
    calls = [
        f"[{', '.join('[' + ', '.join(map(number, point)) + ']' for point in some)}].map({function}).map({TEXTS})"
        for function, some in zip(functions, points, strict=True)
    ]
    found = run(f"[{', '.join(calls)}]", tmp_path)
    return [[[float(text) for text in values] for values in some] for some in found]


def program_of(row: Primitive, arity: int) -> str:
    builder = Builder()
    args = [builder.input() for _ in range(arity)]
    y = row(*args)
    return emit(builder.program([y, *(row.derivative(i)(y, *args) for i in range(arity))]))


@needs_javascript
def test_every_row_and_every_local_derivative_is_pythons(tmp_path: Path):
    points = [points_of(row, arity) for row, arity in CASES]
    found = evaluated([program_of(row, arity) for row, arity in CASES], points, tmp_path)
    wrong = []
    for (row, _), some, values in zip(CASES, points, found, strict=True):
        assert len(some) >= POINTS / 2
        for point, numbers in zip(some, values, strict=True):
            truth = expected(row, point)
            wrong += [f"{row}{point}[{i}]: {a} is not {b}" for i, (a, b) in enumerate(zip(numbers, truth)) if far(a, b)]
    assert not wrong, f"{len(wrong)} wrong:\n" + "\n".join(wrong[:400])


ROUNDED_ONCE = {"add", "mul", "div", "sqrt", "fma", "fsum", "sumprod", "nextafter", "ulp", "ldexp", "fmod", "remainder"}


@needs_javascript
def test_what_is_rounded_once_is_the_same_float(tmp_path: Path):
    cases = [(row, arity) for row, arity in CASES if row.name in ROUNDED_ONCE]
    assert {row.name for row, _ in cases} == ROUNDED_ONCE
    rng = random.Random(5)
    points = [points_of(row, arity) for row, arity in cases]
    for (row, arity), some in zip(cases, points, strict=True):
        if row.name in ("fma", "fsum", "sumprod"):  # ties and near ties: small integers, and far smaller ones
            sizes = [1.0, 2.0**-53, 2.0**-54, 2.0**53, 3.0, 2.0**-1074]
            some += [tuple(rng.choice(sizes) * rng.randint(-9, 9) for _ in range(arity)) for _ in range(500)]
    found = evaluated([program_of(row, arity) for row, arity in cases], points, tmp_path)
    for (row, _), some, values in zip(cases, points, found, strict=True):
        for point, (y, *_) in zip(some, values, strict=True):
            assert not far(y, row(*point), 0.0), f"{row}{point}: {y!r} is not {row(*point)!r}"


def _halved(x: float) -> float:
    return 0.5 * x


def _looping(x: float) -> float:
    total = 0.0
    while total < x:
        total += 1.0
        if total > 100.0:
            break
    return total if not x > 5.0 else _halved(total)


def _caught(x: float) -> float:
    try:
        return math.exp(math.sqrt(x))
    except OverflowError:
        return 1.0


@needs_javascript
def test_an_operation_of_the_users_own_is_translated(tmp_path: Path):
    new, scale = 3.0, 2.0  # `new` is a word of JavaScript's
    rows = [
        Primitive("twice", lambda x: scale * x),
        Primitive("twice", lambda x: new * x),  # two of one name
        Primitive("looping", _looping),
        Primitive("caught", _caught, ieee=lambda x: new + x),
        custom(lambda x: agmath.exp(agmath.fabs(x)) / 2, lambda y, x: y, name="</script>"),
    ]
    builder = Builder()
    x = builder.input()
    (values,) = evaluated([emit(builder.program([row(x) for row in rows]))], [[(7.5,), (-3.0,), (1e6,)]], tmp_path)
    assert values[:2] == [
        [15.0, 22.5, 4.0, pytest.approx(math.exp(7.5**0.5)), pytest.approx(math.exp(7.5) / 2)],
        [-6.0, -9.0, 0.0, 0.0, pytest.approx(math.exp(3.0) / 2)],
    ]
    assert values[2][3] == 1.0
    assert "</" not in emit(builder.program([rows[4](x)]))


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (eval("lambda x: x"), "source is not at hand"),
        (lambda x: f"{x}", "goes beyond arithmetic"),
        (lambda x, base=2.0: x, "defaults"),
        (lambda x: x.real, "neither a number nor a function"),
        (lambda x: x(1.0), "which it was given"),
        (lambda x: missing(x), "neither a number nor a function"),  # type: ignore[name-defined]  # noqa: F821
        (lambda x: os.getpid(), "no counterpart"),
    ],
)
def test_what_has_no_javascript_says_why(value: Any, reason: str):
    builder = Builder()
    x = builder.input()
    with pytest.raises(Untranslatable, match=reason):
        emit(builder.program([Primitive("own", value)(x)]))


@needs_javascript
def test_a_long_program_runs_in_pieces(tmp_path: Path):
    builder = Builder()
    y = x = builder.input()
    for k in range(5000):
        y = y * 0.5 + float(k)
    total = 2.0
    for k in range(5000):
        total = total * 0.5 + float(k)
    (values,) = evaluated([emit(builder.program([y, x, 1.5, -0.0]))], [[(2.0,)]], tmp_path)
    assert values == [[total, 2.0, 1.5, 0.0]]
