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
        (
            ["sin(yz)", "y=1"],
            "unknown name yz: write yz=NUMBER after the expression, or did you mean y?\n  sin(yz)\n      ^",
        ),
        (["x + y", "x=1"], "unknown name y: write y=NUMBER"),
        (["x*y + xy", "x=1", "y=2"], "unknown name xy: write xy=NUMBER after the expression, or x*y for the product"),
        (["sinx", "x=1"], "unknown name sinx: write sinx=NUMBER after the expression, or sin(x)"),
        (["sinn(x)", "x=1"], "unknown function sinn: did you mean sin?"),
        (["sin(x, x)", "x=1"], "sin takes 1 argument, not 2"),
        (["log()"], "log takes 1 to 2 arguments, not 0"),
        (["max()"], "max takes at least one number"),
        (["x + [x]", "x=1"], "a list stands only in a call, as in sum([x, y])"),
        (["[x, x]", "x=1"], "a list has no gradient"),
        (["sin([x])", "x=1"], "sin: argument 1 must be one number, not a list"),
        (["dist(1, 2)"], "dist: argument 1 must be a list such as [1, 2]"),
        (["frexp(1)"], "frexp returns several numbers: an expression takes functions that return one"),
        (["softmax([1, 2])"], "softmax returns several numbers"),
        (["__import__(os)", "os=1"], "unknown function __import__"),
        (["polygamma(x, x)", "x=1"], "argument 1 must be a whole number"),
        (["polygamma(-1, x)", "x=1"], "non-negative"),
    ],
)
def test_a_mistake_in_the_expression_is_pointed_at(capsys: Capture, argv: list[str], part: str):
    err = refusal(capsys, *argv)
    assert part in err
    first, excerpt, caret = err.splitlines()
    assert len(first) < 300
    assert (excerpt, caret.strip()) == (f"  {argv[0]}", "^")


@pytest.mark.parametrize(
    ("argv", "part"),
    [
        (["x", "x=1", "x=2"], "x is given twice"),
        (["x", "x"], "expected NAME=VALUE"),
        (["x", "2=3"], "expected NAME=VALUE"),
        (["x", "x=1", "y=2"], "y=2 is given, but the expression has no y"),
        (["x", "x="], "the value of x is not a number such as 2, 1/3, pi or 0..1: a number is missing"),
        (["x", "x=0.."], "a number is missing"),
        (["x", "x=0..1:1"], "a sweep has 2 to 1000 values"),
        (["x", "x=0..1:2.5"], "a sweep has 2 to 1000 values"),
        (["x", "x=0..1:nan"], "a sweep has 2 to 1000 values"),
        (["x", "x=0..inf"], "a sweep has two finite ends"),
        (["x*y", "x=0..1", "y=0..1"], "one name at a time takes a sweep"),
        (["x", "x=0..1", "--steps"], "a sweep of values gives a table"),
        (["x", "x=0..1", "--save", "a.svg"], "a sweep of values gives a table"),
        (["x", "x=1", "--explain", "y"], "--explain takes one of x, not y"),
        (["x", "x=1", "--theme", "dark"], "add --save circuit.png"),
        (["x", "x=1", "--save", "a.gif"], ".svg, .png, .pdf, .dot, .txt"),
        (["x", "x=1", "--save", "/nowhere/at/all/a.txt"], "cannot write /nowhere/at/all/a.txt: No such file"),
        (["x", "x=1", "--bogus"], "unrecognized arguments: --bogus"),
        (["x", "x=1", "--save"], "expected one argument"),
        (["--save", "a.txt"], "the expression is missing"),
        (["--text"], "the expression is missing"),
        (["x=1", "y=2"], "the expression comes first, before x=1"),
        (["y = x^2", "x=2"], "and y = x² is written x²"),
        (["x", "x=1", "--stepps"], "unrecognized option --stepps: did you mean --steps?"),
        (["--latx", "x", "x=1"], "unrecognized option --latx: did you mean --latex?"),
        (["x", "x=1", "--text", "--json"], "argument --json: not allowed with argument --text"),
        (["  "], "the expression is empty"),
        (["1" * 1_000_000], "at most 100000"),
    ],
)
def test_refusals_are_one_line(capsys: Capture, argv: list[str], part: str):
    err = refusal(capsys, *argv)
    assert part in err
    assert err.count("\n") == 1
    assert len(err) < 300


@pytest.mark.parametrize("value", ["two", "1/", "2;3", "x", "1,5", "0x10", "1j"])
def test_a_value_that_is_no_number_is_pointed_at(capsys: Capture, value: str):
    first, excerpt, caret = refusal(capsys, "x", f"x={value}").splitlines()
    assert first.endswith("the value of x is not a number such as 2, 1/3, pi or 0..1")
    assert (excerpt, caret.strip()) == (f"  {value}", "^")


@pytest.mark.parametrize(
    ("value", "number"), [("1/3", 1 / 3), ("pi", math.pi), ("-π/2", -math.pi / 2), ("√2", 2**0.5), ("2e-3", 0.002)]
)
def test_a_value_is_an_expression_without_names(capsys: Capture, value: str, number: float):
    assert json.loads(output(capsys, "x", f"x={value}", "--json"))["value"] == number


def test_a_sweep_is_a_table(capsys: Capture):
    lines = output(capsys, "a*x^2", "x=-2..2:5", "a=3").splitlines()
    assert lines == [
        "f = a*x^2, a = 3",
        " x   f  ∂f/∂x  ∂f/∂a",
        "-2  12    -12      4",
        "-1   3     -6      1",
        " 0   0      0      0",
        " 1   3      6      1",
        " 2  12     12      4",
    ]
    rows = [list(map(float, line.split())) for line in output(capsys, "sin x", "x=0..1").splitlines()[2:]]
    assert [x for x, _, _ in rows] == pytest.approx([i / 10 for i in range(11)])
    assert [(y, slope) for _, y, slope in rows] == [
        (pytest.approx(math.sin(x), rel=1e-9), pytest.approx(math.cos(x), rel=1e-9)) for x, _, _ in rows
    ]


@pytest.mark.parametrize("depth", [1000, 49_000])
def test_depth_is_no_matter(capsys: Capture, depth: int):
    assert output(capsys, "-" * depth + "1", "--json").startswith('{"expression"')
    assert output(capsys, "(" * depth + "1" + ")" * depth, "--text").startswith("f = 1")


def test_lone_surrogates_and_null_bytes_are_refused_in_words(capsys: Capture):
    assert "is not understood here" in refusal(capsys, "\ud800")
    assert "is not understood here" in refusal(capsys, "1\x00")


def test_an_explanation_and_the_kinks(capsys: Capture):
    x = Value(0.0, "x")
    f = abs(x).named("f")
    f.backward()
    assert output(capsys, "|x|", "x=0", "--explain", "x") == f"{x.explain(f)}\n"
    assert output(capsys, "--kinks", "|x|", "x=0") == f"{f.kinks()}\n"


def test_the_version(capsys: Capture):
    assert output(capsys, "--version") == f"autograd-lite {autograd_lite.__version__}\n"


def test_a_comparison_is_drawn_by_its_name(capsys: Capture):
    assert "f: equal = 0" in output(capsys, "x == 2", "x=3").splitlines()[3]


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
        if name not in ag_math.__all__ or not inspect.isfunction(function):
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
