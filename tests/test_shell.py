"""At the prompt: Python's shell and IPython, each run as a person would run it, and what rich prints."""

from __future__ import annotations

import io
import os
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
