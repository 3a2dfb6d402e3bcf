"""What the playground runs, in plain Python. `tests/docs/test_site.py` runs the tutorial's blocks in it."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from autograd_lite.playground import session
from autograd_lite.playground.examples import EXAMPLES


def run(source: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(session.run(source))
    return found


@pytest.mark.parametrize("program", EXAMPLES.values(), ids=EXAMPLES)
def test_every_example_shows_a_circuit(program: str) -> None:
    shown = run(program)
    assert shown["error"] is None
    assert shown["page"].startswith("<!DOCTYPE html>")
    assert {"Explanation", "Steps", "Tree", "LaTeX"} <= shown["texts"].keys()


def test_the_examples_print_what_is_right() -> None:
    assert run(EXAMPLES["(x + y) · z"])["printed"] == "-4.0 -4.0 3.0\n"
    newton = run(EXAMPLES["Newton's method"])["printed"].split()
    assert float(newton[-1]) == pytest.approx(2.0945514815423265, rel=1e-15)  # Wallis' equation
    p = [2.718281828459045**z for z in (2.0, 1.0, -1.0)]
    gradient = [round(v / sum(p) - (k == 0), 4) for k, v in enumerate(p)]
    assert run(EXAMPLES["Softmax and cross-entropy"])["printed"] == f"{gradient}\n"
    nan = run(EXAMPLES["A nan, and where it was born"])
    assert nan["printed"].startswith("nan\n")
    assert "inf" in nan["texts"]["Diagnosis"]


def test_names_that_an_expression_does_not_have_are_leaves_and_that_is_said() -> None:
    shown = run("x * sin(y) + x")
    assert shown["note"].startswith("x, y: 1 until")
    assert "1. f = " not in shown["printed"]
    tree = shown["texts"]["Tree"]
    assert "x = 1" in tree
    assert "y = 1" in tree
    assert run("a = [k * k for k in range(3)]")["note"].startswith("There is no circuit")


@pytest.mark.parametrize(
    ("program", "line", "told"),
    [
        ("x = Value(1.0)\ny = x +\n", 2, "SyntaxError"),
        ("x = Value(1.0)\n\ny = x * missing\n", 3, "name 'missing' is not defined"),
        ("def f(x):\n    return x / 'a'\n\nf(Value(1.0))\n", 2, "TypeError"),
        ("import numpy\nx = Value(1.0)", 1, None),
        ("raise SystemExit(3)", 1, "SystemExit"),
        ("x = Value(1.0)\nraise KeyboardInterrupt", 2, "interrupted"),
        ("f = lambda: f()\nf()", 1, "RecursionError"),
        ("unknown(x)\n", 1, "unknown"),
    ],
)
def test_a_mistake_is_told_with_its_line(program: str, line: int, told: str | None) -> None:
    if told is None:  # as where there is no NumPy
        program = program.replace("numpy", "numpy_of_nobody")
        told = "The playground has Python's standard library"
    error = run(program)["error"]
    assert error["line"] == line
    assert told in error["text"]


def test_what_was_printed_before_a_mistake_is_shown_and_an_endless_print_is_bounded() -> None:
    shown = run("print('before')\n1 / 0")
    assert shown["printed"] == "before\n"
    assert shown["error"]["line"] == 2
    loop = run("for _ in range(100_000):\n    print('x' * 50)")
    assert len(loop["printed"]) < 2 * session.MOST_PRINTED


def test_a_program_of_plain_numbers_is_told_what_to_write() -> None:
    shown = run("x = 3.0\ny = x * x\ny")
    assert shown["printed"] == "9.0\n"
    assert "Value(3.0)" in shown["note"]
    assert shown["page"] is None


def test_a_warning_names_its_line() -> None:
    assert "warning, line 2: " in run("x = Value(0.0)\ny = log(x)")["printed"]


def test_runs_leave_nothing_behind() -> None:
    hook = sys.displayhook
    run("left = Value(1.0)\nleft * 2")
    assert sys.displayhook is hook
    assert run("x = Value(1.0)\ny = left * x")["error"]["text"].startswith("NameError")
    assert run("x * left")["note"].startswith("x, left: 1")


def test_gradients_that_the_program_computed_stay() -> None:
    shown = run("x = Value(3.0)\nf = x * x\nf.backward(2.0)\nprint(x.grad)")
    assert shown["printed"] == "12.0\n"
    assert "∂ 12" in shown["texts"]["Tree"]


def test_with_a_mistake_the_circuit_is_of_what_was_computed_before() -> None:
    shown = run("x = Value(3.0)\nf = x * x\nf.nope")
    assert shown["error"]["line"] == 3
    assert "f: × = 9" in shown["texts"]["Tree"]
    assert run("f = Value(3.0) +")["page"] is None
