"""To the bytes of an image, by whichever program is at hand, and never for longer than it is given.

Of DOT: the system's `dot`, or else the Graphviz inside pygraphviz's wheel. Of SVG: a converter. Each runs in a process
of its own that is ended, with all it started, when its time is over, so that neither a crash nor a layout without end
takes the caller with it.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time

FORMATS = ("svg", "png", "pdf")
SECONDS = 5.0

_PYGRAPHVIZ = """\
import sys, pygraphviz
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="dot"))
"""
_CAIROSVG = """\
import sys, cairosvg
convert = {"png": cairosvg.svg2png, "pdf": cairosvg.svg2pdf}[sys.argv[1]]
sys.stdout.buffer.write(convert(bytestring=sys.stdin.buffer.read()))
"""
_BEGINS = {"svg": b"<", "png": b"\x89PNG", "pdf": b"%PDF"}


class NoImage(RuntimeError):
    """No image was made, and why, in one line."""


def laid_out(source: str, form: str, seconds: float = SECONDS) -> bytes:
    """The image that Graphviz makes of DOT `source`; `form` is one of `FORMATS`.

    NoImage if there is no Graphviz, or it fails, or takes longer than `seconds` in all.
    """
    commands = []
    dot = shutil.which("dot")
    if dot is not None:
        commands.append(("dot", [dot, f"-T{form}"]))
    if _has("pygraphviz"):
        commands.append(("pygraphviz", [sys.executable, "-P", "-c", _PYGRAPHVIZ, form]))
    return _first(commands, source, form, seconds, "there is no Graphviz")


def converted(svg: str, form: str, seconds: float = 4 * SECONDS) -> bytes:
    """A drawing in SVG as a PNG or PDF. NoImage if no converter is found, or none succeeds in `seconds`."""
    commands = []
    rsvg = shutil.which("rsvg-convert")
    if rsvg is not None:
        commands.append(("rsvg-convert", [rsvg, "--unlimited", "-f", form]))
    if _has("cairosvg"):
        commands.append(("cairosvg", [sys.executable, "-P", "-c", _CAIROSVG, form]))
    inkscape = shutil.which("inkscape")
    if inkscape is not None:
        commands.append(("inkscape", [inkscape, "--pipe", f"--export-type={form}", "--export-filename=-"]))
    return _first(commands, svg, form, seconds, "there is no converter (rsvg-convert, cairosvg or inkscape)")


def _has(module: str) -> bool:
    return bool(sys.executable) and importlib.util.find_spec(module) is not None


def _first(commands: list[tuple[str, list[str]]], source: str, form: str, seconds: float, none: str) -> bytes:
    """What the first command that succeeds makes of `source`."""
    end = time.monotonic() + seconds
    failures = []
    for name, command in commands:
        left = end - time.monotonic()
        if left <= 0:
            break
        image, failure = _run(command, source.encode(), left)
        if not failure and not image.lstrip()[:4].startswith(_BEGINS[form]):
            failure = "made something else"
        if not failure:
            return image
        failures.append(f"{name} {failure}")
    raise NoImage("; ".join(failures) or none)


def _run(command: list[str], text: bytes, seconds: float) -> tuple[bytes, str]:
    """The output, and what went wrong, on one line."""
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # so that what the child starts can be ended with it
        )
    except OSError as error:
        return b"", f"could not be started ({error.strerror})"
    with child:
        try:
            output, complaints = child.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            return b"", f"took longer than {seconds:.3g} s"
        finally:
            _end(child)
    if child.returncode == 0:
        return output, ""
    lines = complaints.decode(errors="replace").strip().splitlines()
    said = "".join(letter if letter.isprintable() else "?" for letter in lines[-1])[:200] if lines else ""
    return b"", f"failed ({said or f'exit status {child.returncode}'})"


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a child and what it started; on a system without process groups, the child alone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):  # all of it has ended by itself
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()
