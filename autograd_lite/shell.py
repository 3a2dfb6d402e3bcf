"""At the prompt: the shell that ``python -m autograd_lite`` opens, and the extension of IPython.

The shell is IPython where that is installed and Python's own elsewhere, with everything of the package imported. Both
have the commands ``%circuit f``, ``%explain x`` and ``%steps f``, and ``%circuit -k f`` shows the circuit again after
every input until ``%circuit -k``. With ``%load_ext autograd_lite`` IPython shows each Value under the name its variable
has, and Jupyter its circuit, lists and arrays of Values as tables. IPython is imported when needed, and not before.
"""

from __future__ import annotations

import builtins
import code
import functools
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from . import drawing, explain
from .coercion import short_label
from .drawing import Picture
from .explain.steps import Steps
from .explain.tables import table
from .names import names_of
from .value import Value

_IMPORTS = "import autograd_lite as ag\nfrom autograd_lite import *"
_TRY = "x, y = Value(2.0), Value(0.5); f = x * math.sin(y); f.backward(); f.draw()"
_COMMANDS: dict[str, Callable[..., Any]] = {"circuit": drawing.draw, "explain": explain.explain, "steps": explain.steps}
MOST_ROWS = 100


def interact() -> None:
    """Open the shell, and return when it is left."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(_IMPORTS, names)
    imports = "\n".join(f">>> {line}" for line in _IMPORTS.splitlines())
    commands = "Then: %circuit f, %explain x, %steps f; %circuit -k f keeps it in sight"
    version = f"autograd_lite {names['ag'].__version__}, Python {sys.version.split()[0]}"
    banner = f"{version}\n{imports}\nTry: {_TRY}\n{commands}\n"
    if not (sys.stdin.isatty() and _ipython(names, banner)):
        _python(names, banner)


def _ipython(names: dict[str, Any], banner: str) -> bool:
    """Open IPython, if it is there."""
    try:
        import IPython
        from traitlets.config import Config
    except ImportError:
        return False
    settings = Config()
    settings.TerminalInteractiveShell.banner1 = banner
    settings.InteractiveShellApp.extensions = ["autograd_lite"]
    IPython.start_ipython(argv=[], user_ns=names, config=settings)
    return True


def _python(names: dict[str, Any], banner: str) -> None:
    _show_parameters()
    try:
        import readline
        import rlcompleter
    except ImportError:  # not on every system; the line is then read without them
        pass
    else:

        class Completer(rlcompleter.Completer):
            def global_matches(self, text: str) -> list[str]:
                typed = readline.get_line_buffer()[: readline.get_begidx()]
                return [*_parameters(typed, text, names), *super().global_matches(text)]

        readline.set_completer(Completer(names).complete)
        readline.parse_and_bind("tab: complete")
    shown, sys.displayhook = sys.displayhook, _display
    try:
        _Console(names).interact(banner.rstrip(), exitmsg="")
    finally:
        sys.displayhook = shown


class _Console(code.InteractiveConsole):
    """Python's own prompt, with the commands."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__(names)
        self.kept = _Kept(names)

    def runsource(self, source: str, filename: str = "<input>", symbol: str = "single") -> bool:
        command, _, rest = source.strip().partition(" ")
        if command[:1] != "%" or command[1:] not in _COMMANDS:
            return super().runsource(source, filename, symbol)
        try:
            sys.displayhook(self.kept.asked(command[1:], rest))
        except ValueError as error:
            self.write(f"{error}\n")
        self.kept.show()
        return False

    def runcode(self, code: Any) -> None:
        super().runcode(code)
        self.kept.show()


def _display(result: Any) -> None:
    text = _text(result)
    if text is None:
        sys.__displayhook__(result)
    else:
        builtins._ = result  # type: ignore[attr-defined]
        print(text)


def _text(result: Any) -> str | None:
    """What a terminal shows of what has a picture or a page elsewhere; None for everything else."""
    return result.text() if isinstance(result, Picture) else str(result) if isinstance(result, Steps) else None


def _asked(command: str, line: str, names: Mapping[str, Any]) -> Any:
    """The answer to ``%command line``: a picture, an explanation or steps. ValueError says what was wrong."""
    if not line.strip():
        raise ValueError(f"%{command}: of what? Write %{command} {'x' if command == 'explain' else 'f'}")
    try:
        found = eval(line, dict(names))
    except Exception as error:
        raise ValueError(f"%{command}: {type(error).__name__}: {error}") from None
    nodes = found if isinstance(found, tuple) and command == "explain" else (found,)
    for node in nodes:
        if not isinstance(node, Value):
            raise ValueError(f"%{command}: expected a Value, got {type(node).__name__} {short_label(repr(node), 40)}")
    try:
        return _COMMANDS[command](*nodes, names=names)
    except (TypeError, ValueError) as error:
        raise ValueError(f"%{command}: {error}") from None


