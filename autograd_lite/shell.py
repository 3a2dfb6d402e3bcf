"""At the prompt: the shell that ``python -m autograd_lite`` opens, and the extension of IPython.

The shell is IPython where that is installed and Python's own elsewhere, with everything of the package imported. With
``%load_ext autograd_lite`` IPython shows each Value under the name its variable has, and Jupyter its circuit with all
of them; a terminal draws nothing that it was not asked for. IPython is imported when it is needed, and not before.
"""

from __future__ import annotations

import sys
from copy import copy
from typing import Any

from .names import names_of
from .value import Value

_IMPORTS = "import autograd_lite as ag\nfrom autograd_lite import *"
_TRY = "x, y = Value(2.0), Value(0.5); f = x * math.sin(y); f.backward(); print(f.draw().text())"


def interact() -> None:
    """Open the shell, and return when it is left."""
    names: dict[str, Any] = {"__name__": "__main__"}
    exec(_IMPORTS, names)
    imports = "\n".join(f">>> {line}" for line in _IMPORTS.splitlines())
    banner = f"autograd_lite {names['ag'].__version__}, Python {sys.version.split()[0]}\n{imports}\nTry: {_TRY}\n"
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
    import code

    try:
        import readline
        import rlcompleter
    except ImportError:  # not on every system; the line is then read without them
        pass
    else:
        readline.set_completer(rlcompleter.Completer(names).complete)
        readline.parse_and_bind("tab: complete")
    code.interact(banner.rstrip(), local=names, exitmsg="")


# ---- IPython's extension ---------------------------------------------------------------------------------------------


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext autograd_lite``: Values are shown with the names that the session's variables give them."""

    def text(node: Value, printer: Any, cycle: bool) -> None:
        name = names_of([node], shell.user_ns).get(node)
        printer.text(repr(node if name is None else copy(node).named(name)))

    def svg(node: Value) -> str:
        return node.draw(names=shell.user_ns).svg()

    formatters = shell.display_formatter.formatters
    formatters["text/plain"].for_type(Value, text)
    formatters["image/svg+xml"].for_type(Value, svg)


def unload_ipython_extension(shell: Any) -> None:
    """``%unload_ext autograd_lite``: Values are shown as they were before."""
    for kind in ("text/plain", "image/svg+xml"):
        shell.display_formatter.formatters[kind].pop(Value, None)
