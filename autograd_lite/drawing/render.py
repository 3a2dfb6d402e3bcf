"""From DOT to the bytes of an image, by whichever Graphviz is at hand.

First the system's `dot`, then the Graphviz inside pygraphviz's wheel. Either runs in a process of its own, so that
neither a crash nor a layout without end takes the caller with it.
"""

from __future__ import annotations

FORMATS = ("svg", "png", "pdf")
SECONDS = 20.0

_CHILD = """\
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
"""

_NONE_FOUND = (
    "no Graphviz found to draw with: install Graphviz (`apt install graphviz`, `brew install graphviz`) "
    "or `pip install autograd_lite[draw]`"
)


def render(source: str, form: str, seconds: float = SECONDS) -> bytes:
    """The image that Graphviz makes of DOT `source`; `form` is one of `FORMATS`.

    RuntimeError, in one line, if there is no Graphviz, or it fails, or takes longer than `seconds`.
    """
    commands = _commands(form)
    if not commands:
        raise RuntimeError(_NONE_FOUND)
    failures = []
    for name, command in commands:
        image, failure = _run(command, source, seconds)
        if image:
            return image
        failures.append(f"{name} {failure}")
    raise RuntimeError(f"Graphviz made no {form}: {'; '.join(failures)}")


def _commands(form: str) -> list[tuple[str, list[str]]]:
    import importlib.util
    import shutil
    import sys

    commands = []
    dot = shutil.which("dot")
    if dot is not None:
        commands.append(("dot", [dot, f"-T{form}"]))
    if sys.executable and importlib.util.find_spec("pygraphviz") is not None:
        commands.append(("pygraphviz", [sys.executable, "-P", "-c", _CHILD, form]))
    return commands


def _run(command: list[str], source: str, seconds: float) -> tuple[bytes, str]:
    """The image, or nothing and what went wrong, on one line."""
    import subprocess

    try:
        done = subprocess.run(command, input=source.encode(), capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return b"", f"took longer than {seconds:g} s (.text() and .source need no layout)"
    except OSError as error:
        return b"", f"could not be started ({error.strerror})"
    if done.returncode == 0 and done.stdout:
        return done.stdout, ""
    complaints = done.stderr.decode(errors="replace").strip().splitlines()
    return b"", f"failed ({complaints[-1] if complaints else f'exit status {done.returncode}'})"
