"""The command line: what it prints, what it refuses, and that it refuses in one line."""

from __future__ import annotations

import inspect
import io
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import autograd_lite
from autograd_lite import Value, primitives
from autograd_lite import math as ag_math
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
        (["--", "-x", "x=3"], "f = -x = -3"),
        (["--save", "{}/p.txt", "--", "-x", "x=3"], "f = -x = -3"),
        (["x == 2", "x=3"], "f = x == 2 = 0"),
        (["logsumexp(x, x) - log(2)", "x=3"], "f = logsumexp(x, x) - log(2) = 3"),
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
        (["--save", "a.txt"], "the expression is missing"),
        (["--text"], "the expression is missing"),
        (["x=1", "y=2"], "the expression comes first, before x=1"),
        (["x", "x=1", "--stepps"], "unrecognized option --stepps: did you mean --steps?"),
        (["--latx", "x", "x=1"], "unrecognized option --latx: did you mean --latex?"),
        (["x", "x=1", "--text", "--json"], "argument --json: not allowed with argument --text"),
        (["dist(1, 2)"], "unknown function dist"),
        (["frexp(1)"], "unknown function frexp"),
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


def test_version(capsys: Capture):
    assert output(capsys, "--version") == f"autograd-lite {autograd_lite.__version__}\n"


def test_help(capsys: Capture):
    helped = output(capsys, "--help")
    assert "usage: autograd-lite" in helped
    assert "NAME=VALUE" in helped
    assert all(f"--{form}" in helped for form in ("text", "latex", "mermaid", "html", "steps", "check", "json", "save"))


@pytest.mark.parametrize(
    ("form", "first"),
    [("text", "f: × = 6  ∂ 1"), ("latex", r"\begin{aligned}"), ("mermaid", "flowchart LR")],
)
def test_a_form_is_printed_alone(capsys: Capture, form: str, first: str):
    expected = (Value(2.0, "x") * Value(3.0, "y")).named("f")
    expected.backward()
    printed = output(capsys, "x * y", "x=2", "y=3", f"--{form}")
    assert printed.startswith(first + "\n")
    assert printed == f"{getattr(expected.draw(), form)()}\n"


def test_the_page_and_the_steps(capsys: Capture):
    f = (Value(2.0, "x") * Value(3.0, "y")).named("f")
    f.backward()
    assert output(capsys, "x * y", "x=2", "y=3", "--html") == f"{f.draw().html()}\n"
    assert output(capsys, "x * y", "x=2", "y=3", "--steps") == f"{f.steps()}\n"


def test_a_check_stands_beside_each_gradient(capsys: Capture):
    lines = output(capsys, "sin(x) * y**2 + relu(z)", "x=0.5", "y=-3", "z=0", "--check").splitlines()
    assert lines[0].startswith("f = sin(x)")
    for line, gradient in zip(lines[1:3], (9 * math.cos(0.5), -6 * math.sin(0.5))):
        shown, estimate, error = re.findall(r"∂f/∂. = (\S+) +numerically (\S+) ± (\S+): agrees", line)[0]
        assert float(shown) == pytest.approx(gradient, rel=1e-9)
        assert abs(float(estimate) - gradient) <= float(error) + 1e-9
        assert float(error) < 1e-8
    assert lines[3] == "z = 0    ∂f/∂z = 0             numerically 0 from the left, 1 from the right: lies between"