class _Kept:
    """The circuit that is shown after every input, by the expression that it was asked for with."""

    def __init__(self, names: Mapping[str, Any]) -> None:
        self.names = names
        self.line = ""

    def asked(self, command: str, line: str) -> Any:
        """The answer to a command; None for one with ``-k``."""
        if command == "circuit" and line[:2] == "-k":
            return self.keep(line)
        return _asked(command, line, self.names)

    def keep(self, line: str) -> None:
        """For ``-k f``, from now on, and for ``-k`` no longer. ValueError if there is no such circuit."""
        wanted = line.removeprefix("-k").strip()
        if wanted:
            _asked("circuit", wanted, self.names)
        self.line = wanted

    def show(self, *executed: Any) -> None:
        if self.line:
            try:
                print(_asked("circuit", self.line, self.names).text())
            except ValueError as error:
                print(error)


# ---- tab completion --------------------------------------------------------------------------------------------------


def _show_parameters() -> None:
    """Give the methods that pass their options on the signatures of the functions they pass them to."""
    asked: dict[str, Callable[..., Any]] = {"kinks": explain.kinks, "diagnose": explain.diagnose}
    for name, function in (asked | {name: _COMMANDS[name] for name in ("explain", "steps")}).items():
        signature = inspect.signature(function)
        itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
        rest = list(signature.parameters.values())[1:]
        getattr(Value, name).__signature__ = signature.replace(parameters=[itself, *rest])


def _parameters(typed: str, text: str, names: dict[str, Any]) -> list[str]:
    """The parameters, each as ``name=``, that may follow what was typed: ``f.draw(``, of which `text` is the start."""
    called = re.search(r"([\w.]+)\([^()]*$", typed)
    try:
        parameters = inspect.signature(eval(called[1], names)).parameters if called else {}
    except Exception:  # what is typed so far need not make sense
        return []
    return [f"{name}=" for name in parameters if name.startswith(text)]


# ---- IPython's extension ---------------------------------------------------------------------------------------------


# Of which types a form is shown that IPython would not find by itself.
_SHOWN: dict[str, tuple[Any, ...]] = {
    "text/plain": (Value, Picture, Steps),
    "image/svg+xml": (Value,),
    "text/html": (list, tuple, "numpy.ndarray"),
}


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext autograd_lite``: Values are shown with the names that the session's variables give them, and there
    are the commands ``%circuit``, ``%explain`` and ``%steps``."""

    def text(thing: Any, printer: Any, cycle: bool) -> None:
        name = names_of([thing], shell.user_ns).get(thing) if isinstance(thing, Value) else None
        printer.text(_text(thing) or repr(thing if name is None else copy(thing).named(name)))

    def svg(node: Value) -> str:
        return node.draw(names=shell.user_ns).svg()

    def values(found: Any) -> str | None:
        own = getattr(found, "_repr_html_", None)  # a tuple of its own kind, such as Kinks
        return own() if own else _table_of(found, shell.user_ns)

    _show_parameters()
    for form, function in (("text/plain", text), ("image/svg+xml", svg), ("text/html", values)):
        for kind in _SHOWN[form]:
            shell.display_formatter.formatters[form].for_type(kind, function)
    kept = _Kept(shell.user_ns)
    for command in _COMMANDS:
        magic = functools.partial(_magic, command, kept)
        shell.register_magic_function(magic, magic_name=command)
    shell.events.register("post_run_cell", kept.show)


def _magic(command: str, kept: _Kept, line: str) -> Any:
    from IPython.core.error import UsageError

    try:
        return kept.asked(command, line)
    except ValueError as error:
        raise UsageError(str(error)) from None


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext autograd_lite``: everything is shown as it was before."""
    for form, kinds in _SHOWN.items():
        for kind in kinds:
            shell.display_formatter.formatters[form].pop(kind, None)
    for callback in list(shell.events.callbacks["post_run_cell"]):
        if isinstance(getattr(callback, "__self__", None), _Kept):
            shell.events.unregister("post_run_cell", callback)
    for command in _COMMANDS:
        shell.magics_manager.magics["line"].pop(command, None)


def _table_of(found: Any, names: Mapping[str, object]) -> str | None:
    """A list of Values as a table of their names, numbers and gradients, rows of Values as a matrix; None else."""
    if getattr(getattr(found, "dtype", None), "kind", "O") != "O" or not getattr(found, "ndim", 1) or not len(found):
        return None
    flat = isinstance(found[0], Value)
    rows = [found] if flat else list(found)
    if not all(hasattr(row, "__len__") and len(row) == len(rows[0]) > 0 for row in rows):
        return None
    if not all(isinstance(node, Value) for row in rows for node in row):
        return None
    rest = max(0, len(found) - MOST_ROWS)
    below = f"… and {rest} more" if rest else ""
    if flat:
        called = names_of(found, names)
        lines = [
            (f"{i}", node.label or called.get(node, ""), *_numbers(node)) for i, node in enumerate(found[:MOST_ROWS])
        ]
        return table(["", "name", "data", "grad"], lines, below=below)
    columns = range(min(len(rows[0]), MOST_ROWS))
    cells = [(f"{i}", *("\n∂ ".join(_numbers(row[j])) for j in columns)) for i, row in enumerate(rows[:MOST_ROWS])]
    return table(["", *map(str, columns)], cells, below=below)


def _numbers(node: Value) -> tuple[str, str]:
    return f"{node.data:.6g}", f"{node.grad:.6g}" if node.reached else "·"
