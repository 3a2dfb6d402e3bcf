"""The command line: what it prints, what it refuses, and that it refuses in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from autograd_lite.cli import main

Capture = pytest.CaptureFixture[str]


def output(capsys: Capture, *argv: str) -> str:
    assert main(list(argv)) == 0
    return capsys.readouterr().out


def refusal(capsys: Capture, *argv: str) -> str:
    assert main(list(argv)) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("autograd-lite: error: ")
    assert err.endswith("\n")
    assert "Traceback" not in err
    return err


def test_the_first_circuit(capsys: Capture, tmp_path: Path):
    path = tmp_path / "circuit.dot"
    out = output(capsys, "(x + y) * z", "x=-2", "y=5", "z=-4", "--save", str(path))
    assert out.splitlines()[:4] == [
        "f = (x + y) * z = -12",
        "x = -2  ∂f/∂x = -4",
        "y = 5   ∂f/∂y = -4",
        "z = -4  ∂f/∂z = 3",
    ]
    assert "├─[−4]─ + = 3  ∂ −4" in out
    assert path.read_text(encoding="utf-8").startswith("digraph")


@pytest.mark.parametrize(
    ("argv", "line"),
    [
        (["-x**2", "x=3"], "f = -x**2 = -9"),
        (["--x", "x=3"], "f = --x = 3"),
        (["--save", "{}/p.txt", "-x", "x=3"], "f = -x = -3"),
        (["x", "--save={}/p.txt", "x=3"], "x = 3"),
        (["2"], "f = 2 = 2"),
        (["10**10**10"], "f = 10**10**10 = inf"),
        (["(-8)**0.5"], "f = (-8)**0.5 = nan"),
        (["max(x, 4, 2)", "x=3"], "f = max(x, 4, 2) = 4"),
        (["where(x > 0, x, 0)", "x=-1"], "f = where(x > 0, x, 0) = 0"),
        (["7 // x + 7 % x", "x=2"], "f = 7 // x + 7 % x = 4"),
        (["fsum(x, 1, 2) + hypot(3, 4)", "x=1"], "f = fsum(x, 1, 2) + hypot(3, 4) = 9"),
        (["floor(inf)"], "f = floor(inf) = inf"),
        (["ldexp(x, 3)", "x=1"], "f = ldexp(x, 3) = 8"),
        (["e + 0*pi", "e=5"], "f = e + 0*pi = 5"),
        (["x" + "+x" * 300, "x=1"], "= 301"),
        (["f*f", "f=2"], "result = f*f = 4"),
        (["µ", "µ=2"], "μ = µ = 2"),
    ],
)
def test_values(capsys: Capture, tmp_path: Path, argv: list[str], line: str):
    first = output(capsys, *(arg.format(tmp_path) for arg in argv)).splitlines()[0]
    assert first.endswith(line) if line.startswith("=") else first == line


def test_no_path_is_not_a_zero(capsys: Capture):
    assert "∂f/∂y = ·" in output(capsys, "where(y > 0, x, 1)", "x=2", "y=1")


def test_log_of_zero_warns_on_stderr(capsys: Capture):
    assert main(["log(x)", "x=0"]) == 0
    out, err = capsys.readouterr()
    assert err == "warning: divide by zero encountered in log(x=0.0) = -inf\n"
    assert out.startswith("f = log(x) = -inf\nx = 0  ∂f/∂x = inf\n")


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["sin(yy)", "y=1"], "unknown name yy: write yy=NUMBER after the expression, or did you mean y?"),
        (["x + y", "x=1"], "unknown name y: write y=NUMBER"),
        (["sinn(x)", "x=1"], "unknown function sinn: did you mean sin?"),
        (["sin", "x=1"], "sin is a function"),
        (["sin(x, x)", "x=1"], "sin takes 1 argument, not 2"),
        (["log()"], "log takes 1 to 2 arguments, not 0"),
        (["max(1)"], "max takes 2 arguments, not 1"),
        (["x", "x=1", "x=2"], "x is given twice"),
        (["x", "x=two"], "the value of x is not a number: 'two'"),
        (["x", "x"], "expected NAME=VALUE"),
        (["x", "2=3"], "expected NAME=VALUE"),
        (["x", "x=1", "y=2"], "y=2 is given, but the expression has no y"),
        (["x ^ 2", "x=1"], "write **"),
        (["__import__('os')"], "an expression has"),
        (["__import__(os)", "os=1"], "unknown function __import__"),
        (["x.real", "x=1"], "an expression has"),
        (["(lambda: 1)()"], "an expression has"),
        (["'a' * 3"], "an expression has"),
        (["1j + True"], "an expression has"),
        (["sin(x=1)"], "an expression has"),
        (["sin(*x)", "x=1"], "an expression has"),
        (["1 < x < 3", "x=2"], "one comparison at a time"),
        (["polygamma(x, x)", "x=1"], "argument 1 must be a whole number"),
        (["polygamma(-1, x)", "x=1"], "non-negative"),
        (["x", "x=1", "--save", "a.gif"], ".svg, .png, .pdf, .dot, .txt"),
        (["x", "x=1", "--save", "/nowhere/at/all/a.txt"], "cannot write /nowhere/at/all/a.txt: No such file"),
        (["x", "x=1", "--bogus"], "unrecognized arguments: --bogus"),
        (["x", "x=1", "--save"], "expected one argument"),
        (["--save", "a.txt"], "required: expression"),
        (["  "], "the expression is empty"),
        (["1" * 1_000_000], "at most 100000"),
        (["-" * 90_000 + "1"], "too deep"),
        (["1" + "+1" * 49_000], "too deep"),
        (["\ud800"], ""),
        (["1\x00"], "null bytes"),
    ],
)
def test_refusals_are_one_line(capsys: Capture, argv: list[str], part: str):
    err = refusal(capsys, *argv)
    assert part in err
    assert err.count("\n") == 1
    assert len(err) < 300


@pytest.mark.parametrize(
    "expression", ["(" * 40_000 + "1" + ")" * 40_000, "(x", "x +* y", "x" * 500 + " y", "9" * 5000]
)
def test_a_syntax_error_is_pointed_at(capsys: Capture, expression: str):
    lines = refusal(capsys, expression).splitlines()
    if len(lines) > 1:
        assert len(lines) == 3
        assert lines[2].strip() == "^"
    assert max(map(len, lines)) < 300


def test_the_caret_stands_under_the_mistake(capsys: Capture):
    _, excerpt, caret = refusal(capsys, "x +* y", "x=1").splitlines()
    assert excerpt[caret.index("^")] == "*"


def test_help(capsys: Capture):
    assert "NAME=VALUE" in output(capsys, "--help")
    assert main([]) == 2
    assert "usage: autograd-lite" in capsys.readouterr().out


def test_python_m_is_the_same_program():
    command = [sys.executable, "-X", "utf8", "-m", "autograd_lite", "-x * 2", "x=1"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("f = -x * 2 = -2\nx = 1  ∂f/∂x = -2\n")
