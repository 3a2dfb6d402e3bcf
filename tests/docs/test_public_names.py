"""Every public name is documented, with an example that runs, and is on a page of the reference."""

from __future__ import annotations

import importlib
import inspect
import math
import re
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(page.read_text(encoding="utf-8") for page in sorted(ROOT.glob("docs/reference/*.md")))
ROOMS = [
    "autograd_lite", "autograd_lite.math", "autograd_lite.explain", "autograd_lite.drawing", "autograd_lite.testing",
    "autograd_lite.nn", "autograd_lite.compiler", "autograd_lite.primitives.primitive",
    "autograd_lite.numerics.domains", "autograd_lite.micrograd",
]  # fmt: skip
# Those of these are the machinery of what is public: of hypothesis' state machines, of scopes.
INNER = {"GraphMachine": None, "errstate": {"setting"}, "group": {"setting"}, "no_grad": {"setting"}}


def public(room: ModuleType) -> list[str]:
    """The names in `__all__`, or the classes of a module without one."""
    own = [n for n, x in vars(room).items() if inspect.isclass(x) and x.__module__ == room.__name__ and n[0] != "_"]
    return list(getattr(room, "__all__", own))


def members(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that a class defines itself."""
    for name, member in vars(kind).items():
        function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
        if not name.startswith("_") and (callable(function) or isinstance(function, property | cached_property)):
            inner = INNER.get(kind.__name__, set())
            if inner is not None and name not in inner:
                yield name, function


def examples(text: str | None) -> str:
    """The source lines of a docstring's examples."""
    return "\n".join(re.findall(r"^\s*(?:>>>|\.\.\.) ?(.*)$", text or "", re.MULTILINE))


@pytest.mark.parametrize("name", ROOMS)
def test_every_public_name_has_a_docstring_with_an_example(name: str) -> None:
    room = importlib.import_module(name)
    for thing in public(room):
        it = getattr(room, thing)
        if isinstance(it, ModuleType | float) or getattr(math, thing, None) is it:
            continue  # a module is a room of its own; a constant or the standard module's own function is Python's
        where = f"{name}.{thing}"
        text = inspect.getdoc(it)
        assert text, f"{where} has no docstring"
        assert examples(text), f"{where} has no example"
        if inspect.isclass(it):
            of_class = "\n".join(examples(inspect.getdoc(x)) for x in (it, *(x for _, x in members(it))))
            for part, member in members(it):
                told = inspect.getdoc(member)
                grouped = not told and f"`{part}`" in text  # a group of methods, told together
                assert told or grouped, f"{where}.{part} has no docstring"
                assert grouped or re.search(rf"\.{part}\b", of_class), f"{where}.{part} is in no example"


@pytest.mark.parametrize("name", ROOMS)
def test_every_public_name_is_on_a_page(name: str) -> None:
    room = importlib.import_module(name)
    automatic = re.findall(rf"automodule:: {re.escape(name)}\n   :members:([^\n]*)", PAGES)
    for thing in public(room):
        if not isinstance(getattr(room, thing), ModuleType):
            whole = any(not wanted.strip() or thing in wanted.replace(" ", "").split(",") for wanted in automatic)
            assert whole or re.search(rf"auto(class|function|exception):: (\w+\.)*{thing}\n", PAGES), f"{name}.{thing}"


def test_what_the_standard_module_documents_is_named() -> None:
    ours = importlib.import_module("autograd_lite.math")
    page = (ROOT / "docs" / "reference" / "math.md").read_text(encoding="utf-8")
    for name in ours.__all__:
        if isinstance(getattr(ours, name), float) or getattr(math, name, None) is getattr(ours, name):
            assert f"`{name}`" in page
