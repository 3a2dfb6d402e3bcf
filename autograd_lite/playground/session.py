"""What the playground runs: a program in, what it printed, its circuit and the texts about it out.

The program's names are those of the package and of its `math`; each expression is shown as at Python's prompt. Runs
anywhere: the page calls it in WebAssembly, the tests in plain Python. Imports the forms that it shows.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import io
import json
import linecache
import sys
import traceback
import warnings
from math import isfinite
from typing import Any

from .. import math, nn
from ..drawing.picture import Picture
from ..explain.steps import Steps
from ..graph import topological_order
from ..value import Value

FILE = "<playground>"
MOST_PRINTED = 100_000  # characters
MOST_EXPLAINED = 12  # leaves
MOST_TOLD = 2_000  # nodes: of a larger graph there are no texts


def run(source: str) -> str:
    """Run a program; what is to be shown, as JSON.

    The object has ``printed``, a text; ``error``, null or ``line`` and ``text``; ``page``, the circuit as a page, and
    ``texts`` about it by their titles, both null if there is no circuit; ``note``, what else there is to say. With an
    error they are of what was computed before it.

    The circuit is that of the last expression's Value or picture, else that of the last Value computed. A program of
    one line may use names that it does not have: they are leaves of 1.0.

    >>> shown = json.loads(run("x = Value(3.0)\\nf = x * x\\nprint(f.data)\\nx.nope"))
    >>> shown["printed"], shown["error"]["line"]
    ('9.0\\n', 4)
    >>> "n = p × q" in json.loads(run("n = p * q"))["page"]
    True
    """
    names: dict[str, Any] = {"__name__": "__main__", "nn": nn}
    names |= {name: thing for name in math.__all__ if callable(thing := getattr(math, name))}
    names = {name: thing for name, thing in names.items() if not hasattr(builtins, name)}
    exec("import autograd_lite as ag\nfrom autograd_lite import *", names)
    given = {*names}
    printed = _Printed()
    shown: dict[str, Any] = {"error": None, "page": None, "texts": None, "note": ""}
    last: list[Any] = []

    def display(thing: Any) -> None:
        if thing is not None:
            last[:] = [thing]
            print(repr(thing) if not isinstance(thing, Picture) else "")

    hook, sys.displayhook = sys.displayhook, display
    linecache.cache[FILE] = (len(source), None, source.splitlines(keepends=True), FILE)
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed), warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, kind, file, line, *rest: print(
                f"warning{f', line {line}' if file == FILE else ''}: {message}"
            )
            tree = ast.parse(source, FILE)
            shown["note"] = _leaves(tree, names)
            for statement in tree.body:
                last.clear()
                exec(compile(ast.Interactive([statement]), FILE, "single"), names)
            _show(shown, last, {name: thing for name, thing in names.items() if name not in given})
    except BaseException as error:  # also KeyboardInterrupt and SystemExit: the page says what ended the program
        shown["error"] = _told(error)
        with contextlib.suppress(Exception):  # what was computed before that
            _show(shown, [], {name: thing for name, thing in names.items() if name not in given})
    finally:
        sys.displayhook = hook
    shown["printed"] = printed.getvalue()
    return json.dumps(shown, ensure_ascii=False)


def _show(shown: dict[str, Any], last: list[Any], names: dict[str, Any]) -> None:
    picture = _picture(last, names)
    if picture is None:
        shown["note"] = "There is no circuit: the program computed no Value. Write x = Value(3.0) for a number."
    else:
        shown["page"], shown["texts"] = picture.html(), _texts(picture)


class _Printed(io.StringIO):
    """What was printed, up to a bound, so that an endless loop of prints does not fill the memory."""

    def write(self, text: str) -> int:
        room = MOST_PRINTED - self.tell()
        if room > 0:
            super().write(text if len(text) <= room else f"{text[:room]}\n… and more\n")
        return len(text)


def _leaves(tree: ast.Module, names: dict[str, Any]) -> str:
    """Of a program of one line: a leaf for each name that it uses and nobody has."""
    if len(tree.body) != 1 or not isinstance(tree.body[0], ast.Expr | ast.Assign):
        return ""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bound = {node.id for node in found if not isinstance(node.ctx, ast.Load)}
    bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    called = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    new = [name for name in dict.fromkeys(node.id for node in sorted(found, key=lambda node: node.col_offset))
           if name not in bound | called and name not in names and not hasattr(builtins, name)]  # fmt: skip
    names |= {name: Value(1.0, name) for name in new}
    return f"{', '.join(new)}: 1 until you change {'them' if len(new) > 1 else 'it'} below." if new else ""


def _picture(last: list[Any], names: dict[str, Any]) -> Picture | None:
    """The picture of what the program was about."""
    computed = [thing for thing in names.values() if isinstance(thing, Value)]
    computed = [thing for thing in computed if thing.parents] or computed
    for thing in [*last, *reversed(computed)]:
        if isinstance(thing, Picture):
            return thing
        root = thing.z if isinstance(thing, Steps) else thing
        if isinstance(root, Value):
            if not root.reached:
                root.backward()
            return root.draw(names=names)
    return None


def _texts(picture: Picture) -> dict[str, str]:
    root: Value = picture.circuit.root
    nodes = topological_order(root)
    if len(nodes) > MOST_TOLD:
        return {}
    titles = {f"n{i}": node for i, node in enumerate(nodes)}
    names = {node.title: titles[node.id] for node in picture.circuit.nodes if node.title and node.id in titles}
    leaves = [node for node in nodes if node.op is None]
    told = [str(leaf.explain(root, names=names)) for leaf in leaves[:MOST_EXPLAINED]]
    if len(leaves) > MOST_EXPLAINED:
        told.append(f"… and {len(leaves) - MOST_EXPLAINED} more leaves")
    texts = {"Explanation": "\n\n".join(told), "Steps": str(root.steps(names=names)), "Tree": picture.text()}
    if not all(isfinite(node.data) and isfinite(node.grad) for node in nodes):
        texts = {"Diagnosis": str(root.diagnose(names=names)), **texts}
    return texts | {"LaTeX": picture.latex()}


def _told(error: BaseException) -> dict[str, Any]:
    """The error, with the last line of the program that it came by."""
    if isinstance(error, SyntaxError) and error.filename == FILE:
        return {"line": error.lineno, "text": f"{type(error).__name__}: {error.msg}"}
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == FILE]
    text = "interrupted" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
    if isinstance(error, ModuleNotFoundError):
        text += ". The playground has Python's standard library and autograd_lite: run this in a Python of your own, "
        text += f"where `pip install autograd_lite {error.name}` has been run."
    return {"line": lines[-1] if lines else None, "text": text}