def test_a_wrong_derivative_fails_its_check(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(primitives.sin, "derivatives", (lambda y, x: 2.0,))
    assert main(["sin(x) + y", "x=0.5", "y=1", "--check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].endswith(": DISAGREES")
    assert lines[2].endswith(": agrees")


def test_a_check_where_there_is_nothing_to_compare_with(capsys: Capture):
    assert output(capsys, "log(x) / 0", "x=1", "--check").splitlines()[1].endswith("no numerical derivative")
    shown = output(capsys, "relu(x) - relu(-x)", "x=0", "--check")
    assert shown.endswith("numerically 1 ± 3e-15: a kink or an edge, where the slope was chosen\n")
    assert output(capsys, "sqrt(x)", "x=0", "--check").endswith(
        "numerically inf, quotients grow without bound: agrees\n"
    )


@pytest.mark.parametrize(
    ("expression", "at", "jump"),
    [
        ("where(x > 2, x, -x)", "2", "-2 on the left, -2 here, 2 on the right"),
        ("where(x == 2, 1, x)", "2", "2 on the left, 1 here, 2 on the right"),
        ("floor(x)", "2", "1 on the left, 2 here, 2 on the right"),
        ("x % 3", "6", "3 on the left, 0 here, 0 on the right"),
        ("1e6*x + (x >= 2)/1000", "2", "2000000 on the left, 2000000.001 here, 2000000.001 on the right"),
    ],
)
def test_a_check_sees_jumps(expression: str, at: str, jump: str, capsys: Capture):
    assert output(capsys, expression, f"x={at}", "--check").endswith(f"a jump: {jump}\n")
    assert output(capsys, expression, f"x={at}.25", "--check").endswith(": agrees\n")


def test_json_has_everything(capsys: Capture):
    read = json.loads(output(capsys, "log(x) * 2 + where(y > 0, x, 1)", "x=0", "y=-1", "--json"))
    assert read["expression"] == "log(x) * 2 + where(y > 0, x, 1)"
    assert read["value"] == "-inf"
    assert read["gradients"] == {"x": "inf", "y": None}
    assert [(node["kind"], node["op"], node["value"]) for node in read["nodes"][:4]] == [
        ("leaf", None, 0.0),
        ("operation", "log", "-inf"),
        ("constant", None, 2.0),
        ("operation", "mul", "-inf"),
    ]
    assert read["edges"][0] == {"from": "n0", "to": "n1", "operand": 0, "local_gradient": "inf"}
    ids = {node["id"] for node in read["nodes"]}
    assert ids == {edge["from"] for edge in read["edges"]} | {read["nodes"][-1]["id"]}


def test_json_of_more_nodes_than_a_picture_has(capsys: Capture):
    read = json.loads(output(capsys, "x" + "+x" * 700, "x=1", "--json"))
    assert len(read["nodes"]) == 701


def test_the_expression_is_read_from_the_input(capsys: Capture, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("(x + 1)\n  * 2\n"))
    assert output(capsys, "-", "x=3").startswith("f = (x + 1) * 2 = 8\n")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "the expression is empty" in refusal(capsys, "-")


def test_a_reader_that_has_enough_is_no_error():
    command = f"{sys.executable} -m autograd_lite 'x{'+x' * 900}' x=1 --json | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_no_arguments_open_the_shell(monkeypatch: pytest.MonkeyPatch):
    opened = []
    monkeypatch.setattr("autograd_lite.cli.interact", lambda: opened.append(True))
    assert main([]) == 0
    assert opened == [True]


def test_every_function_of_numbers_can_be_called_and_no_other(capsys: Capture):
    """Which those are is told by calling them with Values."""
    for name, function in vars(ag_math).items():
        if name.startswith("_") or not inspect.isfunction(function) or function.__module__ != ag_math.__name__:
            continue
        codes = [main([f"{name}({', '.join(['2'] * count)})"]) for count in range(1, 4)]
        capsys.readouterr()
        assert (0 in codes) == (name not in {"dist", "frexp", "modf", "softmax", "sumprod"}), name


def test_python_m_is_the_same_program():
    command = [sys.executable, "-X", "utf8", "-m", "autograd_lite", "-x * 2", "x=1"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("f = -x * 2 = -2\nx = 1  ∂f/∂x = -2\n")


def test_a_sign_and_a_number_beyond_all_floats(capsys: Capture):
    assert output(capsys, "+x * 2", "x=3").startswith("f = +x * 2 = 6\nx = 3  ∂f/∂x = 2\n")
    assert output(capsys, f"x / 1{'0' * 400}", "x=3").splitlines()[1] == "x = 3  ∂f/∂x = 0"
