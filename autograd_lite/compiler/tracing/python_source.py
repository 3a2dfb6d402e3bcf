"""What a Python function says: its definition in its source, and what the names in it stand for.

The targets that translate a row's value from its own Python read it here. A function object leads to its definition:
by its name and first line, a lambda by where its instructions stand; so lambdas, closures and functions of a user's own
are found alike. Imports `ast` and `linecache` alone.
"""

from __future__ import annotations

import ast
import builtins
import functools
import linecache
import threading
from types import CodeType, FunctionType, ModuleType
from typing import Any

Definition = ast.FunctionDef | ast.Lambda
_parsing = threading.Lock()  # two threads at once are a SystemError in CPython 3.11


class Untranslatable(TypeError):
    """A function cannot be translated: its source is not at hand, or goes beyond arithmetic."""


def definition(f: FunctionType) -> Definition:
    """The definition of a function in its source; Untranslatable if that is not at hand."""
    code = f.__code__
    tree = _tree(code.co_filename, "".join(linecache.getlines(code.co_filename, f.__globals__)))
    found = [node for node in tree if _defines(node, code)]
    if not found:
        raise Untranslatable(f"{f.__qualname__} ({code.co_filename}): its source is not at hand")
    return min(found, key=_extent)


class Names:
    """What the names in a function's definition stand for: its own variables, a closure's, its module's, a builtin."""

    def __init__(self, f: FunctionType) -> None:
        self.f = f
        self.definition = definition(f)
        self.locals = assigned(self.definition) | {a.arg for a in ast.walk(self.definition) if isinstance(a, ast.arg)}
        closure = zip(f.__code__.co_freevars, f.__closure__ or ())
        self.known: dict[str, Any] = {
            **vars(builtins),
            **f.__globals__,
            **{name: cell.cell_contents for name, cell in closure},
        }

    def known_object(self, node: ast.expr) -> Any:
        """What a name, or an attribute of a module, stands for; Untranslatable if that is a variable, or unknown."""
        match node:
            case ast.Name(id=name) if name not in self.locals and name in self.known:
                return self.known[name]
            case ast.Attribute(value=value, attr=attr):
                module = self.known_object(value)
                if isinstance(module, ModuleType) and hasattr(module, attr):
                    return getattr(module, attr)
        raise self.error(node, f"{ast.unparse(node)} is neither a number nor a function of numbers")

    def error(self, node: ast.AST, reason: str) -> Untranslatable:
        """The exception that says where in the source there is what cannot be translated."""
        where = f"{self.f.__code__.co_filename}:{getattr(node, 'lineno', '?')}"
        return Untranslatable(f"{self.f.__qualname__} ({where}): {reason}")


def assigned(node: ast.AST) -> set[str]:
    """The names that are assigned to in a piece of source."""
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


@functools.lru_cache(maxsize=16)
def _tree(filename: str, source: str) -> tuple[Definition, ...]:
    try:
        with _parsing:
            tree = ast.parse(source)
    except SyntaxError:
        return ()
    return tuple(node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda)))


def _defines(node: Definition, code: CodeType) -> bool:
    if isinstance(node, ast.FunctionDef):
        lines = {node.lineno, *(decorator.lineno for decorator in node.decorator_list)}
        return node.name == code.co_name and code.co_firstlineno in lines
    if code.co_name != "<lambda>" or node.lineno != code.co_firstlineno:
        return False
    # Several lambdas may stand on one line: the one whose body holds every instruction of the code. The least such
    # one, if they are nested.
    (start, end) = _span(node.body)
    places = [place for place in code.co_positions() if None not in place and place[2:] != (0, 0)]
    return all(start <= (line, column) and (last, to) <= end for line, last, column, to in places)


def _span(node: ast.expr) -> tuple[tuple[int, int], tuple[int, int]]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)


def _extent(node: Definition) -> tuple[int, int]:
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return (node.end_lineno - node.lineno, node.end_col_offset - node.col_offset)
