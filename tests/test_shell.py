"""At the prompt: Python's shell and IPython, each run as a person would run it, and what rich prints."""

from __future__ import annotations

import html
import inspect
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import IPython
import pytest
from rich.console import Console

from autograd_lite import Value, shell


def run(command: list[str], typed: str, home: Path) -> str:
    """What a program prints when that is typed into it; without colours, histories and profiles of one's own."""
    settings = {"IPYTHONDIR": str(home), "PYTHONUTF8": "1", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [sys.executable, *command],
        input=typed,
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


TYPED = """\
x, y = Value(2.0), Value(3.0)
f = x * math.sqrt(y * y)
f.backward()
f
print(f.draw().text())
grad(lambda a: a * a)(3.0), ag.Value is Value
"""


def test_python_m_without_arguments_opens_a_shell_with_everything_imported(tmp_path: Path):
    shown = run(["-m", "autograd_lite"], TYPED, tmp_path)
    assert ">>> import autograd_lite as ag\n>>> from autograd_lite import *\n" in shown
    assert "Value(6.0, grad=1)" in shown
    assert "f: × = 6  ∂ 1\n├─[3]─ x = 2  ∂ 3\n" in shown
    assert "(6.0, True)" in shown


def test_what_the_banner_says_to_try_works(tmp_path: Path):
    shown = run(["-m", "autograd_lite"], shell._TRY + "\n", tmp_path)
    assert "f: × = 0.9589  ∂ 1" in shown
    assert "Error" not in shown


def test_at_a_terminal_the_shell_is_ipython_with_the_extension(monkeypatch: pytest.MonkeyPatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    opened = {}
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(IPython, "start_ipython", lambda **options: opened.update(options))
    shell.interact()
    assert opened["user_ns"]["Value"] is Value
    assert {"ag", "math", "grad", "Value", "label"} <= set(opened["user_ns"])
    assert opened["config"].InteractiveShellApp.extensions == ["autograd_lite"]
    assert opened["config"].TerminalInteractiveShell.banner1.startswith("autograd_lite 0.")


def test_without_ipython_a_terminal_gets_pythons_own_shell(monkeypatch: pytest.MonkeyPatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdin", Terminal("print(Value(3.0) * 2)\n"))
    monkeypatch.setitem(sys.modules, "IPython", None)
    shell.interact()
    assert "Value(6.0)" in capsys.readouterr().out


PROMPT = """\
x, y = Value(2.0), Value(3.0); f = x * y; f.backward(); f.draw()
%circuit f
%explain x
%explain x, f
%steps f
%circuit -k f
y.data = 5.0; _ = f.replay()
%circuit -k
%circuit 3 + 4
%explain nothing
%steps
%explain (x, 3)
%explain x.data +
"""
TREE = "f: × = 6  ∂ 1\n├─[3]─ x = 2  ∂ 3\n└─[2]─ y = 3  ∂ 2\n"


def test_pythons_own_prompt_has_the_commands(tmp_path: Path):
    shown = run(["-m", "autograd_lite"], PROMPT, tmp_path)
    assert shown.count(TREE) == 3  # drawn, asked for, and kept
    assert shown.count("f: × = 10  ∂ ·\n") == 1  # it is shown after each input until it is no longer kept
    assert shown.count("x = 2,  x.grad = ∂f/∂x = 3\n") == 1
    assert shown.count("x = 2,  ∂f/∂x = 3\n") == 1
    assert "1. f = x × y:  ∂f/∂f = 1\n" in shown
    assert "%circuit: expected a Value, got int 7\n" in shown
    assert "%explain: NameError: name 'nothing' is not defined\n" in shown
    assert "%steps: of what? Write %steps f\n" in shown
    assert "%explain: expected a Value, got int 3\n" in shown
    assert "%explain: SyntaxError: " in shown
    assert "Traceback" not in shown


def test_ipython_has_the_commands(tmp_path: Path):
    typed = "from autograd_lite import Value\n%load_ext autograd_lite\n" + PROMPT + "%unload_ext autograd_lite\n"
    typed += "%circuit f\n"
    shown = run(IPYTHON, typed, tmp_path)
    assert shown.count(TREE) == 3
    assert shown.count("f: × = 10  ∂ ·\n") == 1
    assert shown.count("x = 2,  x.grad = ∂f/∂x = 3\n") == 1
    assert "1. f = x × y:  ∂f/∂f = 1\n" in shown
    assert "UsageError: %circuit: expected a Value, got int 7\n" in shown
    assert "UsageError: %steps: of what? Write %steps f\n" in shown
    assert "UsageError: Line magic function `%circuit` not found" in shown
    assert "Traceback" not in shown


def test_tab_completion_has_the_real_parameters():
    shell._show_parameters()
    names = {"f": Value(1.0), "x": Value(2.0)}
    assert {"precision=", "direction=", "check="} <= set(shell._parameters("f.draw(", "", names))
    assert shell._parameters("print(x.explain(x, ", "pre", names) == ["precision="]
    assert shell._parameters("x.steps(f, seed=(1), ", "", names) == []
    assert "forward=" in shell._parameters("f.steps(1.0, ", "", names)
    for nonsense in ("f.draw", "(", "nothing(", "f.draw()(", "1("):
        assert shell._parameters(nonsense, "", names) == []
    assert str(inspect.signature(names["f"].explain)).startswith("(z: 'Value | None' = None, *, names:")


def formatted(program: str) -> dict[str, str]:
    """What a notebook's cell of that program shows, by kind; the extension is loaded."""
    nbformat = pytest.importorskip("nbformat", reason="notebooks need pip install 'autograd_lite[docs]'")
    nbclient = pytest.importorskip("nbclient", reason="notebooks need pip install 'autograd_lite[docs]'")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in (LOADED, program)])
    done = nbclient.NotebookClient(notebook, kernel_name="python3").execute()
    (shown,) = done.cells[1].outputs
    return dict(shown.data)


LOADED = """\
import numpy as np
from autograd_lite import Value, math
%load_ext autograd_lite
x, y = Value(3.0), Value(0.0, "<y>")
f = x * x + math.relu(y)
f.backward()
"""


def cells(page: str) -> list[list[str]]:
    return [
        [html.unescape(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)]
        for row in re.findall(r"<tr>(.*?)</tr>", page, re.DOTALL)
    ]


def test_a_notebook_shows_tables_and_set_formulas():
    asked = ["f.steps()", "x.explain()", "f.kinks()", "[x, y, f]", "np.array([[x, y], [y, x]])", "(x, 1.0)"]
    asked += ["%steps f", "f.draw().latex()", "%circuit f", "[[x], [y, x]]", "np.array([1.0, 2.0])", "[]", "[[], []]"]
    show = "get_ipython().display_formatter.format"
    program = f"{{line: {show}(get_ipython().run_line_magic(*line[1:].split()) if line[0] == '%' else eval(line))[0] "
    program += f"for line in {asked}}}"
    given = eval(formatted(program)["text/plain"])
    tables = {line: cells(data["text/html"]) for line, data in given.items() if "text/html" in data}
    assert set(tables) == {*asked[:5], "%steps f"}
    assert tables["f.steps()"][0] == ["1. f = x × x + relu(<y>):", "∂f/∂f = 1"]
    assert tables["f.steps()"][1] == ["     to x × x:", "1 × ∂f/∂f = 1 × 1 = 1"]
    assert tables["f.steps()"] == tables["%steps f"]
    terms = [[f"  via x × x, operand {i}:", "3 × 1 = 3", "x × ∂f/∂f"] for i in (1, 2)]
    assert tables["x.explain()"][2:5] == [*terms, ["  sum:", "3 + 3 = 6"]]
    assert tables["x.explain()"][6:8] == [["  f ← × ←₁ x:", "1 × 3 = 3"], ["  f ← × ←₂ x:", "1 × 3 = 3"]]
    slopes = ["    slope by <y>:", "0 to the left, 1 to the right; 0 was taken"]
    assert tables["f.kinks()"] == [["1 kink:"], ["  relu(<y>), a kink at <y> = 0"], slopes]
    rows = [["0", "x", "3", "6"], ["1", "<y>", "0", "0"], ["2", "f", "9", "1"]]
    assert tables["[x, y, f]"] == [["", "name", "data", "grad"], *rows]
    assert tables["np.array([[x, y], [y, x]])"][1] == ["0", "3\n∂ 6", "0\n∂ 0"]
    assert given["f.draw().latex()"]["text/latex"].startswith("$$\n\\begin{aligned}")
    assert given["%circuit f"]["text/plain"].startswith("f: + = 9  ∂ 1\n")
    assert ">x<" in given["%circuit f"]["image/svg+xml"]


def test_long_lists_are_abridged():
    page = shell._table_of([Value(float(i)) for i in range(250)], {})
    assert page is not None
    assert len(cells(page)) == 1 + shell.MOST_ROWS
    assert page.endswith("… and 150 more</div>")


IPYTHON = ["-m", "IPython", "--simple-prompt", "--no-banner", "--colors=NoColor", "--no-confirm-exit"]


def test_a_system_without_readline_has_the_shell_all_the_same(tmp_path: Path):
    """Windows, and builds without it."""
    program = "import sys; sys.modules['readline'] = sys.modules['IPython'] = None\n"
    program += "from autograd_lite.shell import interact; interact()"
    assert "Value(6.0, grad=1)" in run(["-c", program], TYPED, tmp_path)


def test_ipython_shows_values_by_their_names_and_leaves_them_as_they_are(tmp_path: Path):
    typed = """\
from autograd_lite import Value
x = Value(2.0)
x
%load_ext autograd_lite
x
ws = [x * 3, Value(1.0, "explicit")]
ws
x.label is None
%unload_ext autograd_lite
x
"""
    shown = run(IPYTHON, typed, tmp_path)
    answers = [line.split(": ", 2)[-1] for line in shown.splitlines() if "Out[" in line]
    assert answers == ["Value(2.0)", "Value(x=2.0)", "[Value(ws[0]=6.0), Value(explicit=1.0)]", "True", "Value(2.0)"]
    assert "<svg" not in shown


def test_jupyter_shows_the_circuit_with_the_names_of_the_session(tmp_path: Path):
    program = """\
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell()
shell.display_formatter.active_types = ["text/plain", "image/svg+xml"]
shell.run_cell("from autograd_lite import Value\\nweight = Value(2.0)\\nanswer = weight * 3")
answer = shell.user_ns["answer"]
shell.run_line_magic("load_ext", "autograd_lite")
data, _ = shell.display_formatter.format(answer)
print("with", [f">{name}<" in data["image/svg+xml"] for name in ("weight", "answer")], data["text/plain"])
shell.run_line_magic("unload_ext", "autograd_lite")
shell.run_cell("data, _ = get_ipython().display_formatter.format(answer)")
print("displayed", ">weight<" in shell.user_ns["data"]["image/svg+xml"])
"""
    shown = run(["-c", program], "", tmp_path)
    assert shown.splitlines() == ["with [True, True] Value(answer=6.0)", "displayed True"]


def test_rich_prints_a_value_as_its_repr():
    console = Console(file=io.StringIO(), width=80)
    x = Value(2.0, "x")
    f = x * 3
    f.backward()
    console.print(x, f, [Value(1.5), Value(2.0, "two words")])
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert printed == "Value(x=2.0, grad=3.0)\nValue(6.0, grad=1.0)\n[Value(1.5), Value(two words=2.0)]\n"
